//! Why: where the plan came from, who allowed it, what waits for what, and what was decided about the run and its step.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::model::action::Action;
use crate::model::graph::Graph;
use crate::model::ids::StepIx;
use crate::model::plan::{Plan, PlanSource, Provenance};
use crate::model::state::Workflow;
use crate::model::why::{Decision, Thought};
use crate::planner::render;
use crate::text;

use super::Pane;
use crate::console::app::{App, Now, Subject};
use crate::console::facts::Page;
use crate::console::history::{self, Reading};
use crate::console::other::Weighed;
use crate::console::phrase;
use crate::console::theme::Role;
use crate::console::view::{more_below, put, title};

/// Unsettled steps that are listed with what they wait for, and decisions.
const OPEN: usize = 12;
const DECISIONS: usize = 40;

pub fn draw(app: &App, area: Rect, now: Now, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let rest = title(app, area, Some(Pane::Why), "why · this plan, this step, these decisions", buffer);
    let lines = lines(app, now, area.width);
    let below = lines.len().saturating_sub(app.why_top + usize::from(rest.height));
    for (at, line) in (0..rest.height).zip(lines.into_iter().skip(app.why_top)) {
        put(buffer, Rect { y: rest.y + at, height: 1, ..rest }, line);
    }
    more_below(app, rest, below, buffer);
}

const LABEL: usize = 11;

/// All of it, wrapped; where one is scrolled to stays the same while nothing happens.
pub fn lines(app: &App, now: Now, width: u16) -> Vec<Line<'static>> {
    let mut page = Page::new(app, usize::from(width).saturating_sub(1), LABEL);
    asked(&mut page);
    let Some(graph) = app.graph() else {
        elsewhere(&mut page);
        if page.lines.is_empty() {
            page.lines.push(Line::styled("  no plan here yet   i types an intent, 5 lists the runs", app.style(Role::Muted)));
        }
        return page.lines;
    };
    if let Some(ix) = app.selected() {
        page.head(&format!("step {}", text::safe(graph.step(ix).id.as_str())));
        step(&mut page, graph, ix, now);
    }
    if let Some(workflow) = app.workflow() {
        decided(&mut page, workflow);
        open(&mut page, workflow, graph, now);
    }
    page.head("the plan");
    plan(&mut page, &graph.plan);
    allowed(&mut page, &graph.plan);
    thought(&mut page, &graph.plan);
    weighed(&mut page);
    elsewhere(&mut page);
    page.lines
}

fn plan(page: &mut Page<'_>, plan: &Plan) {
    let from = match &plan.source {
        PlanSource::Intent => "an intent".to_owned(),
        PlanSource::File { path } => format!("the plan file {}", text::safe(path)),
        PlanSource::Template { name } => format!("the template {}", text::safe(name)),
        PlanSource::Model { name } => format!("a proposal of the model {}", text::safe(name)),
    };
    let asked = match page.app.workflow() {
        Some(workflow) => {
            let when = phrase::clock(workflow.submitted, &page.app.settings.zone);
            format!(", asked by {} on {} at {when}", text::safe(&workflow.intent.actor.to_string()), text::safe(&workflow.intent.host))
        }
        None => ", not submitted yet".to_owned(),
    };
    page.put("from", Role::Text, &format!("{from}{asked}"));
    if !plan.intent.is_empty() {
        page.put("words", Role::Text, &text::safe(&plan.intent));
    }
    page.put("is", Role::Text, &format!("{} rev {}, {}", plan.digest.short(), plan.revision, phrase::count(plan.steps.len(), "step")));
    let added = plan.steps.iter().filter(|step| step.suggested).map(|step| text::safe(step.id.as_str())).collect::<Vec<_>>();
    if !added.is_empty() {
        page.put("added", Role::Warn, &format!("by the planner, not asked for: {}", added.join(", ")));
    }
}

