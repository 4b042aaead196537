//! What API Gateway's two kinds of APIs do alike behind their front doors: calling HTTP endpoints and other services of the cloud, judging by
//! the policies that authorizers answer, token buckets, access logs, base paths of definitions. Knows neither kind, and keeps nothing in the store.
#![deny(missing_docs)]

pub mod access_log;
pub mod base_path;
pub mod buckets;
pub mod outbound;
pub mod service_call;
pub mod verdict;

use bytes::Bytes;

/// An answer of an endpoint, as it came.
#[derive(Clone, Debug, Default)]
pub struct HttpAnswer {
    /// Status.
    pub status: u16,
    /// Names in lower case; one that comes twice stands twice.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Bytes,
}

impl HttpAnswer {
    /// The first header of a name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(there, _)| there == name).map(|(_, value)| value.as_str())
    }
}

/// Why there was no answer.
#[derive(Clone, Debug)]
pub enum NoAnswer {
    /// The address is none: it can't be read, or names no host.
    NoAddress(String),
    /// The endpoint is none that may be called, or the request can't be made.
    Invalid(String),
    /// Nobody answers there, or what answers is not HTTP.
    Failed(String),
}
