//! Clauses -> units: which operation each clause asks for, conditions that are steps of their own included.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::catalogue::{EffectClass, Operation, ParamType};
use crate::model::why::ThinkingKind;
use crate::planner::account::{self, Bounds};
use crate::planner::ask::World;
use crate::planner::choose::{Around, Choice, Pool, asks_holder, choose};
use crate::planner::grammar;
use crate::planner::score::Query;
use crate::planner::segment::{Clause, Cond, Join};
use crate::planner::slots::{Bound, Place, bind, find_group, is_machine_param};
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_function, stem, stems};

use super::alive;
use super::condition::{condition, lifted};
use super::elided::{elided, recipients};
use super::parts::{
    account_of, embedded, has_places, is_again, is_bare_look, is_complaint, is_context, is_filler, is_lead_done, is_symptom, leaves_name,
    left_over, says_more, unbounded,
};
use super::{Stop, clarify, refuse};

#[derive(Clone, Debug)]
pub struct Unit {
    /// `None`: a lead; only its values matter.
    pub operation: Option<Arc<Operation>>,
    pub values: BTreeMap<String, Vec<String>>,
    pub bound: Bound,
    pub clause: Clause,
    /// Runs beside the unit before it.
    pub beside: bool,
    /// The condition of the next unit.
    pub is_condition: bool,
    /// The unit whose end the condition looks at, when it is not simply what went before.
    pub anchor: Option<usize>,
    /// Words that a read leaves out: more is shown, nothing else is done.
    pub asides: Vec<String>,
}

pub fn units(clauses: &[Clause], world: &World<'_>, intent: &[Token]) -> Result<Vec<Unit>, Stop> {
    let pool = Pool::of(intent, world);
    let lifted = recipients(lifted(clauses, world, pool), world, pool);
    let clauses = lifted.as_slice();
    let mut found: Vec<Unit> = Vec::new();
    let mut around = Around::default();
    let beside = beside_flags(clauses);
    let mut denied: Option<Choice> = None;
    for (at, clause) in clauses.iter().enumerate() {
        if let Some(aside) = said_aside(at, clauses, world, pool, &around)? {
            found.extend(aside);
            denied = if clause.negated { choose(&clause.tokens, world, pool, &around).into_iter().next() } else { denied };
            continue;
        }
        let anchor = condition(clause, world, pool, &mut around, &mut found)?;
        around.verb = carried_verb(clauses, at, world);
        if clause.cond.is_none()
            && is_bare_look(clause, world)
            && let Some(looked) = look_after(clause, &found, world).ok().flatten().or_else(|| look_instead(clause, denied.as_ref(), world))
        {
            bounded(clause)?;
            around.before.extend(looked.operation.clone());
            found.push(looked);
            continue;
        }
        let asked = clauses.len() == 1 || alive::asks(&clause.tokens);
        let state = if asked { alive::alive(&clause.tokens, world, pool) } else { None };
        let meaning = state.map(|best| Meant::Operation(Box::new(best)));
        let best = match meaning.unwrap_or_else(|| meant(clause, world, pool, &around, &mut found)) {
            Meant::Operation(best) => *best,
            Meant::Value => {
                bounded(clause)?;
                continue;
            }
            Meant::Nothing => {
                if let Some(unit) = without_operation(at, clauses, &found, world)? {
                    around.before.extend(unit.operation.clone().filter(|_| is_filler(clause, world)));
                    found.push(unit);
                }
                continue;
            }
        };
        let best = alike(best, &found);
        sound(&best, clause)?;
        if let Some(first) = embedded(&best, clause, world, pool) {
            around.before.push(Arc::clone(&first.operation));
            if let Some((at, bounds)) = account::bounding(&clause.tokens) {
                return Err(account::ask(&best.operation.name, &clause.tokens, at, bounds));
            }
            found.push(unit(first, Clause { lead: false, ..clause.clone() }, beside[at], anchor));
            let own = Clause { cond: None, ..Clause::new(Join::Then) };
            around.before.push(Arc::clone(&best.operation));
            found.push(unit(best, own, false, None));
            continue;
        }
        if let Some(left) = left_over(&best, clause, world) {
            return Err(left);
        }
        if is_again(&found, &best, clause) {
            continue;
        }
        around.before.push(Arc::clone(&best.operation));
        around.named.extend(best.bound.values.iter().flat_map(|(name, values)| values.iter().map(|value| (name.clone(), value.clone()))));
        let asides = account_of(&best, &clause.tokens, world).asides.into_iter().map(|at| clause.tokens[at].text.clone()).collect();
        if !merge(&mut found, &best, clause) {
            found.push(Unit { asides, ..unit(best, clause.clone(), beside[at], anchor) });
        }
    }
    Ok(found)
}

