//! The exact thing a step would do: a builtin call or an argv, with holes for values that other steps produce.
//!
//! Rendered (no holes left) it is what leaves the engine and what the digest of an attempt covers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::catalogue::OutputFormat;
use super::digest::Digest;

/// A program as it was when the plan was bound; the runner compares both before exec.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Absolute.
    pub path: String,
    pub sha256: Digest,
}

/// One element of argv (or value of an environment variable): literal text around holes.
/// A hole is written `${steps.ID.output.path}` in `text`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Operand(pub String);

/// A command of another machine that lists what a step would touch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    pub argv: Vec<Operand>,
    pub fields: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// A function of ours. `owned`: run by the step runner.
    Builtin { name: String, params: BTreeMap<String, Value>, owned: bool },
    Command {
        program: Program,
        /// Without argv[0], which is the program's path.
        args: Vec<Operand>,
        env: BTreeMap<String, Operand>,
        secrets: BTreeMap<String, String>,
        #[serde(default)]
        cwd: Option<String>,
        output: OutputFormat,
        /// A file that the program interprets, when the plan names one.
        #[serde(default)]
        script: Option<Program>,
    },
    /// A program of another machine, over the system's `ssh`.
    Ssh {
        ssh: Program,
        /// As people name it.
        host: String,
        /// `user@address` or `address`.
        destination: String,
        #[serde(default)]
        port: Option<u16>,
        /// Arguments of `ssh` before the destination, without the port.
        options: Vec<String>,
        /// The first is the program, found by the `PATH` of the host.
        argv: Vec<Operand>,
        env: BTreeMap<String, Operand>,
        /// Go into the environment there, never into an argv.
        #[serde(default)]
        secrets: BTreeMap<String, String>,
        output: OutputFormat,
        /// Still to be asked: with it nothing can run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        list: Option<List>,
    },
    /// Cannot be started; `hint` says which line of which file would bind it.
    Unbound { hint: String },
}

impl Action {
    pub fn is_builtin(&self) -> bool {
        match self {
            Self::Builtin { .. } => true,
            Self::Command { .. } | Self::Ssh { .. } | Self::Unbound { .. } => false,
        }
    }

    /// `POST https://a.example/x` of a builtin that sends one request; an address that is itself secret by its handle.
    pub fn request(&self) -> Option<String> {
        let Self::Builtin { params, owned: true, .. } = self else { return None };
        let (method, pieces) = (params.get("method")?.as_str()?, params.get("url")?.as_array()?);
        let hidden = params.get("secrets").and_then(|secrets| secrets.get("url")?.as_str());
        let address = pieces.iter().filter_map(|piece| piece.as_str().or_else(|| piece.get("value")?.as_str()));
        Some(format!("{method} {}", hidden.map_or_else(|| address.collect(), str::to_owned)))
    }

    /// Runs in a process of its own under the step runner.
    pub fn is_owned(&self) -> bool {
        match self {
            Self::Builtin { owned, .. } => *owned,
            Self::Command { .. } | Self::Ssh { .. } => true,
            Self::Unbound { .. } => false,
        }
    }
}
