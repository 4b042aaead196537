//! JSON and XML as trees, compared by what they mean.

use quick_xml::events::Event;
use serde_json::Value as Json;

pub(super) fn same_json(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_json(a, b)),
        (Json::Object(a), Json::Object(b)) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same_json(a, b))),
        (a, b) => a == b,
    }
}

#[derive(Debug, Default, PartialEq)]
pub(super) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The key, if this may be an entry of a map: two elements, the first of them text.
    fn entry_key(&self) -> String {
        match &self.children[..] {
            [key, _] if key.children.is_empty() => key.text.clone(),
            _ => String::new(),
        }
    }
}

/// Elements that carry the request's id: not all cases have them.
const IDS: [&str; 4] = ["RequestId", "requestId", "RequestID", "ResponseMetadata"];

pub(super) fn same_xml(ours: &Option<Element>, theirs: &Option<Element>, is_fault: bool) -> bool {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        // No body, or one that says nothing.
        return [ours, theirs].iter().all(|e| {
            e.as_ref()
                .is_none_or(|e| e.children.iter().all(|c| IDS.contains(&c.name.as_str()) || c.children.is_empty() && c.text.is_empty()))
        });
    };
    // AWS's errors are in the service's namespace; those of the cases mostly in none.
    let root_fits = ours.name == theirs.name && (is_fault || ours.attributes == theirs.attributes);
    root_fits && same_inside(ours, theirs)
}

fn same_inside(a: &Element, b: &Element) -> bool {
    // The order of elements of one name counts, that of members and of entries of maps does not.
    let children = |e: &'_ Element| -> Vec<usize> {
        let mut order: Vec<usize> = (0..e.children.len()).filter(|i| !IDS.contains(&e.children[*i].name.as_str())).collect();
        order.sort_by_key(|i| (e.children[*i].name.clone(), e.children[*i].entry_key()));
        order
    };
    let (mine, yours) = (children(a), children(b));
    mine.len() == yours.len()
        && a.text.trim() == b.text.trim()
        && mine.iter().zip(&yours).all(|(x, y)| {
            let (x, y) = (&a.children[*x], &b.children[*y]);
            x.name == y.name && x.attributes == y.attributes && same_inside(x, y)
        })
}

/// The root element; `None` when there is none.
pub(super) fn xml(bytes: &[u8]) -> Option<Element> {
    let mut reader = quick_xml::Reader::from_str(std::str::from_utf8(bytes).expect("XML is UTF-8"));
    reader.config_mut().expand_empty_elements = true;
    let mut stack = vec![Element::default()];
    loop {
        match reader.read_event().expect("XML is well-formed") {
            Event::Start(tag) => {
                let mut attributes: Vec<_> = tag
                    .attributes()
                    .map(|a| a.expect("attributes are right"))
                    .map(|a| (a.key.into_inner().to_string(), a.value.to_string()))
                    .collect();
                attributes.sort();
                stack.push(Element { name: tag.name().into_inner().to_string(), attributes, ..Element::default() });
            }
            Event::End(_) => {
                let done = stack.pop().expect("end tags match");
                stack.last_mut().expect("there is a root").children.push(done);
            }
            Event::Text(text) => stack.last_mut().expect("there is a root").text.push_str(&text),
            Event::CData(text) => stack.last_mut().expect("there is a root").text.push_str(&text),
            Event::GeneralRef(reference) => {
                let text = match reference.resolve_char_ref().expect("references are right") {
                    Some(c) => c.to_string(),
                    None => quick_xml::escape::unescape(&format!("&{};", &*reference)).expect("entities are right").into_owned(),
                };
                stack.last_mut().expect("there is a root").text.push_str(&text);
            }
            Event::Eof => return stack.pop().expect("there is a root").children.pop(),
            _ => {}
        }
    }
}
