//! Text -> the tokens that it means: greetings off, short forms spelt out, typos mended, signs read as the words they stand for.
//!
//! What was typed stays in `text`, so a name is never changed; only what is compared is.

mod courtesy;
mod message;
mod nominal;
mod plain;
mod round;

use super::ask::World;
use super::index::Index;
use super::segment::{is_not, is_outcome};
use super::token::{ARROW, Kind, Token, rejoin, tokens};
use super::words::{is_function, stem};

pub fn mended(text: &str, world: &World<'_>) -> Vec<Token> {
    let mut words = tokens(text);
    drop(words.drain(..courtesy::greeting(&words)));
    drop(words.drain(..courtesy::courtesy(&words)));
    drop(words.drain(..courtesy::preface(&words, &world.index)));
    round::minded(&mut words, &world.index);
    courtesy::plain_request(&mut words, &world.index);
    words.truncate(courtesy::trailer(&words, &world.index));
    round::noted(&mut words);
    message::on_call(&mut words);
    message::messages(&mut words, &world.index);
    digits_for_words(&mut words);
    // "type A", "rack A": behind another word no article is written so.
    for at in 1..words.len() {
        if words[at].text == "A" && words[at - 1].kind == Kind::Word {
            words[at].kind = Kind::Ident;
        }
    }
    spell_out(&mut words, world);
    split_verbs(&mut words, world);
    correct_verbs(&mut words, world);
    correct_words(&mut words, world);
    part_glued(&mut words, world);
    name_nights(&mut words);
    let mut words = rejoin(&words);
    round::ports(&mut words, world);
    round::asked_behind(&mut words);
    round::looked_at(&mut words);
    round::reasons(&mut words);
    round::status_behind(&mut words, &world.index);
    round::halves(&mut words);
    round::after_all(&mut words);
    round::after_named(&mut words, &world.index);
    round::only_if(&mut words);
    round::set_equal(&mut words);
    round::goes_to(&mut words, &world.index);
    round::and_for_an(&mut words, &world.index);
    round::put_back(&mut words);
    round::tickets(&mut words, &world.index);
    round::place_last(&mut words, &world.index);
    round::gets_word(&mut words);
    read_signs(&mut words, world);
    plain::plain_words(&mut words);
    down_and_up(&mut words);
    ask_outright(&mut words, &world.index);
    ask_states(&mut words);
    ask_outcomes(&mut words);
    part_measures(&mut words);
    nominal::done_first(&mut words, world);
    time_last(&mut words);
    nominal::both_sides(&mut words, world);
    nominal::only_once(&mut words, world);
    nominal::verified(&mut words);
    nominal::name_work(&mut words, world);
    nominal::work_last(&mut words, world);
    nominal::say_verbs(&mut words, world);
    round::done_work(&mut words, &world.index);
    round::passive_of_noun(&mut words, &world.index);
    round::same_again(&mut words, &world.index);
    words
}

/// "at 02:00 run the job": when it is to be done stands behind it.
fn time_last(words: &mut [Token]) {
    let timed = |at: usize| words.get(at).is_some_and(|token| token.kind == Kind::Datetime);
    let led = words.first().is_some_and(|first| first.is_one_of(&["at", "on"]) && first.kind == Kind::Word);
    let end = if led && timed(1) {
        2
    } else if timed(0) {
        1
    } else {
        return;
    };
    let more = words[end..].iter().any(|token| matches!(token.kind, Kind::Mark(_)) || token.is_one_of(&["and", "then"]));
    let orders = words.get(end).is_some_and(|next| next.kind == Kind::Word);
    if !more && orders && words.len() > end + 1 {
        words.rotate_left(end);
    }
}

/// "nightly job ok?", "nginx up on web-1?": asked, whatever the words could order without the sign.
fn ask_outright(words: &mut Vec<Token>, index: &Index) {
    let [body @ .., mark] = words.as_slice() else { return };
    let orders = |token: &Token| index.verbs.contains(&token.low) || index.is_look(&token.low);
    let opens =
        body.first().is_some_and(|first| matches!(first.kind, Kind::Word | Kind::Ident) && (!is_function(&first.low) || first.is("last")));
    let plain =
        body.iter().all(|token| !matches!(token.kind, Kind::Mark(_)) && !token.is_one_of(&["and", "then", "if", "is", "are", "does"]));
    let state = |token: &Token| is_outcome(token) || Index::is_state(&token.low);
    // "backup job ok?".
    let noun = body.get(1).is_some_and(|next| next.kind == Kind::Word && index.is_param(&next.low) && !index.is_machine(&next.low));
    if mark.kind == Kind::Mark('?') && opens && plain && body.iter().any(state) && (!body.first().is_some_and(orders) || noun) {
        words.insert(0, Token::word("is"));
    }
}

