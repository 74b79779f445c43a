//! Catalogue -> weighted words of every operation, ready to be compared with a clause.
//!
//! Name and aliases weigh most, then nouns, summary, examples and parameter names (BM25-like, by rarity).
//! A word that nobody knows is compared by letter triples, so typos still find their operation.

mod clause;
mod typo;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use crate::model::catalogue::{Catalogue, Operation};

use super::bounds::Bounds;
use super::lead;
use super::words::{is_function, is_particle, stem, stems};
use typo::is_slip;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsFile {
    verbs: Vec<String>,
    looks: Vec<String>,
    light: Vec<String>,
    changing: Vec<String>,
    carriers: Vec<String>,
    states: Vec<String>,
    opposites: Vec<(String, String)>,
    measures: Vec<String>,
    elsewhere: Vec<String>,
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
    /// Stems of the verbs, and of the words in the names of parameters.
    verb_stems: BTreeSet<String>,
    param_stems: BTreeSet<String>,
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
            verb_stems: BTreeSet::new(),
            param_stems: BTreeSet::new(),
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
        index.part_nouns();
        index.shapes = index.postings.keys().filter(|stem| stem.len() >= 4).map(|stem| (stem.clone(), triples(stem))).collect();
        for say in &WORDS.say {
            index.add_say(say);
        }
        index.verb_stems = index.verbs.iter().map(|verb| stem(verb)).collect();
        let params = index.operations.iter().flat_map(|operation| &operation.params);
        index.param_stems = params.flat_map(|param| stems(&param.name)).collect();
        index.learn_words();
        index
    }

    /// Beside `notify.page` the page of `notify.status_page` is a thing.
    fn part_nouns(&mut self) {
        let called: BTreeSet<String> =
            self.operations.iter().filter(|operation| !operation.verb().contains('_')).map(|operation| stem(operation.verb())).collect();
        for (at, operation) in self.operations.iter().enumerate() {
            let Some((_, last)) = operation.verb().rsplit_once('_') else { continue };
            let last = stem(last);
            let says = stems(&operation.summary).first() == Some(&last);
            if called.contains(&last)
                && !says
                && let Some(led) = self.leads.get_mut(&last)
            {
                led.remove(&at);
            }
        }
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
            let Some(first) = stems.first() else { continue };
            let known = self.aliases.entry(first.clone()).or_default();
            // "logged in" and "who logged in" say the same once.
            if !known.iter().any(|phrase| phrase.operation == at && phrase.stems == stems) {
                known.push(Phrase { stems, operation: at });
            }
        }
        let leads = lead::leads(&operation, &self.verbs);
        self.against.push(lead::opposites(&operation, &leads, &WORDS.opposites));
        for lead in leads {
            self.leads.entry(lead).or_default().insert(at);
        }
    }

    /// Kept only where one of the likened words means something in this catalogue.
    fn add_say(&mut self, say: &Say) {
        let like: Vec<Vec<String>> =
            say.like.iter().map(|text| stems(text)).filter(|stems| stems.iter().all(|stem| self.postings.contains_key(stem))).collect();
        if like.is_empty() {
            return;
        }
        for words in &say.words {
            let stems: Vec<String> = stems(words).into_iter().filter(|stem| !matches!(stem.as_str(), "a" | "an" | "the")).collect();
            if let Some(first) = stems.first() {
                self.says.entry(first.clone()).or_default().push((stems.clone(), like.clone()));
            }
        }
    }

    pub fn is_change(low: &str) -> bool {
        WORDS.changing.iter().any(|verb| verb == low)
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
        inflected && self.verb_stems.contains(&stem(low))
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
        self.param_stems.contains(&stem(low))
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

    /// A matter of everyday life, and none of operations.
    pub fn is_elsewhere(low: &str) -> bool {
        let bare = low.strip_suffix("es").unwrap_or(low);
        WORDS
            .elsewhere
            .iter()
            .any(|word| word == low || word == bare || low.strip_suffix('s') == Some(word) || low.len() > 6 && is_slip(low, word))
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
