//! A model's text -> the JSON object in it: fences, prose around it and thoughts before it are common.

/// The first whole object; `None`: there is none.
pub fn json_of(text: &str) -> Option<&str> {
    let text = text.rsplit_once("</think>").map_or(text, |(_, rest)| rest);
    let (mut from, mut looked) = (0, 0);
    while let Some(at) = text[from..].find('{') {
        let start = from + at;
        if is_object(&text[start..]) {
            match end_of(&text[start..]) {
                Some(end) => return Some(&text[start..start + end]),
                None => looked += text.len() - start,
            }
        }
        // A text of beginnings without an end is not searched to the end of days.
        if looked > MOST_LOOKED {
            return None;
        }
        from = start + 1;
    }
    None
}

/// Bytes that are gone through in search of an end.
const MOST_LOOKED: usize = 4 << 20;

/// `{x}` in prose is none.
fn is_object(text: &str) -> bool {
    text[1..].trim_start().starts_with(['"', '}'])
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
        for beginning in ["{", "{\"a\":", "{ "] {
            assert_eq!(json_of(&beginning.repeat(200_000)), None);
        }
    }
}
