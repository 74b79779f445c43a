//! Roundabout wording -> the plain order: "would you mind restarting x and then checking it", "do the restart", "the hosts" once more.

use crate::planner::ask::World;
use crate::planner::grammar;
use crate::planner::index::Index;
use crate::planner::segment::is_outcome;
use crate::planner::slots::find_group;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, is_preposition, stem};

use super::nominal::{ends_part, is_noun_of};
use crate::planner::symptom::is_symptom;

/// "db-1:5432" is a machine and its port, where something takes both.
pub(super) fn ports(words: &mut Vec<Token>, world: &World<'_>) {
    let takes =
        world.index.operations.iter().any(|one| one.params.iter().any(|param| param.kind == crate::model::catalogue::ParamType::Port));
    for at in (0..words.len()).rev().filter(|_| takes) {
        let token = &words[at];
        let Some((name, number)) = token.text.rsplit_once(':').filter(|_| token.kind == Kind::Ident) else { continue };
        let machine = world.is_asset(name) || grammar::is_machine_like(name) || grammar::is_ip(name);
        let Some(port) = number.parse::<i64>().ok().filter(|port| machine && (1..=65_535).contains(port)) else { continue };
        let kind = if grammar::is_ip(name) { Kind::Ip } else { Kind::Ident };
        let host = Token { kind, ..Token::word(name) };
        let number = Token { kind: Kind::Int(port), ..Token::word(number) };
        words.splice(at..=at, [host, Token::word("port"), number]);
    }
}

/// "would you mind restarting x and then checking it": please restart x and then check it.
pub(super) fn minded(words: &mut Vec<Token>, index: &Index) {
    let base = |token: &Token| {
        let doing = token.kind == Kind::Word && token.low.ends_with("ing");
        let known = index.verbs.iter().find(|verb| doing && stem(verb) == stem(&token.low)).cloned();
        known.or_else(|| token.is("having").then(|| "have".to_owned()))
    };
    let Some(at) = (0..words.len().min(8)).find(|at| words[*at].is("mind")).filter(|at| words.get(at + 1).and_then(base).is_some()) else {
        return;
    };
    for place in at + 1..words.len() {
        let opens = place == at + 1 || ends_part(&words[place - 1]) || words[place - 1].is_one_of(&["also", "afterwards", "finally"]);
        if let Some(verb) = base(&words[place]).filter(|_| opens) {
            words[place] = Token { owner: words[place].owner, ..Token::word(&verb) };
        }
    }
    let from = (0..at).rev().take(3).take_while(|place| words[*place].is_one_of(&["would", "do", "you"])).last().unwrap_or(at);
    words.splice(from..=at, [Token::word("please")]);
}

/// "..., then reboot the hosts": those that were spoken of.
pub(super) fn same_again(words: &mut Vec<Token>, index: &Index) {
    let mut at = 1;
    while at + 1 < words.len() {
        let noun = &words[at + 1];
        let plural = noun.kind == Kind::Word && index.is_machine(&noun.low) && noun.low.ends_with('s');
        let told = words.get(at + 2).is_none_or(|next| {
            ends_part(next)
                || next.is_one_of(&["should", "must", "have", "need", "are", "to", "again", "afterwards", "one", "after", "once"])
        });
        let known = || find_group(&words[..at], index).is_some_and(|group| !group.values.is_empty());
        let named = || find_group(&words[at..at + 2], index).is_some_and(|group| !group.values.is_empty());
        if words[at].is_one_of(&["the", "these", "those", "said"]) && plural && told && known() && !named() {
            words.splice(at..at + 2, [Token::word("them")]);
        }
        at += 1;
    }
}

/// "do the restart on web-1": the verb is said as what is done.
pub(super) fn done_work(words: &mut Vec<Token>, index: &Index) {
    for at in (0..words.len().saturating_sub(2)).rev() {
        let opens = at == 0 || ends_part(&words[at - 1]) || words[at - 1].is_one_of(&["please", "to", "you", "can", "could"]);
        let does = opens && words[at].is_one_of(&["do", "perform"]) && is_determiner(&words[at + 1].low);
        let ends = words.get(at + 3).is_none_or(|next| ends_part(next) || is_preposition(&next.low) && !next.is("of"));
        let noun = words[at + 2].low.as_str();
        if let Some(verb) = index.verbs.iter().find(|verb| does && ends && is_noun_of(noun, verb)).cloned() {
            words.splice(at..at + 3, [Token::word(&verb)]);
        }
    }
}

