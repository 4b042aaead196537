//! Whether an answer is like a recorded one, where a recording's placeholders stand for any text: of the recordings whose placeholders say
//! no more than what kind of thing they are. Where they are numbered, see [`recorded`](crate::recorded).

use regex::Regex;
use serde_json::Value;
use std::sync::OnceLock;

/// What stands for what in a service's recordings.
pub struct Rules {
    any: &'static [&'static str],
    placeholder: &'static str,
    unread: &'static [&'static str],
    numbers: bool,
    compiled: OnceLock<Regex>,
}

impl Rules {
    /// Texts that as a whole stand for anything; an expression of what within a text does; members that may be recorded and not answered;
    /// whether a text that begins with `<` stands for a number too.
    pub const fn new(any: &'static [&'static str], placeholder: &'static str, unread: &'static [&'static str], numbers: bool) -> Rules {
        Rules { any, placeholder, unread, numbers, compiled: OnceLock::new() }
    }

    /// Says where an answer differs. Lists and objects that AWS gives as text are compared as what they are.
    pub fn like(&self, recorded: &Value, ours: &Value) -> Result<(), String> {
        match (recorded, ours) {
            (Value::Object(recorded), Value::Object(ours)) => {
                if let Some(name) = ours.keys().find(|name| !recorded.contains_key(*name)) {
                    return Err(format!("{name} is not recorded"));
                }
                recorded.iter().filter(|(name, _)| !self.unread.contains(&name.as_str())).try_for_each(|(name, recorded)| {
                    let ours = ours.get(name).ok_or(format!("{name} is missing"))?;
                    self.like(recorded, ours).map_err(|why| format!("{name}: {why}"))
                })
            }
            (Value::Array(recorded), Value::Array(ours)) => {
                if recorded.len() != ours.len() {
                    return Err(format!("{} items where {} are recorded", ours.len(), recorded.len()));
                }
                let mut pairs = recorded.iter().zip(ours).enumerate();
                pairs.try_for_each(|(at, (recorded, ours))| self.like(recorded, ours).map_err(|why| format!("{at}: {why}")))
            }
            (Value::Object(_) | Value::Array(_), Value::String(text)) => {
                let ours = serde_json::from_str(text).map_err(|e| format!("{text} is not JSON: {e}"))?;
                self.like(recorded, &ours)
            }
            (Value::String(recorded), Value::String(ours)) => self.text(recorded, ours),
            (Value::String(recorded), Value::Number(_)) if self.numbers && recorded.starts_with('<') => Ok(()),
            (Value::String(recorded), _) if self.any.contains(&recorded.as_str()) => Ok(()),
            _ if recorded == ours => Ok(()),
            _ => Err(format!("{ours} where {recorded} is recorded")),
        }
    }

    fn text(&self, recorded: &str, ours: &str) -> Result<(), String> {
        if self.any.contains(&recorded) {
            return Ok(());
        }
        let placeholder = self.compiled.get_or_init(|| Regex::new(self.placeholder).unwrap());
        let mut rest = ours;
        for (n, piece) in placeholder.split(recorded).enumerate() {
            // What stands before a piece is the placeholder's, which is at least one character long.
            let from = usize::from(n > 0);
            let found = rest.get(from..).and_then(|rest| if n == 0 { rest.starts_with(piece).then_some(0) } else { rest.find(piece) });
            let Some(at) = found else { return Err(format!("{ours:?} where {recorded:?} is recorded")) };
            rest = &rest[from + at + piece.len()..];
        }
        match rest.is_empty() || placeholder.find_iter(recorded).last().is_some_and(|last| last.end() == recorded.len()) {
            true => Ok(()),
            false => Err(format!("{rest:?} is left of {ours:?} where {recorded:?} is recorded")),
        }
    }
}
