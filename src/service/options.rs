//! What the services of one engine need to know; filled in at the edge.

use std::io;
use std::path::PathBuf;

use super::runner::proc;
use crate::model::ids::Epoch;
use crate::model::settings::PolicySettings;
use crate::spool::Spools;

#[derive(Clone, Debug)]
pub struct ServiceOptions {
    pub spools: Spools,
    /// Re-executed as step runner.
    pub exe: PathBuf,
    /// Of this engine's ownership of the journal.
    pub epoch: Epoch,
    pub boot_id: String,
    /// What an owned builtin may never touch.
    pub protected_paths: Vec<String>,
    /// Handles of secrets whose values no output may show.
    pub hidden: Vec<String>,
}

impl ServiceOptions {
    /// Runs the very file that this process runs, also after an upgrade replaced it on disk.
    pub fn new(spools: Spools, epoch: Epoch) -> io::Result<Self> {
        Ok(Self {
            spools,
            exe: proc::own_program()?,
            epoch,
            boot_id: proc::boot_id()?,
            protected_paths: PolicySettings::default().protected_paths,
            hidden: Vec::new(),
        })
    }
}
