//! Catalogue -> weighted words of every operation, ready to be compared with a clause.
//!
//! Name and aliases weigh most, then nouns, summary, examples and parameter names (BM25-like, by rarity).
//! A word that nobody knows is compared by letter triples, so typos still find their operation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use crate::model::catalogue::{Catalogue, Operation};

use super::account::Bounds;
use super::lead;
use super::near::distance;
use super::segment::{closed_words as outcome_words, connectives};
use super::token::{Kind, Token};
use super::words::{is_determiner, is_function, is_particle, stem, stems};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsFile {
    verbs: Vec<String>,
    looks: Vec<String>,
    light: Vec<String>,
    carriers: Vec<String>,
    states: Vec<String>,
    opposites: Vec<(String, String)>,
    measures: Vec<String>,
    machines: Vec<String>,
    groups: BTreeMap<String, String>,
    short: BTreeMap<String, String>,
    past: BTreeMap<String, String>,
    /// What it bounds -> words and phrases.
    bounds: BTreeMap<String, Vec<String>>,
    say: Vec<Say>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    words: Vec<String>,
    like: Vec<String>,
}

/// The parameter of a list for what it leaves out.
pub const EXCEPT: &str = "except";

/// Shortest word that is looked at for typos, and shortest that may be off by any letter.
const TYPO: usize = 4;
const LONG: usize = 5;

/// Size of the catalogue for which words and values are weighed against each other.
const USUAL: f64 = 54.0;

/// Weight of a word of an example.
const EXAMPLE: f64 = 0.3;

/// Read once; part of the program, so it is sound for certain.
static WORDS: LazyLock<WordsFile> =
    LazyLock::new(|| toml::from_str(include_str!("words.toml")).expect("words.toml is part of the program and read by every test"));

/// A noun that means a machine: box, server, host.
pub fn is_machine(low: &str) -> bool {
    WORDS.machines.iter().any(|known| known == low)
}

/// Stems of what is said, and the sets of stems that it is like.
pub type Said = (Vec<String>, Vec<Vec<String>>);

/// A phrase of a manifest: its stems and the operation that it names.
#[derive(Clone, Debug)]
pub struct Phrase {
    pub stems: Vec<String>,
    pub operation: usize,
}

#[derive(Clone, Debug)]
pub struct Index {
    pub operations: Vec<Arc<Operation>>,
    /// Stem -> (operation, weight).
    pub postings: BTreeMap<String, Vec<(usize, f64)>>,
    pub verbs: BTreeSet<String>,
    pub looks: BTreeSet<String>,
    pub light: BTreeSet<String>,
    pub machines: BTreeSet<String>,
    pub groups: BTreeMap<String, String>,
    /// First stem of what is said -> (all its stems, what it is like).
    pub says: BTreeMap<String, Vec<Said>>,
    pub aliases: BTreeMap<String, Vec<Phrase>>,
    /// Stem of an alias of one word, which by itself orders the operation.
    orders: BTreeMap<String, BTreeSet<usize>>,
    /// Stem of the verb by which an operation is led: of its name, its summary or an alias.
    leads: BTreeMap<String, BTreeSet<usize>>,
    /// Stems whose opposite an operation is led by, so that it never stands for them.
    against: Vec<BTreeSet<String>>,
    /// Words of the catalogue and of `words.toml` as they are written, to find typos by.
    vocabulary: BTreeSet<String>,
    /// Words without their vowels, as they are typed in a hurry -> the one word that it is, if it is one.
    skeletons: BTreeMap<String, Option<String>>,
    /// Letter triples of every known stem of four letters and more, sorted.
    shapes: Vec<(String, Vec<[char; 3]>)>,
}

