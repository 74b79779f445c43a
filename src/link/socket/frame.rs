//! Messages <-> lines of at most 256 KiB.
//!
//! A longer message goes out as text in pieces: `{"part":"…"}` and a closing `{"last":"…"}`. A reader gives up at the
//! first line that is too long, not UTF-8 or not JSON; it never buffers more than its limits, nor guesses where to go on.

use std::io;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest line that we send.
pub const LINE_SENT: usize = 256 << 10;
/// Longest line that we read.
pub const LINE_LIMIT: usize = 1 << 20;
/// Longest message, pieces put together. A plan of 100,000 steps takes about 80 MiB.
pub const MESSAGE_LIMIT: usize = 256 << 20;

/// Escaping a piece of JSON at most doubles it: `"` and `\` are the only such characters in it.
const PIECE: usize = LINE_SENT / 2 - 64;
const READ_AT_ONCE: usize = 64 << 10;

#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("a line is longer than {} KiB", LINE_LIMIT >> 10)]
    LongLine,
    #[error("a message is longer than {} MiB", MESSAGE_LIMIT >> 20)]
    LongMessage,
    #[error("a line is not UTF-8")]
    NotUtf8,
    #[error("a line is not a message of this protocol: {0}")]
    NotMessage(#[from] serde_json::Error),
    #[error("the connection ended within a line")]
    CutOff,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Piece {
    Part(String),
    Last(String),
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum PieceRef<'a> {
    Part(&'a str),
    Last(&'a str),
}

/// The lines of one message, each with its line feed.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, FrameError> {
    let mut text = serde_json::to_string(message)?;
    if text.len() > MESSAGE_LIMIT {
        return Err(FrameError::LongMessage);
    }
    if text.len() < LINE_SENT {
        text.push('\n');
        return Ok(text.into_bytes());
    }
    let mut out = Vec::with_capacity(text.len() + text.len() / 4);
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE));
        let line = if after.is_empty() { PieceRef::Last(piece) } else { PieceRef::Part(piece) };
        serde_json::to_writer(&mut out, &line)?;
        out.push(b'\n');
        rest = after;
    }
    Ok(out)
}

/// The messages of one connection.
pub struct Frames<R> {
    stream: R,
    /// Read and not yet taken; lines before `taken` are done with.
    buffer: Vec<u8>,
    taken: usize,
    /// Searched for a line feed up to here.
    searched: usize,
    pieces: String,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub fn new(stream: R) -> Self {
        Self { stream, buffer: Vec::new(), taken: 0, searched: 0, pieces: String::new() }
    }

    /// `None`: the other side ended after its last message. Dropping the future loses nothing.
    pub async fn next<T: DeserializeOwned>(&mut self) -> Result<Option<T>, FrameError> {
        loop {
            let Some(line) = self.next_line().await? else {
                return if self.pieces.is_empty() { Ok(None) } else { Err(FrameError::CutOff) };
            };
            let text = std::str::from_utf8(&self.buffer[line]).map_err(|_| FrameError::NotUtf8)?;
            if !text.starts_with("{\"part\"") && !text.starts_with("{\"last\"") {
                return Ok(Some(serde_json::from_str(text)?));
            }
            let (piece, is_last) = match serde_json::from_str(text)? {
                Piece::Part(piece) => (piece, false),
                Piece::Last(piece) => (piece, true),
            };
            if self.pieces.len() + piece.len() > MESSAGE_LIMIT {
                return Err(FrameError::LongMessage);
            }
            self.pieces.push_str(&piece);
            if is_last {
                return Ok(Some(serde_json::from_str(&std::mem::take(&mut self.pieces))?));
            }
        }
    }

