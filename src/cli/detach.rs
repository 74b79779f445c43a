//! An engine without a screen: what `run --detach` leaves behind, until every run is settled.

use std::io;
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags};
use tokio::signal::unix::{SignalKind, signal};

use super::act::Trouble;
use super::dispatch::Setup;
use super::exit::Exit;
use super::out::{Out, Terminals};
use super::session::{Place, Session, is_settled};
use super::watch::Watch;

/// How long a host without a run waits for its first one.
const FIRST: Duration = Duration::from_secs(20);
/// How long its socket may take to open.
const PATIENCE: Duration = Duration::from_secs(5);

/// Ends when nothing moves any more without a person.
pub async fn host(place: &Place) -> Result<Exit, Trouble> {
    // A session of its own: the terminal that started it may go.
    let _ = rustix::process::setsid();
    let session = Session::open(place).await?;
    let mut watch = Watch::of(session.link.follow().await?);
    let submitted = watch.state.submitted;
    let first = tokio::time::sleep(FIRST);
    tokio::pin!(first);
    while watch.state.submitted == submitted && is_settled(&watch.state) {
        tokio::select! {
            () = &mut first => break,
            next = watch.next() => if next.is_none_or(|item| item.is_err()) { break },
        }
    }
    session.close().await;
    Ok(Exit::Done)
}

/// From now on a terminal that goes is let go of, and this process sees its runs to their end.
///
/// Which of the three standard descriptors are terminals is asked now: one that is gone does not say so any more.
pub fn outlive_terminal() {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    let terminals = Out::terminals();
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            if let Err(error) = let_go(terminals) {
                tracing::warn!(%error, "could not let go of the terminal");
            }
        }
    });
}

fn let_go(Terminals { input, output, errors }: Terminals) -> io::Result<()> {
    let null = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    if input {
        rustix::stdio::dup2_stdin(&null)?;
    }
    if output {
        rustix::stdio::dup2_stdout(&null)?;
    }
    if errors {
        rustix::stdio::dup2_stderr(&null)?;
    }
    Ok(())
}

/// The running engine, or a new one in the background.
pub async fn background(setup: &Setup) -> Result<Session, Trouble> {
    if let Some(session) = Session::join(&setup.place).await? {
        return Ok(session);
    }
    let failed = |what: String| Trouble::new(Exit::Unreachable, format!("could not start an engine in the background: {what}"));
    let exe = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut process = Process::new(exe);
    process.arg("--state-dir").arg(&setup.place.state_dir);
    if let Some(config) = &setup.global.config {
        process.arg("--config").arg(config);
    }
    process.arg("__host").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = process.spawn().map_err(|error| failed(error.to_string()))?;
    let begun = Instant::now();
    loop {
        if let Some(session) = Session::join(&setup.place).await? {
            return Ok(session);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(failed(format!("it ended with {status}; its log is in {}/logs", setup.place.state_dir.display())));
        }
        if begun.elapsed() > PATIENCE {
            return Err(failed("its socket did not open".to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
