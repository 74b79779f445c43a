//! What a file may say of an asset: one row a column, the same for TOML and CSV.

use jiff::Timestamp;
use serde_json::Value;

use super::asset::{Asset, Kind, LOCALHOST, Window};
use crate::model::catalogue::ParamType;
use crate::model::problem::Problem;
use crate::model::time::Stamp;
use crate::planner::source::Pos;
use crate::planner::{grammar, near};

/// Longest free text, in bytes.
const TEXT_CAP: usize = 1_000;

/// One value or several, as the file has them.
pub struct Cell {
    pub column: String,
    /// Of the name.
    pub at: Pos,
    /// Of the value.
    pub value_at: Pos,
    pub values: Vec<String>,
    /// A notation that cannot say "one or several" may be divided here.
    pub divisible: bool,
}

type Set = fn(&mut Asset, Vec<String>) -> Result<(), String>;

struct Column {
    name: &'static str,
    many: bool,
    set: Set,
}

const fn one(name: &'static str, set: Set) -> Column {
    Column { name, many: false, set }
}

const fn many(name: &'static str, set: Set) -> Column {
    Column { name, many: true, set }
}

static COLUMNS: [Column; 13] = [
    one("name", |_, _| Ok(())),
    one("kind", |_, _| Ok(())),
    one("address", |asset, values| put(&mut asset.address, &ParamType::Host, values)),
    one("user", |asset, values| put(&mut asset.user, &ParamType::Name, values)),
    one("port", |asset, values| {
        let port = typed(&ParamType::Port, &first(values))?.parse().map_err(|_| "must be a port from 1 to 65535".to_owned())?;
        asset.port = Some(port);
        Ok(())
    }),
    one("environment", |asset, values| put(&mut asset.environment, &ParamType::Env, values)),
    one("owner", |asset, values| put(&mut asset.owner, &ParamType::Str, values)),
    one("contact", |asset, values| put(&mut asset.contact, &ParamType::Str, values)),
    one("note", |asset, values| put(&mut asset.note, &ParamType::Str, values)),
    many("groups", |asset, values| names(&mut asset.groups, values)),
    many("tags", |asset, values| names(&mut asset.tags, values)),
    many("depends_on", |asset, values| names(&mut asset.depends_on, values)),
    many("maintenance", |asset, values| {
        for value in values {
            asset.maintenance.insert(window(&value)?);
        }
        Ok(())
    }),
];

pub fn known() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|column| column.name)
}

/// `None`, with the reasons in `problems`, where anything is wrong with it.
pub fn asset(origin: &str, at: Pos, kind: Option<Kind>, cells: Vec<Cell>, problems: &mut Vec<Problem>) -> Option<Asset> {
    let before = problems.len();
    let mut say = |at: Pos, code: &str, message: String, help: String| {
        problems.push(Problem::new(origin, code, message).at(at.line, at.column).help(help));
    };
    let text = |name: &str| cells.iter().find(|cell| cell.column == name).map(|cell| (cell.value_at, cell.values.concat()));
    let mut asset = Asset { kind: kind.unwrap_or_default(), ..Asset::default() };
    if let (None, Some((at, word))) = (kind, text("kind")) {
        match Kind::parse(&word) {
            Some(kind) => asset.kind = kind,
            None => say(at, "wrong_value", format!("`kind` must be host or service, not `{word}`"), near::hint(&word, ["host", "service"])),
        }
    }
    match text("name") {
        None => say(at, "missing_name", format!("a {} without `name`", asset.kind.word()), String::new()),
        Some((at, name)) => match name_of(asset.kind, &name) {
            Ok(()) => asset.name = name,
            Err(why) => say(at, "wrong_value", format!("`name` `{name}` {why}"), String::new()),
        },
    }
    for cell in cells {
        let Some(column) = COLUMNS.iter().find(|column| column.name == cell.column) else {
            let help = near::hint(&cell.column, known());
            say(cell.at, "unknown_column", format!("unknown column `{}`", cell.column), help);
            continue;
        };
        let (at, shown) = (cell.value_at, cell.values.join(" "));
        if let Err(why) = fill(column, &mut asset, cell) {
            say(at, "wrong_value", format!("`{}` `{shown}` {why}", column.name), String::new());
        }
    }
    (problems.len() == before).then_some(asset)
}

fn fill(column: &Column, asset: &mut Asset, cell: Cell) -> Result<(), String> {
    let divided = |text: &String| text.split([';', ' ']).filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    let values = match (column.many, cell.divisible) {
        (true, true) => cell.values.iter().flat_map(divided).collect(),
        (true, false) => cell.values,
        (false, _) if cell.values.len() == 1 => cell.values,
        (false, _) => return Err("must be one value".to_owned()),
    };
    (column.set)(asset, values)
}

fn name_of(kind: Kind, name: &str) -> Result<(), String> {
    let grammar = match kind {
        Kind::Host => ParamType::Host,
        Kind::Service => ParamType::Name,
    };
    if kind == Kind::Service && name == LOCALHOST {
        return Err("is the host that this runs on".to_owned());
    }
    typed(&grammar, name).map(drop)
}

fn first(values: Vec<String>) -> String {
    values.into_iter().next().unwrap_or_default()
}

/// In its canonical form, or why not.
fn typed(kind: &ParamType, text: &str) -> Result<String, String> {
    if text.len() > TEXT_CAP || text.chars().any(char::is_control) {
        return Err(format!("must be at most {TEXT_CAP} bytes without control characters"));
    }
    grammar::typed(kind, text).map(|value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    })
}

fn put(place: &mut Option<String>, kind: &ParamType, values: Vec<String>) -> Result<(), String> {
    *place = Some(typed(kind, &first(values))?);
    Ok(())
}

fn names(place: &mut std::collections::BTreeSet<String>, values: Vec<String>) -> Result<(), String> {
    for value in values {
        place.insert(typed(&ParamType::Name, &value)?);
    }
    Ok(())
}

/// `2026-03-01T22:00Z/2026-03-02T04:00Z`, as ISO 8601 writes an interval; without an end it lasts until it is cleared.
fn window(text: &str) -> Result<Window, String> {
    let wanted = || "must be FROM/UNTIL, each like 2026-03-01T22:00:00Z".to_owned();
    let moment = |text: &str| text.parse::<Timestamp>().map(|moment| Stamp(moment.as_millisecond())).map_err(|_| wanted());
    let (from, until) = text.split_once('/').ok_or_else(wanted)?;
    let from = moment(from)?;
    let until = if until.is_empty() { None } else { Some(moment(until)?) };
    if until.is_some_and(|until| until <= from) {
        return Err("ends before it begins".to_owned());
    }
    Ok(Window { from, until })
}
