//! Values as Athena writes them into results: `[1, 2]`, `{k=1}`, `{id=1, name=x}`, `01 02`, doubles in Java's form.

use super::trino::{
    cast,
    ty::Ty,
    val::{self, Val},
};
use datafusion::arrow::array::RecordBatch;

/// The texts of every column of a batch; `None` for NULL. The error is a sentence.
pub(crate) fn columns(batch: &RecordBatch) -> Result<Vec<Vec<Option<String>>>, String> {
    let column = |(array, field): (&datafusion::arrow::array::ArrayRef, &std::sync::Arc<datafusion::arrow::datatypes::Field>)| {
        let ty = Ty::of(field);
        let values = val::all(array, &ty)?;
        Ok(values.iter().map(|v| if v.is_null() { None } else { Some(shown(v, &ty)) }).collect())
    };
    batch.columns().iter().zip(batch.schema().fields()).map(column).collect()
}

fn shown(value: &Val, ty: &Ty) -> String {
    match (value, ty) {
        (Val::Null, _) => "null".into(),
        (Val::Arr(items), Ty::Array(item)) => format!("[{}]", items.iter().map(|v| shown(v, item)).collect::<Vec<_>>().join(", ")),
        (Val::Map(entries), Ty::Map(key, inner)) => {
            format!("{{{}}}", entries.iter().map(|(k, v)| format!("{}={}", shown(k, key), shown(v, inner))).collect::<Vec<_>>().join(", "))
        }
        (Val::Row(parts), Ty::Row(fields)) => {
            let part = |(i, (v, (name, ty))): (usize, (&Val, &(Option<String>, Ty)))| {
                format!("{}={}", name.clone().unwrap_or_else(|| format!("field{i}")), shown(v, ty))
            };
            format!("{{{}}}", parts.iter().zip(fields).enumerate().map(part).collect::<Vec<_>>().join(", "))
        }
        (Val::Bin(bytes), _) => bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" "),
        (value, ty) => cast::text(value, ty).unwrap_or_else(|e| e),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_look_as_java_writes_them() {
        for (number, text) in [
            (1.0, "1.0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e20, "1.0E20"),
            (1.5e-4, "1.5E-4"),
            (12345678.0, "1.2345678E7"),
            (0.0, "0.0"),
            (-2.5, "-2.5"),
        ] {
            assert_eq!(shown(&Val::Double(number), &Ty::Double), text);
        }
    }
}
