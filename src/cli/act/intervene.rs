//! approve, reject, retry, skip, done, pause, cancel, rollback: one command each, by a running engine or recorded without one.

use super::run::refused;
use super::{Trouble, find};
use crate::cli::exit::Exit;
use crate::cli::lines;
use crate::cli::out::Out;
use crate::cli::session::{Heard, Place, Session};
use crate::engine::handle::Reply;
use crate::model::command::{Command, StepRef};
use crate::model::digest::Digest;
use crate::model::ids::StepIx;
use crate::model::state::{State, Workflow};

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
}

#[derive(Clone, Debug, Default)]
pub struct Words<'a> {
    pub run: &'a str,
    pub step: Option<&'a str>,
    pub digest: Option<&'a str>,
    /// Reason or evidence.
    pub text: &'a str,
    pub now: bool,
}

pub async fn intervene(place: &Place, out: &Out, verb: Verb, words: &Words<'_>) -> Result<Exit, Trouble> {
    let state = find::state(&place.state_dir)?;
    let command = command(&state, verb, words)?;
    let (reply, heard) = Session::tell(place, command).await?;
    let Reply::Accepted { seq, run } = &reply else { return Ok(refused(&reply, out)) };
    if out.json {
        out.result(&lines::json(&serde_json::json!({"accepted": seq, "run": run, "recorded_only": heard == Heard::Recorded})));
    }
    match heard {
        Heard::ByEngine => out.note(&format!("accepted as event {seq}")),
        Heard::Recorded => out.note(&format!("recorded as event {seq}; no engine runs: `ouioe resume` continues")),
    }
    Ok(Exit::Done)
}

fn command(state: &State, verb: Verb, words: &Words<'_>) -> Result<Command, Trouble> {
    let workflow = find::run(state, words.run)?;
    let run = workflow.run.clone();
    let reason = words.text.to_owned();
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
        Verb::Pause => Command::Pause { run },
        Verb::Cancel => Command::Cancel { run, now: words.now, reason },
        Verb::Rollback => Command::Rollback { run, reason },
    })
}

/// The step's gate or the whole plan, by the digest that the operator saw.
fn approval(workflow: &Workflow, words: &Words<'_>) -> Result<(Option<crate::model::ids::StepId>, Digest), Trouble> {
    let step = words.step.map(|step| find::step(workflow, Some(step))).transpose()?;
    let ix: Option<StepIx> = step.as_ref().and_then(|step| workflow.graph()?.ix(step));
    let open = workflow.questions.values().find(|open| open.step == ix && open.digest.is_some());
    let actual = open.and_then(|open| open.digest).unwrap_or(workflow.digest);
    let Some(typed) = words.digest else {
        let what = format!("say what you saw: `--digest {}` (`ouioe show {}` shows what it stands for)", "DIGEST", workflow.run);
        return Err(Trouble::new(Exit::Usage, what));
    };
    Ok((step, find::digest(typed, &actual)?))
}
