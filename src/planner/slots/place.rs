//! Where: the environment and the group of machines that a clause names.
//!
//! An environment counts only where it is said as one ("in staging", "test hosts"), since it can lower the need for approval.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::planner::bounds::Bounds;
use crate::planner::grammar;
use crate::planner::index::{EXCEPT, Index};
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, is_preposition, stem};

/// Machines named by what they have in common. Without values: all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// `group`, `env`, `tag`.
    pub values: BTreeMap<String, String>,
    pub span: Range<usize>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    pub environments: Vec<(usize, &'static str)>,
    pub group: Option<Group>,
}

impl Place {
    pub fn of(tokens: &[Token], index: &Index) -> Self {
        let (environments, mut group) = (environments(tokens, index), find_group(tokens, index));
        // "across staging, on all the web hosts": said apart from the machines.
        if let (Some(group), [(_, environment)]) = (&mut group, environments.as_slice()) {
            group.values.entry("env".to_owned()).or_insert_with(|| (*environment).to_owned());
        }
        Self { environments, group }
    }
}

pub fn environments(tokens: &[Token], index: &Index) -> Vec<(usize, &'static str)> {
    let found = tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Word);
    found
        .filter_map(|(at, token)| Some((at, grammar::environment(&token.low)?)))
        .filter(|(at, _)| is_said_as_place(tokens, *at, index))
        .collect()
}

fn is_said_as_place(tokens: &[Token], at: usize, index: &Index) -> bool {
    let next = tokens.get(at + 1);
    let named = next
        .is_some_and(|token| token.is_one_of(&["environment", "env", "cluster", "environments", "copy"]) || index.is_machine(&token.low));
    let grouped = tokens.get(at + 2).is_some_and(|token| index.is_machine(&token.low) && token.low.ends_with('s'))
        && next.is_some_and(|token| token.kind == Kind::Word && !is_function(&token.low));
    let before = tokens[..at].iter().rev().find(|token| !is_determiner(&token.low));
    let led = before.is_some_and(|token| {
        token.is_one_of(&[
            "in",
            "to",
            "on",
            "at",
            "for",
            "from",
            "onto",
            "into",
            "and",
            "env",
            "environment",
            "all",
            "across",
            "throughout",
            "within",
        ])
    });
    let ends = next.is_none_or(|token| {
        matches!(token.kind, Kind::Mark(_) | Kind::Duration | Kind::Datetime)
            || is_preposition(&token.low)
            || token.is_one_of(&["the", "pls", "thanks", "plz"])
            || token.is_one_of(&[
                "and", "or", "again", "now", "please", "too", "first", "has", "should", "must", "needs", "is", "are", "then", "have",
            ])
            || (at == 1 && index.verbs.contains(&token.low))
    });
    // "in staging one at a time".
    let ends = ends || !tokens[at].is_one_of(&["test", "testing", "live"]) && next.is_some_and(|next| is_function(&next.low));
    // "push it live": only where it is the last word of what is brought there.
    let brought = tokens[at].is("live")
        && ends
        && tokens[..at].iter().any(|token| token.is_one_of(&["push", "put", "go", "ship", "make", "set", "bring"]));
    // "deploy x 1.2 staging": the last word behind a value; "test" and "live" mean other things too often.
    let behind = next.is_none_or(|token| matches!(token.kind, Kind::Mark(_)))
        && at > 1
        && matches!(tokens[at - 1].kind, Kind::Version | Kind::Ident)
        && !tokens[at].is_one_of(&["test", "testing", "live"])
        && !tokens.iter().any(|token| token.is_one_of(&["tag", "label", "mark"]));
    let common = !tokens[at].is_one_of(&["test", "testing", "live"]);
    // "staging db-2", "production billing 7.1.0": before the machine or the release.
    let opens = at == 0 && next.is_some_and(|next| next.kind == Kind::Ident && grammar::is_machine_like(&next.text))
        || at == 0
            && next.is_some_and(|next| matches!(next.kind, Kind::Word | Kind::Ident) && !is_function(&next.low))
            && tokens.get(at + 2).is_some_and(|value| value.kind == Kind::Version);
    // "on db-2 (staging)".
    let apart = at > 0 && tokens[at - 1].kind == Kind::Mark('(') && next.is_none_or(|next| next.kind == Kind::Mark(')'));
    apart || opens && common || named || grouped || (led && ends) || brought || behind
}

pub fn find_group(tokens: &[Token], index: &Index) -> Option<Group> {
    let mut group = (0..tokens.len()).find_map(|at| {
        by_word_group(tokens, at, index).or_else(|| by_name(tokens, at, index)).or_else(|| by_machines(tokens, at, index))
    })?;
    tail(tokens, index, &mut group);
    Some(group)
}

