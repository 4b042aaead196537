//! Methods of Java's texts. Positions count characters, not bytes.

use super::{MOST_OUTPUT_BYTES, Problem, Value, method, work::Work};

/// What a part of a split text counts as.
const PART_WORK: usize = 64;

/// Calls a method of a text.
pub(crate) fn call(text: &str, name: &str, arguments: &[Value], work: &mut Work) -> Result<Value, Problem> {
    work.done(text.len())?;
    let texts: Vec<String> = arguments.iter().map(Value::shown).collect();
    let first = texts.first().map(String::as_str);
    Ok(match (name, arguments, first) {
        ("length", [], _) => Value::Int(text.chars().count() as i64),
        ("isEmpty", [], _) => Value::Bool(text.is_empty()),
        ("isBlank", [], _) => Value::Bool(text.trim().is_empty()),
        ("toLowerCase", [], _) => Value::text(text.to_lowercase()),
        ("toUpperCase", [], _) => Value::text(text.to_uppercase()),
        ("trim" | "strip", [], _) => Value::text(text.trim()),
        ("hashCode", [], _) => Value::Int(i64::from(text.encode_utf16().fold(0i32, |h, c| h.wrapping_mul(31).wrapping_add(i32::from(c))))),
        ("contains", [_], Some(part)) => Value::Bool(text.contains(part)),
        ("startsWith", [_], Some(part)) => Value::Bool(text.starts_with(part)),
        ("endsWith", [_], Some(part)) => Value::Bool(text.ends_with(part)),
        ("equals", [other], _) => Value::Bool(matches!(other, Value::Text(other) if **other == *text)),
        ("equalsIgnoreCase", [_], Some(other)) => Value::Bool(text.to_lowercase() == other.to_lowercase()),
        ("compareTo", [_], Some(other)) => Value::Int(text.cmp(other) as i64),
        ("concat", [_], Some(other)) => Value::text(format!("{text}{other}")),
        ("indexOf", [_], Some(part)) => position(text, text.find(part)),
        ("indexOf", [_, Value::Int(from)], Some(part)) => {
            let start = offset(text, *from).unwrap_or(text.len());
            position(text, text[start..].find(part).map(|at| at + start))
        }
        ("lastIndexOf", [_], Some(part)) => position(text, text.rfind(part)),
        ("charAt", [Value::Int(at)], _) => {
            usize::try_from(*at).ok().and_then(|at| text.chars().nth(at)).map_or(Value::Null, |c| Value::text(c.to_string()))
        }
        ("substring" | "subSequence", [Value::Int(from)], _) => offset(text, *from).map_or(Value::Null, |from| Value::text(&text[from..])),
        ("substring" | "subSequence", [Value::Int(from), Value::Int(to)], _) => {
            let part = offset(text, *from).zip(offset(text, *to)).and_then(|(from, to)| text.get(from..to));
            part.map_or(Value::Null, Value::text)
        }
        ("replace", [_, _], Some(old)) => {
            sized(text.matches(old).count(), texts[1].len())?;
            Value::text(text.replace(old, &texts[1]))
        }
        ("replaceAll", [_, _], Some(pattern)) => {
            let pattern = work.pattern(pattern, text.len())?;
            let replacement = replacement(&texts[1]);
            sized(pattern.find_iter(text).count(), texts[1].len())?;
            // Each `$n` repeats at most what was found, and what is found doesn't overlap.
            sized(1 + replacement.matches("${").count(), text.len())?;
            Value::text(pattern.replace_all(text, replacement))
        }
        ("replaceFirst", [_, _], Some(pattern)) => Value::text(work.pattern(pattern, text.len())?.replace(text, replacement(&texts[1]))),
        ("matches", [_], Some(pattern)) => Value::Bool(work.pattern(&format!("^(?:{pattern})$"), text.len())?.is_match(text)),
        ("split", [_], Some(pattern)) => split(text, pattern, 0, work)?,
        ("split", [_, Value::Int(limit)], Some(pattern)) => split(text, pattern, *limit, work)?,
        ("repeat", [Value::Int(times)], _) => {
            let times = usize::try_from(*times).unwrap_or(0);
            sized(times, text.len())?;
            Value::text(text.repeat(times))
        }
        _ => method::plain(&Value::text(text), name, arguments),
    })
}

/// Refuses what would grow beyond what may be printed.
fn sized(times: usize, bytes: usize) -> Result<(), Problem> {
    match times.saturating_mul(bytes) > MOST_OUTPUT_BYTES {
        true => Err(Problem("a text grows too large".into())),
        false => Ok(()),
    }
}

fn position(text: &str, at: Option<usize>) -> Value {
    Value::Int(at.map_or(-1, |at| text[..at].chars().count() as i64))
}

fn offset(text: &str, chars: i64) -> Option<usize> {
    let chars = usize::try_from(chars).ok()?;
    text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(chars)
}

/// Java's `$1` is followed by anything, `${1}` is how it is said here; `\$` stands for itself.
fn replacement(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('$') => out.push_str("$$"),
                Some(c) => out.push(c),
                None => {}
            },
            '$' if chars.peek().is_some_and(char::is_ascii_digit) => {
                out.push_str("${");
                while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    out.push(digit);
                }
                out.push('}');
            }
            c => out.push(c),
        }
    }
    out
}

/// Java's split: without a limit, empty texts at the end are left out.
fn split(text: &str, pattern: &str, limit: i64, work: &mut Work) -> Result<Value, Problem> {
    let pattern = work.pattern(pattern, text.len())?;
    work.done(pattern.find_iter(text).count() * PART_WORK)?;
    let mut parts: Vec<&str> = match usize::try_from(limit) {
        Ok(limit) if limit > 0 => pattern.splitn(text, limit).collect(),
        _ => pattern.split(text).collect(),
    };
    if parts.len() > 1 && parts.first() == Some(&"") && pattern.find(text).is_some_and(|m| m.end() == 0) {
        parts.remove(0);
    }
    while limit == 0 && parts.len() > 1 && parts.last() == Some(&"") {
        parts.pop();
    }
    Ok(Value::list(parts.into_iter().map(Value::text).collect()))
}
