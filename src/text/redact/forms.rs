//! One secret -> the byte strings under which programs print it: raw, base64, hex, URL- and JSON-escaped.

use std::collections::BTreeSet;

use super::SHORTEST;

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX: [&[u8; 16]; 2] = [b"0123456789abcdef", b"0123456789ABCDEF"];

pub fn add_forms(out: &mut BTreeSet<Vec<u8>>, secret: &[u8]) {
    out.insert(secret.to_vec());
    add_base64(out, secret);
    for digits in HEX {
        out.insert(secret.iter().flat_map(|byte| hex(*byte, digits)).collect());
        // Bytes left as they are: RFC 3986, encodeURIComponent, Python's quote, HTML forms.
        for (kept, space) in [("-_.~", None), ("-_.!~*'()", None), ("-_.~/", None), ("*-._", Some(b'+'))] {
            out.insert(url_encoded(secret, digits, kept.as_bytes(), space));
        }
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        for slash in ["/", "\\/"] {
            let plain = json_escaped(text).replace('/', slash);
            out.insert(ascii_only(&plain).into_bytes());
            out.insert(plain.into_bytes());
        }
    }
}

/// The secret may begin at any of three places in a group, and its edges share a digit with their neighbours, so only the
/// digits between are sure; the whole value is also looked for with its padding.
fn add_base64(out: &mut BTreeSet<Vec<u8>>, secret: &[u8]) {
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret);
        let digits = base64_digits(&bytes);
        let first = [0, 2, 3][before];
        let sure = bytes.len() * 8 / 6;
        out.extend(alphabets(&digits[first..sure]).into_iter().filter(|form| form.len() >= SHORTEST));
        if before == 0 {
            let padding = digits.len().next_multiple_of(4) - digits.len();
            for mut form in alphabets(&digits) {
                out.insert(form.clone());
                form.resize(form.len() + padding, b'=');
                out.insert(form);
            }
        }
    }
}

fn base64_digits(bytes: &[u8]) -> Vec<u8> {
    let digit = |group: u32, shift: u32| BASE64[(group >> shift & 63) as usize];
    bytes
        .chunks(3)
        .flat_map(|chunk| {
            let group = chunk.iter().enumerate().fold(0_u32, |group, (at, byte)| group | u32::from(*byte) << (16 - 8 * at));
            [18, 12, 6, 0].into_iter().take(chunk.len() + 1).map(move |shift| digit(group, shift))
        })
        .collect()
}

/// The standard alphabet and the one for URLs.
fn alphabets(digits: &[u8]) -> [Vec<u8>; 2] {
    let for_urls = digits.iter().map(|digit| match digit {
        b'+' => b'-',
        b'/' => b'_',
        other => *other,
    });
    [digits.to_vec(), for_urls.collect()]
}

fn hex(byte: u8, digits: &[u8; 16]) -> [u8; 2] {
    [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]
}

fn url_encoded(secret: &[u8], digits: &[u8; 16], kept: &[u8], space: Option<u8>) -> Vec<u8> {
    let mut out = Vec::with_capacity(secret.len() * 3);
    for byte in secret {
        match (byte, space) {
            (b' ', Some(space)) => out.push(space),
            (byte, _) if byte.is_ascii_alphanumeric() || kept.contains(byte) => out.push(*byte),
            (byte, _) => {
                out.push(b'%');
                out.extend(hex(*byte, digits));
            }
        }
    }
    out
}

fn json_escaped(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn ascii_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            out.extend(c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_agrees_with_rfc_4648() {
        for (bytes, digits) in
            [("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64_digits(bytes.as_bytes()), digits.as_bytes());
        }
    }

    #[test]
    fn every_form_holds_enough_to_be_sure() {
        let mut forms = BTreeSet::new();
        add_forms(&mut forms, b"abcd");
        assert!(forms.iter().all(|form| form.len() >= SHORTEST), "{forms:?}");
    }
}
