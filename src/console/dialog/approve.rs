//! The approval of a plan or of one gate: everything that would run, to the last argument.

use crate::machine::{Copies, asked_about, copies};
use crate::model::action::Action;
use crate::model::catalogue::EffectClass;
use crate::model::command::Command;
use crate::model::digest::Digest;
use crate::model::ids::StepIx;
use crate::model::plan::{Plan, Step};
use crate::model::state::{OpenQuestion, Workflow};
use crate::policy::digest::{action_digest, plan_digest};
use crate::policy::rule::name_to_type;
use crate::text;

use super::super::action::{self, Shared};
use super::super::app::App;
use super::super::phrase;
use super::super::proposal::Proposal;
use super::super::theme::Role;
use super::super::widget::wrap::Wrap;
use super::{Basis, Choice, Dialog, Does, Effort, Part};

/// A plan that nobody has submitted: yes submits it with consent to this digest.
pub fn for_proposal(app: &App, proposal: &Proposal) -> Dialog {
    let plan = &proposal.plan;
    let digest = plan.digest;
    let yes = Choice::new("approve", "approve and run this plan", Does::SubmitProposal(digest), effort(&all(plan)));
    let choices = vec![yes.noted(risk_note(plan)), Choice::close("nothing runs; the plan stays here")];
    let about = format!("plan {}·rev {}   not submitted", digest.short(), plan.revision);
    Dialog::new("Approve this plan".to_owned(), plan_parts(plan), choices, about, Basis::Proposal { digest }, app)
}

/// A submitted plan that waits.
pub fn for_plan(app: &App, workflow: &Workflow, open: &OpenQuestion) -> Option<Dialog> {
    let plan = &workflow.graph()?.plan;
    let digest = open.digest?;
    let approve = Does::Send(Command::Approve { run: workflow.run.clone(), step: None, digest });
    let reject = Does::Send(Command::Reject { run: workflow.run.clone(), step: None, reason: String::new() });
    let mut parts = plan_parts(plan);
    let sound = plan_digest(plan) == digest;
    parts.extend((!sound).then(|| warning("the plan on this screen is not the one that waits: its digest differs")));
    let mut choices = vec![
        Choice::new("approve", "approve and run this plan", approve, effort(&all(plan))).noted(risk_note(plan)),
        Choice::new("reject", "reject it; the run is cancelled", reject, Effort::Enter),
        Choice::close("nothing runs; it goes on waiting"),
    ];
    choices.retain(|choice| sound || choice.verb.name != "approve");
    let basis = Basis::Plan { run: workflow.run.clone(), request: open.question.request.clone() };
    let about = about(app, open, &format!("plan {}·rev {}", digest.short(), plan.revision));
    Some(Dialog::new(title("Approve", &workflow.title), parts, choices, about, basis, app))
}

/// One step that waits with all its bytes known.
pub fn for_gate(app: &App, workflow: &Workflow, ix: StepIx, open: &OpenQuestion) -> Option<Dialog> {
    let step = workflow.graph()?.step(ix);
    let digest = open.digest?;
    let steps = asked_about(workflow, ix);
    let (mut parts, sound) = match copies(workflow, ix) {
        Some(copies) => list_parts(step, &copies, digest),
        None => gate_parts(step, (app.render)(workflow, &step.action), digest),
    };
    parts.insert(1, Part::new("WHY", text::safe(&open.question.why)));
    let at = || Some(step.id.clone());
    let approve = Does::Send(Command::Approve { run: workflow.run.clone(), step: at(), digest });
    let reject = Does::Send(Command::Reject { run: workflow.run.clone(), step: at(), reason: String::new() });
    let mut choices = vec![
        Choice::new("approve", "approve: run exactly these bytes", approve, effort(&steps.iter().collect::<Vec<_>>()))
            .noted(format!("RISK {}", phrase::risk(step))),
        Choice::new("reject", "reject; the step is cancelled", reject, Effort::Enter),
        Choice::close("it goes on waiting, nothing is lost"),
    ];
    choices.retain(|choice| sound || choice.verb.name != "approve");
    let basis = Basis::Step { run: workflow.run.clone(), ix, rev: workflow.step(ix).rev };
    let about = about(app, open, &format!("digest {}", digest.short()));
    Some(Dialog::new(title("Approve", step.id.as_str()), parts, choices, about, basis, app))
}

/// The bytes on the screen must be those that the digest names; otherwise there is nothing to say yes to.
fn gate_parts(step: &Step, rendered: Result<Action, String>, digest: Digest) -> (Vec<Part>, bool) {
    let mut parts = vec![Part::new("WHAT", format!("run `{}`: {}", phrase::exact(step.id.as_str()), phrase::exact(&step.operation)))];
    match rendered {
        Ok(action) => {
            let sound = action_digest(&action) == digest;
            parts.push(Part::of("RUNS", Role::Text, action::lines(step, &action)));
            parts.extend(foreign(&action));
            parts.extend((!sound).then(|| warning("these bytes are not those that wait: the digest differs")));
            parts.push(touches(&[step]));
            (parts, sound)
        }
        Err(why) => {
            parts.push(Part::of("RUNS", Role::Text, action::lines(step, &step.action)));
            parts.push(warning(&format!("not all bytes are known here: {}", text::safe(&why))));
            (parts, false)
        }
    }
}

