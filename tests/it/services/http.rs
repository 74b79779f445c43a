//! Requests with an effect: what arrives, under which key, and what is known when no good answer comes.

use ouioe::model::action::Action;
use ouioe::model::catalogue::Catalogue;
use ouioe::model::command::AttemptOutcome;
use ouioe::model::effect::Start;
use ouioe::model::failure::{Certainty, FailureClass};
use ouioe::model::time::Millis;
use ouioe::service::manifest;
use serde_json::{Value, json};

use super::server::{Server, ok, reply};
use crate::rig::{Rig, failure_of, start};
use crate::service::{bound_in, result, step};

fn post(url: &str, body: &Value) -> Start {
    step("http.post", &json!({ "url": url, "body": body }))
}

#[test]
fn a_post_arrives_once_under_its_key() {
    let (rig, server) = (Rig::new(), Server::new(&[&ok("{\"id\": 7}")]));
    let sent = post(&server.url("/api/sync?x=1"), &json!("{\"a\": [1, \"ü\"]}"));
    let done = result(rig.run(&sent));
    assert_eq!((&done["status"], &done["json"]["id"]), (&json!(200), &json!(7)));
    let asked = server.asked();
    assert_eq!(asked.line, "POST /api/sync?x=1 HTTP/1.1");
    assert_eq!(asked.json(), json!({"a": [1, "ü"]}));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.header("idempotency-key").map(str::to_owned), Some(sent.effect_key.to_string()));

    result(rig.run(&post(&server.url("/"), &json!("plain words"))));
    let asked = server.asked();
    assert_eq!((asked.body.as_str(), asked.header("content-type")), ("plain words", Some("text/plain; charset=utf-8")));
    result(rig.run(&post(&server.url("/"), &Value::Null)));
    assert_eq!(server.asked().body, "");
    assert!(server.was_asked_no_more());
}

#[test]
fn what_is_known_of_a_failure_decides() {
    let rig = Rig::new();
    for (answer, certainty, class, wait) in [
        (reply("503 Busy", "retry-after: 7\r\n", "come back"), Certainty::FailedKnown, FailureClass::Overload, Some(7_000)),
        (reply("429 Slow down", "retry-after: 2\r\n", ""), Certainty::NotStarted, FailureClass::Overload, Some(2_000)),
        (reply("401 No", "", "who are you"), Certainty::FailedKnown, FailureClass::Auth, None),
        (reply("422 No", "", "bad"), Certainty::FailedKnown, FailureClass::Permanent, None),
        (reply("504 Timeout", "", ""), Certainty::Unknown, FailureClass::Transient, None),
        (reply("302 Found", "location: http://169.254.169.254/\r\n", ""), Certainty::FailedKnown, FailureClass::Permanent, None),
        (String::new(), Certainty::Unknown, FailureClass::DependencyDown, None),
    ] {
        let server = Server::new(&[&answer]);
        let (failure, _) = failure_of(rig.run(&post(&server.url("/"), &json!("{}"))));
        let found = (failure.certainty, failure.class, failure.retry_after.map(|wait| wait.0));
        assert_eq!(found, (certainty, class, wait), "{answer}: {failure:?}");
        server.asked();
        assert!(server.was_asked_no_more(), "no redirect, no second try of its own");
    }
    let dead = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (failure, _) = failure_of(rig.run(&post(&format!("http://127.0.0.1:{dead}/"), &json!("{}"))));
    assert_eq!((failure.certainty, failure.class), (Certainty::NotStarted, FailureClass::DependencyDown), "nothing was sent");
    for url in ["http://169.254.169.254/latest/", "file:///etc/passwd", "http://[fe80::1]/"] {
        let (failure, _) = failure_of(rig.run(&post(url, &json!("{}"))));
        assert_eq!((failure.certainty, failure.class), (Certainty::NotStarted, FailureClass::Config), "{url}");
    }
}

#[test]
fn an_answer_that_never_comes_leaves_the_effect_unknown() {
    let rig = Rig::new();
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    let mut slow = post(&url, &json!("{}"));
    slow.timeout_ms = Millis(1_200);
    assert_eq!(failure_of(rig.run(&slow)).0.certainty, Certainty::Unknown);
    drop(silent.accept().unwrap());

    let stopped = post(&url, &json!("{}"));
    rig.services.start(stopped.clone());
    let (mut taken, _) = silent.accept().unwrap();
    std::io::Read::read_exact(&mut taken, &mut [0; 4]).unwrap();
    rig.services.stop(&stopped.at, ouioe::model::step_state::StopWhy::Cancel, Millis(100));
    let failure = failure_of(rig.finished()).0;
    assert_eq!((failure.certainty, failure.detail.as_str()), (Certainty::Unknown, "stopped by request"));
}

