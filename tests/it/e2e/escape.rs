//! Text from outside reaches a terminal as text: no sequence, no control, no character that hides or turns others.

use std::fs;

use serde_json::json;

use super::home::{Home, sh};
use super::tty::{How, Tty};

/// Clear screen, title, link, clipboard, device control, C1 as UTF-8, bidi, zero width, tag, overwriting, erasing, ringing.
const CORPUS: &str = "\u{1b}[2J\u{1b}[8m\u{1b}]0;owned\u{7}\u{1b}]8;;http:evil\u{1b}\\link\u{1b}]8;;\u{1b}\\\u{1b}]52;c;ZXZpbA==\u{7}\
    \u{1b}P+q544e\u{1b}\\\u{9b}31m\u{9d}0;x\u{9c}\u{202e}desrever\u{2066}iso\u{2069}\u{200b}\u{200d}\u{feff}\u{e0041}\u{ad}\
    \rOVER\u{8}\u{8}\u{7f}\u{c}\u{b}\u{85}\u{2028}end";

/// As a step may print it: with C1 as single bytes and what is no UTF-8 at all.
fn raw() -> Vec<u8> {
    let mut raw = CORPUS.as_bytes().to_vec();
    raw.extend(b"\x9b31m\x9d0;y\x9c\x90q\x9c\xff\xfe\xc3(\n\rlast line without an end\x1b[");
    raw
}

fn acts(c: char) -> bool {
    let is_control = c.is_control() && c != '\n';
    let is_invisible = matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    is_control || is_invisible
}

/// What a plain command sent to its terminal: text and line ends.
#[track_caller]
fn is_text(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
    // The terminal itself makes CR LF of a line feed.
    let text = text.replace("\r\n", "\n");
    if let Some((at, bad)) = text.char_indices().find(|(_, c)| acts(*c)) {
        let from = text.floor_char_boundary(at.saturating_sub(200));
        panic!("{what}: {bad:?} after {:?}", &text[from..at]);
    }
}

/// What the console sent: text, and sequences of the few kinds that it uses itself.
fn is_ours(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c != '\u{1b}' {
            assert!(!acts(c) || c == '\r', "{what}: {c:?} before {:?}", rest.chars().take(60).collect::<String>());
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let sequence = rest.strip_prefix("\u{1b}[").unwrap_or_else(|| panic!("{what}: {:?}", rest.chars().take(60).collect::<String>()));
        let end = sequence.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == '?')).expect("an end");
        let (numbers, kind) = (&sequence[..end], &sequence[end..=end]);
        let known = match kind {
            "A" | "B" | "C" | "D" | "H" | "J" | "K" => numbers.split(';').all(|number| number.parse::<u16>().is_ok() || number.is_empty()),
            "h" | "l" => ["?25", "?1049", "?2004", "?1004", "?2026", "?7"].contains(&numbers),
            // Never hidden, never blinking.
            "m" => {
                !numbers.split(';').any(|number| number == "8" || number == "5" || number == "6")
                    || numbers.contains("8;5")
                    || numbers.contains("8;2")
            }
            _ => false,
        };
        assert!(known, "{what}: ESC [ {numbers} {kind}");
        rest = &sequence[end + 1..];
    }
}

/// On a terminal of its own, to its end.
fn on_a_tty(home: &Home, args: &[&str]) -> Vec<u8> {
    let mut tty = Tty::start_as(home, args, &How { size: (100, 30), ..How::default() });
    assert!(tty.ends(), "{args:?} does not end:\n{}", tty.text());
    tty.bytes()
}

/// A folder whose old files have such names.
fn folder(home: &Home) -> String {
    let dir = home.path("scratch");
    fs::create_dir(&dir).expect("a folder");
    for name in ["a\u{1b}[31mred", "b\u{1b}]0;owned\u{7}", "c\u{9b}2J", "d\u{202e}gnp.exe", "e\rOVER", "f\nline", "g\u{200b}\u{7f}\u{8}"] {
        fs::write(dir.join(name), "x").expect("a file");
    }
    dir.display().to_string()
}

