//! Patterns of dates: MySQL's (`date_format`, `date_parse`) and Joda's (`format_datetime`, `parse_datetime`).

use super::super::time::{self, DAY, HOUR, MINUTE, SECOND};
use super::bad;

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

struct Parts {
    day: i64,
    year: i64,
    month: i64,
    of_month: i64,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
}

fn parts(local: i64) -> Parts {
    let day = local.div_euclid(DAY);
    let ((year, month, of_month), (hour, minute, second, micros)) = (time::civil(day), time::clock(local));
    Parts { day, year, month: month as i64, of_month: of_month as i64, hour, minute, second, micros }
}
fn twelve(hour: i64) -> i64 {
    if hour % 12 == 0 { 12 } else { hour % 12 }
}
fn half(hour: i64) -> &'static str {
    if hour < 12 { "AM" } else { "PM" }
}

/// Local micros in MySQL's pattern.
pub(super) fn mysql(local: i64, pattern: &str) -> Result<String, String> {
    let p = parts(local);
    let mut out = String::new();
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        out += &match chars.next() {
            Some('a') => WEEKDAYS[time::weekday(p.day) as usize - 1][..3].to_owned(),
            Some('b') => MONTHS[p.month as usize - 1][..3].to_owned(),
            Some('c') => p.month.to_string(),
            Some('d') => format!("{:02}", p.of_month),
            Some('e') => p.of_month.to_string(),
            Some('f') => format!("{:06}", p.micros / 1000 * 1000),
            Some('H') => format!("{:02}", p.hour),
            Some('h' | 'I') => format!("{:02}", twelve(p.hour)),
            Some('i') => format!("{:02}", p.minute),
            Some('j') => format!("{:03}", time::day_of_year(p.day)),
            Some('k') => p.hour.to_string(),
            Some('l') => twelve(p.hour).to_string(),
            Some('M') => MONTHS[p.month as usize - 1].to_owned(),
            Some('m') => format!("{:02}", p.month),
            Some('p') => half(p.hour).to_owned(),
            Some('r') => format!("{:02}:{:02}:{:02} {}", twelve(p.hour), p.minute, p.second, half(p.hour)),
            Some('S' | 's') => format!("{:02}", p.second),
            Some('T') => format!("{:02}:{:02}:{:02}", p.hour, p.minute, p.second),
            Some('v') => format!("{:02}", time::iso_week(p.day).1),
            Some('W') => WEEKDAYS[time::weekday(p.day) as usize - 1].to_owned(),
            Some('x') => format!("{:04}", time::iso_week(p.day).0),
            Some('Y') => format!("{:04}", p.year),
            Some('y') => format!("{:02}", p.year % 100),
            Some('%') => "%".to_owned(),
            Some(c @ ('D' | 'U' | 'u' | 'V' | 'w' | 'X')) => return Err(bad(format!("%{c} not supported in date format string"))),
            Some(c) => c.to_string(),
            None => return Err(bad("Invalid date format string")),
        };
    }
    Ok(out)
}

#[derive(Default)]
struct Read {
    year: Option<i64>,
    month: i64,
    day: i64,
    of_year: Option<i64>,
    week: Option<i64>,
    week_year: Option<i64>,
    weekday: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    micros: i64,
    afternoon: Option<bool>,
    zone: Option<String>,
}

impl Read {
    fn local(&self) -> Option<i64> {
        let year = self.year.unwrap_or(1970);
        let day = match (self.of_year, self.week) {
            (Some(day), _) => time::days(year, 1, day),
            (None, Some(week)) => {
                let fourth = time::days(self.week_year.unwrap_or(year), 1, 4);
                fourth - time::weekday(fourth) + (week - 1) * 7 + self.weekday.unwrap_or(1)
            }
            _ => time::date(year, self.month.max(1), self.day.max(1))?,
        };
        let hour = match self.afternoon {
            Some(afternoon) => self.hour % 12 + if afternoon { 12 } else { 0 },
            None => self.hour,
        };
        let known = hour < 24 && self.minute < 60 && self.second < 60;
        known.then_some(day * DAY + hour * HOUR + self.minute * MINUTE + self.second * SECOND + self.micros)
    }
}

