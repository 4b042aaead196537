//! What a file holds: its format and its columns, read from its bytes. Pure: knows neither objects nor the catalog.
//!
//! Classifiers are asked in AWS's order: the customer's own as they are listed, then Avro, ORC, Parquet, JSON, XML, Ion, logs, CSV.

pub(crate) mod avro;
pub(crate) mod compression;
pub(crate) mod csv;
mod ion;
pub(crate) mod json;
mod json_path;
pub(crate) mod kinds;
pub(crate) mod logs;
mod orc;
mod parquet;
pub(crate) mod scalar;
pub(crate) mod xml;

use compression::Compression;
use kinds::Column;

/// The bytes of a file that classifiers look at.
pub(crate) struct Sample<'a> {
    /// From the beginning, decompressed.
    pub head: &'a [u8],
    /// Whether `head` is all there is.
    pub whole: bool,
    /// The end of the file as it lies there; all of it where it is small.
    pub tail: &'a [u8],
}

impl Sample<'_> {
    /// Whole lines as text: a last one that was cut is left out. `None` where the bytes are not UTF-8.
    pub fn text(&self) -> Option<&str> {
        let head = self.head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(self.head);
        let end = match self.whole {
            true => head.len(),
            false => head.iter().rposition(|b| *b == b'\n').map_or(head.len(), |at| at + 1),
        };
        // Binary data is now and then UTF-8 by chance; text has no zero bytes.
        std::str::from_utf8(&head[..end]).ok().filter(|text| !text.contains('\0'))
    }
}

/// What a classifier found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    /// `parquet`, `json`, `csv`..., or the name that a custom classifier gives.
    pub classification: String,
    pub columns: Vec<Column>,
    pub form: Form,
    /// Records in what was looked at.
    pub records: u64,
    /// Bytes (decompressed) that these records take up; `None` where the records are all that the file holds.
    pub bytes: Option<u64>,
    pub compression: Compression,
}

/// What a reader has to know beside the columns.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Form {
    Parquet,
    Orc,
    /// The writer's schema, JSON.
    Avro(String),
    Json,
    Csv(csv::Layout),
    /// The tag of a row.
    Xml(String),
    Ion,
    Grok {
        pattern: String,
        custom: Option<String>,
    },
    Unknown,
}

/// A classifier that a customer made.
#[derive(Clone, Debug)]
pub(crate) enum Custom {
    Grok(logs::Custom),
    Json { path: json_path::Path },
    Csv(csv::Custom),
    Xml { classification: String, row_tag: String },
}

pub(crate) use json_path::Path as JsonPath;

/// A classifier needs more of the file than it was given.
#[derive(Debug, PartialEq)]
pub(crate) struct More;

/// What the file holds; [`Form::Unknown`] where no classifier knows it.
pub(crate) fn classify(sample: &Sample<'_>, custom: &[Custom], compression: Compression) -> Result<Found, More> {
    let found = match custom_found(sample, custom)? {
        Some(found) => found,
        None => built_in(sample)?.unwrap_or_else(unknown),
    };
    let compression = match found.form {
        // What these formats hold is compressed inside.
        Form::Parquet | Form::Orc | Form::Avro(_) => Compression::None,
        _ => compression,
    };
    Ok(Found { compression, ..found })
}

fn custom_found(sample: &Sample<'_>, custom: &[Custom]) -> Result<Option<Found>, More> {
    for classifier in custom {
        let found = match classifier {
            Custom::Grok(grok) => logs::custom(sample, grok),
            Custom::Json { path } => json::read(sample, Some(path))?,
            Custom::Csv(layout) => csv::custom(sample, layout),
            Custom::Xml { classification, row_tag } => xml::read(sample, classification, row_tag),
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

fn built_in(sample: &Sample<'_>) -> Result<Option<Found>, More> {
    if let Some(found) = avro::read(sample).or_else(|| orc::read(sample)).or_else(|| parquet::read(sample)) {
        return Ok(Some(found));
    }
    if let Some(found) = json::read(sample, None)? {
        return Ok(Some(found));
    }
    Ok(xml::detect(sample).or_else(|| ion::read(sample)).or_else(|| logs::built_in(sample)).or_else(|| csv::detect(sample)))
}

fn unknown() -> Found {
    Found {
        classification: "UNKNOWN".into(),
        columns: Vec::new(),
        form: Form::Unknown,
        records: 0,
        bytes: None,
        compression: Compression::None,
    }
}

impl Found {
    /// Of a text format: records and the bytes they take up where the sample is not the whole file.
    fn of_text(classification: &str, columns: Vec<Column>, form: Form, records: u64, sample: &Sample<'_>) -> Found {
        let bytes = (!sample.whole).then(|| sample.text().map_or(0, str::len) as u64);
        Found { classification: classification.into(), columns, form, records, bytes, compression: Compression::None }
    }
}

pub(crate) use orc::footer_length as orc_footer;
pub(crate) use parquet::footer_length as parquet_footer;

/// What a crawl says of a file: its classification, its records and its columns, in one line. For tests of files that somebody else wrote.
pub fn describe_file(bytes: &[u8]) -> String {
    let compression = Compression::of(bytes);
    let head = compression.head(bytes, true, 1 << 20);
    let (head, whole) = head.unwrap_or_default();
    match classify(&Sample { head: &head, whole, tail: bytes }, &[], compression) {
        Ok(found) => found.sentence(),
        Err(More) => "needs more of the file".into(),
    }
}

impl Found {
    fn sentence(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|c| format!("{} {}", c.name, c.kind.text())).collect();
        format!("{} {}: {}", self.classification, self.records, columns.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn fixture(name: &str) -> Vec<u8> {
        std::fs::read(format!("{}/../../../fixtures/lake/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }
    pub(crate) fn sentence(found: &Found) -> String {
        found.sentence()
    }

    #[test]
    fn files_are_known_by_what_they_hold() {
        assert_eq!(describe_file(&fixture("photos.avro")), "avro 3: id bigint, name string, at timestamp, tags array<string>");
        assert_eq!(describe_file(b"{\"a\":1}"), "json 1: a int");
        assert_eq!(describe_file(b"a,b\n1,2\n3,4\n"), "csv 2: a bigint, b bigint");
        assert_eq!(describe_file(b"nothing much"), "UNKNOWN 0: ");
        assert_eq!(describe_file(&[0, 159, 146, 150]), "UNKNOWN 0: ");
        assert_eq!(describe_file(b""), "UNKNOWN 0: ");
    }
}
