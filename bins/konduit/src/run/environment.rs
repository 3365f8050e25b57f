//! Options from the environment, as Kong's operator has them: `KONG_OPERATOR_` and the name of the option in
//! upper case, with `_` for `-`; `GATEWAY_OPERATOR_` is the older prefix. What stands on the command line goes
//! before both. Start with [`arguments`].

use std::ffi::OsString;

/// The prefixes; what is set under a later one goes before what is set under an earlier.
const PREFIXES: [&str; 2] = ["GATEWAY_OPERATOR_", "KONG_OPERATOR_"];

/// Options of which an empty value means something; elsewhere a variable that is empty is not set, as charts
/// write it.
const MAY_BE_EMPTY: [&str; 1] = ["secret-label-selector"];

/// The command line with what the environment says put in front of its own options, so that these win.
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
    let mut found: Vec<(usize, OsString)> = variables
        .filter_map(|(name, value)| {
            let name = name.to_str()?;
            let rank = PREFIXES
                .iter()
                .position(|prefix| name.starts_with(prefix))?;
            let option = name
                .strip_prefix(PREFIXES[rank])?
                .to_ascii_lowercase()
                .replace('_', "-");
            let means_something = !value.is_empty() || MAY_BE_EMPTY.contains(&&*option);
            (means_something && options.contains(&option)).then(|| {
                let mut argument = OsString::from(format!("--{option}="));
                argument.push(value);
                (rank, argument)
            })
        })
        .collect();
    found.sort();
    let mut result = arguments;
    let own = result.split_off(at + 1);
    result.extend(found.into_iter().map(|(_, argument)| argument));
    result.extend(own);
    result
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
        assert_eq!(
            after("konduit run --konnect-sync-period=1m", &variables),
            "konduit run --konnect-sync-period=3m --konnect-sync-period=2m --konnect-sync-period=1m"
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
    fn variables_that_name_no_option_and_other_commands_are_left_alone() {
        let variables = [("KONG_OPERATOR_SERVICE_PORT", "443"), ("KUBECONFIG", "x")];
        assert_eq!(after("konduit run", &variables), "konduit run");
        let variables = [("KONG_OPERATOR_KUBECONFIG", "x")];
        assert_eq!(after("konduit up run", &variables), "konduit up run");
        assert_eq!(after("konduit", &variables), "konduit");
    }
}
