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
    use super::*;

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
