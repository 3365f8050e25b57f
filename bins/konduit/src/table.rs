//! The objects as rows: kind, name, Programmed, Konnect id, age, and what each waits for.
//!
//! A row is read off an object's status alone. Start with [`rows`] and [`Table::render`]; `screen` keeps a table up to date on a
//! terminal.

mod screen;

use cluster_sim::{Cluster, ObjectId, ResourceId};
use kong_crds::{Kind, Object as _, conditions};
use serde_json::Value;

pub(crate) use screen::Screen;

/// Stands where there is nothing to say.
const NOTHING: &str = "-";

/// How messages begin that only point to other conditions.
const SEE_OTHERS: &str = "Some conditions";

/// What a row says of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// The object.
    pub(crate) id: ObjectId,
    /// Its kind.
    pub(crate) kind: Kind,
    /// Namespace and name.
    pub(crate) namespace: String,
    /// The name.
    pub(crate) name: String,
    /// Whether it is as it should be.
    pub(crate) state: State,
    /// Its id in Konnect.
    pub(crate) konnect_id: String,
    /// When it was created, in Unix seconds.
    pub(crate) created: i64,
    /// What of it this is about: the generation that was judged or, where nobody judges, the version.
    pub(crate) revision: String,
    /// The type and the reason of the condition that matters.
    pub(crate) reason: String,
    /// What it waits for and what to do.
    pub(crate) waits_for: String,
    /// The organisation in Konnect.
    pub(crate) organization: String,
    /// The Konnect region.
    pub(crate) server: String,
    /// The id of the control plane.
    pub(crate) control_plane: String,
}

/// Whether an object is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It is.
    Good,
    /// Something is wrong.
    Bad,
    /// Nobody has said yet.
    Unknown,
    /// It is on its way out.
    Leaving,
    /// Nobody says it of this kind.
    Silent,
}

impl State {
    fn text(self) -> &'static str {
        match self {
            Self::Good => "True",
            Self::Bad => "False",
            Self::Unknown => "Unknown",
            Self::Leaving => "Deleting",
            Self::Silent => NOTHING,
        }
    }

    /// Whether nothing is left to wait for.
    pub(crate) fn is_good(self) -> bool {
        match self {
            Self::Good | Self::Silent => true,
            Self::Bad | Self::Unknown | Self::Leaving => false,
        }
    }
}

/// The condition that says whether an object of a kind is as it should be; none of a kind that only
/// others read.
fn main_condition(kind: Kind) -> Option<&'static str> {
    macro_rules! of_class {
        (judged, $type:path) => {
            <$type>::CONDITIONS
        };
        (input, $type:path) => {
            &[]
        };
    }
    macro_rules! condition_types {
        ($($name:ident: $type:path => $class:ident;)*) => {
            match kind {
                $(Kind::$name => of_class!($class, $type),)*
            }
        };
    }
    let types: &[&str] = kong_crds::kinds!(condition_types);
    [conditions::PROGRAMMED, conditions::API_AUTH_VALID]
        .into_iter()
        .find(|candidate| types.contains(candidate))
}

/// All objects of the cluster, parents before children.
pub(crate) fn rows(cluster: &Cluster) -> Vec<Row> {
    let mut rows = Vec::new();
    for kind in Kind::ALL {
        let resource = ResourceId::new(kind.group(), kind.plural());
        rows.extend(
            cluster
                .list(&resource, None)
                .map(|object| row(*kind, &resource, object)),
        );
    }
    rows
}

