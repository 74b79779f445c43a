//! One question over HTTP: posted, its answer read line by line, every size capped, the deadline kept at every wait.
//!
//! No redirect is followed, so that the key reaches no other server. A machine's own server is not asked through a proxy.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::Value;
use tokio::time::Instant;
use url::Url;

use super::fault::Fault;
use super::protocol::{Heard, Question, error_of, ollama, openai};
use super::server::Server;
use crate::model::settings::LlmKind;

const CONNECT: Duration = Duration::from_secs(5);
/// Of an answer with all that is around it: a plan has a few KiB, each token of it some hundred bytes of wrapping.
const MOST_BYTES: usize = 2 << 20;
/// Of the text in it.
const MOST_TEXT: usize = 128 << 10;
/// Of what a server says with an error.
const MOST_SAID: usize = 4 << 10;

/// When everything must be over, and how long that was.
#[derive(Clone, Copy, Debug)]
pub struct Deadline {
    pub at: Instant,
    pub whole: Duration,
}

impl Deadline {
    pub fn after(whole: Duration) -> Self {
        Self { at: Instant::now() + whole, whole }
    }

    pub fn late(&self) -> Fault {
        Fault::Late(self.whole.as_secs().max(1))
    }

    pub fn left(&self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    async fn keep<T>(&self, work: impl Future<Output = Result<T, reqwest::Error>>) -> Result<T, Fault> {
        match tokio::time::timeout_at(self.at, work).await {
            Ok(done) => done.map_err(|error| failed(&error)),
            Err(_) => Err(self.late()),
        }
    }
}

pub fn build(server: &Server) -> Result<Client, Fault> {
    // Somebody installed one already: as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let agent = concat!("ouioe/", env!("CARGO_PKG_VERSION"));
    let builder = Client::builder().connect_timeout(CONNECT).redirect(Policy::none()).user_agent(agent);
    let builder = if server.is_local() { builder.no_proxy() } else { builder };
    builder.build().map_err(|error| Fault::Setup(format!("could not set up HTTP: {error}")))
}

/// `hears` is told how many pieces of the answer have come, whenever one has.
pub async fn ask(
    client: &Client,
    server: &Server,
    question: &Question<'_>,
    deadline: Deadline,
    hears: &(dyn Fn(u64) + Send + Sync),
) -> Result<Heard, Fault> {
    let (url, body) = match server.kind {
        LlmKind::Ollama => (ollama::chat(server), ollama::body(server, question)),
        LlmKind::Openai => (openai::chat(server), openai::body(server, question)),
        LlmKind::Off => return Err(Fault::Setup("no model is configured".to_owned())),
    };
    let request = with_key(client.post(url).json(&body), server)?;
    let mut response = deadline.keep(request.send()).await?;
    if !response.status().is_success() {
        return Err(refused(server, response, deadline).await);
    }
    let mut lines = Lines::default();
    let mut heard = Heard::default();
    while !heard.is_over {
        let Some(bytes) = next(&mut response, deadline).await? else { break };
        let before = heard.pieces;
        for line in lines.push(&bytes)? {
            hear(server, &mut heard, &line)?;
        }
        if heard.pieces > before {
            hears(heard.pieces);
        }
    }
    if let Some(line) = lines.finish()? {
        hear(server, &mut heard, &line)?;
    }
    heard.text = server.redact(&heard.text);
    heard.settle()
}

/// A small JSON answer, for a look at the server.
pub async fn get(client: &Client, server: &Server, url: Url, deadline: Deadline) -> Result<Value, Fault> {
    let mut response = deadline.keep(with_key(client.get(url), server)?.send()).await?;
    if !response.status().is_success() {
        return Err(refused(server, response, deadline).await);
    }
    let mut bytes = Vec::new();
    while let Some(more) = next(&mut response, deadline).await? {
        bytes.extend_from_slice(&more);
        if bytes.len() > MOST_BYTES {
            return Err(Fault::TooLarge(MOST_BYTES >> 10));
        }
    }
    serde_json::from_slice(&bytes).map_err(|error| Fault::Malformed(format!("it is no JSON: {error}")))
}

fn with_key(request: RequestBuilder, server: &Server) -> Result<RequestBuilder, Fault> {
    let Some(key) = &server.key else { return Ok(request) };
    let mut value =
        HeaderValue::from_str(&format!("Bearer {}", key.expose())).map_err(|_| Fault::Setup("the key cannot be sent".to_owned()))?;
    value.set_sensitive(true);
    Ok(request.header(AUTHORIZATION, value))
}

fn hear(server: &Server, heard: &mut Heard, line: &str) -> Result<(), Fault> {
    let before = heard.text.len();
    match server.kind {
        LlmKind::Ollama => ollama::line(server, heard, line)?,
        LlmKind::Openai => openai::line(server, heard, line)?,
        LlmKind::Off => {}
    }
    heard.pieces += u64::from(heard.text.len() > before);
    if heard.text.len() > MOST_TEXT { Err(Fault::TooLarge(MOST_TEXT >> 10)) } else { Ok(()) }
}

async fn next(response: &mut Response, deadline: Deadline) -> Result<Option<Vec<u8>>, Fault> {
    match tokio::time::timeout_at(deadline.at, response.chunk()).await {
        Ok(Ok(bytes)) => Ok(bytes.map(|bytes| bytes.to_vec())),
        Ok(Err(error)) => Err(Fault::Cut(cause(&error))),
        Err(_) => Err(deadline.late()),
    }
}

/// What a status that is no success says.
async fn refused(server: &Server, mut response: Response, deadline: Deadline) -> Fault {
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS {
        let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        return Fault::Limited { wait: wait.and_then(|text| wait_of(text, Timestamp::now())) };
    }
    let mut bytes = Vec::new();
    while bytes.len() < MOST_SAID {
        match next(&mut response, deadline).await {
            Ok(Some(more)) => bytes.extend_from_slice(&more),
            Ok(None) | Err(_) => break,
        }
    }
    // Cut after redaction: half a key is still a part of one.
    let text = String::from_utf8_lossy(&bytes);
    let value: Option<Value> = serde_json::from_str(&text).ok();
    let said = server.said(value.as_ref().and_then(error_of).unwrap_or(&text));
    Fault::Status { code: status.as_u16(), said: if said.is_empty() { said } else { format!(": {said}") } }
}

/// Seconds, or the date of RFC 9110.
fn wait_of(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let moment = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::from_millis(u64::try_from(moment.as_millisecond() - now.as_millisecond()).unwrap_or(0)))
}