/// A clause that asks for nothing itself: what is to stay, what is not to be done, what is spoken of and how things are.
/// `None`: it asks for something.
fn said_aside(at: usize, clauses: &[Clause], world: &World<'_>, pool: Pool, around: &Around) -> Result<Option<Vec<Unit>>, Stop> {
    let clause = &clauses[at];
    if clause.spared {
        return spared(clause, clauses, world).map(|()| Some(Vec::new()));
    }
    if clause.negated {
        // "do not reboot it, check its load": what is not to be done still says what is spoken of.
        let spoken_of = choose(&clause.tokens, world, pool, around).into_iter().next();
        return match negation(clause, spoken_of.as_ref(), clauses, world) {
            Some(bound) => Err(bound),
            None => {
                let said = lead(clause, world);
                let values = Some(named(spoken_of.as_ref())).filter(|values| !values.is_empty()).unwrap_or_else(|| said.values.clone());
                Ok(Some(vec![Unit { values, ..said }]))
            }
        };
    }
    if clause.lead && !is_lead_done(clause, clauses.get(at + 1), world, pool) {
        return bounded(clause).map(|()| Some(vec![lead(clause, world)]));
    }
    if at == 0 && clauses.len() > 1 && clause.cond.is_none() && is_symptom(&clause.tokens) {
        return Ok(Some(vec![lead(clause, world)]));
    }
    // "since the site is slow": why.
    let reason = clause.tokens.first().is_some_and(|token| token.is_one_of(&["since", "because", "as"]));
    if reason && clause.cond.is_none() && is_symptom(&clause.tokens[1..]) {
        return Ok(Some(vec![lead(clause, world)]));
    }
    if is_context(clause, clauses.get(at + 1), world) {
        return bounded(clause).map(|()| Some(vec![context(clause, world, pool)]));
    }
    Ok(None)
}

/// What a clause asks for.
enum Meant {
    Operation(Box<Choice>),
    /// One more value of the operation before.
    Value,
    Nothing,
}

fn meant(clause: &Clause, world: &World<'_>, pool: Pool, around: &Around, found: &mut [Unit]) -> Meant {
    if gives_value(clause, found) && fold(found, clause, world) {
        return Meant::Value;
    }
    let choices = choose(&clause.tokens, world, pool, around);
    tell_choices(clause, &choices, world);
    let unplaced = !choices.is_empty() && !choices.iter().any(|choice| has_places(choice, clause, world));
    let absent = choices.first().is_some_and(|choice| wants_absent(choice, pool));
    let other = if unplaced || absent { elided(clause, world, pool, around) } else { None };
    let fits = fitting(choices, clause, world).filter(|best| !leaves_name(best, clause, world) || says_more(best, clause, world));
    match other.or(fits) {
        Some(best) => Meant::Operation(Box::new(best)),
        None if fold(found, clause, world) => Meant::Value,
        None => elided(clause, world, pool, around).map_or(Meant::Nothing, |best| Meant::Operation(Box::new(best))),
    }
}

/// Its values are what they have to be, and what it destroys is named.
fn sound(best: &Choice, clause: &Clause) -> Result<(), Stop> {
    if let Some(bad) = best.bound.bad.first() {
        return Err(refuse(format!("{} of {}: {}", bad.0, best.operation.name, bad.1), vec![best.operation.name.clone()]));
    }
    if let Some(unbounded) = unbounded(best, clause) {
        return Err(unbounded);
    }
    Ok(())
}

