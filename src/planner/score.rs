//! Clause -> operations that its words speak of, best first.
//!
//! Word evidence only; whether the slots fit is weighed later, where the values are known.

use std::collections::{BTreeMap, BTreeSet};

use super::index::{Index, Said};
use super::segment::is_outcome;
use super::token::{Kind, Token};
use super::words::{is_determiner, is_function, is_particle, stem};
use crate::model::catalogue::EffectClass;

/// Words of one clause, prepared once.
#[derive(Clone, Debug)]
pub struct Query {
    terms: Vec<Term>,
    /// Words behind the first of a phrase, with what the phrase is like.
    members: Vec<(usize, Vec<Vec<String>>)>,
}

#[derive(Clone, Debug)]
struct Term {
    /// Place of its token; `None` for a verb carried over.
    at: Option<usize>,
    weight: f64,
    /// Any one of these, each a set of stems that must all be there, with its strength.
    ways: Vec<(Vec<String>, f64)>,
    /// Words of an alias of a manifest that start here: operation and strength.
    aliases: Vec<(usize, f64)>,
    /// It stands in a phrase begun before it: alone it would say something else.
    inside: bool,
    /// A verb here can order something.
    is_verb: bool,
    /// It is the verb of the clause: operations that it does not lead mean something else by the word.
    verb: Option<String>,
    /// "set", "take": what is ordered stands in the rest of the clause.
    is_light: bool,
    /// Only like a word of the catalogue: a rest is no restore.
    is_guess: bool,
}

impl Term {
    /// Nothing is changed on a guess.
    fn may_mean(&self, operation: usize, index: &Index) -> bool {
        let operation = &index.operations[operation];
        !self.is_guess || operation.effect == EffectClass::Read || operation.low_risk
    }

    fn hits(&self, operation: usize, index: &Index) -> bool {
        if !self.may_mean(operation, index) {
            return false;
        }
        let by_words = self.ways.iter().any(|(stems, _)| all_of(stems, index).iter().any(|(found, _)| *found == operation));
        by_words || self.aliases.iter().any(|(found, _)| *found == operation)
    }
}

/// What a clause says of one operation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    pub operation: usize,
    pub words: f64,
}

impl Query {
    pub fn of(tokens: &[Token], index: &Index, carried: Option<&str>) -> Self {
        let mut said: Vec<String> = tokens.iter().map(said).collect();
        let verb = index.verb_place(tokens);
        // "what os is x running", "which kernel is running on x": the noun is asked for, and the state says nothing.
        if asks_noun(tokens) {
            let placed = tokens.iter().rposition(|token| token.is_one_of(&["on", "at"])).filter(|at| at + 2 == tokens.len());
            let end = placed.unwrap_or(said.len());
            if let Some(state) = said[..end].last_mut().filter(|last| Index::is_state(last)) {
                state.clear();
            }
        }
        let inside = phrase_members(&said, index);
        let mut terms: Vec<Term> = Vec::new();
        if let Some(verb) = carried {
            terms.push(Term {
                at: None,
                weight: 0.5,
                ways: vec![(vec![stem(verb)], 1.0)],
                aliases: Vec::new(),
                inside: false,
                is_verb: true,
                verb: None,
                is_light: index.light.contains(verb),
                is_guess: false,
            });
        }
        for (at, token) in tokens.iter().enumerate() {
            if !matches!(token.kind, Kind::Word | Kind::Ident) {
                continue;
            }
            if said[at].is_empty() && token.kind == Kind::Word {
                continue;
            }
            // "load balancers" bear no load.
            if token.is("load") && tokens.get(at + 1).is_some_and(|next| next.is_one_of(&["balancer", "balancers"])) {
                continue;
            }
            let base = word_weight(token, index);
            let ways = ways(&said, at, index, base > 0.0, !inside.contains(&at), Stands::of(token, Some(at) == verb, index));
            let aliases = alias_hits(&said, at, index);
            // A word inside a phrase is said by the phrase.
            let told = ways.is_empty() && inside.contains(&at);
            if (base > 0.0 && !told) || !ways.is_empty() || !aliases.is_empty() {
                let first = Some(at) == verb && base >= 1.0;
                let phrase = says_of(&said, at, index).any(|(stems, _)| stems.len() > 1);
                let weight = if first { 1.5 } else { base.max(if phrase || base <= 0.0 { 0.9 } else { 0.0 }) };
                let named =
                    at > 0 && (tokens[at - 1].owner || tokens[at - 1].is_one_of(&["the", "this", "that", "its", "with", "of", "about"]));
                // "port 80 open": how it is, not what to do.
                let is_state = is_outcome(token) && Some(at) != verb && !token.low.ends_with("ed");
                let is_verb = phrase || (index.is_verb(&token.low) && !named && !is_state);
                let is_light = Some(at) == verb && index.light.contains(&token.low) && !token.is("get");
                let leading = (first && index.led_by(&said[at]).is_some()).then(|| said[at].clone());
                terms.push(Term {
                    at: Some(at),
                    weight,
                    ways,
                    aliases,
                    inside: inside.contains(&at) && !phrase,
                    is_verb,
                    verb: leading,
                    is_light,
                    is_guess: base > 0.0
                        && !index.postings.contains_key(&said[at])
                        && says_of(&said, at, index).next().is_none()
                        && !said[at].contains('-'),
                });
            }
        }
        Self { terms, members: phrases(&said, index) }
    }

