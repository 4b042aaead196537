//! As much of CBOR (RFC 8949) as authenticators write: definite lengths, no tags, no floating point. Knows bytes, no passkey.

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(i64),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
    /// true, false, null and undefined: nobody here asks which.
    Simple,
}

/// Attestations are shallow.
const DEEPEST: usize = 8;

impl Value {
    /// Reads one value; what is left behind it.
    pub fn read(bytes: &[u8]) -> Option<(Value, &[u8])> {
        read(bytes, 0)
    }
    /// The value under a text.
    pub fn named(&self, name: &str) -> Option<&Value> {
        self.get(|key| matches!(key, Value::Text(text) if text == name))
    }
    /// The value under a number.
    pub fn numbered(&self, number: i64) -> Option<&Value> {
        self.get(|key| *key == Value::Number(number))
    }
    fn get(&self, is: impl Fn(&Value) -> bool) -> Option<&Value> {
        let Value::Map(pairs) = self else { return None };
        pairs.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
    }
    pub fn bytes(&self) -> Option<&[u8]> {
        if let Value::Bytes(bytes) = self { Some(bytes) } else { None }
    }
    pub fn number(&self) -> Option<i64> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }
}

fn read(bytes: &[u8], depth: usize) -> Option<(Value, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let (major, short) = (first >> 5, first & 0x1f);
    let (argument, rest) = match short {
        0..=23 => (u64::from(short), rest),
        24..=27 => {
            let (head, rest) = rest.split_at_checked(1 << (short - 24))?;
            (head.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)), rest)
        }
        _ => return None,
    };
    if depth >= DEEPEST {
        return None;
    }
    // Every item has a byte at least: what claims to hold more is refused before room is made for it.
    let length = usize::try_from(argument).ok();
    let held = || length.filter(|length| *length <= rest.len());
    Some(match major {
        0 => (Value::Number(i64::try_from(argument).ok()?), rest),
        1 => (Value::Number(-1 - i64::try_from(argument).ok()?), rest),
        2 => {
            let (bytes, rest) = rest.split_at(held()?);
            (Value::Bytes(bytes.to_vec()), rest)
        }
        3 => {
            let (bytes, rest) = rest.split_at(held()?);
            (Value::Text(String::from_utf8(bytes.to_vec()).ok()?), rest)
        }
        4 => {
            let (mut items, mut rest) = (Vec::new(), rest);
            for _ in 0..held()? {
                let (item, behind) = read(rest, depth + 1)?;
                items.push(item);
                rest = behind;
            }
            (Value::Array(items), rest)
        }
        5 => {
            let (mut pairs, mut rest) = (Vec::new(), rest);
            for _ in 0..held()? {
                let (key, behind) = read(rest, depth + 1)?;
                let (value, behind) = read(behind, depth + 1)?;
                pairs.push((key, value));
                rest = behind;
            }
            (Value::Map(pairs), rest)
        }
        7 if (20..=23).contains(&short) => (Value::Simple, rest),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_rfc_shows() {
        // {1: 2, "a": [-7, h'0102', true]} and a byte behind it.
        let bytes = [0xa2, 0x01, 0x02, 0x61, b'a', 0x83, 0x26, 0x42, 1, 2, 0xf5, 0x99];
        let (map, rest) = Value::read(&bytes).unwrap();
        assert_eq!(rest, [0x99]);
        assert_eq!(map.numbered(1).and_then(Value::number), Some(2));
        let items = vec![Value::Number(-7), Value::Bytes(vec![1, 2]), Value::Simple];
        assert_eq!(map.named("a"), Some(&Value::Array(items)));
        assert_eq!(Value::read(&[0x19, 0x01, 0x01]).unwrap().0, Value::Number(257));
    }

    #[test]
    fn refuses_what_is_cut_off_endless_or_too_deep() {
        assert_eq!(Value::read(&[]), None);
        assert_eq!(Value::read(&[0x42, 1]), None, "shorter than it says");
        assert_eq!(Value::read(&[0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None, "longer than any memory");
        assert_eq!(Value::read(&[0x9f, 0x01, 0xff]), None, "no length");
        assert_eq!(Value::read(&[0x81; 64]), None, "deeper than any attestation");
        assert_eq!(Value::read(&[0xfb, 0, 0, 0, 0, 0, 0, 0, 0]), None, "floating point");
    }
}