/// "the kafka group", "group kafka".
fn by_word_group(tokens: &[Token], at: usize, index: &Index) -> Option<Group> {
    let head = tokens.get(at)?;
    if !head.is_one_of(&["group", "cluster", "tier", "pool"])
        || (!head.is("group") && !tokens.get(at + 1).is_some_and(|next| index.is_machine(&next.low)))
    {
        return None;
    }
    let usable =
        |token: &Token| matches!(token.kind, Kind::Word | Kind::Ident) && !is_function(&token.low) && !index.is_machine(&token.low);
    let behind = tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Ident);
    let (name, span) = if at > 0 && usable(&tokens[at - 1]) && !behind {
        (&tokens[at - 1], at - 1..at + 1)
    } else {
        (tokens.get(at + 1).filter(|token| usable(token))?, at..at + 2)
    };
    Some(Group { values: BTreeMap::from([("group".to_owned(), name.low.clone())]), span })
}

/// "load balancers", "databases": groups that have a name of their own.
fn by_name(tokens: &[Token], at: usize, index: &Index) -> Option<Group> {
    index.groups.iter().find_map(|(phrase, name)| {
        let words: Vec<&str> = phrase.split(' ').collect();
        let part = tokens.get(at..at + words.len())?;
        // "every load balancer" is all of them.
        let each = at > 0 && tokens[at - 1].is_one_of(&["every", "each", "all", "any"]);
        let alike = |token: &Token, word: &str| token.is(word) || (each && words.len() > 1 && stem(&token.low) == stem(word));
        let here = part.iter().zip(&words).all(|(token, word)| alike(token, word));
        here.then(|| Group { values: BTreeMap::from([("group".to_owned(), name.clone())]), span: at..at + words.len() })
    })
}

/// "production web hosts", "all db servers", "every web host", "hosts tagged x".
fn by_machines(tokens: &[Token], at: usize, index: &Index) -> Option<Group> {
    let head = &tokens[at];
    let before = |back: usize| at.checked_sub(back).map(|place| &tokens[place]);
    let is_each = |token: Option<&Token>| token.is_some_and(|token| token.is_one_of(&["every", "each", "all", "any"]));
    let plural = head.low.ends_with('s') || head.low.ends_with("xes") || head.is("fleet");
    let named_next = tokens.get(at + 1).is_some_and(|token| token.kind == Kind::Ident);
    if head.kind != Kind::Word || !index.is_machine(&head.low) || named_next || !(plural || is_each(before(1)) || is_each(before(2))) {
        return None;
    }
    // "both hosts", "the two machines": those that were spoken of.
    if before(1).is_some_and(|token| token.is_one_of(&["both", "these", "those", "same"])) {
        return None;
    }
    // "four instances" counts them.
    if before(1).is_some_and(|token| matches!(token.kind, Kind::Int(_)) || grammar::number_word(&token.low).is_some()) {
        return None;
    }
    let mut values = BTreeMap::new();
    let mut start = at;
    for back in 1..=2 {
        let Some(token) = before(back) else { break };
        let known = token.is_value() || is_function(&token.low) || is_preposition(&token.low) || token.kind != Kind::Word;
        if let Some(environment) = grammar::environment(&token.low) {
            values.insert("env".to_owned(), environment.to_owned());
        } else if (known && token.kind != Kind::Ident)
            || index.is_verb(&token.low) && before(back + 1).is_none()
            || index.is_machine(&token.low)
            || values.contains_key("group")
            || token.is_one_of(&["known", "whole", "entire"])
        {
            break;
        } else {
            values.insert("group".to_owned(), token.low.clone());
        }
        start = at - back;
    }
    Some(Group { values, span: start..at + 1 })
}

fn belonging(tokens: &[Token], at: usize, index: &Index) -> Option<Group> {
    let is = |at: usize, any: &[&str]| tokens.get(at).is_some_and(|token| token.is_one_of(any));
    let from = match is(at, &["of"]) {
        true => at + 1,
        false if is(at, &["belong", "belongs", "belonging"]) && is(at + 1, &["to"]) => at + 2,
        false => return None,
    };
    let from = from + usize::from(is(from, &["the"]));
    by_word_group(tokens, from + 1, index).or_else(|| by_word_group(tokens, from, index))
}

