//! What is kept between runs beside the journal: the inventory of hosts and services.

pub mod asset;
pub mod import;
pub mod inventory;

mod columns;
mod csv;
mod database;

pub use asset::{Asset, Kind, Window};
pub use inventory::{Filter, Inventory, StoreError};
