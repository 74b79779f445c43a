//! Words as they are typed in a hurry -> the one word of the catalogue or of English that each can be.
//!
//! Where two words fit, none is taken: a name is not to become another.

use std::collections::BTreeSet;

use crate::planner::grammar;
use crate::planner::near::distance;
use crate::planner::segment::{closed_words as outcome_words, connectives};
use crate::planner::words::{function_words, is_function, is_particle, stem};

use super::{Index, WORDS};

/// Shortest word that is looked at for typos, and shortest that may be off by any letter.
const TYPO: usize = 4;
const LONG: usize = 5;

impl Index {
    pub(super) fn learn_words(&mut self) {
        let mut words: BTreeSet<String> = BTreeSet::new();
        let mut put = |text: &str| {
            let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| part.len() >= TYPO);
            words.extend(parts.map(str::to_lowercase));
        };
        for operation in &self.operations {
            put(&operation.name);
            put(&operation.summary);
            operation.aliases.iter().chain(&operation.nouns).for_each(|text| put(text));
            operation.params.iter().for_each(|param| put(&param.name));
        }
        WORDS.say.iter().flat_map(|say| &say.words).chain(WORDS.groups.keys()).for_each(|text| put(text));
        words.extend(closed_words().filter(|word| word.len() >= TYPO).map(str::to_owned));
        let mut put = |text: &str| {
            let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| part.len() >= TYPO);
            words.extend(parts.map(str::to_lowercase));
        };
        WORDS.looks.iter().chain(&WORDS.carriers).chain(&WORDS.machines).for_each(|text| put(text));
        // "except" is never a slip of "expect": what bounds an order stays what it is.
        WORDS.bounds.values().flatten().chain(&WORDS.states).for_each(|text| put(text));
        for verb in &self.verbs {
            put(verb);
            put(&format!("{}ing", verb.trim_end_matches('e')));
        }
        for word in words.iter().filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())) {
            let bare = skeleton(word);
            if bare.len() >= 3 && bare.len() < word.len() {
                let known = self.skeletons.entry(bare).or_insert_with(|| Some(word.clone()));
                if known.as_ref().is_some_and(|known| stem(known) != stem(word)) {
                    *known = None;
                }
            }
        }
        self.vocabulary = words;
    }

    /// What a short form stands for, where the catalogue does not know the form itself.
    pub fn spelt_out(&self, low: &str) -> Option<&str> {
        let known = self.postings.contains_key(&stem(low)) || self.verbs.contains(low);
        // "repl" is the replication of one catalogue and the replicas of another.
        let means = |word: &&String| self.knows(&stem(word)) || self.lengthened(low).is_none();
        let written = || WORDS.short.get(low).filter(means).or_else(|| WORDS.past.get(low)).map(String::as_str);
        let many = || {
            WORDS
                .short
                .get(low.strip_suffix('s')?)
                .filter(|_| low.len() > 3)
                .and_then(|one| self.vocabulary.get(&format!("{one}s")))
                .map(String::as_str)
        };
        // Three letters are as often the name of something.
        let names = |word: &&str| low.len() > 3 || is_function(word) || is_particle(word);
        let bare = || self.skeletons.get(low).and_then(Option::as_deref).filter(names);
        if known { None } else { written().or_else(many).or_else(bare) }
    }

    /// "conn" for a connector, "val" for a value: the beginning of the one word of the catalogue that begins so.
    pub fn lengthened(&self, low: &str) -> Option<&str> {
        let plain = low.len() >= 3 && low.bytes().all(|byte| byte.is_ascii_lowercase());
        let known =
            self.knows(&stem(low)) || self.is_verb(low) || is_function(low) || self.is_machine(low) || self.vocabulary.contains(low);
        if !plain || known || self.groups.contains_key(low) || grammar::environment(low).is_some() {
            return None;
        }
        let only = |words: &mut dyn Iterator<Item = &str>| -> Option<String> {
            let found: BTreeSet<&str> = words.filter(|word| word.len() > low.len() + 1 && word.starts_with(low)).collect();
            let first = *found.first()?;
            found.iter().all(|other| stem(other) == stem(first)).then(|| first.to_owned())
        };
        let params = &mut self.operations.iter().flat_map(|operation| &operation.params).flat_map(|param| param.name.split('_'));
        let nouns = &mut self.operations.iter().flat_map(|operation| operation.verb().split('_').chain([operation.service()]));
        let word = only(params).or_else(|| if low.len() > 3 { only(nouns) } else { None })?;
        self.vocabulary.get(&word).map(String::as_str)
    }

    /// The one word that a typo most likely stands for: two letters swapped, or in a long word one more, less or other.
    pub fn spelt_right(&self, low: &str) -> Option<&str> {
        let strange = low.len() >= TYPO
            && low.bytes().all(|byte| byte.is_ascii_lowercase())
            && !is_function(low)
            && !self.is_verb(low)
            && !self.knows(&stem(low))
            && !self.is_machine(low)
            && !self.vocabulary.contains(low);
        if !strange {
            return None;
        }
        // "gateway" beside "gateways" is no typo.
        if self.vocabulary.contains(&format!("{low}s")) || low.strip_suffix('s').is_some_and(|one| self.vocabulary.contains(one)) {
            return None;
        }
        let near = || self.vocabulary.iter().filter(|known| known.len().abs_diff(low.len()) <= 1 && known[..1] == low[..1]);
        let only = |fits: &dyn Fn(&&String) -> bool| {
            // To look is harmless: of several words it is the one that may be guessed.
            let mut looks = near().filter(fits).filter(|known| self.looks.contains(*known));
            if let (Some(look), None) = (looks.next(), looks.next()) {
                return Some(look.as_str());
            }
            let mut found = near().filter(fits);
            let first = found.next()?;
            // "succeds": whichever it is, it says the same.
            let alike = |other: &String| stem(other) == stem(first) || [first, other].iter().all(|word| word.starts_with("succe"));
            found.all(alike).then_some(first.as_str())
        };
        let long = |known: &&String| (low.len() >= LONG || (low.len() + 1 == known.len() && low.len() + 1 >= LONG)) && is_slip(low, known);
        only(&|known| is_swap(low, known)).or_else(|| only(&long))
    }

    /// "2 minuts": behind a number a span of time is meant.
    pub fn span_alike(low: &str) -> Option<&'static str> {
        let known = ["second", "seconds", "minute", "minutes", "hour", "hours", "days", "week", "weeks", "month", "months"];
        known.into_iter().find(|span| low.len() > 3 && low != *span && (is_swap(low, span) || is_slip(low, span)))
    }

    /// The two words of a word in which a space was left out: one is a function word, both are known, and nothing else fits.
    pub fn glued<'a>(&self, low: &'a str) -> Option<(&'a str, &'a str)> {
        let means = |word: &str| word.len() > 2 && (self.vocabulary.contains(word) || self.is_verb(word) || self.is_machine(word));
        if low.len() < TYPO + 1
            || !low.bytes().all(|byte| byte.is_ascii_lowercase())
            || means(low)
            || self.knows(&stem(low))
            || is_function(low)
        {
            return None;
        }
        // "checkout", "online": words that end or begin like this are names.
        let mut fits = (2..low.len() - 1).map(|at| low.split_at(at)).filter(|(first, second)| {
            let plain = LEADING.contains(first) && (is_function(second) || means(second));
            plain || TRAILING.contains(second) && (is_function(first) || means(first))
        });
        fits.next().filter(|_| fits.next().is_none())
    }

    /// The verb that a mistyped word most likely is.
    pub fn verb_alike(&self, low: &str) -> Option<&str> {
        let unknown = low.len() >= 3
            && !is_function(low)
            && !self.is_verb(low)
            && !self.says.contains_key(&stem(low))
            && !self.knows(&stem(low))
            && !self.is_machine(low);
        if !unknown {
            return None;
        }
        let led = |verb: &&String| self.led_by(&stem(verb)).is_some() || self.says.contains_key(&stem(verb));
        let swaps = || self.verbs.iter().filter(|verb| is_swap(low, verb));
        let slips = || self.verbs.iter().filter(|verb| verb.len() >= 5 && low.len() >= 4 && is_slip(low, verb));
        let bare = || self.skeletons.get(low).and_then(Option::as_ref).filter(|word| self.verbs.contains(*word));
        if let Some(verb) = bare() {
            return Some(verb);
        }
        swaps().find(led).or_else(|| swaps().next()).or_else(|| slips().find(led)).or_else(|| slips().next()).map(String::as_str)
    }
}

