//! Durations of the Gateway API: `1h30m`, `500ms`.

/// What Kong waits at most, in milliseconds; for who wants no end.
const ENDLESS: u32 = 2_147_483_646;

/// A duration in milliseconds as Kong's timeouts have it: none is endless. `None` for what is no duration.
pub(super) fn milliseconds(text: &str) -> Option<u32> {
    let mut total: u64 = 0;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|it: char| !it.is_ascii_digit())?;
        let (number, behind) = rest.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let unit = behind
            .find(|it: char| it.is_ascii_digit())
            .unwrap_or(behind.len());
        let (unit, behind) = behind.split_at(unit);
        let factor = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(factor)?)?;
        rest = behind;
    }
    match u32::try_from(total) {
        Ok(0) | Err(_) => Some(ENDLESS),
        Ok(total) => Some(total.min(ENDLESS)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_the_gateway_api_writes_them() {
        assert_eq!(milliseconds("500ms"), Some(500));
        assert_eq!(milliseconds("1h2m3s4ms"), Some(3_723_004));
        assert_eq!(milliseconds("0s"), Some(ENDLESS));
        assert_eq!(milliseconds("99999h"), Some(ENDLESS));
        for bad in ["", "5", "s", "1d", "1.5s", "-1s", "5 s"] {
            assert_eq!(milliseconds(bad), None, "{bad}");
        }
    }
}
