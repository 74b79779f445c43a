//! The scanner: one pass over the tokens of each sentence.

use crate::model::catalogue::EffectClass;
use crate::planner::index::Index;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, stem};

use super::condition::{self, Standing, is_outcome};
use super::joint::{ORDINALS, is_joint};
use super::marker::{Marker, marker};
use super::pace::batches;
use super::{Clause, Cond, Join, arrange, topic};

pub fn segment(tokens: &[Token], index: &Index) -> Vec<Clause> {
    let mut clauses = Vec::new();
    for (sentence, join) in sentences(tokens) {
        let (lead, body) = split_lead(sentence);
        // "fails: page them", "ok: enable it".
        let told = !lead.is_empty()
            && lead.len() < 5
            && lead.iter().any(is_outcome)
            && lead.iter().all(|token| is_outcome(token) || is_function(&token.low));
        let (told, lead) = if told { (lead, &[][..]) } else { (&[][..], lead) };
        let mut scan = Scan::new(index, body, join);
        // "#ops: "done"": said to them.
        if let ([channel], [text, ..]) = (lead, body)
            && channel.kind == Kind::Channel
            && text.kind == Kind::Quoted
        {
            clauses.push(Clause { tokens: [lead, body].concat(), ..Clause::new(join) });
            continue;
        }
        if !lead.is_empty() {
            clauses.push(Clause { tokens: lead.to_vec(), lead: true, ..Clause::new(join) });
        }
        if let [first, ..] = told {
            scan.current.cond = Some(condition::read(first, told, index, Standing::First).0);
        }
        scan.run();
        clauses.append(&mut scan.found);
    }
    answer_questions(&mut clauses);
    topic::settle(&mut clauses, index);
    arrange::verb_last(&mut clauses, index);
    arrange::groups_first(&mut clauses, index);
    arrange::behind(&mut clauses, index);
    arrange::share(&mut clauses, index);
    for clause in clauses.iter_mut().filter(|clause| arrange::spares(&clause.tokens, index)) {
        (clause.negated, clause.spared) = (true, true);
    }
    clauses.retain(|clause| clause.tokens.iter().any(|token| !matches!(token.kind, Kind::Mark(_))) || clause.cond.is_some());
    if let Some(first) = clauses.first_mut() {
        first.join = Join::Start;
    }
    clauses
}

/// "is web-1 down? if so reboot it": what is answered by yes is the bad end of the look.
fn answer_questions(clauses: &mut [Clause]) {
    for at in 1..clauses.len() {
        let (before, rest) = clauses.split_at_mut(at);
        let asked = &before[at - 1];
        let asks = asked
            .tokens
            .first()
            .is_some_and(|first| first.is_one_of(&["is", "are", "isn't", "aren't", "does", "doesn't", "has", "did", "can", "was"]));
        let bad = condition::tells_bad(&asked.tokens);
        if let Some(Cond::On { failure, about, .. }) = &mut rest[0].cond
            && about.iter().all(|token| token.is_one_of(&["so", "yes", "it", "is", "they", "are", "does", "not", "no"]))
            && asks
            && bad
        {
            *failure = !*failure;
        }
    }
}

fn sentences(tokens: &[Token]) -> Vec<(&[Token], Join)> {
    let ends = |token: &Token| matches!(token.kind, Kind::Mark(';' | '.' | '!' | '?'));
    tokens.split(ends).filter(|part| !part.is_empty()).map(|part| (part, Join::Break)).collect()
}

/// What stands before a colon, when something follows it.
fn split_lead(sentence: &[Token]) -> (&[Token], &[Token]) {
    match sentence.iter().position(|token| token.kind == Kind::Mark(':')) {
        // "ping x, if it fails: ..." is a condition, not a lead.
        Some(at) if at > 0 && at + 1 < sentence.len() && !(0..at).any(|from| condition::opener(&sentence[from..at]).is_some()) => {
            (&sentence[..at], &sentence[at + 1..])
        }
        Some(_) | None => (&[], sentence),
    }
}

pub(super) struct Scan<'a> {
    pub(super) index: &'a Index,
    pub(super) tokens: &'a [Token],
    pub(super) at: usize,
    pub(super) current: Clause,
    pub(super) found: Vec<Clause>,
    /// The clause at hand follows a "but".
    pub(super) is_but: bool,
    /// "..., but first ...".
    is_first: bool,
}

impl<'a> Scan<'a> {
    pub(super) fn new(index: &'a Index, tokens: &'a [Token], join: Join) -> Self {
        Self { index, tokens, at: 0, current: Clause::new(join), found: Vec::new(), is_but: false, is_first: false }
    }

