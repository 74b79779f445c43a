//! Texts of many lines -> a short name where they stand, and each of them whole, once, in a place of its own.
//!
//! A script between quotes on one line hides the values behind it; nothing is left out here, it only stands elsewhere.

/// Texts in the order of their first mention.
#[derive(Clone, Debug, Default)]
pub struct Folded<'a>(Vec<&'a str>);

impl<'a> Folded<'a> {
    /// `(text 2, 14 lines)`; nothing for a text of one line, which stands where it is. Two equal texts are one.
    pub fn name(&mut self, text: &'a str) -> Option<String> {
        let lines = lines(text).count();
        if lines < 2 {
            return None;
        }
        let at = self.0.iter().position(|known| *known == text).unwrap_or_else(|| {
            self.0.push(text);
            self.0.len() - 1
        });
        Some(format!("(text {}, {lines} lines)", at + 1))
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each text below its name; `shown` makes a line safe for whoever reads it.
    pub fn whole(&self, shown: impl Fn(&str) -> String) -> Vec<String> {
        let one = |(at, text): (usize, &&str)| {
            let head = format!("text {}:", at + 1);
            std::iter::once(head).chain(lines(text).map(|line| format!("  {}", shown(line)))).collect::<Vec<_>>()
        };
        self.0.iter().enumerate().flat_map(one).collect()
    }
}

/// Unlike `str::lines` it keeps a carriage return, which a shell would see.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.strip_suffix('\n').unwrap_or(text).split('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_one_name_and_stands_once() {
        let mut folded = Folded::default();
        let named: Vec<Option<String>> = ["a\nb\n", "plain", "x\r\n\n  y", "a\nb\n", "one line\n"].map(|text| folded.name(text)).into();
        let expected = [Some("(text 1, 2 lines)"), None, Some("(text 2, 3 lines)"), Some("(text 1, 2 lines)"), None];
        assert_eq!(named.iter().map(Option::as_deref).collect::<Vec<_>>(), expected);
        assert_eq!(folded.whole(crate::text::safe), ["text 1:", "  a", "  b", "text 2:", "  x^M", "  ", "    y"]);
    }
}
