//! Labelled facts -> rows of a pane, each fact on as many rows as it takes.

use ratatui::text::{Line, Span};

use super::app::App;
use super::theme::Role;
use super::widget::wrap::Wrap;

pub struct Page<'a> {
    pub app: &'a App,
    pub lines: Vec<Line<'static>>,
    width: usize,
    label: usize,
}

impl<'a> Page<'a> {
    /// `label`: cells of the first column.
    pub fn new(app: &'a App, width: usize, label: usize) -> Self {
        Self { app, lines: Vec::new(), width, label }
    }

    pub fn head(&mut self, name: &str) {
        self.lines.push(Line::styled(format!(" {name}"), self.app.style(Role::Title)));
    }

    pub fn put(&mut self, label: &str, role: Role, what: &str) {
        self.row(label, self.label, role, what);
    }

    /// With a first column of its own.
    pub fn row(&mut self, label: &str, room: usize, role: Role, what: &str) {
        self.wrapped(label, room, role, what, Wrap::Words);
    }

    /// Blank for blank.
    pub fn exact(&mut self, label: &str, lines: &[String]) {
        for (at, line) in lines.iter().enumerate() {
            self.wrapped(if at == 0 { label } else { "" }, self.label, Role::Text, line, Wrap::Cells);
        }
    }

    fn wrapped(&mut self, label: &str, room: usize, role: Role, what: &str, wrap: Wrap) {
        for (at, row) in wrap.rows(what, self.width.saturating_sub(room).max(8)).into_iter().enumerate() {
            let label = format!("  {:<wide$}", if at == 0 { label } else { "" }, wide = room - 2);
            self.lines.push(Line::from(vec![Span::styled(label, self.app.style(Role::Muted)), Span::styled(row, self.app.style(role))]));
        }
    }
}