    pub(super) fn run(&mut self) {
        while self.at < self.tokens.len() {
            let rest = &self.tokens[self.at..];
            let ends = rest.get(1).is_none_or(|next| is_joint(next) || matches!(next.kind, Kind::Mark(_)));
            let last_first = rest[0].is("first") && !self.is_blank() && (self.is_but || ends && !self.found.is_empty());
            if last_first {
                self.current.tokens.push(rest[0].clone());
                self.at += 1;
            } else if self.is_but && rest[0].is("first") {
                self.is_first = true;
                self.at += 1;
            } else if let Some(length) = self.ceases(rest) {
                self.at += length;
                self.mark(Marker::Not);
            } else if rest[0].is_one_of(&["afterwards", "afterward", "then"]) && self.looks_at(rest) {
                self.at += 1;
            } else if let Some((length, marker)) = marker(rest).filter(|_| !self.is_next_span() && !self.is_first_of(rest)) {
                self.at += length;
                self.mark(marker);
            } else if rest[0].is_one_of(ORDINALS) && self.current.tokens.is_empty() && !self.found.is_empty() {
                self.at += 1;
                self.flush(Join::Then);
                self.skip_comma();
            } else if rest[0].is_one_of(ORDINALS) && !self.is_blank() && rest.get(1).is_none_or(is_joint) {
                self.at += 1;
            } else if rest[0].is_one_of(&["once", "when"])
                && self.is_done(self.at + 1)
                && (!self.tells_outcome(self.at + 1) || self.is_own_end(self.at + 1))
            {
                self.order(false);
            } else if let Some(length) = condition::opener(rest).filter(|_| !self.is_whether() && !self.is_modal()) {
                self.condition(length);
            } else if rest[0].is("while") && rest.get(1).is_some_and(|next| next.low.ends_with("ing") && self.index.is_verb(&next.low)) {
                self.flush(Join::And);
                self.current.together = true;
                self.at += 1;
            } else if let Some((length, width)) = batches(rest) {
                self.at += length;
                self.current.apart = Some(width);
                if self.current.tokens.is_empty() {
                    self.skip_comma();
                }
            } else if self.explains_by(rest) {
                self.at += 1;
                self.current.lead = true;
                self.flush(Join::Break);
            } else if let Some(length) = self.explains(rest) {
                self.at += length;
                self.current.lead = true;
                self.flush(Join::Break);
            } else if let Some(span) = self.pause() {
                self.wait(span);
            } else if rest[0].is_one_of(&["before", "after"])
                && !self.is_remark(rest)
                && (self.opens_clause(self.at + 1) || self.is_done(self.at + 1))
            {
                self.order(rest[0].is("before"));
            } else if is_joint(&rest[0]) {
                self.joint();
            } else {
                self.current.tokens.push(rest[0].clone());
                self.at += 1;
            }
        }
        // A condition with nothing to do stays, so that it is asked about.
        if matches!(self.current.cond, Some(Cond::On { .. })) && self.current.tokens.is_empty() {
            self.found.push(self.current.clone());
        } else {
            self.flush(Join::Break);
        }
    }

    /// "check afterwards that it is up".
    fn looks_at(&self, rest: &[Token]) -> bool {
        let looks = self.current.tokens.last().is_some_and(|last| self.index.looks.contains(&last.low));
        looks && rest.get(1).is_some_and(|next| next.is_one_of(&["that", "whether", "if", "how"]))
    }

    /// "when it is finished": how it went, not what is done.
    fn tells_outcome(&self, from: usize) -> bool {
        let rest = &self.tokens[from.min(self.tokens.len())..];
        let end = rest.iter().position(|token| is_joint(token) || matches!(token.kind, Kind::Mark(_))).unwrap_or(rest.len());
        rest[..end].iter().any(is_outcome)
    }

    /// "stop x, and when it is stopped": how what was just ordered ends, and nothing bad.
    fn is_own_end(&self, from: usize) -> bool {
        let ordered = std::iter::once(&self.current).chain(self.found.iter().rev()).find(|clause| !clause.tokens.is_empty());
        let verb = ordered.and_then(|clause| clause.tokens.iter().find(|token| self.index.verbs.contains(&token.low)));
        let rest = &self.tokens[from.min(self.tokens.len())..];
        let end = rest.iter().position(|token| is_joint(token) || matches!(token.kind, Kind::Mark(_))).unwrap_or(rest.len());
        verb.is_some_and(|verb| rest[..end].iter().any(|token| stem(&token.text.to_lowercase()) == stem(&verb.low)))
    }

