//! What another machine says that would be touched: all of it or none, and nothing that somebody else said.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ouioe::model::action::Action;
use ouioe::model::settings::SshSettings;
use ouioe::service::bind::Ssh;
use ouioe::service::builtin::World;
use serde_json::{Value, json};

use super::server::{Server, exists, until};
use crate::service::{catalogue, plan_of};

const SHELLS: [&[&str]; 3] = [&["dash"], &["bash", "--posix"], &["busybox", "sh"]];

/// With its list still to be asked for.
fn bound(config: &Path, name: &str, more: &Value) -> ouioe::model::plan::Plan {
    let mut params = more.clone();
    params["host"] = json!("box-1");
    let catalogue = catalogue();
    let mut plan = plan_of(catalogue.get(name).expect("known"), &params);
    let settings = SshSettings { config_file: config.display().to_string(), ..SshSettings::default() };
    assert_eq!(ouioe::service::bind_over(&mut plan, &catalogue, &Ssh::new(&settings, None)), []);
    plan
}

/// What the host is told to run to make the list, under this shell, by somebody who may not read everything.
fn under(shell: &[&str], name: &str, params: &Value) -> Output {
    let plan = bound(Path::new(""), name, params);
    let Action::Ssh { list: Some(list), .. } = &plan.steps[0].action else { panic!("it has no list") };
    let mut run = Command::new(shell[0]);
    run.args(&shell[1..]).args(list.argv[1..].iter().map(|word| &word.0));
    if rustix::process::geteuid().is_root() {
        run.uid(65_534).gid(65_534);
    }
    run.output().expect("tests/run installs it")
}

#[test]
fn a_folder_that_cannot_be_read_makes_no_short_list() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().canonicalize().unwrap();
    let mode = |path: &PathBuf, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    mode(&root, 0o755);
    let shut = root.join("shut");
    fs::create_dir(&shut).unwrap();
    fs::write(root.join("a"), "").unwrap();
    let aged = std::time::SystemTime::now() - std::time::Duration::from_secs(100);
    fs::File::options().write(true).open(root.join("a")).unwrap().set_modified(aged).unwrap();
    for shell in SHELLS {
        mode(&shut, 0o755);
        let whole = under(shell, "host.clean_files", &json!({ "path": root }));
        assert_eq!(whole.status.code(), Some(0), "{shell:?}: {whole:?}");
        assert!(String::from_utf8_lossy(&whole.stdout).ends_with("|a\n"), "{shell:?}: {whole:?}");
        mode(&shut, 0o000);
        let cut = under(shell, "host.clean_files", &json!({ "path": root }));
        let said = String::from_utf8_lossy(&cut.stderr).into_owned();
        assert_eq!(cut.status.code(), Some(74), "{shell:?}: {cut:?}");
        let last = said.lines().last().unwrap_or_default();
        assert!(last.contains("not all of") && last.contains("shut") && last.contains("ermission denied"), "{shell:?}: {said}");
    }
    mode(&shut, 0o755);
}

/// A host with dnf, and without apt-get: what it is told, under this shell, and how dnf was called.
fn with_dnf(shell: &[&str], argv: &[String], shown: &str) -> (String, String) {
    let dir = tempfile::tempdir().unwrap();
    let stand_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-ins/stand-in.sh");
    std::os::unix::fs::symlink(stand_in, dir.path().join("dnf")).unwrap();
    for name in ["awk", "basename", "cat", "dirname"] {
        std::os::unix::fs::symlink(Path::new("/usr/bin").join(name), dir.path().join(name)).unwrap();
    }
    fs::write(dir.path().join("dnf.--quiet.out"), shown).unwrap();
    let place = ["/usr/bin", "/bin"].map(|place| Path::new(place).join(shell[0])).into_iter().find(|path| path.exists());
    let mut run = Command::new(place.expect("tests/run installs it"));
    let done = run.args(&shell[1..]).args(&argv[1..]).env("PATH", dir.path()).output().unwrap();
    assert!(done.status.success(), "{shell:?}: {done:?}");
    let called = fs::read_to_string(dir.path().join("called")).unwrap_or_default().replace('\0', " ");
    (String::from_utf8(done.stdout).unwrap(), called)
}

