//! Amazon Ion, in text or in binary: a stream of structs, whose fields are the columns.

use super::{
    Form, Found, Sample,
    compression::Compression,
    kinds::{self, Column, Kind},
};
use ion::{Decimal, Error, Reader, Value};

/// Fields of a struct; more are no table.
const MOST_FIELDS: usize = 10_000;

/// Reads the values that are whole. JSON is Ion too, and is asked before.
pub(crate) fn read(sample: &Sample<'_>) -> Option<Found> {
    let mut reader = Reader::new(sample.head);
    let (mut columns, mut records) = (Vec::new(), 0);
    loop {
        match reader.next() {
            Ok(Some(Value::Struct(fields))) => {
                for field in fields_of(fields)? {
                    kinds::add(&mut columns, field);
                }
                records += 1;
            }
            Ok(None) => break,
            Err(Error::Cut) if !sample.whole => break,
            Ok(Some(_)) | Err(_) => return None,
        }
        if columns.len() > MOST_FIELDS {
            return None;
        }
    }
    let bytes = (!sample.whole).then_some(reader.position() as u64);
    let found = Found { classification: "ion".into(), columns, form: Form::Ion, records, bytes, compression: Compression::None };
    (records > 0 && !found.columns.is_empty()).then_some(found)
}

fn fields_of(fields: Vec<(String, Value)>) -> Option<Vec<Column>> {
    let mut columns = Vec::new();
    for (name, value) in fields {
        kinds::add(&mut columns, Column::new(name, kind(value)?));
        if columns.len() > MOST_FIELDS {
            return None;
        }
    }
    Some(columns)
}

/// The Hive type into which the Ion SerDe reads a value (its type mapping). Numbers are as narrow as those of JSON.
fn kind(value: Value) -> Option<Kind> {
    Some(match value {
        Value::Null => Kind::Unknown,
        Value::Bool(_) => Kind::Boolean,
        Value::Int(value) => match (i32::try_from(value), i64::try_from(value)) {
            (Ok(_), _) => Kind::Int,
            (_, Ok(_)) => Kind::BigInt,
            _ => Kind::Decimal(38, 0),
        },
        Value::Float(_) => Kind::Double,
        Value::Decimal(value) => decimal(value),
        Value::Timestamp(_) => Kind::Timestamp,
        Value::String(_) | Value::Symbol(_) => Kind::String,
        Value::Blob(_) | Value::Clob(_) => Kind::Binary,
        Value::List(items) | Value::Sexp(items) => {
            let mut of = Kind::Unknown;
            for item in items {
                of = of.merge(kind(item)?);
            }
            Kind::Array(Box::new(of))
        }
        Value::Struct(fields) => Kind::Struct(fields_of(fields)?),
    })
}

/// As many digits as it has, of which as many behind the point as it says.
fn decimal(value: Decimal) -> Kind {
    let digits = value.coefficient.unsigned_abs().checked_ilog10().map_or(1, |log| log + 1);
    let scale = value.exponent.min(0).unsigned_abs().min(38);
    let whole = digits.saturating_add(value.exponent.max(0).unsigned_abs());
    Kind::Decimal(whole.max(scale).min(38) as u8, scale as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::{describe_file, tests::sentence};

    fn data(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/../../ion/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn text_and_binary_have_the_same_columns() {
        let wanted = "ion 3: id int, big decimal(38,0), name string, size double, price decimal(4,2), kind string, raw binary, at timestamp, \
                      ok boolean, none string, tags array<string>, place struct<x:double,y:array<int>>";
        assert_eq!(describe_file(&data("photos.ion")), wanted);
        assert_eq!(describe_file(&data("photos.10n")), wanted);
    }

    #[test]
    fn ion_is_what_json_is_not() {
        assert_eq!(describe_file(b"{\"a\":1}\n{\"a\":2}"), "json 2: a int");
        assert_eq!(describe_file(b"{a:1} // one\n{a:2.50, b:(x y)}"), "ion 2: a double, b array<string>");
        assert_eq!(describe_file(b"{a:1000d3}{a:0.5}"), "ion 2: a decimal(8,1)");
        for other in [&b"{a:1} 2"[..], b"{a:1} {", b"{}", b"word another", b"\xe0\x01\x00\xea", b"\xe0\x01\x00\xea\x21\x01"] {
            assert!(describe_file(other).starts_with("UNKNOWN") || describe_file(other).starts_with("csv"), "{other:?}");
        }
    }

    #[test]
    fn a_cut_value_is_left_out() {
        let bytes = data("photos.10n");
        let found = read(&Sample { head: &bytes[..bytes.len() - 1], whole: false, tail: &[] }).unwrap();
        assert!(sentence(&found).starts_with("ion 2: id int"), "{}", sentence(&found));
        assert!(found.bytes.is_some_and(|read| read < bytes.len() as u64));
        assert_eq!(read(&Sample { head: &bytes[..bytes.len() - 1], whole: true, tail: &[] }), None);
    }
}
