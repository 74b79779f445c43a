//! Event -> one line for people; event -> one line of JSON that no terminal obeys.

use std::fmt::Write as _;

use crate::model::event::{Event, Fact};
use crate::text;

/// `None`: of no use to somebody who watches a run.
pub fn human(event: &Event) -> Option<String> {
    let what = what(&event.fact)?;
    let at = event.at.to_string();
    let clock = at.get(11..19).unwrap_or(&at);
    let step = event.step.as_ref().map_or_else(String::new, |step| format!(" {}", text::safe(step.as_str())));
    Some(format!("{clock}{step} {}", text::safe(&what)))
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
        Fact::PlanProposed { title, steps, .. } => format!("plan \"{title}\", {steps} steps"),
        Fact::ApprovalRequested { why, digest, .. } => format!("waits for approval of {}: {why}", digest.short()),
        Fact::Approved { digest, .. } => format!("approved {}", digest.short()),
        Fact::Rejected { reason, .. } => format!("rejected: {reason}"),
        Fact::WorkflowStarted {} => "started".to_owned(),
        Fact::WorkflowPaused {} => "paused: nothing new starts".to_owned(),
        Fact::WorkflowResumed {} => "resumed".to_owned(),
        Fact::WorkflowCancelling { compensate: true, .. } => "cancelling, then rolling back".to_owned(),
        Fact::WorkflowCancelling { .. } => "cancelling".to_owned(),
        Fact::WorkflowFinished { state, verdict, .. } => match verdict {
            Some(health) => format!("{}; verdict {}", state.word(), health.as_str()),
            None => state.word().to_owned(),
        },
        Fact::StepQueued { queued } => format!("queued ({queued:?})"),
        Fact::StepHeld { until, .. } => format!("held until {until}"),
        Fact::StepStarted { .. } => "running".to_owned(),
        Fact::StepRecovering { pid } => format!("still running as process {pid}: taken up again"),
        Fact::StepRequeued { why, .. } => format!("again: {why}"),
        Fact::StepSucceeded { verdict, .. } => match verdict {
            Some(verdict) if verdict.reasons.is_empty() => format!("succeeded, {}", verdict.health.as_str()),
            Some(verdict) => format!("succeeded, {}: {}", verdict.health.as_str(), verdict.reasons.join("; ")),
            None => "succeeded".to_owned(),
        },
        Fact::StepFailed { failure, .. } => format!("failed ({:?}): {}", failure.class, failure.detail),
        Fact::OutcomeUnknown { detail } => format!("OUTCOME UNKNOWN: {detail}"),
        Fact::LateResult { detail, .. } => format!("late result: {detail}"),
        Fact::BackoffStarted { until, .. } => format!("waits until {until} for the next try"),
        Fact::DecisionRequested { question } => format!("WAITS FOR A DECISION: {}", question.why),
        Fact::DecisionMade { choice, reason, .. } => format!("decided: {choice} ({reason})"),
        Fact::AdaptationChosen { strategy, reasons, .. } => format!("adaptation: {strategy} {}", reasons.join("; ")),
        Fact::StepSkipped { reason, .. } => format!("skipped: {reason}"),
        Fact::StepDoneByHand { evidence } => format!("done by hand: {evidence}"),
        Fact::StepStopping { .. } => "stopping".to_owned(),
        Fact::StepCancelled {} => "cancelled".to_owned(),
        Fact::CompensationFinished { detail, .. } => detail.clone(),
        Fact::TargetFrozen { target, reason } => format!("{target} is frozen: {reason}"),
        Fact::TargetThawed { target } => format!("{target} is thawed"),
        Fact::AlertRaised { alert, detail } => format!("ALERT {alert}: {detail}"),
        Fact::NoteAdded { text } => format!("note: {text}"),
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
