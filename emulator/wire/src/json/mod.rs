//! JSON between bytes and structures, for json 1.0, json 1.1 and the bodies of rest-json.

pub(crate) mod decode;
pub(crate) mod encode;
pub(crate) mod read;
