//! Every terminal is usable, or told in one sentence why not.

use super::home::Home;
use super::tty::{How, Tty};

const INTENT: &str = "complete system health check";

/// An intent can be typed, its plan is shown, and one key later it has run.
fn is_usable(what: &str, how: &How<'_>, args: &[&str]) -> Vec<u8> {
    let home = Home::new();
    let mut tty = Tty::start_as(&home, args, how);
    let before = tty.modes();
    tty.shows(">");
    tty.press(&format!("{INTENT}\r"));
    tty.shows("facts");
    // The keys count a moment after the plan was shown; on few columns nothing says that they do.
    tty.press_until("\r", &["RUNNING", "SUCCEEDED"]);
    tty.wait(&format!("success on {what}"), |seen| seen.text().contains("SUCCEEDED"));
    tty.press("q");
    assert_eq!(tty.end(), 0, "{what}");
    assert_eq!(tty.modes(), before, "{what}");
    assert_eq!(home.show("last")["state"], "succeeded", "{what}");
    tty.bytes()
}

#[test]
fn of_every_size() {
    for size in [(80, 24), (120, 40), (40, 10)] {
        is_usable(&format!("{size:?}"), &How { size, ..How::default() }, &[]);
    }
}

/// Nothing fits; it says so as far as it can, and comes back when there is room.
#[test]
fn of_one_cell() {
    let home = Home::new();
    let mut tty = Tty::start_as(&home, &[], &How { size: (1, 1), ..How::default() });
    tty.wait("the first frame", |seen| String::from_utf8_lossy(&seen.bytes).contains("\x1b[?1049h"));
    tty.press(INTENT);
    tty.resize((80, 24));
    tty.shows(INTENT);
    tty.resize((1, 1));
    tty.press("\r");
    tty.resize((80, 24));
    tty.shows("NOTHING RUNS YET");
    tty.shows("runs it");
    tty.press("q");

    assert_eq!(tty.end(), 0);
}

#[test]
fn without_colour() {
    for (args, env) in [(&[][..], &[("NO_COLOR", "1")][..]), (&["--no-color"], &[])] {
        let bytes = is_usable("NO_COLOR", &How { env, ..How::default() }, args);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let coloured = text.split("\x1b[").skip(1).filter_map(|rest| rest.split_once('m')).find(|(numbers, _)| {
            numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b';')
                && numbers
                    .split(';')
                    .filter_map(|number| number.parse::<u16>().ok())
                    .any(|number| (30..=38).contains(&number) || (40..=48).contains(&number) || number >= 90)
        });
        assert!(coloured.is_none(), "{:?}", coloured.map(|(numbers, _)| numbers));
    }
}

#[test]
fn in_ascii() {
    for env in [&[("LC_ALL", "C")][..], &[("LANG", "")], &[("TERM", "vt100")], &[("TERM", "linux")]] {
        let bytes = is_usable(&format!("{env:?}"), &How { env, ..How::default() }, &[]);
        assert!(bytes.is_ascii(), "{env:?}");
    }
}

/// A prompt for one line at a time: the same verbs, nothing drawn.
#[test]
fn that_have_no_screen() {
    for (env, args) in [(&[("TERM", "dumb")][..], &[][..]), (&[("TERM", "")], &[]), (&[], &["--plain"])] {
        let home = Home::new();
        let mut tty = Tty::start_as(&home, args, &How { env, ..How::default() });
        tty.shows("ouioe>");
        tty.press("check disk usage\r");
        tty.shows("Press Enter to run");
        tty.press("\r");
        tty.shows("succeeded");
        tty.wait("prompt", |seen| seen.text().trim_end().ends_with("ouioe>"));
        tty.press(":runs\r");
        tty.wait("list", |seen| seen.text().contains("1/1"));
        tty.press(":shwo last\r");
        tty.shows("show");
        tty.press(":quit\r");
        assert_eq!(tty.end(), 0, "{env:?} {args:?}");
        assert!(!tty.bytes().contains(&0x1b), "{env:?} {args:?}");
    }
}

/// One sentence on stderr, exit 2, nothing drawn, nothing written.
#[test]
fn that_are_none() {
    for args in [&[][..], &["--json"]] {
        let home = Home::new();
        let said = home.run(args).exits(2);
        assert!(said.out.is_empty() && said.err.lines().count() == 1 && said.err.contains("ouioe run"), "{said:?}");
        assert!(!home.state().exists());
    }
    // Lines may come from anywhere; the code is the worst of what was asked for.
    let home = Home::new();
    let lines = home.write("lines", ":runs\n:show nosuch\n");
    let output = home.command(&["--plain"]).stdin(std::fs::File::open(lines).expect("the file")).output().expect("it runs");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

/// The command line needs no screen: dumb, no terminal, any locale.
#[test]
fn of_the_command_line() {
    for env in [("TERM", "dumb"), ("TERM", ""), ("LC_ALL", "C"), ("NO_COLOR", "1")] {
        let home = Home::new();
        let mut tty = Tty::start_as(&home, &["run", "check disk usage"], &How { env: &[env], ..How::default() });
        tty.shows("Press Enter to run");
        tty.press("\r");
        assert_eq!(tty.end(), 0, "{env:?}");
        assert!(!tty.bytes().contains(&0x1b), "{env:?}");
    }
}
