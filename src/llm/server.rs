//! Where a model answers, as whom it is asked, and what it costs.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};
use url::{Host, Url};

use super::fault::Fault;
use crate::model::settings::{LlmKind, LlmSettings};
use crate::text::redact::Redactor;
use crate::text::{clip, safe};

/// Of what a server says, in cells.
const SAID: usize = 200;
const OLLAMA: &str = "http://127.0.0.1:11434";
const OPENAI: &str = "https://api.openai.com";

/// Never shown, not even by `{:?}`.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// `Err`: what is wrong with it, without it.
    pub fn new(value: Vec<u8>) -> Result<Self, String> {
        let text = String::from_utf8(value).map_err(|_| "the key is not UTF-8".to_owned())?;
        let sendable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        if sendable { Ok(Self(text)) } else { Err("the key holds blanks or what is not ASCII".to_owned()) }
    }

    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

#[derive(Clone, Debug)]
pub struct Server {
    pub kind: LlmKind,
    pub url: Url,
    pub model: String,
    pub timeout: Duration,
    pub(super) key: Option<Key>,
    pub(super) extra: Map<String, Value>,
    price_in: u64,
    price_out: u64,
}

impl Server {
    /// `None`: no model is to be asked.
    pub fn of(settings: &LlmSettings, key: Option<Key>) -> Result<Option<Self>, Fault> {
        let usual = match settings.kind {
            LlmKind::Off => return Ok(None),
            LlmKind::Ollama => OLLAMA,
            LlmKind::Openai => OPENAI,
        };
        let base = if settings.url.is_empty() { usual } else { &settings.url };
        let url = Url::parse(base).map_err(|error| Fault::Setup(format!("llm.url is no address: {error}")))?;
        let extra = if settings.extra.is_empty() { "{}" } else { &settings.extra };
        let extra = serde_json::from_str(extra).map_err(|_| Fault::Setup("llm.extra is no JSON object".to_owned()))?;
        Ok(Some(Self {
            kind: settings.kind,
            url,
            model: settings.model.clone(),
            timeout: Duration::from_millis(settings.timeout_ms.0),
            key,
            extra,
            price_in: settings.price_in,
            price_out: settings.price_out,
        }))
    }

    /// In millionths; `None`: no price is configured.
    pub fn cost(&self, tokens_in: u64, tokens_out: u64) -> Option<u64> {
        let sum = u128::from(tokens_in) * u128::from(self.price_in) + u128::from(tokens_out) * u128::from(self.price_out);
        (self.price_in > 0 || self.price_out > 0).then(|| u64::try_from(sum.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }

    /// The base may end in the protocol's own folder.
    pub(super) fn at(&self, folder: &str, rest: &str) -> Url {
        let mut url = self.url.clone();
        let base = self.url.path().trim_end_matches('/').to_owned();
        let base = if base.ends_with(folder) { base } else { format!("{base}{folder}") };
        url.set_path(&format!("{base}{rest}"));
        url
    }

    pub fn is_local(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(four)) => four.is_loopback(),
            Some(Host::Ipv6(six)) => six.is_loopback(),
            None => false,
        }
    }

    /// The key would go over the network for all to read.
    pub fn tells_key_in_the_clear(&self) -> bool {
        self.key.is_some() && self.url.scheme() == "http" && !self.is_local()
    }

    /// Whatever a server says may hold the key that it was sent.
    pub(super) fn redact(&self, text: &str) -> String {
        match &self.key {
            Some(key) => Redactor::new(vec![key.0.clone().into_bytes()]).redact(text),
            None => text.to_owned(),
        }
    }

    /// One short line for people.
    pub(super) fn said(&self, text: &str) -> String {
        clip(&safe(self.redact(text).trim()), SAID)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(kind: LlmKind, url: &str) -> Server {
        let settings = LlmSettings { kind, url: url.to_owned(), price_in: 150_000, price_out: 600_000, ..LlmSettings::default() };
        Server::of(&settings, Some(Key::new(b"sk-abcdef".to_vec()).unwrap())).unwrap().unwrap()
    }

    #[test]
    fn an_address_is_completed_once() {
        for (url, expected) in [
            ("", "https://api.openai.com/v1/models"),
            ("http://h:1", "http://h:1/v1/models"),
            ("http://h:1/v1/", "http://h:1/v1/models"),
            ("http://h:1/proxy", "http://h:1/proxy/v1/models"),
        ] {
            assert_eq!(server(LlmKind::Openai, url).at("/v1", "/models").as_str(), expected);
        }
    }

    #[test]
    fn the_key_is_never_said() {
        let it = server(LlmKind::Openai, "http://far/");
        assert!(!format!("{it:?}").contains("sk-abcdef") && it.tells_key_in_the_clear());
        assert_eq!(it.said("bad key sk-abcdef\u{1b}[2J"), "bad key [redacted]^[[2J");
        assert!(!server(LlmKind::Openai, "http://127.0.0.1:1/").tells_key_in_the_clear());
        for bad in [&b""[..], b"a b", b"a\n", &[0xff]] {
            assert!(Key::new(bad.to_vec()).is_err());
        }
    }

    #[test]
    fn costs_follow_the_configured_price() {
        assert_eq!(server(LlmKind::Openai, "").cost(1_000, 100), Some(210));
        let free = LlmSettings { kind: LlmKind::Ollama, ..LlmSettings::default() };
        assert_eq!(Server::of(&free, None).unwrap().unwrap().cost(1_000, 100), None);
    }
}
