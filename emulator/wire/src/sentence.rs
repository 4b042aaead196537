//! Values and constraints as AWS's sentences show them: Java's way of printing.

use crate::value::View;
use crate::{Kind, Schema, TimestampFormat};
use std::fmt::Write;

pub(crate) fn is_scalar(schema: &Schema) -> bool {
    !matches!(schema.kind, Kind::Structure(_) | Kind::List(_) | Kind::Map(..))
}

/// Every constraint of a shape, in AWS's order, for items of lists and for keys and values of maps.
pub(crate) fn constraints(schema: &Schema, not_null: bool) -> String {
    let mut all = Vec::new();
    let number = matches!(schema.kind, Kind::Integer | Kind::Long | Kind::Float | Kind::Double);
    let noun = if number { "value" } else { "length" };
    let limit = |limit: f64| if number { number_text(schema, limit) } else { format!("{limit}") };
    if let Some(max) = schema.range.max {
        all.push(format!("Member must have {noun} less than or equal to {}", limit(max)));
    }
    if let Some(min) = schema.range.min {
        all.push(format!("Member must have {noun} greater than or equal to {}", limit(min)));
    }
    if let Some(pattern) = schema.pattern {
        all.push(format!("Member must satisfy regular expression pattern: {}", pattern.source));
    }
    if let Kind::Enum(texts) = schema.kind {
        all.push(format!("Member must satisfy enum value set: [{}]", texts.join(", ")));
    }
    if not_null {
        all.push("Member must not be null".into());
    }
    all.join(", ")
}

pub(crate) fn number_text(schema: &Schema, number: f64) -> String {
    match schema.kind {
        Kind::Float | Kind::Double => format!("{number:?}"),
        _ => format!("{number}"),
    }
}

/// A value as Java prints it, which is how AWS's sentences show it.
pub(crate) fn java(view: View, schema: &Schema, out: &mut String) {
    let _ = match (view, &schema.kind) {
        (View::None, _) => write!(out, "null"),
        (View::Bool(v), _) => write!(out, "{v}"),
        (View::Int(v), _) => write!(out, "{v}"),
        (View::Float(v), _) => write!(out, "{v:?}"),
        (View::Str(v), _) => write!(out, "{v}"),
        (View::Time(v), _) => write!(out, "{}", v.format(TimestampFormat::DateTime)),
        (View::Document(v), _) => write!(out, "{v}"),
        (View::Blob(v), _) => write!(out, "java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", v.len()),
        (View::List(list), Kind::List(member)) => {
            out.push('[');
            for index in 0..list.len() {
                if index > 0 {
                    out.push_str(", ");
                }
                java(list.get(index), member.schema, out);
            }
            write!(out, "]")
        }
        (View::Map(map), Kind::Map(_, member)) => {
            out.push('{');
            let mut first = true;
            map.each(&mut |key, value| {
                if !std::mem::take(&mut first) {
                    out.push_str(", ");
                }
                let _ = write!(out, "{key}=");
                java(value, member.schema, out);
            });
            write!(out, "}}")
        }
        (View::Structure(structure), Kind::Structure(members)) => {
            let _ = write!(out, "{}(", schema.name);
            for (index, member) in members.iter().enumerate() {
                let mut name = member.name.chars();
                let first = name.next().map(|c| c.to_ascii_lowercase()).unwrap_or_default();
                let _ = write!(out, "{}{first}{}=", if index > 0 { ", " } else { "" }, name.as_str());
                java(structure.member(index), member.schema, out);
            }
            write!(out, ")")
        }
        _ => Ok(()),
    };
}