/// "the silence of x should be lifted": "lift the silence of x". The noun is a verb too, and orders nothing here.
pub(super) fn passive_of_noun(words: &mut Vec<Token>, index: &Index) {
    let mut from = 0;
    while from + 4 < words.len() {
        let end = (from..words.len()).find(|at| ends_part(&words[*at])).unwrap_or(words.len());
        let part = &words[from..end];
        let first = part.iter().position(|token| !is_determiner(&token.low)).unwrap_or(0);
        let noun = part.get(first).is_some_and(|noun| {
            noun.kind == Kind::Word
                && (first > 0 && index.verbs.contains(&noun.low)
                    || first + 1 < part.len() && index.names_work(&noun.low) && part[first + 1].is_one_of(&["of", "on", "for"]))
        });
        let of = part.get(first + 1).is_some_and(|next| next.is_one_of(&["of", "on", "for", "should", "must", "has", "needs"]));
        let modal = part
            .iter()
            .position(|token| token.is_one_of(&["should", "must", "has", "needs", "shall", "can", "may", "could"]))
            .filter(|at| *at > first);
        let done = modal.and_then(|modal| {
            let be = (modal + 1..(modal + 4).min(part.len())).find(|at| part[*at].is("be"))?;
            let done = part.get(be + 1).filter(|done| done.kind == Kind::Word && done.low.ends_with("ed"))?;
            let verb = index.verbs.iter().find(|verb| stem(verb) == stem(&done.low))?;
            Some((modal, be + 1, verb.clone()))
        });
        if let Some((modal, done, verb)) = done.filter(|_| noun && of) {
            drop(words.drain(from + modal..=from + done));
            words.insert(from, Token::word(&verb));
        }
        from = (from..words.len()).find(|at| ends_part(&words[*at])).unwrap_or(words.len()) + 1;
    }
}

/// "backup job last night: ok or not?": asked, and nothing is to be done.
pub(super) fn asked_behind(words: &mut Vec<Token>) {
    let Some(at) = words.iter().position(|token| token.kind == Kind::Mark(':')).filter(|at| *at > 0) else { return };
    let (rest, asked) = match words[at + 1..].split_last() {
        Some((mark, rest)) if mark.kind == Kind::Mark('?') => (rest, true),
        _ => (&words[at + 1..], false),
    };
    let plain = |token: &Token| is_outcome(token) || token.is_one_of(&["or", "not", "is", "it", "was", "still"]);
    if !rest.is_empty() && rest.len() < 5 && rest.iter().all(plain) && rest.iter().any(is_outcome) && (asked || rest.len() > 1) {
        if !asked {
            words.push(Token { text: "?".to_owned(), low: "?".to_owned(), kind: Kind::Mark('?'), owner: false });
        }
        words.remove(at);
        if !words[0].is_one_of(&["is", "are", "was", "were", "did", "does", "has"]) {
            words.insert(0, Token::word("is"));
        }
    }
}

/// "as operational on the status page, x may be published only once ...": where it goes belongs behind what is done.
pub(super) fn place_last(words: &mut Vec<Token>, index: &Index) {
    let Some(comma) = words.iter().take(9).position(|token| token.kind == Kind::Mark(',')).filter(|comma| *comma > 1) else { return };
    let led = words[0].is_one_of(&["as", "to", "into", "onto", "from"]) && !index.verbs.contains(&words[1].low);
    let ends = |at: usize| {
        let token = &words[at];
        ends_part(token) || token.is_one_of(&["only", "once", "after", "before", "when", "if", "unless", "until"])
    };
    let end = (comma + 2..words.len()).find(|at| ends(*at)).unwrap_or(words.len());
    let body = words.get(comma + 1..end).unwrap_or_default();
    let done = |pair: &[Token]| {
        let passive = pair[0].is_one_of(&["be", "is", "are", "gets", "get"]) && index.is_verb(&pair[1].low);
        passive && (Index::is_past(&pair[1].low) || Index::is_past(&pair[1].text.to_lowercase()))
    };
    let ordered = body.first().is_some_and(|first| index.verbs.contains(&first.low));
    let outcome = words[1..comma].iter().any(|token| token.is_one_of(&["said", "soon", "long", "start", "begin", "test"]));
    if led && !outcome && !ordered && body.windows(2).any(done) {
        let place: Vec<Token> = words.drain(..=comma).take(comma).collect();
        let end = end - comma - 1;
        words.splice(end..end, place);
    }
}

