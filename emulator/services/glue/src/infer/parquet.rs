//! Parquet: the schema stands in the footer.

use super::{
    Form, Found, Sample,
    compression::Compression,
    kinds::{Column, Kind},
};
use parquet::basic::{ConvertedType, LogicalType, Repetition, TimeUnit, Type as Physical};
use parquet::file::metadata::ParquetMetaDataReader;
use parquet::schema::types::Type;

/// The bytes of the footer that stand before the magic word at the end: its length.
const END: usize = 8;

/// Bytes from the end that have to be read for the footer, or `None` where this is no Parquet file.
pub(crate) fn footer_length(tail: &[u8]) -> Option<usize> {
    let end = tail.len().checked_sub(END)?;
    let (length, magic) = tail[end..].split_at(4);
    (magic == b"PAR1").then(|| u32::from_le_bytes(length.try_into().expect("four bytes")) as usize + END)
}

/// Reads the footer.
pub(crate) fn read(sample: &Sample<'_>) -> Option<Found> {
    if !sample.head.starts_with(b"PAR1") {
        return None;
    }
    let length = footer_length(sample.tail)?;
    let footer = sample.tail.get(sample.tail.len().checked_sub(length)?..sample.tail.len() - END)?;
    let metadata = ParquetMetaDataReader::decode_metadata(footer).ok()?;
    let file = metadata.file_metadata();
    let columns = file.schema().get_fields().iter().map(|field| Column::new(field.name(), repeated(field))).collect();
    Some(Found {
        classification: "parquet".into(),
        columns,
        form: Form::Parquet,
        records: u64::try_from(file.num_rows()).unwrap_or(0),
        bytes: None,
        compression: Compression::None,
    })
}

/// A field that repeats without a LIST around it is a list of its own.
fn repeated(field: &Type) -> Kind {
    let kind = kind(field);
    match field.get_basic_info().has_repetition() && field.get_basic_info().repetition() == Repetition::REPEATED {
        true => Kind::Array(Box::new(kind)),
        false => kind,
    }
}

fn kind(field: &Type) -> Kind {
    let info = field.get_basic_info();
    let logical = info.logical_type_ref();
    let Type::PrimitiveType { physical_type, precision, scale, .. } = field else {
        let list = matches!(logical, Some(LogicalType::List)) || info.converted_type() == ConvertedType::LIST;
        let map =
            matches!(logical, Some(LogicalType::Map)) || matches!(info.converted_type(), ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE);
        return group(field, list, map);
    };
    match logical {
        Some(LogicalType::String | LogicalType::Enum | LogicalType::Json) => return Kind::String,
        Some(LogicalType::Date) => return Kind::Date,
        Some(LogicalType::Timestamp(_)) => return Kind::Timestamp,
        Some(LogicalType::Decimal(_)) => return decimal(*precision, *scale),
        Some(LogicalType::Time(time)) => return if time.unit == TimeUnit::MILLIS { Kind::Int } else { Kind::BigInt },
        Some(LogicalType::Integer(int)) => return integer(int.bit_width as i32, int.is_signed),
        _ => {}
    }
    match info.converted_type() {
        ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON => return Kind::String,
        ConvertedType::DATE => return Kind::Date,
        ConvertedType::TIMESTAMP_MILLIS | ConvertedType::TIMESTAMP_MICROS => return Kind::Timestamp,
        ConvertedType::DECIMAL => return decimal(*precision, *scale),
        ConvertedType::INT_8 => return Kind::TinyInt,
        ConvertedType::INT_16 | ConvertedType::UINT_8 => return Kind::SmallInt,
        ConvertedType::UINT_16 => return Kind::Int,
        ConvertedType::UINT_32 => return Kind::BigInt,
        _ => {}
    }
    match physical_type {
        Physical::BOOLEAN => Kind::Boolean,
        Physical::INT32 => Kind::Int,
        Physical::INT64 => Kind::BigInt,
        Physical::INT96 => Kind::Timestamp,
        Physical::FLOAT => Kind::Float,
        Physical::DOUBLE => Kind::Double,
        Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY => Kind::Binary,
    }
}

/// Unsigned numbers need the next wider type.
fn integer(bits: i32, signed: bool) -> Kind {
    match (bits, signed) {
        (8, true) => Kind::TinyInt,
        (16, true) | (8, false) => Kind::SmallInt,
        (32, true) | (16, false) => Kind::Int,
        _ => Kind::BigInt,
    }
}

fn decimal(precision: i32, scale: i32) -> Kind {
    Kind::Decimal(precision.clamp(1, 38) as u8, scale.clamp(0, 38) as u8)
}

fn group(field: &Type, list: bool, map: bool) -> Kind {
    let fields = field.get_fields();
    let inner = fields.first().filter(|_| fields.len() == 1);
    match inner {
        // The middle group of a list (`list`, `bag`, `array`) holds one element; a list without a middle group repeats the element itself.
        Some(middle) if list && middle.is_group() && middle.get_fields().len() == 1 => Kind::Array(Box::new(kind(&middle.get_fields()[0]))),
        Some(element) if list => Kind::Array(Box::new(kind(element))),
        Some(pair) if map && pair.is_group() && pair.get_fields().len() == 2 => {
            Kind::Map(Box::new(kind(&pair.get_fields()[0])), Box::new(kind(&pair.get_fields()[1])))
        }
        _ => Kind::Struct(fields.iter().map(|field| Column::new(field.name(), repeated(field))).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::tests::{fixture, sentence};

    #[test]
    fn every_type_is_read_from_the_footer() {
        let wanted = "parquet 3: id bigint, small smallint, whole int, ratio double, single float, ok boolean, name string, raw binary, day date, \
                      at timestamp, price decimal(9,2), tags array<string>, place struct<x:double,y:int>, counts map<string,bigint>";
        for name in ["plain.parquet", "packed.parquet"] {
            let bytes = fixture(name);
            assert_eq!(sentence(&read(&Sample { head: &bytes, whole: true, tail: &bytes }).unwrap()), wanted, "{name}");
            let length = footer_length(&bytes).unwrap();
            let tail = &bytes[bytes.len() - length..];
            assert!(read(&Sample { head: &bytes[..4], whole: false, tail }).is_some(), "the footer is enough");
            assert_eq!(read(&Sample { head: &bytes, whole: true, tail: &bytes[..bytes.len() - 1] }), None);
        }
    }
}
