//! A step's output, as it arrives in pieces -> lines that are safe to draw.
//!
//! A carriage return overwrites the line, as progress bars want. Of colours only the chromatic foregrounds and bold are
//! kept: neither background nor black, white or conceal can hide text. Everything else becomes visible.

use std::collections::{BTreeMap, VecDeque};

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::text;

/// A line without end is cut into lines of this many bytes.
const LINE_BYTES: usize = 16 << 10;

type Run = (String, Style);

/// Bytes as they came, and where their lines begin; only lines that are drawn or searched are parsed.
#[derive(Clone, Debug, Default)]
pub struct Log {
    bytes: Vec<u8>,
    /// First byte of each line after the first one.
    starts: Vec<usize>,
    /// Line -> bytes that were not kept before it.
    gaps: BTreeMap<usize, u64>,
}

impl Log {
    pub fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.bytes.push(*byte);
            let begun = self.starts.last().copied().unwrap_or(0);
            if *byte == b'\n' || self.bytes.len() - begun >= LINE_BYTES {
                self.starts.push(self.bytes.len());
            }
        }
    }

    /// What follows does not follow on what came before: so many bytes between them are lost.
    pub fn gap(&mut self, lost: u64) {
        if self.starts.last().copied().unwrap_or(0) < self.bytes.len() {
            self.starts.push(self.bytes.len());
        }
        *self.gaps.entry(self.starts.len()).or_default() += lost;
    }

    /// Lines, the unfinished one included.
    pub fn len(&self) -> usize {
        self.starts.len() + usize::from(self.starts.last().copied().unwrap_or(0) < self.bytes.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes that were not kept, before the first line or between two.
    pub fn lost(&self) -> u64 {
        self.gaps.values().sum()
    }

    /// Without its line feed.
    fn line(&self, at: usize) -> &[u8] {
        let start = if at == 0 { 0 } else { self.starts[at - 1] };
        let end = self.starts.get(at).copied().unwrap_or(self.bytes.len());
        let line = &self.bytes[start..end];
        line.strip_suffix(b"\n").unwrap_or(line)
    }

    /// The last rows that fit above line `end`, wrapped, each with the number of its line; only those are built.
    pub fn rows(&self, end: usize, width: usize, height: usize, look: &Look<'_>) -> Vec<(usize, Line<'static>)> {
        let mut rows: VecDeque<(usize, Line<'static>)> = VecDeque::new();
        for at in (0..end.min(self.len())).rev() {
            let lost = self.gaps.get(&at).map(|lost| vec![(not_kept(*lost), Style::default())]);
            let runs = marked(parsed(self.line(at)), look.find);
            let lines = lost.into_iter().chain([runs]);
            for row in lines.flat_map(|runs| wrapped(&runs, width, look.tint)).collect::<Vec<_>>().into_iter().rev() {
                if rows.len() == height {
                    return rows.into();
                }
                rows.push_front((at, row));
            }
        }
        rows.into()
    }

    /// The next line from `from` on, or before it, in which the text is read; upper and lower case alike.
    pub fn find(&self, wanted: &str, from: usize, way: Way) -> Option<usize> {
        let wanted = wanted.to_lowercase();
        let said = |at: &usize| self.gaps.get(at).is_some_and(|lost| has(not_kept(*lost).as_bytes(), &wanted));
        let holds = |at: &usize| has(self.line(*at), &wanted) || said(at);
        match way {
            Way::Forward => (from..self.len()).find(holds),
            Way::Back => (0..from.min(self.len())).rev().find(holds),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Forward,
    Back,
}

/// How lines are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    pub tint: Tint,
    /// Lower case; marked wherever it stands.
    pub find: Option<&'a str>,
}

fn not_kept(lost: u64) -> String {
    format!("… {lost} bytes were not kept …")
}

/// Plain letters are looked through as they are: 16 MiB of them in the time of a key.
fn has(line: &[u8], wanted: &str) -> bool {
    if wanted.is_empty() {
        return false;
    }
    if line.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        return line.windows(wanted.len()).any(|window| window.eq_ignore_ascii_case(wanted.as_bytes()));
    }
    places(&plain(line), wanted).next().is_some()
}

fn plain(line: &[u8]) -> String {
    parsed(line).into_iter().map(|(text, _)| text).collect()
}

/// Where `wanted`, in lower case, stands. Letters whose lower case has another length are compared as they are.
fn places<'a>(text: &'a str, wanted: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    let lower = text.to_lowercase();
    let lower = if lower.len() == text.len() { lower } else { text.to_owned() };
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + lower[from..].find(wanted).filter(|_| !wanted.is_empty())?;
        from = at + wanted.len();
        Some((at, from))
    })
}

