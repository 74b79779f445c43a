//! The few fields of an X.509 certificate that operators ask for. Reads; judges nothing.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    pub subject: String,
    pub issuer: String,
    /// UTC seconds since 1970.
    pub not_before: i64,
    pub not_after: i64,
    pub names: Vec<String>,
}

/// One element: tag, content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81..=0x84 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

fn elements(mut bytes: &[u8]) -> Vec<(u8, &[u8])> {
    let mut found = Vec::new();
    while let Some((tag, content, rest)) = element(bytes) {
        found.push((tag, content));
        bytes = rest;
    }
    found
}

pub fn parse(der: &[u8]) -> Option<Certificate> {
    let (_, certificate, _) = element(der)?;
    let (_, signed, _) = element(certificate)?;
    let mut fields = elements(signed).into_iter().peekable();
    // The version has a default and may be absent.
    fields.next_if(|(tag, _)| *tag == 0xa0);
    let mut fields = fields.skip(2);
    let (_, issuer) = fields.next()?;
    let (_, validity) = fields.next()?;
    let (_, subject) = fields.next()?;
    let extensions = fields.find(|(tag, _)| *tag == 0xa3).map(|(_, content)| content);
    let times = elements(validity);
    Some(Certificate {
        subject: common_name(subject),
        issuer: common_name(issuer),
        not_before: time(times.first()?)?,
        not_after: time(times.get(1)?)?,
        names: extensions.map(alternative_names).unwrap_or_default(),
    })
}

/// Names are lists of sets of pairs; the common name, else the organisation.
fn common_name(name: &[u8]) -> String {
    let pairs: Vec<(&[u8], &[u8])> = elements(name)
        .into_iter()
        .flat_map(|(_, set)| elements(set))
        .filter_map(|(_, pair)| {
            let parts = elements(pair);
            Some((parts.first()?.1, parts.get(1)?.1))
        })
        .collect();
    let with = |oid: [u8; 3]| pairs.iter().find(|(found, _)| **found == oid).map(|(_, text)| String::from_utf8_lossy(text).into_owned());
    with([0x55, 4, 3]).or_else(|| with([0x55, 4, 10])).unwrap_or_default()
}

/// Two digits of a year before 50 mean 20xx.
fn time((tag, content): &(u8, &[u8])) -> Option<i64> {
    let text = std::str::from_utf8(content).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        0x17 => {
            let (year, rest) = text.split_at_checked(2)?;
            let year: i16 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        0x18 => {
            let (year, rest) = text.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<i8>().ok();
    let moment = DateTime::new(year, part(0)?, part(2)?, part(4)?, part(6)?, part(8)?, 0).ok()?;
    Some(TimeZone::UTC.to_timestamp(moment).ok()?.as_second())
}

fn alternative_names(extensions: &[u8]) -> Vec<String> {
    let list = elements(extensions).into_iter().flat_map(|(_, list)| elements(list));
    let found = list.filter_map(|(_, extension)| {
        let parts = elements(extension);
        (parts.first()?.1 == [0x55, 0x1d, 0x11]).then(|| parts.last().map(|(_, value)| *value))?
    });
    found
        .flat_map(|value| elements(value).into_iter().flat_map(|(_, names)| elements(names)))
        .filter_map(|(tag, name)| match (tag, name) {
            (0x82, name) => Some(String::from_utf8_lossy(name).into_owned()),
            (0x87, [a, b, c, d]) => Some(format!("{a}.{b}.{c}.{d}")),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_else_than_a_certificate_is_none() {
        for bytes in [&b""[..], b"\x30", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80", b"plain text", &[0x30; 64]] {
            assert_eq!(parse(bytes), None);
        }
    }

    #[test]
    fn both_forms_of_time_are_read() {
        assert_eq!(time(&(0x17, b"260102030405Z")), Some(1_767_323_045));
        assert_eq!(time(&(0x18, b"20260102030405Z")), Some(1_767_323_045));
        assert_eq!(time(&(0x17, b"991231235959Z")), Some(946_684_799));
        assert_eq!(time(&(0x17, b"2601")), None);
    }
}
