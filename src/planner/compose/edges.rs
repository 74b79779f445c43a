//! Units -> drafts: values inherited, fanned out, and tied to what went before.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::catalogue::{EffectClass, Operation, Param, ParamType};
use crate::model::plan::{Join as StepJoin, NeedKind, Provenance, When};
use crate::planner::ask::{Ask, World};
use crate::planner::grammar;
use crate::planner::segment::{Cond, Each, Join};
use crate::planner::slots::{Group, WORDED, is_machine_param};
use crate::planner::token::Token;

use super::inherit::{Source, find, listed_for, made};
use super::units::Unit;
use super::{Stop, clarify, refuse};

#[derive(Clone, Debug)]
pub struct Draft {
    pub operation: Arc<Operation>,
    pub values: BTreeMap<String, String>,
    pub provenance: BTreeMap<String, Provenance>,
    pub needs: Vec<(usize, When, NeedKind)>,
    pub join: StepJoin,
    pub judges: Judges,
    /// Runs beside others, asked for in so many words.
    pub beside: bool,
}

/// What becomes of a look that finds a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Judges {
    /// It is told.
    #[default]
    Nothing,
    /// It fails, and what hangs on it does not come.
    Success,
    /// It is the answer to "if".
    Way,
}

/// Values of one unit before it is fanned out.
struct Filled {
    operation: Arc<Operation>,
    values: BTreeMap<String, Vec<String>>,
    provenance: BTreeMap<String, Provenance>,
    /// Parameter -> draft that lists the machines, and its output.
    listed: Option<(String, usize)>,
    missing: Vec<Param>,
}

struct Draw<'a> {
    world: &'a World<'a>,
    ask: &'a Ask,
    units: &'a [Unit],
    drafts: Vec<Draft>,
    /// Drafts of each unit.
    places: Vec<Vec<usize>>,
    /// What the next clause follows.
    front: Vec<usize>,
    /// What the members of the front follow themselves.
    base: Vec<(usize, When)>,
    /// What the last condition looked at, whether it looked for failure, and of how many.
    anchor: Option<(Vec<usize>, bool, Option<Each>)>,
    listers: Vec<(BTreeMap<String, String>, usize)>,
}

fn judges(unit: &Unit, verifies: bool) -> Judges {
    match (unit.is_condition, verifies) {
        (true, _) => Judges::Way,
        (false, true) => Judges::Success,
        (false, false) => Judges::Nothing,
    }
}

pub fn draft(units: &[Unit], ask: &Ask, world: &World<'_>) -> Result<Vec<Draft>, Stop> {
    let mut draw = Draw {
        world,
        ask,
        units,
        drafts: Vec::new(),
        places: vec![Vec::new(); units.len()],
        front: Vec::new(),
        base: Vec::new(),
        anchor: None,
        listers: Vec::new(),
    };
    let mut missing: Vec<(String, Param)> = Vec::new();
    for at in 0..units.len() {
        draw.unit(at, &mut missing)?;
    }
    draw.conflicts()?;
    if missing.is_empty() { Ok(draw.drafts) } else { Err(ask_for(&missing, world)) }
}

