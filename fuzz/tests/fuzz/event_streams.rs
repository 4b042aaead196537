//! Event streams: what is read is written the same, and what is wrong is refused.

use crate::target::Target;
use wire::{
    Bytes,
    event_stream::{HeaderValue, Message},
};

#[test]
fn event_stream_messages() {
    let chunk = Message::event("PayloadChunk", "application/octet-stream", Bytes::from_static(b"hello"));
    let many = Message {
        headers: vec![
            ("a".into(), HeaderValue::Bool(true)),
            ("b".into(), HeaderValue::Long(-1)),
            ("c".into(), HeaderValue::Bytes(Bytes::from_static(b"xyz"))),
            ("d".into(), HeaderValue::Uuid([7; 16])),
        ],
        payload: Bytes::new(),
    };
    let samples: Vec<Vec<u8>> = [Message::default(), chunk, many].iter().map(|m| m.encode().expect("a sound message").to_vec()).collect();
    Target::new("event_stream_messages", samples, ":event-type :message-type event \u{7} \u{9}").run(|bytes| {
        let mut rest = bytes;
        let mut read = false;
        while let Ok(Some((message, length))) = Message::decode(rest) {
            // A flag's two types and the order of headers are all that a message says: it goes out as it came in.
            assert_eq!(message.encode().expect("what was read can be written"), &rest[..length]);
            rest = &rest[length..];
            read = true;
        }
        // Checksums turn most edits away before a header is read: the same bytes once more under sums that fit.
        read || resealed(bytes)
    });
}

/// The bytes as headers and payload of a message whose lengths and sums are right.
fn resealed(bytes: &[u8]) -> bool {
    let headers = bytes.get(8..12).map_or(0, |b| usize::from(b[3])).min(bytes.len());
    let crc = |bytes: &[u8]| (crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, bytes) as u32).to_be_bytes();
    let mut message = ((bytes.len() + 16) as u32).to_be_bytes().to_vec();
    message.extend((headers as u32).to_be_bytes());
    message.extend(crc(&message));
    message.extend(bytes);
    message.extend(crc(&message));
    match Message::decode(&message) {
        Ok(Some((read, length))) => {
            assert_eq!(length, message.len());
            assert_eq!(read.encode().expect("what was read can be written"), message);
            true
        }
        _ => false,
    }
}
