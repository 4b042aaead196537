//! Inventories as gzipped lines of text: no header, every field in quotes, keys URL-encoded.

use super::columns::Cell;
use crate::listing::url_encoded;
use flate2::{Compression, write::GzEncoder};
use std::io::{self, Write};

/// A file that is being written.
pub(super) struct Lines(GzEncoder<Vec<u8>>);

impl Lines {
    pub fn new() -> Lines {
        Lines(GzEncoder::new(Vec::new(), Compression::fast()))
    }
    pub fn add(&mut self, cells: &[Cell]) -> io::Result<()> {
        self.0.write_all(line(cells).as_bytes())
    }
    pub fn finish(self) -> io::Result<Vec<u8>> {
        self.0.finish()
    }
}

fn line(cells: &[Cell]) -> String {
    let quoted: Vec<String> = cells.iter().map(|cell| format!("\"{}\"", text(cell).replace('"', "\"\""))).collect();
    format!("{}\n", quoted.join(","))
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.clone().unwrap_or_default(),
        Cell::Key(key) => url_encoded(key),
        Cell::Number(number) => number.map_or_else(String::new, |number| number.to_string()),
        Cell::Flag(flag) => flag.map_or_else(String::new, |flag| flag.to_string()),
        Cell::Time(at) => at.map_or_else(String::new, kit::time::iso_millis),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        inventory::columns::Columns,
        model::{InventoryConfiguration, InventoryIncludedObjectVersions, InventoryOptionalField as Field},
        state::{Found, Object},
    };
    use kit::Scope;

    #[test]
    fn fields_stand_in_their_fixed_order_and_in_quotes() {
        let configuration = InventoryConfiguration {
            included_object_versions: Some(InventoryIncludedObjectVersions::Current),
            optional_fields: Some(vec![Field::ETag, Field::Size]),
            ..InventoryConfiguration::default()
        };
        let columns = Columns::of(&configuration);
        assert_eq!(columns.names(), ["Bucket", "Key", "Size", "ETag"]);
        let found = Found { name: "b".into(), scope: Scope::new("1", "us-east-1"), bucket: Default::default() };
        let object = Object { size: 3, etag: "abc".into(), ..Object::default() };
        assert_eq!(line(&columns.cells(&found, "a \"b", &object, true)), "\"b\",\"a+%22b\",\"3\",\"abc\"\n");
    }
}
