//! What a file says of the values of a stripe: enough to leave a stripe unread.

use crate::{
    Error, Result,
    proto::{Value, fields, signed},
};

/// Of one type in one stripe.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Values that are not NULL.
    pub values: u64,
    /// Whether some are NULL; `None` where the file doesn't say.
    pub nulls: Option<bool>,
    /// The smallest and the largest.
    pub bounds: Option<Bounds>,
}

/// Smallest and largest value. Texts may be cut: the first is never above, the second never below the true one.
#[allow(missing_docs)]
#[derive(Clone, Debug, PartialEq)]
pub enum Bounds {
    Int(i64, i64),
    Double(f64, f64),
    Text(String, String),
    /// Days since 1970.
    Date(i32, i32),
}

/// The statistics of all stripes.
pub(crate) fn read(metadata: &[u8]) -> Result<Vec<Vec<Statistics>>> {
    let mut stripes = Vec::new();
    fields(metadata, |field, value| {
        if let (1, Value::Bytes(bytes)) = (field, value) {
            let mut columns = Vec::new();
            fields(bytes, |field, value| {
                if let (1, Value::Bytes(bytes)) = (field, value) {
                    columns.push(column(bytes)?);
                }
                Ok(())
            })?;
            stripes.push(columns);
        }
        Ok(())
    })?;
    Ok(stripes)
}

fn column(bytes: &[u8]) -> Result<Statistics> {
    let mut made = Statistics::default();
    fields(bytes, |field, value| {
        match (field, value) {
            (1, Value::Number(n)) => made.values = n,
            (2, Value::Bytes(bytes)) => made.bounds = numbers(bytes)?.map(|(low, high)| Bounds::Int(signed(low), signed(high))),
            (3, Value::Bytes(bytes)) => made.bounds = doubles(bytes)?,
            (4, Value::Bytes(bytes)) => made.bounds = texts(bytes)?,
            (7, Value::Bytes(bytes)) => {
                let day = |n: u64| i32::try_from(signed(n)).ok();
                made.bounds = numbers(bytes)?.and_then(|(low, high)| Some(Bounds::Date(day(low)?, day(high)?)));
            }
            (10, Value::Number(n)) => made.nulls = Some(n != 0),
            _ => {}
        }
        Ok(())
    })?;
    Ok(made)
}

/// The fields 1 and 2, where both are there.
fn numbers(bytes: &[u8]) -> Result<Option<(u64, u64)>> {
    let (mut low, mut high) = (None, None);
    fields(bytes, |field, value| {
        match (field, value) {
            (1, Value::Number(n)) => low = Some(n),
            (2, Value::Number(n)) => high = Some(n),
            _ => {}
        }
        Ok(())
    })?;
    Ok(low.zip(high))
}

fn doubles(bytes: &[u8]) -> Result<Option<Bounds>> {
    let (mut low, mut high) = (None, None);
    fields(bytes, |field, value| {
        let double = |bytes: &[u8]| bytes.try_into().map(f64::from_le_bytes).map_err(|_| Error::Broken("a statistic is no number"));
        match (field, value) {
            (1, Value::Bytes(bytes)) => low = Some(double(bytes)?),
            (2, Value::Bytes(bytes)) => high = Some(double(bytes)?),
            _ => {}
        }
        Ok(())
    })?;
    Ok(low.zip(high).filter(|(low, high)| low <= high).map(|(low, high)| Bounds::Double(low, high)))
}

fn texts(bytes: &[u8]) -> Result<Option<Bounds>> {
    let (mut low, mut high) = (None, None);
    fields(bytes, |field, value| {
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        match (field, value) {
            // 4 and 5 stand for 1 and 2 where those are long.
            (1 | 4, Value::Bytes(bytes)) => low = text(bytes),
            (2 | 5, Value::Bytes(bytes)) => high = text(bytes),
            _ => {}
        }
        Ok(())
    })?;
    Ok(low.zip(high).map(|(low, high)| Bounds::Text(low, high)))
}
