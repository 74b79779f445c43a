//! Free texts: in quotes, behind the parameter's name, or behind "as", "to", "for".

use crate::model::catalogue::{Param, ParamType};
use crate::planner::speech::is_program;
use crate::planner::token::Kind;
use crate::planner::words::{is_determiner, is_function, is_preposition, stem, stems};

use super::Binder;
use super::roles::Role;

/// Texts that an operator rarely words; the intent itself stands in.
pub const WORDED: &[&str] = &["title", "message", "subject", "summary", "description", "body", "text", "comment"];

/// Types of DNS records that are no word of English, nor the name of a machine.
const RECORDS: &[&str] = &["aaaa", "cname", "mx", "txt", "srv", "ptr", "soa", "caa"];

const SEVERITIES: &[&str] = &["critical", "high", "medium", "low", "important", "moderate", "security", "urgent", "major", "minor"];

impl Binder<'_> {
    fn open_texts(&self) -> Vec<Param> {
        self.by_need().into_iter().filter(|param| matches!(param.kind, ParamType::Str | ParamType::Json)).collect()
    }

    /// A quoted text belongs to the parameter named before it, else to the first open one.
    pub(super) fn texts_in_quotes(&mut self) {
        for at in 0..self.tokens.len() {
            if self.tokens[at].kind != Kind::Quoted {
                continue;
            }
            let open = self.open_texts();
            // "a high severity ticket "disk failing"": one word says how severe.
            let rated =
                |param: &Param| matches!(param.name.as_str(), "severity" | "priority" | "level") && self.tokens[at].text.contains(' ');
            let named = open.iter().find(|param| self.follows_name(at, &param.name) && !rated(param));
            let Some(param) = named.or_else(|| open.iter().find(|param| !rated(param))) else { return };
            let (param, text) = (param.clone(), self.tokens[at].text.clone());
            self.accept(&param, &text, at);
        }
    }

    /// What other operations give, by the word that it is called: "from snapshot snap-7", "from snap-7".
    pub(super) fn ids(&mut self) {
        for param in self.by_need().into_iter().filter(|param| matches!(param.kind, ParamType::Other(_))) {
            let cues = stems(&param.name);
            // "the last snapshot db-1": one name is rather what it is done to.
            let several = self.tokens.iter().filter(|token| matches!(token.kind, Kind::Ident | Kind::Ip)).count() > 1;
            let placed = several || self.has_pronoun_object();
            let named = |at: usize| placed && self.tokens[at].kind == Kind::Ident && at > 0 && cues.contains(&stem(self.low(at - 1)));
            let alike = |at: usize| {
                let head = self.low(at).split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
                let short = head.len() > 2 && cues.iter().any(|cue| cue.starts_with(head));
                self.tokens[at].kind == Kind::Ident && short && at > 0 && self.tokens[at - 1].is_one_of(&["from", "of"])
            };
            let free = |at: &usize| !self.used[*at] && (named(*at) || alike(*at));
            if let Some(at) = (0..self.tokens.len()).find(free) {
                self.accept(&param, &self.tokens[at].text.clone(), at);
            }
        }
    }

    /// "as X", "to X", "in X" for what must be given; "NAME X" and "for X" for the rest.
    pub(super) fn texts_by_preposition(&mut self) {
        for param in self.open_texts() {
            if WORDED.contains(&param.name.as_str()) {
                continue;
            }
            if param.name == "command" {
                self.command(&param);
                continue;
            }
            let found = self.by_shape(&param).or_else(|| self.behind_name(&param)).or_else(|| self.behind_preposition(&param));
            if let Some(at) = found {
                let text = self.meant(&param, at);
                self.accept(&param, &text, at);
            }
        }
    }

    /// What follows "command" is the command, to the end of the clause.
    fn command(&mut self, param: &Param) {
        let runs = |at: usize| self.tokens[at].is_one_of(&["run", "exec", "execute"]) && is_program(&self.tokens[at + 1..]);
        let cue = self
            .tokens
            .iter()
            .position(|token| token.is_one_of(&["command", "execute"]))
            .or_else(|| (0..self.tokens.len()).find(|at| runs(*at)));
        let Some(cue) = cue else { return };
        let rest: Vec<&str> =
            self.tokens[cue + 1..].iter().take_while(|token| !token.is_one_of(&["on", "at"])).map(|token| token.text.as_str()).collect();
        if rest.is_empty() {
            return;
        }
        let text = rest.join(" ");
        (cue..=cue + rest.len()).for_each(|at| self.used[at] = true);
        self.bound.values.insert(param.name.clone(), vec![text]);
    }

    fn is_text(&self, at: usize) -> bool {
        let Some(token) = self.tokens.get(at) else { return false };
        !self.used[at]
            && !matches!(token.kind, Kind::Mark(_) | Kind::Url | Kind::Channel | Kind::Path)
            && (token.kind != Kind::Word || !is_function(&token.low) && !is_preposition(&token.low))
    }

    /// The word as it was meant: a state with a typo is the state; what is searched for stays as typed.
    fn meant(&self, param: &Param, at: usize) -> String {
        let token = &self.tokens[at];
        let mended = param.required && token.kind == Kind::Word && token.low != token.text.to_lowercase();
        if mended { token.low.clone() } else { token.text.clone() }
    }

    fn past_determiner(&self, at: usize) -> usize {
        at + usize::from(self.tokens.get(at).is_some_and(|token| token.kind == Kind::Word && is_determiner(&token.low)))
    }

    fn behind_name(&self, param: &Param) -> Option<usize> {
        let cues = stems(&param.name);
        (0..self.tokens.len()).find_map(|at| {
            let inflected = self.low(at).ends_with("ed");
            let is_cue =
                cues.contains(&stem(self.low(at))) && self.tokens[at].kind == Kind::Word && (Some(at) != self.verb_at || inflected);
            let skip = matches!(self.low(at + 1), "of" | "is" | "=" | "as" | "to");
            // "the image of cart": what stands behind "of" is the other parameter.
            let others = |role: &Role| matches!(role, Role::Behind(preposition) if preposition == self.low(at + 1));
            let theirs = self.roles.iter().any(|(name, role)| *name != param.name && others(role));
            let skip = usize::from(skip && !theirs);
            let next = self.past_determiner(at + 1 + skip);
            (is_cue && self.is_text(next)).then_some(next)
        })
    }

    fn behind_preposition(&self, param: &Param) -> Option<usize> {
        let words: &[&str] = match (param.required, param.name.as_str()) {
            (true, "value") => &["to", "at", "as"],
            (true, _) => &["as", "to", "in", "with"],
            (false, "pattern" | "query" | "search" | "filter") => &["for", "matching", "containing"],
            (false, _) => return None,
        };
        // "grep ERROR in x".
        let sought = (0..self.tokens.len()).find(|at| {
            self.tokens[*at].is_one_of(&["grep", "egrep", "zgrep"])
                && self.is_text(at + 1)
                && matches!(self.low(at + 2), "in" | "from" | "through")
        });
        if let Some(at) = sought.filter(|_| words.contains(&"matching")) {
            return Some(at + 1);
        }
        words.iter().find_map(|word| {
            (0..self.tokens.len()).find_map(|at| {
                let next = self.past_determiner(at + 1);
                let place_like = self.tokens.get(next).is_some_and(|token| stem(&token.low) == "maintenanc");
                (self.tokens[at].is(word) && self.is_text(next) && !place_like).then_some(next)
            })
        })
    }

    /// Types of records are written in capitals, severities are few.
    fn by_shape(&self, param: &Param) -> Option<usize> {
        let fits = |at: &usize| {
            let token = &self.tokens[*at];
            let record = self.tokens.get(*at + 1).is_some_and(|next| next.is_one_of(&["record", "records"]));
            let capitals = (token.text.len() > 1 || record) && token.text.chars().all(|c| c.is_ascii_uppercase());
            match param.name.as_str() {
                "type" => capitals && !matches!(token.text.as_str(), "DNS" | "TTL" | "IP") || RECORDS.contains(&token.low.as_str()),
                // "OutOfMemory", "ERROR": no name of a service is written so.
                "pattern" | "query" | "search" | "filter" => {
                    let upper = token.text.bytes().skip(1).filter(u8::is_ascii_uppercase).count();
                    let of = matches!(self.low(*at + 1), "log" | "logs") || *at > 0 && matches!(self.low(at - 1), "of" | "the");
                    upper > 0 && token.text.len() > 3 && !of && !self.world.index.knows(&stem(&token.low))
                }
                "severity" | "priority" => SEVERITIES.contains(&token.low.as_str()),
                _ => false,
            }
        };
        let word = |at: usize| self.tokens[at].kind == Kind::Word || self.tokens[at].text == "A";
        (0..self.tokens.len()).find(|at| !self.used[*at] && word(*at) && fits(at))
    }

    /// What must be given and was not placed: the last free word behind the object.
    pub(super) fn texts(&mut self) {
        for param in self
            .open_texts()
            .into_iter()
            .filter(|param| param.required && !WORDED.contains(&param.name.as_str()) && param.name != "command")
        {
            let index = &self.world.index;
            let start = self.verb_at.map_or(0, |verb| verb + 1);
            let found = (start..self.tokens.len()).rev().find(|at| {
                let token = &self.tokens[*at];
                self.is_text(*at)
                    && matches!(token.kind, Kind::Word | Kind::Ident | Kind::Int(_))
                    && !index.knows(&stem(&token.low))
                    && !index.is_machine(&token.low)
            });
            // States are known words: "mark search operational on the status page".
            let named = |at: usize| self.operation.params.iter().any(|other| stems(&other.name).contains(&stem(self.low(at))));
            let own = |at: usize| named(at) || self.operation.name.split(['.', '_']).any(|part| stem(part) == stem(self.low(at)));
            let state = || {
                (start..self.tokens.len())
                    .rev()
                    .find(|at| self.is_text(*at) && self.tokens[*at].kind == Kind::Word && !own(*at))
                    .filter(|at| param.name == "state" || *at + 1 == self.tokens.len())
            };
            if let Some(at) = found.or_else(state) {
                let text = self.meant(&param, at);
                self.accept(&param, &text, at);
            }
        }
    }
}