    /// Scores of all operations that share a word, best first; ties by name.
    pub fn rank(&self, index: &Index) -> Vec<Score> {
        let mut totals: BTreeMap<usize, f64> = BTreeMap::new();
        for term in &self.terms {
            let mut best: BTreeMap<usize, f64> = BTreeMap::new();
            for (stems, strength) in &term.ways {
                let verb = term.verb.as_ref().filter(|verb| stems.as_slice() == [(*verb).clone()]).and_then(|verb| index.led_by(verb));
                // "page dba": what is called so is meant, and not the page of something.
                let called = verb.is_some_and(|led| led.iter().any(|at| stem(index.operations[*at].verb()) == stems[0]));
                for (operation, value) in all_of(stems, index).into_iter().filter(|(operation, _)| term.may_mean(*operation, index)) {
                    let share = match verb {
                        Some(led) if !led.contains(&operation) => {
                            if called {
                                0.4
                            } else {
                                0.6
                            }
                        }
                        _ => 1.0,
                    };
                    let known = best.entry(operation).or_insert(0.0);
                    *known = known.max(value * strength * share);
                }
            }
            for (operation, strength) in &term.aliases {
                *best.entry(*operation).or_insert(0.0) += strength;
            }
            for (operation, value) in best {
                *totals.entry(operation).or_insert(0.0) += value * term.weight;
            }
        }
        let mut scores: Vec<Score> = totals.into_iter().map(|(operation, words)| Score { operation, words }).collect();
        scores.sort_by(|a, b| b.words.total_cmp(&a.words).then(a.operation.cmp(&b.operation)));
        scores
    }

    /// The clause tells somebody to do this, and does not only speak of it: "show the jobs" runs none.
    pub fn orders(&self, operation: usize, index: &Index) -> bool {
        self.terms.iter().any(|term| {
            let by_word = |(stems, _): &(Vec<String>, f64)| {
                let led = |stem: &String| index.led_by(stem).is_some_and(|led| led.contains(&operation));
                let named = stems.iter().any(|stem| led(stem) || index.is_alias(stem, operation));
                named && (term.is_verb || stems.len() > 1) && all_of(stems, index).iter().any(|(found, _)| *found == operation)
            };
            term.is_light || term.ways.iter().any(by_word) || term.aliases.iter().any(|(found, _)| *found == operation)
        })
    }

    /// The word at this place speaks of the operation.
    pub fn explains(&self, operation: usize, at: usize, index: &Index) -> bool {
        let hits = |like: &Vec<Vec<String>>| like.iter().any(|stems| all_of(stems, index).iter().any(|(found, _)| *found == operation));
        self.terms.iter().filter(|term| term.at == Some(at)).any(|term| term.hits(operation, index))
            || self.members.iter().any(|(place, like)| *place == at && hits(like))
    }

    /// The verb at this place leads the operation, or is like one that does.
    pub fn leads(&self, operation: usize, at: usize, index: &Index) -> bool {
        let led = |stem: &String| index.led_by(stem).is_some_and(|led| led.contains(&operation));
        let by_term = |term: &Term| {
            let like = |(stems, _): &(Vec<String>, f64)| {
                stems.iter().any(led) && all_of(stems, index).iter().any(|(found, _)| *found == operation)
            };
            term.ways.iter().any(like) || term.aliases.iter().any(|(found, _)| *found == operation)
        };
        self.terms.iter().filter(|term| term.at == Some(at)).any(by_term)
    }

    /// Something beside the verb speaks of the operation.
    pub fn speaks_beside(&self, operation: usize, verb: usize, index: &Index) -> bool {
        let of_verb = |term: &&Term| term.at == Some(verb);
        let by_phrase = |term: &Term| term.aliases.iter().any(|(found, strength)| *found == operation && *strength > 2.5);
        self.terms.iter().filter(|term| !of_verb(term)).any(|term| term.hits(operation, index))
            || self.terms.iter().filter(of_verb).any(|term| {
                let phrase = |(stems, strength): &(Vec<String>, f64)| {
                    *strength >= 1.0 && term.verb.as_ref().is_none_or(|verb| stems[..] != [verb.clone()][..])
                };
                by_phrase(term)
                    || term.ways.iter().any(|way| phrase(way) && all_of(&way.0, index).iter().any(|(found, _)| *found == operation))
            })
    }

