//! Paths as Kong sees them: before it looks for a route it decodes what needs no encoding and walks the dots.

/// What stays encoded, since it would mean something else.
const RESERVED: &[u8] = b"!*'();:@&=+$,/?%#[]";

/// A path in the form in which Kong compares it.
pub(crate) fn normal(path: &str) -> String {
    without_dots(&decoded(path))
}

fn decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((&first, tail)) = rest.split_first() {
        if let (b'%', [high, low, after @ ..]) = (first, tail)
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            let byte = high * 16 + low;
            if RESERVED.contains(&byte) || byte == 0 {
                out.extend(format!("%{byte:02X}").bytes());
            } else {
                out.push(byte);
            }
            rest = after;
        } else {
            out.push(first);
            rest = tail;
        }
    }
    // Bytes that are no text cannot be written in a configuration.
    String::from_utf8(out).unwrap_or_else(|_| path.to_owned())
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

fn without_dots(path: &str) -> String {
    if !path.split('/').any(|part| part == "." || part == "..") {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').skip(1) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    if path.ends_with("/.") || path.ends_with("/..") {
        parts.push("");
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_decoded_as_far_as_it_means_the_same() {
        for (path, expected) in [
            ("/a%20b", "/a b"),
            ("/%41%2f%2F", "/A%2F%2F"),
            ("/a%", "/a%"),
            ("/%ff", "/%ff"),
            ("/a/./b/../c", "/a/c"),
            ("/a/..", "/"),
            ("/../../x/", "/x/"),
            ("/caf%C3%A9", "/café"),
        ] {
            assert_eq!(normal(path), expected, "{path}");
        }
    }
}
