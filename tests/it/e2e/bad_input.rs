//! What is wrong is said once, with its place and what to do; nothing changes, and nobody's memory is filled.
//!
//! The table runs in a process of its own, so that the peak memory of its children is known.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use rustix::process::geteuid;
use serde_json::{Value, json};

use super::home::{Home, Said, program, sh};

const INSIDE: &str = "OUIOE_TEST_E2E_METER";
/// Peak memory of any one command, in KiB.
const MEMORY_KIB: i64 = 100 << 10;
const TIME: Duration = Duration::from_secs(5);

/// Name, arguments, exit code, what the error must say.
type Case<'a> = (&'a str, Vec<String>, i32, &'a [&'a str]);

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

/// Content of every file below, by path.
fn content(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if !path.display().to_string().ends_with("-shm") && !path.parent().is_some_and(|folder| folder.ends_with("logs")) {
                // Not the index that readers share, nor the log; a reader also leaves an empty write-ahead file.
                found.insert(path.display().to_string(), fs::read(&path).unwrap_or_default());
            }
        }
    }
    found.retain(|path, bytes| !(path.ends_with("-wal") && bytes.is_empty()));
    found
}

/// One clear error: short, whole sentences, no trace, nothing a terminal obeys.
fn is_clear(name: &str, said: &Said, needles: &[&str]) {
    let err = &said.err;
    assert!(!err.trim().is_empty() && err.len() < 2_000, "{name}: {} bytes: {}", err.len(), err.chars().take(500).collect::<String>());
    assert!(err.lines().count() <= 8, "{name}: {err}");
    for bad in ["panicked", "unwrap", "Some(", "Err(", "RUST_BACKTRACE", "\u{1b}"] {
        assert!(!err.contains(bad), "{name}: {err}");
    }
    for needle in needles {
        assert!(err.contains(needle), "{name}: no {needle:?} in {err}");
    }
}

fn check(home: &Home, cases: Vec<Case<'_>>) {
    let before = content(&home.state());
    for (name, args, code, needles) in cases {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let begun = Instant::now();
        let said = home.run(&args);
        assert_eq!(said.code, code, "{name}: {} {}", said.out, said.err.chars().take(500).collect::<String>());
        is_clear(name, &said, needles);
        assert!(begun.elapsed() < TIME, "{name}: {:?}", begun.elapsed());
        let after = content(&home.state());
        let changed: Vec<&String> = after.iter().filter(|(path, bytes)| before.get(*path) != Some(*bytes)).map(|(path, _)| path).collect();
        assert!(changed.is_empty() && after.len() == before.len(), "{name}: {changed:?}");
    }
}

fn plan(home: &Home, name: &str, text: impl AsRef<[u8]>) -> Vec<String> {
    vec!["run".to_owned(), "--yes".to_owned(), "--plan".to_owned(), home.write(name, text).display().to_string()]
}

fn steps(home: &Home, name: &str, steps: &Value) -> Vec<String> {
    plan(home, name, json!({ "title": "t", "steps": steps }).to_string())
}

/// As large as a file gets without taking room.
fn sparse(home: &Home, name: &str) -> String {
    let path = home.write(name, "");
    fs::OpenOptions::new().write(true).open(&path).and_then(|file| file.set_len(1 << 30)).expect("a sparse file");
    path.display().to_string()
}