    /// Share of the content words, values aside, that the operation explains.
    pub fn cover(&self, operation: usize, used: &[bool], index: &Index) -> f64 {
        let (mut mass, mut covered) = (0.0, 0.0);
        for term in &self.terms {
            let is_value = term.at.is_some_and(|at| used.get(at).copied().unwrap_or(false));
            let hit = term.hits(operation, index);
            if (is_value || term.inside) && !hit {
                continue;
            }
            mass += term.weight;
            covered += if hit { term.weight } else { 0.0 };
        }
        if mass > 0.0 { covered / mass } else { 1.0 }
    }
}

/// "what os is x ...": a noun behind the question word.
fn asks_noun(tokens: &[Token]) -> bool {
    tokens.len() > 4
        && tokens[0].is_one_of(&["what", "which"])
        && tokens[1].kind == Kind::Word
        && !is_function(&tokens[1].low)
        && tokens[1..].iter().any(|token| token.is_one_of(&["is", "are"]))
}

/// The stem of a word, or nothing for values.
fn said(token: &Token) -> String {
    match token.kind {
        Kind::Word => stem(&token.low),
        Kind::Ident => token.low.clone(),
        Kind::Quoted
        | Kind::Url
        | Kind::Path
        | Kind::Channel
        | Kind::Ip
        | Kind::Int(_)
        | Kind::Duration
        | Kind::Version
        | Kind::Datetime
        | Kind::Mark(_) => String::new(),
    }
}

fn word_weight(token: &Token, index: &Index) -> f64 {
    let low = token.low.as_str();
    if token.kind == Kind::Ident {
        return if low.contains('-') && low.chars().all(|c| c.is_alphabetic() || c == '-') { 0.6 } else { 0.0 };
    }
    if index.is_look(low) {
        return 0.35;
    }
    if index.light.contains(low) {
        return 0.5;
    }
    if is_particle(low) {
        return 0.3;
    }
    if is_function(low) { 0.0 } else { 1.0 }
}

/// How a word stands in its clause.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stands {
    Beside,
    /// As the verb, in a form that orders nothing by itself: "running".
    Verb,
    /// As the verb in its base form.
    Order,
}

impl Stands {
    fn of(token: &Token, is_verb: bool, index: &Index) -> Self {
        match (is_verb, index.verbs.contains(&token.low)) {
            (false, _) => Self::Beside,
            (true, false) => Self::Verb,
            (true, true) => Self::Order,
        }
    }
}

fn ways(said: &[String], at: usize, index: &Index, is_content: bool, alone: bool, stands: Stands) -> Vec<(Vec<String>, f64)> {
    let mut ways = Vec::new();
    let own = &said[at];
    if is_content {
        if own.contains('-') {
            ways.extend(own.split('-').map(|part| (vec![stem(part)], 0.7)));
        } else if is_state(said, at) && Index::is_state(own) {
            // "is running" says how something is; it does not ask to run anything.
        } else if index.postings.contains_key(own) {
            ways.push((vec![own.clone()], 1.0));
        } else if stands == Stands::Beside
            && !index.says.contains_key(own)
            && let Some((known, likeness)) = index.alike(own)
        {
            ways.push((vec![known.to_owned()], 0.6 * likeness));
        }
    }
    // "roll back", "roll it back" and "fail over" are also one word.
    for gap in 1..=2 {
        if let Some(next) = said.get(at + gap).filter(|next| is_particle(next) || gap == 1) {
            let joined = format!("{own}{next}");
            if !own.is_empty() && !next.is_empty() && index.postings.contains_key(&joined) {
                ways.push((vec![joined], 1.2));
            }
        }
    }
    for (stems, like) in says_of(said, at, index) {
        if stems.len() > 1 || (is_content && alone) {
            let strength = |set: &[String]| if stems.len() > 1 { 1.0 } else { alone_strength(own, set, index, stands) };
            ways.extend(like.iter().map(|set| (set.clone(), strength(set))));
        }
    }
    ways
}

/// A noun that the catalogue knows is hardly a verb that it is like: "the alerts" page nobody.
fn alone_strength(own: &str, like: &[String], index: &Index, stands: Stands) -> f64 {
    // A word that names operations by itself is hardly what it is like.
    if stands == Stands::Order && index.postings.get(own).is_some_and(|postings| postings.iter().any(|(_, weight)| *weight >= 2.0)) {
        return 0.4;
    }
    let known = || index.postings.get(own).is_some_and(|postings| postings.iter().any(|(_, weight)| *weight >= 1.0));
    let verb = || like.len() == 1 && index.led_by(&like[0]).is_some();
    if stands == Stands::Beside && verb() && known() { 0.35 } else { 0.8 }
}

