//! Paths of Ingresses: which requests they are for, in both flavours of Kong's router.
//!
//! An element-wise prefix is a plain prefix that ends in a slash and a pattern for the prefix itself; an exact path
//! is a pattern. What is specific to the implementation is a plain prefix, which also takes `/foobar` for `/foo`, or,
//! behind a marker, a pattern for how a path begins.

use gateway_types::kubernetes::{HTTPIngressPath, PathType};
use kong_router::expression::{Expression, Pattern};

use crate::predicates::{path_begins, path_is, path_matches, quoted};
use crate::url_path;

/// What marks a pattern, unless an annotation says otherwise.
pub(super) const MARKER: &str = "/~";
/// What marks a pattern for Kong.
const PATTERN: char = '~';

/// A path, and what an Ingress says of how it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    kind: PathType,
    /// As written, without repeated slashes.
    text: String,
    /// Whether it is taken for a pattern though it has no marker.
    looks_like_pattern: bool,
}

/// Where a path stands among others that are for the same request: the last comes first. A longer prefix comes before
/// a shorter one, whatever the routes that they are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// It is a prefix of this length.
    Prefix(usize),
    /// It is a pattern of this length.
    Pattern(usize),
    /// It is the whole path.
    Exact,
}

impl Rank {
    /// What tells the route of such paths from that of others.
    pub(super) fn suffix(self) -> String {
        match self {
            Self::Prefix(length) => format!("prefix{length}"),
            Self::Pattern(length) => format!("pattern{length}"),
            Self::Exact => "exact".to_owned(),
        }
    }
}

/// How the paths of an Ingress are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading<'r> {
    /// What marks a pattern.
    pub(super) marker: &'r str,
    /// Whether paths with characters of patterns are taken for such.
    pub(super) legacy: bool,
    /// Whether it is done as Kong's controller does.
    pub(super) as_kong: bool,
}

impl Path {
    /// A path as written, without repeated slashes.
    pub(super) fn of(written: &HTTPIngressPath, reading: Reading<'_>) -> Self {
        let kind = written
            .path_type
            .clone()
            .unwrap_or(PathType::ImplementationSpecific);
        let mut path = flattened(written.path.as_deref().unwrap_or_default());
        if path.is_empty() {
            path.push('/');
        }
        let looks_like_pattern = reading.legacy && !path.chars().all(is_plain);
        let is_marked =
            kind == PathType::ImplementationSpecific && path.starts_with(reading.marker);
        if !reading.as_kong && !looks_like_pattern && !is_marked {
            path = url_path::normal(&path);
        }
        Self {
            kind,
            text: path,
            looks_like_pattern,
        }
    }

    /// Without slashes around it.
    fn prefix(&self) -> &str {
        self.text.trim_matches('/')
    }

    /// Without slashes before it.
    fn rest(&self) -> &str {
        self.text.trim_start_matches('/')
    }

    /// The pattern behind the marker, if the path is one by its type.
    fn marked(&self, marker: &str) -> Option<&str> {
        match self.kind {
            PathType::ImplementationSpecific => self.text.strip_prefix(marker),
            PathType::Prefix | PathType::Exact | PathType::Other(_) => None,
        }
    }

    /// The path as Kong's routes have it; an error says why it cannot be one.
    pub(super) fn in_route(&self, reading: Reading<'_>) -> Result<Vec<String>, String> {
        if reading.as_kong {
            let paths = self.plainly(str::to_owned).into_iter();
            return Ok(paths
                .map(|path| marked_as_kong_does(path, reading))
                .collect());
        }
        if let Some(pattern) = self.marked(reading.marker) {
            let pattern = match pattern {
                "" => "/",
                pattern => pattern,
            };
            return Ok(vec![format!("{PATTERN}{}", checked(pattern)?)]);
        }
        if self.looks_like_pattern {
            checked(&self.text)?;
            let paths = self.plainly(str::to_owned).into_iter();
            return Ok(paths
                .map(|path| marked_as_kong_does(path, reading))
                .collect());
        }
        if let PathType::Other(kind) = &self.kind {
            return Err(format!("there is no path type {kind}"));
        }
        Ok(self.plainly(quoted))
    }

