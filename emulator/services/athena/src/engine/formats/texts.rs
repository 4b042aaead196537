//! Lines of fields: Hive's plain text, quoted CSV, regular expressions. What a field can't be is NULL in Hive's plain text, an error in CSV.

use super::{
    Format, json,
    rows::{Lines, Records, Wrong},
};
use crate::engine::trino::{cast, ty::Ty, val::Val};
use datafusion::arrow::datatypes::SchemaRef;

type Fields = Vec<Option<String>>;

/// How a line becomes fields.
enum Cut {
    Lazy,
    Csv,
    Regex(Box<fancy_regex::Regex>),
    Grok(Box<grok::Grok>),
}

/// The records of an object as rows.
pub(super) struct Texts {
    format: Format,
    cut: Cut,
    /// Lines at the head that are none of the table's.
    skip: usize,
    /// Places of the columns among the fields, and their types.
    columns: Vec<(usize, Ty)>,
    line: Vec<u8>,
}

impl Texts {
    /// Rows of the columns at these places of the fields, of a schema's types.
    pub(super) fn new(format: &Format, schema: &SchemaRef, columns: &[usize]) -> Result<Texts, String> {
        let (cut, skip) = match format {
            Format::Lazy { skip, .. } => (Cut::Lazy, *skip),
            Format::Csv { skip, .. } => (Cut::Csv, *skip),
            Format::Regex { pattern, skip } => {
                let regex =
                    fancy_regex::Regex::new(&format!("^(?:{pattern})$")).map_err(|e| format!("HIVE_INVALID_METADATA: input.regex: {e}"))?;
                (Cut::Regex(Box::new(regex)), *skip)
            }
            Format::Grok { pattern, custom, skip } => {
                let grok = grok::Grok::new(pattern, custom).map_err(|e| format!("HIVE_INVALID_METADATA: input.format: {e}"))?;
                (Cut::Grok(Box::new(grok)), *skip)
            }
            _ => return Err("not a format of lines".into()),
        };
        let columns = columns.iter().copied().zip(schema.fields().iter().map(|f| Ty::of(f))).collect();
        Ok(Texts { format: format.clone(), cut, skip, columns, line: Vec::new() })
    }

    /// The next record of CSV: as many lines as its quotes hold together.
    fn record(&mut self, lines: &mut Lines, separator: u8, quote: u8, escape: u8) -> Result<Option<Fields>, Wrong> {
        self.line.clear();
        let (mut quoted, mut seen) = (false, 0);
        loop {
            if !lines.more(&mut self.line)? {
                break;
            }
            quoted = still_quoted(&self.line[seen..], quoted, quote, escape);
            seen = self.line.len();
            if !quoted {
                break;
            }
        }
        if self.line.is_empty() {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&self.line);
        Ok(Some(csv(&text, separator as char, quote as char, escape as char).0.into_iter().map(Some).collect()))
    }

    fn fields(&mut self, lines: &mut Lines) -> Result<Option<Fields>, Wrong> {
        if let Format::Csv { separator, quote, escape, .. } = self.format {
            return self.record(lines, separator, quote, escape);
        }
        let Some(line) = lines.next(&mut self.line)? else { return Ok(None) };
        let line = String::from_utf8_lossy(line);
        Ok(Some(match (&self.cut, &self.format) {
            (Cut::Regex(pattern), _) => {
                let found = pattern.captures(&*line).map_err(|e| e.to_string())?;
                found.map(|c| (1..c.len()).map(|i| c.get(i).map(|m| m.as_str().to_owned())).collect()).unwrap_or_default()
            }
            (Cut::Grok(grok), _) => grok.read(&line).unwrap_or_default().into_iter().map(|f| f.map(str::to_owned)).collect(),
            (_, Format::Lazy { field, escape, null, .. }) => {
                lazy(&line, *field, *escape).into_iter().map(|f| (f != *null).then_some(f)).collect()
            }
            _ => return Err("not a format of lines".to_owned().into()),
        }))
    }
}

impl Records for Texts {
    fn next(&mut self, lines: &mut Lines) -> Result<Option<Vec<Val>>, Wrong> {
        while self.skip > 0 {
            self.skip -= 1;
            lines.next(&mut self.line)?;
        }
        let Some(fields) = self.fields(lines)? else { return Ok(None) };
        let column = |(place, ty): &(usize, Ty)| {
            let text = fields.get(*place).and_then(Option::as_deref);
            text.map_or(Ok(Val::Null), |text| value(&self.format, text, ty, 0))
                .map_err(|e| format!("HIVE_BAD_DATA: Error parsing field value '{}' for field {place}: {e}", text.unwrap_or("")))
        };
        Ok(Some(self.columns.iter().map(column).collect::<Result<_, String>>()?))
    }
}

/// Whether a quoted field goes on behind a line, of which only this line is looked at.
fn still_quoted(line: &[u8], mut quoted: bool, quote: u8, escape: u8) -> bool {
    let mut bytes = line.iter().copied().peekable();
    while let Some(b) = bytes.next() {
        let next = bytes.peek().copied();
        if b == escape && b != quote && next.is_some_and(|n| n == quote || n == escape) || b == quote && quoted && next == Some(quote) {
            bytes.next();
        } else if b == quote {
            quoted = !quoted;
        }
    }
    quoted
}

