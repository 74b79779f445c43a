//! Forty secrets, given in every way there is and shown by steps that misbehave: none may stand in any sink afterwards.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

use super::server::{Server, ok, reply};
use crate::e2e::home::{Home, Said};

/// What a step does with the secret that it was given as `$S`. Each ends in another way.
const MISDEEDS: [&str; 10] = [
    "echo \"$S\"",
    "echo \"$S\" >&2; exit 3",
    "printf %s \"$S\" | base64 -w0",
    "printf %s \"$S\" | od -An -v -tx1 | tr -d ' \\n'; exit 1",
    "i=1; while [ $i -le ${#S} ]; do printf %s \"$S\" | cut -c$i | tr -d '\\n'; i=$((i+1)); done",
    "echo \"$S$S$S\"; kill -9 $$",
    "printf '{\"token\": \"%s\"}' \"$S\"",
    "echo \"$S\"; sleep 60",
    "env; env >&2; exit 5",
    "yes \"$S\" | head -c 300000; exit 2",
];

struct Canaries {
    values: Vec<String>,
    config: String,
    env: Vec<(String, String)>,
    steps: Vec<Value>,
    /// Kept until the end: they answer.
    servers: Vec<Server>,
}

impl Canaries {
    fn new() -> Self {
        Self { values: Vec::new(), config: String::new(), env: Vec::new(), steps: Vec::new(), servers: Vec::new() }
    }

    fn next(&mut self) -> (usize, String) {
        let at = self.values.len();
        // One in four looks like what real ones look like.
        let value = format!("cnry{at:02}{}{:08x}", ["", "/+=&", " %41 ", "\u{fc}-"][at % 4], (at + 1) * 0x9e37_79b1 % 0xffff_fff1);
        self.values.push(value.clone());
        (at, value)
    }

    fn step(&mut self, operation: &str, params: &Value) {
        let at = self.values.len() - 1;
        let timeout = if MISDEEDS[at % 10].ends_with("60") { "400ms" } else { "20s" };
        let step = json!({"id": format!("s{at}"), "operation": operation, "params": params, "timeout": timeout, "retry": {"limit": 0}});
        self.steps.push(step);
    }

    /// Jobs that get theirs by environment, file and program.
    fn jobs(&mut self, home: &Home) {
        for number in 0..18 {
            let (at, value) = self.next();
            let file = home.write(&format!("keys/{at}"), &value);
            let handle = match number {
                0..=9 => {
                    self.env.push((format!("CANARY_{at}"), value));
                    format!("env:CANARY_{at}")
                }
                10..=14 => format!("file:{}", file.display()),
                _ => format!("cmd:/bin/cat {}", file.display()),
            };
            let script = MISDEEDS[number % MISDEEDS.len()];
            let _ = write!(
                self.config,
                "[automation.jobs.j{at}]\nargv = [\"/bin/sh\", \"-c\", {}]\nsecrets = {{ S = {} }}\n",
                json!(script),
                json!(handle)
            );
            self.step("automation.run_job", &json!({"job": format!("j{at}")}));
        }
    }

    /// Requests that carry theirs in a header or in the address, to servers that say it again.
    fn requests(&mut self) {
        for number in 0..9 {
            let (at, value) = self.next();
            let answer = match number {
                0 | 4 | 6 => ok(&format!("you said {value}")),
                1 => reply("500 Broken", "", &format!("bad token {value}")),
                2 => reply("401 No", "", &format!("{{\"token\": \"{value}\"}}")),
                3 => reply("302 Found", "location: http://elsewhere.example/\r\n", &value),
                _ => reply("429 Later", "retry-after: 1\r\n", &value),
            };
            let server = Server::new(&[&answer]);
            let safe: String = value.chars().filter(char::is_ascii_alphanumeric).collect();
            let (key, held) = match number {
                0..=2 => ("bearer", safe),
                3..=5 => ("header", safe),
                6 => ("url", server.url(&format!("/{safe}"))),
                7 => ("url", format!("http://127.0.0.1:9/{safe}")),
                _ => ("url", format!("no address {safe}")),
            };
            // What is looked for is what is secret: the whole of it and its heart.
            held.rsplit(['/', ' ']).next().expect("a part").clone_into(&mut self.values[at]);
            self.env.push((format!("CANARY_{at}"), held));
            let handle = format!("env:CANARY_{at}");
            let place = match key {
                "bearer" => format!("webhook = \"{}\"\nbearer = \"{handle}\"", server.url("/x")),
                "header" => format!("webhook = \"{}\"\nsecrets = {{ X-Token = \"{handle}\" }}", server.url("/x")),
                _ => format!("webhook_secret = \"{handle}\""),
            };
            let _ = write!(self.config, "[notify.channels.\"#c{at}\"]\n{place}\n");
            self.step("notify.send", &json!({"channel": format!("#c{at}"), "message": "m"}));
            self.servers.push(server);
        }
    }

