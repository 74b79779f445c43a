//! What a bare machine cannot do by itself, said plainly; and the one line that changes it.

use std::process::Command;

use ouioe::model::action::{Action, Operand};
use ouioe::model::catalogue::{Binding, Catalogue};
use ouioe::service::manifest;
use serde_json::json;

use crate::rig::{Rig, failure_of, start};
use crate::service::{bound, bound_in, catalogue};

/// Each is done by something that only a site has: a deployment tool, a cluster, a certificate authority.
const UNBOUND: [&str; 5] = ["automation.deploy", "automation.rollback", "automation.scale", "network.failover", "network.renew_cert"];

#[test]
fn all_but_five_operations_are_bound() {
    let unbound: Vec<String> = catalogue().iter().filter(|one| one.binding.is_none()).map(|one| one.name.clone()).collect();
    assert_eq!(unbound, UNBOUND);
    let all = catalogue().len();
    let said = format!("{} of the {all} operations are bound", all - UNBOUND.len());
    assert!(include_str!("../../../README.md").contains(&said), "README.md: {said}");
}

/// The lines that head the parts of a reading, as the script of an operation tells them.
fn headings(catalogue: &Catalogue, name: &str, shell: &mut Command) -> Vec<String> {
    let argv = &catalogue.get(name).unwrap().remote.as_ref().unwrap().argv;
    let operands: &[&str] = match name {
        "host.disk_usage" => &["/"],
        "host.largest_files" => &["/etc"],
        "host.listening_ports" => &[],
        "network.reach" => &["127.0.0.1", "9"],
        _ => &["surely-no-such"],
    };
    let said = shell.args(["-c", &argv[2], "sh"]).args(operands).output().unwrap();
    assert!(said.status.success() && said.stderr.is_empty(), "{name}: {said:?}");
    let lines = String::from_utf8(said.stdout).unwrap();
    lines.lines().filter(|line| line.starts_with("ouioe ") || line.starts_with("== ")).map(str::to_owned).collect()
}

#[test]
fn hosts_that_have_nothing_but_busybox_can_be_read() {
    let (catalogue, applets) = (catalogue(), tempfile::tempdir().unwrap());
    let installed = Command::new("busybox").args(["--install", "-s"]).arg(applets.path()).status().unwrap();
    assert!(installed.success());
    for name in [
        "host.facts",
        "host.disk_usage",
        "host.cpu_mem",
        "host.top_processes",
        "host.service_status",
        "host.listening_ports",
        "host.largest_files",
        "network.bandwidth",
        "network.reach",
    ] {
        let small = headings(&catalogue, name, Command::new(applets.path().join("sh")).env_clear().env("PATH", applets.path()));
        assert!(small.len() > 1, "{name}: {small:?}");
        assert_eq!(small, headings(&catalogue, name, &mut Command::new("/bin/sh")), "{name}");
    }
}

/// `${` in an argv is a value of another step, filled in when the step starts.
#[test]
fn what_hosts_run_holds_nothing_that_a_plan_would_fill() {
    let catalogue = catalogue();
    let remotes: Vec<_> = catalogue.iter().filter_map(|one| Some((&one.name, one.remote.as_ref()?))).collect();
    assert!(remotes.len() >= 11, "{}", remotes.len());
    for (name, remote) in remotes {
        assert!(remote.argv.iter().all(|word| !word.contains("${")), "{name}");
    }
}

#[test]
fn effects_are_never_carried_out_by_the_engine_itself() {
    for operation in catalogue().iter().filter(|one| one.effect != ouioe::model::catalogue::EffectClass::Read) {
        let is_owned = !matches!(operation.binding, Some(Binding::Builtin { owned: false, .. }));
        assert!(is_owned, "{} would end with the engine", operation.name);
    }
}

#[test]
fn what_nothing_binds_is_bound_by_a_configured_command() {
    let rig = Rig::new();
    let scale = json!({"service": "cart", "replicas": 8});
    let (failure, _) = failure_of(rig.run(&start(bound("automation.scale", &scale))));
    assert_eq!(failure.certainty, ouioe::model::failure::Certainty::NotStarted);
    assert!(failure.detail.contains("automation.scale has no binding: bind it in <config>/services/automation.toml"), "{failure:?}");

    let dir = tempfile::tempdir().unwrap();
    let own = |program: &str| {
        let argv = format!("argv = [\"{program}\", \"scale\", \"{{service}}\", \"replicas={{replicas}}\"]");
        let text = format!("[[operation]]\nname = \"automation.scale\"\nbinding = {{ kind = \"command\", {argv} }}\n");
        std::fs::write(dir.path().join("edge.toml"), text).unwrap();
        bound_in(&manifest::load(Some(dir.path())).unwrap(), "automation.scale", &scale).0
    };
    let Action::Command { args, .. } = own("printf") else { panic!("printf is there") };
    assert_eq!(args, ["scale", "cart", "replicas=8"].map(|arg| Operand(arg.to_owned())));
    let (failure, _) = failure_of(rig.run(&start(own("surely-no-kubectl"))));
    assert_eq!(failure.certainty, ouioe::model::failure::Certainty::NotStarted);
    assert!(failure.detail.contains("automation.scale needs surely-no-kubectl") && failure.detail.contains("install it"), "{failure:?}");
}
