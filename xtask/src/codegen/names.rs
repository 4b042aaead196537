//! AWS's names as Rust names.
//!
//! Only spelling: which names are taken is kept in [`Taken`]; what they stand for is nobody's business here.

use std::collections::HashSet;

/// Keywords that a raw identifier may spell.
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum", "extern", "false",
    "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
    "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
    "yield",
];

/// Keywords that not even a raw identifier may spell.
const NEVER_RAW: &[&str] = &["self", "super", "crate", "_"];

/// `FunctionName` as `function_name`, `ETag` as `e_tag`, `CallbackURLs` as `callback_urls`; no keyword escaped.
pub fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            if !out.is_empty() && !out.ends_with('_') {
                out.push('_');
            }
            continue;
        }
        let before = at.checked_sub(1).map(|i| chars[i]);
        let starts_word = c.is_uppercase()
            && before.is_some_and(|b| {
                b.is_lowercase()
                    || b.is_ascii_digit()
                    || (b.is_uppercase() && chars.get(at + 1).is_some_and(|n| n.is_lowercase()) && !plural(&chars, at))
            });
        if starts_word && !out.ends_with('_') {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out.trim_end_matches('_').to_owned()
}

/// Whether the character is the last of an acronym in the plural (`ARNs`).
fn plural(chars: &[char], at: usize) -> bool {
    chars.get(at + 1) == Some(&'s') && chars.get(at + 2).is_none_or(|c| c.is_uppercase())
}

/// A field: snake case, keywords made raw.
pub fn field(name: &str) -> String {
    let name = snake(name);
    if NEVER_RAW.contains(&name.as_str()) || name.is_empty() {
        format!("{name}_")
    } else if KEYWORDS.contains(&name.as_str()) {
        format!("r#{name}")
    } else if name.starts_with(|c: char| c.is_ascii_digit()) {
        format!("n{name}")
    } else {
        name
    }
}

/// A static: `CREATE_FUNCTION_INPUT`.
pub fn screaming(name: &str) -> String {
    let name = snake(name).to_uppercase();
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("N{name}") } else { name }
}

/// A type: the model's own name with its first letter large and nothing but letters and digits.
pub fn camel(name: &str) -> String {
    let mut out: String = name.split(|c: char| !c.is_alphanumeric()).map(capitalised).collect();
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, 'V');
    }
    out
}

/// A variant for a text: `IN_PROGRESS` as `InProgress`, `python3.12` as `Python312`, `` as `Empty`, `2.0` as `V20`.
pub fn variant(text: &str) -> String {
    let mut out = String::new();
    for word in text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()) {
        let shouted = !word.chars().any(|c| c.is_ascii_lowercase());
        let word = if shouted { word.to_lowercase() } else { word.to_owned() };
        out.push_str(&capitalised(&word));
    }
    match out.as_str() {
        "" if text.is_empty() => "Empty".to_owned(),
        "" => "Other".to_owned(),
        "Self" => "SelfValue".to_owned(),
        _ if out.starts_with(|c: char| c.is_ascii_digit()) => format!("V{out}"),
        _ => out,
    }
}

/// First letter large, the rest as it is.
fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// Names that are in use in one scope.
#[derive(Default)]
pub struct Taken(HashSet<String>);

impl Taken {
    /// A scope in which some names are spoken for.
    pub fn with(names: &[&str]) -> Taken {
        Taken(names.iter().map(|name| (*name).to_owned()).collect())
    }
    /// Takes the name, or name plus `suffix`, or name plus 2, 3, ...
    pub fn take(&mut self, name: String, suffix: &str) -> String {
        let second = (!suffix.is_empty()).then(|| format!("{name}{suffix}"));
        let numbered = (2..).map(|n| format!("{name}{n}"));
        let free =
            std::iter::once(name.clone()).chain(second).chain(numbered).find(|name| !self.0.contains(name)).expect("numbers don't end");
        self.0.insert(free.clone());
        free
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_read_like_rust() {
        for (name, expected) in [
            ("FunctionName", "function_name"),
            ("ETag", "e_tag"),
            ("SSEKMSKeyId", "ssekms_key_id"),
            ("CallbackURLs", "callback_urls"),
            ("PolicyARNsAttached", "policy_arns_attached"),
            ("S3Bucket", "s3_bucket"),
            ("type", "r#type"),
            ("Self", "self_"),
            ("x-amz-id", "x_amz_id"),
            ("ChecksumCRC32C", "checksum_crc32_c"),
            ("IsTruncated", "is_truncated"),
        ] {
            assert_eq!(field(name), expected, "{name}");
        }
    }

    #[test]
    fn variants_read_like_rust() {
        for (text, expected) in [
            ("IN_PROGRESS", "InProgress"),
            ("s3:ObjectCreated:*", "S3ObjectCreated"),
            ("python3.12", "Python312"),
            ("", "Empty"),
            ("*", "Other"),
            ("2.0", "V20"),
            ("AES256", "Aes256"),
            ("aws:kms", "AwsKms"),
        ] {
            assert_eq!(variant(text), expected, "{text}");
        }
    }

    #[test]
    fn a_taken_name_gets_its_suffix_and_then_a_number() {
        let mut taken = Taken::with(&["Option"]);
        assert_eq!(taken.take("Option".into(), "Shape"), "OptionShape");
        assert_eq!(taken.take("Option".into(), "Shape"), "Option2");
        assert_eq!(taken.take("Tag".into(), ""), "Tag");
    }
}
