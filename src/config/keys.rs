//! Every key of the file: one row each, with its type, its bounds and the place in the settings that it fills.

use serde_json::Value;

use super::secrets::SecretHandle;
use crate::model::settings::{LlmKind, Settings};
use crate::model::time::Millis;
use crate::planner::source::{Body, Node, Pos};

type Place<T> = fn(&mut Settings) -> &mut T;

enum Kind {
    Count(Place<u32>),
    Bytes(Place<u64>),
    Span(Place<Millis>),
    Names(Place<Vec<String>>),
    Paths(Place<Vec<String>>),
    /// An absolute path; empty for none.
    File(Place<String>),
    Protocol(Place<LlmKind>),
    /// `http://` or `https://`; empty for none.
    Url(Place<String>),
    /// One printable line; may be empty.
    Line(Place<String>),
    /// A handle or the name of a secret; empty for none.
    Secret(Place<String>),
    /// A decimal with at most six places, kept in millionths.
    Price(Place<u64>),
    /// A JSON object; empty for none.
    Json(Place<String>),
}

/// How a value stands in the file.
enum Notation {
    Number,
    List,
    /// Quoted: what has a unit, too.
    Text,
}

pub struct Key {
    pub section: &'static str,
    pub name: &'static str,
    pub doc: &'static str,
    kind: Kind,
    /// Of numbers: counts, bytes, milliseconds.
    bounds: (u64, u64),
}

const ANY: (u64, u64) = (0, u64::MAX);
const KIB: u64 = 1 << 10;
const DAY: u64 = 86_400_000;

const fn key(section: &'static str, name: &'static str, bounds: (u64, u64), kind: Kind, doc: &'static str) -> Key {
    Key { section, name, doc, kind, bounds }
}

pub static KEYS: [Key; 23] = [
    key("engine", "slots", (1, 10_000), Kind::Count(|s| &mut s.engine.slots), "steps at once"),
    key("engine", "per_service", (1, 10_000), Kind::Count(|s| &mut s.engine.per_service), "steps at once against one service"),
    key("engine", "output_cap", (4 * KIB, KIB.pow(3)), Kind::Bytes(|s| &mut s.engine.output_cap), "output kept of one step"),
    key("engine", "grace", (0, DAY), Kind::Span(|s| &mut s.engine.grace_ms), "between TERM and KILL"),
    key("engine", "timeout", (1_000, 365 * DAY), Kind::Span(|s| &mut s.engine.timeout_ms), "of a step that names none"),
    key("engine", "result_cap", (KIB, 64 * KIB), Kind::Bytes(|s| &mut s.engine.result_cap), "typed result of one step"),
    key("engine", "run_results_cap", (KIB, KIB.pow(3)), Kind::Bytes(|s| &mut s.engine.run_results_cap), "typed results of one run"),
    key("policy", "exempt_environments", ANY, Kind::Names(|s| &mut s.policy.exempt_environments), "where a mutate needs no approval"),
    key("policy", "protected_paths", ANY, Kind::Paths(|s| &mut s.policy.protected_paths), "what no step may change"),
    key("policy", "max_targets", (1, 1_000_000), Kind::Count(|s| &mut s.policy.max_targets), "distinct targets of one plan"),
    key("policy", "approval_expiry", (0, 365 * DAY), Kind::Span(|s| &mut s.policy.approval_expiry_ms), "of a request; 0 for ever"),
    key("policy", "hold", (0, DAY), Kind::Span(|s| &mut s.policy.hold_ms), "before an approved destroy starts"),
    key("ssh", "config_file", ANY, Kind::File(|s| &mut s.ssh.config_file), "in place of the user's own configuration of ssh"),
    key(
        "ssh",
        "connect_timeout",
        (1_000, DAY),
        Kind::Span(|s| &mut s.ssh.connect_timeout_ms),
        "until a host that does not answer is given up",
    ),
    key("llm", "kind", ANY, Kind::Protocol(|s| &mut s.llm.kind), "protocol of the language model that may propose plans"),
    key("llm", "url", ANY, Kind::Url(|s| &mut s.llm.url), "where it answers; empty: the usual place of its kind"),
    key("llm", "model", ANY, Kind::Line(|s| &mut s.llm.model), "its name there"),
    key("llm", "key", ANY, Kind::Secret(|s| &mut s.llm.key), "where the key stands: a handle, or a name under [secrets]"),
    key("llm", "timeout", (1_000, 20_000), Kind::Span(|s| &mut s.llm.timeout_ms), "for one intent in all, repairs included"),
    key("llm", "samples", (1, 9), Kind::Count(|s| &mut s.llm.samples), "answers asked for at once; what most agree on is proposed"),
    key("llm", "price_in", ANY, Kind::Price(|s| &mut s.llm.price_in), "of a million tokens asked"),
    key("llm", "price_out", ANY, Kind::Price(|s| &mut s.llm.price_out), "of a million tokens answered"),
    key("llm", "extra", ANY, Kind::Json(|s| &mut s.llm.extra), "fields put over every request, as one JSON object; null takes one out"),
];

