//! Runs, newest last, one line each.

use serde_json::json;

use super::Trouble;
use super::find;
use crate::cli::exit::Exit;
use crate::cli::lines;
use crate::cli::out::Out;
use crate::cli::session::Place;
use crate::model::state::Workflow;
use crate::text;

pub fn runs(place: &Place, out: &Out, unfinished: bool) -> Result<Exit, Trouble> {
    let state = find::state(&place.state_dir)?;
    let mut runs: Vec<&Workflow> = state.runs.values().filter(|run| !unfinished || !run.state.is_finished()).collect();
    runs.sort_by_key(|run| run.order);
    if runs.is_empty() {
        out.note("no runs yet; `ouioe run \"complete system health check\"` makes one");
    }
    for run in runs {
        if out.json {
            out.result(&lines::json(&summary(run)));
        } else {
            let at = run.submitted.to_string();
            let words = (word(run), format!("{}/{}", run.counts.settled, run.steps.len()));
            out.result(&format!(
                "{:8} {} {:24} {:>9}  {}",
                run.run,
                at.get(..16).unwrap_or(&at).replace('T', " "),
                words.0,
                words.1,
                text::clip(&text::safe(&run.title), 60)
            ));
        }
    }
    Ok(Exit::Done)
}

/// The state with what a person must know beside it.
pub fn word(run: &Workflow) -> String {
    if run.parked {
        return format!("{} (parked: no engine)", run.shown().word());
    }
    if run.waits_for_person() {
        return format!("{} (waits for you)", run.shown().word());
    }
    run.shown().word().to_owned()
}

pub fn summary(run: &Workflow) -> serde_json::Value {
    json!({
        "run": run.run, "title": run.title, "intent": run.intent.text, "state": run.shown().word(), "parked": run.parked,
        "waits": run.waits_for_person(), "settled": run.counts.settled, "steps": run.steps.len(), "digest": run.digest,
        "submitted": run.submitted, "started": run.started, "finished": run.finished, "verdict": run.verdict,
        "actor": run.intent.actor, "questions": run.questions.len(),
    })
}
