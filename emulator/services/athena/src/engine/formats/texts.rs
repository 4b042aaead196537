//! Lines of fields: Hive's plain text, quoted CSV, regular expressions. What a field can't be is NULL in Hive's plain text, an error in CSV.

use super::{BATCH_ROWS, Format, batch, json, wanted};
use crate::engine::trino::{cast, ty::Ty, val::Val};
use datafusion::arrow::{array::RecordBatch, datatypes::SchemaRef};

type Fields = Vec<Option<String>>;

pub(super) fn read(format: &Format, bytes: &[u8], file: &SchemaRef, columns: &[usize]) -> Result<Vec<RecordBatch>, String> {
    let schema = wanted(file, columns)?;
    let types: Vec<Ty> = schema.fields().iter().map(|f| Ty::of(f)).collect();
    let mut made: Vec<Vec<Val>> = vec![Vec::new(); types.len()];
    let (mut batches, mut rows) = (Vec::new(), 0);
    let mut take = |fields: Fields| -> Result<(), String> {
        for ((place, ty), column) in columns.iter().zip(&types).zip(&mut made) {
            let text = fields.get(*place).and_then(Option::as_deref);
            column.push(
                text.map_or(Ok(Val::Null), |text| value(format, text, ty, 0))
                    .map_err(|e| format!("HIVE_BAD_DATA: Error parsing field value '{}' for field {place}: {e}", text.unwrap_or("")))?,
            );
        }
        rows += 1;
        if rows == BATCH_ROWS {
            batches.push(batch(std::mem::replace(&mut made, vec![Vec::new(); types.len()]), rows, &schema)?);
            rows = 0;
        }
        Ok(())
    };
    let text = String::from_utf8_lossy(bytes);
    match format {
        Format::Lazy { field, escape, null, skip, .. } => {
            for line in text.lines().skip(*skip) {
                let fields = lazy(line, *field, *escape);
                take(fields.into_iter().map(|f| (f != *null).then_some(f)).collect())?;
            }
        }
        Format::Csv { separator, quote, escape, skip } => {
            let mut rest = text.as_ref();
            for _ in 0..*skip {
                rest = rest.split_once('\n').map_or("", |(_, rest)| rest);
            }
            while !rest.is_empty() {
                let (fields, left) = csv(rest, *separator as char, *quote as char, *escape as char);
                rest = left;
                take(fields.into_iter().map(Some).collect())?;
            }
        }
        Format::Regex { pattern, skip } => {
            let pattern =
                fancy_regex::Regex::new(&format!("^(?:{pattern})$")).map_err(|e| format!("HIVE_INVALID_METADATA: input.regex: {e}"))?;
            for line in text.lines().skip(*skip) {
                let found = pattern.captures(line).map_err(|e| e.to_string())?;
                let groups = found.map(|c| (1..c.len()).map(|i| c.get(i).map(|m| m.as_str().to_owned())).collect()).unwrap_or_default();
                take(groups)?;
            }
        }
        Format::Grok { pattern, custom, skip } => {
            let grok = grok::Grok::new(pattern, custom).map_err(|e| format!("HIVE_INVALID_METADATA: input.format: {e}"))?;
            for line in text.lines().skip(*skip) {
                take(grok.read(line).unwrap_or_default().into_iter().map(|f| f.map(str::to_owned)).collect())?;
            }
        }
        _ => return Err("not a format of lines".into()),
    }
    if rows > 0 {
        batches.push(batch(made, rows, &schema)?);
    }
    Ok(batches)
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
        assert_eq!(lazy("a\\,b,c", ',', Some('\\')), ["a,b", "c"]);
    }
}
