//! Secret handle -> its value, at the last moment before exec.
//!
//! `env:NAME`, `file:/path`, `cmd:/program arg …` (split on blanks, no shell). A value goes into the step's environment and
//! to the redactor, never into argv, a file or a message.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStringExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::environment;
use super::request::RunnerRequest;
use crate::text::redact::SHORTEST;

/// Longest value; a handle that points at more is a mistake.
const CAP: usize = 64 << 10;
/// How long a `cmd:` handle may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Configured secrets that a step may come to show although it was not given them. One that cannot be had now cannot be shown
/// by the step either, or is no fault of its.
pub fn hidden(request: &RunnerRequest) -> impl Iterator<Item = Vec<u8>> {
    request.hidden.iter().filter_map(|handle| resolve(handle).ok())
}

pub fn resolve(handle: &str) -> Result<Vec<u8>, String> {
    let value = match handle.split_once(':') {
        Some(("env", name)) => from_env(name),
        Some(("file", path)) => from_file(path),
        Some(("cmd", line)) => from_command(line),
        Some(_) | None => Err("expected env:NAME, file:/path or cmd:/program".to_owned()),
    };
    let mut value = value.map_err(|why| format!("secret {handle}: {why}"))?;
    let end = value.iter().rposition(|byte| !matches!(byte, b'\n' | b'\r')).map_or(0, |last| last + 1);
    value.truncate(end);
    if value.is_empty() {
        return Err(format!("secret {handle}: it is empty"));
    }
    if value.len() < SHORTEST {
        return Err(format!("secret {handle}: shorter than {SHORTEST} bytes, it could not be kept out of the output"));
    }
    if value.contains(&0) {
        return Err(format!("secret {handle}: it holds a NUL byte"));
    }
    Ok(value)
}

fn from_env(name: &str) -> Result<Vec<u8>, String> {
    std::env::var_os(name).map(OsStringExt::into_vec).ok_or_else(|| format!("{name} is not set"))
}

fn from_file(path: &str) -> Result<Vec<u8>, String> {
    read_capped(File::open(path).map_err(|error| error.to_string())?).map_err(|error| error.to_string())
}

fn read_capped(source: impl Read) -> io::Result<Vec<u8>> {
    let mut value = Vec::new();
    source.take(CAP as u64 + 1).read_to_end(&mut value)?;
    if value.len() > CAP { Err(io::Error::other(format!("longer than {CAP} bytes"))) } else { Ok(value) }
}

fn from_command(line: &str) -> Result<Vec<u8>, String> {
    let mut words = line.split_ascii_whitespace();
    let program = words.next().filter(|program| program.starts_with('/')).ok_or("the program must be an absolute path")?;
    let mut child = Command::new(program)
        .args(words)
        .env_clear()
        .envs(environment::allowed(std::env::vars_os()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let value = child.stdout.take().map_or(Ok(Vec::new()), |mut stdout| read_before(&mut stdout, Instant::now() + PATIENCE));
    if value.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    let value = value.map_err(|error| error.to_string())?;
    if status.success() { Ok(value) } else { Err(format!("{program} ended with {status}")) }
}

fn read_before(source: &mut std::process::ChildStdout, deadline: Instant) -> io::Result<Vec<u8>> {
    let mut value = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let span = Timespec { tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(left.subsec_nanos()) };
        let ready = poll(&mut [PollFd::from_borrowed_fd(source.as_fd(), PollFlags::IN)], Some(&span));
        match ready {
            Ok(0) => return Err(io::Error::other(format!("no answer within {} s", PATIENCE.as_secs()))),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
        }
        match source.read(&mut buffer)? {
            0 => return Ok(value),
            count if value.len() + count > CAP => return Err(io::Error::other(format!("longer than {CAP} bytes"))),
            count => value.extend(&buffer[..count]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_resolve_or_say_why_not() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "s3cret\n\n").unwrap();
        let path = file.path().display();
        for (handle, expected) in [
            (format!("file:{path}"), Ok("s3cret")),
            ("cmd:/bin/echo a bcd".into(), Ok("a bcd")),
            ("cmd:echo a".into(), Err("absolute path")),
            ("cmd:/bin/echo ab".into(), Err("shorter than")),
            ("cmd:/bin/false".into(), Err("ended with")),
            ("env:SURELY_NOT_SET_ANYWHERE".into(), Err("is not set")),
            ("file:/nowhere/at/all".into(), Err("No such file")),
            ("file:/dev/null".into(), Err("is empty")),
            ("plain text".into(), Err("expected env:NAME")),
        ] {
            match (resolve(&handle), expected) {
                (Ok(value), Ok(wanted)) => assert_eq!(value, wanted.as_bytes(), "{handle}"),
                (Err(why), Err(part)) => assert!(why.contains(part), "{handle}: {why}"),
                (found, wanted) => panic!("{handle}: {found:?}, wanted {wanted:?}"),
            }
        }
    }
}
