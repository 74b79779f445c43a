//! An exit record -> the outcome of an attempt, with its typed result, verdict and certainty.
//!
//! Pure: the same record means the same to the engine that started it and to the one that found it.

use serde_json::{Value, json};

use super::owned::{self, call::Told};
use super::runner::record::{Ended, Stdout};
use super::{reading, verdict};
use crate::model::action::Action;
use crate::model::catalogue::OutputFormat;
use crate::model::command::AttemptOutcome;
use crate::model::effect::Start;
use crate::model::failure::{Certainty, ExitFacts, Failure, FailureClass, SpoolFacts};
use crate::model::plan::StepKind;
use crate::model::verdict::{Health, Verdict};
use crate::text;

/// Longest detail and error tail, in bytes.
const TEXT_CAP: usize = 4 << 10;
/// More than `{"text":"","cut":true}` takes.
const TEXT_FRAME: u64 = 32;

pub fn failure(certainty: Certainty, class: FailureClass, detail: impl AsRef<str>) -> Failure {
    Failure { certainty, class, detail: keep_start(text::safe(detail.as_ref())), retry_after: None }
}

pub fn failed(certainty: Certainty, class: FailureClass, detail: impl AsRef<str>) -> AttemptOutcome {
    AttemptOutcome::Failed { failure: failure(certainty, class, detail), exit: None, spool: None, error_tail: String::new() }
}

pub fn not_started(class: FailureClass, detail: impl AsRef<str>) -> AttemptOutcome {
    failed(Certainty::NotStarted, class, detail)
}

pub fn of_record(start: &Start, ended: Ended) -> AttemptOutcome {
    match ended {
        Ended::NotStarted { class, detail } => not_started(class, detail),
        Ended::Ran { exit, spool, error_tail, unsure: Some(detail), .. } => {
            let failure = failure(Certainty::Unknown, FailureClass::Unknown, detail);
            AttemptOutcome::Failed { failure, exit: Some(exit), spool: Some(spool), error_tail: keep_end(&text::safe_block(&error_tail)) }
        }
        Ended::Ran { exit, spool, stdout, mut error_tail, spool_error, unsure: None } => {
            let not_kept = spool_error.unwrap_or_default();
            if !not_kept.is_empty() {
                error_tail += "\n(part of the output was not kept: ";
                error_tail += &not_kept;
                error_tail += ")";
            }
            of_exit(start, exit, (spool, &stdout, &not_kept), &error_tail)
        }
    }
}

/// `not_kept`: why part of what it wrote is missing.
fn of_exit(start: &Start, exit: ExitFacts, (spool, stdout, not_kept): (SpoolFacts, &Stdout, &str), error_tail: &str) -> AttemptOutcome {
    if let Some(verdict) = no_by_status(start, &exit) {
        let result = fitting(&stdout.text, stdout.cut, start.result_cap.saturating_sub(TEXT_FRAME));
        return AttemptOutcome::Succeeded { result, verdict: Some(verdict), exit: Some(exit), spool: Some(spool) };
    }
    let judged = match bad_exit(&exit).map(|failure| unsure(&start.action, &exit, failure)) {
        Some(failure) => Err(told(&start.action, &exit, stdout).unwrap_or(failure)),
        None => result_of(&start.action, (stdout, not_kept), start.result_cap).and_then(|result| judge(start, result)),
    };
    match judged {
        Ok((result, verdict)) => AttemptOutcome::Succeeded { result, verdict, exit: Some(exit), spool: Some(spool) },
        Err(failure) => {
            let error_tail = keep_end(&text::safe_block(error_tail));
            AttemptOutcome::Failed { failure, exit: Some(exit), spool: Some(spool), error_tail }
        }
    }
}

