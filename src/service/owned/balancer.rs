//! Takes a server of `HAProxy` out of rotation and puts it back, over its runtime socket.
//!
//! A drained one gets no new connection and is waited for while its sessions end. What `HAProxy` says afterwards decides.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::json;

use super::call::{Call, Done, not_done};
use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::param::{broke, optional, text};
use crate::service::builtin::setting;

const PATIENCE: Duration = Duration::from_secs(10);
/// For sessions that go on; some never end.
const SESSIONS: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(200);
/// In `srv_admin_state`: forced maintenance and forced drain.
const OUT: u32 = 0x01 | 0x08;

struct Server {
    pool: String,
    name: String,
    address: String,
    admin: u32,
}

pub fn drain(call: &mut Call<'_>) -> Done {
    let (server, was) = order(call, "drain", true)?;
    let until = Instant::now() + SESSIONS;
    let mut left = sessions(call, &server)?;
    while left > 0 && Instant::now() < until {
        std::thread::sleep(PAUSE);
        left = sessions(call, &server)?;
    }
    call.say(&format!("{left} sessions are left"));
    Ok(json!({ "host": server.name, "pool": server.pool, "in_rotation": false, "was_in_rotation": was, "sessions": left }))
}

pub fn enable(call: &mut Call<'_>) -> Done {
    let (server, was) = order(call, "ready", false)?;
    Ok(json!({ "host": server.name, "pool": server.pool, "in_rotation": true, "was_in_rotation": was }))
}

fn order(call: &mut Call<'_>, state: &str, out: bool) -> Result<(Server, bool), Failure> {
    let before = one(call)?;
    let said = ask(call, &format!("set server {}/{} state {state}", before.pool, before.name))?;
    if !said.trim().is_empty() {
        return Err(broke(FailureClass::Unknown, format!("haproxy: {}", said.trim())));
    }
    let after = one(call)?;
    if (after.admin & OUT != 0) != out {
        return Err(broke(FailureClass::Unknown, format!("haproxy has not set {}/{} to {state}", after.pool, after.name)));
    }
    let was = before.admin & OUT == 0;
    Ok((after, was))
}

/// By name or address; in several pools only with the pool's name.
fn one(call: &mut Call<'_>) -> Result<Server, Failure> {
    let (host, pool) = (text(call.params, "host")?, optional(call.params, "pool"));
    let mut servers: Vec<Server> = ask(call, "show servers state")?.lines().filter_map(server).collect();
    let known = servers.iter().map(|one| format!("{}/{}", one.pool, one.name)).collect::<Vec<_>>().join(", ");
    servers.retain(|one| (one.name == host || one.address == host) && pool.as_ref().is_none_or(|pool| *pool == one.pool));
    match (servers.pop(), servers.len()) {
        (Some(server), 0) => Ok(server),
        (None, _) => Err(not_done(format!("haproxy knows no server {host} there; it knows {known}"))),
        (Some(last), _) => {
            let pools: Vec<String> = servers.into_iter().map(|one| one.pool).chain([last.pool]).collect();
            Err(not_done(format!("{host} is in several pools: name one of {}", pools.join(", "))))
        }
    }
}

/// `be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state …`
fn server(line: &str) -> Option<Server> {
    let words: Vec<&str> = line.split(' ').collect();
    words.first()?.parse::<u32>().ok()?;
    let word = |at: usize| words.get(at).map(|word| (*word).to_owned());
    Some(Server { pool: word(1)?, name: word(3)?, address: word(4)?, admin: word(6)?.parse().ok()? })
}

fn sessions(call: &mut Call<'_>, server: &Server) -> Result<u64, Failure> {
    let said = ask(call, "show stat")?;
    let mut lines = said.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().trim_start_matches("# ").split(',').collect();
    let at = names.iter().position(|name| *name == "scur").unwrap_or(usize::MAX);
    let mut rows = lines.map(|line| line.split(',').collect::<Vec<_>>());
    let row = rows.find(|row| row.first() == Some(&server.pool.as_str()) && row.get(1) == Some(&server.name.as_str()));
    let current = row.and_then(|row| row.get(at)?.parse().ok());
    current.ok_or_else(|| broke(FailureClass::Unknown, format!("haproxy tells no sessions of {}/{}", server.pool, server.name)))
}

/// Names in an order come from `HAProxy` itself: nothing of a person's can end one and begin another.
fn ask(call: &mut Call<'_>, order: &str) -> Result<String, Failure> {
    let path = setting::text(call.params, "socket")?.to_owned();
    let reach = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => broke(FailureClass::Auth, format!("reach haproxy at {path}: {error}")),
        _ => broke(FailureClass::DependencyDown, format!("reach haproxy at {path}: {error}")),
    };
    let mut socket = UnixStream::connect(&path).map_err(reach)?;
    socket.set_read_timeout(Some(PATIENCE)).map_err(reach)?;
    if order.starts_with("set ") {
        call.say(order);
    }
    let mut answer = String::new();
    writeln!(socket, "{order}").and_then(|()| socket.read_to_string(&mut answer)).map_err(reach)?;
    Ok(answer)
}