fn files(home: &Home) -> Vec<Case<'static>> {
    let sh = |id: &str, needs: &[&str]| sh(id, needs, "true");
    let run = |path: String| vec!["run".to_owned(), "--yes".to_owned(), "--plan".to_owned(), path];
    let fifo = home.fifo("fifo.json");
    let mut unsupported = sh("a", &[]);
    unsupported["alternatives"] = json!(["x"]);
    let mut wrong = sh("a", &[]);
    wrong["params"]["host"] = json!(5);
    let mut effect = sh("a", &[]);
    effect["effect"] = json!("harmless");
    let unknown = json!([{ "id": "a", "operation": "host.clean_file", "params": { "host": "localhost", "path": "/tmp/x" } }]);
    let cycle = json!([sh("a", &["c"]), sh("b", &["a"]), sh("c", &["b"])]);
    // 1 MB that would become gigabytes: a long value, named as often as the file has room for.
    let mut bomb = sh("a", &[]);
    bomb["params"]["command"] = json!("${inputs.x}".repeat(5_000));
    let bombs: Vec<_> = (0..18)
        .map(|at| {
            let mut one = bomb.clone();
            one["id"] = json!(format!("s{at}"));
            one
        })
        .collect();
    let bomb = json!({ "title": "bomb", "inputs": { "x": { "type": "str", "default": "y".repeat(8_000) } }, "steps": bombs });
    vec![
        ("bomb", plan(home, "bomb.json", bomb.to_string()), 2, &["bomb.json:1", "larger than 16 MiB", "name a file"]),
        ("cycle", steps(home, "cycle.json", &cycle), 2, &["cycle.json", "a -> b -> c -> a", "remove one"]),
        ("unknown operation", steps(home, "op.json", &unknown), 2, &["op.json:1", "host.clean_file", "host.clean_files"]),
        ("wrong type", steps(home, "type.json", &json!([wrong])), 2, &["type.json:1", "host"]),
        ("unsupported field", steps(home, "other.json", &json!([unsupported])), 2, &["other.json:1", "alternatives"]),
        ("unknown word", steps(home, "word.json", &json!([effect])), 2, &["word.json:1", "harmless", "destroy"]),
        ("same id twice", steps(home, "twice.json", &json!([sh("a", &[]), sh("a", &[])])), 2, &["twice.json:1", "`a`"]),
        ("unknown need", steps(home, "need.json", &json!([sh("a", &["zz"])])), 2, &["need.json:1", "zz"]),
        ("no steps", steps(home, "none.json", &json!([])), 2, &["none.json:1", "steps"]),
        ("missing file", run(home.path("nowhere.json").display().to_string()), 2, &["nowhere.json", "check the path"]),
        ("folder", run(home.path("config").display().to_string()), 2, &["config", "regular file"]),
        ("fifo", run(fifo.display().to_string()), 2, &["fifo.json", "regular file"]),
        ("device", run("/dev/zero".to_owned()), 2, &["/dev/zero", "regular file"]),
        ("1 GB", run(sparse(home, "big.json")), 2, &["big.json", "bytes"]),
        ("deep JSON", plan(home, "deep.json", "[".repeat(100_000)), 2, &["deep.json:1"]),
        ("deep TOML", plan(home, "deep.toml", format!("a = {}", "[".repeat(100_000))), 2, &["deep.toml:1"]),
        ("deep objects", plan(home, "deeper.json", "{\"a\":".repeat(100_000)), 2, &["deeper.json:1"]),
        ("noise", plan(home, "noise.json", "{\"title\":\n \"x\\u001b[31m\", \u{1b}[2J\u{202e}\u{9b}31m}"), 2, &["noise.json:2"]),
        ("half a file", plan(home, "half.json", "{\"title\": \"x\", \"steps\": [{\"id\": \"a\""), 2, &["half.json:1"]),
        ("not UTF-8", plan(home, "bytes.json", b"{\"title\": \"\xff\xfe\"}"), 2, &["bytes.json", "UTF-8"]),
        ("empty file", plan(home, "empty.json", ""), 2, &["empty.json"]),
        ("TOML as JSON", plan(home, "toml.json", "title = 'x'"), 2, &["toml.json:1"]),
        (
            "big catalogue",
            vec!["plan".to_owned(), "--catalogue".to_owned(), sparse(home, "cat.toml"), "x".to_owned()],
            2,
            &["cat.toml", "bytes"],
        ),
        ("big config", vec!["runs".to_owned(), "--config".to_owned(), sparse(home, "conf.toml")], 2, &["conf.toml", "bytes"]),
        ("config folder", words(&format!("runs --config {}", home.path("config").display())), 2, &["config"]),
        ("config missing", words("runs --config /nowhere/c.toml"), 2, &["/nowhere/c.toml"]),
    ]
}

fn arguments() -> Vec<Case<'static>> {
    let long = |count: usize| std::iter::once("run".to_owned()).chain((0..count).map(|_| "restart ".repeat(10_000))).collect::<Vec<_>>();
    vec![
        ("empty intent", vec!["run".to_owned(), String::new()], 3, &["what"]),
        ("blank intent", vec!["run".to_owned(), " \t\n ".to_owned()], 3, &["what"]),
        ("1 MB intent", long(13), 4, &["16384", "plan file"]),
        ("nonsense", words("run colourless green ideas sleep furiously"), 4, &["Refused"]),
        ("unknown template", words("run --template system-health-chekc"), 2, &["system-health-check"]),
        ("unknown input", words("run --template system-health-check --set hots=x"), 2, &["hots", "host"]),
        ("unknown command", words("runn x"), 2, &["runn"]),
        ("unknown option", words("run --yess x"), 2, &["--yes"]),
        ("no value", words("run --set"), 2, &["--set"]),
        ("bad digest", words("run --yes --digest xyz check disk usage"), 2, &["digest"]),
        ("not the digest", words("run --yes --digest 0123456789 check disk usage"), 4, &["0123456789"]),
        ("unknown run", words("show nothing"), 2, &["nothing", "ouioe runs"]),
    ]
}

