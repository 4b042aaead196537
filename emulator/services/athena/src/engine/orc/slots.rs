//! The engine's arrays as columns of an ORC file: the way back of `arrays`.

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray, BooleanArray, OffsetSizeTrait},
    compute::cast,
    datatypes::{
        DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, SchemaRef, TimeUnit,
        TimestampMicrosecondType,
    },
    error::ArrowError,
};
use orc::{Data, Kind, Slots, Type};

/// The types of a file for these columns, the root first. The error names a type that ORC has not.
pub(crate) fn types(schema: &SchemaRef) -> Result<Vec<Type>, String> {
    let mut all = vec![Type { kind: Kind::Struct, ..Type::default() }];
    for field in schema.fields() {
        let id = describe(field.data_type(), &mut all)?;
        all[0].inside.push(id);
        all[0].names.push(field.name().clone());
    }
    Ok(all)
}

/// Appends a type and those inside of it; gives its id.
fn describe(data_type: &DataType, all: &mut Vec<Type>) -> Result<usize, String> {
    let (mut precision, mut scale) = (0, 0);
    let (kind, inside): (Kind, Vec<(&str, &DataType)>) = match data_type {
        DataType::Boolean => (Kind::Boolean, Vec::new()),
        DataType::Int8 => (Kind::Byte, Vec::new()),
        DataType::Int16 => (Kind::Short, Vec::new()),
        DataType::Int32 => (Kind::Int, Vec::new()),
        DataType::Int64 => (Kind::Long, Vec::new()),
        DataType::Float32 => (Kind::Float, Vec::new()),
        DataType::Float64 => (Kind::Double, Vec::new()),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => (Kind::String, Vec::new()),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView => (Kind::Binary, Vec::new()),
        DataType::Date32 => (Kind::Date, Vec::new()),
        DataType::Timestamp(_, None) => (Kind::Timestamp, Vec::new()),
        DataType::Decimal128(digits, behind) => {
            (precision, scale) = (u64::from(*digits), (*behind).max(0) as u64);
            (Kind::Decimal, Vec::new())
        }
        DataType::List(item) | DataType::LargeList(item) => (Kind::List, vec![("", item.data_type())]),
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(parts) if parts.len() == 2 => (Kind::Map, parts.iter().map(|p| ("", p.data_type())).collect()),
            _ => return Err("maps of this form in ORC files".into()),
        },
        DataType::Struct(fields) => (Kind::Struct, fields.iter().map(|f| (f.name().as_str(), f.data_type())).collect()),
        DataType::Dictionary(_, values) => return describe(values, all),
        other => return Err(format!("columns of the type {other} in ORC files")),
    };
    let id = all.len();
    let names = if kind == Kind::Struct { inside.iter().map(|(name, _)| (*name).to_owned()).collect() } else { Vec::new() };
    all.push(Type { kind, names, precision, scale, inside: Vec::new() });
    for (_, data_type) in inside {
        let inner = describe(data_type, all)?;
        all[id].inside.push(inner);
    }
    Ok(id)
}

/// The slots of an array whose type [`types`] has described.
pub(crate) fn slots(array: &ArrayRef) -> Result<Slots, ArrowError> {
    let valid = array.logical_nulls().filter(|nulls| nulls.null_count() > 0).map(|nulls| nulls.iter().collect());
    let whole = |to: &DataType| cast(array, to);
    let data = match array.data_type() {
        DataType::Boolean => {
            Data::Booleans(array.as_any().downcast_ref::<BooleanArray>().into_iter().flat_map(|a| a.values().iter()).collect())
        }
        DataType::Int8 => Data::Integers(array.as_primitive::<Int8Type>().values().iter().map(|n| i64::from(*n)).collect()),
        DataType::Int16 => Data::Integers(array.as_primitive::<Int16Type>().values().iter().map(|n| i64::from(*n)).collect()),
        DataType::Int32 => Data::Integers(array.as_primitive::<Int32Type>().values().iter().map(|n| i64::from(*n)).collect()),
        DataType::Int64 => Data::Integers(array.as_primitive::<Int64Type>().values().to_vec()),
        DataType::Date32 => Data::Integers(array.as_primitive::<Date32Type>().values().iter().map(|n| i64::from(*n)).collect()),
        DataType::Float32 => Data::Floats(array.as_primitive::<Float32Type>().values().to_vec()),
        DataType::Float64 => Data::Doubles(array.as_primitive::<Float64Type>().values().to_vec()),
        DataType::Timestamp(TimeUnit::Microsecond, None) => Data::Times(array.as_primitive::<TimestampMicrosecondType>().values().to_vec()),
        DataType::Timestamp(..) => return slots(&whole(&DataType::Timestamp(TimeUnit::Microsecond, None))?),
        DataType::Decimal128(..) => Data::Decimals(array.as_primitive::<Decimal128Type>().values().to_vec()),
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            bytes(texts.offsets(), texts.values())
        }
        DataType::Binary => {
            let binaries = array.as_binary::<i32>();
            bytes(binaries.offsets(), binaries.values())
        }
        DataType::LargeUtf8 | DataType::Utf8View => return slots(&whole(&DataType::Utf8)?),
        DataType::LargeBinary | DataType::BinaryView => return slots(&whole(&DataType::Binary)?),
        DataType::Dictionary(_, values) => return slots(&whole(values)?),
        DataType::LargeList(item) => return slots(&whole(&DataType::List(item.clone()))?),
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (ends, from, count) = shifted(list.offsets());
            Data::Lists { ends, items: Box::new(slots(&list.values().slice(from, count))?) }
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let (ends, from, count) = shifted(map.offsets());
            let part = |array: &ArrayRef| slots(&array.slice(from, count)).map(Box::new);
            Data::Maps { ends, keys: part(map.keys())?, values: part(map.values())? }
        }
        DataType::Struct(_) => Data::Structs(array.as_struct().columns().iter().map(slots).collect::<Result<_, _>>()?),
        other => return Err(ArrowError::NotYetImplemented(format!("columns of the type {other} in ORC files"))),
    };
    Ok(Slots { valid, data })
}

fn bytes(ends: &[i32], values: &[u8]) -> Data {
    let (ends, from, count) = shifted(ends);
    Data::Bytes { ends, bytes: values[from..from + count].to_vec() }
}

/// Ends that begin with 0, where they began, and how much they speak of: arrays may be slices of others.
fn shifted<N: OffsetSizeTrait>(ends: &[N]) -> (Vec<i32>, usize, usize) {
    let from = ends.first().map_or(0, |e| e.as_usize());
    let ends: Vec<i32> = ends.iter().map(|e| (e.as_usize() - from) as i32).collect();
    let count = ends.last().map_or(0, |e| *e as usize);
    (ends, from, count)
}
