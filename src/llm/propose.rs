//! Ask, judge, object, ask again: at most two repairs and one deadline, then whoever asked goes on without.
//!
//! What an answer is worth the caller's `check` says; here nothing is believed.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::client::{Deadline, ask, build};
use super::extract::json_of;
use super::fault::Fault;
use super::progress::Progress;
use super::prompt::{Brief, repair};
use super::protocol::{Heard, Question, Turn};
use super::server::Server;
use crate::model::problem::Problem;

/// Gains come from the first two; more only cost.
pub const REPAIRS: u32 = 2;
/// Of a question that failed by what may pass.
const RETRIES: u32 = 2;
const PAUSE: Duration = Duration::from_millis(200);
/// Of an answer, as it is shown to its model again.
const REPEATED: usize = 8 << 10;

/// What it took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// `None`: the server did not count.
    pub tokens_in: Option<u64>,
    pub tokens_out: Option<u64>,
    /// In millionths; `None`: no price is configured, or nothing was counted.
    pub cost: Option<u64>,
    pub elapsed_ms: u64,
    /// Answers that were judged.
    pub rounds: u32,
}

impl Usage {
    /// Of two answers that were asked for at the same time.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let sum = |one: Option<u64>, other: Option<u64>| one.map_or(other, |one| Some(one.saturating_add(other.unwrap_or(0))));
        Self {
            tokens_in: sum(self.tokens_in, other.tokens_in),
            tokens_out: sum(self.tokens_out, other.tokens_out),
            cost: sum(self.cost, other.cost),
            elapsed_ms: self.elapsed_ms.max(other.elapsed_ms),
            rounds: self.rounds + other.rounds,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub enum End<T> {
    Sound(T),
    /// Still wrong after the last repair.
    Unsound(Vec<Problem>),
    Failed(Fault),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Proposal<T> {
    pub end: End<T>,
    pub usage: Usage,
    /// Of all rounds, oldest first.
    pub problems: Vec<Problem>,
}

/// Dropping this closes the connection. The first sample (0) is the likeliest answer, further ones are drawn by chance.
pub async fn propose<T>(
    server: &Server,
    brief: &Brief,
    sample: u32,
    tell: &(dyn Fn(Progress) + Send + Sync),
    check: impl Fn(&str) -> Result<T, Vec<Problem>> + Send + Sync,
) -> Proposal<T> {
    let begun = Instant::now();
    let deadline = Deadline::after(server.timeout);
    let mut asking = Asking { server, brief, sample, tell, deadline, usage: Usage::default(), retries: 0, asked: 0 };
    let mut problems = Vec::new();
    let end = asking.rounds(check, &mut problems).await;
    let mut usage = asking.usage;
    usage.cost = match (usage.tokens_in, usage.tokens_out) {
        (None, None) => None,
        (tokens_in, tokens_out) => server.cost(tokens_in.unwrap_or(0), tokens_out.unwrap_or(0)),
    };
    usage.elapsed_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Proposal { end, usage, problems }
}

struct Asking<'a> {
    server: &'a Server,
    brief: &'a Brief,
    sample: u32,
    tell: &'a (dyn Fn(Progress) + Send + Sync),
    deadline: Deadline,
    usage: Usage,
    retries: u32,
    asked: u64,
}

impl Asking<'_> {
    async fn rounds<T>(&mut self, check: impl Fn(&str) -> Result<T, Vec<Problem>> + Send + Sync, problems: &mut Vec<Problem>) -> End<T> {
        let client = match build(self.server) {
            Ok(client) => client,
            Err(fault) => return End::Failed(fault),
        };
        let mut turns: Vec<Turn> = Vec::new();
        loop {
            (self.tell)(Progress::Asks { round: self.usage.rounds + 1 });
            let heard = match self.answer(&client, &turns).await {
                Ok(heard) => heard,
                Err(fault) => return End::Failed(fault),
            };
            self.usage.rounds += 1;
            self.count(&heard);
            let judged = match json_of(&heard.text) {
                Some(json) => check(json),
                None => Err(vec![Problem::new("answer", "no_json", "the answer holds no JSON object").help("answer with one object")]),
            };
            let found = match judged {
                Ok(sound) => return End::Sound(sound),
                Err(found) => found,
            };
            problems.extend(found.iter().cloned());
            if self.usage.rounds > REPAIRS {
                return End::Unsound(found);
            }
            let first = found.first().map_or_else(String::new, |problem| problem.message.clone());
            (self.tell)(Progress::Objects { faults: found.len(), first });
            let answer = heard.text.chars().take(REPEATED).collect();
            turns.push(Turn { answer, objection: repair(&found) });
        }
    }

    fn count(&mut self, heard: &Heard) {
        (self.tell)(Progress::Counted { tokens_in: heard.tokens_in, tokens_out: heard.tokens_out });
        let add = |sum: &mut Option<u64>, more: Option<u64>| {
            if let Some(more) = more {
                *sum = Some(sum.unwrap_or(0).saturating_add(more));
            }
        };
        add(&mut self.usage.tokens_in, heard.tokens_in);
        add(&mut self.usage.tokens_out, heard.tokens_out);
    }

    /// Asks again where the fault may pass and the time is left for it.
    async fn answer(&mut self, client: &reqwest::Client, turns: &[Turn]) -> Result<Heard, Fault> {
        loop {
            self.asked += 1;
            let question = Question { brief: self.brief, turns, sample: self.sample, seed: u64::from(self.sample) * 1_000 + self.asked };
            let hears = |pieces| (self.tell)(Progress::Hears { pieces });
            let fault = match ask(client, self.server, &question, self.deadline, &hears).await {
                Ok(heard) => return Ok(heard),
                Err(fault) => fault,
            };
            let wait = match &fault {
                Fault::Limited { wait: Some(wait) } => (*wait).max(PAUSE),
                _ => PAUSE * (self.retries + 1),
            };
            if !fault.may_pass() || self.retries >= RETRIES || wait >= self.deadline.left() {
                return Err(fault);
            }
            self.retries += 1;
            tracing::debug!(%fault, ?wait, "asks the model again");
            (self.tell)(Progress::Waits { why: fault.to_string() });
            sleep(wait).await;
        }
    }
}
