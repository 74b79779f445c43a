//! What is said to be polite, before and behind a request: greetings, reasons, thanks. None of it is to be done.

use crate::model::catalogue::EffectClass;
use crate::planner::index::Index;
use crate::planner::segment::is_not;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, stem};

/// "good morning, ...", "hello team: ...": said to somebody, and no part of what is to be done.
pub(super) fn greeting(words: &[Token]) -> usize {
    let opens = match words {
        [good, day, ..] if good.is("good") && day.is_one_of(&["morning", "afternoon", "evening", "day"]) => 2,
        [hello, ..] if hello.is_one_of(&["hello", "hi", "hey", "dear", "greetings", "morning"]) => 1,
        _ => return 0,
    };
    let named = words[opens..]
        .iter()
        .take_while(|token| token.is_one_of(&["all", "team", "folks", "there", "everyone", "guys", "colleagues", "friends"]));
    let end = opens + named.count();
    let marked = words.get(end).is_some_and(|token| matches!(token.kind, Kind::Mark(',' | '!' | '.' | ';' | ':' | '-')));
    if end == words.len() { 0 } else { end + usize::from(marked) }
}

/// "when you have a minute, ...", "for the audit, ...": why and how soon it would be kind, and nothing of what is to be done.
pub(super) fn courtesy(words: &[Token]) -> usize {
    let end = words.iter().take(10).position(|token| token.kind == Kind::Mark(','));
    let Some(end) = end.filter(|end| *end > 1 && end + 1 < words.len()) else { return 0 };
    let said = &words[..end];
    let has = |any: &[&str]| said.iter().any(|token| token.is_one_of(any));
    let spare = said[0].is_one_of(&["when", "whenever", "if", "once"])
        && has(&["you"])
        && has(&["second", "sec", "minute", "min", "moment", "chance", "time", "mind", "can", "could", "free"]);
    let possible = said[0].is("if") && (has(&["possible", "trouble", "okay"]) || has(&["ok"]) && said.len() < 5);
    let purpose = said[0].is("for")
        && has(&[
            "report",
            "audit",
            "review",
            "meeting",
            "handover",
            "postmortem",
            "records",
            "boss",
            "manager",
            "customer",
            "documentation",
        ]);
    let plain = said.iter().all(|token| token.kind == Kind::Word || token.kind == Kind::Duration);
    let spare = spare
        || said[0].is_one_of(&["when", "whenever", "if", "once"])
            && has(&["have", "get", "got", "find"])
            && said.last().is_some_and(|last| last.kind == Kind::Duration);
    if plain && (spare || possible || purpose) { end + 1 } else { 0 }
}

/// "our queries have been crawling. Could you please ...": whatever stands before the request and names nothing.
pub(super) fn preface(words: &[Token], index: &Index) -> usize {
    let request = |at: &usize| requests(&words[*at..]) > 0;
    let Some(at) = (0..words.len()).find(request).filter(|at| *at > 0 && words.len() > at + 3) else { return 0 };
    let said = &words[..at];
    let named = said.iter().any(|token| token.is_value() || index.is_machine(&token.low) || token.owner);
    let ends = |token: &Token| matches!(token.kind, Kind::Mark(_)) || token.is_one_of(&["so", "and", "but", "then"]);
    // "if it fails, could you ...", "restart it and please ...": not for the sake of politeness.
    let opens = |part: &[Token]| {
        let first = part.iter().find(|token| !token.is_one_of(&["please", "and", "so", "but", "also", "then"]));
        first.is_some_and(|first| {
            first.is_one_of(&[
                "if", "when", "once", "unless", "after", "before", "until", "only", "don't", "dont", "do", "never", "not", "no", "on",
                "in", "at", "to", "for", "from", "with",
            ]) || index.verbs.contains(&first.low) && !first.is_one_of(&["need", "want"])
        })
    };
    // Whatever binds or changes something is no politeness.
    let binds = |token: &Token| is_not(token) || token.is_one_of(&["must", "should", "only", "except", "while", "during", "first"]);
    let changes = (0..at).any(|place| {
        let noun = place > 0 && (is_determiner(&said[place - 1].low) || said[place - 1].owner);
        !noun && index.verbs.contains(&said[place].low) && changing(&said[place], index)
    });
    let to_do = said
        .windows(2)
        .any(|pair| pair[0].is("to") && index.verbs.contains(&pair[1].low) && !pair[1].is_one_of(&["know", "see", "get", "use"]));
    let orders_more = changes || to_do || said.iter().any(binds);
    let (parted, long) = (ends(&words[at - 1]), said.len() > 3);
    let orders = said.split(ends).any(opens) || said.iter().any(|token| token.is_one_of(&["otherwise", "else", "instead"]));
    if named || orders || orders_more || !parted || !long { 0 } else { at }
}

