//! Request targets: which ones the web server refuses, how Kong normalises them, and what it sends upstream.
//!
//! These are bytes, for what was encoded with percent signs need not be text.

/// What keeps its percent encoding, because it means something in URIs.
const RESERVED: &[u8] = b"!*'();:@&=+$,/?%#[]";

/// The path of a target, without its query.
pub(crate) fn path(target: &str) -> &str {
    // A question mark at the very beginning would be no query, but such targets never come this far.
    target.split_once('?').map_or(target, |(path, _)| path)
}

/// The query of a target, with its question mark.
pub(crate) fn query(target: &str) -> &str {
    target.find('?').map_or("", |at| &target[at..])
}

/// Whether the web server lets a target through to Kong at all. It decodes the path and follows its dots, and
/// refuses one that leaves the root, or in which a percent sign begins no character, or one that ends texts in C.
pub(crate) fn is_acceptable(target: &str) -> bool {
    if !target.starts_with('/') || target.bytes().any(|byte| byte <= b' ' || byte == 0x7F) {
        return false;
    }
    // To the server a path ends at "#"; Kong takes the rest for a part of it.
    let path = path(target).split('#').next().unwrap_or_default();
    let Some(decoded) = decode(path.as_bytes()) else {
        return false;
    };
    let mut depth = 0_usize;
    for segment in decoded.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => match depth.checked_sub(1) {
                Some(above) => depth = above,
                None => return false,
            },
            _ => depth += 1,
        }
    }
    true
}

/// Everything decoded; nothing if that cannot be done.
fn decode(path: &[u8]) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let byte = match first {
            b'%' => {
                let (byte, after) = encoded(rest)?;
                rest = after;
                byte
            }
            other => *other,
        };
        if byte == 0 {
            return None;
        }
        decoded.push(byte);
    }
    Some(decoded)
}

/// The byte that two hexadecimal digits stand for, and what follows them.
fn encoded(digits: &[u8]) -> Option<(u8, &[u8])> {
    let (pair, rest) = digits.split_at_checked(2)?;
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(pair[0])? * 16 + digit(pair[1])?;
    Some((u8::try_from(value).ok()?, rest))
}

/// A path as Kong matches it: decoded but for what means something, slashes merged, dots followed.
pub(crate) fn normalise(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, after)) = rest.split_first() {
        match (first, encoded(after)) {
            (b'%', Some((byte, next))) => {
                if RESERVED.contains(&byte) {
                    decoded
                        .extend([b'%', after[0], after[1]].map(|byte| byte.to_ascii_uppercase()));
                } else {
                    decoded.push(byte);
                }
                rest = next;
            }
            (other, _) => {
                decoded.push(*other);
                rest = after;
            }
        }
    }
    follow_dots(&decoded)
}

fn follow_dots(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if rest == b"/." {
            rest = b"/";
        } else if rest == b"/.." {
            rest = b"/";
            kept.pop();
        } else if rest == b"." || rest == b".." {
            rest = b"";
        } else if let Some(after) = rest
            .strip_prefix(b"../")
            .or_else(|| rest.strip_prefix(b"./"))
        {
            rest = after;
        } else if rest.starts_with(b"/./") {
            rest = &rest[2..];
        } else if rest.starts_with(b"/../") {
            rest = &rest[3..];
            kept.pop();
        } else if rest.starts_with(b"//") {
            rest = &rest[1..];
        } else {
            let next = rest[1..].iter().position(|byte| *byte == b'/');
            let (segment, after) = rest.split_at(next.map_or(rest.len(), |at| at + 1));
            kept.push(segment);
            rest = after;
        }
    }
    kept.concat()
}

/// A path with everything encoded that must not be in a request as it is.
pub(crate) fn escape(path: &[u8]) -> String {
    let mut text = String::with_capacity(path.len());
    for byte in path {
        let plain = byte.is_ascii_alphanumeric() || b"!#$&'()*+,/:;=?@[]-_.~%".contains(byte);
        if plain {
            text.push(char::from(*byte));
        } else {
            text.extend(['%', digit(byte >> 4), digit(byte & 0xF)]);
        }
    }
    text
}

fn digit(half: u8) -> char {
    char::from_digit(half.into(), 16).map_or('0', |digit| digit.to_ascii_uppercase())
}