/// Cuts a line at a delimiter; the escape's next sign stands for itself.
fn lazy(line: &str, delimiter: char, escape: Option<char>) -> Vec<String> {
    let Some(escape) = escape else { return line.split(delimiter).map(str::to_owned).collect() };
    let (mut fields, mut field) = (Vec::new(), String::new());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == escape {
            field.extend(chars.next());
        } else if c == delimiter {
            fields.push(std::mem::take(&mut field));
        } else {
            field.push(c);
        }
    }
    fields.push(field);
    fields
}

/// One record of CSV, whose quoted fields may hold ends of lines, and what follows it.
fn csv(text: &str, separator: char, quote: char, escape: char) -> (Vec<String>, &str) {
    let (mut fields, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == escape && c != quote && chars.peek().is_some_and(|(_, n)| *n == quote || *n == escape) {
            field.extend(chars.next().map(|(_, n)| n));
        } else if c == quote {
            match quoted && chars.peek().is_some_and(|(_, n)| *n == quote) {
                true => field.extend(chars.next().map(|(_, n)| n)),
                false => quoted = !quoted,
            }
        } else if c == separator && !quoted {
            fields.push(std::mem::take(&mut field));
        } else if c == '\n' && !quoted {
            if field.ends_with('\r') {
                field.pop();
            }
            fields.push(field);
            return (fields, &text[at + 1..]);
        } else {
            field.push(c);
        }
    }
    fields.push(field);
    (fields, "")
}

fn value(format: &Format, text: &str, ty: &Ty, depth: usize) -> Result<Val, String> {
    if ty.is_text() {
        return Ok(Val::text(text));
    }
    match format {
        Format::Lazy { .. } => Ok(lazy_value(format, text, ty, depth)),
        // OpenCSV's dates and timestamps are numbers of days and milliseconds; ISO's form is read as well.
        Format::Csv { .. } => match ty {
            _ if text.is_empty() => Ok(Val::Null),
            Ty::Date => text.parse::<i32>().map(Val::Date).or_else(|_| cast::cast(&Val::text(text), &Ty::VARCHAR, ty)),
            Ty::Timestamp(_) => text.parse::<i64>().map(|ms| Val::Ts(ms.saturating_mul(1000))).or_else(|_| json::moment(text)),
            ty => cast::cast(&Val::text(text), &Ty::VARCHAR, ty),
        },
        _ => Ok(cast::cast(&Val::text(text), &Ty::VARCHAR, ty).unwrap_or(Val::Null)),
    }
}

/// What a text can't be is NULL.
fn lazy_value(format: &Format, text: &str, ty: &Ty, depth: usize) -> Val {
    let Format::Lazy { collection, key, null, .. } = format else { return Val::Null };
    let (outer, inner) = if depth == 0 { (*collection, *key) } else { (*key, '\u{4}') };
    let part = |text: &str, ty: &Ty| match text {
        t if t == null => Val::Null,
        t if ty.is_text() => Val::text(t),
        t => lazy_value(format, t, ty, depth + 1),
    };
    match ty {
        Ty::Array(_) | Ty::Map(..) if text.is_empty() => {
            if matches!(ty, Ty::Map(..)) {
                Val::Map(Vec::new())
            } else {
                Val::Arr(Vec::new())
            }
        }
        Ty::Array(item) => Val::Arr(text.split(outer).map(|t| part(t, item)).collect()),
        Ty::Map(k, v) => {
            let entry = |t: &str| {
                let (a, b) = t.split_once(inner)?;
                Some((part(a, k), part(b, v)))
            };
            Val::Map(text.split(outer).filter_map(entry).collect())
        }
        Ty::Row(fields) => {
            let mut texts = text.split(outer);
            Val::Row(fields.iter().map(|(_, ty)| texts.next().map_or(Val::Null, |t| part(t, ty))).collect())
        }
        Ty::Timestamp(_) => json::moment(text).unwrap_or(Val::Null),
        Ty::Varbinary => Val::Bin(text.as_bytes().to_vec()),
        Ty::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" => Val::Bool(true),
            "false" => Val::Bool(false),
            _ => Val::Null,
        },
        ty => cast::cast(&Val::text(text), &Ty::VARCHAR, ty).unwrap_or(Val::Null),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_csv_are_cut_at_their_ends() {
        let (fields, rest) = csv("a,\"b,\"\"x\"\"\nc\",\\\"d\r\ne", ',', '"', '\\');
        assert_eq!((fields, rest), (vec!["a".into(), "b,\"x\"\nc".into(), "\"d".into()], "e"));
        for (line, open) in [("a,\"b\n", true), ("a,\"\"\n", false), ("\"x\"\"\n", true), ("a\\\"b\n", false)] {
            assert_eq!(still_quoted(line.as_bytes(), false, b'"', b'\\'), open, "{line}");
        }
        assert_eq!(lazy("a\\,b,c", ',', Some('\\')), ["a,b", "c"]);
    }
}
