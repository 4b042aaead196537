//! Bodies on their way into blobs and out of them: MD5 and checksum are computed while the bytes pass, nothing is held whole.

use super::verified::Verified;
use crate::{
    checksums::{self, Algorithm, Running, Sum},
    digest::{self, Md5},
    encryption::{
        DataKey, Salt, Sealing,
        chunks::{self, Cipher, Sealer},
    },
    state::{Object, Piece},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    Body, Context, Fault, ReplyBody,
    store::{BlobReader, BlobRef, BlobWriter, Gathered, Held, Store},
};
use std::{collections::VecDeque, future::Future, io, ops::Range, pin::Pin};
use wire::{
    Bytes,
    body::{Check, Chunks},
};

/// The largest body of one request: 5 GiB.
const MOST_BYTES: u64 = 5 << 30;
/// Bytes that are hashed and written at a time.
const BATCH_BYTES: usize = 256 << 10;
/// Pieces of an answer that are opened before it begins; the rest is held, and opened as it is reached.
const OPENED_AHEAD: usize = 8;

/// What a body must be.
#[derive(Default)]
pub(crate) struct Expected {
    /// The algorithm to compute, and the value it must have where the client gave one. CRC64NVME when absent.
    pub sum: Option<(Algorithm, Option<String>)>,
    /// Content-MD5 as it came.
    pub md5: Option<String>,
    /// Content-Length.
    pub length: Option<i64>,
    /// What the blob is encrypted with.
    pub sealing: Sealing,
    /// A CRC64NVME is wanted beside the sum.
    pub crc64: bool,
}

/// A body that arrived.
pub(crate) struct Received {
    pub blob: BlobRef,
    pub size: u64,
    /// MD5 in hexadecimal; 32 random digits where the body is encrypted with a key that isn't S3's.
    pub etag: String,
    pub sum: Sum,
    /// CRC64NVME, where it was wanted.
    pub crc64: Option<String>,
    /// Present where the blob is encrypted.
    pub salt: Option<Salt>,
}

impl Received {
    /// The body as the only piece of an object, or as a part.
    pub fn into_piece(self) -> Piece {
        Piece { blob: self.blob, size: self.size, part: 0, sum: None, salt: self.salt }
    }
}

/// Streams a body into a pending blob and verifies what the client said of it.
pub(crate) async fn receive(cx: &Context, mut body: Body, expected: Expected) -> Result<Received, Fault> {
    let md5_wanted = expected.md5.as_deref().map(read_md5).transpose()?;
    let length = body.length.or(expected.length.and_then(|n| u64::try_from(n).ok()));
    check_size(length.unwrap_or(0))?;
    let (algorithm, value) = expected.sum.unwrap_or((Algorithm::Crc64Nvme, None));
    let (salt, sealer) = sealer(cx, &expected.sealing);
    let beside = (expected.crc64 && algorithm != Algorithm::Crc64Nvme).then(|| Running::new(Algorithm::Crc64Nvme));
    let mut intake = Intake::new(cx.store().blobs().create().await?, algorithm, beside, sealer);
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(broken)?;
        check_size(intake.size + chunk.len() as u64)?;
        intake.take(chunk).await?;
    }
    intake.pass_on().await?;
    let Intake { mut writer, md5, running, beside, sealer, size, .. } = intake;
    if length.is_some_and(|length| length != size) {
        return Err(Fault::new(
            "IncompleteBody",
            400,
            "You did not provide the number of bytes specified by the Content-Length HTTP header",
        ));
    }
    let md5 = md5.finish();
    if let (Some(wanted), Some(text)) = (md5_wanted, expected.md5)
        && wanted != md5
    {
        return Err(Fault::new("BadDigest", 400, "The Content-MD5 you specified did not match what we received.")
            .with("ExpectedDigest", text)
            .with("CalculatedDigest", BASE64_STANDARD.encode(md5)));
    }
    let sum = Sum { algorithm, value: running.finish(), composite: false };
    if value.is_some_and(|value| value != sum.value) {
        return Err(checksums::bad_digest(algorithm));
    }
    if let Some(sealer) = sealer {
        writer.write(sealer.finish().map_err(unsealable)?).await?;
    }
    let etag = if salt.is_some() { cx.ids().hex(32) } else { kit::hex(&md5) };
    let crc64 = expected.crc64.then(|| beside.map_or_else(|| sum.value.clone(), Running::finish));
    Ok(Received { blob: writer.finish().await?, size, etag, sum, crc64, salt })
}

/// What encrypts a blob, where it is to be encrypted, and the salt of its key.
fn sealer(cx: &Context, sealing: &Sealing) -> (Option<Salt>, Option<Sealer>) {
    let Some(key) = &sealing.key else { return (None, None) };
    let salt = chunks::salt(cx);
    (Some(salt), Some(Sealer::new(Cipher::new(key, &salt, sealing.encryption.dual()))))
}

