//! Values that no step may have, whoever approves: protected paths, networks that take in everybody, commands that wipe a system.
//!
//! A free command is read as far as plain words tell. That catches the slip of a tired hand, not somebody who means it: for
//! that there is the approval.

use std::net::IpAddr;

use super::rule::{is_protected, normalise};
use crate::model::catalogue::{EffectClass, Operation, Param, ParamType};

/// Shortest prefixes that are still somebody in particular.
const LEAST_V4: u8 = 8;
const LEAST_V6: u8 = 16;

/// Code and reason.
pub type Harm = (&'static str, String);

pub fn harm(operation: &Operation, param: &Param, text: &str, protected: &[String]) -> Option<Harm> {
    if operation.effect == EffectClass::Read {
        return None;
    }
    match param.kind {
        ParamType::Path if is_protected(text, protected) => Some(("protected_path", format!("`{text}` is a protected path"))),
        ParamType::Ip => takes_in(text).map(|whom| ("unbounded_network", format!("`{text}` takes in {whom}"))),
        ParamType::Str if param.name == "command" => {
            wiped(text, protected).map(|what| ("protected_path", format!("the command would wipe `{what}`")))
        }
        _ => None,
    }
}

fn takes_in(text: &str) -> Option<&'static str> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, prefix.parse::<u8>().ok()));
    let address = address.parse::<IpAddr>().ok()?.to_canonical();
    let least = if address.is_ipv4() { LEAST_V4 } else { LEAST_V6 };
    if address.is_loopback() {
        return Some("the machine itself");
    }
    (address.is_unspecified() || prefix.is_some_and(|prefix| prefix < least)).then_some("nearly everybody")
}

/// `rm -rf /`, `rm -r /etc/*`, `mkfs.ext4 /dev/sda`, `dd of=/dev/sda`.
fn wiped(command: &str, protected: &[String]) -> Option<String> {
    command.split([';', '|', '&', '\n']).find_map(|part| {
        let mut words = part.split_whitespace().map(|word| word.trim_matches(['"', '\''])).skip_while(|word| {
            let program = word.rsplit('/').next().unwrap_or(word);
            matches!(program, "sudo" | "exec" | "nohup" | "nice" | "ionice" | "env" | "time") || word.contains('=')
        });
        let program = words.next()?.rsplit('/').next()?;
        let operands: Vec<&str> = words.collect();
        let device = |word: &str| word.strip_prefix("of=").unwrap_or(word).starts_with("/dev/") && !word.ends_with("/null");
        if program.starts_with("mkfs") || matches!(program, "wipefs" | "dd" | "shred" | "blkdiscard") {
            return operands
                .iter()
                .find(|word| device(word) && (program != "dd" || word.starts_with("of=")))
                .map(|word| (*word).to_owned());
        }
        let flag = |word: &&&str| word.starts_with('-');
        let deep = operands.iter().filter(flag).any(|word| *word == "--recursive" || !word.starts_with("--") && word.contains(['r', 'R']));
        let whole = |word: &&&str| {
            let path = word.trim_end_matches('*');
            path.starts_with('/') && is_root(path, protected)
        };
        (program == "rm" && deep).then(|| operands.iter().find(whole).map(|word| (*word).to_owned())).flatten()
    })
}

/// A protected path itself or what it is in, not a thing below it.
fn is_root(path: &str, protected: &[String]) -> bool {
    let path = normalise(path);
    protected.iter().map(|one| normalise(one)).any(|one| one == path || one.starts_with(&format!("{}/", path.trim_end_matches('/'))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::settings::PolicySettings;

    #[test]
    fn commands_that_wipe_a_system_are_known_by_their_words() {
        let protected = PolicySettings::default().protected_paths;
        for command in [
            "rm -rf /",
            "rm -fr /*",
            "sudo rm -r /etc",
            "cd /tmp && rm -Rf '/usr'",
            "/bin/rm --recursive //",
            "LC_ALL=C rm -rf /etc/*",
            "mkfs.ext4 /dev/sda1",
            "dd if=/dev/zero of=/dev/sda bs=1M",
            "shred /dev/vda",
        ] {
            assert!(wiped(command, &protected).is_some(), "{command}");
        }
        for command in [
            "rm /etc/nginx/sites-enabled/old",
            "rm -rf /tmp/x",
            "rm -rf build",
            "dd if=/dev/sda of=/srv/copy bs=1M",
            "dd if=/srv/copy of=/dev/null",
            "echo rm -rf /",
            "systemctl restart nginx",
        ] {
            assert_eq!(wiped(command, &protected), None, "{command}");
        }
    }

    #[test]
    fn networks_of_everybody_and_of_oneself_are_known() {
        for text in ["0.0.0.0/0", "0.0.0.0", "::/0", "::", "127.0.0.1", "::1", "::ffff:127.0.0.1", "64.0.0.0/3", "2000::/3", "127.0.0.0/8"]
        {
            assert!(takes_in(text).is_some(), "{text}");
        }
        for text in ["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "fe80::1", "no address"] {
            assert_eq!(takes_in(text), None, "{text}");
        }
    }
}
