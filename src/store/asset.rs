//! One thing of the inventory: a host or a service, with what people ask of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::model::time::{Millis, Stamp};

/// Always there, also where nothing was ever imported.
pub const LOCALHOST: &str = "localhost";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    #[default]
    Host,
    Service,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Service => "service",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Host, Self::Service].into_iter().find(|kind| kind.word() == text)
    }
}

/// A time in which alerts of a target are silent; without an end it lasts until somebody clears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    pub from: Stamp,
    pub until: Option<Stamp>,
}

impl Window {
    pub fn starting(from: Stamp, span: Option<Millis>) -> Self {
        Self { from, until: span.map(|span| from + span) }
    }

    pub fn holds_at(&self, now: Stamp) -> bool {
        self.from <= now && self.until.is_none_or(|until| now < until)
    }

    fn json(&self) -> Value {
        json!({ "from": self.from.to_string(), "until": self.until.map(|until| until.to_string()) })
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asset {
    pub name: String,
    pub kind: Kind,
    /// Where it is reached, if not by its name.
    pub address: Option<String>,
    pub user: Option<String>,
    pub port: Option<u16>,
    pub environment: Option<String>,
    pub owner: Option<String>,
    pub contact: Option<String>,
    pub note: Option<String>,
    pub groups: BTreeSet<String>,
    pub tags: BTreeSet<String>,
    /// Services that it needs.
    pub depends_on: BTreeSet<String>,
    pub maintenance: BTreeSet<Window>,
}

impl Asset {
    pub fn new(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind, ..Self::default() }
    }

    pub fn localhost() -> Self {
        Self::new(LOCALHOST, Kind::Host)
    }

    pub fn in_maintenance(&self, now: Stamp) -> bool {
        self.maintenance.iter().any(|window| window.holds_at(now))
    }

    /// As `asset.get` and `ouioe asset show --json` give it.
    pub fn json(&self, now: Stamp) -> Value {
        json!({
            "name": self.name, "kind": self.kind.word(), "address": self.address, "user": self.user, "port": self.port,
            "environment": self.environment, "owner": self.owner, "contact": self.contact, "note": self.note,
            "groups": self.groups, "tags": self.tags, "depends_on": self.depends_on,
            "in_maintenance": self.in_maintenance(now),
            "maintenance": self.maintenance.iter().map(Window::json).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_ends_where_it_says_or_never() {
        let window = |span| Window::starting(Stamp(100), span);
        for (window, now, holds) in [
            (window(Some(Millis(50))), 99, false),
            (window(Some(Millis(50))), 100, true),
            (window(Some(Millis(50))), 150, false),
            (window(None), i64::MAX, true),
        ] {
            assert_eq!(window.holds_at(Stamp(now)), holds, "{window:?} at {now}");
        }
    }
}
