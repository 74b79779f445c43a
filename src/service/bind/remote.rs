//! A command for another machine -> what `ssh` is told: where to go, how, and the argv there.
//!
//! The inventory gives address, user and port; a host that is not in it is left to the configuration of `ssh`. A name that
//! `ssh` or a shell could read as anything but a name is refused, whatever has looked at it before.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::command::{Filling, Misfit};
use crate::model::action::{Action, List, Operand};
use crate::model::catalogue::{OutputFormat, RemoteList};
use crate::model::settings::SshSettings;
use crate::service::programs;
use crate::store::{Asset, Inventory, Kind};

/// Seconds between two signs of life, and how many may be missed, before a link counts as lost.
const ALIVE: [&str; 2] = ["ServerAliveInterval=15", "ServerAliveCountMax=3"];
/// Nothing of the user's configuration may ask, forward, replace the command, or leave a process behind among the step's.
const FIXED: [&str; 6] =
    ["BatchMode=yes", "ClearAllForwardings=yes", "ControlMaster=no", "LogLevel=ERROR", "PermitLocalCommand=no", "RemoteCommand=none"];

/// How other machines are reached.
#[derive(Debug, Default)]
pub struct Ssh {
    settings: SshSettings,
    inventory: Option<Inventory>,
    assets: OnceCell<Result<Vec<Asset>, String>>,
}

/// A command with its slots.
pub struct Words<'a> {
    pub preview: Option<&'a RemoteList>,
    pub argv: &'a [String],
    pub env: &'a BTreeMap<String, String>,
    pub secrets: &'a BTreeMap<String, String>,
    pub output: OutputFormat,
}

impl Ssh {
    pub fn new(settings: &SshSettings, inventory: Option<Inventory>) -> Self {
        Self { settings: settings.clone(), inventory, assets: OnceCell::new() }
    }

    pub fn action(&self, host: &str, command: &Words<'_>, filling: &Filling<'_>) -> Result<Action, Misfit> {
        let asset = self.asset(checked(host)?)?;
        let address = asset.and_then(|asset| asset.address.as_deref()).map_or(Ok(host), checked)?;
        let destination = match asset.and_then(|asset| asset.user.as_deref()) {
            Some(user) => format!("{}@{address}", checked_user(user)?),
            None => address.to_owned(),
        };
        let ssh = match programs::resolve("ssh") {
            Ok(ssh) => ssh,
            Err(error) => return Ok(Action::Unbound { hint: format!("{host} is reached over ssh: {error}; install the OpenSSH client") }),
        };
        let words = |elements: &[String]| {
            let filled = elements.iter().map(|element| filling.element(element)).filter_map(Result::transpose);
            filled.collect::<Result<Vec<Operand>, Misfit>>()
        };
        let argv = words(command.argv)?;
        let list = command.preview.map(|list| Ok(List { argv: words(&list.argv)?, fields: list.fields.clone() })).transpose()?;
        let is_program = |first: &Operand| !first.0.is_empty() && !first.0.starts_with('-') && !first.0.contains('=');
        if !argv.first().is_some_and(is_program) {
            return Err(misfit("bad_program", format!("the argv for {host} does not begin with a program")));
        }
        let mut env = BTreeMap::new();
        for (name, text) in command.env {
            env.extend(filling.element(text)?.map(|value| (name.clone(), value)));
        }
        let port = asset.and_then(|asset| asset.port);
        let (options, secrets, host) = (self.options(), command.secrets.clone(), host.to_owned());
        Ok(Action::Ssh { ssh, host, destination, port, options, argv, env, secrets, output: command.output, list })
    }

    fn asset(&self, host: &str) -> Result<Option<&Asset>, Misfit> {
        let read = || self.inventory.as_ref().map_or(Ok(Vec::new()), |inventory| inventory.all().map_err(|error| error.to_string()));
        match self.assets.get_or_init(read) {
            Ok(assets) => Ok(assets.iter().find(|asset| asset.name == host && asset.kind == Kind::Host)),
            Err(why) => Err(misfit("inventory", format!("could not {why}"))),
        }
    }

    fn options(&self) -> Vec<String> {
        let file = &self.settings.config_file;
        let mut options: Vec<String> = if file.is_empty() { Vec::new() } else { vec!["-F".to_owned(), file.clone()] };
        options.extend(["-T", "-a", "-x", "-e", "none"].map(str::to_owned));
        let timeout = format!("ConnectTimeout={}", self.settings.connect_timeout_ms.0.div_ceil(1_000).max(1));
        let named = FIXED.into_iter().chain(ALIVE).map(str::to_owned).chain([timeout]);
        options.extend(named.flat_map(|option| ["-o".to_owned(), option]));
        options
    }
}

fn misfit(code: &'static str, message: String) -> Misfit {
    Misfit { code, message }
}

/// A name of a machine, an alias of the configuration of `ssh`, or an address; nothing else that it could mean.
fn checked(host: &str) -> Result<&str, Misfit> {
    let is_name = host.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if host.len() <= 253 && (is_name || host.parse::<IpAddr>().is_ok()) {
        return Ok(host);
    }
    Err(misfit("bad_host", format!("`{host}` is no name or address of a machine")))
}

fn checked_user(user: &str) -> Result<&str, Misfit> {
    let good = user.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if good && user.len() <= 64 { Ok(user) } else { Err(misfit("bad_user", format!("`{user}` is no name of a user"))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_and_addresses_are_hosts() {
        for good in ["web-1", "web_1.example.org", "10.0.0.7", "::1", "fe80::1", "_alias"] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in [
            "-oProxyCommand=touch x",
            "-v",
            "",
            "a b",
            "a\nb",
            "a\tb",
            "root@a",
            "a;id",
            "$(id)",
            "`id`",
            "a|b",
            "a/b",
            "ssh://a",
            "a:22",
            "[::1]",
            "%h",
            "a'b",
            "ä",
        ] {
            assert!(checked(bad).is_err() && checked_user(bad).is_err(), "{bad}");
        }
        assert!(checked(&"a".repeat(254)).is_err());
    }
}
