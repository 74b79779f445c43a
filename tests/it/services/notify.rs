//! Telling people: a web server, a program and a terminal that are really there.

use serde_json::{Value, json};

use super::server::{Server, ok, reply};
use crate::e2e::home::{Home, step, until};
use crate::e2e::tty::Tty;

fn tell(home: &Home, operation: &str, params: &Value) -> (i32, Value) {
    let file = home.write("tell.json", json!({"title": "t", "steps": [{"id": "a", "operation": operation, "params": params}]}).to_string());
    let said = home.run(&["run", "--yes", "--plan", &file.display().to_string()]);
    (said.code, if said.code < 2 { step(&home.show("last"), "a").clone() } else { json!(said.err) })
}

#[test]
fn webhooks_get_what_was_said() {
    let home = Home::new();
    let server = Server::new(&[&ok(""), &ok(""), &ok(""), &reply("503 Busy", "", "later")]);
    home.write(
        "config/ouioe/config.toml",
        format!(
            "[notify.channels.\"#ops\"]\nwebhook = \"{0}\"\n[notify.channels.storage]\nwebhook = \"{0}\"\nbody = {{ text = \"page {{team}}: {{message}}\" }}\n\
             [notify.channels.tickets]\nwebhook = \"{0}\"\nheaders = {{ X-From = \"ouioe\" }}\n",
            server.url("/hook")
        ),
    );
    let shown = home.run(&["plan", "tell #ops 'all good'"]).exits(0).out;
    assert!(shown.contains(&format!("runs request 'POST {}'", server.url("/hook"))), "where it goes is part of what is approved: {shown}");
    assert_eq!(tell(&home, "notify.send", &json!({"channel": "#ops", "message": "done \"now\" \n ü"})).0, 0);
    let asked = server.asked();
    assert_eq!((asked.line.as_str(), asked.json()), ("POST /hook HTTP/1.1", json!({"channel": "#ops", "message": "done \"now\" \n ü"})));
    assert!(asked.header("idempotency-key").is_some_and(|key| key.len() == 64));
    assert_eq!(tell(&home, "notify.page", &json!({"team": "storage", "message": "disk"})).0, 0);
    assert_eq!(server.asked().json(), json!({"text": "page storage: disk"}));
    assert_eq!(tell(&home, "notify.open_ticket", &json!({"title": "worn out", "severity": "low"})).0, 0);
    let asked = server.asked();
    assert_eq!((asked.header("x-from"), asked.json()), (Some("ouioe"), json!({"title": "worn out", "severity": "low"})));
    let (code, failed) = tell(&home, "notify.send", &json!({"channel": "#ops", "message": "x"}));
    assert_eq!((code, &failed["state"]), (1, &json!("failed")), "{failed}");

    let (code, said) = tell(&home, "notify.send", &json!({"channel": "#opps"}));
    assert_eq!(code, 4);
    assert!(said.as_str().unwrap().contains("there is no channel #opps (nearest: #ops): add [notify.channels.\"#opps\"]"), "{said}");
    let (code, said) = tell(&home, "notify.status_page", &json!({"component": "shop", "state": "fine"}));
    assert_eq!(code, 4);
    assert!(said.as_str().unwrap().contains("there is no channel status-page"), "{said}");
}

#[test]
fn a_program_gets_each_value_as_one_argument() {
    let home = Home::new();
    home.write("config/ouioe/config.toml", "[notify.channels.\"*\"]\ncommand = [\"printf\", \"%s|\", \"{channel}\", \"m={message}\"]\n");
    let (code, told) = tell(&home, "notify.send", &json!({"channel": "ops@example.net", "message": "a b; $(id) `id` \n'\""}));
    assert_eq!(code, 0, "{told}");
    assert_eq!(told["result"]["text"], "ops@example.net|m=a b; $(id) `id` \n'\"|");
}

#[test]
fn the_bell_rings_where_the_console_is() {
    let home = Home::new();
    // It rings on every terminal of its program: those of other tests are none.
    home.own_program();
    home.write("config/ouioe/config.toml", "[notify.channels.\"#me\"]\nbell = true\n");
    let bells = |tty: &Tty| tty.seen().bytes.split(|byte| *byte == 7).count();
    let tty = Tty::start(&home, &[]);
    tty.shows("ouioe");
    let before = bells(&tty);
    let (code, told) = tell(&home, "notify.send", &json!({"channel": "#me", "message": "x"}));
    assert_eq!(code, 0, "{told}");
    assert!(told["result"]["terminals"].as_u64().unwrap() >= 1, "{told}");
    until("the bell", || (bells(&tty) > before).then_some(()));
}
