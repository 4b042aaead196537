//! As much of Kafka's protocol as takes one message to a broker and back, byte by byte: a client would be a dependency for one test.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, SystemTime},
};

/// A request or a part of one.
#[derive(Default)]
struct Bytes(Vec<u8>);

impl Bytes {
    fn put(mut self, bytes: &[u8]) -> Bytes {
        self.0.extend_from_slice(bytes);
        self
    }
    fn i16(self, n: i16) -> Bytes {
        self.put(&n.to_be_bytes())
    }
    fn i32(self, n: i32) -> Bytes {
        self.put(&n.to_be_bytes())
    }
    fn i64(self, n: i64) -> Bytes {
        self.put(&n.to_be_bytes())
    }
    fn text(self, text: &str) -> Bytes {
        self.i16(text.len() as i16).put(text.as_bytes())
    }
    /// With its length before it.
    fn sized(self, bytes: &[u8]) -> Bytes {
        self.i32(bytes.len() as i32).put(bytes)
    }
    /// A length of up to 63, zigzag.
    fn short(self, n: i8) -> Bytes {
        self.put(&[((n << 1) ^ (n >> 7)) as u8])
    }
}

/// A connection to a broker.
pub struct Wire(TcpStream);

impl Wire {
    /// To `HOST:PORT`.
    pub fn to(servers: &str) -> Wire {
        let stream = TcpStream::connect(servers).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Wire(stream)
    }

    /// The answer to a request without its correlation id.
    fn ask(&mut self, api: i16, version: i16, body: Bytes) -> Vec<u8> {
        let request = Bytes::default().i16(api).i16(version).i32(9).text("test").put(&body.0);
        self.0.write_all(&Bytes::default().sized(&request.0).0).unwrap();
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut answer = vec![0; u32::from_be_bytes(length) as usize];
        self.0.read_exact(&mut answer).unwrap();
        assert_eq!(answer[..4], [0, 0, 0, 9], "the same id");
        answer.split_off(4)
    }

    /// Names a topic, so that it is made; asks until it is there.
    pub fn make(&mut self, topic: &str) {
        // Metadata, version 4: throttle time, one broker (id, host, port, no rack), cluster id, controller, then the topics: error, name, ...
        let tries = 100;
        for _ in 0..tries {
            let answer = self.ask(3, 4, Bytes::default().i32(1).text(topic).put(&[1]));
            let named = answer.windows(topic.len()).position(|window| window == topic.as_bytes()).expect("the topic is in the answer");
            if answer[named - 4..named - 2] == [0, 0] {
                return;
            }
        }
        panic!("{topic} is not there after {tries} questions");
    }

    /// Writes a value into partition 0 and waits until the broker has it; its offset.
    pub fn produce(&mut self, topic: &str, value: &str) -> i64 {
        let body = Bytes::default().i16(-1).i16(-1).i32(10_000).i32(1).text(topic).i32(1).i32(0).sized(&batch(value));
        let answer = self.ask(0, 3, body);
        // Topics, name, partitions, partition, error, offset.
        let at = 4 + 2 + topic.len() + 4 + 4;
        assert_eq!(answer[at..at + 2], [0, 0], "no error: {answer:?}");
        i64::from_be_bytes(answer[at + 2..at + 10].try_into().unwrap())
    }

    /// What partition 0 holds from an offset on, as it lies there.
    pub fn fetch(&mut self, topic: &str, offset: i64) -> Vec<u8> {
        let body = Bytes::default().i32(-1).i32(5_000).i32(1).i32(1 << 20).put(&[0]);
        self.ask(1, 4, body.i32(1).text(topic).i32(1).i32(0).i64(offset).i32(1 << 20))
    }
}

/// A batch of one record.
fn batch(value: &str) -> Vec<u8> {
    let record = Bytes::default().put(&[0]).short(0).short(0).short(-1).short(value.len() as i8).put(value.as_bytes()).short(0);
    let record = Bytes::default().short(record.0.len() as i8).put(&record.0);
    // Attributes, last offset, times (what is older than a week would be gone at once), producer, epoch, sequence, count.
    let now_ms = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as i64;
    let summed = Bytes::default().i16(0).i32(0).i64(now_ms).i64(now_ms).i64(-1).i16(-1).i32(-1).i32(1).put(&record.0).0;
    let rest = Bytes::default().i32(-1).put(&[2]).i32(crc32c(&summed) as i32).put(&summed).0;
    Bytes::default().i64(0).sized(&rest).0
}

fn crc32c(bytes: &[u8]) -> u32 {
    let fold =
        |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 });
    !bytes.iter().fold(!0, fold)
}
