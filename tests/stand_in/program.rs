//! The stand-in for a model's server as a program of its own: `cargo run --example llm_stand_in -- PORT [ANSWER-FILE…]`.
//!
//! Answers each request with the next file's text, the last one for ever; without files it refuses with 500. It thinks nothing.

#[path = "../it/http.rs"]
mod http;
#[path = "../it/llm/stand_in.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod stand_in;

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::mpsc::channel;

use stand_in::{Reply, serve};

fn main() -> std::io::Result<()> {
    let mut args = std::env::args().skip(1);
    let port: u16 = args.next().and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut script: Vec<Reply> = args.map(std::fs::read_to_string).collect::<Result<Vec<_>, _>>()?.into_iter().map(Reply::Says).collect();
    if script.is_empty() {
        script.push(Reply::Status { code: 500, headers: "", body: "no answer file was named".to_owned() });
    }
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    let ((asking, asked), (leaving, _left)) = (channel(), channel());
    std::thread::spawn(move || asked.into_iter().for_each(|one: stand_in::Asked| drop(writeln!(std::io::stderr(), "{}", one.line))));
    serve(&listener, &script, &asking, &leaving);
    Ok(())
}
