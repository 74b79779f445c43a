//! Two buffers -> the fewest bytes that turn one into the other.
//!
//! Nothing changed: no bytes at all. Never clears: a repaint writes every cell, so nothing flickers. No control character
//! reaches the terminal from a cell, whatever wrote it.

use std::io::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::{Position, Rect};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr as _;

/// Frames below this need no bracket: they arrive in one packet.
const BRACKET_FROM: usize = 512;

/// Whether a frame is bracketed with mode 2026.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bracket {
    Synchronized,
    Off,
}

/// What the terminal shows now, as far as we wrote it.
#[derive(Debug)]
pub struct Screen {
    shown: Buffer,
    cursor: Option<Position>,
    bracket: Bracket,
}

impl Screen {
    pub fn new(area: Rect, bracket: Bracket) -> Self {
        Self { shown: unlike_anything(area), cursor: None, bracket }
    }

    pub fn area(&self) -> Rect {
        self.shown.area
    }

    /// Every cell is written with the next frame.
    pub fn forget(&mut self, area: Rect) {
        self.shown = unlike_anything(area);
        self.cursor = None;
    }

    /// The bytes of one frame; empty where nothing changed.
    pub fn frame(&mut self, next: Buffer, cursor: Option<Position>) -> Vec<u8> {
        let mut pen = Pen::default();
        for (x, y, cell) in self.shown.diff(&next) {
            pen.put(Position::new(x, y), cell);
        }
        let wrote = !pen.out.is_empty();
        pen.finish();
        let mut out = pen.out;
        if wrote && self.cursor.is_some() {
            out.splice(0..0, *b"\x1b[?25l");
        }
        if let Some(at) = cursor.filter(|_| wrote || cursor != self.cursor) {
            let _ = write!(out, "\x1b[{};{}H\x1b[?25h", at.y + 1, at.x + 1);
        } else if cursor.is_none() && self.cursor.is_some() && !wrote {
            out.extend(b"\x1b[?25l");
        }
        self.shown = next;
        self.cursor = cursor;
        if self.bracket == Bracket::Synchronized && out.len() >= BRACKET_FROM {
            out.splice(0..0, *b"\x1b[?2026h");
            out.extend(b"\x1b[?2026l");
        }
        out
    }
}

/// No view draws this, so every cell differs from it.
fn unlike_anything(area: Rect) -> Buffer {
    let mut cell = Cell::new(" ");
    cell.modifier = Modifier::all();
    Buffer::filled(area, cell)
}

#[derive(Default)]
struct Pen {
    out: Vec<u8>,
    /// Where the terminal's cursor is, if that is certain.
    at: Option<Position>,
    style: Option<(Color, Color, Modifier)>,
}

impl Pen {
    fn put(&mut self, at: Position, cell: &Cell) {
        if self.at != Some(at) {
            self.move_to(at);
        }
        // A column is padded in its own style; a line under nothing looks like a field to fill in.
        let unseen = if cell.symbol() == " " { Modifier::UNDERLINED } else { Modifier::empty() };
        let style = (cell.fg, cell.bg, cell.modifier - unseen);
        if self.style != Some(style) {
            self.set_style(style);
        }
        let symbol = cell.symbol();
        let width = symbol.width();
        if width == 0 || symbol.chars().any(char::is_control) {
            self.out.push(b'?');
            self.at = Some(Position::new(at.x + 1, at.y));
            return;
        }
        self.out.extend(symbol.as_bytes());
        // Terminals disagree on wide and joined cells: after one, say where to go on.
        let certain = width == 1 && symbol.chars().nth(1).is_none();
        self.at = certain.then(|| Position::new(at.x + 1, at.y));
    }

    fn move_to(&mut self, at: Position) {
        let _ = match self.at {
            Some(now) if now.y == at.y && at.x > now.x && at.x - now.x == 1 => write!(self.out, "\x1b[C"),
            Some(now) if now.y == at.y && at.x > now.x => write!(self.out, "\x1b[{}C", at.x - now.x),
            _ if at.x == 0 => write!(self.out, "\x1b[{}H", at.y + 1),
            _ => write!(self.out, "\x1b[{};{}H", at.y + 1, at.x + 1),
        };
    }

    fn set_style(&mut self, style: (Color, Color, Modifier)) {
        let (fg, bg, modifier) = style;
        self.out.extend(b"\x1b[0");
        for (bit, code) in MODIFIERS {
            if modifier.contains(bit) {
                let _ = write!(self.out, ";{code}");
            }
        }
        put_colour(&mut self.out, fg, Ground::Front);
        put_colour(&mut self.out, bg, Ground::Back);
        self.out.push(b'm');
        self.style = Some(style);
    }

