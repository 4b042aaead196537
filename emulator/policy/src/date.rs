//! Dates of Date conditions: the ISO 8601 forms that AWS takes, and epoch seconds. Knows no clock and no zones but offsets.

/// Milliseconds since 1970; None if AWS wouldn't take the text for a date.
pub(crate) fn parse(text: &str) -> Option<i128> {
    let lower = text.trim().to_ascii_lowercase();
    if !lower.contains('t') && !lower.contains('-') {
        let (seconds, fraction) = lower.split_once('.').unwrap_or((&lower, ""));
        let seconds: i64 = digits(seconds, 19)?.try_into().ok()?;
        return Some(i128::from(seconds) * 1_000 + fraction_ms(fraction)?);
    }
    let (date, time) = lower.split_once('t').unwrap_or((&lower, ""));
    Some(i128::from(days(date)?) * 86_400_000 + time_of_day_ms(time)?)
}

fn digits(text: &str, most: usize) -> Option<u128> {
    let plain = !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

fn fraction_ms(text: &str) -> Option<i128> {
    if text.is_empty() {
        return Some(0);
    }
    digits(text, 9)?;
    let padded = format!("{text:0<3}");
    padded[..3].parse().ok()
}

/// Days since 1970 of `[-]YYYY[-MM[-DD]]`.
fn days(date: &str) -> Option<i64> {
    let (sign, plain) = date.strip_prefix('-').map_or((1, date), |rest| (-1, rest));
    let mut parts = plain.split('-');
    let year = sign * i64::try_from(digits(parts.next()?, 9)?).ok()?;
    let month = parts.next().map_or(Some(1), |m| digits(m, 2))?;
    let day = parts.next().map_or(Some(1), |d| digits(d, 2))?;
    let sound = (-292_275_054..=292_278_993).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    if !sound || parts.next().is_some() {
        return None;
    }
    // Days from the civil calendar: years start in March, so that the leap day comes last.
    let (month, day) = (month as i64, day as i64);
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// `[HH[:MM[:SS[.fff]]]][Z|+HH[:MM]|-HH[:MM]]` in milliseconds, the offset taken off.
fn time_of_day_ms(time: &str) -> Option<i128> {
    let (clock, offset_min) = match time.find(['z', '+', '-']) {
        None => (time, 0),
        Some(at) if &time[at..] == "z" => (&time[..at], 0),
        Some(at) => (&time[..at], offset_min(&time[at..])?),
    };
    if clock.is_empty() {
        return Some(-offset_min * 60_000);
    }
    let mut parts = clock.split(':');
    let hour = limited(parts.next(), 23)?;
    let minute = limited(parts.next(), 59)?;
    let (second, fraction) = parts.next().map_or(("0", ""), |s| s.split_once('.').unwrap_or((s, "")));
    let second = limited(Some(second), 59)?;
    if parts.next().is_some() {
        return None;
    }
    Some(((hour * 60 + minute - offset_min) * 60 + second) * 1_000 + fraction_ms(fraction)?)
}

fn limited(part: Option<&str>, most: i128) -> Option<i128> {
    let Some(text) = part else { return Some(0) };
    let number = i128::try_from(digits(text, 2)?).ok()?;
    (number <= most).then_some(number)
}

fn offset_min(text: &str) -> Option<i128> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (hours, minutes) = text[1..].split_once(':').unwrap_or((&text[1..], "00"));
    if hours.len() != 2 || minutes.len() != 2 {
        return None;
    }
    Some(sign * (limited(Some(hours), 23)? * 60 + limited(Some(minutes), 59)?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn forms_that_aws_takes() {
        let table: [(&str, Option<i128>); 18] = [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("1970-01-01", Some(0)),
            ("1970", Some(1_970_000)), // no dash: epoch seconds
            ("2017-07-01T00:00:00Z", Some(1_498_867_200_000)),
            ("2017-07-01T02:00:00+02:00", Some(1_498_867_200_000)),
            ("2017-06-30T19:00:00-05:00", Some(1_498_867_200_000)),
            ("2024-05-06T07:08:09.250+00:00", Some(1_714_979_289_250)),
            ("2024-05-06t7:08:09.25+11", Some(1_714_939_689_250)),
            ("2000-02-29", Some(951_782_400_000)),
            ("1498867200", Some(1_498_867_200_000)),
            ("9223372036854775808", None),
            ("2024-05-06t7:08:09.25+1", None),
            ("2024-05-06t7:08:09.1234567890+05:30", None),
            ("2024-13", None),
            ("tomorrow", None),
            ("", None),
            ("2017-07-01T25:00:00Z", None),
            ("2017-07-01T00:00:00Zjunk", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), expected, "{text}");
        }
        for odd in ["-292275054", "01T"] {
            assert!(parse(odd).is_some(), "{odd}");
        }
    }
}
