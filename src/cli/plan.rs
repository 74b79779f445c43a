//! `ouioe plan`: prints what would run; starts nothing.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    #[default]
    Text,
    Json,
    Dot,
    Mermaid,
}

/// Print the plan of an intent; nothing is started
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Examples:
  ouioe plan restart nginx on web-3 and verify
  ouioe plan --format mermaid check disk usage on web-1, then clean up old logs
  ouioe plan --catalogue operations.toml --json restart nginx on web-3
  ouioe plan --batch --catalogue operations.toml < intents.jsonl")]
pub struct PlanArgs {
    /// What is to be done, in words
    #[arg(value_name = "INTENT", required_unless_present = "batch", conflicts_with = "batch")]
    pub intent: Vec<String>,
    #[arg(long, value_enum, default_value_t)]
    pub format: PlanFormat,
    /// Also say why each step, value and edge is there
    #[arg(long)]
    pub explain: bool,
    /// Plan against exactly the operations of this file
    #[arg(long, value_name = "FILE")]
    pub catalogue: Option<PathBuf>,
    /// One intent a line on stdin, as text or as JSON with `intent`; one JSON value a line on stdout
    #[arg(long)]
    pub batch: bool,
}
