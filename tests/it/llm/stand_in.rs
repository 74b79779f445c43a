//! A stand-in for a model's server: a real program on a socket that speaks both protocols and plays a script.
//!
//! It thinks nothing. It holds requests to what the real servers demand, answers in the script's order (the last reply for
//! ever), and tells what it was asked and when a client left. Also runs by itself: `cargo run --example llm_stand_in`.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::http;

const PATIENCE: Duration = Duration::from_secs(30);

/// What becomes of one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A whole answer, streamed in small pieces that split characters.
    Says(String),
    Status {
        code: u16,
        headers: &'static str,
        body: String,
    },
    /// Some of an answer, then the connection is closed.
    Cut(String),
    /// Some of an answer, then silence.
    Stalls(String),
    /// Nothing at all is answered.
    Silent,
    /// Bytes that are no UTF-8 in the middle of an answer.
    NotText,
    /// More than anybody reads.
    Floods,
    /// As the protocol says that the model declines.
    Refuses(String),
    /// The limit of tokens was reached.
    Unfinished(String),
    /// An error in the middle of a stream.
    Fails(String),
    /// What is no protocol.
    Babbles,
    /// Says these words, with the key that it was sent in them.
    TellsKey(String),
    /// As `Says`, without counts of tokens.
    Uncounted(String),
}

pub type Asked = http::Asked<Value>;

impl Asked {
    /// All texts that the model is told.
    pub fn told(&self) -> String {
        let messages = self.body["messages"].as_array().cloned().unwrap_or_default();
        messages.iter().filter_map(|message| message["content"].as_str()).collect::<Vec<_>>().join("\n")
    }
}

pub struct StandIn {
    pub port: u16,
    asked: Receiver<Asked>,
    left: Receiver<Instant>,
}

impl StandIn {
    pub fn new(script: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let ((asking, asked), (leaving, left)) = (channel(), channel());
        std::thread::spawn(move || serve(&listener, &script, &asking, &leaving));
        Self { port, asked, left }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn asked(&self) -> Asked {
        self.asked.recv_timeout(PATIENCE).expect("a request")
    }

    /// Of requests that were not looked at yet.
    pub fn count(&self) -> usize {
        self.asked.try_iter().count()
    }

    /// When the client of a stalled answer hung up.
    pub fn left(&self) -> Instant {
        self.left.recv_timeout(PATIENCE).expect("it hangs up")
    }
}

pub fn serve(listener: &TcpListener, script: &[Reply], asking: &Sender<Asked>, leaving: &Sender<Instant>) {
    let mut turn = 0;
    for stream in listener.incoming().flatten() {
        let Some(asked) = read(&stream) else { continue };
        let is_look = asked.line.starts_with("GET ");
        let reply = script[turn.min(script.len() - 1)].clone();
        turn += usize::from(!is_look);
        let leaving = leaving.clone();
        let answer = if is_look { list(&asked) } else { wrong(&asked).map_or_else(|| play(&asked, &reply), |why| bad_request(&why)) };
        let _ = asking.send(asked);
        // Each client has a thread, so that one who is kept waiting keeps nobody waiting.
        std::thread::spawn(move || give(stream, &answer, &leaving));
    }
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let asked = http::read(stream).with(|body| serde_json::from_str(&body).unwrap_or(Value::Null));
    (!asked.line.is_empty()).then_some(asked)
}

fn is_ollama(asked: &Asked) -> bool {
    asked.line.starts_with("POST /api/chat ") || asked.line.starts_with("GET /api/tags ")
}

/// What the real servers would refuse.
fn wrong(asked: &Asked) -> Option<String> {
    let body = &asked.body;
    let schema = if is_ollama(asked) {
        &body["format"]
    } else if asked.line.starts_with("POST /v1/chat/completions ") {
        let wanted = &body["response_format"];
        if wanted["type"] != "json_schema" || wanted["json_schema"]["strict"] != true || !wanted["json_schema"]["name"].is_string() {
            return Some("response_format is wrong".to_owned());
        }
        &wanted["json_schema"]["schema"]
    } else {
        return Some(format!("no such path: {}", asked.line));
    };
    let roles: Vec<&str> = body["messages"].as_array()?.iter().filter_map(|message| message["role"].as_str()).collect();
    if !roles.starts_with(&["system", "user"]) || !body["model"].is_string() || body["stream"] != true {
        return Some("model, messages or stream are wrong".to_owned());
    }
    strict(schema).err()
}

/// The rules of strict decoding: closed objects, every field required, enums not empty, nothing that few servers know.
fn strict(schema: &Value) -> Result<(), String> {
    for odd in ["oneOf", "anyOf", "allOf", "$ref", "maxLength"] {
        if schema.get(odd).is_some() {
            return Err(format!("the schema has {odd}"));
        }
    }
    match schema["type"].as_str() {
        Some("object") => {
            let fields = schema["properties"].as_object().ok_or("an object without properties")?;
            let required = schema["required"].as_array().ok_or("an object without required")?;
            if schema["additionalProperties"] != false || required.len() != fields.len() {
                return Err("an object that is not closed".to_owned());
            }
            fields.values().try_for_each(strict)
        }
        Some("array") => strict(&schema["items"]),
        Some("string") if schema.get("enum").is_some_and(|all| all.as_array().is_none_or(Vec::is_empty)) => Err("an empty enum".to_owned()),
        Some("string") => Ok(()),
        other => Err(format!("the type {other:?}")),
    }
}

/// Bytes, and whether the client is then kept waiting.
struct Answer {
    bytes: Vec<u8>,
    then_waits: bool,
}

fn http(status: &str, headers: &str, body: &str) -> Answer {
    let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
    Answer { bytes: text.into_bytes(), then_waits: false }
}

fn bad_request(why: &str) -> Answer {
    http("400 Bad Request", "", &json!({"error": {"message": why}}).to_string())
}

fn list(asked: &Asked) -> Answer {
    let body = if is_ollama(asked) {
        json!({"models": [{"name": "stand-in:latest", "model": "stand-in:latest"}, {"name": "other:7b"}]})
    } else {
        json!({"object": "list", "data": [{"id": "stand-in", "object": "model"}]})
    };
    http("200 OK", "content-type: application/json\r\n", &body.to_string())
}

fn play(asked: &Asked, reply: &Reply) -> Answer {
    let stream = Stream { ollama: is_ollama(asked) };
    let whole = |bytes: Vec<u8>| Answer { bytes, then_waits: false };
    match reply {
        Reply::Says(text) => whole([stream.head(), stream.pieces(text), stream.end("stop", true)].concat()),
        Reply::Uncounted(text) => whole([stream.head(), stream.pieces(text), stream.end("stop", false)].concat()),
        Reply::TellsKey(text) => {
            let key = asked.header("authorization").unwrap_or("no key").trim_start_matches("Bearer ");
            whole([stream.head(), stream.pieces(&text.replace("KEY", key)), stream.end("stop", true)].concat())
        }
        Reply::Unfinished(text) => whole([stream.head(), stream.pieces(text), stream.end("length", true)].concat()),
        Reply::Cut(text) => whole([stream.head(), stream.pieces(text)].concat()),
        Reply::Stalls(text) => Answer { bytes: [stream.head(), stream.pieces(text)].concat(), then_waits: true },
        Reply::Silent => Answer { bytes: Vec::new(), then_waits: true },
        Reply::NotText => {
            whole([stream.head(), stream.pieces("{\"a\""), b"data: {\"\xff\xfe\"}\n\n".to_vec(), stream.end("stop", true)].concat())
        }
        Reply::Floods => whole([stream.head(), stream.pieces(&"x".repeat(300 << 10)), stream.end("stop", true)].concat()),
        Reply::Refuses(text) => whole([stream.head(), stream.refusal(text), stream.end("stop", true)].concat()),
        Reply::Fails(text) => whole([stream.head(), stream.pieces("{\"out"), stream.line(&json!({"error": text}))].concat()),
        Reply::Babbles => whole([stream.head(), b"data: <html>busy</html>\n\n".to_vec()].concat()),
        Reply::Status { code, headers, body } => {
            let key = asked.header("authorization").unwrap_or("no key").trim_start_matches("Bearer ");
            http(&format!("{code} Because"), headers, &body.replace("KEY", key))
        }
    }
}

struct Stream {
    ollama: bool,
}

impl Stream {
    fn head(&self) -> Vec<u8> {
        let kind = if self.ollama { "application/x-ndjson" } else { "text/event-stream" };
        // The body ends with the connection, as a cut one does: only the protocol tells them apart.
        format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n").into_bytes()
    }

