//! Pending package updates, as the system's own package manager knows them. Downloads no package list.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::capture::capture;
use crate::service::builtin::param::{broke, optional, wrong};
use crate::service::builtin::registry::{Answer, Params, Waiting, World};
use crate::service::reading::Told;

/// Rows that a result names; all are counted.
const NAMED: usize = 200;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    pub name: String,
    pub current: Option<String>,
    pub available: String,
    pub security: bool,
    /// The package manager that knows of it.
    pub source: String,
}

pub fn check_updates(_: Params, _: World) -> Waiting {
    Box::pin(async {
        let (source, updates) = pending(false).await?;
        Ok(of(source, updates))
    })
}

fn of(source: &str, mut updates: Vec<Update>) -> Value {
    let count = updates.len();
    let security = updates.iter().filter(|update| update.security).count();
    updates.truncate(NAMED);
    json!({ "updates": updates, "count": count, "security_count": security, "source": source })
}

/// Of another machine.
pub fn told(host: &Told<'_>) -> Answer {
    match (host.part("apt"), host.part("dnf")) {
        (Ok(part), _) => Ok(of("apt", part.lines().filter_map(apt).collect())),
        (_, part) => Ok(of("dnf", all_of_dnf(part?))),
    }
}

/// Preview of a patch: what would be installed, in which versions.
pub fn preview(params: Params, _: World) -> Waiting {
    Box::pin(async move {
        let only_security = match optional(&params, "severity").as_deref() {
            None | Some("all") => false,
            Some("security") => true,
            Some(other) => return Err(wrong(format!("`severity` must be security or all: package managers know no {other}"))),
        };
        let (_, updates) = pending(only_security).await?;
        let items: Vec<Update> = updates.into_iter().filter(|update| update.security || !only_security).collect();
        Ok(json!({ "items": items }))
    })
}

/// The names of repositories alone tell a security update of apt; dnf is asked for them.
async fn pending(only_security: bool) -> Result<(&'static str, Vec<Update>), Failure> {
    if let Some(shown) = capture("apt-get", &["--simulate", "--quiet", "upgrade"]).await {
        let shown = shown?;
        return match shown.code {
            Some(0) => Ok(("apt", shown.stdout.lines().filter_map(apt).collect())),
            _ => Err(broke(FailureClass::Resource, format!("apt-get: {}", shown.stderr.trim()))),
        };
    }
    let order = ["--quiet", "--cacheonly", "--security", "check-update"].into_iter();
    let order: Vec<&str> = order.filter(|word| only_security || *word != "--security").collect();
    if let Some(shown) = capture("dnf", &order).await {
        let shown = shown?;
        let listed = all_of_dnf(&shown.stdout).into_iter().map(|update| Update { security: update.security || only_security, ..update });
        return match shown.code {
            Some(0 | 100) => Ok(("dnf", listed.collect())),
            _ => Err(broke(FailureClass::Resource, format!("dnf: {}", shown.stderr.trim()))),
        };
    }
    Err(broke(FailureClass::Config, "this machine has neither apt-get nor dnf"))
}

/// What replaces another package stands below, once more and beside what it replaces.
fn all_of_dnf(shown: &str) -> Vec<Update> {
    shown.lines().take_while(|line| !line.starts_with("Obsoleting")).filter_map(dnf).collect()
}

/// `Inst curl [7.88.1-1] (7.88.1-2 Debian-Security:12/stable-security [amd64])`
fn apt(line: &str) -> Option<Update> {
    let rest = line.strip_prefix("Inst ")?;
    let (name, rest) = rest.split_once(' ')?;
    let current = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(current, _)| current.to_owned());
    let origin = rest.split_once('(')?.1;
    let available = origin.split(' ').next()?.to_owned();
    Some(update(name, current, available, origin, "apt"))
}

/// `curl.x86_64   7.76.1-26.el9_3.3   baseos`
fn dnf(line: &str) -> Option<Update> {
    let mut fields = line.split_ascii_whitespace();
    let (name, available, origin) = (fields.next()?, fields.next()?.to_owned(), fields.next()?);
    Some(update(name, None, available, origin, "dnf"))
}

fn update(name: &str, current: Option<String>, available: String, origin: &str, source: &str) -> Update {
    let security = origin.to_ascii_lowercase().contains("security");
    Update { name: name.to_owned(), current, available, security, source: source.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_package_managers_are_read() {
        let row = |update: Option<Update>| serde_json::to_value(update).unwrap_or(Value::Null);
        let curl = row(apt("Inst curl [7.88.1-1] (7.88.1-2 Debian-Security:12/stable-security [amd64])"));
        assert_eq!(curl, json!({"name": "curl", "current": "7.88.1-1", "available": "7.88.1-2", "security": true, "source": "apt"}));
        assert_eq!(apt("Conf curl (7.88.1-2 Debian:12 [amd64])"), None);
        let shown = "\ncurl.x86_64   7.76.1   baseos\nObsoleting Packages\nnew.noarch  2  baseos\n    old.noarch  1  @baseos\n";
        let names: Vec<_> = all_of_dnf(shown).into_iter().map(|update| (update.name, update.available)).collect();
        assert_eq!(names, [("curl.x86_64".to_owned(), "7.76.1".to_owned())]);
    }
}
