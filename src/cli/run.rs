//! `ouioe run`: plans, asks, runs and shows what happens.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::act::{self, Trouble, find};
use super::args::{Assignment, digest_start};
use super::dispatch::Setup;
use super::exit::Exit;
use super::out::Out;
use super::plan::exit_of;
use super::{detach, lines, model};
use crate::console::meant::{self, Meant};
use crate::engine::handle::Reply;
use crate::engine::planning::{Planning, unbound};
use crate::model::catalogue::EffectClass;
use crate::model::command::{Command as Submission, Consent, Submit};
use crate::model::intent::Intent;
use crate::model::outcome::PlanOutcome;
use crate::model::plan::Plan;
use crate::model::problem::Problem;
use crate::planner::{self, Ask, render};
use crate::policy::rule::name_to_type;
use crate::text;

/// Plan, ask, run, and show what happens
#[derive(Clone, Debug, Args)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["intent", "plan", "template", "again"]), after_help = "\
Examples:
  ouioe run check disk usage on localhost
  ouioe run --dry-run restart nginx on web-3
  ouioe run --yes --digest 1f0c9a2e restart nginx on web-3
  ouioe run --plan deploy.toml --set version=2.14 --yes
  ouioe run --template nightly-check --set host=web-1
  ouioe run --again last")]
pub struct RunArgs {
    /// What is to be done, in words
    #[arg(value_name = "INTENT")]
    pub intent: Vec<String>,
    /// Run this plan file (JSON or TOML) as written
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Run this workflow template
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// The plan of an earlier run once more, as a new run; what it lists is listed anew
    #[arg(long, value_name = "RUN", conflicts_with = "set")]
    pub again: Option<String>,
    /// An input of the plan file or template
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "intent")]
    pub set: Vec<Assignment>,
    /// Show what would run, with its digest, and end
    #[arg(long)]
    pub dry_run: bool,
    /// Approve in advance; of an intent in words it covers what destroys or changes only with --digest
    #[arg(long)]
    pub yes: bool,
    /// Of the plan that --dry-run showed; any other plan is refused
    #[arg(long, requires = "yes", value_parser = digest_start)]
    pub digest: Option<String>,
    /// Leave the run to an engine in the background and end
    #[arg(long, conflicts_with = "dry_run")]
    pub detach: bool,
}

pub async fn run(setup: &Setup, args: &RunArgs) -> Result<Exit, Trouble> {
    let planning = match setup.planning() {
        Ok(planning) => planning,
        Err(exit) => return Ok(exit),
    };
    let agree = Agree { yes: args.yes, digest: args.digest.as_deref(), detach: args.detach };
    if planning.model().is_some() && !args.intent.is_empty() {
        let ask = Ask::new(args.intent.join(" "));
        return if args.dry_run { model::dry_run(setup, &planning, &ask).await } else { model::run(setup, &planning, &ask, &agree).await };
    }
    let plan = match planned(setup, &planning, args).await {
        Ok(plan) => plan,
        Err(exit) => return Ok(exit),
    };
    if args.dry_run {
        let outcome = PlanOutcome::Plan { approval_required: plan.approval_required, plan: Box::new(plan) };
        if setup.out.json {
            setup.out.result(&lines::json(&render::json(&outcome, 0.0)));
        } else {
            setup.out.block(&render::whole(&outcome));
        }
        return Ok(Exit::Done);
    }
    submit(setup, plan, &agree).await
}

/// What was said on the command line before the plan was seen.
pub struct Agree<'a> {
    pub yes: bool,
    pub digest: Option<&'a str>,
    pub detach: bool,
}

/// Asks where nothing was said, then runs it to its end.
pub async fn submit(setup: &Setup, plan: Plan, agree: &Agree<'_>) -> Result<Exit, Trouble> {
    if let Some(exit) = cannot_start(&plan, &setup.out) {
        return Ok(exit);
    }
    let outcome = PlanOutcome::Plan { approval_required: plan.approval_required, plan: Box::new(plan.clone()) };
    let consent = match consent(setup, agree, &plan, &outcome)? {
        Ok(consent) => consent,
        Err(exit) => return Ok(exit),
    };
    agreed(setup, plan, consent, agree).await
}

pub fn cannot_start(plan: &Plan, out: &Out) -> Option<Exit> {
    let (step, hint) = unbound(plan)?;
    out.error(&format!("step {step} cannot start: {hint}"));
    Some(Exit::Refused)
}

/// Nothing is left to be asked.
pub async fn agreed(setup: &Setup, plan: Plan, consent: Consent, agree: &Agree<'_>) -> Result<Exit, Trouble> {
    let out = &setup.out;
    let attended = matches!(consent, Consent::Shown { .. }) || (out.is_interactive() && !agree.detach);
    let submit = Submit { intent: intent(setup, &plan), plan: Box::new(plan), consent, attended };
    if agree.detach { leave(setup, submit).await } else { act::run::run(&setup.place, out, submit).await }
}

