//! Tables of Markdown.

/// A table with these columns.
pub(super) fn table(columns: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut text = line(columns);
    text.push_str(&line(&vec!["---"; columns.len()]));
    for row in rows {
        text.push_str(&line(&row));
    }
    text
}

fn line(cells: &[impl AsRef<str>]) -> String {
    let cells: Vec<String> = cells
        .iter()
        // Also inside of code a bar ends the cell.
        .map(|cell| cell.as_ref().replace('|', "\\|").replace('\n', " "))
        .collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Text to be shown to the letter.
pub(super) fn code(text: &str) -> String {
    if text.is_empty() {
        "`\"\"`".to_owned()
    } else if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

/// Several of them.
pub(super) fn codes<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(code).collect();
    texts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_line_breaks_do_not_break_a_table() {
        let text = table(&["a", "b"], [vec![code("x|y"), "1\n2".to_owned()]]);
        assert_eq!(text, "| a | b |\n| --- | --- |\n| `x\\|y` | 1 2 |\n");
    }

    #[test]
    fn code_may_hold_back_ticks_or_nothing() {
        assert_eq!(codes(["a", "b `c`", ""]), "`a`, `` b `c` ``, `\"\"`");
    }
}
