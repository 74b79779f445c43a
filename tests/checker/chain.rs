//! The written rules of the hash chain, once more.
//!
//! Field = tag, length as eight bytes big-endian, bytes. Tags: `t` text, `b` bytes, `n` number (eight bytes), `d` digest.
//! H(domain, fields) begins with the domain as a text field. First hash: H("ouioe.journal.1", t id); payload hash:
//! H("ouioe.event.1", b payload); next hash: H("ouioe.chain.1", d previous, n seq, d payload hash).

use sha2::{Digest as _, Sha256};

pub type Hash = [u8; 32];

fn hash(domain: &str, fields: &[(u8, &[u8])]) -> Hash {
    let mut sha = Sha256::new();
    let mut put = |tag: u8, bytes: &[u8]| {
        sha.update([tag]);
        sha.update((bytes.len() as u64).to_be_bytes());
        sha.update(bytes);
    };
    put(b't', domain.as_bytes());
    for (tag, bytes) in fields {
        put(*tag, bytes);
    }
    sha.finalize().into()
}

pub fn genesis(journal: &str) -> Hash {
    hash("ouioe.journal.1", &[(b't', journal.as_bytes())])
}

pub fn next(previous: &Hash, seq: u64, payload: &[u8]) -> Hash {
    let payload = hash("ouioe.event.1", &[(b'b', payload)]);
    hash("ouioe.chain.1", &[(b'd', previous), (b'n', &seq.to_be_bytes()), (b'd', &payload)])
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
