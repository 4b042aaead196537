//! Just enough XML to read S3's answers: elements, attributes, text.

/// An element.
#[derive(Clone, Debug, Default)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// Text of the element itself, without that of its children.
    pub text: String,
}

impl Element {
    /// The root of a document; `None` for what is no XML.
    pub fn read(text: &str) -> Option<Element> {
        let mut rest = text.trim_start().strip_prefix('\u{feff}').unwrap_or(text.trim_start());
        while let Some(after) = rest.strip_prefix("<?").or_else(|| rest.strip_prefix("<!")) {
            rest = after.split_once('>')?.1.trim_start();
        }
        let (root, _) = element(rest)?;
        Some(root)
    }
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|c| c.name == name)
    }
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
    /// The document as xmltodict has it: text, or a map of children with lists where names come twice.
    pub fn to_value(&self, attributes: bool) -> serde_json::Value {
        use serde_json::Value;
        if self.children.is_empty() && (!attributes || self.attributes.is_empty()) {
            return if self.text.is_empty() { Value::Null } else { self.text.clone().into() };
        }
        let mut out = serde_json::Map::new();
        for (name, value) in self.attributes.iter().filter(|_| attributes) {
            out.insert(format!("@{name}"), value.clone().into());
        }
        for child in &self.children {
            match out.get_mut(&child.name) {
                None => drop(out.insert(child.name.clone(), child.to_value(true))),
                Some(Value::Array(list)) => list.push(child.to_value(true)),
                Some(other) => *other = Value::Array(vec![other.clone(), child.to_value(true)]),
            }
        }
        out.into()
    }
}

fn element(text: &str) -> Option<(Element, &str)> {
    let text = text.strip_prefix('<')?;
    let (tag, mut rest) = text.split_once('>')?;
    let empty = tag.ends_with('/');
    let tag = tag.trim_end_matches('/');
    let (name, attributes) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut out = Element { name: name.into(), attributes: read_attributes(attributes), ..Element::default() };
    if empty {
        return Some((out, rest));
    }
    loop {
        let at = rest.find('<')?;
        out.text.push_str(&plain(&rest[..at]));
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("</") {
            let (_, after) = after.split_once('>')?;
            if !out.children.is_empty() {
                out.text = String::new();
            }
            return Some((out, after));
        }
        let (child, after) = element(rest)?;
        out.children.push(child);
        rest = after;
    }
}

fn read_attributes(text: &str) -> Vec<(String, String)> {
    let mut parts = text.split('"');
    let mut out = Vec::new();
    while let (Some(name), Some(value)) = (parts.next(), parts.next()) {
        out.push((name.trim().trim_end_matches('=').to_owned(), plain(value)));
    }
    out
}

fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let Some((entity, after)) = after.split_once(';') else { break };
        match entity {
            "lt" => out.push('<'),
            "gt" => out.push('>'),
            "amp" => out.push('&'),
            "quot" => out.push('"'),
            "apos" => out.push('\''),
            other => {
                let code = match other.strip_prefix("#x") {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => other.trim_start_matches('#').parse().ok(),
                };
                out.extend(code.and_then(char::from_u32));
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}