/// "is x stopped": asks how x is, and orders nothing.
fn ask_states(words: &mut [Token]) {
    if !words.first().is_some_and(|first| first.is_one_of(&["is", "are", "isn't", "aren't", "was"])) {
        return;
    }
    let end = words.iter().position(|token| matches!(token.kind, Kind::Mark(_))).unwrap_or(words.len());
    for token in &mut words[1..end] {
        if ["stopped", "halted", "crashed"].contains(&token.text.to_lowercase().as_str()) {
            "down".clone_into(&mut token.low);
        } else if token.text.eq_ignore_ascii_case("started") {
            "running".clone_into(&mut token.low);
        }
    }
}

/// "port 443 open? enable it, else ...": a question with what hangs on its answer.
fn ask_outcomes(words: &mut Vec<Token>) {
    let word = Token::word;
    let comma = || Token { text: ",".to_owned(), low: ",".to_owned(), kind: Kind::Mark(','), owner: false };
    let Some(at) = (1..words.len()).find(|at| words[*at].kind == Kind::Mark('?') && is_outcome(&words[at - 1])) else { return };
    if words[at + 1..].iter().any(|token| token.is_one_of(&["else", "otherwise"])) {
        words.splice(at - 1..=at, [comma(), word("if"), word("ok"), comma()]);
    }
}

/// "disk memory bandwidth": each is looked at.
fn part_measures(words: &mut Vec<Token>) {
    let measured = |token: &Token| token.is_one_of(&["disk", "disks", "memory", "cpu", "load", "bandwidth", "uptime", "latency", "swap"]);
    for at in (1..words.len()).rev() {
        if measured(&words[at]) && measured(&words[at - 1]) && !words[at - 1].owner {
            words.insert(at, Token { text: ",".to_owned(), low: ",".to_owned(), kind: Kind::Mark(','), owner: false });
        }
    }
}

/// "mute it 4 web-9", "move it 2 db-2": a digit that sounds like the word, before something that is not counted.
fn digits_for_words(words: &mut [Token]) {
    for at in 1..words.len().saturating_sub(1) {
        let next = &words[at + 1];
        let named = next.kind == Kind::Channel || next.kind == Kind::Ident && super::grammar::is_machine_like(&next.text);
        let low = match words[at].text.as_str() {
            "4" if named || next.kind == Kind::Duration => "for",
            "2" if named || super::grammar::environment(&next.low).is_some() => "to",
            _ => continue,
        };
        if words[at - 1].kind == Kind::Word && !words[at - 1].is_one_of(&["port", "version", "on", "at", "by"])
            || matches!(words[at - 1].kind, Kind::Ident | Kind::Version)
        {
            words[at] = Token::word(low);
        }
    }
}

/// "svc" is a service, "brought" a form of "bring", and "make sure x runs" asks whether it is running.
fn spell_out(words: &mut Vec<Token>, world: &World<'_>) {
    for token in words.iter_mut().filter(|token| token.text == "@") {
        *token = Token::word("at");
    }
    short_of_two(words, world);
    for token in words.iter_mut().filter(|token| matches!(token.kind, Kind::Word | Kind::Ident)) {
        if let Some(word) = world.index.spelt_out(&token.low) {
            token.kind = Kind::Word;
            word.clone_into(&mut token.low);
        }
    }
    let ends = |next: Option<&Token>| {
        next.is_none_or(|next| {
            matches!(next.kind, Kind::Mark(_)) || next.is_one_of(&["on", "and", "again", "there", "then", "fine", "ok", "now"])
        })
    };
    let runs = |at: usize| {
        let named = at > 0 && matches!(words[at - 1].kind, Kind::Word | Kind::Ident) && !is_function(&words[at - 1].low);
        words[at].is("runs") && named && ends(words.get(at + 1))
    };
    let places: Vec<usize> = (0..words.len()).filter(|at| runs(*at)).collect();
    for at in places.into_iter().rev() {
        let word = Token::word;
        words.splice(at..=at, [word("is"), word("running")]);
    }
}

