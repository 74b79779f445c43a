//! `ouioe doctor`: what of this machine and this user would keep runs from working.

use clap::Args;

/// Try what runs depend on: terminal, state folder, disk, journal, step runner, limits, programs
#[derive(Clone, Debug, Args)]
#[command(after_help = "\
Each line is a check that was really made: ok, note (nothing depends on it), warn or FAIL with what to do. Exit code 1 if any failed.

Examples:
  ouioe doctor
  ouioe doctor --json")]
pub struct DoctorArgs {}
