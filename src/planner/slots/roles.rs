//! How an operation speaks of its parameters in its own summary: "Grant a user access to a database".
//!
//! What a manifest says once in plain words tells where a name stands in an order of the same kind.

use std::collections::BTreeMap;

use crate::model::catalogue::{Operation, Param, ParamType};
use crate::planner::token::{Kind, Token};
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

/// "INC-4711": capitals and a number name a ticket. A plain word is a machine less surely than a service.
pub fn identifier_score(param: &Param, token: &Token) -> f64 {
    if param.kind == ParamType::Host && token.kind == Kind::Word {
        return -0.3;
    }
    let Some((letters, number)) = token.text.split_once('-') else { return 0.0 };
    // "SKU-88120", "vol-erp-1": the name begins with what it names.
    let kind = letters.to_ascii_lowercase();
    if token.kind == Kind::Ident && kind.len() > 2 && param.name.starts_with(&kind) {
        return 1.5;
    }
    let is_case = letters.len() > 1
        && letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit());
    let takes = matches!(param.name.as_str(), "ticket" | "issue" | "incident" | "case" | "change" | "request" | "bug");
    if is_case && takes { 1.5 } else { 0.0 }
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
