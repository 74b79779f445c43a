//! One scenario: lines of plan, orders, reports and what must be true then.
//!
//! `plan` and indented step lines; then one verb a line (see `act`); `refused VERB …` wants a refusal; `then` wants states;
//! `events` wants the kinds since the last look; `effects` wants what the engine must do now.

use std::collections::BTreeSet;

use ouioe::machine::wanted;
use ouioe::model::action::Action;
use ouioe::model::command::{AttemptOutcome, Command, Consent, Found, Report, StepRef, Submit};
use ouioe::model::effect::Effect;
use ouioe::model::event::Fact;
use ouioe::model::failure::{ExitFacts, Failure};
use ouioe::model::ids::{AttemptNo, RunId, StepId};
use ouioe::model::intent::Intent;
use ouioe::model::plan::Step;
use ouioe::model::state::Workflow;
use ouioe::model::time::Millis;
use ouioe::model::verdict::{Health, Verdict};
use serde_json::Value;

use super::plans::{plan, step, word};
use super::world::World;

struct Story {
    world: World,
    steps: Vec<Step>,
    run: Option<RunId>,
    looked: usize,
}

pub fn play(text: &str) -> Result<(), String> {
    let mut story = Story { world: World::new(), steps: Vec::new(), run: None, looked: 0 };
    for (line, at) in text.lines().zip(1..) {
        let content = line.split('#').next().unwrap_or("").trim_end();
        if content.trim().is_empty() {
            continue;
        }
        story.line(content).map_err(|trouble| format!("{at}: {line}\n    {trouble}"))?;
    }
    story.world.proves_its_replay();
    Ok(())
}

