//! What names, labels and qualified names may look like, with the server's complaints.
//!
//! Follows `k8s.io/apimachinery/pkg/util/validation`. May depend on nothing of the crate. Start
//! reading at [`subdomain`].

const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric \
    characters, '-' or '.', and must start and end with an alphanumeric character (e.g. \
    'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters \
    or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', \
    regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const NAME_PART: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and \
    must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
    '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric \
    characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
    'MyValue',  or 'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const LABEL_KEY: &str = "a valid label key must consist of alphanumeric characters, '-', '_' or \
    '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or \
    '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an \
    optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";

/// Longest DNS name.
const SUBDOMAIN_LENGTH: usize = 253;
/// Longest DNS label, which bounds names of labels and their values too.
const LABEL_LENGTH: usize = 63;

/// Complaints about the name of an object.
pub(super) fn subdomain(name: &str) -> impl Iterator<Item = String> + use<> {
    let bad = !name.split('.').all(is_label);
    too_long("", name, SUBDOMAIN_LENGTH, "characters")
        .into_iter()
        .chain(bad.then(|| SUBDOMAIN.to_owned()))
}

/// Complaints about the name of a namespace.
pub(super) fn label(name: &str) -> impl Iterator<Item = String> + use<> {
    let bad = !is_label(name);
    too_long("", name, LABEL_LENGTH, "characters")
        .into_iter()
        .chain(bad.then(|| LABEL.to_owned()))
}

/// Complaints about a name with an optional domain: of a label, an annotation, a finalizer.
pub(super) fn qualified(name: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let part = match name.split_once('/') {
        None => name,
        Some((_, rest)) if rest.contains('/') => return vec![LABEL_KEY.to_owned()],
        Some((prefix, part)) => {
            if prefix.is_empty() {
                complaints.push("prefix part must be non-empty".to_owned());
            } else {
                complaints.extend(subdomain(prefix).map(|why| format!("prefix part {why}")));
            }
            part
        }
    };
    if part.is_empty() {
        complaints.push("name part must be non-empty".to_owned());
    }
    complaints.extend(too_long("name part ", part, LABEL_LENGTH, "bytes"));
    if !is_word(part) {
        complaints.push(NAME_PART.to_owned());
    }
    complaints
}

/// Complaints about the value of a label.
pub(super) fn label_value(value: &str) -> Vec<String> {
    let mut complaints: Vec<String> = too_long("", value, LABEL_LENGTH, "bytes")
        .into_iter()
        .collect();
    if !value.is_empty() && !is_word(value) {
        complaints.push(LABEL_VALUE.to_owned());
    }
    complaints
}

/// The server counts bytes, whatever it calls them.
fn too_long(what: &str, name: &str, maximum: usize, unit: &str) -> Option<String> {
    (name.len() > maximum).then(|| format!("{what}must be no more than {maximum} {unit}"))
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    matches!(text.as_bytes(), [first, .., last] | [first @ last] if inner(*first) && inner(*last))
        && text.bytes().all(|byte| inner(byte) || byte == b'-')
}

fn is_word(text: &str) -> bool {
    let edge = |byte: u8| byte.is_ascii_alphanumeric();
    matches!(text.as_bytes(), [first, .., last] | [first @ last] if edge(*first) && edge(*last))
        && text
            .bytes()
            .all(|byte| edge(byte) || b"-_.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_the_server_judges_them() {
        let table: [(&str, usize, usize); 7] = [
            ("a", 0, 0),
            ("a.b-c", 0, 0),
            ("-a", 1, 1),
            ("a_b", 1, 0),
            ("A", 1, 0),
            ("", 1, 2),
            ("example.com/Name", 1, 0),
        ];
        for (name, as_object, as_qualified) in table {
            assert_eq!(subdomain(name).count(), as_object, "{name:?} as an object");
            assert_eq!(
                qualified(name).len(),
                as_qualified,
                "{name:?} as a qualified name"
            );
        }
        assert_eq!(subdomain(&"a".repeat(254)).count(), 1);
        assert_eq!(qualified("a/b/c").len(), 1);
        assert_eq!(qualified("/b"), ["prefix part must be non-empty"]);
        assert_eq!(label_value("").len(), 0);
        assert_eq!(label("a.b").count(), 1);
    }
}
