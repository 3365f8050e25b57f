//! Paths and queries as URIs are compared: `%41` is `A`, but `%2F` is no slash, and dots are followed (RFC 3986).

/// What means something else where it is not encoded.
const RESERVED: &[u8] = b":/?#[]@!$&'()*+,;=%";

/// The path of a target, in the form in which equal ones are the same text.
pub(super) fn path_of(target: &str) -> String {
    canonical(target.split('?').next().unwrap_or_default())
}

/// The query as it stands, with its question mark.
pub(super) fn raw_query(target: &str) -> &str {
    target.find('?').map_or("", |at| &target[at..])
}

/// The parameters of the query.
pub(super) fn query_of(target: &str) -> Vec<(String, String)> {
    let query = raw_query(target).trim_start_matches('?');
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let read = |text: &str| decoded(&text.replace('+', " "), &[]);
            (read(name), read(value))
        })
        .collect()
}

/// A path in the form in which equal ones are the same text.
pub(super) fn canonical(path: &str) -> String {
    let decoded = decoded(path, RESERVED);
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = decoded.split('/').skip(1).collect();
    for (number, segment) in segments.iter().enumerate() {
        let is_last = number + 1 == segments.len();
        match *segment {
            ".." => {
                kept.pop();
            }
            "." => {}
            other => {
                kept.push(other);
                continue;
            }
        }
        if is_last {
            kept.push("");
        }
    }
    format!("/{}", kept.join("/"))
}

/// A text without percent signs but for these bytes.
fn decoded(text: &str, but: &[u8]) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let pair = after
            .get(..2)
            .and_then(|pair| std::str::from_utf8(pair).ok());
        match pair
            .and_then(|pair| u8::from_str_radix(pair, 16).ok())
            .filter(|_| *first == b'%')
        {
            Some(byte) => {
                rest = &after[2..];
                if but.contains(&byte) {
                    bytes.extend(format!("%{byte:02X}").bytes());
                } else {
                    bytes.push(byte);
                }
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn equal_paths_are_the_same_text() {
    for (path, expected) in [
        ("/a%20b/%2f", "/a b/%2F"),
        ("/%41", "/A"),
        ("/a/../b/./c/..", "/b/"),
        ("/", "/"),
        ("/a/", "/a/"),
    ] {
        assert_eq!(canonical(path), expected, "{path}");
    }
}
