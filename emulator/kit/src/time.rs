//! Text forms of moments.

use wire::Timestamp;

fn zoned(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(at.unix_ns).unwrap_or(jiff::Timestamp::MAX)
}

/// `2015-01-25T08:00:00.000Z`
pub fn iso_millis(at: Timestamp) -> String {
    zoned(at).strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}
/// `2015-01-25T08:00:00Z`
pub fn iso_secs(at: Timestamp) -> String {
    zoned(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
/// `Sun, 25 Jan 2015 08:00:00 GMT`
pub fn http_date(at: Timestamp) -> String {
    zoned(at).strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
/// `20150125T080000Z`, as signatures have it.
pub fn amz_date(at: Timestamp) -> String {
    zoned(at).strftime("%Y%m%dT%H%M%SZ").to_string()
}
/// `2015-01-25`
pub fn date(at: Timestamp) -> String {
    zoned(at).strftime("%Y-%m-%d").to_string()
}
/// Midnight UTC at or after `at`.
pub fn next_midnight(at: Timestamp) -> Timestamp {
    const DAY: i128 = 86_400_000_000_000;
    Timestamp { unix_ns: at.unix_ns.div_euclid(DAY) * DAY + if at.unix_ns.rem_euclid(DAY) == 0 { 0 } else { DAY } }
}
/// Reads an ISO 8601 moment.
pub fn parse_iso(text: &str) -> Option<Timestamp> {
    let at: jiff::Timestamp = text.parse().ok()?;
    Some(Timestamp { unix_ns: at.as_nanosecond() })
}
