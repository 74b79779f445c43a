//! A long line -> rows that fit.
//!
//! Cuts at cells where every blank counts, at words where people read. Nothing is lost: a row keeps the blank it ends with.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::text;

/// How a line that is too long goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    /// An argv must not change its blanks.
    Cells,
    /// Prose; a word that is too long for a row is cut.
    Words,
}

impl Wrap {
    pub fn rows(self, line: &str, room: usize) -> Vec<String> {
        match self {
            Self::Cells => fill(line.graphemes(true), room),
            Self::Words => {
                let words = line.split_inclusive(' ');
                fill(
                    words.flat_map(|word| if text::width(word.trim_end()) > room { word.graphemes(true).collect() } else { vec![word] }),
                    room,
                )
            }
        }
    }
}

/// Blanks at the end of a row need no room.
fn fill<'a>(parts: impl Iterator<Item = &'a str>, room: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    let mut cells = 0;
    for part in parts {
        let needed = if part.len() > 1 { text::width(part.trim_end_matches(' ')) } else { text::width(part) };
        if cells + needed > room && cells > 0 {
            rows.push(String::new());
            cells = 0;
        }
        cells += text::width(part);
        if let Some(last) = rows.last_mut() {
            last.push_str(part);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_and_everything_fits() {
        for (wrap, line, room, expected) in [
            (Wrap::Cells, "a  b c", 3, vec!["a  ", "b c"]),
            (Wrap::Words, "one two three", 7, vec!["one two ", "three"]),
            (Wrap::Words, "一二 三 abcdefgh i", 4, vec!["一二 ", "三 a", "bcde", "fgh ", "i"]),
            (Wrap::Words, "", 4, vec![""]),
            (Wrap::Cells, "日本", 1, vec!["日", "本"]),
        ] {
            let rows = wrap.rows(line, room);
            assert_eq!(rows, expected, "{line}");
            assert_eq!(rows.concat(), line);
        }
    }
}
