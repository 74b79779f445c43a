//! Bytes of a step -> `out`, head and tail, never more than the cap on disk.
//!
//! A disk that refuses a write costs the kept output, never the step: the length and the digest go on counting.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::layout::{Layout, OUT, RING, Ring};
use crate::model::digest::Digest;
use crate::model::failure::SpoolFacts;

pub struct SpoolWriter {
    dir: PathBuf,
    /// Made by the first byte: many steps say nothing.
    out: Option<File>,
    ring: Option<File>,
    layout: Layout,
    written: u64,
    hash: Sha256,
    /// The first write that failed.
    lost: Option<io::Error>,
}

impl SpoolWriter {
    /// Where `out` exists all output is lost: an attempt writes once.
    pub fn new(dir: &Path, cap: u64) -> Self {
        Self { dir: dir.to_owned(), out: None, ring: None, layout: Layout::new(cap), written: 0, hash: Sha256::new(), lost: None }
    }

    pub fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.hash.update(bytes);
        if self.lost.is_none()
            && let Err(error) = self.store(bytes)
        {
            self.lost = Some(error);
        }
        self.written += bytes.len() as u64;
    }

    pub fn finish(self) -> (SpoolFacts, Option<io::Error>) {
        (SpoolFacts { len: self.written, sha256: Digest(self.hash.finalize().into()) }, self.lost)
    }

    fn store(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.written + bytes.len() as u64;
        let out = match self.out.take() {
            Some(out) => out,
            None => private().open(self.dir.join(OUT))?,
        };
        let out = self.out.insert(out);
        if end <= self.layout.cap() {
            return out.write_all_at(bytes, self.written);
        }
        if self.ring.is_none() {
            self.ring = Some(private().open(self.dir.join(RING))?);
        }
        self.mark(end, self.written)?;
        self.store_round(bytes)?;
        self.mark(end, end)
    }

    fn mark(&self, reserved: u64, written: u64) -> io::Result<()> {
        let ring = Ring { cap: self.layout.cap(), reserved, written };
        self.ring.as_ref().map_or(Ok(()), |file| ring.write(file))
    }

    /// Writes piece by piece; of bytes that would overwrite each other only the last ones.
    fn store_round(&self, bytes: &[u8]) -> io::Result<()> {
        let Some(out) = &self.out else {
            return Ok(());
        };
        let end = self.written + bytes.len() as u64;
        let mut at = self.written;
        while at < end {
            let (place, room) = self.layout.place(at);
            let rest = &bytes[to_usize(at - self.written)..];
            let piece = &rest[..rest.len().min(to_usize(room))];
            let next = at + piece.len() as u64;
            if at < self.layout.head || next + self.layout.ring > end {
                out.write_all_at(piece, place)?;
            }
            at = next;
        }
        Ok(())
    }
}

/// Distances inside one slice.
fn to_usize(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}
