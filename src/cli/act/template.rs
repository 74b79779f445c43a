//! Templates -> their list, one page, their faults; a name -> a new file to be changed.

use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use serde_json::{Value, json};

use super::Trouble;
use crate::cli::dispatch::Setup;
use crate::cli::exit::Exit;
use crate::cli::lines;
use crate::cli::template::TemplateCommand;
use crate::engine::planning;
use crate::model::catalogue::{Catalogue, Param};
use crate::model::plan::{Bound, Step, When};
use crate::model::problem::Problem;
use crate::planner::inputs::{Input, text_of};
use crate::planner::{Template, near, template};
use crate::service::manifest;
use crate::text;

const SKELETON: &str = include_str!("new_template.toml");

pub fn template(setup: &Setup, command: &TemplateCommand) -> Result<Exit, Trouble> {
    match command {
        TemplateCommand::List(_) => Ok(list(setup).unwrap_or_else(|exit| exit)),
        TemplateCommand::Show(args) => Ok(show(setup, &args.name).unwrap_or_else(|exit| exit)),
        TemplateCommand::Check(args) if args.files.is_empty() => Ok(check_all(setup)),
        TemplateCommand::Check(args) => Ok(check_files(setup, &args.files).unwrap_or_else(|exit| exit)),
        TemplateCommand::New(args) => create(setup, &args.name),
    }
}

fn list(setup: &Setup) -> Result<Exit, Exit> {
    let planning = setup.planning()?;
    let wide = planning.templates.iter().map(|one| text::width(&one.name)).max().unwrap_or(0);
    for one in &planning.templates {
        if setup.out.json {
            let value = json!({"name": one.name, "origin": origin(one), "file": one.file, "title": one.title, "summary": one.summary,
                "params": one.params.len(), "steps": one.steps().len()});
            setup.out.result(&lines::json(&value));
        } else {
            setup.out.result(&setup.out.cut(&format!("{:wide$}  {:8}  {}", text::safe(&one.name), origin(one), text::safe(&one.summary))));
        }
    }
    setup.out.note("`ouioe template show NAME` says what to type, `ouioe run --template NAME` runs it");
    Ok(Exit::Done)
}

/// Built-in ones have no folder.
fn origin(template: &Template) -> &'static str {
    if is_built_in(&template.file) { "built-in" } else { "yours" }
}

fn is_built_in(file: &str) -> bool {
    template::EMBEDDED.iter().any(|(name, _)| *name == file)
}

fn show(setup: &Setup, name: &str) -> Result<Exit, Exit> {
    let planning = setup.planning()?;
    let Some(found) = planning.templates.iter().find(|one| one.name == name) else {
        let help = near::hint(name, planning.templates.iter().map(|one| one.name.as_str()));
        let help = if help.is_empty() { "`ouioe template list` has them all".to_owned() } else { help };
        setup.out.error(&format!("there is no template `{}` ({help})", text::safe(name)));
        return Ok(Exit::Usage);
    };
    if setup.out.json {
        setup.out.result(&lines::json(&as_json(found, &planning.catalogue)));
    } else {
        setup.out.block(&as_text(found, &planning.catalogue));
    }
    Ok(Exit::Done)
}

fn as_json(template: &Template, catalogue: &Catalogue) -> Value {
    let params: Vec<Value> = template
        .params
        .iter()
        .map(|input| {
            let Param { name, kind, required, default, doc } = &input.param;
            json!({"name": name, "type": kind.to_string(), "required": required, "default": default, "bound": bound(input), "doc": doc})
        })
        .collect();
    let step = |(at, step): (usize, &Step)| {
        json!({"id": step.id, "operation": step.operation, "params": step.params, "effect": effect(step, catalogue), "needs": step.needs,
            "condition": step.condition, "only_with": template.only_with(at), "critical": step.critical, "kind": step.kind})
    };
    let steps: Vec<Value> = template.steps().iter().enumerate().map(step).collect();
    json!({"name": template.name, "origin": origin(template), "file": template.file, "title": template.title, "summary": template.summary,
        "phrases": template.phrases, "params": params, "steps": steps, "example": example(template)})
}

fn as_text(template: &Template, catalogue: &Catalogue) -> String {
    let place = if is_built_in(&template.file) { String::new() } else { format!("  {}", text::safe(&template.file)) };
    let mut page = format!("{}  {}{place}\n{}\n", text::safe(&template.name), origin(template), text::safe(&template.summary));
    page.push_str("\nAsked for in words\n");
    for phrase in &template.phrases {
        let _ = writeln!(page, "  {}", text::safe(phrase));
    }
    page.push_str(if template.params.is_empty() { "\nNo parameters\n" } else { "\nParameters\n" });
    for input in &template.params {
        page.push_str(&param_line(template, input));
    }
    page.push_str("\nSteps\n");
    for (at, step) in template.steps().iter().enumerate() {
        page.push_str(&step_line(template, at, step, catalogue));
    }
    let _ = writeln!(page, "\nExample\n  {}", text::safe(&example(template)));
    page
}

