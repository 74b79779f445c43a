//! The plan of a model against the one that stands: what differs, what asking took, and exactly what would run.
//!
//! Taking it runs nothing: it comes to the place of the other and waits for its own yes.

use super::super::app::App;
use super::super::phrase;
use super::super::theme::Role;
use super::approve::{steps_parts, touches};
use super::{Basis, Choice, Dialog, Does, Effort, Part};
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Step;
use crate::planner::render::Change;
use crate::text;

pub fn for_other(app: &App) -> Option<Dialog> {
    let (standing, found) = (app.other.standing.as_ref()?, app.other.found.as_ref()?);
    let plan = &found.plan;
    let steps: Vec<&Step> = plan.steps.iter().collect();
    let gates = plan.steps.iter().filter(|step| step.approval).count();
    let what = format!(
        "the model {} proposes {}, {gates} to be approved",
        text::safe(&found.improvement.model),
        phrase::count(steps.len(), "step")
    );
    let mut parts = vec![Part::new("WHAT", what), Part::new("WHY", text::safe(&found.improvement.why))];
    parts.push(Part::new("TOOK", found.improvement.spent()));
    let lines = found.improvement.changes(&standing.outcome).into_iter().map(line).collect();
    parts.push(Part { label: "CHANGES", lines, wrap: super::Wrap::Cells });
    parts.push(touches(&steps));
    parts.extend(steps_parts(steps.iter().copied()));
    let choices = vec![
        Choice::new("take", "take it in the place of the plan that stands; nothing runs yet", Does::TakeOther, Effort::Letter),
        Choice::new("dismiss", "dismiss it; the plan that stands stays", Does::DismissOther, Effort::Letter),
        Choice::close("both plans stay"),
    ];
    let basis = match &standing.outcome {
        PlanOutcome::Plan { plan, .. } => Basis::Proposal { digest: plan.digest },
        PlanOutcome::Clarify { .. } | PlanOutcome::Refuse { .. } => Basis::Free,
    };
    let about = format!("plan {}·rev {}   of {}", plan.digest.short(), plan.revision, text::safe(&found.improvement.model));
    Some(Dialog::new("Another plan".to_owned(), parts, choices, about, basis, app))
}

fn line(change: Change) -> (Role, String) {
    match change {
        Change::Kept(line) => (Role::Muted, format!("  {line}")),
        Change::Gone(line) => (Role::Bad, format!("- {line}")),
        Change::Added(line) => (Role::Ok, format!("+ {line}")),
    }
}