    /// The path without regard to markers. `quote` keeps its characters from meaning anything in a pattern.
    fn plainly(&self, quote: impl Fn(&str) -> String) -> Vec<String> {
        match self.kind {
            PathType::Prefix => match self.prefix() {
                "" => vec!["/".to_owned()],
                prefix => vec![
                    format!("/{prefix}/"),
                    format!("{PATTERN}/{}$", quote(prefix)),
                ],
            },
            PathType::Exact => vec![format!("{PATTERN}/{}$", quote(self.rest()))],
            PathType::ImplementationSpecific => vec![self.text.clone()],
            PathType::Other(_) => Vec::new(),
        }
    }

    /// The path as a predicate; an error says why it cannot be one.
    pub(super) fn in_expression(&self, reading: Reading<'_>) -> Result<Expression, String> {
        if self.looks_like_pattern && !reading.as_kong && self.marked(reading.marker).is_none() {
            return self.as_pattern();
        }
        match &self.kind {
            PathType::Prefix => Ok(match self.prefix() {
                "" => path_begins("/"),
                prefix => {
                    let both = [
                        path_is(format!("/{prefix}")),
                        path_begins(format!("/{prefix}/")),
                    ];
                    Expression::any(both).unwrap_or_else(|| path_begins("/"))
                }
            }),
            PathType::Exact => Ok(path_is(format!("/{}", self.rest()))),
            PathType::ImplementationSpecific => match self.marked(reading.marker) {
                Some(pattern) => {
                    let pattern = match pattern {
                        "" => "/",
                        pattern => pattern,
                    };
                    pattern_at_start(pattern)
                }
                None => Ok(path_begins(self.text.as_str())),
            },
            PathType::Other(kind) => Err(format!("there is no path type {kind}")),
        }
    }

    /// The path as the pattern that it looks like.
    fn as_pattern(&self) -> Result<Expression, String> {
        match &self.kind {
            PathType::Prefix => {
                let prefix = checked(self.prefix())?;
                pattern_at_start(&format!("/(?:{prefix})(?:/|$)"))
            }
            PathType::Exact => {
                let path = checked(self.rest())?;
                pattern_at_start(&format!("/(?:{path})$"))
            }
            PathType::ImplementationSpecific | PathType::Other(_) => pattern_at_start(&self.text),
        }
    }

    /// How long the path counts in a priority.
    pub(super) fn length(&self, marker: &str) -> usize {
        match self.kind {
            PathType::Prefix => match self.prefix() {
                "" => 1,
                prefix => prefix.len() + 2,
            },
            PathType::Exact => self.rest().len() + 1,
            PathType::ImplementationSpecific => self.marked(marker).unwrap_or(&self.text).len(),
            PathType::Other(_) => 0,
        }
    }

    /// Where the path stands among others.
    pub(super) fn rank(&self, reading: Reading<'_>) -> Rank {
        let length = self.length(reading.marker);
        if self.looks_like_pattern || self.marked(reading.marker).is_some() {
            return Rank::Pattern(length);
        }
        match self.kind {
            PathType::Exact => Rank::Exact,
            PathType::Prefix | PathType::ImplementationSpecific | PathType::Other(_) => {
                Rank::Prefix(length)
            }
        }
    }

    /// Whether the path counts as a pattern in a priority: those do for which a route without an expression has one.
    pub(super) fn counts_as_pattern(&self, reading: Reading<'_>) -> bool {
        if !reading.as_kong {
            return matches!(self.rank(reading), Rank::Pattern(_));
        }
        match self.kind {
            PathType::Prefix | PathType::Exact => true,
            PathType::ImplementationSpecific => self.marked(reading.marker).is_some(),
            PathType::Other(_) => false,
        }
    }
}

/// Kong's controller looks for the marker in what it has made of the path, whatever the path type.
fn marked_as_kong_does(path: String, reading: Reading<'_>) -> String {
    if reading.as_kong
        && let Some(pattern) = path.strip_prefix(reading.marker)
    {
        return format!("{PATTERN}{pattern}");
    }
    if reading.legacy && !path.starts_with(PATTERN) && !path.chars().all(is_plain) {
        return format!("{PATTERN}{path}");
    }
    path
}