/// Takes up to so many digits.
fn digits(rest: &mut &str, most: usize) -> Option<i64> {
    let end = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let number = rest[..end].parse().ok()?;
    *rest = &rest[end..];
    Some(number)
}
/// Takes one of some names, whole or by its first three letters.
fn name(rest: &mut &str, names: &[&str]) -> Option<i64> {
    let starts = |n: &str| rest.get(..n.len()).is_some_and(|t| t.eq_ignore_ascii_case(n));
    let (at, length) = names.iter().enumerate().find_map(|(i, n)| {
        if starts(n) {
            Some((i, n.len()))
        } else if starts(&n[..3]) {
            Some((i, 3))
        } else {
            None
        }
    })?;
    *rest = &rest[length..];
    Some(at as i64 + 1)
}
fn fraction(rest: &mut &str, most: usize) -> Option<i64> {
    let end = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let text = format!("{:0<6}", &rest[..end]);
    *rest = &rest[end..];
    if end == 0 { None } else { text.get(..6)?.parse().ok() }
}

/// Local micros of a text in MySQL's pattern.
pub(super) fn parse_mysql(text: &str, pattern: &str) -> Result<i64, String> {
    let wrong = |rest: &str| {
        let at = text.len() - rest.len();
        match rest.is_empty() || at == 0 {
            true => bad(format!("Invalid format: \"{text}\"{}", if at == 0 { String::new() } else { " is too short".to_owned() })),
            false => bad(format!("Invalid format: \"{text}\" is malformed at \"{rest}\"")),
        }
    };
    let (mut rest, mut r) = (text, Read::default());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let step = if c != '%' { literal(&mut rest, c) } else { mysql_step(&mut rest, chars.next(), &mut r)? };
        step.ok_or_else(|| wrong(rest))?;
    }
    if !rest.is_empty() {
        return Err(wrong(rest));
    }
    r.local().ok_or_else(|| bad(format!("Cannot parse \"{text}\": Value is out of range")))
}

fn literal(rest: &mut &str, c: char) -> Option<()> {
    *rest = rest.strip_prefix(c)?;
    Some(())
}

fn mysql_step(rest: &mut &str, c: Option<char>, r: &mut Read) -> Result<Option<()>, String> {
    let mut keep = |slot: fn(&mut Read) -> &mut i64, n: Option<i64>| n.map(|n| *slot(r) = n);
    Ok(match c {
        Some('Y') => digits(rest, 4).map(|n| r.year = Some(n)),
        Some('y') => digits(rest, 2).map(|n| r.year = Some(if n < 70 { 2000 + n } else { 1900 + n })),
        Some('m' | 'c') => keep(|r| &mut r.month, digits(rest, 2)),
        Some('d' | 'e') => keep(|r| &mut r.day, digits(rest, 2)),
        Some('H' | 'k' | 'h' | 'I' | 'l') => keep(|r| &mut r.hour, digits(rest, 2)),
        Some('i') => keep(|r| &mut r.minute, digits(rest, 2)),
        Some('s' | 'S') => keep(|r| &mut r.second, digits(rest, 2)),
        Some('f') => keep(|r| &mut r.micros, fraction(rest, 9)),
        Some('M' | 'b') => keep(|r| &mut r.month, name(rest, &MONTHS)),
        Some('a' | 'W') => name(rest, &WEEKDAYS).map(drop),
        Some('j') => digits(rest, 3).map(|n| r.of_year = Some(n)),
        Some('v') => digits(rest, 2).map(|n| r.week = Some(n)),
        Some('x') => digits(rest, 4).map(|n| r.week_year = Some(n)),
        Some('p') => afternoon(rest).map(|a| r.afternoon = Some(a)),
        Some('T') => clock(rest, r),
        Some('r') => clock(rest, r).and_then(|()| literal(rest, ' ')).and_then(|()| afternoon(rest)).map(|a| r.afternoon = Some(a)),
        Some('%') => literal(rest, '%'),
        Some(c @ ('D' | 'U' | 'u' | 'V' | 'w' | 'X')) => return Err(bad(format!("%{c} not supported in date format string"))),
        Some(c) => literal(rest, c),
        None => return Err(bad("Invalid date format string")),
    })
}

