//! A missing value -> the nearest clause that has one of its kind.
//!
//! Numbers, durations, versions and texts are never inherited: what was said of one step is not said of another.

use std::sync::Arc;

use crate::model::catalogue::{EffectClass, Operation, Param, ParamType};
use crate::planner::grammar;
use crate::planner::slots::{Group, is_machine_param};
use crate::planner::token::Token;
use crate::planner::words::stem;

use super::holder::{gives_person, speaks_of_person};
use super::units::{Unit, is_service_param};

/// Where a missing value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// Unit and its values.
    Values(usize, Vec<String>),
    Group(Group),
    /// The machines that an earlier unit lists.
    Listed(usize),
}

/// Earlier units from the nearest on, then later ones.
pub fn find(units: &[Unit], at: usize, param: &Param) -> Option<Source> {
    let earlier = (0..at).rev();
    let later = at + 1..units.len();
    let order: Vec<usize> = earlier.chain(later).collect();
    if let Some(place) = listed_for(units, at, param) {
        return Some(Source::Listed(place));
    }
    if let Some(place) = (0..at).rev().find(|place| gives(&units[*place], param) && speaks_of_it(&units[at])) {
        return Some(Source::Listed(place));
    }
    if let Some(place) = (0..at).rev().find(|place| gives_person(&units[*place], param) && speaks_of_person(&units[at])) {
        return Some(Source::Listed(place));
    }
    if let Some(found) = same_again(units, at, param) {
        return Some(found);
    }
    if let Some(found) = counterpart(units, at, param).or_else(|| its_number(units, at, param)) {
        return Some(found);
    }
    let direct = order.iter().find_map(|place| from_unit(units, *place, *place < at, param));
    let direct = direct.or_else(|| moved_to(units, at, param));
    direct.or_else(|| order.iter().find_map(|place| from_url(&units[*place], param).map(|host| Source::Values(*place, vec![host]))))
}

/// The earlier step that lists what a clause says it is for.
pub fn listed_for(units: &[Unit], at: usize, param: &Param) -> Option<usize> {
    listed(&units[..at], &units[at].clause.tokens, param)
}

/// "restart each of them and verify that they are up": who went over the list before goes on with it.
pub(super) fn listed(before: &[Unit], tokens: &[Token], param: &Param) -> Option<usize> {
    let place = (0..before.len()).rev().find(|place| lists_of(&before[*place], param))?;
    let goes_on = || {
        tokens.iter().any(|token| token.is_one_of(&["it", "its", "they"]))
            && before[place + 1..].iter().any(|unit| {
                let takes = |operation: &Arc<Operation>| {
                    operation.params.iter().any(|other| lists_of(&before[place], other) && !unit.values.contains_key(&other.name))
                };
                speaks_of_many(&unit.clause.tokens) && unit.operation.as_ref().is_some_and(takes)
            })
    };
    (speaks_of_many(tokens) || goes_on()).then_some(place)
}

/// "list the stuck jobs and cancel them": what is listed is what the parameter names.
fn lists_of(unit: &Unit, param: &Param) -> bool {
    let listed = unit.operation.as_ref().and_then(|operation| operation.output.as_ref());
    let named = |name: &str| stem(name.rsplit('_').next().unwrap_or(name)) == stem(param.name.rsplit('_').next().unwrap_or(&param.name));
    listed.is_some_and(|output| {
        let told = output.of.as_deref().map_or_else(|| output.name.ends_with('s') && named(&output.name), named);
        output.kind.ends_with("List") && output.kind != "HostList" && told
    }) && matches!(param.kind, ParamType::Name | ParamType::Str | ParamType::Ip | ParamType::Dns | ParamType::Path | ParamType::Other(_))
        && unit.operation.as_ref().is_some_and(|operation| operation.effect == EffectClass::Read)
}

