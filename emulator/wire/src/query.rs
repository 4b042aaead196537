//! The query protocol and its EC2 dialect: a form into structures. Their answers are XML.

use crate::fill::{COUNT_LIMIT, Done, Fill, Path, Seen, malformed};
use crate::form::{Child, Form, Node};
use crate::value::{List, Map, Slot, Structure};
use crate::xml::{element_name, is_flat};
use crate::{Kind, Member, Schema, TimestampFormat};
use std::borrow::Cow;

/// Parameters that belong to the protocol or to signatures and not to an operation.
const OF_THE_PROTOCOL: [&str; 10] = [
    "Action",
    "Version",
    "AWSAccessKeyId",
    "Signature",
    "SignatureVersion",
    "SignatureMethod",
    "Timestamp",
    "Expires",
    "SecurityToken",
    "ContentType",
];

/// Fills `into` from a form. `ec2` speaks EC2's dialect: names start with a capital and lists have no word between name and number.
pub(crate) fn body(
    fill: &mut Fill,
    schema: &'static Schema,
    ec2: bool,
    bytes: &[u8],
    query: &str,
    into: &mut dyn Structure,
    seen: &mut Seen,
) -> Done {
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("The request body is not valid UTF-8"))?;
    let form = Form::parse(text, query)?;
    let mut decoder = Decoder { form: &form, ec2, fill };
    decoder.members(&Path::ROOT, schema, form.root(), into, seen)?;
    for key in form.unused().filter(|key| !OF_THE_PROTOCOL.contains(key) && !key.starts_with("X-Amz-")) {
        fill.unknown(&Path::ROOT, key);
    }
    Ok(())
}

struct Decoder<'f, 'a> {
    form: &'f Form<'a>,
    ec2: bool,
    fill: &'f mut Fill,
}

impl Decoder<'_, '_> {
    fn members(&mut self, path: &Path, schema: &'static Schema, node: Node, into: &mut dyn Structure, seen: &mut Seen) -> Done {
        path.check_depth()?;
        for (index, member) in schema.members().iter().enumerate() {
            let mut child = self.form.child(node, &self.name(member));
            if !child.is_there() && is_flat(member) {
                // Models are not of one mind about flattened lists: the member's own name is taken too.
                child = self.form.child(node, member.wire_name());
            }
            if child.is_there() {
                seen.insert(index);
                self.value(&path.member(member), member, is_flat(member), &child, into.member_mut(index))?;
            }
        }
        Ok(())
    }

    /// The name of a member in forms.
    fn name(&self, member: &Member) -> Cow<'static, str> {
        if !self.ec2 {
            return element_name(member).into();
        }
        if let Some(name) = member.query_name {
            return name.into();
        }
        let name = member.wire_name();
        match name.chars().next() {
            Some(first) if first.is_ascii_lowercase() => format!("{}{}", first.to_ascii_uppercase(), &name[1..]).into(),
            _ => name.into(),
        }
    }

    fn value(&mut self, path: &Path, member: &'static Member, flat: bool, child: &Child, slot: Slot) -> Done {
        let schema = member.schema;
        match slot {
            Slot::Structure(into) => {
                // `Nested=` alone says that it is there and empty.
                self.form.value(child);
                let mut seen = Seen::new();
                self.members(path, schema, child.below, into, &mut seen)?;
                self.fill.check_union(schema, &seen)?;
                self.fill.check_required(path, schema, &seen, |_| true);
                Ok(())
            }
            Slot::List(list) => self.list(path, schema, flat, child, list),
            Slot::Map(map) => self.map(path, schema, flat, child, map),
            slot => match self.form.value(child) {
                Some(text) => self.fill.text(path, member, TimestampFormat::DateTime, slot, text.into()),
                None => Err(malformed("A parameter has members where a value was expected")),
            },
        }
    }

    /// The numbered children of a list or map: under `word`, or directly where it is flattened.
    fn numbered(&mut self, child: &Child, flat: bool, word: &str) -> Result<Vec<Child>, crate::DecodeError> {
        // `ListArg=` is the empty list.
        self.form.value(child);
        let node = if flat { child.below } else { self.form.child(child.below, word).below };
        let items = self.form.numbered(node)?;
        if items.len() > COUNT_LIMIT { Err(malformed(format!("A list has more than {COUNT_LIMIT} items"))) } else { Ok(items) }
    }

    fn list(&mut self, path: &Path, schema: &'static Schema, flat: bool, child: &Child, list: &mut dyn List) -> Done {
        let Kind::List(item) = schema.kind else { return Err(malformed("The model has no list here")) };
        let mark = self.fill.mark();
        for entry in self.numbered(child, flat || self.ec2, item.wire_name.unwrap_or("member"))? {
            let path = path.item(list.len());
            path.check_depth()?;
            self.value(&path, item, false, &entry, list.push())?;
        }
        self.fill.list_done(path, schema, list, mark);
        Ok(())
    }

    fn map(&mut self, path: &Path, schema: &'static Schema, flat: bool, child: &Child, map: &mut dyn Map) -> Done {
        let Kind::Map(key_member, value_member) = schema.kind else { return Err(malformed("The model has no map here")) };
        let mark = self.fill.mark();
        for entry in self.numbered(child, flat, "entry")? {
            let key = self.form.child(entry.below, key_member.wire_name.unwrap_or("key"));
            let Some(key) = self.form.value(&key).map(str::to_string) else { return Err(malformed("An entry of a map has no key")) };
            let value = self.form.child(entry.below, value_member.wire_name.unwrap_or("value"));
            let path = path.key(&key);
            path.check_depth()?;
            if value.is_there() {
                self.value(&path, value_member, false, &value, map.entry(key.clone()))?;
            } else if !map.entry_none(key.clone()) {
                self.fill.missing(&path);
            }
        }
        self.fill.map_done(path, schema, map, mark);
        Ok(())
    }
}