    /// "triage x by checking a, b and c": what follows says how.
    fn explains_by(&self, rest: &[Token]) -> bool {
        let doing = rest.get(1).is_some_and(|next| next.kind == Kind::Word && next.low.ends_with("ing") && self.index.is_verb(&next.low));
        rest[0].is("by") && doing && self.found.is_empty() && !self.is_blank()
    }

    /// "isolate it, that is tag it, page them": what follows says what is meant.
    fn explains(&self, rest: &[Token]) -> Option<usize> {
        let [comma, first, second, ..] = rest else { return None };
        let length = match (first, second) {
            (that, is) if that.is("that") && is.is("is") => 3,
            (one, _) if one.is_one_of(&["namely", "ie", "i.e", "meaning"]) => 2,
            _ => return None,
        };
        let length = length + usize::from(rest.get(length).is_some_and(|next| next.kind == Kind::Mark(',')));
        let ordered = rest.get(length).is_some_and(|next| next.kind == Kind::Word && self.index.verbs.contains(&next.low));
        (comma.kind == Kind::Mark(',') && ordered && self.found.is_empty() && !self.is_blank()).then_some(length)
    }

    /// "cart is broken after the release": when it began, and nothing to be done.
    fn is_remark(&self, rest: &[Token]) -> bool {
        let noun = rest.get(1).is_some_and(|next| is_determiner(&next.low));
        let says = self.current.tokens.iter().any(|token| token.is_one_of(&["is", "are", "has", "seems", "was"]));
        rest[0].is("after") && noun && says && self.current.tokens.iter().any(is_outcome) && self.found.is_empty()
    }

    pub(super) fn is_blank(&self) -> bool {
        self.current.tokens.iter().all(|token| is_function(&token.low) && token.kind == Kind::Word)
    }

    /// Ends the clause at hand; the next one joins as said.
    pub(super) fn flush(&mut self, next: Join) {
        self.put_earlier();
        let ended = std::mem::replace(&mut self.current, Clause::new(next));
        let bare = ended.tokens.iter().all(|token| matches!(token.kind, Kind::Mark(_)));
        if !bare {
            self.found.push(ended);
            return;
        }
        // Nothing was said yet: what was learnt of the clause stays for the next one.
        self.current = Clause { join: if ended.join == Join::Break { ended.join } else { next }, tokens: Vec::new(), ..ended };
        if next == Join::Then {
            self.current.join = Join::Then;
        }
    }

    /// "..., but save it before": said after it, done before it.
    fn put_earlier(&mut self) {
        if std::mem::take(&mut self.is_first) && !self.found.is_empty() && self.current.cond.is_none() {
            let mut first = std::mem::replace(&mut self.current, Clause::new(Join::Then));
            first.join = std::mem::replace(&mut self.found[0].join, Join::Then);
            first.elliptic = false;
            self.found.insert(0, first);
            return;
        }
        let last = self.current.tokens.last();
        let said = last.is_some_and(|token| token.is_one_of(&["before", "beforehand", "first"]));
        self.is_but = false;
        if !said || self.current.tokens.len() < 2 || self.current.cond.is_some() {
            return;
        }
        let Some(after) = self.found.pop() else { return };
        self.current.tokens.pop();
        let first = std::mem::replace(&mut self.current, Clause::new(Join::Then));
        self.found.push(Clause { join: after.join, elliptic: false, ..first });
        self.current = Clause { join: Join::Then, ..after };
    }

    fn mark(&mut self, marker: Marker) {
        let marker = match marker {
            Marker::AllTogether => {
                let last = if self.is_blank() { self.found.last_mut() } else { Some(&mut self.current) };
                last.into_iter().for_each(|clause| clause.all_together = true);
                Marker::Together
            }
            other => other,
        };
        match marker {
            Marker::Then => self.flush(Join::Then),
            Marker::Together if self.is_blank() && (self.found.is_empty() || self.current.join == Join::Then) => {
                self.current.together_after = true;
            }
            // "a, then b and at the same time c".
            Marker::Together if self.is_blank() && self.current.join == Join::And => self.current.together = true,
            Marker::Together if self.is_blank() => self.found.iter_mut().rev().take(1).for_each(|clause| clause.together = true),
            Marker::Together => self.current.together = true,
            Marker::Apart if self.is_blank() && !self.found.is_empty() => {
                self.found.iter_mut().rev().take(1).for_each(|clause| clause.apart = Some(1));
            }
            Marker::Apart => self.current.apart = Some(1),
            Marker::Always => self.current.always = true,
            Marker::AtEnd if self.is_blank() => self.current.at_end = true,
            Marker::AtEnd => self.current.at_end = true,
            Marker::Otherwise => {
                if !self.is_blank() {
                    self.flush(Join::And);
                }
                self.current.cond = Some(Cond::Otherwise);
                self.skip_comma();
            }
            Marker::Not => {
                if !self.is_blank() {
                    self.flush(Join::And);
                }
                self.current.negated = true;
            }
            Marker::Filler | Marker::AllTogether => {}
        }
        if self.current.tokens.is_empty() {
            self.skip_comma();
        }
    }

