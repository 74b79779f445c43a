//! A step again with other parameters: what they were, what they are, and exactly what would run.

use crate::model::command::{Command, Consent, StepRef};
use crate::model::plan::Step;
use crate::model::state::Workflow;
use crate::text;

use super::super::app::App;
use super::super::phrase;
use super::super::revision::Revision;
use super::super::theme::Role;
use super::approve::{effort, steps_parts, title, touches};
use super::{Basis, Choice, Dialog, Does, Effort, Part};

pub fn for_revision(app: &App, workflow: &Workflow, revision: &Revision) -> Option<Dialog> {
    let (ix, plan) = (revision.target.ix, &revision.plan);
    let (old, new) = (workflow.graph()?.step(ix), plan.step(ix));
    let digest = plan.digest;
    let at = StepRef { run: workflow.run.clone(), step: new.id.clone(), expected_rev: Some(revision.target.rev) };
    let consent = Consent::Shown { digest };
    let command = Command::Revise { at, plan: Box::new((**plan).clone()), consent, reason: String::new() };
    let mut parts = vec![Part::new("WHAT", format!("do `{}` again with other parameters", phrase::exact(new.id.as_str())))];
    parts.push(Part::of("CHANGES", Role::Warn, differences(old, new)));
    parts.push(touches(&[new]));
    parts.extend(steps_parts([new]));
    // A second time, in another way: never a matter of one letter.
    let effort = match effort(&[new]) {
        Effort::Letter => Effort::Enter,
        more @ (Effort::Enter | Effort::Word(_) | Effort::Sentence) => more,
    };
    let choices = vec![
        Choice::new("change", "run it so", Does::Send(command), effort).noted(format!("RISK {}", phrase::risk(new))),
        Choice::close("nothing runs; the step goes on waiting"),
    ];
    let about = format!("run {}   plan {}·rev {}", text::safe(workflow.run.as_str()), digest.short(), plan.revision);
    let basis = Basis::Step { run: workflow.run.clone(), ix, rev: revision.target.rev };
    Some(Dialog::new(title("Change", new.id.as_str()), parts, choices, about, basis, app))
}

/// `lines: 10 -> 20`.
fn differences(old: &Step, new: &Step) -> Vec<String> {
    let shown = |value: Option<&serde_json::Value>| value.map_or_else(|| "(none)".to_owned(), |value| phrase::exact(&value.to_string()));
    let names = old.params.keys().chain(new.params.keys().filter(|name| !old.params.contains_key(*name)));
    let differs = names.filter(|name| old.params.get(*name) != new.params.get(*name));
    differs.map(|name| format!("{}: {} -> {}", phrase::exact(name), shown(old.params.get(name)), shown(new.params.get(name)))).collect()
}
