//! How an operation speaks of its parameters in its own summary: "Grant a user access to a database".
//!
//! What a manifest says once in plain words tells where a name stands in an order of the same kind.

use std::collections::BTreeMap;

use crate::model::catalogue::Operation;
use crate::planner::words::{is_preposition, stem};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Directly behind the verb.
    Object,
    Behind(String),
}

/// Words that a summary uses for a parameter of another name.
const ALSO: &[(&str, &[&str])] = &[
    ("user", &["person", "account", "people", "someone"]),
    ("account", &["user"]),
    ("instance", &["machine", "vm"]),
    ("host", &["machine", "server", "node"]),
    ("target", &["machine", "host", "asset"]),
    ("name", &["record"]),
];

/// How many words back a preposition still belongs to a noun.
const REACH: usize = 4;

pub fn roles(operation: &Operation) -> BTreeMap<String, Role> {
    let words: Vec<String> = operation
        .summary
        .split(|c: char| !c.is_alphanumeric() && c != '-')
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let mut roles = BTreeMap::new();
    for param in &operation.params {
        let last = param.name.rsplit('_').next().unwrap_or(&param.name);
        let also = ALSO.iter().find(|(name, _)| *name == last).map_or(&[][..], |(_, also)| also);
        let names = |word: &String| stem(word) == stem(last) || also.contains(&word.as_str());
        let Some(place) = words.iter().skip(1).position(names).map(|at| at + 1) else { continue };
        let from = place.saturating_sub(REACH);
        let role = words[from..place].iter().rev().find(|word| is_preposition(word)).map(|word| Role::Behind(word.clone()));
        match role {
            Some(role) => drop(roles.insert(param.name.clone(), role)),
            None if from == 0 => drop(roles.insert(param.name.clone(), Role::Object)),
            None => {}
        }
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::catalogue_file;

    #[test]
    fn a_summary_says_where_its_parameters_stand() {
        let text = "[[operation]]\nname = \"db.grant_access\"\neffects = \"mutate\"\nsummary = \"Grant a user access to a database\"\n\
             params = [{ name = \"database\", type = \"name\", required = true }, { name = \"user\", type = \"name\", required = true }]\n";
        let catalogue = catalogue_file::parse("x.toml", text).unwrap();
        let roles = roles(catalogue.get("db.grant_access").unwrap());
        assert_eq!(roles.get("user"), Some(&Role::Object));
        assert_eq!(roles.get("database"), Some(&Role::Behind("to".to_owned())));
    }
}
