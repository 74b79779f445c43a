//! Start, stop and restart of a service, and a look whether it came to be so.
//!
//! By systemd where it runs, else by the service's own init script. What a script leaves running outlives the step.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use super::call::{Call, Done, not_done};
use super::program::{Said, run};
use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::host::processes::is_running;
use crate::service::builtin::host::service::{Manager, manager, name_of};
use crate::service::builtin::param::broke;

/// How long a service may take to be what it was told to be.
const PATIENCE: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(200);
/// It must still hold after this: a service that falls over at once was not started.
const STEADY: Duration = Duration::from_millis(600);

pub fn start(call: &mut Call<'_>) -> Done {
    order(call, "start", true)
}

pub fn stop(call: &mut Call<'_>) -> Done {
    order(call, "stop", false)
}

pub fn restart(call: &mut Call<'_>) -> Done {
    order(call, "restart", true)
}

fn order(call: &mut Call<'_>, verb: &str, wanted: bool) -> Done {
    let service = name_of(call.params)?;
    let Some(manager) = manager(&service) else {
        let missing = format!("no systemd runs on this machine, and there is no init script /etc/init.d/{service}");
        return Err(not_done(format!("{verb} {service}: {missing}")));
    };
    if let Manager::Systemd = manager
        && !quietly(call, "systemctl", &["cat", "--", &service])?
    {
        return Err(not_done(format!("{verb} {service}: systemd knows no such unit")));
    }
    let was = is_active(call, &manager, &service)?;
    let said = match &manager {
        Manager::Systemd => run(call, "systemctl", &[verb, "--", &service], &BTreeMap::new())?,
        Manager::InitScript(script) => run(call, script, &[verb], &BTreeMap::new())?,
    };
    if !said.is_good() {
        return Err(refused(verb, &service, &said));
    }
    if !becomes(call, &manager, &service, wanted)? {
        let state = if wanted { "not active" } else { "still active" };
        let seconds = PATIENCE.as_secs();
        return Err(broke(FailureClass::Unknown, format!("{verb} {service}: it is {state} after {seconds} s: {}", said.last_line())));
    }
    Ok(json!({ "service": service, "active": wanted, "was_active": was, "via": manager.word() }))
}

fn refused(verb: &str, service: &str, said: &Said) -> Failure {
    let class = match said.code {
        // As LSB has it: 4 insufficient privilege, 5 not installed, 6 not configured.
        Some(4) => FailureClass::Auth,
        Some(5 | 6) => FailureClass::Config,
        _ => FailureClass::Unknown,
    };
    let code = said.code.map_or_else(|| "a signal".to_owned(), |code| format!("status {code}"));
    broke(class, format!("{verb} {service}: ended with {code}: {}", said.last_line()))
}

fn becomes(call: &mut Call<'_>, manager: &Manager, service: &str, wanted: bool) -> Result<bool, Failure> {
    let end = Instant::now() + PATIENCE;
    let mut since = None;
    loop {
        let holds = is_active(call, manager, service)? == wanted;
        since = holds.then(|| since.unwrap_or_else(Instant::now));
        if since.is_some_and(|since: Instant| since.elapsed() >= STEADY) {
            return Ok(true);
        }
        if Instant::now() >= end {
            return Ok(false);
        }
        std::thread::sleep(PAUSE);
    }
}

fn is_active(call: &mut Call<'_>, manager: &Manager, service: &str) -> Result<bool, Failure> {
    match manager {
        Manager::Systemd => quietly(call, "systemctl", &["is-active", "--quiet", "--", service]),
        Manager::InitScript(script) => {
            let said = with_log(call, |call| run(call, script, &["status"], &BTreeMap::new()))?;
            // LSB: 0 runs, 1 to 3 does not; a script without `status` says something else.
            Ok(match said.code {
                Some(0) => true,
                Some(1..=3) => false,
                _ => is_running(service),
            })
        }
    }
}

fn quietly(call: &mut Call<'_>, program: &str, args: &[&str]) -> Result<bool, Failure> {
    Ok(with_log(call, |call| run(call, program, args, &BTreeMap::new()))?.is_good())
}

/// Looks are no part of what was done: their output stays out of the spool.
fn with_log<T>(call: &mut Call<'_>, look: impl FnOnce(&mut Call<'_>) -> T) -> T {
    let mut nowhere = std::io::sink();
    look(&mut Call {
        params: call.params,
        protected: call.protected,
        state_dir: call.state_dir,
        dir: call.dir,
        start: call.start,
        log: &mut nowhere,
    })
}
