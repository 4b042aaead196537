//! Trino's types, their names, and the engine's type behind each.

use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Fields, IntervalUnit, TimeUnit};
use std::{collections::HashMap, fmt, sync::Arc};

/// Levels of nesting that a type may have.
const MOST_DEPTH: usize = 32;
/// The field metadata that tells JSON from text, and a text with a length from one without.
pub(crate) const MARK: &str = "trino";

/// A type of Trino's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ty {
    /// The type of NULL.
    Unknown,
    Boolean,
    Tinyint,
    Smallint,
    Integer,
    Bigint,
    Real,
    Double,
    /// Precision, scale.
    Decimal(u8, i8),
    /// Length, where there is one.
    Varchar(Option<u32>),
    /// Length.
    Char(u32),
    Varbinary,
    Date,
    /// Micros of the day.
    Time,
    /// Digits of the fraction: 3, 6 or 9.
    Timestamp(u8),
    /// With the zone in which values are shown.
    TimestampTz(Arc<str>),
    /// Months, and milliseconds.
    Interval,
    Json,
    Array(Box<Ty>),
    Map(Box<Ty>, Box<Ty>),
    /// Fields with their names, where they have one.
    Row(Vec<(Option<String>, Ty)>),
}

impl Ty {
    pub(crate) fn is_numeric(&self) -> bool {
        self.is_integer() || matches!(self, Ty::Real | Ty::Double | Ty::Decimal(..))
    }
    pub(crate) fn is_integer(&self) -> bool {
        matches!(self, Ty::Tinyint | Ty::Smallint | Ty::Integer | Ty::Bigint)
    }
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Ty::Varchar(_) | Ty::Char(_))
    }
    pub(crate) const VARCHAR: Ty = Ty::Varchar(None);

    pub(crate) fn array(item: Ty) -> Ty {
        Ty::Array(Box::new(item))
    }
    pub(crate) fn map(key: Ty, value: Ty) -> Ty {
        Ty::Map(Box::new(key), Box::new(value))
    }
    pub(crate) fn utc() -> Ty {
        Ty::TimestampTz("UTC".into())
    }

    /// The type of a column of the engine.
    pub(crate) fn of(field: &Field) -> Ty {
        match field.metadata().get(MARK).map(String::as_str) {
            Some("json") => return Ty::Json,
            Some(mark) => {
                if let Ok(ty) = Ty::parse(mark) {
                    return ty;
                }
            }
            None => {}
        }
        Ty::of_data(field.data_type())
    }

    /// The type of the engine's data without a field's marks.
    pub(crate) fn of_data(data_type: &DataType) -> Ty {
        use DataType as D;
        match data_type {
            D::Null => Ty::Unknown,
            D::Boolean => Ty::Boolean,
            D::Int8 | D::UInt8 => Ty::Tinyint,
            D::Int16 | D::UInt16 => Ty::Smallint,
            D::Int32 | D::UInt32 => Ty::Integer,
            D::Int64 | D::UInt64 => Ty::Bigint,
            D::Float16 | D::Float32 => Ty::Real,
            D::Float64 => Ty::Double,
            D::Decimal32(p, s) | D::Decimal64(p, s) | D::Decimal128(p, s) | D::Decimal256(p, s) => Ty::Decimal((*p).min(38), *s),
            D::Binary | D::LargeBinary | D::BinaryView | D::FixedSizeBinary(_) => Ty::Varbinary,
            D::Date32 | D::Date64 => Ty::Date,
            D::Time32(_) | D::Time64(_) => Ty::Time,
            D::Timestamp(unit, None) => Ty::Timestamp(digits(unit)),
            D::Timestamp(_, Some(zone)) => Ty::TimestampTz(zone.clone()),
            D::Interval(_) | D::Duration(_) => Ty::Interval,
            D::List(item) | D::LargeList(item) | D::FixedSizeList(item, _) | D::ListView(item) | D::LargeListView(item) => {
                Ty::array(Ty::of(item))
            }
            D::Map(entries, _) => match entries.data_type() {
                D::Struct(fields) if fields.len() == 2 => Ty::map(Ty::of(&fields[0]), Ty::of(&fields[1])),
                _ => Ty::Unknown,
            },
            D::Struct(fields) => Ty::Row(fields.iter().map(|f| (Some(f.name().clone()), Ty::of(f))).collect()),
            D::Dictionary(_, value) => Ty::of_data(value),
            _ => Ty::VARCHAR,
        }
    }

    /// The engine's type.
    pub(crate) fn data_type(&self) -> DataType {
        match self {
            Ty::Unknown => DataType::Null,
            Ty::Boolean => DataType::Boolean,
            Ty::Tinyint => DataType::Int8,
            Ty::Smallint => DataType::Int16,
            Ty::Integer => DataType::Int32,
            Ty::Bigint => DataType::Int64,
            Ty::Real => DataType::Float32,
            Ty::Double => DataType::Float64,
            Ty::Decimal(p, s) => DataType::Decimal128(*p, *s),
            Ty::Varchar(_) | Ty::Char(_) | Ty::Json => DataType::Utf8,
            Ty::Varbinary => DataType::Binary,
            Ty::Date => DataType::Date32,
            Ty::Time => DataType::Time64(TimeUnit::Microsecond),
            Ty::Timestamp(digits) => DataType::Timestamp(unit(*digits), None),
            Ty::TimestampTz(zone) => DataType::Timestamp(TimeUnit::Millisecond, Some(zone.clone())),
            Ty::Interval => DataType::Interval(IntervalUnit::MonthDayNano),
            Ty::Array(item) => DataType::List(item.named("item", true)),
            Ty::Map(key, value) => {
                let entries = Fields::from(vec![key.named("key", false), value.named("value", true)]);
                DataType::Map(Arc::new(Field::new("entries", DataType::Struct(entries), false)), false)
            }
            Ty::Row(fields) => DataType::Struct(
                fields.iter().enumerate().map(|(i, (name, ty))| ty.named(name.as_deref().unwrap_or(&format!("field{i}")), true)).collect(),
            ),
        }
    }

    /// A column of this type, with the marks that tell it again.
    pub(crate) fn named(&self, name: &str, nullable: bool) -> FieldRef {
        let field = Field::new(name, self.data_type(), nullable);
        let mark = match self {
            Ty::Json => Some("json".to_owned()),
            Ty::Char(_) | Ty::Varchar(Some(_)) => Some(self.to_string()),
            _ => None,
        };
        Arc::new(match mark {
            Some(mark) => field.with_metadata(HashMap::from([(MARK.to_owned(), mark)])),
            None => field,
        })
    }

    /// A type by its name. The error is a sentence.
    pub(crate) fn parse(text: &str) -> Result<Ty, String> {
        let mut parser = Parser { rest: text.trim(), whole: text };
        let ty = parser.ty(0)?;
        if parser.rest.trim().is_empty() { Ok(ty) } else { Err(parser.wrong()) }
    }
}

