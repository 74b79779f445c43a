//! The verb by which an operation is led, read from its name, summary and aliases, and the words that mean its opposite.
//!
//! A catalogue that no one has written words for still says by itself which of its words are verbs.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::model::catalogue::{EffectClass, Operation};

use super::words::{is_function, stem};

/// Verbs that the names and summaries of a catalogue bring along.
///
/// What changes something is summed up by an order ("Grant a user access"), so its first word is a verb.
/// The first word of its name is one too, unless it names a thing: `lb_drain`, `status_page`.
pub fn verbs(operations: &[Arc<Operation>], known: &[String]) -> BTreeSet<String> {
    let is_known = |word: &str| known.iter().any(|verb| verb == word);
    let things: BTreeSet<&str> = operations
        .iter()
        .flat_map(|operation| {
            let last = operation.verb().split('_').skip(1).last();
            operation.params.iter().map(|param| param.name.as_str()).chain(last).chain([operation.service()])
        })
        .collect();
    let mut found = BTreeSet::new();
    for operation in operations.iter().filter(|operation| operation.effect != EffectClass::Read) {
        let summary = first_word(&operation.summary);
        if summary.len() > 2 && summary.chars().all(|c| c.is_ascii_lowercase()) && !is_function(&summary) {
            found.insert(summary.clone());
        }
        let mut parts = operation.verb().split('_');
        let (first, last) = (parts.next().unwrap_or_default(), parts.next_back());
        let verb_last = last.is_some_and(is_known);
        if first.len() > 2 && (stem(first) == stem(&summary) || (!verb_last && !things.contains(first))) {
            found.insert(first.to_owned());
        }
    }
    found
}

/// Stems of the verbs that lead an operation; of "turn ... off" it is "turn-off".
pub fn leads(operation: &Operation, verbs: &BTreeSet<String>) -> BTreeSet<String> {
    let parts: Vec<&str> = operation.verb().split('_').collect();
    let (first, last) = (parts[0], parts[parts.len() - 1]);
    let mut found = BTreeSet::new();
    if verbs.contains(first) || parts.len() == 1 {
        found.insert(stem(first));
    }
    if !verbs.contains(first) || parts.len() == 1 {
        found.insert(stem(last));
    }
    // "take_snapshot" is what "snapshot x" asks for.
    if operation.effect != EffectClass::Read
        && parts.len() > 1
        && matches!(first, "take" | "run" | "make" | "do" | "perform" | "execute")
        && verbs.contains(last)
    {
        found.insert(stem(last));
    }
    // "set_rollout" is what "roll x out to 10 percent" asks for.
    if operation.effect != EffectClass::Read
        && parts.len() == 2
        && first == "set"
        && ["out", "over", "back", "down", "off"].iter().any(|end| last.ends_with(end))
    {
        found.insert(stem(last));
    }
    found.insert(stem(&first_word(&operation.summary)));
    found.extend(operation.aliases.iter().map(|alias| first_word(alias)).filter(|word| verbs.contains(word)).map(|word| stem(&word)));
    let words: Vec<String> = operation.summary.split_whitespace().map(str::to_lowercase).collect();
    if words.first().is_some_and(|word| matches!(word.as_str(), "turn" | "switch" | "power")) {
        let particle = words.iter().map(|word| word.trim_end_matches('.')).find(|word| matches!(*word, "on" | "off"));
        found.extend(particle.map(|particle| format!("turn-{particle}")));
    }
    found
}

/// Stems that say the opposite of what the operation does, and nothing that it does itself.
pub fn opposites(operation: &Operation, leads: &BTreeSet<String>, pairs: &[(String, String)]) -> BTreeSet<String> {
    if operation.effect == EffectClass::Read {
        return BTreeSet::new();
    }
    let has = |word: &str| leads.contains(&stem(word));
    let mut found = BTreeSet::new();
    for (one, other) in pairs {
        if has(one) {
            found.insert(stem(other));
        }
        if has(other) {
            found.insert(stem(one));
        }
    }
    found.retain(|word| !leads.contains(word));
    found
}

fn first_word(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}