fn clock(rest: &mut &str, r: &mut Read) -> Option<()> {
    r.hour = digits(rest, 2)?;
    literal(rest, ':')?;
    r.minute = digits(rest, 2)?;
    literal(rest, ':')?;
    r.second = digits(rest, 2)?;
    Some(())
}
fn afternoon(rest: &mut &str) -> Option<bool> {
    let which = match rest.get(..2)?.to_ascii_uppercase().as_str() {
        "AM" => false,
        "PM" => true,
        _ => return None,
    };
    *rest = &rest[2..];
    Some(which)
}

/// A run of one letter, or a literal.
enum Piece {
    Field(char, usize),
    Text(String),
}

fn pieces(pattern: &str) -> Result<Vec<Piece>, String> {
    let mut all = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' {
            if chars.next_if_eq(&'\'').is_some() {
                all.push(Piece::Text("'".into()));
                continue;
            }
            all.push(Piece::Text(chars.by_ref().take_while(|c| *c != '\'').collect()));
        } else if c.is_ascii_alphabetic() {
            let mut count = 1;
            while chars.next_if_eq(&c).is_some() {
                count += 1;
            }
            all.push(Piece::Field(c, count));
        } else {
            all.push(Piece::Text(c.to_string()));
        }
    }
    if all.is_empty() {
        return Err(bad("Invalid pattern specification"));
    }
    Ok(all)
}

/// Local micros in Joda's pattern.
pub(crate) fn joda(local: i64, zone: &str, offset_secs: i64, pattern: &str) -> Result<String, String> {
    let p = parts(local);
    let mut out = String::new();
    for piece in pieces(pattern)? {
        let (c, n) = match piece {
            Piece::Text(text) => {
                out += &text;
                continue;
            }
            Piece::Field(c, n) => (c, n),
        };
        let padded = |v: i64| format!("{v:0n$}");
        let named = |names: &[&str], at: i64| names[at as usize - 1][..if n >= 4 { names[at as usize - 1].len() } else { 3 }].to_owned();
        out += &match c {
            'y' | 'Y' | 'x' => {
                let year = if c == 'x' { time::iso_week(p.day).0 } else { p.year };
                if n == 2 { format!("{:02}", year % 100) } else { padded(year) }
            }
            'M' if n >= 3 => named(&MONTHS, p.month),
            'M' => padded(p.month),
            'd' => padded(p.of_month),
            'D' => padded(time::day_of_year(p.day)),
            'w' => padded(time::iso_week(p.day).1),
            'e' => padded(time::weekday(p.day)),
            'E' => named(&WEEKDAYS, time::weekday(p.day)),
            'H' => padded(p.hour),
            'k' => padded(if p.hour == 0 { 24 } else { p.hour }),
            'h' => padded(twelve(p.hour)),
            'K' => padded(p.hour % 12),
            'm' => padded(p.minute),
            's' => padded(p.second),
            'S' => format!("{:06}000", p.micros).chars().chain(std::iter::repeat('0')).take(n).collect(),
            'a' => half(p.hour).to_owned(),
            'G' => "AD".to_owned(),
            'C' => padded(p.year / 100),
            'Z' if n >= 3 => time::zone_name(zone),
            'z' => time::zone_name(zone),
            'Z' => {
                let colon = if n == 2 { ":" } else { "" };
                format!(
                    "{}{:02}{colon}{:02}",
                    if offset_secs < 0 { '-' } else { '+' },
                    offset_secs.abs() / 3600,
                    offset_secs.abs() / 60 % 60
                )
            }
            other => return Err(bad(format!("Illegal pattern component: {other}"))),
        };
    }
    Ok(out)
}

