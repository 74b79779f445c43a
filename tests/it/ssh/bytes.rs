//! What goes to the host and what comes back, byte for byte.

use ouioe::model::action::{Action, Operand};
use ouioe::model::command::AttemptOutcome;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::server::{Server, changed};
use crate::rig::{Rig, failure_of, left_of, text_of};

/// Each argument and its end; `printf` writes bytes as they are.
const SHOW: [&str; 3] = ["printf", "%s<>", "--"];

fn check(rig: &Rig, server: &Server, args: &[&str]) {
    let words: Vec<&str> = SHOW.into_iter().chain(args.iter().copied()).collect();
    let step = server.step(&words);
    let outcome = rig.run(&step);
    let expected: String = ["--"].iter().chain(args).map(|arg| [*arg, "<>"].concat()).collect();
    assert!(matches!(outcome, AttemptOutcome::Succeeded { .. }), "{args:?}: {outcome:?}");
    assert_eq!(String::from_utf8_lossy(&rig.output(&step)), expected, "{args:?}");
}

#[test]
fn odd_arguments_arrive_as_they_are() {
    let (rig, server) = (Rig::new(), Server::new());
    let touched = server.path("touched");
    let substitution = format!("$(touch {0})`touch {0}`;touch {0}", touched.display());
    for args in [
        &["plain"][..],
        &["", "", ""],
        &["a b", " leading", "trailing ", "\ttab\t"],
        &["it's", "\"quoted\"", "'", "''", "\\", "\\\\", "\\n"],
        &["two\nlines", "ends with newlines\n\n\n", "\n", "\r\n"],
        &[&substitution, "$HOME", "${IFS}", "*", "?", "~", "!x!", "#no comment", "a=b", "&", "|", ">", "<"],
        &["-rf", "--", "-n", "-e", "--help"],
        &["grün", "日本語", "\u{81}\u{88}\u{100}ā", "\u{1f600}", "\u{202e}"],
        &["end", "t", "5", "\nouioe-ready 1\n", "started\n", "stop\nkill\n"],
        &["\u{1}\u{2}\u{7f}\u{1b}[31m"],
        &[&"x".repeat(20_000)],
    ] {
        check(&rig, &server, args);
    }
    assert!(!touched.exists());
}

#[test]
fn two_hundred_random_lists_arrive_as_they_are() {
    let (rig, server) = (Rig::new(), Server::new());
    let config = Config { cases: 20, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]));
    let hostile = prop_oneof![any::<char>(), prop::sample::select("'\"\\$`\n\r\t -;&|<>(){}[]*?!#~=%.".chars().collect::<Vec<_>>())]
        .prop_filter("no NUL", |letter| *letter != '\0');
    let text = prop::collection::vec(hostile, 0..12).prop_map(|letters| letters.into_iter().collect::<String>());
    // Several lists go to the host at once: it is the bytes that are tried, not the connections.
    let lists = prop::collection::vec(prop::collection::vec(text, 1..6), 10);
    let ran = runner.run(&lists, |lists| {
        check(&rig, &server, &lists.iter().flatten().map(String::as_str).collect::<Vec<_>>());
        Ok(())
    });
    ran.expect("every one arrives");
}

#[test]
fn both_streams_come_back_byte_for_byte() {
    let (rig, server) = (Rig::new(), Server::new());
    let bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    std::fs::write(server.path("bytes"), &bytes).unwrap();
    let file = server.path("bytes");
    for redirect in ["", " >&2"] {
        let step = server.sh(&format!("cat {}{redirect}", file.display()));
        let outcome = rig.run(&step);
        assert!(matches!(outcome, AttemptOutcome::Succeeded { .. }), "{outcome:?}");
        assert!(rig.output(&step) == bytes, "`cat{redirect}` differs");
    }
}

#[test]
fn the_environment_is_the_steps_and_no_secret_comes_back() {
    let (rig, server) = (Rig::new(), Server::new());
    let secret = server.path("secret");
    std::fs::write(&secret, "s3cret \u{fc}'$x\n").unwrap();
    let script = "printf '%s|' \"$A\" \"$OUIOE_EFFECT_KEY\" \"$OUIOE_ATTEMPT\" \"$(umask)\"; printf %s \"$TOKEN\" | wc -c; echo \"$TOKEN\"";
    let step = changed(server.sh(script), |action| {
        let Action::Ssh { env, secrets, .. } = action else { unreachable!() };
        env.insert("A".into(), Operand("a 'b'\n$c".into()));
        secrets.insert("TOKEN".into(), format!("file:{}", secret.display()));
    });
    let text = text_of(&rig.run(&step));
    assert!(text.starts_with(&format!("a 'b'\n$c|{}|1|0022|12\n", step.effect_key)), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn what_cannot_be_told_is_refused_here() {
    let (rig, server) = (Rig::new(), Server::new());
    for step in [
        server.step(&["printf", "a\0b"]),
        changed(server.step(&["true"]), |action| {
            let Action::Ssh { env, .. } = action else { unreachable!() };
            env.insert("A B".into(), Operand(String::new()));
        }),
    ] {
        let (failure, exit) = failure_of(rig.run(&step));
        assert_eq!((failure.certainty, exit), (ouioe::model::failure::Certainty::NotStarted, None), "{failure:?}");
        assert!(!server.record(&step).exists() && left_of(&step).is_empty());
    }
}
