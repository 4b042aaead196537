//! Endpoints that are not an AWS API: JWKS, execute-api, hosted pages, function URLs. Their subject is HTTP, so they see it.

use crate::{Cloud, Context};
use futures_util::future::BoxFuture;
use http::request::Parts;
use wire::{Body, ReplyBody};

/// An endpoint of a service that is not its API.
pub trait Door: Send + Sync {
    /// Its name in the journal (`execute-api`).
    fn name(&self) -> &'static str;
    /// Whether this request is for it, by host and path. Asked before which-service, in the order of services.
    fn takes(&self, cloud: &Cloud, head: &Parts) -> bool;
    /// Whether it has words of its own for signatures that were refused. Such a request is then answered, too, as an anonymous one that has
    /// [`RefusedSignature`] among its head's extensions; of other doors the caller hears the refusal.
    fn hears_of_refused_signatures(&self) -> bool {
        false
    }
    /// Answers. The context's principal is whoever signed the request if it was signed for `execute-api` or the like, else anonymous;
    /// its scope is the default account until the door has found the owner of the resource.
    fn answer<'a>(&'a self, cx: Context, head: Parts, body: Body) -> BoxFuture<'a, http::Response<ReplyBody>>;
}

/// Why the signature of a request was refused, for doors that want to know.
#[derive(Clone, Debug)]
pub struct RefusedSignature(pub wire::Fault);

/// Marks a door's answer that must not be sent: the connection is closed instead, as a fault rule asked.
#[derive(Clone, Copy, Debug)]
pub struct DroppedConnection;

/// The answer of a door that was told to drop the connection (a fault of code [`crate::DROP_CONNECTION`]).
pub fn dropped_connection() -> http::Response<ReplyBody> {
    let mut response = http::Response::new(ReplyBody::None);
    response.extensions_mut().insert(DroppedConnection);
    response
}
