//! The word that somebody probably meant.
//!
//! Depends on nothing. Start with [`nearest`].

/// The candidate that a word differs from by the fewest keystrokes, if it is near enough to be meant.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A third of the letters wrong is still the same word; more is another one.
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, left out, replaced or swapped with the next; case does not count.
fn distance(one: &str, other: &str) -> usize {
    let lower = |text: &str| -> Vec<char> { text.chars().flat_map(char::to_lowercase).collect() };
    let (one, other) = (lower(one), lower(other));
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, wanted) in other.iter().enumerate() {
            let replaced = above[column] + usize::from(letter != wanted);
            let mut best = replaced.min(above[column + 1] + 1).min(line[column] + 1);
            let swapped =
                row > 0 && column > 0 && one[row - 1] == *wanted && other[column - 1] == *letter;
            if swapped {
                best = best.min(before[column - 1] + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut above, line);
    }
    above[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_errors_are_seen_through() {
        let fields = ["host", "port", "protocol", "controlPlaneRef"];
        assert_eq!(nearest("hosts", fields), Some("host"));
        assert_eq!(nearest("ohst", fields), Some("host"));
        assert_eq!(nearest("controlplaneref", fields), Some("controlPlaneRef"));
        assert_eq!(nearest("protcol", fields), Some("protocol"));
    }

    #[test]
    fn another_word_is_not_taken_for_a_typing_error() {
        assert_eq!(nearest("upstream", ["host", "port"]), None);
        assert_eq!(nearest("", ["host"]), None);
    }
}
