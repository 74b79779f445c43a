//! Work said as a noun -> the verb: "renewal of x is required", "x needs draining", "that x answers has to be verified".

use crate::model::catalogue::EffectClass;
use crate::planner::ask::World;
use crate::planner::segment::{is_not, is_outcome};
use crate::planner::token::{Kind, Token};
use crate::planner::words::stem;

/// "x should get a renewal" is "x should be renewed".
pub(super) fn say_verbs(words: &mut Vec<Token>, world: &World<'_>) {
    let mut at = 0;
    while at + 1 < words.len() {
        // "it needs renewal".
        let noun = at + 1 + usize::from(words[at + 1].is_one_of(&["a", "an"]));
        let needed = words[at].is_one_of(&["needs", "need"]) && at > 0 && words.get(noun).is_some_and(|noun| noun.kind == Kind::Word);
        let verb = needed.then(|| world.index.verbs.iter().find(|verb| is_noun_of(&words[noun].low, verb))).flatten();
        if let Some(done) = verb.map(|verb| format!("{}ed", verb.trim_end_matches('e'))) {
            words.splice(at + 1..=noun, [Token::word("to"), Token::word("be"), Token::word(&done)]);
        }
        at += 1;
    }
    let mut at = 0;
    while at + 3 < words.len() {
        let gets = words[at].is_one_of(&["should", "must", "to", "shall"])
            && words[at + 1].is_one_of(&["get", "have", "receive"])
            && words[at + 2].is_one_of(&["a", "an"]);
        let told = at > 0 && words[at - 1].kind == Kind::Channel;
        let verb = Some(&words[at + 3]).filter(|noun| gets && !told && noun.kind == Kind::Word);
        let verb = verb.and_then(|noun| world.index.verbs.iter().find(|verb| stem(verb) == stem(&noun.low)));
        if let Some(done) = verb.map(|verb| format!("{}ed", verb.trim_end_matches('e'))) {
            words.splice(at + 1..=at + 3, [Token::word("be"), Token::word(&done)]);
        }
        at += 1;
    }
}

/// "renewal", "deployment", "migration", "restart": what is done, said as a noun.
pub(super) fn is_noun_of(noun: &str, verb: &str) -> bool {
    let root = verb.trim_end_matches('e');
    let tail = noun.strip_prefix(root).filter(|_| verb.len() > 3);
    noun == verb || tail.is_some_and(|tail| ["al", "ment", "ement", "ion", "ation", "ition", "ing"].contains(&tail))
}

pub(super) fn ends_part(token: &Token) -> bool {
    matches!(token.kind, Kind::Mark(_)) || token.is_one_of(&["and", "then", "but"])
}

/// "Renewal of x is required", "the rotation of its logs should follow" -> "renew x", "rotate its logs".
pub(super) fn name_work(words: &mut Vec<Token>, world: &World<'_>) {
    let mut at = 0;
    while at + 2 < words.len() {
        let opens = at == 0 || ends_part(&words[at - 1]);
        let noun = at + usize::from(opens && words[at].is_one_of(&["the", "a", "an"]));
        let of = opens && words.get(noun + 1).is_some_and(|token| token.is("of")) && words[noun].kind == Kind::Word;
        let verb = of.then(|| {
            let low = words[noun].low.as_str();
            let end = (noun + 2..words.len()).find(|at| matches!(words[*at].kind, Kind::Mark(_))).unwrap_or(words.len());
            let wanted = (noun + 2..end).any(|at| asks_for_it(&words[at..end]));
            let is_noun = |verb: &&String| (**verb != *low || wanted) && is_noun_of(low, verb);
            world.index.verbs.iter().find(is_noun).cloned()
        });
        // "the renewal of x failed" tells how it went.
        let end = (noun + 2..words.len()).find(|at| matches!(words[*at].kind, Kind::Mark(_))).unwrap_or(words.len());
        let tail = (noun + 2..end.max(noun + 2)).find(|at| asks_for_it(&words[*at..end])).unwrap_or(end);
        let tells = words.get(noun + 2..tail).is_some_and(|said| {
            said.iter().any(|token| {
                is_outcome(token)
                    || is_not(token)
                    || token.is_one_of(&["is", "are", "was", "were", "has", "had", "takes", "took", "began", "ended", "if", "when"])
            })
        });
        let Some(Some(verb)) = verb.filter(|_| !tells) else {
            at += 1;
            continue;
        };
        let end = (noun + 2..words.len()).find(|at| matches!(words[*at].kind, Kind::Mark(_))).unwrap_or(words.len());
        words.splice(at..=noun + 1, [Token::word(&verb)]);
        let end = end - (noun + 1 - at);
        if let Some(tail) = (at + 1..end).find(|at| asks_for_it(&words[*at..end])) {
            drop(words.drain(tail..end));
        }
        at += 1;
    }
}

/// "the TLS certificate renewal, please": the work stands last, and nothing else says what to do.
pub(super) fn work_last(words: &mut Vec<Token>, world: &World<'_>) {
    let ends: Vec<usize> = (0..words.len()).filter(|at| ends_part(&words[*at])).chain([words.len()]).collect();
    let starts = std::iter::once(0).chain(ends.iter().map(|end| end + 1));
    let parts: Vec<(usize, usize)> = starts.zip(ends.iter().copied()).filter(|(from, end)| from + 1 < *end).collect();
    for (from, end) in parts.into_iter().rev() {
        let part = &words[from..end];
        let Some(last) = part.iter().rposition(|token| !token.is_one_of(&["please", "pls", "now", "thx", "thanks", "asap"])) else {
            continue;
        };
        let says = |token: &Token| {
            token.kind == Kind::Word
                && (world.index.verbs.contains(&token.low)
                    || token.is_one_of(&[
                        "if", "when", "is", "are", "was", "how", "what", "which", "who", "status", "after", "before", "once", "unless",
                        "of", "for", "no", "not", "without", "about",
                    ]))
        };
        let noun = &part[last];
        if last == 0 || noun.kind != Kind::Word || part[..last].iter().any(says) {
            continue;
        }
        let changes = |verb: &str| {
            let led = world.index.led_by(&stem(verb)).into_iter().flatten();
            led.into_iter().any(|one| world.index.operations[*one].effect != EffectClass::Read)
        };
        let verb = world
            .index
            .verbs
            .iter()
            .find(|verb| **verb != noun.low && !noun.low.ends_with("ing") && is_noun_of(&noun.low, verb) && changes(verb));
        if let Some(verb) = verb.cloned() {
            words.remove(from + last);
            words.insert(from, Token::word(&verb));
        }
    }
}

