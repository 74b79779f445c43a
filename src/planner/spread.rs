//! A step over a list that is known before anything runs -> one step for each thing on it.
//!
//! "restart nginx on all web servers" reads the inventory and then restarts on what it said. The inventory can be read while
//! planning: so every host is named, seen and approved, each has its own outcome, and one that fails holds up no other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::model::catalogue::{Catalogue, EffectClass, ParamType};
use crate::model::fresh::Fresh;
use crate::model::hole::{Hole, Piece, pieces};
use crate::model::ids::StepId;
use crate::model::item;
use crate::model::plan::{Join, Need, NeedKind, Plan, PlanSource, Provenance, Step, When};
use crate::model::problem::Problem;
use crate::model::why::{Suggestion, ThinkingKind, Thought};

use super::pace::{self, Pace};

/// More steps than this come of no sentence.
const MOST: usize = 10_000;

/// What a step goes over.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum List {
    Things(Vec<Value>),
    /// Of another step's output.
    Of(Hole),
}

impl List {
    fn source(&self) -> Option<&StepId> {
        match self {
            Self::Things(_) => None,
            Self::Of(hole) => Some(&hole.step),
        }
    }

    /// The value stands for the whole list.
    fn is(&self, value: &Value) -> bool {
        matches!(self, Self::Of(list) if whole(value).as_ref() == Some(list))
    }
}

/// The steps that one became, and the list that it went over.
pub(super) struct Copies {
    pub list: List,
    /// Thing on the list, and the step for it.
    pub each: Vec<(Value, StepId)>,
}

/// `known`: what a step would give, where that can be told now; an error says why it cannot. Reads go to all at once, changes to
/// one after the other, unless the intent says its pace.
pub fn spread(
    plan: &Plan,
    catalogue: &Catalogue,
    mut known: impl FnMut(&Step) -> Option<Result<Value, String>>,
) -> Result<Option<Plan>, Problem> {
    let mut copies: BTreeMap<StepId, Copies> = BTreeMap::new();
    let mut fresh = Fresh::beside(plan.steps.iter().map(|step| &step.id));
    for step in &plan.steps {
        let Some(list) = list_of(step, catalogue) else { continue };
        let items = match &list {
            List::Things(things) => things.clone(),
            List::Of(hole) => {
                let source = plan.ix(&hole.step).map(|ix| plan.step(ix)).filter(|source| source.condition.is_none());
                let Some((source, told)) = source.and_then(|source| Some((source, known(source)?))) else { continue };
                items(step, source, hole, told)?
            }
        };
        let all = copies.values().map(|copies| copies.each.len()).sum::<usize>() + items.len();
        if all > MOST {
            return Err(refused("too_many_steps", format!("step {} over {} things: more than {MOST} steps", step.id, items.len())));
        }
        let each = items
            .into_iter()
            .map(|item| {
                let id = fresh.id(&step.id, &item::text_of(&item));
                (item, id)
            })
            .collect();
        copies.insert(step.id.clone(), Copies { list, each });
    }
    if copies.is_empty() {
        return Ok(None);
    }
    let spreading = Spreading { plan, copies: &copies };
    let mut steps: Vec<Step> = Vec::new();
    for step in &plan.steps {
        match copies.get(&step.id) {
            Some(own) => {
                for (item, id) in &own.each {
                    steps.push(spreading.copy(step, (item, id), &own.list)?);
                }
            }
            None => steps.push(spreading.joined(step)?),
        }
    }
    pace::hold_back(&mut steps, plan, &copies);
    drop_lists(&mut steps, &copies);
    let mut wide = Plan { steps, ..plan.clone() };
    wide.why.suggestions.iter_mut().for_each(|offer| name_one(offer, &copies));
    wide.why.thinking.push(thought(plan, &copies));
    // What would follow one step that is many now, or reads a list that is gone.
    let ids: BTreeSet<&str> = wide.steps.iter().map(|step| step.id.as_str()).collect();
    let is_whole = |offer: &Suggestion| {
        let mut holes = offer.params.values().filter_map(|value| pieces(value).ok()).flatten();
        ids.contains(offer.after.as_str()) && holes.all(|piece| !matches!(piece, Piece::Hole(hole) if !ids.contains(hole.step.as_str())))
    };
    wide.why.suggestions.retain(is_whole);
    Ok(Some(wide))
}

