//! Binary Ion: each value is a byte of type and length, and the bytes that it announces.

use crate::{
    Decimal, Error, Result, Value,
    moment::Fields,
    reader::Item,
    symbols::{Symbols, TABLE},
    value::Budget,
};

/// Begins a stream of version 1.0, and may come again in it.
pub(crate) const MARKER: [u8; 4] = [0xe0, 0x01, 0x00, 0xea];

/// What stands at a place of the stream, and where it ends; `None` at the end.
pub(crate) fn item(bytes: &[u8], at: usize, symbols: &Symbols) -> Result<Option<(Item, usize)>> {
    let Some(first) = bytes.get(at) else { return Ok(None) };
    if *first == MARKER[0] {
        return match bytes.get(at..at + MARKER.len()) {
            Some(marker) if marker == MARKER => Ok(Some((Item::Version, at + MARKER.len()))),
            Some(_) => Err(Error::Unsupported("another version than 1.0")),
            None => Err(Error::Cut),
        };
    }
    let mut part = Part { bytes, at, end: bytes.len(), whole: true };
    let mut budget = Budget::default();
    let (value, first) = part.annotated(symbols, &mut budget)?;
    let item = match value {
        None => Item::Padding,
        Some(Value::Struct(fields)) if first.as_deref() == Some(TABLE) => Item::Table(fields),
        Some(value) => Item::Value(value),
    };
    Ok(Some((item, part.at)))
}

/// Bytes between two places.
struct Part<'a> {
    bytes: &'a [u8],
    at: usize,
    end: usize,
    /// To the end of all bytes: then what is missing was cut off.
    whole: bool,
}

