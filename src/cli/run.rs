//! `ouioe run`: plans, asks, runs and shows what happens.

use std::path::PathBuf;

use clap::Args;

use super::args::{Assignment, digest_start};

/// Plan, ask, run, and show what happens
#[derive(Clone, Debug, Args)]
#[command(group = clap::ArgGroup::new("source").required(true).args(["intent", "plan", "template"]), after_help = "\
Examples:
  ouioe run check disk usage on localhost
  ouioe run --dry-run restart nginx on web-3
  ouioe run --yes --digest 1f0c9a2e restart nginx on web-3
  ouioe run --plan deploy.toml --set version=2.14 --yes
  ouioe run --template nightly-check --set host=web-1")]
pub struct RunArgs {
    /// What is to be done, in words
    #[arg(value_name = "INTENT")]
    pub intent: Vec<String>,
    /// Run this plan file (JSON or TOML) as written
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// Run this workflow template
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// An input of the plan file or template
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "intent")]
    pub set: Vec<Assignment>,
    /// Show what would run, with its digest, and end
    #[arg(long)]
    pub dry_run: bool,
    /// Approve in advance; of an intent in words it covers what destroys or changes only with --digest
    #[arg(long)]
    pub yes: bool,
    /// Of the plan that --dry-run showed; any other plan is refused
    #[arg(long, requires = "yes", value_parser = digest_start)]
    pub digest: Option<String>,
    /// Leave the run to an engine in the background and end
    #[arg(long, conflicts_with = "dry_run")]
    pub detach: bool,
}
