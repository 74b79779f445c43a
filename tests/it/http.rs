//! One HTTP request, as the servers of tests read it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpStream;

#[derive(Debug)]
pub struct Asked<Body = String> {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

impl<Body> Asked<Body> {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn with<Other>(self, understood: impl FnOnce(Body) -> Other) -> Asked<Other> {
        Asked { line: self.line, headers: self.headers, body: understood(self.body) }
    }
}

/// A client that left early asked for as much as came.
pub fn read(stream: &TcpStream) -> Asked {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut text = String::new();
        reader.read_line(&mut text).map(|_| text.trim_end().to_owned()).unwrap_or_default()
    };
    let first = line();
    let headers: Vec<(String, String)> = std::iter::from_fn(|| Some(line()).filter(|text| !text.is_empty()))
        .filter_map(|text| text.split_once(": ").map(|(key, value)| (key.to_owned(), value.to_owned())))
        .collect();
    let mut asked = Asked { line: first, headers, body: String::new() };
    let length: u64 = asked.header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let _ = reader.take(length).read_to_string(&mut asked.body);
    asked
}
