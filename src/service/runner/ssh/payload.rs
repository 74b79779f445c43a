//! Environment and argv of a step -> the bytes that `run.sh` reads: every value by its length, none as text of a shell.
//!
//! A value that is one line of plain ASCII goes as such, which spares the host a process; it means the same.

use std::collections::BTreeMap;

use crate::model::action::Operand;
use crate::model::digest::Digest;
use crate::model::effect::Start;
use crate::model::ids::AttemptNo;

/// Most bytes of all values together: far below what systems take as arguments and environment of a process.
const CAP: usize = 1 << 20;

pub fn payload(start: &Start, env: &BTreeMap<String, Vec<u8>>, argv: &[Operand]) -> Result<Vec<u8>, String> {
    if argv.is_empty() {
        return Err("the argv is empty".to_owned());
    }
    if let Some(name) = env.keys().find(|name| !is_name(name)) {
        return Err(format!("`{name}` cannot be the name of an environment variable there"));
    }
    let mut out = about(&start.effect_key, start.at.attempt);
    out.truncate(out.len() - 1);
    out.extend(format!(" {} {}\n", env.len(), argv.len()).into_bytes());
    let named = env.iter().map(|(name, value)| [name.as_bytes(), b"=", value].concat());
    for value in named.chain(argv.iter().map(|arg| arg.0.clone().into_bytes())) {
        put(&mut out, &value)?;
    }
    if out.len() > CAP {
        return Err(format!("its arguments and environment are larger than {CAP} bytes"));
    }
    out.extend(b"end\n");
    Ok(out)
}

/// What `ask.sh` reads: names the attempt.
pub fn about(key: &Digest, attempt: AttemptNo) -> Vec<u8> {
    format!("ouioe 1\n{key} {}\n", attempt.0).into_bytes()
}

fn put(out: &mut Vec<u8>, value: &[u8]) -> Result<(), String> {
    if value.contains(&0) {
        return Err("a value holds a NUL byte".to_owned());
    }
    if value.iter().all(|byte| (b' '..=b'~').contains(byte)) {
        out.extend(b"t\n");
    } else {
        out.extend(format!("{}\n", value.len()).into_bytes());
    }
    let is_line = out.ends_with(b"t\n");
    out.extend(value);
    if is_line {
        out.push(b'\n');
    }
    Ok(())
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !text.starts_with(|first: char| first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_lines_and_counted_bytes() {
        let mut out = Vec::new();
        for value in ["plain", "", "zwei\nzeilen", "ü"] {
            put(&mut out, value.as_bytes()).unwrap();
        }
        assert_eq!(String::from_utf8(out).unwrap(), "t\nplain\nt\n\n11\nzwei\nzeilen2\nü");
        assert!(put(&mut Vec::new(), b"a\0b").is_err());
    }
}
