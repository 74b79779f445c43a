//! Built-in values < one TOML file < environment `OUIOE_*` -> settings that know where each value came from.
//!
//! All problems are found in one run, each with its place and the nearest names. Nothing is guessed: a section or key that this
//! version does not carry out is refused by name.

mod bound;
pub mod environment;
mod keys;
mod model;
pub mod place;
pub mod secrets;

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::planning::read;
use crate::model::catalogue::{Binding, Job};
use crate::model::problem::Problem;
use crate::model::settings::Settings;
use crate::planner::near;
use crate::planner::source::{self, Body, CAPS, Entry, Format, Node};
use environment::Environment;
use keys::{KEYS, Key};
use secrets::SecretHandle;

/// Sections of the design that have no effect yet.
const NOT_CARRIED_OUT: [&str; 2] = ["redis", "ui"];
const SECTIONS: [&str; 7] = ["automation", "engine", "llm", "notify", "policy", "secrets", "ssh"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Builtin,
    File { path: String, line: u32 },
    Environment { name: String },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Builtin => f.pad("built in"),
            Self::File { path, line } => f.pad(&format!("{path}:{line}")),
            Self::Environment { name } => f.pad(name),
        }
    }
}

/// One line of `ouioe check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// `engine.slots`.
    pub key: String,
    pub value: String,
    pub origin: Origin,
    pub doc: &'static str,
}

#[derive(Clone, Debug, Default)]
pub struct Config {
    pub settings: Settings,
    /// By the names in the file.
    pub secrets: BTreeMap<String, SecretHandle>,
    /// What jobs and channels of the file do, by their names.
    pub jobs: BTreeMap<String, Job>,
    pub channels: BTreeMap<String, Binding>,
    /// The file that was read, if there was one.
    pub file: Option<PathBuf>,
    /// Of values that are not built in.
    origins: BTreeMap<String, Origin>,
}

impl Config {
    /// `explicit`: a file that must exist; else the user's own, which need not.
    pub fn load(explicit: Option<&Path>, env: &Environment) -> Result<Self, Vec<Problem>> {
        let mut config = Self::default();
        let mut problems = Vec::new();
        if let Some((path, text)) = file_text(explicit, env).map_err(|problem| vec![problem])? {
            config.read_file(&path.display().to_string(), &text, &mut problems);
            config.file = Some(path);
        }
        config.read_environment(env, &mut problems);
        config.check_llm(&mut problems);
        config.settings.engine.hidden = config.hidden();
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }

    /// A file in which every key stands with its default, commented out.
    pub fn default_file() -> String {
        let mut text = String::from("# Settings of ouioe. `ouioe config` prints what is in force.\n");
        let (mut section, settings) = ("", Settings::default());
        for key in &KEYS {
            if key.section != section {
                section = key.section;
                let _ = write!(text, "\n[{section}]\n");
            }
            let _ = write!(text, "# {}\n# {} = {}\n", key.doc, key.name, key.in_file(&settings));
        }
        text
    }

    /// Every value, in the order of the documentation.
    pub fn shown(&self) -> Vec<Shown> {
        let origin = |key: &str| self.origins.get(key).cloned().unwrap_or(Origin::Builtin);
        let mut shown: Vec<Shown> = KEYS
            .iter()
            .map(|key| {
                let name = key.full_name();
                Shown { value: key.show(&self.settings), origin: origin(&name), doc: key.doc, key: name }
            })
            .collect();
        for (name, handle) in &self.secrets {
            let key = format!("secrets.{name}");
            let doc = "where a value to be redacted stands";
            shown.push(Shown { value: handle.to_string(), origin: origin(&key), doc, key });
        }
        for (key, binding) in self.bindings() {
            let doc = "what a job runs, or how a channel is told";
            shown.push(Shown { value: bound::shown(binding), origin: origin(&key), doc, key });
        }
        shown
    }

    /// Of jobs, then of channels, each with its whole key.
    fn bindings(&self) -> impl Iterator<Item = (String, &Binding)> {
        let jobs = self.jobs.iter().map(|(name, job)| (format!("automation.jobs.{name}"), &job.binding));
        jobs.chain(self.channels.iter().map(|(name, binding)| (format!("notify.channels.{name}"), binding)))
    }

    /// Every handle of the file, also of jobs, channels and the model.
    pub fn handles(&self) -> BTreeMap<String, SecretHandle> {
        let mut all = self.secrets.clone();
        all.extend(self.llm_key().map(|handle| ("llm.key".to_owned(), handle)));
        for (key, binding) in self.bindings() {
            let (Binding::Command { secrets, .. } | Binding::Http { secrets, .. }) = binding else { continue };
            all.extend(secrets.iter().filter_map(|(name, text)| Some((format!("{key}.{name}"), text.parse().ok()?))));
        }
        all
    }

