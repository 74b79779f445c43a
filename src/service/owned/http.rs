//! One request with an effect, under the effect's own key: a server that knows `Idempotency-Key` drops a second one.
//!
//! No redirect is followed: nobody approved where it leads. What is known of a failure decides whether it may be sent again:
//! a connection that never was sent nothing, an answer that never came leaves the effect unknown.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Method, Request, Response};
use serde_json::{Value, json};
use url::Url;

use super::SECRET;
use super::call::{Call, Done, not_done};
use crate::model::failure::{Certainty, Failure, FailureClass};
use crate::model::time::Millis;
use crate::service::builtin::http::client::{self, bad_status, checked_url, failed};
use crate::service::builtin::param::text;
use crate::service::outcome::failure;

/// Bytes of the answer that a result keeps, as text and as JSON text.
const READ: usize = 24 << 10;
/// Before the runner would cut it without a word.
const EARLIER: Duration = Duration::from_millis(500);

pub fn send(call: &mut Call<'_>) -> Done {
    let patience = match call.start.timeout_ms {
        Millis(0) => client::WHOLE,
        Millis(ms) => Duration::from_millis(ms).saturating_sub(EARLIER).max(EARLIER),
    };
    let client = client::build(Policy::none(), patience)?;
    let request = request(call)?;
    call.say(&format!("{} {}", request.method(), shown(request.url())));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| not_done(format!("set up a runtime: {error}")))?;
    runtime.block_on(async {
        let response = client.execute(request).await.map_err(|error| unanswered(&error))?;
        answer(response).await
    })
}

/// Without the part that may be a secret of the address.
fn shown(url: &Url) -> String {
    format!("{}://{}", url.scheme(), url.authority())
}

fn request(call: &Call<'_>) -> Result<Request, Failure> {
    let method = text(call.params, "method")?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| not_done(format!("{method} is no method")))?;
    let mut request = Request::new(method, address(call)?);
    let mut put = |name: &str, value: &str, secret: bool| {
        let wrong = |what: &str| not_done(format!("the {what} of header {name} holds what no header may"));
        let key = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong("name"))?;
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong("value"))?;
        value.set_sensitive(secret);
        request.headers_mut().insert(key, value);
        Ok::<(), Failure>(())
    };
    put("idempotency-key", &call.start.effect_key.to_string(), false)?;
    for (name, value) in call.params.get("headers").and_then(Value::as_object).into_iter().flatten() {
        put(name, value.as_str().unwrap_or_default(), false)?;
    }
    for name in call.params.get("secrets").and_then(Value::as_object).into_iter().flat_map(serde_json::Map::keys) {
        match name.strip_prefix("header:") {
            Some(header) => put(header, &secret(name)?, true)?,
            None if name == "bearer" => put(AUTHORIZATION.as_str(), &format!("Bearer {}", secret(name)?), true)?,
            None => {}
        }
    }
    let is_json = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    let (body, kind) = match (call.params.get("json"), call.params.get("text").and_then(Value::as_str)) {
        (Some(value), _) => (value.to_string(), "application/json"),
        (None, Some(text)) if is_json(text) => (text.to_owned(), "application/json"),
        (None, Some(text)) => (text.to_owned(), "text/plain; charset=utf-8"),
        (None, None) => return Ok(request),
    };
    request.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
    *request.body_mut() = Some(body.into());
    Ok(request)
}

fn address(call: &Call<'_>) -> Result<Url, Failure> {
    if call.params.get("secrets").is_some_and(|secrets| secrets.get("url").is_some()) {
        // What is wrong with it is not said: it would be quoted.
        return checked_url(&secret("url")?).map_err(|_| not_done("the secret address is no address that may be asked"));
    }
    let mut whole = String::new();
    for piece in call.params.get("url").and_then(Value::as_array).into_iter().flatten() {
        match piece {
            Value::String(text) => whole.push_str(text),
            other => {
                let value = other["value"].as_str().unwrap_or_default();
                whole.extend(url::form_urlencoded::byte_serialize(value.as_bytes()).map(plus_free));
            }
        }
    }
    if climbs(&whole) {
        return Err(not_done(format!("a value makes the address climb out of its place: {whole}")));
    }
    checked_url(&whole)
}

/// Parsers resolve `.` and `..` between slashes, however they are written.
fn climbs(address: &str) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|part| matches!(part.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}

/// A blank in a path is not `+`.
fn plus_free(text: &str) -> &str {
    if text == "+" { "%20" } else { text }
}

/// As the runner put it into the environment.
fn secret(name: &str) -> Result<String, Failure> {
    std::env::var(format!("{SECRET}{name}")).map_err(|_| not_done(format!("the secret of {name} is not there, or no text")))
}

fn unanswered(error: &reqwest::Error) -> Failure {
    let it = failed(error);
    let certainty = if error.is_connect() || error.is_builder() { Certainty::NotStarted } else { Certainty::Unknown };
    Failure { certainty, ..it }
}

async fn answer(mut response: Response) -> Done {
    let status = response.status();
    let host = response.url().host_str().unwrap_or("the server").to_owned();
    let mut bytes = Vec::new();
    let mut cut = false;
    // The server has decided by now: a body that breaks off changes nothing of it.
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = READ - bytes.len();
        bytes.extend(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            cut = true;
            break;
        }
    }
    let body = String::from_utf8_lossy(&bytes).into_owned();
    if status.is_redirection() {
        let detail = format!("{host} answered {status}: it wants the request elsewhere; name that address");
        return Err(failure(Certainty::FailedKnown, FailureClass::Permanent, detail));
    }
    match bad_status(&response) {
        None => {
            let parsed: Option<Value> = if cut { None } else { serde_json::from_str(&body).ok() };
            Ok(json!({ "status": status.as_u16(), "body": body, "json": parsed, "cut": cut }))
        }
        Some(it) => {
            let certainty = match status.as_u16() {
                // Turned away before anything was done (RFC 6585).
                429 => Certainty::NotStarted,
                // Somebody in between gave up; the server behind may have done it.
                502 | 504 => Certainty::Unknown,
                _ => Certainty::FailedKnown,
            };
            let said: String = body.chars().take(300).collect();
            Err(Failure { retry_after: it.retry_after, ..failure(certainty, it.class, format!("{}: {said}", it.detail)) })
        }
    }
}
