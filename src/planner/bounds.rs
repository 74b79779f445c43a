//! Words that bound an order: when, how many, which not, until when, how; and the question about one that has no place.

use super::compose::{Stop, clarify};
use super::grammar;
use super::index::Index;
use super::segment::{ANSWERS, is_outcome};
use super::token::{Kind, Token};
use super::words::{is_determiner, is_function, is_particle, is_preposition};

/// What a lost word bounds; also the name of what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounds {
    Time,
    Count,
    Exception,
    Condition,
    Manner,
    /// A value that the operation has no place for.
    Value,
}

impl Bounds {
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Time, Self::Count, Self::Exception, Self::Condition, Self::Manner].into_iter().find(|one| one.as_str() == name)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Count => "count",
            Self::Exception => "exception",
            Self::Condition => "condition",
            Self::Manner => "manner",
            Self::Value => "operation",
        }
    }

    /// What the operator can do about it.
    fn advice(self) -> &'static str {
        match self {
            Self::Time => "it starts as soon as it may; leave the time out, or start it then",
            Self::Count => "name each one that is meant",
            Self::Exception => "name the ones that are meant instead",
            Self::Condition => "name a check first, as in `check ..., if it fails ...`",
            Self::Manner => "leave it out, or say it in steps",
            Self::Value => "what should be done with it?",
        }
    }
}

/// The first word that bounds something, in words that no operation was chosen for.
pub fn bounding(tokens: &[Token]) -> Option<(usize, Bounds)> {
    (0..tokens.len()).find_map(|at| Some((at, bounds_of(tokens, at)?)))
}

/// What of a condition no check looks at: a number, a span, a bound.
pub fn unmet(tokens: &[Token], known: impl Fn(&str) -> bool) -> Option<usize> {
    let good = |at: usize, number: i64| at > 0 && (200..300).contains(&number) && tokens[at - 1].is_one_of(ANSWERS);
    // "if dead move x to y": behind the outcome stands what is to be done, unless it says where.
    let gone = |at: usize| tokens[..at].iter().any(is_outcome) && !tokens[..at].iter().any(|token| is_preposition(&token.low));
    let is_content = |token: &Token| {
        let adverb =
            token.is_one_of(&["anywhere", "somewhere", "there", "still", "yet", "properly", "correctly", "successfully", "soon", "within"]);
        !is_function(&token.low) && !is_outcome(token) && !is_particle(&token.low) && !adverb && !known(&token.text) && !is_number(token)
    };
    (0..tokens.len()).find(|at| {
        let token = &tokens[*at];
        match token.kind {
            Kind::Int(number) => !known(&token.text) && !good(*at, number) && !tokens[*at - usize::from(*at > 0)].is("returns"),
            // Who is told is no condition.
            Kind::Duration | Kind::Datetime | Kind::Channel => !known(&token.text),
            Kind::Ident if gone(*at) && grammar::is_machine_like(&token.text) => !known(&token.text),
            Kind::Ident => token.text.ends_with('%'),
            Kind::Word if gone(*at) && is_content(token) => true,
            Kind::Word => bounds_of(tokens, *at).is_some() || is_number(token),
            Kind::Quoted | Kind::Url | Kind::Path | Kind::Ip | Kind::Version | Kind::Mark(_) => false,
        }
    })
}

/// The question about a word that has no place in the plan.
#[expect(clippy::unnecessary_box_returns, reason = "an outcome is large, and errors travel by `?`")]
pub fn ask(what: &str, tokens: &[Token], at: usize, bounds: Bounds) -> Stop {
    // "except web-3", "every hour": what it says goes on behind the word.
    let end = if bounds == Bounds::Exception { tokens.len() } else { at + 1 + usize::from(tokens[at].is_one_of(OFTEN)) };
    let text = tokens[at..end.min(tokens.len())].iter().map(|token| token.text.as_str()).collect::<Vec<_>>().join(" ");
    if bounds == Bounds::Value {
        let question = format!("{what} takes no `{text}`; {}", bounds.advice());
        return clarify(question, vec![bounds.as_str().to_owned()], Vec::new());
    }
    clarify(format!("{what} has no place for \"{text}\": {}", bounds.advice()), vec![bounds.as_str().to_owned()], Vec::new())
}

