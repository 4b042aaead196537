//! A column of a stripe, written: its streams, and what is said of its values.

use super::{
    messages::{Message, varint, zigzag},
    runs::{Bits, Bytes, Integers},
};
use crate::{
    Bounds, Data, Error, Kind, Result, Slots, Type,
    columns::{DATA, LENGTH, PRESENT, SECONDARY},
    zones::EPOCH,
};

/// Texts that are longer give no bounds, bytes.
const LONGEST_BOUND: usize = 1024;

/// What grows of a column.
pub(super) struct Column {
    kind: Kind,
    present: Bits,
    bits: Bits,
    bytes: Bytes,
    integers: Integers,
    lengths: Integers,
    scales: Integers,
    data: Vec<u8>,
    seen: Seen,
}

impl Column {
    pub(super) fn new(kind: Kind) -> Column {
        Column {
            kind,
            present: Bits::default(),
            bits: Bits::default(),
            bytes: Bytes::default(),
            integers: Integers::new(true),
            lengths: Integers::new(false),
            scales: Integers::new(true),
            data: Vec::new(),
            seen: Seen::default(),
        }
    }

    /// Says of the root that it has so many rows.
    pub(super) fn rows(&mut self, rows: usize) {
        self.seen.values = rows as u64;
    }

    /// The streams by kind, and what was seen.
    pub(super) fn finish(self) -> (Vec<(u64, Vec<u8>)>, Seen) {
        let mut streams = Vec::new();
        if self.seen.nulls {
            streams.push((PRESENT, self.present.finish()));
        }
        match self.kind {
            Kind::Boolean => streams.push((DATA, self.bits.finish())),
            Kind::Byte => streams.push((DATA, self.bytes.finish())),
            Kind::Short | Kind::Int | Kind::Long | Kind::Date => streams.push((DATA, self.integers.finish())),
            Kind::Float | Kind::Double => streams.push((DATA, self.data)),
            Kind::String | Kind::Varchar | Kind::Char | Kind::Binary => {
                streams.extend([(DATA, self.data), (LENGTH, self.lengths.finish())]);
            }
            Kind::Timestamp | Kind::TimestampInstant => {
                streams.extend([(DATA, self.integers.finish()), (SECONDARY, self.lengths.finish())]);
            }
            Kind::Decimal => streams.extend([(DATA, self.data), (SECONDARY, self.scales.finish())]),
            Kind::List | Kind::Map => streams.push((LENGTH, self.lengths.finish())),
            Kind::Struct | Kind::Union => {}
        }
        (streams, self.seen)
    }
}

/// Writes slots of a type. `outer` says in which of them what the column is inside of is there: of the others nothing is written.
pub(super) fn write(types: &[Type], id: usize, slots: &Slots, outer: Option<&[bool]>, count: usize, all: &mut [Column]) -> Result<()> {
    let this = &types[id];
    let there = |i: usize| outer.is_none_or(|outer| outer[i]);
    let valid = |i: usize| slots.valid.as_ref().is_none_or(|valid| valid[i]);
    let column = &mut all[id];
    for i in (0..count).filter(|i| there(*i)) {
        column.present.push(valid(i));
        column.seen.nulls |= !valid(i);
        column.seen.values += u64::from(valid(i));
    }
    let places = (0..count).filter(|i| there(*i) && valid(*i));
    match (&slots.data, this.kind) {
        (Data::Booleans(values), Kind::Boolean) => places.for_each(|i| column.bits.push(values[i])),
        (Data::Integers(values), Kind::Byte) => places.for_each(|i| {
            column.bytes.push(values[i] as u8);
            column.seen.integer(values[i]);
        }),
        (Data::Integers(values), Kind::Short | Kind::Int | Kind::Long) => places.for_each(|i| {
            column.integers.push(values[i]);
            column.seen.integer(values[i]);
        }),
        (Data::Integers(values), Kind::Date) => places.for_each(|i| {
            column.integers.push(values[i]);
            column.seen.day(values[i] as i32);
        }),
        (Data::Floats(values), Kind::Float) => places.for_each(|i| {
            column.data.extend_from_slice(&values[i].to_le_bytes());
            column.seen.double(f64::from(values[i]));
        }),
        (Data::Doubles(values), Kind::Double) => places.for_each(|i| {
            column.data.extend_from_slice(&values[i].to_le_bytes());
            column.seen.double(values[i]);
        }),
        (Data::Times(values), Kind::Timestamp | Kind::TimestampInstant) => {
            for i in places {
                let (seconds, nanos) = time(values[i])?;
                column.integers.push(seconds);
                column.lengths.push(nanos);
            }
        }
        (Data::Decimals(values), Kind::Decimal) => places.for_each(|i| {
            varint(zigzag(values[i]), &mut column.data);
            column.scales.push(this.scale as i64);
        }),
        (Data::Bytes { ends, bytes }, Kind::String | Kind::Varchar | Kind::Char | Kind::Binary) => places.for_each(|i| {
            let text = &bytes[ends[i] as usize..ends[i + 1] as usize];
            column.data.extend_from_slice(text);
            column.lengths.push(text.len() as i64);
            if this.kind != Kind::Binary {
                column.seen.text(text);
            }
        }),
        (Data::Lists { ends, items }, Kind::List) => {
            let kept = lengths(ends, places, column);
            write(types, this.inside[0], items, kept.as_deref(), last(ends), all)?;
        }
        (Data::Maps { ends, keys, values }, Kind::Map) => {
            let kept = lengths(ends, places, column);
            write(types, this.inside[0], keys, kept.as_deref(), last(ends), all)?;
            write(types, this.inside[1], values, kept.as_deref(), last(ends), all)?;
        }
        (Data::Structs(fields), Kind::Struct) => {
            let inside: Vec<bool> = (0..count).map(|i| there(i) && valid(i)).collect();
            for (id, field) in this.inside.iter().zip(fields) {
                write(types, *id, field, Some(&inside), count, all)?;
            }
        }
        _ => return Err(Error::Unwritable(format!("values of another kind in columns of {:?}", this.kind))),
    }
    Ok(())
}

