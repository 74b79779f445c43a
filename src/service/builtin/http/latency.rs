//! Response times of an address, one request after the other for a while.

use std::time::{Duration, Instant};

use serde_json::json;

use super::client::url_of;
use crate::service::builtin::host::load::{share, small};
use crate::service::builtin::param::span;
use crate::service::builtin::registry::{Params, Waiting, World};

const USUAL: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_mins(10);
/// Between two requests: a measurement is no attack.
const PAUSE: Duration = Duration::from_millis(100);

pub fn latency(params: Params, world: World) -> Waiting {
    Box::pin(async move {
        let url = url_of(&params)?;
        let span = span(&params, "duration")?.map_or(USUAL, |span| Duration::from_millis(span.0)).min(LONGEST);
        let (mut times, mut errors, mut why) = (Vec::new(), 0_u64, String::new());
        let end = Instant::now() + span;
        loop {
            let began = Instant::now();
            match world.http.get(&url).await {
                Ok(response) if response.status().as_u16() < 500 => times.push(began.elapsed()),
                Ok(response) => (errors, why) = (errors + 1, response.status().to_string()),
                Err(failure) => (errors, why) = (errors + 1, failure.detail),
            }
            if Instant::now() + PAUSE >= end {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        times.sort();
        let count = times.len() as u64 + errors;
        Ok(json!({
            "p50_ms": quantile(&times, 50), "p90_ms": quantile(&times, 90), "p99_ms": quantile(&times, 99), "max_ms": quantile(&times, 100),
            "requests": count, "errors": errors, "error_percent": share(errors, count), "last_error": why,
        }))
    })
}

/// Nearest rank; `None` where nothing was answered.
fn quantile(sorted: &[Duration], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    let time = sorted.get(rank - 1)?;
    Some(small(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)) / 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_take_the_nearest_rank() {
        let times: Vec<Duration> = (1..=10).map(Duration::from_millis).collect();
        assert_eq!([50, 90, 99, 100].map(|percent| quantile(&times, percent)), [Some(5.0), Some(9.0), Some(10.0), Some(10.0)]);
        assert_eq!(quantile(&[], 50), None);
    }
}
