//! The objects as a table: kind, name, Programmed, Konnect id, age, and what each waits for.
//!
//! `rows` reads the objects, `screen` keeps a table up to date on a terminal; how it looks is decided
//! here. Start with [`rows()`] and [`Table::render`].

mod rows;
mod screen;

pub(crate) use rows::{Row, State, rows};
pub(crate) use screen::Screen;

/// Stands where there is nothing to say.
const NOTHING: &str = "-";

/// How much a table tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// What one wants to know.
    Normal,
    /// Everything.
    Wide,
}

/// Whether a table has colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    /// It has.
    On,
    /// It has not.
    Off,
}

/// How a table looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    /// Which columns.
    pub(crate) width: Width,
    /// Whether in colour.
    pub(crate) colour: Colour,
    /// The longest line; `None` without a limit.
    pub(crate) columns: Option<usize>,
}

/// A column: title, and what it says of a row.
type Column = (&'static str, fn(&Row, i64, bool) -> String);

const NORMAL: &[Column] = &[
    ("KIND", |row, _, _| row.kind.to_string()),
    ("NAME", |row, _, several| {
        if several {
            format!("{}/{}", row.namespace, row.name)
        } else {
            row.name.clone()
        }
    }),
    (PROGRAMMED_TITLE, |row, _, _| row.state.text().to_owned()),
    ("KONNECT ID", |row, _, _| row.konnect_id.clone()),
    ("AGE", |row, now, _| age(now - row.created)),
];

const ONLY_WIDE: &[Column] = &[
    ("ORGANIZATION", |row, _, _| row.organization.clone()),
    ("SERVER", |row, _, _| row.server.clone()),
    ("CONTROL PLANE", |row, _, _| row.control_plane.clone()),
    ("REASON", |row, _, _| row.reason.clone()),
];

const LAST: &[Column] = &[("WAITS FOR", |row, _, _| row.waits_for.clone())];

/// The column that is coloured.
const PROGRAMMED_TITLE: &str = "PROGRAMMED";

/// Between columns, as in kubectl.
const GAP: &str = "   ";

/// The beginning of an id that tells it from others, and the mark that there is more.
const SHORT_ID: usize = 9;

/// So much of what an object waits for should be seen before ids are shown in full.
const REASON_ROOM: usize = 24;

/// Columns with ids, of which the beginning is enough.
const IDS: [&str; 3] = ["KONNECT ID", "ORGANIZATION", "CONTROL PLANE"];

/// Kind, name and Programmed: the columns that stay however little room there is.
const NAMES_AND_STATE: usize = 3;

/// So much of a name is enough to keep all columns of the usual table on 80 letters.
const SHORT_NAME: usize = 16;

/// A shorter name tells nothing from another one.
const SHORTEST_NAME: usize = 8;

impl Table {
    /// The table, a line a row after the heading. `now` is in Unix seconds.
    pub(crate) fn render(&self, rows: &[Row], now: i64) -> Vec<String> {
        let wide: &[Column] = match self.width {
            Width::Normal => &[],
            Width::Wide => ONLY_WIDE,
        };
        let mut columns: Vec<&Column> = NORMAL.iter().chain(wide).chain(LAST).collect();
        let several = rows.iter().any(|row| row.namespace != rows[0].namespace);
        let mut cells: Vec<Vec<String>> = rows
            .iter()
            .map(|row| {
                columns
                    .iter()
                    .map(|(_, tell)| cell(tell(row, now, several)))
                    .collect()
            })
            .collect();
        let mut widths = widths(&columns, &cells);
        if let Some(room) = self.columns {
            fit(room, &mut columns, &mut cells, &mut widths);
        }
        let titles: Vec<String> = columns
            .iter()
            .map(|(title, _)| (*title).to_owned())
            .collect();
        std::iter::once((None, &titles))
            .chain(rows.iter().map(Some).zip(&cells))
            .map(|(row, cells)| self.line(row, cells, &columns, &widths))
            .collect()
    }

    fn line(
        &self,
        row: Option<&Row>,
        cells: &[String],
        columns: &[&Column],
        widths: &[usize],
    ) -> String {
        let mut line = String::new();
        let mut room = self.columns.unwrap_or(usize::MAX);
        for (index, (cell, width)) in cells.iter().zip(widths).enumerate() {
            let gap = if index == 0 { "" } else { GAP };
            let last = index + 1 == cells.len();
            let padding = if last { 0 } else { width - length(cell) };
            let text = shorten(&format!("{gap}{cell}{}", " ".repeat(padding)), room);
            room -= length(&text);
            let colour = row.filter(|_| columns[index].0 == PROGRAMMED_TITLE);
            match colour.and_then(|row| self.colour_of(row.state)) {
                Some(colour) => {
                    line.push_str(colour);
                    line.push_str(&text);
                    line.push_str("\u{1b}[0m");
                }
                None => line.push_str(&text),
            }
        }
        line
    }

    fn colour_of(&self, state: State) -> Option<&'static str> {
        match (self.colour, state) {
            (Colour::Off, _) | (Colour::On, State::Silent) => None,
            (Colour::On, State::Good) => Some("\u{1b}[32m"),
            (Colour::On, State::Bad) => Some("\u{1b}[31m"),
            (Colour::On, State::Unknown | State::Leaving) => Some("\u{1b}[33m"),
        }
    }
}