/// A sealed plan, or what was said instead of one.
async fn planned(setup: &Setup, planning: &Planning, args: &RunArgs) -> Result<Plan, Exit> {
    let said = |problems: Vec<Problem>| {
        setup.out.problems(&problems);
        Exit::Usage
    };
    let inputs: BTreeMap<String, String> = args.set.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
    if let Some(run) = &args.again {
        let plan = earlier(setup, run).map_err(|trouble| {
            setup.out.error(&trouble.what);
            trouble.exit
        })?;
        return planning.prepare(planner::again(&plan)).await.map_err(said);
    }
    let plan = match (&args.plan, &args.template) {
        (Some(path), _) => planning.file(path, &inputs).map_err(said)?,
        (None, Some(name)) => planning.template(name, &inputs).map_err(said)?,
        (None, None) => {
            if let Some(help) = help_instead(&args.intent) {
                setup.out.error(help);
                return Err(Exit::Usage);
            }
            let outcome = planning.plan_intent(&Ask::new(args.intent.join(" "))).await;
            return match outcome {
                PlanOutcome::Plan { plan, .. } => Ok(*plan),
                other => Err(no_plan(&other, &setup.out)),
            };
        }
    };
    planning.prepare(plan).await.map_err(said)
}

fn earlier(setup: &Setup, run: &str) -> Result<Plan, Trouble> {
    let state = find::state(&setup.place.state_dir)?;
    let workflow = find::run(&state, run)?;
    let gone = || Trouble::new(Exit::JournalUnusable, format!("the plan of run {} is gone", workflow.run));
    workflow.graph().map(|graph| Plan::clone(&graph.plan)).ok_or_else(gone)
}

/// The help of the command line, where the whole intent was said to the program.
pub fn help_instead(intent: &[String]) -> Option<&'static str> {
    Some(match meant::for_us(&intent.join(" "))? {
        Meant::Help => "say what is to be done, as in `ouioe run check disk usage on localhost`; `ouioe --help` lists the commands",
        Meant::Leave => "there is nothing to leave here: `ouioe runs` lists what goes on, `ouioe --help` the commands",
    })
}

/// Says what there is instead of a plan.
pub fn no_plan(outcome: &PlanOutcome, out: &Out) -> Exit {
    if out.json {
        out.result(&lines::json(&render::json(outcome, 0.0)));
    } else {
        out.error(&render::text(outcome));
    }
    exit_of(outcome)
}

/// What the operator has seen and said; asks where somebody sits there.
fn consent(setup: &Setup, agree: &Agree<'_>, plan: &Plan, outcome: &PlanOutcome) -> Result<Result<Consent, Exit>, Trouble> {
    let out = &setup.out;
    if agree.yes {
        let digest = agree.digest.map(|typed| find::digest(typed, &plan.digest)).transpose()?;
        return Ok(Ok(Consent::Yes { digest }));
    }
    if !out.is_interactive() {
        if plan.approval_required {
            out.note(&format!("nobody is there to approve plan {}; `--yes --digest {}` does", plan.digest.short(), plan.digest.short()));
        } else {
            // Nothing of it needs an approval, so nothing is kept that waits for one.
            out.note("nobody is there to look at the plan; `--yes` runs it");
            return Ok(Err(Exit::Waits));
        }
        return Ok(Ok(Consent::None));
    }
    out.note(&render::whole(outcome));
    let answer = out.ask(&question(plan));
    Ok(if is_yes(answer.as_deref(), plan) {
        Ok(Consent::Shown { digest: plan.digest })
    } else {
        out.note("nothing runs: that was no yes to this plan");
        Err(Exit::Cancelled)
    })
}

pub fn question(plan: &Plan) -> String {
    let destroyed = name_to_type(&plan.steps);
    if plan.approval_required {
        let what = if destroyed.is_some() { "destroys" } else { "changes" };
        let word = text::safe(destroyed.as_deref().unwrap_or("yes"));
        format!("This {what} something. Type {word} to approve plan {}, Enter to leave: ", plan.digest.short())
    } else if plan.worst_effect() != EffectClass::Read {
        format!("This changes something of low risk. Press Enter to run plan {}, or n to leave: ", plan.digest.short())
    } else {
        format!("Only reads. Press Enter to run plan {}, or n to leave: ", plan.digest.short())
    }
}

pub fn is_yes(answer: Option<&str>, plan: &Plan) -> bool {
    match answer.map(str::trim) {
        Some("" | "y" | "yes") if !plan.approval_required => true,
        Some(typed) => typed == name_to_type(&plan.steps).as_deref().unwrap_or("yes"),
        None => false,
    }
}

fn intent(setup: &Setup, plan: &Plan) -> Intent {
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    Intent { text: plan.intent.clone(), actor: setup.place.actor.clone(), host, session: String::new() }
}

/// Submits to an engine in the background and ends.
async fn leave(setup: &Setup, submit: Submit) -> Result<Exit, Trouble> {
    let session = detach::background(setup).await?;
    let reply = session.link.send(Submission::Submit(submit)).await;
    let Reply::Accepted { run: Some(run), .. } = &reply else { return Ok(act::run::refused(&reply, &setup.out)) };
    if setup.out.json {
        setup.out.result(&lines::json(&serde_json::json!({"run": run})));
    } else {
        setup.out.result(run.as_str());
        setup.out.note(&format!("`ouioe show {run}` looks, `ouioe events {run} -f` follows"));
    }
    Ok(Exit::Done)
}
