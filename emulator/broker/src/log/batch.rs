//! Record batches of format 2 as bytes: read, checked, placed at an offset, and the control batches that end transactions.
//!
//! Knows nothing of files, nor of what records hold. Layout: Kafka's documentation, "Message Format".

use crc_fast::CrcAlgorithm;

/// Bytes before the records of a batch.
pub const HEADER_BYTES: usize = 61;
/// Bytes before the length takes effect: base offset and the length itself.
const PREFIX_BYTES: usize = 12;
/// Where the checked part starts.
const CHECKED_FROM: usize = 21;
/// No producer id, epoch or sequence.
pub const NONE: i64 = -1;

/// What is wrong with a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// It ends before its length says.
    #[error("the batch is cut off")]
    Cut,
    /// Its lengths or counts contradict each other.
    #[error("the batch contradicts itself")]
    Malformed,
    /// The sum is not that of the bytes.
    #[error("the checksum is not that of the batch")]
    Sum,
    /// Its codec is none that Kafka has.
    #[error("codec {0} is none of none, gzip, snappy, lz4 and zstd")]
    Codec(i16),
    /// It holds more than is taken of one batch.
    #[error("the batch holds more than a million records and headers")]
    TooMany,
    /// Formats 0 and 1, which Kafka 4 no longer takes.
    #[error("record format {0} is not taken; it is 2 since Kafka 0.11")]
    Format(i8),
}

/// The head of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Offset of the first record.
    pub base: i64,
    /// Bytes of the whole batch.
    pub bytes: usize,
    /// Compression, kind of timestamp, transactional, control.
    pub attributes: i16,
    /// Offset of the last record minus `base`.
    pub last_delta: i32,
    /// Milliseconds; of the first record.
    pub first_time: i64,
    /// Milliseconds; the latest of its records.
    pub latest_time: i64,
    /// Who produced it; -1 without idempotence.
    pub producer: i64,
    /// Its epoch.
    pub epoch: i16,
    /// Its number of the first record.
    pub sequence: i32,
    /// Number of records.
    pub count: i32,
}

impl Head {
    /// Reads the head of a batch that starts at `bytes[0]`; does not look at the sum.
    pub fn read(bytes: &[u8]) -> Result<Head, BatchError> {
        if bytes.len() < PREFIX_BYTES + 5 {
            return Err(BatchError::Cut);
        }
        if bytes[16] != 2 {
            return Err(BatchError::Format(bytes[16] as i8));
        }
        if bytes.len() < HEADER_BYTES {
            return Err(BatchError::Cut);
        }
        let length = i32_at(bytes, 8);
        let head = Head {
            base: i64_at(bytes, 0),
            bytes: PREFIX_BYTES + usize::try_from(length).map_err(|_| BatchError::Malformed)?,
            attributes: i16_at(bytes, 21),
            last_delta: i32_at(bytes, 23),
            first_time: i64_at(bytes, 27),
            latest_time: i64_at(bytes, 35),
            producer: i64_at(bytes, 43),
            epoch: i16_at(bytes, 51),
            sequence: i32_at(bytes, 53),
            count: i32_at(bytes, 57),
        };
        match head.bytes < HEADER_BYTES || head.last_delta < 0 || head.count < 0 {
            true => Err(BatchError::Malformed),
            false => Ok(head),
        }
    }
    /// Offset of the last record.
    pub fn last(&self) -> i64 {
        self.base + i64::from(self.last_delta)
    }
    /// Number of the last record of an idempotent producer; numbers go round after 2^31 - 1.
    pub fn last_sequence(&self) -> i32 {
        self.sequence.wrapping_add(self.last_delta) & i32::MAX
    }
    /// Part of a transaction.
    pub fn transactional(&self) -> bool {
        self.attributes & 0x10 != 0
    }
    /// Ends a transaction; holds no record of a user.
    pub fn control(&self) -> bool {
        self.attributes & 0x20 != 0
    }
    /// Number of the codec: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd.
    pub fn codec(&self) -> i16 {
        self.attributes & 0x07
    }
}

