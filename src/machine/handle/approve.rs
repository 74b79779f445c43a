//! Yes to a plan or to one gate, by the digest that was shown. Single use.

use super::super::turn::{Draft, Handled};
use super::{place, too_late, unfinished};
use crate::model::command::{Consent, Refusal, RefusalCode};
use crate::model::digest::Digest;
use crate::model::event::Fact;
use crate::model::ids::{RunId, StepId, StepIx};
use crate::model::state::{OpenQuestion, State};

pub(super) fn handle(state: &State, run: &RunId, step: Option<&StepId>, digest: &Digest) -> Result<Handled, Refusal> {
    let (workflow, graph) = unfinished(state, run)?;
    let ix: Option<StepIx> = step.map(|step| place(graph, run, step)).transpose()?;
    let waits = |question: &&OpenQuestion| question.step == ix && question.digest.is_some();
    let Some(open) = workflow.questions.values().find(waits) else {
        let what = step.map_or_else(|| format!("run {run}"), |step| format!("step {step}"));
        return Err(too_late(workflow, format!("{what} waits for no approval")));
    };
    if open.digest != Some(*digest) {
        let shown = open.digest.map(|it| it.short()).unwrap_or_default();
        let why = format!("what waits is {shown}, not {}; look at it again", digest.short());
        return Err(Refusal { code: RefusalCode::Stale, ..too_late(workflow, why) });
    }
    let request = Some(open.question.request.clone());
    let approved = Fact::Approved { request, digest: *digest, consent: Consent::Shown { digest: *digest } };
    Ok(Handled::of(match ix {
        Some(ix) => vec![Draft::step(run, ix, approved)],
        None => vec![Draft::run(run, approved), Draft::run(run, Fact::WorkflowStarted {})],
    }))
}
