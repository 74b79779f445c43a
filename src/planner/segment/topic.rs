//! "redis-main: what depends on it?", "the webhook at X: trigger it": what is spoken of first -> put where it belongs.

use crate::planner::grammar;
use crate::planner::index::Index;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, is_preposition};

use super::{Clause, Join};

/// Every clause that follows a lead and speaks of "it", or is a verb alone, gets what the lead names.
pub(super) fn settle(clauses: &mut Vec<Clause>, index: &Index) {
    let mut at = 0;
    while at + 1 < clauses.len() {
        if clauses[at].lead && clauses[at].cond.is_none() {
            let topic = Topic::of(&clauses[at].tokens);
            let end = (at + 2..clauses.len()).find(|next| clauses[*next].lead || clauses[*next].join == Join::Break);
            let body = at + 1..end.unwrap_or(clauses.len());
            let told = topic.names(index) && (topic.narrow(&mut clauses[body.clone()], index) || topic.tell(&mut clauses[body], index));
            if told {
                let join = clauses[at].join;
                clauses.remove(at);
                clauses[at].join = join;
                continue;
            }
        }
        at += 1;
    }
}

/// A lead taken apart: "in staging, on db-2, the postgres service".
struct Topic {
    /// What is spoken of, without its article.
    name: Vec<Token>,
    /// Where: each behind its preposition.
    places: Vec<Token>,
}

impl Topic {
    fn of(lead: &[Token]) -> Self {
        let mut topic = Self { name: Vec::new(), places: Vec::new() };
        for part in lead.split(|token| token.kind == Kind::Mark(',')).filter(|part| !part.is_empty()) {
            if is_preposition(&part[0].low) {
                topic.places.extend_from_slice(part);
            } else {
                let skip = part.iter().take_while(|token| is_determiner(&token.low) && !token.is_one_of(&["all", "every", "each"])).count();
                // "search 3.0 is ready".
                let end = part.iter().position(|token| token.is_one_of(&["is", "are", "was", "feels", "seems"])).unwrap_or(part.len());
                topic.name = part[skip.min(end)..end].to_vec();
            }
        }
        topic
    }

    /// It names something, and orders nothing.
    fn names(&self, index: &Index) -> bool {
        let Some(first) = self.name.first() else { return false };
        let orders =
            first.kind == Kind::Word && index.verbs.contains(&first.low) && self.name.len() > 2 && !index.looks.contains(&first.low);
        let says = self.name.iter().any(|token| {
            token.is_one_of(&["were", "must", "should", "has", "have", "needs", "we", "i", "i'd", "they", "it", "you", "think", "guess"])
        });
        !orders && !says && !self.name.iter().any(|token| matches!(token.kind, Kind::Channel | Kind::Quoted))
    }

    /// "tagged pci: which servers are those?": said of the machines that the clause asks for.
    fn narrow(&self, body: &mut [Clause], index: &Index) -> bool {
        let led = self.name.first().is_some_and(|first| first.is_one_of(&["tagged", "labelled", "labeled"]));
        let Some(first) = body.first_mut().filter(|_| led) else { return false };
        let Some(machines) = first.tokens.iter().position(|token| index.is_machine(&token.low)) else { return false };
        first.tokens.splice(machines + 1..=machines, self.name.iter().cloned());
        true
    }

    /// Puts it into the clauses; `false` where none of them speaks of it.
    fn tell(&self, body: &mut [Clause], index: &Index) -> bool {
        let noun = self.name.iter().any(|token| token.kind == Kind::Word && !is_function(&token.low));
        let Some(first) = body.first_mut() else { return false };
        let pronoun = first.tokens.iter().position(|token| token.is_one_of(&["it", "its", "them", "their"]));
        let mut told = false;
        if let Some(place) = pronoun {
            let mut name = self.name.clone();
            if let Some(last) = name.last_mut().filter(|_| first.tokens[place].is_one_of(&["its", "their"])) {
                last.owner = true;
            }
            first.tokens.splice(place..=place, name);
            first.tokens.extend(self.places.iter().cloned());
            first.elliptic = false;
            told = true;
        }
        let placed = |token: &Token| grammar::environment(&token.low).is_some();
        let bare = |clause: &Clause| {
            clause
                .tokens
                .iter()
                .all(|token| token.kind == Kind::Word && (is_function(&token.low) || index.is_verb(&token.low) || placed(token)))
                && clause.tokens.iter().any(|token| index.verbs.contains(&token.low) && !is_function(&token.low))
                && !clause.tokens.iter().any(|token| token.is_one_of(&["it", "its", "them"]))
        };
        for (at, clause) in body.iter_mut().enumerate().filter(|(_, clause)| noun && bare(clause)) {
            // The version is the one that the first of them brings.
            let name = self.name.iter().filter(|token| at == 0 || token.kind != Kind::Version).cloned();
            let end = clause.tokens.iter().position(|token| is_preposition(&token.low)).unwrap_or(clause.tokens.len());
            clause.tokens.splice(end..end, name);
            clause.tokens.extend(self.places.iter().cloned());
            told = true;
        }
        told
    }
}
