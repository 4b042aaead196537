//! Regular expressions: Trino's (Java's or Joni's) syntax on fancy-regex, which has backreferences and looks around.

use super::{super::val::Val, Plain, bad};
use fancy_regex::{Captures, Regex};
use std::{cell::RefCell, collections::HashMap, rc::Rc};

/// Patterns kept for a thread.
const KEPT: usize = 64;

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Rc<Regex>>> = RefCell::default();
}

fn pattern(text: &str) -> Result<Rc<Regex>, String> {
    PATTERNS.with_borrow_mut(|known| {
        if let Some(found) = known.get(text) {
            return Ok(found.clone());
        }
        let made = Rc::new(Regex::new(text).map_err(|e| bad(format!("Invalid regular expression: {e}")))?);
        if known.len() >= KEPT {
            known.clear();
        }
        known.insert(text.to_owned(), made.clone());
        Ok(made)
    })
}

fn slow(e: fancy_regex::Error) -> String {
    bad(format!("Regexp matching failed: {e}"))
}

fn group(captures: &Captures<'_, str>, n: i64) -> Val {
    usize::try_from(n).ok().and_then(|n| captures.get(n)).map_or(Val::Null, |m| Val::text(m.as_str()))
}

fn known_group(p: &Regex, n: i64) -> Result<(), String> {
    match n {
        n if n < 0 => Err(bad("Group cannot be negative")),
        n if n as usize >= p.captures_len() => Err(bad(format!("Pattern has {} groups. Cannot access group {n}", p.captures_len() - 1))),
        _ => Ok(()),
    }
}

fn extract(a: &[Val], n: i64) -> Result<Val, String> {
    let p = pattern(a[1].str())?;
    known_group(&p, n)?;
    Ok(p.captures(a[0].str()).map_err(slow)?.map_or(Val::Null, |c| group(&c, n)))
}

fn extract_all(a: &[Val], n: i64) -> Result<Val, String> {
    let p = pattern(a[1].str())?;
    known_group(&p, n)?;
    p.captures_iter(a[0].str()).map(|c| Ok(group(&c.map_err(slow)?, n))).collect::<Result<_, _>>().map(Val::Arr)
}

/// `$1`, `${name}` stand for groups, a backslash for the sign behind it.
fn replacement(template: &str, captures: &Captures<'_, str>) -> Result<String, String> {
    let mut out = String::new();
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            '$' if chars.peek() == Some(&'{') => {
                let name: String = chars.by_ref().skip(1).take_while(|c| *c != '}').collect();
                out += captures.name(&name).map_or("", |m| m.as_str());
            }
            '$' => {
                let mut digits = String::new();
                while chars.peek().is_some_and(char::is_ascii_digit) {
                    digits.extend(chars.next());
                }
                let n: usize = digits.parse().map_err(|_| bad("Illegal replacement sequence: $"))?;
                if n >= captures.len() {
                    return Err(bad(format!("Illegal replacement sequence: unknown group {n}")));
                }
                out += captures.get(n).map_or("", |m| m.as_str());
            }
            c => out.push(c),
        }
    }
    Ok(out)
}

fn replace(text: &str, p: &str, template: &str) -> Result<Val, String> {
    let (p, mut out, mut from) = (pattern(p)?, String::new(), 0);
    for captures in p.captures_iter(text) {
        let captures = captures.map_err(slow)?;
        let Some(whole) = captures.get(0) else { continue };
        out += &text[from..whole.start()];
        out += &replacement(template, &captures)?;
        from = whole.end();
    }
    Ok(Val::Str(out + &text[from..]))
}

pub(super) const PLAIN: Plain = &[
    ("regexp_like(varchar,varchar)->boolean", |_, a| Ok(Val::Bool(pattern(a[1].str())?.is_match(a[0].str()).map_err(slow)?))),
    ("regexp_extract(varchar,varchar)->varchar", |_, a| extract(a, 0)),
    ("regexp_extract(varchar,varchar,bigint)->varchar", |_, a| extract(a, a[2].int())),
    ("regexp_extract_all(varchar,varchar)->array(varchar)", |_, a| extract_all(a, 0)),
    ("regexp_extract_all(varchar,varchar,bigint)->array(varchar)", |_, a| extract_all(a, a[2].int())),
    ("regexp_replace(varchar,varchar)->varchar", |_, a| replace(a[0].str(), a[1].str(), "")),
    ("regexp_replace(varchar,varchar,varchar)->varchar", |_, a| replace(a[0].str(), a[1].str(), a[2].str())),
    ("regexp_split(varchar,varchar)->array(varchar)", |_, a| {
        let (text, mut parts, mut from) = (a[0].str(), Vec::new(), 0);
        for found in pattern(a[1].str())?.find_iter(text) {
            let found = found.map_err(slow)?;
            parts.push(Val::text(&text[from..found.start()]));
            from = found.end();
        }
        parts.push(Val::text(&text[from..]));
        Ok(Val::Arr(parts))
    }),
    ("regexp_count(varchar,varchar)->bigint", |_, a| Ok(Val::Int(pattern(a[1].str())?.find_iter(a[0].str()).count() as i64))),
    ("regexp_position(varchar,varchar)->bigint", |_, a| place(a, 1, 1)),
    ("regexp_position(varchar,varchar,bigint)->bigint", |_, a| place(a, a[2].int(), 1)),
    ("regexp_position(varchar,varchar,bigint,bigint)->bigint", |_, a| place(a, a[2].int(), a[3].int())),
];

/// Place of the n-th match at or after a character, counted from one; -1 for none.
fn place(a: &[Val], start: i64, nth: i64) -> Result<Val, String> {
    if start < 1 {
        return Err(bad("start position cannot be smaller than 1"));
    }
    if nth < 1 {
        return Err(bad("occurrence cannot be smaller than 1"));
    }
    let text = a[0].str();
    let Some((from, _)) = text.char_indices().nth(start as usize - 1) else { return Ok(Val::Int(-1)) };
    let found = pattern(a[1].str())?.find_iter(&text[from..]).nth(nth as usize - 1).transpose().map_err(slow)?;
    Ok(Val::Int(found.map_or(-1, |m| text[..from + m.start()].chars().count() as i64 + 1)))
}
