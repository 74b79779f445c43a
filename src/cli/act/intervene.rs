//! approve, reject, retry, skip, done, pause, cancel, rollback: one command each, by a running engine or recorded without one.

use super::run::refused;
use super::{Trouble, ask, find, weigh};
use crate::cli::exit::Exit;
use crate::cli::lines;
use crate::cli::out::Out;
use crate::cli::session::{Heard, Place, Session};
use crate::engine::handle::Reply;
use crate::model::command::{Command, StepRef};
use crate::model::digest::Digest;
use crate::model::ids::StepId;
use crate::model::state::{OpenQuestion, State, Workflow};
use crate::store::Inventory;
use crate::text;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    Approve,
    Reject,
    Retry,
    Skip,
    Done,
    Pause,
    Cancel,
    Rollback,
    TakeBack,
    Freeze,
    Thaw,
    Note,
    Forget,
}

#[derive(Clone, Debug, Default)]
pub struct Words<'a> {
    /// Or the target of a freeze.
    pub run: &'a str,
    pub step: Option<&'a str>,
    pub digest: Option<&'a str>,
    /// Reason or evidence.
    pub text: &'a str,
    pub now: bool,
    /// The consequences need no yes.
    pub sure: bool,
}

pub async fn intervene(place: &Place, out: &Out, verb: Verb, words: &Words<'_>) -> Result<Exit, Trouble> {
    let state = find::state(&place.state_dir)?;
    if !weigh::weigh(&state, verb, words, out)? {
        return Ok(Exit::Waits);
    }
    if verb == Verb::Freeze && !is_known(place, &state, words.run) {
        let target = text::safe(words.run);
        out.note(&format!(
            "{target} is no asset of the inventory and no target of any run: frozen as typed; `ouioe thaw {target}` ends it"
        ));
    }
    let command = match (verb, words.digest) {
        (Verb::Approve, None) => match look_and_ask(&state, words, out)? {
            Some(command) => command,
            None => return Ok(Exit::Waits),
        },
        _ => command(&state, verb, words)?,
    };
    tell(place, out, command).await
}

/// The inventory or a run names it.
fn is_known(place: &Place, state: &State, target: &str) -> bool {
    let of_run = |run: &Workflow| run.graph().is_some_and(|graph| graph.places().any(|ix| graph.step(ix).target() == Some(target)));
    Inventory::at(&place.state_dir).get(target).is_ok() || state.runs.values().any(of_run)
}

/// Sends it and says what became of it.
pub async fn tell(place: &Place, out: &Out, command: Command) -> Result<Exit, Trouble> {
    let forgets = matches!(command, Command::Forget { .. });
    let (reply, heard) = Session::tell(place, command).await?;
    let Reply::Accepted { seq, run } = &reply else { return Ok(refused(&reply, out)) };
    if out.json {
        out.result(&lines::json(&serde_json::json!({"accepted": seq, "run": run, "recorded_only": heard == Heard::Recorded})));
    }
    match heard {
        // Needs no engine: whoever plans next reads it.
        Heard::ByEngine | Heard::Recorded if forgets => out.note(&format!("plans learn nothing from it any more (event {seq})")),
        Heard::ByEngine => out.note(&format!("accepted as event {seq}")),
        Heard::Recorded => out.note(&format!("recorded as event {seq}; no engine runs: `ouioe resume` continues")),
    }
    Ok(Exit::Done)
}

fn command(state: &State, verb: Verb, words: &Words<'_>) -> Result<Command, Trouble> {
    let reason = words.text.to_owned();
    match verb {
        Verb::Freeze => return Ok(Command::Freeze { target: words.run.to_owned(), reason }),
        Verb::Thaw => return Ok(Command::Thaw { target: words.run.to_owned() }),
        _ => {}
    }
    let workflow = find::run(state, words.run)?;
    let run = workflow.run.clone();
    let at = || -> Result<StepRef, Trouble> {
        let step = find::step(workflow, words.step)?;
        let ix = workflow.graph().and_then(|graph| graph.ix(&step));
        Ok(StepRef { run: run.clone(), expected_rev: ix.map(|ix| workflow.step(ix).rev), step })
    };
    Ok(match verb {
        Verb::Approve => {
            let (step, digest) = approval(workflow, words)?;
            Command::Approve { run, step, digest }
        }
        Verb::Reject => {
            let step = words.step.map(|step| find::step(workflow, Some(step))).transpose()?;
            Command::Reject { run, step, reason }
        }
        Verb::Retry => Command::Retry { at: at()?, reason },
        Verb::Skip => Command::Skip { at: at()?, reason },
        Verb::Done => Command::Done { at: at()?, evidence: reason },
        Verb::TakeBack => Command::TakeBack { at: at()? },
        Verb::Pause => {
            let step = words.step.map(|step| find::step(workflow, Some(step))).transpose()?;
            Command::Pause { run, step }
        }
        Verb::Freeze | Verb::Thaw | Verb::Note => Command::Note { run, text: reason },
        Verb::Forget => Command::Forget { run, reason },
        Verb::Cancel => Command::Cancel { run, now: words.now, reason },
        Verb::Rollback => Command::Rollback { run, reason },
    })
}

/// The step's gate or the whole plan, by the digest that the operator saw.
fn approval(workflow: &Workflow, words: &Words<'_>) -> Result<(Option<StepId>, Digest), Trouble> {
    let open = gate(workflow, words.step)?;
    let step = open.step.and_then(|ix| Some(workflow.graph()?.step(ix).id.clone()));
    let digest = find::digest(words.digest.unwrap_or_default(), &open.digest.unwrap_or(workflow.digest))?;
    Ok((step, digest))
}

/// What waits for a yes: the named step's gate, else the plan as a whole, else the only gate there is.
fn gate<'a>(workflow: &'a Workflow, step: Option<&str>) -> Result<&'a OpenQuestion, Trouble> {
    let ix = step.map(|step| find::step(workflow, Some(step))).transpose()?.and_then(|step| workflow.graph()?.ix(&step));
    let mut gates = workflow.questions.values().filter(|open| open.digest.is_some());
    let nothing = |what: &str| Trouble::new(Exit::Refused, format!("{what}; `ouioe show {}` tells how it stands", workflow.run));
    if ix.is_some() {
        return gates.find(|open| open.step == ix).ok_or_else(|| nothing("that step does not wait for an approval"));
    }
    if let Some(whole) = gates.clone().find(|open| open.step.is_none()) {
        return Ok(whole);
    }
    match (gates.next(), gates.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err(nothing("several steps wait for an approval: name one")),
        (None, _) => Err(nothing(&format!("nothing of run {} waits for an approval", workflow.run))),
    }
}

/// Shows what waits and takes a yes from the person at the terminal; `None`: they leave it waiting.
fn look_and_ask(state: &State, words: &Words<'_>, out: &Out) -> Result<Option<Command>, Trouble> {
    let workflow = find::run(state, words.run)?;
    let open = gate(workflow, words.step)?;
    out.note(&ask::page(workflow, open));
    if !out.is_interactive() {
        let digest = open.digest.unwrap_or(workflow.digest).short();
        let what = format!("nobody is there to ask; say that you saw it with `--digest {digest}`");
        return Err(Trouble::new(Exit::Usage, what));
    }
    let mut prompt = ask::prompt(workflow, open);
    loop {
        let Some(line) = out.ask(&prompt) else { return Ok(None) };
        match ask::answer(workflow, open, line.trim()) {
            Ok(command) => return Ok(command),
            Err(again) => prompt = format!("{again}\n{}", ask::prompt(workflow, open)),
        }
    }
}
