//! Intent text -> tokens: words, and values that stand for themselves (URL, path, address, duration, version ...).
//!
//! The text of the operator is kept as typed beside the lower-case form that is compared. Nothing is decided here.

use super::grammar;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Word,
    /// A word with a digit, dot, hyphen or underscore: most likely the name of something.
    Ident,
    Quoted,
    Url,
    Path,
    Channel,
    Ip,
    Int(i64),
    Duration,
    Version,
    Datetime,
    /// `,` `;` `:` `.` `?` and brackets.
    Mark(char),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub low: String,
    pub kind: Kind,
    /// Ends in `'s`: what follows belongs to it.
    pub owner: bool,
}

impl Token {
    /// One that nobody typed.
    pub fn word(low: &str) -> Self {
        Self { text: low.to_owned(), low: low.to_owned(), kind: Kind::Word, owner: false }
    }

    pub fn is(&self, word: &str) -> bool {
        self.low == word && self.kind != Kind::Quoted
    }

    pub fn is_one_of(&self, words: &[&str]) -> bool {
        self.kind != Kind::Quoted && words.contains(&self.low.as_str())
    }

    pub fn is_value(&self) -> bool {
        !matches!(self.kind, Kind::Word | Kind::Mark(_))
    }

    fn new(text: &str, kind: Kind) -> Self {
        Self { text: text.to_owned(), low: text.to_lowercase(), kind, owner: false }
    }
}

/// "x -> y", however it was typed.
pub const ARROW: char = '\u{2192}';

pub fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let used = quoted(rest, first, &mut found).or_else(|| mark(rest, first, &mut found)).unwrap_or_else(|| chunk(rest, &mut found));
        rest = rest[used.max(first.len_utf8())..].trim_start();
    }
    join_spans(&found)
}

/// Once more after typos were mended: "30 mintues" is a time now, "yesteday" too.
pub fn rejoin(words: &[Token]) -> Vec<Token> {
    let mended = words.iter().map(|token| match kind_of(&token.low) {
        kind @ (Kind::Duration | Kind::Datetime) if token.kind == Kind::Word && token.low != token.text.to_lowercase() => {
            let span = grammar::duration(&token.low);
            Token { text: span.unwrap_or_else(|| token.low.clone()), kind, ..token.clone() }
        }
        _ => token.clone(),
    });
    join_spans(&mended.collect::<Vec<_>>())
}

fn quoted(rest: &str, first: char, found: &mut Vec<Token>) -> Option<usize> {
    let close = match first {
        '"' | '\'' | '`' => first,
        '\u{201c}' => '\u{201d}',
        '\u{2018}' => '\u{2019}',
        _ => return None,
    };
    let inner = &rest[first.len_utf8()..];
    let end = inner.find(close)?;
    found.push(Token::new(&inner[..end], Kind::Quoted));
    Some(first.len_utf8() + end + close.len_utf8())
}

fn mark(rest: &str, first: char, found: &mut Vec<Token>) -> Option<usize> {
    let alone = rest[first.len_utf8()..].chars().next().is_none_or(|next| next.is_whitespace() || is_mark(next));
    if let Some(arrow) = ["->", "=>", "\u{2192}"].into_iter().find(|arrow| rest.starts_with(arrow)) {
        found.push(Token::new("->", Kind::Mark(ARROW)));
        return Some(arrow.len());
    }
    if first == '+' && alone {
        found.push(Token::new("and", Kind::Word));
        return Some(1);
    }
    if matches!(first, ',' | ';' | '(' | ')' | '|' | '&' | '<' | '>' | '\u{2014}' | '\u{2013}') || (alone && is_mark(first)) {
        let sign = if matches!(first, '\u{2014}' | '\u{2013}') { ';' } else { first };
        found.push(Token::new(&first.to_string(), Kind::Mark(sign)));
        return Some(first.len_utf8());
    }
    None
}

fn is_mark(c: char) -> bool {
    matches!(c, ',' | ';' | ':' | '.' | '?' | '!' | '(' | ')' | '"' | '-')
}

/// One run without spaces, its trailing marks split off.
fn chunk(rest: &str, found: &mut Vec<Token>) -> usize {
    let is_url = rest.starts_with("http://") || rest.starts_with("https://");
    let stop = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '"') || (!is_url && matches!(c, '(' | ')' | '|' | '&' | '>' | '<'));
    let end = rest.find(stop).unwrap_or(rest.len());
    let run = &rest[..end];
    let body = run.trim_end_matches(['.', '?', '!', ':', '"', ')']);
    if body.is_empty() {
        return run.len();
    }
    let (word, owner) = strip_owner(body);
    let mut token = Token::new(word, kind_of(word));
    token.owner = owner;
    found.push(token);
    if body.len() < run.len() {
        let sign = run[body.len()..].chars().next().unwrap_or('.');
        found.push(Token::new(&sign.to_string(), Kind::Mark(sign)));
    }
    run.len()
}

