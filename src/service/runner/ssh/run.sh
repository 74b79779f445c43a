# What a host runs for a step. It is sent as one line inside single quotes, as the whole of the remote command, and never
# changes: so no single quote, no exclamation mark, no doubled backslash, no `#` but at a line's start, and every line ends
# where the next may follow after a blank. The step comes on standard input as data. Held to sh as dash, bash and busybox know it.

# 3: orders, 4: the step's errors. What this shell itself would say goes nowhere.
exec 3<&0 4>&2 2>/dev/null;
mask=$(umask);
umask 077;
trap "" HUP PIPE;
refuse() { printf "refused %s\n" "$1"; exit 255; };

printf "\nouioe-ready 1\n" >&4;
printf "\nouioe-ready 1\n";
IFS= read -r version && [ "$version" = "ouioe 1" ] || refuse version;
read -r key attempt envs args || refuse payload;
root=${XDG_STATE_HOME:-$HOME/.local/state}/ouioe/remote;
here=$root/$key/$attempt;

# `t`: a line of plain text follows; a number: that many bytes. Each into a variable of its own, and all into the arguments
# at once: one by one, ten thousand take minutes.
words=;
left=$((envs + args));
while [ "$left" -gt 0 ]; do
    read -r size || refuse payload;
    case $size in
        t) IFS= read -r value || refuse payload;;
        *) value=$(dd bs=1 count="$size" 2>/dev/null; printf .); value=${value%.};;
    esac;
    eval "word$left=\$value";
    words="$words \"\$word$left\"";
    left=$((left - 1));
done;
eval "set -- $words";
IFS= read -r end && [ "$end" = end ] || refuse payload;

# Whoever makes the folder has the attempt: this, once, or somebody who came to say that it shall never run.
mkdir -p "$root/$key" || refuse "mkdir $root/$key";
mkdir "$here" || { [ -d "$here" ] && { printf "held\n"; exit 255; }; refuse "mkdir $here"; };
find "$root" -mindepth 1 -maxdepth 1 -type d -mtime +14 -exec rm -rf {} + </dev/null >/dev/null 4>&- 3<&- &

# A step that writes after the link was lost must not die of it: the relays go on reading.
relay() {
    cat <&5 & copy=$! ;
    trap "kill $copy; exit" TERM;
    wait "$copy";
    exec cat <&5 >/dev/null;
};
mkfifo "$here/out" "$here/err" || refuse "mkfifo $here/out";

session=$(command -v setsid);
group=${session:+-};
signal() {
    until [ -s "$here/pid" ]; do sleep 1; done;
    read -r pid <"$here/pid";
    kill "-$1" "$group$pid";
};
# The end of the orders, a lost link, ends nothing.
obey() {
    while read -r order <&3; do
        case $order in
            stop) signal TERM; signal CONT;;
            kill) signal KILL;;
        esac;
    done;
};
obey >/dev/null 4>&- & listener=$! ;

printf "started\n";
relay 5<"$here/out" 3<&- 4>&- & out=$! ;
relay 5<"$here/err" >&4 3<&- 4>&- & err=$! ;
(
    trap - HUP PIPE;
    umask "$mask";
    while [ "$envs" -gt 0 ]; do export "$1"; shift; envs=$((envs - 1)); done;
    exec ${session:+"$session"} /bin/sh -c "(umask 077; echo \$\$ >\"\$0/pid\"); exec \"\$@\"" "$here" "$@" 3<&- 4>&-;
) </dev/null >"$here/out" 2>"$here/err";
status=$?;
echo "$status" >"$here/exit.new";
mv "$here/exit.new" "$here/exit";
rm -f "$here/out" "$here/err" 3<&- 4>&- &

# As with a step of this machine: what it left behind in its group may finish, is asked to end, is ended.
if [ -n "$group" ] && read -r pid <"$here/pid"; then
    waited=0;
    while kill -0 "-$pid" && [ "$waited" -lt 12 ]; do
        case $waited in
            1) kill -TERM "-$pid";;
            11) kill -KILL "-$pid";;
        esac;
        sleep 1;
        waited=$((waited + 1));
    done;
fi;
kill "$listener";
# All output is to leave by a slow link too; but what hid in another session must not hold the link for ever.
limit() {
    sleep 30 & nap=$! ;
    trap "kill $nap; exit" TERM;
    wait "$nap";
    kill "$out" "$err";
};
limit >/dev/null 3<&- 4>&- & limit=$! ;
wait "$out";
wait "$err";
kill "$limit";
exit "$status"