/// "take x out of the pool, reboot it, back in once it pings": put it back in.
pub(super) fn put_back(words: &mut Vec<Token>) {
    for at in (1..words.len().saturating_sub(1)).rev() {
        let out = words[..at].iter().any(|token| token.is_one_of(&["out", "drain", "draining", "drained"]));
        let opens = ends_part(&words[at - 1]) && words[at].is("back") && words[at + 1].is_one_of(&["in", "into"]);
        let hangs = words.get(at + 2).is_none_or(|next| ends_part(next) || next.is_one_of(&["once", "when", "if", "after", "as", "only"]));
        if out && opens && hangs {
            words.splice(at..at, [Token::word("put"), Token::word("it")]);
        }
    }
}

/// "file a high severity ticket": open one.
pub(super) fn tickets(words: &mut [Token], index: &Index) {
    if !index.knows("ticket") || index.led_by("open").is_none() {
        return;
    }
    for at in 0..words.len().saturating_sub(1) {
        let opens = at == 0 || ends_part(&words[at - 1]) || words[at - 1].is_one_of(&["please", "to", "you", "also"]);
        let files = words[at].is_one_of(&["file", "cut", "log", "raise", "lodge", "submit", "write"])
            && index.led_by(&stem(&words[at].low)).is_none();
        let ticket =
            words[at + 1..].iter().take(5).take_while(|token| !ends_part(token)).any(|token| token.is_one_of(&["ticket", "tickets"]));
        if opens && files && ticket {
            "open".clone_into(&mut words[at].low);
        }
    }
}

/// "#ops should get a report": tell them.
pub(super) fn gets_word(words: &mut Vec<Token>) {
    let is = |at: usize, any: &[&str], words: &[Token]| words.get(at).is_some_and(|token| token.is_one_of(any));
    for at in (0..words.len()).rev() {
        if words[at].kind != Kind::Channel {
            continue;
        }
        let mut next = at + 1;
        while is(next, &["should", "must", "has", "have", "needs", "to", "shall", "then", "also", "please"], words) {
            next += 1;
        }
        let gets = is(next, &["get", "gets", "receive", "receives", "hear", "hears"], words);
        let article = next + 1 + usize::from(is(next + 1, &["a", "the", "an"], words));
        let word = is(article, &["report", "summary", "note", "message", "word", "update", "notice", "result", "results"], words);
        if gets && word {
            let channel = words[at].clone();
            words.splice(at..=article, [Token::word("tell"), channel]);
        }
    }
}

/// "..., because the site is slow": why, and nothing of what is to be done.
pub(super) fn reasons(words: &mut Vec<Token>) {
    let Some(at) = (1..words.len()).find(|at| words[*at].is_one_of(&["because", "since", "as"])) else { return };
    let end = (at..words.len()).find(|at| matches!(words[*at].kind, Kind::Mark(_))).unwrap_or(words.len());
    if end > at + 2 && is_symptom(&words[at + 1..end]) {
        let from = at - usize::from(words[at - 1].kind == Kind::Mark(','));
        drop(words.drain(from..end));
    }
}

/// "an hour and a half".
pub(super) fn halves(words: &mut Vec<Token>) {
    for at in (0..words.len().saturating_sub(3)).rev() {
        let half = words[at + 1].is("and") && words[at + 2].is("a") && words[at + 3].is("half");
        let Some((number, unit)) = words[at].text.split_at_checked(words[at].text.len().saturating_sub(1)) else { continue };
        let (Ok(number), true) = (number.parse::<u64>(), half && words[at].kind == Kind::Duration) else { continue };
        let (each, smaller) = match unit {
            "h" => (60, "m"),
            "m" => (60, "s"),
            "d" => (24, "h"),
            _ => continue,
        };
        let text = format!("{}{smaller}", number.saturating_mul(each) + each / 2);
        let span = Token { text: text.clone(), low: text, kind: Kind::Duration, owner: false };
        words.splice(at..at + 4, [span]);
    }
}

