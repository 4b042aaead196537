//! Columns of an ORC file as the engine's arrays.

use datafusion::arrow::{
    array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
        Int64Array, ListArray, MapArray, StringArray, StructArray, TimestampMicrosecondArray,
    },
    buffer::{NullBuffer, OffsetBuffer},
    datatypes::{DataType, Field, Fields},
};
use orc::{Data, Kind, Slots, Tail};
use std::sync::Arc;

/// The array of a column whose type has this id. The error is a sentence.
pub(super) fn array(tail: &Tail, id: usize, slots: Slots) -> Result<ArrayRef, String> {
    let this = &tail.types[id];
    let nulls = slots.valid.map(NullBuffer::from);
    let text = |e: datafusion::arrow::error::ArrowError| e.to_string();
    let inside = |n: usize| this.inside[n];
    Ok(match (slots.data, this.kind) {
        (Data::Booleans(all), _) => Arc::new(BooleanArray::new(all.into(), nulls)),
        (Data::Integers(all), Kind::Byte) => Arc::new(Int8Array::new(all.iter().map(|n| *n as i8).collect(), nulls)),
        (Data::Integers(all), Kind::Short) => Arc::new(Int16Array::new(all.iter().map(|n| *n as i16).collect(), nulls)),
        (Data::Integers(all), Kind::Int) => Arc::new(Int32Array::new(all.iter().map(|n| *n as i32).collect(), nulls)),
        (Data::Integers(all), Kind::Date) => Arc::new(Date32Array::new(all.iter().map(|n| *n as i32).collect(), nulls)),
        (Data::Integers(all), _) => Arc::new(Int64Array::new(all.into(), nulls)),
        (Data::Floats(all), _) => Arc::new(Float32Array::new(all.into(), nulls)),
        (Data::Doubles(all), _) => Arc::new(Float64Array::new(all.into(), nulls)),
        (Data::Times(all), _) => Arc::new(TimestampMicrosecondArray::new(all.into(), nulls)),
        (Data::Decimals(all), _) => {
            let (precision, scale) = if this.precision == 0 { (38, this.scale) } else { (this.precision.min(38), this.scale) };
            let array = Decimal128Array::new(all.into(), nulls);
            Arc::new(array.with_precision_and_scale(precision as u8, scale.min(38) as i8).map_err(text)?)
        }
        (Data::Bytes { ends, bytes }, Kind::Binary) => {
            Arc::new(BinaryArray::try_new(OffsetBuffer::new(ends.into()), bytes.into(), nulls).map_err(text)?)
        }
        (Data::Bytes { ends, bytes }, _) => {
            Arc::new(StringArray::try_new(OffsetBuffer::new(ends.into()), bytes.into(), nulls).map_err(text)?)
        }
        (Data::Lists { ends, items }, _) => {
            let items = array(tail, inside(0), *items)?;
            let item = Arc::new(Field::new("item", items.data_type().clone(), true));
            Arc::new(ListArray::try_new(item, OffsetBuffer::new(ends.into()), items, nulls).map_err(text)?)
        }
        (Data::Maps { ends, keys, values }, _) => {
            let (keys, values) = (array(tail, inside(0), *keys)?, array(tail, inside(1), *values)?);
            let parts = Fields::from(vec![
                Field::new("keys", keys.data_type().clone(), false),
                Field::new("values", values.data_type().clone(), true),
            ]);
            let entries = StructArray::try_new(parts.clone(), vec![keys, values], None).map_err(text)?;
            let entry = Arc::new(Field::new("entries", DataType::Struct(parts), false));
            Arc::new(MapArray::try_new(entry, OffsetBuffer::new(ends.into()), entries, nulls, false).map_err(text)?)
        }
        (Data::Structs(fields), _) => {
            let slots_inside = fields.into_iter().enumerate().map(|(n, slots)| array(tail, inside(n), slots));
            let arrays = slots_inside.collect::<Result<Vec<_>, _>>()?;
            let named = this.names.iter().zip(&arrays).map(|(n, a)| Field::new(n.to_lowercase(), a.data_type().clone(), true));
            match arrays.is_empty() {
                true => return Err("Malformed ORC file: a structure has no fields".into()),
                false => Arc::new(StructArray::try_new(named.collect(), arrays, nulls).map_err(text)?),
            }
        }
    })
}
