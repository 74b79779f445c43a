//! Embedded manifests, then the user's over them -> the catalogue, or all problems of all files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::embedded;
use super::operation::operation;
use super::reader::Reader;
use crate::model::catalogue::{Catalogue, Operation};
use crate::model::problem::Problem;

/// Largest manifest, in bytes.
const CAP: u64 = 256 << 10;

/// A user's file may repeat an operation to change some of its fields, above all to bind it.
pub fn load(user_dir: Option<&Path>) -> Result<Catalogue, Vec<Problem>> {
    let mut catalogue = Catalogue::default();
    let mut problems = Vec::new();
    for (name, text) in embedded::FILES {
        problems.extend(add(&mut catalogue, name, text));
    }
    for path in user_dir.map(manifests_in).unwrap_or_default() {
        match read(&path) {
            Ok(text) => problems.extend(add(&mut catalogue, &path.to_string_lossy(), &text)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() { Ok(catalogue) } else { Err(problems) }
}

/// Exactly this file, nothing embedded.
pub fn load_file(path: &Path) -> Result<Catalogue, Vec<Problem>> {
    let text = read(path).map_err(|problem| vec![problem])?;
    parse(&path.to_string_lossy(), &text)
}

/// Exactly this text.
pub fn parse(origin: &str, text: &str) -> Result<Catalogue, Vec<Problem>> {
    let mut catalogue = Catalogue::default();
    let problems = add(&mut catalogue, origin, text);
    if problems.is_empty() { Ok(catalogue) } else { Err(problems) }
}

fn add(catalogue: &mut Catalogue, origin: &str, text: &str) -> Vec<Problem> {
    let reader = Reader::new(origin, text);
    let Some(table) = reader.parse() else {
        return reader.problems();
    };
    let table = table.get_ref();
    reader.only(table, "a manifest", &["operation", "catalogue", "approval", "types", "script"]);
    if let Some((_, approval)) = reader.table(table, "approval") {
        reader.only(approval, "`approval`", &["exempt_environments"]);
        catalogue.exempt_environments = reader.strings(approval, "exempt_environments").or(catalogue.exempt_environments.take());
    }
    let mut seen = BTreeSet::new();
    let mut found: Vec<Operation> = Vec::new();
    let scripts = super::binding::map(&reader, table, "script");
    for (at, row) in reader.tables(table, "operation") {
        let Some(operation) = operation(&reader, (at, row), &scripts, |name| catalogue.get(name).map(AsRef::as_ref)) else {
            continue;
        };
        if !seen.insert(operation.name.clone()) {
            reader.say(at, "duplicate", format!("operation {} stands twice in this file", operation.name), "");
        }
        found.push(operation);
    }
    for operation in found {
        catalogue.insert(operation);
    }
    reader.problems()
}

fn manifests_in(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    paths.sort();
    paths
}

fn read(path: &Path) -> Result<String, Problem> {
    let refuse = |code: &str, why: String| Problem::new(path.to_string_lossy(), code, why);
    let size = fs::metadata(path).map_err(|error| refuse("unreadable", format!("read it: {error}")))?.len();
    if size > CAP {
        return Err(refuse("too_large", format!("it has {size} bytes, a manifest at most {CAP}")));
    }
    fs::read_to_string(path).map_err(|error| refuse("unreadable", format!("read it: {error}")))
}
