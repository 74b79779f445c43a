//! Bytes -> inputs, however they are cut into reads.
//!
//! Never panics and never waits: what is incomplete stays here until more bytes come or `give_up` says that none will.
//! Replies of the terminal and sequences that nobody asked for are swallowed whole, so they never become keys.

use super::{Code, Held, Input, Key};

/// Bytes of one paste that are kept.
pub const PASTE_CAP: usize = 64 << 10;
/// A sequence longer than this is noise.
const SEQUENCE_CAP: usize = 256;
const PASTE_END: &[u8] = b"\x1b[201~";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Ground,
    /// After ESC.
    Escape,
    /// After `ESC [`, with the bytes so far.
    Csi(Vec<u8>),
    /// After `ESC O`.
    Ss3,
    /// Inside OSC, DCS, APC, PM or SOS: ends at BEL or `ESC \`. Carries how many bytes were swallowed.
    Text {
        swallowed: usize,
        after_escape: bool,
    },
    /// Inside a character of several bytes.
    Utf8 {
        bytes: Vec<u8>,
        wanted: usize,
        held: Held,
    },
    Paste {
        bytes: Vec<u8>,
        dropped: usize,
    },
}

#[derive(Debug, Default)]
pub struct Parser {
    place: Place,
}

impl Parser {
    pub fn feed(&mut self, bytes: &[u8], out: &mut Vec<Input>) {
        for byte in bytes {
            self.step(*byte, out);
        }
    }

    /// More bytes are needed to know what the last ones mean.
    pub fn is_waiting(&self) -> bool {
        self.place != Place::Ground
    }

    pub fn is_in_paste(&self) -> bool {
        matches!(self.place, Place::Paste { .. })
    }

    /// No more bytes came for a while: a lone ESC was the key, a cut sequence is dropped, a paste without end ends.
    pub fn give_up(&mut self, out: &mut Vec<Input>) {
        match std::mem::take(&mut self.place) {
            Place::Escape => out.push(Input::Key(Key::plain(Code::Esc))),
            Place::Csi(bytes) if bytes.is_empty() => out.push(alt('[')),
            Place::Ss3 => out.push(alt('O')),
            Place::Paste { bytes, dropped } => out.push(pasted(&bytes, dropped)),
            Place::Ground | Place::Csi(_) | Place::Text { .. } | Place::Utf8 { .. } => {}
        }
    }

    fn step(&mut self, byte: u8, out: &mut Vec<Input>) {
        self.place = match std::mem::take(&mut self.place) {
            Place::Ground => ground(byte, Held::Nothing, out),
            Place::Escape => after_escape(byte, out),
            Place::Csi(bytes) => csi(bytes, byte, out),
            Place::Ss3 => ss3(byte, out),
            Place::Text { swallowed, after_escape } => text(swallowed, after_escape, byte),
            Place::Utf8 { bytes, wanted, held } => utf8(bytes, wanted, held, byte, out),
            Place::Paste { bytes, dropped } => paste(bytes, dropped, byte, out),
        };
    }
}

fn alt(letter: char) -> Input {
    Input::Key(Key { code: Code::Char(letter), held: Held::Alt })
}

fn ground(byte: u8, held: Held, out: &mut Vec<Input>) -> Place {
    let code = match byte {
        0x1b => return Place::Escape,
        b'\r' => Code::Enter,
        b'\t' => Code::Tab,
        0x7f | 0x08 => Code::Backspace,
        0x01..=0x1a => {
            out.push(Input::Key(Key::ctrl(char::from(byte + 0x60))));
            return Place::Ground;
        }
        0x00 | 0x1c..=0x1f | 0x80..=0xc1 | 0xf5..=0xff => return Place::Ground,
        0x20..=0x7e => Code::Char(char::from(byte)),
        0xc2..=0xdf => return Place::Utf8 { bytes: vec![byte], wanted: 2, held },
        0xe0..=0xef => return Place::Utf8 { bytes: vec![byte], wanted: 3, held },
        0xf0..=0xf4 => return Place::Utf8 { bytes: vec![byte], wanted: 4, held },
    };
    out.push(Input::Key(Key { code, held }));
    Place::Ground
}

fn after_escape(byte: u8, out: &mut Vec<Input>) -> Place {
    match byte {
        b'[' => Place::Csi(Vec::new()),
        b'O' => Place::Ss3,
        b']' | b'P' | b'_' | b'^' | b'X' => Place::Text { swallowed: 0, after_escape: false },
        0x1b => {
            out.push(Input::Key(Key::plain(Code::Esc)));
            Place::Escape
        }
        _ => ground(byte, Held::Alt, out),
    }
}

