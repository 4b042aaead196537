//! `multipart/form-data` off a stream: fields one after the other, held within a limit, and the file as a body that is never held whole.
//! Pure: knows no HTTP beyond the content type's value, and nothing of what the fields mean.

use crate::body::carrying;
use std::{future::Future, io, pin::Pin};
use wire::{
    Body, Bytes, Fault,
    body::{Chunks, fault_of},
};

/// The longest block of headers of one part.
const MAX_PART_HEAD: usize = 4096;
/// The longest boundary that RFC 2046 allows.
const MAX_BOUNDARY: usize = 70;

/// The parts of a form, in the order they come.
pub(super) struct Multipart {
    body: Body,
    buffer: Vec<u8>,
    /// `\r\n--boundary`
    delimiter: Vec<u8>,
    /// Bytes of fields that may still come.
    left: usize,
}

/// What a part is before its content.
#[derive(Debug, Default, PartialEq)]
pub(super) struct PartHead {
    pub name: String,
    pub filename: Option<String>,
    pub content_type: Option<String>,
}

/// The boundary of a content type; `None` when it is not `multipart/form-data`.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let value = parameters.split(';').filter_map(|p| p.split_once('=')).find(|(n, _)| n.trim().eq_ignore_ascii_case("boundary"))?.1;
    let value = value.trim().trim_matches('"');
    (!value.is_empty() && value.len() <= MAX_BOUNDARY).then(|| value.to_owned())
}

impl Multipart {
    /// Reads a form of at most `limit` bytes before its file.
    pub fn new(body: Body, boundary: &str, limit: usize) -> Multipart {
        // The first delimiter has no line before it: it gets one, so that all look alike.
        Multipart { body, buffer: b"\r\n".to_vec(), delimiter: format!("\r\n--{boundary}").into_bytes(), left: limit }
    }

    /// The next part's head; `None` after the last part.
    pub async fn next(&mut self) -> Result<Option<PartHead>, Fault> {
        self.until_delimiter(None).await?;
        let end = loop {
            match self.buffer.iter().position(|b| *b == b'\n') {
                _ if self.buffer.starts_with(b"--") => return Ok(None),
                Some(at) => break at,
                None if self.buffer.len() > 200 => return Err(malformed()),
                None => self.fill().await?,
            }
        };
        // Only blanks may follow a delimiter on its line.
        if self.buffer[..end].iter().any(|b| !matches!(b, b' ' | b'\t' | b'\r')) {
            return Err(malformed());
        }
        self.buffer.drain(..=end);
        self.head().await.map(Some)
    }

    async fn head(&mut self) -> Result<PartHead, Fault> {
        let mut part = PartHead::default();
        let mut size = 0;
        loop {
            let Some(end) = self.buffer.iter().position(|b| *b == b'\n') else {
                if self.buffer.len() + size > MAX_PART_HEAD {
                    return Err(malformed());
                }
                self.fill().await?;
                continue;
            };
            let line = String::from_utf8_lossy(&self.buffer[..end]).trim_end_matches('\r').to_owned();
            self.buffer.drain(..=end);
            size += end + 1;
            self.left = self.left.checked_sub(end + 1).ok_or_else(too_long)?;
            if line.is_empty() {
                return Ok(part);
            }
            if size > MAX_PART_HEAD {
                return Err(malformed());
            }
            match line.split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-disposition") => disposition(value, &mut part),
                Some((name, value)) if name.eq_ignore_ascii_case("content-type") => part.content_type = Some(value.trim().to_owned()),
                _ => {}
            }
        }
    }

    /// The content of a field.
    pub async fn value(&mut self) -> Result<String, Fault> {
        let mut value = Vec::new();
        self.until_delimiter(Some(&mut value)).await?;
        // The delimiter is left for `next`.
        self.buffer.splice(0..0, self.delimiter.iter().copied());
        Ok(String::from_utf8_lossy(&value).into_owned())
    }

    /// Reads up to the next delimiter and past it.
    async fn until_delimiter(&mut self, mut keep: Option<&mut Vec<u8>>) -> Result<(), Fault> {
        loop {
            let (safe, found) = scan(&self.buffer, &self.delimiter);
            self.left = self.left.checked_sub(safe).ok_or_else(too_long)?;
            if let Some(keep) = keep.as_deref_mut() {
                keep.extend_from_slice(&self.buffer[..safe]);
            }
            self.buffer.drain(..safe);
            if found {
                self.buffer.drain(..self.delimiter.len());
                return Ok(());
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<(), Fault> {
        match self.body.next().await {
            Some(Ok(bytes)) => {
                self.buffer.extend_from_slice(&bytes);
                Ok(())
            }
            Some(Err(error)) => Err(fault_of(&error).cloned().unwrap_or_else(malformed)),
            None => Err(malformed()),
        }
    }

    /// The content of the part that was begun last, as a stream; what follows it in the form is read and passed over.
    pub fn into_file(self) -> Body {
        Body::new(File { body: self.body, buffer: self.buffer.into(), delimiter: self.delimiter, over: false }, None)
    }
}

/// How many bytes of a buffer are surely content, and whether the delimiter stands right behind them.
fn scan(buffer: &[u8], delimiter: &[u8]) -> (usize, bool) {
    let mut from = 0;
    while let Some(at) = buffer[from..].iter().position(|b| *b == delimiter[0]).map(|at| at + from) {
        let there = &buffer[at..buffer.len().min(at + delimiter.len())];
        if delimiter.starts_with(there) {
            return (at, there.len() == delimiter.len());
        }
        from = at + 1;
    }
    (buffer.len(), false)
}

/// `form-data; name="key"; filename="a.jpg"`
fn disposition(value: &str, part: &mut PartHead) {
    let mut rest = value;
    while let Some((_, after)) = rest.split_once(';') {
        let Some((name, text)) = after.split_once('=') else { return };
        let (value, behind) = parameter(text.trim_start());
        match name.trim().to_ascii_lowercase().as_str() {
            "name" => part.name = value,
            // Some browsers send a whole path.
            "filename" => part.filename = Some(value.rsplit(['/', '\\']).next().unwrap_or_default().to_owned()),
            _ => {}
        }
        rest = behind;
    }
}

/// A parameter's value, quoted or not, and what stands behind it.
fn parameter(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, behind) = text.split_at(text.find(';').unwrap_or(text.len()));
        return (value.trim_end().to_owned(), behind);
    };
    let mut escaped = false;
    let end = quoted.find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let (value, behind) = quoted.split_at(end.unwrap_or(quoted.len()));
    (value.replace("\\\"", "\""), behind.strip_prefix('"').unwrap_or(behind))
}

