//! Events of the YAML parser to a tree, within limits: bytes, depth and nodes, aliases counted as what they stand for.

use crate::{Data, Error, Node, scalar};
use saphyr_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag};
use std::{borrow::Cow, collections::HashMap};

/// How much a document may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of text.
    pub bytes: usize,
    /// Levels of nesting.
    pub depth: usize,
    /// Nodes, aliases counted in full.
    pub nodes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { bytes: 1 << 20, depth: 64, nodes: 100_000 }
    }
}

/// Reads one document within the default limits.
pub fn parse(text: &str) -> Result<Node, Error> {
    parse_with(text, Limits::default())
}

/// Reads one document.
pub fn parse_with(text: &str, limits: Limits) -> Result<Node, Error> {
    if text.len() > limits.bytes {
        return Err(Error {
            line: 1,
            column: 1,
            message: format!("the document has {} bytes; at most {} are read", text.len(), limits.bytes),
        });
    }
    let mut builder = Builder { parser: Parser::new_from_str(text), limits, nodes: 0, anchors: HashMap::new() };
    builder.document()
}

struct Builder<'a> {
    parser: Parser<'a, StrInput<'a>>,
    limits: Limits,
    nodes: usize,
    anchors: HashMap<usize, Node>,
}

impl<'a> Builder<'a> {
    fn document(&mut self) -> Result<Node, Error> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing => {}
                Event::StreamEnd => break,
                event if root.is_none() => root = Some(self.node(event, span, 0)?),
                _ => return Err(at(span, "only one document is allowed in a file")),
            }
        }
        root.ok_or(Error { line: 1, column: 1, message: "the document is empty".into() })
    }

    fn next(&mut self) -> Result<(Event<'a>, Span), Error> {
        match self.parser.next_event() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => {
                let mark = error.marker();
                Err(Error { line: mark.line() as u32, column: mark.col() as u32 + 1, message: error.info().to_owned() })
            }
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Result<Node, Error> {
        self.count(1, span)?;
        if depth > self.limits.depth {
            return Err(at(span, format!("nested deeper than {} levels", self.limits.depth)));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let quoted = style != ScalarStyle::Plain || tag.as_deref().is_some_and(|t| t.is_yaml_core_schema() && t.suffix == "str");
                let (data, plain) = match quoted {
                    true => (Data::Text(text.into_owned()), None),
                    false => (scalar::resolve(&text), Some(text.into_owned())),
                };
                Ok(self.finish(Node { plain, ..node(data, span, tag) }, anchor))
            }
            Event::SequenceStart(anchor, tag) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                }
                Ok(self.finish(node(Data::List(items), span, tag), anchor))
            }
            Event::MappingStart(anchor, tag) => {
                let entries = self.entries(depth)?;
                Ok(self.finish(node(Data::Map(entries), span, tag), anchor))
            }
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).cloned().ok_or_else(|| at(span, "an alias to something that is not finished"))?;
                self.count(size(&target), span)?;
                Ok(target)
            }
            _ => Err(at(span, "unexpected end of the document")),
        }
    }

    fn entries(&mut self, depth: usize) -> Result<Vec<(Node, Node)>, Error> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(entries),
                (event, span) => self.node(event, span, depth + 1)?,
            };
            let Some(text) = key.scalar_text() else { return Err(key.error("a key must be a text, not a list or a map")) };
            if !seen.insert(text.clone()) {
                return Err(key.error(format!("the key {text} stands here twice")));
            }
            let (event, span) = self.next()?;
            let value = self.node(event, span, depth + 1)?;
            entries.push((Node { data: Data::Text(text), ..key }, value));
        }
    }

    fn finish(&mut self, node: Node, anchor: usize) -> Node {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        node
    }

    fn count(&mut self, more: usize, span: Span) -> Result<(), Error> {
        self.nodes += more;
        match self.nodes > self.limits.nodes {
            true => Err(at(span, format!("the document has more than {} nodes", self.limits.nodes))),
            false => Ok(()),
        }
    }
}

fn node(data: Data, span: Span, tag: Option<Cow<'_, Tag>>) -> Node {
    let tag = tag.filter(|t| !t.is_yaml_core_schema()).map(|t| t.suffix.clone());
    Node { data, line: span.start.line() as u32, column: span.start.col() as u32 + 1, tag, plain: None }
}

fn size(node: &Node) -> usize {
    1 + match &node.data {
        Data::List(items) => items.iter().map(size).sum(),
        Data::Map(entries) => entries.iter().map(|(k, v)| size(k) + size(v)).sum(),
        _ => 0,
    }
}

fn at(span: Span, message: impl Into<String>) -> Error {
    Error { line: span.start.line() as u32, column: span.start.col() as u32 + 1, message: message.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_know_where_they_stand_and_keep_their_tags() {
        let root = parse("Resources:\n  Bucket:\n    Name: !Sub '${A}-x'\n    N: 0012\n").unwrap();
        let bucket = root.get("Resources").and_then(|r| r.get("Bucket")).unwrap();
        let name = bucket.get("Name").unwrap();
        assert_eq!((name.line, name.column, name.tag.as_deref(), name.as_str()), (3, 11, Some("Sub"), Some("${A}-x")));
        assert_eq!(bucket.get("N").unwrap().scalar_text().as_deref(), Some("0012"));
    }

    #[test]
    fn json_is_read_too() {
        let root = parse("{\n\t\"a\": [1, \"1\", null, {\"b\": true}]}").unwrap();
        assert_eq!(root.to_json(), serde_json::json!({"a": [1, "1", null, {"b": true}]}));
    }

    #[test]
    fn complaints_say_line_and_column() {
        assert_eq!(parse("a: 1\nb: 2\na: 3\n").unwrap_err().to_string(), "3:1: the key a stands here twice");
        let broken = parse("a: [1, 2\nb: 3").unwrap_err();
        assert_eq!(broken.line, 2, "{broken}");
        assert!(parse("").is_err());
        assert!(parse("a: 1\n---\nb: 2\n").is_err());
    }

    #[test]
    fn limits_hold() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(parse(&deep).unwrap_err().message.contains("nested deeper"));
        let laughs = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e]\n";
        assert!(parse(laughs).unwrap_err().message.contains("more than"));
        assert!(parse_with("a: b", Limits { bytes: 2, ..Limits::default() }).is_err());
    }
}
