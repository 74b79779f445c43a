//! Why there is no answer. Each finishes "could not ask the model: …"; what the server said in it is redacted and safe.

use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("{0}")]
    Setup(String),
    #[error("{0}")]
    Unreachable(String),
    #[error("it answered {code}{said}")]
    Status { code: u16, said: String },
    /// 429; the wait that it asked for, if it named one.
    #[error("it has too much to do (429){}", wait.map(|wait| format!(", asks to wait {} s", wait.as_secs())).unwrap_or_default())]
    Limited { wait: Option<Duration> },
    #[error("its answer was cut: {0}")]
    Cut(String),
    #[error("it came to its limit of tokens in the middle of its answer")]
    Unfinished,
    #[error("its answer is longer than {0} KiB")]
    TooLarge(usize),
    #[error("its answer is not UTF-8")]
    NotText,
    #[error("its answer does not follow the protocol: {0}")]
    Malformed(String),
    #[error("it refused{0}")]
    Refused(String),
    #[error("no answer within {0} s")]
    Late(u64),
}

impl Fault {
    /// The same question may fare better a moment later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Status { code, .. } => matches!(code, 500 | 502 | 503 | 504),
            Self::Limited { .. } | Self::Cut(_) => true,
            Self::Setup(_)
            | Self::Unreachable(_)
            | Self::Unfinished
            | Self::TooLarge(_)
            | Self::NotText
            | Self::Malformed(_)
            | Self::Refused(_)
            | Self::Late(_) => false,
        }
    }
}
