//! The heaviest processes: by processor share over a short time, and by memory.
//!
//! Names only, never command lines: those hold secrets.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::facts::Memory;
use super::load::{share, small};
use crate::service::builtin::registry::{Answer, Params, Waiting, World};
use crate::service::reading::Told;

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
        let rows = after.iter().map(|(pid, now)| {
            let then = before.get(pid).filter(|one| one.start_time == now.start_time).map_or(now.ticks, |one| one.ticks);
            let ticks = now.ticks.saturating_sub(then);
            Row { pid: *pid, name: now.name.clone(), state: now.state, ticks, rss_pages: now.rss_pages }
        });
        let rates = Rates {
            seconds,
            ticks_per_second: rustix::param::clock_ticks_per_second(),
            page_kib: u64::try_from(rustix::param::page_size() / 1024).unwrap_or(4),
            total_kib: Memory::read()?.total,
        };
        Ok(of(rows.collect(), after.len(), &rates))
    })
}

/// Of another machine, which sends the heaviest of both kinds.
pub fn told(host: &Told<'_>) -> Answer {
    let number = |name: &str| host.number(name);
    let mut rows: Vec<Row> = host.part("processes")?.lines().filter_map(Row::parse).collect();
    rows.sort_by_key(|row| row.pid);
    rows.dedup_by_key(|row| row.pid);
    let whole = |name: &str| number(name).map(|it| it.max(1.0).round().to_string().parse::<u64>().unwrap_or(1));
    let rates = Rates {
        seconds: number("seconds")?.max(0.01),
        ticks_per_second: whole("ticks_per_second")?,
        page_kib: (whole("page_size")? / 1024).max(1),
        total_kib: Memory::parse(host.part("meminfo")?)?.total,
    };
    Ok(of(rows, usize::try_from(whole("count")?).unwrap_or(usize::MAX), &rates))
}

/// One process over a span of time.
struct Row {
    pid: u32,
    name: String,
    state: char,
    ticks: u64,
    rss_pages: u64,
}

impl Row {
    /// `PID STATE TICKS PAGES NAME`
    fn parse(line: &str) -> Option<Self> {
        let mut words = line.splitn(5, ' ');
        let (pid, state) = (words.next()?.parse().ok()?, words.next()?.chars().next()?);
        let (ticks, rss_pages) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        Some(Self { pid, name: words.next()?.to_owned(), state, ticks, rss_pages })
    }
}

/// What ticks and pages are on a machine.
struct Rates {
    seconds: f64,
    ticks_per_second: u64,
    page_kib: u64,
    total_kib: u64,
}

fn of(rows: Vec<Row>, count: usize, rates: &Rates) -> Value {
    let mut rows: Vec<(f64, u64, Value)> = rows
        .into_iter()
        .map(|row| {
            let cpu = (small(row.ticks) * 1_000.0 / small(rates.ticks_per_second) / rates.seconds).round() / 10.0;
            let rss = row.rss_pages * rates.page_kib;
            let shown = json!({ "pid": row.pid, "name": row.name, "state": row.state.to_string(), "cpu_percent": cpu,
                "rss_kib": rss, "mem_percent": share(rss, rates.total_kib) });
            (cpu, rss, shown)
        })
        .collect();
    let first = |rows: &[(f64, u64, Value)]| rows.iter().take(SHOWN).map(|(_, _, row)| row.clone()).collect::<Vec<_>>();
    rows.sort_by_key(|(_, rss, _)| std::cmp::Reverse(*rss));
    let by_memory = first(&rows);
    rows.sort_by(|one, two| two.0.total_cmp(&one.0).then(two.1.cmp(&one.1)));
    json!({ "processes": first(&rows), "by_memory": by_memory, "count": count })
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
