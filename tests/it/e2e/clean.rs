//! A clean-up removes what was shown, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::home::{Home, Said};
use super::tty::{How, Tty};

const DAY: Duration = Duration::from_hours(24);

fn file(path: &Path, days: u32) {
    fs::write(path, "x").expect("a file");
    let file = fs::OpenOptions::new().write(true).open(path).expect("a file");
    file.set_modified(SystemTime::now() - DAY * days).expect("a time");
}

/// Two old files and a new one.
fn folder(home: &Home) -> PathBuf {
    let dir = home.path("scratch");
    fs::create_dir_all(dir.join("sub")).expect("a folder");
    file(&dir.join("old-one"), 3);
    file(&dir.join("sub/old-two"), 2);
    file(&dir.join("fresh"), 0);
    dir
}

fn intent(dir: &Path) -> String {
    format!("delete files older than 1 day in {} on localhost", dir.display())
}

fn left(dir: &Path) -> Vec<String> {
    let mut left = Vec::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() { folders.push(path) } else { left.push(path.strip_prefix(dir).expect("below").display().to_string()) }
        }
    }
    left.sort();
    left
}

#[test]
fn on_a_terminal() {
    let home = Home::new();
    let dir = folder(&home);
    let mut tty = Tty::start_as(&home, &["run", &intent(&dir)], &How { size: (120, 40), ..Default::default() });
    tty.shows("Type localhost to approve plan");
    let text = tty.text();
    assert!(text.contains("old-one") && text.contains("sub/old-two") && !text.contains("fresh"), "{text}");
    // Between showing and approval: one more that is old enough, and one of the list that somebody wrote to.
    file(&dir.join("came-later"), 5);
    fs::write(dir.join("old-one"), "needed again").expect("a file");
    tty.press("localhost\r");
    assert_eq!(tty.end(), 0, "{}", tty.text());
    assert_eq!(left(&dir), ["came-later", "fresh", "old-one"]);
    let run = home.show("last");
    assert_eq!(run["steps"][0]["result"]["removed"], 1);
    assert_eq!(run["steps"][0]["result"]["left"][0]["path"], "old-one");
}

#[test]
fn in_the_console() {
    let home = Home::new();
    let dir = folder(&home);
    let mut tty = Tty::start_as(&home, &[], &How { size: (120, 40), ..Default::default() });
    tty.shows("what is to be done?");
    tty.press(&format!("{}\r", intent(&dir)));
    tty.shows("old-one");
    assert_eq!(left(&dir), ["fresh", "old-one", "sub/old-two"]);
    tty.shows("needs approval · a opens it");
    tty.press("a");
    tty.shows("acts on");
    let text = tty.text();
    assert!(text.contains(r#""old-one"  "#) && text.contains(r#""sub/old-two"  "#) && !text.contains("fresh"), "{text}");
    file(&dir.join("came-later"), 5);
    // What Enter acts on at first is to leave it.
    assert!(text.contains("▸ c"), "{text}");
    tty.press("a");
    tty.shows("type localhost to approve");
    tty.press("localhost\r");
    tty.shows("SUCCEEDED");
    assert_eq!(left(&dir), ["came-later", "fresh"]);
    // Once more: what is listed, and so approved, is what is there by now.
    tty.press("o");
    tty.shows("again: nothing runs yet");
    tty.press_until("a", &["acts on"]);
    let text = tty.text();
    assert!(text.contains(r#""came-later"  "#) && !text.contains("old-one"), "{text}");
    tty.press_until("a", &["type localhost to approve"]);
    tty.press("localhost\r");
    tty.shows("SUCCEEDED");
    assert_eq!(left(&dir), ["fresh"]);
    tty.press("q");
    assert_eq!(tty.end(), 0);
}

fn digest(said: &Said) -> String {
    let line = said.out.lines().find_map(|line| line.trim().strip_prefix("digest: "));
    line.unwrap_or_else(|| panic!("no digest in {}", said.out)).to_owned()
}

#[test]
fn by_its_digest() {
    let home = Home::new();
    let dir = folder(&home);
    let words = intent(&dir);
    let shown = digest(&home.run(&["run", "--dry-run", &words]).exits(0));
    assert_eq!(left(&dir), ["fresh", "old-one", "sub/old-two"]);
    assert_eq!(digest(&home.run(&["run", "--dry-run", &words]).exits(0)), shown, "nothing changed");

    // Words alone never cover what destroys.
    home.run(&["run", "--yes", &words]).exits(6);
    assert_eq!(left(&dir), ["fresh", "old-one", "sub/old-two"]);

    file(&dir.join("came-later"), 5);
    assert_ne!(digest(&home.run(&["run", "--dry-run", &words]).exits(0)), shown);
    let refused = home.run(&["run", "--yes", "--digest", &shown, &words]).exits(4);
    assert!(refused.err.contains(&shown[..8]), "{}", refused.err);
    assert_eq!(left(&dir), ["came-later", "fresh", "old-one", "sub/old-two"]);

    fs::remove_file(dir.join("came-later")).expect("it is there");
    home.run(&["run", "--yes", "--digest", &shown, &words]).exits(0);
    assert_eq!(left(&dir), ["fresh"]);
}

/// Once more: what is there by now is listed, not what the first run had.
#[test]
fn again_with_a_list_of_its_own() {
    let home = Home::new();
    let dir = folder(&home);
    let words = intent(&dir);
    let shown = digest(&home.run(&["run", "--dry-run", &words]).exits(0));
    home.run(&["run", "--yes", "--digest", &shown, &words]).exits(0);
    assert_eq!(left(&dir), ["fresh"]);
    file(&dir.join("came-later"), 5);
    let anew = home.run(&["run", "--dry-run", "--again", "last"]).exits(0);
    assert!(anew.out.contains("came-later") && !anew.out.contains("old-one"), "{}", anew.out);
    home.run(&["run", "--yes", "--again", "last"]).exits(6);
    assert_eq!(left(&dir), ["came-later", "fresh"], "its words alone never cover what destroys");
    home.run(&["run", "--yes", "--digest", &digest(&anew), "--again", "last"]).exits(0);
    assert_eq!(left(&dir), ["fresh"]);
    assert!(home.run(&["run", "--again", "zzzzzz"]).exits(2).err.contains("there is no run `zzzzzz`"));
}
