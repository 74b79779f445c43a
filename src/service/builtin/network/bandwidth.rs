//! Bytes per second of each interface, measured over one second.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::model::failure::Failure;
use crate::service::builtin::host::facts::slurp;
use crate::service::builtin::host::load::small;
use crate::service::builtin::registry::{Params, Waiting, World};

const SPAN: Duration = Duration::from_secs(1);

/// Received and sent bytes, receive and send errors since boot.
type Counters = BTreeMap<String, [u64; 4]>;

pub fn bandwidth(_: Params, _: World) -> Waiting {
    Box::pin(async {
        let (before, since) = (counters()?, Instant::now());
        tokio::time::sleep(SPAN).await;
        let (after, seconds) = (counters()?, since.elapsed().as_secs_f64());
        let rates: Vec<Value> = after
            .iter()
            .filter_map(|(name, now)| {
                let then = before.get(name)?;
                let rate = |place: usize| (small(now[place].saturating_sub(then[place])) / seconds).round();
                Some(
                    json!({ "name": name, "rx_bytes_per_s": rate(0), "tx_bytes_per_s": rate(1), "rx_errors": now[2], "tx_errors": now[3] }),
                )
            })
            .collect();
        Ok(json!({ "rates": rates, "measured_ms": SPAN.as_millis() }))
    })
}

fn counters() -> Result<Counters, Failure> {
    Ok(slurp("/proc/net/dev")?.lines().filter_map(line).collect())
}

/// `  eth0: rx_bytes packets errs drop fifo frame compressed multicast tx_bytes packets errs …`
fn line(line: &str) -> Option<(String, [u64; 4])> {
    let (name, numbers) = line.split_once(':')?;
    let numbers: Vec<u64> = numbers.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect();
    Some((name.trim().to_owned(), [*numbers.first()?, *numbers.get(8)?, *numbers.get(2)?, *numbers.get(10)?]))
}
