//! `${steps.ID.output.path}`: where a value of another step goes.
//!
//! Scanned once, left to right; what a value brings is never scanned again. `$${` stands for a literal `${`.

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
}

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
        out.push(Piece::Hole(reference(&rest[at + 2..end])?));
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
        ] {
            assert_eq!(pieces(source).expect(source), expected);
        }
        for bad in ["${", "${x}", "${steps.a}", "${steps..output}", "${steps.a.output.}", "${steps.a.outputs}"] {
            assert!(pieces(bad).is_err(), "{bad}");
        }
    }
}
