//! Test vectors of the canonical bytes: another program must come to the same digests by the written rules.
//!
//! A line of `tests/corpus/digests.txt` is a JSON value, a tab and the SHA-256 of its canonical form in the domain `vector`.

use std::fmt::Write as _;
use std::path::Path;

use ouioe::policy::canonical::Canonical;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

#[test]
fn digests_are_those_of_the_vectors() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/digests.txt");
    let text = std::fs::read_to_string(&path).expect("tests/corpus/digests.txt");
    let mut seen = std::collections::BTreeSet::new();
    for line in text.lines() {
        let (json, expected) = line.split_once('\t').expect("a value, a tab, a digest");
        let value: Value = serde_json::from_str(json).expect(json);
        assert_eq!(Canonical::new("vector").value(&value).finish().to_string(), expected, "{json}");
        assert_eq!(by_the_rules(&value), expected, "by the rules: {json}");
        assert!(seen.insert(expected.to_owned()), "two values share a digest: {json}");
    }
    assert!(seen.len() >= 12);
}

/// The rules once more, without our code: tag, length in eight bytes, content.
fn by_the_rules(value: &Value) -> String {
    let mut bytes = field(b't', b"vector");
    put(&mut bytes, value);
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn field(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag][..], &(content.len() as u64).to_be_bytes(), content].concat()
}

fn put(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Null => out.extend(field(b'0', b"")),
        Value::Bool(yes) => out.extend(field(b'?', &[u8::from(*yes)])),
        Value::Number(number) => out.extend(field(b'#', number.to_string().as_bytes())),
        Value::String(text) => out.extend(field(b't', text.as_bytes())),
        Value::Array(items) => {
            out.extend(field(b'l', &(items.len() as u64).to_be_bytes()));
            items.iter().for_each(|item| put(out, item));
        }
        Value::Object(map) => {
            out.extend(field(b'o', &(map.len() as u64).to_be_bytes()));
            for (key, item) in map {
                out.extend(field(b't', key.as_bytes()));
                put(out, item);
            }
        }
    }
}