/// An operation of a user's own manifest.
fn own(binding: &str) -> Catalogue {
    let text = format!(
        "[[operation]]\nname = \"t.put\"\nsummary = \"s\"\neffect = \"mutate\"\nparams = [{{ name = \"name\", type = \"str\", required = true }}, \
         {{ name = \"count\", type = \"int\" }}]\nbinding = {binding}\n"
    );
    manifest::load::parse("t.toml", &text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn send(rig: &Rig, catalogue: &Catalogue, value: &Value) -> AttemptOutcome {
    let (action, problems) = bound_in(catalogue, "t.put", value);
    assert_eq!(problems, []);
    assert!(matches!(&action, Action::Builtin { name, owned: true, .. } if name == "http_send"), "{action:?}");
    rig.run(&start(action))
}

#[test]
fn a_manifest_binds_a_request_with_slots() {
    let (rig, server) = (Rig::new(), Server::new(&[&ok("")]));
    let binding = format!(
        "{{ kind = \"http\", method = \"PUT\", url = \"{}/{{name}}?q={{name}}\", headers = {{ X-Name = \"n={{count}}\", X-Fixed = \"1\" }}, \
         body = {{ name = \"{{name}}\", count = \"{{count}}\", words = [\"a {{name}}\"] }} }}",
        server.url("/items")
    );
    let catalogue = own(&binding);
    assert_eq!(result(send(&rig, &catalogue, &json!({"name": "a/../b c?d&e=ü", "count": 3})))["status"], 200);
    let asked = server.asked();
    assert_eq!(
        asked.line, "PUT /items/a%2F..%2Fb%20c%3Fd%26e%3D%C3%BC?q=a%2F..%2Fb%20c%3Fd%26e%3D%C3%BC HTTP/1.1",
        "no value leaves its place"
    );
    assert_eq!((asked.header("x-name"), asked.header("x-fixed")), (Some("n=3"), Some("1")));
    assert_eq!(asked.json(), json!({"name": "a/../b c?d&e=ü", "count": 3, "words": ["a a/../b c?d&e=ü"]}), "numbers stay numbers");

    for name in ["..", "."] {
        let (failure, _) = failure_of(send(&rig, &catalogue, &json!({ "name": name })));
        assert!(failure.certainty == Certainty::NotStarted && failure.detail.contains("climb"), "{failure:?}");
    }
    send(&rig, &catalogue, &json!({"name": "x"}));
    let asked = server.asked();
    assert_eq!((asked.header("x-name"), asked.json()), (None, json!({"name": "x", "words": ["a x"]})), "what has no value is left out");
    let breaking = own(&format!("{{ kind = \"http\", url = \"{}\", headers = {{ X-Name = \"{{name}}\" }} }}", server.url("/")));
    let (failure, _) = failure_of(send(&rig, &breaking, &json!({"name": "a\r\nX-Evil: 1"})));
    assert_eq!(failure.certainty, Certainty::NotStarted, "{failure:?}");
    assert!(server.was_asked_no_more());
}

#[test]
fn what_is_wrong_with_a_request_is_said_by_its_line() {
    for (binding, expected) in [
        ("{ kind = \"http\", url = \"http://a/{nme}\" }", "`{nme}` names no parameter (nearest: name)"),
        ("{ kind = \"http\", url = \"http://a/\", body = { a = [\"{x}\"] } }", "`{x}` names no parameter"),
        ("{ kind = \"http\", method = \"PSOT\", url = \"http://a/\" }", "`method` cannot be `PSOT` (nearest: POST)"),
        ("{ kind = \"http\" }", "one of `url` and `url_secret`"),
        ("{ kind = \"http\", url = \"http://a/\", bearer = \"hunter2\" }", "the secret of `bearer` (7 bytes) is no handle"),
        ("{ kind = \"http\", url = \"http://a/\", haeders = {} }", "unknown field `haeders` of an http binding (nearest: headers)"),
    ] {
        let text = format!(
            "[[operation]]\nname = \"t.put\"\nsummary = \"s\"\neffect = \"mutate\"\nparams = [{{ name = \"name\", type = \"str\" }}]\nbinding = {binding}\n"
        );
        let problems = manifest::load::parse("t.toml", &text).expect_err(expected);
        assert!(problems.iter().any(|problem| problem.line == 6 && problem.to_string().contains(expected)), "{problems:?}");
        assert!(!format!("{problems:?}").contains("hunter2"));
    }
}
