//! `retry --set`: the plan's next revision with other parameters for one step, shown and agreed to, then run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::intervene::tell;
use super::{Trouble, find};
use crate::cli::dispatch::Setup;
use crate::cli::exit::Exit;
use crate::cli::retry::RetryArgs;
use crate::engine::planning::unbound;
use crate::model::command::{Command, Consent, StepRef};
use crate::model::plan::{Plan, Step};
use crate::model::step_state::StepState::{AwaitingDecision, BackingOff, OutcomeUnknown};
use crate::planner::render;
use crate::policy::rule::name_to_type;
use crate::text;

pub async fn revise(setup: &Setup, args: &RetryArgs) -> Result<Exit, Trouble> {
    let (place, out) = (&setup.place, &setup.out);
    let state = find::state(&place.state_dir)?;
    let workflow = find::run(&state, &args.at.run)?;
    let step = find::step(workflow, Some(&args.at.step))?;
    let gone = || Trouble::new(Exit::JournalUnusable, format!("the plan of run {} is gone", workflow.run));
    let (graph, ix) = workflow.graph().and_then(|graph| Some((graph, graph.ix(&step)?))).ok_or_else(gone)?;
    let state = &workflow.step(ix).state;
    if workflow.state.is_finished() {
        let what = format!("refused: run {} is finished ({}); plan it anew to run it otherwise", workflow.run, workflow.state.word());
        return Err(Trouble::new(Exit::Refused, what));
    }
    if !matches!(state, AwaitingDecision { .. } | OutcomeUnknown | BackingOff { .. }) {
        let is = state.word().replace('_', " ");
        let what = format!("refused: step {step} is {is}; only a failed, unknown or backing-off step can be retried");
        return Err(Trouble::new(Exit::Refused, what));
    }
    let planning = match setup.planning() {
        Ok(planning) => planning,
        Err(exit) => return Ok(exit),
    };
    let set: BTreeMap<String, String> = args.set.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
    let plan = match planning.revise(&graph.plan, &step, &set).await {
        Ok(plan) => plan,
        Err(problems) => {
            out.problems(&problems);
            return Ok(Exit::Usage);
        }
    };
    if let Some((step, hint)) = unbound(&plan) {
        out.error(&format!("step {step} cannot start: {hint}"));
        return Ok(Exit::Refused);
    }
    let Some(consent) = agreed(setup, args, graph.step(ix), plan.step(ix), &plan)? else { return Ok(Exit::Waits) };
    let at = StepRef { run: workflow.run.clone(), expected_rev: Some(workflow.step(ix).rev), step };
    tell(place, out, Command::Revise { at, plan: Box::new(plan), consent, reason: args.reason.clone() }).await
}

/// Shows what changes. A digest given beforehand, or a yes at the terminal; a read needs neither.
fn agreed(setup: &Setup, args: &RetryArgs, old: &Step, new: &Step, plan: &Plan) -> Result<Option<Consent>, Trouble> {
    let out = &setup.out;
    out.note(&page(old, new, plan));
    let digest = plan.digest;
    if let Some(typed) = &args.digest {
        return Ok(Some(Consent::Yes { digest: Some(find::digest(typed, &digest)?) }));
    }
    if !new.approval {
        return Ok(Some(Consent::Shown { digest }));
    }
    if !out.is_interactive() {
        let what = format!("nobody is there to ask; say that you saw it with `--digest {}`", digest.short());
        return Err(Trouble::new(Exit::Usage, what));
    }
    let word = name_to_type([new]).unwrap_or_else(|| "yes".to_owned());
    let question = format!("Type {} to run step {} so, Enter to leave it as it is: ", text::safe(&word), text::safe(new.id.as_str()));
    let said = out.ask(&question);
    Ok((said.as_deref().map(str::trim) == Some(word.as_str())).then_some(Consent::Shown { digest }))
}

fn page(old: &Step, new: &Step, plan: &Plan) -> String {
    let mut page = format!("Step {} in revision {} ({}):\n", text::safe(new.id.as_str()), plan.revision, plan.digest.short());
    let shown = |value: Option<&serde_json::Value>| value.map_or_else(|| "(none)".to_owned(), |value| text::safe(&value.to_string()));
    for name in old.params.keys().chain(new.params.keys().filter(|name| !old.params.contains_key(*name))) {
        let (before, after) = (old.params.get(name), new.params.get(name));
        if before != after {
            let _ = writeln!(page, "  {:12} {} -> {}", text::safe(name), shown(before), shown(after));
        }
    }
    page + &render::whole_action("  would run    ", &new.action)
}
