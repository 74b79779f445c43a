//! Text <-> typed values: one small grammar for each parameter type.
//!
//! A value is either accepted in its canonical form or refused with a reason; nothing is guessed.

use core::net::IpAddr;

use serde_json::Value;

use crate::model::catalogue::ParamType;
use crate::model::hole;
use crate::model::time::Millis;

/// Canonical value of a text given for a parameter of this type.
pub fn typed(kind: &ParamType, text: &str) -> Result<Value, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    match kind {
        ParamType::Host => host(text).map(Value::from),
        ParamType::Name => name(text).map(Value::from),
        ParamType::Env => environment(text).map(Value::from).ok_or_else(|| "must be production, staging, test, dev or sandbox".to_owned()),
        ParamType::Duration => duration(text).map(Value::from).ok_or_else(|| "must be a duration such as 30m, 2h or 7d".to_owned()),
        ParamType::Datetime => accept(is_datetime(text), text, "must be a time, a weekday or a date"),
        ParamType::Url => accept(is_url(text), text, "must be an http or https address"),
        ParamType::Dns => accept(is_dns(text), text, "must be a domain name"),
        ParamType::Ip => accept(is_ip(text), text, "must be an IPv4 or IPv6 address or a CIDR block"),
        ParamType::Port => number(text, 1, 65_535, "must be a port from 1 to 65535"),
        ParamType::Path => accept(is_path(text), text, "must be an absolute path without control characters"),
        ParamType::Version => accept(is_version(text), text, "must be a version, a tag or the word previous"),
        ParamType::Channel => accept(is_channel(text), text, "must be a #channel or an e-mail address"),
        ParamType::Int => number(text, i64::MIN, i64::MAX, "must be a whole number"),
        ParamType::Json => serde_json::from_str(text).map_err(|_| "must be JSON".to_owned()),
        ParamType::Str | ParamType::Other(_) => Ok(Value::from(text)),
    }
}

/// A value of a file or an edit: text goes through the grammar, numbers and lists where the type allows them.
pub fn check(kind: &ParamType, value: &Value) -> Result<(), String> {
    match (kind, value) {
        (_, Value::String(text)) if !hole::is_literal(text) => escaped(text).map_or(Ok(()), |text| plain(kind, &text)),
        (ParamType::Json, _)
        | (ParamType::Other(_), Value::Object(_) | Value::Array(_))
        | (ParamType::Duration | ParamType::Version, Value::Number(_)) => Ok(()),
        (ParamType::Port | ParamType::Int, Value::Number(number)) => typed(kind, &number.to_string()).map(drop),
        (_, Value::String(text)) => plain(kind, text),
        (_, other) => Err(format!("must be {kind}, not {}", kind_name(other))),
    }
}

fn plain(kind: &ParamType, text: &str) -> Result<(), String> {
    match kind {
        ParamType::Str | ParamType::Json | ParamType::Other(_) if text.contains('\0') => Err("holds a NUL".to_owned()),
        ParamType::Str | ParamType::Json | ParamType::Other(_) => Ok(()),
        _ => typed(kind, text).map(drop),
    }
}

/// What a text with `$${` stands for; `None` where another step fills it, or a reference is malformed, which is told elsewhere.
fn escaped(text: &str) -> Option<String> {
    match hole::pieces(text).ok()?.as_slice() {
        [hole::Piece::Text(text)] => Some(text.clone()),
        _ => None,
    }
}

fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a table",
    }
}

fn accept(good: bool, text: &str, otherwise: &str) -> Result<Value, String> {
    if good { Ok(Value::from(text)) } else { Err(otherwise.to_owned()) }
}

fn number(text: &str, min: i64, max: i64, otherwise: &str) -> Result<Value, String> {
    text.parse::<i64>().ok().filter(|number| (min..=max).contains(number)).map(Value::from).ok_or_else(|| otherwise.to_owned())
}

fn host(text: &str) -> Result<String, String> {
    if text.starts_with('-') {
        return Err("starts with `-` and would be read as an option".to_owned());
    }
    let label =
        |part: &str| !part.is_empty() && part.len() <= 63 && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    let good = text.len() <= 253 && text.trim_end_matches('.').split('.').all(label);
    if good || (is_ip(text) && !text.contains('/')) { Ok(text.to_owned()) } else { Err("must be a host name or address".to_owned()) }
}

fn name(text: &str) -> Result<String, String> {
    if text.starts_with('-') {
        return Err("starts with `-` and would be read as an option".to_owned());
    }
    let good = text.len() <= 253 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'@' | b':'));
    if good { Ok(text.to_owned()) } else { Err("must be a name of letters, digits, `.`, `_` and `-`".to_owned()) }
}

