//! One HTTP client for all reads: addresses are checked where they are connected to, redirects stay within an origin.
//!
//! No proxy: it would connect in our place and skip the check. No decompression: nothing can swell.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::{Attempt, Policy};
use reqwest::{Client, Response};
use url::{Host, Url};

use super::address::is_blocked;
use crate::model::failure::{Failure, FailureClass};
use crate::model::time::Millis;
use crate::service::builtin::param::{broke, text, wrong};
use crate::service::builtin::registry::Params;

const CONNECT: Duration = Duration::from_secs(10);
/// One request in all where no step says otherwise.
pub const WHOLE: Duration = Duration::from_secs(30);
const HOPS: usize = 5;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Made when it is first needed.
#[derive(Clone, Default)]
pub struct Shared(Arc<OnceLock<Client>>);

impl Shared {
    fn client(&self) -> Result<&Client, Failure> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        let client = build(Policy::custom(within_origin), WHOLE)?;
        Ok(self.0.get_or_init(|| client))
    }

    pub async fn get(&self, url: &Url) -> Result<Response, Failure> {
        self.client()?.get(url.clone()).send().await.map_err(|error| failed(&error))
    }
}

/// `whole`: one request in all, its body included.
pub fn build(redirect: Policy, whole: Duration) -> Result<Client, Failure> {
    // Somebody installed one already: as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder =
        Client::builder().no_proxy().connect_timeout(CONNECT).timeout(whole).user_agent(concat!("ouioe/", env!("CARGO_PKG_VERSION")));
    let built = builder.redirect(redirect).dns_resolver(Arc::new(Checked)).build();
    built.map_err(|error| broke(FailureClass::Config, format!("set up HTTP: {error}")))
}

pub fn url_of(params: &Params) -> Result<Url, Failure> {
    checked_url(&text(params, "url")?)
}

/// An address that may be asked.
pub fn checked_url(given: &str) -> Result<Url, Failure> {
    let url = Url::parse(given).map_err(|error| wrong(format!("`url` is no address: {given}: {error}")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong(format!("`url` must begin with http:// or https://: {given}")));
    }
    match refused(&url) {
        Some(why) => Err(wrong(why)),
        None => Ok(url),
    }
}

/// A literal address never reaches the resolver.
fn refused(url: &Url) -> Option<String> {
    let address = match url.host()? {
        Host::Ipv4(four) => four.into(),
        Host::Ipv6(six) => six.into(),
        Host::Domain(_) => return None,
    };
    is_blocked(address).then(|| format!("{address} is a link-local or metadata address"))
}

fn within_origin(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let from = attempt.previous().first().map(Url::origin);
    if from.is_none_or(|origin| origin != attempt.url().origin()) {
        let why = format!("redirected to another origin: {}", attempt.url().origin().ascii_serialization());
        return attempt.error(why);
    }
    if attempt.previous().len() > HOPS {
        return attempt.error(format!("more than {HOPS} redirects"));
    }
    attempt.follow()
}

/// The system's resolver; what it must not lead to is taken out, so a name cannot be repointed between check and connect.
struct Checked;

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let found = tokio::task::spawn_blocking(move || (host.as_str(), 0).to_socket_addrs().map(Iterator::collect::<Vec<SocketAddr>>))
                .await??;
            let allowed: Vec<SocketAddr> = found.iter().copied().filter(|address| !is_blocked(address.ip())).collect();
            if allowed.is_empty() && !found.is_empty() {
                return Err(Error::from(format!("{} leads to a link-local or metadata address", name.as_str())));
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// The innermost cause says most; the outer ones repeat the address.
pub fn failed(error: &reqwest::Error) -> Failure {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let class = if error.is_timeout() {
        FailureClass::Timeout
    } else if error.is_redirect() {
        FailureClass::Permanent
    } else {
        FailureClass::DependencyDown
    };
    let host = error.url().and_then(Url::host_str).unwrap_or("the address").to_owned();
    broke(class, format!("ask {host}: {cause}"))
}

/// What a status that is no success says of the failure.
pub fn bad_status(response: &Response) -> Option<Failure> {
    let status = response.status();
    let class = match status.as_u16() {
        0..=399 => return None,
        401 | 403 => FailureClass::Auth,
        408 | 425 | 500 | 502 | 504 => FailureClass::Transient,
        429 | 503 => FailureClass::Overload,
        _ => FailureClass::Permanent,
    };
    let wait = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
    Some(Failure {
        retry_after: wait.and_then(|text| retry_after(text, Timestamp::now())),
        ..broke(class, format!("{} answered {status}", response.url().host_str().unwrap_or("the server")))
    })
}

/// Seconds, or the date of RFC 9110; a date that has passed asks for no wait.
fn retry_after(text: &str, now: Timestamp) -> Option<Millis> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Millis::seconds(seconds));
    }
    let moment = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Millis(u64::try_from(moment.as_millisecond() - now.as_millisecond()).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_wait_are_read() {
        let now: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        for (text, expected) in [
            ("7", Some(7_000)),
            (" 0 ", Some(0)),
            ("Fri, 02 Jan 2026 03:04:35 GMT", Some(30_000)),
            ("Fri, 02 Jan 2026 03:04:00 GMT", Some(0)),
            ("soon", None),
            ("-1", None),
        ] {
            assert_eq!(retry_after(text, now).map(|wait| wait.0), expected, "{text}");
        }
    }
}
