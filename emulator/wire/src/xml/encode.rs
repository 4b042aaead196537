//! Structures into XML.

use super::write::Writer;
use super::{element_name, is_flat};
use crate::fill::{BASE64, float_text, schema_format};
use crate::json::encode::travels_in_body;
use crate::value::{Structure, View};
use crate::{Kind, Member, Schema, TimestampFormat};
use base64::Engine;

/// An element `name` that holds a structure.
pub(crate) fn structure(writer: &mut Writer, name: &str, namespace: Option<(&str, &str)>, schema: &Schema, value: &dyn Structure) {
    writer.open(name, namespace);
    for (index, member) in schema.members().iter().enumerate().filter(|(_, m)| m.xml_attribute) {
        if let Some(text) = text_of(writer, member, &value.member(index)) {
            writer.attribute(member.wire_name(), &text);
        }
    }
    writer.inside();
    members(writer, schema, value);
    writer.close(name);
}

/// The members of a structure that are elements.
pub(crate) fn members(writer: &mut Writer, schema: &Schema, value: &dyn Structure) {
    for (index, member) in schema.members().iter().enumerate() {
        if travels_in_body(member) && !member.xml_attribute {
            member_element(writer, member, value.member(index));
        }
    }
}

fn member_element(writer: &mut Writer, member: &Member, view: View) {
    let name = element_name(member);
    match (view, &member.schema.kind) {
        (View::None, _) => {}
        (View::List(list), Kind::List(item)) if is_flat(member) => {
            for index in 0..list.len() {
                element(writer, name, member.xml_namespace.or(item.xml_namespace), item, list.get(index));
            }
        }
        (View::Map(map), Kind::Map(key, item)) if is_flat(member) => map.each(&mut |text, value| {
            writer.start(name, member.xml_namespace);
            entry(writer, key, item, text, value);
            writer.close(name);
        }),
        (view, _) => element(writer, name, member.xml_namespace, member, view),
    }
}

/// One element of any kind.
pub(crate) fn element(writer: &mut Writer, name: &str, namespace: Option<(&'static str, &'static str)>, member: &Member, view: View) {
    let schema = member.schema;
    let namespace = namespace.or(schema.traits.xml_namespace.filter(|_| writer.namespaced));
    match (view, &schema.kind) {
        (View::Structure(value), _) => structure(writer, name, namespace, schema, value),
        (View::List(list), Kind::List(item)) => {
            writer.start(name, namespace);
            for index in 0..list.len() {
                element(writer, item.wire_name.unwrap_or("member"), item.xml_namespace, item, list.get(index));
            }
            writer.close(name);
        }
        (View::Map(map), Kind::Map(key, item)) => {
            writer.start(name, namespace);
            map.each(&mut |text, value| {
                writer.start("entry", None);
                entry(writer, key, item, text, value);
                writer.close("entry");
            });
            writer.close(name);
        }
        (view, _) => {
            writer.start(name, namespace);
            if let Some(text) = text_of(writer, member, &view) {
                writer.text(&text);
            }
            writer.close(name);
        }
    }
}

fn entry(writer: &mut Writer, key: &Member, item: &Member, text: &str, value: View) {
    let name = key.wire_name.unwrap_or("key");
    writer.start(name, key.xml_namespace);
    writer.text(text);
    writer.close(name);
    element(writer, item.wire_name.unwrap_or("value"), item.xml_namespace, item, value);
}

/// A leaf as text; `None` for what is absent and for what is no leaf.
fn text_of<'a>(writer: &Writer, member: &Member, view: &View<'a>) -> Option<std::borrow::Cow<'a, str>> {
    let text = leaf_text(member, view, TimestampFormat::DateTime)?;
    Some(match (view, text.strip_suffix('Z')) {
        (View::Time(_), Some(whole)) if writer.milliseconds && !whole.contains('.') => format!("{whole}.000Z").into(),
        _ => text,
    })
}

/// A leaf as text, with the timestamp format that the place of the value has.
pub(crate) fn leaf_text<'a>(member: &Member, view: &View<'a>, default: TimestampFormat) -> Option<std::borrow::Cow<'a, str>> {
    Some(match view {
        View::Bool(value) => (if *value { "true" } else { "false" }).into(),
        View::Int(value) => value.to_string().into(),
        View::Float(value) => float_text(&member.schema.kind, *value).into(),
        View::Str(value) => (*value).into(),
        View::Blob(value) => BASE64.encode(value).into(),
        View::Time(value) => value.format(member.timestamp_format.or(schema_format(member.schema)).unwrap_or(default)).into(),
        View::Document(value) => value.to_string().into(),
        View::None | View::List(_) | View::Map(_) | View::Structure(_) => return None,
    })
}
