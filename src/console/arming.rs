//! The deliberate wait before a decision: how long it was on the screen without a stray key.
//!
//! Counts from the frame that the terminal took, not from when the model changed: what nobody saw arms nothing.

use crate::model::time::Millis;

/// A decision is locked until it was on the screen for a while without a stray key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arming {
    /// Frames from this one on show it.
    pub since_frame: u64,
    pub shown: Option<Millis>,
    pub stray: Option<Millis>,
    /// Quarters as last drawn.
    drawn: u64,
}

impl Arming {
    pub fn from_frame(frame: u64) -> Self {
        Self { since_frame: frame, shown: None, stray: None, drawn: 0 }
    }

    pub fn frame_written(&mut self, frame: u64, now: Millis) {
        if self.shown.is_none() && frame >= self.since_frame {
            self.shown = Some(now);
        }
    }

    /// How long it has been quiet; `None` before it was shown.
    fn quiet(&self, now: Millis) -> Option<Millis> {
        let from = self.stray.max(self.shown).filter(|_| self.shown.is_some())?;
        Some(Millis(now.0.saturating_sub(from.0)))
    }

    pub fn is_armed(&self, now: Millis, wait: Millis) -> bool {
        self.quiet(now).is_some_and(|quiet| quiet >= wait)
    }

    /// Quarters of the wait that have passed.
    pub fn quarters(&self, now: Millis, wait: Millis) -> u64 {
        self.quiet(now).map_or(0, |quiet| (quiet.0 * 4).checked_div(wait.0).unwrap_or(4).min(4))
    }

    /// The bar is not as it was drawn last; asking takes note.
    pub fn moved(&mut self, now: Millis, wait: Millis) -> bool {
        let quarters = self.quarters(now, wait);
        std::mem::replace(&mut self.drawn, quarters) != quarters
    }

    /// When the bar moves next.
    pub fn next_change(&self, now: Millis, wait: Millis) -> Option<Millis> {
        let quiet = self.quiet(now).filter(|quiet| *quiet < wait)?;
        let quarter = (wait.0 / 4).max(1);
        Some(Millis(now.0 + quarter - quiet.0 % quarter))
    }
}
