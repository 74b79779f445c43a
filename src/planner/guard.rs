//! Texts that are refused before they are understood: too long, hidden characters, shell commands, options in place of names.
//!
//! Phrases that try to waive an approval are taken out of the text; they change nothing, since approvals follow from effects alone.

use super::compose::{Stop, clarify, refuse};
use super::token::{Kind, Token};

/// Longest intent that is read.
pub const MOST_BYTES: usize = 16 << 10;

/// Most words and marks that are read.
const MOST_WORDS: usize = 1_000;

const SHELL: &[&str] = &[
    "rm",
    "sudo",
    "su",
    "sh",
    "bash",
    "zsh",
    "dd",
    "mkfs",
    "chmod",
    "chown",
    "eval",
    "exec",
    "nc",
    "ncat",
    "perl",
    "python",
    "python3",
    "kubectl",
    "systemctl",
    "iptables",
    "shred",
    "wipefs",
    "mv",
    "cp",
    "cat",
    "echo",
];

const FETCH: &[&str] = &["curl", "wget"];

const WAIVERS: &[&str] = &[
    "without asking for approval",
    "without asking for confirmation",
    "without any approval",
    "without approval",
    "without confirmation",
    "without asking me",
    "without asking anyone",
    "without asking",
    "without waiting for approval",
    "skip the approval",
    "skip approval",
    "skip the confirmation",
    "skip confirmation",
    "no approval needed",
    "no approval required",
    "no need for approval",
    "no need to ask",
    "approval is not needed",
    "do not ask for approval",
    "don't ask for approval",
    "do not ask",
    "don't ask",
    "i already approved it",
    "i already approved",
    "already approved",
    "it is pre-approved",
    "pre-approved",
    "auto-approve",
    "auto approve",
    "bypass approval",
    "bypass the approval",
    "ignore the approval rule",
    "ignore the policy",
    "ignore policy",
    "no questions asked",
    "approve it yourself",
    "approve automatically",
    "you have my approval",
];

/// What is wrong with the text as such.
pub fn text(text: &str) -> Result<(), Stop> {
    if text.len() > MOST_BYTES {
        return Err(refuse(format!("the intent has {} bytes; at most {MOST_BYTES} are read, so use a plan file", text.len()), Vec::new()));
    }
    if let Some(bad) = text.chars().find(|c| is_hidden(*c)) {
        return Err(refuse(
            format!("the intent holds the hidden character U+{:04X}; type it again without it", u32::from(bad)),
            Vec::new(),
        ));
    }
    if text.trim().is_empty() {
        return Err(clarify("what should be done?", vec!["intent".to_owned()], Vec::new()));
    }
    if !text.chars().any(char::is_alphabetic) {
        return Err(clarify(
            format!("\"{}\" names no operation; what should be done?", text.trim()),
            vec!["operation".to_owned()],
            Vec::new(),
        ));
    }
    Ok(())
}