    /// What each step's output is looked through for. A program that gives a secret is only run for a step that needs it.
    fn hidden(&self) -> Vec<String> {
        let all: std::collections::BTreeSet<String> =
            self.handles().values().filter(|handle| !matches!(handle, SecretHandle::Command(_))).map(ToString::to_string).collect();
        all.into_iter().collect()
    }

    fn read_file(&mut self, origin: &str, text: &str, problems: &mut Vec<Problem>) {
        let tree = match source::read(origin, text, Format::Toml, CAPS) {
            Ok(tree) => tree,
            Err(problem) => return problems.push(problem),
        };
        for section in entries(&tree) {
            let fault = |code: &str, message: String, help: String| {
                Problem::new(origin, code, message).at(section.at.line, section.at.column).help(help)
            };
            let name = section.key.as_str();
            if NOT_CARRIED_OUT.contains(&name) {
                let message = format!("[{name}] is not carried out by this version; remove it");
                problems.push(fault("unsupported_section", message, String::new()));
            } else if !SECTIONS.contains(&name) {
                problems.push(fault("unknown_section", format!("unknown section [{name}]"), near::hint(name, SECTIONS)));
            } else if !matches!(section.value.body, Body::Table(_)) {
                problems.push(fault("wrong_type", format!("[{name}] must be a section, not {}", section.value.kind()), String::new()));
            } else if name == "secrets" {
                self.read_secrets(origin, section, problems);
            } else if name == "automation" || name == "notify" {
                self.read_bound(origin, section, problems);
            } else {
                self.read_section(origin, section, problems);
            }
        }
    }

    fn read_section(&mut self, origin: &str, section: &Entry, problems: &mut Vec<Problem>) {
        for entry in entries(&section.value) {
            let Some(key) = Key::find(&section.key, &entry.key) else {
                let known = KEYS.iter().filter(|key| key.section == section.key).map(|key| key.name);
                let message = format!("unknown key `{}` in [{}]", entry.key, section.key);
                let problem = Problem::new(origin, "unknown_key", message).at(entry.at.line, entry.at.column);
                problems.push(problem.help(near::hint(&entry.key, known)));
                continue;
            };
            match key.set(&mut self.settings, &entry.value.body) {
                Ok(()) => self.note(key.full_name(), Origin::File { path: origin.to_owned(), line: entry.at.line }),
                Err(wanted) => {
                    let message = format!("`{}` must be {wanted}", entry.key);
                    problems.push(Problem::new(origin, "wrong_value", message).at(entry.value.at.line, entry.value.at.column));
                }
            }
        }
    }

    fn read_bound(&mut self, origin: &str, section: &Entry, problems: &mut Vec<Problem>) {
        let is_job = section.key == "automation";
        let list = if is_job { "jobs" } else { "channels" };
        for entry in entries(&section.value) {
            if entry.key != list || !matches!(entry.value.body, Body::Table(_)) {
                let message = format!("unknown key `{}` in [{}]", entry.key, section.key);
                let help = format!("write [{}.{list}.NAME]", section.key);
                problems.push(Problem::new(origin, "unknown_key", message).at(entry.at.line, entry.at.column).help(help));
                continue;
            }
            for one in entries(&entry.value) {
                self.note(format!("{}.{list}.{}", section.key, one.key), Origin::File { path: origin.to_owned(), line: one.at.line });
                if is_job {
                    self.jobs.extend(bound::job(origin, one, problems).map(|job| (one.key.clone(), job)));
                } else {
                    self.channels.extend(bound::channel(origin, one, problems).map(|channel| (one.key.clone(), channel)));
                }
            }
        }
    }