/// A clause that names no operation: the same once more, a complaint, or a look at what was changed.
fn without_operation(at: usize, clauses: &[Clause], found: &[Unit], world: &World<'_>) -> Result<Option<Unit>, Stop> {
    let clause = &clauses[at];
    if let Some(again) = once_more(found, clause, world) {
        return bounded(clause).map(|()| Some(again));
    }
    if at == 0 && clauses.len() > 1 && is_complaint(clause, world) {
        return bounded(clause).map(|()| Some(lead(clause, world)));
    }
    if !is_filler(clause, world) {
        return Err(unknown(clause, clauses, world));
    }
    bounded(clause)?;
    look_after(clause, found, world)
}

/// Words without an operation of their own must not bound what others do.
fn bounded(clause: &Clause) -> Result<(), Stop> {
    match account::bounding(&clause.tokens) {
        Some((at, bounds)) => Err(account::ask("the plan", &clause.tokens, at, bounds)),
        None => Ok(()),
    }
}

/// "leave php alone" changes nothing of an order that does not touch it; where it may, which ones are meant is asked.
fn spared(clause: &Clause, clauses: &[Clause], world: &World<'_>) -> Result<(), Stop> {
    let others = || clauses.iter().filter(|other| !other.negated);
    let wide = |other: &Clause| {
        find_group(&other.tokens, &world.index).is_some()
            || other.tokens.iter().any(|token| token.is_one_of(&["all", "every", "each", "everything"]))
    };
    let named =
        |token: &Token| (token.is_value() || token.kind == Kind::Word && !is_function(&token.low)) && !world.index.is_verb(&token.low);
    let touched = |token: &Token| named(token) && others().any(|other| other.tokens.iter().any(|one| one.low == token.low));
    let whole = others().any(wide);
    match clause.tokens.iter().position(|token| touched(token) || whole && named(token)) {
        Some(at) => Err(account::ask("the plan", &clause.tokens, at, Bounds::Exception)),
        None => Ok(()),
    }
}

/// "all of them, but do not touch x", "without downtime": what is not to be done must be something that is left out.
fn negation(clause: &Clause, spoken_of: Option<&Choice>, clauses: &[Clause], world: &World<'_>) -> Option<Stop> {
    let names = |token: &Token| world.is_asset(&token.text) || (token.kind == Kind::Ident && grammar::is_machine_like(&token.text));
    let groups = clauses.iter().any(|other| !other.negated && find_group(&other.tokens, &world.index).is_some());
    if let Some(at) = clause.tokens.iter().position(|token| groups && names(token)) {
        return Some(account::ask("the plan", &clause.tokens, at, Bounds::Exception));
    }
    // "don't touch web-1, only check its disk": what only reads touches nothing.
    let reads = |other: &Clause| {
        choose(&other.tokens, world, Pool::default(), &Around::default())
            .first()
            .is_none_or(|best| best.operation.effect == EffectClass::Read)
    };
    let untouched = clauses.iter().filter(|other| !other.negated).all(reads);
    let touches = |token: &Token| token.is_one_of(&["touch", "change", "modify", "alter", "break"]) && untouched;
    let content =
        |token: &Token| token.kind == Kind::Word && !is_function(&token.low) && !world.index.is_verb(&token.low) && !touches(token);
    let at = clause.tokens.iter().position(content).filter(|_| spoken_of.is_none() && clauses.len() > 1)?;
    Some(account::ask("the plan", &clause.tokens, at, Bounds::Manner))
}

/// The three best with their scores and the words that speak for them.
fn tell_choices(clause: &Clause, choices: &[Choice], world: &World<'_>) {
    let query = Query::of(&clause.tokens, &world.index, None);
    for (at, choice) in choices.iter().take(3).enumerate() {
        let operation = world.index.operations.iter().position(|one| one.name == choice.operation.name);
        let explains = |word: usize| operation.is_some_and(|operation| query.explains(operation, word, &world.index));
        let words: Vec<&str> =
            (0..clause.tokens.len()).filter(|word| explains(*word)).map(|word| clause.tokens[word].text.as_str()).collect();
        let text = format!("{} {:.2} (words {:.2}: {})", choice.operation.name, choice.total, choice.words, words.join(" "));
        if at == 0 {
            world.diary.conclude(ThinkingKind::ServiceSelection, text);
        } else {
            world.diary.detail(ThinkingKind::ServiceSelection, text);
        }
    }
}