/// "cart 2.1 should go to production": deploy it there.
pub(super) fn goes_to(words: &mut Vec<Token>, index: &Index) {
    if index.led_by("deploy").is_none() {
        return;
    }
    for at in (1..words.len().saturating_sub(2)).rev() {
        let goes = words[at].is_one_of(&["go", "goes", "move", "moves", "roll", "rolls"])
            && words[at + 1].is_one_of(&["to", "into", "onto", "on"])
            && words[at + 2..].iter().take(2).any(|place| grammar::environment(&place.low).is_some());
        let from = words[..at].iter().rposition(ends_part).map_or(0, |place| place + 1);
        let modal = |token: &Token| token.is_one_of(&["should", "must", "has", "needs", "to", "can", "may", "will", "now", "is", "shall"]);
        // "..., deploy it": said in its own words.
        let deploys = |verb: &Token| {
            let led = index.led_by("deploy").into_iter().flatten();
            index.led_by(&stem(&verb.low)).is_some_and(|other| led.into_iter().any(|one| other.contains(one)))
        };
        let told = words[at..].windows(2).any(|pair| pair[1].is("it") && deploys(&pair[0]));
        let goes = goes && !told;
        let version = (from..at).find(|place| words[*place].kind == Kind::Version);
        if let Some(version) = version.filter(|version| goes && *version > from && words[version + 1..at].iter().all(modal)) {
            drop(words.drain(version + 1..=at));
            words.insert(from, Token::word("deploy"));
        }
    }
}

/// "reboot x, and after the reboot enable it": then. What is named was ordered already.
pub(super) fn after_named(words: &mut Vec<Token>, index: &Index) {
    for at in (1..words.len().saturating_sub(3)).rev() {
        let opens = ends_part(&words[at - 1]);
        let led = opens
            && words[at].is("after")
            && words[at + 1].is_one_of(&["the", "that", "this", "its"])
            && !words[at + 3].is_one_of(&["of", "on"]);
        let noun = words[at + 2].low.clone();
        let ordered = |token: &Token| {
            token.kind == Kind::Word && index.is_verb(&token.low) && (stem(&token.low) == stem(&noun) || is_noun_of(&noun, &token.low))
        };
        if led && words[..at].iter().any(ordered) {
            let comma = usize::from(words[at + 3].kind == Kind::Mark(','));
            words.splice(at..at + 3 + comma, [Token::word("then")]);
        }
    }
}

/// "only if a answers should b be restarted": what hangs on it is said turned round.
pub(super) fn only_if(words: &mut [Token]) {
    let Some(at) = (0..words.len().saturating_sub(1)).find(|at| words[*at].is("only") && words[at + 1].is("if")) else { return };
    if at > 0 && !ends_part(&words[at - 1]) {
        return;
    }
    let end = (at + 2..words.len()).find(|place| matches!(words[*place].kind, Kind::Mark(_))).unwrap_or(words.len());
    let turn = (at + 4..end).find(|place| words[*place].is_one_of(&["should", "must", "may", "can", "shall"]));
    if let Some(turn) = turn.filter(|turn| words[turn + 1..end].iter().any(|token| token.is("be"))) {
        words[turn] = Token { text: ",".to_owned(), low: ",".to_owned(), kind: Kind::Mark(','), owner: false };
    }
}

/// "scale cart=4": to 4.
pub(super) fn set_equal(words: &mut Vec<Token>) {
    for at in (1..words.len()).rev() {
        let Some((name, number)) = words[at].text.split_once('=').filter(|_| words[at].kind == Kind::Ident) else { continue };
        let Ok(value) = number.parse::<i64>() else { continue };
        if !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-') {
            let parts = [Token::word(name), Token::word("to"), Token { kind: Kind::Int(value), ..Token::word(number) }];
            words.splice(at..=at, parts);
        }
    }
}