/// Reads and checks a whole batch: lengths and sum.
pub fn check(bytes: &[u8]) -> Result<Head, BatchError> {
    let head = Head::read(bytes)?;
    let whole = bytes.get(..head.bytes).ok_or(BatchError::Cut)?;
    match sum(&whole[CHECKED_FROM..]) == u32::from_be_bytes([whole[17], whole[18], whole[19], whole[20]]) {
        true => Ok(head),
        false => Err(BatchError::Sum),
    }
}

/// Puts a batch at an offset. Offset and leader's epoch stand before the part that the sum covers.
pub fn place(batch: &mut [u8], base: i64) {
    batch[..8].copy_from_slice(&base.to_be_bytes());
    batch[12..16].copy_from_slice(&0_i32.to_be_bytes());
}

/// Where the leader's epoch stands: 0 for clients, as there is one leader for ever. In the log the place holds when the batch was appended, so
/// that this is as durable as the batch, is in snapshots, and costs no byte. The sum does not cover it.
const EPOCH: std::ops::Range<usize> = 12..16;

/// Writes down when the log took a batch: whole seconds, the next one where it is none, so that nothing is held to be older than it is.
pub fn date(batch: &mut [u8], now_ms: i64) {
    let secs = u32::try_from(now_ms.saturating_add(999).div_euclid(1000)).unwrap_or(if now_ms < 0 { 0 } else { u32::MAX });
    batch[EPOCH].copy_from_slice(&secs.to_be_bytes());
}

/// When the log took a batch, milliseconds; `None` of batches that were written before this was written down.
pub fn dated(batch: &[u8]) -> Option<i64> {
    let secs = u32::from_be_bytes(batch.get(EPOCH)?.try_into().expect("four bytes"));
    (secs > 0).then_some(i64::from(secs) * 1000)
}

/// Writes down of a batch that it was taken when another was.
pub fn date_as(batch: &mut [u8], other: &[u8]) {
    batch[EPOCH].copy_from_slice(&other[EPOCH]);
}

/// Makes whole batches what clients are to see: the leader's epoch in the place of the date.
pub fn undate(mut batches: &mut [u8]) {
    while let Ok(head) = Head::read(batches) {
        batches[EPOCH].fill(0);
        let Some(rest) = batches.get_mut(head.bytes..) else { return };
        batches = rest;
    }
}

/// Gives every record of the batch the time at which the log took it, where the topic asks for that.
pub fn stamp(batch: &mut [u8], now_ms: i64) {
    let attributes = i16_at(batch, 21) | 0x08;
    batch[21..23].copy_from_slice(&attributes.to_be_bytes());
    batch[35..43].copy_from_slice(&now_ms.to_be_bytes());
    seal(batch);
}

/// A batch as a producer without an id would have sent it: taken again where the same one with its id would be known. `None` of what
/// belongs to a transaction, which can't stand outside of it, and of what is no batch.
pub fn unsigned(batch: &[u8]) -> Option<Vec<u8>> {
    let head = Head::read(batch).ok().filter(|head| !head.transactional() && head.bytes <= batch.len())?;
    let mut copy = batch[..head.bytes].to_vec();
    // Producer id, epoch and sequence lie side by side; -1 in all of them is nobody.
    copy[43..57].fill(0xff);
    seal(&mut copy);
    Some(copy)
}

/// The batch that ends a transaction: one record whose key says commit or abort.
pub fn marker(commit: bool, producer: i64, epoch: i16, now_ms: i64) -> Vec<u8> {
    // Record: length, attributes, time delta, offset delta, key (version, type), value (version, coordinator's epoch), no headers.
    let key = [0, 0, 0, u8::from(commit)];
    let mut record = vec![0, 0, 0, 8];
    record.extend(key);
    record.push(12);
    record.extend([0; 6]);
    record.push(0);
    let mut out = Draft { attributes: 0x30, producer, epoch, ..Draft::default() };
    out.records.push((record.len() as u8) << 1);
    out.records.extend(record);
    out.finish(0, 1, now_ms, now_ms)
}

