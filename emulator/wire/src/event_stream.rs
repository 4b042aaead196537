//! AWS's event streams (`application/vnd.amazon.eventstream`): messages of headers and a payload, each framed by its lengths and two
//! CRC-32s. Knows no operation; who speaks of `:event-type` and the like is [`Message::event`] and its callers.
//!
//! A message: u32 whole length, u32 length of the headers, CRC of these eight bytes, headers, payload, CRC of all before it. Big-endian.

use bytes::{BufMut, Bytes, BytesMut};
use crc_fast::{CrcAlgorithm::Crc32IsoHdlc, checksum};

/// Largest payload of a message, bytes.
pub const MOST_PAYLOAD: usize = 16 << 20;
/// Largest headers of a message, bytes.
pub const MOST_HEADERS: usize = 128 << 10;
/// Lengths and their CRC.
const PRELUDE: usize = 12;
/// Prelude and the CRC at the end.
const FRAME: usize = PRELUDE + 4;

/// One message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Names (1 to 255 bytes) and values, in the order they are sent.
    pub headers: Vec<(String, HeaderValue)>,
    /// What is carried.
    pub payload: Bytes,
}

/// A value of a header.
#[derive(Clone, Debug, PartialEq)]
pub enum HeaderValue {
    /// A flag.
    Bool(bool),
    /// 8 bits.
    Byte(i8),
    /// 16 bits.
    Short(i16),
    /// 32 bits.
    Int(i32),
    /// 64 bits.
    Long(i64),
    /// At most 65,535 bytes.
    Bytes(Bytes),
    /// At most 65,535 bytes of UTF-8.
    Text(String),
    /// Milliseconds since the epoch.
    Time(i64),
    /// A UUID's 16 bytes.
    Uuid([u8; 16]),
}

/// Why bytes are no message, or a message can't be bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamError {
    /// A length that can't be, or is more than AWS allows.
    Length,
    /// The CRC of the lengths is wrong.
    PreludeSum,
    /// The CRC of the message is wrong.
    MessageSum,
    /// A header that can't be read: its type, its length or its text.
    Header,
}

impl std::fmt::Display for StreamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            StreamError::Length => "a message of the event stream has a length that can't be",
            StreamError::PreludeSum => "the checksum of a message's lengths does not match",
            StreamError::MessageSum => "the checksum of a message does not match",
            StreamError::Header => "a header of a message can't be read",
        })
    }
}

impl std::error::Error for StreamError {}

fn crc32(bytes: &[u8]) -> u32 {
    checksum(Crc32IsoHdlc, bytes) as u32
}

impl Message {
    /// An event of an operation's output stream, as AWS's SDKs read it.
    pub fn event(kind: &str, content_type: &str, payload: Bytes) -> Message {
        let text = |name: &str, value: &str| (name.to_owned(), HeaderValue::Text(value.to_owned()));
        let headers = vec![text(":event-type", kind), text(":content-type", content_type), text(":message-type", "event")];
        Message { headers, payload }
    }

    /// The value of a header that is text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).and_then(|(_, value)| match value {
            HeaderValue::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// The message as it is sent.
    pub fn encode(&self) -> Result<Bytes, StreamError> {
        let mut headers = BytesMut::with_capacity(128);
        for (name, value) in &self.headers {
            put_header(&mut headers, name, value)?;
        }
        if headers.len() > MOST_HEADERS || self.payload.len() > MOST_PAYLOAD {
            return Err(StreamError::Length);
        }
        let whole = FRAME + headers.len() + self.payload.len();
        let mut out = BytesMut::with_capacity(whole);
        out.put_u32(whole as u32);
        out.put_u32(headers.len() as u32);
        out.put_u32(crc32(&out));
        out.put_slice(&headers);
        out.put_slice(&self.payload);
        out.put_u32(crc32(&out));
        Ok(out.freeze())
    }