/// "#ops: a note that x is live": said to them.
pub(super) fn noted(words: &mut Vec<Token>) {
    let Some(colon) = words.iter().position(|token| token.kind == Kind::Mark(':')) else { return };
    let channel = words[..colon].iter().position(|token| token.kind == Kind::Channel);
    let plain = words[..colon]
        .iter()
        .all(|token| token.kind == Kind::Channel || token.is_one_of(&["to", "in", "into", "the", "channel", "for", "a", "please"]));
    let note = usize::from(words.get(colon + 1).is_some_and(|token| token.is_one_of(&["a", "the"])));
    let said = words.get(colon + 1 + note).is_some_and(|token| token.is_one_of(&["note", "message", "word", "notice", "line"]));
    let that = words.get(colon + 2 + note).is_some_and(|token| token.is_one_of(&["that", "saying"]));
    if let Some(channel) = channel.filter(|_| plain && said && that) {
        let channel = words[channel].clone();
        words.splice(..colon + 2 + note, [Token::word("tell"), channel]);
    }
}

/// "if x does not answer afterwards": the condition comes afterwards anyway.
pub(super) fn after_all(words: &mut Vec<Token>) {
    for at in (1..words.len()).rev() {
        let from = words[..at].iter().rposition(ends_part).map_or(0, |place| place + 1);
        let opened = words[from..at].first().is_some_and(|first| first.is_one_of(&["if", "when", "unless", "once"]));
        if opened && words[at].is_one_of(&["afterwards", "afterward"]) {
            words.remove(at);
        }
    }
}

/// "restart x an check it".
pub(super) fn and_for_an(words: &mut [Token], index: &Index) {
    for at in 1..words.len().saturating_sub(1) {
        let object = words.get(at + 2).is_some_and(|next| next.is_one_of(&["it", "them", "that", "the", "its"]));
        if words[at].is("an") && object && words[at + 1].kind == Kind::Word && index.verbs.contains(&words[at + 1].low) {
            "and".clone_into(&mut words[at].low);
        }
    }
}

/// "redis on web-1: status": the status of it.
pub(super) fn status_behind(words: &mut Vec<Token>, index: &Index) {
    let Some(colon) = words.iter().position(|token| token.kind == Kind::Mark(':')).filter(|at| *at > 0) else { return };
    let rest = &words[colon + 1..];
    let asked = rest.len() == 1 || rest.len() == 2 && matches!(rest[1].kind, Kind::Mark('?' | '.'));
    let noun = |token: &Token| {
        token.is_one_of(&["status", "state"])
            || token.kind == Kind::Word && !index.verbs.contains(&token.low) && !is_outcome(token) && index.names_work(&token.low)
    };
    let plain = words[..colon].iter().all(|token| token.is_value() || !index.verbs.contains(&token.low) && !index.is_machine(&token.low));
    if asked && plain && noun(&rest[0]) && !words[..colon].iter().any(|token| matches!(token.kind, Kind::Mark(_))) {
        let noun = words.remove(colon + 1);
        words.remove(colon);
        words.splice(0..0, [noun, Token::word("of")]);
    }
}

/// "have a quick look at x": check it. "its result looked at": checked.
pub(super) fn looked_at(words: &mut Vec<Token>) {
    for at in (0..words.len().saturating_sub(2)).rev() {
        let quick = usize::from(words[at + 2].is_one_of(&["quick", "close", "closer", "short", "brief", "good", "fresh"]));
        let look = words.get(at + 2 + quick).is_some_and(|look| look.is_one_of(&["look", "peek", "glance"]));
        if words[at].is_one_of(&["have", "take"]) && words[at + 1].is_one_of(&["a", "another"]) && look {
            let end = at + 3 + quick;
            let behind = usize::from(words.get(end).is_some_and(|next| next.is_one_of(&["at", "into", "over", "on"])));
            words.splice(at..end + behind, [Token::word("check")]);
        }
    }
    for at in (1..words.len().saturating_sub(1)).rev() {
        let ends = words.get(at + 2).is_none_or(|next| ends_part(next) || is_function(&next.low));
        if words[at].is("looked") && words[at + 1].is_one_of(&["at", "into", "over"]) && ends {
            words.splice(at..at + 2, [Token::word("checked")]);
        }
    }
}