/// Local micros, and the zone if the text names one.
pub(crate) fn parse_joda(text: &str, pattern: &str) -> Result<(i64, Option<String>), String> {
    let wrong = |rest: &str| {
        bad(format!(
            "Invalid format: \"{text}\"{}",
            if rest.is_empty() || rest.len() == text.len() { String::new() } else { format!(" is malformed at \"{rest}\"") }
        ))
    };
    let (mut rest, mut r) = (text, Read::default());
    let all = pieces(pattern)?;
    for (i, piece) in all.iter().enumerate() {
        let step = match piece {
            Piece::Text(t) => rest.strip_prefix(t.as_str()).map(|left| rest = left),
            Piece::Field(c, n) => {
                // Digits that another field follows at once are as many as the letters.
                let tight = matches!(all.get(i + 1), Some(Piece::Field(..)));
                joda_step(&mut rest, *c, *n, tight, &mut r)
            }
        };
        step.ok_or_else(|| wrong(rest))?;
    }
    if !rest.is_empty() {
        return Err(wrong(rest));
    }
    Ok((r.local().ok_or_else(|| wrong(""))?, r.zone))
}

fn joda_step(rest: &mut &str, c: char, n: usize, tight: bool, r: &mut Read) -> Option<()> {
    let most = |usual: usize| if tight { n } else { usual.max(n) };
    match c {
        'y' | 'Y' | 'x' => {
            let before = rest.len();
            let year = digits(rest, most(9))?;
            r.year = Some(if n == 2 && before - rest.len() == 2 { if year < 70 { 2000 + year } else { 1900 + year } } else { year });
        }
        'M' if n >= 3 => r.month = name(rest, &MONTHS)?,
        'M' => r.month = digits(rest, most(2))?,
        'd' => r.day = digits(rest, most(2))?,
        'D' => r.of_year = Some(digits(rest, most(3))?),
        'w' => r.week = Some(digits(rest, most(2))?),
        'e' => r.weekday = Some(digits(rest, 1)?),
        'E' => {
            name(rest, &WEEKDAYS)?;
        }
        'H' | 'h' | 'K' => r.hour = digits(rest, most(2))?,
        'k' => r.hour = digits(rest, most(2))? % 24,
        'm' => r.minute = digits(rest, most(2))?,
        's' => r.second = digits(rest, most(2))?,
        'S' => r.micros = fraction(rest, most(9))?,
        'a' => r.afternoon = Some(afternoon(rest)?),
        'Z' | 'z' => {
            let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-:/_".contains(c))).unwrap_or(rest.len());
            if !time::is_zone(&rest[..end]) {
                return None;
            }
            r.zone = Some(time::zone_name(&rest[..end]));
            *rest = &rest[end..];
        }
        _ => return None,
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_write_and_read() {
        let at = parse_mysql("2022-10-20 05:10:00", "%Y-%m-%d %H:%i:%s").unwrap();
        assert_eq!(mysql(at, "%m-%d-%Y %H %p").unwrap(), "10-20-2022 05 AM");
        assert_eq!(joda(at, "UTC", 0, "yyyy/MM/dd'T'HH:mm, EEE MMM").unwrap(), "2022/10/20T05:10, Thu Oct");
        assert_eq!(parse_joda("20221020 0510 +02:00", "yyyyMMdd HHmm Z").unwrap(), (at, Some("+02:00".into())));
        assert!(parse_mysql("2022-13-01", "%Y-%m-%d").is_err() && parse_mysql("x", "%Y").is_err());
    }
}
