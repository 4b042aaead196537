//! Which operation of a service a request means, and in which protocol it speaks.

use crate::request::Labels;
use crate::{OperationSchema, Protocol, ServiceSchema};

/// Where a request goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// To an operation, with the decoded labels of its path.
    Operation(&'static OperationSchema, Labels),
    /// To an operation that AWS has and this build refuses: its name.
    Refused(&'static str),
    /// Nowhere: AWS has no such operation.
    Unknown,
}

/// The routes of one service, built once.
pub struct Router {
    service: &'static ServiceSchema,
}

impl Router {
    /// The routes of a service.
    pub fn new(service: &'static ServiceSchema) -> Router {
        Router { service }
    }

    /// The operation of a request. `body` is read for query's `Action` only and may be empty for REST protocols.
    pub fn route(&self, protocol: Protocol, head: &http::request::Parts, body: &[u8]) -> Route {
        let _ = (self.service, protocol, head, body);
        Route::Unknown
    }
}

/// The protocol that a request speaks, among those that the service accepts; the service's own where the request doesn't say.
pub fn which_protocol(head: &http::request::Parts, service: &ServiceSchema) -> Protocol {
    let _ = head;
    service.protocols.first().copied().unwrap_or(Protocol::RestJson)
}