/// What its `for_each` says; or a list that stands where one value should: the step is meant for each thing on it.
fn list_of(step: &Step, catalogue: &Catalogue) -> Option<List> {
    match step.for_each.as_ref().map(|each| &each.list) {
        Some(Value::Array(things)) => return Some(List::Things(things.clone())),
        Some(list) => return whole(list).map(List::Of),
        None => {}
    }
    let operation = catalogue.get(&step.operation)?;
    let mut single = operation.params.iter().filter(|param| !matches!(param.kind, ParamType::Other(_) | ParamType::Json));
    single.find_map(|param| whole(step.params.get(&param.name)?)).map(List::Of)
}

/// Nothing but one hole.
fn whole(value: &Value) -> Option<Hole> {
    match pieces(value.as_str()?).ok()?.as_slice() {
        [Piece::Hole(hole)] => Some(hole.clone()),
        _ => None,
    }
}

fn items(step: &Step, source: &Step, list: &Hole, told: Result<Value, String>) -> Result<Vec<Value>, Problem> {
    let told =
        told.map_err(|why| refused("unknown_list", format!("step {}: could not tell what {} gives: {why}", step.id, source.operation)))?;
    let found = list.path.iter().try_fold(&told, |value, key| value.get(key));
    let things = |items: &Vec<Value>| items.iter().map(|one| item::thing(one).cloned()).collect::<Option<Vec<_>>>();
    match found.and_then(Value::as_array).and_then(things) {
        Some(items) if items.is_empty() => Err(nothing_listed(step, source)),
        Some(items) => Ok(items),
        None => Err(refused("unknown_list", format!("step {}: {} gives no list `{}`", step.id, source.operation, list.path.join(".")))),
    }
}

fn nothing_listed(step: &Step, source: &Step) -> Problem {
    let asked: Vec<String> = source.params.iter().map(|(name, value)| format!("{name} {}", value.as_str().unwrap_or("?"))).collect();
    let asked = if asked.is_empty() { "no host at all".to_owned() } else { format!("no host of {}", asked.join(", ")) };
    Problem::new("inventory", "empty_list", format!("it has {asked}: there is nothing to do {} on", step.operation))
        .help("`ouioe asset list` shows what it has, `ouioe asset import FILE` brings more")
}

fn refused(code: &str, message: String) -> Problem {
    Problem::new("plan", code, message)
}

struct Spreading<'a> {
    plan: &'a Plan,
    copies: &'a BTreeMap<StepId, Copies>,
}