/// Looks like the name of a machine rather than of a service: it carries a number or a domain.
pub fn is_machine_like(text: &str) -> bool {
    host(text).is_ok()
        && (text.bytes().any(|b| b.is_ascii_digit()) || is_dns(text))
        && !is_version_like(text)
        && text.parse::<i64>().is_err()
}

pub fn environment(text: &str) -> Option<&'static str> {
    Some(match text.to_lowercase().as_str() {
        "production" | "prod" | "live" | "prd" => "production",
        "staging" | "stage" | "stg" => "staging",
        "test" | "qa" | "testing" => "test",
        "dev" | "development" => "dev",
        "sandbox" => "sandbox",
        _ => return None,
    })
}

/// `30m`, `30 minutes`, `an hour`, `half an hour`, `two weeks`, `yesterday` -> `30m`, `1h`, `30m`, `2w`, `1d`.
pub fn duration(text: &str) -> Option<String> {
    let low = text.trim().to_lowercase();
    if low == "yesterday" {
        return Some("1d".to_owned());
    }
    if let Some(unit) = low.strip_prefix("half an ").or_else(|| low.strip_prefix("half a ")) {
        let half = Millis::parse(&format!("1 {unit}"))?.0 / 2;
        return Some(Millis(half).to_string());
    }
    if let Some(unit) = low.strip_prefix("quarter of an ").or_else(|| low.strip_prefix("quarter of a ")) {
        return Some(Millis(Millis::parse(&format!("1 {unit}"))?.0 / 4).to_string());
    }
    if let Some(rest) = low.strip_prefix("last ").or_else(|| low.strip_prefix("past ")) {
        let unit = !rest.contains(' ') && !rest.contains(|c: char| c.is_ascii_digit());
        return duration(&if unit { format!("1 {rest}") } else { rest.to_owned() });
    }
    let (first, rest) = low.split_once(' ').unwrap_or((low.as_str(), ""));
    let number = number_word(first);
    let compact = match (number, rest) {
        (Some(number), unit) if !unit.is_empty() => format!("{number} {unit}"),
        (_, "") if first.parse::<f64>().is_err() && first.starts_with(|c: char| c.is_ascii_digit()) => low.clone(),
        (None, _) if first.parse::<u64>().is_ok() && !rest.is_empty() => low.clone(),
        _ => return None,
    };
    let compact = compact.replace('-', " ");
    Millis::parse(&compact)?;
    Some(short_units(&compact))
}

/// `30 minutes` -> `30m`; `1h30m` stays.
fn short_units(text: &str) -> String {
    let mut short = String::new();
    let mut letters = String::new();
    for c in text.chars().chain(std::iter::once(' ')) {
        if c.is_ascii_alphabetic() {
            letters.push(c);
            continue;
        }
        if !letters.is_empty() {
            short.push_str(if letters == "ms" { "ms" } else { &letters[..1] });
            letters.clear();
        }
        if c.is_ascii_digit() {
            short.push(c);
        }
    }
    short
}

pub fn number_word(word: &str) -> Option<u64> {
    const WORDS: [&str; 13] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"];
    match word {
        "a" | "an" => Some(1),
        "fifteen" => Some(15),
        "twenty" => Some(20),
        "thirty" => Some(30),
        "forty-five" => Some(45),
        "sixty" => Some(60),
        "ninety" => Some(90),
        _ => WORDS.iter().position(|known| *known == word).and_then(|at| u64::try_from(at).ok()),
    }
}

pub fn is_url(text: &str) -> bool {
    let plain = text.len() <= 2_048 && !text.chars().any(|c| c.is_control() || c.is_whitespace());
    plain
        && url::Url::parse(text)
            .is_ok_and(|parsed| matches!(parsed.scheme(), "http" | "https") && parsed.has_host() && parsed.username().is_empty())
}

pub fn is_dns(text: &str) -> bool {
    let labels: Vec<&str> = text.trim_end_matches('.').split('.').collect();
    let label = |part: &&str| {
        !part.is_empty()
            && part.len() <= 63
            && !part.starts_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    let ends_in_letters = labels.last().is_some_and(|last| last.len() >= 2 && last.bytes().all(|b| b.is_ascii_alphabetic()));
    text == "localhost" || (labels.len() >= 2 && text.len() <= 253 && labels.iter().all(label) && ends_in_letters)
}

pub fn is_ip(text: &str) -> bool {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let most = if address.is_ipv4() { 32 } else { 128 };
    prefix.is_none_or(|prefix| prefix.parse::<u8>().is_ok_and(|bits| bits <= most))
}

pub fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.len() <= 4_096 && !text.chars().any(char::is_control)
}

