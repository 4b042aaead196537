//! Lengths that lie: a look through a request before it is decoded.
//!
//! The codec makes room for as many elements as an array says it has, before it reads the first; a request of twenty bytes may so ask for
//! gigabytes. A first pass reads the request over this buffer, on which no length can be larger than what is left; only what passes is decoded.

use bytes::{Buf, Bytes, TryGetError};
use kafka_protocol::protocol::buf::ByteBuf;

/// Most things that a request may name: each takes a hundred bytes and more where it took two on the wire.
const THINGS_MAX: usize = 1 << 20;
/// Bytes of a batch of records up to what tells its format.
const MAGIC_AT: usize = 16;

/// The bytes of a request with lengths held down.
pub struct Guarded {
    rest: Bytes,
    /// Things that may yet be read.
    things: usize,
    /// The longest list or text.
    longest: usize,
    /// There are batches of records, which may be longer.
    batches: bool,
    /// The variable-length number that is being read, and by how much its next byte counts.
    number: (u64, u32),
}

impl Guarded {
    /// Over the bytes of a request.
    pub fn new(request: Bytes) -> Guarded {
        Guarded { rest: request, things: THINGS_MAX, longest: THINGS_MAX, batches: false, number: (0, 0) }
    }
    /// Over the bytes of a request that brings records.
    pub fn with_batches(request: Bytes) -> Guarded {
        Guarded { batches: true, ..Guarded::new(request) }
    }
    /// Over the bytes of an answer, which is as long as it is.
    pub fn answer(answer: Bytes) -> Guarded {
        Guarded { things: usize::MAX, longest: usize::MAX, ..Guarded::new(answer) }
    }

    /// Something was read; what comes after too many of them is not there.
    fn spend(&mut self) {
        match self.things.checked_sub(1) {
            Some(left) => self.things = left,
            None => self.rest.clear(),
        }
    }

    /// The longest that what follows can be.
    fn longest(&self, says: usize) -> usize {
        // A batch says its own length, after its offset, and its format.
        let batch = || {
            let length = self.rest.get(8..12).and_then(|b| b.try_into().ok()).map_or(0, i32::from_be_bytes);
            let whole = usize::try_from(length).map_or(0, |length| length + 12);
            self.rest.get(MAGIC_AT).is_some_and(|magic| *magic <= 2) && whole > 0 && whole <= says
        };
        let most = if self.batches && says > self.longest && batch() { usize::MAX } else { self.longest };
        most.min(self.rest.remaining())
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
        self.spend();
    }
    /// Fixed lengths of arrays are read so, and other numbers too: a number that is no length has no say in how the rest is read.
    fn try_get_i32(&mut self) -> Result<i32, TryGetError> {
        let value = self.rest.try_get_i32()?;
        self.spend();
        // One more than there can be, so that the elements run out where the number lied.
        let longest = self.longest(usize::try_from(value).unwrap_or(0)) + 1;
        Ok(value.min(i32::try_from(longest).unwrap_or(i32::MAX)))
    }
    /// Variable lengths are read byte by byte. Single bytes of other kinds are never above 127 in a true request.
    fn try_get_u8(&mut self) -> Result<u8, TryGetError> {
        let byte = self.rest.try_get_u8()?;
        self.spend();
        let (so_far, shift) = self.number;
        let value = so_far | u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(u64::MAX);
        let ends = byte & 0x80 == 0;
        if shift > 0 && ends && value > self.longest(usize::try_from(value).unwrap_or(usize::MAX)) as u64 + 1
            || value > self.rest.remaining() as u64 + 1 && shift > 0
        {
            return Err(TryGetError { requested: value as usize, available: self.rest.remaining() });
        }
        self.number = if ends { (0, 0) } else { (value, shift + 7) };
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
        messages::{
            DeleteTopicsRequest, MetadataRequest, ProduceRequest,
            produce_request::{PartitionProduceData, TopicProduceData},
        },
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
    fn more_than_a_million_things_are_refused() {
        let names = |many: i32| {
            let mut bytes = many.to_be_bytes().to_vec();
            bytes.resize(4 + 2 * many as usize, 0);
            MetadataRequest::decode(&mut Guarded::new(bytes.into()), 1)
        };
        assert_eq!(names(500_000).unwrap().topics.unwrap().len(), 500_000);
        assert!(names(1_100_000).is_err(), "topics without names, of two bytes each");
    }

    #[test]
    fn a_batch_may_be_long_and_a_list_may_not() {
        let records = crate::log::batch::Draft { records: vec![7; 3 << 20], ..Default::default() }.finish(0, 1, 0, 0);
        let data = PartitionProduceData::default().with_records(Some(records.into()));
        let request = ProduceRequest::default().with_topic_data(vec![TopicProduceData::default().with_partition_data(vec![data])]);
        for version in [3, 9] {
            let mut bytes = bytes::BytesMut::new();
            request.encode(&mut bytes, version).unwrap();
            assert!(ProduceRequest::decode(&mut Guarded::with_batches(bytes.freeze()), version).is_ok(), "version {version}");
        }
        // Two million topics, and so many bytes that there might be.
        let mut list = vec![0, 0, 1, 0, 0, 0, 0, 0x80, 0x89, 0x7a];
        list.resize(3 << 20, 0);
        assert!(ProduceRequest::decode(&mut Guarded::with_batches(list.into()), 9).is_err());
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
