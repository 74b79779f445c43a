//! Runs, newest last, one line each.

use serde_json::json;

use super::Trouble;
use super::find;
use crate::cli::exit::Exit;
use crate::cli::lines;
use crate::cli::out::Out;
use crate::cli::session::Place;
use crate::model::state::{State, Workflow};
use crate::text;

pub fn runs(place: &Place, out: &Out, unfinished: bool) -> Result<Exit, Trouble> {
    let state = find::state(&place.state_dir)?;
    let mut runs: Vec<&Workflow> = state.runs.values().filter(|run| !unfinished || !run.state.is_finished()).collect();
    runs.sort_by_key(|run| run.order);
    if runs.is_empty() {
        out.note("no runs yet; `ouioe run \"complete system health check\"` makes one");
    }
    if out.json {
        for run in runs {
            out.result(&lines::json(&summary(run)));
        }
        return Ok(Exit::Done);
    }
    for line in frozen(&state) {
        out.note(&line);
    }
    let open = runs.iter().filter(|run| !run.state.is_finished()).count();
    for line in table(&runs) {
        out.result(&line);
    }
    if open > 0 {
        out.note(&format!("{open} unfinished (>), `!` waits for you: `ouioe show RUN` says what to type, `ouioe resume` goes on"));
    }
    Ok(Exit::Done)
}

/// One line a frozen target: what keeps steps of any run from starting.
pub fn frozen(state: &State) -> Vec<String> {
    let line = |(target, reason): (&String, &String)| {
        let because = if reason.is_empty() { String::new() } else { format!(" ({})", text::safe(reason)) };
        let held = state.queues.frozen.get(target).map_or(0, std::collections::BTreeSet::len);
        let held = if held > 0 { format!(", {held} queued for it") } else { String::new() };
        let target = text::safe(target);
        format!("{target} is frozen{because}{held}; `ouioe thaw {target}` ends it")
    };
    state.frozen.iter().map(line).collect()
}

/// Columns as wide as what stands in them; the title takes what is left of 80.
fn table(runs: &[&Workflow]) -> Vec<String> {
    let cells: Vec<[String; 3]> =
        runs.iter().map(|run| [run.run.to_string(), state(run), format!("{}/{}", run.counts.settled, run.steps.len())]).collect();
    let wide = |column: usize| cells.iter().map(|row| text::width(&row[column])).max().unwrap_or(0);
    let (id, state, steps) = (wide(0), wide(1), wide(2));
    let title = 80_usize.saturating_sub(2 + id + 2 + 17 + 2 + state + 2 + steps + 2).max(24);
    let line = |run: &&Workflow, row: &[String; 3]| {
        let mark = match (run.state.is_finished(), run.waits_for_person()) {
            (true, _) => ' ',
            (false, true) => '!',
            (false, false) => '>',
        };
        let at = lines::moment(run.submitted);
        let at = at.get(..16).unwrap_or(&at);
        let [run_id, word, done] = row;
        format!("{mark} {run_id:id$}  {at}Z  {word:state$}  {done:>steps$}  {}", text::clip(&text::safe(&run.title), title))
    };
    runs.iter().zip(&cells).map(|(run, row)| line(run, row)).collect()
}

fn state(run: &Workflow) -> String {
    let verdict = run.verdict.map(|health| format!(", {}", health.as_str())).unwrap_or_default();
    format!("{}{verdict}", word(run))
}

/// The state with what a person must know beside it.
pub fn word(run: &Workflow) -> String {
    if run.parked {
        return format!("{}, parked", shown(run));
    }
    shown(run)
}

fn shown(run: &Workflow) -> String {
    run.shown().word().replace('_', " ")
}

pub fn summary(run: &Workflow) -> serde_json::Value {
    json!({
        "run": run.run, "title": run.title, "intent": run.intent.text, "state": run.shown().word(), "parked": run.parked,
        "waits": run.waits_for_person(), "settled": run.counts.settled, "steps": run.steps.len(), "digest": run.digest,
        "submitted": run.submitted, "started": run.started, "finished": run.finished, "verdict": run.verdict,
        "actor": run.intent.actor, "questions": run.questions.len(),
    })
}
