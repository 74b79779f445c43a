//! A model's text -> the JSON object in it: fences, prose around it and thoughts before it are common.

/// The first whole object; `None`: there is none.
pub fn json_of(text: &str) -> Option<&str> {
    let text = text.rsplit_once("</think>").map_or(text, |(_, rest)| rest);
    let mut from = 0;
    while let Some(at) = text[from..].find('{') {
        let start = from + at;
        if let Some(end) = end_of(&text[start..]) {
            let found = &text[start..start + end];
            if is_object(found) {
                return Some(found);
            }
        }
        from = start + 1;
        // A text of nothing but braces is not searched to the end of days.
        if from > MOST_STARTS {
            return None;
        }
    }
    None
}

const MOST_STARTS: usize = 4 << 10;

/// `{x}` in prose is none.
fn is_object(text: &str) -> bool {
    let inside = text[1..].trim_start();
    inside.starts_with('"') || inside.starts_with('}')
}

/// Behind the brace that closes the first one.
fn end_of(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (false, b'{') => depth += 1,
            (false, b'}') => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            (true | false, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_in_whatever_surrounds_them() {
        for (text, expected) in [
            ("{\"a\":1}", Some("{\"a\":1}")),
            ("```json\n{\"a\": {\"b\": \"}\"}}\n```", Some("{\"a\": {\"b\": \"}\"}}")),
            ("Sure! Here {it} is:\n{\"a\": \"\\\"}\"} Hope it helps {\"b\":2}", Some("{\"a\": \"\\\"}\"}")),
            ("<think>{\"no\":1}</think>{\"a\":1}", Some("{\"a\":1}")),
            ("{}", Some("{}")),
            ("no plan", None),
            ("{\"a\": 1", None),
            ("", None),
        ] {
            assert_eq!(json_of(text), expected, "{text}");
        }
        assert_eq!(json_of(&"{".repeat(200_000)), None);
    }
}