fn utf8(mut bytes: Vec<u8>, wanted: usize, held: Held, byte: u8, out: &mut Vec<Input>) -> Place {
    if !(0x80..=0xbf).contains(&byte) {
        return ground(byte, Held::Nothing, out);
    }
    bytes.push(byte);
    if bytes.len() < wanted {
        return Place::Utf8 { bytes, wanted, held };
    }
    if let Some(letter) = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next()).filter(|letter| !letter.is_control()) {
        out.push(Input::Key(Key { code: Code::Char(letter), held }));
    }
    Place::Ground
}

fn csi(mut bytes: Vec<u8>, byte: u8, out: &mut Vec<Input>) -> Place {
    match byte {
        0x1b => Place::Escape,
        0x40..=0x7e if bytes == b"[" => Place::Ground,
        b'[' if bytes.is_empty() => Place::Csi(vec![b'[']),
        0x40..=0x7e => {
            if byte == b'~' && bytes == b"200" {
                return Place::Paste { bytes: Vec::new(), dropped: 0 };
            }
            out.extend(csi_key(&bytes, byte));
            Place::Ground
        }
        0x20..=0x3f if bytes.len() < SEQUENCE_CAP => {
            bytes.push(byte);
            Place::Csi(bytes)
        }
        _ => Place::Ground,
    }
}

fn csi_key(params: &[u8], last: u8) -> Option<Input> {
    let text = std::str::from_utf8(params).ok()?;
    if text.starts_with(['?', '>', '<', '=']) {
        return None;
    }
    let mut numbers = text.split(';').map(|part| part.split(':').next().unwrap_or("").parse::<u32>().unwrap_or(1));
    let (first, modifier) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1));
    let held = held(modifier);
    let code = match last {
        b'I' if params.is_empty() => return Some(Input::FocusGained),
        b'O' if params.is_empty() => return Some(Input::FocusLost),
        b'Z' => Code::BackTab,
        b'~' => tilde(first)?,
        b'u' => return unicode_key(first, held),
        _ => cursor(last)?,
    };
    Some(Input::Key(Key { code, held }))
}

/// xterm's modifier parameter: 1 + (1 shift, 2 alt, 4 ctrl).
fn held(modifier: u32) -> Held {
    let bits = modifier.saturating_sub(1);
    if bits & 4 != 0 {
        Held::Ctrl
    } else if bits & 2 != 0 {
        Held::Alt
    } else {
        Held::Nothing
    }
}

fn tilde(number: u32) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=24 => Code::Function(u8::try_from(number - 10).ok()?),
        _ => return None,
    })
}

fn cursor(last: u8) -> Option<Code> {
    Some(match last {
        b'A' => Code::Up,
        b'B' => Code::Down,
        b'C' => Code::Right,
        b'D' => Code::Left,
        b'F' => Code::End,
        b'H' => Code::Home,
        // `R` would be F3, but is also the end of a cursor report.
        b'P' | b'Q' | b'S' => Code::Function(last - b'P' + 1),
        _ => return None,
    })
}

/// `CSI code ; modifiers u`, as kitty and foot send it.
fn unicode_key(number: u32, held: Held) -> Option<Input> {
    let code = match number {
        13 => Code::Enter,
        27 => Code::Esc,
        9 => Code::Tab,
        127 | 8 => Code::Backspace,
        _ => Code::Char(char::from_u32(number).filter(|letter| !letter.is_control())?),
    };
    Some(Input::Key(Key { code, held }))
}

fn ss3(byte: u8, out: &mut Vec<Input>) -> Place {
    if byte == 0x1b {
        return Place::Escape;
    }
    out.extend(cursor(byte).map(|code| Input::Key(Key::plain(code))));
    Place::Ground
}

fn text(swallowed: usize, after_escape: bool, byte: u8) -> Place {
    match byte {
        0x07 => Place::Ground,
        b'\\' if after_escape => Place::Ground,
        _ if swallowed > SEQUENCE_CAP * 16 => Place::Ground,
        _ => Place::Text { swallowed: swallowed + 1, after_escape: byte == 0x1b },
    }
}

