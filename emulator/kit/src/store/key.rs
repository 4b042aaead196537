//! Keys as bytes whose order is the order of the values, and which no other key of the same type starts with. So a tuple's leading
//! parts are a prefix of the whole tuple's bytes, and ranges over tuples need no parsing.

use super::StoreError;
use wire::Timestamp;

/// An order-preserving, self-delimiting encoding.
pub trait Key: Sized {
    /// Appends the encoding.
    fn encode(&self, out: &mut Vec<u8>);
    /// Takes one value off the front of `from`.
    fn decode(from: &mut &[u8]) -> Result<Self, StoreError>;
}

/// The bytes of a key; what an [`Index`](super::Index) returns.
pub fn key_bytes(key: &impl Key) -> Vec<u8> {
    let mut out = Vec::with_capacity(32);
    key.encode(&mut out);
    out
}

/// Sorts downwards: the newest version of an object first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Desc<T>(pub T);

impl<T: Key> Key for Desc<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        let start = out.len();
        self.0.encode(out);
        out[start..].iter_mut().for_each(|byte| *byte = !*byte);
    }
    fn decode(from: &mut &[u8]) -> Result<Self, StoreError> {
        let flipped: Vec<u8> = from.iter().map(|byte| !byte).collect();
        let mut rest = flipped.as_slice();
        let value = T::decode(&mut rest)?;
        *from = &from[flipped.len() - rest.len()..];
        Ok(Desc(value))
    }
}

/// Text or bytes without their end: 0x00 is escaped, so that the end mark sorts before every continuation.
pub(super) fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    let mut parts = bytes.split(|byte| *byte == 0);
    out.extend_from_slice(parts.next().unwrap_or_default());
    for part in parts {
        out.extend_from_slice(&[0, 0xFF]);
        out.extend_from_slice(part);
    }
}

fn encode_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    escape(bytes, out);
    out.extend_from_slice(&[0, 0]);
}

fn decode_bytes(from: &mut &[u8]) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    let mut rest = *from;
    loop {
        let Some(zero) = rest.iter().position(|byte| *byte == 0) else {
            return Err(StoreError::Corrupt("a key's text has no end".into()));
        };
        bytes.extend_from_slice(&rest[..zero]);
        match rest.get(zero + 1) {
            Some(0) => {
                *from = &rest[zero + 2..];
                return Ok(bytes);
            }
            Some(0xFF) => bytes.push(0),
            _ => return Err(StoreError::Corrupt("a key's text has no end".into())),
        }
        rest = &rest[zero + 2..];
    }
}

fn take<const N: usize>(from: &mut &[u8]) -> Result<[u8; N], StoreError> {
    match from.split_first_chunk::<N>() {
        Some((head, rest)) => {
            *from = rest;
            Ok(*head)
        }
        None => Err(StoreError::Corrupt(format!("a key ends {} bytes early", N - from.len()))),
    }
}

impl Key for String {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_bytes(self.as_bytes(), out);
    }
    fn decode(from: &mut &[u8]) -> Result<Self, StoreError> {
        String::from_utf8(decode_bytes(from)?).map_err(|_| StoreError::Corrupt("a key's text is not UTF-8".into()))
    }
}

/// For prefixes and index lookups only: rows are decoded into `String`.
impl Key for &str {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_bytes(self.as_bytes(), out);
    }
    fn decode(_: &mut &[u8]) -> Result<Self, StoreError> {
        Err(StoreError::Corrupt("a table's key type must own its text".into()))
    }
}

impl Key for Vec<u8> {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_bytes(self, out);
    }
    fn decode(from: &mut &[u8]) -> Result<Self, StoreError> {
        decode_bytes(from)
    }
}

macro_rules! unsigned {
    ($($ty:ty),*) => {$(
        impl Key for $ty {
            fn encode(&self, out: &mut Vec<u8>) { out.extend_from_slice(&self.to_be_bytes()); }
            fn decode(from: &mut &[u8]) -> Result<Self, StoreError> { take(from).map(<$ty>::from_be_bytes) }
        }
    )*};
}
unsigned!(u8, u16, u32, u64, u128);

impl Key for i64 {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&((*self as u64) ^ (1 << 63)).to_be_bytes());
    }
    fn decode(from: &mut &[u8]) -> Result<Self, StoreError> {
        Ok((u64::from_be_bytes(take(from)?) ^ (1 << 63)) as i64)
    }
}

