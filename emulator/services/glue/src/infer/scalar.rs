//! What a text value is, for formats that hold nothing else.

use super::kinds::Kind;

/// The type of a value of CSV: integers are bigint there, and dates stay text, as in tables that AWS's crawlers made.
pub(crate) fn of_csv(value: &str) -> Kind {
    let value = value.trim();
    if value.is_empty() {
        return Kind::Unknown;
    }
    if is_integer(value) {
        return if value.parse::<i64>().is_ok() { Kind::BigInt } else { Kind::Double };
    }
    if is_decimal(value) {
        return Kind::Double;
    }
    match value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false") {
        true => Kind::Boolean,
        false => Kind::String,
    }
}

/// The type of a value of XML: like JSON's, int where it fits.
pub(crate) fn of_xml(value: &str) -> Kind {
    match of_csv(value) {
        Kind::BigInt if value.trim().parse::<i32>().is_ok() => Kind::Int,
        other => other,
    }
}

fn is_integer(value: &str) -> bool {
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Numbers with a point or an exponent; `NaN`, `Infinity` and the like are text.
fn is_decimal(value: &str) -> bool {
    let plain = value.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E'));
    plain && value.bytes().any(|b| b.is_ascii_digit()) && value.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_types() {
        let cases = [
            ("12", Kind::BigInt),
            (" -7 ", Kind::BigInt),
            ("99999999999999999999", Kind::Double),
            ("1.5", Kind::Double),
            ("2e5", Kind::Double),
            ("NaN", Kind::String),
            ("1-2", Kind::String),
            ("2026-01-02", Kind::String),
            ("TRUE", Kind::Boolean),
            ("", Kind::Unknown),
        ];
        for (text, kind) in cases {
            assert_eq!(of_csv(text), kind, "{text}");
        }
        assert_eq!(of_xml("12"), Kind::Int);
        assert_eq!(of_xml("3000000000"), Kind::BigInt);
    }
}
