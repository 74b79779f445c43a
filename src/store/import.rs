//! A TOML or CSV file -> assets, or every problem of the file by line. Never half of a file.
//!
//! TOML: `[[host]]` and `[[service]]` tables. CSV: a line of column names, then one asset a line; several groups, tags or
//! windows in one field are divided by `;`.

use super::asset::{Asset, Kind};
use super::columns::{self, Cell};
use super::csv;
use crate::model::problem::Problem;
use crate::planner::near;
use crate::planner::source::{self, Body, CAPS, Entry, Format, Node, Pos};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    Toml,
    Csv,
}

pub fn parse(origin: &str, text: &str, notation: Notation) -> Result<Vec<Asset>, Vec<Problem>> {
    let mut problems = Vec::new();
    let found = match notation {
        Notation::Toml => from_toml(origin, text, &mut problems),
        Notation::Csv => from_csv(origin, text, &mut problems),
    };
    let mut assets: Vec<(Pos, Asset)> = Vec::new();
    for (at, asset) in found {
        match assets.iter().find(|(_, known)| known.name == asset.name) {
            Some((first, _)) => {
                let message = format!("`{}` stands twice, first in line {}", asset.name, first.line);
                problems.push(Problem::new(origin, "duplicate", message).at(at.line, at.column));
            }
            None => assets.push((at, asset)),
        }
    }
    if assets.is_empty() && problems.is_empty() {
        let help = "write [[host]] tables, or a CSV whose first line names the columns";
        problems.push(Problem::new(origin, "empty", "no asset in it").help(help));
    }
    problems.sort_by_key(|problem| (problem.line, problem.column));
    if problems.is_empty() { Ok(assets.into_iter().map(|(_, asset)| asset).collect()) } else { Err(problems) }
}

fn from_toml(origin: &str, text: &str, problems: &mut Vec<Problem>) -> Vec<(Pos, Asset)> {
    let tree = match source::read(origin, text, Format::Toml, CAPS) {
        Ok(tree) => tree,
        Err(problem) => {
            problems.push(problem);
            return Vec::new();
        }
    };
    let mut found = Vec::new();
    for list in entries(&tree) {
        let Some(kind) = Kind::parse(&list.key) else {
            let message = format!("unknown table [[{}]]", list.key);
            let help = near::hint(&list.key, ["host", "service"]);
            problems.push(Problem::new(origin, "unknown_table", message).at(list.at.line, list.at.column).help(help));
            continue;
        };
        for node in items(&list.value) {
            let at = if node.at == Pos::default() { list.at } else { node.at };
            let cells = entries(node).iter().filter_map(|entry| cell(origin, entry, problems)).collect();
            found.extend(columns::asset(origin, at, Some(kind), cells, problems).map(|asset| (at, asset)));
        }
    }
    found
}

fn entries(node: &Node) -> &[Entry] {
    match &node.body {
        Body::Table(entries) => entries,
        Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) | Body::Text(_) | Body::List(_) => &[],
    }
}

fn items(node: &Node) -> &[Node] {
    match &node.body {
        Body::List(items) => items,
        Body::Null | Body::Bool(_) | Body::Int(_) | Body::Float(_) | Body::Text(_) | Body::Table(_) => std::slice::from_ref(node),
    }
}

fn cell(origin: &str, entry: &Entry, problems: &mut Vec<Problem>) -> Option<Cell> {
    let plain = |node: &Node| match &node.body {
        Body::Text(text) => Some(text.clone()),
        Body::Int(number) => Some(number.to_string()),
        Body::Null | Body::Bool(_) | Body::Float(_) | Body::List(_) | Body::Table(_) => None,
    };
    let values: Option<Vec<String>> = items(&entry.value).iter().map(plain).collect();
    let Some(values) = values else {
        let message = format!("`{}` must be text or a list of texts, not {}", entry.key, entry.value.kind());
        problems.push(Problem::new(origin, "wrong_type", message).at(entry.value.at.line, entry.value.at.column));
        return None;
    };
    Some(Cell { column: entry.key.clone(), at: entry.at, value_at: entry.value.at, values, divisible: false })
}