/// For results that never were bytes of a process.
pub fn of_result(start: &Start, result: Value) -> AttemptOutcome {
    let size = result.to_string().len() as u64;
    let judged = if size > start.result_cap { Err(too_large(start.result_cap)) } else { judge(start, result) };
    match judged {
        Ok((result, verdict)) => AttemptOutcome::Succeeded { result, verdict, exit: None, spool: None },
        Err(failure) => AttemptOutcome::Failed { failure, exit: None, spool: None, error_tail: String::new() },
    }
}

/// A validation fails by its verdict, a decision answers by it; any other step only carries it.
fn judge(start: &Start, result: Value) -> Result<(Value, Option<Verdict>), Failure> {
    let verdict = verdict::judge(&start.thresholds, &result);
    match (verdict, start.kind) {
        (Some(Verdict { health: Health::Failing, reasons, .. }), StepKind::Validation) => {
            Err(known(format!("validation failed: {}", reasons.join("; "))))
        }
        (Some(verdict), StepKind::Decision) => {
            let answer = Some(verdict.health != Health::Failing);
            Ok((result, Some(Verdict { answer, ..verdict })))
        }
        (None, StepKind::Decision) if start.thresholds.is_empty() && answers_by_status(&start.action) => {
            let reasons = vec!["exit status 0".to_owned()];
            Ok((result, Some(Verdict { health: Health::Healthy, reasons, answer: Some(true) })))
        }
        (None, StepKind::Decision) => Err(known("it found nothing that a threshold judges, so it answers neither yes nor no".to_owned())),
        (verdict, StepKind::Validation | StepKind::Action | StepKind::Recovery | StepKind::Monitoring) => Ok((result, verdict)),
    }
}

fn known(detail: String) -> Failure {
    failure(Certainty::FailedKnown, FailureClass::Permanent, detail)
}

/// As with `test(1)` and `grep(1)`: 0 is a yes, 1 a no, and anything else no answer.
fn answers_by_status(action: &Action) -> bool {
    matches!(action, Action::Command { .. } | Action::Ssh { .. })
}

/// The no of a decision that has no thresholds.
fn no_by_status(start: &Start, exit: &ExitFacts) -> Option<Verdict> {
    let is_no = start.kind == StepKind::Decision && start.thresholds.is_empty() && answers_by_status(&start.action);
    let came_to_its_end = exit.cut.is_none() && exit.left_over == 0 && exit.code == Some(1);
    (is_no && came_to_its_end).then(|| Verdict { health: Health::Failing, reasons: vec!["exit status 1".to_owned()], answer: Some(false) })
}

fn bad_exit(exit: &ExitFacts) -> Option<Failure> {
    if exit.left_over > 0 {
        let detail = format!("{} of its processes could not be ended", exit.left_over);
        return Some(failure(Certainty::Unknown, FailureClass::Unknown, detail));
    }
    let (class, detail) = match (exit.cut.as_deref(), exit.code, exit.signal) {
        (Some("stop"), ..) => (FailureClass::Permanent, "stopped by request".to_owned()),
        (Some(limit), ..) => (FailureClass::Timeout, format!("ended by its {limit} limit after {}", exit.wall_ms)),
        (None, Some(0), _) => return None,
        (None, Some(code), _) => (class_of(code), format!("exit status {code}")),
        (None, None, Some(signal)) => (FailureClass::Unknown, format!("ended by signal {signal}")),
        (None, None, None) => return Some(failure(Certainty::Unknown, FailureClass::Unknown, "how it ended was not seen")),
    };
    Some(failure(Certainty::FailedKnown, class, detail))
}

/// A request that was cut short may have reached the other side.
fn unsure(action: &Action, exit: &ExitFacts, failure: Failure) -> Failure {
    let is_cut = exit.cut.is_some() || exit.signal.is_some();
    if is_cut && owned::acts_elsewhere(action) { Failure { certainty: Certainty::Unknown, ..failure } } else { failure }
}

