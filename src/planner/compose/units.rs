//! Clauses -> units: which operation each clause asks for, conditions that are steps of their own included.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::catalogue::{EffectClass, Operation, ParamType};
use crate::model::why::ThinkingKind;
use crate::planner::ask::World;
use crate::planner::bounds::{self, Bounds};
use crate::planner::choose::{Around, Choice, Pool, choose};
use crate::planner::grammar;
use crate::planner::index::Index;
use crate::planner::score::Query;
use crate::planner::segment::{Clause, Cond, Join, is_outcome, tells_bad};
use crate::planner::slots::{Bound, is_machine_param};
use crate::planner::symptom::is_symptom;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, stem, stems};

use super::alive;
use super::condition::{condition, given, hold, lifted};
use super::elided::{elided, recipients, run_after};
use super::holder::holders;
use super::inherit::listed;
use super::looks::{look_after, look_instead};
use super::more::{alike, fold, gives_value, merge, once_more, repeated};
use super::nobody::unknown;
use super::parts::{
    account_of, embedded, has_places, is_again, is_bare_look, is_complaint, is_context, is_filler, is_lead_done, leaves_name, left_over,
    says_more, unbounded,
};
use super::spoken::{context, lead, named, negation, spared};
use super::torn::{lightly, pointed, torn, which};
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
    let lifted = holders(recipients(lifted(clauses, world, pool), world, pool), world, pool);
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
        let given = given(clause, &clauses[at + 1..], world, pool, &mut around, &mut found)?;
        let anchor = condition(clause, world, pool, &mut around, &mut found)?;
        hold(given, anchor, clause, &mut found)?;
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
        if let Some(again) = repeated(&found, clause, anchor, world) {
            around.before.extend(again.operation.clone());
            found.push(again);
            continue;
        }
        let state = alive::stated(&clause.tokens, clauses.len() == 1, world, pool);
        let meaning = state.map(|best| Ok(Meant::Operation(Box::new(best))));
        let best = match meaning.unwrap_or_else(|| meant(clause, world, pool, &around, &mut found))? {
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
        if orders_more(&best, clause, world) {
            return Err(unknown(clause, clauses, world));
        }
        wanted_down(&best, clause)?;
        sound(&best, clause)?;
        if let Some(first) = embedded(&best, clause, world, pool) {
            around.before.push(Arc::clone(&first.operation));
            if let Some((at, bounds)) = bounds::bounding(&clause.tokens) {
                return Err(bounds::ask(&best.operation.name, &clause.tokens, at, bounds));
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
        if is_again(&found, &best, clause, world) {
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
    if let Some(Cond::On { about, .. }) = clause.cond.as_ref().filter(|_| clause.negated && clauses.iter().any(|other| !other.negated)) {
        return Err(excepted(about));
    }
    if clause.spared {
        return spared(clause, clauses, world).map(|()| Some(Vec::new()));
    }
    if clause.negated {
        // "do not reboot it, check its load": what is not to be done still says what is spoken of.
        let spoken_of = choose(&clause.tokens, world, pool, around).into_iter().next();
        if let Some(bound) = negation(clause, spoken_of.as_ref(), clauses, world) {
            return Err(bound);
        }
        let said = lead(clause, world);
        let values = Some(named(spoken_of.as_ref())).filter(|values| !values.is_empty()).unwrap_or_else(|| said.values.clone());
        return Ok(Some(vec![Unit { values, ..said }]));
    }
    if clause.lead && !is_lead_done(clause, clauses.get(at + 1), world, pool) {
        return bounded(clause).map(|()| Some(vec![lead(clause, world)]));
    }
    if clauses.len() > 1 && clause.cond.is_none() && is_garbled(&clause.tokens, world) {
        return Err(bounds::ask("the plan", &clause.tokens, 0, Bounds::Condition));
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

/// "iif web-1 is down, ...": a strange word before the machine may have been the one that all hangs on.
fn is_garbled(tokens: &[Token], world: &World<'_>) -> bool {
    let [first, second, rest @ ..] = tokens else { return false };
    let index = &world.index;
    let known = is_function(&first.low) || index.knows(&stem(&first.low)) || index.is_verb(&first.low) || index.is_machine(&first.low);
    let said = first.kind == Kind::Word && !known && grammar::environment(&first.low).is_none() && !world.is_asset(&first.text);
    let machine = matches!(second.kind, Kind::Ident | Kind::Ip) && (world.is_asset(&second.text) || grammar::is_machine_like(&second.text));
    said && machine && rest.iter().any(is_outcome)
}

/// "restart x, but if it runs leave it": what is left alone on a condition is said in the order itself.
#[expect(clippy::unnecessary_box_returns, reason = "an outcome is large, and errors travel by `?`")]
fn excepted(about: &[Token]) -> Stop {
    let said = about.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
    clarify(
        format!("what is to be left alone if \"{said}\"? say it in the order, as in `unless ...` or `only if ...`"),
        vec!["condition".to_owned()],
        Vec::new(),
    )
}

/// What a clause asks for.
enum Meant {
    Operation(Box<Choice>),
    /// One more value of the operation before.
    Value,
    Nothing,
}

fn meant(clause: &Clause, world: &World<'_>, pool: Pool, around: &Around, found: &mut [Unit]) -> Result<Meant, Stop> {
    if gives_value(clause, found) && fold(found, clause, world) {
        return Ok(Meant::Value);
    }
    let choices = choose(&clause.tokens, world, pool, around);
    tell_choices(clause, &choices, world);
    let unplaced = !choices.is_empty() && !choices.iter().any(|choice| has_places(choice, clause, world));
    let absent = choices.first().is_some_and(|choice| wants_absent(choice, pool));
    let other = if unplaced || absent { elided(clause, world, pool, around) } else { None };
    let other = other.or_else(|| if unplaced { lightly(clause, world, pool, around) } else { None });
    let other = other.or_else(|| run_after(&choices, clause, found, world, pool, around));
    let choices = pointed(choices, clause, world);
    let torn = torn(&choices, around);
    let fits = fitting(spoken_of(choices, clause, found), clause, world)
        .filter(|best| !leaves_name(best, clause, world) || says_more(best, clause, world));
    match other.or(fits) {
        Some(best) if torn.contains(&best.operation.name) => {
            sound(&best, clause)?;
            Err(which(&clause.tokens, torn))
        }
        Some(best) => Ok(Meant::Operation(Box::new(best))),
        None if fold(found, clause, world) => Ok(Meant::Value),
        None => Ok(elided(clause, world, pool, around).map_or(Meant::Nothing, |best| Meant::Operation(Box::new(best)))),
    }
}

/// "open port 80 on x", "mount /srv": an order to change something is not answered by a look at it.
fn orders_more(best: &Choice, clause: &Clause, world: &World<'_>) -> bool {
    let [verb, next, ..] = clause.tokens.as_slice() else { return false };
    let plural = next.kind == Kind::Word && next.low.ends_with('s') && !is_function(&next.low);
    let orders = verb.kind == Kind::Word && Index::is_change(&verb.low) && verb.text.to_lowercase() == verb.low && !plural;
    let value = |token: &Token| token.is_value() || is_determiner(&token.low) || matches!(token.kind, Kind::Ident);
    let told = |operation: &Operation| {
        let leads = |alias: &String| stems(alias).first() == Some(&stem(&verb.low));
        operation.aliases.iter().any(leads) || stems(&operation.name).contains(&stem(&verb.low))
    };
    best.operation.effect == EffectClass::Read
        && orders
        && clause.tokens[1..].iter().any(value)
        && !told(&best.operation)
        && world
            .index
            .led_by(&stem(&verb.low))
            .is_none_or(|led| !led.iter().any(|at| world.index.operations[*at].name == best.operation.name))
}

/// "make sure nginx is stopped": a look tells how it is, makes nothing so, and calls what is wanted a failure.
fn wanted_down(best: &Choice, clause: &Clause) -> Result<(), Stop> {
    let ensures = match clause.tokens.as_slice() {
        [make, sure, ..] if make.is("make") && sure.is_one_of(&["sure", "certain"]) => true,
        [first, ..] => first.is("ensure"),
        [] => false,
    };
    let nothing = clause.tokens.iter().any(|token| token.is_one_of(&["nothing", "none", "nobody"]));
    if best.operation.effect != EffectClass::Read || !ensures || nothing || !tells_bad(&clause.tokens) {
        return Ok(());
    }
    let said = clause.tokens.iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
    Err(clarify(
        format!("\"{said}\": {} would only look; say what is to be done, as in `stop ...`, or ask how it is", best.operation.name),
        vec!["operation".to_owned()],
        Vec::new(),
    ))
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
    match bounds::bounding(&clause.tokens) {
        Some((at, bounds)) => Err(bounds::ask("the plan", &clause.tokens, at, bounds)),
        None => Ok(()),
    }
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

/// "if the import job is not running, start it": where "it" is all that is said, what was spoken of tells which is meant.
fn spoken_of(mut choices: Vec<Choice>, clause: &Clause, found: &[Unit]) -> Vec<Choice> {
    if let Some(at) = for_each_listed(&choices, clause, found) {
        choices[..=at].rotate_right(1);
        return choices;
    }
    let pronoun = clause.tokens.iter().any(|token| token.is_one_of(&["it", "them"]));
    let Some(best) = choices.first().filter(|best| pronoun && best.bound.values.is_empty()) else { return choices };
    let given = |choice: &Choice| {
        choice.operation.required().all(|param| {
            let machine = |name: &str| is_machine_param(&param.name, &param.kind) && is_machine_param(name, &ParamType::Name);
            param.default.is_some() || found.iter().any(|unit| unit.values.keys().any(|name| *name == param.name || machine(name)))
        })
    };
    let (enough, reads) = (0.5 * best.total, best.operation.effect == EffectClass::Read);
    let alike = |choice: &Choice| (choice.operation.effect == EffectClass::Read) == reads;
    let meant = |choice: &Choice| choice.total > enough && alike(choice) && given(choice) && choice.operation.required().next().is_some();
    if !given(best)
        && let Some(at) = choices.iter().position(meant)
    {
        choices[..=at].rotate_right(1);
    }
    choices
}

/// "list the failed services on x and restart them": what takes the things that were listed is meant, not what takes the host.
fn for_each_listed(choices: &[Choice], clause: &Clause, found: &[Unit]) -> Option<usize> {
    let best = choices.first()?;
    let takes = |choice: &Choice| {
        let open = choice.operation.params.iter().filter(|param| !choice.bound.values.contains_key(&param.name));
        open.into_iter().any(|param| listed(found, &clause.tokens, param).is_some())
    };
    let alike = |choice: &Choice| (choice.operation.effect == EffectClass::Read) == (best.operation.effect == EffectClass::Read);
    choices.iter().position(|choice| choice.total > 0.5 * best.total && alike(choice) && takes(choice))
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

/// Which clauses run beside the one before them.
fn beside_flags(clauses: &[Clause]) -> Vec<bool> {
    let mut flags = vec![false; clauses.len()];
    for (at, clause) in clauses.iter().enumerate() {
        if clause.together {
            let mut here = at;
            let listed = |here: usize| clause.all_together && matches!(clauses[here].join, Join::Comma | Join::And);
            while here > 0 && (listed(here) || joins_group(clauses, here, at)) {
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

/// Whether a parameter takes the name of a service in the wide sense.
pub fn is_service_param(name: &str, kind: &ParamType) -> bool {
    *kind == ParamType::Name && matches!(name, "service" | "component" | "app" | "application")
}
