//! This machine: its services, processes, logs and packages, changed for real where a test can undo it.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use ouioe::model::action::{Action, Operand};
use ouioe::model::command::AttemptOutcome;
use ouioe::model::failure::{Certainty, FailureClass};
use ouioe::service::builtin::World;
use ouioe::service::builtin::host::updates::Update;
use ouioe::service::owned::patch;
use serde_json::{Value, json};

use crate::rig::{Rig, failure_of, start};
use crate::service::{bound, catalogue, plan_of, result, shell, step};

/// With the list that would be approved.
pub fn previewed(rig: &Rig, name: &str, value: &Value) -> Result<Action, String> {
    let catalogue = catalogue();
    let mut plan = plan_of(catalogue.get(name).expect("known"), value);
    assert_eq!(ouioe::service::bind(&mut plan, &catalogue), []);
    rig.runtime.block_on(ouioe::service::preview(&mut plan, &World::default()))?;
    Ok(plan.steps.remove(0).action)
}

fn refused(outcome: AttemptOutcome, part: &str) {
    let (failure, _) = failure_of(outcome);
    assert_eq!(failure.certainty, Certainty::NotStarted, "{failure:?}");
    assert!(failure.detail.contains(part), "{failure:?} has no {part:?}");
}

// Services

/// A service of an init script of its own; both are gone when this is dropped.
pub struct Service {
    pub name: String,
    script: PathBuf,
    pid_file: PathBuf,
    _dir: tempfile::TempDir,
}

impl Service {
    /// `None`: this user may not add init scripts.
    pub fn new() -> Option<Self> {
        let name = format!("ouioe-test-{}", std::process::id());
        let dir = tempfile::tempdir().expect("a folder");
        let (script, pid_file) = (Path::new("/etc/init.d").join(&name), dir.path().join("pid"));
        let text = format!(
            "#!/bin/sh\nF={}\nalive() {{ [ -s $F ] && kill -0 $(cat $F) 2>/dev/null; }}\ncase $1 in\n\
             start) alive || {{ setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $! > $F; }} ;;\n\
             stop) alive && kill $(cat $F); rm -f $F ;;\nrestart) $0 stop; $0 start ;;\n\
             status) alive || exit 3 ;;\n*) exit 2 ;;\nesac\nexit 0\n",
            pid_file.display()
        );
        fs::write(&script, text).ok()?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a script of ours");
        Some(Self { name, script, pid_file, _dir: dir })
    }

    pub fn pid(&self) -> Option<u32> {
        fs::read_to_string(&self.pid_file).ok()?.trim().parse().ok()
    }

    pub fn is_alive(&self) -> bool {
        self.pid().is_some_and(|pid| shell(&format!("ps -o stat= -p {pid}")).starts_with(['S', 'R']))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = Command::new(&self.script).arg("stop").status();
        let _ = fs::remove_file(&self.script);
    }
}

#[test]
fn a_service_of_an_init_script_starts_and_outlives_its_step() {
    if Path::new("/run/systemd/system").exists() {
        println!("systemd runs here: init scripts are its own");
        return;
    }
    let rig = Rig::new();
    let Some(service) = Service::new() else {
        refused(rig.run(&step("host.start_service", &json!({"host": "localhost", "service": "no-such"}))), "no init script");
        return;
    };
    let on = json!({"host": "localhost", "service": service.name});
    let order = |verb: &str| result(rig.run(&step(&format!("host.{verb}_service"), &on)));
    let active = || result(rig.run(&step("host.service_status", &on)))["active"].clone();
    assert_eq!(active(), false);
    assert_eq!(order("start"), json!({"service": service.name, "active": true, "was_active": false, "via": "init script"}));
    assert!(service.is_alive(), "it lives on after its step");
    assert_eq!(active(), true);
    let first = service.pid();
    assert_eq!(order("start")["was_active"], true);
    assert_eq!(service.pid(), first, "a second start changes nothing");
    assert_eq!(order("restart")["active"], true);
    assert!(service.is_alive() && service.pid() != first);
    assert_eq!(order("stop"), json!({"service": service.name, "active": false, "was_active": true, "via": "init script"}));
    assert_eq!(active(), false);

    fs::write(&service.script, "#!/bin/sh\necho it is not installed >&2; exit 5\n").unwrap();
    let (failure, _) = failure_of(rig.run(&step("host.start_service", &on)));
    assert_eq!((failure.certainty, failure.class), (Certainty::FailedKnown, FailureClass::Config));
    assert!(failure.detail.contains("ended with status 5: it is not installed"), "{failure:?}");
}