/// "snapshot it, patch it, restore it from the snapshot": the id that an earlier step gives is the one that is meant.
pub fn made(units: &[Unit], at: usize, param: &Param) -> Option<usize> {
    let ParamType::Other(kind) = &param.kind else { return None };
    let tokens = &units[at].clause.tokens;
    let meant = |at: usize| tokens.get(at).is_some_and(|token| token.is_one_of(&["it", "that", "this", "the"]));
    let from = tokens.iter().position(|token| token.is("from"))?;
    let last = from + 2 >= tokens.len() || stem(&tokens[from + 2].low) == stem(&param.name) && from + 3 >= tokens.len();
    let gives = |unit: &Unit| unit.operation.as_ref().and_then(|one| one.output.as_ref()).is_some_and(|output| output.kind == *kind);
    (meant(from + 1) && last).then(|| (0..at).rev().find(|place| gives(&units[*place]))).flatten()
}

/// "open a ticket and assign it": what the step gives is what the parameter names.
fn gives(unit: &Unit, param: &Param) -> bool {
    let given = unit.operation.as_ref().and_then(|operation| operation.output.as_ref());
    let named = |name: &str| name.split('_').next().is_some_and(|first| stem(first) == stem(&param.name));
    given.is_some_and(|output| !output.kind.ends_with("List") && named(&output.name))
        && !unit.values.contains_key(&param.name)
        && matches!(param.kind, ParamType::Name | ParamType::Str | ParamType::Int | ParamType::Other(_))
}

fn speaks_of_it(unit: &Unit) -> bool {
    unit.clause.tokens.iter().any(|token| token.is_one_of(&["it", "that", "this"]))
}

fn speaks_of_many(tokens: &[Token]) -> bool {
    tokens.iter().any(|token| token.is_one_of(&["them", "those", "these", "each", "their", "all"]))
}

/// "release 2.0 of x to test, ..., release it to staging": what is done once more is done with the same version.
fn same_again(units: &[Unit], at: usize, param: &Param) -> Option<Source> {
    let own = units[at].operation.as_ref().filter(|_| param.kind == ParamType::Version && speaks_of_it(&units[at]))?;
    let place = (0..at).rev().find(|place| units[*place].operation.as_ref().is_some_and(|other| other.name == own.name))?;
    units[place].values.get(&param.name).map(|values| Source::Values(place, values.clone()))
}

/// "open port 7 of sw-1 and check its status": a look at what was just changed is at the same number.
fn its_number(units: &[Unit], at: usize, param: &Param) -> Option<Source> {
    let own = units[at].operation.as_ref().filter(|one| one.effect == EffectClass::Read && param.kind == ParamType::Int)?;
    let its = units[at].clause.tokens.iter().any(|token| token.is_one_of(&["it", "its", "that"]));
    let place = at.checked_sub(1).filter(|_| its)?;
    let same = units[place]
        .operation
        .as_ref()
        .is_some_and(|other| other.service() == own.service() && other.param(&param.name).is_some_and(|known| known.kind == param.kind));
    units[place].values.get(&param.name).filter(|_| same).map(|values| Source::Values(place, values.clone()))
}

/// "stop worker on a, restore b, start worker": what is done to the same service is done where it was done before.
fn counterpart(units: &[Unit], at: usize, param: &Param) -> Option<Source> {
    let own = units[at].operation.as_ref().filter(|_| is_machine_param(&param.name, &param.kind))?;
    let serves = |other: &&Param| is_service_param(&other.name, &other.kind);
    let service = own.params.iter().find(serves).and_then(|other| units[at].values.get(&other.name))?;
    let place = (0..at).rev().find(|place| {
        let other = units[*place].operation.as_ref();
        other.is_some_and(|other| {
            other.name != own.name && other.params.iter().filter(serves).any(|one| units[*place].values.get(&one.name) == Some(service))
        }) && units[*place].values.contains_key(&param.name)
    })?;
    units[place].values.get(&param.name).map(|values| Source::Values(place, values.clone()))
}

