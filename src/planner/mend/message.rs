//! "tell #ops: db-1 is back", "page dba that db-1 is down": what is to be said stands as one quoted text, and orders nothing.

use crate::planner::index::Index;
use crate::planner::segment::is_outcome;
use crate::planner::slots::WORDED;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, is_preposition};

const TELLING: &[&str] = &[
    "tell", "notify", "page", "inform", "message", "send", "post", "mail", "email", "announce", "say", "write", "alert", "warn", "ticket",
    "open", "file", "create", "raise", "cut", "log", "let", "ping",
];

/// What is opened or raised has a title and nothing else.
const TICKETS: &[&str] = &["ticket", "tickets", "incident", "issue", "bug"];

/// Words between the verb and what is said.
const HEAD: usize = 8;

pub(super) fn messages(words: &mut Vec<Token>, index: &Index) {
    let worded = |name: &str| WORDED.contains(&name);
    if !index.operations.iter().any(|operation| operation.params.iter().any(|param| worded(&param.name))) {
        return;
    }
    let mut at = 0;
    while at < words.len() {
        let titled = words[at].is_one_of(TELLING) && opens(words, at);
        if let Some(colon) = titled.then(|| title(words, at)).flatten() {
            words.remove(colon);
        } else if words[at].is_one_of(TELLING)
            && opens(words, at)
            && let Some((lead, end)) = said(words, at, index)
        {
            let quoted = quote(&words[lead + 1..end]);
            words.splice(lead..end, [quoted]);
            at = lead;
        }
        at += 1;
    }
}

/// `open a high severity ticket: "disk failing"`: the colon leads in the title.
fn title(words: &[Token], verb: usize) -> Option<usize> {
    let window = &words[verb + 1..words.len().min(verb + 1 + HEAD)];
    let colon = window.iter().position(|token| token.kind == Kind::Mark(':') || ends(token))?;
    let ticket = window[..colon].iter().any(|token| token.is_one_of(TICKETS) || token.kind == Kind::Channel) || words[verb].is("page");
    let quoted = window.get(colon + 1).is_some_and(|next| next.kind == Kind::Quoted);
    (ticket && quoted && !ends(&window[colon])).then_some(verb + 1 + colon)
}

/// "call the on-call of network", "wake whoever is on call for dba": the team is paged.
pub(super) fn on_call(words: &mut Vec<Token>) {
    let calls = |token: &Token| token.is_one_of(&["call", "wake", "ring", "phone", "contact", "alert", "page"]);
    for at in (0..words.len()).filter(|at| calls(&words[*at])).collect::<Vec<_>>().into_iter().rev() {
        let mut next = at + 1;
        while words.get(next).is_some_and(|token| token.is_one_of(&["the", "up", "whoever", "who", "is", "person"])) {
            next += 1;
        }
        let named = words.get(next).is_some_and(|token| token.is_one_of(&["on-call", "oncall"]));
        let apart = !named && matches!(&words[next.min(words.len())..], [on, call, ..] if on.is("on") && call.is("call"));
        let end = next + if apart { 2 } else { 1 };
        if (named || apart) && words.get(end).is_some_and(|token| token.is_one_of(&["of", "for", "in", "from", "at"])) {
            words.splice(at..=end, [Token::word("page")]);
        }
    }
}

/// An order can begin here: the page of "status page" tells nobody.
fn opens(words: &[Token], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|before| &words[before]) else { return true };
    let led = is_determiner(&before.low) || is_preposition(&before.low) && !before.is("to");
    before.kind != Kind::Word || is_outcome(before) || is_function(&before.low) && !led
}

/// Where the text is led in, and where it ends.
fn said(words: &[Token], verb: usize, index: &Index) -> Option<(usize, usize)> {
    let window = &words[verb + 1..words.len().min(verb + 1 + HEAD)];
    let lead = window.iter().position(|token| token.kind == Kind::Mark(':') || token.is("that") || ends(token))? + verb + 1;
    let (head, rest) = (&words[verb + 1..lead], &words[lead + 1..]);
    let colon = words[lead].kind == Kind::Mark(':');
    let ticket = words[verb].is("ticket") || head.iter().any(|token| token.is_one_of(TICKETS));
    let opens = words[verb].is_one_of(&["open", "file", "create", "raise", "cut", "log"]);
    let addressed = ticket || words[verb].is("page") || head.iter().any(|token| token.kind == Kind::Channel);
    let asked = head.iter().any(|token| token.is_one_of(&["me", "us"])) || rest.first().is_none_or(|first| first.kind == Kind::Quoted);
    if ends(&words[lead]) || !addressed || asked || opens && !ticket {
        return None;
    }
    let (end, text) = if colon {
        let end = rest.iter().position(|token| token.kind == Kind::Mark(';')).unwrap_or(rest.len());
        let then = (0..end).find(|at| rest[*at].is("then") && *at > 0);
        let end = then.map_or(end, |then| then - usize::from(rest[then - 1].kind == Kind::Mark(',')));
        (end, &rest[..end])
    } else {
        let next = |at: usize| rest[at].is("and") && rest.get(at + 1).is_some_and(|next| index.verbs.contains(&next.low));
        let end = (0..rest.len()).find(|at| ends(&rest[*at]) || next(*at)).unwrap_or(rest.len());
        (end, &rest[..end])
    };
    // "tell #ops: disk of web-1" sends what is read; a sentence is sent as it stands.
    let tells = text.iter().skip(1).any(|token| {
        let is = token
            .is_one_of(&["is", "are", "was", "were", "has", "have", "had", "will", "went", "needs", "need", "does", "did", "back", "up"]);
        token.kind == Kind::Word && (is || is_outcome(token) || Index::is_past(&token.low))
    });
    // "the team that owns x", "those that are down".
    let relative =
        !colon && text.first().is_some_and(|first| index.is_verb(&first.low) || first.is_one_of(&["is", "are", "was", "has", "have"]));
    let asks = text.first().is_some_and(|first| first.is_one_of(&["is", "are", "how", "what", "which", "who", "does", "do"]));
    let nominal = text.get(1).is_some_and(|next| next.is("of"));
    let orders = colon && !ticket && !nominal && text.first().is_some_and(|first| index.verbs.contains(&first.low));
    let paged = colon && words[verb].is("page") && !text.iter().any(Token::is_value);
    ((ticket && colon || paged || tells) && !relative && !asks && !orders && !text.is_empty()).then_some((lead, lead + 1 + end))
}

fn ends(token: &Token) -> bool {
    matches!(token.kind, Kind::Mark(',' | ';')) || token.is("then")
}

fn quote(words: &[Token]) -> Token {
    let mut text = String::new();
    for token in words {
        if !text.is_empty() && !matches!(token.kind, Kind::Mark(_)) {
            text.push(' ');
        }
        text.push_str(&token.text);
        if token.owner && !token.text.contains('\'') {
            text.push_str("'s");
        }
    }
    Token { low: text.to_lowercase(), text, kind: Kind::Quoted, owner: false }
}