/// An owned builtin that came to its own end knows best what is known of its effect.
fn told(action: &Action, exit: &ExitFacts, stdout: &Stdout) -> Option<Failure> {
    let own_end = action.is_builtin() && exit.cut.is_none() && exit.code == Some(1) && exit.left_over == 0 && !stdout.cut;
    let Told { failure: it } = own_end.then(|| serde_json::from_str(stdout.text.trim()).ok()).flatten()?;
    Some(Failure { retry_after: it.retry_after, ..failure(it.certainty, it.class, it.detail) })
}

/// Only what is a convention: `timeout(1)`, the shell's own codes, `sysexits.h`.
fn class_of(code: i32) -> FailureClass {
    match code {
        69 => FailureClass::DependencyDown,
        71 | 74 => FailureClass::Resource,
        75 => FailureClass::Transient,
        77 => FailureClass::Auth,
        64 | 78 | 126 | 127 => FailureClass::Config,
        124 => FailureClass::Timeout,
        _ => FailureClass::Unknown,
    }
}

fn result_of(action: &Action, (stdout, not_kept): (&Stdout, &str), cap: u64) -> Result<Value, Failure> {
    let format = match action {
        Action::Command { output, .. } | Action::Ssh { output, .. } => *output,
        Action::Builtin { .. } => OutputFormat::Json,
        Action::Unbound { .. } => OutputFormat::None,
    };
    match format {
        OutputFormat::None => Ok(Value::Null),
        OutputFormat::Text => Ok(fitting(&stdout.text, stdout.cut, cap.saturating_sub(TEXT_FRAME))),
        OutputFormat::Json | OutputFormat::Reading if stdout.lost => Err(lost(not_kept)),
        OutputFormat::Json | OutputFormat::Reading if stdout.cut => Err(too_large(cap)),
        OutputFormat::Reading => reading::read(&stdout.text),
        OutputFormat::Json if stdout.lossy => Err(unreadable("it is not UTF-8")),
        OutputFormat::Json => serde_json::from_str(&stdout.text).map_err(|error| unreadable(error.to_string())),
    }
}

/// What a step said is never a reason to call it failed: its start is the result, the spool has all of it.
fn fitting(text: &str, mut cut: bool, cap: u64) -> Value {
    let mut text = text;
    loop {
        let value = if cut { json!({ "text": text, "cut": true }) } else { json!({ "text": text }) };
        let over = (value.to_string().len() as u64).saturating_sub(cap);
        if over == 0 || text.is_empty() {
            return value;
        }
        cut = true;
        let keep = text.len().saturating_sub(usize::try_from(over).unwrap_or(usize::MAX));
        text = &text[..text.floor_char_boundary(keep)];
    }
}

fn too_large(cap: u64) -> Failure {
    failure(Certainty::FailedKnown, FailureClass::Permanent, format!("result_too_large: it is larger than {cap} bytes"))
}

/// It ended well, and what it had to say did not come.
fn lost(why: &str) -> Failure {
    failure(Certainty::FailedKnown, FailureClass::Transient, format!("result_lost: it ended with status 0, but {why}"))
}

fn unreadable(why: impl AsRef<str>) -> Failure {
    let detail = format!("result_unreadable: standard output is not one JSON value: {}", why.as_ref());
    failure(Certainty::FailedKnown, FailureClass::Permanent, detail)
}

fn keep_start(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(TEXT_CAP));
    text
}

fn keep_end(text: &str) -> String {
    let from = text.len().saturating_sub(TEXT_CAP);
    text[text.ceil_char_boundary(from)..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chatty_step_is_no_failed_step() {
        for text in ["line\n".repeat(100), "\u{7}".repeat(300), "ü".repeat(400), String::new(), "x".repeat(180)] {
            let value = fitting(&text, false, 200);
            assert!(value.to_string().len() <= 200, "{value}");
            let kept = value["text"].as_str().unwrap();
            assert!(text.starts_with(kept) && (value["cut"] == true) == (kept.len() < text.len()), "{value}");
        }
    }
}
