//! Remembered plans: intents and what was done for them, found again by their words and filled with the new text's values.
//!
//! Nearest neighbours over stems, values left out ("restart VALUE on VALUE"). A remembered plan only proposes: it is filled
//! anew from the text, validated, and judged against the others; a value that the text does not give is never taken from the past
//! where it names a machine or a thing that is changed. Feedback on one intent is capped, so no flood of it drowns the rest.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::decision::Record;
use crate::model::catalogue::{Catalogue, EffectClass, Operation, ParamType};
use crate::model::digest::Digest;
use crate::model::ids::StepId;
use crate::model::plan::{Need, NeedKind, Plan, PlanSource, Provenance, Step, When};
use crate::model::problem::Problem;

use super::ask::{Ask, World};
use super::grammar;
use super::pipeline::{blank_step, title_of};
use super::slots::{Bound, Place, bind, is_machine_param};
use super::token::{Kind, Token, tokens};
use super::words::{is_function, stem};

/// Below this share of common words another thing is meant, in thousandths.
const ALIKE: u64 = 800;
/// Nearest plans that may propose.
const NEAREST: usize = 4;
/// Runs of one remembered plan that count; more prove nothing more.
const MOST_RUNS: u32 = 20;

#[derive(Clone, Debug, PartialEq, Eq)]
struct RememberedStep {
    operation: String,
    params: BTreeMap<String, Value>,
}

impl RememberedStep {
    fn of(step: &Step) -> Self {
        Self { operation: step.operation.clone(), params: step.params.clone() }
    }
}

type Edge = (usize, usize, When);

/// One shape of work for one wording.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    words: Vec<String>,
    steps: Vec<RememberedStep>,
    edges: Vec<Edge>,
    /// Run -> it ended well.
    runs: BTreeMap<String, bool>,
    /// Place of the newest run in time.
    last: u64,
}

impl Entry {
    fn record(&self) -> Record {
        let runs = u32::try_from(self.runs.len()).unwrap_or(u32::MAX);
        let well = u32::try_from(self.runs.values().filter(|well| **well).count()).unwrap_or(u32::MAX);
        Record { runs: runs.min(MOST_RUNS), succeeded: if runs > MOST_RUNS { well * MOST_RUNS / runs } else { well } }
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    entries: Vec<Entry>,
    /// Stem -> entries that hold it.
    holders: BTreeMap<String, Vec<usize>>,
    /// Words and shape -> entry.
    known: BTreeMap<(Vec<String>, String), usize>,
    time: u64,
}

/// A plan that was good for words like these.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    /// The newest run that it comes from.
    pub run: String,
    /// Share of the words in common, in thousandths.
    pub likeness: u32,
    pub plan: Plan,
    pub record: Record,
}

/// One line of a file to learn from: `{"intent": …, "steps": ["host.reboot", …], "edges": [{"from":0,"to":1,"when":"success"}]}`.
#[derive(Deserialize)]
struct Line {
    intent: String,
    #[serde(default)]
    steps: Vec<Value>,
    #[serde(default)]
    edges: Vec<LineEdge>,
}

#[derive(Deserialize)]
struct LineEdge {
    from: usize,
    to: usize,
    #[serde(default)]
    when: When,
}

impl Memory {
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// A finished run, approved where it had to be.
    pub fn remember(&mut self, run: &str, intent: &str, plan: &Plan, well: bool) {
        let at: BTreeMap<&StepId, usize> = plan.steps.iter().enumerate().map(|(at, step)| (&step.id, at)).collect();
        let needs = plan.steps.iter().enumerate().flat_map(|(to, step)| step.needs.iter().map(move |need| (to, need)));
        let edges = needs.filter_map(|(to, need)| Some((*at.get(&need.step)?, to, need.when))).collect();
        self.put(run, intent, plan.steps.iter().map(RememberedStep::of).collect(), edges, well);
    }

    /// Lines of intent, steps and edges, taught as successes.
    pub fn learn(&mut self, origin: &str, text: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (number, line) in (1_u32..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let problem = |why: String| Problem::new(origin, "learn", why).at(number, 1);
            match serde_json::from_str::<Line>(line) {
                Err(error) => problems.push(problem(format!("is no line to learn from: {error}"))),
                // A refusal or a question teaches no plan.
                Ok(line) if line.steps.is_empty() => {}
                Ok(line) => match steps_of(&line) {
                    Some(steps) => {
                        let edges = line.edges.iter().map(|edge| (edge.from, edge.to, edge.when)).collect();
                        self.put(&format!("{origin}:{number}"), &line.intent, steps, edges, true);
                    }
                    None => problems.push(problem("names an edge or a step that is not there".to_owned())),
                },
            }
        }
        problems
    }

