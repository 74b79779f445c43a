//! "check it" after a change, "don't restart it, just check it": the one read that looks at the same things.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::catalogue::{EffectClass, Operation};
use crate::planner::ask::World;
use crate::planner::choose::Choice;
use crate::planner::segment::{Clause, Cond, is_outcome};
use crate::planner::slots::Bound;
use crate::planner::token::Token;
use crate::planner::words::stem;

use super::units::{Unit, unit};
use super::{Stop, clarify};

/// "check it" after a change: the one read that looks at the same things. A condition without anything to do is asked about.
pub(super) fn look_after(clause: &Clause, found: &[Unit], world: &World<'_>) -> Result<Option<Unit>, Stop> {
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
    // "see if it came up".
    let sees = clause.tokens.iter().any(|token| token.is_one_of(&["see", "look"])) && clause.tokens.iter().any(is_outcome);
    // "wait 30s and verify it": what was done before the pause.
    let waits = |unit: &&Unit| {
        unit.operation.as_ref().is_some_and(|one| {
            one.effect == EffectClass::Read && one.verb().split('_').any(|part| part == "wait" || part == "sleep" || part == "pause")
        })
    };
    let Some(before) = found.iter().rev().find(|unit| !waits(unit)).filter(|_| sees || clause.tokens.iter().any(looks)) else {
        return Ok(None);
    };
    let Some(changed) = before.operation.as_ref().filter(|operation| operation.effect != EffectClass::Read) else { return Ok(None) };
    let best = looks_at(changed, world);
    match best.as_slice() {
        [] => Err(clarify(
            format!("nothing that is known looks at what {} changed; what should be checked, as in `check https://...`?", changed.name),
            vec!["operation".to_owned()],
            Vec::new(),
        )),
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
pub(super) fn look_instead(clause: &Clause, denied: Option<&Choice>, world: &World<'_>) -> Option<Unit> {
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
pub(super) fn looks_at<'w>(changed: &Operation, world: &'w World<'_>) -> Vec<&'w Arc<Operation>> {
    let shared = |operation: &&Arc<Operation>| {
        let mut required = operation.required().peekable();
        let suits = operation.effect == EffectClass::Read && operation.service() == changed.service() && required.peek().is_some();
        (suits && required.all(|param| changed.param(&param.name).is_some())).then(|| operation.required().count())
    };
    // "renew the cert, then check it": what is called like the thing that was changed.
    let nouns = |operation: &Operation| operation.verb().split('_').map(stem).collect::<Vec<_>>();
    let named: Vec<&Arc<Operation>> = world
        .index
        .operations
        .iter()
        .filter(|operation| {
            shared(operation).is_some() && nouns(operation).iter().any(|noun| noun.len() > 3 && nouns(changed).contains(noun))
        })
        .collect();
    if let [one] = named[..] {
        return vec![one];
    }
    let most = world.index.operations.iter().filter_map(|operation| shared(&operation)).max();
    world.index.operations.iter().filter(|operation| most.is_some() && shared(operation) == most).collect()
}
