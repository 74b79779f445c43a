//! `ouioe man`: manual pages, made from the same words as `--help`.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Command, CommandFactory as _};
use clap_mangen::Man;

use super::args::Cli;
use super::exit::Exit;
use super::out::Out;
use crate::planner::near;

/// Print a manual page, or write all of them into a folder
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe man | man -l -
  ouioe man run | man -l -
  ouioe man --dir ~/.local/share/man/man1")]
pub struct ManArgs {
    /// Of this command; without it, of all of ouioe
    #[arg(value_name = "COMMAND", conflicts_with = "dir")]
    pub command: Option<String>,
    /// Write ouioe.1 and one page for each command
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

pub fn man(out: &Out, args: &ManArgs) -> Exit {
    let mut root = Cli::command();
    root.build();
    let done = match (&args.dir, &args.command) {
        (Some(dir), _) => write_all(&root, dir).map(|count| out.note(&format!("{count} pages in {}", dir.display()))),
        (None, None) => page(&root).map(|page| out.bytes(&page)),
        (None, Some(name)) => match visible(&root).find(|command| command.get_name() == name) {
            Some(command) => page(command).map(|page| out.bytes(&page)),
            None => Err(format!("there is no command `{name}`; {}", near::hint(name, visible(&root).map(Command::get_name)))),
        },
    };
    match done {
        Ok(()) => Exit::Done,
        Err(why) => {
            out.error(&why);
            Exit::Usage
        }
    }
}

fn visible(root: &Command) -> impl Iterator<Item = &Command> {
    root.get_subcommands().filter(|command| !command.is_hide_set() && command.get_name() != "help")
}

fn page(command: &Command) -> Result<Vec<u8>, String> {
    let mut page = Vec::new();
    let named = command.clone().display_name(name_of(command));
    Man::new(named).render(&mut page).map_err(|error| format!("could not make the page: {error}"))?;
    Ok(page)
}

/// `ouioe-run`.
fn name_of(command: &Command) -> String {
    command.get_bin_name().unwrap_or_else(|| command.get_name()).replace(' ', "-")
}

fn write_all(root: &Command, dir: &Path) -> Result<usize, String> {
    let trouble = |error: std::io::Error| format!("could not write into {}: {error}", dir.display());
    fs::create_dir_all(dir).map_err(trouble)?;
    let mut count = 0;
    for command in std::iter::once(root).chain(visible(root)) {
        fs::write(dir.join(format!("{}.1", name_of(command))), page(command)?).map_err(trouble)?;
        count += 1;
    }
    Ok(count)
}
