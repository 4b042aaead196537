//! XML between bytes and structures, for rest-xml and for the answers of query and ec2.

pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod read;
pub(crate) mod write;

use crate::{Kind, Member};

/// Whether a list or map stands directly under its parent.
pub(crate) fn is_flat(member: &Member) -> bool {
    (member.flattened || member.schema.traits.flattened) && matches!(member.schema.kind, Kind::List(_) | Kind::Map(..))
}

/// The element of a member. A flattened list that has no name of its own takes that of its items, as older models mean it.
pub(crate) fn element_name(member: &Member) -> &'static str {
    match member.schema.kind {
        Kind::List(item) if member.wire_name.is_none() && is_flat(member) => item.wire_name.unwrap_or(member.name),
        // JSON services that still hear query clients (SQS) have another name for their maps there.
        Kind::Map(..) if is_flat(member) => member.query_name.unwrap_or(member.wire_name()),
        _ => member.wire_name(),
    }
}
