//! `${NAME}` and `${NAME:-otherwise}` in the strings of a configuration: passwords and endpoints stay out of files. `$$` is a dollar.

use super::{ConfigError, Lookup};
use toml::{Table, Value};

/// Expands all strings of a table, however deep. Keys stay as they are.
pub fn table(table: &mut Table, lookup: Lookup) -> Result<(), ConfigError> {
    table.iter_mut().try_for_each(|(key, value)| self::value(key, value, lookup))
}

fn value(key: &str, value: &mut Value, lookup: Lookup) -> Result<(), ConfigError> {
    match value {
        Value::String(text) => {
            *text = string(text, lookup).map_err(|why| super::sense(key, why))?;
            Ok(())
        }
        Value::Array(items) => items.iter_mut().try_for_each(|item| self::value(key, item, lookup)),
        Value::Table(inner) => table(inner, lookup),
        _ => Ok(()),
    }
}

fn string(text: &str, lookup: Lookup) -> Result<String, String> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        done.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            done.push('$');
            rest = after;
        } else if let Some(after) = rest.strip_prefix('{') {
            let (name, after) = after.split_once('}').ok_or("a ${ without its }")?;
            let (name, otherwise) = name.split_once(":-").map_or((name, None), |(name, otherwise)| (name, Some(otherwise)));
            let found = lookup(name).or(otherwise.map(str::to_owned));
            done.push_str(&found.ok_or(format!("the environment variable {name} is not set"))?);
            rest = after;
        } else {
            // A lone dollar ends a regular expression, say.
            done.push('$');
        }
    }
    done.push_str(rest);
    Ok(done)
}
