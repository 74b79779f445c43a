//! What other machines are told to do to files, processes and packages: first the list, then exactly the listed.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::{Child, Command, Stdio};

use ouioe::model::action::{Action, Operand};
use ouioe::model::effect::Start;
use ouioe::model::failure::FailureClass;
use ouioe::model::settings::SshSettings;
use ouioe::service::bind::Ssh;
use ouioe::service::builtin::World;
use serde_json::{Value, json};

use super::server::{Server, start, until};
use super::stand_ins::{StandIns, words};
use crate::rig::{Rig, failure_of};
use crate::service::{catalogue, plan_of, result};

/// What would be approved: the step, and the list that people see.
fn listed(rig: &Rig, server: &Server, name: &str, more: &Value) -> Result<(Start, Value), String> {
    let mut params = more.clone();
    params["host"] = json!("box-1");
    let catalogue = catalogue();
    let mut plan = plan_of(catalogue.get(name).expect("known"), &params);
    let settings = SshSettings { config_file: server.path("ssh.conf").display().to_string(), ..SshSettings::default() };
    assert_eq!(ouioe::service::bind_over(&mut plan, &catalogue, &Ssh::new(&settings, None)), []);
    rig.runtime.block_on(ouioe::service::preview(&mut plan, &World::default()))?;
    let step = plan.steps.remove(0);
    let items = step.params.get("items").cloned().unwrap_or_default();
    Ok((start(step.action), items))
}

fn column<'v>(items: &'v Value, key: &str) -> Vec<&'v str> {
    items.as_array().expect("a list").iter().map(|item| item[key].as_str().expect("text")).collect()
}