fn row(kind: Kind, resource: &ResourceId, object: &Value) -> Row {
    let meta = &object["metadata"];
    let status = &object["status"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let namespace = text(&meta["namespace"]);
    let name = text(&meta["name"]);
    let main = main_condition(kind);
    let list = status["conditions"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let held = main.and_then(|main| list.iter().find(|condition| condition["type"] == main));
    let telling = telling(list, main);
    let state = match (main, held.map(|condition| condition["status"].as_str())) {
        _ if !meta["deletionTimestamp"].is_null() => State::Leaving,
        (None, _) => State::Silent,
        (Some(_), Some(Some("True"))) => State::Good,
        (Some(_), Some(Some("False"))) => State::Bad,
        (Some(_), _) if telling.is_some_and(|condition| condition["status"] == "False") => {
            State::Bad
        }
        (Some(_), _) => State::Unknown,
    };
    let shown = telling.filter(|_| state != State::Silent).or(held);
    let konnect = &status["konnect"];
    // A control plane has its ids beside its conditions, an entity one level further down.
    let field = |name: &str| {
        [&konnect[name], &status[name]]
            .into_iter()
            .find_map(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    Row {
        id: ObjectId::namespaced(resource.clone(), namespace.as_str(), name.as_str()),
        kind,
        konnect_id: field("id"),
        created: seconds(&meta["creationTimestamp"]),
        revision: match main {
            Some(_) => held
                .map(|held| held["observedGeneration"].to_string())
                .unwrap_or_default(),
            None => text(&meta["resourceVersion"]),
        },
        reason: shown.map_or_else(String::new, |condition| {
            format!(
                "{}={}",
                text(&condition["type"]),
                text(&condition["reason"])
            )
        }),
        waits_for: telling
            .map(|condition| text(&condition["message"]))
            .unwrap_or_default(),
        organization: field("organizationID"),
        server: field("serverURL"),
        control_plane: field("controlPlaneID"),
        namespace,
        name,
        state,
    }
}

/// The condition that says best what is wrong: one about a reference before the one that follows from
/// it, one that is False before one that is not known.
fn telling<'c>(conditions: &'c [Value], main: Option<&str>) -> Option<&'c Value> {
    let rank = |condition: &Value| match condition["status"].as_str() {
        Some("True") => None,
        status => {
            let is_main = condition["type"].as_str() == main;
            let points = condition["message"]
                .as_str()
                .is_none_or(|message| message.is_empty() || message.starts_with(SEE_OTHERS));
            Some((status != Some("False"), points, is_main))
        }
    };
    conditions
        .iter()
        .filter_map(|condition| Some((rank(condition)?, condition)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, condition)| condition)
}

fn seconds(time: &Value) -> i64 {
    time.as_str()
        .and_then(|time| time.parse::<jiff::Timestamp>().ok())
        .map_or(0, jiff::Timestamp::as_second)
}

impl Row {
    /// What it is called when the object is not as it should be.
    pub(crate) fn failure(&self) -> &'static str {
        match main_condition(self.kind) {
            Some(conditions::PROGRAMMED) => "not Programmed",
            Some(_) | None => "not valid",
        }
    }

    /// The object as messages name it.
    pub(crate) fn title(&self) -> String {
        format!("{} {}/{}", self.kind, self.namespace, self.name)
    }
}

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

impl Table {
    /// The table, a line a row after the heading. `now` is in Unix seconds.
    pub(crate) fn render(&self, rows: &[Row], now: i64) -> Vec<String> {
        let wide: &[Column] = match self.width {
            Width::Normal => &[],
            Width::Wide => ONLY_WIDE,
        };
        let columns: Vec<&Column> = NORMAL.iter().chain(wide).chain(LAST).collect();
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
        if self
            .columns
            .is_some_and(|room| room < needed(&columns, &widths))
        {
            for (index, _) in columns
                .iter()
                .enumerate()
                .filter(|(_, (title, _))| is_id(title))
            {
                for cells in &mut cells {
                    cells[index] = shorten(&cells[index], SHORT_ID);
                }
            }
            widths = self::widths(&columns, &cells);
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

/// The widest cell of each column.
fn widths(columns: &[&Column], cells: &[Vec<String>]) -> Vec<usize> {
    let of = |(index, (title, _)): (usize, &&Column)| {
        let cells = cells.iter().map(|cells| length(&cells[index]));
        cells.max().unwrap_or_default().max(title.len())
    };
    columns.iter().enumerate().map(of).collect()
}

/// The room that a table needs for everything to be told but the whole of the last column.
fn needed(columns: &[&Column], widths: &[usize]) -> usize {
    let fixed: usize = widths.iter().take(columns.len() - 1).sum();
    fixed + GAP.len() * (columns.len() - 1) + REASON_ROOM
}

fn is_id(title: &str) -> bool {
    ["KONNECT ID", "ORGANIZATION", "CONTROL PLANE"].contains(&title)
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
    use serde_json::json;

    use super::*;

    fn of(kind: Kind, namespace: &str, status: &Value) -> Row {
        let object = json!({"metadata": {"name": "n", "namespace": namespace,
            "creationTimestamp": "1970-01-01T00:01:40Z"}, "status": status});
        row(kind, &ResourceId::new(kind.group(), kind.plural()), &object)
    }

    fn condition(kind: &str, status: &str, reason: &str, message: &str) -> Value {
        json!({"type": kind, "status": status, "reason": reason, "message": message})
    }

    #[test]
    fn the_condition_that_explains_the_others_is_shown() {
        let row = of(
            Kind::KongRoute,
            "a",
            &json!({"conditions": [
                condition("Programmed", "False", "ConditionWithStatusFalseExists", "Some conditions have status set to False"),
                condition("ControlPlaneRefValid", "True", "Valid", "fine"),
                condition("KongServiceRefValid", "False", "Invalid", "service is missing"),
            ]}),
        );
        assert_eq!(
            (row.state, row.waits_for.as_str()),
            (State::Bad, "service is missing")
        );
        assert_eq!(row.reason, "KongServiceRefValid=Invalid");
    }

    #[test]
    fn what_nobody_has_looked_at_is_neither_good_nor_bad() {
        let row = of(
            Kind::KongService,
            "a",
            &json!({"conditions": [
            condition("Programmed", "Unknown", "Pending", "Waiting for controller")]}),
        );
        assert_eq!(
            (row.state, row.waits_for.as_str()),
            (State::Unknown, "Waiting for controller")
        );
        let row = of(
            Kind::KonnectAPIAuthConfiguration,
            "a",
            &json!({"conditions": [
            condition("Valid", "Unknown", "Pending", "Waiting for controller")]}),
        );
        assert_eq!(row.state, State::Unknown);
        assert_eq!(of(Kind::Secret, "a", &Value::Null).state, State::Silent);
        assert!(State::Silent.is_good());
    }

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
            of(Kind::KongService, "a", &good),
            of(Kind::Secret, "a", &Value::Null),
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
            of(Kind::KongService, "a", &good),
            of(Kind::Secret, "b", &Value::Null),
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
        let lines = table.render(&[of(Kind::KongService, "a", &bad)], 105);
        assert_eq!(
            lines[1],
            "KongService   n   \u{1b}[31m   False     \u{1b}[0m   -    …"
        );
    }

    #[test]
    fn ids_make_way_for_reasons_where_there_is_little_room() {
        let bad = json!({"conditions": [condition("Programmed", "False", "Failed", "the reason")],
            "konnect": {"id": "12345678-90ab-cdef-1234-567890abcdef"}});
        let rows = [of(Kind::KongService, "a", &bad)];
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