    fn finish(&mut self) {
        if self.style.is_some_and(|style| style != (Color::Reset, Color::Reset, Modifier::empty())) {
            self.out.extend(b"\x1b[0m");
        }
    }
}

const MODIFIERS: [(Modifier, u8); 8] = [
    (Modifier::BOLD, 1),
    (Modifier::DIM, 2),
    (Modifier::ITALIC, 3),
    (Modifier::UNDERLINED, 4),
    (Modifier::SLOW_BLINK, 5),
    (Modifier::REVERSED, 7),
    (Modifier::HIDDEN, 8),
    (Modifier::CROSSED_OUT, 9),
];

#[derive(Clone, Copy)]
enum Ground {
    Front,
    Back,
}

fn put_colour(out: &mut Vec<u8>, colour: Color, ground: Ground) {
    let (dark, bright, extended) = match ground {
        Ground::Front => (30, 90, 38),
        Ground::Back => (40, 100, 48),
    };
    let _ = match colour {
        Color::Reset => Ok(()),
        Color::Black => write!(out, ";{dark}"),
        Color::Red => write!(out, ";{}", dark + 1),
        Color::Green => write!(out, ";{}", dark + 2),
        Color::Yellow => write!(out, ";{}", dark + 3),
        Color::Blue => write!(out, ";{}", dark + 4),
        Color::Magenta => write!(out, ";{}", dark + 5),
        Color::Cyan => write!(out, ";{}", dark + 6),
        Color::Gray => write!(out, ";{}", dark + 7),
        Color::DarkGray => write!(out, ";{bright}"),
        Color::LightRed => write!(out, ";{}", bright + 1),
        Color::LightGreen => write!(out, ";{}", bright + 2),
        Color::LightYellow => write!(out, ";{}", bright + 3),
        Color::LightBlue => write!(out, ";{}", bright + 4),
        Color::LightMagenta => write!(out, ";{}", bright + 5),
        Color::LightCyan => write!(out, ";{}", bright + 6),
        Color::White => write!(out, ";{}", bright + 7),
        Color::Indexed(number) => write!(out, ";{extended};5;{number}"),
        Color::Rgb(red, green, blue) => write!(out, ";{extended};2;{red};{green};{blue}"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn written(text: &str) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 3));
        buffer.set_string(0, 0, text, Style::new().fg(Color::Red));
        buffer
    }

    #[test]
    fn the_terminal_ends_up_with_the_buffer() {
        let mut screen = Screen::new(Rect::new(0, 0, 20, 3), Bracket::Off);
        let mut parser = vt100::Parser::new(3, 20, 0);
        for text in ["first", "fist", "a 日本 b", "", "e\u{301}x"] {
            parser.process(&screen.frame(written(text), None));
            assert_eq!(parser.screen().contents().lines().next().unwrap_or("").trim_end(), text, "{text}");
        }
    }

    #[test]
    fn words_are_underlined_and_padding_is_not() {
        let mut screen = Screen::new(Rect::new(0, 0, 20, 3), Bracket::Off);
        let mut buffer = Buffer::empty(Rect::new(0, 0, 20, 3));
        buffer.set_string(0, 0, "failed   ", Style::new().add_modifier(Modifier::UNDERLINED));
        let mut parser = vt100::Parser::new(3, 20, 0);
        parser.process(&screen.frame(buffer, None));
        let underlined = (0..20).filter(|column| parser.screen().cell(0, *column).is_some_and(vt100::Cell::underline)).count();
        assert_eq!(underlined, "failed".len());
    }

    #[test]
    fn nothing_changed_is_no_bytes_and_one_cell_is_few() {
        let mut screen = Screen::new(Rect::new(0, 0, 20, 3), Bracket::Synchronized);
        let at = Some(Position::new(1, 1));
        assert!(!screen.frame(written("same"), at).is_empty());
        assert_eq!(screen.frame(written("same"), at), b"");
        let one = screen.frame(written("sane"), at);
        assert_eq!(one, b"\x1b[?25l\x1b[1;3H\x1b[0;31mn\x1b[0m\x1b[2;2H\x1b[?25h");
        assert_eq!(screen.frame(written("sane"), None), b"\x1b[?25l");
    }

    #[test]
    fn a_control_character_in_a_cell_is_not_sent() {
        let mut screen = Screen::new(Rect::new(0, 0, 20, 3), Bracket::Off);
        let mut buffer = written("");
        buffer[(0, 0)].set_symbol("\x1b]0;evil\x07");
        buffer[(1, 0)].set_symbol("\u{9b}");
        let bytes = screen.frame(buffer, None);
        assert!(!bytes.windows(2).any(|pair| pair == b"\x1b]"));
        assert!(!String::from_utf8(bytes).expect("only text").contains('\u{9b}'));
    }
}
