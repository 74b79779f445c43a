//! What `ps` and `sysctl` say of processes, where there is no `/proc`: the BSD family.

use std::io;
use std::process::Command;

/// One process, as far as naming and following it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub pid: i32,
    pub parent: i32,
    pub state: char,
    /// The start's date and time as digits: year, month, day, hour, minute, second. To the second; still with the boot's
    /// id no number is given out twice in one.
    pub start_time: u64,
}

/// Every process that can be seen.
pub fn all() -> io::Result<Vec<Entry>> {
    // `lstart` follows the locale.
    let listed = Command::new("/bin/ps").args(["-axo", "pid=,ppid=,state=,lstart="]).env("LC_ALL", "C").output()?;
    Ok(String::from_utf8_lossy(&listed.stdout).lines().filter_map(parse).collect())
}

pub fn one(pid: i32) -> Option<Entry> {
    let pid = pid.to_string();
    let listed = Command::new("/bin/ps").args(["-o", "pid=,ppid=,state=,lstart=", "-p", &pid]).env("LC_ALL", "C").output().ok()?;
    parse(String::from_utf8_lossy(&listed.stdout).lines().next()?)
}

/// Changes with every boot.
pub fn boot_id() -> io::Result<String> {
    let read = Command::new("/usr/sbin/sysctl").args(["-n", "kern.bootsessionuuid"]).output()?;
    let id = String::from_utf8_lossy(&read.stdout).trim().to_owned();
    if id.is_empty() { Err(io::Error::other("the system does not tell which boot this is")) } else { Ok(id) }
}

/// `  501     1 Ss   Sun Nov  2 20:00:10 2026`
fn parse(line: &str) -> Option<Entry> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let [pid, parent, state, _, month, day, clock, year] = fields.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| name == month)? + 1;
    let parts: Vec<u64> = clock.split(':').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let [hour, minute, second] = parts.as_slice() else { return None };
    let date = (year.parse::<u64>().ok()? * 100 + u64::try_from(month).ok()?) * 100 + day.parse::<u64>().ok()?;
    let start_time = ((date * 100 + hour) * 100 + minute) * 100 + second;
    Some(Entry { pid: pid.parse().ok()?, parent: parent.parse().ok()?, state: state.chars().next()?, start_time })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_process_parent_state_and_start() {
        let found = parse("  501     1 Ss   Sun Nov  2 20:00:10 2026");
        assert_eq!(found, Some(Entry { pid: 501, parent: 1, state: 'S', start_time: 20_261_102_200_010 }));
        assert_eq!(parse("  501     1 Ss   Sun Foo  2 20:00:10 2026"), None);
        assert_eq!(parse("nonsense"), None);
    }

    #[test]
    fn this_machine_answers_in_that_form() {
        // The same options serve Linux's `ps`, so the form is tried here too.
        let Some(me) = one(std::process::id().cast_signed()) else {
            println!("no ps here");
            return;
        };
        assert!(all().is_ok_and(|all| all.iter().any(|entry| entry.pid == me.pid && entry.start_time == me.start_time)));
    }
}