/// Changed so many days ago.
fn aged(path: &std::path::Path, days: u64) {
    fs::create_dir_all(path.parent().expect("a folder")).unwrap();
    fs::write(path, "0123456789").unwrap();
    let then = std::time::SystemTime::now() - std::time::Duration::from_secs(days * 86_400);
    fs::File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

#[test]
fn exactly_the_listed_files_are_removed() {
    let (rig, server) = (Rig::new(), Server::new());
    let root = server.path("scratch").canonicalize().unwrap_or_else(|_| server.dir.path().canonicalize().unwrap().join("scratch"));
    let old = [
        "a",
        "deep/er/b",
        "with space ",
        "pipe|d",
        "pipes||",
        "star*",
        "it's",
        "$(touch x)",
        "-rf",
        "ünï",
        "deep/changed",
        "deep/er/replaced",
        "gone",
    ];
    old.iter().for_each(|name| aged(&root.join(name), 10));
    aged(&root.join("young"), 1);
    aged(&root.join("two\nlines"), 10);
    aged(&root.join("folder\nof two/x"), 10);
    aged(&root.join("esc\u{1b}[2J"), 10);
    aged(&root.join("${steps.a.output.b}"), 10);
    let outside = server.path("outside");
    aged(&outside.join("kept"), 10);
    symlink(&outside, root.join("link")).unwrap();

    let params = json!({ "path": root, "older_than": "7d" });
    let (step, items) = listed(&rig, &server, "host.clean_files", &params).unwrap();
    let mut wanted = old.to_vec();
    wanted.sort_unstable();
    assert_eq!(column(&items, "path"), wanted);
    assert_eq!(items[0]["size"], 10, "{items}");

    // Between the list and the removal.
    fs::write(root.join("deep/changed"), "anew").unwrap();
    aged(&root.join("new"), 10);
    fs::remove_file(root.join("gone")).unwrap();
    fs::rename(root.join("deep/er"), root.join("moved")).unwrap();
    symlink(root.join("moved"), root.join("deep/er")).unwrap();
    let done = result(rig.run(&step));
    let left = ["deep/changed", "deep/er/b", "deep/er/replaced", "gone"];
    assert_eq!(done, json!({ "removed": old.len() - left.len(), "freed_bytes": 10 * (old.len() - left.len()), "left_count": left.len() }));
    for name in ["deep/changed", "moved/b", "moved/replaced", "new", "young", "two\nlines", "folder\nof two/x", "link/kept", "esc\u{1b}[2J"]
    {
        assert!(root.join(name).exists(), "{name:?} is gone");
    }
    for name in old.iter().filter(|name| !left.contains(name)) {
        assert!(!root.join(name).exists(), "{name} is still there");
    }
    println!("{} files removed over ssh, {} left as they changed", old.len() - left.len(), left.len());
}

#[test]
fn without_a_list_nothing_is_touched() {
    let (rig, mut server) = (Rig::new(), Server::new());
    let root = server.dir.path().canonicalize().unwrap().join("scratch");
    aged(&root.join("a"), 10);
    symlink(&root, server.path("link")).unwrap();
    let refused = |server: &Server, path: &str| listed(&rig, server, "host.clean_files", &json!({ "path": path })).unwrap_err();
    let through = server.dir.path().canonicalize().unwrap().join("link");
    for (path, why) in [
        (through.to_str().unwrap(), "goes through a link; name the folder itself"),
        ("relative", "not an absolute path"),
        ("/var/../etc", "not a plain path"),
        ("/no/such/folder", "/no/such/folder"),
    ] {
        let said = refused(&server, path);
        assert!(said.starts_with("list what step s1 would touch: box-1: ") && said.contains(why), "{path}: {said}");
    }
    let (step, _) = listed(&rig, &server, "host.clean_files", &json!({ "path": root })).unwrap();
    let unlisted = super::server::changed(step, |action| {
        let Action::Ssh { argv, list, .. } = action else { unreachable!() };
        *list = Some(ouioe::model::action::List { argv: argv.clone(), fields: vec!["path".to_owned()] });
    });
    let (failure, _) = failure_of(rig.run(&unlisted));
    assert_eq!(failure.class, FailureClass::Config, "{failure:?}");
    // Nobody answers any more.
    server.kill();
    let said = refused(&server, root.to_str().unwrap());
    assert!(said.contains("Connection refused"), "{said}");
    assert!(root.join("a").exists());
}

/// Ended with the test, however that ends.
struct Guarded(Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A process of a name that no other has.
fn sleeper(server: &Server, name: &str) -> Guarded {
    let program = server.path(name);
    let _ = symlink("/bin/sleep", &program);
    Guarded(Command::new(program).arg("600").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
}

#[test]
fn exactly_the_listed_processes_are_ended() {
    let (rig, server) = (Rig::new(), Server::new());
    let mut two = [sleeper(&server, "ouioe-sleeper-x"), sleeper(&server, "ouioe-sleeper-x")];
    let named = json!({ "process": "ouioe-sleeper-x" });
    let (step, items) = listed(&rig, &server, "host.kill_process", &named).unwrap();
    let mut pids: Vec<u64> = items.as_array().unwrap().iter().map(|item| item["pid"].as_u64().unwrap()).collect();
    pids.sort_unstable();
    assert_eq!(pids, [u64::from(two[0].0.id()), u64::from(two[1].0.id())]);
    assert_eq!(column(&items, "name"), ["ouioe-sleeper-x"; 2]);
    // One ends by itself; one of the same name comes later, and is not on the list.
    two[0].0.kill().unwrap();
    two[0].0.wait().unwrap();
    let mut later = sleeper(&server, "ouioe-sleeper-x");
    let waiting = std::thread::spawn(move || two[1].0.wait().unwrap());
    assert_eq!(result(rig.run(&step)), json!({ "ended_count": 1, "gone_before_count": 1 }));
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&waiting.join().unwrap()), Some(15));
    assert!(later.0.try_wait().unwrap().is_none(), "it was not listed");

    // A number that is another's by now.
    let (step, _) = listed(&rig, &server, "host.kill_process", &json!({ "process": later.0.id().to_string() })).unwrap();
    let reused = super::server::changed(step, |action| {
        let Action::Ssh { argv, .. } = action else { unreachable!() };
        let last = argv.last_mut().unwrap();
        *last = Operand(format!("{}|17|ouioe-sleeper-x", later.0.id()));
    });
    assert_eq!(result(rig.run(&reused)), json!({ "ended_count": 0, "gone_before_count": 1 }));
    assert!(later.0.try_wait().unwrap().is_none());
    drop(later);
    let why = listed(&rig, &server, "host.kill_process", &named).unwrap_err();
    assert!(why.ends_with("box-1: no process is called ouioe-sleeper-x, or has that number"), "{why}");
}

#[test]
fn what_ignores_term_is_killed_and_what_the_step_runs_in_is_not() {
    let (rig, server) = (Rig::new(), Server::new());
    let up = server.path("up");
    let script = format!("trap '' TERM; : > {}; while :; do sleep 0.1; done", up.display());
    let mut deaf = Guarded(Command::new("/bin/sh").args(["-c", &script]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    until("it ignores TERM", || up.exists().then_some(()));
    let (step, _) = listed(&rig, &server, "host.kill_process", &json!({ "process": deaf.0.id().to_string() })).unwrap();
    let waiting = std::thread::spawn(move || deaf.0.wait().unwrap());
    assert_eq!(result(rig.run(&step))["ended_count"], 1);
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&waiting.join().unwrap()), Some(9));

    let why = listed(&rig, &server, "host.kill_process", &json!({ "process": "1" })).unwrap_err();
    assert!(why.contains("process 1 is the system itself"), "{why}");
    let other = Guarded(Command::new("/bin/sleep").arg("1000").spawn().unwrap());
    let (step, _) = listed(&rig, &server, "host.kill_process", &json!({ "process": other.0.id().to_string() })).unwrap();
    let forged = super::server::changed(step, |action| {
        let ouioe::model::action::Action::Ssh { argv, .. } = action else { unreachable!() };
        argv.last_mut().unwrap().0 = "1|1|init".to_owned();
    });
    let (failure, _) = failure_of(rig.run(&forged));
    assert_eq!((failure.class, failure.detail.as_str()), (FailureClass::Config, "exit status 64"));
}

#[test]
fn exactly_the_listed_updates_are_installed() {
    let (rig, mut server) = (Rig::new(), Server::new());
    let stand_ins = StandIns::new(&mut server, &["apt-get"]);
    let shown = "Inst curl [7.88.1-1] (7.88.1-2 Debian-Security:12/stable-security [amd64])\nConf curl (7.88.1-2 Debian:12 [amd64])\n\
                 Inst zlib1g [1:1.2.13] (1:1.2.14 Debian:12/stable [amd64])\n";
    stand_ins.says("apt-get.--simulate.out", shown);
    let (step, items) = listed(&rig, stand_ins.0, "host.patch", &json!({})).unwrap();
    assert_eq!(items[0], json!({ "source": "apt", "name": "curl", "available": "7.88.1-2", "severity": "security" }));
    assert_eq!(column(&items, "name"), ["curl", "zlib1g"]);
    assert_eq!(stand_ins.called(), [words(&["apt-get", "--simulate", "--quiet", "upgrade"])]);
    assert_eq!(result(rig.run(&step)), json!({ "count": 2 }));
    let fixed = ["apt-get", "install", "--only-upgrade", "--assume-yes", "--no-remove", "--option=Dpkg::Options::=--force-confold", "--"];
    assert_eq!(stand_ins.called(), [words(&[&fixed[..], &["curl=7.88.1-2", "zlib1g=1:1.2.14"]].concat())]);

    let (_, items) = listed(&rig, stand_ins.0, "host.patch", &json!({ "severity": "security" })).unwrap();
    assert_eq!(column(&items, "name"), ["curl"]);
    stand_ins.called();
    let why = listed(&rig, stand_ins.0, "host.patch", &json!({ "severity": "purple" })).unwrap_err();
    assert!(why.contains("package managers know no purple"), "{why}");
    stand_ins.says("apt-get.--simulate.out", "");
    let (step, items) = listed(&rig, stand_ins.0, "host.patch", &json!({})).unwrap();
    stand_ins.called();
    assert_eq!((items, result(rig.run(&step))), (json!([]), json!({ "count": 0 })));
    assert_eq!(stand_ins.called(), [] as [Vec<String>; 0], "nothing to install");
}

/// By the real `logrotate`.
#[test]
fn logs_are_rotated_and_the_writer_goes_on() {
    let (rig, server) = (Rig::new(), Server::new());
    let logs = server.dir.path().canonicalize().unwrap().join("logs");
    fs::create_dir(&logs).unwrap();
    fs::set_permissions(&logs, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(logs.join("a.log"), "one\n").unwrap();
    fs::write(logs.join("other"), "kept\n").unwrap();
    let mut writer = fs::File::options().append(true).open(logs.join("a.log")).unwrap();
    let (step, _) = listed(&rig, &server, "host.rotate_logs", &json!({ "path": logs })).unwrap();
    let done = result(rig.run(&step));
    assert_eq!(done["via"], "logrotate", "{done}");
    std::io::Write::write_all(&mut writer, b"two\n").unwrap();
    assert_eq!(fs::read_to_string(logs.join("a.log")).unwrap(), "two\n");
    assert_eq!(fs::read_to_string(logs.join("other")).unwrap(), "kept\n");
    let kept: Vec<_> = fs::read_dir(&logs)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "gz"))
        .collect();
    assert_eq!(kept.len(), 1, "{kept:?}");
    let text = Command::new("gzip").args(["-dc"]).arg(&kept[0]).output().unwrap().stdout;
    assert_eq!(text, b"one\n");
    for bad in ["relative", "/a b", "/var/log/../../etc", "/var/log/{x}"] {
        let (step, _) = listed(&rig, &server, "host.rotate_logs", &json!({ "path": bad })).unwrap();
        let (failure, _) = failure_of(rig.run(&step));
        assert_eq!(failure.class, FailureClass::Config, "{bad}: {failure:?}");
    }
}
