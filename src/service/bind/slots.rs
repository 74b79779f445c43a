//! `{param}` in an element of argv; `{param:s}` is a span of time in whole seconds. Braces around anything else are just text.

/// Names in the order of the text.
pub fn names(text: &str) -> Vec<&str> {
    parts(text).into_iter().filter_map(Part::slot).collect()
}

/// Literal text or the name of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    Text(&'a str),
    Slot(&'a str),
    Seconds(&'a str),
}

impl<'a> Part<'a> {
    pub fn slot(self) -> Option<&'a str> {
        match self {
            Self::Slot(name) | Self::Seconds(name) => Some(name),
            Self::Text(_) => None,
        }
    }
}

pub fn parts(text: &str) -> Vec<Part<'_>> {
    let mut found = Vec::new();
    let (mut from, mut at) = (0, 0);
    while let Some(open) = text[at..].find('{').map(|place| at + place) {
        let end = text[open..].find('}').map(|place| open + place);
        let inner = end.map(|end| &text[open + 1..end]);
        let (name, is_span) = inner.map_or((None, false), |it| it.strip_suffix(":s").map_or((Some(it), false), |name| (Some(name), true)));
        let name = name.filter(|name| is_name(name));
        // `${…}` is a hole that another step fills.
        let is_hole = text[..open].ends_with('$');
        if let (Some(end), Some(name), false) = (end, name, is_hole) {
            if from < open {
                found.push(Part::Text(&text[from..open]));
            }
            found.push(if is_span { Part::Seconds(name) } else { Part::Slot(name) });
            (from, at) = (end + 1, end + 1);
        } else {
            at = open + 1;
        }
    }
    if from < text.len() {
        found.push(Part::Text(&text[from..]));
    }
    found
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_in_braces_are_slots() {
        for (text, expected) in [
            ("{host}", vec![Part::Slot("host")]),
            ("--for={a}s{b}", vec![Part::Text("--for="), Part::Slot("a"), Part::Text("s"), Part::Slot("b")]),
            ("age={a:s}", vec![Part::Text("age="), Part::Seconds("a")]),
            ("{a:b} {:s}", vec![Part::Text("{a:b} {:s}")]),
            ("{}", vec![Part::Text("{}")]),
            ("{{host}}", vec![Part::Text("{"), Part::Slot("host"), Part::Text("}")]),
            ("${steps.a.output.x} {not this}", vec![Part::Text("${steps.a.output.x} {not this}")]),
            ("${host}", vec![Part::Text("${host}")]),
            ("{open", vec![Part::Text("{open")]),
            ("", vec![]),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
