//! Ends a running job: its own step runner is told, so that it ends with all that it started, and says so.

use std::time::{Duration, Instant};

use serde_json::json;

use super::call::{Call, Done, not_done};
use crate::model::failure::FailureClass;
use crate::model::step_state::StopWhy;
use crate::service::attempt::Runner;
use crate::service::builtin::job::{self, Job};
use crate::service::builtin::param::{broke, text};
use crate::service::runner::claim::Claim;
use crate::service::runner::record;
use crate::spool::Spools;

/// Beyond the job's own grace between TERM and KILL.
const MORE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

pub fn cancel(call: &mut Call<'_>) -> Done {
    let name = text(call.params, "job")?;
    let jobs = job::of(call.state_dir, &name)?;
    if jobs.is_empty() {
        return Err(not_done(format!("no run has a job {name}")));
    }
    let running: Vec<&Job> = jobs.iter().filter(|job| job.is_running()).collect();
    let mut cancelled = Vec::new();
    for job in running {
        if end(call, job)? {
            cancelled.push(json!({ "run": job.run, "step": job.step, "job": job.name }));
        }
    }
    Ok(json!({ "cancelled": cancelled }))
}

/// `false`: it had ended by itself.
fn end(call: &mut Call<'_>, job: &Job) -> Result<bool, crate::model::failure::Failure> {
    let trouble = |what: &str| broke(FailureClass::Resource, format!("end {} of run {}: {what}", job.name, job.run));
    let dir = Spools::new(call.state_dir.join("runs")).attempt_dir(&job.run, &job.step, job.attempt);
    let claim = Claim::read(&dir).map_err(|error| trouble(&error.to_string()))?;
    let Some(runner) = claim.as_ref().and_then(Runner::adopt) else { return Ok(false) };
    let grace = call.start.grace_ms;
    runner.stop(&dir, StopWhy::Cancel, grace).map_err(|error| trouble(&error.to_string()))?;
    call.say(&format!("told {} of run {} to end", job.name, job.run));
    let deadline = Instant::now() + Duration::from_millis(grace.0) + MORE;
    while !dir.join(record::FILE).exists() {
        if Instant::now() > deadline {
            return Err(trouble("it goes on"));
        }
        std::thread::sleep(PAUSE);
    }
    Ok(true)
}