    /// Reads the first message off `bytes`: it and how many bytes it took; `None` while it is not all there.
    pub fn decode(bytes: &[u8]) -> Result<Option<(Message, usize)>, StreamError> {
        let Some(prelude) = bytes.get(..PRELUDE) else { return Ok(None) };
        let number = |at: usize| u32::from_be_bytes([prelude[at], prelude[at + 1], prelude[at + 2], prelude[at + 3]]);
        let (whole, header_bytes) = (number(0) as usize, number(4) as usize);
        if crc32(&prelude[..8]) != number(8) {
            return Err(StreamError::PreludeSum);
        }
        if header_bytes > MOST_HEADERS || whole > FRAME + MOST_HEADERS + MOST_PAYLOAD || whole < FRAME + header_bytes {
            return Err(StreamError::Length);
        }
        let Some(message) = bytes.get(..whole) else { return Ok(None) };
        let (body, sum) = message.split_at(whole - 4);
        if crc32(body).to_be_bytes() != sum {
            return Err(StreamError::MessageSum);
        }
        let (headers, payload) = body[PRELUDE..].split_at(header_bytes);
        if payload.len() > MOST_PAYLOAD {
            return Err(StreamError::Length);
        }
        Ok(Some((Message { headers: read_headers(headers)?, payload: Bytes::copy_from_slice(payload) }, whole)))
    }
}

fn put_header(out: &mut BytesMut, name: &str, value: &HeaderValue) -> Result<(), StreamError> {
    if name.is_empty() || name.len() > 255 {
        return Err(StreamError::Header);
    }
    out.put_u8(name.len() as u8);
    out.put_slice(name.as_bytes());
    let mut long = |kind: u8, bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).map_err(|_| StreamError::Header)?;
        out.put_u8(kind);
        out.put_u16(length);
        out.put_slice(bytes);
        Ok(())
    };
    match value {
        HeaderValue::Bytes(bytes) => return long(6, bytes),
        HeaderValue::Text(text) => return long(7, text.as_bytes()),
        HeaderValue::Bool(flag) => out.put_u8(if *flag { 0 } else { 1 }),
        HeaderValue::Byte(n) => {
            out.put_u8(2);
            out.put_i8(*n);
        }
        HeaderValue::Short(n) => {
            out.put_u8(3);
            out.put_i16(*n);
        }
        HeaderValue::Int(n) => {
            out.put_u8(4);
            out.put_i32(*n);
        }
        HeaderValue::Long(n) => {
            out.put_u8(5);
            out.put_i64(*n);
        }
        HeaderValue::Time(millis) => {
            out.put_u8(8);
            out.put_i64(*millis);
        }
        HeaderValue::Uuid(bytes) => {
            out.put_u8(9);
            out.put_slice(bytes);
        }
    }
    Ok(())
}

