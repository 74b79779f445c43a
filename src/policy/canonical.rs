//! Fields -> one unambiguous byte string -> SHA-256.
//!
//! Every field is tagged by its kind and prefixed by its length, so no two different values share bytes.
//! Test vectors stand in `tests/corpus/digests.txt`.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::model::digest::Digest;

/// Builds a digest field by field, under a domain that keeps purposes apart.
pub struct Canonical(Sha256);

impl Canonical {
    pub fn new(domain: &str) -> Self {
        Self(Sha256::new()).text(domain)
    }

    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.put(b'b', bytes);
        self
    }

    pub fn text(mut self, text: &str) -> Self {
        self.put(b't', text.as_bytes());
        self
    }

    pub fn number(mut self, number: u64) -> Self {
        self.put(b'n', &number.to_be_bytes());
        self
    }

    pub fn digest(mut self, digest: &Digest) -> Self {
        self.put(b'd', &digest.0);
        self
    }

    /// Objects in key order; a number with a fraction is taken as its shortest text.
    pub fn value(mut self, value: &Value) -> Self {
        self.put_value(value);
        self
    }

    pub fn list<T>(mut self, items: impl ExactSizeIterator<Item = T>, each: impl Fn(Self, T) -> Self) -> Self {
        self.put(b'l', &(items.len() as u64).to_be_bytes());
        items.fold(self, each)
    }

    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }

    fn put(&mut self, tag: u8, bytes: &[u8]) {
        self.0.update([tag]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn put_value(&mut self, value: &Value) {
        match value {
            Value::Null => self.put(b'0', b""),
            Value::Bool(yes) => self.put(b'?', &[u8::from(*yes)]),
            Value::Number(number) => self.put(b'#', number.to_string().as_bytes()),
            Value::String(text) => self.put(b't', text.as_bytes()),
            Value::Array(items) => {
                self.put(b'l', &(items.len() as u64).to_be_bytes());
                for item in items {
                    self.put_value(item);
                }
            }
            Value::Object(map) => {
                self.put(b'o', &(map.len() as u64).to_be_bytes());
                for (key, item) in map {
                    self.put(b't', key.as_bytes());
                    self.put_value(item);
                }
            }
        }
    }
}