fn from_unit(units: &[Unit], place: usize, is_earlier: bool, param: &Param) -> Option<Source> {
    let unit = &units[place];
    let inheritable = matches!(
        param.kind,
        ParamType::Host
            | ParamType::Name
            | ParamType::Url
            | ParamType::Dns
            | ParamType::Port
            | ParamType::Ip
            | ParamType::Env
            | ParamType::Channel
    );
    // "badge 4711 was lost, deactivate it": spoken of, and nothing was done with it yet.
    let spoken_of = unit.operation.is_none() && param.kind == ParamType::Int;
    if !inheritable && !spoken_of {
        return None;
    }
    let machine = is_machine_param(&param.name, &param.kind);
    if let Some(values) = unit.values.get(&param.name).filter(|values| !values.is_empty())
        && (machine || spoken_of || unit.operation.is_some() || unit.clause.lead)
    {
        return Some(Source::Values(place, values.clone()));
    }
    if machine {
        return machines_of(unit, place, is_earlier);
    }
    let operation = unit.operation.as_ref()?;
    operation.params.iter().find_map(|other| {
        let values = unit.values.get(&other.name).filter(|values| !values.is_empty())?;
        let services = is_service_param(&param.name, &param.kind) && is_service_param(&other.name, &other.kind);
        let names = param.kind == ParamType::Dns
            && (other.kind == ParamType::Host || other.kind == ParamType::Dns)
            && values.iter().all(|value| grammar::is_dns(value));
        (services || names).then(|| Source::Values(place, values.clone()))
    })
}

fn machines_of(unit: &Unit, place: usize, is_earlier: bool) -> Option<Source> {
    let Some(operation) = &unit.operation else {
        let values = unit.values.get("host").cloned().map(|values| Source::Values(place, values));
        return values.or_else(|| unit.bound.group.clone().map(Source::Group));
    };
    let lists = operation.output.as_ref().is_some_and(|output| output.kind == "HostList");
    if lists && is_earlier {
        return Some(Source::Listed(place));
    }
    let named = operation.params.iter().filter(|other| is_machine_param(&other.name, &other.kind)).find_map(|other| {
        let values = unit.values.get(&other.name).filter(|values| !values.is_empty())?;
        Some(Source::Values(place, values.clone()))
    });
    named.or_else(|| unit.bound.group.clone().filter(|_| !lists).map(Source::Group)).or_else(|| {
        let domain = operation.params.iter().filter(|other| other.kind == ParamType::Dns).find_map(|other| unit.values.get(&other.name))?;
        Some(Source::Values(place, domain.clone()))
    })
}

/// "fail x over to db-2; if port 22 there does not answer": where something was brought, for a look at it.
fn moved_to(units: &[Unit], at: usize, param: &Param) -> Option<Source> {
    let reads = units[at].operation.as_ref().is_some_and(|operation| operation.effect == EffectClass::Read);
    if !reads || !is_machine_param(&param.name, &param.kind) {
        return None;
    }
    (0..at).rev().find_map(|place| {
        let operation = units[place].operation.as_ref()?;
        let names =
            operation.params.iter().filter(|other| other.kind == ParamType::Name).filter_map(|other| units[place].values.get(&other.name));
        let machines: Vec<&Vec<String>> =
            names.filter(|values| !values.is_empty() && values.iter().all(|value| grammar::is_machine_like(value))).collect();
        match machines[..] {
            [one] => Some(Source::Values(place, one.clone())),
            _ => None,
        }
    })
}

fn from_url(unit: &Unit, param: &Param) -> Option<String> {
    let operation = unit.operation.as_ref()?;
    if param.kind != ParamType::Host {
        return None;
    }
    let address =
        operation.params.iter().filter(|other| other.kind == ParamType::Url).find_map(|other| unit.values.get(&other.name)?.first())?;
    url::Url::parse(address).ok()?.host_str().map(str::to_owned)
}
