//! Durations as people write them: `90s`, `15m`, `36h`, `8d`, `1d12h`, `250ms`.

use std::time::Duration;

/// Reads a duration; the error says what is expected.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration; write a number and a unit, as in 250ms, 90s, 15m, 36h, 8d or 1d12h");
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let letters = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(letters);
        let secs = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            "w" => 7.0 * 86_400.0,
            _ => return Err(wrong()),
        };
        let part = number.parse::<f64>().map_err(|_| wrong())? * secs;
        total = Duration::try_from_secs_f64(part).ok().and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        rest = tail;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, secs) in [("90s", 90.0), ("8d", 691_200.0), ("1d12h", 129_600.0), ("250ms", 0.25), ("1.5h", 5400.0)] {
            assert_eq!(parse(text), Ok(Duration::from_secs_f64(secs)), "{text}");
        }
        for text in ["", "8", "d", "8 days", "-1s", "1x", "99999999999999999999d"] {
            assert!(parse(text).unwrap_err().contains("8d"), "{text}");
        }
    }
}
