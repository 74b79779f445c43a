//! Bytes -> the same bytes without the secrets: each known value, as it is or encoded, becomes `[redacted]`.
//!
//! Works on a stream: only what may still become a secret is held back, so a prompt appears at once, and how the input
//! was split never shows in the output. A secret that a program splits over lines, encrypts or compresses is not found.

mod automaton;
mod forms;

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use automaton::{Automaton, ROOT};

/// Shorter values would redact half of any output and protect nothing.
pub const SHORTEST: usize = 4;

/// The first that no secret contains part of at its edge, so that marks and secrets can never be mistaken for each other.
const MARKS: [&str; 8] = ["[redacted]", "***", "###", "~~~", "@@@", "<<<>>>", "|||", "^^^"];

/// One stream. Cloning starts a new one with the same secrets.
pub struct Redactor {
    secrets: Arc<Secrets>,
    node: u32,
    /// Bytes that may yet be part of a secret, the last of the stream.
    held: VecDeque<u8>,
    /// Position of the first held byte in the stream.
    start: u64,
    /// Secrets found among the held bytes: apart from each other, in order.
    found: VecDeque<Range<u64>>,
    /// The last thing written was the mark.
    marked: bool,
}

struct Secrets {
    automaton: Automaton,
    mark: &'static str,
    ignored: usize,
}

impl Redactor {
    pub fn new(secrets: Vec<Vec<u8>>) -> Self {
        let mut all = BTreeSet::new();
        let mut ignored = 0;
        for secret in secrets {
            let secret = secret.trim_ascii_end();
            if secret.len() < SHORTEST {
                ignored += usize::from(!secret.is_empty());
            } else {
                forms::add_forms(&mut all, secret);
            }
        }
        let mark = MARKS.into_iter().find(|mark| all.iter().all(|form| is_apart(form, mark.as_bytes()))).unwrap_or(MARKS[0]);
        Self::of(Arc::new(Secrets { automaton: Automaton::of(&all), mark, ignored }))
    }

    fn of(secrets: Arc<Secrets>) -> Self {
        Self { secrets, node: ROOT, held: VecDeque::new(), start: 0, found: VecDeque::new(), marked: false }
    }

    /// Values too short to look for. Whoever made them secrets must be told.
    pub fn ignored(&self) -> usize {
        self.secrets.ignored
    }

    /// What can be said of the stream so far, without secrets.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.secrets.automaton.is_empty() {
            return bytes.to_vec();
        }
        let secrets = Arc::clone(&self.secrets);
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes;
        loop {
            if self.node == ROOT {
                rest = self.pass_plain(&secrets.automaton, rest, &mut out);
            }
            let Some((&byte, tail)) = rest.split_first() else { return out };
            rest = tail;
            self.take(&secrets, byte, &mut out);
        }
    }

    /// The end of the stream: what was held back. The redactor then starts a new stream.
    pub fn finish(&mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let end = self.start + self.held.len() as u64;
        let mark = self.secrets.mark;
        self.release(end, mark, &mut out);
        *self = Self::of(Arc::clone(&self.secrets));
        out
    }

    /// One whole text.
    pub fn redact(&self, text: &str) -> String {
        let mut stream = self.clone();
        let mut bytes = stream.push(text.as_bytes());
        bytes.extend(stream.finish());
        String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }

    /// Nothing is held: everything up to a byte that begins a secret goes through in one piece.
    fn pass_plain<'a>(&mut self, automaton: &Automaton, bytes: &'a [u8], out: &mut Vec<u8>) -> &'a [u8] {
        let plain = bytes.iter().position(|byte| automaton.begins(*byte)).unwrap_or(bytes.len());
        if plain > 0 {
            out.extend_from_slice(&bytes[..plain]);
            self.start += plain as u64;
            self.marked = false;
        }
        &bytes[plain..]
    }

    fn take(&mut self, secrets: &Secrets, byte: u8, out: &mut Vec<u8>) {
        self.node = secrets.automaton.next(self.node, byte);
        self.held.push_back(byte);
        let end = self.start + self.held.len() as u64;
        let longest = secrets.automaton.longest(self.node);
        if longest > 0 {
            self.note(end - u64::from(longest)..end);
        }
        let undecided = u64::from(secrets.automaton.depth(self.node));
        self.release(end - undecided, secrets.mark, out);
    }

    /// Secrets that touch or overlap are one.
    fn note(&mut self, mut secret: Range<u64>) {
        while let Some(last) = self.found.back().filter(|last| last.end >= secret.start) {
            secret.start = secret.start.min(last.start);
            self.found.pop_back();
        }
        self.found.push_back(secret);
    }

    /// Writes the held bytes before `limit`.
    fn release(&mut self, limit: u64, mark: &str, out: &mut Vec<u8>) {
        while self.start < limit {
            let (end, is_secret) = match self.found.front() {
                Some(secret) if secret.start <= self.start => (secret.end.min(limit), true),
                Some(secret) => (secret.start.min(limit), false),
                None => (limit, false),
            };
            let count = usize::try_from(end - self.start).unwrap_or(usize::MAX).min(self.held.len());
            let bytes = self.held.drain(..count);
            if is_secret {
                drop(bytes);
                if !self.marked {
                    out.extend_from_slice(mark.as_bytes());
                }
            } else {
                out.extend(bytes);
            }
            self.marked = is_secret;
            self.start = end;
            if self.found.front().is_some_and(|secret| secret.end <= end) {
                self.found.pop_front();
            }
        }
    }
}

