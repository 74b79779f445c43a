//! A program of the system that reads -> what it printed, bounded, with the environment that steps get.
//!
//! Ends with the one who waits for it: a timeout or a stop kills it.

use std::process::Stdio;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};

use super::param::broke;
use crate::model::failure::{Failure, FailureClass};
use crate::service::programs;
use crate::service::runner::environment;

/// Bytes kept of each stream; the program may print on.
const CAP: u64 = 1 << 20;

pub struct Captured {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// `None`: the machine has no such program.
pub async fn capture(program: &str, args: &[&str]) -> Option<Result<Captured, Failure>> {
    let program = programs::resolve(program).ok()?;
    Some(run(&program.path, args).await.map_err(|error| broke(FailureClass::Resource, format!("run {}: {error}", program.path))))
}

async fn run(path: &str, args: &[&str]) -> std::io::Result<Captured> {
    let mut command = Command::new(path);
    command.args(args).env_clear().envs(environment::allowed(std::env::vars_os())).env("LC_ALL", "C").current_dir("/");
    collect(&mut command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?).await
}

/// What a child prints until its end.
pub async fn collect(child: &mut Child) -> std::io::Result<Captured> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::join!(drain(stdout), drain(stderr));
    let status = child.wait().await?;
    Ok(Captured { code: status.code(), stdout, stderr })
}

async fn drain(stream: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        let _ = (&mut stream).take(CAP).read_to_end(&mut bytes).await;
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