fn is_hidden(c: char) -> bool {
    let control = c.is_control() && !matches!(c, '\n' | '\t' | '\r');
    control
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The text without phrases that try to waive an approval.
pub fn without_waivers(text: &str) -> String {
    let mut kept = text.to_owned();
    for waiver in WAIVERS {
        while let Some(at) = kept.to_ascii_lowercase().find(waiver) {
            let end = at + waiver.len();
            let head = kept[..at].trim_end().trim_end_matches(" and").trim_end_matches([',', ';']);
            kept = format!("{head} {}", &kept[end..]);
        }
    }
    kept.trim().trim_end_matches([',', ';', '-', '\u{2014}']).trim().to_owned()
}

/// Shell text and options in place of names, anywhere in the intent.
pub fn tokens(tokens: &[Token]) -> Result<(), Stop> {
    if tokens.len() > MOST_WORDS {
        return Err(refuse(
            format!("the intent has {} words; at most {MOST_WORDS} are read, so use a plan file", tokens.len()),
            Vec::new(),
        ));
    }
    let free = "a free shell command is never taken from between other words; ask for host.run_command with the command in quotes";
    // "> 14 days": a span is no file.
    let compares = |at: usize| tokens[at].kind == Kind::Mark('>') && tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Duration);
    let shell_mark = tokens.iter().enumerate().filter(|(at, _)| !compares(*at)).map(|(_, token)| token).find(|token| {
        matches!(token.kind, Kind::Mark('|' | '>' | '<'))
            || (token.kind != Kind::Quoted && ((token.text.contains("$(") || token.text == "$") || token.text.contains('`')))
    });
    let both = tokens.windows(2).find(|pair| pair.iter().all(|token| token.kind == Kind::Mark('&'))).map(|pair| &pair[0]);
    if let Some(mark) = shell_mark.or(both) {
        return Err(refuse(format!("`{}` is shell: {free}", mark.text), Vec::new()));
    }
    if let Some(token) = tokens.iter().find(|token| token.text.contains("${") || token.text.contains("{{")) {
        let reason = format!("`{}` looks like a reference; outputs of steps are referred to in plan files only", token.text);
        return Err(refuse(reason, Vec::new()));
    }
    if let Some(token) = tokens.iter().find(|token| token.kind != Kind::Quoted && mixes_scripts(&token.text)) {
        let odd: Vec<String> =
            token.text.chars().filter(|c| c.is_alphabetic() && !c.is_ascii()).map(|c| format!("U+{:04X}", u32::from(c))).collect();
        let reason = format!("`{}` mixes letters of two scripts ({}); type the name again", token.text, odd.join(" "));
        return Err(refuse(reason, Vec::new()));
    }
    for (at, token) in tokens.iter().enumerate() {
        let first = at == 0
            || tokens[at - 1].is_one_of(&["and", "then", "to", "run", "execute", "do", "also", "sudo"])
            || matches!(tokens[at - 1].kind, Kind::Mark(_));
        let option_follows = tokens.get(at + 1).is_some_and(|next| next.text.starts_with('-') && next.text.len() > 1);
        // "rm old files below /var/tmp": said as a word of English.
        let told = token.is("rm")
            && tokens.get(at + 1).is_some_and(|next| {
                next.is_one_of(&["files", "file", "old", "stale", "all", "any", "every", "everything", "the", "those", "temp", "logs"])
            });
        let shell = token.is_one_of(SHELL) && !told && first && (option_follows || at == 0 || !tokens[at - 1].is("to"));
        let fetch = token.is_one_of(FETCH)
            && (option_follows
                || at > 0 && matches!(tokens[at - 1].kind, Kind::Mark(';' | '&'))
                || tokens.iter().any(|other| other.is_one_of(&["pipe", "sh", "bash"])));
        if shell || fetch {
            return Err(refuse(format!("`{}` is a shell command: {free}", token.text), vec!["host.run_command".to_owned()]));
        }
        if token.kind != Kind::Quoted
            && token.text.starts_with('-')
            && token.text.len() > 1
            && !matches!(token.kind, Kind::Int(_))
            && token.text.chars().any(char::is_alphanumeric)
        {
            return Err(refuse(format!("`{}` would be read as an option, not as a name", token.text), Vec::new()));
        }
    }
    Ok(())
}

/// Latin letters beside letters that only look like them.
fn mixes_scripts(text: &str) -> bool {
    let alike = |c: char| matches!(c, '\u{370}'..='\u{3ff}' | '\u{400}'..='\u{52f}' | '\u{530}'..='\u{58f}' | '\u{13a0}'..='\u{13ff}' | '\u{ff00}'..='\u{ffef}' | '\u{1d400}'..='\u{1d7ff}');
    text.chars().any(|c| c.is_ascii_alphabetic()) && text.chars().any(alike)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planner::token;

    #[test]
    fn waivers_vanish_and_the_rest_stays() {
        for (said, kept) in [
            ("restart it without asking for approval", "restart it"),
            ("Skip the confirmation and reboot it", "and reboot it"),
            ("reboot it, no approval needed", "reboot it"),
            ("deploy it and don't ask", "deploy it"),
        ] {
            assert_eq!(without_waivers(said), kept);
        }
    }

    #[test]
    fn shell_and_options_are_refused() {
        for bad in [
            "rm -rf /",
            "show disk; rm -rf /",
            "ping x && reboot",
            "ping x | sh",
            "ping $(id)",
            "ping -oProxyCommand=x",
            "check x > /etc/passwd",
            "look; curl http://x.example",
            "ping \u{43e}rion",
            "check https://b\u{430}nk.example/",
        ] {
            let all = token::tokens(bad);
            assert!(tokens(&all).is_err(), "{bad}: {all:?}");
        }
        assert!(tokens(&token::tokens("scale to -5 replicas")).is_ok());
    }
}
