//! The inventory from the command line: import, list, show.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::Trouble;
use crate::cli::asset::{AssetCommand, ListArgs};
use crate::cli::exit::Exit;
use crate::cli::lines;
use crate::cli::out::Out;
use crate::cli::session::Place;
use crate::engine::planning::read;
use crate::model::time::Stamp;
use crate::planner::grammar;
use crate::store::import::{self, Notation};
use crate::store::{Asset, Filter, Inventory, StoreError};
use crate::text;

pub fn asset(place: &Place, out: &Out, command: &AssetCommand) -> Result<Exit, Trouble> {
    let inventory = Inventory::at(&place.state_dir);
    match command {
        AssetCommand::Import(args) => import(&inventory, out, &args.file),
        AssetCommand::List(args) => list(&inventory, out, args),
        AssetCommand::Show(args) => show(&inventory, out, &args.name),
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        let exit = match error {
            StoreError::Unknown { .. } | StoreError::Localhost => Exit::Usage,
            StoreError::Io { .. } | StoreError::Database { .. } | StoreError::NotOurs { .. } => Exit::JournalUnusable,
        };
        Self::new(exit, format!("could not {error}"))
    }
}

fn import(inventory: &Inventory, out: &Out, file: &Path) -> Result<Exit, Trouble> {
    let notation = match file.extension().and_then(|kind| kind.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("toml") => Notation::Toml,
        Some("csv") => Notation::Csv,
        _ => return Err(Trouble::new(Exit::Usage, format!("{}: its name must end in .toml or .csv", file.display()))),
    };
    let parsed = read(file).map_err(|problem| vec![problem]).and_then(|text| import::parse(&file.to_string_lossy(), &text, notation));
    let assets = match parsed {
        Ok(assets) => assets,
        Err(problems) => {
            out.problems(&problems);
            return Ok(Exit::Usage);
        }
    };
    let counts = inventory.import(&assets)?;
    if out.json {
        let value = serde_json::json!({"added": counts.added, "changed": counts.changed, "same": counts.same});
        out.result(&lines::json(&value));
    } else {
        out.result(&format!("{} added, {} changed, {} as before", counts.added, counts.changed, counts.same));
    }
    Ok(Exit::Done)
}

fn list(inventory: &Inventory, out: &Out, args: &ListArgs) -> Result<Exit, Trouble> {
    let environment = match &args.env {
        Some(word) => {
            let known = grammar::environment(word);
            Some(known.ok_or_else(|| {
                Trouble::new(Exit::Usage, format!("`{word}` is no environment: production, staging, test, dev or sandbox"))
            })?)
        }
        None => None,
    };
    let filter = Filter { kind: None, group: args.group.clone(), environment: environment.map(str::to_owned), tag: args.tag.clone() };
    let assets = inventory.list(&filter)?;
    if assets.is_empty() {
        out.note("no asset carries all of that; `ouioe asset list` shows all");
    }
    if out.json {
        assets.iter().for_each(|asset| out.result(&lines::json(&asset.json(now()))));
        return Ok(Exit::Done);
    }
    for line in table(&assets) {
        out.result(&line);
    }
    Ok(Exit::Done)
}

/// Columns as wide as what stands in them.
fn table(assets: &[Asset]) -> Vec<String> {
    let cells: Vec<[String; 4]> = assets
        .iter()
        .map(|asset| {
            let mark = if asset.in_maintenance(now()) { "maintenance" } else { "" };
            [asset.name.clone(), asset.kind.word().to_owned(), asset.environment.clone().unwrap_or_else(|| "-".to_owned()), mark.to_owned()]
        })
        .collect();
    let wide = |column: usize| cells.iter().map(|row| text::width(&row[column])).max().unwrap_or(0);
    let (name, kind, environment, mark) = (wide(0), wide(1), wide(2), wide(3));
    let labels = |asset: &Asset| {
        let groups = asset.groups.iter().cloned();
        groups.chain(asset.tags.iter().map(|tag| ["#", tag].concat())).collect::<Vec<_>>().join(" ")
    };
    let line = |(asset, [a, b, c, d]): (&Asset, &[String; 4])| {
        let line = format!("{a:name$}  {b:kind$}  {c:environment$}  {d:mark$}  {}", labels(asset));
        line.trim_end().to_owned()
    };
    assets.iter().zip(&cells).map(line).collect()
}

fn show(inventory: &Inventory, out: &Out, name: &str) -> Result<Exit, Trouble> {
    let value = inventory.get(name)?.json(now());
    if out.json {
        out.result(&lines::json(&value));
        return Ok(Exit::Done);
    }
    for (key, value) in value.as_object().into_iter().flatten() {
        let shown = match value {
            Value::Null => continue,
            Value::Array(items) if items.is_empty() => continue,
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect::<Vec<_>>().join(" ")
            }
            Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
            other @ (Value::Number(_) | Value::Object(_)) => other.to_string(),
        };
        out.result(&format!("{:<16} {shown}", key.replace('_', " ")));
    }
    Ok(Exit::Done)
}

fn now() -> Stamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Stamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
