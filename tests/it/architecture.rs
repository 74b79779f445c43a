//! The floors of the house and the size of its rooms, held by reading `src/`.
//!
//! A module imports lower floors only, never sideways. Floors 0-3 know no clock, file, socket, async or hash order.
//! The limits are those of README, "How it is kept small".

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::source::{block_end, code_only, line_of, without_tests, words};

const FLOORS: [(&str, u8); 20] = [
    ("model", 0),
    ("text", 0),
    ("policy", 1),
    ("decision", 1),
    ("insight", 1),
    ("planner", 2),
    ("adaptation", 2),
    ("orchestration", 2),
    ("machine", 3),
    ("journal", 4),
    ("spool", 4),
    ("store", 4),
    ("service", 5),
    ("llm", 5),
    ("engine", 6),
    ("link", 7),
    ("console", 8),
    ("config", 9),
    // Above `config`, whose values its commands are given.
    ("cli", 10),
    ("main", 11),
];

const LAST_PURE_FLOOR: u8 = 3;

/// What a pure floor never says.
const IMPURE: [&str; 28] = [
    "std::fs",
    "std::io",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::os",
    "std::process",
    "std::env",
    "std::thread",
    "std::time",
    "std::sync::mpsc",
    "fs::",
    "env::",
    "Instant",
    "SystemTime",
    "HashMap",
    "HashSet",
    "RandomState",
    "Timestamp::now",
    "Zoned::now",
    "uuid",
    "tokio",
    "rustix",
    "rusqlite",
    "tracing",
    "async",
    ".await",
];

const PRINTS: [&str; 5] = ["println!", "eprintln!", "print!", "eprint!", "dbg!"];

const TOP_LEVEL: [&str; 8] = ["Cargo.toml", "Cargo.lock", "README.md", "src", "themes", "templates", "tests", "target"];

/// The one file that may say `unsafe`.
const UNSAFE: &str = "src/service/runner/fork.rs";

const HEADER_LINES: usize = 12;
const FILE_LINES: usize = 600;
const FILE_LINES_REPORTED: usize = 400;
const FUNCTION_LINES: usize = 80;

struct Source {
    /// As in `src/text/width.rs`.
    name: String,
    /// `["text", "width"]`.
    module: Vec<String>,
    text: String,
    /// Without comments, literals and tests.
    code: String,
}

impl Source {
    fn new(name: &str, text: &str) -> Self {
        let code = without_tests(&code_only(text));
        Self { name: name.to_owned(), module: module_of(name), text: text.to_owned(), code }
    }

    fn at(&self, place: usize) -> String {
        format!("{}:{}", self.name, line_of(&self.code, place))
    }

    fn floor(&self) -> Option<u8> {
        floor(self.module.first()?)
    }
}

fn module_of(name: &str) -> Vec<String> {
    let path = name.trim_start_matches("src/").trim_end_matches(".rs");
    let mut parts: Vec<String> = path.split('/').map(str::to_owned).collect();
    if parts.len() > 1 && parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

/// Top-level modules that the file names by `crate::` or by climbing with `super::`, with their places.
fn imports(source: &Source) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for at in words(&source.code, "crate::") {
        found.extend(names_after(&source.code, at + "crate::".len()).into_iter().map(|name| (at, name)));
    }
    for at in words(&source.code, "super::").filter(|at| !source.code[..*at].ends_with("super::")) {
        let climbed = source.code[at..].match_indices("super::").zip(0..).take_while(|((place, _), count)| *place == count * 7).count();
        if climbed >= source.module.len() {
            found.extend(names_after(&source.code, at + climbed * 7).into_iter().map(|name| (at, name)));
        }
    }
    found
}

