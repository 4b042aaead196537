//! Inventories as ORC files, packed with zlib: columns of their own types, keys as they are. Names and types are those of AWS's manifests.

use super::columns::Cell;
use ::orc::{Data, Error, Kind, Packing, Slots, Type, Writer};

/// Names of columns as AWS's ORC files have them; all others are the words of the field, one by one.
fn name_of(field: &str) -> String {
    match field {
        "ETag" => "e_tag".to_owned(),
        field => {
            let mut name = String::new();
            for letter in field.chars() {
                if letter.is_ascii_uppercase() && !name.is_empty() {
                    name.push('_');
                }
                name.push(letter.to_ascii_lowercase());
            }
            name
        }
    }
}

fn kind_of(field: &str) -> (Kind, &'static str) {
    match field {
        "IsLatest" | "IsDeleteMarker" | "IsMultipartUploaded" => (Kind::Boolean, "boolean"),
        "Size" => (Kind::Long, "bigint"),
        "LastModifiedDate" | "ObjectLockRetainUntilDate" | "LifecycleExpirationDate" => (Kind::Timestamp, "timestamp"),
        _ => (Kind::String, "string"),
    }
}

/// `struct<bucket:string,key:string,size:bigint>`
pub(super) fn schema(fields: &[&str]) -> String {
    let columns: Vec<String> = fields.iter().map(|field| format!("{}:{}", name_of(field), kind_of(field).1)).collect();
    format!("struct<{}>", columns.join(","))
}

/// A file that is being written: one stripe, whose columns fill row by row.
pub(super) struct File {
    types: Vec<Type>,
    columns: Vec<Slots>,
    rows: usize,
}

impl File {
    pub fn new(fields: &[&str]) -> File {
        let kinds: Vec<Kind> = fields.iter().map(|field| kind_of(field).0).collect();
        let names = fields.iter().map(|field| name_of(field)).collect();
        let root = Type { kind: Kind::Struct, inside: (1..=fields.len()).collect(), names, ..Type::default() };
        let inside = kinds.iter().map(|kind| Type { kind: *kind, ..Type::default() });
        let types = std::iter::once(root).chain(inside).collect();
        File { types, columns: kinds.into_iter().map(empty).collect(), rows: 0 }
    }

    pub fn add(&mut self, cells: &[Cell]) {
        self.columns.iter_mut().zip(cells).for_each(|(column, cell)| push(column, cell));
        self.rows += 1;
    }

    pub fn finish(self) -> Result<Vec<u8>, Error> {
        let mut writer = Writer::new(self.types, Packing::Zlib);
        if self.rows > 0 {
            writer.stripe(self.rows, &self.columns)?;
        }
        Ok(writer.finish())
    }
}

fn empty(kind: Kind) -> Slots {
    let data = match kind {
        Kind::Boolean => Data::Booleans(Vec::new()),
        Kind::Long => Data::Integers(Vec::new()),
        Kind::Timestamp => Data::Times(Vec::new()),
        _ => Data::Bytes { ends: vec![0], bytes: Vec::new() },
    };
    Slots { valid: Some(Vec::new()), data }
}

/// Puts a value behind the others of its column; one that is absent is NULL.
fn push(column: &mut Slots, cell: &Cell) {
    let there = match (&mut column.data, cell) {
        (Data::Booleans(all), Cell::Flag(flag)) => {
            all.push(flag.unwrap_or_default());
            flag.is_some()
        }
        (Data::Integers(all), Cell::Number(number)) => {
            all.push(number.unwrap_or_default());
            number.is_some()
        }
        (Data::Times(all), Cell::Time(at)) => {
            all.push(at.map_or(0, |at| (at.unix_ns / 1000) as i64));
            at.is_some()
        }
        (Data::Bytes { ends, bytes }, cell) => {
            let text = match cell {
                Cell::Text(text) => text.as_deref(),
                Cell::Key(key) => Some(&**key),
                _ => None,
            };
            bytes.extend_from_slice(text.unwrap_or_default().as_bytes());
            ends.push(bytes.len() as i32);
            text.is_some()
        }
        _ => false,
    };
    column.valid.get_or_insert_default().push(there);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_called_as_in_the_manifests_of_aws() {
        let fields = ["Bucket", "Key", "VersionId", "IsLatest", "Size", "ETag", "LastModifiedDate", "IntelligentTieringAccessTier"];
        assert_eq!(
            schema(&fields),
            "struct<bucket:string,key:string,version_id:string,is_latest:boolean,size:bigint,e_tag:string,last_modified_date:timestamp,intelligent_tiering_access_tier:string>"
        );
    }
}
