//! Texts.

use super::{super::val::Val, Plain, bad};
use unicode_normalization::UnicodeNormalization;

/// Characters that a text made by a function may have.
const LONGEST: usize = 1 << 20;

fn s(text: impl Into<String>) -> Result<Val, String> {
    Ok(Val::Str(text.into()))
}
fn b(yes: bool) -> Result<Val, String> {
    Ok(Val::Bool(yes))
}
fn i(n: usize) -> Result<Val, String> {
    Ok(Val::Int(n as i64))
}

/// From `start`, counted from one, from the end where negative; nothing for zero and beyond.
fn substr(text: &str, start: i64, length: Option<i64>) -> String {
    let count = text.chars().count() as i64;
    let from = if start > 0 { start - 1 } else { count + start };
    if start == 0 || from < 0 || from >= count {
        return String::new();
    }
    text.chars().skip(from as usize).take(length.unwrap_or(count).max(0) as usize).collect()
}

fn padded(a: &[Val], left: bool) -> Result<Val, String> {
    let (text, size, with) = (a[0].str(), a[1].int(), a[2].str());
    if !(0..=LONGEST as i64).contains(&size) {
        return Err(bad(format!("Target length must be in the range [0..{}]", i32::MAX)));
    }
    if with.is_empty() {
        return Err(bad("Padding string must not be empty"));
    }
    let count = text.chars().count();
    if count >= size as usize {
        return s(text.chars().take(size as usize).collect::<String>());
    }
    let pad: String = with.chars().cycle().take(size as usize - count).collect();
    s(if left { pad + text } else { format!("{text}{pad}") })
}

/// Place of the n-th occurrence, counted from one; from the end where n is negative; zero for none.
fn position(text: &str, part: &str, nth: i64) -> Result<Val, String> {
    if nth == 0 {
        return Err(bad("'instance' must not be zero"));
    }
    let found: Vec<usize> = (0..=text.len()).filter(|at| text.is_char_boundary(*at) && text[*at..].starts_with(part)).collect();
    let at =
        if nth > 0 { found.get(nth as usize - 1) } else { found.len().checked_sub(nth.unsigned_abs() as usize).and_then(|i| found.get(i)) };
    i(at.map_or(0, |at| text[..*at].chars().count() + 1))
}

fn levenshtein(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut line: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = i;
        line[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let next = (corner + (x != y) as usize).min(line[j] + 1).min(line[j + 1] + 1);
            corner = std::mem::replace(&mut line[j + 1], next);
        }
    }
    line[b.len()]
}

fn soundex(text: &str) -> String {
    let code = |c: char| match c.to_ascii_uppercase() {
        'B' | 'F' | 'P' | 'V' => '1',
        'C' | 'G' | 'J' | 'K' | 'Q' | 'S' | 'X' | 'Z' => '2',
        'D' | 'T' => '3',
        'L' => '4',
        'M' | 'N' => '5',
        'R' => '6',
        'H' | 'W' => '-',
        _ => '0',
    };
    let letters: Vec<char> = text.chars().filter(char::is_ascii_alphabetic).collect();
    let Some(first) = letters.first() else { return String::new() };
    let mut out = first.to_ascii_uppercase().to_string();
    let mut last = code(*first);
    for c in &letters[1..] {
        let code = code(*c);
        if code != '-' {
            if code != '0' && code != last {
                out.push(code);
            }
            last = code;
        }
    }
    format!("{out:0<4}")[..4].to_owned()
}

fn split(text: &str, by: &str, limit: Option<i64>) -> Result<Val, String> {
    if by.is_empty() {
        return Err(bad("The delimiter may not be the empty string"));
    }
    let parts: Vec<&str> = match limit {
        Some(limit) if limit <= 0 => return Err(bad("Limit must be positive")),
        Some(limit) => text.splitn(limit as usize, by).collect(),
        None => text.split(by).collect(),
    };
    Ok(Val::Arr(parts.into_iter().map(Val::text).collect()))
}

fn pairs(a: &[Val]) -> Result<Vec<(String, String)>, String> {
    let (text, entries, keys) = (a[0].str(), a[1].str(), a[2].str());
    let pair = |entry: &str| {
        let (key, value) = entry
            .split_once(keys)
            .ok_or_else(|| bad(format!("Key-value delimiter must appear exactly once in each entry. Bad input: '{entry}'")))?;
        Ok((key.to_owned(), value.to_owned()))
    };
    if text.is_empty() {
        return Ok(Vec::new());
    }
    text.split(entries).filter(|e| !e.is_empty()).map(pair).collect()
}