/// Makes a table narrower that has too little room: ids are shortened, then names, and columns go. What
/// an object is called and whether it is well is seen longest.
fn fit(
    room: usize,
    columns: &mut Vec<&Column>,
    cells: &mut [Vec<String>],
    widths: &mut Vec<usize>,
) {
    let fixed = |widths: &[usize]| -> usize {
        let last = widths.len() - 1;
        widths[..last].iter().sum::<usize>() + GAP.len() * last
    };
    if room < fixed(widths) + REASON_ROOM {
        for (index, (title, _)) in columns.iter().enumerate() {
            if IDS.contains(title) {
                for cells in &mut *cells {
                    cells[index] = shorten(&cells[index], SHORT_ID);
                }
            }
        }
        *widths = self::widths(columns, cells);
    }
    let title = LAST[0].0.len();
    let reason = widths.last().map_or(title, |it| (*it).min(REASON_ROOM));
    drop_columns(
        ONLY_WIDE,
        |widths| room < fixed(widths) + reason,
        columns,
        cells,
        widths,
    );
    shorten_names(
        SHORT_NAME,
        |widths| room < fixed(widths) + title,
        cells,
        widths,
    );
    drop_columns(
        &NORMAL[NAMES_AND_STATE..],
        |widths| room < fixed(widths) + title,
        columns,
        cells,
        widths,
    );
    shorten_names(
        SHORTEST_NAME,
        |widths| room < fixed(widths) + title,
        cells,
        widths,
    );
}

/// Leaves out these columns, the last one first, until there is room.
fn drop_columns(
    dispensable: &[Column],
    is_crowded: impl Fn(&[usize]) -> bool,
    columns: &mut Vec<&Column>,
    cells: &mut [Vec<String>],
    widths: &mut Vec<usize>,
) {
    for (title, _) in dispensable.iter().rev() {
        let position = columns.iter().position(|(known, _)| known == title);
        if let Some(index) = position.filter(|_| is_crowded(widths)) {
            columns.remove(index);
            widths.remove(index);
            for cells in &mut *cells {
                cells.remove(index);
            }
        }
    }
}

/// Shortens kinds and names, which stand first, the longer ones first, until there is room or they are
/// as short as that.
fn shorten_names(
    shortest: usize,
    is_crowded: impl Fn(&[usize]) -> bool,
    cells: &mut [Vec<String>],
    widths: &mut [usize],
) {
    while is_crowded(widths) {
        let index = usize::from(widths[1] > widths[0]);
        if widths[index] <= shortest {
            return;
        }
        widths[index] -= 1;
        for cells in &mut *cells {
            cells[index] = shorten(&cells[index], widths[index]);
        }
    }
}

/// The widest cell of each column.
fn widths(columns: &[&Column], cells: &[Vec<String>]) -> Vec<usize> {
    let of = |(index, (title, _)): (usize, &&Column)| {
        let cells = cells.iter().map(|cells| length(&cells[index]));
        cells.max().unwrap_or_default().max(title.len())
    };
    columns.iter().enumerate().map(of).collect()
}