impl Spreading<'_> {
    /// The step for one thing. What went over the same list before is waited for only where it is the same thing's.
    fn copy(&self, step: &Step, (item, id): (&Value, &StepId), list: &List) -> Result<Step, Problem> {
        let mut one = Step { id: id.clone(), for_each: None, ..step.clone() };
        let unfit = |why| refused("unfit_item", format!("step {}: {why}", step.id));
        let holders = item::holders(step);
        item::put(&mut one, item).map_err(unfit)?;
        if list.source().is_some() {
            for name in holders {
                one.bounds.remove(&name);
                one.provenance.insert(name, Provenance::Inventory);
            }
        }
        let old_lock = step.target().map(|target| format!("target:{target}"));
        one.locks.retain(|lock| Some(lock) != old_lock.as_ref());
        for (name, value) in one.params.iter_mut().filter(|(_, value)| list.is(value)) {
            value.clone_from(item);
            one.provenance.insert(name.clone(), Provenance::Inventory);
            one.bounds.remove(name);
        }
        for other in [&mut one.compensation, &mut one.probe].into_iter().flatten() {
            other.params.values_mut().filter(|value| list.is(value)).for_each(|value| value.clone_from(item));
        }
        let mut needs = Vec::new();
        for need in &step.needs {
            match self.same(&need.step, item, list) {
                Some(own) => {
                    renamed(&mut one, &need.step, &own);
                    needs.push(Need { step: own, ..need.clone() });
                }
                // The list is told already; what it waited for is waited for.
                None if Some(&need.step) == list.source() => {
                    let before = self.plan.ix(&need.step).map(|ix| self.plan.step(ix).needs.as_slice()).unwrap_or_default();
                    needs.extend(before.iter().flat_map(|need| self.all_of(need)));
                }
                None => needs.extend(self.all_of(need)),
            }
        }
        one.needs = needs;
        self.reads_one(&one)?;
        let locks = std::mem::take(&mut one.locks);
        one.lock_target();
        one.locks.extend(locks);
        Ok(one)
    }

    fn same(&self, before: &StepId, item: &Value, list: &List) -> Option<StepId> {
        let copies = self.copies.get(before).filter(|copies| copies.list == *list)?;
        copies.each.iter().find(|(other, _)| other == item).map(|(_, id)| id.clone())
    }

    /// A step that goes over no list waits for all that an earlier one became.
    fn joined(&self, step: &Step) -> Result<Step, Problem> {
        let mut one = step.clone();
        one.needs = step.needs.iter().flat_map(|need| self.all_of(need)).collect();
        // "If it fails": one that fails is enough, unless a sentence says that all have to.
        if let [need] = step.needs.as_slice()
            && need.when == When::Failure
            && self.plan.source != PlanSource::Intent
            && self.copies.contains_key(&need.step)
        {
            one.join = Join::Any;
        }
        self.reads_one(&one)?;
        Ok(one)
    }

    fn all_of(&self, need: &Need) -> Vec<Need> {
        match self.copies.get(&need.step) {
            None => vec![need.clone()],
            Some(copies) => {
                copies.each.iter().map(|(_, id)| Need { step: id.clone(), kind: NeedKind::Completion, ..need.clone() }).collect()
            }
        }
    }

    /// Nothing in it names a step that is many now.
    fn reads_one(&self, step: &Step) -> Result<(), Problem> {
        let others = [&step.compensation, &step.probe].into_iter().flatten().flat_map(|other| other.params.values());
        let read: String = step.params.values().chain(others).map(|value| format!("{value} ")).chain(step.condition.clone()).collect();
        match self.copies.keys().find(|many| read.contains(&format!("steps.{many}."))) {
            None => Ok(()),
            Some(many) => {
                let message = format!("step {} reads what step {many} gives, and that runs once for each of several things", step.id);
                Err(refused("reads_many", message).help("name the one that is meant"))
            }
        }
    }
}

/// What it reads of one step it reads of another.
pub(super) fn renamed(step: &mut Step, old: &StepId, new: &StepId) {
    let (old, new) = (format!("steps.{old}."), format!("steps.{new}."));
    let others = [&mut step.compensation, &mut step.probe].into_iter().flatten().flat_map(|other| other.params.values_mut());
    for value in step.params.values_mut().chain(others) {
        if let Value::String(text) = value
            && text.contains("${")
        {
            *text = text.replace(&format!("${{{old}"), &format!("${{{new}"));
        }
    }
    if let Some(condition) = &mut step.condition {
        *condition = condition.replace(&old, &new);
    }
}

/// A suggestion for a step that became many names the first thing on the list.
fn name_one(offer: &mut Suggestion, copies: &BTreeMap<StepId, Copies>) {
    let Some(copies) = copies.get(&StepId::new(&offer.after)) else { return };
    let Some((item, id)) = copies.each.first() else { return };
    offer.after = id.to_string();
    for value in offer.params.values_mut().filter(|value| copies.list.is(&Value::from(value.as_str()))) {
        *value = item::text_of(item);
    }
    if copies.each.len() > 1 {
        offer.why = format!("{}; the same for each of the {}", offer.why, copies.each.len());
    }
}