    pub(super) fn skip_comma(&mut self) {
        if self.tokens.get(self.at).is_some_and(|token| matches!(token.kind, Kind::Mark(',' | ':'))) {
            self.at += 1;
        }
    }

    fn condition(&mut self, length: usize) {
        let opener = &self.tokens[self.at + length - 1];
        let opener = if self.tokens[self.at].is("unless") { &self.tokens[self.at] } else { opener };
        let place = if self.is_blank() { Standing::First } else { Standing::Last };
        let temporal = opener.is_one_of(&["once", "when", "soon"]) && !condition::tells_bad(&self.tokens[self.at + length..]);
        let (cond, used) = condition::read(opener, &self.tokens[self.at + length..], self.index, place);
        self.at += length + used;
        if !self.is_blank() {
            self.current.cond = Some(cond);
            // "a, b, and c once d answers": when c is done.
            self.current.trailing = !(temporal && self.found.len() > 1);
            return;
        }
        if !self.current.tokens.is_empty() {
            self.current.tokens.clear();
        }
        self.current.cond = Some(cond);
        self.skip_comma();
    }

    /// "see if it runs", "since when it is up": asks; nothing hangs on it.
    fn is_whether(&self) -> bool {
        if self.tokens[self.at].is("when") && self.at > 0 && self.tokens[self.at - 1].is_one_of(&["since", "until"]) {
            return true;
        }
        let before = self.current.tokens.last();
        let wonders = before.is_some_and(|token| token.is_one_of(&["know", "wonder", "wondering", "ask", "sure"]));
        self.tokens[self.at].is("if") && wonders
            || self.tokens[self.at].is("if")
                && before.is_some_and(|token| self.index.looks.contains(&token.low) && token.kind == Kind::Word)
                && self.current.tokens.iter().all(|token| is_function(&token.low) || self.index.looks.contains(&token.low))
    }

    /// "the first web host": one of several, not what comes first.
    fn is_first_of(&self, rest: &[Token]) -> bool {
        rest[0].is("first") && self.current.tokens.last().is_some_and(|token| is_determiner(&token.low))
    }

    /// "stop rebooting web-1": an end to a change is not the order to make it.
    /// Gives the number of words that say so.
    fn ceases(&self, rest: &[Token]) -> Option<usize> {
        let changes = |low: &str| {
            let led = self.index.led_by(&stem(low)).into_iter().flatten().map(|at| &self.index.operations[*at]);
            led.clone().next().is_some() && led.clone().all(|one| one.effect != EffectClass::Read && !one.low_risk)
        };
        let length = match rest {
            [first, from, ..] if first.is("refrain") && from.is("from") => 2,
            [first, ..] if first.is_one_of(&["stop", "quit", "cease", "avoid", "no"]) => 1,
            _ => return None,
        };
        let word = rest.get(length).filter(|word| word.kind == Kind::Word && self.is_blank())?;
        // "Stop serving a model" is done by something.
        let begins = |summary: &str| {
            let mut words = summary.split_whitespace();
            words.next().is_some_and(|first| rest[0].is(&first.to_lowercase()))
                && words.next().is_some_and(|next| stem(&next.to_lowercase()) == stem(&word.low))
        };
        if self.index.operations.iter().any(|one| begins(&one.summary)) {
            return None;
        }
        (changes(&word.low) && word.low.ends_with("ing") != rest[0].is("no")).then_some(length)
    }

    /// "for the next 30 minutes": how long, not what comes next.
    fn is_next_span(&self) -> bool {
        let span = self.tokens.get(self.at + 1).is_some_and(|token| matches!(token.kind, Kind::Duration | Kind::Datetime | Kind::Int(_)));
        self.tokens[self.at].is("next") && (span || self.current.tokens.last().is_some_and(|token| is_determiner(&token.low)))
    }

    /// "the logs should be rotated": what is wanted, not under what condition.
    fn is_modal(&self) -> bool {
        // "what breaks if x goes down" asks; nothing hangs on it.
        let asks = self.current.tokens.first().is_some_and(|token| token.is_one_of(&["what", "which", "who"]))
            && self.current.tokens.iter().any(|token| token.is_one_of(&["would", "happens", "breaks", "affected"]));
        let said = |token: &Token| !token.is_one_of(&["please", "and", "but", "then"]);
        asks || self.tokens[self.at].is("should") && self.current.tokens.iter().any(said)
    }
}
