//! Delimited text: which delimiter, whether the first row is a header, and what the columns hold.

use super::{
    Form, Found, Sample,
    kinds::{Column, Kind},
    scalar,
};

/// The delimiters that the built-in classifier knows, in its order.
const DELIMITERS: [char; 5] = [',', '|', '\t', ';', '\u{1}'];
/// Rows that are looked at for types.
const MOST_ROWS: usize = 10_000;
const MOST_COLUMNS: usize = 5_000;
/// A header's names are shorter than this.
const HEADER_CHARS: usize = 150;

/// How rows are written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Layout {
    pub delimiter: char,
    pub quote: Option<char>,
    pub header: bool,
    /// OpenCSVSerDe instead of LazySimpleSerDe.
    pub open: bool,
}

/// A customer's classifier.
#[derive(Clone, Debug)]
pub(crate) struct Custom {
    pub delimiter: Option<char>,
    pub quote: Option<char>,
    /// `None`: find out.
    pub contains_header: Option<bool>,
    pub header: Option<Vec<String>>,
    pub trim: bool,
    pub single_column: bool,
    /// The types that may be found; `None`: all that the built-in one finds.
    pub datatypes: Option<Vec<String>>,
    /// Which SerDe: `Some(true)` is OpenCSVSerDe.
    pub open: Option<bool>,
}

/// The built-in classifier: at least two columns, and two rows of data.
pub(crate) fn detect(sample: &Sample<'_>) -> Option<Found> {
    let text = sample.text()?;
    DELIMITERS.into_iter().find_map(|delimiter| {
        let rows = rows(text, delimiter, Some('"'), true)?;
        let width = rows.first()?.fields.len();
        let fits = (2..=MOST_COLUMNS).contains(&width) && rows.len() >= 2 && rows.iter().all(|row| row.fields.len() == width);
        if !fits {
            return None;
        }
        let header = has_header(&rows);
        if rows.len() < 2 + usize::from(header) && header {
            return None;
        }
        let quoted = rows.iter().any(|row| row.quoted);
        let layout = Layout { delimiter, quote: quoted.then_some('"'), header, open: quoted };
        Some(found(sample, "csv", &rows, layout, None, &|value| scalar::of_csv(value)))
    })
}

/// A customer's classifier: fits where each row has as many fields as the header or the first row.
pub(crate) fn custom(sample: &Sample<'_>, custom: &Custom) -> Option<Found> {
    let text = sample.text()?;
    let delimiters: Vec<char> = custom.delimiter.map_or_else(|| DELIMITERS.to_vec(), |d| vec![d]);
    delimiters.into_iter().find_map(|delimiter| {
        let rows = rows(text, delimiter, custom.quote, custom.trim)?;
        let width = custom.header.as_ref().map_or(rows.first()?.fields.len(), Vec::len);
        let least = if custom.single_column { 1 } else { 2 };
        if width < least || width > MOST_COLUMNS || rows.iter().any(|row| row.fields.len() != width) {
            return None;
        }
        let header = match (custom.contains_header, &custom.header) {
            (Some(known), _) => known,
            // The first row is the header where it says what the header says.
            (None, Some(names)) => rows[0].fields.iter().zip(names).all(|(field, name)| field.eq_ignore_ascii_case(name)),
            (None, None) => has_header(&rows),
        };
        let quoted = custom.quote.is_some() && rows.iter().any(|row| row.quoted);
        let layout = Layout { delimiter, quote: custom.quote, header, open: custom.open.unwrap_or(quoted) };
        let allowed = custom.datatypes.as_deref();
        Some(found(sample, "csv", &rows, layout, custom.header.as_deref(), &|value| typed(value, allowed)))
    })
}

struct Row {
    fields: Vec<String>,
    quoted: bool,
}