/// One run whose every text is hostile; what it prints, what it says when it fails, ten megabytes without a line's end.
fn hostile_run(home: &Home) -> String {
    let raw = home.write("raw", raw()).display().to_string();
    let steps = [
        sh("prints", &[], &format!("cat {raw}")),
        sh("long", &[], &format!("cat {raw}; head -c 10000000 /dev/zero | tr '\\0' x")),
        sh("says", &[], &format!(": '{CORPUS}'")),
        sh("fails", &["prints"], &format!("cat {raw} >&2; exit 3")),
    ];
    let plan = json!({ "title": CORPUS, "intent": CORPUS, "steps": steps });
    home.write("plan.json", plan.to_string()).display().to_string()
}

#[test]
fn of_plain_commands() {
    let home = Home::new();
    let plan = hostile_run(&home);
    let mut tty = Tty::start_as(&home, &["run", "--yes", "--plan", &plan], &How { size: (100, 30), ..How::default() });
    // What is typed before the question stands there is thrown away.
    tty.wait("the question", |seen| seen.text().trim_end().ends_with("\n>"));
    tty.press("n\r");
    assert!(tty.ends(), "{}", tty.text());
    is_text("run", &tty.bytes());
    let bytes = on_a_tty(&home, &["run", "--yes", "--json", "--plan", &plan]);
    assert!(String::from_utf8_lossy(&bytes).contains("workflow_finished"));
    is_text("run --json", &bytes);
    home.run(&["run", "--plan", &plan]).exits(6);
    let clean = format!("delete files older than 0 s in {} on localhost", folder(&home));
    let evil = format!("check disk usage on ev{CORPUS}il");
    let bad_plan =
        home.write("bad.json", json!({ CORPUS: 1, "steps": [{ "id": CORPUS, "operation": CORPUS, "needs": [CORPUS] }] }).to_string());
    let bad_plan = bad_plan.display().to_string();
    // Below a file nothing can be made, not even by root.
    let nowhere = format!("{plan}/{CORPUS}");
    let lines: Vec<Vec<&str>> = vec![
        vec!["show", "last"],
        vec!["show", "last", "--json"],
        vec!["runs"],
        vec!["runs", "--json"],
        vec!["events"],
        vec!["events", "--json"],
        vec!["log", "last"],
        vec!["plan", &evil],
        vec!["plan", "--json", &evil],
        vec!["plan", CORPUS],
        vec!["plan", "--json", CORPUS],
        vec!["plan", &clean],
        vec!["plan", "--json", &clean],
        vec!["plan", "--format", "dot", &clean],
        vec!["plan", "--format", "mermaid", &clean],
        vec!["run", "--dry-run", &clean],
        vec!["run", "--dry-run", "--plan", &plan],
        vec!["run", "--dry-run", "--json", "--plan", &plan],
        vec!["run", "--plan", &bad_plan],
        vec!["run", "--plan", &nowhere],
        vec!["run", "--template", CORPUS],
        vec!["run", "--template", "system-health-check", "--set", CORPUS],
        vec!["run", "--template", "system-health-check", "--set", &nowhere, "--set", "host=\u{1b}[31m"],
        vec!["show", CORPUS],
        vec!["log", "last", CORPUS],
        vec!["retry", "last", CORPUS, "--reason", CORPUS],
        vec!["cancel", CORPUS, "--reason", CORPUS],
        vec!["runs", "--config", &nowhere],
        vec!["runs", "--state-dir", &nowhere],
        vec!["run", "--yes", "--state-dir", &nowhere, "check disk usage"],
        vec![CORPUS],
        vec!["runs", CORPUS],
        vec!["approve", "last", "--digest", CORPUS],
        vec!["plan", "--format", CORPUS, "x"],
        vec!["events", "--after", CORPUS],
        vec!["reject", "last", "--reason", CORPUS],
        vec!["show", "last"],
        vec!["events"],
        vec!["audit", "verify"],
    ];
    for args in &lines {
        is_text(&args.join(" "), &on_a_tty(&home, args));
    }
    home.run(&["show", "last"]).exits(0);
}

/// The logs of the finished run: what the steps printed, and ten megabytes of one line.
#[test]
fn of_step_output() {
    let home = Home::new();
    home.run(&["run", "--yes", "--plan", &hostile_run(&home)]).exits(1);
    for step in ["prints", "fails", "long"] {
        let bytes = on_a_tty(&home, &["log", "last", step]);
        assert!(String::from_utf8_lossy(&bytes).contains("OVER"), "{step}");
        is_text(step, &bytes);
    }
    // Byte for byte only where no terminal is.
    assert_eq!(home.command(&["log", "last", "prints", "--raw"]).output().expect("it runs").stdout, raw());
    is_text("raw", &on_a_tty(&home, &["log", "last", "prints", "--raw"]));
}