    fn line(&self, value: &Value) -> Vec<u8> {
        if self.ollama { format!("{value}\n") } else { format!("data: {value}\n\n") }.into_bytes()
    }

    fn piece(&self, text: &str) -> Value {
        if self.ollama {
            json!({"model": "stand-in", "message": {"role": "assistant", "content": text}, "done": false})
        } else {
            json!({"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": null}]})
        }
    }

    fn pieces(&self, text: &str) -> Vec<u8> {
        let letters: Vec<char> = text.chars().collect();
        letters.chunks(7).flat_map(|some| self.line(&self.piece(&some.iter().collect::<String>()))).collect()
    }

    /// Ollama has no field for it: there it is said in words.
    fn refusal(&self, text: &str) -> Vec<u8> {
        let delta = json!({"choices": [{"index": 0, "delta": {"refusal": text}, "finish_reason": null}]});
        if self.ollama { self.pieces(text) } else { self.line(&delta) }
    }

    fn end(&self, why: &str, counts: bool) -> Vec<u8> {
        if self.ollama {
            let mut last = json!({"model": "stand-in", "message": {"role": "assistant", "content": ""}, "done": true, "done_reason": why});
            if counts {
                (last["prompt_eval_count"], last["eval_count"]) = (json!(800), json!(90));
            }
            return self.line(&last);
        }
        let mut bytes = self.line(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": why}]}));
        if counts {
            bytes.extend(self.line(&json!({"choices": [], "usage": {"prompt_tokens": 800, "completion_tokens": 90}})));
        }
        bytes.extend(b": bye\n\ndata: [DONE]\n\n");
        bytes
    }
}

/// In pieces of odd sizes, so that no reader may count on lines or characters coming whole.
fn give(mut stream: TcpStream, answer: &Answer, leaving: &Sender<Instant>) {
    let _ = stream.set_nodelay(true);
    let size = if answer.bytes.len() > 32 << 10 { 16 << 10 } else { 61 };
    for piece in answer.bytes.chunks(size) {
        if stream.write_all(piece).is_err() {
            break;
        }
    }
    if answer.then_waits {
        let _ = stream.read(&mut [0; 64]);
        let _ = leaving.send(Instant::now());
    }
}