impl Index {
    pub fn of(catalogue: &Catalogue) -> Self {
        let operations: Vec<Arc<Operation>> = catalogue.iter().cloned().collect();
        let mut index = Self {
            operations,
            postings: BTreeMap::new(),
            verbs: WORDS.verbs.iter().cloned().collect(),
            looks: WORDS.looks.iter().cloned().collect(),
            light: WORDS.light.iter().cloned().collect(),
            machines: WORDS.machines.iter().cloned().collect(),
            groups: BTreeMap::new(),
            says: BTreeMap::new(),
            aliases: BTreeMap::new(),
            orders: BTreeMap::new(),
            leads: BTreeMap::new(),
            against: Vec::new(),
            vocabulary: BTreeSet::new(),
            skeletons: BTreeMap::new(),
            shapes: Vec::new(),
        };
        // A group can only be named where something lists its machines.
        let lists = |operation: &Arc<Operation>| operation.output.as_ref().is_some_and(|output| output.kind == "HostList");
        if index.operations.iter().any(|operation| lists(operation) && operation.param("group").is_some()) {
            index.groups.clone_from(&WORDS.groups);
        }
        index.verbs.extend(lead::verbs(&index.operations, &WORDS.verbs));
        let nouns: BTreeSet<String> =
            index.operations.iter().flat_map(|operation| operation.nouns.iter().flat_map(|noun| stems(noun))).collect();
        for at in 0..index.operations.len() {
            index.add(at, &nouns);
        }
        index.shapes = index.postings.keys().filter(|stem| stem.len() >= 4).map(|stem| (stem.clone(), triples(stem))).collect();
        for say in &WORDS.say {
            index.add_say(say);
        }
        index.learn_words();
        index
    }

    fn add(&mut self, at: usize, nouns: &BTreeSet<String>) {
        let operation = Arc::clone(&self.operations[at]);
        let (looks, light) = (&self.looks, &self.light);
        let mut weights: BTreeMap<String, f64> = BTreeMap::new();
        let mut put = |text: &str, weight: f64| {
            for stem in content_stems(text) {
                let known = weights.entry(stem).or_insert(0.0);
                *known = known.max(weight);
            }
        };
        let name: Vec<&str> = operation.verb().split('_').collect();
        for word in &name {
            // "find" of "find_owner" says little without the owner.
            let little = name.len() > 1 && (looks.contains(*word) || light.contains(*word));
            put(word, if little { 0.8 } else { 2.0 });
        }
        // "queue.purge": the service is what is purged.
        put(operation.service(), if name.len() == 1 { 1.2 } else { 0.4 });
        put(&operation.summary, 1.2);
        operation.aliases.iter().for_each(|alias| put(alias, 1.8));
        operation.nouns.iter().for_each(|noun| put(noun, 1.5));
        operation.examples.iter().for_each(|example| put(example, EXAMPLE));
        operation.params.iter().for_each(|param| put(&param.name, if param.required { 0.6 } else { 0.4 }));
        if let Some(output) = &operation.output {
            put(&output.name, 0.4);
        }
        for (stem, weight) in weights {
            self.postings.entry(stem).or_default().push((at, weight));
        }
        for word in operation.aliases.iter().filter(|word| !word.contains([' ', '-'])) {
            self.orders.entry(stem(&word.to_lowercase())).or_default().insert(at);
        }
        for alias in &operation.aliases {
            let first = alias.split_whitespace().next().unwrap_or_default().to_lowercase();
            if !nouns.contains(&stem(&first)) && !is_function(&first) {
                self.verbs.insert(first);
            }
            let stems: Vec<String> = stems(alias);
            if let Some(first) = stems.first() {
                self.aliases.entry(first.clone()).or_default().push(Phrase { stems: stems.clone(), operation: at });
            }
        }
        let leads = lead::leads(&operation, &self.verbs);
        self.against.push(lead::opposites(&operation, &leads, &WORDS.opposites));
        for lead in leads {
            self.leads.entry(lead).or_default().insert(at);
        }
    }

    fn learn_words(&mut self) {
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
            let mut found = near().filter(fits);
            let first = found.next()?;
            found.all(|other| stem(other) == stem(first)).then_some(first.as_str())
        };
        let long = |known: &&String| (low.len() >= LONG || (low.len() + 1 == known.len() && low.len() + 1 >= LONG)) && is_slip(low, known);
        only(&|known| is_swap(low, known)).or_else(|| only(&long))
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

    /// Kept only where one of the likened words means something in this catalogue.
    fn add_say(&mut self, say: &Say) {
        let like: Vec<Vec<String>> =
            say.like.iter().map(|text| stems(text)).filter(|stems| stems.iter().all(|stem| self.postings.contains_key(stem))).collect();
        if like.is_empty() {
            return;
        }
        for words in &say.words {
            let stems = stems(words);
            if let Some(first) = stems.first() {
                self.says.entry(first.clone()).or_default().push((stems.clone(), like.clone()));
            }
        }
    }

    pub fn knows(&self, stem: &str) -> bool {
        // What only examples hold are names.
        let means = |postings: &Vec<(usize, f64)>| postings.iter().any(|(_, weight)| *weight > EXAMPLE);
        self.postings.get(stem).is_some_and(means) || self.says.get(stem).is_some_and(|says| says.iter().any(|(stems, _)| stems.len() == 1))
    }