/// `night's` is `night`; `what's` and `let's` are words of their own.
fn strip_owner(word: &str) -> (&str, bool) {
    let low = word.to_lowercase();
    if ["whats", "hows", "wheres", "whos", "whens"].contains(&low.as_str()) {
        return (&word[..word.len() - 1], false);
    }
    if ["what's", "it's", "that's", "let's", "who's", "where's", "how's", "there's", "what\u{2019}s"].contains(&low.as_str()) {
        let cut = word.len() - if word.ends_with("\u{2019}s") { 4 } else { 2 };
        return (&word[..cut], false);
    }
    let bare = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).or_else(|| word.strip_suffix("s'"));
    bare.map_or((word, false), |bare| (bare, !bare.is_empty()))
}

fn kind_of(word: &str) -> Kind {
    if word.starts_with("http://") || word.starts_with("https://") {
        Kind::Url
    } else if word.starts_with('/') {
        Kind::Path
    } else if grammar::is_channel(word) {
        Kind::Channel
    } else if grammar::is_ip(word) {
        Kind::Ip
    } else if let Ok(number) = word.parse::<i64>() {
        Kind::Int(number)
    } else if grammar::duration(word).is_some() {
        Kind::Duration
    } else if grammar::is_version_like(word) {
        Kind::Version
    } else if grammar::is_datetime_like(word) {
        Kind::Datetime
    } else if word.chars().any(|c| c.is_ascii_digit() || matches!(c, '.' | '-' | '_' | '@' | '*' | '$' | '/')) {
        Kind::Ident
    } else {
        Kind::Word
    }
}

/// `30 minutes`, `half an hour`, `an hour`, `friday 22:00` become one token.
fn join_spans(found: &[Token]) -> Vec<Token> {
    let mut joined: Vec<Token> = Vec::with_capacity(found.len());
    let mut at = 0;
    while at < found.len() {
        let longest = (2..=4_usize).rev().find_map(|length| {
            let part = found.get(at..at + length)?;
            if part.iter().any(|token| matches!(token.kind, Kind::Mark(_) | Kind::Quoted)) {
                return None;
            }
            let text = part.iter().map(|token| token.low.as_str()).collect::<Vec<_>>().join(" ");
            if let Some(span) = grammar::duration(&text) {
                return Some((length, Token { low: text, ..Token::new(&span, Kind::Duration) }));
            }
            if let [minus, Token { kind: Kind::Int(number), .. }] = part
                && minus.is("minus")
            {
                return Some((length, Token::new(&format!("-{number}"), Kind::Int(-number))));
            }
            if let [Token { kind: Kind::Int(_), .. }, half] = part
                && half.is_one_of(&["am", "pm"])
            {
                return Some((length, Token::new(&text.replace(' ', ""), Kind::Datetime)));
            }
            let all_times = part.iter().all(|token| matches!(token.kind, Kind::Datetime) || token.is("at"));
            let ends = part.last().is_some_and(|token| token.kind == Kind::Datetime) && part[0].kind == Kind::Datetime;
            (all_times && ends).then(|| (length, Token::new(&text, Kind::Datetime)))
        });
        if let Some((length, token)) = longest {
            joined.push(token);
            at += length;
        } else {
            joined.push(found[at].clone());
            at += 1;
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_atoms() {
        for (text, kind) in [
            ("https://a.example/x?y=1", Kind::Url),
            ("/var/log", Kind::Path),
            ("#ops", Kind::Channel),
            ("a@example.org", Kind::Channel),
            ("10.0.0.1", Kind::Ip),
            ("10.0.0.0/8", Kind::Ip),
            ("fe80::1", Kind::Ip),
            ("-5", Kind::Int(-5)),
            ("minus 5", Kind::Int(-5)),
            ("quarter of an hour", Kind::Duration),
            ("30 minutes", Kind::Duration),
            ("half an hour", Kind::Duration),
            ("v1.2.3", Kind::Version),
            ("box-3", Kind::Ident),
            ("02:30", Kind::Datetime),
            ("\"some words; here\"", Kind::Quoted),
            ("plain", Kind::Word),
        ] {
            let found = tokens(text);
            assert_eq!((found.len(), &found[0].kind), (1, &kind), "{text}: {found:?}");
        }
    }

    #[test]
    fn marks_end_words_but_not_values() {
        let words: Vec<String> = tokens("ping box-1, then read \"a, b\"; what's up?").into_iter().map(|token| token.low).collect();
        assert_eq!(words, ["ping", "box-1", ",", "then", "read", "a, b", ";", "what", "up", "?"]);
    }
}
