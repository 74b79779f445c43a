# What a host runs to say what became of an attempt. Rules of writing: see `run.sh`.
# Where there is no trace it makes the folder, so that the attempt can never begin any more.
exec 2>/dev/null;
umask 077;
printf "\nouioe-ready 1\n";
IFS= read -r version && [ "$version" = "ouioe 1" ] || exit 1;
read -r key attempt || exit 1;
root=${XDG_STATE_HOME:-$HOME/.local/state}/ouioe/remote;
here=$root/$key/$attempt;
mkdir -p "$root/$key";
if mkdir "$here"; then : >"$here/never"; fi;
if [ -e "$here/never" ]; then echo never; exit 0; fi;
[ -d "$here" ] || exit 1;
[ -s "$here/pid" ] && read -r pid <"$here/pid" && kill -0 "$pid" && alive=yes;
if [ -s "$here/exit" ]; then read -r status <"$here/exit"; echo "exit $status"; exit 0; fi;
case ${pid:+pid}${alive:+alive} in
    pidalive) echo "running $pid";;
    pid) echo gone;;
    *) echo starting;;
esac
