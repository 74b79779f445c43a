//! Operations: what can be asked of a service, with types, effect class and binding.
//!
//! Filled from service manifests; a catalogue file alone (names and summaries) is enough to plan against.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan::StepKind;
use super::time::Millis;
use super::verdict::Threshold;

/// What a step can do to the world, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectClass {
    Read,
    Mutate,
    Destroy,
}

impl EffectClass {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Mutate => "mutate",
            Self::Destroy => "destroy",
        }
    }
}

/// What a second run of the same step means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeat {
    Pure,
    Idempotent,
    /// The target drops a second request with the same effect key.
    Keyed,
    /// A probe can tell whether it happened.
    Probeable,
    #[default]
    AtMostOnce,
}

impl Repeat {
    /// For people.
    pub fn told(self) -> &'static str {
        match self {
            Self::Pure => "again at will: it changes nothing",
            Self::Idempotent => "again at will: twice is as once",
            Self::Keyed => "again with the same key: the target drops the second",
            Self::Probeable => "a probe tells whether it happened",
            Self::AtMostOnce => "at most once: a person decides on a second time",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum ParamType {
    Host,
    Name,
    Env,
    Duration,
    Datetime,
    Url,
    Dns,
    Ip,
    Port,
    Path,
    Version,
    Channel,
    Int,
    Str,
    Json,
    /// An output type of another operation, such as `SnapshotId`.
    Other(String),
}

impl From<String> for ParamType {
    fn from(text: String) -> Self {
        match text.as_str() {
            "host" => Self::Host,
            "name" => Self::Name,
            "env" => Self::Env,
            "duration" => Self::Duration,
            "datetime" => Self::Datetime,
            "url" => Self::Url,
            "dns" => Self::Dns,
            "ip" => Self::Ip,
            "port" => Self::Port,
            "path" => Self::Path,
            "version" => Self::Version,
            "channel" => Self::Channel,
            "int" => Self::Int,
            "str" => Self::Str,
            "json" => Self::Json,
            _ => Self::Other(text),
        }
    }
}

impl From<ParamType> for String {
    fn from(kind: ParamType) -> Self {
        kind.as_str().to_owned()
    }
}

impl ParamType {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Host => "host",
            Self::Name => "name",
            Self::Env => "env",
            Self::Duration => "duration",
            Self::Datetime => "datetime",
            Self::Url => "url",
            Self::Dns => "dns",
            Self::Ip => "ip",
            Self::Port => "port",
            Self::Path => "path",
            Self::Version => "version",
            Self::Channel => "channel",
            Self::Int => "int",
            Self::Str => "str",
            Self::Json => "json",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for ParamType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: ParamType,
    #[serde(default)]
    pub required: bool,
    #[serde(default)]
    pub default: Option<Value>,
    #[serde(default)]
    pub doc: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// Of a list: the parameter that each thing on it is a value of, where the name does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
}

/// How stdout of a command becomes the typed result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// `{"text": stdout}`, cut at the result cap with `"cut": true`.
    #[default]
    Text,
    /// stdout is one JSON value; anything else fails the step.
    Json,
    /// stdout holds plain figures that begin with the name of what they are of: the facts of the builtin of that name.
    Reading,
    /// No result: only the exit status counts.
    None,
}

/// How an operation reaches the world. An operation without one can be planned, not started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Binding {
    /// A function of ours; `owned = true` runs it in the step runner, as every effectful one must.
    Builtin {
        name: String,
        #[serde(default)]
        owned: bool,
    },
    /// argv without a shell. `{param}` stands for a slot inside exactly one element; an element whose only slot is
    /// optional and absent is left out.
    Command {
        argv: Vec<String>,
        #[serde(default)]
        env: BTreeMap<String, String>,
        /// Environment name -> secret handle (`env:X`, `file:/path`, `cmd:…`), resolved by the runner.
        #[serde(default)]
        secrets: BTreeMap<String, String>,
        #[serde(default)]
        output: OutputFormat,
    },
    /// One request, sent by the step runner; slots stand in the address (percent-encoded), in headers and in the body's texts.
    Http {
        method: String,
        /// Empty where the address is itself a secret.
        #[serde(default)]
        url: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
        /// `"{param}"` sends its text as it is, a table sends JSON.
        #[serde(default)]
        body: Option<Value>,
        /// `url`, `bearer` or `header:NAME` -> secret handle.
        #[serde(default)]
        secrets: BTreeMap<String, String>,
    },
    /// What the configuration says of the job of this name; `{param}` stands for a slot.
    Job { name: String },
    /// The same of the channel of this name.
    Channel { name: String },
}

