//! "if it works", "once it answers ping", "unless that fails": where a condition ends and what it says.

use crate::planner::index::Index;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, is_particle};

use super::{Cond, Each};

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
    "back",
    "online",
    "over",
    "reply",
    "replies",
    "returns",
    "gives",
    "pings",
    "pingable",
];

const BAD: &[&str] = &[
    "runaway",
    "rogue",
    "misbehaving",
    "hanging",
    "zombie",
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
    "offline",
    "stuck",
    "stopped",
];

const NOT: &[&str] = &[
    "not", "doesn't", "isn't", "don't", "didn't", "no", "never", "cannot", "can't", "won't", "aren't", "wasn't", "without", "neither",
    "couldn't", "doesnt", "isnt", "didnt", "cant", "wont", "couldnt", "wasnt", "arent",
];

/// These take what was asked behind them.
pub const ANSWERS: &[&str] =
    &["answer", "answers", "answered", "respond", "responds", "work", "works", "worked", "reply", "replies", "gives"];

pub fn closed_words() -> impl Iterator<Item = &'static str> {
    GOOD.iter().chain(BAD).chain(NOT).copied()
}

/// Says how something went or is, so it names nothing.
pub fn is_outcome(token: &Token) -> bool {
    token.is_one_of(GOOD) || token.is_one_of(BAD)
}

/// It speaks of something bad, or denies something good.
pub fn tells_bad(said: &[Token]) -> bool {
    let negated = said.iter().filter(|token| token.is_one_of(NOT)).count() % 2 == 1;
    said.iter().any(|token| token.is_one_of(BAD)) != negated
}

pub fn is_not(token: &Token) -> bool {
    token.is_one_of(NOT)
}

/// States that an operation can look at, so they say what the condition is about.
const STATES: &[&str] = &["down", "stopped", "dead", "unreachable", "offline"];

/// Number of tokens that open a condition here; "in case of" and "as soon as" are openers too.
pub fn opener(tokens: &[Token]) -> Option<usize> {
    let at = |place: usize, word: &str| tokens.get(place).is_some_and(|token| token.is(word));
    if at(0, "only") && at(1, "if") {
        return Some(2);
    }
    if (at(0, "in") && at(1, "case")) && !at(2, ",") {
        return Some(2);
    }
    if at(0, "on") && tokens.get(1).is_some_and(|next| next.is_one_of(&["failure", "error", "success"])) {
        return Some(1);
    }
    if at(0, "as") && (at(1, "soon") || at(1, "long")) && at(2, "as") {
        return Some(3);
    }
    let asks =
        at(0, "when") && tokens.get(1).is_some_and(|next| next.is_one_of(&["does", "do", "did", "is", "are", "was", "were", "will"]));
    tokens.first().filter(|token| token.is_one_of(OPENERS) && !asks).map(|_| 1)
}

/// Where a condition stands: behind what hangs on it a list of machines is still its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    First,
    Last,
}

/// Reads the condition after its opener: what it says and how many tokens it takes.
pub fn read(opener: &Token, tokens: &[Token], index: &Index, place: Standing) -> (Cond, usize) {
    let goes_on = |at: usize| {
        let value = |token: Option<&Token>| token.is_some_and(|token| matches!(token.kind, Kind::Ident | Kind::Ip));
        place == Standing::Last && tokens[at].kind == Kind::Mark(',') && at > 0 && value(tokens.get(at - 1)) && value(tokens.get(at + 1))
    };
    let ends = |at: &usize| matches!(tokens[*at].kind, Kind::Mark(_)) && !goes_on(*at) || tokens[*at].is("then");
    let stop = (0..tokens.len()).find(ends).unwrap_or(tokens.len());
    // "on failure x is failed over": the word alone is the condition.
    let alone = opener.is("on") && tokens.first().is_some_and(|first| first.is_one_of(&["failure", "error", "success"]));
    let stop = if alone { 1 } else { stop };
    let end = (0..stop).filter(|at| is_outcome(&tokens[*at])).find_map(|at| end_behind(&tokens[..stop], at, index)).unwrap_or(stop);
    let cond = both(opener, &tokens[..end]);
    let skip = tokens.get(end).is_some_and(|token| token.is("then"));
    (cond, end + usize::from(skip))
}

/// "x is up and y is down": the first holds before the second is looked at. What is said otherwise of two, nothing tells.
fn both(opener: &Token, said: &[Token]) -> Cond {
    let halves = |at: usize| {
        let (first, second) = (&said[..at], whole(&said[at + 1..], &said[..at]));
        (said[at].is_one_of(&["and", "but", "or"]) && tells(first) && tells(&second) && tells_bad(first) != tells_bad(&second))
            .then_some((at, first, second))
    };
    let Some((at, first, second)) = (1..said.len().saturating_sub(1)).find_map(halves) else { return one(opener, said) };
    let chained = !said[at].is("or") && !opener.is("unless");
    match one(opener, &second) {
        Cond::On { failure, is_told, about, each, .. } if chained => {
            Cond::On { failure, is_told, about, each, given: Some(Box::new(one(opener, first))) }
        }
        _ => Cond::On { failure: false, is_told: false, about: said.to_vec(), each: None, given: None },
    }
}

/// How something is.
fn tells(part: &[Token]) -> bool {
    let subject = |token: &Token| !is_function(&token.low) && !is_outcome(token) && !is_not(token);
    part.iter().any(is_outcome) && part.iter().any(subject)
}

/// "but y is not", "and y does": what was said of the first is said of y.
fn whole(part: &[Token], first: &[Token]) -> Vec<Token> {
    let open = part.last().is_some_and(|token| is_not(token) || token.is_one_of(&["is", "are", "does", "do"]));
    let state = first.iter().find(|token| open && is_outcome(token));
    part.iter().chain(state).cloned().collect()
}

