//! `ouioe plan`: prints what would run; starts nothing.

use std::io::{self, BufRead as _, Read as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::{Args, ValueEnum};

use super::act::Trouble;
use super::dispatch::Setup;
use super::exit::Exit;
use super::explain;
use super::lines;
use super::model;
use super::out::Out;
use super::run::help_instead;
use crate::engine::planning::{Planning, read};
use crate::model::outcome::PlanOutcome;
use crate::planner::{self, Ask, render};

/// Longest line of a batch, in bytes.
const LINE_CAP: u64 = 2 << 20;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    #[default]
    Text,
    Json,
    Dot,
    Mermaid,
}

/// Print the plan of an intent; nothing is started
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe plan restart nginx on web-3 and verify
  ouioe plan --format mermaid check disk usage on web-1, then clean up old logs
  ouioe plan --catalogue operations.toml --json restart nginx on web-3
  ouioe plan --explain -v restart nginx on web-3
  ouioe plan --batch --catalogue operations.toml < intents.jsonl")]
pub struct PlanArgs {
    /// What is to be done, in words
    #[arg(value_name = "INTENT", required_unless_present = "batch", conflicts_with = "batch")]
    pub intent: Vec<String>,
    #[arg(long, value_enum, default_value_t)]
    pub format: PlanFormat,
    /// Plan against exactly the operations of this file
    #[arg(long, value_name = "FILE")]
    pub catalogue: Option<PathBuf>,
    /// Also its scripts whole, and how it came to be: thinking, votes, losers; `-v` tells every detail
    #[arg(long, conflicts_with = "batch")]
    pub explain: bool,
    /// Remember the plans of this file for this call: JSON lines of intent, steps and edges
    #[arg(long, value_name = "FILE")]
    pub learn: Option<PathBuf>,
    /// One intent a line on stdin, as text or as JSON with `intent`; one JSON value a line on stdout
    #[arg(long)]
    pub batch: bool,
}

pub async fn plan(setup: &Setup, args: &PlanArgs) -> Result<Exit, Trouble> {
    if let Some(help) = help_instead(&args.intent) {
        setup.out.error(help);
        return Ok(Exit::Usage);
    }
    let planning = match &args.catalogue {
        Some(path) => Planning::against(path, &setup.config.settings.policy).map_err(|problems| {
            setup.out.problems(&problems);
            Exit::Usage
        }),
        None => setup.planning(),
    };
    let planning = match planning {
        Ok(planning) => planning,
        Err(exit) => return Ok(exit),
    };
    let planning = match learned(setup, args, planning) {
        Ok(planning) => planning,
        Err(exit) => return Ok(exit),
    };
    if args.batch {
        return batch(&planning, &setup.out);
    }
    let begun = Instant::now();
    let ask = Ask::new(args.intent.join(" "));
    let format = if setup.out.json { PlanFormat::Json } else { args.format };
    if args.explain {
        return Ok(explain::explain(&planning, &ask, args.catalogue.is_some(), format, begun, &setup.out).await);
    }
    // Against a catalogue alone there is nothing to bind to.
    let outcome = if args.catalogue.is_some() { planning.ask(&ask) } else { planning.plan_intent(&ask).await };
    if planning.model().is_none() {
        print(&outcome, format, begun, &setup.out);
        return Ok(exit_of(&outcome));
    }
    with_model(&planning, &ask, &outcome, format, begun, &setup.out).await;
    Ok(exit_of(&outcome))
}

/// The plan of the words is there at once, what a model makes of them follows; one JSON object has both.
async fn with_model(planning: &Planning, ask: &Ask, outcome: &PlanOutcome, format: PlanFormat, begun: Instant, out: &Out) {
    if format == PlanFormat::Json {
        let mut value = render::json(outcome, millis(begun));
        let found = planning.improve(ask, outcome).await;
        value["llm"] = found.as_ref().map_or(serde_json::Value::Null, model::json);
        out.result(&lines::json(&value));
        return;
    }
    print(outcome, format, begun, out);
    let Some(found) = model::asked(planning, ask, outcome, out).await else { return };
    // A drawing on stdout stays one drawing.
    if format == PlanFormat::Text { out.block(&format!("\n{}", model::show(&found, outcome))) } else { out.note(&found.line()) }
}

/// The lines of `--learn` beside what is known already.
fn learned(setup: &Setup, args: &PlanArgs, planning: Planning) -> Result<Planning, Exit> {
    let Some(path) = &args.learn else { return Ok(planning) };
    let text = read(path).map_err(|problem| {
        setup.out.problems(&[problem]);
        Exit::Usage
    })?;
    let mut experience = planning.experience().map(Arc::unwrap_or_clone).unwrap_or_default();
    let problems = experience.memory.learn(&path.to_string_lossy(), &text);
    if !problems.is_empty() {
        setup.out.problems(&problems);
        return Err(Exit::Usage);
    }
    Ok(planning.with_experience(experience))
}

pub fn exit_of(outcome: &PlanOutcome) -> Exit {
    match outcome {
        PlanOutcome::Plan { .. } => Exit::Done,
        PlanOutcome::Clarify { .. } => Exit::Clarify,
        PlanOutcome::Refuse { .. } => Exit::Refused,
    }
}

pub fn print(outcome: &PlanOutcome, format: PlanFormat, begun: Instant, out: &Out) {
    match format {
        PlanFormat::Text => {
            let hint = if render::is_folded(outcome) { "\n  `--explain` shows each (text …) whole\n" } else { "" };
            out.block(&(render::text(outcome) + hint));
        }
        PlanFormat::Json => out.result(&lines::json(&render::json(outcome, millis(begun)))),
        PlanFormat::Dot => out.block(&render::dot(outcome)),
        PlanFormat::Mermaid => out.block(&render::mermaid(outcome)),
    }
}

pub fn millis(begun: Instant) -> f64 {
    begun.elapsed().as_secs_f64() * 1_000.0
}

/// A line that is no intent is answered by a refusal, so that answers stay in order.
fn batch(planning: &Planning, out: &Out) -> Result<Exit, Trouble> {
    let known = planning.known();
    let world = planning.world(&known);
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = input.by_ref().take(LINE_CAP).read_until(b'\n', &mut line);
        match read {
            Ok(0) => return Ok(Exit::Done),
            Ok(_) => {}
            Err(error) => return Err(Trouble::new(Exit::Usage, format!("could not read stdin: {error}"))),
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == LINE_CAP {
            return Err(Trouble::new(Exit::Usage, format!("a line on stdin is longer than {LINE_CAP} bytes")));
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() {
            continue;
        }
        let begun = Instant::now();
        let intent = intent_of(text);
        let outcome = planner::plan(&Ask::new(intent.clone()), &world);
        let mut value = render::json(&outcome, millis(begun));
        value["intent"] = serde_json::Value::String(intent);
        out.result(&lines::json(&value));
    }
}

/// A JSON object with `intent`, else the line itself.
fn intent_of(line: &str) -> String {
    let value: Option<serde_json::Value> = serde_json::from_str(line).ok();
    value.and_then(|value| Some(value.get("intent")?.as_str()?.to_owned())).unwrap_or_else(|| line.to_owned())
}