/// All that a step over a list would become.
fn list_parts(step: &Step, copies: &Copies, digest: Digest) -> (Vec<Part>, bool) {
    let many = phrase::count(copies.each.len(), "thing");
    let what = format!("run `{}`: {}, for each of {many}", phrase::exact(step.id.as_str()), phrase::exact(&step.operation));
    let mut parts = vec![Part::new("WHAT", what)];
    for (copy, action) in &copies.each {
        parts.push(Part::of("RUNS", Role::Text, action::lines(copy, action)));
        parts.extend(foreign(action));
    }
    let sound = copies.digest == digest;
    parts.extend((!sound).then(|| warning("these bytes are not those that wait: the digest differs")));
    parts.push(touches(&copies.each.iter().map(|(copy, _)| copy).collect::<Vec<_>>()));
    (parts, sound)
}

fn all(plan: &Plan) -> Vec<&Step> {
    plan.steps.iter().collect()
}

fn plan_parts(plan: &Plan) -> Vec<Part> {
    let gates = plan.steps.iter().filter(|step| step.approval).count();
    let what = format!("{}: {}, {gates} to be approved", phrase::exact(&plan.title), phrase::count(plan.steps.len(), "step"));
    let asked = (!plan.intent.is_empty()).then(|| Part::of("ASKED", Role::Text, [phrase::exact(&plan.intent)]));
    let mut parts: Vec<Part> = std::iter::once(Part::new("WHAT", what)).chain(asked).chain([touches(&all(plan))]).collect();
    parts.extend(steps_parts(&plan.steps));
    parts
}

/// Each step with its values, then the scripts, each once: many steps of a plan run the same, over the same `ssh`.
pub(super) fn steps_parts<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Vec<Part> {
    let mut shared = Shared::default();
    let mut parts: Vec<Part> = steps.into_iter().flat_map(|step| step_parts(step, &mut shared)).collect();
    let texts = shared.texts.whole(phrase::exact);
    parts.extend((!texts.is_empty()).then(|| Part::of("TEXTS", Role::Text, texts)));
    parts
}

fn step_parts<'a>(step: &'a Step, shared: &mut Shared<'a>) -> Vec<Part> {
    let id = phrase::exact(step.id.as_str());
    let head = format!(
        "{id}  {}  {}  {}",
        phrase::exact(&step.operation),
        phrase::effect(step.effect),
        phrase::exact(step.target().unwrap_or(""))
    );
    let mut lines = vec![(Role::of_effect(step.effect), head.trim_end().to_owned())];
    lines.extend(action::named(step, &step.action, shared).into_iter().map(|line| (Role::Text, format!("  {line}"))));
    if let Some(undo) = &step.compensation {
        lines.push((Role::Muted, format!("  undo: {}", phrase::exact(&undo.operation))));
    }
    let mut parts = vec![Part { label: if step.approval { "RUNS !" } else { "RUNS" }, lines, wrap: Wrap::Cells }];
    parts.extend(foreign(&step.action));
    parts
}

fn foreign(action: &Action) -> Option<Part> {
    action::has_foreign(action).then(|| Part::prose("LOOK", Role::Warn, "not all of it is ASCII: letters may be others than they seem"))
}

fn warning(text: &str) -> Part {
    Part::prose("LOOK", Role::Bad, text)
}

/// Targets, worst effect and whether there is a way back.
pub(super) fn touches(steps: &[&Step]) -> Part {
    let worst = steps.iter().map(|step| step.effect).max().unwrap_or(EffectClass::Read);
    let acting = || steps.iter().filter(|step| step.effect != EffectClass::Read);
    let undo = match (acting().count(), acting().filter(|step| step.compensation.is_some()).count()) {
        (0, _) => "nothing to undo".to_owned(),
        (all, some) if all == some => "can be undone".to_owned(),
        (_, 0) => "cannot be undone".to_owned(),
        (all, some) => format!("{some} of {all} can be undone"),
    };
    let risk = if steps.iter().any(|step| phrase::risk(step) == "HIGH") {
        "HIGH"
    } else if steps.iter().any(|step| phrase::risk(step) == "MEDIUM") {
        "MEDIUM"
    } else {
        "LOW"
    };
    let line = format!("{} · {} · {undo}   RISK {risk}", phrase::targets(steps.iter().copied()), phrase::effect(worst));
    Part::prose("TOUCHES", Role::of_effect(worst), line)
}

fn risk_note(plan: &Plan) -> String {
    let destroys = plan.steps.iter().filter(|step| step.effect == EffectClass::Destroy).count();
    let changes = plan.steps.iter().filter(|step| step.effect == EffectClass::Mutate).count();
    match (destroys, changes) {
        (0, 0) => "reads only".to_owned(),
        (0, changes) => format!("changes: {changes}"),
        (destroys, 0) => format!("destroys: {destroys}"),
        (destroys, changes) => format!("changes: {changes}, destroys: {destroys}"),
    }
}

/// Low risk: the letter. A change: Enter. A destroy: the name of what is destroyed.
pub(super) fn effort(steps: &[&Step]) -> Effort {
    if let Some(name) = name_to_type(steps.iter().copied()) {
        return Effort::Word(name);
    }
    if steps.iter().any(|step| phrase::risk(step) != "LOW") { Effort::Enter } else { Effort::Letter }
}

pub(super) fn title(what: &str, name: &str) -> String {
    format!("{what} {}", phrase::exact(name))
}

pub(super) fn about(app: &App, open: &OpenQuestion, what: &str) -> String {
    let asked = phrase::clock(open.asked, &app.settings.zone);
    let expires = open.expires.map_or_else(String::new, |at| format!("   expires {}", phrase::clock(at, &app.settings.zone)));
    format!("{what}   request {}   asked {asked}{expires}", text::safe(open.question.request.as_str()))
}
