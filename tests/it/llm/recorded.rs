//! Pairs of request and response in `tests/corpus/llm`: what we ask has their shape, and what they answered is read as it was meant.
//!
//! `openai-llamacpp` was recorded from llama.cpp's own server (random weights). `ollama-documented` is written after Ollama's
//! documentation of `/api/chat`: no Ollama was at hand to record.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::mpsc::channel;

use ouioe::model::settings::{LlmKind, LlmSettings};
use serde_json::Value;

use super::{ODD, improve, operations, settings};

fn corpus(name: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/llm").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Plays one response, byte for byte, as often as it is asked; gives back what it was sent.
fn play(response: Vec<u8>) -> (String, std::sync::mpsc::Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, sent) = channel();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream.try_clone().expect("a copy"));
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) <= 2 {
                    break;
                }
                if let Some((_, value)) = line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length")) {
                    length = value.trim().parse().expect("a number");
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).expect("the body");
            let _ = sender.send(serde_json::from_slice(&body).expect("JSON"));
            let _ = stream.write_all(&response);
        }
    });
    (url, sent)
}

/// Names of the fields, all the way down; of lists the first item, and the choices of an enum count as one.
fn shape(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(map) if path.ends_with(".logit_bias") => into.push(format!("{path}: {}", map.is_empty())),
        Value::Object(map) => map.iter().for_each(|(name, inner)| shape(inner, &format!("{path}.{name}"), into)),
        Value::Array(_) if path.rsplit('.').next() == Some("enum") => into.push(path.to_owned()),
        Value::Array(items) => items.iter().take(1).for_each(|item| shape(item, &format!("{path}[]"), into)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => into.push(path.to_owned()),
    }
}

#[test]
fn recorded_answers_are_read_and_requests_have_their_shape() {
    // What the recording put over the request, to get short answers from random weights.
    let short = r#"{"maxLength": 8}"#;
    let extra = format!(
        r#"{{"logit_bias": {{"3": -100}}, "response_format": {{"json_schema": {{"schema": {{"properties": {{"reason": {short}, "steps": {{"minItems": 1,
        "maxItems": 1, "items": {{"properties": {{"params": {{"maxItems": 1, "items": {{"properties": {{"value": {short}}}}}}}, "needs": {{"maxItems": 1}}}}}}}}}}}}}}}}}}"#
    );
    for (name, kind, extra, plan, tokens) in [
        ("openai-llamacpp", LlmKind::Openai, extra.as_str(), None, 3586),
        ("ollama-documented", LlmKind::Ollama, "", Some(vec!["host.restart_service"]), 26),
    ] {
        let (url, sent) = play(corpus(&format!("{name}.response")));
        let settings = LlmSettings { extra: extra.to_owned(), ..settings(kind, &url) };
        let (_, found) = improve(&settings, None, ODD);
        assert_eq!(found.usage.tokens_in.map(|all| all % tokens), Some(0), "{name}: {}", found.line());
        assert!(found.usage.rounds > 0, "{name}: {}", found.line());
        assert_eq!(found.plan.as_deref().map(operations), plan, "{name}: {}", found.line());
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        shape(&sent.recv().expect("a request"), "", &mut ours);
        shape(&serde_json::from_slice(&corpus(&format!("{name}.request.json"))).expect("JSON"), "", &mut theirs);
        ours.sort_unstable();
        theirs.sort_unstable();
        assert_eq!(ours, theirs, "{name}");
    }
}