fn last(ends: &[i32]) -> usize {
    ends.last().map_or(0, |end| *end as usize)
}

/// Writes the lengths of lists, and says which items are of lists that are there; `None` where all are.
fn lengths(ends: &[i32], places: impl Iterator<Item = usize>, column: &mut Column) -> Option<Vec<bool>> {
    let mut kept = vec![false; last(ends)];
    for i in places {
        let (from, to) = (ends[i] as usize, ends[i + 1] as usize);
        column.lengths.push((to - from) as i64);
        kept[from..to].fill(true);
    }
    kept.contains(&false).then_some(kept)
}

/// Seconds since 2015, and nanoseconds as they are stored, of microseconds since 1970.
fn time(micros: i64) -> Result<(i64, i64)> {
    let (mut seconds, mut nanos) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000) * 1000);
    // Seconds of times before 1970 are cut towards zero; readers undo that where they see a negative second, which the last one isn't.
    if seconds < 0 && nanos > 999_999 {
        if seconds == -1 {
            return Err(Error::Unwritable("times within the last second before 1970".into()));
        }
        seconds += 1;
    }
    let mut zeros = 0;
    if nanos > 0 && nanos % 100 == 0 {
        nanos /= 100;
        zeros = 1;
        while nanos % 10 == 0 && zeros < 7 {
            nanos /= 10;
            zeros += 1;
        }
    }
    Ok((seconds - EPOCH, nanos << 3 | zeros))
}

/// What was seen of a column's values.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    values: u64,
    nulls: bool,
    bounds: Option<Bounds>,
    /// A value that has no place between bounds: bounds say nothing then.
    unbounded: bool,
}

impl Seen {
    fn widen(&mut self, by: Bounds) {
        self.bounds = Some(match (self.bounds.take(), by) {
            (Some(Bounds::Int(a, b)), Bounds::Int(c, d)) => Bounds::Int(a.min(c), b.max(d)),
            (Some(Bounds::Double(a, b)), Bounds::Double(c, d)) => Bounds::Double(a.min(c), b.max(d)),
            (Some(Bounds::Date(a, b)), Bounds::Date(c, d)) => Bounds::Date(a.min(c), b.max(d)),
            (Some(Bounds::Text(a, b)), Bounds::Text(c, d)) => Bounds::Text(a.min(c), b.max(d)),
            (_, by) => by,
        });
    }
    fn integer(&mut self, value: i64) {
        self.widen(Bounds::Int(value, value));
    }
    fn day(&mut self, day: i32) {
        self.widen(Bounds::Date(day, day));
    }
    fn double(&mut self, value: f64) {
        match value.is_nan() {
            true => self.unbounded = true,
            false => self.widen(Bounds::Double(value, value)),
        }
    }
    fn text(&mut self, text: &[u8]) {
        // Most texts lie between the bounds there are: nothing is copied for those.
        if let Some(Bounds::Text(low, high)) = &self.bounds
            && low.as_bytes() <= text
            && text <= high.as_bytes()
        {
            return;
        }
        match std::str::from_utf8(text).ok().filter(|text| text.len() <= LONGEST_BOUND) {
            Some(text) => self.widen(Bounds::Text(text.to_owned(), text.to_owned())),
            None => self.unbounded = true,
        }
    }

    /// Puts what was seen in another stripe to it.
    pub(super) fn add(&mut self, other: &Seen) {
        self.values += other.values;
        self.nulls |= other.nulls;
        self.unbounded |= other.unbounded;
        if let Some(bounds) = &other.bounds {
            self.widen(bounds.clone());
        }
    }

    pub(super) fn message(&self) -> Message {
        let mut made = Message::default();
        made.number(1, self.values);
        let mut inside = Message::default();
        match self.bounds.as_ref().filter(|_| !self.unbounded) {
            Some(Bounds::Int(low, high)) => {
                made.message(2, inside.signed(1, *low).signed(2, *high));
            }
            Some(Bounds::Double(low, high)) => {
                made.message(3, inside.double(1, *low).double(2, *high));
            }
            Some(Bounds::Text(low, high)) => {
                made.message(4, inside.bytes(1, low.as_bytes()).bytes(2, high.as_bytes()));
            }
            Some(Bounds::Date(low, high)) => {
                made.message(7, inside.signed(1, i64::from(*low)).signed(2, i64::from(*high)));
            }
            None => {}
        }
        made.number(10, u64::from(self.nulls));
        made
    }
}

#[cfg(test)]
mod tests {
    use super::time;
    use crate::zones::{Clock, nanos};

    #[test]
    fn times_come_back() {
        for micros in [0, 1, 999_999, 1_700_000_000_123_456, -1_000_000, -2_000_001, -3_999_000, -62_135_596_800_000_000, -999_500] {
            let (seconds, fraction) = time(micros).unwrap();
            assert_eq!(Clock::UTC.micros(seconds, nanos(fraction)).unwrap(), micros, "{micros}");
        }
        assert!(time(-500_000).is_err() && time(-1).is_err(), "the format can't tell them");
    }
}