fn thought(plan: &Plan, copies: &BTreeMap<StepId, Copies>) -> Thought {
    let counts = copies.iter().map(|(step, copies)| format!("{step} goes to {}", copies.each.len())).collect::<Vec<_>>().join(", ");
    let changes = copies.keys().filter_map(|id| plan.ix(id)).any(|ix| plan.step(ix).effect != EffectClass::Read);
    let written = plan.steps.iter().filter(|step| copies.contains_key(&step.id)).find_map(|step| step.for_each.as_ref()?.at_once);
    let pace = match pace::said(&plan.intent) {
        _ if written.is_some() => "at the pace that is written".to_owned(),
        Some(Pace::Batches(1)) => "one after the other, as said".to_owned(),
        Some(Pace::Batches(size)) => format!("{size} at a time, as said"),
        Some(Pace::AllAtOnce) => "all at once, as said".to_owned(),
        None if changes => "one after the other, as it changes them; `all at once` or `in batches of 3` would be another pace".to_owned(),
        None => "all at once, as it only reads".to_owned(),
    };
    let from = if copies.values().any(|one| one.list.source().is_some()) { "hosts by the inventory" } else { "lists" };
    Thought { kind: ThinkingKind::ExecutionPlanning, text: format!("{from}: {counts}; {pace}"), conclusion: true }
}