/// "... in staging", "... tagged x", "... in the x group".
fn tail(tokens: &[Token], index: &Index, group: &mut Group) {
    let here = |at: usize| tokens.get(at);
    let mut at = group.span.end;
    while let Some(token) = here(at) {
        let skip = usize::from(here(at + 1).is_some_and(|next| next.is("the")));
        // "with the tag x", beside "with the x tag".
        if token.is("with") && here(at + 1 + skip).is_some_and(|next| next.is_one_of(&["tag", "label"])) && here(at + 2 + skip).is_some() {
            at += 1 + skip;
            continue;
        }
        // "hosts that belong to the web group", "the hosts of the web group".
        if let Some(name) = belonging(tokens, at, index) {
            group.values.extend(name.values);
            at = name.span.end;
            group.span.end = at.min(tokens.len());
            continue;
        }
        if token.is_one_of(&["are", "is", "that", "which", "have", "has", "of"])
            || (token.is("with") && !here(at + 2 + skip).is_some_and(|next| next.is_one_of(&["tag", "label"])))
        {
            at += 1;
        } else if token.is_one_of(&["tagged", "tag", "label", "labelled", "labeled"])
            // "tagged with x".
            && let skip = skip + usize::from(here(at + 1 + skip).is_some_and(|next| next.is_one_of(&["with", "as", "by"])))
            && let Some(value) = here(at + 1 + skip)
        {
            group.values.insert("tag".to_owned(), value.low.clone());
            at += 2 + skip;
        } else if at > 0
            && tokens[at - 1].is_one_of(&["have", "has", "carry", "carries", "bear", "bears"])
            && let skip = usize::from(token.is("the"))
            && let Some(value) = here(at + skip).filter(|value| !is_function(&value.low))
            && here(at + 1 + skip).is_some_and(|next| next.is_one_of(&["tag", "label"]))
        {
            // "hosts that carry the pci tag".
            group.values.insert("tag".to_owned(), value.low.clone());
            at += 2 + skip;
        } else if token.is_one_of(&["carry", "carries", "bear", "bears", "been"]) {
            at += 1;
        } else if token.is_one_of(&["with", "carrying"])
            && let Some(value) = here(at + 1 + skip)
            && here(at + 2 + skip).is_some_and(|next| next.is_one_of(&["tag", "label"]))
        {
            group.values.insert("tag".to_owned(), value.low.clone());
            at += 3 + skip;
        } else if token.is("in")
            && let Some(environment) = here(at + 1 + skip).and_then(|next| grammar::environment(&next.low))
        {
            group.values.insert("env".to_owned(), environment.to_owned());
            at += 2 + skip;
        } else if let Some(environment) = grammar::environment(&token.low).filter(|_| !token.is_one_of(&["test", "testing", "live"]))
            && here(at + 1).is_none_or(|next| matches!(next.kind, Kind::Mark(_)))
        {
            // "web hosts production".
            group.values.entry("env".to_owned()).or_insert_with(|| environment.to_owned());
            at += 1;
        } else if token.is_one_of(&["in", "from"])
            && let Some(name) = by_word_group(tokens, at + 2 + skip, index).or_else(|| by_word_group(tokens, at + 1 + skip, index))
        {
            group.values.extend(name.values);
            at += 3 + skip;
        } else if let Some(name) = by_word_group(tokens, at, index) {
            group.values.extend(name.values);
            at = name.span.end;
        } else if let Some((names, end)) = exceptions(tokens, at, index) {
            group.values.insert(EXCEPT.to_owned(), names);
            at = end;
        } else {
            break;
        }
        group.span.end = at.min(tokens.len());
    }
}

/// "except web-1 and web-2", "but not web-3", where a list can leave some out: their names, and where that ends.
fn exceptions(tokens: &[Token], at: usize, index: &Index) -> Option<(String, usize)> {
    let phrase = Index::bounds_from(&tokens[at].low).filter(|(_, bounds)| *bounds == Bounds::Exception).map(|(phrase, _)| phrase);
    let phrase = phrase.chain(tokens[at].is("but").then_some("but"));
    let said = |phrase: &&str| phrase.split(' ').enumerate().all(|(word, text)| tokens.get(at + word).is_some_and(|token| token.is(text)));
    let length = phrase.filter(said).map(|phrase| phrase.split(' ').count()).max().filter(|_| index.takes_exceptions())?;
    let is_name = |token: &Token| token.kind == Kind::Ident && grammar::is_machine_like(&token.text);
    let (mut names, mut end) = (Vec::new(), at + length);
    for (place, token) in tokens.iter().enumerate().skip(at + length) {
        if is_name(token) {
            names.push(token.text.as_str());
            end = place + 1;
        } else if !(token.is_one_of(&["and", "or", "for"]) || is_determiner(&token.low) || token.kind == Kind::Mark(',')) {
            break;
        }
    }
    // What else may be left out is asked about.
    let whole = tokens[end..].iter().all(|token| matches!(token.kind, Kind::Mark(_)) || token.is_one_of(&["please", "now"]));
    (!names.is_empty() && whole).then(|| (names.join(","), end))
}
