//! Records of a CSV text (RFC 4180) with the line that each field begins in. Quotes may hold commas, quotes and line ends.

use crate::planner::source::Pos;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Field {
    pub at: Pos,
    pub text: String,
}

/// Blank lines are no records. `Err`: where a quote is not closed, or stands inside a bare field.
pub fn records(text: &str) -> Result<Vec<Vec<Field>>, (Pos, &'static str)> {
    let mut reader = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text), at: Pos { line: 1, column: 1 } };
    let mut records = Vec::new();
    while !reader.rest.is_empty() {
        let record = reader.record()?;
        if record.len() > 1 || record.iter().any(|field| !field.text.trim().is_empty()) {
            records.push(record);
        }
    }
    Ok(records)
}

struct Reader<'a> {
    rest: &'a str,
    at: Pos,
}

impl Reader<'_> {
    fn record(&mut self) -> Result<Vec<Field>, (Pos, &'static str)> {
        let mut fields = Vec::new();
        loop {
            fields.push(self.field()?);
            match self.take() {
                Some(',') => {}
                Some('\r') if self.rest.starts_with('\n') => {
                    self.take();
                    return Ok(fields);
                }
                Some('\n') | None => return Ok(fields),
                Some(_) => return Err((self.at, "a quote must end the field or be doubled")),
            }
        }
    }

    /// Up to the separator, which stays.
    fn field(&mut self) -> Result<Field, (Pos, &'static str)> {
        let at = self.at;
        let mut text = String::new();
        if !self.rest.starts_with('"') {
            while let Some(next) = self.rest.chars().next().filter(|next| !matches!(next, ',' | '\n' | '\r')) {
                if next == '"' {
                    return Err((self.at, "a field with a quote in it must be quoted"));
                }
                text.push(next);
                self.take();
            }
            return Ok(Field { at, text });
        }
        self.take();
        loop {
            match self.take() {
                None => return Err((at, "the quote is not closed")),
                Some('"') if self.rest.starts_with('"') => {
                    self.take();
                    text.push('"');
                }
                Some('"') => return Ok(Field { at, text }),
                Some(other) => text.push(other),
            }
        }
    }

    fn take(&mut self) -> Option<char> {
        let next = self.rest.chars().next()?;
        self.rest = &self.rest[next.len_utf8()..];
        if next == '\n' {
            self.at = Pos { line: self.at.line + 1, column: 1 };
        } else {
            self.at.column += 1;
        }
        Some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<Vec<String>> {
        records(text).unwrap().into_iter().map(|record| record.into_iter().map(|field| field.text).collect()).collect()
    }

    #[test]
    fn fields_are_divided_as_the_rfc_says() {
        for (text, expected) in [
            ("a,b\r\nc,d\r\n", vec![vec!["a", "b"], vec!["c", "d"]]),
            ("\u{feff}a\n\n  \nb", vec![vec!["a"], vec!["b"]]),
            ("\"a,\"\"b\"\"\nc\",d\n", vec![vec!["a,\"b\"\nc", "d"]]),
            (",\n", vec![vec!["", ""]]),
            ("", vec![]),
        ] {
            assert_eq!(texts(text), expected, "{text:?}");
        }
        let third = &records("a\n\"x\ny\",b\nc\n").unwrap()[2][0];
        assert_eq!((third.text.as_str(), third.at.line), ("c", 4), "lines inside quotes count");
        for (text, line) in [("a\n\"b", 2), ("a\nb\"c", 2), ("\"a\"b", 1)] {
            assert_eq!(records(text).unwrap_err().0.line, line, "{text:?}");
        }
    }
}
