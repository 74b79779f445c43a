//! "before x, y", "y after x", "5 minutes later z": clauses put into the order in which they are done.

use crate::planner::index::Index;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, stem};

use super::condition;
use super::joint::{ADVERBS, is_joint};
use super::marker::marker;
use super::scan::Scan;
use super::{Clause, Join};

impl Scan<'_> {
    /// "after 5 minutes": time that is to pass before this clause.
    pub(super) fn pause(&self) -> Option<Token> {
        let [after, span, ..] = &self.tokens[self.at..] else { return None };
        let of = self.tokens.get(self.at + 2).is_some_and(|token| token.is("of"));
        // "reboot it in 10 minutes", but not "in the last 10 minutes" and no question.
        let orders = self.is_blank() || self.current.tokens.first().is_some_and(|token| self.index.verbs.contains(&token.low));
        let later = after.is("in") && orders && !span.low.starts_with("last") && !span.low.starts_with("past");
        ((after.is("after") || later) && span.kind == Kind::Duration && !of && self.index.knows("wait")).then(|| span.clone())
    }

    pub(super) fn wait(&mut self, span: Token) {
        self.at += 2;
        let verb = Token::word("wait");
        let cond = self.current.cond.take();
        self.found.push(Clause { tokens: vec![verb, span], cond, ..Clause::new(self.current.join) });
        self.current.join = Join::Then;
        if self.is_blank() {
            self.skip_comma();
        }
    }

    /// "before X, Y", "Y before X", and the same with "after".
    pub(super) fn order(&mut self, is_before: bool) {
        let preposed = self.is_blank();
        self.at += 1;
        let doing = self.is_gerund(self.at);
        let end = if doing { self.end_of_doing(preposed) } else { self.end_of_subordinate(preposed) };
        let mut inner = self.parts(&self.tokens[self.at..end], doing);
        let first_inner = inner.first().cloned().unwrap_or_else(|| Clause::new(Join::And));
        self.at = end;
        let join = self.current.join;
        if preposed {
            self.skip_comma();
            let main_end = self.end_of_main();
            let main = self.tokens[self.at..main_end].to_vec();
            self.at = main_end;
            // "..., after a snapshot of each": what it follows was said before.
            if main.is_empty() && !self.found.is_empty() && self.current.cond.is_none() {
                let main = self.found.pop().unwrap_or_else(|| Clause::new(join));
                self.around(main, inner, is_before);
                return;
            }
            let cond = self.current.cond.take();
            if is_before {
                self.found.push(Clause { tokens: main, cond, ..Clause::new(join) });
                inner[0].join = Join::Then;
                self.found.append(&mut inner);
            } else {
                inner[0] = Clause { join, cond, ..first_inner };
                self.found.append(&mut inner);
                self.found.push(Clause { tokens: main, ..Clause::new(Join::Then) });
            }
            self.current = Clause::new(Join::And);
            return;
        }
        let main = std::mem::replace(&mut self.current, Clause::new(Join::And));
        self.around(main, inner, is_before);
    }

    /// What stands before or after the main clause.
    fn around(&mut self, main: Clause, mut inner: Vec<Clause>, is_before: bool) {
        self.current = Clause::new(Join::And);
        if is_before {
            self.found.push(main);
            inner[0].join = Join::Then;
            self.found.append(&mut inner);
        } else {
            inner[0].cond.clone_from(&main.cond);
            inner[0].join = main.join;
            self.found.append(&mut inner);
            self.found.push(Clause { join: Join::Then, cond: None, ..main });
        }
    }

    /// "measuring x and looking at y" is two clauses; anything else is one.
    fn parts(&self, inner: &[Token], doing: bool) -> Vec<Clause> {
        if !doing || !inner.iter().any(is_joint) {
            return vec![Clause { tokens: inner.to_vec(), ..Clause::new(Join::And) }];
        }
        // In its base form a verb opens a clause.
        let base = |token: &Token| {
            let known = self.index.verbs.iter().find(|verb| token.low.ends_with("ing") && stem(verb) == stem(&token.low));
            known.map_or_else(|| token.clone(), |verb| Token { low: verb.clone(), ..token.clone() })
        };
        let tokens: Vec<Token> = inner.iter().map(base).collect();
        let mut scan = Scan::new(self.index, &tokens, Join::And);
        scan.run();
        if scan.found.is_empty() {
            scan.found.push(Clause { tokens: tokens.clone(), ..Clause::new(Join::And) });
        }
        scan.found
    }

    pub(super) fn is_gerund(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Word && token.low.ends_with("ing") && self.index.is_verb(&token.low))
    }

    /// What is done there goes on until somebody is told to do something else.
    fn end_of_doing(&self, preposed: bool) -> usize {
        let next = |at: usize| (at..self.tokens.len()).find(|at| !is_joint(&self.tokens[*at]) && !self.tokens[*at].is_one_of(ADVERBS));
        let ends = |at: &usize| {
            let token = &self.tokens[*at];
            let told = is_joint(token) && next(*at).is_none_or(|next| self.is_base_verb(next) && !self.is_gerund(next));
            let list = token.kind == Kind::Mark(',') && preposed && !next(*at).is_some_and(|next| self.is_gerund(next));
            let main_verb = preposed && *at > self.at + 1 && self.is_base_verb(*at) && {
                let before = &self.tokens[at - 1];
                !is_determiner(&before.low) && !before.is_one_of(&["to", "of"]) && !is_joint(before)
            };
            told || list || main_verb || marker(&self.tokens[*at..]).is_some() || condition::opener(&self.tokens[*at..]).is_some()
        };
        (self.at + 1..self.tokens.len()).find(ends).unwrap_or(self.tokens.len())
    }

    /// The subordinate clause ends at a comma, a joint that opens a clause, or where the main verb stands.
    fn end_of_subordinate(&self, preposed: bool) -> usize {
        (self.at + 1..self.tokens.len())
            .find(|at| {
                let token = &self.tokens[*at];
                // "deploying search": what stands right behind the verb is its object.
                let main_verb = preposed
                    && *at > self.at + 1
                    && self.is_base_verb(*at)
                    && !self.is_passive_form(*at)
                    && !self.is_participle(*at)
                    && !is_determiner(&self.tokens[at - 1].low)
                    && !self.tokens[at - 1].is_one_of(&["to", "of", "in", "on", "at", "from", "for"]);
                // "after the reboot it has to be enabled".
                let subject = preposed
                    && token.is_one_of(&["it", "they"])
                    && self.tokens.get(at + 1).is_some_and(|next| {
                        next.is_one_of(&["has", "have", "should", "must", "needs", "need", "can", "may", "will", "is", "are"])
                    });
                token.kind == Kind::Mark(',')
                    || subject && *at > self.at + 1
                    || marker(&self.tokens[*at..]).is_some()
                    || (token.is("and") && self.opens_clause(at + 1))
                    || main_verb
            })
            .unwrap_or(self.tokens.len())
    }

    /// "get rotated", "have been stopped": part of the verb that follows.
    fn is_passive_form(&self, at: usize) -> bool {
        let next = self.tokens.get(at + 1);
        self.tokens[at].is_one_of(&["get", "gets", "be", "is", "are", "has", "have"])
            && next.is_some_and(|next| {
                self.index.is_verb(&next.low) && (Index::is_past(&next.low) || Index::is_past(&next.text.to_lowercase()))
            })
    }

    /// "is taken": how it is done with, and no order to take something.
    fn is_participle(&self, at: usize) -> bool {
        let past = Index::is_past(&self.tokens[at].text.to_lowercase());
        past && at > 0 && self.tokens[at - 1].is_one_of(&["is", "are", "was", "were", "be", "been", "gets", "got"])
    }

    fn end_of_main(&self) -> usize {
        (self.at..self.tokens.len())
            .find(|at| {
                let rest = &self.tokens[*at..];
                is_joint(&rest[0]) && (self.opens_clause(at + 1) || rest[0].kind == Kind::Mark(','))
                    || marker(rest).is_some()
                    || condition::opener(rest).is_some()
            })
            .unwrap_or(self.tokens.len())
    }

    /// "core 3.3 is deployed": something, and what is done with it.
    pub(super) fn is_done(&self, from: usize) -> bool {
        let rest = &self.tokens[from.min(self.tokens.len())..];
        let value = |at: usize| rest.get(at).is_some_and(Token::is_value);
        let listed = |at: usize| at > 0 && value(at - 1) && value(at + 1);
        let ends = |at: &usize| (is_joint(&rest[*at]) || matches!(rest[*at].kind, Kind::Mark(_))) && !listed(*at);
        let end = (0..rest.len()).find(ends).unwrap_or(rest.len());
        let form = |token: &Token| token.is_one_of(&["is", "are", "gets", "get", "was", "were", "been", "being", "it's", "they're"]);
        let past = |token: &Token| {
            token.kind == Kind::Word
                && self.index.is_verb(&token.low)
                && (Index::is_past(&token.low) || Index::is_past(&token.text.to_lowercase()))
        };
        // "once it's bounced".
        let short = |token: &Token| token.is_one_of(&["it", "they"]);
        rest[..end].windows(2).any(|pair| (form(&pair[0]) || short(&pair[0])) && past(&pair[1]))
    }
}
