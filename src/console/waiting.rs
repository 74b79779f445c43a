//! What waits for a person, over all runs.

use std::collections::BTreeMap;

use crate::model::ids::{RequestId, RunId, StepIx};
use crate::model::plan::Step;
use crate::model::state::{OpenQuestion, Workflow};
use crate::model::step_state::StepState;
use crate::text;

use super::app::App;
use super::pane::Pane;
use super::phrase;

/// What kind of word is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Approve,
    Decide,
    /// Nobody knows whether it happened.
    Unknown,
    /// Left by an engine that ended.
    Parked,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Decide => "decide",
            Self::Unknown => "unknown",
            Self::Parked => "parked",
        }
    }

    pub fn glyph(self) -> char {
        match self {
            Self::Approve => '?',
            Self::Decide => '!',
            Self::Unknown => '¿',
            Self::Parked => '◇',
        }
    }
}

/// Names one of them; `request` none: the parked run itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub run: RunId,
    pub request: Option<RequestId>,
}

/// One of them, with what is shown of it.
#[derive(Clone, Copy, Debug)]
pub struct Item<'a> {
    pub workflow: &'a Workflow,
    pub open: Option<&'a OpenQuestion>,
    pub kind: Kind,
}

impl<'a> Item<'a> {
    fn of(workflow: &'a Workflow, open: &'a OpenQuestion) -> Self {
        let unknown = open.step.is_some_and(|ix| workflow.steps.get(ix.at()).is_some_and(|one| one.state == StepState::OutcomeUnknown));
        let kind = match (unknown, open.digest) {
            (true, _) => Kind::Unknown,
            (false, Some(_)) => Kind::Approve,
            (false, None) => Kind::Decide,
        };
        Self { workflow, open: Some(open), kind }
    }

    pub fn name(&self) -> Waiting {
        Waiting { run: self.workflow.run.clone(), request: self.open.map(|open| open.question.request.clone()) }
    }

    pub fn step(&self) -> Option<(StepIx, &'a Step)> {
        let ix = self.open?.step?;
        Some((ix, self.workflow.graph()?.step(ix)))
    }

    /// The step, or the whole plan.
    pub fn about(&self) -> String {
        match (self.step(), self.open) {
            (Some((_, step)), _) => text::safe(step.id.as_str()),
            (None, Some(_)) => "whole plan".to_owned(),
            (None, None) => "whole run".to_owned(),
        }
    }

    pub fn why(&self) -> String {
        match self.open {
            Some(open) => text::safe(&open.question.why),
            None => format!("its engine ended; R goes on: {}", text::safe(&self.workflow.title)),
        }
    }

    /// Words that a filter looks in.
    fn words(&self) -> String {
        format!("{} {} {} {} {}", self.workflow.run, self.about(), self.kind.word(), self.why(), text::safe(&self.workflow.title))
    }
}

impl App {
    pub(super) fn asked(&self) -> BTreeMap<RunId, Vec<RequestId>> {
        let waiting = self.state.runs.iter().filter(|(_, workflow)| !workflow.questions.is_empty());
        waiting.map(|(run, workflow)| (run.clone(), workflow.questions.keys().cloned().collect())).collect()
    }

    /// Rebuilds what was rung for, after a resync: what was asked meanwhile does not ring one by one.
    pub fn forget_asked(&mut self) {
        self.rung = self.asked();
    }

    /// How many questions wait for a person.
    pub fn waiting(&self) -> usize {
        self.rung.keys().filter_map(|run| self.state.runs.get(run)).map(|workflow| workflow.questions.len()).sum()
    }

    /// The one that `A` opens: of the run that is looked at, else the oldest of all.
    pub fn next_question(&self) -> Option<(&Workflow, &OpenQuestion)> {
        let here = self.acted_on().filter(|_| self.pane != Pane::Inbox).map(|workflow| &workflow.run);
        let all = self.questions();
        let first = all.iter().find(|(workflow, _)| Some(&workflow.run) == here).copied();
        first.or_else(|| all.into_iter().next())
    }

    /// In the order in which they were asked.
    pub fn questions(&self) -> Vec<(&Workflow, &OpenQuestion)> {
        let all = self.rung.keys().filter_map(|run| self.state.runs.get(run));
        let mut open: Vec<_> = all.flat_map(|workflow| workflow.questions.values().map(move |open| (workflow, open))).collect();
        open.sort_by_key(|(workflow, open)| (open.asked, workflow.order, open.step));
        open
    }

    /// Questions first, the oldest on top; then parked runs, the newest on top. Only what has the text that is looked for.
    pub fn inbox(&self) -> Vec<Item<'_>> {
        let questions = self.questions().into_iter().map(|(workflow, open)| Item::of(workflow, open));
        let parked = self.runs.iter().filter_map(|run| self.state.runs.get(run));
        // A question of a parked run stands for it: answered, the run still waits for `R`.
        let parked = parked.filter(|workflow| workflow.parked && !workflow.state.is_finished() && workflow.questions.is_empty());
        let parked = parked.map(|workflow| Item { workflow, open: None, kind: Kind::Parked });
        let wanted = self.looked_for(Pane::Inbox);
        questions.chain(parked).filter(|item| wanted.is_none_or(|wanted| item.words().to_lowercase().contains(wanted))).collect()
    }

    /// The runs on the list, newest first.
    pub fn listed(&self) -> &[RunId] {
        self.matching.as_deref().unwrap_or(&self.runs)
    }

    /// Looks again which runs have the text that is looked for.
    pub fn match_runs(&mut self) {
        let chosen = self.listed().get(self.runs_cursor).cloned();
        self.matching = self.looked_for(Pane::Runs).map(|wanted| {
            let has = |run: &&RunId| self.state.runs.get(*run).is_some_and(|workflow| run_words(workflow).to_lowercase().contains(wanted));
            self.runs.iter().filter(has).cloned().collect()
        });
        if let Some(at) = chosen.and_then(|chosen| self.listed().iter().position(|run| *run == chosen)) {
            self.runs_cursor = at;
        }
    }
}

fn run_words(workflow: &Workflow) -> String {
    let who = text::safe(&workflow.intent.actor.to_string());
    format!("{} {} {who} {}", workflow.run, phrase::workflow(workflow), text::safe(&workflow.title))
}