    /// In the engine's own environment, named by nobody: steps must not inherit them.
    fn strays(&mut self) {
        for _ in 0..2 {
            let (at, value) = self.next();
            self.env.push((format!("STRAY_{at}"), value));
            let _ = write!(self.config, "[automation.jobs.j{at}]\nargv = [\"/bin/sh\", \"-c\", \"env; env >&2; exit 1\"]\n");
            self.step("automation.run_job", &json!({"job": format!("j{at}")}));
        }
    }

    /// Configured for others, and read by steps that were not given them.
    fn found_by_steps(&mut self, home: &Home) {
        for misdeed in ["cat", "base64 -w0"] {
            let (at, value) = self.next();
            let file = home.write(&format!("keys/{at}"), &value).display().to_string();
            self.config.insert_str(0, &format!("t{at} = \"file:{file}\"\n"));
            self.step("host.run_command", &json!({"host": "localhost", "command": format!("{misdeed} {file}; exit 1")}));
        }
    }

    /// In what an operator types: the value itself where its handle belongs.
    fn typed(&mut self) -> Vec<String> {
        (0..6)
            .map(|_| {
                let (at, value) = self.next();
                self.env.push((format!("CANARY_{at}"), value.clone()));
                self.config.insert_str(0, &format!("t{at} = \"env:CANARY_{at}\"\n"));
                value
            })
            .collect()
    }
}

fn run(home: &Home, env: &[(String, String)], args: &[&str]) -> Said {
    let mut command = home.command(args);
    command.envs(env.iter().cloned()).env("OUIOE_LOG", "trace");
    Said::of(command.output().expect("it starts"))
}

/// Where and in which form it stands.
fn found(place: &str, bytes: &[u8], values: &[String]) -> Vec<String> {
    let holds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    let hex = |value: &str| value.bytes().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
    let mut hits = Vec::new();
    for value in values {
        for (form, text) in [("plain", value.clone()), ("hex", hex(value)), ("base64", base64(value.as_bytes()))] {
            if holds(text.as_bytes()) {
                hits.push(format!("{place}: {value} ({form})"));
            }
        }
    }
    hits
}

/// RFC 4648, without the last group: what follows the secret may change it.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let word = three.iter().fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(LETTERS[word >> shift & 63]))
    };
    bytes.chunks_exact(3).flat_map(group).collect()
}

fn files(folder: &Path, all: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        match entry.file_type().expect("a kind") {
            kind if kind.is_dir() => files(&path, all),
            kind if kind.is_file() => all.push(path),
            _ => {}
        }
    }
}

