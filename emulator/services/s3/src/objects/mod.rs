//! Objects: putting, getting, deleting, copying and renaming them. Each file is one of these, `conditions` and `range` are what they share,
//! `body` streams bodies into blobs.

pub(crate) mod attributes;
pub(crate) mod body;
pub(crate) mod conditions;
pub(crate) mod copy;
pub(crate) mod delete;
pub(crate) mod form;
mod get;
pub(crate) mod headers;
pub(crate) mod put;
pub(crate) mod range;
pub(crate) mod refuse;
pub(crate) mod rename;
mod update_encryption;
mod verified;
pub(crate) mod words;

pub(crate) use put::tags_of_header;