/// "rb web-1" reboots, "rb cart" and "..., rb if it fails" of a release roll back.
fn short_of_two(words: &mut [Token], world: &World<'_>) {
    let released = |token: &Token| token.kind == Kind::Version || token.is_one_of(&["deploy", "dply", "release", "ship", "version", "ver"]);
    let is_release = words.iter().any(released);
    for at in (0..words.len()).filter(|at| words[*at].is("rb")).collect::<Vec<_>>() {
        let machine = |token: &Token| world.is_asset(&token.text) || super::grammar::is_machine_like(&token.text);
        let back = match words.get(at + 1) {
            Some(next) if next.is_value() || next.kind == Kind::Word && !is_function(&next.low) && !is_outcome(next) => !machine(next),
            _ => is_release,
        };
        (if back { "rollback" } else { "reboot" }).clone_into(&mut words[at].low);
    }
}

/// "re-enable" is a verb, and "power-cycle" is two words where a phrase is written so.
fn split_verbs(words: &mut Vec<Token>, world: &World<'_>) {
    let mut at = 0;
    while at < words.len() {
        let token = words[at].clone();
        if token.kind == Kind::Ident
            && let Some((first, second)) = token.low.split_once('-')
        {
            let plain = Token::word;
            if first == "re" && world.index.verbs.contains(second) {
                words[at] = Token { text: token.text, ..plain(second) };
            } else if world.index.is_phrase(&[stem(first), stem(second)]) {
                words.splice(at..=at, [plain(first), plain(second)]);
            }
        }
        at += 1;
    }
}

/// A mistyped verb where a clause begins is read as the verb; what was typed stays beside it.
fn correct_verbs(words: &mut [Token], world: &World<'_>) {
    for at in 0..words.len() {
        let opens = at == 0 || words[at - 1].is_one_of(&["and", "then", "please", "to"]) || matches!(words[at - 1].kind, Kind::Mark(_));
        if opens
            && words[at].kind == Kind::Word
            && let Some(verb) = world.index.verb_alike(&words[at].low)
        {
            verb.clone_into(&mut words[at].low);
        }
    }
}

/// Typos of words that mean something. Only what is compared changes: a name stays as typed.
fn correct_words(words: &mut [Token], world: &World<'_>) {
    for at in 1..words.len() {
        if matches!(words[at - 1].kind, Kind::Int(_))
            && words[at].kind == Kind::Word
            && let Some(span) = Index::span_alike(&words[at].low)
        {
            span.clone_into(&mut words[at].low);
        }
    }
    for token in words.iter_mut().filter(|token| token.kind == Kind::Word && !world.is_asset(&token.text)).take(MOST_MENDED) {
        let small = match token.low.as_str() {
            "teh" | "hte" => Some("the"),
            "nad" | "adn" => Some("and"),
            "yuo" | "oyu" => Some("you"),
            "cna" => Some("can"),
            "fro" => Some("for"),
            "taht" | "thta" => Some("that"),
            "tehn" | "thne" => Some("then"),
            "waht" => Some("what"),
            "wich" | "whihc" => Some("which"),
            "jbo" | "jobb" => Some("job"),
            "upp" => Some("up"),
            "tehm" => Some("them"),
            "whent" | "wnet" => Some("went"),
            "lok" => Some("look"),
            "rol" => Some("roll"),
            "runn" => Some("run"),
            "varify" => Some("verify"),
            _ => None,
        };
        let longer = || world.index.lengthened(&token.low).filter(|_| token.text == token.low);
        if let Some(word) = small.or_else(longer).or_else(|| world.index.spelt_right(&token.low)).map(str::to_owned) {
            token.low = word;
        }
    }
}

/// Words of one intent that are looked at for typos.
const MOST_MENDED: usize = 200;

/// "andthen", "thedisk": a space was left out beside a function word.
fn part_glued(words: &mut Vec<Token>, world: &World<'_>) {
    for at in (0..words.len().min(MOST_MENDED)).rev() {
        let token = &words[at];
        let strange = token.kind == Kind::Word && token.low == token.text.to_lowercase() && !world.is_asset(&token.text);
        let Some((first, second)) = Some(&token.low).filter(|_| strange).and_then(|low| world.index.glued(low)) else { continue };
        let word = Token::word;
        let parts = [word(first), Token { owner: token.owner, ..word(second) }];
        words.splice(at..=at, parts);
    }
}

/// "last nights backup": the apostrophe is often left out.
fn name_nights(words: &mut [Token]) {
    for at in 1..words.len() {
        let named = words[at - 1].is_one_of(&["last", "this", "previous"]) && words.get(at + 1).is_some_and(|next| next.kind == Kind::Word);
        let said = |one: &str| {
            words[at].low == one && words.get(at + 1).is_some_and(|next| !is_function(&next.low)) || words[at].low == format!("{one}s")
        };
        if let Some(one) = ["night", "week", "month"].into_iter().find(|one| said(one)).filter(|_| named) {
            one.clone_into(&mut words[at].low);
            words[at].owner = true;
        }
    }
}