#[test]
fn of_a_question() {
    let home = Home::new();
    let clean = format!("delete files older than 0 s in {} on localhost", folder(&home));
    let mut tty = Tty::start_as(&home, &["run", &clean], &How { size: (120, 50), ..How::default() });
    tty.shows("Type localhost to approve plan");
    tty.press("no\r");
    assert_eq!(tty.end(), 5);
    let bytes = tty.bytes();
    is_text("question", &bytes);
    let text = String::from_utf8_lossy(&bytes).into_owned();
    for shown in [r"a\u001b[31mred", "c<9b>2J", "d<U+202E>gnp.exe", r"e\rOVER"] {
        assert!(text.contains(shown), "no {shown} in {text}");
    }
}

#[test]
fn of_manifests_and_settings() {
    let home = Home::new();
    let quoted = serde_json::to_string(CORPUS).expect("JSON");
    home.manifest(&format!("[[operation]]\nname = {}\n", quoted.replace("\\b", "\\u0008")));
    is_text("manifest", &on_a_tty(&home, &["plan", "check disk usage"]));
    home.manifest(&format!("[[operation]]\nname = \"a.b\"\n{CORPUS} = 1\n"));
    is_text("bad manifest", &on_a_tty(&home, &["plan", "check disk usage"]));
    fs::remove_file(home.path("config/ouioe/services/own.toml")).expect("it is there");
    home.write("config/ouioe/config.toml", format!("[engine]\n{CORPUS} = 1\n"));
    is_text("settings", &on_a_tty(&home, &["check"]));
    home.write("config/ouioe/config.toml", "[engine]\n\"a\\u001b[31m\\u202e\" = 1\n[secrets]\n\"b\\u009b\" = \"\\u001b]0;x\\u0007\"\n");
    is_text("settings", &on_a_tty(&home, &["check"]));
    fs::remove_file(home.path("config/ouioe/config.toml")).expect("it is there");
    let mut command = home.command(&["check"]);
    command.env("OUIOE_ENGINE_SLOTS", CORPUS).env("OUIOE_ENGINE_\u{1b}[31m", "1");
    is_text("environment", &command.output().expect("it runs").stderr);
}

#[test]
fn of_the_console() {
    let home = Home::new();
    home.run(&["run", "--yes", "--plan", &hostile_run(&home)]).exits(1);
    home.run(&["run", "--plan", &hostile_run(&home)]).exits(6);
    let tty = Tty::start_as(&home, &[], &How { size: (120, 40), ..How::default() });
    tty.shows("what is to be done?");
    // Pasted into the line, with everything but the end of the paste itself.
    tty.press(&format!("\x1b[200~{CORPUS}\x1b[201~"));
    tty.shows("end");
    // For a tenth of a second after a paste no key counts: it may have been part of it.
    tty.press_until("\r", &["refused"]);
    tty.shows("ask for host.run_command");
    tty.press("\x1b");
    tty.shows("A decide");
    // The finished run: its title, its output, what failed.
    tty.press("j\r");
    // It opens on what failed.
    tty.shows("fails · try 1");
    tty.press("gg");
    tty.shows("prints · try 1");
    tty.shows("OVER^H");
    tty.press("j");
    tty.shows("long · try 1");
    tty.shows("xxxxxxxx");
    tty.press("jj");
    tty.shows("fails · try 1");
    tty.shows("OVER^H");
    // What waits, with its title and its exact bytes.
    tty.press("A");
    tty.shows("locked until you have seen it all");
    // Below the values, the arguments and the long texts.
    tty.press_until("\x1b[6~", &["LOOK    not all of it is ASCII"]);
    tty.press_until("\x1b[6~", &["acts on"]);
    tty.press("\x1b");
    tty.wait("the dialog's end", |seen| !seen.text().contains("acts on"));
    // A clean-up of hostile names, proposed and asked for.
    tty.press("i");
    tty.shows("what is to be done?");
    // What was refused still stands there.
    tty.press("\x15");
    tty.wait("an empty line", |seen| !seen.text().contains("OVER^H"));
    tty.press(&format!("delete files older than 0 s in {} on localhost\r", folder(&home)));
    tty.shows("needs approval · a opens it");
    tty.press("a");
    tty.shows("acts on");
    tty.shows("d<U+202E>gnp.exe");
    is_ours("console", &tty.bytes());
}
