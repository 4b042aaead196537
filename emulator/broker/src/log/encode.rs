//! Records into the batch that holds them, unpacked: what the process writes from inside and what the crate's client sends are the same bytes.

use super::batch::Draft;

/// A record to be encoded.
#[derive(Clone, Debug, Default)]
pub struct Plain<'a> {
    /// Key; absent and empty differ.
    pub key: Option<&'a [u8]>,
    /// Value; absent is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Headers in order.
    pub headers: Vec<(&'a str, Option<&'a [u8]>)>,
    /// Milliseconds.
    pub time_ms: i64,
}

impl Draft {
    /// The whole batch of these records, which has room for at most 2^31 of them.
    pub fn of<'a>(mut self, records: impl IntoIterator<Item = Plain<'a>>) -> Vec<u8> {
        let (mut first, mut latest, mut count) = (0, i64::MIN, 0);
        for record in records {
            if count == 0 {
                first = record.time_ms;
            }
            latest = latest.max(record.time_ms);
            let one = encoded(&record, count, first);
            varint(&mut self.records, one.len() as i64);
            self.records.extend(one);
            count += 1;
        }
        let count = i32::try_from(count).expect("fewer than 2^31 records");
        self.finish(count - 1, count, first, latest.max(first))
    }
}

fn encoded(record: &Plain<'_>, n: i64, first_time_ms: i64) -> Vec<u8> {
    // No attributes: version 2 of the format has none for a record.
    let mut out = vec![0];
    varint(&mut out, record.time_ms.wrapping_sub(first_time_ms));
    varint(&mut out, n);
    field(&mut out, record.key);
    field(&mut out, record.value);
    varint(&mut out, record.headers.len() as i64);
    for (name, value) in &record.headers {
        field(&mut out, Some(name.as_bytes()));
        field(&mut out, *value);
    }
    out
}

fn field(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => varint(out, -1),
        Some(bytes) => {
            varint(out, bytes.len() as i64);
            out.extend(bytes);
        }
    }
}

/// A signed number in zigzag.
fn varint(out: &mut Vec<u8>, value: i64) {
    let mut left = ((value << 1) ^ (value >> 63)) as u64;
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::{batch::Head, records};

    #[test]
    fn what_is_encoded_reads_back() {
        let long = vec![7; 300];
        let full = Plain { key: Some(b"k"), value: Some(&long), headers: vec![("h", Some(&[255])), ("none", None)], time_ms: 1_234 };
        let earlier = Plain { time_ms: 1_000, ..Plain::default() };
        let batch = Draft { producer: 9, epoch: 1, sequence: 0, attributes: 0x10, ..Draft::default() }.of([full, earlier]);
        let head = Head::read(&batch).unwrap();
        assert_eq!((head.count, head.last(), head.producer, head.transactional()), (2, 1, 9, true));
        assert_eq!((head.first_time, head.latest_time), (1_234, 1_234));
        let read = records::read(&batch).unwrap();
        assert_eq!((read[0].key.as_deref(), read[0].value.as_deref(), read[0].time), (Some(&b"k"[..]), Some(&long[..]), 1_234));
        assert_eq!(read[0].headers, [("h".into(), Some(vec![255].into())), ("none".into(), None)]);
        assert_eq!((read[1].offset, &read[1].key, &read[1].value, read[1].time), (1, &None, &None, 1_000));
    }
}