    /// Where in the buffer the next line stands.
    async fn next_line(&mut self) -> Result<Option<std::ops::Range<usize>>, FrameError> {
        loop {
            if let Some(len) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let line = self.taken..self.searched + len;
                self.taken = line.end + 1;
                self.searched = self.taken;
                return if line.len() > LINE_LIMIT { Err(FrameError::LongLine) } else { Ok(Some(line)) };
            }
            self.searched = self.buffer.len();
            if self.searched - self.taken > LINE_LIMIT {
                return Err(FrameError::LongLine);
            }
            self.drop_taken();
            self.buffer.reserve(READ_AT_ONCE);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return if self.taken == self.buffer.len() { Ok(None) } else { Err(FrameError::CutOff) };
            }
        }
    }

    fn drop_taken(&mut self) {
        self.buffer.drain(..self.taken);
        self.searched -= self.taken;
        self.taken = 0;
        if self.buffer.is_empty() {
            self.buffer.shrink_to(READ_AT_ONCE);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn read_all(bytes: &[u8]) -> Result<Vec<String>, FrameError> {
        now(async {
            let mut frames = Frames::new(bytes);
            let mut messages = Vec::new();
            while let Some(message) = frames.next::<String>().await? {
                messages.push(message);
            }
            Ok(messages)
        })
    }

    #[test]
    fn long_messages_travel_in_short_lines() {
        for text in ["x".repeat(3 * LINE_SENT), "\"\\".repeat(LINE_SENT), "日本".repeat(LINE_SENT), "\u{1}".repeat(LINE_SENT)] {
            let bytes = encode(&text).unwrap();
            assert!(bytes.split_inclusive(|byte| *byte == b'\n').all(|line| line.len() <= LINE_SENT), "{}", &text[..8]);
            assert_eq!(read_all(&bytes).unwrap(), [text]);
        }
    }

    #[test]
    fn what_is_no_message_is_named() {
        for (bytes, why) in [
            (b"\xff\n".to_vec(), "a line is not UTF-8"),
            (b"hello\n".to_vec(), "a line is not a message of this protocol"),
            (b"\n".to_vec(), "a line is not a message of this protocol"),
            (b"\"half".to_vec(), "the connection ended within a line"),
            (b"{\"part\":\"\\\"a\"}\n".to_vec(), "the connection ended within a line"),
            (b"{\"part\":1}\n".to_vec(), "a line is not a message of this protocol"),
            (vec![b'['; LINE_LIMIT], "the connection ended within a line"),
            (vec![b'['; LINE_LIMIT + READ_AT_ONCE * 2], "a line is longer than 1024 KiB"),
            ([vec![b'['; 100_000], b"\n".to_vec()].concat(), "a line is not a message of this protocol"),
        ] {
            let found = read_all(&bytes).expect_err(why).to_string();
            assert!(found.starts_with(why), "{found} != {why}");
        }
    }

    #[test]
    fn a_dropped_read_loses_nothing() {
        now(async {
            let (mut far, near) = tokio::io::duplex(1 << 20);
            let mut frames = Frames::new(near);
            far.write_all(b"\"one").await.unwrap();
            tokio::select! {
                biased;
                message = frames.next::<String>() => panic!("{message:?}"),
                () = tokio::task::yield_now() => {}
            }
            far.write_all(b" two\"\n").await.unwrap();
            assert_eq!(frames.next::<String>().await.unwrap().as_deref(), Some("one two"));
        });
    }

    proptest! {
        #[test]
        fn messages_survive_any_split(messages in prop::collection::vec("\\PC{0,20}", 1..6), chunk in 1_usize..40) {
            let bytes: Vec<u8> = messages.iter().flat_map(|message| encode(message).unwrap()).collect();
            let read = now(async {
                let (mut far, near) = tokio::io::duplex(chunk);
                let writer = async { far.write_all(&bytes).await.unwrap(); drop(far) };
                let reader = async {
                    let mut frames = Frames::new(near);
                    let mut read = Vec::new();
                    while let Some(message) = frames.next::<String>().await.unwrap() {
                        read.push(message);
                    }
                    read
                };
                tokio::join!(writer, reader).1
            });
            prop_assert_eq!(read, messages);
        }

        #[test]
        fn garbage_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read_all(&bytes);
        }
    }
}
