//! Preview of a kill: the processes that a name or a number means now, each with what tells it from any later one.
//!
//! Names only, never command lines: those hold secrets.

use std::fs;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::service::builtin::param::{text, wrong};
use crate::service::builtin::registry::{Answer, Params};
use crate::service::runner::proc;

/// More than this nobody can approve knowingly.
const MOST: usize = 500;

/// All others end with it.
const FIRST: i32 = 1;

/// One process of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    pub pid: i32,
    pub name: String,
    /// Clock ticks since boot.
    pub start_time: u64,
}

pub fn preview(params: &Params) -> Answer {
    let wanted = text(params, "process")?;
    let number = wanted.parse::<i32>().ok();
    if number == Some(FIRST) {
        return Err(wrong("process 1 is the system itself: stop a service, or reboot the host"));
    }
    // The kernel keeps 15 bytes of a name.
    let kept = &wanted[..wanted.floor_char_boundary(15)];
    let mut items: Vec<Item> = proc::all()
        .into_iter()
        .filter(|(pid, stat)| *pid != FIRST && !stat.is_dead() && number.is_none_or(|number| number == *pid))
        .filter_map(|(pid, stat)| {
            let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?.trim_end_matches('\n').to_owned();
            (number.is_some() || name == kept).then_some(Item { pid, name, start_time: stat.start_time })
        })
        .collect();
    items.sort_by_key(|item| item.pid);
    match items.len() {
        0 => Err(wrong(format!("no process is called {wanted}, or has that number"))),
        1..=MOST => Ok(json!({ "items": items })),
        more => Err(wrong(format!("{more} processes are called {wanted}, at most {MOST} can be approved"))),
    }
}
