//! Text of a file -> a tree of values that know their line, whatever the notation.
//!
//! Caps are checked before or while parsing: bytes, depth, text length. No recursion deeper than the depth cap.

mod fields;
mod json;
mod toml_file;

pub use fields::Fields;

use serde_json::Value;

use crate::model::problem::Problem;

/// Notation of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Toml,
}

#[derive(Clone, Copy, Debug)]
pub struct Caps {
    pub bytes: usize,
    pub depth: usize,
    pub text: usize,
}

/// 16 MiB, 64 levels, 64 KiB a text.
pub const CAPS: Caps = Caps { bytes: 16 << 20, depth: 64, text: 64 << 10 };

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pos {
    pub line: u32,
    pub column: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    pub at: Pos,
    pub body: Body,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// In the order of the file.
    Table(Vec<Entry>),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub key: String,
    pub at: Pos,
    pub value: Node,
}

impl Node {
    pub fn kind(&self) -> &'static str {
        match self.body {
            Body::Null => "null",
            Body::Bool(_) => "true or false",
            Body::Int(_) => "a whole number",
            Body::Float(_) => "a number",
            Body::Text(_) => "text",
            Body::List(_) => "a list",
            Body::Table(_) => "a table",
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.body {
            Body::Table(entries) => entries.iter().find(|entry| entry.key == key).map(|entry| &entry.value),
            Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) | Body::Text(_) | Body::List(_) => None,
        }
    }

    pub fn value(&self) -> Value {
        match &self.body {
            Body::Null => Value::Null,
            Body::Bool(yes) => Value::Bool(*yes),
            Body::Int(number) => Value::from(*number),
            Body::Float(number) => serde_json::Number::from_f64(*number).map_or(Value::Null, Value::Number),
            Body::Text(text) => Value::String(text.clone()),
            Body::List(items) => Value::Array(items.iter().map(Node::value).collect()),
            Body::Table(entries) => Value::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.value())).collect()),
        }
    }
}

/// The tree of a file, or the one problem that stopped the reader.
pub fn read(origin: &str, text: &str, format: Format, caps: Caps) -> Result<Node, Problem> {
    if text.len() > caps.bytes {
        let message = format!("the file has {} bytes, at most {} are read", text.len(), caps.bytes);
        return Err(Problem::new(origin, "too_large", message));
    }
    match format {
        Format::Json => json::read(origin, text, caps),
        Format::Toml => toml_file::read(origin, text, caps),
    }
}

/// Longest part of a line whose characters are counted.
const COUNTED: usize = 1_000;

/// Byte offsets -> line and column, by the starts of lines.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    fn pos(&self, offset: usize) -> Pos {
        let line = self.starts.partition_point(|start| *start <= offset).max(1);
        let start = self.starts[line - 1];
        // Counting characters of a file that is one line would cost its square; there, bytes are told.
        let before = self.text.get(start..offset).unwrap_or_default();
        let column = if before.len() > COUNTED { before.len() } else { before.chars().count() } + 1;
        Pos { line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_give_the_same_tree_with_lines() {
        let json = read("a", "{\n \"x\": [1, true, \"é\\n\", null, 1.5]\n}", Format::Json, CAPS).expect("sound");
        let toml = read("a", "\nx = [1, true, \"é\\n\", 1.5]\n", Format::Toml, CAPS).expect("sound");
        for node in [&json, &toml] {
            let list = node.get("x").expect("x is there");
            assert_eq!(list.at.line, 2);
            assert_eq!(list.value()[2], "é\n");
        }
    }

    #[test]
    fn caps_hold_in_both_notations() {
        let caps = Caps { bytes: 4096, depth: 5, text: 10 };
        let deep_json = "[".repeat(4000);
        let deep_toml = format!("x = {}", "[".repeat(4000));
        for (text, format, code) in [
            (deep_json.as_str(), Format::Json, "too_deep"),
            (deep_toml.as_str(), Format::Toml, "too_deep"),
            ("{\"x\":\"12345678901\"}", Format::Json, "too_long"),
            ("x = \"12345678901\"", Format::Toml, "too_long"),
            ("{\"x\":1,\"x\":2}", Format::Json, "syntax"),
            ("{\"x\":1} x", Format::Json, "syntax"),
            ("x = ", Format::Toml, "syntax"),
            (&" ".repeat(5000), Format::Json, "too_large"),
        ] {
            assert_eq!(read("f", text, format, caps).expect_err("refused").code, code, "{}", &text[..text.len().min(30)]);
        }
    }
}