/// "..., namespace shop", "..., last 20m": a parameter's word and its value, or a span, and nothing else.
fn gives_value(clause: &Clause, found: &[Unit]) -> bool {
    let Some(operation) = found.last().and_then(|last| last.operation.as_ref()).filter(|_| clause.elliptic) else { return false };
    let cues = |token: &Token| operation.params.iter().any(|param| stems(&param.name).contains(&stem(&token.low)));
    match clause.tokens.as_slice() {
        [cue, value] => cues(cue) && !is_function(&value.low) || cue.is_one_of(&["last", "past", "since"]) && value.kind == Kind::Duration,
        [value] => value.kind == Kind::Duration,
        _ => false,
    }
}

/// "..., TTL 60s": a fragment that only gives one more value to the operation before it.
fn fold(found: &mut [Unit], clause: &Clause, world: &World<'_>) -> bool {
    let Some(last) = found.last_mut().filter(|_| clause.elliptic && clause.cond.is_none()) else { return false };
    let Some(operation) = last.operation.clone() else { return false };
    let start = last.clause.tokens.len();
    let tokens: Vec<Token> = last.clause.tokens.iter().chain(&clause.tokens).cloned().collect();
    let bound = bind(&operation, &tokens, world, &Place::of(&tokens, &world.index));
    let values = (start..tokens.len()).filter(|at| tokens[*at].is_value() || *at + 1 == tokens.len() && bound.used[*at]);
    let keeps = last.values.iter().all(|(name, known)| bound.values.get(name) == Some(known));
    if !keeps || !bound.bad.is_empty() || values.clone().next().is_none() || !values.clone().all(|at| bound.used[at]) {
        return false;
    }
    last.values.clone_from(&bound.values);
    last.bound = bound;
    last.clause.tokens = tokens;
    true
}

/// It needs a value of a kind that stands nowhere in the intent.
fn wants_absent(choice: &Choice, pool: Pool) -> bool {
    let open = choice.operation.required().filter(|param| !choice.bound.values.contains_key(&param.name) && param.default.is_none());
    open.into_iter().any(|param| match param.kind {
        ParamType::Url => !pool.url,
        ParamType::Duration => !pool.duration,
        ParamType::Path => !pool.path,
        ParamType::Port | ParamType::Int => !pool.number,
        ParamType::Channel => !pool.channel,
        _ => false,
    })
}

/// The best choice; or the next, where the best has no place for a value that was said and the next has.
fn fitting(choices: Vec<Choice>, clause: &Clause, world: &World<'_>) -> Option<Choice> {
    let first = choices.first()?;
    if !first.bound.bad.is_empty() {
        return choices.into_iter().next();
    }
    let most = first.total;
    let fits = |choice: &Choice| choice.total > 0.5 * most && choice.bound.bad.is_empty() && has_places(choice, clause, world);
    // "ensure nginx is up on web-1": the name of something is better taken than left.
    let whole = choices.iter().position(|choice| fits(choice) && !leaves_name(choice, clause, world));
    let at = whole.or_else(|| choices.iter().position(fits));
    choices.into_iter().nth(at.unwrap_or(0))
}

/// "deploy it to staging, then to production": the same again with other values.
fn once_more(found: &[Unit], clause: &Clause, world: &World<'_>) -> Option<Unit> {
    let last = found.last().filter(|_| clause.cond.is_none() && clause.join == Join::Then)?;
    let operation = last.operation.clone()?;
    let is_value = |token: &Token| token.is_value() || grammar::environment(&token.low).is_some();
    let plain = |token: &Token| is_value(token) || is_function(&token.low);
    let has_value = clause.tokens.iter().any(is_value);
    if !has_value || !clause.tokens.iter().all(plain) {
        return None;
    }
    let bound = bind(&operation, &clause.tokens, world, &Place::of(&clause.tokens, &world.index));
    let taken = (0..clause.tokens.len()).all(|at| bound.used[at] || !is_value(&clause.tokens[at]));
    if !taken || !bound.bad.is_empty() || bound.values.is_empty() {
        return None;
    }
    let mut values = last.values.clone();
    values.extend(bound.values.clone());
    let clause = clause.clone();
    Some(Unit { operation: Some(operation), values, bound, clause, beside: false, is_condition: false, anchor: None, asides: Vec::new() })
}