impl Draw<'_> {
    fn unit(&mut self, at: usize, missing: &mut Vec<(String, Param)>) -> Result<(), Stop> {
        let units = self.units;
        let unit = &units[at];
        let Some(operation) = unit.operation.clone() else { return Ok(()) };
        let beside = self.is_beside(at);
        let needs = self.needs_of(at, beside);
        if let Some(Cond::On { is_told, about, .. }) = &unit.clause.cond
            && (needs.is_empty() || !*is_told)
        {
            return Err(unknown_condition(about, &operation));
        }
        let mut lister_at = None;
        let filled = self.fill(at, &operation, &needs, &mut lister_at)?;
        missing.extend(filled.missing.iter().map(|param| (operation.name.clone(), param.clone())));
        missing.extend(self.presumed(at, &filled).map(|param| (operation.name.clone(), param)));
        self.decide(unit, &needs);
        let verifies = self.verifies(unit, &filled, &needs);
        let rows = fan_out(&filled, self.world)?;
        let mut made = Vec::with_capacity(rows.len());
        for (row, values) in rows.iter().enumerate() {
            let paired = self.paired(at, &needs, values, row, rows.len());
            let mut edges: Vec<(usize, When, NeedKind)> =
                paired.into_iter().map(|(step, when)| (step, when, NeedKind::Completion)).collect();
            if let Some(lister) = lister_at {
                edges.retain(|(step, ..)| {
                    *step != lister && !self.drafts[lister].needs.iter().any(|(before, when, _)| before == step && *when == When::Success)
                });
                edges.push((lister, When::Success, NeedKind::Data));
            }
            // "one by one", "in batches of 2": after all of the batch before.
            if let Some(width) = unit.clause.apart.filter(|width| row >= *width) {
                let batch = row / width * width;
                edges = made[batch - width..batch].iter().map(|step| (*step, When::Success, NeedKind::Completion)).collect();
            }
            let join = self.join_of(unit, &edges);
            made.push(self.drafts.len());
            let provenance = filled.provenance.clone();
            self.drafts.push(Draft {
                operation: Arc::clone(&operation),
                values: values.clone(),
                provenance,
                needs: edges,
                join,
                judges: judges(unit, verifies),
                beside: unit.beside,
            });
        }
        self.places[at].clone_from(&made);
        if beside {
            self.front.extend(made);
        } else {
            self.base = needs;
            self.front = made;
        }
        Ok(())
    }

    /// Said to run beside what went before, or reads that do not wait for each other.
    fn is_beside(&self, at: usize) -> bool {
        let unit = &self.units[at];
        let Some(before) = self.units[..at].iter().rposition(|unit| unit.operation.is_some()) else { return false };
        if unit.clause.cond.is_some() || unit.clause.always || unit.clause.at_end || unit.is_condition || self.units[before].is_condition {
            return false;
        }
        // A message about what was found is not sent beside the looking.
        let tells = |unit: &Unit| {
            unit.operation.as_ref().is_some_and(|operation| operation.params.iter().any(|param| WORDED.contains(&param.name.as_str())))
        };
        let looks = || self.front.iter().all(|step| self.drafts[*step].operation.effect == EffectClass::Read);
        if unit.beside && !(tells(unit) && looks()) {
            return true;
        }
        let reads = |unit: &Unit| {
            unit.operation
                .as_ref()
                .is_some_and(|operation| operation.effect == EffectClass::Read && !is_barrier(operation) && !lists(operation))
        };
        let joined =
            matches!(unit.clause.join, Join::Comma | Join::And) || (unit.clause.join == Join::Break && self.units[before].clause.lead);
        joined
            && reads(unit)
            && reads(&self.units[before])
            && self.front.iter().all(|step| self.drafts[*step].operation.effect == EffectClass::Read)
    }

    fn needs_of(&mut self, at: usize, beside: bool) -> Vec<(usize, When)> {
        let unit = &self.units[at];
        if beside {
            return self.base.clone();
        }
        if unit.clause.always || unit.clause.at_end {
            let when = if unit.clause.always { When::Always } else { When::Success };
            return self.leaves().into_iter().map(|step| (step, when)).collect();
        }
        match &unit.clause.cond {
            Some(Cond::On { failure, about, each, .. }) => {
                let anchor = self.anchor_of(unit, *failure, about.iter().any(|token| token.is_one_of(&["that", "this"])));
                let failure = *failure != self.wants_down(&anchor, about);
                self.anchor = Some((anchor.clone(), failure, *each));
                let when = if failure { When::Failure } else { When::Success };
                anchor.into_iter().map(|step| (step, when)).collect()
            }
            Some(Cond::Otherwise) => {
                let (anchor, failure, _) = self.anchor.clone().unwrap_or_else(|| (self.front.clone(), false, None));
                let when = if failure { When::Success } else { When::Failure };
                anchor.into_iter().map(|step| (step, when)).collect()
            }
            None => self.front.iter().map(|step| (*step, When::Success)).collect(),
        }
    }

    /// "stop x, and if it is stopped": what was to be ended and is down went well.
    fn wants_down(&self, anchor: &[usize], about: &[Token]) -> bool {
        let ends = |step: &usize| {
            let verb = self.drafts[*step].operation.verb();
            verb.split('_').any(|part| ["stop", "kill", "halt", "shutdown", "disable", "terminate"].contains(&part))
        };
        let state = |token: &Token| token.is_one_of(&["stopped", "down", "dead", "offline", "up", "running", "alive", "active"]);
        !anchor.is_empty() && anchor.iter().all(ends) && about.iter().any(state)
    }

    /// What a condition looks at: a unit that it names, the check of the opposite condition before, or what went before.
    fn anchor_of(&self, unit: &Unit, failure: bool, nearest: bool) -> Vec<usize> {
        if let Some(place) = unit.anchor.filter(|place| !self.places[*place].is_empty()) {
            return self.places[place].clone();
        }
        match &self.anchor {
            Some((anchor, before, _)) if *before != failure && (*before || !nearest) => anchor.clone(),
            Some(_) | None => self.front.clone(),
        }
    }

    /// "check x, if it fails ...": what a condition looks back at decides.
    fn decide(&mut self, unit: &Unit, needs: &[(usize, When)]) {
        if matches!(unit.clause.cond, Some(Cond::On { .. } | Cond::Otherwise)) {
            for (step, _) in needs.iter().filter(|(_, when)| *when != When::Always) {
                let judges = &mut self.drafts[*step].judges;
                *judges = if *judges == Judges::Nothing { Judges::Success } else { *judges };
            }
        }
    }

    /// "verify that x is up, then ...", and a look at what was changed before it: nothing goes on where it finds a failure.
    fn verifies(&self, unit: &Unit, filled: &Filled, needs: &[(usize, When)]) -> bool {
        if filled.operation.effect != EffectClass::Read {
            return false;
        }
        let tokens = &unit.clause.tokens;
        let said = tokens.iter().any(|token| token.is_one_of(&["verify", "verified", "ensure", "confirm", "validate"]))
            || tokens.windows(2).any(|pair| pair[0].is("make") && pair[1].is("sure") || pair[0].is("check") && pair[1].is("that"));
        let values = || filled.values.values().flatten();
        let (mut open, mut changed) = (needs.to_vec(), false);
        while let Some((step, when)) = open.pop() {
            let draft = &self.drafts[step];
            let same = || draft.values.values().any(|value| values().any(|mine| mine == value));
            changed |= when == When::Success && draft.operation.effect != EffectClass::Read && same();
            open.extend(draft.needs.iter().map(|(before, when, _)| (*before, *when)));
        }
        said || changed
    }

    /// One failure of several is enough, and every success is needed, unless it is said otherwise.
    fn join_of(&self, unit: &Unit, edges: &[(usize, When, NeedKind)]) -> StepJoin {
        let said = match &unit.clause.cond {
            Some(Cond::On { each, .. }) => *each,
            // The opposite of "all are up" is that one is not.
            Some(Cond::Otherwise) => self.anchor.as_ref().and_then(|(.., each)| *each).map(|each| match each {
                Each::All => Each::Any,
                Each::Any => Each::All,
            }),
            None => None,
        };
        let failure = edges.iter().any(|(_, when, _)| *when == When::Failure);
        // One step is one, unless it stands for each machine of a list.
        let many = |step: usize| self.drafts[step].values.values().any(|value| value.contains("${"));
        if let [(step, ..)] = edges
            && !many(*step)
        {
            return StepJoin::All;
        }
        let any = said.map_or(failure, |each| each == Each::Any);
        if any { StepJoin::Any } else { StepJoin::All }
    }

    fn leaves(&self) -> Vec<usize> {
        (0..self.drafts.len())
            .filter(|step| !self.drafts.iter().any(|draft| draft.needs.iter().any(|(before, ..)| before == step)))
            .collect()
    }

    /// "roll x back unless it is healthy": a change elsewhere does not hang on how this machine is, only because none was named.
    fn presumed(&self, at: usize, filled: &Filled) -> Option<Param> {
        let host = filled.operation.params.iter().find(|param| param.kind == ParamType::Host)?;
        let presumed = self.units[at].is_condition && filled.provenance.get(&host.name) == Some(&Provenance::Default);
        let follows = self.units[at + 1..].iter().find(|unit| unit.operation.is_some()).filter(|_| presumed)?;
        let changes = follows.operation.as_ref().is_some_and(|one| one.effect != EffectClass::Read && !one.low_risk);
        let here = follows.values.values().flatten().any(|value| Some(value) == self.world.default_host.as_ref());
        (changes && !here).then(|| host.clone())
    }

    fn fill(
        &mut self,
        at: usize,
        operation: &Arc<Operation>,
        needs: &[(usize, When)],
        lister_at: &mut Option<usize>,
    ) -> Result<Filled, Stop> {
        let unit = &self.units[at];
        let mut values = unit.values.clone();
        let mut provenance: BTreeMap<String, Provenance> = values.keys().map(|name| (name.clone(), Provenance::Operator)).collect();
        let mut filled = Filled {
            operation: Arc::clone(operation),
            values: BTreeMap::new(),
            provenance: BTreeMap::new(),
            listed: None,
            missing: Vec::new(),
        };
        for param in &operation.params {
            if values.contains_key(&param.name) {
                continue;
            }
            if let Some(text) = self.ask.inputs.get(&param.name) {
                let text = check_input(param, text)?;
                values.insert(param.name.clone(), vec![text]);
                provenance.insert(param.name.clone(), Provenance::Operator);
                continue;
            }
            if !param.required {
                let listed = listed_for(self.units, at, param).filter(|_| filled.listed.is_none());
                if let Some([step]) = made(self.units, at, param).or(listed).map(|place| self.places[place].as_slice()) {
                    if listed.is_some() {
                        filled.listed = Some((param.name.clone(), *step));
                        *lister_at = Some(*step);
                    }
                    values.insert(param.name.clone(), vec![self.output_of(*step)]);
                    provenance.insert(param.name.clone(), Provenance::StepOutput);
                }
                continue;
            }
            let own_group = unit.bound.group.clone().filter(|_| is_machine_param(&param.name, &param.kind)).map(Source::Group);
            match own_group.or_else(|| find(self.units, at, param)) {
                Some(Source::Values(_, found)) if found.iter().all(|text| grammar::typed(&param.kind, text).is_ok()) => {
                    values.insert(param.name.clone(), found);
                    provenance.insert(param.name.clone(), Provenance::Inherited);
                }
                Some(Source::Group(group)) => {
                    let lister = self.lister(&group, operation, needs)?;
                    filled.listed = Some((param.name.clone(), lister));
                }
                Some(Source::Listed(place)) => filled.listed = self.places[place].first().map(|lister| (param.name.clone(), *lister)),
                Some(Source::Values(..)) | None => self.last_resort(param, operation, &mut values, &mut provenance, &mut filled.missing),
            }
            if let Some((name, lister)) = &filled.listed {
                *lister_at = Some(*lister);
                values.insert(name.clone(), vec![self.output_of(*lister)]);
                provenance.insert(name.clone(), Provenance::StepOutput);
            }
        }
        (filled.values, filled.provenance) = (values, provenance);
        Ok(filled)
    }

    /// What that step will give.
    fn output_of(&self, step: usize) -> String {
        let output = self.drafts[step].operation.output.as_ref().map_or("hosts", |output| output.name.as_str());
        format!("${{steps.s{}.output.{output}}}", step + 1)
    }

    /// Manifest defaults, the default host of reads, and texts that the intent itself can stand for.
    fn last_resort(
        &self,
        param: &Param,
        operation: &Operation,
        values: &mut BTreeMap<String, Vec<String>>,
        provenance: &mut BTreeMap<String, Provenance>,
        missing: &mut Vec<Param>,
    ) {
        // A command without a host is for this machine; it waits for a yes in any case.
        let here = operation.effect == EffectClass::Read || operation.param("command").is_some();
        // Of two machines that it takes one has to be named.
        let one = operation.params.iter().filter(|other| other.kind == ParamType::Host).count() == 1 || param.name == "host";
        let host = self.world.default_host.clone().filter(|_| param.kind == ParamType::Host && here && one);
        let default = param.default.as_ref().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
        let worded = WORDED.contains(&param.name.as_str()).then(|| self.ask.text.chars().take(200).collect::<String>());
        match default.or(host).or(worded) {
            Some(text) => {
                values.insert(param.name.clone(), vec![text]);
                provenance.insert(param.name.clone(), Provenance::Default);
            }
            None => missing.push(param.clone()),
        }
    }

    /// The step that lists the machines of a group; made once for each group.
    fn lister(&mut self, group: &Group, operation: &Operation, needs: &[(usize, When)]) -> Result<usize, Stop> {
        if let Some((_, step)) = self.listers.iter().find(|(values, _)| *values == group.values) {
            return Ok(*step);
        }
        if group.values.is_empty() && operation.effect == EffectClass::Destroy {
            return Err(refuse(
                format!("{} on all hosts has no bound; name the hosts or a group", operation.name),
                vec![operation.name.clone()],
            ));
        }
        let suits = |candidate: &&Arc<Operation>| {
            lists(candidate) && group.values.keys().all(|name| candidate.param(name).is_some()) && candidate.required().next().is_none()
        };
        let lister = self.world.index.operations.iter().find(suits).cloned();
        let Some(lister) = lister.filter(|_| !(group.values.is_empty() && operation.effect == EffectClass::Mutate)) else {
            return Err(clarify(
                format!("which hosts should {} touch? \"all\" needs a group, a tag or an environment", operation.name),
                vec!["host".to_owned()],
                self.world.assets.iter().take(8).cloned().collect(),
            ));
        };
        let step = self.drafts.len();
        let provenance = group.values.keys().map(|name| (name.clone(), Provenance::Operator)).collect();
        let needs = needs.iter().map(|(step, when)| (*step, *when, NeedKind::Completion)).collect();
        self.drafts.push(Draft {
            operation: lister,
            values: group.values.clone(),
            provenance,
            needs,
            join: StepJoin::All,
            judges: Judges::Nothing,
            beside: false,
        });
        self.listers.push((group.values.clone(), step));
        Ok(step)
    }

    /// When both sides go over the same machines, each waits only for its own.
    fn paired(&self, at: usize, needs: &[(usize, When)], values: &BTreeMap<String, String>, row: usize, rows: usize) -> Vec<(usize, When)> {
        if rows < 2 || needs.len() != rows {
            return needs.to_vec();
        }
        let mine = machine_of(self.units[at].operation.as_ref(), values);
        let theirs = &self.drafts[needs[row].0];
        let same = mine.is_some() && machine_of(Some(&theirs.operation), &theirs.values) == mine;
        if same { vec![needs[row]] } else { needs.to_vec() }
    }

    /// Two changes of one thing asked for at the same time.
    fn conflicts(&self) -> Result<(), Stop> {
        let risky = |draft: &Draft| draft.operation.effect != EffectClass::Read && !draft.operation.low_risk;
        for (at, one) in self.drafts.iter().enumerate() {
            for other in self.drafts[at + 1..]
                .iter()
                .filter(|other| other.beside && risky(other) && risky(one) && other.operation.name != one.operation.name)
            {
                let shared = one.values.iter().find(|(name, value)| other.values.get(*name) == Some(value) && needs_alike(one, other));
                if let Some((_, value)) = shared {
                    let question =
                        format!("{} and {} both change {value}; which one should come first?", one.operation.name, other.operation.name);
                    return Err(clarify(
                        question,
                        vec!["order".to_owned()],
                        vec![one.operation.name.clone(), other.operation.name.clone()],
                    ));
                }
            }
        }
        Ok(())
    }
}

