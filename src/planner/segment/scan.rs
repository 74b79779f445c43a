//! The scanner: one pass over the tokens of each sentence.

use crate::model::catalogue::EffectClass;
use crate::planner::grammar;
use crate::planner::index::Index;
use crate::planner::token::{Kind, Token};
use crate::planner::words::{is_determiner, is_function, is_particle, is_preposition, stem};

use super::condition::{self, Standing, is_outcome};
use super::marker::{Marker, marker};
use super::pace::batches;
use super::{Clause, Cond, Join, topic};

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
        let mut scan = Scan { index, tokens: body, at: 0, current: Clause::new(join), found: Vec::new(), is_but: false, is_first: false };
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
    topic::settle(&mut clauses, index);
    behind(&mut clauses, index);
    share(&mut clauses, index);
    for clause in clauses.iter_mut().filter(|clause| spares(&clause.tokens, index)) {
        (clause.negated, clause.spared) = (true, true);
    }
    clauses.retain(|clause| clause.tokens.iter().any(|token| !matches!(token.kind, Kind::Mark(_))) || clause.cond.is_some());
    if let Some(first) = clauses.first_mut() {
        first.join = Join::Start;
    }
    clauses
}

/// "leave php alone", "keep web-2 as it is", "restart nothing".
fn spares(tokens: &[Token], index: &Index) -> bool {
    let Some(verb) = index.verb_place(tokens).or_else(|| tokens.iter().position(|token| !is_function(&token.low))) else { return false };
    let rest = &tokens[verb + 1..];
    let last = rest.iter().rev().find(|token| token.kind == Kind::Word);
    let as_it_is = rest.iter().any(|token| token.is("as")) && last.is_some_and(|token| token.is_one_of(&["is", "are", "was"]));
    let kept = || {
        rest.iter().any(|token| token.is_one_of(&["alone", "untouched", "unchanged", "intact"]))
            || last.is_some_and(|token| token.is_one_of(&["running", "be"]))
            || as_it_is
    };
    tokens[verb].is_one_of(&["leave", "leaving", "keep", "keeping"]) && kept()
        || rest.first().is_some_and(|token| token.is("nothing")) && index.verbs.contains(&tokens[verb].low)
}

/// "on web-1, start it": where, when and to what, said first, belongs to what is done.
fn behind(clauses: &mut Vec<Clause>, index: &Index) {
    let mut at = 0;
    while at + 1 < clauses.len() {
        let clause = &clauses[at];
        let led = clause.tokens.first().is_some_and(|token| is_preposition(&token.low) && !token.is_one_of(&["about", "by"]));
        let plain = clause.cond.is_none() && !clause.negated && !clause.lead && !clause.elliptic;
        // "redis, what depends on it": what is spoken of.
        let topic = clause.tokens.last().is_some_and(|last| matches!(last.kind, Kind::Ident | Kind::Ip))
            && clause.tokens[..clause.tokens.len() - 1].iter().all(|token| is_determiner(&token.low) || index.is_machine(&token.low));
        let pronoun = clauses[at + 1].tokens.iter().position(|token| token.is("it"));
        if let Some(place) = pronoun.filter(|_| topic && clause.cond.is_none() && clauses[at + 1].join == Join::Comma) {
            let first = clauses.remove(at);
            clauses[at].tokens[place] = first.tokens[first.tokens.len() - 1].clone();
            clauses[at].join = first.join;
            clauses[at].elliptic = false;
            continue;
        }
        let clause = &clauses[at];
        let speaks = |token: &Token| {
            token.kind == Kind::Word
                && grammar::environment(&token.low).is_none()
                && (index.verbs.contains(&token.low) || index.names_work(&token.low) && !is_function(&token.low))
        };
        // "from last night's snapshot, restore x": before an order or a question nouns are but nouns.
        let opens = clauses[at + 1].tokens.iter().find(|token| !is_determiner(&token.low) && !token.is_one_of(SUBJECTS));
        let ordered = opens.is_some_and(|token| {
            token.kind == Kind::Word
                && (index.verbs.contains(&token.low) || token.is_one_of(&["what", "which", "how", "who", "where", "when", "why"]))
        });
        let doing = clause.tokens.iter().any(|token| token.kind == Kind::Word && token.low.ends_with("ing") && index.is_verb(&token.low));
        let to_do = clause.tokens.get(1).is_some_and(|token| token.kind == Kind::Word && index.verbs.contains(&token.low));
        let has_verb = if ordered { doing || to_do } else { clause.tokens.iter().any(speaks) };
        if led && plain && !has_verb && clauses[at + 1].join == Join::Comma && clauses[at + 1].cond.is_none() {
            let first = clauses.remove(at);
            clauses[at].tokens.extend(first.tokens);
            clauses[at].join = first.join;
            clauses[at].elliptic = false;
            clauses[at].together |= first.together;
            continue;
        }
        at += 1;
    }
}