fn about_a_run() -> Vec<Case<'static>> {
    vec![
        ("show", words("show zzzzzz"), 2, &["zzzzzz", "ouioe runs"]),
        ("log", words("log zzzzzz"), 2, &["zzzzzz"]),
        ("events", words("events zzzzzz"), 2, &["zzzzzz"]),
        ("cancel", words("cancel zzzzzz"), 2, &["zzzzzz"]),
        ("step of log", words("log last zzz"), 2, &["zzz", "ouioe show"]),
        ("retry", words("retry last zzz --reason x"), 2, &["zzz", "ouioe show"]),
        ("skip", words("skip last zzz --reason x"), 2, &["zzz"]),
        ("done", words("done last zzz --evidence x"), 2, &["zzz"]),
        ("approve another", words("approve last --digest 0123456789abcdef"), 4, &["0123456789abcdef", "ouioe show"]),
        ("approve no digest", words("approve last --digest 12x"), 2, &["digest"]),
        ("bad number", words("events --after -1"), 2, &["-1"]),
        ("bad head", words("audit verify --head 12"), 2, &["64"]),
    ]
}

/// As another user, who may neither read the plan nor make the state folder.
fn without_permission(home: &Home) {
    if !geteuid().is_root() {
        return;
    }
    let open = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own");
    open(&home.path(""), 0o711);
    let plan = home.plan(&[sh("a", &[], "true")]);
    open(Path::new(&plan), 0o600);
    let (state, own) = (home.path("theirs"), home.path("own"));
    fs::create_dir(&state).expect("a folder");
    open(&state, 0o700);
    fs::create_dir(&own).expect("a folder");
    std::os::unix::fs::chown(&own, Some(65_534), Some(65_534)).expect("we are root");
    let run_in = |state: &Path, args: &[&str]| {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program()).args(args);
        command.env_clear().envs(home.env()).env("XDG_CONFIG_HOME", "/nowhere").env("OUIOE_STATE_DIR", state).stdin(Stdio::null());
        Said::of(command.output().expect("setpriv"))
    };
    let said = run_in(&own, &["run", "--yes", "--plan", &plan]).exits(2);
    is_clear("unreadable plan", &said, &["plan.json", "Permission denied", "permissions"]);
    for args in [&["run", "--yes", "check disk usage"][..], &["runs"], &["doctor"]] {
        let said = run_in(&state, args).exits(74);
        is_clear("unusable state folder", &said, &["theirs", "ermission", "--state-dir"]);
    }
    assert!(content(&state).is_empty());
}

/// Intents by the line: every line has its answer, and one that never ends is not taken in.
fn batches(home: &Home) {
    let run = |input: Vec<u8>| {
        let file = home.write("intents", input);
        let stdin = fs::File::open(file).expect("it is there");
        Said::of(home.command(&["plan", "--batch"]).stdin(stdin).output().expect("it runs"))
    };
    let long = "restart ".repeat(130_000);
    let deep = format!("{{\"intent\": {}", "[".repeat(100_000));
    let said = run(format!("{long}\n{deep}\n\u{1b}[31m\u{202e}\ncheck disk usage\n").into_bytes()).exits(0);
    let outcomes: Vec<String> = said.values().iter().map(|value| value["outcome"].to_string()).collect();
    assert_eq!(outcomes[0], "\"refuse\"");
    assert_eq!((outcomes.len(), outcomes[3].as_str()), (4, "\"plan\""));
    let said = run(vec![b'x'; 50 << 20]).exits(2);
    is_clear("endless line", &said, &["stdin", "bytes"]);
}

