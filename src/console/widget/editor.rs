//! Keys and pastes -> text, for the intent and for the words that a dialog asks for.
//!
//! Holds printable text and line feeds only: everything else was made visible on the way in. Never submits anything.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::text;

/// Bytes; more is refused.
const CAP: usize = 64 << 10;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Editor {
    text: String,
    /// Byte place, always between graphemes.
    at: usize,
}

impl Editor {
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    pub fn clear(&mut self) {
        self.text.clear();
        self.at = 0;
    }

    pub fn set(&mut self, text: &str) {
        self.clear();
        self.paste(text);
    }

    pub fn insert(&mut self, letter: char) {
        self.put(&text::safe_block(letter.encode_utf8(&mut [0; 4])));
    }

    /// Cleaned; returns how many bytes found no room.
    pub fn paste(&mut self, pasted: &str) -> usize {
        let clean = text::safe_block(&pasted.replace("\r\n", "\n").replace('\r', "\n"));
        let room = CAP.saturating_sub(self.text.len());
        let end = (0..=room.min(clean.len())).rev().find(|end| clean.is_char_boundary(*end)).unwrap_or(0);
        self.put(&clean[..end]);
        clean.len() - end
    }

    fn put(&mut self, piece: &str) {
        if self.text.len() + piece.len() > CAP {
            return;
        }
        self.text.insert_str(self.at, piece);
        self.at += piece.len();
        // A combining mark joins what stood before the cursor.
        self.at = self.boundary_at_or_after(self.at);
    }

    fn boundary_at_or_after(&self, at: usize) -> usize {
        self.text
            .grapheme_indices(true)
            .map(|(start, _)| start)
            .chain([self.text.len()])
            .find(|start| *start >= at)
            .unwrap_or(self.text.len())
    }

    pub fn backspace(&mut self) {
        let before = self.before();
        self.text.replace_range(before..self.at, "");
        self.at = before;
    }

    pub fn delete(&mut self) {
        let after = self.after();
        self.text.replace_range(self.at..after, "");
    }

    /// Back to the start of the word.
    pub fn delete_word(&mut self) {
        let head = self.text[..self.at].trim_end();
        let start = head.rfind(char::is_whitespace).map_or(0, |at| at + head[at..].chars().next().map_or(1, char::len_utf8));
        self.text.replace_range(start..self.at, "");
        self.at = start;
    }

    fn before(&self) -> usize {
        self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(start, _)| start)
    }

    fn after(&self) -> usize {
        self.text[self.at..].graphemes(true).next().map_or(self.at, |grapheme| self.at + grapheme.len())
    }

    pub fn left(&mut self) {
        self.at = self.before();
    }

    pub fn right(&mut self) {
        self.at = self.after();
    }

    pub fn home(&mut self) {
        self.at = self.text[..self.at].rfind('\n').map_or(0, |at| at + 1);
    }

    pub fn end(&mut self) {
        self.at = self.text[self.at..].find('\n').map_or(self.text.len(), |at| self.at + at);
    }

    pub fn end_of_all(&mut self) {
        self.at = self.text.len();
    }

    /// Lines of at most `width` cells, and the cursor's row and column among them.
    pub fn wrapped(&self, width: usize) -> (Vec<String>, (usize, usize)) {
        let width = width.max(1);
        let mut lines = vec![String::new()];
        let mut cells = 0;
        let mut cursor = (0, 0);
        for (start, grapheme) in self.text.grapheme_indices(true) {
            let wide = if grapheme == "\n" { 0 } else { text::width(grapheme) };
            if cells + wide > width && grapheme != "\n" {
                lines.push(String::new());
                cells = 0;
            }
            if start == self.at {
                cursor = (lines.len() - 1, cells);
            }
            if grapheme == "\n" {
                lines.push(String::new());
                cells = 0;
                continue;
            }
            cells += wide;
            if let Some(line) = lines.last_mut() {
                line.push_str(grapheme);
            }
        }
        if self.at == self.text.len() {
            if cells >= width {
                lines.push(String::new());
                cells = 0;
            }
            cursor = (lines.len() - 1, cells);
        }
        (lines, cursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_whole_characters() {
        let mut editor = Editor::default();
        assert_eq!(editor.paste("restart na\u{308}ginx\r\nnow\x1b[2J"), 0);
        assert_eq!(editor.text(), "restart na\u{308}ginx\nnow^[[2J");
        editor.home();
        editor.left();
        editor.delete_word();
        assert_eq!(editor.text(), "restart \nnow^[[2J");
        editor.insert('x');
        editor.left();
        editor.delete();
        editor.backspace();
        assert_eq!(editor.text(), "restart\nnow^[[2J");
    }

    #[test]
    fn a_paste_over_the_cap_is_cut_and_counted() {
        let mut editor = Editor::default();
        assert_eq!(editor.paste(&"é".repeat(CAP)), CAP);
        editor.insert('x');
        assert_eq!(editor.text().len(), CAP);
    }

    #[test]
    fn wraps_by_cells() {
        let mut editor = Editor::default();
        editor.paste("abc日本\nx");
        assert_eq!(editor.wrapped(4), (vec!["abc".to_owned(), "日本".to_owned(), "x".to_owned()], (2, 1)));
        assert_eq!(editor.wrapped(0).0.len(), 7, "each character in a line of its own, however narrow");
    }
}
