//! A plan over a group of the inventory, as `ouioe plan` makes it.

use std::fs;
use std::path::Path;
use std::process::Command;

fn ouioe(home: &Path, words: &[&str]) -> String {
    let mut run = Command::new(env!("CARGO_BIN_EXE_ouioe"));
    let done = run.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").args(words).output().expect("the program runs");
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("text")
}

#[test]
fn what_is_told_of_a_plan_is_told_of_all_its_hosts() {
    let home = tempfile::tempdir().expect("a folder");
    let hosts = home.path().join("hosts.csv");
    fs::write(&hosts, "name,groups\nweb-1,web\nweb-2,web\nweb-3,web\n").expect("a file");
    ouioe(home.path(), &["asset", "import", hosts.to_str().expect("a path")]);
    // As the manifest has it, one host after the other.
    for (words, took) in [("restart nginx on web-1", "takes: about 10s, "), ("restart nginx on all web hosts", "takes: about 30s, ")] {
        let page = ouioe(home.path(), &["plan", words]);
        assert!(page.contains(took), "{page}");
        assert!(!page.contains("${"), "{page}");
    }
}

#[test]
fn a_file_that_begins_with_the_mark_of_its_encoding_is_read() {
    let home = tempfile::tempdir().expect("a folder");
    let path = home.path().join("lines.jsonl");
    fs::write(&path, "\u{feff}{\"intent\": \"look at the disk\", \"steps\": [\"host.disk_usage\"]}\r\n").expect("a file");
    let page = ouioe(home.path(), &["plan", "--learn", path.to_str().expect("a path"), "check disk usage on localhost"]);
    assert!(page.contains("s1 host.disk_usage"), "{page}");
}