struct File {
    body: Body,
    buffer: Bytes,
    delimiter: Vec<u8>,
    over: bool,
}

impl File {
    async fn read(&mut self) -> Option<io::Result<Bytes>> {
        loop {
            if self.over {
                return None;
            }
            let (safe, found) = scan(&self.buffer, &self.delimiter);
            if safe > 0 {
                return Some(Ok(self.buffer.split_to(safe)));
            }
            if found {
                self.over = true;
                return self.pass_over_the_rest().await;
            }
            match self.body.next().await {
                Some(Ok(more)) if self.buffer.is_empty() => self.buffer = more,
                Some(Ok(more)) => self.buffer = [&self.buffer[..], &more[..]].concat().into(),
                Some(Err(error)) => {
                    self.over = true;
                    return Some(Err(error));
                }
                None => {
                    self.over = true;
                    return Some(Err(carrying(malformed())));
                }
            }
        }
    }

    async fn pass_over_the_rest(&mut self) -> Option<io::Result<Bytes>> {
        while let Some(chunk) = self.body.next().await {
            if let Err(error) = chunk {
                return Some(Err(error));
            }
        }
        None
    }
}

impl Chunks for File {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(self.read())
    }
}

fn malformed() -> Fault {
    Fault::new("MalformedPOSTRequest", 400, "The body of your POST request is not well-formed multipart/form-data.")
}
fn too_long() -> Fault {
    Fault::new("MaxPostPreDataLengthExceeded", 400, "Your POST request fields preceding the upload file were too large.")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct OneByOne(std::collections::VecDeque<u8>);
    impl Chunks for OneByOne {
        fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
            let byte = self.0.pop_front();
            Box::pin(async move { byte.map(|b| Ok(Bytes::from(vec![b]))) })
        }
    }
    fn block<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }
    fn bodies(text: &str) -> [Body; 2] {
        [Body::from_bytes(text.as_bytes().to_vec()), Body::new(OneByOne(text.bytes().collect()), None)]
    }

    #[test]
    fn fields_and_a_file() {
        let text = "--B\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\na\r\n--b\r\n--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"C:\\dir\\x \\\"y\\\".jpg\"\r\nContent-Type: image/jpeg\r\n\r\none\r\n--two\r\n--B\r\nContent-Disposition: form-data; name=\"after\"\r\n\r\nx\r\n--B--\r\n";
        for body in bodies(text) {
            block(async {
                let mut form = Multipart::new(body, "B", 1000);
                assert_eq!(form.next().await.unwrap().unwrap().name, "key");
                assert_eq!(form.value().await.unwrap(), "a\r\n--b");
                let head = form.next().await.unwrap().unwrap();
                assert_eq!((head.filename.as_deref(), head.content_type.as_deref()), (Some("x \"y\".jpg"), Some("image/jpeg")));
                assert_eq!(form.into_file().collect(100).await.unwrap(), "one\r\n--two");
            });
        }
    }

    #[test]
    fn ends_limits_and_nonsense() {
        let field = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B--";
        for body in bodies(field) {
            block(async {
                let mut form = Multipart::new(body, "B", 100);
                assert_eq!(form.next().await.unwrap().unwrap().name, "a");
                assert_eq!(form.value().await.unwrap(), "1");
                assert_eq!(form.next().await.unwrap(), None);
            });
        }
        for (text, limit, code) in [
            ("--B\r\nx", 100, "MalformedPOSTRequest"),
            ("", 100, "MalformedPOSTRequest"),
            (field, 20, "MaxPostPreDataLengthExceeded"),
            ("--Bx\r\n", 9, "MalformedPOSTRequest"),
        ] {
            for body in bodies(text) {
                let fault = block(async {
                    let mut form = Multipart::new(body, "B", limit);
                    while form.next().await?.is_some() {
                        form.value().await?;
                    }
                    Ok::<_, Fault>(())
                });
                assert_eq!(fault.unwrap_err().code, code, "{text:?}");
            }
        }
    }

    #[test]
    fn boundaries() {
        assert_eq!(boundary("multipart/form-data; boundary=\"a b\"").as_deref(), Some("a b"));
        assert_eq!(boundary("Multipart/Form-Data;charset=x; Boundary=ab").as_deref(), Some("ab"));
        assert_eq!(boundary("text/html"), None);
        assert_eq!(boundary("multipart/form-data"), None);
    }
}