    /// A base form or `-ing`/`-ed` form of a verb that can open a clause.
    pub fn is_verb(&self, low: &str) -> bool {
        if self.verbs.contains(low) {
            return true;
        }
        let inflected = low.ends_with("ing") || low.ends_with("ed");
        inflected && self.verbs.iter().any(|verb| stem(verb) == stem(low))
    }

    /// A verb of looking, "checking" too.
    pub fn is_look(&self, low: &str) -> bool {
        let base = low.strip_suffix("ing").unwrap_or(low);
        self.looks.contains(low) || base.len() > 3 && self.looks.contains(base)
    }

    /// This word alone is an alias of the operation.
    pub fn is_alias(&self, stem: &str, operation: usize) -> bool {
        self.orders.get(stem).is_some_and(|known| known.contains(&operation))
    }

    /// Operations that are led by this verb.
    pub fn led_by(&self, stem: &str) -> Option<&BTreeSet<usize>> {
        self.leads.get(stem)
    }

    /// The operation does the opposite of what this word says.
    pub fn is_against(&self, stem: &str, operation: usize) -> bool {
        self.against.get(operation).is_some_and(|against| against.contains(stem))
    }

    /// What a short form stands for, where the catalogue does not know the form itself.
    pub fn spelt_out(&self, low: &str) -> Option<&str> {
        let known = self.postings.contains_key(&stem(low)) || self.verbs.contains(low);
        let written = || WORDS.short.get(low).or_else(|| WORDS.past.get(low)).map(String::as_str);
        let bare = || self.skeletons.get(low).and_then(Option::as_deref);
        if known { None } else { written().or_else(bare) }
    }

    /// "brought", "taken": a past form, as "ed" makes one.
    pub fn is_past(low: &str) -> bool {
        low.ends_with("ed") || WORDS.past.contains_key(low)
    }

    /// Says how something is, not what to do.
    pub fn is_state(stem_said: &str) -> bool {
        WORDS.states.iter().any(|state| stem(state) == stem_said)
    }

    /// Said by itself, the word is like this operation.
    pub fn is_like(&self, stem: &str, name: &str) -> bool {
        let holds = |stem: &String| {
            let held = self.postings.get(stem).map_or(&[][..], Vec::as_slice);
            held.iter().any(|(operation, _)| self.operations[*operation].name == name)
        };
        let says = self.says.get(stem).map_or(&[][..], Vec::as_slice);
        says.iter().any(|(said, like)| said.len() == 1 && like.iter().any(|set| set.iter().all(holds)))
    }

    /// Said by itself, the word is like a verb that leads an operation.
    pub fn is_like_lead(&self, stem: &str) -> bool {
        let says = self.says.get(stem).map_or(&[][..], Vec::as_slice);
        says.iter().any(|(said, like)| said.len() == 1 && like.iter().any(|set| set.iter().any(|one| self.leads.contains_key(one))))
    }

    /// A verb that may stand before any read: "run a check", "collect the logs".
    pub fn is_carrier(low: &str) -> bool {
        WORDS.carriers.iter().any(|known| known == low)
    }

    /// Words that are a phrase of a manifest or of `words.toml`.
    pub fn is_phrase(&self, stems: &[String]) -> bool {
        let Some(first) = stems.first() else { return false };
        let said = self.says.get(first).is_some_and(|says| says.iter().any(|(said, _)| said == stems));
        said || self.aliases.get(first).is_some_and(|aliases| aliases.iter().any(|alias| alias.stems == stems))
    }

    /// Some operation has a parameter of this name.
    pub fn is_param(&self, low: &str) -> bool {
        self.operations.iter().any(|operation| operation.params.iter().any(|param| stems(&param.name).contains(&stem(low))))
    }

    /// Words that name operations, not only their parameters.
    pub fn names_work(&self, low: &str) -> bool {
        let heavy = self.postings.get(&stem(low)).is_some_and(|postings| postings.iter().any(|(_, weight)| *weight >= 1.2));
        (heavy || self.says.get(&stem(low)).is_some_and(|says| says.iter().any(|(stems, _)| stems.len() == 1)))
            && !self.is_param(low)
            && !self.is_machine(low)
    }

    /// No word of the catalogue, of a machine or of how things are.
    pub fn is_strange(&self, low: &str) -> bool {
        !self.is_machine(low) && !Self::is_state(&stem(low)) && super::grammar::environment(low).is_none()
    }

