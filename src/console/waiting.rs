//! What waits for a person, over all runs.

use std::collections::BTreeMap;

use crate::model::ids::{RequestId, RunId};
use crate::model::state::{OpenQuestion, Workflow};

use super::app::App;

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

    pub fn oldest_question(&self) -> Option<(&Workflow, &OpenQuestion)> {
        let all = self.rung.keys().filter_map(|run| self.state.runs.get(run));
        let open = all.flat_map(|workflow| workflow.questions.values().map(move |open| (workflow, open)));
        open.min_by_key(|(workflow, open)| (open.asked, workflow.order, open.step))
    }
}