/// A form of "be" stands within the three words before; "has to be restarted" and "down by ping" say more than a state.
fn is_state(said: &[String], at: usize) -> bool {
    let window = &said[at.saturating_sub(3)..at];
    let passive = window.windows(2).any(|pair| pair[1] == "be" && matches!(pair[0].as_str(), "to" | "must" | "should" | "can"));
    let by = window.last().is_some_and(|word| word == "by");
    !passive && !by && window.iter().any(|word| matches!(word.as_str(), "is" | "are" | "was" | "be"))
}

/// What is said from this word on.
fn says_of<'a>(said: &'a [String], at: usize, index: &'a Index) -> impl Iterator<Item = &'a Said> {
    let all = index.says.get(&said[at]).map_or(&[][..], Vec::as_slice);
    // "turn off X on Y" is not "turn on": words side by side win over words apart.
    let adjacent = move |stems: &[String]| said[at + 1..].starts_with(&stems[1..]);
    let closed = all.iter().any(|(stems, _)| stems.len() > 1 && adjacent(stems));
    all.iter().filter(move |(stems, _)| follows(said, at, stems) && (!closed || stems.len() == 1 || adjacent(stems)))
}

/// The word at this place belongs to a phrase of several words, begun before it.
pub fn is_inside_phrase(tokens: &[Token], at: usize, index: &Index) -> bool {
    phrase_members(&tokens.iter().map(said).collect::<Vec<_>>(), index).contains(&at)
}

/// Words that belong to a phrase begun before them: alone they would say something else.
fn phrase_members(said: &[String], index: &Index) -> BTreeSet<usize> {
    let mut members = BTreeSet::new();
    for (at, word) in said.iter().enumerate() {
        let says = index.says.get(word).map_or(&[][..], Vec::as_slice);
        for (stems, _) in says.iter().filter(|(stems, _)| stems.len() > 1) {
            members.extend(side_by_side(said, at, &stems[1..]).into_iter().flatten());
        }
    }
    members
}

fn phrases(said: &[String], index: &Index) -> Vec<(usize, Vec<Vec<String>>)> {
    let mut members = Vec::new();
    for (at, word) in said.iter().enumerate() {
        let says = index.says.get(word).map_or(&[][..], Vec::as_slice);
        for (stems, like) in says.iter().filter(|(stems, _)| stems.len() > 1) {
            let places = side_by_side(said, at, &stems[1..]).into_iter().flatten();
            members.extend(places.map(|place| (place, like.clone())));
        }
    }
    members
}

/// Places of these stems right behind `at`, articles aside: "clear the downtime".
fn side_by_side(said: &[String], at: usize, stems: &[String]) -> Option<Vec<usize>> {
    let mut places = Vec::with_capacity(stems.len());
    let mut next = at + 1;
    for stem in stems {
        while said.get(next).is_some_and(|word| word != stem && is_determiner(word)) {
            next += 1;
        }
        if said.get(next) != Some(stem) {
            return None;
        }
        places.push(next);
        next += 1;
    }
    Some(places)
}

/// The stems stand here in order, with at most two other words between neighbours.
fn follows(said: &[String], at: usize, stems: &[String]) -> bool {
    let mut here = at;
    for wanted in &stems[1..] {
        let window = &said[(here + 1).min(said.len())..(here + 4).min(said.len())];
        let Some(found) = window.iter().position(|word| word == wanted) else { return false };
        here += 1 + found;
    }
    true
}

fn alias_hits(said: &[String], at: usize, index: &Index) -> Vec<(usize, f64)> {
    let phrases = index.aliases.get(&said[at]).map_or(&[][..], Vec::as_slice);
    let hits = phrases.iter().filter(|phrase| follows(said, at, &phrase.stems));
    #[expect(clippy::cast_precision_loss, reason = "an alias has a few words")]
    hits.map(|phrase| (phrase.operation, 1.0 + 1.5 * phrase.stems.len() as f64)).collect()
}

/// Operations that hold every stem of the set, with the sum of weight times rarity, damped by the size of the set.
fn all_of(stems: &[String], index: &Index) -> Vec<(usize, f64)> {
    let Some((first, rest)) = stems.split_first() else { return Vec::new() };
    let Some(postings) = index.postings.get(first) else { return Vec::new() };
    let rarity = index.rarity(first);
    let mut found: Vec<(usize, f64)> = postings.iter().map(|(operation, weight)| (*operation, weight * rarity)).collect();
    for stem in rest {
        let rarity = index.rarity(stem);
        let Some(postings) = index.postings.get(stem) else { return Vec::new() };
        found.retain_mut(|(operation, total)| match postings.binary_search_by_key(operation, |(known, _)| *known) {
            Ok(at) => {
                *total += postings[at].1 * rarity * 0.6;
                true
            }
            Err(_) => false,
        });
    }
    found
}
