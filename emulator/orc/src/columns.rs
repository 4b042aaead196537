//! A column of a stripe: its streams put together to values, NULLs in their places.

use crate::{
    Error, Kind, Result, Tail,
    batch::{Data, Slots},
    bytes::{Bits, Bytes},
    chunks::Stream,
    integers::Integers,
    stripe::Streams,
    zones::{Clock, nanos},
};

// Kinds of streams.
pub(crate) const PRESENT: u64 = 0;
pub(crate) const DATA: u64 = 1;
pub(crate) const LENGTH: u64 = 2;
const DICTIONARY: u64 = 3;
pub(crate) const SECONDARY: u64 = 5;

/// Bytes of texts that stand for one item, where items are bounded.
const TEXT: usize = 64;

pub(crate) struct Column {
    present: Option<Bits>,
    values: Values,
    most_items: usize,
}

enum Values {
    Booleans(Bits),
    Bytes(Bytes),
    Integers(Integers),
    Floats(Stream),
    Doubles(Stream),
    Times { seconds: Integers, nanos: Integers, clock: Clock },
    Decimals { digits: Stream, scales: Integers, scale: u64 },
    Texts { lengths: Integers, data: Stream },
    Words { places: Integers, ends: Vec<usize>, text: Vec<u8> },
    Lists { lengths: Integers, items: Box<Column> },
    Maps { lengths: Integers, keys: Box<Column>, values: Box<Column> },
    Structs(Vec<Column>),
}

impl Column {
    pub(crate) fn new(tail: &Tail, id: usize, streams: &mut Streams) -> Result<Column> {
        let kind = tail.types.get(id).ok_or(Error::Broken("a column is not there"))?;
        let encoding = streams.encoding(id)?;
        let present = streams.take(id, PRESENT).map(Bits::new);
        let inside = |n: usize, streams: &mut Streams| Column::new(tail, kind.inside[n], streams);
        let values = match kind.kind {
            Kind::Boolean => Values::Booleans(Bits::new(streams.need(tail, id, DATA))),
            Kind::Byte => Values::Bytes(Bytes::new(streams.need(tail, id, DATA))),
            Kind::Short | Kind::Int | Kind::Long | Kind::Date => {
                Values::Integers(Integers::new(streams.need(tail, id, DATA), encoding.second, true))
            }
            Kind::Float => Values::Floats(streams.need(tail, id, DATA)),
            Kind::Double => Values::Doubles(streams.need(tail, id, DATA)),
            Kind::Timestamp | Kind::TimestampInstant => Values::Times {
                seconds: Integers::new(streams.need(tail, id, DATA), encoding.second, true),
                nanos: Integers::new(streams.need(tail, id, SECONDARY), encoding.second, false),
                clock: if kind.kind == Kind::Timestamp { streams.clock()? } else { Clock::UTC },
            },
            Kind::Decimal => Values::Decimals {
                digits: streams.need(tail, id, DATA),
                scales: Integers::new(streams.need(tail, id, SECONDARY), encoding.second, true),
                scale: kind.scale,
            },
            Kind::String | Kind::Varchar | Kind::Char | Kind::Binary if encoding.dictionary => {
                let lengths = Integers::new(streams.need(tail, id, LENGTH), encoding.second, false);
                let (ends, text) = words(lengths, streams.need(tail, id, DICTIONARY), encoding.words, streams.most_items)?;
                Values::Words { places: Integers::new(streams.need(tail, id, DATA), encoding.second, false), ends, text }
            }
            Kind::String | Kind::Varchar | Kind::Char | Kind::Binary => Values::Texts {
                lengths: Integers::new(streams.need(tail, id, LENGTH), encoding.second, false),
                data: streams.need(tail, id, DATA),
            },
            Kind::List => {
                let lengths = Integers::new(streams.need(tail, id, LENGTH), encoding.second, false);
                Values::Lists { lengths, items: Box::new(inside(0, streams)?) }
            }
            Kind::Map => {
                let lengths = Integers::new(streams.need(tail, id, LENGTH), encoding.second, false);
                Values::Maps { lengths, keys: Box::new(inside(0, streams)?), values: Box::new(inside(1, streams)?) }
            }
            Kind::Struct => Values::Structs((0..kind.inside.len()).map(|n| inside(n, streams)).collect::<Result<_>>()?),
            Kind::Union => return Err(Error::Unsupported("columns of the type uniontype".into())),
        };
        Ok(Column { present, values, most_items: streams.most_items })
    }

