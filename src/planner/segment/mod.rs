//! Tokens -> clauses with the way they hang together.
//!
//! Connectives are function words of English; whether a fragment opens a clause of its own is told by the verbs of the index.
//! Nothing is matched to operations here.

mod arrange;
mod condition;
mod joint;
mod marker;
mod order;
mod pace;
mod scan;
mod topic;

pub use condition::{ANSWERS, closed_words, is_not, is_outcome, tells_bad};
pub use marker::{connectives, forbids};
pub use pace::{Pace, pace};
pub use scan::segment;

use super::token::Token;

/// How a clause follows the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    Start,
    Comma,
    And,
    Then,
    /// A new sentence or a semicolon.
    Break,
}

/// When a clause applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cond {
    /// `is_told`: a word says how it has to have gone ("works", "fails"), so that it can be an edge.
    On {
        failure: bool,
        is_told: bool,
        about: Vec<Token>,
        /// Of several: whether all have to have gone so. `None`: not said.
        each: Option<Each>,
        /// What has to hold before this is looked at: "if x is up and y is down".
        given: Option<Box<Cond>>,
    },
    Otherwise,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Each {
    All,
    Any,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    pub tokens: Vec<Token>,
    pub join: Join,
    pub cond: Option<Cond>,
    /// "whatever happens".
    pub always: bool,
    /// "at the same time", said in or after this clause.
    pub together: bool,
    /// "all at once": so does the whole list that it ends.
    pub all_together: bool,
    /// "in parallel" said before the clauses that it covers.
    pub together_after: bool,
    /// "at the end".
    pub at_end: bool,
    /// Stands before a colon: says what it is about.
    pub lead: bool,
    /// "do not ...", "without ...".
    pub negated: bool,
    /// "leave php alone", "restart nothing": what is to stay as it is.
    pub spared: bool,
    /// "one by one": so many of its targets at once.
    pub apart: Option<usize>,
    /// Its condition was said behind it.
    pub trailing: bool,
    /// Has no verb of its own: the verb of the clause before is meant.
    pub elliptic: bool,
}

impl Clause {
    pub fn new(join: Join) -> Self {
        Self {
            tokens: Vec::new(),
            join,
            cond: None,
            always: false,
            together: false,
            all_together: false,
            together_after: false,
            at_end: false,
            lead: false,
            negated: false,
            spared: false,
            apart: None,
            trailing: false,
            elliptic: false,
        }
    }
}
