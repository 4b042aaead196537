//! Encrypted blobs: AES-256-GCM in chunks, so that a range is read without the rest and nothing of a chunk is believed that was changed.
//!
//! A blob has a key of its own, derived from the data key and a random salt, so chunk numbers can be nonces. The last chunk is marked in its
//! nonce: a blob that was cut short is not one that ends early. With two layers every chunk is encrypted again under a second key (DSSE).

use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInPlace};
use hmac::{Hmac, Mac};
use kit::{Body, Context};
use rand_core::RngCore;
use sha2::Sha256;
use std::{future::Future, io, ops::Range, pin::Pin};
use wire::{Bytes, body::Chunks};

/// Bytes of a chunk before it is encrypted.
const CHUNK: u64 = 64 << 10;
/// What a layer adds to a chunk.
const TAG: u64 = 16;

/// What a blob's key is derived with.
pub(crate) type Salt = [u8; 16];

/// A key that bodies are encrypted under; never stored.
#[derive(Clone)]
pub(crate) struct DataKey(pub [u8; 32]);

/// A fresh salt.
pub(crate) fn salt(cx: &Context) -> Salt {
    let mut salt = [0; 16];
    cx.ids().rng().fill_bytes(&mut salt);
    salt
}

/// A key out of a key, a purpose and a salt.
pub(crate) fn derive(key: &DataKey, purpose: &[u8], salt: &Salt) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key.0).expect("a key of any length will do");
    mac.update(purpose);
    mac.update(salt);
    mac.finalize().into_bytes().into()
}

/// The ciphers of a blob.
pub(crate) struct Cipher {
    layers: Vec<Aes256Gcm>,
}

impl Cipher {
    /// For the blob with this salt; `dual` for two layers.
    pub fn new(key: &DataKey, salt: &Salt, dual: bool) -> Cipher {
        let purposes: &[&[u8]] = if dual { &[b"inner", b"outer"] } else { &[b"inner"] };
        let layers = purposes.iter().map(|purpose| Aes256Gcm::new(&derive(key, purpose, salt).into())).collect();
        Cipher { layers }
    }
    /// Bytes of a stored chunk beyond those it holds.
    fn overhead(&self) -> u64 {
        TAG * self.layers.len() as u64
    }
    fn seal(&self, index: u64, last: bool, chunk: &mut Vec<u8>) -> io::Result<()> {
        let nonce = nonce(index, last);
        self.layers.iter().try_for_each(|layer| layer.encrypt_in_place(&nonce.into(), b"", chunk)).map_err(|_| damaged(index))
    }
    fn open(&self, index: u64, last: bool, chunk: &mut Vec<u8>) -> io::Result<()> {
        let nonce = nonce(index, last);
        self.layers.iter().rev().try_for_each(|layer| layer.decrypt_in_place(&nonce.into(), b"", chunk)).map_err(|_| damaged(index))
    }
}

fn nonce(index: u64, last: bool) -> [u8; 12] {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&index.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce
}

fn damaged(index: u64) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("chunk {index} of an encrypted body is damaged, or its key is another"))
}

/// The number of the last chunk of a body.
fn last_chunk(size: u64) -> u64 {
    size.div_ceil(CHUNK).max(1) - 1
}

/// Encrypts a body on its way into a blob.
pub(crate) struct Sealer {
    cipher: Cipher,
    index: u64,
    /// The chunk that is being filled; a full one waits, for it may be the last.
    waiting: Vec<u8>,
}

impl Sealer {
    /// Begins a blob.
    pub fn new(cipher: Cipher) -> Sealer {
        Sealer { cipher, index: 0, waiting: Vec::new() }
    }
    /// Takes bytes in and gives the chunks that are complete by now.
    pub fn push(&mut self, mut bytes: &[u8]) -> io::Result<Bytes> {
        let mut sealed = Vec::new();
        while !bytes.is_empty() {
            if self.waiting.len() as u64 == CHUNK {
                sealed.append(&mut self.next(false)?);
            }
            let (now, rest) = bytes.split_at(bytes.len().min(CHUNK as usize - self.waiting.len()));
            self.waiting.extend_from_slice(now);
            bytes = rest;
        }
        Ok(sealed.into())
    }
    /// The last chunk; there is one even of an empty body.
    pub fn finish(mut self) -> io::Result<Bytes> {
        self.next(true).map(Bytes::from)
    }
    fn next(&mut self, last: bool) -> io::Result<Vec<u8>> {
        let room = (CHUNK + self.cipher.overhead()) as usize;
        let mut chunk = std::mem::replace(&mut self.waiting, Vec::with_capacity(if last { 0 } else { room }));
        self.cipher.seal(self.index, last, &mut chunk)?;
        self.index += 1;
        Ok(chunk)
    }
}

/// Which bytes of a blob hold a range of the body.
pub(crate) fn stored_range(cipher: &Cipher, size: u64, range: &Range<u64>) -> Range<u64> {
    let stored = CHUNK + cipher.overhead();
    let first = range.start / CHUNK;
    let last = last_chunk(range.end.max(range.start + 1).min(size.max(1)));
    let end = if last == last_chunk(size) { size + (last + 1) * cipher.overhead() } else { (last + 1) * stored };
    first * stored..end
}

