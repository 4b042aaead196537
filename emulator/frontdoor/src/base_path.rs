//! The base path of a definition: left out, put before every path, or put there without its first part.

use serde_json::Value;

/// What becomes of the base path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BasePath {
    /// It is left out.
    Ignore,
    /// It stands before every path.
    Prepend,
    /// It stands there without its first part.
    Split,
}

impl BasePath {
    /// Reads `ignore`, `prepend` or `split`.
    pub fn parse(text: &str) -> Option<BasePath> {
        match text {
            "ignore" => Some(BasePath::Ignore),
            "prepend" => Some(BasePath::Prepend),
            "split" => Some(BasePath::Split),
            _ => None,
        }
    }

    /// What stands before every path, without a slash at its end.
    pub fn prefix(self, document: &Value) -> String {
        let base = of(document);
        let base = base.trim_matches('/');
        match self {
            BasePath::Ignore => String::new(),
            _ if base.is_empty() => String::new(),
            BasePath::Prepend => format!("/{base}"),
            BasePath::Split => base.split_once('/').map_or(String::new(), |(_, rest)| format!("/{rest}")),
        }
    }
}

/// `basePath` of OpenAPI 2; in OpenAPI 3 the variable `basePath` of the first server, or the path of its URL.
fn of(document: &Value) -> String {
    if let Some(path) = document["basePath"].as_str() {
        return path.to_owned();
    }
    let server = &document["servers"][0];
    if let Some(path) = server["variables"]["basePath"]["default"].as_str() {
        return path.to_owned();
    }
    let url = server["url"].as_str().unwrap_or_default();
    let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
    behind.find('/').map_or(String::new(), |at| behind[at..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn three_ways() {
        let document = json!({ "servers": [{ "url": "https://x.test/base/part" }] });
        assert_eq!(BasePath::Ignore.prefix(&document), "");
        assert_eq!(BasePath::Prepend.prefix(&document), "/base/part");
        assert_eq!(BasePath::Split.prefix(&document), "/part");
        assert_eq!(BasePath::Split.prefix(&json!({ "basePath": "/base" })), "");
    }
}