/// How the plan came to be: the forecast, the choice with its losers, and what the stages concluded.
fn thought(page: &mut Page<'_>, plan: &Plan) {
    if let Some(told) = &plan.why.forecast {
        page.put("takes", Role::Text, &render::why::forecast(told));
    }
    if let Some(decision) = &plan.why.decision {
        page.head("the choice");
        votes(page, Role::Text, decision);
    }
    if !plan.why.thinking.is_empty() {
        page.head("thinking");
        thoughts(page, &plan.why.thinking);
    }
}

/// The question in the air: how far the model is, and what is thought where no plan came of it.
fn asked(page: &mut Page<'_>) {
    if let Some(live) = &page.app.other.live {
        page.head("the model is asked");
        page.put(&text::clip(&text::safe(&live.model), LABEL - 3), Role::Text, &live.line());
    }
    if page.app.is_wondering() {
        page.head("thinking about what was asked");
        thoughts(page, &page.app.thinking.thoughts);
    }
}

/// What others on this engine plan, as it is thought.
fn elsewhere(page: &mut Page<'_>) {
    let app = page.app;
    for one in app.elsewhere.all() {
        page.head(&format!("{} is planning, on another console", text::safe(&one.asker)));
        page.put("words", Role::Text, &text::safe(&one.intent));
        thoughts(page, &one.thoughts);
    }
}

/// How the roles voted on a model's plan, whether it is taken or not.
fn weighed(page: &mut Page<'_>) {
    let Some(Weighed { line, decision }) = page.app.other.weighed.as_ref().filter(|_| page.app.subject == Subject::Proposal) else {
        return;
    };
    page.head("the model's plan");
    page.put("", Role::Text, line);
    if let Some(decision) = decision {
        votes(page, Role::Muted, decision);
    }
}

/// Who voted; those who had nothing to vote on are there in full alone.
fn votes(page: &mut Page<'_>, role: Role, decision: &Decision) {
    let mut shown = decision.clone();
    let mut silent = 0;
    for one in shown.considered.iter_mut().filter(|_| !page.app.thinking.in_full) {
        let before = one.votes.len();
        one.votes.retain(|vote| vote.score.is_some() || vote.veto.is_some());
        silent = silent.max(before - one.votes.len());
    }
    for line in render::why::decision_tree(&shown).lines() {
        page.put("", role, line.trim_start());
    }
    if silent > 0 {
        page.put("", Role::Muted, &format!("{} had nothing to vote on: d shows them", phrase::count(silent, "role")));
    }
}

fn thoughts(page: &mut Page<'_>, all: &[Thought]) {
    for line in render::why::thinking(all, page.app.thinking.in_full).lines() {
        page.put("", Role::Muted, line.trim_start());
    }
}

fn allowed(page: &mut Page<'_>, plan: &Plan) {
    let gates = plan.steps.iter().filter(|step| step.approval).count();
    let environment = match &plan.environment {
        Some(named) => format!("environment {}", text::safe(named)),
        None => "no environment named, so it counts as production".to_owned(),
    };
    if gates == 0 {
        page.put("approval", Role::Text, &format!("none needed: nothing here changes more than policy lets pass ({environment})"));
        return;
    }
    page.put("approval", Role::Text, &format!("{gates} of {} to be approved ({environment})", phrase::count(plan.steps.len(), "step")));
    let Some(workflow) = page.app.workflow() else { return };
    match &workflow.approved {
        Some((actor, consent)) => {
            let by = format!("by {}, {}", text::safe(&actor.to_string()), history::consented(consent));
            page.put("approved", Role::Ok, &by);
        }
        None => page.put("approved", Role::Warn, "not as a whole"),
    }
}

