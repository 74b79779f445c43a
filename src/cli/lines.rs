//! Event -> one line for people; event -> one line of JSON that no terminal obeys.

use std::fmt::Write as _;

use serde_json::Value;

use crate::adaptation::BRANCH;
use crate::model::event::{Event, Fact};
use crate::model::failure::Failure;
use crate::model::ids::StepId;
use crate::model::item;
use crate::model::step_state::QueuedWhy;
use crate::model::time::Stamp;
use crate::model::verdict::{Health, Verdict};
use crate::text;

/// A line of a result that says more says it in `ouioe show`.
const SAID_CELLS: usize = 160;

/// `None`: of no use to somebody who watches a run.
pub fn human(event: &Event) -> Option<String> {
    let what = what(&event.fact)?;
    let at = moment(event.at);
    let clock = at.get(11..).unwrap_or(&at);
    let step = event.step.as_ref().map_or_else(String::new, |step| format!(" {}", text::safe(step.as_str())));
    Some(format!("{clock}{step} {}", text::safe(&what)))
}

/// `2026-01-02 03:04:05Z`: never the local time, so that lines from two machines compare.
pub fn moment(at: Stamp) -> String {
    let full = at.to_string();
    full.get(..19).map_or_else(|| full.clone(), |start| format!("{}Z", start.replace('T', " ")))
}

/// `healthy`, or what is wrong in capitals with its reasons.
pub fn verdict(verdict: &Verdict) -> String {
    if let Some(answer) = verdict.told() {
        return text::safe(&answer);
    }
    match verdict.health {
        Health::Healthy => "healthy".to_owned(),
        Health::Degraded | Health::Failing => {
            format!("{}: {}", verdict.health.as_str().to_uppercase(), text::safe(&verdict.reasons.join("; ")))
        }
    }
}

/// Of an error's end, what it ended with.
pub fn last_line(tail: &str) -> Option<&str> {
    tail.lines().rev().map(str::trim).find(|line| !line.is_empty())
}

fn succeeded(result: &Value, judged: Option<&Verdict>) -> String {
    let parts = judged.map(verdict).into_iter().chain(text::figures(result));
    let said = text::clip(&parts.collect::<Vec<_>>().join(", "), SAID_CELLS);
    if said.is_empty() { "succeeded".to_owned() } else { format!("succeeded: {said}") }
}

fn failed(failure: &Failure, tail: &str) -> String {
    let said = last_line(tail).filter(|line| !failure.detail.contains(line)).map(|line| format!(": {line}")).unwrap_or_default();
    let class = failure.class.word();
    let class = if class == "unknown" { String::new() } else { format!(" ({class})") };
    format!("failed{class}: {}{said}", failure.detail)
}

/// What it waits for.
pub fn queued(why: &QueuedWhy) -> String {
    match why {
        QueuedWhy::Ready => "queued".to_owned(),
        QueuedWhy::Slot => "queued: every slot is taken".to_owned(),
        QueuedWhy::Limit { service } => format!("queued: limit of {service}"),
        QueuedWhy::Lock { lock, holder } => format!("queued: {holder} holds {lock}"),
        QueuedWhy::Frozen { target } => format!("queued: {target} is frozen"),
    }
}

