//! Texts with holes: `*` in rows, the names of what no two runs have alike in records.
//!
//! Depends on nothing. Start with [`is_like`] and [`begins_like`].

/// What records write in place of what no two runs have alike.
const HOLES: [&str; 4] = ["<trace>", "<uuid>", "<prefix>", "<organization>"];

/// Whether a text is what a pattern says; `*` stands for any text.
pub(crate) fn is_like(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split('*').collect();
    fits(&parts, text, End::Here)
}

/// Whether a text is a recorded one, whatever stands for the names in its holes.
pub(crate) fn is_recorded(recorded: &str, text: &str) -> bool {
    fits(&parts(recorded), text, End::Here)
}

/// Whether a text begins with a recorded one.
pub(crate) fn begins_like(recorded: &str, text: &str) -> bool {
    fits(&parts(recorded), text, End::Anywhere)
}

/// Where a text has to end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Here,
    Anywhere,
}

fn parts(recorded: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = recorded;
    loop {
        let holes = HOLES
            .iter()
            .filter_map(|hole| Some((rest.find(hole)?, hole.len())));
        let Some((at, length)) = holes.min() else {
            parts.push(rest);
            return parts;
        };
        parts.push(&rest[..at]);
        rest = &rest[at + length..];
    }
}

/// Whether the parts stand in the text in this order, the first at its beginning.
fn fits(parts: &[&str], text: &str, end: End) -> bool {
    let Some((first, others)) = parts.split_first() else {
        return true;
    };
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let Some((last, middle)) = others.split_last() else {
        return rest.is_empty() || end == End::Anywhere;
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    match end {
        End::Here => rest.ends_with(last),
        End::Anywhere => rest.contains(last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, text, like) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*", "ab", true),
            ("a*c", "abc", true),
            ("a*c", "abcd", false),
            ("*b*", "abc", true),
            ("a*b*c", "acb", false),
        ] {
            assert_eq!(is_like(pattern, text), like, "{pattern} {text}");
        }
    }

    #[test]
    fn the_holes_of_a_record_take_any_text_and_what_follows_may_be_ours() {
        assert!(is_recorded("https://<prefix>.us.cp", "https://12ab.us.cp"));
        assert!(!is_recorded(
            "https://<prefix>.us.cp",
            "https://12ab.us.cp.x"
        ));
        assert!(begins_like(
            "failed: <trace> over",
            "failed: 7 over; try again"
        ));
        assert!(begins_like("", "anything"));
        assert!(!begins_like("failed", "fail"));
    }
}
