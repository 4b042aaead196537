//! The fields of a protocol buffer, one after the other.

use crate::{Error, Result};

/// What a field holds. Fixed numbers are given as their bytes.
pub(crate) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Calls `field` with the number and value of each field.
pub(crate) fn fields<'a>(mut from: &'a [u8], mut field: impl FnMut(u64, Value<'a>) -> Result<()>) -> Result<()> {
    while !from.is_empty() {
        let tag = number(&mut from)?;
        let value = match tag & 7 {
            0 => Value::Number(number(&mut from)?),
            1 => Value::Bytes(take(&mut from, 8)?),
            2 => {
                let length = usize::try_from(number(&mut from)?).map_err(|_| BROKEN)?;
                Value::Bytes(take(&mut from, length)?)
            }
            5 => Value::Bytes(take(&mut from, 4)?),
            _ => return Err(BROKEN),
        };
        field(tag >> 3, value)?;
    }
    Ok(())
}

const BROKEN: Error = Error::Broken("a message of its metadata ends too early");

fn take<'a>(from: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length).ok_or(BROKEN)?;
    *from = rest;
    Ok(taken)
}

/// A variable-length number.
pub(crate) fn number(from: &mut &[u8]) -> Result<u64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (first, rest) = from.split_first().ok_or(BROKEN)?;
        *from = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(BROKEN)
}

/// A number whose lowest bit is its sign.
pub(crate) fn signed(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}
