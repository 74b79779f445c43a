//! Load, memory and how busy the processors are, measured over a short time.

use std::time::Duration;

use serde_json::{Value, json};

use super::facts::{Memory, cpus_in, slurp};
use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::param::broke;
use crate::service::builtin::registry::{Answer, Params, Waiting, World};
use crate::service::reading::Told;

/// Long enough for twenty clock ticks of the kernel's accounting.
const SPAN: Duration = Duration::from_millis(200);

pub fn cpu_mem(_: Params, _: World) -> Waiting {
    Box::pin(async {
        let before = slurp("/proc/stat")?;
        tokio::time::sleep(SPAN).await;
        of(&before, &slurp("/proc/stat")?, &slurp("/proc/loadavg")?, &slurp("/proc/meminfo")?)
    })
}

/// Of another machine.
pub fn told(host: &Told<'_>) -> Answer {
    of(host.part("before")?, host.part("after")?, host.part("load")?, host.part("meminfo")?)
}

fn of(before: &str, after: &str, load: &str, meminfo: &str) -> Answer {
    let busy = Ticks::parse(after).busy_percent_since(&Ticks::parse(before));
    let memory = Memory::parse(meminfo)?;
    let loads = loads(load)?;
    let cpus = cpus_in(after).max(1);
    Ok(json!({
        "load1": loads[0],
        "load5": loads[1],
        "load15": loads[2],
        "cpus": cpus,
        "load_per_cpu": round(loads[0] / small(cpus as u64)),
        "cpu_busy_percent": busy,
        "mem_total_kib": memory.total,
        "mem_available_kib": memory.available,
        "mem_used_percent": share(memory.total.saturating_sub(memory.available), memory.total),
        "swap_total_kib": memory.swap_total,
        "swap_used_percent": share(memory.swap_total.saturating_sub(memory.swap_free), memory.swap_total),
    }))
}

fn loads(text: &str) -> Result<[f64; 3], Failure> {
    let mut numbers = text.trim().split(' ').map_while(|number| number.parse().ok());
    let mut next = || numbers.next().ok_or_else(|| broke(FailureClass::Resource, "read the load: not numbers"));
    Ok([next()?, next()?, next()?])
}

/// Clock ticks of all processors since boot.
struct Ticks {
    idle: u64,
    total: u64,
}

impl Ticks {
    /// `cpu user nice system idle iowait irq softirq steal …`; guest time is part of user time.
    fn parse(text: &str) -> Self {
        let numbers: Vec<u64> =
            text.lines().next().unwrap_or("").split_ascii_whitespace().skip(1).take(8).filter_map(|n| n.parse().ok()).collect();
        let idle = numbers.iter().skip(3).take(2).sum();
        Self { idle, total: numbers.iter().sum() }
    }

    fn busy_percent_since(&self, before: &Self) -> Value {
        let total = self.total.saturating_sub(before.total);
        let idle = self.idle.saturating_sub(before.idle);
        if total == 0 { Value::Null } else { Value::from(share(total.saturating_sub(idle), total)) }
    }
}

/// In percent, to one digit.
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (small(part) * 1_000.0 / small(whole)).round() / 10.0 }
}

fn round(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}

#[expect(clippy::cast_precision_loss, reason = "a share to one digit needs no 53 bits")]
pub fn small(number: u64) -> f64 {
    number as f64
}