pub fn is_channel(text: &str) -> bool {
    let word = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '+'));
    text.strip_prefix('#').is_some_and(word) || text.split_once('@').is_some_and(|(who, at)| word(who) && is_dns(at))
}

/// Dotted numbers, with or without `v`: certain enough to be told from a word.
pub fn is_version_like(text: &str) -> bool {
    let (text, marked) = text.strip_prefix('v').map_or((text, false), |rest| (rest, true));
    let core = text.split(['-', '+']).next().unwrap_or(text);
    let parts: Vec<&str> = core.split('.').collect();
    let numbers = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b == b'x'));
    numbers && core.starts_with(|c: char| c.is_ascii_digit()) && ((2..=4).contains(&parts.len()) || (marked && parts.len() == 1))
}

pub fn is_version(text: &str) -> bool {
    let plain = text.len() <= 128 && !text.starts_with('-');
    plain && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | ':' | '/'))
}

const DAYS: [&str; 13] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "today",
    "tonight",
    "tomorrow",
    "midnight",
    "noon",
    "weekend",
];

pub fn is_datetime_like(text: &str) -> bool {
    let low = text.to_lowercase();
    DAYS.contains(&low.as_str())
        || low.strip_suffix("days").is_some_and(|day| DAYS.contains(&format!("{day}day").as_str()))
        || is_clock(&low)
        || is_date(&low)
}

fn is_datetime(text: &str) -> bool {
    let low = text.to_lowercase();
    !low.is_empty() && low.split_whitespace().all(|part| matches!(part, "at" | "on" | "next") || is_datetime_like(part))
}

/// `22:00`, `3am`, `02:00:00`, `22:00z`.
fn is_clock(low: &str) -> bool {
    if let Some(hour) = low.strip_suffix("am").or_else(|| low.strip_suffix("pm")) {
        return hour.split(':').all(|part| part.parse::<u8>().is_ok_and(|number| number < 60));
    }
    let parts: Vec<&str> = low.trim_end_matches('z').split(':').collect();
    let in_range =
        |(at, part): (usize, &&str)| part.len() <= 2 && part.parse::<u8>().is_ok_and(|number| number < if at == 0 { 24 } else { 60 });
    (2..=3).contains(&parts.len()) && parts.iter().enumerate().all(in_range)
}

/// `2026-01-31`, with or without a clock time after `t`.
fn is_date(low: &str) -> bool {
    let (day, clock) = low.split_once('t').map_or((low, None), |(day, clock)| (day, Some(clock)));
    day.parse::<jiff::civil::Date>().is_ok() && day.len() == 10 && clock.is_none_or(is_clock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_accepts_and_refuses() {
        for (kind, good, bad) in [
            ("host", &["box-1", "a.example.org", "::1", "localhost"][..], &["10.0.0.0/8", "-rf", "a b", "", "x;y", "$(id)"][..]),
            ("name", &["nginx", "my_app.1"], &["-x", "a b", "a/b"]),
            ("env", &["prod", "qa"], &["moon"]),
            ("duration", &["30m", "2 hours", "an hour", "half an hour", "1h30m", "two weeks"], &["soon", "-5s", "10 parsecs"]),
            ("datetime", &["22:00", "friday 22:00", "2026-01-31", "tomorrow at 3am"], &["never", "25:99"]),
            ("url", &["https://a.example/"], &["ftp://a", "http://", "https://u:p@h/", "file:///etc/passwd"]),
            ("dns", &["a.example.org"], &["a", "a..b", "-a.example"]),
            ("ip", &["10.0.0.1", "10.0.0.0/8", "::1"], &["10.0.0.256", "10.0.0.0/33"]),
            ("port", &["1", "65535"], &["0", "65536", "x", "-1"]),
            ("path", &["/var/tmp"], &["var", "~/x", "/a\nb"]),
            ("version", &["v1.2", "previous", "release-7"], &["-1", "a b"]),
            ("channel", &["#ops", "a@example.org"], &["ops", "#", "@x"]),
            ("int", &["-5", "7"], &["x", "1.5"]),
            ("json", &["{}", "[1]"], &["{"]),
        ] {
            let kind = ParamType::from(kind.to_owned());
            for text in good {
                assert!(typed(&kind, text).is_ok(), "{kind} {text}: {:?}", typed(&kind, text));
            }
            for text in bad {
                assert!(typed(&kind, text).is_err(), "{kind} {text}");
            }
        }
    }

    #[test]
    fn durations_are_written_one_way() {
        for (text, short) in
            [("30 minutes", "30m"), ("an hour", "1h"), ("half an hour", "30m"), ("two weeks", "2w"), ("1h30m", "1h30m"), ("90s", "90s")]
        {
            assert_eq!(duration(text).as_deref(), Some(short), "{text}");
        }
    }
}
