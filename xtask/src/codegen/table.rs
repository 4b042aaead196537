//! Reads a service's operation table out of the text of its `lib.rs`.
//!
//! It must work before the crate compiles (the table names types that codegen is about to write), so it looks at the text alone and
//! knows no more of Rust than comments, strings and braces.

use crate::Result;

/// A service's `kit::service! { ... }` block.
#[derive(Debug, PartialEq)]
pub struct Table {
    /// Folder name of the model in botocore.
    pub model: String,
    /// Operations in the table's order.
    pub operations: Vec<String>,
}

/// The table in a file, if it has one.
pub fn read(text: &str) -> Result<Option<Table>> {
    let bare = without_comments(text);
    let Some(start) = find_macro(&bare) else { return Ok(None) };
    let block = braced(&bare[start..]).ok_or("the `service!` block is not closed")?;
    let (head, body) = block.split_once(';').ok_or("the head of `service! { Name, model = \"...\"; ... }` ends with a semicolon")?;
    let model = value_of(head, "model").ok_or("`service!` lacks model = \"...\", the folder name of the model in botocore")?;
    let mut operations: Vec<String> = Vec::new();
    for before_arrow in body.split("=>").collect::<Vec<_>>().split_last().map_or(&[][..], |(_, rest)| rest) {
        let name = before_arrow.split(|c: char| !c.is_alphanumeric() && c != '_').rfind(|word| !word.is_empty());
        let name = name.ok_or("an `=>` of the table has no operation before it")?.to_owned();
        if operations.contains(&name) {
            return Err(format!("the table names {name} twice"));
        }
        operations.push(name);
    }
    Ok(Some(Table { model, operations }))
}

/// Where the block's text begins: behind `service!` as a word of its own.
fn find_macro(text: &str) -> Option<usize> {
    let word = "service!";
    text.match_indices(word)
        .find(|(at, _)| {
            !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_') && text[at + word.len()..].trim_start().starts_with('{')
        })
        .map(|(at, _)| at + word.len())
}

/// What stands between the first brace and its partner.
fn braced(text: &str) -> Option<&str> {
    let open = text.find('{')?;
    let mut depth = 0;
    for (at, c) in text[open..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&text[open + 1..open + at]);
        }
    }
    None
}

/// The string of `key = "..."`.
fn value_of(head: &str, key: &str) -> Option<String> {
    head.split(',').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        let name = name.split_whitespace().last()?;
        (name == key).then(|| value.trim().trim_matches('"').to_owned())
    })
}

/// The text without `//` and `/* */` comments. Strings keep theirs.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |at| at + 2)
        } else {
            let keep = if c == '"' { string_length(rest) } else { c.len_utf8() };
            out.push_str(&rest[..keep]);
            keep
        };
        rest = &rest[skip..];
    }
    out
}

/// Length of the string literal that the text begins with, quotes included.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_in_order_and_passes_over_comments_and_labels() {
        let text = r#"
            //! A room. service! { not this one }
            kit::service! {
                /// Amazon Athena: SQL over the lake; the "big" one.
                Athena, model = "athena", invalid_input = "InvalidRequestException";
                // queries.rs => not an operation
                StartQueryExecution => start_query_execution,
                kept PutSomething => rooms::put_something, // stored
            }
        "#;
        let table = read(text).unwrap().unwrap();
        assert_eq!(table, Table { model: "athena".into(), operations: vec!["StartQueryExecution".into(), "PutSomething".into()] });
    }

    #[test]
    fn a_file_without_a_table_has_none() {
        assert_eq!(read("//! athena\nfn microservice() {}").unwrap(), None);
    }

    #[test]
    fn an_operation_named_twice_is_refused() {
        let text = "kit::service! { A, model = \"a\"; Get => get, Get => get_again }";
        assert_eq!(read(text).unwrap_err(), "the table names Get twice");
    }
}
