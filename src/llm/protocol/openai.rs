//! OpenAI-compatible: `/v1/chat/completions` with `response_format`, answered by server-sent events until `[DONE]`.

use serde_json::{Map, Value, json};
use url::Url;

use super::{Heard, Question, error_of, messages, object, put_over, temperature};
use crate::llm::fault::Fault;
use crate::llm::server::Server;

/// Tokens of an answer; a plan has some hundreds.
const MOST_TOKENS: u32 = 2_048;

pub fn chat(server: &Server) -> Url {
    server.at("/v1", "/chat/completions")
}

pub fn models(server: &Server) -> Url {
    server.at("/v1", "/models")
}

pub fn body(server: &Server, question: &Question<'_>) -> Value {
    let schema = json!({"name": "plan", "strict": true, "schema": question.brief.schema});
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(server.model));
    body.insert("messages".to_owned(), json!(messages(question)));
    body.insert("response_format".to_owned(), json!({"type": "json_schema", "json_schema": schema}));
    body.insert("stream".to_owned(), json!(true));
    body.insert("stream_options".to_owned(), json!({"include_usage": true}));
    body.insert("temperature".to_owned(), json!(temperature(question)));
    body.insert("seed".to_owned(), json!(question.seed));
    body.insert("max_tokens".to_owned(), json!(MOST_TOKENS));
    put_over(&mut body, &server.extra);
    Value::Object(body)
}

pub fn line(server: &Server, heard: &mut Heard, line: &str) -> Result<(), Fault> {
    // Comments, event names and empty lines carry nothing.
    let Some(data) = line.strip_prefix("data:").map(str::trim) else {
        return if line.starts_with('{') { whole(server, heard, line) } else { Ok(()) };
    };
    if data == "[DONE]" {
        (heard.is_done, heard.is_over) = (true, true);
        return Ok(());
    }
    let value = object(data)?;
    failed(server, &value)?;
    usage(heard, &value);
    let Some(choice) = value.pointer("/choices/0") else { return Ok(()) };
    take(server, heard, choice.get("delta"));
    finished(heard, choice)
}

/// Some servers answer in one piece whatever they were asked.
fn whole(server: &Server, heard: &mut Heard, line: &str) -> Result<(), Fault> {
    let value = object(line)?;
    failed(server, &value)?;
    usage(heard, &value);
    let Some(choice) = value.pointer("/choices/0") else { return Err(Fault::Malformed("an answer without a choice".to_owned())) };
    take(server, heard, choice.get("message"));
    (heard.is_done, heard.is_over) = (true, true);
    finished(heard, choice)
}

fn failed(server: &Server, value: &Value) -> Result<(), Fault> {
    match error_of(value) {
        Some(error) => Err(Fault::Status { code: 500, said: format!(": {}", server.said(error)) }),
        None => Ok(()),
    }
}

fn usage(heard: &mut Heard, value: &Value) {
    let count = |name: &str| value.pointer(&format!("/usage/{name}")).and_then(Value::as_u64);
    heard.tokens_in = count("prompt_tokens").or(heard.tokens_in);
    heard.tokens_out = count("completion_tokens").or(heard.tokens_out);
}

fn take(server: &Server, heard: &mut Heard, message: Option<&Value>) {
    let part = |name: &str| message.and_then(|message| message.get(name)?.as_str());
    heard.text.push_str(part("content").unwrap_or_default());
    if let Some(refusal) = part("refusal").filter(|text| !text.is_empty()) {
        heard.refusal = server.said(&format!("{}{refusal}", heard.refusal));
    }
}

fn finished(heard: &mut Heard, choice: &Value) -> Result<(), Fault> {
    match choice.get("finish_reason").and_then(Value::as_str) {
        Some("length") => Err(Fault::Unfinished),
        Some("content_filter") => Err(Fault::Refused(": its content filter stopped the answer".to_owned())),
        Some(_) => {
            heard.is_done = true;
            Ok(())
        }
        None => Ok(()),
    }
}

pub fn names(value: &Value) -> Vec<String> {
    let models = value.get("data").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    models.iter().filter_map(|model| model.get("id")?.as_str().map(str::to_owned)).collect()
}
