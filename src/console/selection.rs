//! What is on the screen: the open run or proposal, the selected step, and whether its time passes.

use std::sync::Arc;

use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::plan::{PlanSource, Step};
use crate::model::state::{OpenQuestion, StepRecord, Workflow};
use crate::model::step_state::WorkflowState;
use crate::text;

use super::app::{App, StepPart, Subject};
use super::pane::Pane;

impl App {
    pub fn workflow(&self) -> Option<&Workflow> {
        match &self.subject {
            Subject::Run(run) => self.state.runs.get(run),
            Subject::Nothing | Subject::Proposal => None,
        }
    }

    /// The run that keys for runs act on: the selected one in a list of them, else the open one.
    pub fn acted_on(&self) -> Option<&Workflow> {
        match self.pane {
            Pane::Runs => self.listed().get(self.runs_cursor).and_then(|run| self.state.runs.get(run)),
            Pane::Inbox => self.inbox().get(self.inbox_cursor).map(|item| item.workflow),
            Pane::Plan | Pane::Step | Pane::Log | Pane::Why | Pane::Intent | Pane::Services => self.workflow(),
        }
    }

    /// The graph on the screen.
    pub fn graph(&self) -> Option<&Arc<Graph>> {
        match &self.subject {
            Subject::Nothing => None,
            Subject::Proposal => self.proposal.as_ref().map(|proposal| &proposal.graph),
            Subject::Run(run) => self.state.runs.get(run)?.graph(),
        }
    }

    pub fn selected(&self) -> Option<StepIx> {
        let (_, rail) = self.rail.as_ref()?;
        rail.order.get(self.cursor).copied()
    }

    pub fn selected_step(&self) -> Option<&Step> {
        Some(self.graph()?.step(self.selected()?))
    }

    /// The selected step of a run, with its record.
    pub fn selected_record(&self) -> Option<(&Workflow, StepIx, &StepRecord)> {
        let (workflow, ix) = (self.workflow()?, self.selected()?);
        Some((workflow, ix, workflow.steps.get(ix.at())?))
    }

    /// What the lower part of Step shows: the output, or the result of a step that wrote none, unless something was chosen.
    pub fn step_part(&self) -> StepPart {
        self.step.chosen.unwrap_or_else(|| self.natural_part())
    }

    pub fn natural_part(&self) -> StepPart {
        let silent = |record: &StepRecord| {
            record.result.is_some() && record.last.as_ref().and_then(|last| last.spool.as_ref()).is_none_or(|spool| spool.len == 0)
        };
        if self.selected_record().is_some_and(|(_, _, record)| silent(record)) { StepPart::Result } else { StepPart::Output }
    }

    /// The open question about the selected step.
    pub fn selected_question(&self) -> Option<(&Workflow, &OpenQuestion)> {
        let (workflow, ix, _) = self.selected_record()?;
        workflow.questions.values().find(|open| open.step == Some(ix)).map(|open| (workflow, open))
    }

    /// The open question about the whole plan.
    pub fn plan_question(&self) -> Option<(&Workflow, &OpenQuestion)> {
        let workflow = self.workflow()?;
        workflow.questions.values().find(|open| open.step.is_none()).map(|open| (workflow, open))
    }

    /// Runs that an end of this engine would leave in the middle.
    pub fn unfinished(&self) -> impl Iterator<Item = &Workflow> {
        self.state.runs.values().filter(|workflow| !workflow.state.is_finished())
    }

    /// What was asked for in words and became a run, the newest first, each once.
    pub fn submitted_intents(&self) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for workflow in self.runs.iter().filter_map(|run| self.state.runs.get(run)) {
            let text = text::safe_block(workflow.intent.text.trim());
            if workflow.source == PlanSource::Intent && !text.is_empty() && !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts
    }

    /// Of the proposal that is shown: what keeps it from running.
    pub fn blocked(&self) -> Option<(&str, &str)> {
        self.proposal.as_ref().filter(|_| self.subject == Subject::Proposal)?.blocked()
    }

    /// Time passes on the screen only while something moves without a person.
    pub fn is_ticking(&self) -> bool {
        let moves = |workflow: &Workflow| {
            !workflow.state.is_finished()
                && workflow.state != WorkflowState::AwaitingApproval
                && !workflow.waits_for_person()
                && (!workflow.live.is_empty() || !workflow.parked && workflow.state != WorkflowState::Paused)
        };
        match self.pane {
            Pane::Runs => self
                .listed()
                .iter()
                .skip(self.runs_top)
                .take(usize::from(self.size.1))
                .filter_map(|run| self.state.runs.get(run))
                .any(moves),
            Pane::Plan | Pane::Step | Pane::Log | Pane::Why | Pane::Inbox | Pane::Intent | Pane::Services => {
                self.workflow().is_some_and(moves)
            }
        }
    }
}
