//! Protocol buffers, written.

/// A message that grows field by field.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn number(&mut self, field: u64, value: u64) -> &mut Message {
        varint(u128::from(field << 3), &mut self.0);
        varint(u128::from(value), &mut self.0);
        self
    }
    /// A number whose lowest bit is its sign.
    pub(super) fn signed(&mut self, field: u64, value: i64) -> &mut Message {
        self.number(field, zigzag(i128::from(value)) as u64)
    }
    pub(super) fn double(&mut self, field: u64, value: f64) -> &mut Message {
        varint(u128::from(field << 3 | 1), &mut self.0);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }
    pub(super) fn bytes(&mut self, field: u64, value: &[u8]) -> &mut Message {
        varint(u128::from(field << 3 | 2), &mut self.0);
        varint(value.len() as u128, &mut self.0);
        self.0.extend_from_slice(value);
        self
    }
    pub(super) fn message(&mut self, field: u64, value: &Message) -> &mut Message {
        self.bytes(field, &value.0)
    }
    pub(super) fn written(&self) -> &[u8] {
        &self.0
    }
}

/// A number in groups of seven bits, the lowest first.
pub(super) fn varint(mut value: u128, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

pub(super) fn zigzag(value: i128) -> u128 {
    (value << 1 ^ value >> 127) as u128
}