impl Story {
    fn line(&mut self, line: &str) -> Result<(), String> {
        if line.starts_with(char::is_whitespace) {
            self.steps.push(step(line)?);
            return Ok(());
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[0] {
            "plan" => {
                self.steps.clear();
                Ok(())
            }
            "then" => self.then(&words[1..]),
            "events" => self.events(&words[1..]),
            "effects" => self.effects(&words[1..]),
            "refused" => match self.act(&words[2..])? {
                Err(refusal) if format!("{:?}", refusal.code).to_lowercase() == words[1] => Ok(()),
                Err(refusal) => Err(format!("refused as {:?}: {}", refusal.code, refusal.why)),
                Ok(()) => Err("it was accepted".to_owned()),
            },
            _ => self.act(&words)?.map_err(|refusal| format!("refused: {}", refusal.why)),
        }
    }

    fn run(&self) -> Result<&RunId, String> {
        self.run.as_ref().ok_or_else(|| "nothing was submitted yet".to_owned())
    }

    fn workflow(&self) -> Result<&Workflow, String> {
        self.world.state.runs.get(self.run()?).ok_or_else(|| "no such run".to_owned())
    }

    fn attempt(&self, id: &str) -> Result<AttemptNo, String> {
        let workflow = self.workflow()?;
        let ix = workflow.graph().and_then(|graph| graph.ix(&StepId::new(id))).ok_or_else(|| format!("no step {id}"))?;
        Ok(workflow.step(ix).attempt)
    }

    /// One order or report.
    fn act(&mut self, words: &[&str]) -> Result<Result<(), ouioe::model::command::Refusal>, String> {
        let at = |index: usize| words.get(index).copied().ok_or_else(|| "a word is missing".to_owned());
        let reason = String::from("because");
        let step_ref = |run: &RunId, id: &str| StepRef { run: run.clone(), step: StepId::new(id), expected_rev: None };
        let command = match at(0)? {
            "submit" => return Ok(self.submit(&words[1..])),
            "restart" => {
                self.world.restart();
                return Ok(Ok(()));
            }
            "offline" | "online" => {
                self.world.may_start = words[0] == "online";
                return Ok(Ok(()));
            }
            "set" => {
                self.setting(at(1)?, at(2)?)?;
                return Ok(Ok(()));
            }
            "advance" => {
                let span = Millis::parse(at(1)?).ok_or("a span")?;
                self.world.advance(i64::try_from(span.0).map_err(|error| error.to_string())?);
                return Ok(Ok(()));
            }
            "ok" | "yes" | "no" | "fail" | "late" | "found" => return self.reported(words),
            "approve" => {
                let step = words.get(1).map(StepId::new);
                let digest = self.open_digest(step.as_ref())?;
                Command::Approve { run: self.run()?.clone(), step, digest }
            }
            "reject" => Command::Reject { run: self.run()?.clone(), step: words.get(1).map(StepId::new), reason },
            "skip" => Command::Skip { at: step_ref(self.run()?, at(1)?), reason },
            "skip-rev" => {
                let seen = Some(at(2)?.parse().map_err(|_| "a revision")?);
                Command::Skip { at: StepRef { expected_rev: seen, ..step_ref(self.run()?, at(1)?) }, reason }
            }
            "retry" => Command::Retry { at: step_ref(self.run()?, at(1)?), reason },
            "revise" => return self.revise(words),
            "done" => Command::Done { at: step_ref(self.run()?, at(1)?), evidence: words[2..].join(" ") },
            "takeback" => Command::TakeBack { at: step_ref(self.run()?, at(1)?) },
            "pause" => Command::Pause { run: self.run()?.clone(), step: words.get(1).map(StepId::new) },
            "resume" => Command::Resume { run: Some(self.run()?.clone()), step: words.get(1).map(StepId::new) },
            "resume-all" => Command::Resume { run: None, step: None },
            "cancel" => Command::Cancel { run: self.run()?.clone(), now: words.contains(&"now"), reason },
            "rollback" => Command::Rollback { run: self.run()?.clone(), reason },
            "freeze" => Command::Freeze { target: at(1)?.to_owned(), reason },
            "thaw" => Command::Thaw { target: at(1)?.to_owned() },
            other => return Err(format!("no such verb: {other}")),
        };
        Ok(self.world.person(command))
    }

    fn setting(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number: u32 = value.parse().map_err(|_| "a number")?;
        let settings = &mut self.world.settings;
        match name {
            "slots" => settings.engine.slots = number,
            "per_service" => settings.engine.per_service = number,
            "hold_ms" => settings.policy.hold_ms = Millis(number.into()),
            "expiry_ms" => settings.policy.approval_expiry_ms = Millis(number.into()),
            "result_cap" => settings.engine.result_cap = number.into(),
            "no_exemptions" => settings.policy.exempt_environments.clear(),
            _ => return Err(format!("no such setting: {name}")),
        }
        Ok(())
    }

    fn submit(&mut self, words: &[&str]) -> Result<(), ouioe::model::command::Refusal> {
        let mut plan = plan(self.steps.clone(), &self.world.settings.policy);
        if let Some(env) = words.iter().find_map(|word| word.strip_prefix("env=")) {
            plan.environment = Some(env.to_owned());
            ouioe::policy::rule::mark_approvals(&mut plan, &self.world.settings.policy);
            ouioe::policy::digest::seal(&mut plan);
        }
        let digest = plan.digest;
        let consent = match words.first().copied() {
            Some("shown") => Consent::Shown { digest },
            Some("other") => Consent::Shown { digest: ouioe::model::digest::Digest::ZERO },
            Some("yes") => Consent::Yes { digest: None },
            _ => Consent::None,
        };
        let actor = ouioe::model::actor::Actor::Local { uid: 1000, name: "ana".to_owned() };
        let intent = Intent { text: "a test".to_owned(), actor, host: "here".to_owned(), session: String::new() };
        let attended = words.contains(&"attended");
        let outcome = self.world.person(Command::Submit(Submit { intent, plan: Box::new(plan), consent, attended }));
        self.run = self.world.state.runs.values().max_by_key(|workflow| workflow.order).map(|workflow| workflow.run.clone());
        outcome
    }

    /// `revise STEP PARAM VALUE [shown|unseen|stale]`: the same plan but for one parameter of the step.
    fn revise(&mut self, words: &[&str]) -> Result<Result<(), ouioe::model::command::Refusal>, String> {
        let [_, id, name, value, rest @ ..] = words else { return Err("revise STEP PARAM VALUE".to_owned()) };
        let workflow = self.workflow()?;
        let mut plan = workflow.graph().ok_or("no plan")?.plan.as_ref().clone();
        plan.revision += if rest.contains(&"stale") { 2 } else { 1 };
        let step = plan.steps.iter_mut().find(|step| step.id.as_str() == *id).ok_or("no such step")?;
        step.params.insert((*name).to_owned(), Value::from(*value));
        if let Action::Builtin { params, .. } = &mut step.action {
            params.insert((*name).to_owned(), Value::from(*value));
        }
        if rest.contains(&"smuggled") {
            plan.steps.iter_mut().for_each(|step| step.timeout_ms = Millis::seconds(1));
        }
        ouioe::policy::digest::seal(&mut plan);
        let consent = if rest.contains(&"unseen") { Consent::None } else { Consent::Shown { digest: plan.digest } };
        let at = StepRef { run: workflow.run.clone(), step: StepId::new(id), expected_rev: None };
        Ok(self.world.person(Command::Revise { at, plan: Box::new(plan), consent, reason: "because".to_owned() }))
    }

    fn open_digest(&self, step: Option<&StepId>) -> Result<ouioe::model::digest::Digest, String> {
        let workflow = self.workflow()?;
        let ix = step.and_then(|id| workflow.graph()?.ix(id));
        let open = workflow.questions.values().find(|open| open.step == ix).and_then(|open| open.digest);
        Ok(open.unwrap_or(workflow.digest))
    }

    fn reported(&mut self, words: &[&str]) -> Result<Result<(), ouioe::model::command::Refusal>, String> {
        let (run, step) = (self.run()?.clone(), StepId::new(words.get(1).ok_or("which step?")?));
        let attempt = self.attempt(step.as_str())?;
        let rest = &words[2.min(words.len())..];
        let report = match words[0] {
            "ok" => Report::Finished { run, step, attempt, outcome: Box::new(succeeded(&rest.join(" "))?) },
            "yes" | "no" => Report::Finished { run, step, attempt, outcome: Box::new(answered(words[0] == "yes")) },
            "fail" => Report::Finished { run, step, attempt, outcome: Box::new(failed(rest)?) },
            "late" => {
                let attempt = AttemptNo(rest[0].parse().map_err(|_| "an attempt")?);
                let outcome = if rest[1] == "ok" { succeeded("")? } else { failed(&rest[2..])? };
                Report::Finished { run, step, attempt, outcome: Box::new(outcome) }
            }
            _ => {
                let found = match rest[0] {
                    "ok" => Found::ExitRecord(succeeded("")?),
                    "fail" => Found::ExitRecord(failed(&rest[1..])?),
                    "running" => Found::StillRunning { pid: 7 },
                    "not_started" => Found::ProvenNotStarted,
                    "nothing" => Found::NothingKnown { detail: "no record".to_owned() },
                    other => return Err(format!("found what? {other}")),
                };
                Report::Reconciled { run, step, attempt, found: Box::new(found) }
            }
        };
        Ok(self.world.report(report))
    }

    /// `a running b waiting run adapting`
    fn then(&self, words: &[&str]) -> Result<(), String> {
        let workflow = self.workflow()?;
        let mut wrong = Vec::new();
        for pair in words.chunks(2) {
            let [name, wanted] = pair else { return Err("states come in pairs".to_owned()) };
            let is = if *name == "run" {
                let parked = if workflow.parked { "parked:" } else { "" };
                format!("{parked}{}", workflow.shown().word())
            } else {
                let ix = workflow.graph().and_then(|graph| graph.ix(&StepId::new(name))).ok_or_else(|| format!("no step {name}"))?;
                workflow.step(ix).state.word().to_owned()
            };
            if is != *wanted {
                wrong.push(format!("{name} is {is}, not {wanted}"));
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("; ")) }
    }

    /// The kinds since the last look, in order; `kind:step` names the step too.
    fn events(&mut self, wanted: &[&str]) -> Result<(), String> {
        let new = &self.world.events[self.looked..];
        let kinds: Vec<String> = new
            .iter()
            .filter(|event| !matches!(event.fact, Fact::EngineStarted { .. }))
            .map(|event| event.step.as_ref().map_or_else(|| event.fact.kind().to_owned(), |step| format!("{}:{step}", event.fact.kind())))
            .collect();
        self.looked = self.world.events.len();
        if kinds == wanted { Ok(()) } else { Err(format!("events were: {}", kinds.join(" "))) }
    }

    fn effects(&self, words: &[&str]) -> Result<(), String> {
        let effects = wanted(&self.world.state, self.run()?, &self.world.settings.engine);
        let are: BTreeSet<String> = effects
            .iter()
            .map(|effect| match effect {
                Effect::Start(start) => format!("start:{}", start.at.step),
                Effect::Reconcile(start) => format!("reconcile:{}", start.at.step),
                Effect::Stop { at, .. } => format!("stop:{}", at.step),
            })
            .collect();
        let wanted: BTreeSet<String> = words.iter().map(|word| (*word).to_owned()).collect();
        if are == wanted { Ok(()) } else { Err(format!("effects are: {are:?}")) }
    }
}

fn succeeded(text: &str) -> Result<AttemptOutcome, String> {
    let result = if text.is_empty() { Value::Null } else { serde_json::from_str(text).map_err(|error| error.to_string())? };
    Ok(AttemptOutcome::Succeeded { result, verdict: None, exit: None, spool: None })
}

fn answered(yes: bool) -> AttemptOutcome {
    let health = if yes { Health::Healthy } else { Health::Failing };
    let verdict = Some(Verdict { health, reasons: Vec::new(), answer: Some(yes) });
    AttemptOutcome::Succeeded { result: Value::Null, verdict, exit: None, spool: None }
}

/// `CLASS CERTAINTY [exit=N] [stop]`
fn failed(words: &[&str]) -> Result<AttemptOutcome, String> {
    let [class, certainty, rest @ ..] = words else { return Err("fail STEP CLASS CERTAINTY".to_owned()) };
    let code = rest.iter().find_map(|word| word.strip_prefix("exit=")?.parse().ok());
    let cut = rest.contains(&"stop").then(|| "stop".to_owned());
    let failure = Failure { certainty: word(certainty)?, class: word(class)?, detail: "it broke".to_owned(), retry_after: None };
    let exit = Some(ExitFacts { code, cut, ..ExitFacts::default() });
    Ok(AttemptOutcome::Failed { failure, exit, spool: None, error_tail: String::new() })
}
