//! Try again after a wait, where the repeat class allows it and the class of failure gives hope.
//!
//! Backoff: full jitter (AWS Architecture Blog, "Exponential Backoff and Jitter", 2015), seeded by the failure, so replays agree.

use super::{Proposal, Situation, Way};
use crate::decision::Candidate;
use crate::model::catalogue::Repeat;
use crate::model::failure::{Certainty, FailureClass};
use crate::model::time::Millis;

pub(super) fn propose(situation: &Situation<'_>) -> Proposal {
    let delay = delay(situation);
    let retry = situation.step.retry;
    let nth = situation.record.retries + 1;
    Proposal {
        way: Way::Retry { delay },
        candidate: Candidate {
            name: "retry".to_owned(),
            reason: format!("{} failure, retry {nth} of {} after {delay}", situation.failure.class.word(), retry.limit),
            helps: chance(situation.failure.class),
            costs: 50 * situation.record.retries.min(4),
            veto: veto(situation),
        },
    }
}

fn veto(situation: &Situation<'_>) -> Option<String> {
    let (certainty, repeat) = (situation.failure.certainty, situation.step.repeat);
    if situation.record.retries >= situation.step.retry.limit {
        return Some(format!("limit of {} retries reached", situation.step.retry.limit));
    }
    if chance(situation.failure.class) == 0 {
        return Some(format!("a failure of this class ({}) does not pass by itself", situation.failure.class.word()));
    }
    let allowed = match repeat {
        Repeat::Pure | Repeat::Idempotent | Repeat::Keyed => true,
        Repeat::Probeable => certainty != Certainty::Unknown,
        Repeat::AtMostOnce => certainty == Certainty::NotStarted,
    };
    let ran = match certainty {
        Certainty::NotStarted => "never ran",
        Certainty::FailedKnown => "ran and failed",
        Certainty::Unknown => "may have run",
    };
    (!allowed).then(|| format!("it {ran}, and what it does may not happen twice without a person's word"))
}

/// In thousandths; zero: hopeless.
fn chance(class: FailureClass) -> u32 {
    match class {
        FailureClass::Transient => 800,
        FailureClass::Overload | FailureClass::DependencyDown => 700,
        FailureClass::Timeout | FailureClass::Resource => 500,
        FailureClass::Unknown => 400,
        FailureClass::Auth | FailureClass::Config | FailureClass::Permanent => 0,
    }
}

/// Uniform in 0..=min(cap, base * 2^retries), never shorter than what the other side asked for.
fn delay(situation: &Situation<'_>) -> Millis {
    let retry = situation.step.retry;
    let ceiling = retry.base_ms.0.saturating_mul(1_u64 << situation.record.retries.min(32)).min(retry.cap_ms.0);
    let mut word = [0; 8];
    word.copy_from_slice(&situation.seed[..8]);
    let jittered = u64::from_be_bytes(word) % (ceiling + 1);
    situation.failure.retry_after.map_or(Millis(jittered), |asked| Millis(asked.0.saturating_add(jittered)))
}
