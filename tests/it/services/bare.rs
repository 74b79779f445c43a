//! What a bare machine cannot do by itself, said plainly; and the one line that changes it.

use ouioe::model::action::{Action, Operand};
use ouioe::model::catalogue::Binding;
use ouioe::service::manifest;
use serde_json::json;

use crate::rig::{Rig, failure_of, start};
use crate::service::{bound, bound_in, catalogue};

/// Each needs something that no machine brings along: a deployment tool, a DNS server, a load balancer, a firewall at the edge.
const UNBOUND: [&str; 12] = [
    "automation.deploy",
    "automation.restore",
    "automation.rollback",
    "automation.scale",
    "automation.schedule",
    "automation.snapshot",
    "network.block_ip",
    "network.dns_update",
    "network.failover",
    "network.lb_drain",
    "network.lb_enable",
    "network.renew_cert",
];

#[test]
fn all_but_twelve_operations_are_bound() {
    let unbound: Vec<String> = catalogue().iter().filter(|one| one.binding.is_none()).map(|one| one.name.clone()).collect();
    assert_eq!(unbound, UNBOUND);
}

#[test]
fn effects_are_never_carried_out_by_the_engine_itself() {
    for operation in catalogue().iter().filter(|one| one.effect != ouioe::model::catalogue::EffectClass::Read) {
        let is_owned = !matches!(operation.binding, Some(Binding::Builtin { owned: false, .. }));
        assert!(is_owned, "{} would end with the engine", operation.name);
    }
}

#[test]
fn a_firewall_is_changed_only_by_a_configured_command() {
    let rig = Rig::new();
    let block = json!({"ip": "198.51.100.23", "duration": "2h"});
    let (failure, _) = failure_of(rig.run(&start(bound("network.block_ip", &block))));
    assert_eq!(failure.certainty, ouioe::model::failure::Certainty::NotStarted);
    assert!(failure.detail.contains("network.block_ip has no binding: bind it in <config>/services/network.toml"), "{failure:?}");

    let dir = tempfile::tempdir().unwrap();
    let own = |program: &str| {
        let argv = format!("argv = [\"{program}\", \"add\", \"element\", \"{{ip}}\", \"timeout={{duration}}\"]");
        let text = format!("[[operation]]\nname = \"network.block_ip\"\nbinding = {{ kind = \"command\", {argv} }}\n");
        std::fs::write(dir.path().join("edge.toml"), text).unwrap();
        bound_in(&manifest::load(Some(dir.path())).unwrap(), "network.block_ip", &block).0
    };
    let Action::Command { args, .. } = own("printf") else { panic!("printf is there") };
    assert_eq!(args, ["add", "element", "198.51.100.23", "timeout=2h"].map(|arg| Operand(arg.to_owned())));
    let (failure, _) = failure_of(rig.run(&start(own("surely-no-nft"))));
    assert_eq!(failure.certainty, ouioe::model::failure::Certainty::NotStarted);
    assert!(failure.detail.contains("network.block_ip needs surely-no-nft") && failure.detail.contains("install it"), "{failure:?}");
}
