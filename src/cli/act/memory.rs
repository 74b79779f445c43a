//! The finished runs that planning learns from, newest last, one line each.

use serde_json::{Value, json};

use crate::cli::exit::Exit;
use crate::cli::lines;
use crate::cli::out::Out;
use crate::cli::session::Place;
use crate::engine::past::{Lesson, Past};
use crate::text;

/// Of an intent, in cells.
const INTENT: usize = 40;

pub fn memory(place: &Place, out: &Out) -> Exit {
    let lessons = Past::at(&place.state_dir).lessons();
    if lessons.is_empty() {
        out.note("nothing is remembered: no run is finished, or all are forgotten");
    }
    for lesson in &lessons {
        if out.json { out.result(&lines::json(&as_json(lesson))) } else { out.result(&line(lesson)) }
    }
    Exit::Done
}

fn line(lesson: &Lesson) -> String {
    let at = lines::moment(lesson.ended);
    let at = at.get(..16).unwrap_or(&at);
    let teaches = if lesson.remembers_plan { "plan" } else { "times" };
    let words = text::clip(&text::safe(&lesson.words), INTENT);
    format!("{}  {at}Z  {teaches:5}  {:19}  {words}", lesson.run, lesson.state.word().replace('_', " "))
}

fn as_json(lesson: &Lesson) -> Value {
    let steps: Vec<Value> =
        lesson.attempts.iter().map(|(operation, took)| json!({"operation": operation, "ok": took.is_some(), "ms": took})).collect();
    json!({
        "run": lesson.run, "intent": lesson.words, "state": lesson.state.word(), "finished": lesson.ended,
        "remembers_plan": lesson.remembers_plan, "steps": steps,
    })
}
