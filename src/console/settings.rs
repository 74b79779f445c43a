//! What the terminal can show and what the operator wants of it, from config and environment.

use crate::model::time::Millis;

use super::glyph::Glyphs;
use super::screen::Bracket;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bell {
    On,
    Off,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UiSettings {
    /// Name of an embedded theme.
    pub theme: String,
    /// Text of a theme file of the user's, with its name; wins over `theme`.
    pub theme_file: Option<(String, String)>,
    pub glyphs: Glyphs,
    pub bracket: Bracket,
    pub bell: Bell,
    /// Least time between two frames that no key asked for.
    pub frame_gap: Millis,
    /// What a following log may cost on the line; zero: no limit.
    pub max_bytes_per_s: u32,
    /// How long a decision stays locked after it was shown.
    pub arming: Millis,
    pub zone: jiff::tz::TimeZone,
    /// `$TERM`; `dumb` or nothing has no full screen.
    pub term: String,
}

impl Default for UiSettings {
    fn default() -> Self {
        Self {
            theme: "default".to_owned(),
            theme_file: None,
            glyphs: Glyphs::Unicode,
            bracket: Bracket::Off,
            bell: Bell::On,
            frame_gap: Millis(33),
            max_bytes_per_s: 0,
            arming: Millis(400),
            zone: jiff::tz::TimeZone::UTC,
            term: "xterm-256color".to_owned(),
        }
    }
}

impl UiSettings {
    /// `lookup` reads one environment variable.
    pub fn from_env(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| lookup(name).filter(|value| !value.is_empty());
        let term = get("TERM").unwrap_or_default();
        let plain = matches!(term.as_str(), "linux" | "vt100" | "vt220" | "ansi");
        let over_ssh = get("SSH_CONNECTION").is_some();
        Self {
            theme: if get("NO_COLOR").is_some() { "mono" } else { "default" }.to_owned(),
            glyphs: if plain || !is_utf8(&get) { Glyphs::Ascii } else { Glyphs::Unicode },
            bracket: if plain || !knows_2026(&get, &term) { Bracket::Off } else { Bracket::Synchronized },
            frame_gap: if over_ssh { Millis(100) } else { Millis(33) },
            max_bytes_per_s: if over_ssh { 32 << 10 } else { 0 },
            zone: jiff::tz::TimeZone::system(),
            term,
            ..Self::default()
        }
    }
}

/// The first of the three that is set decides, as in setlocale(3).
fn is_utf8(get: &impl Fn(&str) -> Option<String>) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| get(name)).unwrap_or_default().to_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Terminals that are known to bracket frames. mosh is not: it draws frames of its own.
fn knows_2026(get: &impl Fn(&str) -> Option<String>, term: &str) -> bool {
    let marks = ["TMUX", "KITTY_WINDOW_ID", "WEZTERM_PANE", "ALACRITTY_WINDOW_ID", "ITERM_SESSION_ID", "ZELLIJ"];
    marks.iter().any(|name| get(name).is_some()) || ["kitty", "foot", "ghostty", "contour"].iter().any(|name| term.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, Glyphs, Bracket, u64);
        let cases: [Case<'_>; 6] = [
            (&[("TERM", "xterm"), ("LANG", "C.UTF-8")], "default", Glyphs::Unicode, Bracket::Off, 33),
            (&[("TERM", "xterm"), ("LANG", "de_DE.utf8"), ("LC_ALL", "C")], "default", Glyphs::Ascii, Bracket::Off, 33),
            (&[("TERM", "linux"), ("LANG", "C.UTF-8")], "default", Glyphs::Ascii, Bracket::Off, 33),
            (&[("TERM", "xterm"), ("LANG", "C.UTF-8"), ("NO_COLOR", "1")], "mono", Glyphs::Unicode, Bracket::Off, 33),
            (&[("TERM", "tmux-256color"), ("TMUX", "/tmp/x"), ("LANG", "C.UTF-8")], "default", Glyphs::Unicode, Bracket::Synchronized, 33),
            (
                &[("TERM", "xterm"), ("LANG", "C.UTF-8"), ("SSH_CONNECTION", "a"), ("NO_COLOR", "")],
                "default",
                Glyphs::Unicode,
                Bracket::Off,
                100,
            ),
        ];
        for (env, theme, glyphs, bracket, gap) in cases {
            let lookup = |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            let settings = UiSettings::from_env(lookup);
            assert_eq!(
                (settings.theme.as_str(), settings.glyphs, settings.bracket, settings.frame_gap),
                (theme, glyphs, bracket, Millis(gap)),
                "{env:?}"
            );
        }
    }
}
