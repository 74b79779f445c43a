//! Values that stand for themselves: addresses, paths, durations, numbers, versions, channels, domains.

use crate::model::catalogue::{Param, ParamType};
use crate::planner::grammar;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{stem, stems};

use super::Binder;

impl Binder<'_> {
    /// Required parameters choose first; among those, the order of the manifest.
    pub(super) fn by_need(&self) -> Vec<Param> {
        let mut params: Vec<Param> = self.operation.params.iter().filter(|param| !self.is_given(&param.name)).cloned().collect();
        params.sort_by_key(|param| !param.required);
        params
    }

    pub(super) fn atoms(&mut self) {
        self.split_host_and_port();
        for param in self.by_need() {
            match param.kind {
                ParamType::Url => self.take(&param, |token| token.kind == Kind::Url),
                ParamType::Path => self.take(&param, |token| token.kind == Kind::Path),
                ParamType::Channel => self.take(&param, |token| token.kind == Kind::Channel),
                ParamType::Ip => {
                    self.take(&param, |token| token.kind == Kind::Ip);
                    self.refuse_quads(&param);
                }
                ParamType::Duration => self.take_duration(&param),
                ParamType::Datetime => self.take(&param, |token| token.kind == Kind::Datetime),
                ParamType::Version => self.take_version(&param),
                ParamType::Port | ParamType::Int => self.take_number(&param),
                ParamType::Dns => self.take_domain(&param),
                ParamType::Host => self.refuse_quads(&param),
                ParamType::Name | ParamType::Env | ParamType::Str | ParamType::Json | ParamType::Other(_) => {}
            }
        }
    }

    /// "300.1.1.1", "10.0.0.0/33": written as an address, and none.
    fn refuse_quads(&mut self, param: &Param) {
        let quad = |text: &str| {
            let (address, bits) = text.split_once('/').unwrap_or((text, "0"));
            let number = |part: &str| !part.is_empty() && part.len() < 4 && part.bytes().all(|byte| byte.is_ascii_digit());
            address.split('.').count() == 4 && address.split('.').all(number) && number(bits)
        };
        let wrong = |at: &usize| !self.used[*at] && self.tokens[*at].kind != Kind::Ip && quad(&self.tokens[*at].text);
        if let Some(at) = (0..self.tokens.len()).find(wrong) {
            self.used[at] = true;
            self.bound.bad.push((param.name.clone(), format!("`{}` is no IP address", self.tokens[at].text)));
        }
    }

    fn take(&mut self, param: &Param, fits: impl Fn(&Token) -> bool) {
        let places: Vec<usize> = (0..self.tokens.len()).filter(|at| !self.used[*at] && fits(&self.tokens[*at])).collect();
        let right_behind = |at: usize, name: &str| at > 0 && stems(name).contains(&stem(self.low(at - 1)));
        let theirs = |at: usize| self.operation.params.iter().any(|other| other.name != param.name && right_behind(at, &other.name));
        let near_name = places.iter().copied().find(|at| self.follows_name(*at, &param.name) && !theirs(*at));
        let free = places.iter().copied().find(|at| !theirs(*at));
        if let Some(at) = near_name.or(free).or_else(|| places.first().copied()) {
            self.accept(param, &self.tokens[at].text.clone(), at);
            self.further(param, at, &fits);
        }
    }

    /// "#a and #b": more values of the same kind, joined.
    fn further(&mut self, param: &Param, first: usize, fits: &impl Fn(&Token) -> bool) {
        let mut at = first + 1;
        while self.tokens.get(at).is_some_and(|token| token.is_one_of(&["and", ",", "&"])) {
            while self.tokens.get(at).is_some_and(|token| token.is_one_of(&["and", ",", "&", "the"])) {
                at += 1;
            }
            let Some(token) = self.tokens.get(at).filter(|token| fits(token)) else { return };
            let text = token.text.clone();
            self.used[at] = true;
            match grammar::typed(&param.kind, &text) {
                Ok(_) => self.bound.values.entry(param.name.clone()).or_default().push(text),
                Err(reason) => self.bound.bad.push((param.name.clone(), format!("`{text}` {reason}"))),
            }
            at += 1;
        }
    }

    /// Keeps the value when its grammar accepts it, else the reason.
    pub(super) fn accept(&mut self, param: &Param, text: &str, at: usize) {
        let share = param.kind == ParamType::Int && stems(&param.name).iter().any(|stem| stem.starts_with("percent"));
        if share && text.parse::<i64>().is_ok_and(|number| !(0..=100).contains(&number)) {
            self.used[at] = true;
            self.bound.bad.push((param.name.clone(), format!("`{text}` is no share: 0 to 100")));
            return;
        }
        match grammar::typed(&param.kind, text) {
            Ok(value) => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                self.give(&param.name, &text, at);
            }
            Err(reason) => {
                self.used[at] = true;
                self.bound.bad.push((param.name.clone(), format!("`{text}` {reason}")));
            }
        }
    }

    /// A word of the parameter's name stands within three tokens before.
    pub(super) fn follows_name(&self, at: usize, name: &str) -> bool {
        let words = stems(name);
        (at.saturating_sub(3)..at).any(|place| words.contains(&stem(&self.tokens[place].low)))
    }

    fn take_duration(&mut self, param: &Param) {
        let spare = self.operation.params.iter().filter(|other| other.kind == ParamType::Duration).count() == 1;
        let places: Vec<usize> = (0..self.tokens.len()).filter(|at| !self.used[*at] && self.tokens[*at].kind == Kind::Duration).collect();
        let named = places.iter().copied().find(|at| self.follows_name(*at, &param.name));
        if let Some(at) = named.or_else(|| places.first().copied().filter(|_| spare)) {
            self.accept(param, &self.tokens[at].text.clone(), at);
            return;
        }
        let number = (0..self.tokens.len())
            .find(|at| matches!(self.tokens[*at].kind, Kind::Int(_)) && !self.used[*at] && self.follows_name(*at, &param.name));
        if let Some(at) = number {
            self.accept(param, &format!("{}s", self.tokens[at].text), at);
        }
    }

    fn take_version(&mut self, param: &Param) {
        let found = (0..self.tokens.len()).find(|at| !self.used[*at] && self.tokens[*at].kind == Kind::Version);
        let cued = (1..self.tokens.len()).find(|at| {
            let token = &self.tokens[*at];
            !self.used[*at]
                && matches!(token.kind, Kind::Ident | Kind::Int(_))
                && self.tokens[at - 1].is_one_of(&["version", "release", "build", "tag"])
        });
        let release = self.tokens.iter().any(|token| token.is_one_of(&["release", "version", "deploy", "deployment", "rollout"]));
        // What is brought out is the newest, what is gone back to the last one.
        let back = release && !param.required;
        let earlier = |token: &Token| token.is_one_of(&["previous", "prior", "earlier"]) || (back && token.is_one_of(&["last", "latest"]));
        let old = |at: usize| self.tokens[at].is("old") && matches!(self.low(at + 1), "version" | "release");
        let before = (0..self.tokens.len()).find(|at| (earlier(&self.tokens[*at]) || old(*at)) && !self.used[*at]);
        if let Some(at) = found.or(cued) {
            self.accept(param, &self.tokens[at].text.clone(), at);
        } else if let Some(at) = before {
            self.give(&param.name, "previous", at);
            self.bound.evidence += 1.0;
        }
    }

    /// A required version that is written like a name or a number: "deploy core build-77".
    pub(super) fn late_versions(&mut self) {
        for param in self.by_need().into_iter().filter(|param| param.kind == ParamType::Version && param.required) {
            // "squid on edge-b1": a machine, and no version of it.
            let placed = |at: usize| at > 0 && self.tokens[at - 1].is_one_of(&["on", "at", "from", "host", "server"]);
            let machine =
                // "ssh web-1": without a verb it is no release either.
                |at: usize| self.world.is_asset(&self.tokens[at].text) || (placed(at) || self.verb_at.is_none()) && grammar::is_machine_like(&self.tokens[at].text);
            let fits = |at: &usize| !self.used[*at] && matches!(self.tokens[*at].kind, Kind::Int(_) | Kind::Ident) && !machine(*at);
            let found = (0..self.tokens.len()).find(fits);
            if let Some(at) = found {
                self.accept(&param, &self.tokens[at].text.clone(), at);
            }
        }
    }

    fn take_number(&mut self, param: &Param) {
        // "by 2" is a step from what is there, and no value.
        let by = |at: usize| at > 0 && self.tokens[at - 1].is("by");
        let is_int = |at: &usize| !self.used[*at] && matches!(self.tokens[*at].kind, Kind::Int(_)) && !by(*at);
        let named = (0..self.tokens.len())
            .filter(is_int)
            .find(|at| self.follows_name(*at, &param.name) || stems(&param.name).contains(&stem(self.low(at + 1))));
        let number = named.or_else(|| (0..self.tokens.len()).find(is_int));
        if param.kind == ParamType::Int && self.take_unit(param) {
            return;
        }
        if let Some(at) = number {
            let text = self.tokens[at].text.clone();
            if param.kind == ParamType::Int && text.starts_with('-') {
                self.used[at] = true;
                self.bound.bad.push((param.name.clone(), format!("`{text}` is negative")));
                return;
            }
            self.accept(param, &text, at);
            // "ports 80 and 443".
            if param.kind == ParamType::Port {
                self.further(param, at, &|token: &Token| matches!(token.kind, Kind::Int(_)));
            }
            return;
        }
        if !param.required {
            return;
        }
        let spelt = (0..self.tokens.len()).find_map(|at| {
            let token = &self.tokens[at];
            let number = grammar::number_word(&token.low)
                .filter(|_| token.kind == Kind::Word && !token.is_one_of(&["a", "an", "one"]) && !self.used[at])?;
            Some((at, number))
        });
        if let Some((at, number)) = spelt {
            self.accept(param, &number.to_string(), at);
        }
    }

    /// "for 90 days", where the days are counted.
    fn take_unit(&mut self, param: &Param) -> bool {
        let unit = match param.name.rsplit('_').next().unwrap_or(&param.name) {
            "days" => 'd',
            "hours" => 'h',
            "minutes" => 'm',
            "seconds" => 's',
            "weeks" => 'w',
            _ => return false,
        };
        let counted = |at: usize| self.tokens[at].text.strip_suffix(unit).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        let places = (0..self.tokens.len()).filter(|at| !self.used[*at] && self.tokens[*at].kind == Kind::Duration);
        let Some((at, number)) = places.into_iter().find_map(|at| Some((at, counted(at)?.to_owned()))) else { return false };
        self.accept(param, &number, at);
        true
    }

    /// A domain that does not follow "to": that one is the new value.
    fn take_domain(&mut self, param: &Param) {
        let fits = |at: &usize| {
            !self.used[*at]
                && (self.tokens[*at].kind == Kind::Ident || self.tokens[*at].is("localhost"))
                && grammar::is_dns(&self.tokens[*at].text)
        };
        let places: Vec<usize> = (0..self.tokens.len()).filter(fits).collect();
        let plain = places.iter().copied().find(|at| *at == 0 || !self.tokens[at - 1].is_one_of(&["to", "at"]));
        if let Some(at) = plain.or_else(|| places.first().copied()) {
            self.accept(param, &self.tokens[at].text.clone(), at);
            self.further(param, at, &|token: &Token| token.kind == Kind::Ident && grammar::is_dns(&token.text));
        }
    }

    /// `host:port` in one word.
    fn split_host_and_port(&mut self) {
        let host = self.operation.params.iter().find(|param| param.kind == ParamType::Host).cloned();
        let port = self.operation.params.iter().find(|param| param.kind == ParamType::Port).cloned();
        let (Some(host), Some(port)) = (host, port) else { return };
        let found = (0..self.tokens.len()).find_map(|at| {
            let (name, number) = self.tokens[at].text.rsplit_once(':')?;
            (self.tokens[at].kind == Kind::Ident && number.parse::<u32>().is_ok()).then(|| (at, name.to_owned(), number.to_owned()))
        });
        if let Some((at, name, number)) = found {
            self.accept(&host, &name, at);
            self.accept(&port, &number, at);
        }
    }
}
