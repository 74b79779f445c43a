//! What must never be true, entry by entry.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::fold::{LIVE, Run};
use super::journal::{Entry, Journal};
use super::ledger::Ledger;

/// A line that the program printed: it said that this is durable.
#[derive(Clone, Debug)]
pub struct Acked(pub Value);

#[derive(Debug, Default)]
pub struct Verdict {
    pub faults: Vec<String>,
    pub events: usize,
    pub starts: u64,
    pub acked: usize,
    /// Steps that a person had to speak about.
    pub parks: usize,
    pub runs: BTreeMap<String, Run>,
}

impl Verdict {
    pub fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// Steps in this state, with their run.
    pub fn steps_in(&self, state: &str) -> Vec<(String, String)> {
        let steps = self.runs.iter().flat_map(|(run, it)| it.steps.iter().map(move |(id, step)| (run, id, step)));
        steps.filter(|(_, _, step)| step.state == state).map(|(run, id, _)| (run.clone(), id.clone())).collect()
    }

    pub fn in_flight(&self) -> usize {
        LIVE.iter().map(|state| self.steps_in(state).len()).sum()
    }

    pub fn all_finished(&self) -> bool {
        self.runs.values().all(|run| run.finished.is_some())
    }

    fn faults_of(&mut self, entry: &Entry, why: &[impl AsRef<str>]) {
        for why in why {
            self.fault(entry, why.as_ref());
        }
    }

    fn fault(&mut self, entry: &Entry, why: &str) {
        self.faults.push(format!("event {} ({} {} {}): {why}", entry.seq, entry.kind(), entry.run(), entry.step()));
    }
}

/// `ledger`: none where the plan writes none.
pub fn judge(state_dir: &Path, ledger: Option<&Ledger>, acked: &[Acked]) -> Verdict {
    let Some(journal) = Journal::read(state_dir) else {
        let mut verdict = Verdict::default();
        if !acked.is_empty() {
            verdict.faults.push(format!("{} events were acknowledged and there is no journal", acked.len()));
        }
        return verdict;
    };
    let mut verdict = Verdict { faults: journal.damage.clone(), events: journal.entries.len(), acked: acked.len(), ..Verdict::default() };
    walk(&journal, &mut verdict);
    check_acked(&journal, acked, &mut verdict);
    if let Some(ledger) = ledger {
        check_ledger(ledger, &mut verdict);
    }
    verdict
}

fn walk(journal: &Journal, verdict: &mut Verdict) {
    let (mut epoch, mut at) = (0, String::new());
    for entry in &journal.entries {
        let now = entry.value["at"].as_str().unwrap_or("").to_owned();
        if now < at {
            verdict.fault(entry, "time runs backwards");
        }
        at = now;
        match entry.kind() {
            "engine_started" => {
                let raised = entry.data()["epoch"].as_u64().unwrap_or(0);
                if raised <= epoch {
                    verdict.fault(entry, "the epoch was not raised");
                }
                epoch = raised;
                verdict.runs.values_mut().for_each(Run::engine_started);
            }
            "step_started" => {
                verdict.starts += 1;
                if entry.data()["epoch"].as_u64() != Some(epoch) {
                    verdict.fault(entry, "an engine started it that does not own the journal");
                }
                check_start(entry, verdict);
            }
            "step_succeeded" | "step_failed" => check_result(entry, verdict),
            "outcome_unknown" => verdict.parks += 1,
            "workflow_finished" => check_end(entry, verdict),
            _ => {}
        }
        if !entry.run().is_empty() {
            verdict.runs.entry(entry.run().to_owned()).or_default().apply(entry, &journal.plans);
        }
        check_snapshot(journal, entry, verdict);
    }
}

fn check_start(entry: &Entry, verdict: &mut Verdict) {
    let Some(run) = verdict.runs.get(entry.run()) else { return verdict.fault(entry, "its run was never submitted") };
    let (Some(plan), Some(step)) = (run.plan_step(entry.step()), run.steps.get(entry.step())) else {
        return verdict.fault(entry, "it is no step of the plan");
    };
    let mut why = Vec::new();
    if run.finished.is_some() {
        why.push("its run is finished".to_owned());
    }
    if LIVE.contains(&step.state.as_str()) {
        why.push(format!("it is {} already", step.state));
    }
    if entry.value["attempt"].as_u64() != Some(step.attempt + 1) {
        why.push(format!("attempt {} follows attempt {}", entry.value["attempt"], step.attempt));
    }
    let digest = run.plan["digest"].as_str().unwrap_or("");
    if plan["approval"] == true && !run.approved.contains(digest) && !run.gates.contains(entry.data()["digest"].as_str().unwrap_or("")) {
        why.push("nobody approved it".to_owned());
    }
    if entry.data()["role"] == "main" {
        why.extend(unmet(run, plan));
        why.extend(repeats(entry, step, plan));
    }
    verdict.faults_of(entry, &why);
}

