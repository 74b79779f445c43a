//! The two scripts that a host runs: `run.sh` for a step, `ask.sh` for what became of one -> the remote command, one line each.

const RUN: &str = include_str!("run.sh");
const ASK: &str = include_str!("ask.sh");

pub fn run() -> String {
    command(RUN)
}

pub fn ask() -> String {
    command(ASK)
}

/// The login shell of the host may be any: it has to know no more than single quotes.
fn command(script: &str) -> String {
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    ["/bin/sh -c '", &lines.join(" "), "'"].concat()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    use super::*;

    const SHELLS: [&[&str]; 3] = [&["dash"], &["bash", "--posix"], &["busybox", "sh"]];
    const READY: &str = "\nouioe-ready 1\n";

    /// Status and standard output of a script under one shell, with these programs at hand.
    fn under(shell: &[&str], (state, programs): (&Path, &str), command: &str, told: &str) -> (Option<i32>, String) {
        let script = command.strip_prefix("/bin/sh -c '").and_then(|rest| rest.strip_suffix('\'')).unwrap();
        // Its own path, as the one of the programs may lack it.
        let mut run = Command::new(place_of(shell[0]));
        run.args(&shell[1..]).args(["-c", script]).env("XDG_STATE_HOME", state).env("PATH", programs);
        let mut child = run.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("tests/run installs it");
        // One that refuses may be gone before it has read all.
        let _ = child.stdin.as_mut().unwrap().write_all(told.as_bytes());
        let done = child.wait_with_output().unwrap();
        (done.status.code(), String::from_utf8(done.stdout).unwrap())
    }

    fn place_of(name: &str) -> PathBuf {
        ["/usr/bin", "/bin"].map(|place| Path::new(place).join(name)).into_iter().find(|path| path.exists()).expect("tests/run installs it")
    }

    /// What there is on a system that knows no `setsid`.
    fn programs_without_setsid(dir: &Path) -> String {
        for name in ["cat", "dd", "find", "mkdir", "mkfifo", "mv", "printf", "rm", "sleep"] {
            std::os::unix::fs::symlink(place_of(name), dir.join(name)).unwrap();
        }
        dir.display().to_string()
    }

    #[test]
    fn every_shell_starts_once_and_tells_what_became_of_it() {
        let bare = tempfile::tempdir().unwrap();
        let bare = (programs_without_setsid(bare.path()), bare);
        let step = |attempt: u8| {
            format!("ouioe 1\nk {attempt} 1 5\nt\nA=b \nt\n/bin/sh\nt\n-c\nt\nprintf \"%s|\" \"$A\" \"$@\"; exit 3\nt\nsh\n3\n'\n\nend\n")
        };
        for (shell, programs) in
            SHELLS.into_iter().map(|shell| (shell, "/usr/sbin:/usr/bin:/sbin:/bin")).chain([(SHELLS[0], bare.0.as_str())])
        {
            let dir = tempfile::tempdir().unwrap();
            let at = (dir.path(), programs);
            let asked = |attempt: u8| under(shell, at, &ask(), &format!("ouioe 1\nk {attempt}\n"));
            assert_eq!(under(shell, at, &run(), &step(1)), (Some(3), format!("{READY}started\nb |'\n\n|")), "{shell:?} {programs}");
            assert_eq!(under(shell, at, &run(), &step(1)), (Some(255), format!("{READY}held\n")), "{shell:?}");
            assert_eq!(asked(1), (Some(0), format!("{READY}exit 3\n")), "{shell:?}");
            for _ in 0..2 {
                assert_eq!(asked(2), (Some(0), format!("{READY}never\n")), "{shell:?}");
            }
            assert_eq!(under(shell, at, &run(), &step(2)), (Some(255), format!("{READY}held\n")), "{shell:?}");
            // Cut anywhere, a payload starts nothing and leaves no trace.
            let whole = step(3);
            for cut in (0..whole.len()).step_by(7) {
                let (status, said) = under(shell, at, &run(), &whole[..cut]);
                assert!(status == Some(255) && !said.contains("started"), "{shell:?} cut at {cut}: {said}");
            }
            assert!(!dir.path().join("ouioe/remote/k/3").exists());
            let blocked = dir.path().join("file");
            fs::write(&blocked, "").unwrap();
            let (status, said) = under(shell, (&blocked, programs), &run(), &step(4));
            assert!(status == Some(255) && said.contains("\nrefused mkdir "), "{shell:?}: {said}");
        }
    }

    /// As many as a list may have. Added one by one to those before, they took dash 36 s and bash minutes.
    #[test]
    fn ten_thousand_words_are_taken_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let words = ["/bin/sh", "-c", "printf \"%s \" $# \"$1\" \"${10000}\"", "sh"].map(str::to_owned).into_iter();
        let words: Vec<String> = words.chain((1..=10_000).map(|number| format!("t\n{number}|{}", "x".repeat(50)))).collect();
        let told = words.iter().map(|word| if word.starts_with("t\n") { format!("{word}\n") } else { format!("t\n{word}\n") });
        let told = format!("ouioe 1\nk 1 0 {}\n{}end\n", words.len(), told.collect::<String>());
        let begun = std::time::Instant::now();
        let (status, said) = under(SHELLS[0], (dir.path(), "/usr/sbin:/usr/bin:/sbin:/bin"), &run(), &told);
        let tail = "x".repeat(50);
        assert_eq!((status, said), (Some(0), format!("{READY}started\n10000 1|{tail} 10000|{tail} ")));
        assert!(begun.elapsed() < std::time::Duration::from_secs(25), "{:?}", begun.elapsed());
    }

    #[test]
    fn no_login_shell_finds_more_in_it_than_one_quoted_word() {
        for command in [run(), ask()] {
            let quoted = command.strip_prefix("/bin/sh -c '").and_then(|rest| rest.strip_suffix('\'')).unwrap();
            // `! ` is history to no shell; the others would be to csh, or end the word, or lose a backslash in fish.
            for bad in ["'", "\n", "\\\\", "\\'", " #"] {
                assert!(!quoted.contains(bad), "{bad:?} in {quoted}");
            }
            assert!(quoted.split('!').skip(1).all(|rest| rest.starts_with(' ')), "{quoted}");
        }
    }
}