fn digits(unit: &TimeUnit) -> u8 {
    match unit {
        TimeUnit::Second | TimeUnit::Millisecond => 3,
        TimeUnit::Microsecond => 6,
        TimeUnit::Nanosecond => 9,
    }
}

fn unit(digits: u8) -> TimeUnit {
    match digits {
        0..=3 => TimeUnit::Millisecond,
        4..=6 => TimeUnit::Microsecond,
        _ => TimeUnit::Nanosecond,
    }
}

struct Parser<'a> {
    rest: &'a str,
    whole: &'a str,
}

impl Parser<'_> {
    fn wrong(&self) -> String {
        format!("Unknown type: {}", self.whole.trim())
    }
    fn word(&mut self) -> String {
        self.rest = self.rest.trim_start();
        if let Some(inner) = self.rest.strip_prefix('"')
            && let Some(end) = inner.find('"')
        {
            let word = inner[..end].to_lowercase();
            self.rest = &inner[end + 1..];
            return word;
        }
        let end = self.rest.find(|c: char| !(c.is_alphanumeric() || "_$".contains(c))).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word.to_lowercase()
    }
    fn takes(&mut self, token: &str) -> bool {
        let rest = self.rest.trim_start();
        let found = rest.get(..token.len()).is_some_and(|t| t.eq_ignore_ascii_case(token));
        if found {
            self.rest = &rest[token.len()..];
        }
        found
    }
    fn must(&mut self, token: &str) -> Result<(), String> {
        if self.takes(token) { Ok(()) } else { Err(self.wrong()) }
    }
    fn numbers(&mut self) -> Result<Vec<u32>, String> {
        let mut all = Vec::new();
        if self.takes("(") {
            loop {
                all.push(self.word().parse().map_err(|_| self.wrong())?);
                if !self.takes(",") {
                    break;
                }
            }
            self.must(")")?;
        }
        Ok(all)
    }
    fn ty(&mut self, depth: usize) -> Result<Ty, String> {
        if depth > MOST_DEPTH {
            return Err(format!("The type {} is nested too deep", self.whole));
        }
        let word = self.word();
        Ok(match word.as_str() {
            "unknown" => Ty::Unknown,
            "boolean" => Ty::Boolean,
            "tinyint" => Ty::Tinyint,
            "smallint" => Ty::Smallint,
            "integer" | "int" => Ty::Integer,
            "bigint" => Ty::Bigint,
            "real" | "float" => Ty::Real,
            "double" => {
                self.takes("precision");
                Ty::Double
            }
            "decimal" | "numeric" | "dec" => match self.numbers()?[..] {
                [] => Ty::Decimal(38, 0),
                [p] if (1..=38).contains(&p) => Ty::Decimal(p as u8, 0),
                [p, s] if (1..=38).contains(&p) && s <= p => Ty::Decimal(p as u8, s as i8),
                _ => return Err(self.wrong()),
            },
            "varchar" | "string" => Ty::Varchar(self.numbers()?.first().copied()),
            "char" => Ty::Char(self.numbers()?.first().copied().unwrap_or(1)),
            "varbinary" | "binary" => Ty::Varbinary,
            "date" => Ty::Date,
            "json" => Ty::Json,
            "time" => {
                self.numbers()?;
                if self.takes("with time zone") {
                    return Err("time with time zone is not supported by windtunnel yet".into());
                }
                Ty::Time
            }
            "timestamp" => {
                let digits = self.numbers()?.first().copied().unwrap_or(3);
                if self.takes("with time zone") {
                    return Ok(Ty::utc());
                }
                self.takes("without time zone");
                Ty::Timestamp(if digits <= 3 {
                    3
                } else if digits <= 6 {
                    6
                } else {
                    9
                })
            }
            "interval" => {
                let _ = self.takes("day to second") || self.takes("year to month");
                Ty::Interval
            }
            "array" => {
                let close = if self.takes("<") { ">" } else { self.must("(").map(|()| ")")? };
                let item = self.ty(depth + 1)?;
                self.must(close)?;
                Ty::array(item)
            }
            "map" => {
                let close = if self.takes("<") { ">" } else { self.must("(").map(|()| ")")? };
                let key = self.ty(depth + 1)?;
                self.must(",")?;
                let value = self.ty(depth + 1)?;
                self.must(close)?;
                Ty::map(key, value)
            }
            "row" => self.row(depth)?,
            _ => return Err(self.wrong()),
        })
    }
    /// `row(a integer, varchar)`: a field has a name where two words stand.
    fn row(&mut self, depth: usize) -> Result<Ty, String> {
        self.must("(")?;
        let mut fields = Vec::new();
        loop {
            let before = self.rest;
            let name = self.word();
            let ends = self.rest.trim_start().starts_with([',', ')', '(']);
            if ends {
                self.rest = before;
                fields.push((None, self.ty(depth + 1)?));
            } else {
                fields.push((Some(name), self.ty(depth + 1)?));
            }
            if !self.takes(",") {
                break;
            }
        }
        self.must(")")?;
        Ok(Ty::Row(fields))
    }
}

impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ty::Unknown => f.write_str("unknown"),
            Ty::Boolean => f.write_str("boolean"),
            Ty::Tinyint => f.write_str("tinyint"),
            Ty::Smallint => f.write_str("smallint"),
            Ty::Integer => f.write_str("integer"),
            Ty::Bigint => f.write_str("bigint"),
            Ty::Real => f.write_str("real"),
            Ty::Double => f.write_str("double"),
            Ty::Decimal(p, s) => write!(f, "decimal({p},{s})"),
            Ty::Varchar(None) => f.write_str("varchar"),
            Ty::Varchar(Some(n)) => write!(f, "varchar({n})"),
            Ty::Char(n) => write!(f, "char({n})"),
            Ty::Varbinary => f.write_str("varbinary"),
            Ty::Date => f.write_str("date"),
            Ty::Time => f.write_str("time(3)"),
            Ty::Timestamp(digits) => write!(f, "timestamp({digits})"),
            Ty::TimestampTz(_) => f.write_str("timestamp(3) with time zone"),
            Ty::Interval => f.write_str("interval day to second"),
            Ty::Json => f.write_str("json"),
            Ty::Array(item) => write!(f, "array({item})"),
            Ty::Map(key, value) => write!(f, "map({key}, {value})"),
            Ty::Row(fields) => {
                f.write_str("row(")?;
                for (i, (name, ty)) in fields.iter().enumerate() {
                    let comma = if i == 0 { "" } else { ", " };
                    match name {
                        Some(name) => write!(f, "{comma}{name} {ty}")?,
                        None => write!(f, "{comma}{ty}")?,
                    }
                }
                f.write_str(")")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_and_written() {
        for text in [
            "integer",
            "decimal(10,2)",
            "varchar(3)",
            "array(row(a bigint, b varchar))",
            "map(varchar, array(double))",
            "timestamp(6)",
            "row(integer, varchar)",
        ] {
            assert_eq!(Ty::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Ty::parse("timestamp(3) with time zone").unwrap(), Ty::utc());
        for text in ["", "in", "array(integer", "decimal(50,2)", "map(integer)", "integer)"] {
            assert!(Ty::parse(text).is_err(), "{text}");
        }
        let json = Ty::array(Ty::Json);
        assert_eq!(Ty::of_data(&json.data_type()), json);
    }
}
