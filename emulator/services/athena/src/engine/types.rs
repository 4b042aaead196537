//! Hive's types as the catalog writes them, the engine's, and Athena's names for them.

use super::trino::ty::Ty;
use crate::model::{ColumnInfo, ColumnNullable};
use datafusion::arrow::datatypes::{DataType, Field, Fields, TimeUnit};
use std::sync::Arc;

/// Levels of nesting that a column's type may have.
const MOST_DEPTH: usize = 16;

/// The engine's type of a Hive type. The error names what is not understood.
pub(crate) fn of_hive(text: &str) -> Result<DataType, String> {
    let compact: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let mut parser = Parser { rest: &compact, whole: text };
    let data_type = parser.data_type(0)?;
    if parser.rest.is_empty() { Ok(data_type) } else { Err(parser.wrong()) }
}

struct Parser<'a> {
    rest: &'a str,
    whole: &'a str,
}

impl Parser<'_> {
    fn wrong(&self) -> String {
        format!("the type {} of a column is not understood", self.whole)
    }
    fn take(&mut self, token: char) -> Result<(), String> {
        self.rest = self.rest.strip_prefix(token).ok_or_else(|| self.wrong())?;
        Ok(())
    }
    fn word(&mut self) -> String {
        let end = self.rest.find(['<', '>', ',', ':', '(', ')']).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_ascii_lowercase()
    }
    fn arguments(&mut self) -> Result<Vec<u32>, String> {
        if !self.rest.starts_with('(') {
            return Ok(Vec::new());
        }
        let end = self.rest.find(')').ok_or_else(|| self.wrong())?;
        let numbers = self.rest[1..end].split(',').map(|n| n.parse().map_err(|_| self.wrong())).collect();
        self.rest = &self.rest[end + 1..];
        numbers
    }
    fn data_type(&mut self, depth: usize) -> Result<DataType, String> {
        if depth > MOST_DEPTH {
            return Err(format!("the type {} is nested too deep", self.whole));
        }
        let word = self.word();
        Ok(match word.as_str() {
            "boolean" => DataType::Boolean,
            "tinyint" => DataType::Int8,
            "smallint" => DataType::Int16,
            "int" | "integer" => DataType::Int32,
            "bigint" | "long" => DataType::Int64,
            "float" | "real" => DataType::Float32,
            "double" => DataType::Float64,
            "string" | "varchar" | "char" => {
                self.arguments()?;
                DataType::Utf8
            }
            "binary" | "varbinary" => DataType::Binary,
            "date" => DataType::Date32,
            "timestamp" => DataType::Timestamp(TimeUnit::Millisecond, None),
            "decimal" => match self.arguments()?[..] {
                [] => DataType::Decimal128(10, 0),
                [p] => DataType::Decimal128(p as u8, 0),
                [p, s] => DataType::Decimal128(p as u8, s as i8),
                _ => return Err(self.wrong()),
            },
            "array" => {
                self.take('<')?;
                let item = self.data_type(depth + 1)?;
                self.take('>')?;
                DataType::List(Arc::new(Field::new("item", item, true)))
            }
            "map" => {
                self.take('<')?;
                let key = self.data_type(depth + 1)?;
                self.take(',')?;
                let value = self.data_type(depth + 1)?;
                self.take('>')?;
                let entries = Fields::from(vec![Field::new("keys", key, false), Field::new("values", value, true)]);
                DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
            }
            "struct" => {
                self.take('<')?;
                let mut fields = Vec::new();
                loop {
                    let name = self.word();
                    self.take(':')?;
                    fields.push(Field::new(name, self.data_type(depth + 1)?, true));
                    if self.take(',').is_err() {
                        break;
                    }
                }
                self.take('>')?;
                DataType::Struct(Fields::from(fields))
            }
            _ => return Err(self.wrong()),
        })
    }
}

/// A result column as Athena describes it.
pub(crate) fn column_info(name: &str, field: &Field) -> ColumnInfo {
    let (type_name, precision, scale, case_sensitive) = described(&Ty::of(field));
    ColumnInfo {
        catalog_name: Some("hive".into()),
        schema_name: Some(String::new()),
        table_name: Some(String::new()),
        name: name.to_owned(),
        label: Some(name.to_owned()),
        r#type: type_name.to_owned(),
        precision: Some(precision),
        scale: Some(scale),
        nullable: Some(ColumnNullable::Unknown),
        case_sensitive: Some(case_sensitive),
    }
}

/// A column of texts.
pub(crate) fn varchar(name: &str) -> ColumnInfo {
    column_info(name, &Field::new(name, DataType::Utf8, true))
}

fn described(ty: &Ty) -> (&'static str, i32, i32, bool) {
    match ty {
        Ty::Boolean => ("boolean", 0, 0, false),
        Ty::Tinyint => ("tinyint", 3, 0, false),
        Ty::Smallint => ("smallint", 5, 0, false),
        Ty::Integer => ("integer", 10, 0, false),
        Ty::Bigint => ("bigint", 19, 0, false),
        Ty::Real => ("float", 17, 0, false),
        Ty::Double => ("double", 17, 0, false),
        Ty::Decimal(p, s) => ("decimal", *p as i32, *s as i32, false),
        Ty::Date => ("date", 0, 0, false),
        Ty::Timestamp(_) => ("timestamp", 3, 0, false),
        Ty::TimestampTz(_) => ("timestamp with time zone", 3, 0, false),
        Ty::Time => ("time", 3, 0, false),
        Ty::Varbinary => ("varbinary", 1_073_741_824, 0, false),
        Ty::Array(_) => ("array", 0, 0, false),
        Ty::Map(..) => ("map", 0, 0, false),
        Ty::Row(_) => ("row", 0, 0, false),
        Ty::Interval => ("interval day to second", 0, 0, false),
        Ty::Json => ("json", 0, 0, false),
        Ty::Unknown => ("unknown", 0, 0, false),
        Ty::Char(n) => ("char", *n as i32, 0, true),
        Ty::Varchar(Some(n)) => ("varchar", *n as i32, 0, true),
        Ty::Varchar(None) => ("varchar", i32::MAX, 0, true),
    }
}

/// Hive's name of a type.
pub(crate) fn hive(ty: &Ty) -> String {
    match ty {
        Ty::Integer => "int".into(),
        Ty::Real => "float".into(),
        Ty::Varchar(None) | Ty::Json | Ty::Unknown => "string".into(),
        Ty::Varbinary => "binary".into(),
        Ty::Timestamp(_) | Ty::TimestampTz(_) => "timestamp".into(),
        Ty::Array(item) => format!("array<{}>", hive(item)),
        Ty::Map(key, value) => format!("map<{},{}>", hive(key), hive(value)),
        Ty::Row(fields) => {
            let field = |(i, (name, ty)): (usize, &(Option<String>, Ty))| {
                format!("{}:{}", name.clone().unwrap_or_else(|| format!("field{i}")), hive(ty))
            };
            format!("struct<{}>", fields.iter().enumerate().map(field).collect::<Vec<_>>().join(","))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hive_types_are_read() {
        assert_eq!(of_hive("int"), Ok(DataType::Int32));
        assert_eq!(of_hive("decimal(10, 2)"), Ok(DataType::Decimal128(10, 2)));
        assert!(matches!(of_hive("array<struct<a:int,b:map<string,double>>>"), Ok(DataType::List(_))));
        for text in ["", "in", "array<int", "struct<a>", "map<int>", "int>", "decimal(x)"] {
            assert!(of_hive(text).is_err(), "{text}");
        }
        assert!(of_hive(&"array<".repeat(1000)).is_err());
    }
}
