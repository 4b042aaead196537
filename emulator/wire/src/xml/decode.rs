//! XML into structures, straight from the reader's events.

use super::read::{Reader, Tag};
use super::{element_name, is_flat};
use crate::fill::{COUNT_LIMIT, Done, Fill, Path, Seen, malformed};
use crate::value::{List, Map, Slot, Structure};
use crate::{Kind, Member, Place, Schema, TimestampFormat};

/// Fills `into` from a body whose root element holds its members; with `only_body`, those that travel in the body. An empty body is no
/// members. `names` are the root elements that are taken.
pub(crate) fn body(
    fill: &mut Fill,
    schema: &'static Schema,
    names: &[&str],
    bytes: &[u8],
    into: &mut dyn Structure,
    seen: &mut Seen,
    only_body: bool,
) -> Done {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Ok(());
    }
    let mut decoder = Decoder { reader: Reader::new(bytes)?, fill };
    let root = decoder.root(names)?;
    decoder.members(&Path::ROOT, schema, &root, into, seen, only_body)?;
    decoder.reader.finish()
}

/// Fills the slot of a payload member from a body whose root element is that member.
pub(crate) fn payload(fill: &mut Fill, path: &Path, member: &'static Member, names: &[&str], bytes: &[u8], slot: Slot) -> Done {
    let mut decoder = Decoder { reader: Reader::new(bytes)?, fill };
    let root = decoder.root(names)?;
    decoder.value(path, member, &root, slot)?;
    decoder.reader.finish()
}

struct Decoder<'f, 'a> {
    reader: Reader<'a>,
    fill: &'f mut Fill,
}

impl<'a> Decoder<'_, 'a> {
    fn root(&mut self, names: &[&str]) -> Result<Tag<'a>, crate::DecodeError> {
        let root = self.reader.root()?;
        if names.contains(&root.name()) {
            Ok(root)
        } else {
            Err(malformed(format!("The XML's root element is {} and not {}", root.name(), names.first().unwrap_or(&""))))
        }
    }

    fn members(
        &mut self,
        path: &Path,
        schema: &'static Schema,
        tag: &Tag,
        into: &mut dyn Structure,
        seen: &mut Seen,
        only_body: bool,
    ) -> Done {
        path.check_depth()?;
        let members = schema.members();
        for (index, member) in members.iter().enumerate().filter(|(_, m)| m.xml_attribute) {
            if let Some(text) = tag.attribute(member.wire_name())? {
                seen.insert(index);
                self.fill.text(&path.member(member), member, TimestampFormat::DateTime, into.member_mut(index), text.into())?;
            }
        }
        while let Some(child) = self.reader.child()? {
            let Some(index) = find(members, child.name(), only_body) else {
                self.fill.unknown(path, child.name());
                self.reader.skip()?;
                continue;
            };
            let member = &members[index];
            let fresh = seen.insert(index);
            if is_flat(member) {
                self.flat(&path.member(member), member, &child, into.member_mut(index))?;
            } else if fresh {
                self.value(&path.member(member), member, &child, into.member_mut(index))?;
            } else {
                return Err(malformed(format!("The element {} is there twice", child.name())));
            }
        }
        for (index, member) in members.iter().enumerate().filter(|(i, m)| is_flat(m) && seen.has(*i)) {
            let mark = self.fill.mark();
            self.fill.check_flat(&path.member(member), member, into, index, mark);
        }
        Ok(())
    }

    fn value(&mut self, path: &Path, member: &'static Member, tag: &Tag, slot: Slot) -> Done {
        let schema = member.schema;
        match slot {
            Slot::Structure(into) => {
                let mut seen = Seen::new();
                self.members(path, schema, tag, into, &mut seen, false)?;
                self.fill.check_union(schema, &seen)?;
                self.fill.check_required(path, schema, &seen, |_| true);
                Ok(())
            }
            Slot::List(list) => {
                let Kind::List(item) = schema.kind else { return Err(malformed("The model has no list here")) };
                let mark = self.fill.mark();
                while let Some(child) = self.reader.child()? {
                    if child.name() == item.wire_name.unwrap_or("member") {
                        self.item(path, item, &child, list)?;
                    } else {
                        self.fill.unknown(path, child.name());
                        self.reader.skip()?;
                    }
                }
                self.fill.list_done(path, schema, list, mark);
                Ok(())
            }
            Slot::Map(map) => {
                let mark = self.fill.mark();
                while let Some(child) = self.reader.child()? {
                    if child.name() == "entry" {
                        self.entry(path, schema, map)?;
                    } else {
                        self.fill.unknown(path, child.name());
                        self.reader.skip()?;
                    }
                }
                self.fill.map_done(path, schema, map, mark);
                Ok(())
            }
            slot => {
                let text = self.reader.text()?;
                self.fill.text(path, member, TimestampFormat::DateTime, slot, text)
            }
        }
    }

    /// One item or entry of a list or map that stands directly under its parent.
    fn flat(&mut self, path: &Path, member: &'static Member, tag: &Tag, slot: Slot) -> Done {
        match (slot, &member.schema.kind) {
            (Slot::List(list), Kind::List(item)) => self.item(path, item, tag, list),
            (Slot::Map(map), Kind::Map(..)) => self.entry(path, member.schema, map),
            _ => Err(malformed("The model has no list or map here")),
        }
    }

    fn item(&mut self, path: &Path, item: &'static Member, tag: &Tag, list: &mut dyn List) -> Done {
        let index = list.len();
        if index >= COUNT_LIMIT {
            return Err(malformed(format!("A list has more than {COUNT_LIMIT} items")));
        }
        let path = path.item(index);
        path.check_depth()?;
        self.value(&path, item, tag, list.push())
    }

    /// The inside of an entry: a key, then a value.
    fn entry(&mut self, path: &Path, schema: &'static Schema, map: &mut dyn Map) -> Done {
        let Kind::Map(key_member, value_member) = schema.kind else { return Err(malformed("The model has no map here")) };
        path.check_depth()?;
        let before = map.len();
        if before >= COUNT_LIMIT {
            return Err(malformed(format!("A map has more than {COUNT_LIMIT} entries")));
        }
        let mut key = None;
        while let Some(child) = self.reader.child()? {
            if child.name() == key_member.wire_name.unwrap_or("key") {
                key = Some(self.reader.text()?.into_owned());
            } else if child.name() == value_member.wire_name.unwrap_or("value") {
                // AWS's clients all write the key first; holding back a value would mean a second reader.
                let key = key.clone().ok_or_else(|| malformed("An entry of a map has its value before its key"))?;
                self.value(&path.key(&key), value_member, &child, map.entry(key.clone()))?;
                if map.len() == before {
                    return Err(malformed(format!("The key {key} is there twice")));
                }
            } else {
                self.fill.unknown(path, child.name());
                self.reader.skip()?;
            }
        }
        Ok(())
    }
}

fn find(members: &[Member], name: &str, only_body: bool) -> Option<usize> {
    members.iter().position(|m| {
        !m.xml_attribute && (!only_body || m.place == Place::Body) && (element_name(m) == name || (is_flat(m) && m.wire_name() == name))
    })
}