/// What nothing can check is never taken for true.
#[expect(clippy::unnecessary_box_returns, reason = "an outcome is large, and errors travel by `?`")]
fn unknown_condition(about: &[Token], operation: &Operation) -> Stop {
    let said = about.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
    let question =
        format!("{} only if \"{said}\": which check tells that? name it first, as in `check ..., if it fails ...`", operation.name);
    clarify(question, vec!["condition".to_owned()], Vec::new())
}

fn needs_alike(one: &Draft, other: &Draft) -> bool {
    one.needs == other.needs
}

fn machine_of(operation: Option<&Arc<Operation>>, values: &BTreeMap<String, String>) -> Option<String> {
    let operation = operation?;
    operation.params.iter().filter(|param| is_machine_param(&param.name, &param.kind)).find_map(|param| values.get(&param.name).cloned())
}

fn lists(operation: &Operation) -> bool {
    operation.effect == EffectClass::Read && operation.output.as_ref().is_some_and(|output| output.kind == "HostList")
}

/// A step that only passes time orders what stands around it.
fn is_barrier(operation: &Operation) -> bool {
    let mut required = operation.required().peekable();
    required.peek().is_some() && required.all(|param| param.kind == ParamType::Duration)
}

fn check_input(param: &Param, text: &str) -> Result<String, Stop> {
    match grammar::typed(&param.kind, text) {
        Ok(value) => Ok(value.as_str().map_or_else(|| value.to_string(), str::to_owned)),
        Err(reason) => Err(refuse(format!("{}: `{text}` {reason}", param.name), Vec::new())),
    }
}

