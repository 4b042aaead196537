//! What a plain scalar means: YAML 1.2's core schema, which is JSON's, plus octal and hexadecimal left as text.

use crate::Data;

pub(crate) fn resolve(text: &str) -> Data {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Data::Null,
        "true" | "True" | "TRUE" => return Data::Bool(true),
        "false" | "False" | "FALSE" => return Data::Bool(false),
        _ => {}
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return Data::Text(text.to_owned());
    }
    // A leading zero is an account id or a version far more often than a number.
    let padded = digits.len() > 1 && digits.starts_with('0') && !digits[1..].starts_with(['.', 'e', 'E']);
    if !padded && digits.bytes().all(|b| b.is_ascii_digit()) {
        return text.parse().map_or_else(|_| Data::Text(text.to_owned()), Data::Int);
    }
    let number_like = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'));
    match (padded, number_like, text.parse::<f64>()) {
        (false, true, Ok(number)) if number.is_finite() => Data::Float(number),
        _ => Data::Text(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_json_means_and_account_ids_stay_text() {
        let text = |t: &str| Data::Text(t.into());
        for (written, meant) in [
            ("", Data::Null),
            ("true", Data::Bool(true)),
            ("yes", text("yes")),
            ("7", Data::Int(7)),
            ("-7", Data::Int(-7)),
            ("000000000000", text("000000000000")),
            ("1.5", Data::Float(1.5)),
            ("1e3", Data::Float(1000.0)),
            ("2012-10-17", text("2012-10-17")),
            ("1.2.3", text("1.2.3")),
            ("99999999999999999999", text("99999999999999999999")),
            (".", text(".")),
        ] {
            assert_eq!(resolve(written), meant, "{written:?}");
        }
    }
}
