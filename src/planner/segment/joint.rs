//! A comma or "and" -> a new clause, one more item of a list, or a new clause without a verb of its own.

use crate::planner::index::Index;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, is_particle, is_preposition, stem};

use super::Join;
use super::condition;
use super::marker::marker;
use super::scan::Scan;

impl Scan<'_> {
    pub(super) fn is_base_verb(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Word && self.index.verbs.contains(&token.low))
    }

    /// A verb, or a noun that operations know, stands here after function words.
    pub(super) fn opens_clause(&self, from: usize) -> bool {
        let first =
            self.tokens[from.min(self.tokens.len())..].iter().find(|token| !is_determiner(&token.low) && !token.is_one_of(SUBJECTS));
        first.is_some_and(|token| {
            token.kind == Kind::Word
                && (self.index.is_verb(&token.low) || (!is_function(&token.low) && self.index.knows(&stem(&token.low))))
        })
    }

    /// A comma or "and": a new clause, one more item, or a new clause without a verb.
    pub(super) fn joint(&mut self) {
        let join = if self.tokens[self.at].kind == Kind::Mark(',') { Join::Comma } else { Join::And };
        if self.spares() {
            self.current.tokens.push(self.tokens[self.at].clone());
            self.at += 1;
            return;
        }
        let mut next = self.at + 1;
        let mut join = join;
        while self.tokens.get(next).is_some_and(|token| is_joint(token) || token.is_one_of(&["also", "please", "so"])) {
            join = Join::And;
            next += 1;
        }
        let rest = &self.tokens[next.min(self.tokens.len())..];
        let Some(first) = rest.first() else {
            self.at = self.tokens.len();
            return;
        };
        if self.begins(rest, next) {
            let is_but = self.tokens[self.at..next].iter().any(|token| token.is("but"));
            self.flush(join);
            self.is_but = is_but;
            self.at = next;
            return;
        }
        let noun = rest.iter().find(|token| !is_function(&token.low) || token.is_value());
        // "and the nginx logs": a name before the noun.
        let named = rest.iter().position(|token| !is_function(&token.low) || token.is_value()).is_some_and(|at| {
            let strange = rest[at].kind == Kind::Word && !self.index.is_verb(&rest[at].low) && !self.index.knows(&stem(&rest[at].low));
            let next = rest.get(at + 1);
            strange
                && next.is_some_and(|next| {
                    next.kind == Kind::Word && !is_function(&next.low) && self.index.names_work(&next.low) && !self.index.is_verb(&next.low)
                })
        });
        let is_noun = named || noun.is_some_and(|token| token.kind == Kind::Word && self.index.knows(&stem(&token.low)) && !token.owner);
        // An address after something that is none: one more thing to look at.
        let is_address = first.kind == Kind::Url && !self.current.tokens.iter().any(|token| token.kind == Kind::Url);
        // "of x and of y": one more of the same.
        if self.is_told(rest) || self.is_reported(rest) {
            self.flush(join);
            self.current.tokens.push(Token::word("tell"));
            self.at = next;
            return;
        }
        // "..., 3m, ...": a value of what went before, or time that is to pass.
        let is_span = first.kind == Kind::Duration && join == Join::Comma && rest.get(1).is_none_or(is_joint) && self.index.knows("wait");
        // "..., front 9.9 to production": a release of another thing.
        let is_release = matches!(first.kind, Kind::Word | Kind::Ident) && rest.get(1).is_some_and(|next| next.kind == Kind::Version);
        let goes_on = first.is_one_of(&["of", "for", "from"]) && !self.is_blank();
        // "tables orders and invoices": one more name of the kind that stands before.
        let listed = match self.current.tokens.as_slice() {
            [.., cue, name] => {
                let plural = cue.low.ends_with('s') && self.index.is_param(&cue.low) && cue.kind == Kind::Word;
                plural && matches!(name.kind, Kind::Word | Kind::Ident) && first.kind == Kind::Word && !self.index.is_verb(&first.low)
            }
            _ => false,
        };
        if (is_noun || is_address || is_span || is_release || self.is_of_other(rest))
            && !self.is_blank()
            && !goes_on
            && !listed
            && !self.calls_another(rest)
        {
            self.flush(join);
            self.current.elliptic = true;
        } else {
            self.current.tokens.push(self.tokens[self.at].clone());
        }
        self.at = next;
    }

    /// A clause with a verb of its own, or behind a word that opens one.
    fn begins(&self, rest: &[Token], next: usize) -> bool {
        let first = &rest[0];
        let subordinate = marker(rest).is_some()
            || condition::opener(rest).is_some()
            || first.is_one_of(ORDINALS)
            || (first.is_one_of(&["before", "after"]) && self.opens_clause(next + 1))
            || (first.is_one_of(&["after", "in"]) && rest.get(1).is_some_and(|span| span.kind == Kind::Duration))
            || self.is_passive(rest)
            || self.is_gapped(rest);
        let verb = rest.iter().find(|token| !token.is_one_of(ADVERBS));
        let has_verb =
            verb.is_some_and(|token| token.kind == Kind::Word && self.index.verbs.contains(&token.low)) && !self.names_machines(rest);
        subordinate || has_verb || self.is_name_verb(rest)
    }

    /// "lb-1's bandwidth and db-1's load", "lb-1 bandwidth, db-1 load": what is looked at of another machine.
    fn is_of_other(&self, rest: &[Token]) -> bool {
        let work = |token: &Token| token.kind == Kind::Word && self.index.names_work(&token.low);
        let noun = |next: &Token| {
            work(next) && !is_function(&next.low) && !self.index.is_machine(&next.low) && !self.index.verbs.contains(&next.low)
        };
        matches!(rest[0].kind, Kind::Ident | Kind::Ip) && rest.get(1).is_some_and(noun) && self.current.tokens.iter().any(work)
    }

    /// "page dba and network": whom else, whatever the word means beside.
    fn calls_another(&self, rest: &[Token]) -> bool {
        let calls = matches!(self.current.tokens.as_slice(), [verb, .., name]
            if verb.is_one_of(&["page", "call", "wake", "alert", "assign"]) && matches!(name.kind, Kind::Word | Kind::Ident));
        let ends =
            rest.get(1).is_none_or(|next| is_joint(next) || matches!(next.kind, Kind::Mark(_)) || condition::opener(&rest[1..]).is_some());
        calls && ends && rest[0].kind == Kind::Word
    }

    /// "everything but the logs": what is left out, and no clause.
    fn spares(&self) -> bool {
        let all = |token: &Token| token.is_one_of(&["all", "everything", "every", "each", "any", "anything", "everywhere"]);
        self.tokens[self.at].is("but") && self.current.tokens.iter().any(all) && !self.is_base_verb(self.at + 1)
    }

    /// "..., #ops": who is to be told.
    fn is_told(&self, rest: &[Token]) -> bool {
        rest[0].kind == Kind::Channel
            && rest.get(1).is_none_or(is_joint)
            && !self.is_blank()
            && !self.current.tokens.iter().any(|token| token.kind == Kind::Channel)
    }

    /// "..., and a summary in #ops": who is to be told.
    fn is_reported(&self, rest: &[Token]) -> bool {
        let at = usize::from(is_determiner(&rest[0].low));
        let is = |at: usize, any: &[&str]| rest.get(at).is_some_and(|token| token.is_one_of(any));
        is(at, &["summary", "report", "note", "message", "word", "notice", "heads-up", "update", "line"])
            && is(at + 1, &["in", "to", "into", "for"])
            && rest.get(at + 2).is_some_and(|channel| channel.kind == Kind::Channel)
            && !self.is_blank()
    }

    /// "its log rotated", "#ops told", "port 1 checked": a new clause in which the verb stands last.
    fn is_passive(&self, rest: &[Token]) -> bool {
        let end = rest.iter().position(|token| is_joint(token) || matches!(token.kind, Kind::Mark(_))).unwrap_or(rest.len());
        let participle = |token: &Token| {
            let low = token.text.to_lowercase();
            token.kind == Kind::Word
                && self.index.is_verb(&token.low)
                && (Index::is_past(&low) || Index::is_past(&token.low) || token.is_one_of(&["run", "put", "set"]))
        };
        let at = rest[..end].iter().position(participle).filter(|at| *at > 0);
        let verb = |token: &Token| token.kind == Kind::Word && self.index.is_verb(&token.low);
        // "a report sent": behind an article a verb is a noun.
        let plain = |place: usize| {
            let token = &rest[place];
            let noun = place > 0 && is_determiner(&rest[place - 1].low);
            !verb(token) || token.owner || noun || self.index.knows(&stem(&token.low))
        };
        at.is_some_and(|at| (0..at).all(plain)) && self.current.tokens.iter().any(verb)
    }

    /// "..., nginx restart, ...": a name and what is to be done with it.
    fn is_name_verb(&self, rest: &[Token]) -> bool {
        let [name, verb, ..] = rest else { return false };
        let names = match name.kind {
            Kind::Word => !is_function(&name.low) && !self.index.is_verb(&name.low) && !name.owner,
            Kind::Ident | Kind::Ip => true,
            _ => false,
        };
        let acts = verb.kind == Kind::Word && self.index.verbs.contains(&verb.low) && !verb.low.ends_with('s');
        let ends = rest.get(2).is_none_or(|next| {
            is_joint(next) || matches!(next.kind, Kind::Mark(_)) || (is_preposition(&next.low) && !is_particle(&next.low))
        });
        names && acts && ends && !self.is_blank()
    }

    /// "it should be stopped, rolled back to 1.2": who it is done to was said before.
    fn is_gapped(&self, rest: &[Token]) -> bool {
        let first = rest.iter().find(|token| !token.is_one_of(&["then", "also", "again", "afterwards"]));
        let done = first.is_some_and(|token| token.kind == Kind::Word && Index::is_past(&token.low) && self.index.is_verb(&token.low));
        let passive = |token: &Token| token.is_one_of(&["be", "been", "being", "get", "gets"]);
        done && self.current.tokens.iter().chain(self.found.last().iter().flat_map(|clause| &clause.tokens)).any(passive)
    }

    /// "test hosts" names machines, though `test` is also a verb.
    fn names_machines(&self, rest: &[Token]) -> bool {
        rest.get(1).is_some_and(|token| self.index.is_machine(&token.low) && token.low.ends_with('s'))
    }
}

/// "first x, second y, third z".
pub(super) const ORDINALS: &[&str] = &["second", "secondly", "third", "thirdly", "fourth", "fourthly", "fifth"];

/// "before you patch it", "before it is patched": who does it, and how the verb is put.
pub(super) const SUBJECTS: &[&str] = &[
    "also", "to", "please", "it", "you", "we", "i", "they", "is", "are", "has", "have", "been", "be", "being", "gets", "get", "was",
    "were", "will",
];

/// Stand between a joint and its verb and change nothing.
pub(super) const ADVERBS: &[&str] =
    &["to", "you", "can", "could", "we", "just", "only", "simply", "instead", "rather", "now", "quickly", "kindly", "i", "would", "like"];

pub(super) fn is_joint(token: &Token) -> bool {
    token.kind == Kind::Mark(',') || token.is_one_of(&["and", "plus", "but"]) || token.kind == Kind::Mark('&')
}
