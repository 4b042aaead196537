//! The front door of function URLs: whose address, CORS, who may, the event, the function, the answer.

use super::{
    NAMES, Place, URLS, Url,
    address::Address,
    answer::{self, MOST_PRELUDE_BYTES, PRELUDE_END, WITH_PRELUDE},
    cors, event,
};
use crate::{
    invoke::{MOST_SYNC_BYTES, run, run::Call, streaming::Streamed, target},
    names::Name,
    runtime::pools::Pools,
};
use http::{Response, request::Parts};
use kit::{Body, BoxFuture, Bytes, Cloud, Context, Door, Fault, Need, Principal, Read, ReplyBody};
use std::{collections::VecDeque, future::Future, io, pin::Pin, sync::Arc};
use wire::body::Chunks;

/// Answers at function URLs.
pub(crate) struct UrlDoor(pub Arc<Pools>);

impl Door for UrlDoor {
    fn name(&self) -> &'static str {
        "lambda-url"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        Address::read(head).is_some()
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, body: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(self.serve(cx, head, body))
    }
}

impl UrlDoor {
    async fn serve(&self, cx: Context, head: Parts, mut body: Body) -> Response<ReplyBody> {
        let found = Address::read(&head).and_then(|address| find(&cx, &address).map(|(place, url)| (address, place, url)));
        let Some((address, place, url)) = found else { return answer::forbidden(&cx) };
        let cx = cx.in_scope(place.scope());
        if let Some(response) = url.cors.as_ref().and_then(|cors| cors::preflight(cors, &head)) {
            return response;
        }
        let name = place.name();
        if !may(&cx, &url, &name) {
            return answer::forbidden(&cx);
        }
        if let Err(fault) = cx.cloud().apply_faults("lambda", "InvokeFunctionUrl", &name.arn()).await {
            return match fault.code == kit::DROP_CONNECTION {
                true => kit::dropped_connection(),
                false => answer::told(&cx, fault.status, &fault.code, &fault.message),
            };
        }
        let Ok(body) = body.collect(MOST_SYNC_BYTES).await else {
            return answer::told(
                &cx,
                413,
                "RequestTooLargeException",
                "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
            );
        };
        let payload = Bytes::from(event::of(&cx, &url, &address, &head, &body).to_string());
        let mut response = match url.streams() {
            true => self.streamed(&cx, name, payload).await,
            false => self.buffered(&cx, name, payload).await,
        };
        if let Some(cors) = &url.cors {
            cors::decorate(cors, &head, response.headers_mut());
        }
        response
    }

    async fn buffered(&self, cx: &Context, name: Name, payload: Bytes) -> Response<ReplyBody> {
        let Ok(target) = target::resolve(cx, &name) else { return answer::forbidden(cx) };
        let call = Call { name, payload, request_id: cx.request_id().to_owned(), client_context: None, tail: false, sink: None };
        match run::run(&self.0, cx, target, call).await {
            Ok(done) if done.error.is_none() => answer::buffered(cx, &done.payload),
            Ok(_) => answer::bad_gateway(cx),
            Err(fault) => refused(cx, &fault),
        }
    }

    async fn streamed(&self, cx: &Context, name: Name, payload: Bytes) -> Response<ReplyBody> {
        let mut streamed = match Streamed::start(&self.0, cx, name, payload, false, None).await {
            Ok(streamed) => streamed,
            Err(fault) => return refused(cx, &fault),
        };
        let Some(content_type) = streamed.content_type().map(str::to_owned) else {
            return match streamed.done().await {
                // A function that doesn't stream: its answer is the body, whatever it says.
                Ok(done) if done.error.is_none() => answer::with_body(cx, "application/octet-stream", ReplyBody::Bytes(done.payload)),
                Ok(_) => answer::bad_gateway(cx),
                Err(fault) => refused(cx, &fault),
            };
        };
        if content_type != WITH_PRELUDE {
            let body = Rest { streamed, ready: VecDeque::new() };
            return answer::with_body(cx, &content_type, ReplyBody::Stream(Body::new(body, None)));
        }
        let Some((prelude, rest)) = prelude(&mut streamed).await else { return answer::bad_gateway(cx) };
        let head = serde_json::from_slice(&prelude).ok().and_then(|parts| answer::head(&parts));
        let Some((status, headers)) = head else { return answer::bad_gateway(cx) };
        let body = Rest { streamed, ready: VecDeque::from([rest]) };
        let mut response = Response::new(ReplyBody::Stream(Body::new(body, None)));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        answer::stamp(cx, response.headers_mut());
        response
    }
}

/// Where the address leads.
fn find(cx: &Context, address: &Address) -> Option<(Place, Url)> {
    let found = cx.store().read(|s| {
        let Some(place) = s.get(&NAMES, cx.scope(), &address.id)? else { return Ok(None) };
        Ok::<_, Fault>(s.get(&URLS, &place.scope(), &place.key())?.map(|url| (place, url)))
    });
    found.ok().flatten()
}

/// Whether the caller may: with AWS_IAM who signed, otherwise anybody whom the function's policy lets in.
fn may(cx: &Context, url: &Url, name: &Name) -> bool {
    if url.is_signed() && *cx.principal() == Principal::Anonymous {
        return false;
    }
    let caller = match url.is_signed() {
        true => cx.clone(),
        false => cx.with_principal(Principal::Anonymous),
    };
    // Both, since November 2026 for every URL (AWS's guide, "Control access to Lambda function URLs").
    let by_url = Need::on("lambda:InvokeFunctionUrl", name.arn()).key("lambda:FunctionUrlAuthType", url.auth.as_str());
    let run = Need::on("lambda:InvokeFunction", name.arn()).key("lambda:InvokedViaFunctionUrl", "true");
    [by_url, run].into_iter().all(|need| caller.decide(&need.owned_by(&*name.scope.account)).allowed)
}

fn refused(cx: &Context, fault: &Fault) -> Response<ReplyBody> {
    match fault.status {
        429 => answer::told(cx, 429, &fault.code, &fault.message),
        500.. => answer::bad_gateway(cx),
        _ => answer::told(cx, fault.status, &fault.code, &fault.message),
    }
}

/// Status and headers of a streaming answer, and what came of the body with them.
async fn prelude(streamed: &mut Streamed) -> Option<(Vec<u8>, Bytes)> {
    let mut read: Vec<u8> = Vec::new();
    while read.len() <= MOST_PRELUDE_BYTES {
        if let Some(at) = read.windows(PRELUDE_END.len()).position(|window| window == PRELUDE_END) {
            let rest = Bytes::from(read.split_off(at + PRELUDE_END.len()));
            read.truncate(at);
            return Some((read, rest));
        }
        read.extend_from_slice(&streamed.next().await?);
    }
    None
}

/// The body as the function streams it. A function that fails on the way cuts the connection: the answer must not look whole.
struct Rest {
    streamed: Streamed,
    ready: VecDeque<Bytes>,
}

impl Chunks for Rest {
    fn next(&mut self) -> Pin<Box<dyn Future<Output = Option<io::Result<Bytes>>> + Send + '_>> {
        Box::pin(async move {
            if let Some(bytes) = self.ready.pop_front() {
                return Some(Ok(bytes));
            }
            if let Some(bytes) = self.streamed.next().await {
                return Some(Ok(bytes));
            }
            match self.streamed.done().await {
                Ok(done) if done.error.is_none() => None,
                _ => Some(Err(io::Error::other("the function failed while it streamed its answer"))),
            }
        })
    }
}