fn unsealable(error: io::Error) -> Fault {
    Fault::internal(format!("encrypting a body: {error}"))
}

/// A body as it comes in: gathered, then hashed and written side by side.
struct Intake {
    writer: BlobWriter,
    md5: Md5,
    running: Running,
    beside: Option<Running>,
    sealer: Option<Sealer>,
    gathered: Gathered,
    size: u64,
}

impl Intake {
    fn new(writer: BlobWriter, algorithm: Algorithm, beside: Option<Running>, sealer: Option<Sealer>) -> Intake {
        let (md5, running) = (Md5::new(), Running::new(algorithm));
        Intake { writer, md5, running, beside, sealer, gathered: Gathered::default(), size: 0 }
    }

    async fn take(&mut self, chunk: Bytes) -> Result<(), Fault> {
        self.size += chunk.len() as u64;
        self.gathered.push(chunk);
        if self.gathered.len() >= BATCH_BYTES { self.pass_on().await } else { Ok(()) }
    }

    async fn pass_on(&mut self) -> Result<(), Fault> {
        let chunks = self.gathered.take();
        chunks.iter().for_each(|chunk| self.running.update(chunk));
        if let Some(beside) = &mut self.beside {
            chunks.iter().for_each(|chunk| beside.update(chunk));
        }
        let md5 = std::mem::replace(&mut self.md5, Md5::new());
        let stored: Vec<Bytes> = match &mut self.sealer {
            Some(sealer) => chunks.iter().map(|chunk| sealer.push(chunk)).collect::<Result<_, _>>().map_err(unsealable)?,
            None => chunks.to_vec(),
        };
        let (md5, written) = tokio::join!(digest::hash(md5, &chunks), self.writer.write_all(stored));
        self.md5 = md5;
        written
    }
}

fn check_size(size: u64) -> Result<(), Fault> {
    match size > MOST_BYTES {
        true => Err(Fault::new("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
            .with("ProposedSize", size.to_string())
            .with("MaxSizeAllowed", MOST_BYTES.to_string())),
        false => Ok(()),
    }
}

fn read_md5(text: &str) -> Result<[u8; 16], Fault> {
    let bytes = BASE64_STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| Fault::new("InvalidDigest", 400, "The Content-MD5 you specified was invalid.").with("Content-MD5", text))
}

/// What a body that breaks off is told: the fault it carries, or that it is incomplete.
fn broken(error: io::Error) -> Fault {
    match wire::body::fault_of(&error) {
        Some(fault) => fault.clone(),
        None => Fault::new("IncompleteBody", 400, format!("The request body terminated unexpectedly: {error}")),
    }
}

/// Opens the pieces of an object for a range of its bytes. To be called inside the read that found the object, so that a writer who
/// takes its place can't pull the body away.
pub(crate) fn open(store: &Store, object: &Object, range: Range<u64>) -> Result<Opened, Fault> {
    let mut pieces = VecDeque::new();
    let mut start = 0;
    for piece in &object.pieces {
        let end = start + piece.size;
        let (from, to) = (range.start.max(start), range.end.min(end));
        if from < to {
            let reader = if pieces.len() < OPENED_AHEAD { Some(store.blobs().open(&piece.blob)?) } else { None };
            pieces.push_back(Span {
                reader,
                blob: piece.blob.clone(),
                offset: from - start,
                length: to - from,
                size: piece.size,
                salt: piece.salt,
                sum: (to - from == piece.size).then(|| sum_of(object, piece)).flatten(),
            });
        }
        start = end;
    }
    let length = range.end.saturating_sub(range.start);
    let later = pieces.iter().skip(OPENED_AHEAD).map(|span: &Span| &span.blob);
    let later = (pieces.len() > OPENED_AHEAD).then(|| store.blobs().hold(later));
    Ok(Opened { pieces, later, length, dual: object.encryption.dual(), key: None })
}

/// What the bytes of a piece must come to, where that is known: its part's sum, or the object's where it is the only piece.
fn sum_of(object: &Object, piece: &Piece) -> Option<Sum> {
    let own = piece.sum.as_ref();
    let whole = || object.sum.as_ref().filter(|_| object.pieces.len() == 1);
    own.or_else(whole).filter(|sum| !sum.composite).cloned()
}

/// A range of an object's bytes, ready to be sent or copied.
pub(crate) struct Opened {
    pieces: VecDeque<Span>,
    /// Keeps the pieces that are not open yet, whatever becomes of the object.
    later: Option<Held>,
    length: u64,
    dual: bool,
    key: Option<DataKey>,
}

impl Opened {
    /// With the key that its blobs are encrypted with, where they are.
    pub fn with_key(self, key: Option<DataKey>) -> Opened {
        Opened { key, ..self }
    }
}

