//! The state folder stands on a disk of its own that is filled to the last byte while the run goes on.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::kill::{Campaign, assert_clean, assert_exactly_once};
use super::plans;
use super::program::{Place, Running, until};

/// A small file system in memory; unmounted when dropped.
struct Disk(PathBuf);

impl Disk {
    fn mount(at: &Path, mebibytes: u32) -> Self {
        fs::create_dir_all(at).expect("a folder");
        let options = format!("size={mebibytes}m,mode=0700");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).status();
        assert!(done.is_ok_and(|status| status.success()), "mount a tmpfs (this test needs root)");
        Self(at.to_owned())
    }

    /// Takes every byte that becomes free until it is told to give all back.
    fn fill(&self) -> Filler {
        let ballast = self.0.join("ballast");
        let (stop, stopped) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (told, done) = (Arc::clone(&stop), Arc::clone(&stopped));
        let file = ballast.clone();
        let thread = std::thread::spawn(move || {
            let mut file = File::create(file).expect("a file");
            while !told.load(Ordering::SeqCst) {
                for size in [1 << 16, 1 << 12, 1] {
                    while file.write_all(&vec![b'x'; size]).is_ok() {}
                }
                done.store(true, Ordering::SeqCst);
                std::thread::sleep(Duration::from_micros(200));
            }
        });
        until("a full disk", || stopped.load(Ordering::SeqCst).then_some(()));
        Filler { stop, thread, ballast }
    }
}

struct Filler {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    ballast: PathBuf,
}