fn paste(mut bytes: Vec<u8>, dropped: usize, byte: u8, out: &mut Vec<Input>) -> Place {
    bytes.push(byte);
    if bytes.ends_with(PASTE_END) {
        bytes.truncate(bytes.len() - PASTE_END.len());
        out.push(pasted(&bytes, dropped));
        return Place::Ground;
    }
    // Room for the end mark beyond the cap: only what is certainly not part of it may go.
    if bytes.len() > PASTE_CAP + PASTE_END.len() {
        bytes.remove(PASTE_CAP);
        return Place::Paste { bytes, dropped: dropped + 1 };
    }
    Place::Paste { bytes, dropped }
}

fn pasted(bytes: &[u8], dropped: usize) -> Input {
    let kept = &bytes[..bytes.len().min(PASTE_CAP)];
    Input::Paste { text: String::from_utf8_lossy(kept).into_owned(), dropped: dropped + bytes.len() - kept.len() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(bytes: &[u8]) -> Vec<Input> {
        let mut parser = Parser::default();
        let mut out = Vec::new();
        parser.feed(bytes, &mut out);
        parser.give_up(&mut out);
        out
    }

    fn key(code: Code) -> Input {
        Input::Key(Key::plain(code))
    }

    fn paste(text: &str) -> Input {
        Input::Paste { text: text.to_owned(), dropped: 0 }
    }

    #[test]
    fn sequences_become_keys() {
        for (bytes, expected) in [
            (&b"a\r\t\x7f"[..], vec![key(Code::Char('a')), key(Code::Enter), key(Code::Tab), key(Code::Backspace)]),
            (b"\x1b", vec![key(Code::Esc)]),
            (b"\x1b\x1b[A", vec![key(Code::Esc), key(Code::Up)]),
            (b"\x1b[A\x1bOB\x1b[5~\x1b[Z", vec![key(Code::Up), key(Code::Down), key(Code::PageUp), key(Code::BackTab)]),
            (b"\x1b[1;5C", vec![Input::Key(Key { code: Code::Right, held: Held::Ctrl })]),
            (b"\x03\x1bx", vec![Input::Key(Key::ctrl('c')), alt('x')]),
            (b"\x1b[I\x1b[O", vec![Input::FocusGained, Input::FocusLost]),
            ("\u{e9}\u{1f600}".as_bytes(), vec![key(Code::Char('\u{e9}')), key(Code::Char('\u{1f600}'))]),
            (b"\x1b[200~y\r\n\x1b[31m\x1b[201~z", vec![paste("y\r\n\x1b[31m"), key(Code::Char('z'))]),
            (b"\x1b[13u", vec![key(Code::Enter)]),
        ] {
            assert_eq!(parsed(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn what_nobody_asked_for_presses_no_key() {
        for bytes in [
            &b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\"[..],
            b"\x1b]0;rrr\x07",
            b"\x1bP1$r0m\x1b\\",
            b"\x1b[?2026;2$y",
            b"\x1b[?62;c",
            b"\x1b[12;40R",
            b"\x1b[<0;1;1M",
            b"\xff\xfe\x80",
            b"\x1b[1;",
        ] {
            assert_eq!(parsed(bytes), vec![], "{bytes:?}");
        }
    }

    #[test]
    fn a_paste_is_capped_and_counted() {
        let mut bytes = b"\x1b[200~".to_vec();
        bytes.extend(vec![b'x'; PASTE_CAP + 1_000]);
        bytes.extend(PASTE_END);
        bytes.push(b'k');
        let expected = vec![Input::Paste { text: "x".repeat(PASTE_CAP), dropped: 1_000 }, key(Code::Char('k'))];
        assert_eq!(parsed(&bytes), expected);
    }

    fn noise() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            any::<u8>().prop_map(|byte| vec![byte]),
            Just(b"\x1b".to_vec()),
            Just(b"\x1b[".to_vec()),
            Just(b"\x1b[200~".to_vec()),
            Just(PASTE_END.to_vec()),
            Just(b"\x1b]".to_vec()),
            Just("\u{20ac}".as_bytes().to_vec()),
            "[0-9;]{0,6}[A-Za-z~]".prop_map(String::into_bytes),
        ];
        prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn cutting_the_bytes_changes_nothing(bytes in noise(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..6)) {
            let mut places: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
            places.extend([0, bytes.len()]);
            places.sort_unstable();
            let mut parser = Parser::default();
            let mut out = Vec::new();
            for pair in places.windows(2) {
                parser.feed(&bytes[pair[0]..pair[1]], &mut out);
            }
            parser.give_up(&mut out);
            prop_assert_eq!(out, parsed(&bytes));
            prop_assert!(!parser.is_waiting());
        }
    }
}
