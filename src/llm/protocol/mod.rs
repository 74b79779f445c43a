//! The two wire formats: how a question is put, and what each line of the streamed answer means.

pub mod ollama;
pub mod openai;

use serde_json::{Map, Value};

use super::fault::Fault;
use super::prompt::Brief;

/// What was said after the first question, oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    pub answer: String,
    pub objection: String,
}

#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub brief: &'a Brief,
    pub turns: &'a [Turn],
    /// Which of several answers to the same question; above 0 it is drawn by chance.
    pub sample: u32,
    /// Another one for each try, so that a try that failed by chance is not repeated.
    pub seed: u64,
}

/// What a stream said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    pub text: String,
    /// In which the text came.
    pub pieces: u64,
    pub tokens_in: Option<u64>,
    pub tokens_out: Option<u64>,
    /// The model said that this is all.
    pub is_done: bool,
    /// Nothing more will be said, counts included.
    pub is_over: bool,
    refusal: String,
}

impl Heard {
    /// After the last line.
    pub fn settle(self) -> Result<Self, Fault> {
        if !self.refusal.is_empty() {
            return Err(Fault::Refused(format!(": {}", self.refusal)));
        }
        if !self.is_done {
            return Err(Fault::Cut("the stream ended early".to_owned()));
        }
        Ok(self)
    }
}

/// The likeliest answer, or one of several that differ. Self-consistency (Wang et al., 2022) draws at 0.7.
fn temperature(question: &Question<'_>) -> f64 {
    if question.sample == 0 { 0.0 } else { 0.7 }
}

/// As a chat: rules, question, then each answer with what was wrong with it.
fn messages(question: &Question<'_>) -> Vec<Value> {
    let message = |role: &str, text: &str| serde_json::json!({"role": role, "content": text});
    let mut all = vec![message("system", &question.brief.system), message("user", &question.brief.user)];
    for turn in question.turns {
        all.push(message("assistant", &turn.answer));
        all.push(message("user", &turn.objection));
    }
    all
}

/// Fields of the configuration over ours; null takes one out, objects are merged.
fn put_over(body: &mut Map<String, Value>, extra: &Map<String, Value>) {
    for (name, value) in extra {
        match (body.get_mut(name), value) {
            (_, Value::Null) => drop(body.remove(name)),
            (Some(Value::Object(known)), Value::Object(more)) => put_over(known, more),
            (_, value) => drop(body.insert(name.clone(), value.clone())),
        }
    }
}

fn object(line: &str) -> Result<Value, Fault> {
    let value: Value = serde_json::from_str(line).map_err(|error| Fault::Malformed(format!("a line is no JSON: {error}")))?;
    if value.is_object() { Ok(value) } else { Err(Fault::Malformed("a line is no JSON object".to_owned())) }
}

/// `{"error": "…"}` or `{"error": {"message": "…"}}`.
pub fn error_of(value: &Value) -> Option<&str> {
    let error = value.get("error").filter(|error| !error.is_null())?;
    error.as_str().or_else(|| error.get("message")?.as_str()).or(Some("an error without words"))
}