/// "inspect and renew the cert of x": one object for both verbs.
fn share(clauses: &mut [Clause], index: &Index) {
    for at in 1..clauses.len() {
        let [verb] = clauses[at - 1].tokens.as_slice() else { continue };
        let acts =
            verb.kind == Kind::Word && index.verbs.contains(&verb.low) && !verb.is_one_of(&["go", "come", "try", "wait", "look", "see"]);
        let opens = clauses[at].tokens.first().is_some_and(|token| token.kind == Kind::Word && index.verbs.contains(&token.low));
        let object = clauses[at].tokens.iter().skip(1).any(|token| token.is_value() || !is_function(&token.low));
        let pronoun = clauses[at].tokens.iter().any(|token| token.is_one_of(&["it", "its", "them", "that"]));
        if acts && opens && object && !pronoun && clauses[at].join == Join::And && !clauses[at - 1].lead {
            let object: Vec<Token> = clauses[at].tokens[1..].to_vec();
            clauses[at - 1].tokens.extend(object);
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

struct Scan<'a> {
    index: &'a Index,
    tokens: &'a [Token],
    at: usize,
    current: Clause,
    found: Vec<Clause>,
    /// The clause at hand follows a "but".
    is_but: bool,
    /// "..., but first ...".
    is_first: bool,
}

impl Scan<'_> {
    fn run(&mut self) {
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
            } else if let Some(span) = self.pause() {
                self.wait(span);
            } else if rest[0].is_one_of(&["before", "after"]) && (self.opens_clause(self.at + 1) || self.is_done(self.at + 1)) {
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

    /// "triage x by checking a, b and c": what follows says how.
    fn explains_by(&self, rest: &[Token]) -> bool {
        let doing = rest.get(1).is_some_and(|next| next.kind == Kind::Word && next.low.ends_with("ing") && self.index.is_verb(&next.low));
        rest[0].is("by") && doing && self.found.is_empty() && !self.is_blank()
    }

    fn is_blank(&self) -> bool {
        self.current.tokens.iter().all(|token| is_function(&token.low) && token.kind == Kind::Word)
    }

    /// Ends the clause at hand; the next one joins as said.
    fn flush(&mut self, next: Join) {
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
            Marker::Filler => {}
        }
        if self.current.tokens.is_empty() {
            self.skip_comma();
        }
    }

    fn skip_comma(&mut self) {
        if self.tokens.get(self.at).is_some_and(|token| matches!(token.kind, Kind::Mark(',' | ':'))) {
            self.at += 1;
        }
    }

    fn condition(&mut self, length: usize) {
        let opener = &self.tokens[self.at + length - 1];
        let opener = if self.tokens[self.at].is("unless") { &self.tokens[self.at] } else { opener };
        let place = if self.is_blank() { Standing::First } else { Standing::Last };
        let (cond, used) = condition::read(opener, &self.tokens[self.at + length..], self.index, place);
        self.at += length + used;
        if !self.is_blank() {
            self.current.cond = Some(cond);
            self.current.trailing = true;
            return;
        }
        if !self.current.tokens.is_empty() {
            self.current.tokens.clear();
        }
        self.current.cond = Some(cond);
        self.skip_comma();
    }

    /// "see if it runs" asks; nothing hangs on it.
    fn is_whether(&self) -> bool {
        let before = self.current.tokens.last();
        self.tokens[self.at].is("if")
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

    /// "after 5 minutes": time that is to pass before this clause.
    fn pause(&self) -> Option<Token> {
        let [after, span, ..] = &self.tokens[self.at..] else { return None };
        let of = self.tokens.get(self.at + 2).is_some_and(|token| token.is("of"));
        // "reboot it in 10 minutes", but not "in the last 10 minutes" and no question.
        let orders = self.is_blank() || self.current.tokens.first().is_some_and(|token| self.index.verbs.contains(&token.low));
        let later = after.is("in") && orders && !span.low.starts_with("last") && !span.low.starts_with("past");
        ((after.is("after") || later) && span.kind == Kind::Duration && !of && self.index.knows("wait")).then(|| span.clone())
    }

    fn wait(&mut self, span: Token) {
        self.at += 2;
        let verb = Token { text: "wait".to_owned(), low: "wait".to_owned(), kind: Kind::Word, owner: false };
        let cond = self.current.cond.take();
        self.found.push(Clause { tokens: vec![verb, span], cond, ..Clause::new(self.current.join) });
        self.current.join = Join::Then;
        if self.is_blank() {
            self.skip_comma();
        }
    }

    /// "before X, Y", "Y before X", and the same with "after".
    fn order(&mut self, is_before: bool) {
        let preposed = self.is_blank();
        self.at += 1;
        let doing = self.is_gerund(self.at);
        let end = if doing { self.end_of_doing(preposed) } else { self.end_of_subordinate(preposed) };
        let mut inner = self.parts(&self.tokens[self.at..end], doing);
        let first_inner = inner.first().cloned().unwrap_or_else(|| Clause::new(Join::And));
        self.at = end;
        let join = self.current.join;
        if preposed {
            self.skip_comma();
            let main_end = self.end_of_main();
            let main = self.tokens[self.at..main_end].to_vec();
            self.at = main_end;
            // "..., after a snapshot of each": what it follows was said before.
            if main.is_empty() && !self.found.is_empty() && self.current.cond.is_none() {
                let main = self.found.pop().unwrap_or_else(|| Clause::new(join));
                self.around(main, inner, is_before);
                return;
            }
            let cond = self.current.cond.take();
            if is_before {
                self.found.push(Clause { tokens: main, cond, ..Clause::new(join) });
                inner[0].join = Join::Then;
                self.found.append(&mut inner);
            } else {
                inner[0] = Clause { cond, join, ..first_inner };
                self.found.append(&mut inner);
                self.found.push(Clause { tokens: main, ..Clause::new(Join::Then) });
            }
            self.current = Clause::new(Join::And);
            return;
        }
        let main = std::mem::replace(&mut self.current, Clause::new(Join::And));
        self.around(main, inner, is_before);
    }

    /// What stands before or after the main clause.
    fn around(&mut self, main: Clause, mut inner: Vec<Clause>, is_before: bool) {
        self.current = Clause::new(Join::And);
        if is_before {
            self.found.push(main);
            inner[0].join = Join::Then;
            self.found.append(&mut inner);
        } else {
            inner[0].cond.clone_from(&main.cond);
            inner[0].join = main.join;
            self.found.append(&mut inner);
            self.found.push(Clause { join: Join::Then, cond: None, ..main });
        }
    }

    /// "measuring x and looking at y" is two clauses; anything else is one.
    fn parts(&self, inner: &[Token], doing: bool) -> Vec<Clause> {
        if !doing || !inner.iter().any(is_joint) {
            return vec![Clause { tokens: inner.to_vec(), ..Clause::new(Join::And) }];
        }
        // In its base form a verb opens a clause.
        let base = |token: &Token| {
            let known = self.index.verbs.iter().find(|verb| token.low.ends_with("ing") && stem(verb) == stem(&token.low));
            known.map_or_else(|| token.clone(), |verb| Token { low: verb.clone(), ..token.clone() })
        };
        let tokens: Vec<Token> = inner.iter().map(base).collect();
        let mut scan = Scan {
            index: self.index,
            tokens: &tokens,
            at: 0,
            current: Clause::new(Join::And),
            found: Vec::new(),
            is_but: false,
            is_first: false,
        };
        scan.run();
        if scan.found.is_empty() {
            scan.found.push(Clause { tokens: tokens.clone(), ..Clause::new(Join::And) });
        }
        scan.found
    }

    fn is_gerund(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Word && token.low.ends_with("ing") && self.index.is_verb(&token.low))
    }

    /// What is done there goes on until somebody is told to do something else.
    fn end_of_doing(&self, preposed: bool) -> usize {
        let next = |at: usize| (at..self.tokens.len()).find(|at| !is_joint(&self.tokens[*at]) && !self.tokens[*at].is_one_of(ADVERBS));
        let ends = |at: &usize| {
            let token = &self.tokens[*at];
            let told = is_joint(token) && next(*at).is_none_or(|next| self.is_base_verb(next) && !self.is_gerund(next));
            let list = token.kind == Kind::Mark(',') && preposed && !next(*at).is_some_and(|next| self.is_gerund(next));
            let main_verb = preposed && *at > self.at + 1 && self.is_base_verb(*at) && {
                let before = &self.tokens[at - 1];
                !is_determiner(&before.low) && !before.is_one_of(&["to", "of"]) && !is_joint(before)
            };
            told || list || main_verb || marker(&self.tokens[*at..]).is_some() || condition::opener(&self.tokens[*at..]).is_some()
        };
        (self.at + 1..self.tokens.len()).find(ends).unwrap_or(self.tokens.len())
    }

    /// The subordinate clause ends at a comma, a joint that opens a clause, or where the main verb stands.
    fn end_of_subordinate(&self, preposed: bool) -> usize {
        (self.at + 1..self.tokens.len())
            .find(|at| {
                let token = &self.tokens[*at];
                // "deploying search": what stands right behind the verb is its object.
                let main_verb = preposed
                    && *at > self.at + 1
                    && self.is_base_verb(*at)
                    && !is_determiner(&self.tokens[at - 1].low)
                    && !self.tokens[at - 1].is_one_of(&["to", "of"]);
                token.kind == Kind::Mark(',')
                    || marker(&self.tokens[*at..]).is_some()
                    || (token.is("and") && self.opens_clause(at + 1))
                    || main_verb
            })
            .unwrap_or(self.tokens.len())
    }

    fn end_of_main(&self) -> usize {
        (self.at..self.tokens.len())
            .find(|at| {
                let rest = &self.tokens[*at..];
                is_joint(&rest[0]) && (self.opens_clause(at + 1) || rest[0].kind == Kind::Mark(','))
                    || marker(rest).is_some()
                    || condition::opener(rest).is_some()
            })
            .unwrap_or(self.tokens.len())
    }

    /// "core 3.3 is deployed": something, and what is done with it.
    fn is_done(&self, from: usize) -> bool {
        let rest = &self.tokens[from.min(self.tokens.len())..];
        let end = rest.iter().position(|token| is_joint(token) || matches!(token.kind, Kind::Mark(_))).unwrap_or(rest.len());
        let form = |token: &Token| token.is_one_of(&["is", "are", "gets", "get", "was", "were", "been", "being"]);
        let past = |token: &Token| {
            token.kind == Kind::Word
                && self.index.is_verb(&token.low)
                && (Index::is_past(&token.low) || Index::is_past(&token.text.to_lowercase()))
        };
        rest[..end].windows(2).any(|pair| form(&pair[0]) && past(&pair[1]))
    }

    fn is_base_verb(&self, at: usize) -> bool {
        self.tokens.get(at).is_some_and(|token| token.kind == Kind::Word && self.index.verbs.contains(&token.low))
    }

    /// A verb, or a noun that operations know, stands here after function words.
    fn opens_clause(&self, from: usize) -> bool {
        let first =
            self.tokens[from.min(self.tokens.len())..].iter().find(|token| !is_determiner(&token.low) && !token.is_one_of(SUBJECTS));
        first.is_some_and(|token| {
            token.kind == Kind::Word
                && (self.index.is_verb(&token.low) || (!is_function(&token.low) && self.index.knows(&stem(&token.low))))
        })
    }

    /// A comma or "and": a new clause, one more item, or a new clause without a verb.
    fn joint(&mut self) {
        let join = if self.tokens[self.at].kind == Kind::Mark(',') { Join::Comma } else { Join::And };
        let mut next = self.at + 1;
        let mut join = join;
        while self.tokens.get(next).is_some_and(|token| is_joint(token) || token.is_one_of(&["also", "please", "so"])) {
            join = Join::And;
            next += 1;
        }
        let rest = &self.tokens[next.min(self.tokens.len())..];
        let Some(first) = rest.first() else {
            self.at = self.tokens.len();
            return;
        };
        let subordinate = marker(rest).is_some()
            || condition::opener(rest).is_some()
            || first.is_one_of(ORDINALS)
            || (first.is_one_of(&["before", "after"]) && self.opens_clause(next + 1))
            || (first.is_one_of(&["after", "in"]) && rest.get(1).is_some_and(|span| span.kind == Kind::Duration))
            || self.is_passive(rest)
            || self.is_gapped(rest);
        let verb = rest.iter().find(|token| !token.is_one_of(ADVERBS));
        let has_verb =
            verb.is_some_and(|token| token.kind == Kind::Word && self.index.verbs.contains(&token.low)) && !self.names_machines(rest);
        if subordinate || has_verb || self.is_name_verb(rest) {
            let is_but = self.tokens[self.at..next].iter().any(|token| token.is("but"));
            self.flush(join);
            self.is_but = is_but;
            self.at = next;
            return;
        }
        let noun = rest.iter().find(|token| !is_function(&token.low) || token.is_value());
        let is_noun = noun.is_some_and(|token| token.kind == Kind::Word && self.index.knows(&stem(&token.low)) && !token.owner);
        // An address after something that is none: one more thing to look at.
        let is_address = first.kind == Kind::Url && !self.current.tokens.iter().any(|token| token.kind == Kind::Url);
        // "of x and of y": one more of the same.
        // "..., #ops": who is to be told.
        let told = first.kind == Kind::Channel
            && rest.get(1).is_none_or(is_joint)
            && !self.is_blank()
            && !self.current.tokens.iter().any(|token| token.kind == Kind::Channel);
        if told {
            self.flush(join);
            let verb = Token { text: "tell".to_owned(), low: "tell".to_owned(), kind: Kind::Word, owner: false };
            self.current.tokens.push(verb);
            self.at = next;
            return;
        }
        // "..., 3m, ...": a value of what went before, or time that is to pass.
        let is_span = first.kind == Kind::Duration && join == Join::Comma && rest.get(1).is_none_or(is_joint) && self.index.knows("wait");
        // "..., front 9.9 to production": a release of another thing.
        let is_release = matches!(first.kind, Kind::Word | Kind::Ident) && rest.get(1).is_some_and(|next| next.kind == Kind::Version);
        let goes_on = first.is_one_of(&["of", "for", "from"]) && !self.is_blank();
        if (is_noun || is_address || is_span || is_release) && !self.is_blank() && !goes_on {
            self.flush(join);
            self.current.elliptic = true;
        } else {
            self.current.tokens.push(self.tokens[self.at].clone());
        }
        self.at = next;
    }

    /// "its log rotated", "#ops told", "port 1 checked": a new clause in which the verb stands last.
    fn is_passive(&self, rest: &[Token]) -> bool {
        let end = rest.iter().position(|token| is_joint(token) || matches!(token.kind, Kind::Mark(_))).unwrap_or(rest.len());
        let participle = |token: &Token| {
            let low = token.text.to_lowercase();
            token.kind == Kind::Word
                && self.index.is_verb(&token.low)
                && (Index::is_past(&low) || Index::is_past(&token.low) || token.is_one_of(&["run", "put", "set"]))
        };
        let at = rest[..end].iter().position(participle).filter(|at| *at > 0);
        let verb = |token: &Token| token.kind == Kind::Word && self.index.is_verb(&token.low);
        // "a report sent": behind an article a verb is a noun.
        let plain = |place: usize| {
            let token = &rest[place];
            let noun = place > 0 && is_determiner(&rest[place - 1].low);
            !verb(token) || token.owner || noun || self.index.knows(&stem(&token.low))
        };
        at.is_some_and(|at| (0..at).all(plain)) && self.current.tokens.iter().any(verb)
    }

    /// "..., nginx restart, ...": a name and what is to be done with it.
    fn is_name_verb(&self, rest: &[Token]) -> bool {
        let [name, verb, ..] = rest else { return false };
        let names = match name.kind {
            Kind::Word => !is_function(&name.low) && !self.index.is_verb(&name.low) && !name.owner,
            Kind::Ident | Kind::Ip => true,
            _ => false,
        };
        let acts = verb.kind == Kind::Word && self.index.verbs.contains(&verb.low) && !verb.low.ends_with('s');
        let ends = rest.get(2).is_none_or(|next| {
            is_joint(next) || matches!(next.kind, Kind::Mark(_)) || (is_preposition(&next.low) && !is_particle(&next.low))
        });
        names && acts && ends && !self.is_blank()
    }

    /// "it should be stopped, rolled back to 1.2": who it is done to was said before.
    fn is_gapped(&self, rest: &[Token]) -> bool {
        let first = rest.iter().find(|token| !token.is_one_of(&["then", "also", "again", "afterwards"]));
        let done = first.is_some_and(|token| token.kind == Kind::Word && Index::is_past(&token.low) && self.index.is_verb(&token.low));
        let passive = |token: &Token| token.is_one_of(&["be", "been", "being", "get", "gets"]);
        done && self.current.tokens.iter().chain(self.found.last().iter().flat_map(|clause| &clause.tokens)).any(passive)
    }

    /// "test hosts" names machines, though `test` is also a verb.
    fn names_machines(&self, rest: &[Token]) -> bool {
        rest.get(1).is_some_and(|token| self.index.is_machine(&token.low) && token.low.ends_with('s'))
    }
}

/// "first x, second y, third z".
const ORDINALS: &[&str] = &["second", "secondly", "third", "thirdly", "fourth", "fourthly", "fifth"];

/// Stand between a joint and its verb and change nothing.
/// "before you patch it", "before it is patched": who does it, and how the verb is put.
const SUBJECTS: &[&str] = &[
    "also", "to", "please", "it", "you", "we", "i", "they", "is", "are", "has", "have", "been", "be", "being", "gets", "get", "was",
    "were", "will",
];

const ADVERBS: &[&str] =
    &["to", "you", "can", "could", "we", "just", "only", "simply", "instead", "rather", "now", "quickly", "kindly", "i", "would", "like"];

fn is_joint(token: &Token) -> bool {
    token.kind == Kind::Mark(',') || token.is_one_of(&["and", "plus", "but"]) || token.kind == Kind::Mark('&')
}
