//! Which part of a long list is on the screen.

/// First visible row, so that `cursor` is visible and no more moves than must.
pub fn top_for(top: usize, cursor: usize, height: usize, len: usize) -> usize {
    if height == 0 {
        return cursor;
    }
    let highest = len.saturating_sub(height);
    let lowest = (cursor + 1).saturating_sub(height);
    top.clamp(lowest.min(cursor), cursor).min(highest.max(lowest))
}

/// Where a list is and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
}

impl Go {
    /// The new place among `len`; `page` is the visible height.
    pub fn from(self, at: usize, page: usize, len: usize) -> usize {
        let last = len.saturating_sub(1);
        match self {
            Self::Up => at.saturating_sub(1),
            Self::Down => (at + 1).min(last),
            Self::PageUp => at.saturating_sub(page.max(1)),
            Self::PageDown => (at + page.max(1)).min(last),
            Self::Top => 0,
            Self::Bottom => last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_stays_on_the_screen() {
        for (top, cursor, height, len, expected) in
            [(0, 0, 10, 5, 0), (0, 12, 10, 100, 3), (50, 12, 10, 100, 12), (95, 99, 10, 100, 90), (0, 3, 0, 10, 3), (7, 2, 10, 9, 0)]
        {
            assert_eq!(top_for(top, cursor, height, len), expected, "{top} {cursor} {height} {len}");
        }
    }
}
