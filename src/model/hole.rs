//! `${steps.ID.output.path}`: where a value of another step goes.
//!
//! Scanned once, left to right; what a value brings is never scanned again. `$${` stands for a literal `${`.
//! `${item}`: the thing that a step of a `for_each` is for.

use crate::model::ids::StepId;

/// One hole: a step and a dotted path into its typed result; an empty path is the whole result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hole {
    pub step: StepId,
    pub path: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    Hole(Hole),
    Item,
}

/// As it stands between `${` and `}`.
const ITEM: &str = "item";

/// Nothing but the thing.
pub const WHOLE_ITEM: &str = "${item}";

/// Text with holes -> its pieces; an error names what stands where a reference should.
pub fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut out = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            literal.push_str(&rest[..at]);
            literal.push('{');
            rest = &rest[at + 2..];
            continue;
        }
        literal.push_str(&rest[..at]);
        let end = rest[at..].find('}').ok_or_else(|| format!("`{}` has no closing brace", &rest[at..]))? + at;
        if !literal.is_empty() {
            out.push(Piece::Text(std::mem::take(&mut literal)));
        }
        out.push(match &rest[at + 2..end] {
            ITEM => Piece::Item,
            text => Piece::Hole(reference(text)?),
        });
        rest = &rest[end + 1..];
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        out.push(Piece::Text(literal));
    }
    Ok(out)
}

fn reference(text: &str) -> Result<Hole, String> {
    let wrong = || format!("`${{{text}}}` is no reference; write `${{steps.ID.output.path}}`");
    let tail = text.strip_prefix("steps.").ok_or_else(wrong)?;
    let (step, path) = match tail.split_once(".output") {
        Some((step, "")) => (step, Vec::new()),
        Some((step, path)) => (step, path.strip_prefix('.').ok_or_else(wrong)?.split('.').map(str::to_owned).collect()),
        None => return Err(wrong()),
    };
    if step.is_empty() || path.iter().any(String::is_empty) {
        return Err(wrong());
    }
    Ok(Hole { step: StepId::new(step), path })
}

/// Pieces -> the text that is read as them.
pub fn written(pieces: &[Piece]) -> String {
    let one = |piece: &Piece| match piece {
        Piece::Text(text) => literal(text),
        Piece::Hole(hole) if hole.path.is_empty() => format!("${{steps.{}.output}}", hole.step),
        Piece::Hole(hole) => format!("${{steps.{}.output.{}}}", hole.step, hole.path.join(".")),
        Piece::Item => WHOLE_ITEM.to_owned(),
    };
    pieces.iter().map(one).collect()
}

/// The text as it would be written so that no hole is read in it.
pub fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

pub fn has_item(text: &str) -> bool {
    text.contains(WHOLE_ITEM) && pieces(text).is_ok_and(|pieces| pieces.contains(&Piece::Item))
}

/// Does it hold any hole at all? Cheap, for the many texts that have none.
pub fn is_literal(text: &str) -> bool {
    !text.contains("${")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scans_once_and_says_what_is_wrong() {
        let hole =
            |step: &str, path: &[&str]| Piece::Hole(Hole { step: step.into(), path: path.iter().map(|part| (*part).to_owned()).collect() });
        let text = |text: &str| Piece::Text(text.to_owned());
        for (source, expected) in [
            ("plain $HOME", vec![text("plain $HOME")]),
            ("${steps.s1.output}", vec![hole("s1", &[])]),
            ("a${steps.s1.output.hosts.0}b", vec![text("a"), hole("s1", &["hosts", "0"]), text("b")]),
            ("cost $${x}", vec![text("cost ${x}")]),
            ("x-${item}.${steps.s1.output.a}", vec![text("x-"), Piece::Item, text("."), hole("s1", &["a"])]),
            ("$${item}", vec![text("${item}")]),
        ] {
            assert_eq!(pieces(source).expect(source), expected);
            assert_eq!(written(&expected), source);
        }
        for bad in ["${", "${x}", "${steps.a}", "${steps..output}", "${steps.a.output.}", "${steps.a.outputs}"] {
            assert!(pieces(bad).is_err(), "{bad}");
        }
    }
}