struct Span {
    reader: Option<BlobReader>,
    blob: BlobRef,
    offset: u64,
    length: u64,
    /// Of the whole piece.
    size: u64,
    salt: Option<Salt>,
    /// What the bytes are verified by, where all of the piece is read.
    sum: Option<Sum>,
}

impl Span {
    fn check(&self) -> Option<Box<dyn Check>> {
        Some(Box::new(Verified::new(self.sum.clone()?, self.blob.id)))
    }

    /// The piece's reader; of one that wasn't opened ahead, out of those that are held.
    fn reader(&mut self, later: Option<&Held>) -> Result<BlobReader, Fault> {
        match (self.reader.take(), later) {
            (Some(reader), _) => Ok(reader),
            (None, Some(later)) => later.open(&self.blob),
            (None, None) => Err(Fault::internal("a piece of a body is neither open nor held")),
        }
    }

    /// The span's bytes as they came, decrypted on the way.
    fn into_body(mut self, later: Option<&Held>, key: Option<&DataKey>, dual: bool) -> Result<Body, Fault> {
        let reader = self.reader(later)?;
        let Some(salt) = self.salt else { return Ok(reader.into_body(self.offset, self.length)) };
        let key = key.ok_or_else(|| Fault::internal("an encrypted body was read without its key"))?;
        let cipher = Cipher::new(key, &salt, dual);
        let range = self.offset..self.offset + self.length;
        let stored = chunks::stored_range(&cipher, self.size, &range);
        let inner = reader.into_body(stored.start, stored.end - stored.start);
        Ok(chunks::unsealed(inner, cipher, self.size, range))
    }
}

/// The bytes as an answer's body: a range of a file where they are one piece. Whole pieces are held against their sums: a small body that is
/// damaged is refused, of a large one the connection breaks before its last bytes.
pub(crate) fn serve(mut opened: Opened) -> Result<ReplyBody, Fault> {
    match opened.pieces.len() {
        0 => Ok(ReplyBody::Bytes(Bytes::new())),
        1 if opened.pieces[0].salt.is_none() => {
            let mut span = opened.pieces.pop_front().expect("one piece");
            let check = span.check();
            let reader = span.reader(opened.later.as_ref())?;
            match check {
                Some(check) => reader.into_checked_reply(span.offset, span.length, check).map_err(|e| Fault::internal(e.to_string())),
                None => Ok(reader.into_reply(span.offset, span.length)),
            }
        }
        _ => Ok(ReplyBody::Stream(into_body(opened))),
    }
}

/// The bytes as a stream.
pub(crate) fn into_body(opened: Opened) -> Body {
    let length = opened.length;
    Body::new(Chain { opened, now: None, check: None }, Some(length))
}

/// One piece after the other.
struct Chain {
    opened: Opened,
    now: Option<Body>,
    /// With the bytes that it has yet to see.
    check: Option<(Box<dyn Check>, u64)>,
}

impl Chain {
    /// A piece's last chunk is given only if the piece is what it was.
    fn judged(&mut self, chunk: Bytes) -> io::Result<Bytes> {
        if let Some((check, left)) = &mut self.check {
            check.update(&chunk);
            *left = left.saturating_sub(chunk.len() as u64);
            if *left == 0 {
                check.verdict()?;
                self.check = None;
            }
        }
        Ok(chunk)
    }
}

impl Chunks for Chain {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(async move {
            loop {
                if let Some(body) = &mut self.now {
                    match body.next().await {
                        Some(chunk) => return Some(chunk.and_then(|chunk| self.judged(chunk))),
                        None => self.now = None,
                    }
                }
                let Opened { pieces, later, key, dual, .. } = &mut self.opened;
                let span = pieces.pop_front()?;
                self.check = span.check().map(|check| (check, span.length));
                match span.into_body(later.as_ref(), key.as_ref(), *dual) {
                    Ok(body) => self.now = Some(body),
                    Err(fault) => return Some(Err(io::Error::other(fault))),
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_of_many_pieces_is_read_to_its_end_though_it_was_overwritten() {
        let store = Store::memory();
        let mut object = Object::default();
        for number in 0..3 * OPENED_AHEAD as u32 {
            let blob = store.blobs().put(Bytes::from(format!("{number:04}"))).await.unwrap();
            store.write(|tx| Ok(tx.adopt(&blob))).await.unwrap();
            object.pieces.push(Piece { blob, size: 4, part: number + 1, sum: None, salt: None });
            object.size += 4;
        }
        let all: String = (0..object.pieces.len()).map(|number| format!("{number:04}")).collect();
        let opened = store.read(|_| open(&store, &object, 2..object.size)).unwrap();
        store.write(|tx| Ok(object.pieces.iter().for_each(|piece| tx.drop_blob(&piece.blob)))).await.unwrap();
        assert_eq!(into_body(opened).collect(1000).await.unwrap(), all[2..]);
        let last = &object.pieces.last().unwrap().blob;
        assert!(store.blobs().open(last).is_err(), "what nobody reads any more goes");
    }
}
