//! Does a TCP port answer?

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpStream;

use crate::service::builtin::param::{port, text, wrong};
use crate::service::builtin::registry::{Params, Waiting, World};

const PATIENCE: Duration = Duration::from_secs(5);

/// How a connection ended before it carried anything.
pub struct Tried {
    pub open: bool,
    /// Somebody answered, if only with a refusal.
    pub answered: bool,
    pub why: String,
    pub ms: u64,
}

pub async fn try_port(host: &str, port: u16) -> Tried {
    let began = Instant::now();
    let tried = tokio::time::timeout(PATIENCE, TcpStream::connect((host, port))).await;
    let (open, answered, why) = match tried {
        Ok(Ok(_)) => (true, true, String::new()),
        Ok(Err(error)) => (false, error.kind() == ErrorKind::ConnectionRefused, error.to_string()),
        Err(_) => (false, false, format!("no answer within {} s", PATIENCE.as_secs())),
    };
    Tried { open, answered, why, ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX) }
}

pub fn port_check(params: Params, _: World) -> Waiting {
    Box::pin(async move {
        let host = text(&params, "host")?;
        let port = port(&params)?.ok_or_else(|| wrong("`port` is missing"))?;
        let tried = try_port(&host, port).await;
        Ok(json!({ "open": tried.open, "host": host, "port": port, "ms": tried.ms, "why": tried.why }))
    })
}
