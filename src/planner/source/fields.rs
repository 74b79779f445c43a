//! A table of a file -> typed fields, with a message for every one that is missing, unknown or of another type.
//!
//! Problems are collected; reading goes on so that one run shows them all (at most 100).

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Body, Entry, Node, Pos};
use crate::model::problem::Problem;
use crate::model::time::Millis;
use crate::planner::near;

const MOST_PROBLEMS: usize = 100;

/// Reads one table; what was asked for is known, the rest is reported by `finish`.
pub struct Fields<'a, 'p> {
    origin: &'a str,
    what: String,
    node: &'a Node,
    asked: Vec<&'static str>,
    problems: &'p mut Vec<Problem>,
}

impl<'a, 'p> Fields<'a, 'p> {
    pub fn of(origin: &'a str, what: impl Into<String>, node: &'a Node, problems: &'p mut Vec<Problem>) -> Self {
        let mut fields = Self { origin, what: what.into(), node, asked: Vec::new(), problems };
        if !matches!(node.body, Body::Table(_)) {
            fields.report(node.at, "wrong_type", format!("{} must be a table, not {}", fields.what, node.kind()), "");
        }
        fields
    }

    pub fn report(&mut self, at: Pos, code: &str, message: String, help: &str) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(Problem::new(self.origin, code, message).at(at.line, at.column).help(help));
        }
    }

    pub fn at(&self) -> Pos {
        self.node.at
    }

    pub fn origin(&self) -> &'a str {
        self.origin
    }

    pub fn problems(&mut self) -> &mut Vec<Problem> {
        self.problems
    }

    /// Null counts as absent.
    pub fn node(&mut self, key: &'static str) -> Option<&'a Node> {
        self.asked.push(key);
        self.node.get(key).filter(|node| node.body != Body::Null)
    }

    fn wrong(&mut self, node: &Node, key: &str, wanted: &str) {
        let message = format!("{}: `{key}` must be {wanted}, not {}", self.what, node.kind());
        self.report(node.at, "wrong_type", message, "");
    }

    pub fn text(&mut self, key: &'static str) -> Option<String> {
        let node = self.node(key)?;
        if let Body::Text(text) = &node.body {
            return Some(text.clone());
        }
        self.wrong(node, key, "text");
        None
    }

    pub fn required_text(&mut self, key: &'static str) -> String {
        let known = self.node.get(key).is_some_and(|node| node.body != Body::Null);
        let text = self.text(key);
        if !known || text.as_deref() == Some("") {
            self.report(self.node.at, "missing_field", format!("{} needs `{key}`", self.what), "");
        }
        text.unwrap_or_default()
    }

    pub fn flag(&mut self, key: &'static str) -> Option<bool> {
        let node = self.node(key)?;
        if let Body::Bool(yes) = node.body {
            return Some(yes);
        }
        self.wrong(node, key, "true or false");
        None
    }

    pub fn int(&mut self, key: &'static str) -> Option<i64> {
        let node = self.node(key)?;
        if let Body::Int(number) = node.body {
            return Some(number);
        }
        self.wrong(node, key, "a whole number");
        None
    }

    /// A list of texts; one text alone counts as a list of one.
    pub fn texts(&mut self, key: &'static str) -> Vec<String> {
        let Some(node) = self.node(key) else { return Vec::new() };
        let items = match &node.body {
            Body::List(items) => items.as_slice(),
            Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) | Body::Text(_) | Body::Table(_) => std::slice::from_ref(node),
        };
        let mut texts = Vec::with_capacity(items.len());
        for item in items {
            if let Body::Text(text) = &item.body {
                texts.push(text.clone());
            } else {
                self.wrong(item, key, "a list of texts");
            }
        }
        texts
    }

    /// `"90s"`, or a whole number of milliseconds; also under the stable name with `_ms`.
    pub fn span(&mut self, key: &'static str, key_ms: &'static str) -> Option<Millis> {
        let node = match (self.node(key), self.node(key_ms)) {
            (None, None) => return None,
            (Some(node), _) | (None, Some(node)) => node,
        };
        let span = match &node.body {
            Body::Text(text) => Millis::parse(text),
            Body::Int(number) => u64::try_from(*number).ok().map(Millis),
            Body::Null | Body::Bool(_) | Body::Float(_) | Body::List(_) | Body::Table(_) => None,
        };
        if span.is_none() {
            self.wrong(node, key, "a duration such as \"90s\", or milliseconds");
        }
        span
    }

    pub fn items(&mut self, key: &'static str) -> &'a [Node] {
        let Some(node) = self.node(key) else { return &[] };
        if let Body::List(items) = &node.body {
            return items;
        }
        self.wrong(node, key, "a list");
        &[]
    }

    pub fn entries(&mut self, key: &'static str) -> &'a [Entry] {
        let Some(node) = self.node(key) else { return &[] };
        if let Body::Table(entries) = &node.body {
            return entries;
        }
        self.wrong(node, key, "a table");
        &[]
    }

    pub fn values(&mut self, key: &'static str) -> BTreeMap<String, Value> {
        self.entries(key).iter().map(|entry| (entry.key.clone(), entry.value.value())).collect()
    }

    /// One of a closed set of words.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&'static str, T)]) -> Option<T> {
        let node = self.node(key)?;
        let text = self.text(key)?;
        if let Some((_, found)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(*found);
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let message = format!("{}: `{key}` must be one of {}, not `{text}`", self.what, words.join(", "));
        self.report(node.at, "unknown_value", message, &near::hint(&text, words.iter().copied()));
        None
    }

    /// Fields that a printed plan carries and that are computed again.
    pub fn derived(&mut self, keys: &[&'static str]) {
        self.asked.extend_from_slice(keys);
    }

    /// Fields that the format knows and this version does not carry out; null, false and empty ones are harmless.
    pub fn unsupported(&mut self, keys: &[&'static str]) {
        for key in keys {
            self.asked.push(key);
            let Some(node) = self.node.get(key) else { continue };
            let harmless = match &node.body {
                Body::Null | Body::Bool(false) => true,
                Body::List(items) => items.is_empty(),
                Body::Table(entries) => entries.is_empty(),
                Body::Bool(true) | Body::Int(_) | Body::Float(_) | Body::Text(_) => false,
            };
            if !harmless {
                self.report(node.at, "unsupported_field", format!("`{key}` is not carried out by this version; remove it"), "");
            }
        }
    }

    /// Reports every field that nobody asked for.
    pub fn finish(mut self) {
        let Body::Table(entries) = &self.node.body else { return };
        for entry in entries {
            if !self.asked.contains(&entry.key.as_str()) {
                let help = near::hint(&entry.key, self.asked.iter().copied());
                let message = format!("{}: unknown field `{}`", self.what, entry.key);
                self.report(entry.at, "unknown_field", message, &help);
            }
        }
    }
}
