//! An XML reader that is asked for what comes next, over quick-xml. No document types, no entities but XML's own five.

use crate::fill::{DEPTH_LIMIT, malformed};
use crate::request::DecodeError;
use quick_xml::events::{BytesStart, Event};
use std::borrow::Cow;

pub(crate) struct Reader<'a> {
    inner: quick_xml::Reader<&'a [u8]>,
}

/// A start tag.
pub(crate) struct Tag<'a>(BytesStart<'a>);

impl Tag<'_> {
    /// The name without its prefix.
    pub(crate) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of an attribute by its full name, or by its name without prefix.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<String>, DecodeError> {
        let local = name.rsplit(':').next().unwrap_or(name);
        let mut found = None;
        for attribute in self.0.attributes() {
            let attribute = attribute.map_err(|e| malformed(format!("The XML has a wrong attribute: {e}")))?;
            let key: &str = attribute.key.into_inner();
            if key == name || (!key.starts_with("xmlns") && key.rsplit(':').next() == Some(local)) {
                let value =
                    quick_xml::escape::unescape(&attribute.value).map_err(|e| malformed(format!("The XML has a wrong attribute: {e}")))?;
                found = Some(value.into_owned());
            }
        }
        Ok(found)
    }
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Reader<'a>, DecodeError> {
        let text = std::str::from_utf8(bytes).map_err(|_| malformed("The request body is not valid UTF-8"))?;
        let mut inner = quick_xml::Reader::from_str(text);
        inner.config_mut().expand_empty_elements = true;
        Ok(Reader { inner })
    }

    fn event(&mut self) -> Result<Event<'a>, DecodeError> {
        match self.inner.read_event() {
            Ok(Event::DocType(_)) => Err(malformed("The XML has a document type, which is refused")),
            Ok(event) => Ok(event),
            Err(e) => Err(malformed(format!("The XML is not well-formed: {e}"))),
        }
    }

    /// The root element's tag.
    pub(crate) fn root(&mut self) -> Result<Tag<'a>, DecodeError> {
        loop {
            match self.event()? {
                Event::Start(tag) => return Ok(Tag(tag)),
                Event::Text(text) if text.trim_matches('\u{feff}').trim().is_empty() => {}
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
                _ => return Err(malformed("The XML has no root element")),
            }
        }
    }

    /// After the root element: nothing but white space and comments.
    pub(crate) fn finish(&mut self) -> Result<(), DecodeError> {
        loop {
            match self.event()? {
                Event::Eof => return Ok(()),
                Event::Text(text) if text.trim().is_empty() => {}
                Event::PI(_) | Event::Comment(_) => {}
                _ => return Err(malformed("The XML goes on after its root element")),
            }
        }
    }

    /// Inside an element that holds elements: the next of them, or `None` after its end tag.
    pub(crate) fn child(&mut self) -> Result<Option<Tag<'a>>, DecodeError> {
        loop {
            match self.event()? {
                Event::Start(tag) => return Ok(Some(Tag(tag))),
                Event::End(_) => return Ok(None),
                Event::Text(text) if text.trim().is_empty() => {}
                Event::PI(_) | Event::Comment(_) => {}
                Event::Eof => return Err(malformed("The XML ends before its root element does")),
                _ => return Err(malformed("The XML has text where elements were expected")),
            }
        }
    }

    /// The text of an element that holds text only, up to and with its end tag.
    pub(crate) fn text(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let mut text = Cow::Borrowed("");
        loop {
            let more: Cow<'a, str> = match self.event()? {
                Event::Text(part) => part.xml10_content(),
                Event::CData(part) => part.into_inner(),
                Event::GeneralRef(reference) => Cow::Owned(entity(&reference)?.to_string()),
                Event::End(_) => return Ok(text),
                Event::Start(tag) => return Err(malformed(format!("The XML has an element {} where text was expected", Tag(tag).name()))),
                Event::Eof => return Err(malformed("The XML ends before its root element does")),
                _ => continue,
            };
            if text.is_empty() {
                text = more;
            } else {
                text.to_mut().push_str(&more);
            }
        }
    }

    /// Passes over the rest of an element.
    pub(crate) fn skip(&mut self) -> Result<(), DecodeError> {
        let mut depth = 0u16;
        loop {
            match self.event()? {
                Event::Start(_) => {
                    depth += 1;
                    if depth > DEPTH_LIMIT {
                        return Err(malformed(format!("The request is nested deeper than {DEPTH_LIMIT} levels")));
                    }
                }
                Event::End(_) if depth == 0 => return Ok(()),
                Event::End(_) => depth -= 1,
                Event::Eof => return Err(malformed("The XML ends before its root element does")),
                _ => {}
            }
        }
    }
}

/// A character reference or one of XML's five entities.
fn entity(reference: &quick_xml::events::BytesRef) -> Result<char, DecodeError> {
    if reference.is_char_ref() {
        let resolved = reference.resolve_char_ref().map_err(|e| malformed(format!("The XML has a wrong character reference: {e}")))?;
        return resolved.ok_or_else(|| malformed("The XML has a wrong character reference"));
    }
    match &**reference {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "quot" => Ok('"'),
        "apos" => Ok('\''),
        other => Err(malformed(format!("The XML uses the entity {other}, which is refused"))),
    }
}
