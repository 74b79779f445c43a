//! `ouioe memory`: what plans learn from.

use clap::Args;

/// List the finished runs that plans learn from, newest last
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
A `plan` is found again by its words and competes with what the words themselves give; of every run here the durations and
failures of its steps count. `ouioe forget RUN` takes one out.

Examples:
  ouioe memory
  ouioe memory --json")]
pub struct MemoryArgs {}
