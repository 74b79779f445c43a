//! A step's output, as it arrives in pieces -> lines that are safe to draw.
//!
//! A carriage return overwrites the line, as progress bars want. Of colours only the chromatic foregrounds and bold are
//! kept: neither background nor black, white or conceal can hide text. Everything else becomes visible.

use std::collections::VecDeque;

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::text;

/// Lines kept in memory; the spool has them all.
const LINES: usize = 20_000;
/// A line without end is cut into lines of this many bytes.
const LINE_BYTES: usize = 16 << 10;

type Run = (String, Style);

#[derive(Clone, Debug, Default)]
pub struct Log {
    lines: VecDeque<Vec<Run>>,
    /// Bytes after the last line feed.
    open: Vec<u8>,
    dropped: u64,
}

impl Log {
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if *byte == b'\n' || self.open.len() >= LINE_BYTES {
                self.close();
            }
            if *byte != b'\n' {
                self.open.push(*byte);
            }
        }
    }

    fn close(&mut self) {
        let line = parsed(&std::mem::take(&mut self.open));
        self.lines.push_back(line);
        if self.lines.len() > LINES {
            self.lines.pop_front();
            self.dropped += 1;
        }
    }

    /// Lines, the unfinished one included.
    pub fn len(&self) -> usize {
        self.lines.len() + usize::from(!self.open.is_empty())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lines that were let go.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The last rows that fit above line `end`, wrapped; only those are built.
    pub fn rows(&self, end: usize, width: usize, height: usize, tint: Tint) -> Vec<Line<'static>> {
        let mut rows: VecDeque<Line<'static>> = VecDeque::new();
        let unfinished = (!self.open.is_empty()).then(|| parsed(&self.open));
        for at in (0..end.min(self.len())).rev() {
            let Some(line) = self.lines.get(at).or(unfinished.as_ref()) else { continue };
            for row in wrapped(line, width, tint).into_iter().rev() {
                if rows.len() == height {
                    return rows.into();
                }
                rows.push_front(row);
            }
        }
        rows.into()
    }
}

/// Whether colours of the output are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tint {
    AsWritten,
    None,
}

fn wrapped(runs: &[Run], width: usize, tint: Tint) -> Vec<Line<'static>> {
    let width = width.max(1);
    let mut rows = Vec::new();
    let mut row: Vec<Span<'static>> = Vec::new();
    let mut cells = 0;
    for (run, style) in runs {
        let style = if tint == Tint::AsWritten { *style } else { Style::default() };
        let mut piece = String::new();
        for grapheme in run.graphemes(true) {
            let wide = text::width(grapheme);
            if cells + wide > width {
                row.push(Span::styled(std::mem::take(&mut piece), style));
                rows.push(Line::from(std::mem::take(&mut row)));
                cells = 0;
            }
            piece.push_str(grapheme);
            cells += wide;
        }
        row.push(Span::styled(piece, style));
    }
    rows.push(Line::from(row));
    rows
}

/// One line's bytes, without its line feed.
fn parsed(bytes: &[u8]) -> Vec<Run> {
    let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
    let last = bytes.iter().rposition(|byte| *byte == b'\r').map_or(bytes, |at| &bytes[at + 1..]);
    let mut runs: Vec<Run> = Vec::new();
    let mut style = Style::default();
    let mut rest = last;
    while let Some((at, end)) = next_sgr(rest) {
        push_run(&mut runs, &rest[..at], style);
        style = restyled(style, &rest[at + 2..end]);
        rest = &rest[end + 1..];
    }
    push_run(&mut runs, rest, style);
    runs
}

fn push_run(runs: &mut Vec<Run>, bytes: &[u8], style: Style) {
    if !bytes.is_empty() {
        runs.push((text::safe_bytes(bytes).replace('\n', "␤"), style));
    }
}

/// Where the next `ESC [ digits m` starts, and where its `m` is.
fn next_sgr(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(at) = bytes[from..].windows(2).position(|pair| pair == b"\x1b[").map(|at| at + from) {
        let end = bytes[at + 2..].iter().position(|byte| !matches!(byte, b'0'..=b'9' | b';')).map(|end| end + at + 2)?;
        if bytes[end] == b'm' {
            return Some((at, end));
        }
        from = at + 2;
    }
    None
}

fn restyled(mut style: Style, params: &[u8]) -> Style {
    let text = String::from_utf8_lossy(params);
    let mut numbers = text.split(';').map(|number| number.parse::<u16>().unwrap_or(0));
    while let Some(number) = numbers.next() {
        style = match number {
            0 => Style::default(),
            1 => style.add_modifier(Modifier::BOLD),
            22 => style.remove_modifier(Modifier::BOLD),
            31..=36 => style.fg(CHROMATIC[usize::from(number - 31)]),
            91..=96 => style.fg(CHROMATIC[usize::from(number - 91)]),
            30 | 37 | 39 | 90 | 97 => Style { fg: None, ..style },
            // Their arguments follow; left out, so that they are not read as colours of their own.
            38 | 48 => {
                let count = if numbers.next() == Some(2) { 3 } else { 1 };
                numbers.by_ref().take(count).for_each(drop);
                style
            }
            _ => style,
        };
    }
    style
}

const CHROMATIC: [Color; 6] = [Color::Red, Color::Green, Color::Yellow, Color::Blue, Color::Magenta, Color::Cyan];

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8], width: usize) -> Vec<String> {
        let mut log = Log::default();
        log.push(bytes);
        log.rows(log.len(), width, 100, Tint::AsWritten).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn output_becomes_lines() {
        for (bytes, expected) in [
            (&b"one\ntwo\r\nthree"[..], vec!["one", "two", "three"]),
            (b"10%\r50%\r100%\n", vec!["100%"]),
            (b"\x1b[1;31mred\x1b[0m plain\n", vec!["red plain"]),
            (b"\x1b]0;title\x07x\n", vec!["^[]0;title^Gx"]),
            (b"\x1b[2J\x1b[8mhidden\n", vec!["^[[2Jhidden"]),
            (b"\xff\xfe\n", vec!["<ff><fe>"]),
            (b"abcdef", vec!["abcd", "ef"]),
        ] {
            assert_eq!(shown(bytes, 4 * 10_usize.pow(u32::from(bytes != b"abcdef"))), expected, "{bytes:?}");
        }
    }

    #[test]
    fn pieces_make_no_difference() {
        let bytes = "a\x1b[32mgrün\x1b[0m\nb\r\nc".as_bytes();
        let mut log = Log::default();
        for byte in bytes {
            log.push(&[*byte]);
        }
        let whole: Vec<String> = log.rows(log.len(), 80, 10, Tint::None).iter().map(ToString::to_string).collect();
        assert_eq!(whole, shown(bytes, 80));
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut log = Log::default();
        for _ in 0..LINES + 5 {
            log.push(b"x\n");
        }
        assert_eq!((log.len(), log.dropped()), (LINES, 5));
        log.push(&vec![b'y'; LINE_BYTES * 2]);
        assert_eq!(log.rows(log.len(), 10, 3, Tint::None).len(), 3);
    }
}