/// Words of English that a typo can hide as well as a word of the catalogue.
fn closed_words() -> impl Iterator<Item = &'static str> {
    let spans = [
        "second",
        "seconds",
        "minute",
        "minutes",
        "hour",
        "hours",
        "days",
        "week",
        "weeks",
        "month",
        "months",
        "yesterday",
        "production",
        "staging",
        "development",
        "sandbox",
        "parallel",
        "otherwise",
        "simultaneously",
        "finally",
        "night",
        "nights",
        "hours",
        "morning",
        "today",
        "tonight",
        "ago",
        "older",
        "newer",
        "than",
        "rest",
        "remainder",
        "everything",
        "anything",
        "something",
        "could",
        "would",
        "available",
        "remaining",
    ];
    function_words().chain(outcome_words()).chain(connectives()).chain(spans)
}

/// Function words behind or before which a space is left out.
const LEADING: &[&str] = &["the", "and", "then", "on", "to", "for", "of", "is", "if", "with", "from", "please", "after", "before", "at"];
const TRAILING: &[&str] = &["the", "then", "and", "for", "with", "from", "after", "before"];

/// "block" is typed "blk", "message" "msg", "restart" "rstrt": vowels behind the first letter go, and of a doubled letter one.
fn skeleton(word: &str) -> String {
    let mut bare = String::with_capacity(word.len());
    for letter in word.replace("ck", "k").chars() {
        let vowel = matches!(letter, 'a' | 'e' | 'i' | 'o' | 'u') && !bare.is_empty();
        if !vowel && !bare.ends_with(letter) {
            bare.push(letter);
        }
    }
    bare
}

