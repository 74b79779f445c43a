//! What the inventory knows. `localhost` is always in it, with its facts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::host::facts;
use super::param::{optional, text};
use super::registry::{Answer, Params, World};
use crate::model::failure::{Failure, FailureClass};
use crate::planner::grammar::environment;
use crate::service::bind::is_local;
use crate::service::builtin::param::{broke, wrong};
use crate::service::owned::call::{now, of_store};
use crate::store::asset::LOCALHOST;
use crate::store::{Asset, Filter, Inventory};

/// Together less than the cap of one step's result; more is a file's matter, `ouioe asset list` has it all.
const HOSTS_BYTES: usize = 40 << 10;
const SILENT_BYTES: usize = 16 << 10;

/// Names, and beside them what a table of them shows.
pub fn list(params: &Params, world: &World) -> Answer {
    let assets = meant(params, &world.inventory)?;
    let (hosts, left_out) = fitting(assets.iter().map(|asset| asset.name.as_str()), HOSTS_BYTES);
    let (silent, silent_left_out) =
        fitting(assets.iter().filter(|asset| asset.in_maintenance(now())).map(|asset| asset.name.as_str()), SILENT_BYTES);
    let mut listed = json!({ "hosts": hosts, "in_maintenance": silent });
    // Only where something is left out, and then it cannot be overlooked.
    for (key, count) in [("hosts_left_out", left_out), ("in_maintenance_left_out", silent_left_out)] {
        if count > 0 {
            listed[key] = json!(count);
            listed["host_count"] = json!(assets.len());
        }
    }
    Ok(listed)
}

/// All names, for a plan that is made now.
pub fn names(params: &Params, inventory: &Inventory) -> Answer {
    let names: Vec<String> = meant(params, inventory)?.into_iter().map(|asset| asset.name).collect();
    Ok(json!({ "hosts": names }))
}

fn meant(params: &Params, inventory: &Inventory) -> Result<Vec<Asset>, Failure> {
    let environment = match optional(params, "env") {
        Some(named) => Some(environment(&named).ok_or_else(|| wrong(format!("`env` is no environment: {named}")))?.to_owned()),
        None => None,
    };
    let filter = Filter { group: optional(params, "group"), environment, tag: optional(params, "tag"), ..Filter::hosts() };
    let mut found = inventory.list(&filter).map_err(|error| of_store(&error))?;
    let except = optional(params, "except").unwrap_or_default();
    for name in except.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        // A name that is not there was meant for one that is: leaving none out would do too much.
        let Some(at) = found.iter().position(|asset| asset.name == name) else {
            return Err(wrong(format!("`except` names {name}, which is none of them")));
        };
        found.remove(at);
    }
    Ok(found)
}

/// The first names that fit, and how many do not.
fn fitting<'a>(names: impl Iterator<Item = &'a str>, bytes: usize) -> (Vec<&'a str>, usize) {
    let (mut taken, mut left_out, mut used) = (Vec::new(), 0, 0);
    for name in names {
        // Two quotes and a comma; the inventory takes no name that needs escapes.
        used += name.len() + 3;
        if used <= bytes && left_out == 0 { taken.push(name) } else { left_out += 1 }
    }
    (taken, left_out)
}

pub fn get(params: &Params, world: &World) -> Answer {
    let name = text(params, "asset")?;
    let known = if is_local(&name) { LOCALHOST } else { &name };
    let asset = world.inventory.get(known).map_err(|error| of_store(&error))?;
    let mut record = asset.json(now());
    if known == LOCALHOST {
        record["facts"] = facts::read()?;
    }
    Ok(json!({ "asset": record }))
}

pub fn find_owner(params: &Params, world: &World) -> Answer {
    let service = text(params, "service")?;
    let asset = world.inventory.get(&service).map_err(|error| of_store(&error))?;
    let Some(owner) = asset.owner else {
        return Err(broke(FailureClass::Permanent, format!("the inventory names no owner of {service}")));
    };
    Ok(json!({ "owner": owner, "contact": asset.contact, "service": service }))
}

/// Both ways, near ones and all behind them.
pub fn dependencies(params: &Params, world: &World) -> Answer {
    let service = text(params, "service")?;
    world.inventory.get(&service).map_err(|error| of_store(&error))?;
    let all = world.inventory.all().map_err(|error| of_store(&error))?;
    let needs: BTreeMap<&str, BTreeSet<&str>> =
        all.iter().map(|asset| (asset.name.as_str(), asset.depends_on.iter().map(String::as_str).collect())).collect();
    let mut needed_by: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, needs) in &needs {
        for need in needs {
            needed_by.entry(need).or_default().insert(name);
        }
    }
    let near = |edges: &BTreeMap<&str, BTreeSet<&str>>| edges.get(service.as_str()).map(|near| json!(near)).unwrap_or(json!([]));
    Ok(json!({
        "service": service, "services": near(&needs), "needed_by": near(&needed_by),
        "all_needs": behind(&service, &needs), "all_needed_by": behind(&service, &needed_by),
        "unknown": unknown(&needs, &all),
    }))
}

/// Everything that can be reached, a circle included once.
fn behind<'a>(start: &'a str, edges: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> BTreeSet<&'a str> {
    let (mut found, mut next) = (BTreeSet::new(), vec![start]);
    while let Some(name) = next.pop() {
        next.extend(edges.get(name).into_iter().flatten().filter(|one| found.insert(**one)));
    }
    found
}

/// Named as needed, but in no inventory.
fn unknown(needs: &BTreeMap<&str, BTreeSet<&str>>, all: &[Asset]) -> Value {
    let missing: BTreeSet<&str> = needs.values().flatten().copied().filter(|need| !all.iter().any(|asset| asset.name == *need)).collect();
    json!(missing)
}
