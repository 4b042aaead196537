//! Text Ion: values, containers and annotations. The words that they are made of are `tokens.rs`.

use crate::{
    Error, Result, Value,
    reader::Item,
    symbols::{Symbols, TABLE},
    tokens::{Text, Word},
    value::Budget,
};

/// What stands at a place of the stream, and where it ends; `None` at the end.
pub(crate) fn item(bytes: &[u8], at: usize, symbols: &Symbols) -> Result<Option<(Item, usize)>> {
    let mut text = Text { bytes, at };
    text.space()?;
    if text.is_done() {
        return Ok(None);
    }
    let mut budget = Budget::default();
    let read = value(&mut text, symbols, &mut budget, false)?;
    let item = match read.value {
        Value::Struct(fields) if read.first.as_deref() == Some(TABLE) => Item::Table(fields),
        Value::Symbol(name) if read.first.is_none() && read.plain && is_version(&name) => match name.as_str() {
            "$ion_1_0" => Item::Version,
            _ => return Err(Error::Unsupported("another version than 1.0")),
        },
        value => Item::Value(value),
    };
    Ok(Some((item, text.at)))
}

/// `$ion_1_0`
fn is_version(name: &str) -> bool {
    let numbers = name.strip_prefix("$ion_").and_then(|rest| rest.split_once('_'));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    numbers.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

/// A value with what stood before it.
struct Read {
    value: Value,
    /// The first annotation.
    first: Option<String>,
    /// A symbol that is neither quoted nor a number.
    plain: bool,
}

/// A value with its annotations. Operators are symbols inside of parentheses only.
fn value(text: &mut Text<'_>, symbols: &Symbols, budget: &mut Budget, operators: bool) -> Result<Read> {
    let mut first = None;
    loop {
        budget.part()?;
        let place = text.at;
        let word = text.word(operators)?;
        let (name, plain) = match word {
            Word::Plain(name) => (name, true),
            Word::Quoted(name) => (name, false),
            Word::Number(number) => (budget.symbol(symbols.text(number, place)?)?, false),
            word => return Ok(Read { value: inside(text, word, symbols, budget)?, first, plain: false }),
        };
        let after = text.at;
        text.space()?;
        if text.takes(b"::") {
            if plain && matches!(name.as_str(), "null" | "true" | "false" | "nan") {
                return Err(Error::Broken("an annotation that is a word of Ion's", place));
            }
            first.get_or_insert(name);
            text.space()?;
            if text.is_done() {
                return Err(Error::Cut);
            }
            continue;
        }
        text.at = after;
        let value = match (plain, name.as_str()) {
            (true, "null") => {
                text.null_type()?;
                Value::Null
            }
            (true, "true") => Value::Bool(true),
            (true, "false") => Value::Bool(false),
            (true, "nan") => Value::Float(f64::NAN),
            _ => Value::Symbol(name),
        };
        return Ok(Read { value, first, plain });
    }
}

/// A value that is no symbol.
fn inside(text: &mut Text<'_>, word: Word, symbols: &Symbols, budget: &mut Budget) -> Result<Value> {
    match word {
        Word::Value(value) => Ok(value),
        Word::Open(open) => {
            budget.enter()?;
            let made = match open {
                b'{' => Value::Struct(fields(text, symbols, budget)?),
                b'[' => Value::List(list(text, symbols, budget)?),
                _ => Value::Sexp(sexp(text, symbols, budget)?),
            };
            budget.leave();
            Ok(made)
        }
        Word::Plain(_) | Word::Quoted(_) | Word::Number(_) => Err(Error::Broken("no value", text.at)),
    }
}

fn list(text: &mut Text<'_>, symbols: &Symbols, budget: &mut Budget) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    loop {
        text.space()?;
        if text.takes(b"]") {
            return Ok(all);
        }
        all.push(value(text, symbols, budget, false)?.value);
        text.space()?;
        match text.peek()? {
            b',' => text.at += 1,
            b']' => {}
            _ => return Err(Error::Broken("a list without commas", text.at)),
        }
    }
}

fn sexp(text: &mut Text<'_>, symbols: &Symbols, budget: &mut Budget) -> Result<Vec<Value>> {
    let mut all = Vec::new();
    loop {
        text.space()?;
        if text.takes(b")") {
            return Ok(all);
        }
        all.push(value(text, symbols, budget, true)?.value);
    }
}

fn fields(text: &mut Text<'_>, symbols: &Symbols, budget: &mut Budget) -> Result<Vec<(String, Value)>> {
    let mut all = Vec::new();
    loop {
        text.space()?;
        if text.takes(b"}") {
            return Ok(all);
        }
        let place = text.at;
        let name = match text.word(false)? {
            Word::Plain(name) if matches!(name.as_str(), "null" | "true" | "false" | "nan") => {
                return Err(Error::Broken("a field's name that is a word of Ion's", place));
            }
            Word::Plain(name) | Word::Quoted(name) | Word::Value(Value::String(name)) => name,
            Word::Number(number) => budget.symbol(symbols.text(number, place)?)?,
            _ => return Err(Error::Broken("no name of a field", place)),
        };
        text.space()?;
        match text.peek()? {
            b':' if text.bytes.get(text.at + 1) != Some(&b':') => text.at += 1,
            _ => return Err(Error::Broken("a field without a colon", text.at)),
        }
        text.space()?;
        if text.is_done() {
            return Err(Error::Cut);
        }
        all.push((name, value(text, symbols, budget, false)?.value));
        text.space()?;
        match text.peek()? {
            b',' => text.at += 1,
            b'}' => {}
            _ => return Err(Error::Broken("a struct without commas", text.at)),
        }
    }
}
