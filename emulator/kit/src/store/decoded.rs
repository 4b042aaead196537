//! Rows that many read and few write: what their bytes were decoded to is kept, so that a read costs a look at the bytes.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// Decoded values of a table's rows by the bytes that they were decoded from, whatever store those came from. Const-constructible.
pub struct Decoded<V> {
    values: Mutex<BTreeMap<Vec<u8>, Arc<V>>>,
    most: usize,
}

impl<V> Decoded<V> {
    /// Keeps at most so many; whoever comes next begins anew.
    pub const fn new(most: usize) -> Decoded<V> {
        Decoded { values: Mutex::new(BTreeMap::new()), most }
    }

    /// The value of some bytes, decoded where it is not known.
    pub(super) fn of<E>(&self, bytes: &[u8], decode: impl FnOnce(&[u8]) -> Result<V, E>) -> Result<Arc<V>, E> {
        if let Some(value) = self.values.lock().unwrap_or_else(PoisonError::into_inner).get(bytes) {
            return Ok(value.clone());
        }
        let value = Arc::new(decode(bytes)?);
        let mut values = self.values.lock().unwrap_or_else(PoisonError::into_inner);
        if values.len() >= self.most {
            values.clear();
        }
        values.insert(bytes.to_vec(), value.clone());
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_decoded_once_and_no_more_are_kept_than_may_be() {
        let known = Decoded::<String>::new(2);
        let mut decoded = 0;
        for bytes in [b"a", b"b", b"a", b"c", b"c", b"a"] {
            let value = known.of(bytes, |bytes| {
                decoded += 1;
                String::from_utf8(bytes.to_vec())
            });
            assert_eq!(value.unwrap().as_bytes(), bytes);
        }
        assert_eq!(decoded, 4);
        assert!(known.of(b"\xff", |bytes| String::from_utf8(bytes.to_vec())).is_err());
    }
}
