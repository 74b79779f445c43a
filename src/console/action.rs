//! The exact action of a step as lines: what is approved, nothing left out and nothing hidden.

use serde_json::Value;

use super::phrase::{count, exact};
use crate::model::action::{Action, Operand};
use crate::planner::render::value_lines;
use crate::text;

/// The exact action: one element or parameter a line, nothing left out.
pub fn lines(action: &Action) -> Vec<String> {
    match action {
        Action::Builtin { name, params, owned: _ } => std::iter::once(format!("built in: {}", exact(name)))
            .chain(params.iter().flat_map(|(name, value)| param(name, value)))
            .collect(),
        Action::Command { program, args, env, secrets, cwd, output: _, script } => {
            let mut lines = vec![exact(&program.path)];
            lines.extend(elements(args));
            lines.extend(env.iter().map(|(name, value)| format!("env {}={}", exact(name), quoted(&value.0))));
            lines.extend(secrets.iter().map(|(name, handle)| format!("secret {} from {}", exact(name), exact(handle))));
            lines.extend(cwd.iter().map(|folder| format!("in {}", quoted(folder))));
            lines.extend(script.iter().map(|script| format!("script {} sha256 {}", exact(&script.path), script.sha256.short())));
            lines.push(format!("program sha256 {}", program.sha256.short()));
            lines.extend(texts(args));
            lines
        }
        Action::Ssh { ssh, host, destination, port, options, argv, env, secrets, output: _, list } => {
            let at = port.map_or_else(String::new, |port| format!(" port {port}"));
            let mut lines = vec![format!("on {}: {}", exact(host), argv.first().map_or_else(String::new, |program| quoted(&program.0)))];
            lines.extend(elements(argv.get(1..).unwrap_or_default()));
            lines.extend(env.iter().map(|(name, value)| format!("env {}={}", exact(name), quoted(&value.0))));
            lines.extend(secrets.iter().map(|(name, handle)| format!("secret {} from {}", exact(name), exact(handle))));
            lines.push(format!("over ssh to {}{at}", exact(destination)));
            lines.extend(options.iter().map(|option| format!("  {}", quoted(option))));
            lines.push(format!("{} sha256 {}", exact(&ssh.path), ssh.sha256.short()));
            lines.extend(texts(argv.get(1..).unwrap_or_default()));
            lines.extend(list.iter().map(|_| "what it would touch is not listed yet: so it cannot run".to_owned()));
            lines
        }
        Action::Unbound { hint } => vec![format!("cannot run: {}", text::safe(hint))],
    }
}

/// One a line; a text of many lines stands below them all.
fn elements(args: &[Operand]) -> impl Iterator<Item = String> {
    args.iter().map(|arg| match arg.0.lines().count() {
        0..=1 => format!("  {}", quoted(&arg.0)),
        many => format!("  (a text of {many} lines, below)"),
    })
}

fn texts(args: &[Operand]) -> impl Iterator<Item = String> {
    args.iter().filter(|arg| arg.0.lines().count() > 1).flat_map(|arg| {
        let lines = arg.0.lines().map(|line| format!("  {}", exact(line)));
        std::iter::once("text:".to_owned()).chain(lines).collect::<Vec<_>>()
    })
}

fn param(name: &str, value: &Value) -> Vec<String> {
    let listed =
        value.as_array().and_then(|items| items.iter().map(file).collect::<Option<Vec<String>>>()).filter(|files| !files.is_empty());
    let mut lines: Vec<String> = match listed {
        Some(files) => std::iter::once(format!("  {}", count(files.len(), "file"))).chain(files).collect(),
        None => value_lines(value).iter().map(|line| format!("  {}", exact(line))).collect(),
    };
    lines[0] = format!("  {} = {}", exact(name), lines[0].trim_start());
    lines
}

/// One file of a preview, so that its name leads and a row holds it. The machine compares to the nanosecond.
fn file(item: &Value) -> Option<String> {
    const KNOWN: [&str; 4] = ["inode", "modified_ns", "path", "size"];
    let fields = item.as_object().filter(|fields| fields.keys().all(|key| KNOWN.contains(&key.as_str())))?;
    let modified = i128::from(fields.get("modified_ns")?.as_i64()?);
    let modified = jiff::Timestamp::from_nanosecond(modified).ok()?.strftime("%Y-%m-%d %H:%M:%SZ");
    let path = exact(&fields.get("path").filter(|path| path.is_string())?.to_string());
    Some(format!("  {path}  {} B  {modified}  inode {}", fields.get("size")?.as_u64()?, fields.get("inode")?.as_u64()?))
}

/// An element that is empty or holds blanks shows where it begins and ends.
fn quoted(element: &str) -> String {
    let plain = !element.is_empty() && !element.chars().any(char::is_whitespace) && !element.contains(['"', '\'']);
    if plain { exact(element) } else { format!("\"{}\"", exact(element)) }
}

/// Some of it is not ASCII: worth a second look before a yes.
pub fn has_foreign(action: &Action) -> bool {
    let text = |text: &str| !text.is_ascii();
    match action {
        Action::Builtin { name, params, .. } => text(name) || params.iter().any(|(name, value)| text(name) || text(&value.to_string())),
        Action::Command { program, args, env, cwd, .. } => {
            text(&program.path)
                || args.iter().any(|arg| text(&arg.0))
                || env.iter().any(|(name, value)| text(name) || text(&value.0))
                || cwd.as_deref().is_some_and(text)
        }
        Action::Ssh { host, destination, options, argv, env, .. } => {
            text(host)
                || text(destination)
                || options.iter().any(|option| text(option))
                || argv.iter().any(|arg| text(&arg.0))
                || env.iter().any(|(name, value)| text(name) || text(&value.0))
        }
        Action::Unbound { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_shows_where_it_ends() {
        for (element, expected) in [("trailing ", "\"trailing \""), ("", "\"\""), ("plain", "plain")] {
            assert_eq!(quoted(element), expected);
        }
    }

    #[test]
    fn a_text_of_many_lines_stands_below_the_arguments() {
        let args = ["-c", "echo\n  a", "last"].map(|arg| Operand(arg.to_owned()));
        assert_eq!(elements(&args).collect::<Vec<_>>(), ["  -c", "  (a text of 2 lines, below)", "  last"]);
        assert_eq!(texts(&args).collect::<Vec<_>>(), ["text:", "  echo", "    a"]);
    }
}