fn step(page: &mut Page<'_>, graph: &Graph, ix: StepIx, now: Now) {
    let step = graph.step(ix);
    if let Some((workflow, _, record)) = page.app.selected_record() {
        let state = phrase::step(workflow, graph, ix, now.wall, &page.app.settings.zone);
        page.put("stands", Role::of_record(record), &state);
        if let Some(digest) = &record.approved {
            page.put("approved", Role::Ok, &format!("on its own, for exactly {}", digest.short()));
        }
    }
    if step.suggested {
        page.put("is here", Role::Warn, "because the planner added it");
    }
    let from = step
        .params
        .keys()
        .map(|name| format!("{} {}", text::safe(name), provenance(step.provenance.get(name).copied(), &graph.plan.source)));
    let from = from.collect::<Vec<_>>().join(", ");
    if !from.is_empty() {
        page.put("values", Role::Text, &from);
    }
    if let Some(condition) = &step.condition {
        page.put("only if", Role::Text, &text::safe(condition));
    }
    if step.approval {
        page.put("asks", Role::Warn, &format!("for approval, because it {}", phrase::effect(step.effect)));
    }
    if let Action::Unbound { hint } = &step.action {
        page.put("cannot", Role::Bad, &format!("run: {}", text::safe(hint)));
    }
}

fn provenance(from: Option<Provenance>, source: &PlanSource) -> &'static str {
    match from {
        Some(Provenance::Operator) if matches!(source, PlanSource::File { .. }) => "from the plan file",
        Some(Provenance::Operator) => "from your words",
        Some(Provenance::Template) => "from the template",
        Some(Provenance::Inherited) => "from another part of your words",
        Some(Provenance::Default) => "by default",
        Some(Provenance::StepOutput) => "from a step's result",
        Some(Provenance::Preview) => "from a look before the plan was shown",
        Some(Provenance::Inventory) => "from the inventory, as it is now",
        Some(Provenance::Memory) => "as a run before had it",
        Some(Provenance::Model) => "from the model, not from you",
        None => "as the plan says",
    }
}

/// What is not settled, and what it waits for.
fn open(page: &mut Page<'_>, workflow: &Workflow, graph: &Graph, now: Now) {
    let unsettled = || graph.places().filter(|ix| workflow.steps.get(ix.at()).is_some_and(|record| !record.state.is_settled()));
    let count = unsettled().count();
    // Of a run that is over nothing waits, whatever was never begun.
    if count == 0 || workflow.state.is_finished() {
        return;
    }
    page.head(&format!("what waits for what · {count} not settled"));
    let zone = &page.app.settings.zone;
    for ix in unsettled().take(OPEN) {
        let name = text::clip(&text::safe(graph.step(ix).id.as_str()), 18);
        let role = workflow.steps.get(ix.at()).map_or(Role::Text, Role::of_record);
        let what = phrase::step(workflow, graph, ix, now.wall, zone);
        page.row(&name, 21, role, &what);
    }
    if count > OPEN {
        page.put("", Role::Muted, &format!("and {} more: Plan shows them all", count - OPEN));
    }
}

/// The newest on top: what just happened is seen without scrolling.
fn decided(page: &mut Page<'_>, workflow: &Workflow) {
    let app = page.app;
    page.head("decisions and adaptations · newest first");
    let Some(history) = app.history.as_ref().filter(|history| matches!(&app.subject, Subject::Run(run) if *run == history.run)) else {
        return;
    };
    match &history.reading {
        Reading::Asked => page.put("", Role::Muted, "reading the journal…"),
        Reading::Failed(why) => page.put("", Role::Bad, &format!("could not read the journal: {why}; what follows came since")),
        Reading::Done if history.events.is_empty() => page.put("", Role::Muted, "none"),
        Reading::Done => {}
    }
    for event in history.events.iter().rev().take(DECISIONS) {
        let Some((role, what)) = history::told(&event.fact) else { continue };
        let about = event.step.as_ref().map_or_else(String::new, |step| format!("{} ", text::safe(step.as_str())));
        let who = text::safe(&event.actor.to_string());
        page.put(&phrase::clock(event.at, &app.settings.zone), role, &format!("{about}{what}   {who}"));
    }
    if history.events.len() > DECISIONS {
        let (more, run) = (history.events.len() - DECISIONS, text::safe(workflow.run.as_str()));
        page.put("", Role::Muted, &format!("and {more} before them: ouioe events {run}"));
    }
}