impl Filler {
    fn free(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.join().expect("the filler");
        fs::remove_file(self.ballast).expect("the ballast");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum On {
    /// The journal alone; what the steps leave stands elsewhere.
    Journal,
    /// The steps' records too, so that nobody can know how the first one ended.
    Everything,
}

/// A run whose first step waits for `go`, on a disk of its own.
fn started(on: On) -> (Disk, Campaign, Running) {
    let dir = tempfile::tempdir().expect("a folder");
    let at = dir.path().join("disk");
    let disk = Disk::mount(&at, 8);
    if on == On::Journal {
        let elsewhere = dir.path().join("runs");
        fs::DirBuilder::new().mode(0o700).create(&elsewhere).expect("a folder");
        fs::DirBuilder::new().mode(0o700).create(at.join("state")).expect("a folder");
        std::os::unix::fs::symlink(elsewhere, at.join("state/runs")).expect("a link");
    }
    let one = Campaign::new(Place::with_state(dir, at.join("state")));
    let (sign, go, ledger) = (one.place.path("sign"), one.place.path("go"), one.place.ledger_path());
    let waits = format!("touch {}; until [ -e {} ]; do sleep 0.02; done;", sign.display(), go.display());
    let mut steps = vec![plans::entry("first", &[], &ledger, &waits, "")];
    steps.extend((0..20).map(|at| {
        let need = if at == 0 { "first".to_owned() } else { format!("s{}", at - 1) };
        plans::entry(&format!("s{at}"), &[need], &ledger, "", "")
    }));
    one.place.write_plan(&plans::file(&steps));
    let running = one.go_on();
    until("the first step", || sign.exists().then_some(()));
    (disk, one, running)
}

fn go(one: &Campaign) {
    fs::write(one.place.path("go"), "").expect("the word to go on");
    until("the first step's effect", || one.place.ledger().has("first").then_some(()));
    until("the end of its processes", || one.place.of_step("first").is_empty().then_some(()));
}

/// The step's result waits for space, requests are refused, nothing new starts; then the same engine goes on.
#[test]
fn a_full_disk_is_waited_out() {
    for on in [On::Journal, On::Everything] {
        let (disk, mut one, running) = started(on);
        let filler = disk.fill();
        go(&one);
        let plan = one.place.path("plan.json").display().to_string();
        let asked = one.place.run(&["run", "--plan", &plan, "--json"]);
        assert_eq!((asked.code(), asked.acked().len()), (Some(74), 0), "{}", asked.text());
        assert_eq!(one.place.ledger().counts.len(), 1, "something started that could not be recorded");
        filler.free();
        let ended = running.end();
        assert_eq!(ended.code(), Some(if on == On::Journal { 0 } else { 7 }), "{}", ended.text());
        one.heard(&ended);
        let verdict = one.finish();
        assert_exactly_once(&one.place, &verdict);
        assert_eq!(one.parks, usize::from(on == On::Everything));
        println!("full disk under {on:?}: refused with {:?}, {} events, {} parks", asked.status, verdict.events, one.parks);
    }
}

/// It dies on the full disk, and the next one finds no room either.
#[test]
fn an_engine_killed_on_a_full_disk_loses_nothing() {
    for on in [On::Journal, On::Everything] {
        let (disk, mut one, running) = started(on);
        let filler = disk.fill();
        let killed = running.kill();
        assert_eq!(killed.signal(), Some(9), "the fault did not fire");
        one.heard(&killed);
        go(&one);
        // Whether its start still finds room is a matter of moments; if not, it ends and has begun nothing.
        let mut early = one.place.start(&["resume", "--json"]);
        let owns = format!("\"pid\":{}", early.pid());
        let lock = one.place.state().join("lock");
        let has_it = || fs::read_to_string(&lock).is_ok_and(|text| text.contains(&owns));
        until("the next engine", || (early.has_ended() || has_it()).then_some(()));
        // Longer than the engine waits between two tries.
        let watched = Instant::now();
        until("the end or a while", || (early.has_ended() || watched.elapsed() > Duration::from_secs(2)).then_some(()));
        let early = early.kill();
        // Where the ballast comes too late for what a start frees, it had room for all.
        assert!(matches!((early.code(), early.signal()), (Some(0 | 74), _) | (_, Some(9))), "{}", early.text());
        one.heard(&early);
        // Nothing has started that is not recorded.
        assert_clean(&one.judge());
        filler.free();
        let verdict = one.finish();
        assert_exactly_once(&one.place, &verdict);
        println!("killed on a full disk under {on:?}: resume said {:?}, {} events, {} parks", early.code(), verdict.events, one.parks);
    }
}

/// Clock ticks (a hundredth of a second each) that the process has worked.
fn worked(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    let fields: Vec<&str> = stat.rsplit(')').next().expect("its fields").split_whitespace().collect();
    fields[11..13].iter().map(|field| field.parse::<u64>().expect("a number")).sum()
}

/// A hold ends while its end cannot be recorded: the engine waits, and waiting costs nothing.
#[test]
fn a_timer_on_a_full_disk_waits_without_spinning() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = dir.path().join("disk");
    // Too small for a reserve, so that not even the first try succeeds.
    let disk = Disk::mount(&at, 3);
    let mut one = Campaign::new(Place::with_state(dir, at.join("state")));
    one.place.configure("[policy]\nhold = \"500ms\"\n");
    one.place.write_plan(&plans::file(&[plans::entry("s0", &[], &one.place.ledger_path(), "", "")]));
    let running = one.go_on();
    assert!(running.wait_for(&["step_held"]));
    let filler = disk.fill();
    let (from, before) = (Instant::now(), worked(running.pid()));
    until("the hold to be over for long", || (from.elapsed() > Duration::from_secs(3)).then_some(()));
    let spent = worked(running.pid()) - before;
    assert!(spent < 50, "{spent} ticks of work in three seconds of waiting");
    assert!(one.place.ledger().counts.is_empty());
    filler.free();
    let ended = running.end();
    assert_eq!(ended.code(), Some(0), "{}", ended.text());
    one.heard(&ended);
    let verdict = one.finish();
    assert_exactly_once(&one.place, &verdict);
    println!("a timer on a full disk: {spent} ticks of work in 3 s");
}
