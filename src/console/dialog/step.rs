//! What may be done about one step: after a failure, with an unknown outcome, or before it ran.

use crate::model::command::{Command, StepRef};
use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::plan::Step;
use crate::model::state::{StepRecord, Workflow};
use crate::model::step_state::StepState;
use crate::text;

use super::super::action;
use super::super::app::App;
use super::super::phrase;
use super::super::theme::Role;
use super::approve::{about, effort, title, touches};
use super::{Basis, Choice, Dialog, Does, Effort, Part, losses};

/// Lines of the error's end that are shown.
const TAIL: usize = 6;

/// `None`: nothing may be done about a step in this state.
pub fn for_step(app: &App, workflow: &Workflow, ix: StepIx) -> Option<Dialog> {
    let graph = workflow.graph()?;
    let (step, record) = (graph.step(ix), workflow.steps.get(ix.at())?);
    let lost = losses(workflow, graph, ix);
    let mut choices = choices(workflow, step, record, &lost);
    if choices.is_empty() {
        return None;
    }
    choices.push(Choice::close("nothing is lost, it goes on waiting"));
    let open = workflow.questions.values().find(|open| open.step == Some(ix));
    let basis = Basis::Step { run: workflow.run.clone(), ix, rev: record.rev };
    let what = format!("run {}   step rev {}   digest {}", text::safe(workflow.run.as_str()), record.rev, step.digest.short());
    let about = open.map_or_else(|| what.clone(), |open| about(app, open, &what));
    let head = match &record.state {
        StepState::OutcomeUnknown => "Outcome unknown:",
        StepState::AwaitingDecision { .. } => "Decide on",
        _ => "Step",
    };
    Some(Dialog::new(title(head, step.id.as_str()), parts(graph, step, record, &lost), choices, about, basis, app))
}

fn parts(graph: &Graph, step: &Step, record: &StepRecord, lost: &[StepIx]) -> Vec<Part> {
    let state =
        if record.state == StepState::OutcomeUnknown { "OUTCOME UNKNOWN".to_owned() } else { record.state.word().replace('_', " ") };
    let what = format!("`{}` {}  {state}, try {}", phrase::exact(step.id.as_str()), phrase::exact(&step.operation), record.attempt);
    let mut parts = vec![Part::new("WHAT", what)];
    if let Some(why) = why(record) {
        parts.push(Part::prose("WHY", Role::Bad, why));
    }
    if let Some(last) = &record.last {
        let tail: Vec<&str> = last.error_tail.lines().rev().take(TAIL).collect();
        if !tail.is_empty() {
            parts.push(Part::of("SAID", Role::Muted, tail.iter().rev().map(|line| phrase::exact(line))));
        }
    }
    if !lost.is_empty() {
        let names: Vec<String> = lost.iter().map(|ix| phrase::exact(graph.step(*ix).id.as_str())).collect();
        parts.push(Part::prose("LOSES", Role::Warn, format!("if skipped, these do not run: {}", names.join(", "))));
    }
    parts.push(touches(&[step]));
    // Last: a script may be longer than the screen, and what went wrong is what one came to read.
    parts.push(Part::of("RUNS", Role::Text, action::bytes(&step.action)));
    parts
}

fn why(record: &StepRecord) -> Option<String> {
    if record.state == StepState::OutcomeUnknown {
        return Some(format!("nobody knows whether it happened: {}", text::safe(&record.note)));
    }
    let failure = record.last.as_ref()?.failure.as_ref()?;
    Some(format!("{} ({})", phrase::failed(record), phrase::certainty(failure.certainty)))
}

fn choices(workflow: &Workflow, step: &Step, record: &StepRecord, lost: &[StepIx]) -> Vec<Choice> {
    let at = || StepRef { run: workflow.run.clone(), step: step.id.clone(), expected_rev: Some(record.rev) };
    let retry = || Does::Send(Command::Retry { at: at(), reason: String::new() });
    let again = effort(&[step]);
    let skip = || {
        let note = if lost.is_empty() { "nothing else is lost".to_owned() } else { format!("{} more steps will not run", lost.len()) };
        Choice::new("skip", "skip it, go on without", Does::Send(Command::Skip { at: at(), reason: String::new() }), Effort::Enter)
            .noted(note)
    };
    let done = |what: &str| {
        Choice::new("done", what, Does::Send(Command::Done { at: at(), evidence: String::new() }), Effort::Sentence)
            .noted("say how you know")
    };
    let reject = || Does::Send(Command::Reject { run: workflow.run.clone(), step: Some(step.id.clone()), reason: String::new() });
    let change = || Choice::new("change", "change parameters, then try again", Does::Change, Effort::Letter).noted("shown before it runs");
    match &record.state {
        StepState::AwaitingDecision { .. } => vec![
            Choice::new("retry", "retry now", retry(), again).noted(format!("RISK {}", phrase::risk(step))),
            change(),
            skip(),
            done("done by hand, go on"),
            Choice::new("reject", "let it fail, and the run with it", reject(), Effort::Enter),
        ],
        StepState::OutcomeUnknown => vec![
            done("it did happen, go on"),
            Choice::new("retry", "do it again, knowing that it may have happened", retry(), raised(again)).noted("may happen twice"),
            skip(),
        ],
        StepState::BackingOff { .. } => {
            vec![Choice::new("retry", "retry now, do not wait", retry(), again), skip(), done("done by hand, go on")]
        }
        StepState::Running => vec![skip()],
        StepState::Waiting | StepState::Queued { .. } | StepState::Held { .. } | StepState::AwaitingApproval { .. } => {
            vec![skip(), done("done by hand, do not run it")]
        }
        StepState::Recovering
        | StepState::Probing
        | StepState::Stopping { .. }
        | StepState::Succeeded
        | StepState::Failed
        | StepState::Skipped { .. }
        | StepState::DoneByHand
        | StepState::Compensating
        | StepState::Compensated
        | StepState::Cancelled => Vec::new(),
    }
}

/// A second time is never a matter of one letter.
fn raised(effort: Effort) -> Effort {
    match effort {
        Effort::Letter => Effort::Enter,
        Effort::Enter | Effort::Word(_) | Effort::Sentence => effort,
    }
}