    fn put(&mut self, run: &str, intent: &str, steps: Vec<RememberedStep>, edges: Vec<Edge>, well: bool) {
        let words = content(&tokens(intent));
        if words.is_empty() || steps.is_empty() {
            return;
        }
        self.time += 1;
        let operations: Vec<&str> = steps.iter().map(|step| step.operation.as_str()).collect();
        let key = (words.clone(), format!("{operations:?} {edges:?}"));
        let at = *self.known.entry(key).or_insert(self.entries.len());
        if at == self.entries.len() {
            for word in words.iter().collect::<BTreeSet<_>>() {
                self.holders.entry(word.clone()).or_default().push(at);
            }
            self.entries.push(Entry { words, steps, edges, runs: BTreeMap::new(), last: 0 });
        }
        let entry = &mut self.entries[at];
        entry.last = self.time;
        entry.runs.insert(run.to_owned(), well);
    }

    /// Nothing of this run counts any more; a plan that only it knew proposes nothing.
    pub fn forget(&mut self, run: &str) {
        for entry in &mut self.entries {
            entry.runs.remove(run);
        }
    }

    /// Plans for words like these, filled anew: the likest first, then what ended well more often, then the newest.
    pub fn recall(&self, ask: &Ask, world: &World<'_>) -> Vec<Recalled> {
        let said = tokens(&ask.text);
        let words = content(&said);
        let mut near = self.nearest(&words);
        near.truncate(NEAREST);
        near.into_iter()
            .filter_map(|(likeness, at)| {
                let entry = &self.entries[at];
                let run = entry.runs.keys().next_back()?.clone();
                let plan = fill(entry, ask, &said, world)?;
                Some(Recalled { run, likeness: u32::try_from(likeness).unwrap_or(1_000), plan, record: entry.record() })
            })
            .collect()
    }

    fn nearest(&self, words: &[String]) -> Vec<(u64, usize)> {
        let distinct: BTreeSet<&String> = words.iter().collect();
        // A word that stands almost everywhere finds nothing by itself.
        let weight = |word: &str| {
            let holders = self.holders.get(word).map_or(0, Vec::len);
            u64::from(64 - (self.entries.len() as u64 / (holders as u64 + 1) + 1).leading_zeros())
        };
        let own: u64 = distinct.iter().map(|word| weight(word)).sum();
        let mut shared: Vec<u64> = vec![0; self.entries.len()];
        for word in &distinct {
            let weight = weight(word);
            for at in self.holders.get(*word).into_iter().flatten() {
                shared[*at] += weight;
            }
        }
        let likeness = |at: usize, shared: u64| {
            let other: u64 = self.entries[at].words.iter().collect::<BTreeSet<_>>().into_iter().map(|word| weight(word)).sum();
            2_000 * shared / (own + other).max(1)
        };
        let touched =
            shared.iter().enumerate().filter(|(at, shared)| 2_000 * **shared / own.max(1) >= ALIKE && !self.entries[*at].runs.is_empty());
        let mut found: Vec<(u64, usize)> =
            touched.map(|(at, shared)| (likeness(at, *shared), at)).filter(|(alike, _)| *alike >= ALIKE).collect();
        let rank = |at: usize| (self.entries[at].record().odds(), self.entries[at].last);
        found.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| rank(*other).cmp(&rank(*one))));
        found
    }
}

