//! Kafka: requests of every API and record batches, as anybody may send them to the broker.

use crate::target::Target;
use broker::{
    api,
    log::{batch, inspect, records},
};
use wire::Bytes;

#[test]
fn kafka_requests() {
    // Key, version, body. Bodies as clients send them: a topic's name, a partition, a number here and there.
    let mut samples = Vec::new();
    for offered in api::OFFERED {
        for version in [offered.min, offered.max] {
            let mut sample = (offered.key as i16).to_be_bytes().to_vec();
            sample.extend(version.to_be_bytes());
            sample.extend([0, 0, 0, 1, 0, 1, b't', 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0xff, 0xff, 0, 2, 2, b't', 0, 0]);
            samples.push(sample);
        }
    }
    // Lengths that lie, fixed and variable: metadata of 2^31 - 1 topics.
    samples.push(vec![0, 3, 0, 1, 0x7f, 0xff, 0xff, 0xff]);
    samples.push(vec![0, 3, 0, 12, 0xff, 0xff, 0xff, 0xff, 0x07]);
    Target::new("kafka_requests", samples, "\u{0} \u{1} \u{7f} \u{7f}\u{7f}\u{7f}\u{7f}").run(|bytes| {
        let Some((head, body)) = bytes.split_first_chunk::<4>() else { return false };
        let (key, version) = (i16::from_be_bytes([head[0], head[1]]), i16::from_be_bytes([head[2], head[3]]));
        api::try_decode(key, version, Bytes::copy_from_slice(body)).is_ok()
    });
}

#[test]
fn kafka_records() {
    let marker = batch::marker(true, 1, 0, 1_700_000_000_000);
    let plain =
        batch::Draft { records: vec![0x14, 0, 0, 0, 2, b'k', 2, b'v', 2, 2, b'h', 1], ..batch::Draft::default() }.finish(0, 1, 5, 5);
    // The same bytes said to be packed by each codec.
    let packed = (1..=4).map(|codec| {
        let mut batch = plain.clone();
        batch[22] = codec;
        batch
    });
    let samples: Vec<Vec<u8>> = [marker, plain.clone()].into_iter().chain(packed).collect();
    Target::new("kafka_records", samples, "\u{0} \u{1} \u{7f} \u{82}SNAPPY").run(|bytes| {
        let _ = batch::check(bytes);
        // What the broker takes can be read.
        if let Ok(head) = batch::Head::read(bytes)
            && inspect::inspect(bytes, &head).is_ok()
        {
            records::read(bytes).unwrap();
        }
        // The sum turns most edits away: the records are read without it.
        match records::read(bytes) {
            Ok(read) => read.iter().all(|record| record.raw.len() <= 256 << 20),
            Err(_) => false,
        }
    });
}
