//! Rust source -> the same text without comments, literals and tests, so that the architecture test reads code only.
//!
//! Lines stay where they are: every figure that is reported names the true line.

/// Blanks comments, strings and characters; line breaks stay.
pub fn code_only(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = literal_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
        } else {
            out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// One past the comment or literal that begins at `at`; `at` itself where none begins.
fn literal_end(chars: &[char], at: usize) -> usize {
    let next = |offset: usize| chars.get(at + offset).copied().unwrap_or('\0');
    let after_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match chars[at] {
        '/' if next(1) == '/' => chars[at..].iter().position(|c| *c == '\n').map_or(chars.len(), |len| at + len),
        '/' if next(1) == '*' => block_comment_end(chars, at),
        '"' => string_end(chars, at + 1),
        'r' | 'b' if !after_word => prefixed_end(chars, at),
        '\'' if next(1) == '\\' => chars[at + 3..].iter().position(|c| *c == '\'').map_or(chars.len(), |len| at + 4 + len),
        '\'' if next(2) == '\'' => at + 3,
        _ => at,
    }
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// `r"…"`, `r#"…"#`, `b"…"`, `br#"…"#` and `b'…'`.
fn prefixed_end(chars: &[char], start: usize) -> usize {
    let mut at = start + 1;
    let mut raw = chars[start] == 'r';
    if chars[start] == 'b' && chars.get(at) == Some(&'r') {
        raw = true;
        at += 1;
    }
    let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
    match chars.get(at + hashes) {
        Some('"') if raw => {
            let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let from = at + hashes + 1;
            chars[from..].windows(close.len()).position(|part| part == close).map_or(chars.len(), |len| from + len + close.len())
        }
        Some('"') if hashes == 0 => string_end(chars, at + 1),
        Some('\'') if !raw && hashes == 0 => literal_end(chars, at),
        _ => start,
    }
}

/// Blanks every item under `#[cfg(test)]`. Expects code only.
pub fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    while let Some(start) = out.find("#[cfg(test)]") {
        let end = item_end(&out, start + "#[cfg(test)]".len());
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
    }
    out
}

/// One past the item that begins after `start`: its closing brace, or its semicolon where it has no body.
fn item_end(code: &str, start: usize) -> usize {
    let Some(len) = code[start..].find(['{', ';']) else { return code.len() };
    if code[start + len..].starts_with(';') { start + len + 1 } else { block_end(code, start + len) }
}

/// One past the brace that closes the one at `open`.
pub fn block_end(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, c) in code[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth -= 1;
                if depth == 0 {
                    return open + at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Places of `word` where it stands alone.
pub fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let edge = move |c: Option<char>, end: Option<char>| !(c.is_some_and(is_part) && end.is_some_and(is_part));
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        edge(code[..*at].chars().next_back(), word.chars().next()) && edge(code[at + word.len()..].chars().next(), word.chars().next_back())
    })
}

#[test]
fn literals_and_comments_are_no_code() {
    let source = "let a = \"x // {\"; // }\n/* { /* } */ */ let b = r#\"\"{\"#; let c = '{'; let d: &'a str = b\"}\"; let e = '\\'';\nlet r#f = b'{';";
    let code = code_only(source);
    assert_eq!(code.matches(['{', '}', '"', '/']).count(), 0, "{code}");
    assert_eq!(code.lines().count(), 3);
    assert!(code.contains("&'a str") && code.contains("let e ="), "{code}");
}

#[test]
fn tests_are_cut_and_lines_stay() {
    let code = "fn a() {}\n#[cfg(test)]\nmod tests {\n  fn b() { c() }\n}\n#[cfg(test)]\nuse x;\nfn d() {}\n";
    let kept = without_tests(code);
    assert!(!kept.contains("fn b") && !kept.contains("use x"));
    assert_eq!(line_of(&kept, kept.find("fn d").unwrap()), 8);
}

#[test]
fn words_stand_alone() {
    assert_eq!(words("fs::x offs::y std::fs::z", "fs::").count(), 2);
    assert_eq!(words("async fn; asyncs; .await awaits", "async").count(), 1);
}