#[test]
fn what_nobody_manages_is_not_started() {
    let rig = Rig::new();
    for verb in ["start", "stop", "restart"] {
        let step = step(&format!("host.{verb}_service"), &json!({"host": "localhost", "service": "surely-no-such"}));
        let missing = if Path::new("/run/systemd/system").exists() {
            "systemd knows no such unit"
        } else {
            "no init script /etc/init.d/surely-no-such"
        };
        refused(rig.run(&step), missing);
    }
    for name in ["../../bin/sh", "-x", ".", "a b", "a;b", "$(id)"] {
        let step = start(Action::Builtin {
            name: "start_service".to_owned(),
            params: [("host", "localhost"), ("service", name)].map(|(key, value)| (key.to_owned(), Value::from(value))).into(),
            owned: true,
        });
        refused(rig.run(&step), "is no name of a service");
    }
}

// Processes

/// A program under a name of its own.
struct Named {
    dir: tempfile::TempDir,
    name: String,
}

impl Named {
    fn new(tag: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let name = format!("ok{tag}{}", std::process::id());
        fs::copy("/bin/sh", dir.path().join(&name)).expect("a copy");
        Self { dir, name }
    }

    fn spawn(&self, script: &str) -> Child {
        let mut child = Command::new(self.dir.path().join(&self.name))
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let mut ready = [0; 1];
        std::io::Read::read_exact(child.stdout.as_mut().expect("piped"), &mut ready).expect("it says that it is ready");
        child
    }
}

#[test]
fn exactly_the_listed_processes_are_ended() {
    let rig = Rig::new();
    let named = Named::new("a");
    let mut willing = named.spawn("echo; read x");
    let mut deaf = named.spawn("trap '' TERM; echo; read x");
    let action = previewed(&rig, "host.kill_process", &json!({"host": "localhost", "process": named.name})).unwrap();
    let Action::Builtin { params, .. } = &action else { panic!("{action:?}") };
    let listed: Vec<&Value> = params["items"].as_array().unwrap().iter().map(|item| &item["pid"]).collect();
    assert!(listed.len() == 2 && listed.contains(&&json!(willing.id())) && listed.contains(&&json!(deaf.id())), "{listed:?}");
    let mut later = named.spawn("echo; read x");

    let done = result(rig.run(&start(action.clone())));
    let by = |child: &Child| done["ended"].as_array().unwrap().iter().find(|row| row["pid"] == child.id()).map(|row| row["by"].clone());
    assert_eq!((by(&willing), by(&deaf)), (Some(json!("TERM")), Some(json!("KILL"))));
    assert!(later.try_wait().unwrap().is_none(), "who came after the approval is not on the list");
    willing.wait().unwrap();
    deaf.wait().unwrap();

    let again = result(rig.run(&start(action.clone())));
    assert_eq!((again["ended"].as_array().unwrap().len(), again["gone_before"].as_array().unwrap().len()), (0, 2));
    let mut reused = params.clone();
    reused.insert("items".to_owned(), json!([{"pid": later.id(), "name": named.name, "start_time": 1}]));
    let done = result(rig.run(&start(Action::Builtin { name: "kill_process".to_owned(), params: reused, owned: true })));
    assert_eq!(done["gone_before"], json!([later.id()]), "the number is another's now");
    assert!(later.try_wait().unwrap().is_none());
    later.kill().unwrap();
    later.wait().unwrap();
}

#[test]
fn nobody_kills_the_first_process_or_without_a_list() {
    let rig = Rig::new();
    let why = previewed(&rig, "host.kill_process", &json!({"host": "localhost", "process": "1"})).unwrap_err();
    assert!(why.contains("process 1 is the system itself"), "{why}");
    let stat = shell("cut -d' ' -f22 /proc/1/stat").parse::<u64>().unwrap();
    let first = json!({"host": "localhost", "process": "1", "items": [{"pid": 1, "name": shell("cat /proc/1/comm"), "start_time": stat}]});
    let forged = Action::Builtin { name: "kill_process".to_owned(), params: serde_json::from_value(first).unwrap(), owned: true };
    refused(rig.run(&start(forged)), "the machine's first process");
    let unlisted = bound("host.kill_process", &json!({"host": "localhost", "process": "sh"}));
    refused(rig.run(&start(unlisted)), "no list of processes was approved");
    let why = previewed(&rig, "host.kill_process", &json!({"host": "localhost", "process": "no-such-process"})).unwrap_err();
    assert!(why.contains("no process is called no-such-process"), "{why}");
}

// Logs

