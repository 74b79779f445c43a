//! Everyday intents, typed into the console one after the other as an operator would: the plan, what it asks, and the result.
//!
//! At both sizes; with nothing but the screen to go by. What runs, runs on this machine.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::home::Home;
use super::tty::{How, Tty};

enum Then {
    /// One Enter; then this stands on the screen.
    Runs(&'static str),
    /// The dialog, `a`, the word that it asks for (empty: none); then this.
    Approves(&'static str, &'static str),
    /// Nothing runs; this is what it says.
    Says(&'static str),
}

/// Intent, what of the plan is shown, what follows. PORT and DIR are this test's own.
const INTENTS: &[(&str, &str, Then)] = &[
    ("complete system health check", "host.disk_usage", Then::Runs("7/7")),
    ("disk full?", "host.disk_usage", Then::Runs("3/3")),
    ("why is the box slow", "host.top_proc", Then::Runs("7/7")),
    ("check memory and load on this machine", "host.cpu_mem", Then::Runs("1/1")),
    ("whats eating the cpu", "host.top_proc", Then::Runs("1/1")),
    ("is port PORT open on localhost", "network.port_check", Then::Runs("1/1")),
    ("ping localhost", "network.ping", Then::Runs("1/1")),
    ("kernel version of this machine", "host.facts", Then::Runs("1/1")),
    ("how long has this machine been up", "host.facts", Then::Runs("1/1")),
    ("network traffic of this machine", "network.bandwidth", Then::Runs("1/1")),
    ("list hosts", "asset.list", Then::Runs("localhost")),
    ("check http://localhost:PORT/", "http.check", Then::Runs("1/1")),
    ("get http://localhost:PORT/ then check disk usage", "http.get", Then::Runs("2/2")),
    ("wait 1s then check memory on localhost", "automation.wait", Then::Runs("2/2")),
    ("check for updates", "host.check_updates", Then::Runs("1/1")),
    ("run the command uptime on localhost", "needs approval", Then::Approves("localhost", "SUCCEEDED")),
    ("delete files older than 1 day in DIR on localhost", "host.clean_f", Then::Approves("localhost", "SUCCEEDED")),
    ("delete files older than 1 day in DIR", "host", Then::Says("which")),
    ("check dns", "name", Then::Says("which")),
    ("make me a sandwich", "no ", Then::Says("no known operation")),
    ("restart nginx on web-3 and verify", "host.restart_s", Then::Says("needs approval")),
];

/// Answers every request with one line.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nok\n");
        }
    });
    port
}

fn play(size: (u16, u16)) {
    let home = Home::new();
    let dir = home.path("scratch");
    std::fs::create_dir(&dir).expect("a folder");
    let old = std::time::SystemTime::now() - std::time::Duration::from_hours(72);
    std::fs::File::create(dir.join("old-one")).and_then(|file| file.set_modified(old)).expect("an old file");
    let (port, dir) = (server().to_string(), dir.display().to_string());
    let tty = Tty::start_as(&home, &[], &How { size, ..How::default() });
    tty.shows("what is to be done?");
    for (at, (intent, plan, then)) in INTENTS.iter().enumerate() {
        let intent = intent.replace("PORT", &port).replace("DIR", &dir);
        if at > 0 {
            // `i` writes the next one, whatever the last one left on the screen.
            tty.press_until("i", &["what is to be done?"]);
        }
        tty.press(&format!("\x15{intent}\r"));
        tty.wait(plan, |seen| seen.text().contains(plan));
        match then {
            Then::Runs(result) => {
                tty.press_until("\r", &["submitted", "DONE", "SUCCEEDED", "FAILED", "RUNNING"]);
                tty.wait(result, |seen| seen.text().contains(result));
            }
            Then::Approves(word, result) => {
                tty.press_until("a", &["acts on"]);
                tty.press_until("a", &["to approve"]);
                tty.press(&format!("{word}\r"));
                tty.wait(result, |seen| seen.text().contains(result));
            }
            Then::Says(what) => tty.shows(what),
        }
    }
    let runs = INTENTS.iter().filter(|(_, _, then)| !matches!(then, Then::Says(_))).count();
    drop(tty);
    let listed = home.run(&["runs", "--json"]).exits(0).values();
    assert_eq!(listed.len(), runs, "one run for each that was meant to run");
    println!("{} intents at {size:?}, {runs} runs", INTENTS.len());
}

#[test]
fn at_80x24() {
    play((80, 24));
}

#[test]
fn at_120x40() {
    play((120, 40));
}
