//! Which words can be names at all: what is said of things, counted, asked for or done is none.

use crate::model::catalogue::{Param, ParamType};
use crate::planner::bounds::{is_number, is_superlative};
use crate::planner::grammar;
use crate::planner::index::Index;
use crate::planner::score::is_inside_phrase;
use crate::planner::segment::is_outcome;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, is_preposition, stem, stems};

use super::{Binder, is_machine_param};

impl Binder<'_> {
    /// A word that can be a name at all.
    pub(super) fn is_free_word(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        if self.used[at] || Some(at) == self.verb_at {
            return false;
        }
        match token.kind {
            Kind::Ident | Kind::Ip => true,
            Kind::Quoted => !token.text.contains(' '),
            Kind::Word => {
                let machine = self.world.index.is_machine(&token.low);
                let of_all = at > 0 && self.tokens[at - 1].is_one_of(&["all", "every", "each", "any"]);
                let is_cue = self.operation.params.iter().any(|param| stems(&param.name).contains(&stem(&token.low)));
                let own = self.operation.verb().split('_').any(|part| stem(part) == stem(&token.low));
                !is_function(&token.low)
                    && !machine
                    && !is_number(token)
                    && !token.is_one_of(&["went", "gone", "going"])
                    && (self.names_follow(at) || self.is_called(at) || !Index::is_bound(&token.low))
                    && !self.is_kind(at)
                    && !self.is_cue_of_another(at)
                    && !of_all
                    && !is_outcome(token)
                    && !self.is_doing(at)
                    && !(at > 0 && self.low(at - 1) == "the" && is_superlative(&token.low))
                    && !self.is_spoken_of(at)
                    && (!is_cue || token.owner)
                    && !is_preposition(&token.low)
                    && (!own || self.names_follow(at))
            }
            // "process 4711".
            Kind::Int(_) => {
                let called = |param: &Param| param.kind == ParamType::Name && param.name == self.low(at - 1);
                // "web to 12" names no machine, "extension 4711 to 4712" names the other one.
                let plain = at > 0 && !is_preposition(self.low(at - 1));
                (plain || at > 1 && matches!(self.tokens[at - 2].kind, Kind::Int(_))) && self.operation.params.iter().any(called)
            }
            Kind::Url | Kind::Path | Kind::Channel | Kind::Duration | Kind::Version | Kind::Datetime | Kind::Mark(_) => false,
        }
    }

    /// "job nightly": a word for when, right behind the word for what is named.
    fn is_called(&self, at: usize) -> bool {
        let named = at > 0 && self.operation.params.iter().any(|param| param.name == self.low(at - 1));
        named && self.tokens[at].is_one_of(&["hourly", "nightly", "daily", "weekly", "monthly"])
    }

    /// "zone shop.example": a word for what is named, before a name, is no name itself.
    pub(super) fn is_cue_of_another(&self, at: usize) -> bool {
        let value = self.tokens.get(at + 1).is_some_and(|next| match next.kind {
            Kind::Ident | Kind::Ip | Kind::Quoted => true,
            Kind::Word => !is_function(&next.low) && !self.world.index.is_verb(&next.low) && !is_outcome(next),
            _ => false,
        });
        let own = self.operation.params.iter().any(|param| stems(&param.name).contains(&stem(self.low(at))));
        // "the certificate 5f-aa": so is what other operations work on.
        let index = &self.world.index;
        let worked_on = at > 0
            && is_determiner(self.low(at - 1))
            && self.tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Ident)
            && !self.tokens[at].owner
            && index.names_work(self.low(at))
            && !index.is_verb(self.low(at));
        value && !own && (index.is_param(self.low(at)) || worked_on)
    }

    /// "the deploy is rolled back", "its uptime": what was done or is asked, and the name of nothing.
    pub(super) fn is_spoken_of(&self, at: usize) -> bool {
        let index = &self.world.index;
        let before = if at > 0 { self.low(at - 1) } else { "" };
        let its = matches!(before, "its" | "their") && index.knows(&stem(self.low(at)));
        its || before == "the" && index.verbs.contains(self.low(at)) && !self.names_follow(at)
    }

    /// "the pci tag", "status pg": a word beside a noun that is no machine's.
    pub(super) fn is_modifier(&self, at: usize) -> bool {
        let index = &self.world.index;
        let noun = |place: usize| {
            let token = &self.tokens[place];
            token.kind == Kind::Word && !is_function(&token.low) && !index.is_machine(&token.low) && index.knows(&stem(&token.low))
        };
        let led = at > 0 && is_determiner(self.low(at - 1));
        let before = led && at + 1 < self.tokens.len() && noun(at + 1) && !self.tokens[at].owner;
        let behind = at > 1 && noun(at - 1) && Some(at - 1) != self.verb_at && self.low(at - 2) == "on";
        before || behind
    }

    /// "the process eating memory": what it does is not its name.
    pub(super) fn is_doing(&self, at: usize) -> bool {
        let behind = |word: &str| self.operation.params.iter().any(|param| stems(&param.name).contains(&stem(word)));
        let object = self.tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Word && !is_preposition(&next.low));
        self.low(at).ends_with("ing") && at > 0 && behind(self.low(at - 1)) && object
    }

    /// "backup job": a parameter's word follows, so even a word of the operation is a name here.
    pub(super) fn names_follow(&self, at: usize) -> bool {
        let next = stem(self.low(at + 1));
        !next.is_empty() && self.operation.params.iter().any(|param| stems(&param.name).contains(&next))
    }

    pub(super) fn is_machine_like(&self, at: usize) -> bool {
        let token = &self.tokens[at];
        self.world.is_asset(&token.text) || token.kind == Kind::Ip || (token.kind == Kind::Ident && grammar::is_machine_like(&token.text))
    }

    /// This word names nothing for this parameter.
    pub(super) fn is_no_name(&self, param: &Param, at: usize) -> bool {
        let token = &self.tokens[at];
        let machine_param = is_machine_param(&param.name, &param.kind);
        let asset = self.world.is_asset(&token.text);
        // "out of the load balancer": what it is, and not which.
        let balancer = self.tokens.get(at + 1).is_some_and(|next| next.is_one_of(&["balancer", "balancers"]));
        if token.kind == Kind::Ip && !machine_param || token.is("lb") || token.is("load") && balancer {
            return true;
        }
        if token.kind != Kind::Word {
            return false;
        }
        // "isolate it": what stands before the pronoun is a verb that nobody knows.
        let acts_on = self.tokens.get(at + 1).is_some_and(|next| next.is_one_of(&["it", "them"]));
        // "isolate host web-1": so is what stands before what is named.
        let named = |place: usize| self.tokens.get(place).is_some_and(|next| matches!(next.kind, Kind::Ident | Kind::Ip));
        let opens = at == 0 && self.world.index.is_machine(self.low(1)) && named(2);
        let aged = token.is_one_of(&["old", "new", "older", "newer", "previous", "former", "current", "latest"])
            && !stems(&param.name).contains(&stem(self.low(at + 1)));
        // "cxl job nightly": before the word for what is named stands a verb that nobody knows.
        let verb_like = at == 0
            && self.verb_at.is_none()
            && self.is_strange(0)
            && stems(&param.name).contains(&stem(self.low(1)))
            && self.tokens.get(2).is_some_and(|next| matches!(next.kind, Kind::Ident | Kind::Int(_)));
        let plain = !asset && (aged || verb_like || is_plain(&token.low) || opens || self.is_strange_verb(at));
        let acts = !asset && acts_on && self.tokens[..at].iter().all(|before| is_function(&before.low));
        let asked = at > 0 && self.tokens[at - 1].is("how");
        // "reboot prod" and "production billing": where it is, and the name of nothing.
        let environment = grammar::environment(&token.low).is_some();
        let place = environment && if machine_param { param.kind == ParamType::Host && !asset } else { !self.names_follow(at) };
        let measured = MEASURED.contains(&param.name.as_str()) && Index::is_measure(&token.low) && !self.names_follow(at);
        plain || acts || asked || place || measured || is_inside_phrase(self.tokens, at, &self.world.index)
    }

    /// "flip payments to operational": what nobody knows, before what nobody knows either, is a verb.
    fn is_strange_verb(&self, at: usize) -> bool {
        let strange =
            |at: usize| self.tokens.get(at).is_some_and(|token| token.kind == Kind::Word && self.is_strange(at) && !is_outcome(token));
        at == 0 && self.verb_at.is_none() && strange(0) && strange(1) && self.tokens.len() > 3
    }

    /// This word names no machine here.
    pub(super) fn is_no_machine(&self, param: &Param, at: usize) -> bool {
        let token = &self.tokens[at];
        let (asset, machine_like) = (self.world.is_asset(&token.text), self.is_machine_like(at));
        let behind = |words: &[&str]| at > 0 && self.tokens[at - 1].is_one_of(words) && !self.is_looked_at(at);
        let said_as_place = behind(&["on", "at", "in", "from", "host", "server", "machine"]);
        // "logs of cron": a word that looks like no machine is the machine only where it is said as the place.
        let beside =
            |other: &Param| other.kind == ParamType::Name && !is_machine_param(&other.name, &other.kind) && !self.is_given(&other.name);
        let at_hand = self.world.default_host.is_some();
        if !machine_like && !said_as_place && at_hand && self.operation.params.iter().any(beside) {
            return true;
        }
        if !param.required && !machine_like && !behind(&["on", "at", "in", "from", "of"]) {
            return true;
        }
        if token.kind != Kind::Word {
            return false;
        }
        // "the backup job": a word for something else that is named.
        let other = !asset && !machine_like && !said_as_place && self.world.index.is_param(&token.low);
        // "free memory": with a machine at hand, a word that means something is no other one.
        let means = !asset && self.world.index.knows(&stem(&token.low));
        let beside_machine = |place: Option<&Token>| place.is_some_and(|token| self.world.index.is_machine(&token.low));
        let named = self.verb_at.is_some_and(|verb| verb + 1 == at)
            || beside_machine(self.tokens.get(at + 1))
            || at > 0 && beside_machine(self.tokens.get(at - 1));
        // "the memory of the kafka group": the machines are named already.
        let grouped = !asset && self.bound.group.is_some();
        means && !said_as_place && (at_hand || !named)
            || grouped
            || other
            || !machine_like && (self.is_modifier(at) || is_no_host(&token.low) && !said_as_place)
    }
}