/// "having repointed x, ...": done first.
pub(super) fn done_first(words: &mut Vec<Token>, world: &World<'_>) {
    for at in (0..words.len().saturating_sub(1)).rev() {
        let opens = words[at].is("having") && (at == 0 || ends_part(&words[at - 1]));
        let done = opens.then(|| stem(&words[at + 1].low));
        let base = done.and_then(|done| {
            let known = |done: &str| world.index.verbs.iter().find(|verb| stem(verb) == done);
            known(&done).or_else(|| known(done.strip_prefix("re")?))
        });
        if let Some(verb) = base.cloned() {
            words.splice(at..=at + 1, [Token::word(&verb)]);
        }
    }
}

/// "measure x before and after restarting y": measured, restarted, measured once more.
pub(super) fn both_sides(words: &mut Vec<Token>, world: &World<'_>) {
    let Some(at) = words.windows(3).position(|part| part[0].is("before") && part[1].is("and") && part[2].is("after")) else { return };
    let parts = |token: &Token| matches!(token.kind, Kind::Mark(_)) || token.is("then");
    let start = words[..at].iter().rposition(parts).map_or(0, |place| place + 1);
    let end = words[at..].iter().position(parts).map_or(words.len(), |place| at + place);
    let base = |doing: &Token| {
        let known = world.index.verbs.iter().find(|verb| doing.low.ends_with("ing") && stem(verb) == stem(&doing.low));
        known.map(|verb| Token { low: verb.clone(), ..doing.clone() })
    };
    let Some(verb) = words.get(at + 3).filter(|_| at > start && at + 4 < end).and_then(base) else { return };
    let then = || [Token { text: ",".to_owned(), low: ",".to_owned(), kind: Kind::Mark(','), owner: false }, Token::word("then")];
    let looked = words[start..at].to_vec();
    let mut said = looked.clone();
    said.extend(then());
    said.push(verb);
    said.extend_from_slice(&words[at + 4..end]);
    said.extend(then());
    said.extend(looked);
    words.splice(start..end, said);
}

/// "only once a is stopped may b be deployed" -> "after a is stopped, b be deployed".
pub(super) fn only_once(words: &mut [Token], world: &World<'_>) {
    let Some(at) =
        (0..words.len().saturating_sub(1)).find(|at| words[*at].is("only") && words[at + 1].is_one_of(&["once", "after", "when"]))
    else {
        return;
    };
    if at > 0 && !matches!(words[at - 1].kind, Kind::Mark(_)) {
        return;
    }
    let turns = |place: &usize| {
        let done = &words[place - 1];
        words[*place].is_one_of(&["may", "can", "do", "does", "should", "will", "must", "is", "are"])
            && done.kind == Kind::Word
            && world.index.is_verb(&done.low)
            && (done.low.ends_with("ed")
                || done.text.to_lowercase().ends_with("ed")
                || crate::planner::index::Index::is_past(&done.text.to_lowercase()))
    };
    let end = (at + 2..words.len()).find(|place| matches!(words[*place].kind, Kind::Mark(_))).unwrap_or(words.len());
    let Some(turn) = (at + 3..end).find(turns) else { return };
    words[turn] = Token { text: ",".to_owned(), low: ",".to_owned(), kind: Kind::Mark(','), owner: false };
    "once".clone_into(&mut words[at + 1].low);
    "and".clone_into(&mut words[at].low);
}

/// "is required", "should follow then": that it is wanted, and no more.
fn asks_for_it(tail: &[Token]) -> bool {
    let wanted = |token: &Token| {
        token.is_one_of(&[
            "required",
            "requested",
            "needed",
            "wanted",
            "due",
            "necessary",
            "follow",
            "follows",
            "happen",
            "place",
            "next",
            "asked",
            "be",
        ])
    };
    let plain = |token: &Token| {
        wanted(token)
            || token.is_one_of(&["is", "are", "should", "must", "has", "to", "take", "then", "now", "also", "please", "for", "done"])
    };
    tail.first().is_some_and(|first| first.is_one_of(&["is", "are", "should", "must", "has", "then"]))
        && tail.iter().all(plain)
        && tail.iter().any(wanted)
}

/// "that x answers 200 has to be verified" -> "verify that x answers 200".
pub(super) fn verified(words: &mut Vec<Token>) {
    if !words.first().is_some_and(|first| first.is("that")) {
        return;
    }
    let end = words.iter().position(|token| matches!(token.kind, Kind::Mark(',' | ';' | '.'))).unwrap_or(words.len());
    let looks = ["verified", "checked", "confirmed", "tested", "ensured"];
    if end < 4 || !words[end - 1].is_one_of(&looks) {
        return;
    }
    let Some(from) = (1..end).rfind(|at| words[*at].is_one_of(&["has", "must", "should", "needs", "is"])) else { return };
    drop(words.drain(from..end));
    words.insert(0, Token::word("verify"));
}
