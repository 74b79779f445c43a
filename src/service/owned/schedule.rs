//! A job for later, by the machine's own `at`: it goes on whatever becomes of this program, and runs exactly what was approved.
//!
//! What runs then is no step of ours: its end stands in no journal.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{ToSpan as _, Zoned};
use serde_json::{Value, json};

use super::call::{Call, Done, not_done};
use super::program::run;
use crate::model::failure::{Failure, FailureClass};
use crate::service::builtin::host::processes::is_running;
use crate::service::builtin::param::{broke, text};

pub fn schedule(call: &mut Call<'_>) -> Done {
    let (job, at) = (text(call.params, "job")?, text(call.params, "at")?);
    let when = moment(&at, &Zoned::now()).map_err(|why| not_done(format!("`at` {why}: {at}")))?;
    if !is_running("atd") {
        return Err(not_done("nothing would start it: no atd runs on this machine; install and start the package at"));
    }
    let file = call.dir.join("job.sh");
    let script = script(call)?;
    fs::write(&file, &script).map_err(|error| broke(FailureClass::Resource, format!("write {}: {error}", file.display())))?;
    let stamp = when.strftime("%Y%m%d%H%M").to_string();
    let said = run(call, "at", &["-t", &stamp, "-f", &file.to_string_lossy()], &BTreeMap::new())?;
    let entry = said.output.lines().find_map(|line| line.strip_prefix("job ")?.split(' ').next()?.parse::<u32>().ok());
    let Some(entry) = entry.filter(|_| said.is_good()) else {
        let class = if said.output.contains("permission") { FailureClass::Auth } else { FailureClass::Unknown };
        return Err(broke(class, format!("at: {}", said.last_line())));
    };
    let queue = run(call, "atq", &[], &BTreeMap::new())?;
    if !queue.output.lines().any(|line| line.split('\t').next() == Some(entry.to_string().as_str())) {
        return Err(broke(FailureClass::Unknown, format!("at took entry {entry} and does not list it")));
    }
    Ok(json!({ "job": job, "at": when.timestamp().to_string(), "entry": entry, "via": "at" }))
}

fn script(call: &Call<'_>) -> Result<String, Failure> {
    let words = call.params.get("argv").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let argv: Vec<String> = words.map(quoted).collect();
    let (Some(program), Some(sum)) = (argv.first(), call.params.get("sha256").and_then(Value::as_str)) else {
        return Err(not_done("no program was approved"));
    };
    let mut script = format!("umask 022\ncd /\n[ \"$(sha256sum <{program})\" = {} ] || exit 126\n", quoted(&format!("{sum}  -")));
    for (name, value) in call.params.get("env").and_then(Value::as_object).into_iter().flatten() {
        let _ = writeln!(script, "export {name}={}", quoted(value.as_str().unwrap_or_default()));
    }
    Ok(format!("{script}exec {}\n", argv.join(" ")))
}

fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The next moment that the words name, by the clock of this machine; `z` after a time stands for UTC.
fn moment(words: &str, now: &Zoned) -> Result<Zoned, &'static str> {
    let low = words.to_lowercase();
    let zone = if low.ends_with('z') { TimeZone::UTC } else { now.time_zone().clone() };
    let here = now.with_time_zone(zone.clone());
    let (mut day, mut clock) = (None, None);
    for word in low.split_whitespace().flat_map(|word| {
        word.split('t').filter(|_| word.starts_with(char::is_numeric)).chain((!word.starts_with(char::is_numeric)).then_some(word))
    }) {
        match word {
            "at" | "on" | "next" => {}
            "today" | "tonight" => day = Some(here.date()),
            "tomorrow" => day = here.date().tomorrow().ok(),
            "noon" => clock = Some(Time::constant(12, 0, 0, 0)),
            "midnight" => clock = Some(Time::midnight()),
            _ => match (weekday(word), word.parse::<jiff::civil::Date>().ok(), time(word)) {
                (Some(weekday), ..) => day = here.date().nth_weekday(1, weekday).ok(),
                (_, Some(date), _) => day = Some(date),
                (.., Some(time)) => clock = Some(time),
                (None, None, None) => return Err("is no time that is understood"),
            },
        }
    }
    let clock = clock.ok_or("names no time of the day")?;
    let on = |day: jiff::civil::Date| day.to_datetime(clock).to_zoned(zone.clone()).map_err(|_| "is no time that is understood");
    let when = match day {
        Some(day) => on(day)?,
        None => Some(on(here.date())?).filter(|when| *when > here).map_or_else(|| on(here.date() + 1.day()), Ok)?,
    };
    if when <= here { Err("has passed") } else { Ok(when.with_time_zone(now.time_zone().clone())) }
}

fn weekday(word: &str) -> Option<Weekday> {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let place = days.iter().position(|day| *day == word || (word.len() == 3 && day.starts_with(word)))?;
    Weekday::from_monday_zero_offset(i8::try_from(place).ok()?).ok()
}

/// `22:00`, `3am`, `02:00:00`, `22:00z`
fn time(word: &str) -> Option<Time> {
    let (digits, half) = match (word.strip_suffix("am"), word.strip_suffix("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        (None, None) => (word.trim_end_matches('z'), None),
    };
    let mut parts = digits.split(':').map(|part| part.parse::<i8>().ok());
    let (hour, minute) = (parts.next()??, parts.next().unwrap_or(Some(0))?);
    let hour = match half {
        Some(half) if (1..=12).contains(&hour) => hour % 12 + half,
        Some(_) => return None,
        None => hour,
    };
    Time::new(hour, minute, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_name_the_next_such_moment() {
        // A Friday.
        let now: Zoned = "2026-01-02T15:30:00+01:00[Europe/Berlin]".parse().unwrap();
        for (words, when) in [
            ("22:00", Ok("2026-01-02T22:00:00+01:00[Europe/Berlin]")),
            ("03:30", Ok("2026-01-03T03:30:00+01:00[Europe/Berlin]")),
            ("tomorrow at 3am", Ok("2026-01-03T03:00:00+01:00[Europe/Berlin]")),
            ("friday 22:00", Ok("2026-01-09T22:00:00+01:00[Europe/Berlin]")),
            ("on sun 12pm", Ok("2026-01-04T12:00:00+01:00[Europe/Berlin]")),
            ("tomorrow noon", Ok("2026-01-03T12:00:00+01:00[Europe/Berlin]")),
            ("2026-02-01T08:15", Ok("2026-02-01T08:15:00+01:00[Europe/Berlin]")),
            ("22:00z", Ok("2026-01-02T23:00:00+01:00[Europe/Berlin]")),
            ("today 12:00", Err("has passed")),
            ("2025-01-01 10:00", Err("has passed")),
            ("tomorrow", Err("names no time of the day")),
            ("soon", Err("is no time that is understood")),
            ("13pm", Err("is no time that is understood")),
        ] {
            let got = moment(words, &now).map(|when| when.to_string());
            assert_eq!(got, when.map(str::to_owned), "{words}");
        }
    }

    #[test]
    fn no_word_of_a_job_is_read_by_the_shell() {
        for word in ["", "a b", "it's", "$(id)", "\n", "-x", "`id`", "\\"] {
            let said = std::process::Command::new("/bin/sh").args(["-c", &format!("printf '%s|' {}", quoted(word))]).output().unwrap();
            assert_eq!(String::from_utf8(said.stdout).unwrap(), format!("{word}|"));
        }
    }
}