#[test]
fn logs_rotate_without_losing_a_line() {
    let rig = Rig::new();
    let dir = tempfile::tempdir_in("/var/tmp").unwrap();
    let root = dir.path().canonicalize().unwrap();
    fs::create_dir(root.join("deep")).unwrap();
    fs::write(root.join("deep/idle.log"), "one\ntwo\n").unwrap();
    fs::set_permissions(root.join("deep/idle.log"), fs::Permissions::from_mode(0o640)).unwrap();
    let mut writer = OpenOptions::new().create(true).append(true).open(root.join("busy.log")).unwrap();
    writeln!(writer, "before").unwrap();
    fs::write(root.join("notes.txt"), "no log").unwrap();
    fs::write(root.join("empty.log"), "").unwrap();
    symlink("/etc/hostname", root.join("link.log")).unwrap();

    let done = result(rig.run(&step("host.rotate_logs", &json!({"host": "localhost", "path": root.to_str().unwrap()}))));
    assert_eq!(done["rotated"], 2, "{done}");
    let row =
        |name: &str| done["logs"].as_array().unwrap().iter().find(|row| row["log"].as_str().unwrap().ends_with(name)).cloned().unwrap();
    assert_eq!((&row("idle.log")["way"], &row("busy.log")["way"]), (&json!("renamed"), &json!("copied and emptied")));
    let kept = |name: &str| shell(&format!("zcat -f {}", row(name)["kept"].as_str().unwrap()));
    assert_eq!((kept("idle.log").as_str(), kept("busy.log").as_str()), ("one\ntwo", "before"));
    assert!(row("idle.log")["kept"].as_str().unwrap().strip_suffix(".gz").is_some());
    let fresh = fs::metadata(root.join("deep/idle.log")).unwrap();
    assert_eq!((fresh.len(), fresh.permissions().mode() & 0o777), (0, 0o640), "a new file of the same mode");
    writeln!(writer, "after").unwrap();
    assert_eq!(fs::read_to_string(root.join("busy.log")).unwrap(), "after\n", "the writer goes on in the same file");
    assert!(fs::symlink_metadata(root.join("link.log")).unwrap().is_symlink(), "links are left alone");
    assert_eq!(fs::read_to_string(root.join("notes.txt")).unwrap(), "no log");

    refused(rig.run(&step("host.rotate_logs", &json!({"host": "localhost", "path": "/etc"}))), "is protected");
    refused(rig.run(&step("host.rotate_logs", &json!({"host": "localhost", "path": "/no/such/folder"}))), "No such file");
    if shell("command -v logrotate").is_empty() {
        refused(rig.run(&step("host.rotate_logs", &json!({"host": "localhost"}))), "this machine has no logrotate");
    }
}

// Packages and power: what would run, never the thing itself.

#[test]
fn a_patch_names_exactly_what_was_listed() {
    let rig = Rig::new();
    let why = previewed(&rig, "host.patch", &json!({"host": "localhost", "severity": "purple"})).unwrap_err();
    assert!(why.contains("must be security or all"), "{why}");
    let nothing = json!({"host": "localhost", "items": []});
    let done = result(rig.run(&step("host.patch", &nothing)));
    assert_eq!(done, json!({"installed": [], "count": 0}));
    if shell("command -v apt-get").is_empty() {
        return;
    }
    let action = previewed(&rig, "host.patch", &json!({"host": "localhost"})).unwrap();
    let Action::Builtin { params, owned: true, .. } = action else { panic!("{action:?}") };
    let mut items: Vec<Update> = serde_json::from_value(params["items"].clone()).unwrap();
    let installed = shell("dpkg-query -W -f '${Version}' coreutils");
    items.truncate(3);
    items.push(Update { name: "coreutils".into(), current: None, available: installed, security: false, source: "apt".into() });
    let (program, args) = patch::order("apt", &items).unwrap();
    let said = Command::new(program).arg("--simulate").args(&args).output().unwrap();
    assert!(said.status.success(), "apt-get takes {args:?}: {}", String::from_utf8_lossy(&said.stderr));
}

#[test]
fn a_reboot_is_one_fixed_command() {
    match bound("host.reboot", &json!({"host": "localhost"})) {
        Action::Command { program, args, .. } => {
            assert!(program.path.ends_with("/shutdown"));
            assert_eq!(args, ["-r", "now"].map(|arg| Operand(arg.to_owned())));
        }
        Action::Unbound { hint } => assert!(hint.contains("host.reboot needs shutdown"), "{hint}"),
        other @ (Action::Builtin { .. } | Action::Ssh { .. }) => panic!("{other:?}"),
    }
    let Action::Ssh { destination, argv, .. } = bound("host.reboot", &json!({"host": "web-1"})) else {
        panic!("it would reboot this machine")
    };
    assert_eq!((destination.as_str(), argv), ("web-1", ["shutdown", "-r", "now"].map(|arg| Operand(arg.to_owned())).to_vec()));
}