fn one(opener: &Token, said: &[Token]) -> Cond {
    let negated = said.iter().filter(|token| token.is_one_of(NOT)).count() % 2 == 1;
    let bad = said.iter().any(|token| token.is_one_of(BAD));
    let failure = (bad != negated) != opener.is("unless");
    let kept = |token: &&Token| {
        (!token.is_one_of(BAD) || token.is_one_of(STATES)) && !token.is_one_of(NOT) && !token.is_one_of(&["either", "both"])
    };
    let mut about: Vec<Token> = said.iter().filter(kept).cloned().collect();
    // "one of them", "any of these": of what went before, which is counted beside.
    if let Some(at) = about.windows(3).position(|part| {
        part[0].is_one_of(&["one", "any", "all", "each", "none"])
            && part[1].is("of")
            && part[2].is_one_of(&["them", "these", "those", "the"])
    }) {
        about[at] = Token::word("they");
        drop(about.drain(at + 1..at + 3));
    }
    // "x can't reach y" speaks of what x can.
    for (at, token) in said.iter().enumerate().filter(|(_, token)| token.is_one_of(&["can't", "cannot", "cant", "couldn't"])) {
        let place = said[..at].iter().filter(kept).count();
        about.insert(place.min(about.len()), Token { low: "can".to_owned(), ..token.clone() });
    }
    // "neither x nor y".
    about.iter_mut().filter(|token| token.is("nor")).for_each(|token| "or".clone_into(&mut token.low));
    // "if it is not" looks at what went before as much as "if it fails" does.
    let bare =
        |token: &Token| token.is_one_of(&["it", "they", "that", "this", "is", "are", "does", "do", "was", "were"]) || token.is_one_of(NOT);
    let possible = said.iter().any(|token| token.is_one_of(&["can", "could", "cannot", "can't", "couldn't"]));
    // "if x doesn't ping".
    let pings = said.windows(2).any(|pair| pair[0].is_one_of(NOT) && pair[1].is_one_of(&["ping", "response", "contact"]));
    let is_told = possible || pings || said.iter().any(is_outcome) || (!said.is_empty() && said.iter().all(bare));
    Cond::On { failure, is_told, about, each: each(said, opener.is("unless")), given: None }
}

/// "if both are down", "if either fails", "unless all are up".
fn each(said: &[Token], inverted: bool) -> Option<Each> {
    let negated = |at: usize| at > 0 && said[at - 1].is("not");
    let find = |words: &[&str]| said.iter().position(|token| token.is_one_of(words));
    let each = if find(&["neither", "none"]).is_some() {
        Each::All
    } else if let Some(at) = find(&["both", "all", "every", "each"]) {
        if negated(at) { Each::Any } else { Each::All }
    } else if find(&["either", "any", "or", "one"]).is_some() {
        Each::Any
    } else {
        let plural = find(&["are", "were"]).filter(|_| !said.iter().any(is_not));
        find(&["and"]).or(plural).map(|_| Each::All)?
    };
    Some(match (each, inverted) {
        (Each::All, false) | (Each::Any, true) => Each::All,
        (Each::Any, false) | (Each::All, true) => Each::Any,
    })
}

/// Where the condition ends whose outcome stands here: before the verb of what is to be done.
/// "works restart", "down on web-1 restart", "answers ping enable", "responds to ping put".
fn end_behind(tokens: &[Token], outcome: usize, index: &Index) -> Option<usize> {
    let verb = |at: usize| {
        tokens.get(at).is_some_and(|token| {
            token.kind == Kind::Word && (index.verbs.contains(&token.low) || index.is_verb(&token.low) && !token.low.ends_with("ing"))
        })
    };
    let mut next = outcome + 1;
    if tokens.get(next)?.is_one_of(&["to", "on", "at", "in"]) {
        next += if is_determiner(&tokens.get(next + 1)?.low) { 3 } else { 2 };
        return verb(next).then_some(next);
    }
    // "if that works #ops should be told": a new subject.
    let modal =
        tokens.get(next + 1).is_some_and(|token| token.is_one_of(&["should", "must", "has", "have", "needs", "is", "shall", "can", "may"]));
    let subject = tokens.get(next)?;
    if (matches!(subject.kind, Kind::Channel | Kind::Url | Kind::Ident) || subject.is_one_of(&["it", "they", "that", "this"])) && modal {
        return Some(next);
    }
    // "if ok the host should be enabled".
    let later = tokens.get(next + 2).is_some_and(|token| token.is_one_of(&["should", "must", "has", "needs", "is", "shall", "can", "may"]));
    if is_determiner(&tokens.get(next)?.low) && later {
        return Some(next);
    }
    // "answers 200": the value was asked for too, and stays with the condition.
    if tokens[outcome].is_one_of(ANSWERS) && tokens.get(next)?.is_value() {
        return verb(next + 1).then_some(next + 1);
    }
    while tokens.get(next)?.is_one_of(&["and", "please", "also", "again", "too", "anyway", "as", "well"]) {
        next += 1;
    }
    let second = tokens.get(next + 1).is_some_and(|token| !is_particle(&token.low));
    match (verb(next), second && verb(next + 1)) {
        (true, true) => Some(next + 1),
        // "answers ping": a verb at the very end is what was asked, not what is to be done.
        (true, false) if next + 1 == tokens.len() && tokens[outcome].is_one_of(ANSWERS) => None,
        (true, false) => Some(outcome + 1),
        (false, _) => None,
    }
}
