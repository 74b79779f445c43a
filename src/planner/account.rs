//! A clause and its operation -> what becomes of every word: a value, told by the operation, plain, told aside, or lost.
//!
//! What bounds an order (when, how many, which not, until when, how) is planned or asked about, never dropped.
//! The words stand in `words.toml`; what is no word there is bounded by its kind. Nothing is bound here.

use crate::model::catalogue::{EffectClass, Operation, Param, ParamType};

use super::ask::World;
use super::bounds::{Bounds, bounds_of, is_number, is_one_of_machines, is_span, repeats};

use super::grammar;
use super::score::Query;
use super::segment::is_outcome;
use super::slots::WORDED;
use super::token::{Kind, Token};
use super::words::{is_determiner, is_function, is_particle, is_preposition, stem};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Value,
    /// Said by the operation's own words, or part of a message.
    Told,
    Plain,
    /// A read without it shows more, not something else.
    Aside,
    Lost(Bounds),
}

/// What was not taken of a clause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Places of the words that a read leaves out.
    pub asides: Vec<usize>,
    pub lost: Vec<(usize, Bounds)>,
}

struct Reading<'a> {
    operation: &'a Operation,
    place: Option<usize>,
    tokens: &'a [Token],
    used: &'a [bool],
    /// Numbers of values that some parameter was given.
    counts: &'a [usize],
    query: Query,
    is_worded: bool,
    world: &'a World<'a>,
}

/// Every word of a clause for which an operation was chosen.
pub fn account(operation: &Operation, tokens: &[Token], used: &[bool], counts: &[usize], world: &World<'_>) -> Account {
    let reading = Reading {
        operation,
        place: world.index.operations.iter().position(|one| one.name == operation.name),
        tokens,
        used,
        counts,
        query: Query::of(tokens, &world.index, None),
        is_worded: operation.params.iter().any(|param| WORDED.contains(&param.name.as_str())),
        world,
    };
    let mut account = Account::default();
    for at in 0..tokens.len() {
        match reading.part(at) {
            Part::Value | Part::Told | Part::Plain => {}
            Part::Aside => account.asides.push(at),
            Part::Lost(bounds) => account.lost.push((at, bounds)),
        }
    }
    account
}