/// Rows of a text; empty lines are none. Quotes hold delimiters and line ends, a doubled quote is one. `None` where a quote never ends.
fn rows(text: &str, delimiter: char, quote: Option<char>, trim: bool) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    let (mut row, mut field) = (Row { fields: Vec::new(), quoted: false }, String::new());
    let mut chars = text.chars().peekable();
    let mut inside = false;
    let mut field_quoted = false;
    let end_field = |row: &mut Row, field: &mut String, quoted: bool| {
        let value = if trim && !quoted { field.trim().to_owned() } else { field.clone() };
        field.clear();
        row.fields.push(value);
    };
    while let Some(c) = chars.next() {
        if inside {
            match quote == Some(c) {
                true if chars.peek() == Some(&c) => field.extend(chars.next()),
                true => inside = false,
                false => field.push(c),
            }
        } else if quote == Some(c) && field.trim().is_empty() && !field_quoted {
            (inside, field_quoted, row.quoted) = (true, true, true);
            field.clear();
        } else if c == delimiter {
            end_field(&mut row, &mut field, std::mem::take(&mut field_quoted));
        } else if c == '\n' {
            if !row.fields.is_empty() || !field.trim().is_empty() || field_quoted {
                end_field(&mut row, &mut field, std::mem::take(&mut field_quoted));
                rows.push(std::mem::replace(&mut row, Row { fields: Vec::new(), quoted: false }));
                if rows.len() >= MOST_ROWS {
                    return Some(rows);
                }
            }
            field.clear();
        } else if c != '\r' {
            field.push(c);
        }
    }
    if inside {
        return None;
    }
    if !row.fields.is_empty() || !field.trim().is_empty() {
        end_field(&mut row, &mut field, field_quoted);
        rows.push(row);
    }
    Some(rows)
}

/// AWS's rule: the first row is all text, its names are short and look like names, and some column of the other rows is not text.
fn has_header(rows: &[Row]) -> bool {
    let (first, rest) = (&rows[0], &rows[1..]);
    let name = |field: &String| {
        let chars = field.chars().count();
        (1..HEADER_CHARS).contains(&chars) && scalar::of_csv(field) == Kind::String && field.chars().all(|c| c != '\t' && !c.is_control())
    };
    // A trailing delimiter leaves an empty last name.
    let last = first.fields.len() - 1;
    let names = first.fields.iter().enumerate().all(|(at, field)| name(field) || (at == last && field.is_empty()));
    let differs = (0..first.fields.len()).any(|at| !matches!(column(rest, at, &|v| scalar::of_csv(v)), Kind::String | Kind::Unknown));
    names && differs
}

fn column(rows: &[Row], at: usize, kind: &dyn Fn(&str) -> Kind) -> Kind {
    rows.iter().filter_map(|row| row.fields.get(at)).fold(Kind::Unknown, |sum, field| sum.merge(kind(field)))
}

fn found(
    sample: &Sample<'_>,
    classification: &str,
    rows: &[Row],
    layout: Layout,
    header: Option<&[String]>,
    kind: &dyn Fn(&str) -> Kind,
) -> Found {
    let data = &rows[usize::from(layout.header)..];
    let names: Vec<String> = match (header, layout.header) {
        (Some(names), _) => names.to_vec(),
        (None, true) => rows[0].fields.clone(),
        (None, false) => vec![String::new(); rows[0].fields.len()],
    };
    let mut columns: Vec<Column> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let name = if name.is_empty() { format!("col{at}") } else { name.clone() };
        let taken = columns.iter().any(|c| c.name.eq_ignore_ascii_case(&name));
        columns.push(Column::new(if taken { format!("{name}_{at}") } else { name }, column(data, at, kind)));
    }
    Found::of_text(classification, columns, Form::Csv(layout), data.len() as u64, sample)
}