#[test]
fn dnf_is_told_its_packages_as_it_takes_them() {
    let shown = "\npython3.11.x86_64   3.11.5-1.el9   baseos\nopenssl.x86_64  1:3.0.7-27.el9  baseos\n\
                 Obsoleting Packages\nnew.noarch  2  baseos\n    old.noarch  1  @baseos\n";
    for (shell, severity, security, flag) in
        SHELLS.into_iter().flat_map(|shell| [(shell, "all", "", ""), (shell, "security", "security", "--security ")])
    {
        let plan = bound(Path::new(""), "host.patch", &json!({ "severity": severity }));
        let Action::Ssh { argv, list: Some(list), .. } = &plan.steps[0].action else { panic!("it has no list") };
        let words = |argv: &[ouioe::model::action::Operand]| argv.iter().map(|word| word.0.clone()).collect::<Vec<_>>();
        let (listed, called) = with_dnf(shell, &words(&list.argv), shown);
        let wanted = format!("dnf|python3.11.x86_64|3.11.5-1.el9|{security}\ndnf|openssl.x86_64|1:3.0.7-27.el9|{security}\n");
        assert_eq!(listed, wanted, "{shell:?}");
        assert_eq!(called, format!("dnf --quiet --cacheonly {flag}check-update \n"), "{shell:?}");
        let mut argv = words(argv);
        argv.extend(listed.lines().map(str::to_owned));
        let (done, called) = with_dnf(shell, &argv, "");
        assert_eq!(done, "{\"count\":2}\n", "{shell:?}");
        let named = "python3.11-3.11.5-1.el9.x86_64 openssl-1:3.0.7-27.el9.x86_64";
        assert_eq!(called, format!("dnf upgrade --assumeyes -- {named} \n"), "{shell:?}");
    }
}

/// Some shells keep a here-document in a file: on a full disk, whose files are to be removed, they would read nothing.
#[test]
fn no_script_of_another_machine_needs_a_place_for_a_here_document() {
    let manifests = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/services")).unwrap();
    for manifest in manifests {
        let path = manifest.unwrap().path();
        assert!(!fs::read_to_string(&path).unwrap().contains("<<"), "{}", path.display());
    }
}

#[test]
fn what_a_login_says_is_no_part_of_the_list() {
    let (rig, mut server) = (crate::rig::Rig::new(), Server::new());
    let config = fs::read_to_string(server.path("sshd.conf")).unwrap();
    let noisy = "ForceCommand echo Welcome; echo '1|2|3|4|5|etc'; exec $SSH_ORIGINAL_COMMAND\n";
    fs::write(server.path("sshd.conf"), config + noisy).unwrap();
    server.kill();
    server.start();
    let root = server.dir.path().canonicalize().unwrap().join("scratch");
    fs::create_dir(&root).unwrap();
    let mut plan = bound(&server.path("ssh.conf"), "host.clean_files", &json!({ "path": root }));
    rig.runtime.block_on(ouioe::service::preview(&mut plan, &World::default())).unwrap();
    assert_eq!(plan.steps[0].params["items"], json!([]));
}

#[test]
fn a_call_that_is_given_up_leaves_no_helper_behind() {
    let (rig, server) = (crate::rig::Rig::new(), Server::new());
    let pids = server.path("pids");
    let helper = format!("  ProxyCommand sh -c 'sleep 600 & echo $$ $! >{0}.new; mv {0}.new {0}; wait'\n", pids.display());
    let config = fs::read_to_string(server.path("ssh.conf")).unwrap();
    fs::write(server.path("ssh.conf"), config + &helper).unwrap();
    let mut plan = bound(&server.path("ssh.conf"), "host.clean_files", &json!({ "path": "/var/tmp" }));
    let asking = rig.runtime.spawn(async move { ouioe::service::preview(&mut plan, &World::default()).await });
    until("its helper runs", || exists(&pids));
    let pids: Vec<String> = fs::read_to_string(&pids).unwrap().split_whitespace().map(str::to_owned).collect();
    asking.abort();
    for pid in pids {
        until("its helper is gone", || {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_else(|_| ") Z".to_owned());
            stat.contains(") Z").then_some(())
        });
    }
}
