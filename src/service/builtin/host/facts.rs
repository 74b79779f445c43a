//! OS, kernel, uptime, processors, memory.

use std::fs;

use serde_json::{Value, json};

use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::param::broke;
use crate::service::builtin::registry::{Answer, Params};

pub fn facts(_: &Params) -> Answer {
    read()
}

pub fn read() -> Answer {
    let name = rustix::system::uname();
    let text = |part: &std::ffi::CStr| part.to_string_lossy().into_owned();
    let memory = Memory::read()?;
    let os = os_release();
    Ok(json!({
        "hostname": text(name.nodename()),
        "os": os.0,
        "os_id": os.1,
        "kernel": text(name.release()),
        "arch": text(name.machine()),
        "uptime_s": uptime()?,
        "cpus": cpus()?,
        "cpu_model": cpu_model(),
        "mem_total_kib": memory.total,
        "swap_total_kib": memory.swap_total,
    }))
}

/// Like a program's missing file: the machine cannot tell.
pub fn slurp(path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| broke(FailureClass::Resource, format!("read {path}: {error}")))
}

fn os_release() -> (String, String) {
    let text = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |key: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='));
        value.unwrap_or("unknown").trim_matches('"').to_owned()
    };
    (field("PRETTY_NAME"), field("ID"))
}

fn uptime() -> Result<u64, Failure> {
    let text = slurp("/proc/uptime")?;
    let seconds = text.split(['.', ' ']).next().and_then(|seconds| seconds.parse().ok());
    seconds.ok_or_else(|| broke(FailureClass::Resource, "read /proc/uptime: not a number"))
}

/// Those that the kernel schedules on.
pub fn cpus() -> Result<usize, Failure> {
    let is_cpu = |line: &&str| line.strip_prefix("cpu").is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()));
    Ok(slurp("/proc/stat")?.lines().filter(is_cpu).count())
}

fn cpu_model() -> Value {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
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
        let text = slurp("/proc/meminfo")?;
        let field = |key: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
            line.and_then(|rest| rest.split_ascii_whitespace().next()?.parse().ok()).unwrap_or(0)
        };
        Ok(Self {
            total: field("MemTotal"),
            available: field("MemAvailable"),
            swap_total: field("SwapTotal"),
            swap_free: field("SwapFree"),
        })
    }
}
