//! Control, invisible and direction-changing characters -> visible marks such as `^[`, `<9b>` and `<U+202E>`.
//!
//! The result moves no cursor, hides no character and never joins the text around it. Doing it twice changes nothing.
//!
//! Why each class is here: kubectl CVE-2021-25743, git CVE-2024-52005, tracing-subscriber CVE-2025-58160,
//! "Trojan Source" CVE-2021-42574.

use std::fmt::Write as _;

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthChar as _;

/// Marks that one base character may carry; the rest is shown as `<U+0301>`. Unicode's own stream-safe format allows 30,
/// no written language needs more than four.
const MARKS_LIMIT: u32 = 4;
/// Bytes of one grapheme: a terminal cell that takes more costs memory and time in every emulator.
const GRAPHEME_LIMIT: usize = 32;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    /// A line break is shown as `␤`.
    One,
    Many,
}

/// One line for people.
pub fn safe(text: &str) -> String {
    sanitised(text, Lines::One)
}

/// Keeps line feeds; everything else as in [`safe`].
pub fn safe_block(text: &str) -> String {
    sanitised(text, Lines::Many)
}

/// Bytes that are not UTF-8 are shown as `<ff>`; then as in [`safe_block`].
pub fn safe_bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        push_sanitised(&mut out, chunk.valid(), Lines::Many);
        for byte in chunk.invalid() {
            let _ = write!(out, "<{byte:02x}>");
        }
    }
    clamp_graphemes(out)
}

/// JSON text with the same value, in which no character acts on a terminal. Such characters only occur inside strings,
/// where `\u009b` means the same.
pub fn safe_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && (is_control(c) || is_invisible(c)) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

fn sanitised(text: &str, lines: Lines) -> String {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    push_sanitised(&mut out, text, lines);
    clamp_graphemes(out)
}

fn push_sanitised(out: &mut String, text: &str, lines: Lines) {
    // A mark without a base of its own would join what stands before the text on the screen.
    let mut marks_left = 0;
    for c in text.chars() {
        if c == '\n' && lines == Lines::Many {
            out.push('\n');
            marks_left = 0;
        } else if is_control(c) {
            push_control(out, c);
            marks_left = 0;
        } else if is_invisible(c) {
            push_code_point(out, c);
            marks_left = 0;
        } else if c.width() != Some(0) {
            out.push(c);
            marks_left = MARKS_LIMIT;
        } else if marks_left > 0 {
            out.push(c);
            marks_left -= 1;
        } else {
            push_code_point(out, c);
        }
    }
}

fn push_control(out: &mut String, c: char) {
    match c {
        '\n' => out.push('␤'),
        '\t' => out.push(' '),
        '\0'..='\u{1f}' => {
            out.push('^');
            out.extend(char::from_u32(u32::from(c) + 0x40));
        }
        '\u{7f}' => out.push_str("^?"),
        _ => {
            let _ = write!(out, "<{:02x}>", u32::from(c));
        }
    }
}

fn push_code_point(out: &mut String, c: char) {
    let _ = write!(out, "<U+{:04X}>", u32::from(c));
}

/// Chains of letters that join into one cell (conjuncts, jamo, prepended signs) are cut by showing what is over the limit.
fn clamp_graphemes(text: String) -> String {
    if text.is_ascii() || text.graphemes(true).all(|cluster| cluster.len() <= GRAPHEME_LIMIT) {
        return text;
    }
    let mut out = String::with_capacity(text.len() * 2);
    for cluster in text.graphemes(true) {
        if cluster.len() <= GRAPHEME_LIMIT {
            out.push_str(cluster);
            continue;
        }
        // One byte is left for the `<` of the next mark: a prepended sign would take it into its own cluster.
        let mut room = GRAPHEME_LIMIT - 1;
        for c in cluster.chars() {
            if let Some(left) = room.checked_sub(c.len_utf8()) {
                room = left;
                out.push(c);
            } else {
                room = 0;
                push_code_point(&mut out, c);
            }
        }
    }
    out
}

fn is_control(c: char) -> bool {
    c.is_control()
}

