//! Spans and moments: milliseconds, and UTC milliseconds as RFC 3339 text.
//!
//! No clock here: a moment is always handed in.

use std::fmt;
use std::ops::{Add, Sub};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A span of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    pub const fn seconds(count: u64) -> Self {
        Self(count * 1_000)
    }

    /// `90s`, `5m`, `1h30m`, `2d`, `1w`, `250ms`; a bare number counts seconds.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(seconds) = text.parse::<u64>() {
            return seconds.checked_mul(1_000).map(Self);
        }
        let mut rest = text;
        let mut total = 0_u64;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let count: u64 = rest[..digits].parse().ok()?;
            rest = rest[digits..].trim_start();
            let unit_end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let unit = unit_ms(&rest[..unit_end])?;
            total = total.checked_add(count.checked_mul(unit)?)?;
            rest = rest[unit_end..].trim_start();
        }
        (!text.is_empty()).then_some(Self(total))
    }
}

fn unit_ms(unit: &str) -> Option<u64> {
    Some(match unit {
        "ms" => 1,
        "s" | "sec" | "secs" | "second" | "seconds" => 1_000,
        "m" | "min" | "mins" | "minute" | "minutes" => 60_000,
        "h" | "hr" | "hrs" | "hour" | "hours" => 3_600_000,
        "d" | "day" | "days" => 86_400_000,
        "w" | "week" | "weeks" => 604_800_000,
        _ => return None,
    })
}

impl fmt::Display for Millis {
    /// The two largest units: `250ms`, `12s`, `3m20s`, `2h5m`, `4d1h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0 / 1_000;
        let text = match (self.0, seconds) {
            (ms, 0) => format!("{ms}ms"),
            (_, s) if s < 60 => format!("{s}s"),
            (_, s) if s < 3_600 => two(s / 60, "m", s % 60, "s"),
            (_, s) if s < 86_400 => two(s / 3_600, "h", s % 3_600 / 60, "m"),
            (_, s) => two(s / 86_400, "d", s % 86_400 / 3_600, "h"),
        };
        f.pad(&text)
    }
}

fn two(large: u64, large_unit: &str, small: u64, small_unit: &str) -> String {
    if small == 0 { format!("{large}{large_unit}") } else { format!("{large}{large_unit}{small}{small_unit}") }
}

/// A moment in engine time: UTC milliseconds since 1970.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp(pub i64);

impl Stamp {
    pub fn since(self, earlier: Self) -> Millis {
        Millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl Add<Millis> for Stamp {
    type Output = Self;
    fn add(self, span: Millis) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }
}

impl Sub<Millis> for Stamp {
    type Output = Self;
    fn sub(self, span: Millis) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.0).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl fmt::Debug for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        if let Some(ms) = text.strip_suffix("ms").and_then(|digits| digits.parse().ok()) {
            return Ok(Self(ms));
        }
        let moment: jiff::Timestamp = text.parse().map_err(D::Error::custom)?;
        Ok(Self(moment.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_and_print() {
        for (text, ms, shown) in [
            ("90s", 90_000, "1m30s"),
            ("5 minutes", 300_000, "5m"),
            ("1h30m", 5_400_000, "1h30m"),
            ("2w", 1_209_600_000, "14d"),
            ("250ms", 250, "250ms"),
            ("7", 7_000, "7s"),
        ] {
            assert_eq!(Millis::parse(text), Some(Millis(ms)), "{text}");
            assert_eq!(Millis(ms).to_string(), shown);
        }
        for bad in ["", "m", "5 parsecs", "99999999999999999999s", "-5s"] {
            assert_eq!(Millis::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn moments_survive_json() {
        for ms in [0, 1_767_323_045_678, i64::MAX] {
            let text = serde_json::to_string(&Stamp(ms)).expect("a stamp is text");
            assert_eq!(serde_json::from_str::<Stamp>(&text).expect("its own text"), Stamp(ms), "{text}");
        }
        assert_eq!(Stamp(1_767_323_045_678).to_string(), "2026-01-02T03:04:05.678Z");
    }
}
