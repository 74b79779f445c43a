//! Ways to go on after a failure -> one choice with its reasons and the losers.
//!
//! Safety vetoes first, then evidence: chance that it helps, weighed against what it costs and risks.
//! The order in which options are handed in never matters.

/// One way to go on, with computed evidence. Shares are in thousandths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub name: String,
    pub reason: String,
    /// Chance that it leads on.
    pub helps: u32,
    /// What it gives up: time, a lost step, a person's attention.
    pub costs: u32,
    /// Why it must not be chosen, if so.
    pub veto: Option<String>,
}

impl Candidate {
    fn score(&self) -> i64 {
        i64::from(self.helps) - i64::from(self.costs)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub name: String,
    pub reasons: Vec<String>,
    /// `name: why not`, in name order.
    pub rejected: Vec<String>,
}

/// The best candidate without a veto; equal scores go by name. `None`: all are vetoed, or there are none.
pub fn choose(candidates: &[Candidate]) -> Option<Choice> {
    let winner =
        candidates.iter().filter(|one| one.veto.is_none()).max_by(|a, b| a.score().cmp(&b.score()).then_with(|| b.name.cmp(&a.name)))?;
    let mut rejected: Vec<String> = candidates.iter().filter(|one| one.name != winner.name).map(|loser| why_not(loser, winner)).collect();
    rejected.sort();
    Some(Choice { name: winner.name.clone(), reasons: vec![winner.reason.clone()], rejected })
}

/// Why nothing could be chosen, for the record.
pub fn vetoes(candidates: &[Candidate]) -> Vec<String> {
    let mut all: Vec<String> = candidates.iter().filter_map(|one| Some(format!("{}: {}", one.name, one.veto.as_ref()?))).collect();
    all.sort();
    all
}

fn why_not(loser: &Candidate, winner: &Candidate) -> String {
    match &loser.veto {
        Some(veto) => format!("{}: {veto}", loser.name),
        None => format!("{}: score {} below {} of {}", loser.name, loser.score(), winner.score(), winner.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(name: &str, helps: u32, costs: u32, veto: Option<&str>) -> Candidate {
        Candidate { name: name.to_owned(), reason: format!("{name} because"), helps, costs, veto: veto.map(str::to_owned) }
    }

    #[test]
    fn order_does_not_matter_and_a_veto_decides() {
        let mut options = vec![
            candidate("retry", 900, 0, Some("limit of 2 retries reached")),
            candidate("skip", 500, 200, None),
            candidate("escalate", 600, 300, None),
        ];
        let first = choose(&options).expect("two are free");
        assert_eq!(first.name, "escalate");
        assert_eq!(first.rejected, ["retry: limit of 2 retries reached", "skip: score 300 below 300 of escalate"]);
        options.reverse();
        assert_eq!(choose(&options), Some(first));
        assert_eq!(choose(&options[2..]), None);
    }
}