impl Key for Timestamp {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&((self.unix_ns as u128) ^ (1 << 127)).to_be_bytes());
    }
    fn decode(from: &mut &[u8]) -> Result<Self, StoreError> {
        Ok(Timestamp { unix_ns: (u128::from_be_bytes(take(from)?) ^ (1 << 127)) as i128 })
    }
}

impl Key for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn decode(from: &mut &[u8]) -> Result<Self, StoreError> {
        match take::<1>(from)? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(StoreError::Corrupt(format!("a key's boolean is {other}"))),
        }
    }
}

/// Absent sorts first.
impl<T: Key> Key for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        self.is_some().encode(out);
        if let Some(value) = self {
            value.encode(out);
        }
    }
    fn decode(from: &mut &[u8]) -> Result<Self, StoreError> {
        Ok(if bool::decode(from)? { Some(T::decode(from)?) } else { None })
    }
}

impl Key for () {
    fn encode(&self, _: &mut Vec<u8>) {}
    fn decode(_: &mut &[u8]) -> Result<Self, StoreError> {
        Ok(())
    }
}

macro_rules! tuple {
    ($($part:ident $index:tt),+) => {
        impl<$($part: Key),+> Key for ($($part,)+) {
            fn encode(&self, out: &mut Vec<u8>) { $(self.$index.encode(out);)+ }
            fn decode(from: &mut &[u8]) -> Result<Self, StoreError> { Ok(($($part::decode(from)?,)+)) }
        }
    };
}
tuple!(A 0);
tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);

#[cfg(test)]
mod tests {
    use super::*;

    fn keeps_order<K: Key + PartialEq + std::fmt::Debug>(ascending: &[K]) {
        let bytes: Vec<_> = ascending.iter().map(key_bytes).collect();
        assert!(bytes.windows(2).all(|pair| pair[0] < pair[1]), "{ascending:?} -> {bytes:?}");
        for (key, bytes) in ascending.iter().zip(&bytes) {
            let mut rest = bytes.as_slice();
            assert_eq!(K::decode(&mut rest).unwrap(), *key);
            assert!(rest.is_empty());
        }
        for (i, a) in bytes.iter().enumerate() {
            assert!(bytes.iter().enumerate().all(|(j, b)| i == j || !b.starts_with(a)), "a key is a prefix of another");
        }
    }

    #[test]
    fn bytes_sort_as_values_do() {
        keeps_order(&[
            "".to_string(),
            "\0".into(),
            "\0\0".into(),
            "\0a".into(),
            "a".into(),
            "a\0".into(),
            "a\0b".into(),
            "aa".into(),
            "b".into(),
            "é".into(),
        ]);
        keeps_order(&[vec![], vec![0u8], vec![0, 0], vec![0, 255], vec![1], vec![255], vec![255, 255]]);
        keeps_order(&[i64::MIN, -1, 0, 1, i64::MAX]);
        keeps_order(&[0u64, 1, 255, 256, u64::MAX]);
        keeps_order(&[Timestamp { unix_ns: i128::MIN }, Timestamp::from_secs(-1), Timestamp::default(), Timestamp::from_secs(1)]);
        keeps_order(&[Desc(u64::MAX), Desc(2), Desc(1), Desc(0)]);
        keeps_order(&[Desc("b".to_string()), Desc("aa".into()), Desc("a".into()), Desc("".into())]);
        keeps_order(&[None, Some("".to_string()), Some("a".into())]);
        keeps_order(&[
            ("a".to_string(), Desc(9u64), true),
            ("a".into(), Desc(3), false),
            ("a".into(), Desc(3), true),
            ("a\0".into(), Desc(9), false),
            ("b".into(), Desc(9), false),
        ]);
    }

    #[test]
    fn leading_parts_are_a_prefix() {
        let whole = key_bytes(&("bucket".to_string(), "photos/1".to_string(), 7u64));
        assert!(whole.starts_with(&key_bytes(&"bucket")));
        assert!(whole.starts_with(&key_bytes(&("bucket", "photos/1"))));
        assert!(!whole.starts_with(&key_bytes(&("bucket", "photos/"))));
    }

    #[test]
    fn damage_is_told() {
        assert!(String::decode(&mut b"abc".as_slice()).is_err());
        assert!(String::decode(&mut b"\xff\0\0".as_slice()).is_err());
        assert!(u64::decode(&mut [1u8, 2].as_slice()).is_err());
        assert!(bool::decode(&mut [7u8].as_slice()).is_err());
    }
}
