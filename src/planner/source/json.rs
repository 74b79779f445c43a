//! JSON text -> tree with positions.
//!
//! Stricter than most readers: a key given twice is an error, as is anything after the value.

use super::{Body, Caps, Entry, Lines, Node, Pos};
use crate::model::problem::Problem;
use std::collections::BTreeSet;

pub fn read(origin: &str, text: &str, caps: Caps) -> Result<Node, Problem> {
    let mut reader = Reader { text, at: 0, lines: Lines::of(text), caps };
    let outcome = reader.value(0).and_then(|node| {
        reader.space();
        if reader.at == text.len() { Ok(node) } else { Err(reader.fault("syntax", "text follows the end of the value")) }
    });
    outcome.map_err(|fault| Problem::new(origin, fault.code, fault.message).at(fault.at.line, fault.at.column))
}

struct Fault {
    at: Pos,
    code: &'static str,
    message: String,
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    lines: Lines<'a>,
    caps: Caps,
}

impl Reader<'_> {
    fn fault(&self, code: &'static str, message: impl Into<String>) -> Fault {
        Fault { at: self.lines.pos(self.at), code, message: message.into() }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), Fault> {
        self.space();
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.fault("syntax", format!("expected `{}`", char::from(byte))))
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        self.space();
        if depth > self.caps.depth {
            return Err(self.fault("too_deep", format!("nested deeper than {} levels", self.caps.depth)));
        }
        let at = self.lines.pos(self.at);
        let body = match self.peek() {
            Some(b'{') => self.table(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Body::Text(self.string()?),
            Some(b't') => self.word("true", Body::Bool(true))?,
            Some(b'f') => self.word("false", Body::Bool(false))?,
            Some(b'n') => self.word("null", Body::Null)?,
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(_) => return Err(self.fault("syntax", "expected a value")),
            None => return Err(self.fault("syntax", "the text ends where a value should stand")),
        };
        Ok(Node { at, body })
    }

    fn word(&mut self, word: &str, body: Body) -> Result<Body, Fault> {
        if self.text[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(body);
        }
        Err(self.fault("syntax", "expected a value"))
    }

    fn number(&mut self) -> Result<Body, Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        let number = serde_json::from_str::<serde_json::Number>(digits).ok();
        let body = number.and_then(|number| number.as_i64().map(Body::Int).or_else(|| number.as_f64().map(Body::Float)));
        body.ok_or_else(|| {
            self.at = start;
            self.fault("syntax", "not a number")
        })
    }

    fn string(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        self.at += 1;
        loop {
            match bytes.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => self.at += 2,
                Some(_) => self.at += 1,
                None => {
                    self.at = start;
                    return Err(self.fault("syntax", "the text has no closing quote"));
                }
            }
            if self.at - start > self.caps.text * 6 + 2 {
                break;
            }
        }
        let end = self.at;
        self.at = start;
        let raw = self.text.get(start..=end).unwrap_or_default();
        let text = serde_json::from_str::<String>(raw);
        let too_long = |length: usize| format!("a text of {length} bytes, at most {} are read", self.caps.text);
        match text {
            Ok(text) if text.len() > self.caps.text => Err(self.fault("too_long", too_long(text.len()))),
            Ok(text) => {
                self.at = end + 1;
                Ok(text)
            }
            Err(_) if end - start > self.caps.text => Err(self.fault("too_long", too_long(end - start))),
            Err(_) => Err(self.fault("syntax", "the text holds a bad escape or a control character")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Body, Fault> {
        self.at += 1;
        let mut items = Vec::new();
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Body::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.space();
            if self.peek() == Some(b',') {
                self.at += 1;
                continue;
            }
            self.expect(b']')?;
            return Ok(Body::List(items));
        }
    }

    fn table(&mut self, depth: usize) -> Result<Body, Fault> {
        self.at += 1;
        let mut entries: Vec<Entry> = Vec::new();
        let mut keys = BTreeSet::new();
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Body::Table(entries));
        }
        loop {
            self.space();
            let at = self.lines.pos(self.at);
            if self.peek() != Some(b'"') {
                return Err(self.fault("syntax", "expected a field name in quotes"));
            }
            let key = self.string()?;
            if !keys.insert(key.clone()) {
                return Err(Fault { at, code: "syntax", message: format!("the field `{key}` is given twice") });
            }
            self.expect(b':')?;
            let value = self.value(depth + 1)?;
            entries.push(Entry { key, at, value });
            self.space();
            if self.peek() == Some(b',') {
                self.at += 1;
                continue;
            }
            self.expect(b'}')?;
            return Ok(Body::Table(entries));
        }
    }
}