/// What the service is asked for: its own path, and after it that of the request, of which the part that matched is
/// taken off if there is one given.
pub(crate) fn upstream(base: &str, path: &[u8], stripped: Option<&str>) -> Vec<u8> {
    let base = base.as_bytes();
    let Some(stripped) = stripped else {
        return unstripped(base, path);
    };
    let rest = sanitised(path.get(stripped.len()..).unwrap_or_default());
    let (before, has_slash) = match base.strip_suffix(b"/") {
        Some(before) => (before, true),
        None => (base, false),
    };
    if !rest.is_empty() {
        let slash: &[u8] = if rest.starts_with(b"/") { b"" } else { b"/" };
        return [before, slash, rest].concat();
    }
    let ends_with_slash = path.len() > 1 && path.ends_with(b"/");
    match (has_slash, before) {
        (true, b"") => b"/".to_vec(),
        (true, _) if path.ends_with(b"/") => base.to_vec(),
        (true, _) => before.to_vec(),
        (false, _) if ends_with_slash => [base, b"/"].concat(),
        (false, _) => base.to_vec(),
    }
}

fn unstripped(base: &[u8], path: &[u8]) -> Vec<u8> {
    if base.ends_with(b"/") {
        return [base, path.get(1..).unwrap_or_default()].concat();
    }
    if path == b"/" {
        return base.to_vec();
    }
    [base, path].concat()
}

/// Dots at the beginning of what is left must not lead out of the base.
fn sanitised(rest: &[u8]) -> &[u8] {
    if rest == b"." || rest == b".." {
        return b"";
    }
    rest.strip_prefix(b"./")
        .or_else(|| rest.strip_prefix(b"../"))
        .unwrap_or(rest)
}

/// A host and its port: what follows the first colon, if Lua takes it for a number.
pub(crate) fn split_port(host: &str) -> (&str, Option<u32>) {
    let Some((name, port)) = host.split_once(':') else {
        return (host, None);
    };
    let port = port.trim();
    let number = match port.strip_prefix("0x").or_else(|| port.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => port.parse().ok(),
    };
    match number {
        Some(port) => (name, Some(port)),
        None => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(path: &str) -> String {
        String::from_utf8(normalise(path.as_bytes())).unwrap()
    }

    #[test]
    fn what_means_something_keeps_its_encoding() {
        assert_eq!(normal("/f%6Fo/%2f%20b"), "/foo/%2F b");
        assert_eq!(normal("/a%zz%"), "/a%zz%");
    }

    #[test]
    fn dots_are_followed_and_slashes_merged() {
        assert_eq!(normal("/a//b/../c/./d/"), "/a/c/d/");
        assert_eq!(normal("//a/.."), "/");
        assert_eq!(normal("/a/%2e%2e/b"), "/b");
        assert_eq!(normal("/a/."), "/a/");
    }

    #[test]
    fn the_server_refuses_what_leaves_the_root_or_is_half_encoded() {
        for target in [
            "//../users",
            "/..",
            "/a/..%2F../b",
            "/a%2",
            "/a%zz",
            "/%00",
            "*",
            "/a b",
        ] {
            assert!(!is_acceptable(target), "{target}");
        }
        for target in ["/", "/a/..", "/a?b=%", "/%C3%A9", "/a/b/../.."] {
            assert!(is_acceptable(target), "{target}");
        }
    }

    #[test]
    fn the_path_of_the_service_comes_first_with_one_slash_between() {
        let strip = |base: &str, path: &str, matched: &str| {
            String::from_utf8(upstream(base, path.as_bytes(), Some(matched))).unwrap()
        };
        assert_eq!(strip("/", "/foo", "/foo"), "/");
        assert_eq!(strip("/base/", "/foo/", "/foo/"), "/base/");
        assert_eq!(strip("/base/", "/foo", "/foo"), "/base");
        assert_eq!(strip("/base", "/foo/", "/foo/"), "/base/");
        assert_eq!(strip("/base", "/foobar", "/foo"), "/base/bar");
        assert_eq!(strip("/base", "/foo..", "/foo"), "/base");
        let keep = |base: &str, path: &str| {
            String::from_utf8(upstream(base, path.as_bytes(), None)).unwrap()
        };
        assert_eq!(keep("/base", "/"), "/base");
        assert_eq!(keep("/base/", "/a"), "/base/a");
        assert_eq!(keep("/base", "/a"), "/base/a");
    }

    #[test]
    fn only_the_first_colon_begins_a_port() {
        assert_eq!(split_port("a:80"), ("a", Some(80)));
        assert_eq!(split_port("[::1]:80"), ("[::1]:80", None));
        assert_eq!(split_port("a:80:80"), ("a:80:80", None));
        assert_eq!(split_port("a"), ("a", None));
    }
}
