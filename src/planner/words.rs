//! Function words and word forms: the closed part of English that a clause is built of.
//!
//! Words that name operations are not here: they stand in manifests and in `words.toml`.

/// Said without meaning anything by themselves.
const FUNCTION: &[&str] = &[
    "a",
    "about",
    "all",
    "also",
    "am",
    "an",
    "and",
    "any",
    "anyone",
    "are",
    "as",
    "at",
    "be",
    "been",
    "both",
    "but",
    "by",
    "can",
    "could",
    "current",
    "currently",
    "did",
    "do",
    "does",
    "each",
    "ensure",
    "every",
    "for",
    "from",
    "had",
    "has",
    "have",
    "hey",
    "hi",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "just",
    "kindly",
    "last",
    "latest",
    "let",
    "make",
    "many",
    "may",
    "me",
    "much",
    "my",
    "need",
    "needs",
    "new",
    "now",
    "of",
    "ok",
    "okay",
    "on",
    "onto",
    "or",
    "our",
    "over",
    "please",
    "pls",
    "quickly",
    "recent",
    "right",
    "should",
    "so",
    "some",
    "still",
    "sure",
    "than",
    "thanks",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "to",
    "too",
    "us",
    "via",
    "want",
    "was",
    "we",
    "were",
    "what",
    "whats",
    "hows",
    "wheres",
    "when",
    "whether",
    "which",
    "while",
    "who",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
    "again",
    "first",
    "after",
    "before",
    "once",
    "until",
    "same",
    "time",
    "not",
    "dont",
    "don't",
    "it's",
    "i'd",
    "like",
    "see",
    "others",
    "other",
    "up",
    "out",
    "back",
    "off",
    "down",
    "through",
    "using",
    "saying",
    "previous",
    "older",
    "given",
    "go",
    "goes",
    "get",
    "gets",
    "got",
    "where",
    "since",
    "ago",
    "named",
    "called",
    "i'm",
    "we're",
    "lets",
    "everything",
    "something",
    "anything",
    "here",
    "case",
    "no",
    "yes",
    "only",
    "per",
    "if",
    "it,",
    "been",
    "being",
    "very",
    "really",
    "today",
    "yesterday",
    "tonight",
    "tomorrow",
    "night",
    "against",
    "between",
    "long",
    "any",
    "ones",
    "one",
    "containing",
    "matching",
    "somebody",
    "someone",
    "anybody",
    "thing",
    "things",
    "stuff",
    "must",
    "he",
    "him",
    "his",
    "her",
    "hers",
    "she",
    "comes",
    "come",
    "came",
    "coming",
    "thx",
    "tnx",
    "ty",
    "cheers",
    "yet",
    "already",
    "ever",
    "whose",
    "during",
    "folks",
    "asap",
    "soon",
    "gimme",
    "maybe",
    "actually",
    "also",
    "shall",
    "might",
    "therefore",
    "perhaps",
    "simply",
    "immediately",
    "directly",
    "fully",
    "completely",
    "entirely",
    "permanently",
    "successfully",
    "correctly",
    "properly",
    "normally",
    "recently",
    "exactly",
    "possibly",
    "probably",
    "urgently",
    "promptly",
    "basically",
    "hopefully",
    "definitely",
    "clearly",
    "indeed",
    "straight",
    "happened",
    "happens",
    "happening",
    "away",
    "instead",
    "rather",
    "nothing",
];

/// Particles that carry meaning next to a verb, though they are function words alone.
const PARTICLES: &[&str] = &["up", "out", "back", "off", "down", "over", "again"];

pub const PREPOSITIONS: &[&str] = &[
    "on", "at", "in", "of", "for", "to", "from", "with", "by", "as", "into", "onto", "via", "about", "against", "saying", "since", "than",
];

pub const DETERMINERS: &[&str] = &[
    "the", "a", "an", "my", "our", "its", "their", "this", "that", "these", "those", "his", "her", "your", "all", "every", "each", "both",
    "any", "some",
];

pub fn function_words() -> impl Iterator<Item = &'static str> {
    FUNCTION.iter().copied()
}

pub fn is_function(low: &str) -> bool {
    FUNCTION.contains(&low) || low.chars().count() == 1
}

pub fn is_particle(low: &str) -> bool {
    PARTICLES.contains(&low)
}

pub fn is_preposition(low: &str) -> bool {
    PREPOSITIONS.contains(&low)
}

pub fn is_determiner(low: &str) -> bool {
    DETERMINERS.contains(&low)
}

/// A light stem: plurals, `-ing`, `-ed` and a final `e` go; both sides are stemmed, so it need not be a word.
pub fn stem(low: &str) -> String {
    if !low.is_ascii() || low.len() < 4 || low.bytes().any(|byte| byte.is_ascii_digit()) {
        return low.to_owned();
    }
    let mut word = low.to_owned();
    if let Some(base) = word.strip_suffix("ies").filter(|base| base.len() >= 3) {
        word = format!("{base}y");
    } else if let Some(base) = word.strip_suffix("ied").filter(|base| base.len() >= 3) {
        return format!("{base}y");
    } else if ["sses", "ches", "shes", "xes", "zes"].iter().any(|end| word.ends_with(end)) {
        word.truncate(word.len() - 2);
    } else if word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end)) {
        word.truncate(word.len() - 1);
    }
    // "rotation" is what rotates; "renewal" what renews.
    if word.len() >= 8 && word.ends_with("ation") {
        word.truncate(word.len() - 3);
        return word;
    }
    if matches!(word.as_str(), "renewal" | "removal") {
        word.truncate(word.len() - 2);
        return word.trim_end_matches('e').to_owned();
    }
    for ending in ["ing", "ed"] {
        if let Some(base) = word.strip_suffix(ending).filter(|base| base.len() >= 3 && base.bytes().any(|byte| b"aeiouy".contains(&byte))) {
            word = undouble(base).to_string();
            break;
        }
    }
    match word.strip_suffix('e').filter(|base| base.len() >= 3) {
        Some(base) => base.to_owned(),
        None => word,
    }
}

fn undouble(base: &str) -> &str {
    let bytes = base.as_bytes();
    let doubled = bytes.len() > 3 && bytes[bytes.len() - 1] == bytes[bytes.len() - 2] && !b"lsz".contains(&bytes[bytes.len() - 1]);
    if doubled { &base[..base.len() - 1] } else { base }
}

/// Words of an identifier or a sentence, stemmed.
pub fn stems(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    parts.map(|part| stem(&part.to_lowercase())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_word_meet() {
        for forms in [
            &["restart", "restarts", "restarting", "restarted"][..],
            &["rotate", "rotating", "rotates"],
            &["tag", "tags", "tagged", "tagging"],
            &["dependency", "dependencies"],
            &["process", "processes"],
            &["silence", "silencing", "silenced"],
            &["patch", "patches", "patching"],
            &["rotate", "rotation"],
            &["renew", "renewal"],
            &["remove", "removal"],
        ] {
            for form in forms {
                assert_eq!(stem(form), stem(forms[0]), "{form}");
            }
        }
    }
}