fn failed(error: &reqwest::Error) -> Fault {
    let host = error.url().and_then(Url::host_str).unwrap_or("the server").to_owned();
    if error.is_connect() || error.is_timeout() {
        return Fault::Unreachable(format!("could not reach {host}: {}", cause(error)));
    }
    Fault::Cut(cause(error))
}

/// The innermost cause says most.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    crate::text::safe(&cause.to_string())
}

/// Bytes -> lines of UTF-8; a character may come in two pieces.
#[derive(Default)]
struct Lines {
    held: Vec<u8>,
    all: usize,
}

impl Lines {
    fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, Fault> {
        self.all += bytes.len();
        if self.all > MOST_BYTES {
            return Err(Fault::TooLarge(MOST_BYTES >> 10));
        }
        let mut lines = Vec::new();
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            self.held.extend_from_slice(&rest[..end]);
            lines.push(text_of(std::mem::take(&mut self.held))?);
            rest = &rest[end + 1..];
        }
        self.held.extend_from_slice(rest);
        Ok(lines)
    }

    /// The last line may have no end.
    fn finish(&mut self) -> Result<Option<String>, Fault> {
        if self.held.is_empty() { Ok(None) } else { text_of(std::mem::take(&mut self.held)).map(Some) }
    }
}

fn text_of(mut bytes: Vec<u8>) -> Result<String, Fault> {
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map_err(|_| Fault::NotText)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_the_same_however_they_were_cut() {
        let whole = "data: {\"a\":\"ü–\"}\r\n\nrest".as_bytes();
        for cut in 0..whole.len() {
            let mut lines = Lines::default();
            let mut all = lines.push(&whole[..cut]).unwrap();
            all.extend(lines.push(&whole[cut..]).unwrap());
            all.extend(lines.finish().unwrap());
            assert_eq!(all, ["data: {\"a\":\"ü–\"}", "", "rest"]);
        }
        assert_eq!(Lines::default().push(b"\xff\n"), Err(Fault::NotText));
        assert_eq!(Lines::default().push(&vec![b'x'; MOST_BYTES + 1]), Err(Fault::TooLarge(2_048)));
    }

    #[test]
    fn both_forms_of_a_wait_are_read() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        for (text, expected) in [("7", Some(7)), ("Fri, 02 Jan 2026 03:04:35 GMT", Some(30)), ("soon", None), ("-1", None)] {
            assert_eq!(wait_of(text, now), expected.map(Duration::from_secs), "{text}");
        }
    }
}