/// Default-ignorable, direction, format, filler and separator characters: they change the line and leave no mark of their own.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        // Zero-width space to right-to-left mark; line and paragraph separators; embeddings and overrides; joiners and isolates.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        // Braille blank and Hangul fillers look like a space and are none.
        | '\u{2800}' | '\u{3164}' | '\u{ffa0}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        // Tags and the variation selectors of the supplement.
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_becomes_visible() {
        for (text, shown) in [
            ("plain text, grüße, 日本語, 🦀", "plain text, grüße, 日本語, 🦀"),
            ("\x1b[2J\x1b]0;title\x07", "^[[2J^[]0;title^G"),
            ("a\tb\r\nc", "a b^M␤c"),
            ("\u{9b}31m\u{9d}8;;x\u{9c}", "<9b>31m<9d>8;;x<9c>"),
            ("\u{7f}\0", "^?^@"),
            ("user\u{202e}gpj.exe", "user<U+202E>gpj.exe"),
            ("zero\u{200b}width\u{feff}", "zero<U+200B>width<U+FEFF>"),
            ("tag\u{e0041}\u{fe0f}\u{2028}", "tag<U+E0041><U+FE0F><U+2028>"),
            ("e\u{301}", "e\u{301}"),
            ("\u{301}e", "<U+0301>e"),
            ("a\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}b", "a\u{301}\u{302}\u{303}\u{304}<U+0305><U+0306>b"),
        ] {
            assert_eq!(safe(text), shown, "{text:?}");
        }
        assert_eq!(safe_block("a\nb\u{8}"), "a\nb^H");
        assert_eq!(safe_bytes(b"ok\xff\xfe \xe2\x82 \xc3\xbc\x1b\n"), "ok<ff><fe> <e2><82> ü^[\n");
    }

    #[test]
    fn joined_letters_stay_within_a_cell() {
        for chain in ["\u{1100}".repeat(100), "\u{915}\u{94d}".repeat(100), "\u{600}".repeat(100), "a\u{1f3fb}".repeat(30)] {
            let shown = safe(&chain);
            assert!(shown.graphemes(true).all(|cluster| cluster.len() <= GRAPHEME_LIMIT), "{shown}");
            assert_eq!(safe(&shown), shown);
        }
    }

    #[test]
    fn json_keeps_its_value_and_loses_its_teeth() {
        let value = serde_json::json!({"a": "\u{9b}2J \u{202e} \u{7f} \u{e0041} ü\n"});
        let printed = safe_json(&serde_json::to_string_pretty(&value).unwrap());
        assert_harmless(&printed, &['\n']);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&printed).unwrap(), value);
    }

    fn assert_harmless(shown: &str, kept: &[char]) {
        for c in shown.chars().filter(|c| !kept.contains(c)) {
            assert!(!matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'), "{shown:?}");
            assert!(!matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}'), "{shown:?}");
            assert!(!matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}' | '\u{feff}'), "{shown:?}");
        }
    }

    /// Text thick with what attackers use.
    fn hostile() -> impl Strategy<Value = String> {
        let nasty = prop::sample::select(vec![
            '\x1b',
            '\u{9b}',
            '\n',
            '\r',
            '\t',
            '\0',
            '\u{7f}',
            '\u{85}',
            '\u{202e}',
            '\u{2066}',
            '\u{2069}',
            '\u{200d}',
            '\u{2028}',
            '\u{feff}',
            '\u{fe0f}',
            '\u{e0041}',
            '\u{e01ef}',
            '\u{301}',
            '\u{20dd}',
            '\u{1100}',
            '\u{1161}',
            '\u{600}',
            '\u{94d}',
            '\u{915}',
            '\u{1f468}',
            '\u{1f3fb}',
            '\u{1f1e6}',
        ]);
        prop::collection::vec(prop_oneof![3 => nasty, 1 => any::<char>()], 0..80).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn nothing_that_acts_survives(text in hostile()) {
            assert_harmless(&safe(&text), &[]);
            assert_harmless(&safe_block(&text), &['\n']);
        }

        #[test]
        fn twice_is_once(text in hostile()) {
            let once = safe(&text);
            prop_assert_eq!(&safe(&once), &once);
            let block = safe_block(&text);
            prop_assert_eq!(&safe_block(&block), &block);
        }

        #[test]
        fn cells_stay_small(text in hostile()) {
            for cluster in safe(&text).graphemes(true) {
                prop_assert!(cluster.len() <= GRAPHEME_LIMIT, "{:?}", cluster);
            }
            // A run of marks is never longer than the limit, and never stands alone.
            let mut run = MARKS_LIMIT;
            for c in safe(&text).chars() {
                run = if c.width() == Some(0) { run + 1 } else { 0 };
                prop_assert!(run <= MARKS_LIMIT, "{:?}", text);
            }
        }

        #[test]
        fn any_bytes_can_be_shown(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let shown = safe_bytes(&bytes);
            assert_harmless(&shown, &['\n']);
            prop_assert_eq!(safe_block(&shown), shown.clone());
        }

        #[test]
        fn printable_text_is_unchanged(text in "[ -~äöüßéñçøåа-яΑ-Ω一-龥ぁ-ん]{0,60}") {
            prop_assert_eq!(safe(&text), text);
        }
    }
}
