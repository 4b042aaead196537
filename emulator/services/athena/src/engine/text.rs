//! Values as Athena writes them: `[1, 2]`, `{k=1}`, `{id=1, name=x}`, `01 02`, doubles in Java's form, timestamps with their fraction.

use datafusion::arrow::{
    array::{Array, ArrayRef, AsArray},
    datatypes::{DataType, Float32Type, Float64Type, TimeUnit},
    util::display::{ArrayFormatter, FormatOptions},
};

/// One value; `None` for NULL. The error is a sentence.
pub(crate) fn value(array: &ArrayRef, row: usize) -> Result<Option<String>, String> {
    if array.is_null(row) || matches!(array.data_type(), DataType::Null) {
        return Ok(None);
    }
    let items = |array: &ArrayRef| -> Result<Vec<String>, String> {
        (0..array.len()).map(|i| Ok(value(array, i)?.unwrap_or_else(|| "null".into()))).collect()
    };
    Ok(Some(match array.data_type() {
        DataType::List(_) => format!("[{}]", items(&array.as_list::<i32>().value(row))?.join(", ")),
        DataType::LargeList(_) => format!("[{}]", items(&array.as_list::<i64>().value(row))?.join(", ")),
        DataType::Struct(fields) => {
            let parts = array.as_struct();
            let part = |i: usize| {
                Ok::<_, String>(format!("{}={}", fields[i].name(), value(parts.column(i), row)?.unwrap_or_else(|| "null".into())))
            };
            format!("{{{}}}", (0..fields.len()).map(part).collect::<Result<Vec<_>, _>>()?.join(", "))
        }
        DataType::Map(..) => {
            let entries = array.as_map().value(row);
            let (keys, values) = (items(entries.column(0))?, items(entries.column(1))?);
            let pairs: Vec<String> = keys.into_iter().zip(values).map(|(k, v)| format!("{k}={v}")).collect();
            format!("{{{}}}", pairs.join(", "))
        }
        DataType::Binary => spaced(array.as_binary::<i32>().value(row)),
        DataType::LargeBinary => spaced(array.as_binary::<i64>().value(row)),
        DataType::BinaryView => spaced(array.as_binary_view().value(row)),
        DataType::Float64 => java_double(array.as_primitive::<Float64Type>().value(row)),
        DataType::Float32 => java_double_text(
            array.as_primitive::<Float32Type>().value(row).to_string(),
            array.as_primitive::<Float32Type>().value(row) as f64,
        ),
        DataType::Timestamp(unit, zone) => timestamp(array, row, *unit, zone.is_some())?,
        _ => plain(array, row)?,
    }))
}

fn plain(array: &ArrayRef, row: usize) -> Result<String, String> {
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options).map_err(|e| e.to_string())?;
    formatter.value(row).try_to_string().map_err(|e| e.to_string())
}

fn timestamp(array: &ArrayRef, row: usize, unit: TimeUnit, zoned: bool) -> Result<String, String> {
    let format = match unit {
        TimeUnit::Second | TimeUnit::Millisecond => "%Y-%m-%d %H:%M:%S%.3f",
        TimeUnit::Microsecond => "%Y-%m-%d %H:%M:%S%.6f",
        TimeUnit::Nanosecond => "%Y-%m-%d %H:%M:%S%.9f",
    };
    let options = FormatOptions::default().with_timestamp_format(Some(format)).with_timestamp_tz_format(Some(format));
    let formatter = ArrayFormatter::try_new(array, &options).map_err(|e| e.to_string())?;
    let text = formatter.value(row).try_to_string().map_err(|e| e.to_string())?;
    Ok(if zoned { format!("{text} UTC") } else { text })
}

fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")
}

fn java_double(number: f64) -> String {
    java_double_text(format!("{number:?}"), number)
}

/// Java writes 1.0E20 and 1.0E-4 where Rust writes 1e20 and 0.0001.
fn java_double_text(rust: String, number: f64) -> String {
    if number.is_nan() {
        return "NaN".into();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity".into() } else { "-Infinity".into() };
    }
    let size = number.abs();
    if size != 0.0 && !(1e-3..1e7).contains(&size) {
        let text = format!("{number:E}");
        let (mantissa, exponent) = text.split_once('E').unwrap_or((&text, "0"));
        let mantissa = if mantissa.contains('.') { mantissa.to_owned() } else { format!("{mantissa}.0") };
        return format!("{mantissa}E{exponent}");
    }
    if rust.contains('.') { rust } else { format!("{rust}.0") }
}

#[cfg(test)]
mod tests {
    use super::java_double;

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
            assert_eq!(java_double(number), text);
        }
    }
}