#[test]
fn no_sink_shows_a_secret() {
    let home = Home::new();
    let mut canaries = Canaries::new();
    canaries.jobs(&home);
    canaries.requests();
    canaries.strays();
    canaries.found_by_steps(&home);
    let typed = canaries.typed();
    canaries.config.insert_str(0, "[secrets]\n");
    home.write("config/ouioe/config.toml", &canaries.config);
    let mut said: Vec<(String, Said)> = Vec::new();
    let mut tell = |args: &[&str]| {
        let it = run(&home, &canaries.env, args);
        let code = it.code;
        said.push((args.join(" "), it));
        code
    };

    // Failure paths and all: most of these steps fail.
    let plan = home.plan(&canaries.steps);
    assert_eq!(tell(&["run", "--dry-run", "--plan", &plan]), 0);
    assert_eq!(tell(&["run", "--dry-run", "--json", "--plan", &plan]), 0);
    let mut whole = Value::Null;
    for json in [false, true] {
        let mut args = vec!["run", "--yes", "-vv", "--plan", &plan];
        args.extend(json.then_some("--json"));
        assert!([1, 7].contains(&tell(&args)), "most of its steps fail");
        whole = home.show("last");
        let states: Vec<&str> = whole["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect();
        assert!(states.contains(&"succeeded") && states.contains(&"failed"), "{states:?}");
        assert_eq!(states.len(), canaries.steps.len());
    }
    for (number, value) in typed.iter().enumerate() {
        let code = match number {
            0 => tell(&["plan", "run the command 'echo", value, "' on localhost"]),
            1 => tell(&["run", "--yes", &format!("run the command 'echo {value}' on localhost")]),
            2 => tell(&["run", "--yes", "--json", "--plan", &home.plan(&[crate::e2e::home::sh("a", &[], &format!("echo {value}"))])]),
            3 => {
                let step = json!({"id": "a", "operation": "host.service_status", "params": {"host": "localhost", "service": value}});
                tell(&["run", "--yes", "--plan", &home.plan(&[step])])
            }
            4 => tell(&["run", "--yes", "--template", "disk-cleanup", "--set", &format!("path={value}")]),
            _ => tell(&["show", value]),
        };
        assert!([2, 4].contains(&code), "{number} ends with {code}");
    }
    for args in [["events", "--json"], ["show", "last"], ["runs", "--json"], ["asset", "list"], ["check", "--json"]] {
        tell(&args);
    }
    tell(&["show", "last", "--json"]);
    for step in whole["steps"].as_array().unwrap() {
        tell(&["log", "last", step["id"].as_str().unwrap()]);
    }
    // Written into the file itself, where a handle belongs.
    let (mistakes, config): (Vec<String>, Vec<String>) = (37..40)
        .map(|at| {
            let value = format!("cnry{at}mistake{:08x}", at * 0x0123_4567);
            let text = [
                format!("[secrets]\ndb = \"{value}\"\n"),
                format!("[notify.channels.x]\nwebhook = \"http://a.example/\"\nbearer = \"{value}\"\n"),
                format!("[automation.jobs.x]\nargv = [\"ls\"]\nsecrets = {{ S = \"{value}\" }}\n"),
            ];
            (value, text[at - 37].clone())
        })
        .unzip();
    for text in &config {
        let path = home.write("wrong.toml", text).display().to_string();
        assert_eq!(tell(&["check", "--config", &path]), 2);
        assert_eq!(tell(&["run", "--config", &path, "--yes", "check disk usage on localhost"]), 2);
    }
    canaries.values.extend(mistakes);
    assert_eq!(canaries.values.len(), 40);

    let mut hits = Vec::new();
    for (what, it) in &said {
        let place = |stream: &str| format!("{stream} of {}", what.chars().take(60).collect::<String>());
        hits.extend(found(&place("stdout"), it.out.as_bytes(), &canaries.values));
        hits.extend(found(&place("stderr"), it.err.as_bytes(), &canaries.values));
    }
    let mut all = Vec::new();
    files(&home.state(), &mut all);
    for sink in ["journal.sqlite3", "/out", "exit.json", "request.json", "/logs/"] {
        assert!(all.iter().any(|path| path.to_string_lossy().contains(sink)), "{sink} was looked at");
    }
    for path in &all {
        hits.extend(found(&path.display().to_string(), &std::fs::read(path).expect("a file"), &canaries.values));
    }
    assert!(hits.is_empty(), "{} hits:\n{}", hits.len(), hits.join("\n"));
    // The test itself can see: the secrets did reach the steps.
    let marks = all
        .iter()
        .filter(|path| path.ends_with("out"))
        .filter(|path| std::fs::read(path).is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains("[redacted]")));
    assert!(marks.count() >= 20, "redacted outputs");
}
