//! Wanted effects -> services, each once.
//!
//! Read from the state after every commit; what has begun is remembered here only, so a new engine begins anew by reconciling.

use std::collections::BTreeMap;

use crate::machine::wanted_of;
use crate::model::effect::{AttemptRef, Effect};
use crate::model::ids::{AttemptNo, RunId, StepIx};
use crate::model::settings::EngineSettings;
use crate::model::state::State;
use crate::model::step_state::{StepState, StopWhy};
use crate::service::Services;

#[derive(Debug)]
struct Begun {
    attempt: AttemptNo,
    /// The last stop that was passed on, with the step's revision that asked for it.
    stop: Option<(StopWhy, u32)>,
}

#[derive(Debug, Default)]
pub(super) struct Effects(BTreeMap<RunId, BTreeMap<StepIx, Begun>>);

impl Effects {
    pub(super) fn bring_about<'a>(
        &mut self,
        state: &State,
        runs: impl Iterator<Item = &'a RunId>,
        settings: &EngineSettings,
        services: &Services,
    ) {
        for run in runs {
            let Some(workflow) = state.runs.get(run) else { continue };
            let begun = self.0.entry(run.clone()).or_default();
            begun.retain(|ix, one| workflow.live.contains(ix) && workflow.step(*ix).attempt == one.attempt);
            // What has begun is wanted until it ends; of that only a stop is new. Nothing is built for the rest.
            let is_new_or_stops = |ix: &&StepIx| !begun.contains_key(ix) || matches!(workflow.step(**ix).state, StepState::Stopping { .. });
            let open: Vec<StepIx> = workflow.live.iter().filter(is_new_or_stops).copied().collect();
            for effect in open.into_iter().flat_map(|ix| wanted_of(state, workflow, ix, settings)) {
                match effect {
                    Effect::Start(start) => {
                        if is_new(begun, &start.at) {
                            services.start(*start);
                        }
                    }
                    Effect::Reconcile(start) => {
                        if is_new(begun, &start.at) {
                            services.reconcile(*start);
                        }
                    }
                    Effect::Stop { at, why, grace_ms } => {
                        let rev = workflow.step(at.ix).rev;
                        // Called off in the very batch that named it: its start never left, and nobody else will answer for it.
                        if !begun.contains_key(&at.ix) {
                            services.never_started(&at);
                        }
                        let one = begun.entry(at.ix).or_insert(Begun { attempt: at.attempt, stop: None });
                        // The state wants the stop for as long as the step runs; it is passed on once for each word that asks.
                        if one.stop != Some((why, rev)) {
                            one.stop = Some((why, rev));
                            services.stop(&at, why, grace_ms);
                        }
                    }
                }
            }
            if begun.is_empty() {
                self.0.remove(run);
            }
        }
    }
}

fn is_new(begun: &mut BTreeMap<StepIx, Begun>, at: &AttemptRef) -> bool {
    if begun.contains_key(&at.ix) {
        return false;
    }
    begun.insert(at.ix, Begun { attempt: at.attempt, stop: None });
    true
}
