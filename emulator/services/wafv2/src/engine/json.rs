//! Reads a JSON body for its keys and values, as far as it can be read: a body that breaks off has told what stood before. It builds no
//! tree, and nesting is bounded.

use std::borrow::Cow;

/// Deepest nesting that is read.
const DEEPEST: usize = 64;
/// Most keys and values that are read.
const MOST_ITEMS: usize = 20_000;

/// A key, or a value that is no container.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Whether it is a key.
    pub is_key: bool,
    /// Text of a string with its escapes undone; numbers and literals as they stand.
    pub text: Vec<u8>,
}

/// The wanted keys and values in their order, and whether the whole text was JSON. `wanted` is asked with the JSON pointer of the value, or of
/// the value that the key names (`/a/0/b`), and whether it is a key: pointers can be as long as the text, so none is kept.
pub fn items(text: &[u8], wanted: impl FnMut(&str, bool) -> bool) -> (Vec<Item>, bool) {
    let mut reader = Reader { text, at: 0, pointer: String::new(), read: 0, wanted, items: Vec::new() };
    let whole = reader.value(0).is_some() && {
        reader.blanks();
        reader.at == text.len()
    };
    (reader.items, whole)
}

struct Reader<'a, F> {
    text: &'a [u8],
    at: usize,
    pointer: String,
    /// Keys and values so far.
    read: usize,
    wanted: F,
    items: Vec<Item>,
}

impl<F: FnMut(&str, bool) -> bool> Reader<'_, F> {
    fn blanks(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }
    fn peek(&mut self) -> Option<u8> {
        self.blanks();
        self.text.get(self.at).copied()
    }
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }
    fn found(&mut self, is_key: bool, text: Vec<u8>) -> Option<()> {
        if self.read >= MOST_ITEMS {
            return None;
        }
        self.read += 1;
        if (self.wanted)(&self.pointer, is_key) {
            self.items.push(Item { is_key, text });
        }
        Some(())
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match self.peek()? {
            b'{' => self.object(depth),
            b'[' => self.array(depth),
            b'"' => {
                let text = self.string()?;
                self.found(false, text)
            }
            _ => self.bare(),
        }
    }

    fn object(&mut self, depth: usize) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            return self.take(b'}');
        }
        loop {
            self.peek()?;
            let key = self.string()?;
            let length = self.pointer.len();
            let step = String::from_utf8_lossy(&key).replace('~', "~0").replace('/', "~1");
            self.pointer.push('/');
            self.pointer.push_str(&step);
            self.found(true, key)?;
            self.take(b':')?;
            self.value(depth + 1)?;
            self.pointer.truncate(length);
            match self.peek()? {
                b',' => self.at += 1,
                _ => return self.take(b'}'),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Option<()> {
        self.take(b'[')?;
        if self.peek()? == b']' {
            return self.take(b']');
        }
        for index in 0.. {
            let length = self.pointer.len();
            self.pointer.push_str(&format!("/{index}"));
            self.value(depth + 1)?;
            self.pointer.truncate(length);
            match self.peek()? {
                b',' => self.at += 1,
                _ => break,
            }
        }
        self.take(b']')
    }

    fn bare(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.text.get(self.at), Some(b) if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'+' | b'.')) {
            self.at += 1;
        }
        let word = &self.text[start..self.at];
        let number = || std::str::from_utf8(word).is_ok_and(|w| w.parse::<f64>().is_ok_and(f64::is_finite));
        if !matches!(word, b"true" | b"false" | b"null") && (word.is_empty() || word[0].is_ascii_alphabetic() || !number()) {
            return None;
        }
        self.found(false, word.to_vec())
    }

    /// A string with its escapes undone.
    fn string(&mut self) -> Option<Vec<u8>> {
        self.take(b'"')?;
        let mut out = Vec::new();
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            match byte {
                b'"' => return Some(out),
                b'\\' => self.escape(&mut out)?,
                0..=31 => return None,
                other => out.push(other),
            }
        }
    }

    fn escape(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let byte = *self.text.get(self.at)?;
        self.at += 1;
        out.push(match byte {
            b'b' => 8,
            b'f' => 12,
            b'n' => 10,
            b'r' => 13,
            b't' => 9,
            b'"' | b'\\' | b'/' => byte,
            b'u' => {
                let first = self.unit()?;
                let second = match (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with(b"\\u") {
                    true => {
                        self.at += 2;
                        Some(self.unit()?)
                    }
                    false => None,
                };
                let units: Vec<u16> = [Some(first), second].into_iter().flatten().collect();
                let text: Cow<'_, str> = String::from_utf16_lossy(&units).into();
                out.extend_from_slice(text.as_bytes());
                return Some(());
            }
            _ => return None,
        });
        Some(())
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        self.at += 4;
        u16::from_str_radix(std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<(String, bool, String)>, bool) {
        let mut pointers = Vec::new();
        let (items, whole) = items(text.as_bytes(), |pointer, _| {
            pointers.push(pointer.to_owned());
            true
        });
        (pointers.into_iter().zip(items).map(|(p, i)| (p, i.is_key, String::from_utf8(i.text).unwrap())).collect(), whole)
    }
    fn item(pointer: &str, is_key: bool, text: &str) -> (String, bool, String) {
        (pointer.into(), is_key, text.into())
    }

    #[test]
    fn keys_and_values_with_their_pointers() {
        let (items, whole) = read(r#"{"a/b": [1, {"c": "\u00e9\n"}], "d": null}"#);
        assert!(whole);
        assert_eq!(
            items,
            [
                item("/a~1b", true, "a/b"),
                item("/a~1b/0", false, "1"),
                item("/a~1b/1/c", true, "c"),
                item("/a~1b/1/c", false, "é\n"),
                item("/d", true, "d"),
                item("/d", false, "null"),
            ]
        );
    }

    #[test]
    fn what_stood_before_a_break_is_told() {
        let (items, whole) = read(r#"{"a": "x", "b": "y"#);
        assert!(!whole);
        assert_eq!(items.last().unwrap(), &item("/b", true, "b"));
        for broken in ["", "{", "nul", "[1,]", "\"\\x\"", "1 2", "{\"a\" 1}"] {
            assert!(!read(broken).1, "{broken}");
        }
        assert!(!read(&"[".repeat(100_000)).1);
    }

    #[test]
    fn what_is_not_wanted_is_not_kept() {
        let (items, whole) = items(br#"{"a": {"b": 1}, "c": 2}"#, |pointer, is_key| pointer.starts_with("/a") && !is_key);
        assert_eq!((items, whole), (vec![Item { is_key: false, text: b"1".to_vec() }], true));
    }
}
