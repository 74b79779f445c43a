//! Text -> terminal cells.
//!
//! Counted by grapheme, as the screen buffer places it; text is expected to be safe already.

use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Terminal cells that the text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(cluster_width).sum() }
}

/// At most `cells` wide; ends with `…` when something was cut.
pub fn clip(text: &str, cells: usize) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    let Some(room) = cells.checked_sub(1) else { return String::new() };
    let mut out = String::new();
    let mut taken = 0;
    for cluster in text.graphemes(true) {
        taken += cluster_width(cluster);
        if taken > room {
            break;
        }
        out.push_str(cluster);
    }
    out.push('…');
    out
}

fn cluster_width(cluster: &str) -> usize {
    cluster.width()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_are_counted_as_shown() {
        for (text, cells) in [("", 0), ("abc", 3), ("grüße", 5), ("日本", 4), ("e\u{301}", 1), ("🦀", 2), ("┌─┐", 3)] {
            assert_eq!(width(text), cells, "{text}");
        }
    }

    #[test]
    fn a_cut_is_marked() {
        for (text, cells, shown) in
            [("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("日本語", 4, "日…"), ("日本語", 5, "日本…"), ("ab", 1, "…"), ("ab", 0, "")]
        {
            assert_eq!(clip(text, cells), shown, "{text} {cells}");
        }
    }

    proptest! {
        #[test]
        fn never_wider_than_asked(text in "\\PC{0,40}", cells in 0_usize..30) {
            prop_assert!(width(&clip(&text, cells)) <= cells);
        }
    }
}