fn steps_of(line: &Line) -> Option<Vec<RememberedStep>> {
    let sound = line.edges.iter().all(|edge| edge.from < line.steps.len() && edge.to < line.steps.len() && edge.from != edge.to);
    let step = |value: &Value| match value {
        Value::String(name) => Some(RememberedStep { operation: name.clone(), params: BTreeMap::new() }),
        Value::Object(map) => {
            let params = map.get("params").and_then(Value::as_object).map(|all| all.clone().into_iter().collect()).unwrap_or_default();
            Some(RememberedStep { operation: map.get("operation")?.as_str()?.to_owned(), params })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => None,
    };
    sound.then(|| line.steps.iter().map(step).collect::<Option<Vec<_>>>())?
}

/// Stems of the words that carry meaning; values and names of machines are what differs from run to run.
fn content(said: &[Token]) -> Vec<String> {
    let carries = |token: &&Token| token.kind == Kind::Word && !is_function(&token.low) && token.low != "localhost";
    let mut words: Vec<String> = said.iter().filter(carries).map(|token| stem(&token.low)).collect();
    words.sort();
    words
}

/// The remembered steps with the new text's values; `None` where a value is missing or the catalogue changed.
fn fill(entry: &Entry, ask: &Ask, said: &[Token], world: &World<'_>) -> Option<Plan> {
    let place = Place::of(said, &world.index);
    let mut taken: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut left = Left::of(said);
    let mut steps = Vec::with_capacity(entry.steps.len());
    for (at, remembered) in entry.steps.iter().enumerate() {
        let operation = world.catalogue.get(&remembered.operation)?;
        let bound = bind(operation, said, world, &place);
        if !bound.bad.is_empty() {
            return None;
        }
        left.take(operation, &bound);
        let mut step = blank_step(operation);
        step.id = StepId::new(format!("s{}", at + 1));
        for param in &operation.params {
            let given = ask.inputs.get(&param.name).map(std::slice::from_ref).or_else(|| bound.values.get(&param.name).map(Vec::as_slice));
            // The second step of an operation takes the second value.
            let turn = taken.entry((operation.name.clone(), param.name.clone())).or_insert(0);
            let text = given.and_then(|values| values.get(*turn).or_else(|| values.last()));
            // A word that the past knows as one of its own is no machine's name.
            let is_own = |text: &&String| {
                is_machine_param(&param.name, &param.kind) && entry.words.contains(&stem(&text.to_lowercase())) && !world.is_asset(text)
            };
            *turn += usize::from(text.is_some());
            if let Some(text) = text.filter(|text| !is_own(text)) {
                step.params.insert(param.name.clone(), grammar::typed(&param.kind, text).ok()?);
                step.provenance.insert(param.name.clone(), Provenance::Operator);
            } else if let Some(kept) = remembered.params.get(&param.name).filter(|_| may_keep(operation.effect, &param.name, &param.kind)) {
                step.params.insert(param.name.clone(), kept.clone());
                step.provenance.insert(param.name.clone(), Provenance::Memory);
            } else if param.required {
                return None;
            }
        }
        if operation.effect != EffectClass::Read
            && let Some(target) = step.target()
        {
            step.locks = vec![format!("target:{target}")];
        }
        steps.push(step);
    }
    if left.is_any(&taken) {
        return None;
    }
    for (from, to, when) in &entry.edges {
        let need = Need { step: StepId::new(format!("s{}", from + 1)), when: *when, kind: NeedKind::Completion };
        steps.get_mut(*to)?.needs.push(need);
    }
    Some(plan_of(ask, steps))
}

/// Values of the new text that no step has taken: a plan of the past that drops one is no plan for it.
struct Left {
    unused: Vec<bool>,
    said: BTreeMap<(String, String), usize>,
}

impl Left {
    fn of(said: &[Token]) -> Self {
        let named = |token: &Token| token.is_value() && (token.kind != Kind::Ident || token.text.bytes().any(|byte| byte.is_ascii_digit()));
        Self { unused: said.iter().map(named).collect(), said: BTreeMap::new() }
    }

    fn take(&mut self, operation: &Operation, bound: &Bound) {
        self.unused.iter_mut().zip(&bound.used).for_each(|(unused, used)| *unused &= !used);
        for (name, values) in &bound.values {
            self.said.insert((operation.name.clone(), name.clone()), values.len());
        }
    }

    /// `taken`: values that steps of an operation have of a parameter.
    fn is_any(&self, taken: &BTreeMap<(String, String), usize>) -> bool {
        let fewer = |(place, said): (&(String, String), &usize)| taken.get(place).is_none_or(|turns| turns < said);
        self.unused.contains(&true) || self.said.iter().any(fewer)
    }
}

/// The past lends no target, and nothing to a step that changes something.
fn may_keep(effect: EffectClass, name: &str, kind: &ParamType) -> bool {
    effect == EffectClass::Read && !is_machine_param(name, kind) && matches!(kind, ParamType::Duration | ParamType::Int | ParamType::Port)
}

fn plan_of(ask: &Ask, steps: Vec<Step>) -> Plan {
    Plan {
        digest: Digest::ZERO,
        revision: 1,
        why: Box::default(),
        title: title_of(ask),
        intent: ask.text.clone(),
        source: PlanSource::Intent,
        environment: None,
        approval_required: false,
        steps,
    }
}

/// Operations that the memory speaks of and the catalogue does not know.
pub fn unknown<'a>(memory: &'a Memory, catalogue: &Catalogue) -> BTreeSet<&'a str> {
    let all = memory.entries.iter().flat_map(|entry| &entry.steps).map(|step| step.operation.as_str());
    all.filter(|name| catalogue.get(name).is_none()).collect()
}
