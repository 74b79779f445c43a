//! How more output than the cap fits into one file.
//!
//! `out` holds the head as written, then a ring: byte L of the output stands at L while L < head, else at
//! head + (L - head) mod ring. Up to the cap that is L itself, so a small `out` is simply the output.
//! Past the cap `out.ring` says what the ring holds. It is written before bytes are overwritten and again after, so that
//! neither a reader at the same moment nor a runner killed in between makes old bytes look like new ones.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// The output.
pub const OUT: &str = "out";
/// Beside it, once the cap was passed.
pub const RING: &str = "out.ring";

/// Where the bytes of an output of at most `cap` kept bytes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub head: u64,
    pub ring: u64,
}

impl Layout {
    /// At least two bytes are kept, so that neither part is empty.
    pub fn new(cap: u64) -> Self {
        let cap = cap.max(2);
        Self { head: cap / 2, ring: cap - cap / 2 }
    }

    pub fn cap(&self) -> u64 {
        self.head + self.ring
    }

    /// Where byte `offset` stands, and how many bytes follow it without a break.
    pub fn place(&self, offset: u64) -> (u64, u64) {
        if offset < self.head {
            return (offset, self.head - offset);
        }
        let within = (offset - self.head) % self.ring;
        (self.head + within, self.ring - within)
    }
}

/// What `out.ring` says: bytes up to `written` are there; those below `reserved - ring` may be overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ring {
    pub cap: u64,
    pub reserved: u64,
    pub written: u64,
}

impl Ring {
    pub fn write(&self, file: &File) -> io::Result<()> {
        let mut bytes = [0; 24];
        for (place, number) in bytes.chunks_mut(8).zip([self.cap, self.reserved, self.written]) {
            place.copy_from_slice(&number.to_be_bytes());
        }
        file.write_all_at(&bytes, 0)
    }

    /// `None` until the first write to it is complete: nothing was overwritten by then.
    pub fn read(file: &File) -> io::Result<Option<Self>> {
        let mut bytes = [0; 24];
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let mut numbers = bytes.chunks(8).map(|part| part.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)));
        let mut next = || numbers.next().unwrap_or(0);
        Ok(Some(Self { cap: next(), reserved: next(), written: next() }))
    }

    /// First byte of the ring that is surely still there.
    pub fn oldest(&self) -> u64 {
        let layout = Layout::new(self.cap);
        self.reserved.saturating_sub(layout.ring).max(layout.head)
    }
}