    fn read_secrets(&mut self, origin: &str, section: &Entry, problems: &mut Vec<Problem>) {
        for entry in entries(&section.value) {
            let handle = match &entry.value.body {
                Body::Text(text) => text.parse::<SecretHandle>(),
                Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) | Body::List(_) | Body::Table(_) => {
                    Err(secrets::WANTED.to_owned())
                }
            };
            match handle {
                Ok(handle) => {
                    self.note(format!("secrets.{}", entry.key), Origin::File { path: origin.to_owned(), line: entry.at.line });
                    self.secrets.insert(entry.key.clone(), handle);
                }
                // The value is not repeated: somebody may have written the secret itself.
                Err(wanted) => {
                    let message = format!("`{}` must be {wanted}", entry.key);
                    problems.push(Problem::new(origin, "wrong_value", message).at(entry.value.at.line, entry.value.at.column));
                }
            }
        }
    }

    fn read_environment(&mut self, env: &Environment, problems: &mut Vec<Problem>) {
        for (variable, value) in env.iter() {
            let Some(rest) = variable.strip_prefix("OUIOE_") else { continue };
            // Others are read elsewhere, or set by us for the steps.
            if !SECTIONS.iter().chain(&NOT_CARRIED_OUT).any(|section| rest.starts_with(&format!("{}_", section.to_uppercase()))) {
                continue;
            }
            let Some(key) = KEYS.iter().find(|key| key.variable() == *variable) else {
                let known: Vec<String> = KEYS.iter().map(Key::variable).collect();
                let help = near::hint(variable, known.iter().map(String::as_str));
                problems.push(Problem::new(variable, "unknown_key", "no setting has this name").help(help));
                continue;
            };
            let set = value.to_str().ok_or("UTF-8 text".to_owned()).and_then(|text| key.set(&mut self.settings, &key.body_of(text)));
            match set {
                Ok(()) => self.note(key.full_name(), Origin::Environment { name: variable.clone() }),
                Err(wanted) => problems.push(Problem::new(variable, "wrong_value", format!("must be {wanted}"))),
            }
        }
    }

    /// File and line, or the variable.
    fn place_of(&self, key: &str) -> (String, u32) {
        match self.origins.get(key) {
            Some(Origin::File { path, line }) => (path.clone(), *line),
            Some(Origin::Environment { name }) => (name.clone(), 0),
            Some(Origin::Builtin) | None => (key.to_owned(), 0),
        }
    }

    fn note(&mut self, key: String, origin: Origin) {
        self.origins.insert(key, origin);
    }
}

fn entries(node: &Node) -> &[Entry] {
    match &node.body {
        Body::Table(entries) => entries,
        Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) | Body::Text(_) | Body::List(_) => &[],
    }
}

