//! Connectives of English: what the words between clauses say of their order.

use crate::planner::token::Token;
use crate::planner::words::{is_function, is_particle};

/// Phrases that say how things hang together, longest first where they share a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Then,
    Together,
    /// Said behind a list, of the whole list.
    AllTogether,
    /// One after the other.
    Apart,
    Always,
    AtEnd,
    Otherwise,
    Not,
    Filler,
}

const MARKERS: &[(&str, Marker)] = &[
    ("that done", Marker::Then),
    ("this done", Marker::Then),
    ("with that done", Marker::Then),
    ("after which", Marker::Then),
    ("whereupon", Marker::Then),
    ("thereupon", Marker::Then),
    ("thereafter", Marker::Then),
    ("at which point", Marker::Then),
    ("after both", Marker::Then),
    ("after these", Marker::Then),
    ("after those", Marker::Then),
    ("after all that", Marker::Then),
    ("after all of that", Marker::Then),
    ("once both are done", Marker::Then),
    ("all at the same time", Marker::AllTogether),
    ("both at the same time", Marker::Together),
    ("all at once", Marker::AllTogether),
    ("both at once", Marker::Together),
    ("at once", Marker::Together),
    ("all together", Marker::AllTogether),
    ("all of them at once", Marker::AllTogether),
    ("at the same time", Marker::Together),
    ("at same time", Marker::Together),
    ("all in parallel", Marker::AllTogether),
    ("in parallel", Marker::Together),
    ("all parallel", Marker::AllTogether),
    ("parallel", Marker::Together),
    ("simultaneously", Marker::Together),
    ("concurrently", Marker::Together),
    ("side by side", Marker::Together),
    ("one host at a time", Marker::Apart),
    ("one at a time", Marker::Apart),
    ("one by one", Marker::Apart),
    ("one after the other", Marker::Apart),
    ("one after another", Marker::Apart),
    ("one host after the other", Marker::Apart),
    ("one machine at a time", Marker::Apart),
    ("one server at a time", Marker::Apart),
    ("one node at a time", Marker::Apart),
    ("host by host", Marker::Apart),
    ("in turn", Marker::Apart),
    ("in sequence", Marker::Apart),
    ("sequentially", Marker::Apart),
    ("serially", Marker::Apart),
    ("no matter what happens", Marker::Always),
    ("independent of the result", Marker::Always),
    ("independently of the result", Marker::Always),
    ("independent of the outcome", Marker::Always),
    ("no matter how it ends", Marker::Always),
    ("no matter how it goes", Marker::Always),
    ("no matter how that ends", Marker::Always),
    ("however it ends", Marker::Always),
    ("however that ends", Marker::Always),
    ("however it goes", Marker::Always),
    ("no matter what", Marker::Always),
    ("whatever happens", Marker::Always),
    ("whatever the outcome", Marker::Always),
    ("whatever the result", Marker::Always),
    ("in any case", Marker::Always),
    ("in either case", Marker::Always),
    ("either way", Marker::Always),
    ("regardless of the outcome", Marker::Always),
    ("regardless of the result", Marker::Always),
    ("regardless", Marker::Always),
    ("at the end", Marker::AtEnd),
    ("in the end", Marker::AtEnd),
    ("at last", Marker::AtEnd),
    ("lastly", Marker::AtEnd),
    ("finally", Marker::AtEnd),
    ("once done", Marker::Then),
    ("when done", Marker::Then),
    ("when that is done", Marker::Then),
    ("once that is done", Marker::Then),
    ("after that", Marker::Then),
    ("after this", Marker::Then),
    ("afterwards", Marker::Then),
    ("afterward", Marker::Then),
    ("subsequently", Marker::Then),
    ("followed by", Marker::Then),
    ("and then", Marker::Then),
    ("then", Marker::Then),
    ("next", Marker::Then),
    ("or else", Marker::Otherwise),
    ("if not", Marker::Otherwise),
    ("otherwise", Marker::Otherwise),
    ("else", Marker::Otherwise),
    ("but do not", Marker::Not),
    ("but don't", Marker::Not),
    ("do not", Marker::Not),
    ("don't", Marker::Not),
    ("dont", Marker::Not),
    ("never", Marker::Not),
    ("without", Marker::Not),
    ("same time", Marker::Together),
    ("so kind as to", Marker::Filler),
    ("be so kind and", Marker::Filler),
    ("be so kind to", Marker::Filler),
    ("be so kind", Marker::Filler),
    ("be so good and", Marker::Filler),
    ("be so good as to", Marker::Filler),
    ("thank you very much", Marker::Filler),
    ("thank you", Marker::Filler),
    ("many thanks", Marker::Filler),
    ("thanks a lot", Marker::Filler),
    ("may i ask", Marker::Filler),
    ("i would like to know", Marker::Filler),
    ("i'd like to know", Marker::Filler),
    ("i would like to see", Marker::Filler),
    ("i want to know", Marker::Filler),
    ("would you mind", Marker::Filler),
    ("i would appreciate it if you could", Marker::Filler),
    ("i would be grateful if you could", Marker::Filler),
    ("i would be happy if you could", Marker::Filler),
    ("if it is not too much trouble", Marker::Filler),
    ("if it not too much to ask", Marker::Filler),
    ("it would be good if you could", Marker::Filler),
    ("it would be great if you could", Marker::Filler),
    ("it would be nice if you could", Marker::Filler),
    ("would you be so kind as to", Marker::Filler),
    ("i'd appreciate it if you could", Marker::Filler),
    ("i'd be glad if you could", Marker::Filler),
    ("i'd be grateful if you could", Marker::Filler),
    ("i'd be happy if you could", Marker::Filler),
    ("if it isn't too much trouble", Marker::Filler),
    ("if it not too much trouble", Marker::Filler),
    ("i'd be glad to know", Marker::Filler),
    ("if you get a chance", Marker::Filler),
    ("if you have a minute", Marker::Filler),
    ("if you have a moment", Marker::Filler),
    ("if you have a second", Marker::Filler),
    ("when you get a minute", Marker::Filler),
    ("when you get a moment", Marker::Filler),
    ("when you have a minute", Marker::Filler),
    ("when you have a second", Marker::Filler),
    ("would it be possible to", Marker::Filler),
    ("i'd be glad to", Marker::Filler),
    ("i'd like to have", Marker::Filler),
    ("if you have time", Marker::Filler),
    ("is it possible to", Marker::Filler),
    ("sorry to bother you", Marker::Filler),
    ("when you get time", Marker::Filler),
    ("when you have time", Marker::Filler),
    ("can i get", Marker::Filler),
    ("can i have", Marker::Filler),
    ("could i get", Marker::Filler),
    ("could i have", Marker::Filler),
    ("do you mind", Marker::Filler),
    ("may i have", Marker::Filler),
    ("sorry to bother", Marker::Filler),
    ("when you can", Marker::Filler),
    ("whenever you can", Marker::Filler),
    ("if you don't mind", Marker::Filler),
    ("if you do not mind", Marker::Filler),
    ("if you please", Marker::Filler),
    ("if you can", Marker::Filler),
    ("if you could", Marker::Filler),
    ("if possible", Marker::Filler),
    ("if i may", Marker::Filler),
    ("when you get a chance", Marker::Filler),
    ("when you have a moment", Marker::Filler),
    ("first of all", Marker::Filler),
    ("first", Marker::Filler),
    ("please", Marker::Filler),
    ("to begin with", Marker::Filler),
];

