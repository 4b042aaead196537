//! XML: rows are elements of one tag. Only a customer's classifier knows which; the built-in one says that it is XML.

use super::{
    Form, Found, Sample,
    kinds::{self, Column, Kind},
    scalar,
};
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

/// Elements that nest deeper are no table.
const DEEPEST: usize = 64;

/// Says that it is XML: its rows are not known.
pub(crate) fn detect(sample: &Sample<'_>) -> Option<Found> {
    let text = sample.text()?.trim_start();
    let declared = text.starts_with("<?xml") || text.starts_with('<') && text.trim_end().ends_with('>') && text.contains("</");
    declared.then(|| Found::of_text("xml", Vec::new(), Form::Unknown, 0, sample))
}

/// Reads the rows that stand in a tag. Attributes become columns whose names begin with an underscore, as Spark's reader names them.
pub(crate) fn read(sample: &Sample<'_>, classification: &str, row_tag: &str) -> Option<Found> {
    let text = sample.text()?;
    if !text.trim_start().starts_with('<') {
        return None;
    }
    let mut reader = Reader::from_str(text);
    let (mut columns, mut records) = (Vec::new(), 0);
    loop {
        let row = match reader.read_event() {
            Ok(Event::Start(start)) if start.name().as_ref() == row_tag => element(&mut reader, &start, 0),
            Ok(Event::Empty(start)) if start.name().as_ref() == row_tag => Some(attributes(&start)),
            Ok(Event::Eof) => break,
            Ok(_) => continue,
            Err(_) => None,
        };
        match row {
            Some(Kind::Struct(fields)) => {
                fields.into_iter().for_each(|field| kinds::add(&mut columns, field));
                records += 1;
            }
            Some(other) => {
                kinds::add(&mut columns, Column::new("_value", other));
                records += 1;
            }
            // A row that was cut ends what can be read.
            None if !sample.whole && records > 0 => break,
            None => return None,
        }
    }
    (records > 0 && !columns.is_empty()).then(|| Found::of_text(classification, columns, Form::Xml(row_tag.into()), records, sample))
}

/// The type of an element whose start was read: text alone is a scalar, anything else a struct. Children of one name are an array.
fn element(reader: &mut Reader<&[u8]>, start: &BytesStart<'_>, depth: usize) -> Option<Kind> {
    if depth > DEEPEST {
        return None;
    }
    let Kind::Struct(mut fields) = attributes(start) else { return None };
    let (mut text, mut seen) = (String::new(), Vec::new());
    loop {
        let (name, kind) = match reader.read_event().ok()? {
            Event::Start(child) => (name(&child), element(reader, &child, depth + 1)?),
            Event::Empty(child) => {
                let Kind::Struct(fields) = attributes(&child) else { return None };
                (name(&child), if fields.is_empty() { Kind::Unknown } else { Kind::Struct(fields) })
            }
            Event::Text(part) => {
                text.push_str(&part);
                continue;
            }
            Event::CData(part) => {
                text.push_str(&part);
                continue;
            }
            Event::End(_) => break,
            Event::Eof => return None,
            _ => continue,
        };
        let again = seen.contains(&name);
        match fields.iter_mut().find(|f| f.name == name) {
            Some(field) if again => {
                let of = match std::mem::replace(&mut field.kind, Kind::Unknown) {
                    Kind::Array(of) => *of,
                    one => one,
                };
                field.kind = Kind::Array(Box::new(of.merge(kind)));
            }
            _ => kinds::add(&mut fields, Column::new(name.clone(), kind)),
        }
        seen.push(name);
    }
    if fields.is_empty() {
        return Some(scalar::of_xml(&text));
    }
    if !text.trim().is_empty() {
        kinds::add(&mut fields, Column::new("_value", scalar::of_xml(&text)));
    }
    Some(Kind::Struct(fields))
}

fn attributes(start: &BytesStart<'_>) -> Kind {
    let read = start.attributes().flatten();
    let columns = read.map(|attribute| {
        let name: &str = attribute.key.as_ref();
        Column::new(format!("_{name}"), scalar::of_xml(&attribute.value))
    });
    Kind::Struct(columns.collect())
}

fn name(start: &BytesStart<'_>) -> String {
    let name = start.name();
    let text: &str = name.as_ref();
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_have_attributes_children_and_lists() {
        let text =
            r#"<?xml version="1.0"?><all><row id="7"><name>a</name><tag>x</tag><tag>y</tag><at><x>1.5</x></at></row><row id="8"/></all>"#;
        let sample = Sample { head: text.as_bytes(), whole: true, tail: &[] };
        let found = read(&sample, "mine", "row").unwrap();
        let columns: Vec<_> = found.columns.iter().map(|c| format!("{} {}", c.name, c.kind.text())).collect();
        assert_eq!(columns, ["_id int", "name string", "tag array<string>", "at struct<x:double>"]);
        assert_eq!((found.records, found.classification.as_str()), (2, "mine"));
        assert_eq!(read(&sample, "mine", "none"), None);
        assert_eq!(detect(&sample).unwrap().classification, "xml");
        let broken = Sample { head: b"<all><row><a>1</row>", whole: true, tail: &[] };
        assert_eq!(read(&broken, "mine", "row"), None);
    }
}
