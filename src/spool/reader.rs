//! An attempt's folder -> part of its output, while the runner writes it, after it ended, after it was killed.
//!
//! Never returns a byte of one place for that of another: what was overwritten meanwhile counts as dropped.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::layout::{Layout, OUT, RING, Ring};

/// Part of a step's output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutputChunk {
    /// Of the first byte; later than asked where bytes were dropped.
    pub offset: u64,
    pub bytes: Vec<u8>,
    /// Bytes that the step has written so far.
    pub total: u64,
    /// Bytes between the asked offset and `offset` that were not kept.
    pub dropped: u64,
}

impl OutputChunk {
    /// Where the next read goes on.
    pub fn next_offset(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }
}

/// At most `max` bytes from `offset`; an empty chunk where nothing is there yet.
pub fn read(dir: &Path, offset: u64, max: usize) -> io::Result<OutputChunk> {
    let Some(out) = open(&dir.join(OUT))? else {
        return Ok(OutputChunk { offset, ..OutputChunk::default() });
    };
    loop {
        let before = ring(dir)?;
        let chunk = match before {
            Some(ring) => read_ring(&out, ring, offset, max)?,
            None => read_plain(&out, offset, max)?,
        };
        let after = ring(dir)?;
        if before == after {
            return Ok(chunk);
        }
        // All of it was overwritten since the look at the ring: look again, further on.
        if let Some(chunk) = after.map_or(Some(chunk.clone()), |ring| surely_kept(chunk, ring)) {
            return Ok(chunk);
        }
    }
}

/// Cuts off what may have been overwritten while it was read; `None` where nothing stays of it.
fn surely_kept(mut chunk: OutputChunk, after: Ring) -> Option<OutputChunk> {
    let head = Layout::new(after.cap).head;
    if chunk.bytes.is_empty() || chunk.offset >= after.oldest() {
        return Some(chunk);
    }
    if chunk.offset < head {
        chunk.bytes.truncate(usize::try_from(head - chunk.offset).unwrap_or(usize::MAX));
        return Some(chunk);
    }
    let lost = usize::try_from(after.oldest() - chunk.offset).unwrap_or(usize::MAX);
    if lost >= chunk.bytes.len() {
        return None;
    }
    chunk.bytes.drain(..lost);
    chunk.offset += lost as u64;
    chunk.dropped += lost as u64;
    Some(chunk)
}

fn read_plain(out: &File, offset: u64, max: usize) -> io::Result<OutputChunk> {
    let total = out.metadata()?.len();
    let bytes = read_at(out, offset, total.saturating_sub(offset).min(max as u64))?;
    Ok(OutputChunk { offset, bytes, total, dropped: 0 })
}

fn read_ring(out: &File, ring: Ring, asked: u64, max: usize) -> io::Result<OutputChunk> {
    let layout = Layout::new(ring.cap);
    let offset = if asked < layout.head { asked } else { asked.max(ring.oldest()) };
    let mut bytes = Vec::new();
    let mut at = offset;
    while at < ring.written && bytes.len() < max {
        // The head ends where dropped bytes begin: the next read jumps.
        if at >= layout.head && at < ring.oldest() {
            break;
        }
        let (place, room) = layout.place(at);
        let wanted = room.min(ring.written - at).min((max - bytes.len()) as u64);
        let piece = read_at(out, place, wanted)?;
        if piece.is_empty() {
            break;
        }
        at += piece.len() as u64;
        bytes.extend(piece);
    }
    Ok(OutputChunk { offset, bytes, total: ring.written, dropped: offset - asked })
}

fn read_at(file: &File, place: u64, count: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(count).unwrap_or(usize::MAX)];
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read_at(&mut bytes[filled..], place + filled as u64) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

fn ring(dir: &Path) -> io::Result<Option<Ring>> {
    match open(&dir.join(RING))? {
        Some(file) => Ring::read(&file),
        None => Ok(None),
    }
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::spool::writer::SpoolWriter;

    /// Follows by logical offset until nothing more comes.
    fn follow(dir: &Path, mut offset: u64, max: usize) -> (Vec<(u64, Vec<u8>)>, u64) {
        let mut pieces = Vec::new();
        let mut dropped = 0;
        loop {
            let chunk = read(dir, offset, max).unwrap();
            dropped += chunk.dropped;
            if chunk.bytes.is_empty() {
                return (pieces, dropped);
            }
            offset = chunk.next_offset();
            pieces.push((chunk.offset, chunk.bytes));
        }
    }

    proptest! {
        /// Whatever the cap, the sizes of writes and of reads: every byte returned is the one that was written there,
        /// head and tail are complete, and returned plus dropped is all.
        #[test]
        fn what_is_read_is_what_was_written(cap in 0_u64..64, sizes in prop::collection::vec(0_usize..50, 0..12), max in 1_usize..40) {
            let dir = tempfile::tempdir().unwrap();
            let mut writer = SpoolWriter::new(dir.path(), cap);
            let mut all = Vec::new();
            for size in sizes {
                let chunk: Vec<u8> = (0..size).map(|i| u8::try_from((all.len() + i) * 7 % 251).unwrap()).collect();
                writer.push(&chunk);
                all.extend(chunk);
                let (pieces, dropped) = follow(dir.path(), 0, max);
                let layout = Layout::new(cap);
                let mut returned = 0;
                for (offset, bytes) in pieces {
                    let start = usize::try_from(offset).unwrap();
                    prop_assert_eq!(&bytes[..], &all[start..start + bytes.len()]);
                    returned += bytes.len() as u64;
                }
                prop_assert_eq!(returned + dropped, all.len() as u64);
                prop_assert_eq!(dropped, (all.len() as u64).saturating_sub(layout.cap()));
            }
            let (facts, lost) = writer.finish();
            prop_assert!(lost.is_none());
            prop_assert_eq!(facts.len, all.len() as u64);
        }
    }

    #[test]
    fn a_writer_killed_inside_a_write_leaves_no_false_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = SpoolWriter::new(dir.path(), 8);
        writer.push(b"abcdefghij");
        // Killed after it reserved and overwrote, before it said so.
        let ring = File::options().write(true).open(dir.path().join(RING)).unwrap();
        Ring { cap: 8, reserved: 12, written: 10 }.write(&ring).unwrap();
        std::fs::OpenOptions::new().write(true).open(dir.path().join(OUT)).unwrap().write_all_at(b"KL", 6).unwrap();
        let chunk = read(dir.path(), 4, 100).unwrap();
        assert_eq!((chunk.offset, &chunk.bytes[..], chunk.dropped, chunk.total), (8, &b"ij"[..], 4, 10));
    }
}