/// A successor before the result of what it needs.
fn unmet(run: &Run, plan: &Value) -> Vec<String> {
    let needs = plan["needs"].as_array().map_or(&[][..], Vec::as_slice);
    let holds = |need: &&Value| {
        let id = need["step"].as_str().unwrap_or("");
        let by_person = run.steps.get(id).is_some_and(|step| step.skipped == "person" || step.skipped == "strategy");
        match (need["when"].as_str().unwrap_or("success"), run.state(id)) {
            ("success" | "always", "succeeded" | "done_by_hand") | ("failure" | "always", "failed") | ("always", "skipped") => true,
            ("success", "skipped") => by_person,
            ("always", "cancelled") => plan["kind"] == "recovery",
            _ => false,
        }
    };
    let met = needs.iter().filter(holds).count();
    let enough = if plan["join"] == "any" { met > 0 || needs.is_empty() } else { met == needs.len() };
    if enough {
        return Vec::new();
    }
    let states = needs.iter().map(|need| need["step"].as_str().unwrap_or("")).map(|id| format!("{id} {}", run.state(id)));
    vec![format!("it needs {}", states.collect::<Vec<_>>().join(", "))]
}

/// An effect that must not repeat, started again without proof that it did not happen and without a person's word.
fn repeats(entry: &Entry, step: &super::fold::Step, plan: &Value) -> Option<String> {
    let again = step.starts > 0 && step.role == "main";
    let careful = matches!(plan["repeat"].as_str(), Some("at_most_once" | "probeable") | None);
    if again && careful && !step.may_repeat {
        return Some(format!("it may have happened before (it was {})", step.state));
    }
    let same_key = entry.data()["effect_key"] == step.key.as_str();
    (again && same_key == step.raised).then(|| "its key does not fit who asked for it again".to_owned())
}

fn check_result(entry: &Entry, verdict: &mut Verdict) {
    let Some(run) = verdict.runs.get(entry.run()) else { return verdict.fault(entry, "its run was never submitted") };
    let Some(step) = run.steps.get(entry.step()) else { return verdict.fault(entry, "it is no step of the plan") };
    let is_command = run.plan_step(entry.step()).is_some_and(|plan| plan["action"]["kind"] == "command");
    let mut why = Vec::new();
    if entry.kind() == "step_succeeded" && is_command && step.role == "main" && entry.data()["exit"]["code"] != 0 {
        why.push("a success that nobody saw: no exit code 0");
    }
    if step.starts == 0 && entry.kind() == "step_succeeded" {
        why.push("it ended without having been started");
    }
    if matches!(step.state.as_str(), "succeeded" | "failed" | "done_by_hand") {
        why.push("a known outcome was overwritten");
    }
    verdict.faults_of(entry, &why);
}

fn check_end(entry: &Entry, verdict: &mut Verdict) {
    let Some(run) = verdict.runs.get(entry.run()) else { return };
    let open: Vec<&str> = run.steps.values().map(|step| step.state.as_str()).filter(|state| LIVE.contains(state)).collect();
    let unknown = run.steps.values().any(|step| step.state == "outcome_unknown");
    let (again, open) = (run.finished.is_some(), !open.is_empty());
    if again {
        verdict.fault(entry, "it had ended before");
    }
    if open {
        verdict.fault(entry, "steps of it still run");
    }
    if unknown && entry.data()["state"] == "succeeded" {
        verdict.fault(entry, "called a success with an unknown outcome");
    }
}

/// The snapshot at this event says of every step what the events say.
fn check_snapshot(journal: &Journal, entry: &Entry, verdict: &mut Verdict) {
    for (_, body) in journal.snapshots.iter().filter(|(seq, _)| *seq == entry.seq) {
        let mut wrong = Vec::new();
        for (id, run) in &verdict.runs {
            let theirs = body["runs"][id]["steps"].as_array().map_or(&[][..], Vec::as_slice);
            let ids = run.plan["steps"].as_array().map_or(&[][..], Vec::as_slice);
            if ids.len() != theirs.len() {
                wrong.push(format!("run {id} has {} steps, its snapshot {}", ids.len(), theirs.len()));
            }
            for (plan, theirs) in ids.iter().zip(theirs) {
                let step = plan["id"].as_str().unwrap_or("");
                if theirs["state"]["state"] != run.state(step) {
                    wrong.push(format!("step {step} is {}, its snapshot says {}", run.state(step), theirs["state"]["state"]));
                }
            }
        }
        verdict.faults_of(entry, &wrong);
    }
}

/// What was printed stands in the journal, byte for byte the same event.
fn check_acked(journal: &Journal, acked: &[Acked], verdict: &mut Verdict) {
    for Acked(line) in acked {
        let at = line["seq"].as_u64().and_then(|seq| usize::try_from(seq).ok()).unwrap_or(0);
        match at.checked_sub(1).and_then(|at| journal.entries.get(at)) {
            Some(entry) if entry.value == *line => {}
            Some(entry) => verdict.fault(entry, &format!("acknowledged as {line}")),
            None => verdict.faults.push(format!("acknowledged and lost: {line}")),
        }
    }
}

fn check_ledger(ledger: &Ledger, verdict: &mut Verdict) {
    for step in ledger.doubles() {
        verdict.faults.push(format!("the effect of {step} happened {} times", ledger.counts[step]));
    }
    let mut wrong = Vec::new();
    for (id, step) in verdict.runs.values().flat_map(|run| run.steps.iter()) {
        match (ledger.has(id), step.state.as_str()) {
            (false, "succeeded" | "done_by_hand") => wrong.push(format!("{id} is {} and its effect is not there", step.state)),
            (true, _) if step.starts == 0 => wrong.push(format!("the effect of {id} happened before its intent")),
            _ => {}
        }
    }
    verdict.faults.extend(wrong);
}