/// The first name of a path, or of each path in a group.
fn names_after(code: &str, start: usize) -> Vec<String> {
    let rest = &code[start..];
    if !rest.starts_with('{') {
        return vec![first_name(rest)];
    }
    let group = &code[start + 1..block_end(code, start) - 1];
    let mut depth = 0_i32;
    let paths = group.split(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    paths.map(first_name).filter(|name| !name.is_empty()).collect()
}

fn first_name(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn upward_imports(source: &Source) -> Vec<String> {
    let Some(own) = source.module.first().filter(|own| *own != "lib") else { return Vec::new() };
    let Some(own_floor) = floor(own) else { return vec![format!("{}: `{own}` has no floor; add it to the table", source.name)] };
    let wrong = |name: &String| name != own && floor(name).is_none_or(|floor| floor >= own_floor);
    let named = imports(source).into_iter().filter(|(_, name)| wrong(name));
    named.map(|(at, name)| format!("{}: `{own}` (floor {own_floor}) may not import `{name}`", source.at(at))).collect()
}

fn impure_words(source: &Source) -> Vec<String> {
    if source.floor().is_none_or(|floor| floor > LAST_PURE_FLOOR) {
        return Vec::new();
    }
    let mut found = Vec::new();
    for word in IMPURE {
        found.extend(words(&source.code, word).map(|at| format!("{}: `{word}` on a pure floor", source.at(at))));
    }
    found
}

fn header_faults(source: &Source) -> Vec<String> {
    match source.text.lines().take_while(|line| line.starts_with("//!")).count() {
        0 => vec![format!("{}:1: no `//!` header", source.name)],
        1..=HEADER_LINES => Vec::new(),
        lines => vec![format!("{}:1: header of {lines} lines, {HEADER_LINES} are enough", source.name)],
    }
}

/// Lines that are not blanked tests: those with code, comments and blank lines between.
fn own_lines(source: &Source) -> usize {
    let tests = without_tests_lines(&source.text);
    source.text.lines().count() - tests
}

fn without_tests_lines(text: &str) -> usize {
    let code = code_only(text);
    let kept = without_tests(&code);
    code.lines().zip(kept.lines()).filter(|(before, after)| before.trim() != after.trim()).count()
}

fn long_functions(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for at in words(&source.code, "fn").collect::<Vec<_>>() {
        let Some(body) = source.code[at..].find(['{', ';']).map(|len| at + len) else { continue };
        if source.code[body..].starts_with(';') {
            continue;
        }
        let lines = source.code[at..block_end(&source.code, body)].lines().count();
        if lines > FUNCTION_LINES {
            let name = first_name(&source.code[at + 2..]);
            found.push(format!("{}: `{name}` has {lines} lines, {FUNCTION_LINES} are allowed", source.at(at)));
        }
    }
    found
}

fn forbidden_calls(source: &Source) -> Vec<String> {
    let mut found: Vec<String> = words(&source.code, ".unwrap()").map(|at| format!("{}: `unwrap` outside tests", source.at(at))).collect();
    if source.name != UNSAFE {
        found.extend(words(&source.code, "unsafe").map(|at| format!("{}: `unsafe`; only {UNSAFE} may", source.at(at))));
    }
    for print in PRINTS {
        found.extend(words(&source.code, print).map(|at| format!("{}: `{print}`; print through `cli::out`", source.at(at))));
    }
    // The console draws on the terminal, the command line prints through one module.
    if source.module[0] != "console" && source.name != "src/cli/out.rs" {
        for stream in ["io::stdout", "io::stderr"] {
            found.extend(words(&source.code, stream).map(|at| format!("{}: `{stream}`; print through `cli::out`", source.at(at))));
        }
    }
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    collect(&root().join("src"), &mut files);
    files.sort();
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        Source::new(&name, &std::fs::read_to_string(path).unwrap())
    };
    files.iter().filter(|path| !path.ends_with("tests.rs")).map(read).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            files.push(path);
        }
    }
}

fn check(rule: impl Fn(&Source) -> Vec<String>) {
    let sources = sources();
    assert!(sources.len() > 20, "src/ was not found");
    let faults: Vec<String> = sources.iter().flat_map(rule).collect();
    let mut list = String::new();
    for fault in &faults {
        let _ = writeln!(list, "  {fault}");
    }
    assert!(faults.is_empty(), "\n{list}");
}

#[test]
fn imports_go_down_only() {
    check(upward_imports);
}

#[test]
fn pure_floors_are_pure() {
    check(impure_words);
}

#[test]
fn every_file_says_what_it_is() {
    check(header_faults);
}