/// A batch in the making; used for markers and for what compaction leaves of a batch.
#[derive(Clone, Debug)]
pub struct Draft {
    /// See [`Head::attributes`].
    pub attributes: i16,
    /// See [`Head::producer`].
    pub producer: i64,
    /// See [`Head::epoch`].
    pub epoch: i16,
    /// See [`Head::sequence`].
    pub sequence: i32,
    /// The records, encoded.
    pub records: Vec<u8>,
}

impl Default for Draft {
    fn default() -> Self {
        Draft { attributes: 0, producer: NONE, epoch: -1, sequence: -1, records: Vec::new() }
    }
}

impl Draft {
    /// The batch at offset 0, with its sum.
    pub fn finish(self, last_delta: i32, count: i32, first_time: i64, latest_time: i64) -> Vec<u8> {
        let mut out = vec![0; HEADER_BYTES];
        out[8..12].copy_from_slice(&((HEADER_BYTES - PREFIX_BYTES + self.records.len()) as i32).to_be_bytes());
        out[16] = 2;
        out[21..23].copy_from_slice(&self.attributes.to_be_bytes());
        out[23..27].copy_from_slice(&last_delta.to_be_bytes());
        out[27..35].copy_from_slice(&first_time.to_be_bytes());
        out[35..43].copy_from_slice(&latest_time.to_be_bytes());
        out[43..51].copy_from_slice(&self.producer.to_be_bytes());
        out[51..53].copy_from_slice(&self.epoch.to_be_bytes());
        out[53..57].copy_from_slice(&self.sequence.to_be_bytes());
        out[57..61].copy_from_slice(&count.to_be_bytes());
        out.extend(self.records);
        seal(&mut out);
        out
    }
}

fn seal(batch: &mut [u8]) {
    let sum = sum(&batch[CHECKED_FROM..]);
    batch[17..21].copy_from_slice(&sum.to_be_bytes());
}

fn sum(bytes: &[u8]) -> u32 {
    crc_fast::checksum(CrcAlgorithm::Crc32Iscsi, bytes) as u32
}

fn i16_at(bytes: &[u8], at: usize) -> i16 {
    i16::from_be_bytes([bytes[at], bytes[at + 1]])
}
fn i32_at(bytes: &[u8], at: usize) -> i32 {
    i32::from_be_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}
fn i64_at(bytes: &[u8], at: usize) -> i64 {
    i64::from_be_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_a_batch_that_checks() {
        let mut marker = marker(true, 7, 3, 1_000);
        place(&mut marker, 42);
        let head = check(&marker).unwrap();
        assert_eq!((head.base, head.last(), head.producer, head.epoch, head.count), (42, 42, 7, 3, 1));
        assert!(head.control() && head.transactional());
        assert_eq!(head.bytes, marker.len());
    }

    #[test]
    fn a_flipped_bit_is_found() {
        let mut marker = marker(false, 7, 3, 1_000);
        let end = marker.len() - 1;
        marker[end] ^= 1;
        assert_eq!(check(&marker), Err(BatchError::Sum));
        assert_eq!(check(&marker[..end]), Err(BatchError::Cut));
    }

    #[test]
    fn a_date_is_no_earlier_than_the_time_and_not_for_clients() {
        let mut two = [marker(true, 7, 3, 5), marker(true, 7, 3, 5)].concat();
        let (clean, length) = (two.clone(), two.len() / 2);
        assert_eq!(dated(&two), None);
        date(&mut two, 1_001);
        date(&mut two[length..], 2_000);
        assert_eq!((dated(&two), dated(&two[length..])), (Some(2_000), Some(2_000)));
        assert!(check(&two).is_ok());
        undate(&mut two);
        assert_eq!(two, clean);
    }

    #[test]
    fn a_stamp_keeps_the_sum_right() {
        let mut batch = Draft { records: vec![1, 2, 3], ..Draft::default() }.finish(0, 1, 5, 5);
        stamp(&mut batch, 99);
        let head = check(&batch).unwrap();
        assert_eq!((head.latest_time, head.attributes & 8), (99, 8));
    }
}