/// "a -> b" is to another value, what comes next, or, as "still down: page them", what hangs on how it went.
fn read_signs(words: &mut Vec<Token>, world: &World<'_>) {
    let word = Token::word;
    let mut at = 0;
    while at < words.len() {
        let is_arrow = words[at].kind == Kind::Mark(ARROW);
        if is_arrow || matches!(words[at].kind, Kind::Mark(':' | '=')) {
            let joint = |token: &Token| matches!(token.kind, Kind::Mark(_)) || token.is_one_of(&["and", "then", "but"]);
            let from = words[..at].iter().rposition(joint).map_or(0, |joint| joint + 1);
            // "check x -> ok: ...".
            let told = words.get(at + 1).is_some_and(is_outcome) && words.get(at + 2).is_some_and(|next| next.kind == Kind::Mark(':'));
            if is_arrow && told {
                words[at] = Token { text: ",".to_owned(), low: ",".to_owned(), kind: Kind::Mark(','), owner: false };
            } else if (is_arrow || from > 0) && tells_outcome(&words[from..at], world) {
                words[at] = Token { text: ",".to_owned(), low: ",".to_owned(), kind: Kind::Mark(','), owner: false };
                words.insert(from, word("if"));
                at += 1;
            } else if is_arrow {
                let next = words[at + 1..].iter().find(|next| next.kind != Kind::Word || !is_function(&next.low));
                let acts = next.is_none_or(|next| {
                    let place = super::grammar::environment(&next.low).is_some();
                    next.kind == Kind::Word && !place && world.index.verbs.contains(&next.low)
                });
                words[at] = word(if acts || at == 0 { "then" } else { "to" });
            }
        }
        at += 1;
    }
}

/// "fails", "still not up", "port 22 closed": how something went, and nothing to be done.
fn tells_outcome(words: &[Token], world: &World<'_>) -> bool {
    let vague = |token: &&Token| !token.is_one_of(&["anywhere", "somewhere", "there", "still", "again"]);
    let Some(last) = words.iter().rfind(vague).filter(|_| words.len() < 9) else { return false };
    let opened = words.iter().any(|token| token.is_one_of(&["if", "when", "once", "unless", "whether"]));
    let first = words.iter().find(|token| !is_function(&token.low));
    let acts = first.is_some_and(|token| token.kind == Kind::Word && world.index.verbs.contains(&token.low));
    let silent = words.windows(2).any(|pair| is_not(&pair[0]) && pair[1].is_one_of(&["ping", "response", "answer", "reply", "contact"]));
    (is_outcome(last) || silent) && !opened && (!acts || words.len() < 3)
}

/// "etcd down, patch, etcd up": what goes down and comes up again is stopped and started.
fn down_and_up(words: &mut Vec<Token>) {
    let joint = |token: &Token| matches!(token.kind, Kind::Mark(_)) || token.is_one_of(&["and", "then", "but"]);
    let ends: Vec<usize> = (0..words.len()).filter(|at| joint(&words[*at])).chain([words.len()]).collect();
    let parts: Vec<(usize, usize)> =
        std::iter::once(0).chain(ends.iter().map(|end| end + 1)).zip(ends.iter().copied()).filter(|(from, end)| from < end).collect();
    let subject = |(from, end): (usize, usize), state: &str| -> Option<Vec<String>> {
        let part = &words[from..end];
        let place = part.iter().position(|token| token.is(state)).filter(|place| (1..5).contains(place))?;
        let named = |token: &Token| token.is_value() || token.is("on") || token.kind == Kind::Word && !is_function(&token.low);
        let placed = match &part[place + 1..] {
            [] => true,
            [on, host] => on.is_one_of(&["on", "at"]) && host.is_value(),
            _ => false,
        };
        (placed && part[..place].iter().all(named)).then(|| part[..place].iter().map(|token| token.low.clone()).collect())
    };
    let downs = || parts.iter().enumerate().filter_map(|(at, part)| Some((at, subject(*part, "down")?)));
    let pair = downs().find_map(|(first, name)| {
        let up = (first + 1..parts.len()).find(|at| subject(parts[*at], "up").as_ref() == Some(&name))?;
        Some((parts[first], parts[up]))
    });
    let Some((down, up)) = pair else { return };
    for ((from, end), verb, state) in [(up, "start", "up"), (down, "stop", "down")] {
        let Some(place) = (from..end).find(|at| words[*at].is(state)) else { continue };
        words.remove(place);
        words.insert(from, Token::word(verb));
    }
}