#[test]
fn files_stay_small() {
    for source in sources().iter().filter(|source| own_lines(source) > FILE_LINES_REPORTED) {
        println!("note: {} has {} lines; look for the second subject", source.name, own_lines(source));
    }
    check(|source| match own_lines(source) {
        0..=FILE_LINES => Vec::new(),
        lines => vec![format!("{}: {lines} lines, {FILE_LINES} are allowed", source.name)],
    });
}

#[test]
fn functions_stay_small() {
    check(long_functions);
}

#[test]
fn nothing_panics_or_prints_by_itself() {
    check(forbidden_calls);
}

#[test]
fn the_top_level_is_the_map() {
    let extra: Vec<String> = std::fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str()))
        .collect();
    assert!(extra.is_empty(), "not on the map of README: {extra:?}");
}

#[test]
fn the_map_names_every_room() {
    let map = std::fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let header: String = map.lines().filter(|line| line.starts_with("//!")).collect();
    for source in sources().iter().filter(|source| source.module.len() == 1 && !["lib", "main"].contains(&source.module[0].as_str())) {
        assert!(words(&header, &source.module[0]).next().is_some(), "src/lib.rs does not name `{}`", source.module[0]);
    }
}

/// The rules themselves: each must find what it is for.
#[test]
fn the_rules_catch_what_they_forbid() {
    let faults = |name: &str, text: &str, rule: fn(&Source) -> Vec<String>| rule(&Source::new(name, text)).len();

    for (name, text, expected) in [
        ("src/text/a.rs", "use crate::model::ids::RunId;", 1),
        ("src/policy/a.rs", "use crate::model::ids::RunId;", 0),
        ("src/policy/a.rs", "use crate::policy::rule;", 0),
        ("src/policy/a.rs", "use crate::{model::ids, planner::{a, b}, machine};", 2),
        ("src/policy/a.rs", "fn f() { crate::engine::go() }", 1),
        ("src/policy/a.rs", "// crate::engine\nlet a = \"crate::engine\";", 0),
        ("src/policy/a.rs", "use super::super::engine::go;", 1),
        ("src/policy/a.rs", "use super::rule::go;", 0),
        ("src/policy/a/b.rs", "use super::super::rule::go;", 0),
        ("src/policy/a.rs", "#[cfg(test)]\nmod tests { use crate::engine::go; }", 0),
        ("src/fancy/a.rs", "", 1),
        ("src/lib.rs", "pub mod engine;", 0),
    ] {
        assert_eq!(faults(name, text, upward_imports), expected, "{name}: {text}");
    }
    for (name, text, expected) in [
        ("src/machine/a.rs", "use std::time::Duration;", 1),
        ("src/machine/a.rs", "use std::collections::HashMap;", 1),
        ("src/journal/a.rs", "use std::time::Duration;", 0),
        ("src/machine/a.rs", "async fn a() { b().await }", 2),
        ("src/machine/a.rs", "// async\nlet asynchronous = Millis(1);", 0),
    ] {
        assert_eq!(faults(name, text, impure_words), expected, "{name}: {text}");
    }
    let body = |lines: usize| format!("fn long() {{\n{}}}\n", "    a();\n".repeat(lines));
    assert_eq!(faults("src/text/a.rs", &body(78), long_functions), 0);
    assert_eq!(faults("src/text/a.rs", &body(79), long_functions), 1);
    assert_eq!(faults("src/text/a.rs", "//! Yes.\n", header_faults), 0);
    assert_eq!(faults("src/text/a.rs", "use x;\n", header_faults), 1);
    assert_eq!(faults("src/text/a.rs", &"//! Long.\n".repeat(13), header_faults), 1);
    assert_eq!(faults("src/text/a.rs", "fn a() { b.unwrap(); println!(); }", forbidden_calls), 2);
    for (name, expected) in [("src/text/a.rs", 1), (UNSAFE, 0)] {
        assert_eq!(faults(name, "fn a() { unsafe { b() } }", forbidden_calls), expected, "{name}");
    }
    assert_eq!(faults("src/cli/a.rs", "fn a() { b.unwrap_or(1); std::io::stdout() }", forbidden_calls), 1);
    assert_eq!(own_lines(&Source::new("src/text/a.rs", "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() {}\n}\n")), 1);
}