fn param_line(template: &Template, input: &Input) -> String {
    let wide = template.params.iter().map(|input| text::width(&input.param.name)).max().unwrap_or(0);
    let Param { name, kind, required, default, doc } = &input.param;
    let value = match (default, required) {
        (Some(default), _) => format!("[{}]", text_of(default)),
        (None, true) => "required".to_owned(),
        (None, false) => "optional".to_owned(),
    };
    let bound = bound(input).map(|bound| format!(", {bound}")).unwrap_or_default();
    format!("  {:wide$}  {:8}  {}\n", text::safe(name), kind.to_string(), text::safe(&format!("{value}{bound}  {doc}")))
}

fn bound(input: &Input) -> Option<String> {
    Some(match input.bound.as_ref()? {
        Bound::Range { min: i64::MIN, max } => format!("at most {max}"),
        Bound::Range { min, max: i64::MAX } => format!("at least {min}"),
        Bound::Range { min, max } => format!("{min} to {max}"),
        Bound::OneOf(values) => format!("one of {}", values.join(", ")),
    })
}

fn step_line(template: &Template, at: usize, step: &Step, catalogue: &Catalogue) -> String {
    let wide = template.steps().iter().map(|step| text::width(step.id.as_str())).max().unwrap_or(0);
    let mut line = format!("  {:wide$}  {:7}  {}", text::safe(step.id.as_str()), effect(step, catalogue), text::safe(&step.operation));
    let needs: Vec<String> = step
        .needs
        .iter()
        .map(|need| match need.when {
            When::Success => need.step.to_string(),
            When::Failure => format!("{} fails", need.step),
            When::Always => format!("{} ended", need.step),
        })
        .collect();
    if !needs.is_empty() {
        let _ = write!(line, ", after {}", text::safe(&needs.join(", ")));
    }
    if let Some(name) = template.only_with(at) {
        let _ = write!(line, ", only with {}", text::safe(name));
    }
    if !step.critical {
        line.push_str(", may fail");
    }
    if let Some(condition) = &step.condition {
        let _ = write!(line, "\n  {:wide$}  {:7}  if {}", "", "", text::safe(condition));
    }
    line.push('\n');
    line
}

fn effect(step: &Step, catalogue: &Catalogue) -> &'static str {
    catalogue.get(&step.operation).map_or("unknown", |operation| operation.effect.as_str())
}

/// A command line that the shell and we accept.
fn example(template: &Template) -> String {
    let given = template.example_inputs();
    let set = given.iter().fold(String::new(), |mut all, (name, value)| {
        let plain = value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte));
        let value = if plain { value.clone() } else { format!("'{value}'") };
        let _ = write!(all, " --set {name}={value}");
        all
    });
    format!("ouioe run --template {}{set}", template.name)
}

/// The built-in ones are read too: an operation that they need may be gone from the user's manifests.
fn check_all(setup: &Setup) -> Exit {
    let found = planning::check(setup.config_dir.as_deref());
    let own = format!("{} built in or replaced, {} files of your own", found.templates, found.template_files);
    report(setup, &found.problems, &own)
}

fn check_files(setup: &Setup, files: &[std::path::PathBuf]) -> Result<Exit, Exit> {
    let services = setup.config_dir.as_deref().map(|dir| dir.join("services"));
    let catalogue = manifest::load(services.as_deref()).map_err(|problems| report(setup, &problems, ""))?;
    let mut problems = Vec::new();
    for path in files {
        let parsed = planning::read(path).map_err(|problem| vec![problem]);
        match parsed.and_then(|text| template::parse(&path.to_string_lossy(), &text)) {
            Ok(one) => problems.extend(template::check(&one, &catalogue, &setup.config.settings.policy)),
            Err(found) => problems.extend(found),
        }
    }
    Ok(report(setup, &problems, &format!("{} sound", files.len())))
}

/// `file:line:column: message`, as editors jump to it.
fn report(setup: &Setup, problems: &[Problem], sound: &str) -> Exit {
    for problem in problems {
        let Problem { origin, line, column, message, help, .. } = problem;
        let place = match (line, column) {
            (0, _) => String::new(),
            (line, 0) => format!(":{line}"),
            (line, column) => format!(":{line}:{column}"),
        };
        let help = if help.is_empty() { String::new() } else { format!(" ({help})") };
        setup.out.error(&format!("{origin}{place}: {message}{help}"));
    }
    if !problems.is_empty() {
        return Exit::Usage;
    }
    setup.out.note(sound);
    Exit::Done
}

fn create(setup: &Setup, name: &str) -> Result<Exit, Trouble> {
    let Some(dir) = setup.config_dir.as_deref().map(|dir| dir.join("templates")) else {
        return Err(Trouble::new(Exit::Usage, "could not find the configuration folder: HOME is not set; say --config FILE"));
    };
    let path = dir.join(format!("{name}.toml"));
    write_new(&dir, &path, &SKELETON.replace("NAME", name)).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::AlreadyExists => "it is there already; change it, or take another name".to_owned(),
            _ => error.to_string(),
        };
        Trouble::new(Exit::Usage, format!("could not write {}: {why}", path.display()))
    })?;
    setup.out.result(&path.to_string_lossy());
    let over = if is_built_in(&format!("{name}.toml")) { "; it stands in for the built-in one" } else { "" };
    setup.out.note(&format!("change it, then `ouioe template check`{over}"));
    Ok(Exit::Done)
}

fn write_new(dir: &Path, path: &Path, body: &str) -> std::io::Result<()> {
    fs::create_dir_all(dir)?;
    OpenOptions::new().write(true).create_new(true).open(path)?.write_all(body.as_bytes())
}