/// "check it" after a change: the one read that looks at the same things. A condition without anything to do is asked about.
fn look_after(clause: &Clause, found: &[Unit], world: &World<'_>) -> Result<Option<Unit>, Stop> {
    if let Some(Cond::On { about, .. }) = &clause.cond {
        let said = about.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
        return Err(clarify(format!("what should be done if \"{said}\"?"), vec!["operation".to_owned()], Vec::new()));
    }
    let looks = |token: &Token| {
        token.is_one_of(&[
            "check",
            "verify",
            "confirm",
            "test",
            "validate",
            "inspect",
            "sure",
            "ensure",
            "checked",
            "verified",
            "confirmed",
            "status",
            "state",
            "result",
            "outcome",
        ])
    };
    let Some(before) = found.last().filter(|_| clause.tokens.iter().any(looks)) else { return Ok(None) };
    let Some(changed) = before.operation.as_ref().filter(|operation| operation.effect != EffectClass::Read) else { return Ok(None) };
    let best = looks_at(changed, world);
    match best.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(Unit {
            operation: Some(Arc::clone(one)),
            values: BTreeMap::new(),
            bound: Bound::default(),
            clause: clause.clone(),
            beside: false,
            is_condition: false,
            anchor: None,
            asides: Vec::new(),
        })),
        [..] => {
            let choices = best.iter().take(8).map(|operation| operation.name.clone()).collect();
            Err(clarify(format!("what should be checked after {}?", changed.name), vec!["operation".to_owned()], choices))
        }
    }
}

/// "don't restart nginx on web-1, just check it": the one read that looks at what is not to be changed.
fn look_instead(clause: &Clause, denied: Option<&Choice>, world: &World<'_>) -> Option<Unit> {
    let denied = denied.filter(|denied| denied.operation.effect != EffectClass::Read)?;
    let [one] = looks_at(&denied.operation, world)[..] else { return None };
    let values = denied.bound.values.iter().filter(|(name, _)| one.param(name).is_some());
    let mut bound = Bound { values: values.map(|(name, values)| (name.clone(), values.clone())).collect(), ..Bound::default() };
    bound.used = vec![false; clause.tokens.len()];
    let best = Choice { operation: Arc::clone(one), bound, words: 0.0, total: 0.0 };
    let whole = best.operation.required().all(|param| best.bound.values.contains_key(&param.name));
    whole.then(|| unit(best, clause.clone(), false, None))
}

/// Reads that look at what this operation changes.
fn looks_at<'w>(changed: &Operation, world: &'w World<'_>) -> Vec<&'w Arc<Operation>> {
    let shared = |operation: &&Arc<Operation>| {
        let mut required = operation.required().peekable();
        let suits = operation.effect == EffectClass::Read && operation.service() == changed.service() && required.peek().is_some();
        (suits && required.all(|param| changed.param(&param.name).is_some())).then(|| operation.required().count())
    };
    let most = world.index.operations.iter().filter_map(|operation| shared(&operation)).max();
    world.index.operations.iter().filter(|operation| most.is_some() && shared(operation) == most).collect()
}

/// "fail pg over to pg-b2, ..., fail back pg-b1": the one name of an order given once more is what its like was before.
fn alike(mut best: Choice, found: &[Unit]) -> Choice {
    let same = |unit: &&Unit| unit.operation.as_ref().is_some_and(|operation| operation.name == best.operation.name);
    let Some(before) = found.iter().rfind(same) else { return best };
    let [(name, said)] = best.bound.values.iter().collect::<Vec<_>>()[..] else { return best };
    let kind = |name: &str| best.operation.param(name).map(|param| &param.kind);
    let family = |text: &str| text.trim_end_matches(|letter: char| letter.is_ascii_digit()).to_owned();
    let like = |values: &[String]| {
        said.iter()
            .all(|one| one.ends_with(|letter: char| letter.is_ascii_digit()) && values.iter().any(|known| family(known) == family(one)))
    };
    if before.values.get(name).is_none_or(|known| like(known)) {
        return best;
    }
    let other = before.values.iter().find(|(other, values)| *other != name && kind(other) == kind(name) && like(values));
    if let Some(other) = other.map(|(other, _)| other.clone()) {
        let (name, said) = (name.clone(), said.clone());
        best.bound.values.remove(&name);
        best.bound.values.insert(other, said);
    }
    best
}

