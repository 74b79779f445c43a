//! The state folder stands on a disk of its own that is filled to the last byte while the run goes on.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::kill::{Campaign, assert_clean, assert_exactly_once};
use super::plans;
use super::program::{Place, until};

/// A small file system in memory; unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path) -> Self {
        fs::create_dir_all(at).expect("a folder");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs"]).arg(at).status();
        assert!(done.is_ok_and(|status| status.success()), "mount a tmpfs (this test needs root)");
        Self(at.to_owned())
    }

    fn fill(&self) {
        let mut file = File::create(self.0.join("ballast")).expect("a file");
        for size in [1 << 16, 1 << 12, 1] {
            while file.write_all(&vec![b'x'; size]).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.0.join("ballast")).expect("the ballast");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// One step waits; the disk fills; the step ends; nothing else may start until there is room.
fn with_a_full_disk(kill_meanwhile: bool) {
    let dir = tempfile::tempdir().expect("a folder");
    let at = dir.path().join("disk");
    let disk = Disk::mount(&at);
    let place = Place::with_state(dir, at.join("state"));
    let mut one = Campaign::new(place);
    let (go, ledger) = (one.place.path("go"), one.place.ledger_path());
    let waits = format!("until [ -e {} ]; do sleep 0.02; done;", go.display());
    let mut steps = vec![plans::entry("first", &[], &ledger, &waits, "")];
    steps.extend((0..20).map(|at| {
        let need = if at == 0 { "first".to_owned() } else { format!("s{}", at - 1) };
        plans::entry(&format!("s{at}"), &[need], &ledger, "", "")
    }));
    one.place.write_plan(&plans::file(&steps));
    let running = one.go_on();
    assert!(running.wait_for(&["step_started", "first"]));
    disk.fill();
    fs::write(&go, "").expect("the word to go on");
    until("the first step's effect", || one.place.ledger().has("first").then_some(()));

    // Somebody asks for something meanwhile: refused in one sentence, or, thanks to the reserve, recorded.
    let asked = one.place.run(&["run", "--plan", &one.place.path("plan.json").display().to_string(), "--json"]);
    assert!(matches!(asked.code(), Some(4 | 6 | 74 | 75)), "{}", asked.text());
    let more = one.judge();
    assert_clean(&more);
    one.runs = 1;
    let ended = if kill_meanwhile {
        let ended = running.kill();
        let resumed = one.place.run(&["resume", "--json"]);
        assert!(matches!(resumed.code(), Some(0 | 1 | 6 | 7 | 74)), "{}", resumed.text());
        one.heard(&resumed);
        disk.free();
        ended
    } else {
        disk.free();
        running.end()
    };
    one.heard(&ended);
    one.heard(&asked);
    println!("a full disk, engine {}: exit {:?}, then {:?}", if kill_meanwhile { "killed" } else { "alive" }, ended.status, asked.status);
    cancel_the_asked(&mut one, &asked);
    let verdict = finish(&mut one);
    let ledger = one.place.ledger();
    assert!(ledger.doubles().is_empty());
    println!("  {} events, {} acknowledged, {} parks, {} effects", verdict, one.acked.len(), one.parks, ledger.counts.len());
}

/// What was asked for meanwhile may have been recorded; it waits for an approval that it shall not get.
fn cancel_the_asked(one: &mut Campaign, asked: &super::program::Ended) {
    if let Some(run) = asked.acked().first().and_then(|line| line.0["run"].as_str().map(str::to_owned)) {
        let said = one.place.run(&["cancel", &run]);
        assert_eq!(said.code(), Some(0), "{}", said.text());
        one.runs = 2;
    }
}

fn finish(one: &mut Campaign) -> usize {
    let verdict = one.finish();
    let ran: Vec<_> = verdict.runs.values().filter(|run| run.finished.as_deref() == Some("succeeded")).collect();
    assert_eq!(ran.len(), 1, "the run succeeds in the end");
    if one.runs == 1 {
        assert_exactly_once(&one.place, &verdict);
    }
    verdict.events
}

#[test]
fn a_full_disk_is_waited_out() {
    with_a_full_disk(false);
}

#[test]
fn a_full_disk_and_a_killed_engine() {
    with_a_full_disk(true);
}
