//! Who did it: a person behind a uid, a key or a token, or the engine itself.

use std::fmt;

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Operator,
    Approver,
    Admin,
}

/// Kept in every event. Identity is established by the link, never by what the sender claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Actor {
    /// The engine: timers, reports, adaptation.
    Engine,
    /// A local user, proven by the uid of the process or the socket's peer.
    Local { uid: u32, name: String },
}

impl Actor {
    pub fn role(&self) -> Role {
        match self {
            Self::Engine | Self::Local { .. } => Role::Admin,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Engine => f.pad("engine"),
            Self::Local { uid, name } => f.pad(&format!("{name}({uid})")),
        }
    }
}

impl From<Actor> for String {
    fn from(actor: Actor) -> Self {
        actor.to_string()
    }
}

impl TryFrom<String> for Actor {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "engine" {
            return Ok(Self::Engine);
        }
        text.strip_suffix(')')
            .and_then(|head| head.rsplit_once('('))
            .and_then(|(name, uid)| Some(Self::Local { uid: uid.parse().ok()?, name: name.to_owned() }))
            .ok_or_else(|| format!("no actor: {text:?}"))
    }
}
