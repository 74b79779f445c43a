//! Limits and rules that `handle` and `advance` are given; files and environment fill them in at the edge.

use serde::{Deserialize, Serialize};

use super::time::Millis;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EngineSettings {
    /// Steps running at once in one engine.
    pub slots: u32,
    /// Steps running at once against one service.
    pub per_service: u32,
    /// Bytes of one step's output kept in its spool.
    pub output_cap: u64,
    /// Between TERM and KILL.
    pub grace_ms: Millis,
    /// Wall time of a step whose plan and manifest name none.
    pub timeout_ms: Millis,
    /// Largest typed result of one step, and of all steps of one run, in bytes.
    pub result_cap: u64,
    pub run_results_cap: u64,
    /// Handles of secrets whose values no step's output may show, also of a step that was not given them.
    pub hidden: Vec<String>,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            slots: 16,
            per_service: 4,
            output_cap: 16 << 20,
            grace_ms: Millis::seconds(10),
            timeout_ms: Millis::seconds(600),
            result_cap: 64 << 10,
            run_results_cap: 16 << 20,
            hidden: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySettings {
    /// Environments in which a mutate (never a destroy) needs no approval.
    pub exempt_environments: Vec<String>,
    /// Paths that no step may change or delete, nor anything below them.
    pub protected_paths: Vec<String>,
    /// Distinct targets of one plan.
    pub max_targets: u32,
    /// How long an approval request stays open; zero: for ever.
    pub approval_expiry_ms: Millis,
    /// How long an approved destroy waits for a take-back before its intent.
    pub hold_ms: Millis,
}

impl Default for PolicySettings {
    fn default() -> Self {
        let paths = ["/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/run", "/sbin", "/sys", "/usr"];
        Self {
            exempt_environments: ["dev", "test", "staging", "sandbox"].map(str::to_owned).to_vec(),
            protected_paths: paths.map(str::to_owned).to_vec(),
            max_targets: 100,
            approval_expiry_ms: Millis(0),
            hold_ms: Millis(0),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SshSettings {
    /// Given to `ssh` in place of the user's own configuration; empty: the user's own.
    pub config_file: String,
    pub connect_timeout_ms: Millis,
}

impl Default for SshSettings {
    fn default() -> Self {
        Self { config_file: String::new(), connect_timeout_ms: Millis::seconds(10) }
    }
}

/// Which protocol a language model is asked over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LlmKind {
    /// No model is asked.
    #[default]
    Off,
    /// `/api/chat`.
    Ollama,
    /// `/v1/chat/completions`.
    Openai,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LlmSettings {
    pub kind: LlmKind,
    /// Up to and without the path of the protocol; empty: the usual one of the kind.
    pub url: String,
    pub model: String,
    /// Handle of a secret, or the name of one under `[secrets]`; never the key itself. Empty: none is sent.
    pub key: String,
    /// For everything about one intent, waits and repairs included.
    pub timeout_ms: Millis,
    /// Of a million tokens, in millionths of whatever the operator counts in.
    pub price_in: u64,
    pub price_out: u64,
    /// A JSON object put over every request; empty: nothing.
    pub extra: String,
    /// Asked so often for one intent, all at once; what most answers agree on is proposed.
    pub samples: u32,
}

impl Default for LlmSettings {
    fn default() -> Self {
        Self {
            kind: LlmKind::Off,
            url: String::new(),
            model: String::new(),
            key: String::new(),
            timeout_ms: Millis::seconds(20),
            price_in: 0,
            price_out: 0,
            extra: String::new(),
            samples: 1,
        }
    }
}

/// What the pure part may know of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    pub engine: EngineSettings,
    pub policy: PolicySettings,
    pub ssh: SshSettings,
    #[serde(default)]
    pub llm: LlmSettings,
}
