//! A web server of one page that keeps what it was asked.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

use serde_json::Value;

use crate::http::{Asked, read};
use crate::rig::PATIENCE;

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

pub struct Server {
    pub port: u16,
    asked: Receiver<Asked>,
}

impl Server {
    /// `answers` in turn, the last one for ever; an empty one: the connection is closed without a word.
    pub fn new(answers: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
        let (sender, asked) = channel();
        std::thread::spawn(move || {
            for (turn, stream) in listener.incoming().flatten().enumerate() {
                serve(stream, &answers[turn.min(answers.len() - 1)], &sender);
            }
        });
        Self { port, asked }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn asked(&self) -> Asked {
        self.asked.recv_timeout(PATIENCE).expect("a request")
    }

    pub fn was_asked_no_more(&self) -> bool {
        self.asked.try_recv().is_err()
    }
}

pub fn ok(body: &str) -> String {
    reply("200 OK", "", body)
}

pub fn reply(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn serve(mut stream: TcpStream, answer: &str, asked: &Sender<Asked>) {
    // The test may have seen enough.
    let _ = asked.send(read(&stream));
    let _ = stream.write_all(answer.as_bytes());
}
