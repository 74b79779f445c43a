//! The heaviest processes: processor share over a short time, then memory.
//!
//! Names only, never command lines: those hold secrets.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::facts::Memory;
use super::load::{share, small};
use crate::service::builtin::registry::{Params, Waiting, World};

const SPAN: Duration = Duration::from_millis(500);
const SHOWN: usize = 15;

struct Process {
    name: String,
    state: char,
    start_time: u64,
    ticks: u64,
    rss_pages: u64,
}

pub fn top_processes(_: Params, _: World) -> Waiting {
    Box::pin(async {
        let (before, since) = (all(), Instant::now());
        tokio::time::sleep(SPAN).await;
        let (after, seconds) = (all(), since.elapsed().as_secs_f64());
        let total_kib = Memory::read()?.total;
        let page_kib = u64::try_from(rustix::param::page_size() / 1024).unwrap_or(4);
        let mut rows: Vec<(f64, u64, Value)> = after
            .iter()
            .map(|(pid, process)| {
                let earlier = before.get(pid).filter(|one| one.start_time == process.start_time).map_or(process.ticks, |one| one.ticks);
                let cpu = (small(process.ticks.saturating_sub(earlier)) * 100.0 / small(rustix::param::clock_ticks_per_second()) / seconds
                    * 10.0)
                    .round()
                    / 10.0;
                let rss = process.rss_pages * page_kib;
                let row = json!({ "pid": pid, "name": process.name, "state": process.state.to_string(), "cpu_percent": cpu,
                    "rss_kib": rss, "mem_percent": share(rss, total_kib) });
                (cpu, rss, row)
            })
            .collect();
        rows.sort_by(|one, two| two.0.total_cmp(&one.0).then(two.1.cmp(&one.1)));
        let count = rows.len();
        let shown: Vec<Value> = rows.into_iter().take(SHOWN).map(|(_, _, row)| row).collect();
        Ok(json!({ "processes": shown, "count": count }))
    })
}

fn all() -> BTreeMap<u32, Process> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter_map(|pid| Some((pid, parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?))).collect()
}

fn parse(text: &str) -> Option<Process> {
    let (start, rest) = text.rsplit_once(')')?;
    let name = start.split_once('(')?.1.to_owned();
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some(Process {
        name,
        state: fields.first()?.chars().next()?,
        start_time: number(19)?,
        ticks: number(11)? + number(12)?,
        rss_pages: number(21).unwrap_or(0),
    })
}

/// Is a process of this name at work?
pub fn is_running(name: &str) -> bool {
    // The kernel keeps 15 bytes of a name.
    let kept = &name[..name.floor_char_boundary(15)];
    all().values().any(|process| process.name == kept && process.state != 'Z')
}
