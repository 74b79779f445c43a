//! Clause + operation -> values for its parameters, with what was left unexplained.
//!
//! Values that stand for themselves go by type; names and texts by their place in the clause.
//! Inheritance from other clauses happens later, in `compose`.

mod atoms;
mod nameable;
mod names;
mod place;
mod roles;
mod texts;

pub use place::{Group, Place, environments, find_group};
pub use texts::WORDED;

use std::collections::BTreeMap;

use crate::model::catalogue::{Operation, ParamType};

use super::ask::World;
use super::grammar;
use super::token::{Kind, Token};
use super::words::{is_function, stem};
use roles::Role;

/// Names of parameters that stand for a machine, whatever their type.
const MACHINE_PARAMS: &[&str] = &["host", "target", "asset", "node", "server", "machine", "vm", "hostname", "instance"];

pub fn is_machine_param(name: &str, kind: &ParamType) -> bool {
    *kind == ParamType::Host || (*kind == ParamType::Name && MACHINE_PARAMS.contains(&name))
}

/// What a clause gives to one operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bound {
    /// More than one value asks for as many steps.
    pub values: BTreeMap<String, Vec<String>>,
    /// Parameter and why its value is refused.
    pub bad: Vec<(String, String)>,
    /// For values taken less for values left over.
    pub evidence: f64,
    /// Tokens that became values.
    pub used: Vec<bool>,
    /// The clause speaks of a group of machines.
    pub group: Option<Group>,
}

pub struct Binder<'a> {
    pub(super) operation: &'a Operation,
    pub(super) tokens: &'a [Token],
    pub(super) world: &'a World<'a>,
    pub(super) used: Vec<bool>,
    pub(super) verb_at: Option<usize>,
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) bound: Bound,
}

pub fn bind(operation: &Operation, tokens: &[Token], world: &World<'_>, place: &Place) -> Bound {
    let verb_at = world.index.verb_place(tokens);
    let mut binder = Binder {
        operation,
        tokens,
        world,
        used: vec![false; tokens.len()],
        verb_at,
        roles: roles::roles(operation),
        bound: Bound::default(),
    };
    binder.place(place);
    binder.texts_in_quotes();
    binder.atoms();
    binder.texts_by_preposition();
    binder.ids();
    binder.names();
    binder.left_names();
    binder.late_versions();
    binder.texts();
    binder.weigh();
    binder.bound.used = binder.used;
    binder.bound
}

impl Binder<'_> {
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.bound.values.contains_key(name)
    }

    pub(super) fn give(&mut self, name: &str, text: &str, at: usize) {
        self.used[at] = true;
        self.bound.values.insert(name.to_owned(), vec![text.to_owned()]);
    }

    pub(super) fn low(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.low.as_str())
    }

    /// Environment and group of machines, where the operation has parameters for them.
    fn place(&mut self, place: &Place) {
        for (at, environment) in &place.environments {
            self.used[*at] = true;
            if let Some(param) = self.operation.params.iter().find(|param| param.kind == ParamType::Env)
                && !self.is_given(&param.name)
            {
                self.give(&param.name.clone(), environment, *at);
            }
        }
        let Some(group) = &place.group else { return };
        // "consumer group x": what is called so here is no group of machines.
        let other = |name: &str| name != "group" && name.split('_').any(|part| part == "group");
        let called = group.values.contains_key("group") && self.tokens[group.span.clone()].iter().any(|token| token.is("group"));
        if called && self.operation.params.iter().any(|param| other(&param.name)) {
            return;
        }
        group.span.clone().for_each(|at| self.used[at] = true);
        for (name, value) in &group.values {
            // "the consumer group": the kind of thing, not its name.
            if name == "group" && self.operation.verb().split('_').any(|part| part == value) {
                continue;
            }
            if let Some(param) = self.operation.params.iter().find(|param| param.name == *name) {
                self.bound.values.insert(param.name.clone(), vec![value.clone()]);
            }
        }
        let takes_it = self.operation.params.iter().any(|param| is_machine_param(&param.name, &param.kind));
        let lists_it = self.operation.params.iter().any(|param| group.values.contains_key(&param.name));
        // "find the web hosts": nothing but the group is asked for.
        let only = lists_it && self.operation.required().next().is_none();
        self.bound.evidence += match (only, takes_it || lists_it) {
            (true, _) => 1.6,
            (false, true) => 0.8,
            (false, false) => -0.8,
        };
        self.bound.group = Some(group.clone());
    }

    pub(super) fn is_strange(&self, at: usize) -> bool {
        let (index, low) = (&self.world.index, self.low(at));
        !is_function(low)
            && !index.is_verb(low)
            && !index.is_machine(low)
            && !index.knows(&stem(low))
            && grammar::environment(low).is_none()
    }

    /// Values that found no parameter speak against the operation, those that did for it.
    fn weigh(&mut self) {
        let worded = self.operation.params.iter().any(|param| WORDED.contains(&param.name.as_str()));
        for (at, token) in self.tokens.iter().enumerate() {
            let weight = match token.kind {
                Kind::Url => 2.5,
                Kind::Channel => 2.2,
                Kind::Path | Kind::Version => 1.3,
                Kind::Ip | Kind::Duration | Kind::Ident => 0.9,
                Kind::Datetime => 3.0,
                Kind::Int(_) => 0.7,
                Kind::Quoted => 0.5,
                // A word that nobody knows is most likely a name, where it is no message.
                Kind::Word if !worded && self.is_strange(at) => 0.6,
                Kind::Word | Kind::Mark(_) => 0.0,
            };
            self.bound.evidence += if self.used[at] { weight } else { -weight };
        }
    }
}
