//! Ollama: `/api/chat` with the schema as `format`, answered by one JSON object a line until `done`.

use serde_json::{Map, Value, json};
use url::Url;

use super::{Heard, Question, error_of, messages, object, put_over, temperature};
use crate::llm::fault::Fault;
use crate::llm::server::Server;

/// Tokens of an answer; a plan has some hundreds.
const MOST_TOKENS: u32 = 2_048;
/// Room for the operations on offer, two repairs and the answers; the usual 4,096 cuts the rules away silently.
const CONTEXT: u32 = 8_192;

pub fn chat(server: &Server) -> Url {
    server.at("/api", "/chat")
}

pub fn models(server: &Server) -> Url {
    server.at("/api", "/tags")
}

pub fn body(server: &Server, question: &Question<'_>) -> Value {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(server.model));
    body.insert("messages".to_owned(), json!(messages(question)));
    body.insert("format".to_owned(), question.brief.schema.clone());
    body.insert("stream".to_owned(), json!(true));
    let options = json!({"temperature": temperature(question), "seed": question.seed, "num_predict": MOST_TOKENS, "num_ctx": CONTEXT});
    body.insert("options".to_owned(), options);
    put_over(&mut body, &server.extra);
    Value::Object(body)
}

pub fn line(server: &Server, heard: &mut Heard, line: &str) -> Result<(), Fault> {
    if line.trim().is_empty() {
        return Ok(());
    }
    let value = object(line)?;
    if let Some(error) = error_of(&value) {
        return Err(Fault::Status { code: 500, said: format!(": {}", server.said(error)) });
    }
    if let Some(text) = value.pointer("/message/content").and_then(Value::as_str) {
        heard.text.push_str(text);
    }
    if value.get("done").and_then(Value::as_bool) == Some(true) {
        (heard.is_done, heard.is_over) = (true, true);
        heard.tokens_in = value.get("prompt_eval_count").and_then(Value::as_u64);
        heard.tokens_out = value.get("eval_count").and_then(Value::as_u64);
        if value.get("done_reason").and_then(Value::as_str) == Some("length") {
            return Err(Fault::Unfinished);
        }
    }
    Ok(())
}

/// Names as `ollama list` shows them.
pub fn names(value: &Value) -> Vec<String> {
    let models = value.get("models").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    models.iter().filter_map(|model| model.get("name").or_else(|| model.get("model"))?.as_str().map(str::to_owned)).collect()
}
