//! A plan with its edges resolved to array places, shared by everything that folds or draws it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalogue::EffectClass;
use super::ids::{StepId, StepIx};
use super::plan::{NeedKind, Plan, Step, When};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    pub from: StepIx,
    pub when: When,
    pub kind: NeedKind,
}

#[derive(Debug, PartialEq)]
pub struct Graph {
    pub plan: Arc<Plan>,
    /// Incoming edges of each step, in plan order. A need that names no step of the plan is left out: validation refuses it before.
    pub needs: Vec<Vec<Edge>>,
    pub dependents: Vec<Vec<StepIx>>,
    /// What a `for_each` step has become, in the order of its list.
    copies: BTreeMap<StepIx, Vec<StepIx>>,
    by_id: BTreeMap<StepId, StepIx>,
    worst: EffectClass,
}

impl Graph {
    pub fn of(plan: Arc<Plan>) -> Self {
        let by_id: BTreeMap<StepId, StepIx> = plan.steps.iter().zip(0_u32..).map(|(step, at)| (step.id.clone(), StepIx(at))).collect();
        let mut dependents = vec![Vec::new(); plan.steps.len()];
        let mut needs = Vec::with_capacity(plan.steps.len());
        for (step, at) in plan.steps.iter().zip(0_u32..) {
            let edges: Vec<Edge> = step
                .needs
                .iter()
                .filter_map(|need| Some(Edge { from: *by_id.get(&need.step)?, when: need.when, kind: need.kind }))
                .collect();
            for edge in &edges {
                let list: &mut Vec<StepIx> = &mut dependents[edge.from.at()];
                if list.last() != Some(&StepIx(at)) {
                    list.push(StepIx(at));
                }
            }
            needs.push(edges);
        }
        let mut copies: BTreeMap<StepIx, Vec<StepIx>> = BTreeMap::new();
        for (step, at) in plan.steps.iter().zip(0_u32..) {
            if let Some(whole) = step.copy_of.as_ref().and_then(|copy| by_id.get(&copy.step)) {
                copies.entry(*whole).or_default().push(StepIx(at));
            }
        }
        let worst = plan.worst_effect();
        Self { plan, needs, dependents, copies, by_id, worst }
    }

    /// Of all steps, known without looking at them again.
    pub fn worst_effect(&self) -> EffectClass {
        self.worst
    }

    pub fn ix(&self, id: &StepId) -> Option<StepIx> {
        self.by_id.get(id).copied()
    }

    pub fn copies(&self, ix: StepIx) -> &[StepIx] {
        self.copies.get(&ix).map(Vec::as_slice).unwrap_or_default()
    }

    /// The `for_each` step that it is a copy of.
    pub fn whole(&self, ix: StepIx) -> Option<StepIx> {
        self.ix(&self.step(ix).copy_of.as_ref()?.step)
    }

    pub fn step(&self, ix: StepIx) -> &Step {
        self.plan.step(ix)
    }

    pub fn len(&self) -> usize {
        self.plan.steps.len()
    }

    pub fn is_empty(&self) -> bool {
        self.plan.steps.is_empty()
    }

    /// The step and all that depends on it, however far, and what they have become, in plan order.
    pub fn subtree(&self, root: StepIx) -> BTreeSet<StepIx> {
        let (mut found, mut open) = (BTreeSet::from([root]), vec![root]);
        while let Some(from) = open.pop() {
            open.extend(self.dependents[from.at()].iter().chain(self.copies(from)).filter(|next| found.insert(**next)));
        }
        found
    }

    pub fn places(&self) -> impl Iterator<Item = StepIx> + use<> {
        (0..u32::try_from(self.plan.steps.len()).unwrap_or(u32::MAX)).map(StepIx)
    }
}