impl Key {
    pub fn find(section: &str, name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.section == section && key.name == name)
    }

    /// `engine.slots`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// `OUIOE_ENGINE_SLOTS`.
    pub fn variable(&self) -> String {
        format!("OUIOE_{}_{}", self.section.to_uppercase(), self.name.to_uppercase())
    }

    /// `Err`: what the value must be.
    pub fn set(&self, settings: &mut Settings, body: &Body) -> Result<(), String> {
        self.put(settings, body).ok_or_else(|| self.wanted())
    }

    /// A variable's text as it would stand in the file; lists are divided by commas.
    pub fn body_of(&self, text: &str) -> Body {
        let text = text.trim();
        match self.notation() {
            Notation::Number => text.parse().map_or_else(|_| Body::Text(text.to_owned()), Body::Int),
            Notation::Text => Body::Text(text.to_owned()),
            Notation::List => {
                let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
                Body::List(items.map(|item| Node { at: Pos::default(), body: Body::Text(item.to_owned()) }).collect())
            }
        }
    }

    /// As it may be written in the file.
    pub fn show(&self, settings: &Settings) -> String {
        let mut settings = settings.clone();
        match self.kind {
            Kind::Count(place) => place(&mut settings).to_string(),
            Kind::Bytes(place) => size(*place(&mut settings)),
            Kind::Span(place) => place(&mut settings).to_string(),
            Kind::File(place) | Kind::Url(place) | Kind::Line(place) | Kind::Secret(place) | Kind::Json(place) => {
                place(&mut settings).clone()
            }
            Kind::Protocol(place) => protocol_word(*place(&mut settings)).to_owned(),
            Kind::Price(place) => decimal(*place(&mut settings)),
            Kind::Names(place) | Kind::Paths(place) => format!("{:?}", place(&mut settings)),
        }
    }

    /// As it must be written in the file: what has a unit is quoted.
    pub fn in_file(&self, settings: &Settings) -> String {
        let shown = self.show(settings);
        match self.notation() {
            Notation::Number | Notation::List => shown,
            Notation::Text => format!("{shown:?}"),
        }
    }

    fn notation(&self) -> Notation {
        match self.kind {
            Kind::Count(_) => Notation::Number,
            Kind::Names(_) | Kind::Paths(_) => Notation::List,
            Kind::Bytes(_)
            | Kind::Span(_)
            | Kind::File(_)
            | Kind::Protocol(_)
            | Kind::Url(_)
            | Kind::Line(_)
            | Kind::Secret(_)
            | Kind::Price(_)
            | Kind::Json(_) => Notation::Text,
        }
    }

    fn put(&self, settings: &mut Settings, body: &Body) -> Option<()> {
        match self.kind {
            Kind::Count(place) => *place(settings) = u32::try_from(self.within(number(body)?)?).ok()?,
            Kind::Bytes(place) => *place(settings) = self.within(bytes(body)?)?,
            Kind::Span(place) => *place(settings) = Millis(self.within(span(body)?.0)?),
            Kind::Names(place) => *place(settings) = texts(body).filter(|names| names.iter().all(|name| !name.is_empty()))?,
            Kind::Paths(place) => *place(settings) = texts(body).filter(|paths| paths.iter().all(|path| path.starts_with('/')))?,
            Kind::File(place) => *place(settings) = file(body)?,
            Kind::Protocol(place) => *place(settings) = PROTOCOLS.iter().find(|(word, _)| Some(*word) == line(body).as_deref())?.1,
            Kind::Url(place) => *place(settings) = line(body).filter(|text| is_http(text))?,
            Kind::Line(place) => *place(settings) = line(body)?,
            Kind::Secret(place) => *place(settings) = line(body).filter(|text| is_secret(text))?,
            Kind::Price(place) => *place(settings) = millionths(body)?,
            Kind::Json(place) => *place(settings) = line(body).filter(|text| is_object(text))?,
        }
        Some(())
    }

    fn within(&self, number: u64) -> Option<u64> {
        (self.bounds.0..=self.bounds.1).contains(&number).then_some(number)
    }

    fn wanted(&self) -> String {
        let (least, most) = self.bounds;
        match self.kind {
            Kind::Count(_) => format!("a whole number from {least} to {most}"),
            Kind::Bytes(_) => format!("a size such as \"16 MiB\", from {} to {}", size(least), size(most)),
            Kind::Span(_) if least == 0 => format!("a span such as \"90s\", at most {}", Millis(most)),
            Kind::Span(_) => format!("a span such as \"90s\", from {} to {}", Millis(least), Millis(most)),
            Kind::File(_) => "an absolute path".to_owned(),
            Kind::Protocol(_) => "off, ollama or openai".to_owned(),
            Kind::Url(_) => "an address such as \"http://127.0.0.1:11434\", without a query or a password".to_owned(),
            Kind::Line(_) => "one line of text".to_owned(),
            Kind::Secret(_) => format!("{}, or a name under [secrets]", super::secrets::WANTED),
            Kind::Price(_) => "a price such as \"0.15\"".to_owned(),
            Kind::Json(_) => "a JSON object in quotes".to_owned(),
            Kind::Names(_) => "a list of names".to_owned(),
            Kind::Paths(_) => "a list of absolute paths".to_owned(),
        }
    }
}

