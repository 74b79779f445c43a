//! A TOML file -> values with their places, and every problem of the file at once.
//!
//! Unknown names are refused with the nearest known one: a misspelt field must not be a field that does nothing.

use std::cell::RefCell;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::model::problem::Problem;

pub type Node<'i> = Spanned<DeValue<'i>>;

pub struct Reader<'a> {
    pub origin: &'a str,
    text: &'a str,
    problems: RefCell<Vec<Problem>>,
}

impl<'a> Reader<'a> {
    pub fn new(origin: &'a str, text: &'a str) -> Self {
        Self { origin, text, problems: RefCell::default() }
    }

    pub fn parse(&self) -> Option<Spanned<DeTable<'a>>> {
        match DeTable::parse(self.text) {
            Ok(table) => Some(table),
            Err(error) => {
                self.say(error.span().map_or(0, |span| span.start), "toml", error.message().to_owned(), "");
                None
            }
        }
    }

    pub fn problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    pub fn say(&self, at: usize, code: &str, message: impl Into<String>, help: impl Into<String>) {
        let (line, column) = self.place(at);
        self.problems.borrow_mut().push(Problem::new(self.origin, code, message).at(line, column).help(help));
    }

    /// Line and column, from 1.
    pub fn place(&self, at: usize) -> (u32, u32) {
        let before = &self.text[..self.text.floor_char_boundary(at)];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (u32::try_from(line).unwrap_or(0), u32::try_from(column).unwrap_or(0))
    }

    pub fn only(&self, table: &DeTable<'_>, what: &str, known: &[&str]) {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !known.contains(&name) {
                let message = format!("unknown field `{name}` of {what}");
                self.say(key.span().start, "unknown_field", message, nearest(name, known.iter().copied()));
            }
        }
    }

    pub fn expected(&self, node: &Node<'_>, key: &str, wanted: &str) {
        let found = node.get_ref().type_str();
        self.say(node.span().start, "wrong_type", format!("`{key}` must be {wanted}, found {found}"), "");
    }

    pub fn string(&self, table: &DeTable<'_>, key: &str) -> Option<String> {
        let node = table.get(key)?;
        let text = node.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.expected(node, key, "text");
        }
        text
    }

    pub fn boolean(&self, table: &DeTable<'_>, key: &str) -> Option<bool> {
        let node = table.get(key)?;
        let yes = node.get_ref().as_bool();
        if yes.is_none() {
            self.expected(node, key, "true or false");
        }
        yes
    }

    pub fn whole(&self, table: &DeTable<'_>, key: &str) -> Option<u64> {
        let node = table.get(key)?;
        let number = integer(node.get_ref()).and_then(|number| u64::try_from(number).ok());
        if number.is_none() {
            self.expected(node, key, "a whole number, not negative");
        }
        number
    }

    pub fn number(&self, table: &DeTable<'_>, key: &str) -> Option<f64> {
        let node = table.get(key)?;
        let number = to_json(node.get_ref()).as_ref().and_then(Value::as_f64);
        if number.is_none() {
            self.expected(node, key, "a number");
        }
        number
    }

    pub fn strings(&self, table: &DeTable<'_>, key: &str) -> Option<Vec<String>> {
        let node = table.get(key)?;
        let texts =
            node.get_ref().as_array().and_then(|items| items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect());
        if texts.is_none() {
            self.expected(node, key, "a list of texts");
        }
        texts
    }

    /// The tables of a list, such as `params = [{…}]` or `[[operation]]`.
    pub fn tables<'t, 'i>(&self, table: &'t DeTable<'i>, key: &str) -> Vec<(usize, &'t DeTable<'i>)> {
        let Some(node) = table.get(key) else {
            return Vec::new();
        };
        let Some(items) = node.get_ref().as_array() else {
            self.expected(node, key, "a list of tables");
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items {
            match item.get_ref().as_table() {
                Some(table) => found.push((item.span().start, table)),
                None => self.expected(item, key, "a list of tables"),
            }
        }
        found
    }

    pub fn table<'t, 'i>(&self, table: &'t DeTable<'i>, key: &str) -> Option<(usize, &'t DeTable<'i>)> {
        let node = table.get(key)?;
        let inner = node.get_ref().as_table();
        if inner.is_none() {
            self.expected(node, key, "a table");
        }
        inner.map(|inner| (node.span().start, inner))
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok()
}

/// `None` for a date: operations have no such parameters; they take it as text.
pub fn to_json(value: &DeValue<'_>) -> Option<Value> {
    Some(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(_) => Value::from(integer(value)?),
        DeValue::Float(float) => Value::from(float.as_str().replace('_', "").parse::<f64>().ok()?),
        DeValue::Boolean(yes) => Value::from(*yes),
        DeValue::Datetime(_) => return None,
        DeValue::Array(items) => items.iter().map(|item| to_json(item.get_ref())).collect::<Option<Vec<_>>>()?.into(),
        DeValue::Table(table) => {
            let entries = table.iter().map(|(key, item)| Some((key.get_ref().to_string(), to_json(item.get_ref())?)));
            Value::Object(entries.collect::<Option<_>>()?)
        }
    })
}

/// `nearest: NAME`, or all names where none is near.
pub fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    let known: Vec<&str> = known.collect();
    match known.iter().map(|one| (distance(name, one), one)).min() {
        Some((near, one)) if near <= 1 + one.len() / 3 => format!("nearest: {one}"),
        Some(_) => format!("known: {}", known.join(", ")),
        None => String::new(),
    }
}

/// Levenshtein, in bytes: names are ASCII.
fn distance(one: &str, two: &str) -> usize {
    let mut row: Vec<usize> = (0..=two.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, b) in two.bytes().enumerate() {
            let replaced = corner + usize::from(a != b);
            corner = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(corner + 1);
        }
    }
    row[two.len()]
}
