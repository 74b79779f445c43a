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
    let own = user_dir.map_or(Ok(Vec::new()), toml_files).map_err(|problem| vec![problem])?;
    for path in own {
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

/// The user's own in this folder: none where it is not there, an error where it cannot be read.
pub fn toml_files(dir: &Path) -> Result<Vec<PathBuf>, Problem> {
    let unreadable =
        |error: std::io::Error| Problem::new(dir.to_string_lossy(), "unreadable", format!("could not read the folder: {error}"));
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<PathBuf>, _>>().map_err(unreadable)?;
    let mut paths: Vec<PathBuf> = paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "toml")).collect();
    paths.sort();
    Ok(paths)
}

fn read(path: &Path) -> Result<String, Problem> {
    let refuse = |code: &str, why: String| Problem::new(path.to_string_lossy(), code, why);
    let about = fs::metadata(path).map_err(|error| refuse("unreadable", format!("read it: {error}")))?;
    // A pipe would be waited for.
    if !about.is_file() {
        return Err(refuse("unreadable", "is not a regular file".to_owned()));
    }
    let size = about.len();
    if size > CAP {
        return Err(refuse("too_large", format!("it has {size} bytes, a manifest at most {CAP}")));
    }
    fs::read_to_string(path).map_err(|error| refuse("unreadable", format!("read it: {error}")))
}
