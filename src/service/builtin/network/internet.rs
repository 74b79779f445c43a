//! Is there a way out? By TCP to the addresses of the settings, all at once; one that takes the connection is enough. A refusal is
//! none: a firewall on the way may say it, too.

use serde_json::{Value, json};

use super::port::try_port;
use crate::model::failure::Failure;
use crate::service::builtin::param::wrong;
use crate::service::builtin::registry::{Params, Waiting, World};
use crate::service::builtin::setting;

pub fn internet(params: Params, _: World) -> Waiting {
    Box::pin(async move {
        let mut tries = tokio::task::JoinSet::new();
        for (place, (host, port)) in targets(&params)?.into_iter().enumerate() {
            tries.spawn(async move {
                let tried = try_port(&host, port).await;
                (place, tried.open, json!({ "target": format!("{host}:{port}"), "answered": tried.open, "ms": tried.ms, "why": tried.why }))
            });
        }
        let mut tried: Vec<(usize, bool, Value)> = tries.join_all().await;
        tried.sort_by_key(|(place, ..)| *place);
        let answered = tried.iter().filter(|(_, answered, _)| *answered).count();
        let targets: Vec<Value> = tried.into_iter().map(|(.., row)| row).collect();
        Ok(json!({ "reachable": answered > 0, "answered": answered, "tried": targets.len(), "targets": targets }))
    })
}

fn targets(params: &Params) -> Result<Vec<(String, u16)>, Failure> {
    let bad = || wrong("the setting `targets` must be a list of HOST:PORT");
    let list = setting::find(params, "targets").and_then(Value::as_array).filter(|list| !list.is_empty()).ok_or_else(bad)?;
    let target = |value: &Value| {
        let (host, port) = value.as_str()?.rsplit_once(':')?;
        Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?))
    };
    list.iter().map(|value| target(value).ok_or_else(bad)).collect()
}
