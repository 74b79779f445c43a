//! Handles of secrets -> what must never be seen in a log or on a screen.
//!
//! `cmd:` handles are not run here: only the runner of the step that needs the value asks for it, and redacts it there.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::str::FromStr;

use super::environment::Environment;
use crate::model::problem::Problem;
use crate::text::redact::Redactor;

pub const WANTED: &str = "`env:NAME`, `file:/PATH` or `cmd:PROGRAM ARGUMENTS`";

/// A key file has a few KiB; more is a wrong path.
const LONGEST: u64 = 1 << 20;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretHandle {
    Env(String),
    File(PathBuf),
    Command(String),
}

impl FromStr for SecretHandle {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() && !name.contains('=') => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if path.starts_with('/') => Ok(Self::File(PathBuf::from(path))),
            Some(("cmd", command)) if !command.trim().is_empty() => Ok(Self::Command(command.to_owned())),
            Some(_) | None => Err(WANTED.to_owned()),
        }
    }
}

impl fmt::Display for SecretHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Command(command) => write!(f, "cmd:{command}"),
        }
    }
}

/// For logs and messages of this process, with a warning for each value that cannot be looked for.
pub fn redactor(secrets: &BTreeMap<String, SecretHandle>, env: &Environment) -> (Redactor, Vec<Problem>) {
    let (mut values, mut warnings) = (Vec::new(), Vec::new());
    for (name, handle) in secrets {
        let warn = |message: String| Problem::new(format!("secrets.{name}"), "not_redacted", message);
        match value_of(handle, env) {
            Ok(Some(value)) => {
                if Redactor::new(vec![value.clone()]).ignored() > 0 {
                    warnings.push(warn("the value is too short to be found in other text; it will not be redacted".to_owned()));
                }
                values.push(value);
            }
            Ok(None) => {}
            Err(why) => warnings.push(warn(format!("could not read {handle}: {why}"))),
        }
    }
    (Redactor::new(values), warnings)
}

fn value_of(handle: &SecretHandle, env: &Environment) -> Result<Option<Vec<u8>>, String> {
    match handle {
        // What is not set cannot be seen either.
        SecretHandle::Env(name) => Ok(env.get(name).map(OsStr::as_bytes).map(<[u8]>::to_vec)),
        SecretHandle::File(path) => {
            let mut value = Vec::new();
            let file = File::open(path).map_err(|error| error.to_string())?;
            file.take(LONGEST + 1).read_to_end(&mut value).map_err(|error| error.to_string())?;
            if value.len() as u64 > LONGEST { Err(format!("it is longer than {} KiB", LONGEST >> 10)) } else { Ok(Some(value)) }
        }
        SecretHandle::Command(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_read_as_they_print() {
        for text in ["env:DB_PASSWORD", "file:/run/secrets/db", "cmd:pass show db"] {
            assert_eq!(text.parse::<SecretHandle>().map(|handle| handle.to_string()).as_deref(), Ok(text));
        }
        for text in ["hunter2", "env:", "env:A=b", "file:relative", "cmd: ", "vault:x", ""] {
            assert!(text.parse::<SecretHandle>().is_err(), "{text}");
        }
    }

    #[test]
    fn values_are_hidden_and_what_cannot_be_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        std::fs::write(&path, "from-a-file\n").unwrap();
        let handles = [
            ("a", SecretHandle::Env("A".to_owned())),
            ("b", SecretHandle::Env("B".to_owned())),
            ("c", SecretHandle::File(path)),
            ("d", SecretHandle::File(folder.path().join("missing"))),
            ("e", SecretHandle::Command("exit 1".to_owned())),
            ("f", SecretHandle::Env("UNSET".to_owned())),
        ];
        let secrets = handles.into_iter().map(|(name, handle)| (name.to_owned(), handle)).collect();
        let (redactor, warnings) = redactor(&secrets, &Environment::of(&[("A", "from-the-environment"), ("B", "abc")]));
        assert_eq!(redactor.redact("from-the-environment from-a-file abc"), "[redacted] [redacted] abc");
        let names: Vec<&str> = warnings.iter().map(|warning| warning.origin.as_str()).collect();
        assert_eq!(names, ["secrets.b", "secrets.d"]);
    }
}
