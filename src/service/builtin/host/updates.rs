//! Pending package updates, as the system's own package manager knows them. Downloads no package list.

use serde_json::{Value, json};

use crate::model::failure::FailureClass;
use crate::service::builtin::capture::capture;
use crate::service::builtin::param::broke;
use crate::service::builtin::registry::{Params, Waiting, World};

/// Rows that a result names; all are counted.
const NAMED: usize = 200;

pub fn check_updates(_: Params, _: World) -> Waiting {
    Box::pin(async {
        if let Some(shown) = capture("apt-get", &["--simulate", "--quiet", "upgrade"]).await {
            let shown = shown?;
            return match shown.code {
                Some(0) => Ok(answer("apt", shown.stdout.lines().filter_map(apt).collect())),
                _ => Err(broke(FailureClass::Resource, format!("apt-get: {}", shown.stderr.trim()))),
            };
        }
        if let Some(shown) = capture("dnf", &["--quiet", "--cacheonly", "check-update"]).await {
            let shown = shown?;
            return match shown.code {
                Some(0 | 100) => Ok(answer("dnf", shown.stdout.lines().filter_map(dnf).collect())),
                _ => Err(broke(FailureClass::Resource, format!("dnf: {}", shown.stderr.trim()))),
            };
        }
        Err(broke(FailureClass::Config, "this machine has neither apt-get nor dnf"))
    })
}

fn answer(source: &str, mut updates: Vec<Value>) -> Value {
    let count = updates.len();
    let security = updates.iter().filter(|update| update["security"] == true).count();
    updates.truncate(NAMED);
    json!({ "updates": updates, "count": count, "security_count": security, "source": source })
}

/// `Inst curl [7.88.1-1] (7.88.1-2 Debian-Security:12/stable-security [amd64])`
fn apt(line: &str) -> Option<Value> {
    let rest = line.strip_prefix("Inst ")?;
    let (name, rest) = rest.split_once(' ')?;
    let current = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(current, _)| current);
    let origin = rest.split_once('(')?.1;
    let available = origin.split(' ').next()?;
    Some(json!({ "name": name, "current": current, "available": available, "security": origin.to_ascii_lowercase().contains("security") }))
}

/// `curl.x86_64   7.76.1-26.el9_3.3   baseos`
fn dnf(line: &str) -> Option<Value> {
    let mut fields = line.split_ascii_whitespace();
    let (name, available, source) = (fields.next()?, fields.next()?, fields.next()?);
    Some(json!({ "name": name, "current": Value::Null, "available": available, "security": source.contains("security") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_package_managers_are_read() {
        let row = apt("Inst curl [7.88.1-1] (7.88.1-2 Debian-Security:12/stable-security [amd64])").unwrap();
        assert_eq!(row, json!({"name": "curl", "current": "7.88.1-1", "available": "7.88.1-2", "security": true}));
        assert_eq!(apt("Conf curl (7.88.1-2 Debian:12 [amd64])"), None);
        assert_eq!(dnf("curl.x86_64   7.76.1   baseos").unwrap()["available"], "7.76.1");
    }
}