/// Templates and catalogues that cannot be, looked at by `template check` or planned against.
fn templates(home: &Home) {
    let head = "name = \"t\"\nsummary = \"s\"\n";
    let step = |id: &str, needs: &str| {
        format!("[[step]]\nid = \"{id}\"\noperation = \"host.facts\"\nneeds = [{needs}]\nparams = {{ host = \"localhost\" }}\n")
    };
    let template = |name: &str, text: String| vec!["template".to_owned(), "check".to_owned(), home.write(name, text).display().to_string()];
    let long = format!("[[param]]\nname = \"x\"\ntype = \"str\"\ndefault = \"{}\"\n", "y".repeat(8_000));
    let run = |at: usize| {
        let command = "${inputs.x}".repeat(5_000);
        format!(
            "[[step]]\nid = \"s{at}\"\noperation = \"host.run_command\"\nparams = {{ host = \"localhost\", command = \"{command}\" }}\n"
        )
    };
    let bomb = format!("{head}{long}{}", (0..18).map(run).collect::<String>());
    let title = format!("title = \"{}\"\n{head}{long}{}", "${inputs.x}".repeat(5_900), step("a", ""));
    let operation = |name: &str, kind: &str| {
        format!(
            "[[operation]]\nname = \"{name}\"\nsummary = \"s\"\neffect = \"read\"\nparams = [{{name = \"host\", type = \"{kind}\", required = true}}]\n"
        )
    };
    let catalogue = |name: &str, text: String| {
        vec!["plan".to_owned(), "--catalogue".to_owned(), home.write(name, text).display().to_string(), "look".to_owned()]
    };
    let cases: Vec<Case<'_>> = vec![
        ("template cycle", template("cyc.toml", format!("{head}{}{}", step("a", "\"b\""), step("b", "\"a\""))), 2, &["cyc.toml:3", "-> "]),
        ("template itself", template("self.toml", format!("{head}{}", step("a", "\"a\""))), 2, &["self.toml:3", "a"]),
        ("template bomb", template("bomb.toml", bomb), 2, &["bomb.toml:", "larger than 16 MiB"]),
        ("title bomb", template("title.toml", title), 2, &["title.toml", "larger than 16 MiB"]),
        ("nested", template("each.toml", format!("{head}for_each = [\"a\"]\n{}", step("a", ""))), 2, &["each.toml:3", "for_each"]),
        ("include", template("inc.toml", format!("{head}include = [\"inc.toml\"]\n{}", step("a", ""))), 2, &["inc.toml:3", "include"]),
        ("2 MB", template("fat.toml", format!("{head}{}", "#".repeat(2 << 20))), 2, &["fat.toml", "bytes"]),
        ("same operation", catalogue("twice.toml", operation("a.b", "host").repeat(2)), 2, &["twice.toml:6", "a.b", "first on line 1"]),
        ("no such type", catalogue("type.toml", operation("a.b", "hosst")), 2, &["type.toml:", "hosst"]),
        ("no type", catalogue("none.toml", operation("a.b", "host").replace(", type = \"host\"", "")), 2, &["none.toml:", "type"]),
        ("no operation", catalogue("void.toml", "[types]\n".to_owned()), 2, &["void.toml:1", "no [[operation]]"]),
    ];
    check(home, cases);
}

#[test]
fn is_refused_with_one_sentence() {
    if std::env::var_os(INSIDE).is_none() {
        let mut inside = Command::new(std::env::current_exe().expect("this binary"));
        inside.args(["--exact", "e2e::bad_input::is_refused_with_one_sentence", "--nocapture"]).env(INSIDE, "1");
        let output = inside.output().expect("this binary starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        return;
    }
    let home = Home::new();
    check(&home, files(&home));
    check(&home, arguments());
    batches(&home);
    assert!(!home.state().exists());
    home.run(&["run", "--plan", &home.plan(&[sh("a", &[], "true")])]).exits(6);
    check(&home, about_a_run());
    // What waits is shown with its digest, and nobody is there to say yes.
    let said = home.run(&["approve", "last"]).exits(2);
    assert!(said.err.contains("--digest") && home.show("last")["waits"] == true, "{}", said.err);
    without_permission(&home);
    home.write("config/ouioe/services/own.toml", "[[operation]]\nname = \"host.cpu_mem\"\nthreshold = 5\n");
    check(&home, vec![("bad manifest", words("plan check disk usage"), 2, &["own.toml:3", "threshold"])]);
    sparse(&home, "config/ouioe/services/own.toml");
    check(&home, vec![("big manifest", words("plan check disk usage"), 2, &["own.toml", "bytes"])]);
    fs::remove_file(home.path("config/ouioe/services/own.toml")).expect("it is there");
    templates(&home);
    sparse(&home, "config/ouioe/templates/own.toml");
    check(&home, vec![("big template", words("plan check disk usage"), 2, &["own.toml", "bytes"])]);
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).expect("usage").max_rss();
    assert!(peak < MEMORY_KIB, "{peak} KiB");
}
