//! Text on a terminal that is redrawn in place.
//!
//! Only the oldest of escape sequences are used: cursor up, cursor home, erase below, hide and show the
//! cursor.
//! Start with [`Screen::draw`].

use std::io::{Result, Write};

/// The part of a terminal that is ours.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    shown: Vec<String>,
    size: Option<(usize, usize)>,
    hidden: bool,
}

impl Screen {
    /// Shows these lines in place of the last ones. They must fit into the terminal, whose width and
    /// height these are.
    pub(crate) fn draw(
        &mut self,
        out: &mut dyn Write,
        lines: Vec<String>,
        size: (usize, usize),
    ) -> Result<()> {
        let is_resized = self.size.replace(size).is_some_and(|known| known != size);
        if lines == self.shown && !is_resized {
            return Ok(());
        }
        let mut text = String::new();
        if !self.hidden {
            text.push_str("\u{1b}[?25l");
            self.hidden = true;
        }
        if is_resized {
            // Terminals break lines anew, so nobody knows how far up the first one is.
            text.push_str("\u{1b}[H");
        } else if !self.shown.is_empty() {
            text.push_str("\u{1b}[");
            text.push_str(&self.shown.len().to_string());
            text.push('A');
        }
        text.push_str("\r\u{1b}[J");
        for line in &lines {
            text.push_str(line);
            text.push('\n');
        }
        self.shown = lines;
        // In one piece, so that nobody sees half of it.
        out.write_all(text.as_bytes())?;
        out.flush()
    }

    /// Leaves the last lines on the terminal and gives the cursor back.
    pub(crate) fn leave(&mut self, out: &mut dyn Write) -> Result<()> {
        if self.hidden {
            self.hidden = false;
            // What the terminal printed for the key goes with the line it stands on.
            out.write_all(b"\r\x1b[J\x1b[?25h")?;
        }
        out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_drawn_over_the_last_ones_only_when_they_differ() {
        let mut screen = Screen::default();
        let mut out = Vec::new();
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let size = (80, 24);
        screen.draw(&mut out, lines("one\ntwo"), size).unwrap();
        screen.draw(&mut out, lines("one\ntwo"), size).unwrap();
        screen.draw(&mut out, lines("three"), size).unwrap();
        screen.leave(&mut out).unwrap();
        let expected =
            "\u{1b}[?25l\r\u{1b}[Jone\ntwo\n\u{1b}[2A\r\u{1b}[Jthree\n\r\u{1b}[J\u{1b}[?25h";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_terminal_of_another_size_is_drawn_from_its_top() {
        let mut screen = Screen::default();
        let lines = vec!["one".to_owned()];
        screen
            .draw(&mut Vec::new(), lines.clone(), (80, 24))
            .unwrap();
        let mut out = Vec::new();
        screen.draw(&mut out, lines, (40, 24)).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), "\u{1b}[H\r\u{1b}[Jone\n");
    }
}