impl Reading<'_> {
    fn part(&self, at: usize) -> Part {
        let token = &self.tokens[at];
        if repeats(self.tokens, at) && !self.takes_repeats() {
            return Part::Lost(Bounds::Time);
        }
        if self.used.get(at).copied().unwrap_or(false) {
            return Part::Value;
        }
        let is_read = self.operation.effect == EffectClass::Read;
        let less = |bounds| if is_read { Part::Aside } else { Part::Lost(bounds) };
        match token.kind {
            Kind::Mark(_) => Part::Plain,
            Kind::Datetime if self.is_message(at) => Part::Told,
            // "from yesterday's snapshot", as "from last night's".
            Kind::Datetime | Kind::Duration if token.owner && self.operation.effect == EffectClass::Destroy => Part::Aside,
            Kind::Datetime => Part::Lost(Bounds::Time),
            Kind::Url | Kind::Path | Kind::Channel | Kind::Ip => Part::Lost(Bounds::Value),
            _ if self.is_worded && token.kind != Kind::Word => Part::Told,
            Kind::Duration | Kind::Version | Kind::Quoted => Part::Lost(Bounds::Value),
            Kind::Int(number) if usize::try_from(number).is_ok_and(|number| self.counts.contains(&number)) => Part::Told,
            // "port 80" is no number of lines.
            Kind::Int(_) if at > 0 && self.world.index.is_param(self.low(at - 1)) && !self.explains(at - 1) => Part::Lost(Bounds::Value),
            Kind::Int(_) => less(Bounds::Count),
            Kind::Ident if self.is_again(token) => Part::Told,
            Kind::Ident if grammar::is_machine_like(&token.text) => Part::Lost(Bounds::Value),
            Kind::Ident if token.text.bytes().any(|byte| byte.is_ascii_digit()) => less(Bounds::Value),
            Kind::Ident => Part::Plain,
            Kind::Word => self.word(at),
        }
    }

    fn word(&self, at: usize) -> Part {
        let token = &self.tokens[at];
        let changes = self.operation.effect != EffectClass::Read;
        // "web-1 or web-2": one of them, and nobody says which.
        let used = |place: usize| self.used.get(place).copied().unwrap_or(false);
        let values = |at: usize| (at + 1..self.tokens.len()).find(|place| !is_determiner(self.low(*place))).is_some_and(used);
        if changes && !self.is_worded && token.is("or") && at > 0 && used(at - 1) && values(at) {
            return Part::Lost(Bounds::Count);
        }
        // "restore x from last night's backup": which of them is not known, and whoever approves is told so.
        if self.operation.effect == EffectClass::Destroy && token.owner && is_span(token) {
            return Part::Aside;
        }
        // "everything on web-1 but nginx": what is named is what is spared.
        let all = |token: &Token| token.is_one_of(&["all", "everything", "every", "each", "any", "everywhere"]);
        if token.is("but") && !self.is_worded && self.tokens[..at].iter().any(all) {
            return Part::Lost(Bounds::Exception);
        }
        if is_one_of_machines(self.tokens, at, &self.world.index)
            && (changes || !token.is_one_of(&["any", "some", "most"]))
            && !self.is_message(at)
        {
            return Part::Lost(Bounds::Count);
        }
        // "the idle web hosts", "the rest of them": not all of them.
        if !self.is_worded && self.narrows(at) {
            return if changes { Part::Lost(Bounds::Exception) } else { Part::Aside };
        }
        if self.explains(at) || self.is_message(at) {
            return Part::Told;
        }
        // A name in other letters is not passed over for the machine at hand.
        if !self.is_worded && !token.text.is_ascii() {
            return Part::Lost(Bounds::Value);
        }
        match bounds_of(self.tokens, at) {
            // "how many days until it expires" asks for the span.
            Some(Bounds::Condition) if !changes && self.tokens[0].is_one_of(&["how", "when", "what"]) => return Part::Plain,
            // "up to 16 replicas": the value behind it was taken.
            Some(Bounds::Count | Bounds::Condition) if self.is_of_value(at) => return Part::Told,
            Some(Bounds::Count | Bounds::Manner) if !changes => return Part::Aside,
            Some(bounds) => return Part::Lost(bounds),
            None => {}
        }
        if is_number(token) {
            let number = grammar::number_word(&token.low).and_then(|number| usize::try_from(number).ok());
            let counted = self.is_worded || number.is_some_and(|number| self.counts.contains(&number));
            return if counted {
                Part::Told
            } else if changes {
                Part::Lost(Bounds::Count)
            } else {
                Part::Aside
            };
        }
        self.unknown(at, changes)
    }

    /// Stands before the machines of a group and says which of them.
    fn narrows(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        let used = |place: usize| self.used.get(place).copied().unwrap_or(false);
        let rest = token.is_one_of(&["rest", "remainder", "others"]);
        let mut next = at + 1;
        while rest && self.tokens.get(next).is_some_and(|token| token.is("of") || is_determiner(&token.low)) {
            next += 1;
        }
        let index = &self.world.index;
        let group = (next..self.tokens.len().min(next + 3)).take_while(|place| used(*place));
        let named = group.into_iter().any(|place| index.is_machine(self.low(place)) && self.low(place).ends_with('s'));
        let plain =
            is_function(&token.low) || index.is_verb(&token.low) || is_preposition(&token.low) || used(at) || index.is_machine(&token.low);
        named
            && !plain
            && !is_number(token)
            && bounds_of(self.tokens, at).is_none()
            && !token.is_one_of(&["known", "whole", "entire", "complete", "existing"])
    }

    /// A word that bounds nothing by itself.
    fn unknown(&self, at: usize, changes: bool) -> Part {
        let token = &self.tokens[at];
        let index = &self.world.index;
        let strange = || !is_function(&token.low) && !index.knows(&stem(&token.low)) && !index.is_verb(&token.low);
        if self.leads_to_path(at) || self.is_kind_of_machine(at) {
            return Part::Plain;
        }
        if changes && token.low.len() > 4 && token.low.ends_with("ly") && strange() {
            return Part::Lost(Bounds::Manner);
        }
        // "restart nginx on the web host": what is changed is never passed over.
        if changes
            && !self.operation.low_risk
            && !self.is_worded
            && self.is_object(at)
            && strange()
            && index.is_strange(&token.low)
            && !is_outcome(token)
        {
            return Part::Lost(Bounds::Value);
        }
        // "hold the rollout" is no holding of an order: what the change is done to is a word of other operations.
        let object = index
            .verb_place(self.tokens)
            .is_some_and(|verb| verb < at && (verb + 1..at).all(|place| is_determiner(self.low(place)) || is_particle(self.low(place))));
        let other = index.names_work(&token.low) && !index.is_verb(&token.low) && !is_function(&token.low);
        if changes && !self.operation.low_risk && !self.is_worded && object && other && !is_outcome(token) {
            return Part::Lost(Bounds::Value);
        }
        // "put x back to its last snapshot": where something is brought is no thing that the operation knows.
        if changes && !self.is_worded && self.is_brought_to(at) && !is_outcome(token) {
            return Part::Lost(Bounds::Value);
        }
        // "rotate the nginx logs": of what stands beside the words of a change nothing is passed over either.
        if changes
            && !self.operation.low_risk
            && !self.is_worded
            && strange()
            && index.is_strange(&token.low)
            && !is_outcome(token)
            && self.is_named(at)
        {
            return Part::Lost(Bounds::Value);
        }
        // A read without the name of something shows something else than was asked for; that is told.
        if !changes && !self.is_worded && strange() && index.is_strange(&token.low) && !is_outcome(token) && self.is_named(at) {
            return Part::Aside;
        }
        // What destroys is bounded by every word that nobody knows: "files owned by root".
        if self.operation.effect == EffectClass::Destroy
            && !self.is_worded
            && strange()
            && index.is_strange(&token.low)
            && !is_outcome(token)
        {
            return Part::Lost(Bounds::Condition);
        }
        Part::Plain
    }

    /// "under /var/tmp": where the path that was taken lies.
    fn leads_to_path(&self, at: usize) -> bool {
        self.tokens[at].is_one_of(&["under", "underneath", "beneath", "below", "inside", "within"])
            && self.tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Path)
            && self.used.get(at + 1).copied().unwrap_or(false)
    }

    /// "the database db-1": what the machine behind it is.
    fn is_kind_of_machine(&self, at: usize) -> bool {
        let kind = self.tokens[at]
            .is_one_of(&["database", "db", "gateway", "switch", "router", "proxy", "balancer", "replica", "cache", "storage"]);
        let taken = self.used.get(at + 1).copied().unwrap_or(false);
        kind && taken && self.tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Ident && grammar::is_machine_like(&next.text))
    }

    /// Behind "to" or "from", articles aside; a load balancer bears no load.
    fn is_brought_to(&self, at: usize) -> bool {
        let plain = |place: usize| is_determiner(self.low(place)) || self.tokens[place].is_one_of(&["its", "last", "latest", "previous"]);
        let led = (0..at).rev().find(|place| !plain(*place)).is_some_and(|place| self.tokens[place].is_one_of(&["to", "from"]));
        let named = self.tokens.get(at + 1).is_some_and(|next| next.is_one_of(&["balancer", "balancers"]));
        let noun = !self.world.index.is_verb(self.low(at)) || at > 0 && plain(at - 1);
        // "snapshot": the id that other operations give or take.
        let id = |param: &Param| matches!(param.kind, ParamType::Other(_)) && stem(&param.name) == stem(self.low(at));
        let known = || self.world.index.operations.iter().flat_map(|operation| &operation.params).any(id);
        led && noun && !named && !is_function(self.low(at)) && (self.world.index.names_work(self.low(at)) || known())
    }

    /// Where the name of something stands: before or behind a word of the operation, or behind "of" and "for".
    fn is_named(&self, at: usize) -> bool {
        let beside = |place: usize| place < self.tokens.len() && self.explains(place);
        beside(at + 1) || at > 0 && (beside(at - 1) || self.tokens[at - 1].is_one_of(&["of", "for"]))
    }

    /// Right behind the verb.
    fn is_object(&self, at: usize) -> bool {
        let Some(verb) = self.world.index.verb_place(self.tokens).filter(|verb| *verb < at) else { return false };
        (verb + 1..at).all(|place| is_determiner(self.low(place)) || is_particle(self.low(place)))
            && self.tokens.get(at + 1).is_some_and(|next| is_preposition(&next.low))
    }

    fn explains(&self, at: usize) -> bool {
        self.place.is_some_and(|operation| self.query.explains(operation, at, &self.world.index))
    }

    fn is_of_value(&self, at: usize) -> bool {
        let next = (at + 1..self.tokens.len()).find(|next| !is_preposition(self.low(*next)) && !is_determiner(self.low(*next)));
        next.map(|next| next + usize::from(self.tokens[next].is("next"))).is_some_and(|next| {
            self.used.get(next).copied().unwrap_or(false)
                && matches!(self.tokens.get(next).map(|token| &token.kind), Some(Kind::Int(_) | Kind::Duration))
        })
    }

    /// Said once more: "restart x, x must be up".
    fn is_again(&self, token: &Token) -> bool {
        (0..self.tokens.len()).any(|other| self.used.get(other).copied().unwrap_or(false) && self.tokens[other].text == token.text)
    }

    /// In a message, unless it stands right behind the verb or behind who gets it: "page dba at 5pm".
    fn is_message(&self, at: usize) -> bool {
        let mut before = at;
        while before > 0 && (is_preposition(self.low(before - 1)) || is_particle(self.low(before - 1))) {
            before -= 1;
        }
        let spoken = before > 0
            && !self.used.get(before - 1).copied().unwrap_or(false)
            && self.world.index.verb_place(self.tokens) != Some(before - 1);
        self.is_worded && spoken
    }

    fn low(&self, at: usize) -> &str {
        self.tokens[at].low.as_str()
    }

    /// A parameter says how often.
    fn takes_repeats(&self) -> bool {
        let often =
            |name: &str| ["every", "interval", "period", "frequency", "schedule", "cron", "repeat"].iter().any(|word| name.contains(word));
        self.operation.params.iter().any(|param| often(&param.name))
    }
}
