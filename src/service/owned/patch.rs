//! Installs the updates of an approved list, in exactly those versions.

use std::collections::BTreeMap;

use serde_json::json;

use super::call::{Call, Done, not_done};
use super::program::run;
use crate::model::failure::FailureClass;
use crate::service::builtin::host::updates::Update;
use crate::service::builtin::param::broke;

pub fn patch(call: &mut Call<'_>) -> Done {
    let items = call.params.get("items").cloned().ok_or_else(|| not_done("no list of updates was approved: the plan needs its preview"))?;
    let items: Vec<Update> = serde_json::from_value(items).map_err(|error| not_done(format!("read the list of updates: {error}")))?;
    let Some(first) = items.first() else {
        return Ok(json!({ "installed": [], "count": 0 }));
    };
    let (program, args) = order(&first.source, &items).ok_or_else(|| not_done(format!("no way to install updates of {}", first.source)))?;
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let said = run(call, program, &args, &BTreeMap::from([("DEBIAN_FRONTEND", "noninteractive")]))?;
    if !said.is_good() {
        return Err(broke(FailureClass::Unknown, format!("{program}: {}", said.last_line())));
    }
    let installed: Vec<&str> = items.iter().map(|item| item.name.as_str()).collect();
    Ok(json!({ "installed": installed, "count": installed.len() }))
}

/// The program and its arguments. A package that was removed since is not installed anew, a changed setting is kept.
pub fn order(source: &str, items: &[Update]) -> Option<(&'static str, Vec<String>)> {
    let with = |fixed: &[&str], named: fn(&Update) -> String| -> Vec<String> {
        fixed.iter().map(|arg| (*arg).to_owned()).chain(items.iter().map(named)).collect()
    };
    match source {
        "apt" => {
            let fixed = ["install", "--only-upgrade", "--assume-yes", "--no-remove", "--option=Dpkg::Options::=--force-confold", "--"];
            Some(("apt-get", with(&fixed, |item| format!("{}={}", item.name, item.available))))
        }
        "dnf" => Some(("dnf", with(&["upgrade", "--assumeyes", "--"], nevra))),
        _ => None,
    }
}

/// dnf lists `curl.x86_64` and takes `curl-7.76.1-26.el9.x86_64`.
fn nevra(item: &Update) -> String {
    match item.name.rsplit_once('.') {
        Some((name, arch)) => format!("{name}-{}.{arch}", item.available),
        None => format!("{}-{}", item.name, item.available),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_listed_versions_are_named() {
        let update = |name: &str, source: &str| Update {
            name: name.to_owned(),
            current: None,
            available: "1.2-3".to_owned(),
            security: true,
            source: source.to_owned(),
        };
        let (program, args) = order("apt", &[update("curl", "apt"), update("zlib1g", "apt")]).unwrap();
        assert_eq!(program, "apt-get");
        assert_eq!(args[args.len() - 3..], ["--", "curl=1.2-3", "zlib1g=1.2-3"]);
        assert_eq!(
            order("dnf", &[update("python3.11.x86_64", "dnf")]).unwrap().1,
            ["upgrade", "--assumeyes", "--", "python3.11-1.2-3.x86_64"]
        );
        assert!(order("pip", &[update("x", "pip")]).is_none());
    }
}
