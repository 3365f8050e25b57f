//! Options from the environment, as Kong's operator has them: `KONG_OPERATOR_` and the name of the option in
//! upper case, with `_` for `-`; `GATEWAY_OPERATOR_` is the older prefix. What stands on the command line goes
//! before both. An empty value is none, in both: manifests write it where they leave an option alone. Start with
//! [`arguments`].

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};

/// The prefixes; what is set under a later one goes before what is set under an earlier.
const PREFIXES: [&str; 2] = ["GATEWAY_OPERATOR_", "KONG_OPERATOR_"];

/// Options of which an empty value means something.
const MAY_BE_EMPTY: [&str; 1] = ["secret-label-selector"];

/// The command line with what the environment says of options that are not on it.
///
/// `command` is the subcommand that this is for, and `options` the options that it has; variables that name
/// no option are left alone, since other tools have some, too.
pub(crate) fn arguments(
    command: &str,
    options: &[String],
    arguments: Vec<OsString>,
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Vec<OsString> {
    let Some(at) = arguments
        .iter()
        .skip(1)
        .position(|word| !word.to_string_lossy().starts_with('-'))
        .map(|position| position + 1)
        .filter(|at| arguments[*at] == *command)
    else {
        return arguments;
    };
    let mut result = arguments;
    let own = without_empty(options, result.split_off(at + 1));
    let mut found: BTreeMap<String, (usize, OsString)> = BTreeMap::new();
    for (name, value) in variables {
        let Some((rank, option)) = name.to_str().and_then(option_of) else {
            continue;
        };
        if options.contains(&option)
            && means_something(&option, &value)
            && !own
                .iter()
                .any(|word| named(word).0 == Some(option.as_str()))
            && found.get(&option).is_none_or(|(other, _)| *other < rank)
        {
            found.insert(option, (rank, value));
        }
    }
    result.extend(found.into_iter().map(|(option, (_, value))| {
        let mut argument = OsString::from(format!("--{option}="));
        argument.push(value);
        argument
    }));
    result.extend(own);
    result
}

/// The option that a variable is for, and the rank of its prefix.
fn option_of(name: &str) -> Option<(usize, String)> {
    let rank = PREFIXES
        .iter()
        .position(|prefix| name.starts_with(prefix))?;
    let rest = name.strip_prefix(PREFIXES[rank])?;
    Some((rank, rest.to_ascii_lowercase().replace('_', "-")))
}

fn means_something(option: &str, value: &OsStr) -> bool {
    !value.is_empty() || MAY_BE_EMPTY.contains(&option)
}

/// The option that a word names, and the value that it gives with it.
fn named(word: &OsStr) -> (Option<&str>, Option<&str>) {
    match word.to_str().and_then(|word| word.strip_prefix("--")) {
        None => (None, None),
        Some(rest) => match rest.split_once('=') {
            Some((option, value)) => (Some(option), Some(value)),
            None => (Some(rest), None),
        },
    }
}

/// A command line without options that are given as empty.
fn without_empty(options: &[String], line: Vec<OsString>) -> Vec<OsString> {
    let mut kept = Vec::with_capacity(line.len());
    let mut words = line.into_iter().peekable();
    while let Some(word) = words.next() {
        let (option, value) = named(&word);
        let ours = option.filter(|option| {
            options.iter().any(|known| known == option) && !MAY_BE_EMPTY.contains(option)
        });
        match (ours, value) {
            (Some(_), Some("")) => {}
            (Some(_), None) if words.next_if(|next| next.is_empty()).is_some() => {}
            (_, _) => kept.push(word),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(line: &str, variables: &[(&str, &str)]) -> String {
        let options = ["kubeconfig", "konnect-sync-period", "secret-label-selector"];
        let options = options.map(str::to_owned);
        let variables = variables
            .iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let line = line.split_whitespace().map(OsString::from).collect();
        let words: Vec<String> = arguments("run", &options, line, variables)
            .into_iter()
            .map(|word| word.into_string().unwrap())
            .collect();
        words.join(" ")
    }

    #[test]
    fn the_command_line_goes_before_the_new_prefix_and_that_before_the_old_one() {
        let variables = [
            ("KONG_OPERATOR_KONNECT_SYNC_PERIOD", "2m"),
            ("GATEWAY_OPERATOR_KONNECT_SYNC_PERIOD", "3m"),
        ];
        for line in [
            "konduit run --konnect-sync-period=1m",
            "konduit run --konnect-sync-period 1m",
        ] {
            assert_eq!(after(line, &variables), line);
        }
        assert_eq!(
            after("konduit run", &variables),
            "konduit run --konnect-sync-period=2m"
        );
        assert_eq!(
            after("konduit run", &variables[1..]),
            "konduit run --konnect-sync-period=3m"
        );
    }

    #[test]
    fn an_empty_variable_is_not_set_where_it_means_nothing() {
        let variables = [
            ("KONG_OPERATOR_KUBECONFIG", ""),
            ("KONG_OPERATOR_SECRET_LABEL_SELECTOR", ""),
        ];
        assert_eq!(
            after("konduit run", &variables),
            "konduit run --secret-label-selector="
        );
    }

    #[test]
    fn an_option_that_is_given_as_empty_is_not_given() {
        let words = |line: &[&str]| {
            let options = ["kubeconfig", "secret-label-selector"].map(str::to_owned);
            let line = line.iter().map(OsString::from).collect();
            arguments("run", &options, line, std::iter::empty())
        };
        for line in [
            &["konduit", "run", "--kubeconfig=", "--dry-run"][..],
            &["konduit", "run", "--kubeconfig", "", "--dry-run"],
        ] {
            assert_eq!(words(line), ["konduit", "run", "--dry-run"]);
        }
        for kept in [
            &["konduit", "run", "--secret-label-selector="][..],
            &["konduit", "run", "--secret-label-selector", ""],
            &["konduit", "run", "--unknown="],
            &["konduit", "run", "--dry-run", ""],
        ] {
            assert_eq!(words(kept), kept);
        }
        let variable = [("KONG_OPERATOR_KUBECONFIG", "x")];
        assert_eq!(
            after("konduit run --kubeconfig=", &variable),
            "konduit run --kubeconfig=x"
        );
    }

    #[test]
    fn variables_that_name_no_option_and_other_commands_are_left_alone() {
        let variables = [("KONG_OPERATOR_SERVICE_PORT", "443"), ("KUBECONFIG", "x")];
        assert_eq!(after("konduit run", &variables), "konduit run");
        let variables = [("KONG_OPERATOR_KUBECONFIG", "x")];
        assert_eq!(after("konduit up run", &variables), "konduit up run");
        assert_eq!(after("konduit", &variables), "konduit");
    }
}