pub(super) fn unit(best: Choice, clause: Clause, beside: bool, anchor: Option<usize>) -> Unit {
    Unit {
        operation: Some(best.operation),
        values: best.bound.values.clone(),
        bound: best.bound,
        clause,
        beside,
        is_condition: false,
        anchor,
        asides: Vec::new(),
    }
}

/// The machine that a choice names.
fn named(choice: Option<&Choice>) -> BTreeMap<String, Vec<String>> {
    let Some(choice) = choice else { return BTreeMap::new() };
    let machines = choice.operation.params.iter().filter(|param| is_machine_param(&param.name, &param.kind));
    let values = machines.filter_map(|param| choice.bound.values.get(&param.name)).find(|values| !values.is_empty());
    values.map(|values| BTreeMap::from([("host".to_owned(), values.clone())])).unwrap_or_default()
}

/// Values of what stands before a colon: machines and groups that the clauses behind it inherit.
fn lead(clause: &Clause, world: &World<'_>) -> Unit {
    let place = Place::of(&clause.tokens, &world.index);
    let machines: Vec<String> = clause
        .tokens
        .iter()
        .filter(|token| {
            world.is_asset(&token.text) || token.kind == Kind::Ip || (token.kind == Kind::Ident && grammar::is_machine_like(&token.text))
        })
        .map(|token| token.text.clone())
        .collect();
    let mut values = BTreeMap::new();
    if !machines.is_empty() {
        values.insert("host".to_owned(), machines);
    }
    let urls: Vec<String> = clause.tokens.iter().filter(|token| token.kind == Kind::Url).map(|token| token.text.clone()).collect();
    if !urls.is_empty() {
        values.insert("url".to_owned(), urls);
    }
    // "user a.novak: ...": named by the word of a parameter.
    for (at, pair) in clause.tokens.windows(2).enumerate() {
        let name = match pair[1].kind {
            Kind::Ident => true,
            Kind::Word => at + 2 == clause.tokens.len() && !is_function(&pair[1].low) && !world.index.knows(&stem(&pair[1].low)),
            _ => false,
        };
        if pair[0].kind == Kind::Word && name && world.index.is_param(&pair[0].low) {
            for param in world.index.operations.iter().flat_map(|operation| &operation.params) {
                if stem(&param.name) == stem(&pair[0].low) {
                    values.entry(param.name.clone()).or_insert_with(|| vec![pair[1].text.clone()]);
                }
            }
        }
    }
    let bound = Bound { group: place.group, ..Bound::default() };
    Unit { operation: None, values, bound, clause: clause.clone(), beside: false, is_condition: false, anchor: None, asides: Vec::new() }
}

/// "haproxy on lb-1 isn't running, could you start it": what it is about, for what follows.
fn context(clause: &Clause, world: &World<'_>, pool: Pool) -> Unit {
    let mut unit = lead(&Clause { lead: true, ..clause.clone() }, world);
    // "haproxy isn't running": a name that nobody knows stands before the state.
    let states = |token: &Token| token.is_one_of(&["is", "isn't", "isnt", "are", "aren't", "was", "keeps", "won't", "doesn't", "has"]);
    let subject = clause.tokens.iter().position(states).and_then(|at| clause.tokens[..at].iter().rfind(|token| token.kind == Kind::Word));
    let strange = |token: &&Token| {
        !is_function(&token.low)
            && !world.index.knows(&stem(&token.low))
            && !world.index.is_verb(&token.low)
            && world.index.is_strange(&token.low)
            && !world.is_asset(&token.text)
    };
    if let Some(name) = subject.filter(strange) {
        unit.values.entry("service".to_owned()).or_insert_with(|| vec![name.text.clone()]);
    }
    if let Some(about) = choose(&clause.tokens, world, pool, &Around::default()).into_iter().next() {
        for (name, values) in about.bound.values {
            unit.values.entry(name).or_insert(values);
        }
    }
    unit
}

/// The verb of the nearest clause before that has one.
fn carried_verb(clauses: &[Clause], at: usize, world: &World<'_>) -> Option<String> {
    if !clauses[at].elliptic {
        return None;
    }
    let verb = |clause: &Clause| {
        clause.tokens.iter().find(|token| token.kind == Kind::Word && world.index.is_verb(&token.low)).map(|token| token.low.clone())
    };
    clauses[..at].iter().rev().find(|clause| !clause.elliptic && !clause.negated).and_then(verb)
}