const STATES: &[&str] = &[
    "running",
    "active",
    "up",
    "healthy",
    "ok",
    "fine",
    "reachable",
    "online",
    "alive",
    "working",
    "responding",
    "already",
    "started",
    "ready",
];

/// Words of the connectives; a typo can hide one of them too.
pub fn connectives() -> impl Iterator<Item = &'static str> {
    MARKERS.iter().flat_map(|(phrase, _)| phrase.split(' ')).filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
}

/// Something is said not to be done.
pub fn forbids(tokens: &[Token]) -> bool {
    (0..tokens.len()).any(|at| marker(&tokens[at..]).is_some_and(|(_, marker)| marker == Marker::Not))
}

/// The connective that begins here, and how many tokens it takes.
pub(super) fn marker(tokens: &[Token]) -> Option<(usize, Marker)> {
    // "if not running" says when, "if not, ..." what else.
    let unmet = tokens.len() > 2 && tokens[0].is("if") && tokens[1].is("not") && tokens[2].is_one_of(STATES);
    // "a rolling restart"; "rolling back" is a verb.
    if tokens[0].is("rolling") && tokens.get(1).is_some_and(|next| !is_particle(&next.low) && !is_function(&next.low)) {
        return Some((1, Marker::Apart));
    }
    MARKERS.iter().filter(|_| !unmet).find_map(|(phrase, marker)| {
        let mut length = 0;
        for word in phrase.split(' ') {
            if !tokens.get(length)?.is(word) {
                return None;
            }
            length += 1;
        }
        Some((length, *marker))
    })
}