fn trimmed(text: &str, set: &str, left: bool, right: bool) -> Val {
    let within = |c: char| set.contains(c);
    let text = if left { text.trim_start_matches(within) } else { text };
    Val::text(if right { text.trim_end_matches(within) } else { text })
}
fn blank(text: &str, left: bool, right: bool) -> Val {
    let text = if left { text.trim_start() } else { text };
    Val::text(if right { text.trim_end() } else { text })
}

fn normalized(text: &str, form: &str) -> Result<Val, String> {
    s(match form.to_ascii_uppercase().as_str() {
        "NFC" => text.nfc().collect::<String>(),
        "NFD" => text.nfd().collect(),
        "NFKC" => text.nfkc().collect(),
        "NFKD" => text.nfkd().collect(),
        _ => return Err(bad(format!("Normalization form must be one of [NFD, NFC, NFKD, NFKC]: {form}"))),
    })
}

pub(super) const PLAIN: Plain = &[
    ("length(varchar)->bigint", |_, a| i(a[0].str().chars().count())),
    ("lower(varchar)->varchar", |_, a| s(a[0].str().to_lowercase())),
    ("upper(varchar)->varchar", |_, a| s(a[0].str().to_uppercase())),
    ("reverse(varchar)->varchar", |_, a| s(a[0].str().chars().rev().collect::<String>())),
    ("concat(varchar,varchar...)->varchar", |_, a| s(a.iter().map(Val::str).collect::<String>())),
    ("$concat(varchar,varchar)->varchar", |_, a| s(format!("{}{}", a[0].str(), a[1].str()))),
    ("!concat_ws(varchar,varchar...)->varchar", |_, a| {
        if a[0].is_null() {
            Ok(Val::Null)
        } else {
            s(a[1..].iter().filter(|v| !v.is_null()).map(Val::str).collect::<Vec<_>>().join(a[0].str()))
        }
    }),
    ("concat_ws(varchar,array(varchar))->varchar", |_, a| {
        s(a[1].arr().iter().filter(|v| !v.is_null()).map(Val::str).collect::<Vec<_>>().join(a[0].str()))
    }),
    ("substr(varchar,bigint)->varchar", |_, a| s(substr(a[0].str(), a[1].int(), None))),
    ("substr(varchar,bigint,bigint)->varchar", |_, a| s(substr(a[0].str(), a[1].int(), Some(a[2].int())))),
    ("substring(varchar,bigint)->varchar", |_, a| s(substr(a[0].str(), a[1].int(), None))),
    ("substring(varchar,bigint,bigint)->varchar", |_, a| s(substr(a[0].str(), a[1].int(), Some(a[2].int())))),
    ("trim(varchar)->varchar", |_, a| Ok(blank(a[0].str(), true, true))),
    ("ltrim(varchar)->varchar", |_, a| Ok(blank(a[0].str(), true, false))),
    ("rtrim(varchar)->varchar", |_, a| Ok(blank(a[0].str(), false, true))),
    ("trim(varchar,varchar)->varchar", |_, a| Ok(trimmed(a[0].str(), a[1].str(), true, true))),
    ("ltrim(varchar,varchar)->varchar", |_, a| Ok(trimmed(a[0].str(), a[1].str(), true, false))),
    ("rtrim(varchar,varchar)->varchar", |_, a| Ok(trimmed(a[0].str(), a[1].str(), false, true))),
    ("lpad(varchar,bigint,varchar)->varchar", |_, a| padded(a, true)),
    ("rpad(varchar,bigint,varchar)->varchar", |_, a| padded(a, false)),
    ("replace(varchar,varchar)->varchar", |_, a| s(a[0].str().replace(a[1].str(), ""))),
    ("replace(varchar,varchar,varchar)->varchar", |_, a| s(a[0].str().replace(a[1].str(), a[2].str()))),
    ("translate(varchar,varchar,varchar)->varchar", |_, a| {
        let (from, to): (Vec<char>, Vec<char>) = (a[1].str().chars().collect(), a[2].str().chars().collect());
        s(a[0]
            .str()
            .chars()
            .filter_map(|c| from.iter().position(|f| *f == c).map_or(Some(c), |at| to.get(at).copied()))
            .collect::<String>())
    }),
    ("strpos(varchar,varchar)->bigint", |_, a| position(a[0].str(), a[1].str(), 1)),
    ("strpos(varchar,varchar,bigint)->bigint", |_, a| position(a[0].str(), a[1].str(), a[2].int())),
    ("strrpos(varchar,varchar)->bigint", |_, a| position(a[0].str(), a[1].str(), -1)),
    ("position(varchar,varchar)->bigint", |_, a| position(a[1].str(), a[0].str(), 1)),
    ("starts_with(varchar,varchar)->boolean", |_, a| b(a[0].str().starts_with(a[1].str()))),
    ("ends_with(varchar,varchar)->boolean", |_, a| b(a[0].str().ends_with(a[1].str()))),
    ("split(varchar,varchar)->array(varchar)", |_, a| split(a[0].str(), a[1].str(), None)),
    ("split(varchar,varchar,bigint)->array(varchar)", |_, a| split(a[0].str(), a[1].str(), Some(a[2].int()))),
    ("split_part(varchar,varchar,bigint)->varchar", |_, a| {
        if a[2].int() <= 0 {
            return Err(bad("Index must be greater than zero"));
        }
        let Val::Arr(parts) = split(a[0].str(), a[1].str(), None)? else { return Ok(Val::Null) };
        Ok(parts.get(a[2].int() as usize - 1).cloned().unwrap_or(Val::Null))
    }),
    ("split_to_map(varchar,varchar,varchar)->map(varchar,varchar)", |_, a| {
        let mut map: Vec<(Val, Val)> = Vec::new();
        for (k, v) in pairs(a)? {
            if map.iter().any(|(known, _)| known.str() == k) {
                return Err(bad(format!("Duplicate keys ({k}) are not allowed")));
            }
            map.push((Val::Str(k), Val::Str(v)));
        }
        Ok(Val::Map(map))
    }),
    ("split_to_multimap(varchar,varchar,varchar)->map(varchar,array(varchar))", |_, a| {
        let mut map: Vec<(Val, Val)> = Vec::new();
        for (k, v) in pairs(a)? {
            match map.iter_mut().find(|(known, _)| known.str() == k) {
                Some((_, Val::Arr(all))) => all.push(Val::Str(v)),
                _ => map.push((Val::Str(k), Val::Arr(vec![Val::Str(v)]))),
            }
        }
        Ok(Val::Map(map))
    }),
    ("chr(bigint)->varchar", |_, a| {
        u32::try_from(a[0].int())
            .ok()
            .and_then(char::from_u32)
            .map(|c| Val::Str(c.into()))
            .ok_or_else(|| bad(format!("Not a valid Unicode code point: {}", a[0].int())))
    }),
    ("codepoint(varchar)->integer", |_, a| {
        let mut chars = a[0].str().chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => Ok(Val::Int(c as i64)),
            _ => Err(bad("Input must be a single character")),
        }
    }),
    ("levenshtein_distance(varchar,varchar)->bigint", |_, a| i(levenshtein(a[0].str(), a[1].str()))),
    ("hamming_distance(varchar,varchar)->bigint", |_, a| {
        let (x, y): (Vec<char>, Vec<char>) = (a[0].str().chars().collect(), a[1].str().chars().collect());
        if x.len() != y.len() {
            return Err(bad("The input strings to hamming_distance function must have the same length"));
        }
        i(x.iter().zip(&y).filter(|(x, y)| x != y).count())
    }),
    ("soundex(varchar)->varchar", |_, a| s(soundex(a[0].str()))),
    ("normalize(varchar)->varchar", |_, a| normalized(a[0].str(), "NFC")),
    ("normalize(varchar,varchar)->varchar", |_, a| normalized(a[0].str(), a[1].str())),
    ("luhn_check(varchar)->boolean", |_, a| {
        let text = a[0].str();
        if !text.bytes().all(|c| c.is_ascii_digit()) {
            return Err(bad("Input string must only contain digits"));
        }
        let digit = |(at, c): (usize, u8)| {
            let n = (c - b'0') as u32 * if at % 2 == 1 { 2 } else { 1 };
            n / 10 + n % 10
        };
        b(!text.is_empty() && text.bytes().rev().enumerate().map(digit).sum::<u32>() % 10 == 0)
    }),
    ("human_readable_seconds(double)->varchar", |_, a| {
        let mut rest = a[0].double().abs().round() as i64;
        let mut parts = Vec::new();
        for (name, size) in [("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)] {
            let count = rest / size;
            rest %= size;
            if count > 0 {
                parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
            }
        }
        s(if parts.is_empty() { "0 seconds".to_owned() } else { parts.join(", ") })
    }),
    ("format_number(double)->varchar", |_, a| s(short(a[0].double()))),
];

/// `1.23K`
fn short(n: f64) -> String {
    let mut size = n.abs();
    let mut unit = 0;
    while size >= 1000.0 && unit < 5 {
        size /= 1000.0;
        unit += 1;
    }
    let digits = if size < 10.0 {
        2
    } else if size < 100.0 {
        1
    } else {
        0
    };
    let text = format!("{size:.digits$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{}{text}{}", if n < 0.0 { "-" } else { "" }, ["", "K", "M", "B", "T", "Q"][unit])
}