/// A pattern that Kong can compile; an error says why it cannot.
fn checked(pattern: &str) -> Result<&str, String> {
    match Pattern::new(pattern) {
        Ok(_) => Ok(pattern),
        Err(bad) => Err(bad.to_string()),
    }
}

/// That the path begins with what a pattern describes.
fn pattern_at_start(pattern: &str) -> Result<Expression, String> {
    let pattern = if pattern.starts_with('^') {
        pattern.to_owned()
    } else {
        format!("^{pattern}")
    };
    let pattern = Pattern::new(pattern).map_err(|bad| bad.to_string())?;
    Ok(path_matches(pattern))
}

/// Characters that Kong took for nothing but themselves when it still guessed what is a pattern.
fn is_plain(character: char) -> bool {
    character.is_ascii_alphanumeric() || ".-_~/%".contains(character)
}

/// With one slash for each row of slashes.
fn flattened(path: &str) -> String {
    let mut flat = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !flat.ends_with('/') {
            flat.push(character);
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: Reading<'_> = Reading {
        marker: MARKER,
        legacy: false,
        as_kong: false,
    };
    const KONG: Reading<'_> = Reading {
        as_kong: true,
        ..RIGHT
    };

    fn path(kind: PathType, path: &str, reading: Reading<'_>) -> Path {
        let written = HTTPIngressPath {
            path: Some(path.to_owned()),
            path_type: Some(kind),
            ..HTTPIngressPath::default()
        };
        Path::of(&written, reading)
    }

    fn both(kind: PathType, text: &str, reading: Reading<'_>) -> (Vec<String>, String) {
        let path = path(kind, text, reading);
        let expression = path.in_expression(reading).unwrap().to_string();
        (path.in_route(reading).unwrap(), expression)
    }

    #[test]
    fn kongs_controller_finds_markers_in_prefixes_and_escapes_nothing() {
        let paths = |kind, text| path(kind, text, KONG).in_route(KONG).unwrap();
        assert_eq!(paths(PathType::Prefix, "/~/x"), ["~/x/", "~/~/x$"]);
        assert_eq!(paths(PathType::Exact, "//a.b"), ["~/a.b$"]);
        assert_eq!(paths(PathType::Other("X".to_owned()), "/a"), [""; 0]);
    }

    #[test]
    fn what_is_no_pattern_means_itself() {
        let (paths, expression) = both(PathType::Exact, "/a.b+(c)", RIGHT);
        assert_eq!(paths, [r"~/a\.b\+\(c\)$"]);
        assert_eq!(expression, r#"http.path == "/a.b+(c)""#);
        let (paths, _) = both(PathType::Prefix, "/~/x.y", RIGHT);
        assert_eq!(paths, ["/~/x.y/", r"~/~/x\.y$"]);
        let (paths, _) = both(PathType::Exact, "/a%20b", RIGHT);
        assert_eq!(paths, ["~/a b$"]);
    }

    #[test]
    fn a_pattern_that_does_not_compile_is_none() {
        let bad = path(PathType::ImplementationSpecific, "/~/a(", RIGHT);
        assert!(bad.in_route(RIGHT).is_err());
        assert!(bad.in_expression(RIGHT).is_err());
    }

    #[test]
    fn what_looks_like_a_pattern_is_one_in_both_flavours_where_that_is_asked_for() {
        let legacy = Reading {
            legacy: true,
            ..RIGHT
        };
        let (paths, expression) = both(PathType::Prefix, "/pre(fix)?", legacy);
        assert_eq!(paths, ["~/pre(fix)?/", "~/pre(fix)?$"]);
        assert_eq!(expression, r#"http.path ~ "^/(?:pre(fix)?)(?:/|$)""#);
        let (paths, _) = both(PathType::Prefix, "/plain", legacy);
        assert_eq!(paths, ["/plain/", "~/plain$"]);
    }
}