/// The first of the allowed types, from narrow to wide, that a value has.
fn typed(value: &str, allowed: Option<&[String]>) -> Kind {
    let Some(allowed) = allowed else { return scalar::of_csv(value) };
    let value = value.trim();
    if value.is_empty() {
        return Kind::Unknown;
    }
    let may = |name: &str| allowed.iter().any(|a| a.eq_ignore_ascii_case(name));
    let date = |text: &str| text.len() == 10 && kit::time::parse_iso(&format!("{text}T00:00:00Z")).is_some();
    let tests: [(&str, Kind, bool); 8] = [
        ("BOOLEAN", Kind::Boolean, value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false")),
        ("SHORT", Kind::SmallInt, value.parse::<i16>().is_ok()),
        ("INT", Kind::Int, value.parse::<i32>().is_ok()),
        ("LONG", Kind::BigInt, value.parse::<i64>().is_ok()),
        ("DECIMAL", Kind::Decimal(38, 18), decimal(value)),
        ("FLOAT", Kind::Float, matches!(scalar::of_csv(value), Kind::Double | Kind::BigInt)),
        ("DOUBLE", Kind::Double, matches!(scalar::of_csv(value), Kind::Double | Kind::BigInt)),
        ("DATE", Kind::Date, date(value)),
    ];
    if let Some((_, kind, _)) = tests.into_iter().find(|(name, _, fits)| *fits && may(name)) {
        return kind;
    }
    let moment = value.len() >= 19 && value.get(..10).is_some_and(date) && matches!(value.as_bytes()[10], b' ' | b'T');
    match may("TIMESTAMP") && moment {
        true => Kind::Timestamp,
        false => Kind::String,
    }
}

fn decimal(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let plain = |text: &str, most| text.len() <= most && text.bytes().all(|b| b.is_ascii_digit());
    !whole.is_empty() && plain(whole, 20) && plain(fraction, 18)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_cut_between_signs() {
        let all = ["TIMESTAMP".to_owned()];
        assert_eq!(typed("2026-01-02 03:04:05", Some(&all)), Kind::Timestamp);
        assert_eq!(typed("\u{65e5}\u{672c}\u{8a9e}\u{65e5}\u{672c}\u{8a9e}\u{65e5}", Some(&all)), Kind::String);
    }

    fn see(text: &str) -> Option<(Vec<String>, Layout, u64)> {
        let sample = Sample { head: text.as_bytes(), whole: true, tail: &[] };
        let found = detect(&sample)?;
        let Form::Csv(layout) = found.form else { panic!() };
        Some((found.columns.iter().map(|c| format!("{} {}", c.name, c.kind.text())).collect(), layout, found.records))
    }

    #[test]
    fn headers_are_found_where_the_rows_differ_from_them() {
        let (columns, layout, records) = see("id,name,price\n1,pen,1.5\n2,ink,\n").unwrap();
        assert_eq!(columns, ["id bigint", "name string", "price double"]);
        assert_eq!((layout, records), (Layout { delimiter: ',', quote: None, header: true, open: false }, 2));
        let (columns, layout, records) = see("red;round\nblue;flat\n").unwrap();
        assert_eq!((columns, layout.delimiter, layout.header, records), (vec!["col0 string".into(), "col1 string".into()], ';', false, 2));
        let (columns, ..) = see("1\ta\n2\tb\n").unwrap();
        assert_eq!(columns, ["col0 bigint", "col1 string"]);
    }

    #[test]
    fn quotes_hold_delimiters_and_lines() {
        let (columns, layout, records) = see("id,note\r\n1,\"a, \"\"b\"\"\nc\"\r\n2,d\r\n").unwrap();
        assert_eq!((columns, records), (vec!["id bigint".into(), "note string".into()], 2));
        assert_eq!((layout.quote, layout.open), (Some('"'), true));
        assert!(see("id,note\n1,\"never ends\n").is_none());
    }

    #[test]
    fn what_has_one_column_or_one_row_is_no_table() {
        for text in ["a\nb\nc\n", "a,b\n", "a,b\n1,2,3\n", "id,name\n1,a\n", ""] {
            assert!(see(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_custom_classifier_rules() {
        let custom = |delimiter, header: Option<&[&str]>, contains, types: Option<&[&str]>| Custom {
            delimiter,
            quote: None,
            contains_header: contains,
            header: header.map(|names| names.iter().map(|n| n.to_string()).collect()),
            trim: true,
            single_column: true,
            datatypes: types.map(|names| names.iter().map(|n| n.to_string()).collect()),
            open: None,
        };
        let see = |text: &str, custom: &Custom| {
            let found = super::custom(&Sample { head: text.as_bytes(), whole: true, tail: &[] }, custom)?;
            Some(found.columns.iter().map(|c| format!("{} {}", c.name, c.kind.text())).collect::<Vec<_>>())
        };
        let types = ["INT", "DATE", "TIMESTAMP", "DECIMAL"];
        let text = "1~2026-01-02~2026-01-02 03:04:05~1.50\n";
        let wanted = ["a int", "b date", "c timestamp", "d decimal(38,18)"];
        assert_eq!(see(text, &custom(Some('~'), Some(&["a", "b", "c", "d"]), Some(false), Some(&types))).unwrap(), wanted);
        assert_eq!(see("x\ny\n", &custom(Some('~'), None, Some(false), None)).unwrap(), ["col0 string"]);
        assert_eq!(see("1,2\n", &custom(Some(','), Some(&["a"]), None, None)), None);
    }
}
