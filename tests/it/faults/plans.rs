//! Plan files of steps that write one line each into an effect ledger, as chains and fans.

use std::path::Path;

use serde_json::{Value, json};

use super::rng::Rng;

/// A step that leaves `id` in the ledger with one write; `before` and `after` are shell text around it.
pub fn entry(id: &str, needs: &[String], ledger: &Path, before: &str, after: &str) -> Value {
    let command = format!("{before} printf '%s\\n' {id} >> {}; {after} :", ledger.display());
    step(id, needs, command.trim())
}

/// Any shell text. Never repeated by itself: it is the free command, so at most once.
pub fn step(id: &str, needs: &[String], command: &str) -> Value {
    json!({
        "id": id,
        "operation": "host.run_command",
        "params": { "host": "localhost", "command": command },
        "needs": needs,
    })
}

pub fn file(steps: &[Value]) -> Value {
    json!({ "title": "faults", "steps": steps })
}

/// Chains and fans mixed: each step needs none to three of the eight before it; a third take some time around their write.
pub fn mixed(count: u64, ledger: &Path, rng: &mut Rng) -> Value {
    let steps = (0..count).map(|at| {
        let mut needs: Vec<u64> = (0..rng.below(4)).filter_map(|_| at.checked_sub(1 + rng.below(8))).collect();
        needs.sort_unstable();
        needs.dedup();
        let needs: Vec<String> = needs.iter().map(|at| format!("s{at}")).collect();
        let nap = |rng: &mut Rng| if rng.one_in(3) { format!("sleep 0.0{};", 1 + rng.below(9)) } else { String::new() };
        entry(&format!("s{at}"), &needs, ledger, &nap(rng), &nap(rng))
    });
    file(&steps.collect::<Vec<_>>())
}

/// One after the other.
pub fn chain(count: u64, ledger: &Path) -> Value {
    let needs = |at: u64| at.checked_sub(1).map(|before| vec![format!("s{before}")]).unwrap_or_default();
    file(&(0..count).map(|at| entry(&format!("s{at}"), &needs(at), ledger, "", "")).collect::<Vec<_>>())
}
