//! OS, kernel, uptime, processors, memory.

use std::fs;

use serde_json::{Value, json};

use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::param::broke;
use crate::service::builtin::registry::{Answer, Params};
use crate::service::reading::Told;

pub fn facts(_: &Params) -> Answer {
    read()
}

pub fn read() -> Answer {
    let name = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    of(&Machine {
        names: [text(name.nodename()), text(name.release()), text(name.machine())],
        os_release: &fs::read_to_string("/etc/os-release").unwrap_or_default(),
        uptime: &slurp("/proc/uptime")?,
        stat: &slurp("/proc/stat")?,
        cpuinfo: &fs::read_to_string("/proc/cpuinfo").unwrap_or_default(),
        meminfo: &slurp("/proc/meminfo")?,
    })
}

/// Of another machine.
pub fn told(host: &Told<'_>) -> Answer {
    let mut names = host.part("name")?.lines().map(str::to_owned);
    let mut name = || names.next().unwrap_or_default();
    of(&Machine {
        names: [name(), name(), name()],
        os_release: host.part("os")?,
        uptime: host.part("uptime")?,
        stat: host.part("stat")?,
        cpuinfo: host.part("cpuinfo")?,
        meminfo: host.part("meminfo")?,
    })
}

/// What the kernel and the distribution write of a machine.
struct Machine<'a> {
    /// Its own, the kernel's, the architecture's.
    names: [String; 3],
    os_release: &'a str,
    uptime: &'a str,
    stat: &'a str,
    cpuinfo: &'a str,
    meminfo: &'a str,
}

fn of(machine: &Machine<'_>) -> Answer {
    let memory = Memory::parse(machine.meminfo)?;
    let (os, os_id) = os_of(machine.os_release);
    let uptime = machine.uptime.split(['.', ' ']).next().and_then(|seconds| seconds.parse::<u64>().ok());
    let [hostname, kernel, arch] = &machine.names;
    Ok(json!({
        "hostname": hostname,
        "os": os,
        "os_id": os_id,
        "kernel": kernel,
        "arch": arch,
        "uptime_s": uptime.ok_or_else(|| broke(FailureClass::Resource, "read the uptime: not a number"))?,
        "cpus": cpus_in(machine.stat),
        "cpu_model": cpu_model(machine.cpuinfo),
        "mem_total_kib": memory.total,
        "swap_total_kib": memory.swap_total,
    }))
}

/// Like a program's missing file: the machine cannot tell.
pub fn slurp(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| broke(FailureClass::Resource, format!("read {path}: {error}")))
}

fn os_of(text: &str) -> (String, String) {
    let field = |key: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        value.unwrap_or("unknown").trim_matches('"').to_owned()
    };
    (field("PRETTY_NAME"), field("ID"))
}

/// Those that the kernel schedules on, by its `/proc/stat`.
pub fn cpus_in(stat: &str) -> usize {
    let is_cpu = |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    stat.lines().filter(is_cpu).count()
}

fn cpu_model(text: &str) -> Value {
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    model.map_or(Value::Null, |(_, name)| Value::from(name.trim()))
}

/// `/proc/meminfo`, in KiB.
pub struct Memory {
    pub total: u64,
    pub available: u64,
    pub swap_total: u64,
    pub swap_free: u64,
}

impl Memory {
    pub fn read() -> Result<Self, Failure> {
        Self::parse(&slurp("/proc/meminfo")?)
    }

    pub fn parse(text: &str) -> Result<Self, Failure> {
        let field = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
        };
        if field("MemTotal") == 0 {
            return Err(broke(FailureClass::Resource, "read the memory: no total"));
        }
        Ok(Self {
            total: field("MemTotal"),
            available: field("MemAvailable"),
            swap_total: field("SwapTotal"),
            swap_free: field("SwapFree"),
        })
    }
}
