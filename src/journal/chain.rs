//! Event bytes -> a chain of digests in which no entry can be changed, dropped or moved unseen.
//!
//! hash = H(previous hash, seq, payload hash), and the first previous hash is H(journal id). The payload goes in by its hash, so that
//! a leaked one can be erased and the chain still holds.

use crate::model::digest::Digest;
use crate::model::ids::{JournalId, Seq};
use crate::policy::canonical::Canonical;

/// A place in the chain: what the next entry is bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    pub seq: Seq,
    pub hash: Digest,
}

impl Link {
    /// Before the first event.
    pub fn genesis(journal: &JournalId) -> Self {
        Self { seq: Seq(0), hash: Canonical::new("ouioe.journal.1").text(journal.as_str()).finish() }
    }

    pub fn next(&self, payload_hash: &Digest) -> Self {
        let seq = self.seq.next();
        Self { seq, hash: Canonical::new("ouioe.chain.1").digest(&self.hash).number(seq.0).digest(payload_hash).finish() }
    }
}

pub fn payload_hash(payload: &[u8]) -> Digest {
    Canonical::new("ouioe.event.1").bytes(payload).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_decides_the_hash() {
        let genesis = Link::genesis(&JournalId::new("a"));
        let next = genesis.next(&payload_hash(b"one"));
        assert_eq!(next.seq, Seq(1));
        let others = [
            Link::genesis(&JournalId::new("b")).next(&payload_hash(b"one")),
            genesis.next(&payload_hash(b"two")),
            Link { seq: Seq(1), ..genesis }.next(&payload_hash(b"one")),
            next.next(&payload_hash(b"one")),
        ];
        assert!(others.iter().all(|other| other.hash != next.hash), "{others:?}");
    }
}