/// Parameters for names of things that are measured, and never the measure: "replication is healthy".
const MEASURED: &[&str] = &["service", "job", "unit", "component", "app", "application", "check", "process"];

/// "used", "causing", "missing", "second": said of things, and the name of no machine.
fn is_no_host(low: &str) -> bool {
    low.len() > 3 && (low.ends_with("ing") || low.ends_with("ed"))
        || matches!(low, "second" | "third" | "next" | "same" | "capacity" | "causes" | "such" | "enough" | "left")
}

/// Words of English that name nothing, whatever stands beside them.
fn is_plain(low: &str) -> bool {
    matches!(
        low,
        "everywhere"
            | "anywhere"
            | "nowhere"
            | "whereupon"
            | "thereupon"
            | "thereafter"
            | "meanwhile"
            | "hence"
            | "thus"
            | "whereas"
            | "across"
            | "upon"
            | "perhaps"
            | "maybe"
            | "eventually"
            | "follow"
            | "follows"
            | "happen"
            | "happens"
            | "fared"
            | "went"
            | "comes"
            | "goes"
            | "itself"
            | "themselves"
            | "somehow"
            | "anyway"
            | "however"
            | "though"
            | "although"
            | "because"
            | "therefore"
            | "whatever"
            | "whichever"
            | "whoever"
            | "nobody"
            | "somebody"
            | "people"
            | "person"
            | "folks"
            | "someone"
            | "really"
            | "actually"
            | "simply"
            | "basically"
            | "apparently"
            | "probably"
            | "definitely"
            | "asap"
            | "fyi"
            | "btw"
            | "tnx"
    )
}
