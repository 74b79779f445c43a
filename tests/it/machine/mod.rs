//! The pure machine: scenarios as data, properties over random plans and commands.

mod dsl;
pub mod plans;
mod properties;
mod world;

use std::fs;
use std::path::Path;

/// Every file of tests/scenarios is one story; a failure names file and line.
#[test]
fn scenarios_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut paths: Vec<_> = fs::read_dir(&folder).expect("tests/scenarios").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(paths.len() >= 20, "only {} scenarios", paths.len());
    let mut troubles = Vec::new();
    for path in &paths {
        let text = fs::read_to_string(path).expect("a scenario is UTF-8");
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        if let Err(trouble) = dsl::play(&text) {
            troubles.push(format!("{name}:{trouble}"));
        }
    }
    assert!(troubles.is_empty(), "\n{}", troubles.join("\n"));
}