fn read_headers(bytes: &[u8]) -> Result<Vec<(String, HeaderValue)>, StreamError> {
    let mut from = Reader(bytes);
    let mut headers = Vec::new();
    while !from.0.is_empty() {
        let length = from.array::<1>()?[0] as usize;
        if length == 0 {
            return Err(StreamError::Header);
        }
        let name = from.text(length)?;
        let value = match from.array::<1>()?[0] {
            kind @ (0 | 1) => HeaderValue::Bool(kind == 0),
            2 => HeaderValue::Byte(i8::from_be_bytes(from.array()?)),
            3 => HeaderValue::Short(i16::from_be_bytes(from.array()?)),
            4 => HeaderValue::Int(i32::from_be_bytes(from.array()?)),
            5 => HeaderValue::Long(i64::from_be_bytes(from.array()?)),
            6 => {
                let length = u16::from_be_bytes(from.array()?) as usize;
                HeaderValue::Bytes(Bytes::copy_from_slice(from.take(length)?))
            }
            7 => {
                let length = u16::from_be_bytes(from.array()?) as usize;
                HeaderValue::Text(from.text(length)?)
            }
            8 => HeaderValue::Time(i64::from_be_bytes(from.array()?)),
            9 => HeaderValue::Uuid(from.array()?),
            _ => return Err(StreamError::Header),
        };
        headers.push((name, value));
    }
    Ok(headers)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], StreamError> {
        let (head, rest) = self.0.split_at_checked(length).ok_or(StreamError::Header)?;
        self.0 = rest;
        Ok(head)
    }
    fn array<const N: usize>(&mut self) -> Result<[u8; N], StreamError> {
        self.take(N)?.try_into().map_err(|_| StreamError::Header)
    }
    fn text(&mut self, length: usize) -> Result<String, StreamError> {
        String::from_utf8(self.take(length)?.to_vec()).map_err(|_| StreamError::Header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    /// The vectors that AWS's SDKs share.
    #[test]
    fn known_messages_read_and_write_the_same() {
        let payload = Bytes::from_static(b"{'foo':'bar'}");
        let cases = [
            ("00000010 00000000 05c248eb 7d98c8ff", Message::default()),
            ("0000001d 00000000 fd528c5a 7b27666f6f273a27626172277d c3653936", Message { headers: Vec::new(), payload: payload.clone() }),
            (
                "0000003d 00000020 07fd8396 0c 636f6e74656e742d74797065 07 0010 6170706c69636174696f6e2f6a736f6e 7b27666f6f273a27626172277d 8d9c08b1",
                Message { headers: vec![("content-type".into(), HeaderValue::Text("application/json".into()))], payload: payload.clone() },
            ),
            (
                "0000002d 00000010 41c424b8 0a 6576656e742d74797065 04 0000a00c 7b27666f6f273a27626172277d 36f480a0",
                Message { headers: vec![("event-type".into(), HeaderValue::Int(40972))], payload },
            ),
        ];
        for (hex, message) in cases {
            let bytes = bytes(hex);
            assert_eq!(Message::decode(&bytes), Ok(Some((message.clone(), bytes.len()))), "{hex}");
            assert_eq!(message.encode().unwrap(), bytes, "{hex}");
        }
    }

    #[test]
    fn every_kind_of_header_comes_back() {
        let values = [
            HeaderValue::Bool(true),
            HeaderValue::Bool(false),
            HeaderValue::Byte(-7),
            HeaderValue::Short(-300),
            HeaderValue::Int(i32::MIN),
            HeaderValue::Long(i64::MAX),
            HeaderValue::Bytes(Bytes::from_static(&[0, 255])),
            HeaderValue::Text("\u{fc}".into()),
            HeaderValue::Time(1_700_000_000_000),
            HeaderValue::Uuid([9; 16]),
        ];
        let headers = values.into_iter().enumerate().map(|(i, value)| (format!("h{i}"), value)).collect();
        let message = Message { headers, payload: Bytes::from_static(b"x") };
        let bytes = message.encode().unwrap();
        assert_eq!(Message::decode(&bytes), Ok(Some((message, bytes.len()))));
    }

    #[test]
    fn what_is_cut_off_waits_and_what_is_wrong_is_told() {
        let whole = Message::event("PayloadChunk", "application/octet-stream", Bytes::from_static(b"abc")).encode().unwrap();
        for length in 0..whole.len() {
            assert_eq!(Message::decode(&whole[..length]), Ok(None), "{length}");
        }
        let flipped = |at: usize| {
            let mut bytes = whole.to_vec();
            bytes[at] ^= 1;
            Message::decode(&bytes)
        };
        assert_eq!(flipped(3), Err(StreamError::PreludeSum));
        assert_eq!(flipped(20), Err(StreamError::MessageSum));
        assert_eq!(flipped(whole.len() - 1), Err(StreamError::MessageSum));
        let long = Message { headers: vec![("n".into(), HeaderValue::Text("x".repeat(70_000)))], payload: Bytes::new() };
        assert_eq!(long.encode(), Err(StreamError::Header));
        assert_eq!(
            Message { headers: vec![(String::new(), HeaderValue::Bool(true))], payload: Bytes::new() }.encode(),
            Err(StreamError::Header)
        );
    }
}
