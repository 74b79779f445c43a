//! One line above the footer that the operator types: what to look for, or where to save.
//!
//! Decides nothing about a run. Opens by a key, leaves by Esc; a paste is text in it, its line ends are blanks.

use crate::text;

use super::app::App;
use super::output::Source;
use super::pane::Pane;
use super::revision::Form;
use super::widget::editor::Editor;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Text, in this pane.
    Find(Pane),
    /// A file for this output.
    Save(Source),
    /// Other parameters for this step.
    Change(Form),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    pub wanted: Wanted,
    pub editor: Editor,
}

impl Prompt {
    pub fn new(wanted: Wanted, text: &str) -> Self {
        let mut editor = Editor::default();
        editor.set(text);
        Self { wanted, editor }
    }

    pub fn label(&self) -> String {
        match &self.wanted {
            Wanted::Find(Pane::Runs | Pane::Inbox | Pane::Services) => " list only: ".to_owned(),
            Wanted::Find(_) => " find: ".to_owned(),
            Wanted::Save(_) => " save to: ".to_owned(),
            Wanted::Change(form) => format!(" {} ({} of {}): ", text::safe(form.name()), form.at + 1, form.fields.len()),
        }
    }
}

/// A name that says what it is, in the folder where the console was started.
pub fn file_name(source: &Source) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.') { letter } else { '_' };
    let step: String = source.step.as_str().chars().map(plain).collect();
    format!("{}-{}-{}.log", source.run, step.trim_start_matches('.'), source.attempt)
}

impl App {
    /// What is looked for in this pane, in lower case; nothing is looked for: none.
    pub fn looked_for(&self, pane: Pane) -> Option<&str> {
        self.find.get(&pane).map(String::as_str).filter(|text| !text.is_empty())
    }
}