    /// The next slots. `outer` says in which of them what this column is inside of is there: the others have nothing in the streams.
    pub(crate) fn read(&mut self, slots: usize, outer: Option<&[bool]>) -> Result<Slots> {
        let valid = match &mut self.present {
            None => outer.map(<[bool]>::to_vec),
            Some(bits) => {
                Some((0..slots).map(|i| if outer.is_none_or(|o| o[i]) { bits.next() } else { Ok(false) }).collect::<Result<Vec<_>>>()?)
            }
        };
        let there = valid.as_deref();
        let data = match &mut self.values {
            Values::Booleans(bits) => Data::Booleans(spread(slots, there, || bits.next())?),
            Values::Bytes(bytes) => Data::Integers(spread(slots, there, || Ok(i64::from(bytes.next()? as i8)))?),
            Values::Integers(numbers) => Data::Integers(spread(slots, there, || numbers.next())?),
            Values::Floats(stream) => Data::Floats(spread(slots, there, || Ok(f32::from_le_bytes(stream.fixed()?)))?),
            Values::Doubles(stream) => Data::Doubles(spread(slots, there, || Ok(f64::from_le_bytes(stream.fixed()?)))?),
            Values::Times { seconds, nanos: parts, clock } => {
                Data::Times(spread(slots, there, || clock.micros(seconds.next()?, nanos(parts.next()?)))?)
            }
            Values::Decimals { digits, scales, scale } => Data::Decimals(spread(slots, there, || {
                let raw = digits.wide()?;
                let value = (raw >> 1) as i128 ^ -((raw & 1) as i128);
                rescaled(value, scales.next()?, *scale as i64)
            })?),
            Values::Texts { lengths, data } => texts(slots, there, lengths, data, self.most_items)?,
            Values::Words { places, ends, text } => chosen(slots, there, places, (ends, text), self.most_items)?,
            Values::Lists { lengths, items } => {
                let ends = ends(slots, there, lengths, self.most_items)?;
                let count = ends.last().map_or(0, |e| *e as usize);
                Data::Lists { ends, items: Box::new(items.read(count, None)?) }
            }
            Values::Maps { lengths, keys, values } => {
                let ends = ends(slots, there, lengths, self.most_items)?;
                let count = ends.last().map_or(0, |e| *e as usize);
                Data::Maps { ends, keys: Box::new(keys.read(count, None)?), values: Box::new(values.read(count, None)?) }
            }
            Values::Structs(fields) => Data::Structs(fields.iter_mut().map(|f| f.read(slots, there)).collect::<Result<_>>()?),
        };
        Ok(Slots { valid: valid.filter(|v| v.contains(&false)), data })
    }
}

/// One value for each slot that is there, a default for the others.
fn spread<T: Default + Clone>(slots: usize, there: Option<&[bool]>, mut next: impl FnMut() -> Result<T>) -> Result<Vec<T>> {
    match there {
        None => (0..slots).map(|_| next()).collect(),
        Some(there) => there.iter().map(|there| if *there { next() } else { Ok(T::default()) }).collect(),
    }
}

fn rescaled(value: i128, from: i64, to: i64) -> Result<i128> {
    let far = Error::Broken("a decimal is out of range");
    let by = u32::try_from(from.abs_diff(to)).ok().and_then(|n| 10i128.checked_pow(n)).ok_or(far.clone())?;
    if from <= to { value.checked_mul(by).ok_or(far) } else { Ok(value / by) }
}

/// The ends of lists of these lengths.
fn ends(slots: usize, there: Option<&[bool]>, lengths: &mut Integers, most: usize) -> Result<Vec<i32>> {
    let mut ends = vec![0i32];
    let mut end = 0usize;
    for i in 0..slots {
        if there.is_none_or(|there| there[i]) {
            end = end.checked_add(lengths.length()?).filter(|end| *end <= most).ok_or(Error::Broken("its lists are too long"))?;
        }
        ends.push(end as i32);
    }
    Ok(ends)
}

fn texts(slots: usize, there: Option<&[bool]>, lengths: &mut Integers, data: &mut Stream, most: usize) -> Result<Data> {
    let ends = ends(slots, there, lengths, most.saturating_mul(TEXT))?;
    let mut bytes = Vec::new();
    data.bytes(ends.last().map_or(0, |e| *e as usize), &mut bytes)?;
    Ok(Data::Bytes { ends, bytes })
}

/// The ends of a dictionary's words, and its text.
fn words(mut lengths: Integers, mut data: Stream, count: u64, most: usize) -> Result<(Vec<usize>, Vec<u8>)> {
    let (mut ends, mut end) = (vec![0], 0usize);
    for _ in 0..count {
        // Empty words come in runs of a few bytes: so many can't be meant.
        if ends.len() > most {
            return Err(Error::Broken("a dictionary is too large"));
        }
        end = end
            .checked_add(lengths.length()?)
            .filter(|end| *end <= most.saturating_mul(TEXT))
            .ok_or(Error::Broken("a dictionary is too large"))?;
        ends.push(end);
    }
    let mut text = Vec::new();
    data.bytes(end, &mut text)?;
    Ok((ends, text))
}

fn chosen(slots: usize, there: Option<&[bool]>, places: &mut Integers, (words, text): (&[usize], &[u8]), most: usize) -> Result<Data> {
    let (mut ends, mut bytes) = (vec![0i32], Vec::new());
    for i in 0..slots {
        if there.is_none_or(|there| there[i]) {
            let place = places.length()?;
            let range = words.get(place).copied().zip(words.get(place.saturating_add(1)).copied());
            let (from, to) = range.ok_or(Error::Broken("a word is not in its dictionary"))?;
            if bytes.len() + (to - from) > most.saturating_mul(TEXT) {
                return Err(Error::Broken("its texts are too long"));
            }
            bytes.extend_from_slice(&text[from..to]);
        }
        ends.push(bytes.len() as i32);
    }
    Ok(Data::Bytes { ends, bytes })
}
