//! Jobs as the journal knows them: every step that ran one, newest first.

use std::path::Path;

use serde_json::{Value, json};

use super::param::{broke, text};
use super::registry::{Answer, Params, World};
use crate::journal::{JournalError, Reader};
use crate::machine::apply;
use crate::model::failure::{Failure, FailureClass};
use crate::model::ids::{AttemptNo, RunId, StepId, StepIx};
use crate::model::state::{StepRecord, Workflow};
use crate::model::step_state::StepState;

const OPERATION: &str = "automation.run_job";
/// Jobs that a result names.
const NAMED: usize = 20;

pub struct Job {
    pub name: String,
    pub run: RunId,
    pub step: StepId,
    pub attempt: AttemptNo,
    record: StepRecord,
}

impl Job {
    pub fn is_running(&self) -> bool {
        matches!(self.record.state, StepState::Running | StepState::Recovering | StepState::Stopping { .. })
    }

    fn json(&self) -> Value {
        let last = self.record.last.as_ref();
        json!({
            "job": self.name, "run": self.run, "step": self.step, "attempt": self.attempt, "state": self.record.state.word(),
            "started": last.map(|attempt| attempt.started), "ended": last.and_then(|attempt| attempt.ended),
            "exit_status": last.and_then(|attempt| attempt.exit.as_ref()?.code),
            "failure": last.and_then(|attempt| attempt.failure.as_ref()).map(|failure| failure.detail.clone()),
        })
    }
}

pub fn status(params: &Params, world: &World) -> Answer {
    let name = text(params, "job")?;
    let jobs = of(&world.state_dir, &name)?;
    let Some(newest) = jobs.first() else {
        return Err(broke(FailureClass::Permanent, format!("no run has a job {name}")));
    };
    let all: Vec<Value> = jobs.iter().take(NAMED).map(Job::json).collect();
    Ok(json!({ "status": newest.json(), "running": jobs.iter().filter(|job| job.is_running()).count(), "jobs": all }))
}

/// By the name of a job or of a run.
pub fn of(state_dir: &Path, name: &str) -> Result<Vec<Job>, Failure> {
    let state = match Reader::open(state_dir).and_then(|reader| reader.state(apply)) {
        Ok(state) => state,
        Err(JournalError::Missing { .. }) => return Ok(Vec::new()),
        Err(error) => return Err(broke(FailureClass::Resource, format!("could not {error}"))),
    };
    let mut runs: Vec<&Workflow> = state.runs.values().collect();
    runs.sort_by_key(|run| std::cmp::Reverse(run.order));
    Ok(runs.into_iter().flat_map(|run| jobs_in(run, name)).collect())
}

fn jobs_in(run: &Workflow, name: &str) -> Vec<Job> {
    let Some(graph) = run.graph() else { return Vec::new() };
    let steps = graph.plan.steps.iter().zip(0..).filter(|(step, _)| step.operation == OPERATION);
    let named = steps.filter_map(|(step, ix)| Some((step.params.get("job")?.as_str()?.to_owned(), &step.id, StepIx(ix))));
    let wanted = named.filter(|(job, ..)| job == name || run.run.as_str() == name);
    let job = |(name, step, ix): (String, &StepId, StepIx)| {
        let record = run.step(ix).clone();
        Job { name, run: run.run.clone(), step: step.clone(), attempt: record.attempt, record }
    };
    wanted.map(job).collect()
}
