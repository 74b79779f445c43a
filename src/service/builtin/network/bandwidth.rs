//! Bytes per second of each interface, measured over one second.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::service::builtin::host::facts::slurp;
use crate::service::builtin::host::load::small;
use crate::service::builtin::registry::{Answer, Params, Waiting, World};
use crate::service::reading::Told;

const SPAN: Duration = Duration::from_secs(1);

/// Received and sent bytes, receive and send errors since boot.
type Counters = BTreeMap<String, [u64; 4]>;

pub fn bandwidth(_: Params, _: World) -> Waiting {
    Box::pin(async {
        let (before, since) = (slurp("/proc/net/dev")?, Instant::now());
        tokio::time::sleep(SPAN).await;
        let after = slurp("/proc/net/dev")?;
        Ok(of(&before, &after, since.elapsed().as_secs_f64()))
    })
}

/// Of another machine.
pub fn told(host: &Told<'_>) -> Answer {
    Ok(of(host.part("before")?, host.part("after")?, host.number("seconds")?.max(0.01)))
}

fn of(before: &str, after: &str, seconds: f64) -> Value {
    let (before, after) = (counters(before), counters(after));
    let rates: Vec<Value> = after
        .iter()
        .filter_map(|(name, now)| {
            let then = before.get(name)?;
            let rate = |place: usize| (small(now[place].saturating_sub(then[place])) / seconds).round();
            Some(json!({ "name": name, "rx_bytes_per_s": rate(0), "tx_bytes_per_s": rate(1), "rx_errors": now[2], "tx_errors": now[3] }))
        })
        .collect();
    json!({ "rates": rates, "measured_ms": (seconds * 1_000.0).round() })
}

fn counters(text: &str) -> Counters {
    text.lines().filter_map(line).collect()
}

/// `  eth0: rx_bytes packets errs drop fifo frame compressed multicast tx_bytes packets errs …`
fn line(line: &str) -> Option<(String, [u64; 4])> {
    let (name, numbers) = line.split_once(':')?;
    let numbers: Vec<u64> = numbers.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect();
    Some((name.trim().to_owned(), [*numbers.first()?, *numbers.get(8)?, *numbers.get(2)?, *numbers.get(10)?]))
}
