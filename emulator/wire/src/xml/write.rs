//! An XML writer that escapes and indents nothing.

/// The declaration that AWS's answers start with.
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

pub(crate) struct Writer {
    out: String,
    /// Shapes inside the root bring their namespaces: so in rest-xml; in query and ec2 only members do.
    pub(crate) namespaced: bool,
    /// Dates have three digits of milliseconds even where they are zero: S3 writes them so.
    pub(crate) milliseconds: bool,
}

impl Writer {
    /// A document with its declaration.
    pub(crate) fn document() -> Writer {
        let mut out = String::with_capacity(512);
        out.push_str(DECLARATION);
        Writer { out, namespaced: true, milliseconds: false }
    }

    pub(crate) fn into_bytes(self) -> bytes::Bytes {
        self.out.into_bytes().into()
    }

    /// Opens `<name`, up to its attributes.
    pub(crate) fn open(&mut self, name: &str, namespace: Option<(&str, &str)>) {
        self.out.push('<');
        self.out.push_str(name);
        if let Some((prefix, uri)) = namespace {
            let attribute = if prefix.is_empty() { "xmlns".to_string() } else { format!("xmlns:{prefix}") };
            self.attribute(&attribute, uri);
        }
    }

    pub(crate) fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        self.text(value);
        self.out.push('"');
    }

    /// Ends a start tag.
    pub(crate) fn inside(&mut self) {
        self.out.push('>');
    }

    pub(crate) fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }

    /// A start tag without attributes of its own.
    pub(crate) fn start(&mut self, name: &str, namespace: Option<(&str, &str)>) {
        self.open(name, namespace);
        self.inside();
    }

    /// An element that holds text.
    pub(crate) fn element(&mut self, name: &str, text: &str) {
        self.start(name, None);
        self.text(text);
        self.close(name);
    }

    /// Text, escaped; quotes too, as S3 writes its ETags.
    pub(crate) fn text(&mut self, text: &str) {
        let mut from = 0;
        for (index, byte) in text.bytes().enumerate() {
            let entity = match byte {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                b'\r' => "&#13;",
                b'\n' | b'\t' => continue,
                0..0x20 => "",
                _ => continue,
            };
            self.out.push_str(&text[from..index]);
            from = index + 1;
            if entity.is_empty() {
                self.out.push_str(&format!("&#x{byte:x};"));
            } else {
                self.out.push_str(entity);
            }
        }
        self.out.push_str(&text[from..]);
    }
}
