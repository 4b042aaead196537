//! Hive types as crawlers infer them, and how two of them become one.

/// A type of a column or a field.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Only nulls were seen.
    Unknown,
    Boolean,
    TinyInt,
    SmallInt,
    Int,
    BigInt,
    Float,
    Double,
    Decimal(u8, u8),
    String,
    Binary,
    Date,
    Timestamp,
    Array(Box<Kind>),
    Map(Box<Kind>, Box<Kind>),
    Struct(Vec<Column>),
}

/// A column of a table or a field of a struct.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub name: String,
    pub kind: Kind,
}

impl Column {
    pub fn new(name: impl Into<String>, kind: Kind) -> Column {
        Column { name: name.into(), kind }
    }
}

impl Kind {
    /// The type that holds values of both.
    pub fn merge(self, other: Kind) -> Kind {
        use Kind::*;
        match (self, other) {
            (a, b) if a == b => a,
            (Unknown, known) | (known, Unknown) => known,
            (Array(a), Array(b)) => Array(Box::new(a.merge(*b))),
            (Map(k, v), Map(l, w)) => Map(Box::new(k.merge(*l)), Box::new(v.merge(*w))),
            (Struct(a), Struct(b)) => Struct(merge(a, b)),
            (Decimal(p, s), Decimal(q, t)) => {
                let (whole, scale) = ((p - s).max(q - t), s.max(t));
                Decimal((whole + scale).min(38), scale)
            }
            (Date, Timestamp) | (Timestamp, Date) => Timestamp,
            (a, b) => match (a.width(), b.width()) {
                (Some(wide), Some(other)) => NUMBERS[wide.max(other)].clone(),
                _ => String,
            },
        }
    }

    /// Where in [`NUMBERS`] a type stands; a decimal that meets another number becomes a double.
    fn width(&self) -> Option<usize> {
        match self {
            Kind::Decimal(..) => Some(NUMBERS.len() - 1),
            other => NUMBERS.iter().position(|number| number == other),
        }
    }

    /// As the catalog writes it: `struct<a:int,b:array<string>>`. What was only null is a string.
    pub fn text(&self) -> std::string::String {
        match self {
            Kind::Unknown | Kind::String => "string".into(),
            Kind::Boolean => "boolean".into(),
            Kind::TinyInt => "tinyint".into(),
            Kind::SmallInt => "smallint".into(),
            Kind::Int => "int".into(),
            Kind::BigInt => "bigint".into(),
            Kind::Float => "float".into(),
            Kind::Double => "double".into(),
            Kind::Decimal(precision, scale) => format!("decimal({precision},{scale})"),
            Kind::Binary => "binary".into(),
            Kind::Date => "date".into(),
            Kind::Timestamp => "timestamp".into(),
            Kind::Array(of) => format!("array<{}>", of.text()),
            Kind::Map(key, value) => format!("map<{},{}>", key.text(), value.text()),
            Kind::Struct(fields) => {
                let fields: Vec<_> = fields.iter().map(|f| format!("{}:{}", f.name, f.kind.text())).collect();
                format!("struct<{}>", fields.join(","))
            }
        }
    }
}

/// From narrow to wide.
const NUMBERS: [Kind; 6] = [Kind::TinyInt, Kind::SmallInt, Kind::Int, Kind::BigInt, Kind::Float, Kind::Double];

/// The columns of both, in the order of their first appearance. Names are the same whatever their case.
pub(crate) fn merge(mut columns: Vec<Column>, others: Vec<Column>) -> Vec<Column> {
    for other in others {
        add(&mut columns, other);
    }
    columns
}

/// Adds what was seen of a column.
pub(crate) fn add(columns: &mut Vec<Column>, seen: Column) {
    match columns.iter_mut().find(|c| c.name.eq_ignore_ascii_case(&seen.name)) {
        Some(column) => column.kind = std::mem::replace(&mut column.kind, Kind::Unknown).merge(seen.kind),
        None => columns.push(seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_types_become_the_one_that_holds_both() {
        let cases = [
            (Kind::Int, Kind::BigInt, "bigint"),
            (Kind::Int, Kind::Double, "double"),
            (Kind::Decimal(5, 2), Kind::Decimal(6, 4), "decimal(7,4)"),
            (Kind::Decimal(5, 2), Kind::Int, "double"),
            (Kind::Boolean, Kind::Int, "string"),
            (Kind::Date, Kind::Timestamp, "timestamp"),
            (Kind::Unknown, Kind::Unknown, "string"),
            (Kind::Array(Box::new(Kind::Unknown)), Kind::Array(Box::new(Kind::Int)), "array<int>"),
        ];
        for (a, b, text) in cases {
            assert_eq!(a.clone().merge(b.clone()).text(), text);
            assert_eq!(b.merge(a).text(), text);
        }
        let a = Kind::Struct(vec![Column::new("x", Kind::Int)]);
        let b = Kind::Struct(vec![Column::new("y", Kind::String), Column::new("X", Kind::Double)]);
        assert_eq!(a.merge(b).text(), "struct<x:double,y:string>");
    }
}
