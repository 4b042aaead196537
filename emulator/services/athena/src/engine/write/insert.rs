//! What INSERT puts into which column: only types that Trino widens without being asked; nothing is bent, cut off or left out.

use crate::engine::{
    trino::{cast, ty::Ty, val},
    types,
};
use datafusion::arrow::{
    array::{ArrayRef, RecordBatch, new_null_array},
    datatypes::{Field, Schema, SchemaRef},
};
use std::sync::Arc;

/// The columns of a table, and which of a query's stands for each.
pub(super) struct Columns {
    /// All of the table's, partition keys last.
    pub schema: SchemaRef,
    /// Names of those that the query gives, in its order.
    given: Vec<String>,
}

impl Columns {
    /// Of a table's columns (name, Hive type, comment) with the names that the statement has; without any they are all meant.
    pub(super) fn of(all: &[(String, String, String)], named: &[String]) -> Result<Columns, String> {
        let field = |(name, hive, _): &(String, String, String)| {
            let wanted = types::of_hive(hive).map_err(|e| format!("NOT_SUPPORTED: windtunnel does not run {e} yet"))?;
            Ok(Field::new(name.to_lowercase(), wanted, true))
        };
        let schema = Arc::new(Schema::new(all.iter().map(field).collect::<Result<Vec<_>, String>>()?));
        let given: Vec<String> = match named {
            [] => schema.fields().iter().map(|f| f.name().clone()).collect(),
            named => named.iter().map(|n| n.to_lowercase()).collect(),
        };
        for (place, name) in given.iter().enumerate() {
            if schema.column_with_name(name).is_none() {
                return Err(format!("COLUMN_NOT_FOUND: line 1:1: Insert column name does not exist in target table: {name}"));
            }
            if given[..place].contains(name) {
                return Err(format!("DUPLICATE_COLUMN_NAME: line 1:1: Insert column name is specified more than once: {name}"));
            }
        }
        Ok(Columns { schema, given })
    }

    /// Whether the query's columns fit.
    pub(super) fn check(&self, query: &Schema) -> Result<(), String> {
        let table: Vec<Ty> = self.given.iter().filter_map(|n| self.schema.field_with_name(n).ok()).map(Ty::of).collect();
        let found: Vec<Ty> = query.fields().iter().map(|f| Ty::of(f)).collect();
        if table.len() == found.len() && found.iter().zip(&table).all(|(from, to)| widens(from, to)) {
            return Ok(());
        }
        let shown = |types: &[Ty]| types.iter().map(Ty::to_string).collect::<Vec<_>>().join(", ");
        Err(format!(
            "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [{}], Query: [{}]",
            shown(&table),
            shown(&found)
        ))
    }

    /// The rows of a query as rows of the table: what isn't given is NULL.
    pub(super) fn fit(&self, batch: &RecordBatch) -> Result<RecordBatch, String> {
        let column = |field: &Arc<Field>| match self.given.iter().position(|n| n == field.name()) {
            Some(at) => brought(batch.column(at), &Ty::of(batch.schema().field(at)), field),
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
        };
        let arrays = self.schema.fields().iter().map(column).collect::<Result<Vec<_>, _>>()?;
        RecordBatch::try_new(self.schema.clone(), arrays).map_err(|e| e.to_string())
    }
}

fn brought(array: &ArrayRef, from: &Ty, field: &Field) -> Result<ArrayRef, String> {
    if array.data_type() == field.data_type() {
        return Ok(array.clone());
    }
    let to = Ty::of(field);
    let values = val::all(array, from)?;
    let values = values.iter().map(|value| cast::cast(value, from, &to)).collect::<Result<Vec<_>, _>>()?;
    let made = val::column(&values, &to)?;
    if made.data_type() == field.data_type() {
        return Ok(made);
    }
    // The same type in another form, such as the names of a list's items.
    datafusion::arrow::compute::cast(&made, field.data_type()).map_err(|e| e.to_string())
}

/// Whether Trino turns values of a type into another's by itself.
fn widens(from: &Ty, to: &Ty) -> bool {
    /// Digits before and behind the point of an integer type.
    fn digits(ty: &Ty) -> Option<(i16, i16)> {
        Some(match ty {
            Ty::Tinyint => (3, 0),
            Ty::Smallint => (5, 0),
            Ty::Integer => (10, 0),
            Ty::Bigint => (19, 0),
            Ty::Decimal(p, s) => (i16::from(*p) - i16::from(*s), i16::from(*s)),
            _ => return None,
        })
    }
    match (from, to) {
        (from, to) if from == to => true,
        (Ty::Unknown, _) => true,
        (from, to) if from.is_integer() && to.is_integer() => digits(from) < digits(to),
        (from, Ty::Decimal(..)) => digits(from).zip(digits(to)).is_some_and(|(a, b)| a.0 <= b.0 && a.1 <= b.1),
        (from, Ty::Real) => from.is_integer() || matches!(from, Ty::Decimal(..)),
        (from, Ty::Double) => from.is_numeric(),
        // The catalog's texts have no length here.
        (from, to) if from.is_text() && to.is_text() => true,
        (Ty::Date | Ty::Timestamp(_), Ty::Timestamp(_)) => true,
        (Ty::Array(a), Ty::Array(b)) => widens(a, b),
        (Ty::Map(a, b), Ty::Map(c, d)) => widens(a, c) && widens(b, d),
        (Ty::Row(a), Ty::Row(b)) => a.len() == b.len() && a.iter().zip(b).all(|((_, a), (_, b))| widens(a, b)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_widen_as_trino_has_it() {
        for (from, to, fits) in [
            ("integer", "bigint", true),
            ("bigint", "integer", false),
            ("double", "integer", false),
            ("double", "decimal(5,2)", false),
            ("integer", "decimal(12,2)", true),
            ("integer", "decimal(10,2)", false),
            ("decimal(5,2)", "double", true),
            ("varchar(1)", "integer", false),
            ("integer", "varchar", false),
            ("varchar(3)", "varchar", true),
            ("date", "timestamp(3)", true),
            ("array(integer)", "array(bigint)", true),
            ("row(x integer, y varchar)", "row(a bigint, b varchar)", true),
        ] {
            assert_eq!(widens(&Ty::parse(from).unwrap(), &Ty::parse(to).unwrap()), fits, "{from} to {to}");
        }
    }
}
