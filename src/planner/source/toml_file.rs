//! TOML text -> tree with positions.
//!
//! Brackets are counted before the parser sees the text, so nesting never meets the stack.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Body, Caps, Entry, Lines, Node};
use crate::model::problem::Problem;

pub fn read(origin: &str, text: &str, caps: Caps) -> Result<Node, Problem> {
    let lines = Lines::of(text);
    if let Some(offset) = too_deep(text, caps.depth) {
        let at = lines.pos(offset);
        return Err(Problem::new(origin, "too_deep", format!("nested deeper than {} levels", caps.depth)).at(at.line, at.column));
    }
    let table = DeTable::parse(text).map_err(|error| {
        let at = lines.pos(error.span().map_or(0, |span| span.start));
        Problem::new(origin, "syntax", error.message().replace('\n', " ")).at(at.line, at.column)
    })?;
    let tree = Tree { origin, lines: &lines, caps };
    let at = lines.pos(0);
    let entries = tree.entries(table.get_ref(), 0)?;
    Ok(Node { at, body: Body::Table(entries) })
}

/// Where brackets outside texts and comments, or dots of one key, exceed the cap.
fn too_deep(text: &str, cap: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut dots, mut at) = (0_usize, 0_usize, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'.' => dots += 1,
            b'\n' => dots = 0,
            b'#' => {
                at += bytes[at..].iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len() - at);
                continue;
            }
            quote @ (b'"' | b'\'') => at = end_of_text(bytes, at, quote),
            _ => {}
        }
        if depth > cap || (dots > cap && depth == 0) {
            return Some(at);
        }
        at += 1;
    }
    None
}

/// Offset of the last byte of the text that opens at `at`.
fn end_of_text(bytes: &[u8], at: usize, quote: u8) -> usize {
    let triple = bytes[at..].starts_with(&[quote; 3]);
    let mut here = at + if triple { 3 } else { 1 };
    while here < bytes.len() {
        if bytes[here] == b'\\' && quote == b'"' {
            here += 2;
            continue;
        }
        if triple && bytes[here..].starts_with(&[quote; 3]) {
            return here + 2;
        }
        if !triple && (bytes[here] == quote || bytes[here] == b'\n') {
            return here;
        }
        here += 1;
    }
    bytes.len()
}

struct Tree<'a> {
    origin: &'a str,
    lines: &'a Lines<'a>,
    caps: Caps,
}

impl Tree<'_> {
    fn fault(&self, offset: usize, code: &str, message: String) -> Problem {
        let at = self.lines.pos(offset);
        Problem::new(self.origin, code, message).at(at.line, at.column)
    }

    fn entries(&self, table: &DeTable<'_>, depth: usize) -> Result<Vec<Entry>, Problem> {
        let mut entries = Vec::with_capacity(table.len());
        for (key, value) in table {
            let at = self.lines.pos(key.span().start);
            entries.push(Entry { key: key.get_ref().to_string(), at, value: self.node(value, depth + 1)? });
        }
        Ok(entries)
    }

    fn node(&self, value: &Spanned<DeValue<'_>>, depth: usize) -> Result<Node, Problem> {
        let offset = value.span().start;
        if depth > self.caps.depth {
            return Err(self.fault(offset, "too_deep", format!("nested deeper than {} levels", self.caps.depth)));
        }
        let body = match value.get_ref() {
            DeValue::String(text) if text.len() > self.caps.text => {
                let message = format!("a text of {} bytes, at most {} are read", text.len(), self.caps.text);
                return Err(self.fault(offset, "too_long", message));
            }
            DeValue::String(text) => Body::Text(text.to_string()),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Body::Int(number),
                Err(_) => return Err(self.fault(offset, "syntax", "a whole number out of range".to_owned())),
            },
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Body::Float(number),
                Ok(_) | Err(_) => return Err(self.fault(offset, "syntax", "a number that is not finite".to_owned())),
            },
            DeValue::Boolean(yes) => Body::Bool(*yes),
            DeValue::Datetime(moment) => Body::Text(moment.to_string()),
            DeValue::Array(items) => {
                Body::List(items.iter().map(|item| self.node(item, depth + 1)).collect::<Result<Vec<Node>, Problem>>()?)
            }
            DeValue::Table(table) => Body::Table(self.entries(table, depth)?),
        };
        Ok(Node { at: self.lines.pos(offset), body })
    }
}
