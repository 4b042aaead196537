//! One request under way: who sent it, on which listener, and what its handler may use.

use crate::{
    auth::{Peer, Resource},
    host::{Event, Sabotage},
    listener::Bound,
    room::Held,
    shared::Shared,
};
use kafka_protocol::{ResponseError, protocol::StrBytes};
use parking_lot::Mutex;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::{Notify, OwnedSemaphorePermit};

/// A request under way.
pub struct Call<'a> {
    /// The broker.
    pub broker: &'a Arc<Shared>,
    /// Where it came in.
    pub listener: &'a Bound,
    /// Who sent it.
    pub peer: &'a Peer,
    /// Where from.
    pub ip: IpAddr,
    /// What the client calls itself.
    pub client: StrBytes,
    /// Version of the API.
    pub version: i16,
    /// Woken when a log grows that the call watches.
    pub notify: &'a Arc<Notify>,
    /// What is done to it on purpose.
    pub sabotage: Sabotage,
    held: &'a Held,
    token: Mutex<kit::Token>,
    room: Mutex<Option<OwnedSemaphorePermit>>,
}

impl<'a> Call<'a> {
    /// A call of a connection; `token` counts it as work.
    #[allow(clippy::too_many_arguments)] // the parts of one request, named at the one place that makes it
    pub fn new(
        broker: &'a Arc<Shared>,
        listener: &'a Bound,
        peer: &'a Peer,
        ip: IpAddr,
        client: StrBytes,
        version: i16,
        notify: &'a Arc<Notify>,
        sabotage: Sabotage,
        held: &'a Held,
        token: kit::Token,
    ) -> Call<'a> {
        Call { broker, listener, peer, ip, client, version, notify, sabotage, held, token: Mutex::new(token), room: Mutex::default() }
    }

    /// Whether the peer may do this.
    pub fn may(&self, action: &'static str, resource: Resource<'_>) -> bool {
        match &self.listener.authority {
            Some(authority) if self.listener.security.sasl() => authority.allows(self.peer, action, resource),
            _ => true,
        }
    }
    /// The error that a rule wants answered.
    pub fn refused(&self) -> Result<(), ResponseError> {
        match self.sabotage {
            Sabotage::Refuse(error) => Err(error),
            _ => Ok(()),
        }
    }
    /// Tells the host what was done; `code` is Kafka's, 0 where it went well.
    pub fn done(&self, api: &'static str, about: &str, code: i16, records: Option<(i64, i32)>) {
        let Some(host) = &self.broker.options.host else { return };
        let error = (code != 0).then(|| crate::client::name_of(code));
        let outcome = error.as_deref().unwrap_or("ok");
        host.done(Event { api, who: &self.peer.name, client: &self.client, about, outcome, records });
    }
    /// Keeps the room of the answer until it is written.
    pub fn hold(&self, room: OwnedSemaphorePermit) {
        *self.room.lock() = Some(room);
    }
    /// The room of the answer.
    pub fn room(&self) -> Option<OwnedSemaphorePermit> {
        self.room.lock().take()
    }
    /// Milliseconds of the clock.
    pub fn now_ms(&self) -> i64 {
        self.broker.now_ms()
    }
    /// Waits for a client or for data without counting as work, at most so long in real time. True when it has to come to its end: others wait for
    /// the room that its request takes.
    pub async fn parked(&self, most: Duration, wait: impl Future<Output = ()>) -> bool {
        self.token.lock().park();
        let wanted = tokio::select! {
            () = wait => false,
            () = self.broker.options.clock.real_sleep(most) => false,
            () = self.held.wanted() => true,
        };
        self.token.lock().resume();
        wanted
    }
}

/// Text of a message.
pub fn text(text: impl Into<String>) -> StrBytes {
    StrBytes::from_string(text.into())
}