/// A cell holds one line, and something.
fn cell(text: String) -> String {
    if text.is_empty() {
        return NOTHING.to_owned();
    }
    if text.contains(char::is_control) {
        return text.replace(char::is_control, " ");
    }
    text
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// At most so many letters, with a mark where some are left out.
pub(crate) fn shorten(text: &str, room: usize) -> String {
    if length(text) <= room {
        return text.to_owned();
    }
    let Some(kept) = room.checked_sub(1) else {
        return String::new();
    };
    text.chars().take(kept).chain(['…']).collect()
}

/// A span of time as kubectl writes it.
fn age(seconds: i64) -> String {
    const MINUTE: i64 = 60;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    let seconds = seconds.max(0);
    let two = |large: i64, large_unit: char, small: i64, small_unit: char| {
        let rest = seconds % large / small;
        match rest {
            0 => format!("{}{large_unit}", seconds / large),
            _ => format!("{}{large_unit}{rest}{small_unit}", seconds / large),
        }
    };
    match seconds {
        _ if seconds < 2 * MINUTE => format!("{seconds}s"),
        _ if seconds < 10 * MINUTE => two(MINUTE, 'm', 1, 's'),
        _ if seconds < 3 * HOUR => format!("{}m", seconds / MINUTE),
        _ if seconds < 8 * HOUR => two(HOUR, 'h', MINUTE, 'm'),
        _ if seconds < 2 * DAY => format!("{}h", seconds / HOUR),
        _ if seconds < 8 * DAY => two(DAY, 'd', HOUR, 'h'),
        _ => format!("{}d", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use kong_crds::Kind;
    use serde_json::{Value, json};

    use super::rows::tests::{condition, row_of};
    use super::*;

    #[test]
    fn a_table_is_aligned_and_names_namespaces_only_where_there_are_several() {
        let table = Table {
            width: Width::Normal,
            colour: Colour::Off,
            columns: None,
        };
        let good = json!({"conditions": [condition("Programmed", "True", "Programmed", "")],
            "konnect": {"id": "1234"}});
        let rows = [
            row_of(Kind::KongService, "a", &good),
            row_of(Kind::Secret, "a", &Value::Null),
        ];
        assert_eq!(
            table.render(&rows, 105),
            [
                "KIND          NAME   PROGRAMMED   KONNECT ID   AGE   WAITS FOR",
                "KongService   n      True         1234         5s    -",
                "Secret        n      -            -            5s    -",
            ]
        );
        let rows = [
            row_of(Kind::KongService, "a", &good),
            row_of(Kind::Secret, "b", &Value::Null),
        ];
        assert!(table.render(&rows, 105)[2].starts_with("Secret        b/n "));
    }

    #[test]
    fn lines_fit_into_the_terminal_whatever_colour_they_have() {
        let table = Table {
            width: Width::Wide,
            colour: Colour::On,
            columns: Some(40),
        };
        let bad = json!({"conditions": [condition("Programmed", "False", "Failed", "äöü\nlong")]});
        let lines = table.render(&[row_of(Kind::KongService, "a", &bad)], 105);
        assert_eq!(
            lines[1],
            "KongSer…   n   \u{1b}[31m   False     \u{1b}[0m   äöü long"
        );
    }

    #[test]
    fn ids_make_way_for_reasons_where_there_is_little_room() {
        let bad = json!({"conditions": [condition("Programmed", "False", "Failed", "the reason")],
            "konnect": {"id": "12345678-90ab-cdef-1234-567890abcdef"}});
        let rows = [row_of(Kind::KongService, "a", &bad)];
        let line = |columns| {
            let table = Table {
                width: Width::Normal,
                colour: Colour::Off,
                columns: Some(columns),
            };
            table.render(&rows, 105)[1].clone()
        };
        assert_eq!(
            line(80),
            "KongService   n      False        12345678…    5s    the reason"
        );
        assert!(line(120).contains("567890abcdef   5s    the reason"));
    }

    #[test]
    fn whether_an_object_is_well_is_seen_on_the_narrowest_terminal() {
        let bad = json!({"conditions": [condition("Programmed", "False", "Failed", "the reason")],
            "konnect": {"id": "12345678-90ab-cdef-1234-567890abcdef"}});
        let mut row = row_of(Kind::KonnectGatewayControlPlane, "a", &bad);
        row.name = "a-long-name-of-a-control-plane".to_owned();
        let rows = [row];
        let line = |columns, width| {
            let table = Table {
                width,
                colour: Colour::Off,
                columns: Some(columns),
            };
            table.render(&rows, 105)[1].clone()
        };
        assert_eq!(
            line(110, Width::Wide),
            "KonnectGatewayControlPlane   a-long-name-of-a-control-plane   False        12345678…    \
             5s    the reason"
        );
        assert_eq!(
            line(80, Width::Normal),
            "KonnectGatewayC…   a-long-name-of-a…   False        12345678…    5s    the reas…"
        );
        assert_eq!(
            line(60, Width::Normal),
            "KonnectGatewayC…   a-long-name-of-…   False        the reas…"
        );
        assert_eq!(
            line(40, Width::Normal),
            "Konnect…   a-long-…   False        the …"
        );
    }

    #[test]
    fn ages_are_written_as_kubectl_does() {
        let ages = [
            0, 119, 120, 605, 7_200, 10_800, 11_000, 90_000, 180_000, 700_000,
        ];
        let written: Vec<String> = ages.iter().map(|seconds| age(*seconds)).collect();
        assert_eq!(
            written,
            [
                "0s", "119s", "2m", "10m", "120m", "3h", "3h3m", "25h", "2d2h", "8d"
            ]
        );
    }
}
