//! Names of machines, services, jobs and teams, by where they stand in the clause.
//!
//! Each free word is weighed for each open parameter; the surest pair is taken first, so the order of parameters does not matter.

use crate::model::catalogue::{EffectClass, Param, ParamType};
use crate::planner::grammar;
use crate::planner::score::is_inside_phrase;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, is_particle, is_preposition, stem, stems};

use super::roles::{Role, identifier_score};
use super::{Binder, is_machine_param};

/// Between who does something and what is done, or before both.
const ABLE: &[&str] = &["can", "could", "can't", "cannot", "cant", "couldn't", "does", "doesn't", "did", "will", "would"];

impl Binder<'_> {
    pub(super) fn names(&mut self) {
        loop {
            let open: Vec<Param> =
                self.by_need().into_iter().filter(|param| matches!(param.kind, ParamType::Host | ParamType::Name)).collect();
            let mut best: Option<(f64, usize, Param)> = None;
            for param in open {
                for at in 0..self.tokens.len() {
                    let score = self.name_score(&param, at);
                    let enough = if param.required { 0.5 } else { 1.9 };
                    if score >= enough && best.as_ref().is_none_or(|(found, ..)| score > *found) {
                        best = Some((score, at, param.clone()));
                    }
                }
            }
            let Some((_, at, param)) = best else { return };
            self.take_name(&param, at);
        }
    }

    fn take_name(&mut self, param: &Param, at: usize) {
        self.accept(param, &self.tokens[at].text.clone(), at);
        // Its parameter is named beside it: "container x".
        let cues = stems(&param.name);
        let named = at > 0 && cues.contains(&stem(self.low(at - 1))) || cues.contains(&stem(self.low(at + 1)));
        self.bound.evidence += identifier_score(param, &self.tokens[at]) + if named && param.kind == ParamType::Name { 0.8 } else { 0.0 };
        // "is nginx up": a plain word is rather a service than a machine.
        let token = &self.tokens[at];
        if param.kind == ParamType::Host && token.kind == Kind::Word && !self.world.is_asset(&token.text) {
            self.bound.evidence -= 2.5;
        }
        if !self.is_given(&param.name) {
            // Refused by its grammar: an empty list keeps the parameter from being asked for twice.
            self.bound.values.insert(param.name.clone(), Vec::new());
            return;
        }
        let mut here = at + 1;
        let machines = is_machine_param(&param.name, &param.kind)
            && self.operation.params.iter().filter(|other| is_machine_param(&other.name, &other.kind)).count() == 1;
        // "web-1 web-2": two machines side by side.
        let beside = |binder: &Self, here: usize| {
            let machine = |at: usize| {
                binder.tokens.get(at).is_some_and(|token| {
                    token.kind == Kind::Ident && (binder.world.is_asset(&token.text) || grammar::is_machine_like(&token.text))
                })
            };
            machines && machine(here - 1) && machine(here) && !binder.tokens[here - 1].owner
        };
        while self.tokens.get(here).is_some_and(is_joint) || beside(self, here) {
            while self
                .tokens
                .get(here)
                .is_some_and(|token| is_joint(token) || is_determiner(&token.low) || token.is_one_of(&["on", "of", "for"]))
            {
                here += 1;
            }
            let Some(next) = self.tokens.get(here) else { return };
            let alike = matches!(next.kind, Kind::Ident | Kind::Ip)
                || (next.kind == Kind::Word && self.tokens[at].kind == Kind::Word && self.is_free_word(here));
            if !alike || self.used[here] || grammar::typed(&param.kind, &next.text).is_err() {
                return;
            }
            self.used[here] = true;
            let text = next.text.clone();
            self.bound.values.entry(param.name.clone()).or_default().push(text);
            here += 1;
        }
    }

    fn name_score(&self, param: &Param, at: usize) -> f64 {
        if !self.is_free_word(at)
            || self.is_no_name(param, at)
            || is_machine_param(&param.name, &param.kind) && self.is_no_machine(param, at)
        {
            return f64::MIN;
        }
        let token = &self.tokens[at];
        let (machine_param, machine_like) = (is_machine_param(&param.name, &param.kind), self.is_machine_like(at));
        let place = self.place_score(param, at, machine_param);
        let shape = match (machine_like, machine_param) {
            (true, true) => 3.0,
            (true, false) => -1.0,
            (false, _) if token.kind == Kind::Ident || token.kind == Kind::Quoted => 0.6,
            (false, _) => 0.0,
        };
        if (place <= 0.0 && shape < 3.0) || (machine_param && shape < 3.0 && self.has_pronoun_object()) {
            return f64::MIN;
        }
        // "shop/cart:1.9" is a name only where nothing else can be.
        let ill = if grammar::typed(&param.kind, &token.text).is_err() { 2.5 } else { 0.0 };
        let known = if token.kind == Kind::Word && !self.is_set_to(param, at) { self.known_penalty(&token.low) } else { 0.0 };
        place + shape + identifier_score(param, token) - known - ill
            + if param.required { 0.4 } else { 0.0 }
            + if param.kind == ParamType::Host && machine_like { 0.2 } else { 0.0 }
    }

    /// "set mail to degraded": what is given a state is a name, whatever else the word may mean.
    fn is_set_to(&self, param: &Param, at: usize) -> bool {
        let state = self.operation.required().any(|other| other.kind == ParamType::Str && other.name != param.name);
        let led = self.tokens.get(at + 1).is_some_and(|next| next.is_one_of(&["to", "as", "in", "into"]));
        param.required && state && led && self.verb_at.is_some_and(|verb| verb + 1 == at)
    }

    /// Words of this operation are rather not names, words of others a little less so.
    fn known_penalty(&self, low: &str) -> f64 {
        let index = &self.world.index;
        let stem = stem(low);
        let mine = index.postings.get(&stem).is_some_and(|postings| {
            postings.iter().any(|(operation, weight)| *weight >= 1.0 && index.operations[*operation].name == self.operation.name)
        });
        match (mine || index.is_like(&stem, &self.operation.name), index.knows(&stem)) {
            (true, _) => 2.2,
            (false, true) => 0.8,
            (false, false) => -0.5,
        }
    }

    fn place_score(&self, param: &Param, at: usize, machine_param: bool) -> f64 {
        let cues = stems(&param.name);
        let is_cue =
            |place: usize| self.tokens.get(place).is_some_and(|token| cues.contains(&stem(&token.low)) && Some(place) != self.verb_at);
        let mut before = at;
        while before > 0
            && (is_determiner(self.low(before - 1))
                || self.world.index.is_machine(self.low(before - 1))
                || is_joint_word(self.low(before - 1)))
        {
            before -= 1;
        }
        let mut score = 0.0;
        // "firewall group x": the kind stands before its word and the name behind it.
        let kind_before =
            self.is_own_word(at) && self.tokens.get(at + 2).is_some_and(|_| self.is_free_word(at + 2)) && !self.is_own_word(at + 2);
        if is_cue(at + 1) && !is_preposition(self.low(at + 1)) && !kind_before {
            score += 4.0;
        }
        let behind_cue =
            before > 0 && is_cue(before - 1) || (before > 1 && matches!(self.low(before - 1), "named" | "called") && is_cue(before - 2));
        // "the X job Y": the job is X.
        let named_before =
            before > 1 && self.is_free_word(before - 2) && !self.world.index.is_verb(self.low(before - 2)) && !self.is_own_word(before - 2);
        // "which services rely on X": of several, a word that means something is no name.
        let plural = before > 0 && self.low(before - 1).ends_with('s') && !param.name.ends_with('s');
        let acts = self.tokens[at].kind == Kind::Word && self.world.index.is_verb(self.low(at));
        if behind_cue && !named_before && !(plural && (acts || self.is_own_word(at))) {
            score += 4.0;
        }
        if machine_param && (self.world.index.is_machine(self.low(at + 1)) || (at > 0 && self.world.index.is_machine(self.low(at - 1)))) {
            score += 2.0;
        }
        if !machine_param && self.stands_before_own_noun(at) {
            score += 2.0;
        }
        score += self.preposition_score(param, before, machine_param) + self.role_score(param, at, before);
        // "logs nginx web-1": a name that nobody knows, between the noun and the machine.
        if !machine_param
            && at == before
            && at > 0
            && self.is_own_word(at - 1)
            && self.is_strange(at)
            && at + 1 < self.tokens.len()
            && self.is_machine_like(at + 1)
        {
            score += 2.0;
        }
        if self.is_subject(before) {
            score += 1.5;
        }
        if self.stands_after_verb(before) {
            score += if machine_param { 1.4 } else { 2.0 };
        }
        let last = (at + 1..self.tokens.len()).all(|next| {
            self.tokens[next].kind != Kind::Word || is_function(self.low(next)) || self.world.index.looks.contains(self.low(next))
        });
        if last && self.verb_at.is_none_or(|verb| verb < at) && score == 0.0 && !is_particle(self.low(at)) && !self.has_pronoun_object() {
            score += 0.6;
        }
        score
    }

    /// "the consumer group", "the log level": the summary says the two words as one kind of thing.
    pub(super) fn is_kind(&self, at: usize) -> bool {
        let (one, next) = (stem(self.low(at)), stem(self.low(at + 1)));
        let cue = self.operation.params.iter().any(|param| stems(&param.name).contains(&next));
        cue && stems(&self.operation.summary).windows(2).any(|pair| pair[0] == one && pair[1] == next)
    }

    /// "consumer group x": a word of the operation itself says what kind of thing comes, and is no name.
    fn is_own_word(&self, at: usize) -> bool {
        let index = &self.world.index;
        let service = self.operation.service() == self.low(at);
        self.tokens[at].kind == Kind::Word
            && (service
                || index.postings.get(&stem(self.low(at))).is_some_and(|postings| {
                    postings.iter().any(|(operation, weight)| *weight >= 1.0 && index.operations[*operation].name == self.operation.name)
                }))
    }

    /// "when did grace log in": who stands behind the auxiliary of a question.
    fn is_subject(&self, before: usize) -> bool {
        let auxiliary = before.checked_sub(1).map(|place| self.low(place));
        // "cart should go back": who stands before a modal, at the very start.
        let modal = self.tokens.get(before + 1).is_some_and(|next| next.is_one_of(MODALS));
        if modal && self.tokens[..before].iter().all(|token| is_determiner(&token.low)) {
            return true;
        }
        // "network paged", "haproxy there restarted", "nginx on it restarted": the verb stands last.
        let done = |at: usize| self.tokens.get(at).is_some_and(|next| next.low.ends_with("ed") && self.world.index.is_verb(&next.low));
        let placed = match (self.low(before + 1), self.low(before + 2)) {
            ("there" | "here", _) => 1,
            ("on" | "of" | "in" | "for", "it" | "them") => 2,
            ("on", _) if self.tokens.get(before + 2).is_some_and(Token::is_value) => 2,
            _ => 0,
        };
        let passive = done(before + 1 + placed);
        let ends = self.tokens.iter().skip(before + 2 + placed).all(|token| is_particle(&token.low));
        if passive && ends && self.tokens[..before].iter().all(|token| is_determiner(&token.low)) {
            return true;
        }
        let asks = matches!(auxiliary, Some("did" | "does" | "has" | "is" | "was" | "are" | "were" | "can" | "will"));
        asks && self.tokens[..before].iter().all(|token| token.kind == Kind::Word && is_function(&token.low))
    }

    /// Where the operation's own summary has this parameter.
    fn role_score(&self, param: &Param, at: usize, before: usize) -> f64 {
        let owner = self.tokens[at].owner;
        let led = before.checked_sub(1).map(|place| self.low(place)).filter(|low| is_preposition(low));
        let led = if owner { Some("of") } else { led };
        // "clone x to y": what the verb makes stands behind "to" or "as".
        let made = self.verb_at.is_some_and(|verb| stems(&param.name).contains(&stem(self.low(verb))));
        if made {
            return if led.is_some_and(|led| matches!(led, "to" | "as" | "into" | "named" | "called")) { 1.6 } else { -1.5 };
        }
        let open = |name: &str| self.operation.param(name).is_some_and(|other| other.required && other.name != param.name);
        let others = || self.roles.iter().filter(|(name, _)| open(name)).map(|(_, role)| role);
        if others().next().is_none() {
            return 0.0;
        }
        // "can x reach y": who does it stands before the verb.
        let able = |place: usize| self.tokens.get(place).is_some_and(|token| token.is_one_of(ABLE));
        // "can x be reached from y": it is done to x.
        let passive = self.tokens[at + 1..].iter().take(2).any(|token| token.is("be"));
        let acts = (before.checked_sub(1).is_some_and(able) || able(at + 1)) && !passive;
        match self.roles.get(&param.name) {
            Some(Role::Behind(_)) if acts && others().any(|role| *role == Role::Object) => 1.6,
            Some(Role::Object) if acts && others().any(|role| matches!(role, Role::Behind(_))) => -0.8,
            Some(Role::Behind(preposition)) if led == Some(preposition.as_str()) => 1.6,
            Some(Role::Behind(_)) if led.is_none() && others().any(|role| *role == Role::Object) => -0.8,
            Some(Role::Object) if led.is_none() && self.stands_after_verb(before) => 0.8,
            Some(Role::Object) if led.is_some_and(|led| others().any(|role| *role == Role::Behind(led.to_owned()))) => -1.5,
            Some(Role::Object | Role::Behind(_)) | None => 0.0,
        }
    }

    /// "delete pod x in shop": the one thing that is still open and the one name that is left.
    pub(super) fn left_names(&mut self) {
        let open: Vec<Param> = self.by_need().into_iter().filter(|param| param.kind == ParamType::Name).collect();
        let required: Vec<&Param> = open.iter().filter(|param| param.required).collect();
        let (param, must) = match (required.as_slice(), open.as_slice()) {
            ([one], _) => ((*one).clone(), true),
            ([], [one]) => (one.clone(), false),
            _ => return,
        };
        if is_machine_param(&param.name, &param.kind) || self.has_pronoun_object() {
            return;
        }
        let led = |at: usize| at > 0 && self.tokens[at - 1].is_one_of(&["in", "of", "from", "within", "inside", "for"]);
        let fits = |at: &usize| {
            let past = *at - usize::from(*at > 1 && is_determiner(self.low(at - 1)));
            let mut machines = self.operation.params.iter().filter(|other| is_machine_param(&other.name, &other.kind)).peekable();
            let placed_host = machines.peek().is_some() && machines.all(|other| self.is_given(&other.name));
            // "web failover web-2": nothing else of it takes a machine.
            let others = || self.operation.params.iter().filter(|other| other.name != param.name);
            let no_host = must
                && (self.operation.effect == EffectClass::Read
                    || *at > 0 && self.is_own_word(*at - 1)
                    || others().any(|other| other.required))
                && others().all(|other| !is_machine_param(&other.name, &other.kind) && (!other.required || self.is_given(&other.name)));
            let token = &self.tokens[*at];
            let called = identifier_score(&param, token) > 1.0;
            let name = token.kind == Kind::Ident && (placed_host || called || no_host || !grammar::is_machine_like(&token.text));
            let placed = !must
                && self.tokens[past - 1].is_one_of(&["in", "from", "within", "inside"])
                && grammar::environment(self.low(*at)).is_none();
            let strange = self.tokens[*at].kind == Kind::Word && (self.is_strange(*at) || placed && !self.is_own_word(*at));
            (must || led(past))
                && self.is_free_word(*at)
                && (name || strange)
                && !is_inside_phrase(self.tokens, *at, &self.world.index)
                && grammar::typed(&param.kind, &self.tokens[*at].text).is_ok()
        };
        let left: Vec<usize> = (1..self.tokens.len()).filter(fits).collect();
        if let [at] = left.as_slice() {
            self.take_name(&param, *at);
        }
    }

    fn preposition_score(&self, param: &Param, before: usize, machine_param: bool) -> f64 {
        let Some(preposition) = before.checked_sub(1).map(|place| self.low(place)) else { return 0.0 };
        if preposition == param.name {
            return 4.0;
        }
        let elsewhere = self.operation.params.iter().any(|other| other.name == preposition && !self.is_given(&other.name));
        match preposition {
            _ if elsewhere => -2.0,
            "at" if self.is_looked_at(before) => 0.0,
            "on" | "at" => {
                if machine_param {
                    2.5
                } else if param.required {
                    0.9
                } else {
                    -1.0
                }
            }
            "of" | "for" | "from" => 1.5,
            "to" | "with" | "against" | "in" | "via" | "onto" | "into" => {
                if machine_param {
                    0.9
                } else {
                    0.2
                }
            }
            _ => 0.0,
        }
    }

    /// "nginx logs": an unknown word before a word of this operation is what it is about.
    fn stands_before_own_noun(&self, at: usize) -> bool {
        let index = &self.world.index;
        let next = stem(self.low(at + 1));
        let own = index.postings.get(&next).is_some_and(|postings| {
            postings.iter().any(|(operation, weight)| *weight >= 1.2 && index.operations[*operation].name == self.operation.name)
        });
        let follows = (at == 0 || Some(at + 1) != self.verb_at)
            && self.tokens.get(at + 1).is_some_and(|token| token.kind == Kind::Word && !is_function(&token.low));
        follows && own && !index.knows(&stem(self.low(at)))
    }

    /// "look at X": what is looked at is no place.
    pub(super) fn is_looked_at(&self, at: usize) -> bool {
        at > 1 && self.low(at - 1) == "at" && stem(self.low(at - 2)) == "look"
    }

    /// Directly behind the verb, its particles and determiners.
    fn stands_after_verb(&self, before: usize) -> bool {
        let opens = self.tokens[..before].iter().all(|token| token.kind == Kind::Word && is_function(&token.low));
        let unknown = self.tokens.get(before).is_some_and(|token| token.kind != Kind::Word || !self.world.index.knows(&stem(&token.low)));
        let opens = opens && unknown;
        let Some(verb) = self.verb_at else { return opens };
        if before < verb {
            return opens && self.low(verb).ends_with("ing");
        }
        before > verb && (verb + 1..before).all(|place| self.is_light(place))
    }

    fn is_light(&self, place: usize) -> bool {
        let token = &self.tokens[place];
        is_particle(&token.low)
            || is_determiner(&token.low)
            || self.used[place] && !is_preposition(&token.low)
            || token.is_one_of(&["me", "us", "of", "only", "just"])
            || self.world.index.is_machine(&token.low)
    }

    /// "tag it ...": the object is known from before.
    pub(super) fn has_pronoun_object(&self) -> bool {
        self.verb_at.is_some_and(|verb| matches!(self.low(verb + 1), "it" | "them" | "that" | "this" | "both" | "each"))
    }
}

const MODALS: &[&str] =
    &["should", "must", "needs", "need", "has", "have", "can", "may", "could", "wants", "shall", "is", "was", "will", "gets"];

fn is_joint(token: &Token) -> bool {
    token.is_one_of(&["and", "&", "or"]) || token.kind == Kind::Mark(',')
}

fn is_joint_word(low: &str) -> bool {
    matches!(low, "named" | "called")
}
