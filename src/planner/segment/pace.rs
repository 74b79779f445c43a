//! Words -> how many of several targets are taken up together.

use crate::planner::grammar;
use crate::planner::token::{Kind, Token};

use super::marker::{Marker, marker};

/// How many things of a list are taken up together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    AllAtOnce,
    /// The next ones begin when all that went before has succeeded: what goes wrong goes wrong on so many.
    Batches(usize),
}

/// As the words say; `None` where they do not. Told by the words that part clauses, so nothing is said that one of the two misses.
pub fn pace(tokens: &[Token]) -> Option<Pace> {
    let paces = (0..tokens.len()).filter_map(|at| {
        let rest = &tokens[at..];
        let said = marker(rest).map(|(_, marker)| marker);
        // "restart it at once" says when, and no more.
        let said = said.filter(|_| !rest[0].is("at") || !rest.get(1).is_some_and(|next| next.is("once")));
        match (batches(rest), said) {
            (Some((_, width)), _) => Some(Pace::Batches(width)),
            (None, Some(Marker::Apart)) => Some(Pace::Batches(1)),
            (None, Some(Marker::Together | Marker::AllTogether)) => Some(Pace::AllAtOnce),
            (None, _) => None,
        }
    });
    // The careful one counts where two are said.
    paces.min_by_key(|pace| match pace {
        Pace::Batches(size) => *size,
        Pace::AllAtOnce => usize::MAX,
    })
}

/// "in batches of 3", "two at a time", "in pairs": tokens and width.
pub(super) fn batches(rest: &[Token]) -> Option<(usize, usize)> {
    let number = |at: usize| {
        let token = rest.get(at)?;
        let number = if let Kind::Int(number) = token.kind {
            usize::try_from(number).ok()
        } else {
            grammar::number_word(&token.low).and_then(|number| usize::try_from(number).ok())
        };
        number.filter(|number| *number > 0)
    };
    let is = |at: usize, words: &[&str]| rest.get(at).is_some_and(|token| token.is_one_of(words));
    if is(0, &["in"]) && is(1, &["batches", "groups", "chunks", "waves"]) && is(2, &["of"]) {
        return number(3).map(|width| (4, width));
    }
    if is(0, &["in"]) && is(1, &["pairs"]) {
        return Some((2, 2));
    }
    (is(1, &["at"]) && is(2, &["a"]) && is(3, &["time"])).then(|| number(0).map(|width| (4, width)))?
}
