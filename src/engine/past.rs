//! Journal -> what past runs teach: remembered plans with their outcomes, durations and failures by operation.
//!
//! Built from the runs that the journal still holds, so a run that is gone or forgotten teaches nothing. Reads only what came
//! since the last look. However long the journal is, the newest 500 finished runs within 64 MiB of events count. Never writes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::journal::{Bounds, Ended, JournalError, Reader};
use crate::machine::apply;
use crate::model::effect::Role;
use crate::model::expand::without_copies;
use crate::model::ids::{JournalId, RunId, Seq};
use crate::model::plan::{Plan, PlanSource};
use crate::model::state::Workflow;
use crate::model::step_state::WorkflowState;
use crate::model::time::{Millis, Stamp};
use crate::planner::Experience;

/// Older runs are of another time, and a plan does not wait for more to be read.
const BOUNDS: Bounds = Bounds { runs: 500, bytes: 64 << 20 };

/// What one finished run teaches.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesson {
    pub run: RunId,
    pub ended: Stamp,
    pub state: WorkflowState,
    /// What was asked for.
    pub words: String,
    /// Its plan is proposed again for words like these.
    pub remembers_plan: bool,
    /// Each settled attempt: operation, and how long it took where it succeeded.
    pub attempts: Vec<(String, Option<Millis>)>,
    plan: Option<Arc<Plan>>,
}

/// Shared by all who plan in one process; cheap to copy.
#[derive(Clone, Debug)]
pub struct Past(Arc<Mutex<Held>>);

#[derive(Debug)]
struct Held {
    dir: PathBuf,
    journal: Option<JournalId>,
    /// Up to where the journal was looked at.
    seen: Seq,
    /// By the place where the run began.
    lessons: BTreeMap<Seq, Lesson>,
    experience: Arc<Experience>,
}

impl Past {
    /// Reads nothing yet.
    pub fn at(state_dir: &Path) -> Self {
        let held = Held { dir: state_dir.to_owned(), journal: None, seen: Seq(0), lessons: BTreeMap::new(), experience: Arc::default() };
        Self(Arc::new(Mutex::new(held)))
    }

    /// As the journal stands now. Where it cannot be read, plans are made with what was known before.
    pub fn experience(&self) -> Arc<Experience> {
        Arc::clone(&self.looked().experience)
    }

    /// In the order in which the runs began.
    pub fn lessons(&self) -> Vec<Lesson> {
        self.looked().lessons.values().cloned().collect()
    }

    fn looked(&self) -> MutexGuard<'_, Held> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held.look() {
            Ok(()) | Err(JournalError::Missing { .. }) => {}
            Err(error) => tracing::warn!("plans learn nothing new: could not {error}"),
        }
        held
    }
}

impl Held {
    fn look(&mut self) -> Result<(), JournalError> {
        let reader = Reader::open(&self.dir)?;
        if self.journal.as_ref() != Some(reader.id()) {
            (self.journal, self.seen) = (Some(reader.id().clone()), Seq(0));
            self.lessons.clear();
        }
        if reader.head()?.0 == self.seen {
            return Ok(());
        }
        let (head, ended) = reader.ended(self.seen, BOUNDS, apply)?;
        self.seen = head;
        if ended.is_empty() {
            return Ok(());
        }
        for one in ended {
            if one.forgotten {
                self.lessons.remove(&one.began);
            } else {
                self.lessons.insert(one.began, Lesson::of(&one));
            }
        }
        while self.lessons.len() > BOUNDS.runs {
            self.lessons.pop_first();
        }
        self.experience = Arc::new(taught(self.lessons.values()));
        Ok(())
    }
}

impl Lesson {
    fn of(Ended { workflow, .. }: &Ended) -> Self {
        let plan = workflow.graph().map(|graph| Arc::clone(&graph.plan));
        let remembers_plan = plan.is_some() && is_worth_remembering(workflow);
        Self {
            run: workflow.run.clone(),
            ended: workflow.finished.unwrap_or(workflow.submitted),
            state: workflow.state,
            words: plan.as_ref().map_or_else(String::new, |plan| plan.intent.clone()),
            remembers_plan,
            attempts: plan.as_ref().map_or_else(Vec::new, |plan| attempts(workflow, plan)),
            plan: plan.filter(|_| remembers_plan).map(|plan| Arc::new(without_copies(&plan))),
        }
    }
}

/// What a person rejected or broke off says nothing about the plan.
fn is_worth_remembering(workflow: &Workflow) -> bool {
    let approved = !workflow.approval_required || workflow.approved.is_some() || workflow.steps.iter().any(|step| step.approved.is_some());
    workflow.source == PlanSource::Intent && workflow.state != WorkflowState::Cancelled && approved
}

fn attempts(workflow: &Workflow, plan: &Plan) -> Vec<(String, Option<Millis>)> {
    let settled = plan.steps.iter().zip(&workflow.steps).filter_map(|(step, record)| {
        let last = record.last.as_ref().filter(|last| last.role == Role::Main)?;
        let took = u64::try_from(last.ended?.0.saturating_sub(last.started.0)).unwrap_or(0);
        Some((step.operation.clone(), last.failure.is_none().then_some(Millis(took))))
    });
    settled.collect()
}

fn taught<'a>(lessons: impl Iterator<Item = &'a Lesson>) -> Experience {
    let mut experience = Experience::default();
    for lesson in lessons {
        for (operation, took) in &lesson.attempts {
            experience.history.add(operation, *took);
        }
        if let Some(plan) = &lesson.plan {
            experience.memory.remember(lesson.run.as_str(), &plan.intent, plan, lesson.state == WorkflowState::Succeeded);
        }
    }
    experience
}