impl<'a> Part<'a> {
    fn short(&self) -> Error {
        if self.whole { Error::Cut } else { Error::Broken("a value that ends behind its container", self.at) }
    }
    fn is_done(&self) -> bool {
        self.at >= self.end
    }
    fn byte(&mut self) -> Result<u8> {
        if self.is_done() {
            return Err(self.short());
        }
        self.at += 1;
        Ok(self.bytes[self.at - 1])
    }
    fn part(&mut self, length: u64) -> Result<Part<'a>> {
        let length = usize::try_from(length).ok().filter(|length| *length <= self.end - self.at).ok_or_else(|| self.short())?;
        self.at += length;
        Ok(Part { bytes: self.bytes, at: self.at - length, end: self.at, whole: false })
    }
    /// The rest of it.
    fn rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..self.end];
        self.at = self.end;
        rest
    }

    /// Groups of seven bits, the last with its highest bit set.
    fn var_uint(&mut self) -> Result<u64> {
        let mut value: u64 = 0;
        loop {
            let byte = self.byte()?;
            if value >> 57 != 0 {
                return Err(Error::Broken("a length or number without end", self.at));
            }
            value = value << 7 | u64::from(byte & 0x7f);
            if byte & 0x80 != 0 {
                return Ok(value);
            }
        }
    }
    /// As `var_uint`, with a sign in the second bit, and whether it was set.
    fn var_int(&mut self) -> Result<(i64, bool)> {
        let first = self.byte()?;
        let negative = first & 0x40 != 0;
        let mut value = i64::from(first & 0x3f);
        let mut last = first & 0x80 != 0;
        while !last {
            let byte = self.byte()?;
            if value >> 55 != 0 {
                return Err(Error::Broken("a number without end", self.at));
            }
            value = value << 7 | i64::from(byte & 0x7f);
            last = byte & 0x80 != 0;
        }
        Ok((if negative { -value } else { value }, negative))
    }
    /// All the bytes as a number.
    fn uint(&mut self) -> Result<i128> {
        let mut value: i128 = 0;
        for byte in self.rest() {
            if value >> 119 != 0 {
                return Err(Error::Unsupported("numbers of more than 127 bits"));
            }
            value = value << 8 | i128::from(*byte);
        }
        Ok(value)
    }
    /// As `uint`, with a sign in the first bit.
    fn int(&mut self) -> Result<i128> {
        if self.is_done() {
            return Ok(0);
        }
        let first = self.byte()?;
        let mut value = i128::from(first & 0x7f);
        for byte in self.rest() {
            if value >> 119 != 0 {
                return Err(Error::Unsupported("numbers of more than 127 bits"));
            }
            value = value << 8 | i128::from(*byte);
        }
        Ok(if first & 0x80 != 0 { -value } else { value })
    }

    /// A value behind its annotations, of which the first is told; `None` for padding.
    fn annotated(&mut self, symbols: &Symbols, budget: &mut Budget) -> Result<(Option<Value>, Option<String>)> {
        let place = self.at;
        if self.bytes[self.at..self.end].first().is_some_and(|byte| byte >> 4 == 14) {
            let length = self.byte()? & 15;
            let length = match length {
                14 => self.var_uint()?,
                3..=13 => u64::from(length),
                _ => return Err(Error::Broken("no annotations", place)),
            };
            let mut inside = self.part(length)?;
            let count = inside.var_uint()?;
            let mut names = inside.part(count)?;
            let first = symbols.text(names.var_uint()?, place).ok().filter(|name| *name == TABLE).map(str::to_owned);
            // Annotations say nothing that is kept, but that a struct defines symbols.
            names.rest();
            if inside.bytes[inside.at..inside.end].first().is_some_and(|byte| byte >> 4 == 14) {
                return Err(Error::Broken("annotations of annotations", place));
            }
            let value = inside.value(symbols, budget)?;
            return match value.is_some() && inside.is_done() {
                true => Ok((value, first)),
                false => Err(Error::Broken("annotations of something else than one value", place)),
            };
        }
        Ok((self.value(symbols, budget)?, None))
    }

    /// A value; `None` for padding.
    fn value(&mut self, symbols: &Symbols, budget: &mut Budget) -> Result<Option<Value>> {
        budget.part()?;
        let place = self.at;
        let head = self.byte()?;
        let (kind, low) = (head >> 4, head & 15);
        match (kind, low) {
            (15, _) => return Err(Error::Broken("a reserved type", place)),
            (_, 15) => return Ok(Some(Value::Null)),
            (1, 0 | 1) => return Ok(Some(Value::Bool(low == 1))),
            (1, _) => return Err(Error::Broken("neither true nor false", place)),
            _ => {}
        }
        let length = match (kind, low) {
            (13, 1) | (_, 14) => self.var_uint()?,
            _ => u64::from(low),
        };
        let mut inside = self.part(length)?;
        let value = match kind {
            0 => {
                inside.rest();
                return Ok(None);
            }
            2 => Value::Int(inside.uint()?),
            3 => match inside.uint()? {
                0 => return Err(Error::Broken("a negative zero", place)),
                value => Value::Int(-value),
            },
            4 => Value::Float(float(inside.rest(), place)?),
            5 => Value::Decimal(inside.decimal(place)?),
            6 => inside.timestamp(place)?,
            7 => {
                let number = u64::try_from(inside.uint()?).map_err(|_| Error::Broken("a symbol that no table has", place))?;
                Value::Symbol(budget.symbol(symbols.text(number, place)?)?)
            }
            8 => {
                Value::String(std::str::from_utf8(inside.rest()).map_err(|_| Error::Broken("a text that is not UTF-8", place))?.to_owned())
            }
            9 => Value::Clob(inside.rest().to_vec()),
            10 => Value::Blob(inside.rest().to_vec()),
            11 => Value::List(inside.values(symbols, budget)?),
            12 => Value::Sexp(inside.values(symbols, budget)?),
            13 if low == 1 && inside.is_done() => return Err(Error::Broken("a sorted struct without fields", place)),
            13 => Value::Struct(inside.fields(symbols, budget)?),
            _ => return Err(Error::Broken("annotations in a wrong place", place)),
        };
        Ok(Some(value))
    }

    fn values(&mut self, symbols: &Symbols, budget: &mut Budget) -> Result<Vec<Value>> {
        budget.enter()?;
        let mut all = Vec::new();
        while !self.is_done() {
            all.extend(self.annotated(symbols, budget)?.0);
        }
        budget.leave();
        Ok(all)
    }

    fn fields(&mut self, symbols: &Symbols, budget: &mut Budget) -> Result<Vec<(String, Value)>> {
        budget.enter()?;
        let mut all = Vec::new();
        while !self.is_done() {
            let place = self.at;
            let name = self.var_uint()?;
            // Padding has a name too, which says nothing.
            if let Some(value) = self.annotated(symbols, budget)?.0 {
                all.push((budget.symbol(symbols.text(name, place)?)?, value));
            }
        }
        budget.leave();
        Ok(all)
    }

    fn decimal(&mut self, place: usize) -> Result<Decimal> {
        if self.is_done() {
            return Ok(Decimal { coefficient: 0, exponent: 0 });
        }
        let (exponent, _) = self.var_int()?;
        let exponent = i32::try_from(exponent).map_err(|_| Error::Broken("an exponent that is out of bounds", place))?;
        Ok(Decimal { coefficient: self.int()?, exponent })
    }

    fn timestamp(&mut self, place: usize) -> Result<Value> {
        let field = |part: &mut Self| part.var_uint().map(|value| i64::try_from(value).unwrap_or(i64::MAX));
        let (offset, negative) = self.var_int()?;
        let mut fields = Fields::of_year(field(self)?);
        if !self.is_done() {
            fields.month = field(self)?;
        }
        if !self.is_done() {
            fields.day = field(self)?;
        }
        if !self.is_done() {
            fields.time = Some((field(self)?, field(self)?));
            // A negative zero is an offset that nobody knows.
            fields.offset_minutes = (offset != 0 || !negative).then_some(offset);
        }
        if !self.is_done() {
            fields.second = field(self)?;
        }
        if !self.is_done() {
            let fraction = self.decimal(place)?;
            fields.micros = micros(fraction).ok_or(Error::Broken("no fraction of a second", place))?;
        }
        fields.moment(false, place).map(Value::Timestamp)
    }
}

fn float(bytes: &[u8], place: usize) -> Result<f64> {
    match bytes.len() {
        0 => Ok(0.0),
        4 => Ok(f64::from(f32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))),
        8 => bytes.try_into().map(f64::from_be_bytes).map_err(|_| Error::Broken("no float", place)),
        _ => Err(Error::Broken("a float of a wrong length", place)),
    }
}

/// Microseconds of a fraction of a second, finer ones dropped; `None` where it is none.
fn micros(fraction: Decimal) -> Option<i64> {
    let Decimal { coefficient, exponent } = fraction;
    let value = match exponent {
        _ if coefficient == 0 => 0,
        -6..=-1 => coefficient.checked_mul(10i128.pow((6 + exponent) as u32))?,
        ..=-7 => 10i128.checked_pow(exponent.checked_add(6)?.unsigned_abs()).map_or(0, |unit| coefficient / unit),
        _ => return None,
    };
    i64::try_from(value).ok().filter(|micros| (0..1_000_000).contains(micros))
}
