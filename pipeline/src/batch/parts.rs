//! Parting the work: which images go into one event.

/// Bytes that the keys of a part may take in an event, with as much again for what is known of each: an event may have a megabyte, and a
/// part that is handed over carries its results along.
const EVENT_BYTES: usize = 400_000;
/// Bytes of JSON around a key, and of a result without its key.
const AROUND: usize = 120;

/// Limits of a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub images: usize,
    pub bytes: u64,
}

/// Parts in the order of the images: each has at most so many of them, so many bytes (one image may have more alone) and fits into an event.
pub(super) fn split(images: Vec<(String, u64)>, limits: Limits) -> Vec<Vec<String>> {
    let mut parts: Vec<Vec<String>> = Vec::new();
    let (mut bytes, mut event) = (0, 0);
    for (key, size) in images {
        let takes = 2 * key.len() + AROUND;
        let full = |part: &Vec<String>| part.len() >= limits.images || bytes + size > limits.bytes || event + takes > EVENT_BYTES;
        match parts.last_mut().filter(|part| !full(part)) {
            Some(part) => {
                part.push(key);
                (bytes, event) = (bytes + size, event + takes);
            }
            None => {
                parts.push(vec![key]);
                (bytes, event) = (size, takes);
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(count: usize, bytes: u64, key: usize, limits: Limits) -> Vec<usize> {
        let images = (0..count).map(|n| (format!("{n:0key$}"), bytes)).collect();
        split(images, limits).iter().map(Vec::len).collect()
    }

    #[test]
    fn by_count_bytes_and_length_of_the_event() {
        let limits = Limits { images: 25, bytes: 1000 };
        assert_eq!(sizes(60, 1, 10, limits), [25, 25, 10]);
        assert_eq!(sizes(5, 400, 10, limits), [2, 2, 1]);
        assert_eq!(sizes(3, 5000, 10, limits), [1, 1, 1], "an image that is bigger than a part is one");
        let wide = Limits { images: 1000, bytes: u64::MAX };
        assert_eq!(sizes(900, 1, 1000, wide), [188, 188, 188, 188, 148], "keys of 1,000 bytes");
        assert!(sizes(0, 1, 1, wide).is_empty());
    }
}