/// Two neighbours swapped, and nothing else.
fn is_swap(typed: &str, known: &str) -> bool {
    let pairs: Vec<usize> =
        typed.bytes().zip(known.bytes()).enumerate().filter(|(_, (one, other))| one != other).map(|(at, _)| at).collect();
    let (typed, known) = (typed.as_bytes(), known.as_bytes());
    // "detele": over one letter, in a word that is long enough.
    let near = |a: usize, b: usize| b == a + 1 || b == a + 2 && known.len() > LONG && a > 0;
    matches!(pairs[..], [a, b] if typed.len() == known.len() && near(a, b) && typed[a] == known[b] && typed[b] == known[a])
}

/// One letter more, less, other, or two swapped.
pub(super) fn is_slip(typed: &str, known: &str) -> bool {
    let near = typed.len().abs_diff(known.len()) <= 1 && typed.len().max(known.len()) >= 5;
    near && distance(&typed.chars().collect::<Vec<_>>(), &known.chars().collect::<Vec<_>>()) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::catalogue_file;

    #[test]
    fn what_bounds_an_order_is_never_read_as_another_word() {
        let text = "[[operation]]\nname = \"http.check\"\neffects = \"read\"\nsummary = \"Check that an address answers as expected\"\n\
             params = [{ name = \"expect_status\", type = \"int\", required = false }, { name = \"url\", type = \"url\", required = true }]\n";
        let index = Index::of(&catalogue_file::parse("x.toml", text).unwrap());
        let bounds = WORDS.bounds.values().flatten().flat_map(|phrase| phrase.split(' '));
        let mut words = 0;
        for word in bounds.chain(closed_words()).chain(WORDS.states.iter().map(String::as_str)) {
            assert_eq!(index.spelt_right(word), None, "{word}");
            assert_eq!(index.lengthened(word), None, "{word}");
            words += 1;
        }
        assert!(words > 300, "{words}");
        assert_eq!(index.spelt_right("exepct"), Some("expect"));
    }
}
