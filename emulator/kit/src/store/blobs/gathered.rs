//! Chunks gathered until there are enough of them to be worth a system call or a thread.

use bytes::Bytes;

/// Chunks of fewer bytes are copied together: each slice holds on to the whole buffer it was cut from, and a client that sends byte by
/// byte must not make many of them live.
const SMALL_BYTES: usize = 4 << 10;

/// Chunks in order.
#[derive(Default)]
pub struct Gathered {
    chunks: Vec<Bytes>,
    /// Small ones, behind the others.
    tail: Vec<u8>,
    len: usize,
}

impl Gathered {
    /// Appends a chunk.
    pub fn push(&mut self, chunk: Bytes) {
        self.len += chunk.len();
        if chunk.len() < SMALL_BYTES {
            self.tail.extend_from_slice(&chunk);
            return;
        }
        self.end_tail();
        self.chunks.push(chunk);
    }
    /// Bytes in all.
    pub fn len(&self) -> usize {
        self.len
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// All chunks; none are left.
    pub fn take(&mut self) -> Vec<Bytes> {
        self.end_tail();
        self.len = 0;
        std::mem::take(&mut self.chunks)
    }
    /// All bytes in one piece of their own; none are left.
    pub fn join(&mut self) -> Bytes {
        let len = self.len;
        let chunks = self.take();
        let mut whole = Vec::with_capacity(len);
        chunks.iter().for_each(|chunk| whole.extend_from_slice(chunk));
        whole.into()
    }

    fn end_tail(&mut self) {
        if !self.tail.is_empty() {
            self.chunks.push(std::mem::take(&mut self.tail).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_stay_in_order_and_small_ones_are_put_together() {
        let mut gathered = Gathered::default();
        for chunk in [vec![1; 10], vec![2; 20], vec![3; 5000], vec![4; 1], vec![5; 4096]] {
            gathered.push(chunk.into());
        }
        assert_eq!(gathered.len(), 10 + 20 + 5000 + 1 + 4096);
        let chunks = gathered.take();
        assert_eq!(chunks.iter().map(Bytes::len).collect::<Vec<_>>(), [30, 5000, 1, 4096]);
        assert!(gathered.is_empty() && gathered.take().is_empty());
        gathered.push(Bytes::from_static(b"ab"));
        gathered.push(Bytes::from_static(b"c"));
        assert_eq!(gathered.join(), "abc");
    }
}
