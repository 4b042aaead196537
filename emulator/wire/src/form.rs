//! Forms and query strings: `a=1&b.c=2`, percent-decoded, in the order given or as a tree by dots.

use crate::fill::{COUNT_LIMIT, malformed};
use crate::request::DecodeError;
use std::borrow::Cow;
use std::cell::Cell;
use std::cmp::Ordering;

/// The pairs of a form or query string, in their order. A key without `=` has an empty value. `+` is a space.
pub(crate) fn pairs(text: &str) -> Result<Vec<(Cow<'_, str>, Cow<'_, str>)>, DecodeError> {
    let mut pairs = Vec::new();
    for part in text.split('&').filter(|p| !p.is_empty()) {
        if pairs.len() >= COUNT_LIMIT {
            return Err(malformed(format!("There are more than {COUNT_LIMIT} parameters")));
        }
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        pairs.push((decode(key)?, decode(value)?));
    }
    Ok(pairs)
}

fn decode(text: &str) -> Result<Cow<'_, str>, DecodeError> {
    if !text.contains(['%', '+']) {
        return Ok(Cow::Borrowed(text));
    }
    let spaced: Cow<str> = if text.contains('+') { text.replace('+', " ").into() } else { text.into() };
    match percent_encoding::percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(Cow::Owned(decoded.into_owned())),
        Err(_) => Err(malformed("A parameter is not valid UTF-8")),
    }
}

/// A form sorted by key, so that everything under a prefix stands together.
pub(crate) struct Form<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>, Cell<bool>)>,
}

/// The parameters under a prefix, which is `depth` bytes long with its last dot.
#[derive(Clone, Copy)]
pub(crate) struct Node {
    from: usize,
    to: usize,
    depth: usize,
}

/// What stands at a name: its own value and what is below it.
pub(crate) struct Child {
    value: Option<usize>,
    pub(crate) below: Node,
}

impl Node {
    pub(crate) fn is_empty(&self) -> bool {
        self.from == self.to
    }
}

impl Child {
    /// Whether the form says anything at all here.
    pub(crate) fn is_there(&self) -> bool {
        self.value.is_some() || !self.below.is_empty()
    }
}

impl<'a> Form<'a> {
    /// Reads a body, and the query string of GET requests; a key that is there twice is refused.
    pub(crate) fn parse(body: &'a str, query: &'a str) -> Result<Form<'a>, DecodeError> {
        let mut all = pairs(body.trim_end_matches(['\r', '\n']))?;
        all.extend(pairs(query)?);
        let mut pairs: Vec<_> = all.into_iter().map(|(key, value)| (key, value, Cell::new(false))).collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        if let Some(twice) = pairs.windows(2).find(|w| w[0].0 == w[1].0 && w[0].1 != w[1].1) {
            return Err(malformed(format!("The parameter {} is there twice", twice[0].0)));
        }
        Ok(Form { pairs })
    }

    pub(crate) fn root(&self) -> Node {
        Node { from: 0, to: self.pairs.len(), depth: 0 }
    }

    /// What stands at `name` under a node.
    pub(crate) fn child(&self, node: Node, name: &str) -> Child {
        let part = &self.pairs[node.from..node.to];
        let rest = |key: &'_ Cow<'a, str>| -> usize { key.len().min(node.depth) };
        let bound = |end: Option<u8>| {
            node.from
                + part.partition_point(|(key, ..)| {
                    key.as_bytes()[rest(key)..].iter().cmp(name.as_bytes().iter().chain(end.as_ref())) == Ordering::Less
                })
        };
        let exact = bound(None);
        let value = self.pairs.get(exact).filter(|(key, ..)| exact < node.to && &key[rest(key)..] == name).map(|_| exact);
        Child { value, below: Node { from: bound(Some(b'.')), to: bound(Some(b'.' + 1)), depth: node.depth + name.len() + 1 } }
    }

    /// The children of a node whose names are numbers, in the order of the numbers.
    pub(crate) fn numbered(&self, node: Node) -> Result<Vec<Child>, DecodeError> {
        let mut items: Vec<(usize, Child)> = Vec::new();
        let mut at = node.from;
        while at < node.to {
            let rest = &self.pairs[at].0[node.depth..];
            let name = rest.split('.').next().unwrap_or(rest);
            let number = name.parse::<usize>().ok().filter(|_| name.bytes().all(|b| b.is_ascii_digit()));
            let Some(number) = number else { return Err(malformed(format!("{} is not the number of an item", &self.pairs[at].0))) };
            let child = self.child(node, name);
            // Digits sort after the dot, so that everything of one number stands together.
            at = child.below.to.max(at + 1);
            items.push((number, child));
        }
        items.sort_by_key(|(number, _)| *number);
        items.dedup_by_key(|(number, _)| *number);
        Ok(items.into_iter().map(|(_, child)| child).collect())
    }

    /// The value at a child; taken, so that it does not count as unknown.
    pub(crate) fn value(&self, child: &Child) -> Option<&str> {
        let (_, value, used) = &self.pairs[child.value?];
        used.set(true);
        Some(value)
    }

    /// Keys that nothing asked for.
    pub(crate) fn unused(&self) -> impl Iterator<Item = &str> {
        self.pairs.iter().filter(|(.., used)| !used.get()).map(|(key, ..)| &**key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_by_dots() {
        let form = Form::parse("L.member.2=b&L.member.x=no", "").unwrap();
        let list = form.child(form.child(form.root(), "L").below, "member");
        assert!(form.numbered(list.below).is_err(), "x is no number");
        let form = Form::parse("L.member.2=b&L.member.10=c&L.member.1=a&L.member.1.z=q&N.x=1&N=0&Nx=2&e=%2B+%C3%A9", "").unwrap();
        let list = form.child(form.child(form.root(), "L").below, "member");
        let items = form.numbered(list.below).unwrap();
        assert_eq!(items.iter().map(|i| form.value(i).unwrap()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(form.value(&form.child(items[0].below, "z")), Some("q"));
        let n = form.child(form.root(), "N");
        assert_eq!(form.value(&n), Some("0"));
        assert_eq!(form.value(&form.child(n.below, "x")), Some("1"));
        assert_eq!(form.value(&form.child(form.root(), "e")), Some("+ é"));
        assert_eq!(form.unused().collect::<Vec<_>>(), ["Nx"]);
        assert!(!form.child(form.root(), "M").is_there());
    }
}
