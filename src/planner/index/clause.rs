//! Where the verb of a clause stands, if it has one.

use crate::model::catalogue::ParamType;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, stem};

use super::Index;

impl Index {
    /// "backup job status": nouns, and the last of them is how something is.
    pub fn heads_status(tokens: &[Token]) -> bool {
        // "last night's vacuum job ok".
        let went = |at: usize| {
            let job = tokens[..at].iter().any(|token| token.is_one_of(&["job", "jobs", "run", "build", "pipeline"]));
            job && tokens[at].is_one_of(&["ok", "okay", "fine", "done", "finished", "successful", "good", "green", "through"])
        };
        let result =
            |at: usize| tokens[at].is_one_of(&["result", "results", "outcome"]) && at > 0 && tokens[at - 1].is_one_of(&["job", "run"]);
        let named = |at: &usize| tokens[*at].is_one_of(&["status", "state", "progress", "health"]) || went(*at) || result(*at);
        let Some(head) = (0..tokens.len()).find(named) else { return false };
        let timed = |token: &Token| {
            matches!(token.kind, Kind::Datetime | Kind::Duration | Kind::Mark(_))
                || is_function(&token.low)
                || token.is_one_of(&["night", "week"])
        };
        let name = |token: &Token| token.is_value() || token.kind == Kind::Word && (!is_function(&token.low) || token.is("last"));
        head > 0 && tokens[..head].iter().all(name) && tokens[head + 1..].iter().all(timed)
    }

    /// Where the verb of a clause stands: before every value, and not behind "the" or "x's", which make a noun of it.
    pub fn verb_place(&self, tokens: &[Token]) -> Option<usize> {
        if Self::heads_status(tokens) {
            return None;
        }
        let before = tokens.iter().position(|token| token.kind != Kind::Word).unwrap_or(tokens.len());
        // "is running" says how something is, not what to do.
        let states = |at: usize| {
            !self.verbs.contains(&tokens[at].low)
                && tokens[..at].iter().any(|token| token.is_one_of(&["is", "are", "was", "be", "isn't", "not"]))
        };
        // "every host tagged x": said of the hosts.
        let said_of = |at: usize| at > 0 && self.is_machine(&tokens[at - 1].low) && !self.verbs.contains(&tokens[at].low);
        // "the status of backup jobs".
        let of = |at: usize| tokens[at - 1].is_one_of(&["of", "for"]) && !tokens[at].low.ends_with("ing");
        // "on the status page": the last word of a name.
        let named = |at: usize| {
            let before = tokens[at - 1].low.as_str();
            !self.is_verb(before) && !is_function(before) && self.is_phrase(&[stem(before), stem(&tokens[at].low)])
        };
        let noun = |at: usize| at > 0 && (said_of(at) || of(at) || named(at) || is_determiner(&tokens[at - 1].low) || tokens[at - 1].owner);
        // "vacuum job db-3": a verb that no operation knows, before the word for what is named.
        let names = |at: usize| {
            let (low, next) = (tokens[at].low.as_str(), tokens.get(at + 1));
            let plain = self.looks.contains(low) || self.light.contains(low) || Self::is_carrier(low) || self.knows(&stem(low));
            !plain
                && self.led_by(&stem(low)).is_none()
                && next.is_some_and(|next| next.kind == Kind::Word && !is_function(&next.low) && self.is_param(&next.low))
        };
        // "search needs to be released": what stands before the modal is what is spoken of.
        let spoken_of = |at: usize| {
            let modal = tokens.get(at + 1).is_some_and(|next| next.is_one_of(&["needs", "should", "must", "has", "shall", "gets"]));
            at == 0 && modal && tokens[at + 2..].iter().any(|token| Self::is_past(&token.low))
        };
        // "search 3.0 to production": before its version stands what is released.
        let released = |at: usize| {
            let versioned = |one: &usize| self.operations[*one].params.iter().any(|param| param.kind == ParamType::Version);
            let next = tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Version);
            next && !self.led_by(&stem(&tokens[at].low)).into_iter().flatten().any(versioned)
        };
        let spoken_of = |at: usize| spoken_of(at) || released(at);
        (0..before).find(|at| self.is_verb(&tokens[*at].low) && !noun(*at) && !states(*at) && !names(*at) && !spoken_of(*at))
    }
}