/// "the first web host", "another server", "two db hosts": some of many, and nobody says which.
pub fn is_one_of_machines(tokens: &[Token], at: usize, index: &Index) -> bool {
    let token = &tokens[at];
    if token.kind != Kind::Word || !(token.is_one_of(SELECTING) || is_superlative(&token.low)) {
        return false;
    }
    let plain = |token: &Token| token.kind == Kind::Word && !is_function(&token.low);
    let machine = |at: usize| tokens.get(at).is_some_and(|token| token.kind == Kind::Word && index.is_machine(&token.low));
    let head = if machine(at + 1) { at + 1 } else { at + 2 };
    let between = head == at + 1 || tokens.get(at + 1).is_some_and(plain);
    let named = tokens.get(head + 1).is_some_and(|next| next.kind == Kind::Ident);
    machine(head) && between && !named
}

/// "the slowest service" is one that nobody names.
pub fn is_superlative(low: &str) -> bool {
    low.len() > 5 && low.ends_with("est") && !NO_SUPERLATIVES.contains(&low)
}

const NO_SUPERLATIVES: &[&str] =
    &["ingest", "digest", "request", "manifest", "harvest", "forest", "interest", "latest", "suggest", "invest", "attest"];

const SELECTING: &[&str] = &[
    "first",
    "last",
    "second",
    "third",
    "fourth",
    "fifth",
    "next",
    "other",
    "another",
    "any",
    "some",
    "most",
    "one",
    "remaining",
    "random",
];

/// "every 5 minutes", "each night", "per hour".
pub fn repeats(tokens: &[Token], at: usize) -> bool {
    let often = |at: usize| tokens.get(at).is_some_and(|token| token.is_one_of(OFTEN));
    let span = |at: usize| {
        tokens
            .get(at)
            .is_some_and(|token| matches!(token.kind, Kind::Duration | Kind::Datetime) || (token.is_one_of(SPANS) && !token.owner))
    };
    (often(at) && span(at + 1)) || (at > 0 && often(at - 1) && span(at))
}

const OFTEN: &[&str] = &["every", "each", "per"];

const SPANS: &[&str] =
    &["second", "minute", "hour", "day", "week", "month", "year", "night", "morning", "evening", "time", "weekday", "weekend"];

pub fn is_span(token: &Token) -> bool {
    token.is_one_of(SPANS)
}

pub fn is_number(token: &Token) -> bool {
    token.kind == Kind::Word && !token.is_one_of(&["a", "an", "one"]) && grammar::number_word(&token.low).is_some()
}

/// What a word bounds by itself or as the first of a phrase; "last night's job" only names the job.
pub fn bounds_of(tokens: &[Token], at: usize) -> Option<Bounds> {
    let token = &tokens[at];
    if token.kind == Kind::Datetime && !token.owner || repeats(tokens, at) {
        return Some(Bounds::Time);
    }
    // "good morning" greets.
    if token.kind != Kind::Word || (at > 0 && tokens[at - 1].is("good")) {
        return None;
    }
    let said = |phrase: &str| {
        let mut end = at;
        let whole = phrase.split(' ').all(|word| {
            while end > at && tokens.get(end).is_some_and(|token| !token.is(word) && is_determiner(&token.low)) {
                end += 1;
            }
            end += 1;
            tokens.get(end - 1).is_some_and(|token| token.is(word))
        });
        whole && !tokens[end - 1].owner
    };
    Index::bounds_from(&token.low).find(|(phrase, _)| said(phrase)).map(|(_, bounds)| bounds)
}