fn number(body: &Body) -> Option<u64> {
    if let Body::Int(number) = body { u64::try_from(*number).ok() } else { None }
}

/// Always with a unit in the file: a plan file counts bare numbers in milliseconds.
fn span(body: &Body) -> Option<Millis> {
    if let Body::Text(text) = body { Millis::parse(text) } else { None }
}

fn file(body: &Body) -> Option<String> {
    let Body::Text(text) = body else { return None };
    (text.is_empty() || text.starts_with('/')).then(|| text.clone())
}

const UNITS: [(&str, u64); 4] = [("GiB", KIB * KIB * KIB), ("MiB", KIB * KIB), ("KiB", KIB), ("B", 1)];

fn bytes(body: &Body) -> Option<u64> {
    let Body::Text(text) = body else { return number(body) };
    let text = text.trim();
    let (digits, scale) = UNITS.iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, *scale))).unwrap_or((text, 1));
    digits.trim().parse::<u64>().ok()?.checked_mul(scale)
}

fn size(bytes: u64) -> String {
    let (unit, scale) = UNITS.into_iter().find(|(_, scale)| bytes >= *scale && bytes.is_multiple_of(*scale)).unwrap_or(("B", 1));
    format!("{} {unit}", bytes / scale)
}

fn texts(body: &Body) -> Option<Vec<String>> {
    let Body::List(items) = body else { return None };
    items.iter().map(|item| if let Body::Text(text) = &item.body { Some(text.clone()) } else { None }).collect()
}

const PROTOCOLS: [(&str, LlmKind); 3] = [("off", LlmKind::Off), ("ollama", LlmKind::Ollama), ("openai", LlmKind::Openai)];

fn protocol_word(kind: LlmKind) -> &'static str {
    PROTOCOLS.iter().find(|(_, known)| *known == kind).map_or("off", |(word, _)| word)
}

fn line(body: &Body) -> Option<String> {
    let Body::Text(text) = body else { return None };
    (crate::text::safe(text) == *text).then(|| text.clone())
}

/// Nothing that could carry a secret in the address itself: it is shown.
fn is_http(text: &str) -> bool {
    let plain = |url: url::Url| {
        let scheme = matches!(url.scheme(), "http" | "https");
        scheme && url.has_host() && url.username().is_empty() && url.password().is_none() && url.query().is_none()
    };
    text.is_empty() || url::Url::parse(text).is_ok_and(plain)
}

/// A key itself is no name: names of secrets are words of a TOML file.
fn is_secret(text: &str) -> bool {
    let name = text.len() <= 40 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    text.is_empty() || name || text.parse::<SecretHandle>().is_ok()
}

fn is_object(text: &str) -> bool {
    text.is_empty() || serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}

const MILLION: u64 = 1_000_000;

fn millionths(body: &Body) -> Option<u64> {
    let Body::Text(text) = body else { return number(body)?.checked_mul(MILLION) };
    let (whole, places) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(places) || places.len() > 6 {
        return None;
    }
    whole.parse::<u64>().ok()?.checked_mul(MILLION)?.checked_add(format!("{places:0<6}").parse().ok()?)
}

fn decimal(millionths: u64) -> String {
    let text = format!("{}.{:06}", millionths / MILLION, millionths % MILLION);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
