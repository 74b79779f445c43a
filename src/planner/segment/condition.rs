//! "if it works", "once it answers ping", "unless that fails": where a condition ends and what it says.

use crate::planner::index::Index;
use crate::planner::token::{Kind, Token};

use super::Cond;

const OPENERS: &[&str] = &["if", "when", "once", "unless", "should", "whenever", "provided", "assuming"];

const GOOD: &[&str] = &[
    "work",
    "works",
    "worked",
    "working",
    "succeed",
    "succeeds",
    "succeeded",
    "success",
    "successful",
    "ok",
    "okay",
    "fine",
    "good",
    "well",
    "pass",
    "passes",
    "passed",
    "complete",
    "completes",
    "completed",
    "healthy",
    "green",
    "up",
    "finished",
    "finishes",
    "answer",
    "answers",
    "answered",
    "respond",
    "responds",
    "done",
    "ready",
    "open",
    "reachable",
    "clean",
    "running",
    "so",
];

const BAD: &[&str] = &[
    "fail",
    "fails",
    "failed",
    "failing",
    "failure",
    "closed",
    "down",
    "unreachable",
    "broken",
    "break",
    "breaks",
    "error",
    "errors",
    "unhealthy",
    "red",
    "wrong",
    "bad",
    "dead",
    "crash",
    "crashes",
    "crashed",
    "refused",
    "unsuccessful",
    "problem",
    "trouble",
    "stuck",
    "stopped",
];

const NOT: &[&str] =
    &["not", "doesn't", "isn't", "don't", "didn't", "no", "never", "cannot", "can't", "won't", "aren't", "wasn't", "without", "neither"];

/// Number of tokens that open a condition here; "in case of" and "as soon as" are openers too.
pub fn opener(tokens: &[Token]) -> Option<usize> {
    let at = |place: usize, word: &str| tokens.get(place).is_some_and(|token| token.is(word));
    if at(0, "only") && at(1, "if") {
        return Some(2);
    }
    if (at(0, "in") && at(1, "case")) && !at(2, ",") {
        return Some(2);
    }
    if at(0, "as") && (at(1, "soon") || at(1, "long")) && at(2, "as") {
        return Some(3);
    }
    let asks =
        at(0, "when") && tokens.get(1).is_some_and(|next| next.is_one_of(&["does", "do", "did", "is", "are", "was", "were", "will"]));
    tokens.first().filter(|token| token.is_one_of(OPENERS) && !asks).map(|_| 1)
}

/// Reads the condition after its opener: what it says and how many tokens it takes.
pub fn read(opener: &Token, tokens: &[Token], index: &Index) -> (Cond, usize) {
    let stop = tokens.iter().position(|token| matches!(token.kind, Kind::Mark(_)) || token.is("then")).unwrap_or(tokens.len());
    let predicate = (0..stop).find(|at| {
        let is_predicate = tokens[*at].is_one_of(GOOD) || tokens[*at].is_one_of(BAD);
        let rest = &tokens[at + 1..stop];
        let next = rest.iter().find(|token| !token.is_one_of(&["and", "please", "also"]));
        is_predicate
            && *at > 0
            && next.is_some_and(|token| token.kind == Kind::Word && index.is_verb(&token.low) && !token.low.ends_with("ing"))
    });
    let end = predicate.map_or(stop, |at| at + 1);
    let said = &tokens[..end];
    let negated = said.iter().filter(|token| token.is_one_of(NOT)).count() % 2 == 1;
    let bad = said.iter().any(|token| token.is_one_of(BAD));
    let failure = (bad != negated) != opener.is("unless");
    let about = said.iter().filter(|token| !token.is_one_of(BAD) && !token.is_one_of(NOT)).cloned().collect();
    let skip = tokens.get(end).is_some_and(|token| token.is("then"));
    (Cond::On { failure, about }, end + usize::from(skip))
}
