//! An open question -> what it stands on, for a person, and the order that their answer gives.
//!
//! Nothing is decided without a typed line: what was typed before the question is thrown away, and Enter alone decides nothing.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::show::{in_order, question_text};
use crate::cli::out::Out;
use crate::cli::watch::{Watch, interrupted, print};
use crate::engine::handle::Reply;
use crate::link::Link;
use crate::machine::asked_about;
use crate::model::command::{Command, StepRef};
use crate::model::ids::{RequestId, RunId};
use crate::model::outcome::PlanOutcome;
use crate::model::state::{OpenQuestion, State, Workflow};
use crate::planner::render;
use crate::policy::rule::name_to_type;
use crate::text;

/// What came of putting a question to the person at the terminal.
#[derive(Debug)]
pub enum Asked {
    /// Sent; or somebody else answered it.
    Answered(Option<Reply>),
    /// It goes on waiting.
    Later,
    Interrupted,
}

/// Of these runs, the question that waits longest.
pub fn oldest(state: &State, runs: &BTreeSet<RunId>) -> Option<(RunId, RequestId)> {
    let open =
        runs.iter().filter_map(|run| state.runs.get(run)).flat_map(|run| run.questions.iter().map(move |(id, open)| (run, id, open)));
    open.min_by_key(|(_, id, open)| (open.asked, (*id).clone())).map(|(run, id, _)| (run.run.clone(), id.clone()))
}

/// Shows it and waits for an answer that means something; what happens meanwhile goes on being printed.
pub async fn put(link: &Link, watch: &mut Watch, run: &RunId, request: &RequestId, out: &Out) -> Asked {
    let interrupted = interrupted();
    tokio::pin!(interrupted);
    let Some((page, mut prompt)) = find(&watch.state, run, request).map(|(run, open)| (page(run, open), prompt(run, open))) else {
        return Asked::Answered(None);
    };
    out.note(&page);
    loop {
        let (asker, question) = (out.clone(), prompt.clone());
        let mut reading = tokio::task::spawn_blocking(move || asker.ask(&question));
        // The line is still being read when somebody else answers: it can only be ended by who types.
        let mut moot = false;
        let answered = loop {
            tokio::select! {
                () = &mut interrupted => return Asked::Interrupted,
                read = &mut reading => break read.ok().flatten(),
                next = watch.next() => {
                    let Some(Ok(event)) = next else { return Asked::Later };
                    if event.run.as_ref() == Some(run) {
                        print(&event, out);
                    }
                    if !moot && find(&watch.state, run, request).is_none() {
                        out.note("somebody else answered it; what happens goes on below, and Enter ends this prompt");
                        moot = true;
                    }
                }
            }
        };
        if moot {
            return Asked::Answered(None);
        }
        let (Some(typed), Some((workflow, open))) = (answered, find(&watch.state, run, request)) else { return Asked::Later };
        match answer(workflow, open, typed.trim()) {
            Ok(None) => return Asked::Later,
            Ok(Some(command)) => return Asked::Answered(Some(link.send(command).await)),
            Err(again) => prompt = format!("{again}: "),
        }
    }
}

fn find<'a>(state: &'a State, run: &RunId, request: &RequestId) -> Option<(&'a Workflow, &'a OpenQuestion)> {
    let run = state.runs.get(run)?;
    Some((run, run.questions.get(request)?))
}

/// All that the answer stands on.
pub fn page(run: &Workflow, open: &OpenQuestion) -> String {
    let Some(graph) = run.graph() else { return text::safe(&open.question.why) };
    if open.step.is_some() {
        return question_text(run, graph, open, false);
    }
    let plan = PlanOutcome::Plan { approval_required: graph.plan.approval_required, plan: Box::new(graph.plan.as_ref().clone()) };
    format!("{}\nWAITS FOR YOU  {}\n", render::whole(&plan), text::safe(&open.question.why))
}

/// The line that asks, with every answer that means something.
pub fn prompt(run: &Workflow, open: &OpenQuestion) -> String {
    if let Some(digest) = open.digest {
        let word = text::safe(named(run, open).as_deref().unwrap_or("yes"));
        return format!("Type {word} to approve {}, n to reject it, Enter to leave it waiting: ", digest.short());
    }
    let mut offers = String::new();
    for (verb, what) in in_order(open) {
        let _ = writeln!(offers, "  {:10} {what}", typed_as(run, open, verb));
    }
    format!("{offers}  {:10} leave it waiting\n> ", "Enter")
}

/// The word that lets what is asked about destroy, as in the console.
fn named(run: &Workflow, open: &OpenQuestion) -> Option<String> {
    let graph = run.graph()?;
    match open.step {
        Some(ix) => name_to_type(&asked_about(run, ix)),
        None => name_to_type(&graph.plan.steps),
    }
}

/// What a second time could destroy takes its name too.
fn typed_as(run: &Workflow, open: &OpenQuestion, verb: &str) -> String {
    match (verb, named(run, open)) {
        ("retry", Some(name)) => format!("r {}", text::safe(&name)),
        ("retry", None) => "r".to_owned(),
        ("skip", _) => "s".to_owned(),
        ("done", _) => "d EVIDENCE".to_owned(),
        ("reject", _) => "n".to_owned(),
        _ => String::new(),
    }
}

/// The name alone, or before a reason.
fn is_led_by(typed: &str, name: &str) -> bool {
    typed.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace))
}

/// `None`: it goes on waiting. `Err`: what to type instead.
pub fn answer(run: &Workflow, open: &OpenQuestion, typed: &str) -> Result<Option<Command>, String> {
    let (word, rest) = typed.split_once(char::is_whitespace).unwrap_or((typed, ""));
    let step = open.step.zip(run.graph()).map(|(ix, graph)| (graph.step(ix).id.clone(), run.step(ix).rev));
    let at = || step.clone().map(|(step, rev)| StepRef { run: run.run.clone(), step, expected_rev: Some(rev) });
    let offered = |verb: &str| open.question.options.contains_key(verb);
    let reason = || rest.trim().to_owned();
    let command = match (word, open.digest) {
        ("", _) => return Ok(None),
        (_, Some(digest)) if typed == named(run, open).as_deref().unwrap_or("yes") => {
            Some(Command::Approve { run: run.run.clone(), step: step.as_ref().map(|(step, _)| step.clone()), digest })
        }
        ("n" | "no" | "reject", _) if offered("reject") => {
            Some(Command::Reject { run: run.run.clone(), step: step.as_ref().map(|(step, _)| step.clone()), reason: reason() })
        }
        ("r" | "retry", _) if offered("retry") => {
            let name = named(run, open).filter(|name| !is_led_by(rest.trim(), name));
            if let Some(name) = name {
                return Err(format!("It destroys: type `r {}` to do it again", text::safe(&name)));
            }
            let said = named(run, open).and_then(|name| rest.trim().strip_prefix(name.as_str())).unwrap_or(rest).trim().to_owned();
            at().map(|at| Command::Retry { at, reason: said })
        }
        ("s" | "skip", _) if offered("skip") => at().map(|at| Command::Skip { at, reason: reason() }),
        ("d" | "done", _) if offered("done") && rest.trim().is_empty() => {
            return Err("Say how you know, as in `d the file is there`".to_owned());
        }
        ("d" | "done", _) if offered("done") => at().map(|at| Command::Done { at, evidence: reason() }),
        _ => None,
    };
    command.map(Some).ok_or_else(|| format!("`{}` is none of the answers", text::clip(&text::safe(word), 20)))
}
