//! `ouioe asset`: the inventory of hosts and services.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// Hosts and services: bring them in, list them, look at one
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe asset import hosts.toml
  ouioe asset list --group web
  ouioe asset show web-1")]
pub struct AssetArgs {
    #[command(subcommand)]
    pub command: AssetCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub enum AssetCommand {
    Import(ImportArgs),
    List(ListArgs),
    Show(ShowArgs),
}

/// Bring in all assets of a TOML or CSV file, or none of them
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
TOML: [[host]] and [[service]] tables. CSV: a first line of column names; `;` divides several groups, tags or windows.
Columns: name, kind, address, user, port, environment, groups, tags, owner, contact, note, depends_on, maintenance.
An asset that is known already becomes what the file says; others stay.

Examples:
  ouioe asset import hosts.toml
  ouioe asset import export.csv")]
pub struct ImportArgs {
    #[arg(value_name = "FILE", help = "Its name ends in .toml or .csv")]
    pub file: PathBuf,
}

/// List the assets that carry all that is named
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe asset list
  ouioe asset list --env staging --tag canary
  ouioe asset list --json")]
pub struct ListArgs {
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
    #[arg(long, value_name = "ENVIRONMENT")]
    pub env: Option<String>,
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
}

/// Show all that is known of one asset
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe asset show web-1
  ouioe asset show localhost --json")]
pub struct ShowArgs {
    #[arg(value_name = "NAME")]
    pub name: String,
}