fn from_csv(origin: &str, text: &str, problems: &mut Vec<Problem>) -> Vec<(Pos, Asset)> {
    let records = match csv::records(text) {
        Ok(records) => records,
        Err((at, why)) => {
            problems.push(Problem::new(origin, "csv", why).at(at.line, at.column));
            return Vec::new();
        }
    };
    let Some((head, rows)) = records.split_first() else { return Vec::new() };
    let names: Vec<String> = head.iter().map(|field| field.text.trim().to_lowercase()).collect();
    for (place, (name, field)) in names.iter().zip(head).enumerate() {
        let say = |code: &str, message: String| Problem::new(origin, code, message).at(field.at.line, field.at.column);
        if !columns::known().any(|known| known == name) {
            problems.push(say("unknown_column", format!("unknown column `{name}`")).help(near::hint(name, columns::known())));
        } else if names[..place].contains(name) {
            problems.push(say("duplicate", format!("column `{name}` stands twice")));
        }
    }
    // Every row would say it again.
    if !problems.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for row in rows {
        let at = row[0].at;
        if row.len() != names.len() {
            let message = format!("{} fields, the first line has {} columns", row.len(), names.len());
            problems.push(Problem::new(origin, "csv", message).at(at.line, at.column));
            continue;
        }
        let filled = names.iter().zip(row).map(|(name, field)| (name, field, field.text.trim())).filter(|(_, _, text)| !text.is_empty());
        let cells = filled
            .map(|(name, field, text)| Cell {
                column: name.clone(),
                at: field.at,
                value_at: field.at,
                values: vec![text.to_owned()],
                divisible: true,
            })
            .collect();
        found.extend(columns::asset(origin, at, None, cells, problems).map(|asset| (at, asset)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "[[host]]\nname = \"web-1\"\naddress = \"192.0.2.1\"\nport = 2222\nenvironment = \"prod\"\ngroups = [\"web\", \"edge\"]\n\
        maintenance = [\"2026-03-01T22:00:00Z/2026-03-02T04:00:00Z\"]\n\n[[service]]\nname = \"checkout\"\nowner = \"team pay\"\ndepends_on = [\"ledger\"]\n";

    #[test]
    fn both_notations_say_the_same() {
        let csv = "name,kind,address,port,environment,groups,maintenance,owner,depends_on\n\
                   web-1,host,192.0.2.1,2222,production,web;edge,2026-03-01T22:00:00Z/2026-03-02T04:00:00Z,,\n\
                   checkout,service,,,,,,\"team pay\",ledger\n";
        let assets = parse("a.toml", TOML, Notation::Toml).unwrap();
        assert_eq!(parse("a.csv", csv, Notation::Csv).unwrap(), assets);
        assert_eq!((assets[0].port, assets[0].environment.as_deref(), assets[0].groups.len()), (Some(2222), Some("production"), 2));
        assert_eq!((assets[1].kind, assets[1].owner.as_deref()), (Kind::Service, Some("team pay")));
    }

    #[test]
    fn every_problem_is_told_by_its_line() {
        for (notation, text, expected) in [
            (Notation::Toml, "[[host]]\nname = \"a\"\nenviroment = \"dev\"\n", "f:3: unknown column `enviroment` (nearest: environment)"),
            (Notation::Toml, "[[hots]]\nname = \"a\"\n", "f:1: unknown table [[hots]] (nearest: host)"),
            (Notation::Toml, "[[host]]\naddress = \"a\"\n", "a host without `name`"),
            (Notation::Toml, "[[host]]\nname = \"-oProxyCommand=x\"\n", "f:2: `name` `-oProxyCommand=x` starts with `-`"),
            (Notation::Toml, "[[host]]\nname = \"a\"\nport = 70000\n", "f:3: `port` `70000` must be a port"),
            (Notation::Toml, "[[host]]\nname = \"a\"\ntags = [1.5]\n", "f:3: `tags` must be text or a list of texts, not a list"),
            (Notation::Toml, "[[host]]\nname = \"a\"\nuser = [\"x\", \"y\"]\n", "f:3: `user` `x y` must be one value"),
            (Notation::Toml, "[[host]]\nname = \"a\"\n[[host]]\nname = \"a\"\n", "`a` stands twice"),
            (Notation::Toml, "[[host]\n", "f:1:"),
            (Notation::Toml, "", "no asset in it"),
            (Notation::Csv, "name,adress\na,b\n", "f:1: unknown column `adress` (nearest: address)"),
            (Notation::Csv, "name,address\na\n", "f:2: 1 fields, the first line has 2 columns"),
            (Notation::Csv, "name,port\na,22\nb,x\n", "f:3: `port` `x` must be a port"),
            (Notation::Csv, "name,note\na,\"x\n", "f:2: the quote is not closed"),
            (Notation::Csv, "name,maintenance\na,tomorrow\n", "f:2: `maintenance` `tomorrow` must be FROM/UNTIL"),
            (Notation::Csv, "name,environment\na,moon\n", "f:2: `environment` `moon` must be production"),
            (Notation::Csv, "name,kind\nlocalhost,service\n", "is the host that this runs on"),
            (Notation::Csv, "name,name\na,a\n", "f:1: column `name` stands twice"),
            (Notation::Csv, "name,note\na,\"x\u{1b}[31m\"\n", "f:2: `note`"),
        ] {
            let problems = parse("f", text, notation).expect_err(expected);
            assert!(problems.iter().any(|problem| problem.to_string().contains(expected)), "{text:?}\nsays {problems:#?}\nnot {expected}");
        }
        let two = parse("f", "name,port\na,x\nb,y\n", Notation::Csv).unwrap_err();
        assert_eq!(two.iter().map(|problem| problem.line).collect::<Vec<_>>(), [2, 3], "all of them at once");
    }
}
