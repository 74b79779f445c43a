//! The environment of a step: rebuilt from an allow list, never inherited.
//!
//! `LD_PRELOAD`, `BASH_ENV`, `SSH_AUTH_SOCK`, `GIT_*` and all else of the engine's own environment stay out. What a manifest
//! names goes over it; the effect's own names go over everything.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::program::SEARCH_PATH;
use crate::model::effect::Start;

const PASSED: [&str; 5] = ["HOME", "USER", "LOGNAME", "TZ", "LANG"];

/// `own`: the runner's environment.
pub fn allowed(own: impl Iterator<Item = (OsString, OsString)>) -> BTreeMap<OsString, OsString> {
    let mut env: BTreeMap<OsString, OsString> =
        own.filter(|(name, _)| name.to_str().is_some_and(|name| PASSED.contains(&name) || name.starts_with("LC_"))).collect();
    env.insert("PATH".into(), SEARCH_PATH.into());
    env.insert("TERM".into(), "dumb".into());
    env
}

/// What tells the step which effect it is, for targets that drop a second request.
pub fn effect_names(start: &Start) -> [(&'static str, String); 4] {
    [
        ("OUIOE_EFFECT_KEY", start.effect_key.to_string()),
        ("OUIOE_RUN", start.at.run.to_string()),
        ("OUIOE_STEP", start.at.step.to_string()),
        ("OUIOE_ATTEMPT", start.at.attempt.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_names_pass() {
        let own = [
            ("LD_PRELOAD", "/x.so"),
            ("BASH_ENV", "/x"),
            ("PATH", "/tmp/evil"),
            ("LC_ALL", "C"),
            ("HOME", "/h"),
            ("SECRET", "1"),
            ("TERM", "xterm"),
        ];
        let env = allowed(own.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))));
        let names: Vec<_> = env.keys().map(|name| name.to_str().unwrap()).collect();
        assert_eq!(names, ["HOME", "LC_ALL", "PATH", "TERM"]);
        assert_eq!(env[&OsString::from("PATH")], SEARCH_PATH);
        assert_eq!(env[&OsString::from("TERM")], "dumb");
    }
}
