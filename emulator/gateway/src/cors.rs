//! What browsers ask before and after they call: preflights, and the headers that let a page read the answer of an API.
//!
//! A service that keeps rules of its own (buckets) is asked first; APIs that browsers call on AWS (Cognito and the like) are open to
//! everyone, as there.

use crate::{
    answer,
    auth::Caller,
    body::Outgoing,
    context,
    sig_v4::{Dialect, Payload},
    visit::Visit,
    which,
};
use http::{HeaderMap, HeaderValue, Method, Response, request::Parts};
use kit::ReplyBody;
use wire::{Protocol, Route};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
const EXPOSED: HeaderValue = HeaderValue::from_static("x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,x-amzn-query-error,Date");
const ANYONE: HeaderValue = HeaderValue::from_static("*");

/// Answers OPTIONS; `None` for every other method.
pub(crate) async fn preflight(visit: &mut Visit) -> Option<Response<Outgoing>> {
    if visit.head.method != Method::OPTIONS {
        return None;
    }
    if !is_for_an_api(visit)
        && let Some(room) = visit.house.bucket_room()
    {
        visit.room = Some(room);
        visit.protocol = visit.room().schema.protocols[0];
        which::bucket_from_host(visit);
        let caller = Caller::anonymous(None, Payload::Unsigned);
        let cx = context::of_caller(visit, &caller, "gateway.preflight");
        let service = visit.room().service.clone();
        if let Some(response) = service.preflight(&cx, &visit.head).await {
            return Some(answer::of_bucket(visit, &cx, response));
        }
    }
    Some(open_preflight(visit))
}

/// Whether the request to come is one of an API that is not a bucket's: it will have a target, or a path that such an API has.
fn is_for_an_api(visit: &Visit) -> bool {
    let asked = visit.header("access-control-request-headers").unwrap_or("").to_ascii_lowercase();
    if asked.split(',').any(|h| h.trim() == "x-amz-target")
        || visit.evidence.scope().is_some_and(|s| Dialect::of(&s.service) == Dialect::Standard)
    {
        return true;
    }
    let method = visit.header("access-control-request-method").unwrap_or("GET");
    let (path, query) = (visit.head.uri.path(), visit.head.uri.query().unwrap_or(""));
    visit.house.rooms.iter().any(|room| {
        let rest = room.schema.protocols.first() == Some(&Protocol::RestJson);
        rest && matches!(room.router.rest(method, path, query, &visit.head.headers), Route::Operation(..))
    })
}

fn open_preflight(visit: &Visit) -> Response<Outgoing> {
    let mut response = Response::new(ReplyBody::None);
    let headers = response.headers_mut();
    headers.insert("access-control-allow-origin", ANYONE);
    headers.insert("access-control-allow-methods", METHODS);
    if let Some(asked) = visit.head.headers.get("access-control-request-headers") {
        headers.insert("access-control-allow-headers", asked.clone());
    }
    headers.insert("access-control-expose-headers", EXPOSED);
    headers.insert("access-control-max-age", HeaderValue::from_static("172800"));
    answer::of_response(visit, response)
}

/// Lets a page of any origin read the answer.
pub(crate) fn open(head: &Parts, headers: &mut HeaderMap) {
    if head.headers.contains_key("origin") && !headers.contains_key("access-control-allow-origin") {
        headers.insert("access-control-allow-origin", ANYONE);
        headers.insert("access-control-expose-headers", EXPOSED);
    }
}
