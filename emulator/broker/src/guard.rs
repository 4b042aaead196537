//! Lengths that lie: a look through a request before it is decoded.
//!
//! The codec makes room for as many elements as an array says it has, before it reads the first; a request of twenty bytes may so ask for
//! gigabytes. A first pass reads the request over this buffer, on which no length can be larger than what is left; only what passes is decoded.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::buf::ByteBuf;

/// The bytes of a request with lengths held down.
pub struct Guarded {
    rest: Bytes,
    /// The variable-length number that is being read, and by how much its next byte counts.
    number: (u64, u32),
}

impl Guarded {
    /// Over the bytes of a request.
    pub fn new(request: Bytes) -> Guarded {
        Guarded { rest: request, number: (0, 0) }
    }
}

impl Buf for Guarded {
    fn remaining(&self) -> usize {
        self.rest.remaining()
    }
    fn chunk(&self) -> &[u8] {
        self.rest.chunk()
    }
    fn advance(&mut self, by: usize) {
        self.rest.advance(by);
    }
    /// Fixed lengths of arrays are read so, and other numbers too: a number that is no length has no say in how the rest is read.
    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        let value = self.rest.try_get_i32()?;
        // One more than there can be, so that the elements run out where the number lied.
        Ok(value.min(i32::try_from(self.rest.remaining() + 1).unwrap_or(i32::MAX)))
    }
    /// Variable lengths are read byte by byte. Single bytes of other kinds are never above 127 in a true request.
    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        let byte = self.rest.try_get_u8()?;
        let (so_far, shift) = self.number;
        let value = so_far | u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(u64::MAX);
        if shift > 0 && value > self.rest.remaining() as u64 + 1 {
            return Err(TryGetError { requested: value as usize, available: self.rest.remaining() });
        }
        self.number = if byte & 0x80 == 0 { (0, 0) } else { (value, shift + 7) };
        Ok(byte)
    }
}

impl ByteBuf for Guarded {
    fn peek_bytes(&mut self, range: std::ops::Range<usize>) -> Bytes {
        self.rest.slice(range)
    }
    fn get_bytes(&mut self, size: usize) -> Bytes {
        self.rest.split_to(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafka_protocol::{
        messages::{DeleteTopicsRequest, MetadataRequest},
        protocol::{Decodable, Encodable},
    };

    #[test]
    fn lengths_that_lie_are_refused_before_room_is_made() {
        // Metadata v1: an array of 2^31 - 1 topics. v9: the same with a variable length.
        for (version, bytes) in [(1, &[0x7f, 0xff, 0xff, 0xff][..]), (9, &[0xff, 0xff, 0xff, 0xff, 0x07][..])] {
            let refused = MetadataRequest::decode(&mut Guarded::new(Bytes::copy_from_slice(bytes)), version);
            assert!(refused.is_err(), "version {version}");
        }
    }

    #[test]
    fn true_requests_pass() {
        let request = DeleteTopicsRequest::default().with_timeout_ms(30_000).with_topic_names(vec![]);
        for version in 1..=5 {
            let mut bytes = bytes::BytesMut::new();
            request.encode(&mut bytes, version).unwrap();
            assert!(DeleteTopicsRequest::decode(&mut Guarded::new(bytes.freeze()), version).is_ok(), "version {version}");
        }
    }
}
