//! The approval rule: any destroy, or any mutate that is not low risk, waits for a person, unless policy exempts the
//! named environment. An unnamed environment counts as production. An exemption never covers a destroy.

use std::collections::BTreeSet;

use crate::model::catalogue::EffectClass;
use crate::model::plan::{Plan, PlanSource, Provenance, Step};
use crate::model::settings::PolicySettings;

pub fn needs_approval(effect: EffectClass, low_risk: bool, environment: Option<&str>, exempt: &[String]) -> bool {
    match effect {
        EffectClass::Read => false,
        EffectClass::Mutate => !low_risk && !environment.is_some_and(|named| exempt.iter().any(|one| one == named)),
        EffectClass::Destroy => true,
    }
}

/// A model chose the step or a value of it, and it changes something: neither low risk nor an exemption spares the look.
pub fn is_tainted(source: &PlanSource, step: &Step) -> bool {
    let written = matches!(source, PlanSource::Model { .. }) || step.provenance.values().any(|from| *from == Provenance::Model);
    written && step.effect != EffectClass::Read
}

/// Marks every step that waits for a person, and the plan if any does.
/// An exemption holds only where no step destroys.
pub fn mark_approvals(plan: &mut Plan, policy: &PolicySettings) {
    let destroys = plan.worst_effect() == EffectClass::Destroy;
    let exempt: &[String] = if destroys { &[] } else { &policy.exempt_environments };
    for step in &mut plan.steps {
        step.approval = needs_approval(step.effect, step.low_risk, plan.environment.as_deref(), exempt) || is_tainted(&plan.source, step);
    }
    plan.approval_required = plan.steps.iter().any(|step| step.approval);
}

/// What a person types, in the console and on the command line, to let these steps destroy: the name of what is destroyed, or
/// how many there are (`3 targets`). `None`: nothing is destroyed, a plain yes is enough.
pub fn name_to_type<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Option<String> {
    let destroys = steps.into_iter().filter(|step| step.effect == EffectClass::Destroy);
    let names: BTreeSet<&str> = destroys.map(|step| step.target().unwrap_or(step.id.as_str())).collect();
    match names.len() {
        0 | 1 => names.first().map(|name| (*name).to_owned()),
        several => Some(format!("{several} targets")),
    }
}

/// A path that no step may change or delete: a protected one or an ancestor of one, after removing `.`, `..` and doubled slashes.
/// Below a protected path only what policy names again is shielded, so `/var/tmp/x` is free while `/etc` and `/` are not.
pub fn is_protected(path: &str, protected: &[String]) -> bool {
    let path = normalise(path);
    protected.iter().any(|one| {
        let one = normalise(one);
        path == one || one.starts_with(&format!("{}/", path.trim_end_matches('/'))) || (one != "/" && path.starts_with(&format!("{one}/")))
    })
}

pub(super) fn normalise(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_of_the_catalogue() {
        let exempt = vec!["staging".to_owned()];
        for (effect, low_risk, env, expected) in [
            (EffectClass::Read, false, None, false),
            (EffectClass::Mutate, false, None, true),
            (EffectClass::Mutate, true, None, false),
            (EffectClass::Mutate, false, Some("staging"), false),
            (EffectClass::Mutate, false, Some("production"), true),
            (EffectClass::Destroy, true, Some("staging"), true),
        ] {
            assert_eq!(needs_approval(effect, low_risk, env, &exempt), expected, "{effect:?} {low_risk} {env:?}");
        }
    }

    #[test]
    fn protected_paths_cannot_be_walked_around() {
        let protected: Vec<String> = PolicySettings::default().protected_paths;
        for path in ["/", "//", "/etc", "/etc/", "/etc/nginx", "/var/../etc", "/var/tmp/../../usr/lib", "/./boot"] {
            assert!(is_protected(path, &protected), "{path}");
        }
        for path in ["/var/tmp", "/tmp/x", "/srv/data", "/etcetera"] {
            assert!(!is_protected(path, &protected), "{path}");
        }
    }
}
