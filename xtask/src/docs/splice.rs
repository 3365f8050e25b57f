//! Generated sections in a text by people.
//!
//! A section stands between a line `<!-- generated: NAME -->` and a line `<!-- /generated -->`. Each has
//! to be there exactly once, so that no section is lost by a slip of the pen.

use anyhow::{Result, bail};

const OPEN: &str = "<!-- generated: ";
const OPEN_END: &str = " -->";
const CLOSE: &str = "<!-- /generated -->";

/// The markers of a section with nothing between them.
pub(super) fn empty(name: &str) -> String {
    format!("{OPEN}{name}{OPEN_END}\n{CLOSE}\n")
}

/// A piece of a page.
enum Piece<'t> {
    Text(&'t str),
    Section(&'t str),
}

/// The text with every section filled in.
pub(super) fn splice(text: &str, sections: &[(&str, String)]) -> Result<String> {
    let mut filled = String::new();
    let mut seen = Vec::new();
    for piece in pieces(text)? {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Section(name) => {
                let Some((_, content)) = sections.iter().find(|(known, _)| *known == name) else {
                    bail!("there is no section \"{name}\"");
                };
                if seen.contains(&name) {
                    bail!("section \"{name}\" stands there twice");
                }
                seen.push(name);
                let content = content.trim_end();
                filled.extend([OPEN, name, OPEN_END, "\n", content, "\n", CLOSE, "\n"]);
            }
        }
    }
    for (name, _) in sections {
        if !seen.contains(name) {
            bail!(
                "section \"{name}\" has no place; add the lines {OPEN}{name}{OPEN_END} and {CLOSE}"
            );
        }
    }
    Ok(filled)
}

/// What people wrote.
pub(super) fn without_sections(text: &str) -> String {
    // What has been spliced has markers in order.
    pieces(text)
        .unwrap_or_default()
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => text,
            Piece::Section(_) => "",
        })
        .collect()
}

fn pieces(text: &str) -> Result<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut inside = None;
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim_end();
        let opened = trimmed
            .strip_prefix(OPEN)
            .and_then(|rest| rest.strip_suffix(OPEN_END));
        match (inside, opened) {
            (None, Some(name)) => inside = Some(name),
            (None, None) if trimmed == CLOSE => bail!("{CLOSE} closes nothing"),
            (None, None) => pieces.push(Piece::Text(line)),
            (Some(name), Some(_)) => bail!("section \"{name}\" is not closed"),
            (Some(name), None) if trimmed == CLOSE => {
                pieces.push(Piece::Section(name));
                inside = None;
            }
            (Some(_), None) => {}
        }
    }
    match inside {
        Some(name) => bail!("section \"{name}\" is not closed"),
        None => Ok(pieces),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections() -> [(&'static str, String); 1] {
        [("facts", "new\n".to_owned())]
    }

    #[test]
    fn what_is_between_the_markers_is_replaced_and_nothing_else() {
        let text = "before\n<!-- generated: facts -->\nold\n<!-- /generated -->\nafter\n";
        let filled = splice(text, &sections()).unwrap();
        assert_eq!(
            filled,
            "before\n<!-- generated: facts -->\nnew\n<!-- /generated -->\nafter\n"
        );
        assert_eq!(splice(&filled, &sections()).unwrap(), filled);
        assert_eq!(without_sections(&filled), "before\nafter\n");
    }

    #[test]
    fn slips_of_the_pen_are_errors() {
        let marked = empty("facts");
        for (text, reason) in [
            (String::new(), "has no place"),
            (format!("{marked}{marked}"), "twice"),
            (
                format!("{marked}{}", empty("others")),
                "no section \"others\"",
            ),
            ("<!-- generated: facts -->\n".to_owned(), "not closed"),
            (format!("<!-- generated: facts -->\n{marked}"), "not closed"),
            (format!("{marked}<!-- /generated -->\n"), "closes nothing"),
        ] {
            let error = splice(&text, &sections()).unwrap_err().to_string();
            assert!(error.contains(reason), "{text:?}: {error}");
        }
    }
}
