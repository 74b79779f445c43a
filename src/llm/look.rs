//! Whether the server answers and has the model, without asking it anything.

use super::client::{Deadline, build, get};
use super::fault::Fault;
use super::protocol::{ollama, openai};
use super::server::Server;
use crate::model::settings::LlmKind;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// It answers and lists the model.
    Has,
    /// It answers; these it has.
    Lacks(Vec<String>),
    /// It answers, and lists no models.
    Unlisted,
}

pub async fn look(server: &Server) -> Result<Look, Fault> {
    let client = build(server)?;
    let deadline = Deadline::after(server.timeout);
    let url = match server.kind {
        LlmKind::Ollama => ollama::models(server),
        LlmKind::Openai => openai::models(server),
        LlmKind::Off => return Err(Fault::Setup("no model is configured".to_owned())),
    };
    let value = match get(&client, server, url, deadline).await {
        // Not every compatible server has such a list.
        Err(Fault::Status { code: 404 | 405, .. }) if server.kind == LlmKind::Openai => return Ok(Look::Unlisted),
        other => other?,
    };
    let names = match server.kind {
        LlmKind::Ollama => ollama::names(&value),
        LlmKind::Openai => openai::names(&value),
        LlmKind::Off => Vec::new(),
    };
    // Ollama takes a name without a tag for the latest.
    let is_it = |name: &String| *name == server.model || (server.kind == LlmKind::Ollama && *name == format!("{}:latest", server.model));
    if names.iter().any(is_it) { Ok(Look::Has) } else { Ok(Look::Lacks(names.iter().map(|name| server.said(name)).collect())) }
}