/// A fragment that names the operation before it once more only adds values to it.
fn merge(found: &mut [Unit], best: &Choice, clause: &Clause) -> bool {
    let Some(last) = found.last_mut() else { return false };
    let same = last.operation.as_ref().is_some_and(|operation| operation.name == best.operation.name);
    let clash = best.bound.values.iter().any(|(name, values)| last.values.get(name).is_some_and(|known| known != values));
    // "the logs of x, search for y": one look, said in two parts.
    let narrows = best.operation.effect == EffectClass::Read
        && !best.bound.values.is_empty()
        && best
            .bound
            .values
            .keys()
            .all(|name| !last.values.contains_key(name) && best.operation.param(name).is_some_and(|param| !param.required));
    if !same || !(clause.elliptic || narrows) || clash || clause.cond.is_some() {
        return false;
    }
    for (name, values) in &best.bound.values {
        last.values.entry(name.clone()).or_insert_with(|| values.clone());
    }
    last.bound.group = last.bound.group.take().or_else(|| best.bound.group.clone());
    last.clause.together |= clause.together;
    true
}

/// Which clauses run beside the one before them.
fn beside_flags(clauses: &[Clause]) -> Vec<bool> {
    let mut flags = vec![false; clauses.len()];
    for (at, clause) in clauses.iter().enumerate() {
        if clause.together {
            let mut here = at;
            while here > 0 && joins_group(clauses, here, at) {
                flags[here] = true;
                here -= 1;
            }
        }
        if clause.together_after {
            for next in at + 1..clauses.len() {
                if !matches!(clauses[next].join, Join::Comma | Join::And) {
                    break;
                }
                flags[next] = true;
            }
        }
    }
    flags
}

/// The clause with the words "at the same time" joins the one before; further back only lists without verbs of their own do.
fn joins_group(clauses: &[Clause], here: usize, marked: usize) -> bool {
    match clauses[here].join {
        Join::And => here == marked || clauses[here].elliptic,
        Join::Comma => clauses[here].elliptic,
        Join::Start | Join::Then | Join::Break => false,
    }
}

/// A part that nobody can carry out is never left out silently.
#[expect(clippy::unnecessary_box_returns, reason = "an outcome is large, and errors travel by `?`")]
fn unknown(clause: &Clause, clauses: &[Clause], world: &World<'_>) -> Stop {
    let text = clause.tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
    let query = Query::of(&clause.tokens, &world.index, None);
    let nearest: Vec<String> =
        query.rank(&world.index).iter().take(3).map(|score| world.index.operations[score.operation].name.clone()).collect();
    let words = || clauses.iter().flat_map(|clause| &clause.tokens).filter(|token| token.kind == Kind::Word);
    let some_sense =
        words().any(|token| is_function(&token.low) || world.index.knows(&stem(&token.low)) || world.index.is_verb(&token.low));
    let runs = clause.tokens.iter().position(|token| token.is_one_of(&["run", "execute", "exec"]));
    if runs.is_some_and(|at| clause.tokens[..at].iter().all(|token| is_function(&token.low))) {
        return refuse(
            format!(
                "\"{text}\" names no job, check or template that is known; a command is given in quotes, as in: run the command \"uptime\" on HOST"
            ),
            nearest,
        );
    }
    if asks_holder(&clause.tokens) {
        return clarify(format!("no known operation tells \"{text}\"; which one is meant?"), vec!["operation".to_owned()], nearest);
    }
    if some_sense && clauses.len() == 1 {
        return refuse(format!("no known operation does this: \"{text}\""), nearest);
    }
    let question = if some_sense {
        format!("which operation is meant by \"{text}\"?")
    } else {
        format!(
            "no word of \"{text}\" is known; say what to do and with what, as in `disk usage`, `is port 22 open` or `complete system health check`"
        )
    };
    clarify(question, vec!["operation".to_owned()], nearest)
}

/// Whether a parameter takes the name of a service in the wide sense.
pub fn is_service_param(name: &str, kind: &ParamType) -> bool {
    *kind == ParamType::Name && matches!(name, "service" | "component" | "app" | "application")
}