impl Clone for Redactor {
    fn clone(&self) -> Self {
        Self::of(Arc::clone(&self.secrets))
    }
}

impl fmt::Debug for Redactor {
    /// Never the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redactor").field("held", &self.held.len()).finish_non_exhaustive()
    }
}

/// No text that ends or begins with the mark, or lies in it, can look like this form.
fn is_apart(form: &[u8], mark: &[u8]) -> bool {
    let overlaps = (1..form.len().min(mark.len())).any(|len| form.ends_with(&mark[..len]) || form.starts_with(&mark[mark.len() - len..]));
    !overlaps && !contains(form, mark) && !contains(mark, form)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redacted(secrets: &[&str], text: &str) -> String {
        Redactor::new(secrets.iter().map(|secret| secret.as_bytes().to_vec()).collect()).redact(text)
    }

    #[test]
    fn every_form_of_a_secret_is_found() {
        let secret = "p4ss wörd/\"1";
        for (text, shown) in [
            ("psql: p4ss wörd/\"1!", "psql: [redacted]!"),
            (r#"{"password":"p4ss wörd/\"1"}"#, r#"{"password":"[redacted]"}"#),
            (r#"{"password":"p4ss w\u00f6rd\/\"1"}"#, r#"{"password":"[redacted]"}"#),
            ("?p=p4ss%20w%C3%B6rd%2F%221&x", "?p=[redacted]&x"),
            ("?p=p4ss+w%c3%b6rd%2f%221&x", "?p=[redacted]&x"),
            ("70347373207 703473732077c3b672642f2231 x", "70347373207 [redacted] x"),
            ("70347373 2077C3B6 703473732077C3B672642F2231", "70347373 2077C3B6 [redacted]"),
            ("cDRzcyB3w7ZyZC8iMQ==", "[redacted]"),
            ("cDRzcyB3w7ZyZC8iMQ", "[redacted]"),
            ("nothing to hide", "nothing to hide"),
        ] {
            assert_eq!(redacted(&[secret], text), shown, "{text}");
        }
    }

    #[test]
    fn base64_is_found_at_every_alignment() {
        // "user:", "usr:", "me:" and ":" before the secret "correct horse", as in an Authorization header.
        for text in ["dXNlcjpjb3JyZWN0IGhvcnNl", "dXNyOmNvcnJlY3QgaG9yc2U=", "bWU6Y29ycmVjdCBob3JzZQ==", "OmNvcnJlY3QgaG9yc2UK"] {
            let shown = redacted(&["correct horse"], text);
            assert!(shown.contains("[redacted]") && shown.len() <= "[redacted]".len() + 9, "{text} -> {shown}");
        }
    }

    #[test]
    fn overlapping_and_touching_secrets_are_one() {
        assert_eq!(redacted(&["abcdef", "defghi"], "xabcdefghiy"), "x[redacted]y");
        assert_eq!(redacted(&["abcd"], "abcdabcd abc abcd"), "[redacted] abc [redacted]");
        assert_eq!(redacted(&["hunter22", "unte"], "hunter2 hunter22"), "h[redacted]r2 [redacted]");
        assert_eq!(redacted(&["key\n"], "key"), "key", "three bytes without the line end");
        assert_eq!(redacted(&["sesame\n"], "open sesame!"), "open [redacted]!");
    }

    #[test]
    fn short_values_are_ignored_and_counted() {
        let redactor = Redactor::new(vec![b"abc".to_vec(), b"x\n".to_vec(), Vec::new(), b"long enough".to_vec()]);
        assert_eq!(redactor.ignored(), 2);
        assert_eq!(redactor.redact("abc long enough x"), "abc [redacted] x");
    }

    #[test]
    fn a_prompt_is_not_held_back() {
        let mut redactor = Redactor::new(vec![b"sesame".to_vec()]);
        assert_eq!(redactor.push(b"continue? "), b"continue? ");
        assert_eq!(redactor.push(b"yes"), b"ye");
        assert_eq!(redactor.push(b"ame"), b"same", "no secret after all");
        assert_eq!(redactor.push(b" ses"), b" ");
        assert_eq!(redactor.finish(), b"ses");
    }

    #[test]
    fn debug_output_tells_nothing() {
        assert!(!format!("{:?}", Redactor::new(vec![b"sesame".to_vec()])).contains("sesame"));
    }

    #[test]
    fn a_secret_that_looks_like_the_mark_is_still_hidden() {
        for secret in ["[redacted]", "acte", "x[re", "ted]y", "[redacted][redacted]"] {
            let shown = redacted(&[secret, "other one"], &format!("{secret} other one x{secret}other oney{secret}"));
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
    }

    /// Few letters, so that secrets overlap each other and themselves.
    fn secrets() -> impl Strategy<Value = Vec<Vec<u8>>> {
        prop::collection::vec(prop::collection::vec(prop::sample::select(b"abA/+\" \xc3\xb6".to_vec()), 4..9), 0..5)
    }

    fn stream() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
        secrets().prop_flat_map(|secrets| {
            let mut forms = BTreeSet::new();
            for secret in &secrets {
                forms::add_forms(&mut forms, secret);
            }
            let mut pieces: Vec<Vec<u8>> = forms.into_iter().collect();
            pieces.extend(secrets.iter().cloned());
            pieces.push(b"plain".to_vec());
            let piece =
                prop_oneof![prop::sample::select(pieces), prop::collection::vec(prop::sample::select(b"abA/+\" \xc3".to_vec()), 0..6)];
            (Just(secrets), prop::collection::vec(piece, 0..20).prop_map(|pieces| pieces.concat()))
        })
    }

    proptest! {
        #[test]
        fn splits_never_show((secrets, text) in stream(), cuts in prop::collection::vec(0_usize..200, 0..8)) {
            let mut whole = Redactor::new(secrets.clone());
            let mut expected = whole.push(&text);
            expected.extend(whole.finish());

            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
            cuts.push(text.len());
            cuts.sort_unstable();
            let mut parts = Redactor::new(secrets);
            let mut out = Vec::new();
            let mut from = 0;
            for cut in cuts {
                out.extend(parts.push(&text[from..cut]));
                from = cut;
            }
            out.extend(parts.finish());
            prop_assert_eq!(out, expected);
        }

        #[test]
        fn no_secret_comes_out((secrets, text) in stream()) {
            let mut redactor = Redactor::new(secrets.clone());
            let mut out = redactor.push(&text);
            out.extend(redactor.finish());
            for secret in secrets {
                let secret = secret.trim_ascii_end();
                prop_assert!(secret.len() < SHORTEST || !contains(&out, secret), "{:?} in {:?}", secret, String::from_utf8_lossy(&out));
            }
        }

        #[test]
        fn text_without_secrets_passes(text in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut redactor = Redactor::new(vec![b"a secret that random bytes do not hold".to_vec()]);
            let mut out = redactor.push(&text);
            out.extend(redactor.finish());
            prop_assert_eq!(out, text);
        }
    }
}
