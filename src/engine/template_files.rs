//! Embedded templates, then the user's over them -> all by their names, or every fault of every file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::planning::read;
use crate::model::problem::Problem;
use crate::planner::{Template, template};
use crate::service::manifest::toml_files;

pub(super) fn templates(user_dir: Option<&Path>) -> Result<Vec<Template>, Vec<Problem>> {
    let mut all: BTreeMap<String, Template> = template::embedded().into_iter().map(|one| (one.name.clone(), one)).collect();
    let mut own: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut problems = Vec::new();
    for path in user_dir.map_or(Ok(Vec::new()), toml_files).map_err(|problem| vec![problem])? {
        match read(&path).map_err(|problem| vec![problem]).and_then(|text| template::parse(&path.to_string_lossy(), &text)) {
            Ok(one) => {
                // Over a built-in one it stands; over another of the user's own it would hide that.
                if let Some(other) = own.insert(one.name.clone(), path) {
                    let why = format!("its name `{}` is that of {} too", one.name, other.display());
                    problems.push(Problem::new(one.file.clone(), "duplicate", why).help("give one of them another name"));
                }
                all.insert(one.name.clone(), one);
            }
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() { Ok(all.into_values().collect()) } else { Err(problems) }
}
