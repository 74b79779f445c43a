//! Turns of speech that hide what is meant -> the plain words: "tell me if", "or if", "each after", "> 14 days old", "5 minutes later".

use crate::planner::grammar;
use crate::planner::token::{Kind, Token};

/// How many words are replaced, and by which.
type Turn = (usize, Vec<Token>);

const NONE: Turn = (0, Vec::new());

pub(super) fn plain_words(words: &mut Vec<Token>) {
    let mut at = 0;
    while at < words.len() {
        let rest = &words[at..];
        let opens = at > 0 && (words[at - 1].is_one_of(&["and", "then"]) || matches!(words[at - 1].kind, Kind::Mark(_)));
        let found = [asking(rest), how_it_went(rest), other(rest, opens)].into_iter().find(|(length, _)| *length > 0);
        if let Some((length, instead)) = found {
            let next = at + instead.len();
            words.splice(at..at + length, instead);
            at = next;
        } else {
            at += 1;
        }
    }
}

/// "tell me if", "let me know whether", "find out how".
fn asking(rest: &[Token]) -> Turn {
    let word = Token::word;
    let is = |place: usize, any: &[&str]| rest.get(place).is_some_and(|token| token.is_one_of(any));
    let asks = |place: usize| is(place, &["how", "what", "which", "when", "where", "who", "why"]);
    let aside = usize::from(is(2, &["afterwards", "then", "later", "also", "after"]));
    if is(0, &["tell", "show", "inform"]) && is(1, &["me", "us"]) && is(2, &["if", "whether"]) {
        (3, vec![word("check"), word("whether")])
    } else if is(0, &["tell", "show", "inform"]) && is(1, &["me", "us"]) && is(2, &["when", "where"]) {
        (3, vec![word("show")])
    } else if is(0, &["tell", "inform", "let"]) && is(1, &["me", "us"]) && asks(2 + aside) {
        (2 + aside, Vec::new())
    } else if is(0, &["let"]) && is(1, &["me", "us"]) && is(2, &["know", "see"]) && is(3, &["if", "whether"]) {
        (4, vec![word("check"), word("whether")])
    } else if is(0, &["let"]) && is(1, &["me", "us"]) && is(2, &["know", "see"]) && asks(3) {
        (3, vec![word("check")])
    } else if is(0, &["know", "learn", "hear", "wonder", "wondering", "unsure", "curious"]) && is(1, &["if", "whether"])
        || is(0, &["find", "figure"]) && is(1, &["out"]) && is(2, &["if", "whether"])
    {
        (if is(1, &["out"]) { 3 } else { 2 }, vec![word("check"), word("whether")])
    } else if is(0, &["find", "figure"]) && is(1, &["out"]) && asks(2) {
        (2, Vec::new())
    } else {
        NONE
    }
}

/// "how did it go".
fn how_it_went(rest: &[Token]) -> Turn {
    let word = Token::word;
    let is = |place: usize, any: &[&str]| rest.get(place).is_some_and(|token| token.is_one_of(any));
    if is(0, &["how"]) && (1..4).any(|place| is(place, &["go", "went", "goes", "fared", "fare"])) && !rest[..2].iter().any(Token::is_value)
    {
        let end = (1..4).find(|place| is(*place, &["go", "went", "goes", "fared", "fare"])).unwrap_or(1);
        let it = rest[1..end].iter().all(|token| token.is_one_of(&["it", "did", "that", "d", "has", "does"]));
        if it { (end + 1, vec![word("check"), word("its"), word("status")]) } else { NONE }
    } else if is(0, &["how'd"]) && is(1, &["it"]) && is(2, &["go"]) {
        (3, vec![word("check"), word("its"), word("status")])
    } else {
        NONE
    }
}

fn other(rest: &[Token], opens: bool) -> Turn {
    let word = Token::word;
    let is = |place: usize, any: &[&str]| rest.get(place).is_some_and(|token| token.is_one_of(any));
    let span = |place: usize| rest.get(place).is_some_and(|token| token.kind == Kind::Duration);
    if is(0, &["show", "display"]) && (2..5).any(|place| is(place, &["as"])) && !is(1, &["me", "us"]) {
        (1, vec![word("mark")])
    } else if is(0, &["what"])
        && is(1, &["does", "do"])
        && rest.get(2).is_some_and(|address| address.kind == Kind::Url)
        && is(3, &["return", "returns", "say", "serve", "give", "contain", "send"])
    {
        (4, vec![word("get"), rest[2].clone()])
    } else if is(0, &["or"]) && is(1, &["if"]) {
        (1, vec![Token { text: ",".to_owned(), low: ",".to_owned(), kind: Kind::Mark(','), owner: false }])
    } else if is(0, &["and", ","]) && is(1, &["one", "another"]) && is(2, &["of", "for"]) && rest.get(3).is_some_and(Token::is_value) {
        (3, vec![word("and")])
    } else if is(0, &["al"]) && is(1, &["the", "of", "our", "my"]) {
        (1, vec![word("all")])
    } else if is(0, &["role"]) && (is(1, &["back"]) || is(2, &["back"])) {
        (1, vec![word("roll")])
    } else if is(0, &["too"]) && rest.get(1).is_some_and(|next| grammar::environment(&next.low).is_some()) {
        (1, vec![word("to")])
    } else if is(0, &["prior"]) && is(1, &["to"]) || is(0, &["ahead"]) && is(1, &["of"]) {
        (2, vec![word("before")])
    } else if is(0, &["following"]) && is(1, &["a", "an", "the"]) && rest.get(2).is_some_and(|next| next.kind == Kind::Word) {
        (1, vec![word("after")])
    } else if is(0, &["it"])
        && is(1, &["would"])
        && is(2, &["be"])
        && is(3, &["great", "nice", "good", "lovely", "helpful", "wonderful", "cool", "best"])
        && is(4, &["if"])
    {
        (5, vec![word("please")])
    } else if is(0, &["or"]) && is(1, &["not"]) {
        (2, Vec::new())
    } else if is(0, &["rm"]) {
        (1, vec![word("remove")])
    } else if is(0, &["each"]) && is(1, &["after", "before"]) {
        (1, Vec::new())
    } else if rest[0].kind == Kind::Mark('>') && span(1) {
        (1, vec![word("older"), word("than")])
    } else if span(0) && is(1, &["later"]) {
        if opens { (2, vec![word("after"), rest[0].clone()]) } else { NONE }
    } else if is(0, &["after"]) && is(1, &["a", "an"]) && is(2, &["wait", "pause", "delay", "break"]) && is(3, &["of"]) && span(4) {
        (5, vec![word("after"), rest[4].clone()])
    } else {
        NONE
    }
}