/// Decrypts a range of a body. `inner` gives the blob's bytes of [`stored_range`]; `size` is that of the whole body.
pub(crate) fn unsealed(inner: Body, cipher: Cipher, size: u64, range: Range<u64>) -> Body {
    let length = range.end - range.start;
    let chunks = Unsealed {
        inner,
        stored: (CHUNK + cipher.overhead()) as usize,
        cipher,
        index: range.start / CHUNK,
        last: last_chunk(size),
        skip: (range.start % CHUNK) as usize,
        left: length,
        buffer: Vec::new(),
    };
    Body::new(chunks, Some(length))
}

struct Unsealed {
    inner: Body,
    cipher: Cipher,
    /// Bytes of a stored chunk but for the last.
    stored: usize,
    index: u64,
    last: u64,
    /// Bytes of the first chunk that were not asked for.
    skip: usize,
    /// Bytes still to be given.
    left: u64,
    buffer: Vec<u8>,
}

impl Unsealed {
    async fn read(&mut self) -> io::Result<Option<Bytes>> {
        if self.left == 0 {
            return Ok(None);
        }
        while self.buffer.len() < self.stored {
            match self.inner.next().await {
                Some(bytes) => self.buffer.extend_from_slice(&bytes?),
                None => break,
            }
        }
        let rest = self.buffer.split_off(self.buffer.len().min(self.stored));
        let mut chunk = std::mem::replace(&mut self.buffer, rest);
        self.cipher.open(self.index, self.index == self.last, &mut chunk)?;
        self.index += 1;
        let chunk = Bytes::from(chunk);
        let chunk = chunk.slice(self.skip.min(chunk.len())..);
        self.skip = 0;
        let chunk = chunk.slice(..chunk.len().min(self.left as usize));
        if chunk.is_empty() {
            return Err(damaged(self.index));
        }
        self.left -= chunk.len() as u64;
        Ok(Some(chunk))
    }
}

impl Chunks for Unsealed {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(async move {
            let read = self.read().await;
            if read.is_err() {
                self.left = 0;
            }
            read.transpose()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: DataKey = DataKey([7; 32]);
    const SALT: Salt = [9; 16];

    fn sealed(plain: &[u8], dual: bool, step: usize) -> Vec<u8> {
        let mut sealer = Sealer::new(Cipher::new(&KEY, &SALT, dual));
        let mut blob = Vec::new();
        plain.chunks(step).for_each(|bytes| blob.extend_from_slice(&sealer.push(bytes).unwrap()));
        blob.extend_from_slice(&sealer.finish().unwrap());
        blob
    }

    fn read(blob: &[u8], dual: bool, size: u64, range: Range<u64>) -> io::Result<Bytes> {
        let cipher = Cipher::new(&KEY, &SALT, dual);
        let stored = stored_range(&cipher, size, &range);
        let inner = Body::from_bytes(blob[stored.start as usize..(stored.end as usize).min(blob.len())].to_vec());
        let mut body = unsealed(inner, cipher, size, range);
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(body.collect(1 << 30))
    }

    #[test]
    fn every_range_of_every_size_comes_back() {
        let chunk = CHUNK;
        for size in [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, 2 * chunk + 5] {
            let plain: Vec<u8> = (0..size).map(|n| (n * 31 % 251) as u8).collect();
            for dual in [false, true] {
                let blob = sealed(&plain, dual, 10_007);
                assert_eq!(blob.len() as u64, size + (last_chunk(size) + 1) * TAG * (1 + u64::from(dual)));
                assert!(size < 32 || !blob.windows(32).any(|window| window == &plain[..32]), "the body lies open");
                let ends = [0, 1, chunk - 1, chunk, chunk + 1, 2 * chunk, size];
                for start in ends {
                    for end in ends {
                        if start <= end && end <= size {
                            let got = read(&blob, dual, size, start..end).unwrap();
                            assert_eq!(got, plain[start as usize..end as usize], "{size} {start}..{end}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn what_was_changed_or_cut_is_not_believed() {
        let plain = vec![1; 2 * CHUNK as usize + 9];
        let size = plain.len() as u64;
        let blob = sealed(&plain, false, 4096);
        let mut changed = blob.clone();
        changed[70_000] ^= 1;
        assert!(read(&changed, false, size, 0..size).is_err());
        assert!(read(&changed, false, size, 0..10).is_ok(), "other chunks are as they were");
        // Cut at a chunk's end and told to be that long.
        let stored = CHUNK + TAG;
        assert!(read(&blob[..2 * stored as usize], false, 2 * CHUNK, 0..2 * CHUNK).is_err());
        let other = Cipher::new(&DataKey([8; 32]), &SALT, false);
        assert!(other.open(0, false, &mut blob[..stored as usize].to_vec()).is_err());
    }
}
