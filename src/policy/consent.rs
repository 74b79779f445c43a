//! What a consent covers.
//!
//! `--yes` covers a plan file or template as written on localhost and exempt targets. With an intent text it never
//! covers a destroy, nor a mutate that needs approval, without the digest of the plan that was seen. Nor does it cover any
//! change that a model proposed.

use crate::model::catalogue::EffectClass;
use crate::model::command::Consent;
use crate::model::plan::{Plan, PlanSource};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Covered {
    Yes,
    /// Waits for a person.
    No,
    /// The digest names another plan: what was seen is not what was sent.
    Differs,
}

pub fn covers(consent: &Consent, plan: &Plan) -> Covered {
    match consent {
        Consent::None => Covered::No,
        Consent::Shown { digest } | Consent::Yes { digest: Some(digest) } => {
            if *digest == plan.digest {
                Covered::Yes
            } else {
                Covered::Differs
            }
        }
        Consent::Yes { digest: None } => yes_covers(plan),
    }
}

fn yes_covers(plan: &Plan) -> Covered {
    let all_local = plan.steps.iter().filter(|step| step.approval).all(|step| step.target().is_none_or(is_localhost));
    let covered = match &plan.source {
        PlanSource::File { .. } | PlanSource::Template { .. } => all_local,
        PlanSource::Intent | PlanSource::Model { .. } => {
            all_local && !plan.steps.iter().any(|step| step.effect == EffectClass::Destroy || step.approval)
        }
    };
    if covered { Covered::Yes } else { Covered::No }
}

pub fn is_localhost(target: &str) -> bool {
    matches!(target, "localhost" | "127.0.0.1" | "::1")
}