/// A list that nothing waits for any more was only asked for the sake of the others.
fn drop_lists(steps: &mut Vec<Step>, copies: &BTreeMap<StepId, Copies>) {
    let lists: BTreeSet<&StepId> = copies.values().filter_map(|copies| copies.list.source()).collect();
    let needed: BTreeSet<StepId> = steps.iter().flat_map(|step| step.needs.iter().map(|need| need.step.clone())).collect();
    steps.retain(|step| step.effect != EffectClass::Read || !lists.contains(&step.id) || needed.contains(&step.id));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::PolicySettings;
    use crate::planner::source::Format;
    use crate::planner::{plan_file, validate};
    use serde_json::json;

    fn catalogue() -> Catalogue {
        crate::planner::catalogue_file::parse(
            "t.toml",
            r#"
            [[operation]]
            name = "asset.list"
            summary = "List hosts"
            effects = "read"
            params = [{ name = "group", type = "name" }]
            output = { name = "hosts", type = "HostList" }
            [[operation]]
            name = "host.restart"
            summary = "Restart"
            effects = "mutate"
            params = [{ name = "host", type = "host", required = true }, { name = "from", type = "str" }]
            output = { name = "state", type = "Text" }
            [[operation]]
            name = "notify.send"
            summary = "Say"
            effects = "mutate"
            params = [{ name = "message", type = "str" }]
            "#,
        )
        .expect("a catalogue")
    }

    fn plan(steps: &Value) -> Plan {
        let text = json!({ "title": "t", "steps": steps }).to_string();
        let mut plan = plan_file::parse("p.json", &text, Format::Json, &BTreeMap::new()).expect("a plan");
        assert_eq!(crate::planner::settle(&mut plan, &catalogue()), []);
        plan
    }

    fn over(plan: &Plan, hosts: &[&str]) -> Result<Option<Plan>, Problem> {
        spread(plan, &catalogue(), |step| (step.operation == "asset.list").then(|| Ok(json!({ "hosts": hosts }))))
    }

    fn told(plan: &Plan) -> Vec<String> {
        let needs = |step: &Step| step.needs.iter().map(|need| need.step.to_string()).collect::<Vec<_>>().join(" ");
        plan.steps.iter().map(|step| format!("{} {} <- {}", step.id, step.target().unwrap_or("-"), needs(step))).collect()
    }

    fn work() -> Value {
        let host = "${steps.l.output.hosts}";
        json!([
            { "id": "w", "operation": "notify.send" },
            { "id": "l", "operation": "asset.list", "params": { "group": "web" }, "needs": ["w"] },
            { "id": "r", "operation": "host.restart", "params": { "host": host }, "needs": [{ "step": "l", "kind": "data" }] },
            { "id": "v", "operation": "host.restart", "params": { "host": host, "from": "${steps.r.output.state}" },
              "needs": [{ "step": "l", "kind": "data" }, { "step": "r", "kind": "data" }] },
            { "id": "n", "operation": "notify.send", "needs": ["v"] },
        ])
    }

    #[test]
    fn each_host_gets_its_own_steps_and_waits_for_its_own() {
        let wide = over(&plan(&work()), &["web-1", "web.2"]).unwrap().unwrap();
        assert_eq!(
            told(&wide),
            [
                "w - <- ",
                "r_web_1 web-1 <- w",
                "r_web_2 web.2 <- w v_web_1",
                "v_web_1 web-1 <- w r_web_1",
                "v_web_2 web.2 <- w r_web_2",
                "n - <- v_web_1 v_web_2",
            ]
        );
        assert_eq!(wide.steps[3].params["from"], "${steps.r_web_1.output.state}");
        assert_eq!(wide.steps[1].locks, ["target:web-1"]);
        assert_eq!(wide.steps[1].provenance["host"], Provenance::Inventory);
        assert_eq!(validate(&wide, &catalogue(), crate::planner::Limits::generated(&PolicySettings::default())), []);
    }

    #[test]
    fn what_is_offered_names_no_step_that_is_gone() {
        let offer = |after: &str, host: &str| Suggestion {
            after: after.to_owned(),
            operation: "host.restart".to_owned(),
            params: BTreeMap::from([("host".to_owned(), host.to_owned())]),
            why: String::new(),
        };
        let mut plan = plan(&work());
        plan.why.suggestions =
            vec![offer("r", "x"), offer("n", "${steps.l.output.hosts}"), offer("n", "x"), offer("n", "${steps.w.output}")];
        let wide = over(&plan, &["a", "b"]).unwrap().unwrap();
        let offered: Vec<_> = wide.why.suggestions.iter().map(|one| (one.after.as_str(), one.params["host"].as_str())).collect();
        assert_eq!(offered, [("r_a", "x"), ("n", "x"), ("n", "${steps.w.output}")]);
    }

    #[test]
    fn later_hosts_wait_for_earlier_ones() {
        let waits = |intent: &str| {
            let plan = Plan { intent: intent.to_owned(), ..plan(&work()) };
            let wide = over(&plan, &["a", "b", "c", "d", "e"]).unwrap().unwrap();
            let needs = |step: &Step| step.needs.iter().skip(1).map(|need| need.step.to_string()).collect::<Vec<_>>().join(" ");
            wide.steps.iter().filter(|step| step.id.as_str().starts_with("r_")).map(needs).collect::<Vec<_>>()
        };
        assert_eq!(waits("all at once"), ["", "", "", "", ""]);
        assert_eq!(waits("one by one"), ["", "v_a", "v_b", "v_c", "v_d"]);
        assert_eq!(waits("two at a time"), ["", "", "v_a v_b", "v_a v_b", "v_c v_d"]);
        assert_eq!(waits(""), waits("one by one"), "changes");
    }

    #[test]
    fn names_that_would_stand_twice_get_a_number() {
        let wide = over(&plan(&work()), &["a.b", "a-b"]).unwrap().unwrap();
        assert_eq!(wide.steps[1].id.as_str(), "r_a_b");
        assert_eq!(wide.steps[2].id.as_str(), "r_a_b_2");
    }

    #[test]
    fn an_empty_list_and_a_reader_of_many_are_refused() {
        assert_eq!(over(&plan(&work()), &[]).unwrap_err().code, "empty_list");
        let mut reads = work();
        reads[4]["params"] = json!({ "message": "${steps.v.output.state}" });
        reads[4]["needs"] = json!([{ "step": "v", "kind": "data" }]);
        assert_eq!(over(&plan(&reads), &["a", "b"]).unwrap_err().code, "reads_many");
    }

    #[test]
    fn one_failure_is_enough_and_what_is_not_known_stays() {
        let mut fails = work();
        fails[4]["needs"] = json!([{ "step": "v", "when": "failure" }]);
        let wide = over(&plan(&fails), &["a", "b"]).unwrap().unwrap();
        assert_eq!(wide.steps.last().unwrap().join, Join::Any);
        assert_eq!(spread(&plan(&work()), &catalogue(), |_| None), Ok(None));
    }
}
