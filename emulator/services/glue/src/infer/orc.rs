//! ORC: the types stand in the footer, behind the stripes.

use super::{
    Form, Found, Sample,
    compression::Compression,
    kinds::{Column, Kind},
};
use orc::Tail;

/// Bytes from the end that have to be read for the footer, or `None` where this is no ORC file.
pub(crate) fn footer_length(tail: &[u8]) -> Option<usize> {
    orc::footer_length(tail).ok()
}

/// Reads the footer.
pub(crate) fn read(sample: &Sample<'_>) -> Option<Found> {
    if !sample.head.starts_with(b"ORC") {
        return None;
    }
    let tail = Tail::without_statistics(sample.tail).ok()?;
    let Kind::Struct(columns) = kind(&tail, 0)? else { return None };
    Some(Found { classification: "orc".into(), columns, form: Form::Orc, records: tail.rows, bytes: None, compression: Compression::None })
}

fn kind(tail: &Tail, id: usize) -> Option<Kind> {
    let this = tail.types.get(id)?;
    let inside = |n: usize| kind(tail, this.inside[n]);
    Some(match this.kind {
        orc::Kind::Boolean => Kind::Boolean,
        orc::Kind::Byte => Kind::TinyInt,
        orc::Kind::Short => Kind::SmallInt,
        orc::Kind::Int => Kind::Int,
        orc::Kind::Long => Kind::BigInt,
        orc::Kind::Float => Kind::Float,
        orc::Kind::Double => Kind::Double,
        orc::Kind::String | orc::Kind::Varchar | orc::Kind::Char => Kind::String,
        orc::Kind::Binary => Kind::Binary,
        orc::Kind::Timestamp | orc::Kind::TimestampInstant => Kind::Timestamp,
        orc::Kind::List => Kind::Array(Box::new(inside(0)?)),
        orc::Kind::Map => Kind::Map(Box::new(inside(0)?), Box::new(inside(1)?)),
        orc::Kind::Struct => {
            let fields = this.names.iter().enumerate().map(|(n, name)| Some(Column::new(name.clone(), inside(n)?)));
            Kind::Struct(fields.collect::<Option<_>>()?)
        }
        orc::Kind::Decimal => Kind::Decimal(this.precision.clamp(1, 38) as u8, this.scale.min(38) as u8),
        orc::Kind::Date => Kind::Date,
        orc::Kind::Union => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::infer::tests::{fixture, sentence};

    #[test]
    fn every_type_is_read_from_the_footer_however_it_is_packed() {
        let wanted = "orc 3: id bigint, small smallint, whole int, ratio double, single float, ok boolean, name string, raw binary, day date, \
                      at timestamp, price decimal(9,2), tags array<string>, place struct<x:double,y:int>, counts map<string,bigint>";
        for name in ["uncompressed.orc", "zlib.orc", "snappy.orc", "zstd.orc"] {
            let bytes = fixture(name);
            assert_eq!(sentence(&read(&Sample { head: &bytes, whole: true, tail: &bytes }).unwrap()), wanted, "{name}");
            let tail = &bytes[bytes.len() - footer_length(&bytes).unwrap()..];
            assert!(read(&Sample { head: &bytes[..3], whole: false, tail }).is_some(), "{name}: the footer is enough");
            assert_eq!(read(&Sample { head: &bytes, whole: true, tail: &bytes[..bytes.len() - 1] }), None, "{name}");
        }
    }
}