/// One row of values for each combination, in the order said.
fn fan_out(filled: &Filled, world: &World<'_>) -> Result<Vec<BTreeMap<String, String>>, Stop> {
    let mut rows: Vec<BTreeMap<String, String>> = vec![BTreeMap::new()];
    for (name, values) in filled.values.iter().filter(|(_, values)| !values.is_empty()) {
        let most = usize::try_from(world.policy.max_targets).unwrap_or(usize::MAX);
        if rows.len().saturating_mul(values.len()) > most {
            return Err(refuse(format!("{} would touch more than {most} targets", filled.operation.name), Vec::new()));
        }
        rows = values
            .iter()
            .flat_map(|value| rows.iter().map(move |row| row.clone().into_iter().chain([(name.clone(), value.clone())]).collect()))
            .collect();
    }
    Ok(rows)
}

#[expect(clippy::unnecessary_box_returns, reason = "an outcome is large, and errors travel by `?`")]
fn ask_for(missing: &[(String, Param)], world: &World<'_>) -> Stop {
    let mut names: Vec<String> = Vec::new();
    for (_, param) in missing {
        if !names.contains(&param.name) {
            names.push(param.name.clone());
        }
    }
    let (operation, first) = &missing[0];
    let what = names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
    let choices = if first.kind == ParamType::Host { world.assets.iter().take(8).cloned().collect() } else { Vec::new() };
    clarify(format!("{operation} needs {what}; which?"), names, choices)
}
