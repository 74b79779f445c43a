//! Whether a target that a model names is one that the operator or the inventory named.
//!
//! A model that invents a machine, an address or a channel could send what a step reads to a stranger.

use serde_json::Value;

use crate::model::catalogue::ParamType;
use crate::planner::ask::{Ask, World};

/// `None`: it may stand. Else what is wrong with it.
pub fn refused(kind: &ParamType, value: &Value, ask: &Ask, world: &World<'_>) -> Option<String> {
    let text = value.as_str()?;
    if text.contains("${") {
        return Some("reads the output of a step; a value must be given".to_owned());
    }
    let target = match kind {
        ParamType::Host | ParamType::Dns | ParamType::Ip | ParamType::Channel => text.to_owned(),
        ParamType::Url => host_of(text).to_owned(),
        ParamType::Name
        | ParamType::Env
        | ParamType::Duration
        | ParamType::Datetime
        | ParamType::Port
        | ParamType::Path
        | ParamType::Version
        | ParamType::Int
        | ParamType::Str
        | ParamType::Json
        | ParamType::Other(_) => return None,
    };
    let known = world.is_asset(&target) || is_said(&target, &ask.text) || ask.inputs.values().any(|given| is_said(&target, given));
    (!known).then(|| format!("`{text}` is neither in the operator's words nor in the inventory"))
}

/// Whole, not as a part of a longer name: "web" is not said in "web-1".
fn is_said(target: &str, words: &str) -> bool {
    let (target, words) = (target.to_lowercase(), words.to_lowercase());
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '#');
    !target.is_empty()
        && words.match_indices(&target).any(|(at, found)| {
            let before = words[..at].chars().next_back();
            let mut after = words[at + found.len()..].chars();
            let next = after.next();
            // A full stop behind a name ends the sentence.
            let stop = next == Some('.') && after.next().is_none_or(|c| !joins(c));
            before.is_none_or(|c| !joins(c)) && (next.is_none_or(|c| !joins(c)) || stop)
        })
}

fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.strip_prefix('[').and_then(|six| six.split_once(']')) {
        Some((six, _)) => six,
        None => host.split(':').next().unwrap_or(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_said_whole_or_not_at_all() {
        for (target, words, expected) in [
            ("web-3", "restart nginx on web-3.", true),
            ("web-3", "restart nginx on WEB-3, then check", true),
            ("web", "restart nginx on web-3", false),
            ("3", "restart nginx on web-3", false),
            ("example.com", "look at https://example.com/health", true),
            ("evil.example.com", "look at example.com", false),
            ("example.com", "look at evil.example.com", false),
            ("example.com", "look at example.com.evil.net", false),
            ("#ops", "tell #ops", true),
            ("", "tell #ops", false),
        ] {
            assert_eq!(is_said(target, words), expected, "{target} in {words}");
        }
    }

    #[test]
    fn the_host_of_an_address_counts_and_not_what_precedes_it() {
        for (url, expected) in [
            ("http://web-3:8080/x", "web-3"),
            ("https://web-3@evil.net/x", "evil.net"),
            ("http://[::1]:80/", "::1"),
            ("http://evil.net?web-3", "evil.net"),
        ] {
            assert_eq!(host_of(url), expected);
        }
    }
}