fn file_text(explicit: Option<&Path>, env: &Environment) -> Result<Option<(PathBuf, String)>, Problem> {
    let Some(path) = explicit.map(Path::to_owned).or_else(|| place::config_dir(env).map(|dir| dir.join("config.toml"))) else {
        return Ok(None);
    };
    let is_absent = std::fs::metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if explicit.is_none() && is_absent {
        return Ok(None);
    }
    read(&path).map(|text| Some((path, text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Millis;

    fn load(text: &str, env: &[(&str, &str)]) -> Result<Config, Vec<String>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.toml");
        std::fs::write(&path, text).unwrap();
        let place = format!("{}/", folder.path().display());
        Config::load(Some(&path), &Environment::of(env))
            .map_err(|problems| problems.iter().map(|problem| format!("{problem}").replace(&place, "")).collect())
    }

    #[test]
    fn later_layers_win_and_say_so() {
        let text = "[engine]\nslots = 3\ngrace = \"5s\"\noutput_cap = \"1 MiB\"\n[policy]\nexempt_environments = [\"dev\"]\n";
        let config = load(text, &[("OUIOE_ENGINE_SLOTS", "7"), ("OUIOE_POLICY_PROTECTED_PATHS", "/, /srv")]).unwrap();
        assert_eq!(config.settings.engine.slots, 7);
        assert_eq!(config.settings.engine.grace_ms, Millis::seconds(5));
        assert_eq!(config.settings.engine.output_cap, 1 << 20);
        assert_eq!(config.settings.policy.exempt_environments, ["dev"]);
        assert_eq!(config.settings.policy.protected_paths, ["/", "/srv"]);

        let shown = |key: &str| {
            let line = config.shown().into_iter().find(|line| line.key == key).unwrap();
            (line.value, line.origin.to_string().rsplit('/').next().unwrap().to_owned())
        };
        assert_eq!(shown("engine.slots"), ("7".to_owned(), "OUIOE_ENGINE_SLOTS".to_owned()));
        assert_eq!(shown("engine.grace"), ("5s".to_owned(), "c.toml:3".to_owned()));
        assert_eq!(shown("engine.output_cap"), ("1 MiB".to_owned(), "c.toml:4".to_owned()));
        assert_eq!(shown("engine.per_service"), ("4".to_owned(), "built in".to_owned()));
    }

    #[test]
    fn built_in_values_are_those_of_the_model() {
        let none = Config::load(None, &Environment::of(&[])).unwrap();
        assert_eq!(none.settings, Settings::default());
        assert!(none.shown().iter().all(|line| line.origin == Origin::Builtin));
    }

    #[test]
    fn every_shown_value_reads_back() {
        let mut text = String::new();
        let mut section = "";
        for key in &KEYS {
            if key.section != section {
                section = key.section;
                text.push_str(&["[", section, "]\n"].concat());
            }
            text.push_str(&[key.name, " = ", &key.in_file(&Settings::default()), "\n"].concat());
        }
        assert_eq!(load(&text, &[]).unwrap().settings, Settings::default(), "{text}");
    }

    #[test]
    fn problems_name_their_place_and_the_nearest_word() {
        for (text, env, expected) in [
            ("[engine]\nslot = 3\n", vec![], "c.toml:2: unknown key `slot` in [engine] (nearest: slots)"),
            ("[engin]\nslots = 3\n", vec![], "c.toml:1: unknown section [engin] (nearest: engine)"),
            ("slots = 3\n", vec![], "c.toml:1: unknown section [slots]"),
            ("engine = 3\n", vec![], "c.toml:1: [engine] must be a section, not a whole number"),
            ("[engine]\nslots = 0\n", vec![], "c.toml:2: `slots` must be a whole number from 1 to 10000"),
            ("[engine]\nslots = \"many\"\n", vec![], "c.toml:2: `slots` must be a whole number from 1 to 10000"),
            ("[engine]\n\ngrace = \"soon\"\n", vec![], "c.toml:3: `grace` must be a span such as \"90s\", at most 1d"),
            ("[engine]\noutput_cap = \"lots\"\n", vec![], "c.toml:2: `output_cap` must be a size such as \"16 MiB\", from 4 KiB to 1 GiB"),
            ("[policy]\nprotected_paths = [3]\n", vec![], "c.toml:2: `protected_paths` must be a list of absolute paths"),
            ("[policy]\nprotected_paths = [\"etc\"]\n", vec![], "c.toml:2: `protected_paths` must be a list of absolute paths"),
            ("[policy]\nroles = {}\n", vec![], "c.toml:2: unknown key `roles` in [policy]"),
            ("[redis]\nurl = \"x\"\n", vec![], "c.toml:1: [redis] is not carried out by this version; remove it"),
            ("[secrets]\ndb = \"hunter2\"\n", vec![], "c.toml:2: `db` must be `env:NAME`, `file:/PATH` or `cmd:PROGRAM ARGUMENTS`"),
            ("[automation.jobs.x]\nargv = []\n", vec![], "c.toml:1: `argv` is missing or empty"),
            ("[automation.jobs.x]\nargv = [\"ls\", \"{tarket}\"]\n", vec![], "c.toml:1: `{tarket}` names no parameter (nearest: target)"),
            ("[automation.jobs.x]\nargv = [\"{job}\"]\n", vec![], "c.toml:1: the program must not come from a parameter"),
            (
                "[automation.jobs.x]\nargv = [\"ls\"]\nparams = { days = \"itn\" }\n",
                vec![],
                "c.toml:3: `days` must be a type such as \"int\", or { type = \"int\", default = 7 }",
            ),
            (
                "[automation.jobs.x]\nargv = [\"ls\"]\nparams = { days = { type = \"int\", default = \"x\" } }\n",
                vec![],
                "c.toml:3: the default of `days` is no int",
            ),
            ("[automation]\nx = 1\n", vec![], "c.toml:2: unknown key `x` in [automation] (write [automation.jobs.NAME])"),
            ("[notify.channels.x]\n", vec![], "c.toml:1: channel x must have one of"),
            ("[notify.channels.x]\nbell = true\nwebhook = \"http://a/\"\n", vec![], "c.toml:1: channel x must have one of"),
            (
                "[notify.channels.x]\nwebhook = \"http://a/\"\nbearer = \"hunter2\"\n",
                vec![],
                "c.toml:1: `bearer` must be `env:NAME`, `file:/PATH` or `cmd:PROGRAM ARGUMENTS`",
            ),
            ("[engine\n", vec![], "c.toml:1: unclosed table, expected `]`"),
            ("", vec![("OUIOE_ENGINE_SLOT", "3")], "OUIOE_ENGINE_SLOT: no setting has this name (nearest: OUIOE_ENGINE_SLOTS)"),
            ("", vec![("OUIOE_ENGINE_SLOTS", "x")], "OUIOE_ENGINE_SLOTS: must be a whole number from 1 to 10000"),
            ("", vec![("OUIOE_LLM_URI", "x")], "OUIOE_LLM_URI: no setting has this name"),
        ] {
            let problems = load(text, &env).expect_err(expected);
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].starts_with(expected), "{} != {expected}", problems[0]);
        }
        assert_eq!(load("[engine]\na = 1\nb = 2\n", &[("OUIOE_ENGINE_X", "")]).expect_err("three").len(), 3, "all of them at once");
        assert!(load("", &[("OUIOE_EFFECT_KEY", "x"), ("OUIOE_STATE_DIR", "/x")]).is_ok(), "these are no settings");
    }

    #[test]
    fn a_named_file_must_exist_and_the_own_one_need_not() {
        let missing = Config::load(Some(Path::new("/nowhere/c.toml")), &Environment::of(&[])).expect_err("missing");
        assert!(missing[0].to_string().starts_with("/nowhere/c.toml: could not read it"), "{}", missing[0]);
        assert!(Config::load(None, &Environment::of(&[("HOME", "/nowhere")])).unwrap().file.is_none());
    }
}