/// Some operation that changes something is led by it.
fn changing(token: &Token, index: &Index) -> bool {
    let led = index.led_by(&stem(&token.low)).into_iter().flatten();
    led.into_iter().any(|one| index.operations[*one].effect != EffectClass::Read)
}

/// Length of what asks for something here: "could you please", "I would be grateful if you could".
fn requests(words: &[Token]) -> usize {
    let is = |at: usize, any: &[&str]| words.get(at).is_some_and(|token| token.is_one_of(any));
    if is(0, &["could", "can", "would", "will", "might", "may"]) && is(1, &["you", "i", "we", "someone", "somebody", "one"]) {
        2
    } else if is(0, &["please", "kindly"]) {
        1
    } else if is(0, &["i"]) && is(1, &["would", "will"]) || is(0, &["i'd"]) {
        usize::from((1..6).any(|at| is(at, &["grateful", "thankful", "glad", "obliged", "appreciate", "like", "love"])))
    } else {
        0
    }
}

/// "I would be grateful if you renewed it", "would you be so kind as to renew it", "do me a favour and renew it": please renew it.
pub(super) fn plain_request(words: &mut Vec<Token>, index: &Index) {
    let is = |words: &[Token], at: usize, any: &[&str]| words.get(at).is_some_and(|token| token.is_one_of(any));
    let Some(at) = (0..words.len()).find(|at| requests(&words[*at..]) > 0) else { return };
    let window = words.len().min(at + 9);
    let glad = (at..window).any(|at| is(words, at, &["grateful", "thankful", "glad", "obliged", "appreciate"]));
    let if_you = (at..window).find(|at| is(words, *at, &["if"]) && is(words, at + 1, &["you"])).filter(|_| glad);
    let kind = (at..window).find(|at| is(words, *at, &["kind", "good"]) && is(words, at + 1, &["as"]) && is(words, at + 2, &["to"]));
    let ask = (at..window).find(|at| is(words, *at, &["ask"]) && is(words, at + 1, &["you"]) && is(words, at + 2, &["to"]));
    let favour = (at..window).find(|at| is(words, *at, &["favour", "favor"]));
    let end = if let Some(if_you) = if_you {
        let next = if_you + 2 + usize::from(is(words, if_you + 2, &["could", "would", "can"]));
        if let Some(verb) = words.get_mut(next).filter(|verb| verb.low.ends_with("ed"))
            && let Some(base) = index.verbs.iter().find(|base| stem(base) == stem(&verb.low))
        {
            verb.low.clone_from(base);
        }
        next
    } else if let Some(start) = kind.or(ask) {
        start + 3
    } else if let Some(start) = favour {
        let Some(and) = (start + 1..words.len()).find(|at| is(words, *at, &["and"])) else { return };
        // "..., as I'm stuck in meetings, and": why.
        if words[start + 1..and].iter().any(Token::is_value) {
            return;
        }
        and + 1
    } else {
        return;
    };
    words.splice(at..end, [Token::word("please")]);
}

/// "... . I need it for my sheet.", "Much obliged!": said behind it, and names nothing.
pub(super) fn trailer(words: &[Token], index: &Index) -> usize {
    let mut end = words.len();
    while let Some(at) =
        words[..end.saturating_sub(1)].iter().rposition(|token| matches!(token.kind, Kind::Mark('.' | '!' | ';' | '?' | ',')))
    {
        let said = &words[at + 1..end];
        let thanks = said.first().is_some_and(|first| {
            first.is_one_of(&["thanks", "thank", "thx", "tnx", "ty", "cheers", "regards", "kind", "best", "much", "many", "warm", "sorry"])
        });
        let personal = words[at].kind != Kind::Mark(',')
            && said.first().is_some_and(|first| first.is_one_of(&["i", "i'm", "we", "we're", "this", "my", "our"]));
        let plain = said.iter().all(|token| matches!(token.kind, Kind::Word | Kind::Mark(_)))
            && !said.iter().any(|token| index.is_machine(&token.low));
        // "is it open? pls check".
        let asked = words[at].kind == Kind::Mark('?')
            && said.iter().all(|token| {
                token.is_one_of(&[
                    "please", "pls", "plz", "kindly", "check", "chk", "look", "see", "verify", "confirm", "can", "could", "you",
                ])
            });
        if said.is_empty()
            || asked
            || plain && said.len() < 12 && (thanks || personal && !said.iter().any(|token| changing(token, index) || is_not(token)))
        {
            end = at;
        } else {
            break;
        }
    }
    end
}