fn what(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::EngineStarted { .. }
        | Fact::EngineStopped {}
        | Fact::IntentSubmitted { .. }
        | Fact::LockGranted { .. }
        | Fact::LockReleased { .. }
        | Fact::StepProbed { .. }
        | Fact::CompensationStarted {} => return None,
        Fact::ClockStepped { by_ms } => format!("the wall clock was set by {by_ms} ms"),
        Fact::PlanProposed { title, steps, .. } => format!("plan \"{title}\", {steps} step{}", if *steps == 1 { "" } else { "s" }),
        Fact::PlanRevised { digest, revision, changed, .. } => {
            let changed: Vec<&str> = changed.iter().map(StepId::as_str).collect();
            format!("plan revision {revision} ({}): {} has other parameters", digest.short(), changed.join(", "))
        }
        Fact::ApprovalRequested { why, digest, .. } => format!("waits for approval of {}: {why}", digest.short()),
        Fact::Approved { digest, .. } => format!("approved {}", digest.short()),
        Fact::Rejected { reason, .. } => format!("rejected: {reason}"),
        Fact::WorkflowStarted {} => "started".to_owned(),
        Fact::WorkflowPaused {} => "paused: nothing new starts".to_owned(),
        Fact::WorkflowResumed { .. } => "resumed".to_owned(),
        Fact::WorkflowCancelling { compensate: true, .. } => "cancelling, then rolling back".to_owned(),
        Fact::WorkflowCancelling { .. } => "cancelling".to_owned(),
        Fact::WorkflowFinished { state, verdict, .. } => match verdict {
            Some(health) => format!("{}, {}", state.word().replace('_', " "), health.as_str().to_uppercase()),
            None => state.word().replace('_', " "),
        },
        Fact::StepQueued { queued: why } => queued(why),
        Fact::StepHeld { until, .. } => format!("held until {}", moment(*until)),
        Fact::StepExpanded { items, .. } => format!("goes over {}: {}", items.len(), item::named(items)),
        Fact::StepStarted { .. } => "running".to_owned(),
        Fact::StepRecovering { pid } => format!("still running as process {pid}: taken up again"),
        Fact::StepRequeued { why, .. } => format!("again: {why}"),
        Fact::StepSucceeded { result, verdict, .. } => succeeded(result, verdict.as_ref()),
        Fact::StepFailed { failure, error_tail, .. } => failed(failure, error_tail),
        Fact::OutcomeUnknown { detail } => format!("OUTCOME UNKNOWN: {detail}"),
        Fact::LateResult { detail, .. } => format!("late result: {detail}"),
        Fact::BackoffStarted { until, .. } => format!("tries again at {}", moment(*until)),
        Fact::DecisionRequested { question } => format!("WAITS FOR A DECISION: {}", question.why),
        Fact::DecisionMade { choice, reason, .. } => format!("decided: {choice} ({reason})"),
        Fact::AdaptationChosen { strategy, rejected, .. } if strategy == "none" && rejected.iter().any(|why| why.contains(BRANCH)) => {
            BRANCH.to_owned()
        }
        Fact::AdaptationChosen { strategy, .. } if strategy == "none" => "nobody is there to decide, and no other way is left".to_owned(),
        Fact::AdaptationChosen { strategy, reasons, .. } => format!("chose to {strategy}: {}", reasons.join("; ")),
        Fact::StepSkipped { reason, .. } if reason.is_empty() => "skipped".to_owned(),
        Fact::StepSkipped { reason, .. } => format!("skipped: {reason}"),
        Fact::StepDoneByHand { evidence } => format!("done by hand: {evidence}"),
        Fact::StepStopping { .. } => "stopping".to_owned(),
        Fact::StepCancelled {} => "cancelled".to_owned(),
        Fact::CompensationFinished { detail, .. } => detail.clone(),
        Fact::TargetFrozen { target, reason } => format!("{target} is frozen: {reason}"),
        Fact::TargetThawed { target } => format!("{target} is thawed"),
        Fact::AlertRaised { alert, detail } => format!("ALERT {alert}: {detail}"),
        Fact::NoteAdded { text } => format!("note: {text}"),
        Fact::RunForgotten { reason } if reason.is_empty() => "forgotten: plans learn nothing from it".to_owned(),
        Fact::RunForgotten { reason } => format!("forgotten, plans learn nothing from it: {reason}"),
    })
}

/// One line of JSON in which every character that could move a cursor or hide another is escaped.
pub fn json(value: &impl serde::Serialize) -> String {
    let plain = serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"error\":\"{}\"}}", error.to_string().replace('"', "'")));
    if plain.is_ascii() && !plain.contains('\u{7f}') {
        return plain;
    }
    let mut out = String::with_capacity(plain.len() + 16);
    for character in plain.chars() {
        let mut shown = [0; 4];
        let is_safe = character.is_ascii() || text::safe(character.encode_utf8(&mut shown)) == *character.encode_utf8(&mut [0; 4]);
        if is_safe && character != '\u{7f}' {
            out.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(out, "\\u{unit:04x}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_every_value_and_obeys_none() {
        let odd = "a\u{1b}[31m \u{9b}2J \u{202e}x \u{e0041} \u{7f} ü 日 \u{200b}";
        let line = json(&odd);
        assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), odd);
        for bad in ['\u{1b}', '\u{9b}', '\u{202e}', '\u{7f}', '\u{200b}', '\u{e0041}'] {
            assert!(!line.contains(bad), "{bad:?}");
        }
        assert!(line.contains('ü') && line.contains('日'));
    }
}
