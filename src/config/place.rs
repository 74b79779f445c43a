//! Environment and arguments -> the folders of state and configuration (XDG Base Directory Specification 0.8).

use std::path::{Path, PathBuf};

use super::environment::Environment;
use crate::model::problem::Problem;

/// `--state-dir`, `$OUIOE_STATE_DIR`, `$XDG_STATE_HOME/ouioe`, `~/.local/state/ouioe`. Always absolute.
pub fn state_dir(argument: Option<&Path>, env: &Environment) -> Result<PathBuf, Problem> {
    let given = argument.map(Path::to_owned).or_else(|| env.get("OUIOE_STATE_DIR").map(PathBuf::from));
    if let Some(given) = given {
        return std::path::absolute(&given).map_err(|error| {
            let message = format!("could not make it absolute: {error}");
            Problem::new(given.display().to_string(), "state_dir", message).help("name the state folder by its whole path")
        });
    }
    under(env, "XDG_STATE_HOME", ".local/state")
        .ok_or_else(|| Problem::new("state folder", "state_dir", "could not find it: HOME is not set").help("say --state-dir DIR"))
}

/// Holds `config.toml` and the user's own templates and services.
pub fn config_dir(env: &Environment) -> Option<PathBuf> {
    under(env, "XDG_CONFIG_HOME", ".config")
}

/// The folder of the file that was named, else the usual one.
pub fn config_folder(file: Option<&Path>, env: &Environment) -> Option<PathBuf> {
    file.map_or_else(|| config_dir(env), |file| file.parent().map(Path::to_owned))
}

/// The specification says that a relative value is to be ignored.
fn under(env: &Environment, variable: &str, in_home: &str) -> Option<PathBuf> {
    let absolute = |name: &str| env.get(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(in_home)))?;
    Some(base.join("ouioe"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_decides() {
        let home = ("HOME", "/home/a");
        for (argument, env, expected) in [
            (Some("/x"), vec![("OUIOE_STATE_DIR", "/y"), home], Some("/x")),
            (None, vec![("OUIOE_STATE_DIR", "/y"), ("XDG_STATE_HOME", "/z"), home], Some("/y")),
            (None, vec![("OUIOE_STATE_DIR", ""), ("XDG_STATE_HOME", "/z"), home], Some("/z/ouioe")),
            (None, vec![("XDG_STATE_HOME", "z"), home], Some("/home/a/.local/state/ouioe")),
            (None, vec![], None),
        ] {
            let found = state_dir(argument.map(Path::new), &Environment::of(&env)).ok();
            assert_eq!(found.as_deref(), expected.map(Path::new), "{env:?}");
        }
        let relative = state_dir(Some(Path::new("here")), &Environment::default()).unwrap();
        assert!(relative.is_absolute() && relative.ends_with("here"));
        assert_eq!(config_dir(&Environment::of(&[home])).as_deref(), Some(Path::new("/home/a/.config/ouioe")));
    }
}
