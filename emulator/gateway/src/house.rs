//! What all requests of a gateway share: the cloud, its services with their routes, doors, keys in use, limits.

use crate::{
    server::OwnEndpoints,
    sig_v4::{Dialect, KeyCache},
};
use kit::{Cloud, Door, Service};
use std::{sync::Arc, time::Duration};
use wire::{Protocol, Router, ServiceSchema, Timestamp};

/// Limits and switches of a gateway. Durations are real time.
#[derive(Clone, Debug)]
pub struct Options {
    /// Connections served at once; more wait.
    pub max_connections: usize,
    /// Headers of a request.
    pub max_headers: usize,
    /// Bytes of a request's head.
    pub max_head_bytes: usize,
    /// How long a client may take for a head, and a connection may idle.
    pub head_timeout: Duration,
    /// How long a client may be silent within a body.
    pub body_idle_timeout: Duration,
    /// Largest body of a streaming operation, bytes.
    pub max_streamed_bytes: u64,
    /// Largest body held whole, bytes; protocols may hold less, see [`Options::held_bytes`].
    pub max_held_bytes: usize,
    /// The Date header of answers shows the cloud's clock, so that SDKs which correct their clocks follow it.
    pub virtual_date: bool,
    /// S3 takes Signature Version 2 (query string, header, forms), as AWS does in its older regions: boto3 presigns with it there unless told otherwise.
    pub signature_version_2: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            max_connections: 1024,
            max_headers: 128,
            max_head_bytes: 64 * 1024,
            head_timeout: Duration::from_secs(60),
            body_idle_timeout: Duration::from_secs(60),
            max_streamed_bytes: 5 << 30,
            max_held_bytes: 72 << 20,
            virtual_date: false,
            signature_version_2: true,
        }
    }
}

impl Options {
    /// How much of a body is held for an operation that does not stream it. Lambda's zip files, in base64, are the largest that AWS takes.
    pub fn held_bytes(&self, protocol: Protocol) -> usize {
        let most = match protocol {
            Protocol::RestJson => 72 << 20,
            Protocol::Json10 | Protocol::Json11 | Protocol::Cbor => 16 << 20,
            Protocol::RestXml => 8 << 20,
            Protocol::Query | Protocol::Ec2 => 4 << 20,
        };
        most.min(self.max_held_bytes)
    }
}

/// A service as the gateway sees it.
pub(crate) struct Room {
    pub(crate) service: Arc<dyn Service>,
    pub(crate) schema: &'static ServiceSchema,
    pub(crate) router: Router,
    pub(crate) dialect: Dialect,
}

/// What all requests share.
pub(crate) struct House {
    pub(crate) cloud: Arc<Cloud>,
    pub(crate) own: Option<OwnEndpoints>,
    pub(crate) options: Options,
    pub(crate) rooms: Vec<Room>,
    pub(crate) doors: Vec<Arc<dyn Door>>,
    pub(crate) keys: KeyCache,
    /// When it began, in real time.
    pub(crate) began: Timestamp,
}

impl House {
    pub(crate) fn new(cloud: Arc<Cloud>, own: Option<OwnEndpoints>, options: Options) -> House {
        let rooms = cloud.services().iter().map(|service| {
            let schema = service.schema();
            Room { service: service.clone(), schema, router: Router::new(schema), dialect: Dialect::of(schema.signing_name) }
        });
        let rooms = rooms.collect();
        let doors = cloud.services().iter().flat_map(|s| s.doors()).collect();
        let began = cloud.clock().real_now();
        House { cloud, own, options, rooms, doors, keys: KeyCache::default(), began }
    }

    /// The service that owns bare paths and bucket host names.
    pub(crate) fn bucket_room(&self) -> Option<usize> {
        self.rooms.iter().position(|r| r.service.virtual_hosts())
    }
}