    /// This word alone bounds an order.
    pub fn is_bound(low: &str) -> bool {
        WORDS.bounds.values().flatten().any(|phrase| phrase == low)
    }

    /// Something that is measured, and the name of nothing.
    pub fn is_measure(low: &str) -> bool {
        WORDS.measures.iter().any(|word| word == low)
    }

    /// Lists of hosts can leave some out.
    pub fn takes_exceptions(&self) -> bool {
        self.operations.iter().any(|one| one.param(EXCEPT).is_some() && one.output.as_ref().is_some_and(|output| output.kind == "HostList"))
    }

    /// Phrases that begin with this word and bound an order.
    pub fn bounds_from(first: &str) -> impl Iterator<Item = (&'static str, Bounds)> {
        let all = WORDS.bounds.iter().filter_map(|(name, phrases)| Some((Bounds::parse(name)?, phrases)));
        let begins = move |phrase: &&String| phrase.split(' ').next() == Some(first);
        all.flat_map(move |(bounds, phrases)| phrases.iter().filter(begins).map(move |phrase| (phrase.as_str(), bounds)))
    }

    pub fn is_machine(&self, low: &str) -> bool {
        self.machines.contains(low)
    }

    /// Where the verb of a clause stands: before every value, and not behind "the" or "x's", which make a noun of it.
    pub fn verb_place(&self, tokens: &[Token]) -> Option<usize> {
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
        (0..before).find(|at| self.is_verb(&tokens[*at].low) && !noun(*at) && !states(*at))
    }

    /// How much a word tells apart: ln(1 + N / n).
    pub fn rarity(&self, stem: &str) -> f64 {
        let known = self.postings.get(stem).map_or(0, Vec::len);
        #[expect(clippy::cast_precision_loss, reason = "a catalogue has at most some thousand operations")]
        let (all, known) = (self.operations.len() as f64, known as f64 + 0.5);
        // In a large catalogue words would outweigh values: the rarest word counts there as in one of fifty operations.
        let scale = if all > USUAL { (1.0 + USUAL).ln() / (1.0 + all).ln() } else { 1.0 };
        scale * (1.0 + all / known).ln()
    }

    /// The known stem most alike by letter triples or by one slip of the keys, and how alike (0 to 1).
    pub fn alike(&self, word: &str) -> Option<(&str, f64)> {
        if word.len() < 4 {
            return None;
        }
        let wanted = triples(word);
        let mut best: Option<(&str, f64)> = None;
        for (known, shape) in self.shapes.iter().filter(|(known, _)| known.len().abs_diff(word.len()) <= 2) {
            let shared = wanted.iter().filter(|triple| shape.binary_search(triple).is_ok()).count();
            #[expect(clippy::cast_precision_loss, reason = "a word has a few triples")]
            let share = 2.0 * shared as f64 / (wanted.len() + shape.len()) as f64;
            let score = if (0.3..0.8).contains(&share) && is_slip(word, known) { 0.8 } else { share };
            if score >= 0.55 && best.is_none_or(|(_, found)| score > found) {
                best = Some((known, score));
            }
        }
        best
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
        "everything",
        "anything",
        "something",
        "could",
        "would",
        "available",
        "remaining",
    ];
    super::words::function_words().chain(outcome_words()).chain(connectives()).chain(spans)
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
    matches!(pairs[..], [a, b] if typed.len() == known.len() && b == a + 1 && typed[a] == known[b] && typed[b] == known[a])
}

/// One letter more, less, other, or two swapped.
fn is_slip(typed: &str, known: &str) -> bool {
    let near = typed.len().abs_diff(known.len()) <= 1 && typed.len().max(known.len()) >= 5;
    near && distance(&typed.chars().collect::<Vec<_>>(), &known.chars().collect::<Vec<_>>()) <= 1
}

/// Particles count, other function words do not.
fn content_stems(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty()).map(str::to_lowercase);
    // "kept" is a form of "keep" in a summary too.
    let plain = |word: String| WORDS.short.get(&word).filter(|_| word.len() > 3).or_else(|| WORDS.past.get(&word)).cloned().unwrap_or(word);
    parts.map(plain).filter(|word| !is_function(word) || is_particle(word)).map(|word| stem(&word)).collect()
}

fn triples(word: &str) -> Vec<[char; 3]> {
    let padded: Vec<char> = std::iter::once('^').chain(word.chars()).chain(std::iter::once('$')).collect();
    let mut triples: Vec<[char; 3]> = padded.windows(3).map(|window| [window[0], window[1], window[2]]).collect();
    triples.sort_unstable();
    triples
}
