//! What an operator typed, with who, where and in which session.

use serde::{Deserialize, Serialize};

use super::actor::Actor;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub text: String,
    pub actor: Actor,
    /// Host name of the machine on which it was typed.
    pub host: String,
    /// Terminal or link of the sender, for the record; empty where there is none.
    #[serde(default)]
    pub session: String,
}