/// What is searched for stands out, across changes of colour.
fn marked(runs: Vec<Run>, find: Option<&str>) -> Vec<Run> {
    let Some(wanted) = find.filter(|wanted| !wanted.is_empty()) else { return runs };
    let text: String = runs.iter().map(|(text, _)| text.as_str()).collect();
    let found: Vec<(usize, usize)> = places(&text, wanted).collect();
    if found.is_empty() {
        return runs;
    }
    let mut out = Vec::new();
    let mut start = 0;
    for (run, style) in runs {
        let end = start + run.len();
        let cuts = found.iter().flat_map(|(from, to)| [*from, *to]).filter(|cut| *cut > start && *cut < end);
        let mut last = start;
        for cut in cuts.chain([end]) {
            let is_found = found.iter().any(|(from, to)| last >= *from && last < *to);
            let style = if is_found { style.add_modifier(Modifier::REVERSED) } else { style };
            if let Some(piece) = run.get(last - start..cut - start) {
                out.push((piece.to_owned(), style));
            }
            last = cut;
        }
        start = end;
    }
    out
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
        let style = if tint == Tint::AsWritten { *style } else { Style { fg: None, ..*style } };
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

    const PLAIN: Look<'_> = Look { tint: Tint::AsWritten, find: None };

    fn texts(log: &Log, width: usize) -> Vec<String> {
        log.rows(log.len(), width, 100, &PLAIN).iter().map(|(_, line)| line.to_string()).collect()
    }

    fn shown(bytes: &[u8], width: usize) -> Vec<String> {
        let mut log = Log::default();
        log.push(bytes);
        texts(&log, width)
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
            (b"a\n\nb\n", vec!["a", "", "b"]),
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
        assert_eq!(texts(&log, 80), shown(bytes, 80));
    }

    #[test]
    fn what_was_not_kept_is_said_where_it_is_missing() {
        let mut log = Log::default();
        log.push(b"head, cut he");
        log.gap(7);
        log.push(b"re\ntail\n");
        assert_eq!(texts(&log, 80), ["head, cut he", "… 7 bytes were not kept …", "re", "tail"]);
        assert_eq!((log.len(), log.lost()), (3, 7));
        assert_eq!(log.find("not kept", 0, Way::Forward), Some(1));
    }

    #[test]
    fn a_line_without_end_is_many_lines() {
        let mut log = Log::default();
        log.push(&vec![b'y'; LINE_BYTES * 2 + 1]);
        assert_eq!(log.len(), 3);
        assert_eq!(log.rows(log.len(), 10, 3, &PLAIN).len(), 3);
    }

    #[test]
    fn text_is_found_as_it_is_read() {
        let mut log = Log::default();
        log.push("GET /v1\n\x1b[31mFA\x1b[0mIL: Größe\nget more\n".as_bytes());
        for (wanted, from, way, expected) in [
            ("get", 0, Way::Forward, Some(0)),
            ("get", 1, Way::Forward, Some(2)),
            ("get", 2, Way::Back, Some(0)),
            ("get", 0, Way::Back, None),
            ("fail", 0, Way::Forward, Some(1)),
            ("GRÖSSE", 0, Way::Forward, None),
            ("größe", 0, Way::Forward, Some(1)),
            ("31m", 0, Way::Forward, None),
        ] {
            assert_eq!(log.find(wanted, from, way), expected, "{wanted} {from}");
        }
        let rows = log.rows(2, 80, 1, &Look { tint: Tint::None, find: Some("fail") });
        let reversed: String = rows[0]
            .1
            .spans
            .iter()
            .filter(|span| span.style.add_modifier.contains(Modifier::REVERSED))
            .map(|span| span.content.as_ref())
            .collect();
        assert_eq!((reversed.as_str(), rows[0].1.to_string().as_str()), ("FAIL", "FAIL: Größe"));
    }
}