/// What the configuration says of a job of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    pub binding: Binding,
    /// Its own, beside those of the operation that runs it.
    pub params: Vec<Param>,
}

/// What a builtin of this machine is on another one: a command there, over `ssh`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remote {
    /// As that of a `command` binding.
    pub argv: Vec<String>,
    #[serde(default)]
    pub output: OutputFormat,
    /// The things that it lists become the last elements of `argv`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preview: Option<RemoteList>,
}

/// A read there that lists what a step would touch, one thing a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteList {
    pub argv: Vec<String>,
    /// What the parts of a line are called, which `|` divides; the last holds the rest.
    pub fields: Vec<String>,
}

/// Where a definition stands, for messages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    pub file: String,
    pub line: u32,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Operation {
    /// `service.verb`.
    pub name: String,
    pub summary: String,
    pub effect: EffectClass,
    #[serde(default)]
    pub low_risk: bool,
    #[serde(default)]
    pub repeat: Repeat,
    #[serde(default)]
    pub kind: StepKind,
    #[serde(default)]
    pub params: Vec<Param>,
    #[serde(default)]
    pub output: Option<Output>,
    /// Verbs and phrases that name it, for the planner.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Objects that it acts on, for the planner.
    #[serde(default)]
    pub nouns: Vec<String>,
    #[serde(default)]
    pub examples: Vec<String>,
    #[serde(default)]
    pub expected_ms: Option<Millis>,
    #[serde(default)]
    pub timeout_ms: Option<Millis>,
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// A read whose list is shown and becomes part of what is approved.
    #[serde(default)]
    pub preview: Option<String>,
    #[serde(default)]
    pub binding: Option<Binding>,
    /// For other hosts, where the binding is a builtin that acts on this machine.
    #[serde(default)]
    pub remote: Option<Remote>,
    /// What its builtin must know of the site, beside what a person says: a folder, a socket, a server.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, Value>,
    /// What takes it back, where a plan names nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    #[serde(default)]
    pub origin: Origin,
}

/// An operation that gets the values of these parameters of the one that it takes back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Undo {
    pub operation: String,
    pub params: Vec<String>,
}

impl Operation {
    pub fn service(&self) -> &str {
        self.name.split_once('.').map_or(self.name.as_str(), |(service, _)| service)
    }

    pub fn verb(&self) -> &str {
        self.name.split_once('.').map_or("", |(_, verb)| verb)
    }

    pub fn param(&self, name: &str) -> Option<&Param> {
        self.params.iter().find(|param| param.name == name)
    }

    pub fn required(&self) -> impl Iterator<Item = &Param> {
        self.params.iter().filter(|param| param.required)
    }
}

/// Every known operation, by name. Order of insertion never matters.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    pub operations: BTreeMap<String, Arc<Operation>>,
    /// From a catalogue file; `None` leaves the configured policy in force.
    pub exempt_environments: Option<Vec<String>>,
    /// Of the configuration, by their names in it.
    pub jobs: BTreeMap<String, Job>,
    /// `*` stands for any channel that is not named.
    pub channels: BTreeMap<String, Binding>,
}

impl Catalogue {
    pub fn get(&self, name: &str) -> Option<&Arc<Operation>> {
        self.operations.get(name)
    }

    pub fn insert(&mut self, operation: Operation) {
        self.operations.insert(operation.name.clone(), Arc::new(operation));
    }

    pub fn iter(&self) -> impl Iterator<Item = &Arc<Operation>> {
        self.operations.values()
    }

    pub fn len(&self) -> usize {
        self.operations.len()
    }

    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }
}
