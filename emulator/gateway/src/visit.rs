//! One request on its way: its head and body, and what the steps have found out so far. Faults are told with what is known by then.

use crate::{
    auth::Evidence,
    body::Incoming,
    house::{House, Room},
};
use http::{Uri, request::Parts};
use kit::Context;
use std::{net::SocketAddr, sync::Arc};
use wire::{Body, Bytes, Fault, OperationSchema, Protocol, Timestamp};

/// One request on its way.
pub(crate) struct Visit {
    pub(crate) house: Arc<House>,
    pub(crate) peer: SocketAddr,
    /// The head; its URI has the bucket in the path, wherever it was sent.
    pub(crate) head: Parts,
    /// The URI as received, which is what was signed.
    pub(crate) uri: Uri,
    /// Headers that were moved out of a presigned query string.
    pub(crate) hoisted: Vec<String>,
    /// The bucket, where it stood in the host name.
    pub(crate) host_bucket: Option<String>,
    pub(crate) evidence: Evidence,
    /// The body while it is unread.
    pub(crate) incoming: Option<hyper::body::Incoming>,
    /// The body once it is held.
    pub(crate) held: Option<Bytes>,
    /// Index of the service.
    pub(crate) room: Option<usize>,
    pub(crate) protocol: Protocol,
    pub(crate) op: Option<&'static OperationSchema>,
    /// Known once the caller is.
    pub(crate) cx: Option<Context>,
    /// When it came, on the cloud's clock.
    pub(crate) began: Timestamp,
}

impl Visit {
    /// The service; only called once it is known.
    pub(crate) fn room(&self) -> &Room {
        &self.house.rooms[self.room.expect("which_service comes first")]
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        crate::auth::header_text(&self.head, name)
    }

    /// The body off the socket, at most `limit` bytes of it.
    pub(crate) fn take_incoming(&mut self, limit: u64) -> Body {
        let length = self.header("content-length").and_then(|v| v.parse().ok());
        match (self.held.take(), self.incoming.take()) {
            (Some(held), _) => Body::from_bytes(held),
            (None, Some(incoming)) => {
                let clock = self.house.cloud.clock().clone();
                Body::new(Incoming::new(incoming, limit, self.house.options.body_idle_timeout, clock), length)
            }
            (None, None) => Body::empty(),
        }
    }

    /// Holds the whole body, within the protocol's limit.
    pub(crate) async fn hold(&mut self) -> Result<(), Fault> {
        if self.held.is_none() {
            let limit = self.house.options.held_bytes(self.protocol);
            let mut body = self.take_incoming(u64::MAX);
            self.held = Some(collect(&mut body, limit, self).await?);
        }
        Ok(())
    }
}

/// A whole body; its faults in the manner of the visit's service.
pub(crate) async fn collect(body: &mut Body, limit: usize, visit: &Visit) -> Result<Bytes, Fault> {
    body.collect(limit).await.map_err(|error| match wire::body::fault_of(&error) {
        Some(fault) => fault.clone(),
        None if error.kind() == std::io::ErrorKind::FileTooLarge => crate::faults::too_large(visit, limit),
        None => Fault::internal(error.to_string()),
    })
}
