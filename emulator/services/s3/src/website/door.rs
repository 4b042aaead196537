//! The endpoint of websites: `bucket.s3-website.localhost`, `bucket.s3-website-REGION.localhost`, `bucket.s3-website.REGION.amazonaws.com`.
//!
//! Everybody is a stranger here: signatures are passed over and GetObject is asked for as nobody, through the dispatch that all requests go
//! through, so that policies, lists and the public access block decide. The subject is HTTP, so this room sees it.

use super::{
    config,
    page::{self, mark},
    route::{self, Asked, Sent},
};
use crate::{
    access_log, cors, errors,
    model::{GetObjectInput, GetObjectOutput, SERVICE, WebsiteConfiguration},
    state::{self, Found},
};
use http::{Method, Response, StatusCode, Uri, request::Parts};
use kit::{Body, BoxFuture, Call, Cloud, Context, Door, Fault, Principal, ReplyBody};
use wire::{Bytes, Protocol, Route, Router};

/// The mark between bucket and region.
const MARK: &str = ".s3-website";

/// Serves websites.
pub(crate) struct WebsiteDoor {
    router: Router,
}

impl WebsiteDoor {
    pub(crate) fn new() -> WebsiteDoor {
        WebsiteDoor { router: Router::new(&SERVICE) }
    }
}

impl Door for WebsiteDoor {
    fn name(&self) -> &'static str {
        "s3-website"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        bucket_of(host_of(head)).is_some()
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, _: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(async move {
            let bucket = bucket_of(host_of(&head)).unwrap_or_default().to_owned();
            let visit = Visit { asked: asked_of(&head), cx: cx.with_principal(Principal::Anonymous), bucket, door: self, head };
            let mut response = visit.answer().await;
            visit.finish(&mut response);
            response
        })
    }
}

/// The host as received.
fn host_of(head: &Parts) -> &str {
    let named = head.headers.get(http::header::HOST).and_then(|value| value.to_str().ok());
    named.or(head.uri.host()).unwrap_or_default()
}

/// The bucket in the host of a website.
fn bucket_of(host: &str) -> Option<&str> {
    let (bucket, rest) = host.split_once(MARK)?;
    (!bucket.is_empty() && rest.starts_with(['.', '-'])).then_some(bucket)
}

fn asked_of(head: &Parts) -> Asked {
    let path = head.uri.path().trim_start_matches('/');
    Asked {
        host: host_of(head).to_owned(),
        path: percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned(),
        query: head.uri.query().map_or(String::new(), |query| format!("?{query}")),
    }
}

/// One request to a website.
struct Visit<'a> {
    asked: Asked,
    cx: Context,
    bucket: String,
    door: &'a WebsiteDoor,
    head: Parts,
}

impl Visit<'_> {
    async fn answer(&self) -> Response<ReplyBody> {
        if self.head.method == Method::OPTIONS {
            return cors::preflight(&self.cx, &self.as_api(&self.asked.path));
        }
        if ![Method::GET, Method::HEAD].contains(&self.head.method) {
            let fault = errors::method_not_allowed(self.head.method.as_str(), "OBJECT");
            return page::of_fault(&self.cx, &fault, None);
        }
        let found = self.cx.store().read(|s| state::find(s, &self.bucket));
        let site = found.and_then(|found| match found.bucket.website.clone() {
            Some(website) => Ok((found, website)),
            None => Err(config::none(&self.bucket)),
        });
        match site {
            Ok((found, website)) => self.serve(&found, &website).await,
            Err(fault) => page::of_fault(&self.cx, &fault, None),
        }
    }

    async fn serve(&self, found: &Found, website: &WebsiteConfiguration) -> Response<ReplyBody> {
        if let Some(all) = &website.redirect_all_requests_to {
            return self.send(&route::everything(all, &self.asked));
        }
        let (path, rules) = (&*self.asked.path, website.routing_rules.as_ref());
        if let Some(rule) = route::rule(rules, path, None) {
            return self.send(&route::sent(rule, &self.asked));
        }
        let index = website.index_document.as_ref().map_or("", |document| &document.suffix);
        let is_folder = path.is_empty() || path.ends_with('/');
        let key = if is_folder { format!("{path}{index}") } else { path.to_owned() };
        let fault = match self.get(found, &key).await {
            Ok(response) => return response,
            Err(fault) => fault,
        };
        if fault.status < 400 {
            return page::of_fault(&self.cx, &fault, None).map(|_| ReplyBody::None);
        }
        if !is_folder && is_missing(&fault) && self.get(found, &format!("{path}/{index}")).await.is_ok() {
            return self.folder_redirect();
        }
        if let Some(rule) = route::rule(rules, path, Some(fault.status)) {
            return self.send(&route::sent(rule, &self.asked));
        }
        self.tell(found, website, &fault).await
    }

    /// The website's own error document under the fault's status, or a page of ours. Errors of the server itself never show the former.
    async fn tell(&self, found: &Found, website: &WebsiteConfiguration, fault: &Fault) -> Response<ReplyBody> {
        let Some(document) = website.error_document.as_ref().filter(|_| fault.status < 500) else {
            return page::of_fault(&self.cx, fault, None);
        };
        match self.get(found, &document.key).await {
            Ok(mut response) => {
                // An error document may itself send elsewhere.
                if !response.status().is_redirection() {
                    *response.status_mut() = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::NOT_FOUND);
                }
                response
            }
            Err(second) => page::of_fault(&self.cx, fault, Some(&second)),
        }
    }

    fn send(&self, sent: &Sent) -> Response<ReplyBody> {
        page::redirect(&self.cx, sent.status, &sent.location)
    }

    /// A folder was asked for without its slash.
    fn folder_redirect(&self) -> Response<ReplyBody> {
        let fault = Fault::new("Found", 302, "Resource Found");
        let location = format!("/{}/", route::encoded(&self.asked.path));
        page::of_fault(&self.cx, &fault.header("location", location), None)
    }

    /// The request as the API would get it.
    fn as_api(&self, key: &str) -> Parts {
        let mut head = self.head.clone();
        head.uri = format!("/{}/{}", self.bucket, route::encoded(key)).parse().unwrap_or_else(|_| Uri::from_static("/"));
        // Only what describes the read counts: nobody signs here, and nobody pays.
        head.headers.remove(http::header::AUTHORIZATION);
        let ours: Vec<_> = head.headers.keys().filter(|name| name.as_str().starts_with("x-amz-")).cloned().collect();
        ours.iter().for_each(|name| drop(head.headers.remove(name)));
        head
    }

    /// GetObject as nobody, with the conditions and range of the request.
    async fn get(&self, found: &Found, key: &str) -> Result<Response<ReplyBody>, Fault> {
        let mut head = self.as_api(key);
        head.method = Method::GET;
        let Route::Operation(op, labels) = self.door.router.route(Protocol::RestXml, &head, b"") else {
            return Err(errors::no_such_key(key));
        };
        let mut input = GetObjectInput::default();
        wire::request::decode(Protocol::RestXml, op, &head, &labels, &Bytes::new(), &mut input)
            .map_err(|e| errors::invalid_request(e.to_string()))?;
        let cx = self.cx.child().in_scope(found.scope.clone());
        let service = cx.cloud().service("s3").ok_or_else(|| Fault::internal("this cloud has no s3"))?.clone();
        let index = SERVICE.operations.iter().position(|known| std::ptr::eq(*known, op)).unwrap_or_default();
        let reply = cx.cloud().dispatch(&cx, Call { service, op: index, input: Box::new(input), unknown: Vec::new() }).await?;
        let output = reply.value.any_ref().downcast_ref::<GetObjectOutput>();
        if let Some(location) = output.and_then(|output| output.website_redirect_location.as_deref()) {
            return Ok(page::redirect(&self.cx, 301, location));
        }
        let encoded = wire::response::encode(Protocol::RestXml, &SERVICE, op, reply.value.structure(), reply.status, self.cx.request_id());
        let (parts, _) = encoded.into_parts();
        let mut response = Response::from_parts(parts, reply.body);
        mark(&self.cx, response.headers_mut());
        Ok(response)
    }

    /// What comes on every answer: CORS headers for other origins, and a line in the bucket's log.
    fn finish(&self, response: &mut Response<ReplyBody>) {
        if self.head.method != Method::OPTIONS {
            cors::decorate(&self.cx, &self.as_api(&self.asked.path), response.headers_mut());
        }
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let bytes = match response.body() {
            _ if self.head.method == Method::HEAD => None,
            ReplyBody::Bytes(bytes) => Some(bytes.len() as u64),
            _ => header("content-length").and_then(|value| value.parse().ok()),
        };
        access_log::note(
            &self.cx,
            &access_log::Seen {
                operation: &format!("WEBSITE.{}.OBJECT", self.head.method),
                bucket: &self.bucket,
                key: Some(&self.asked.path),
                head: &self.head,
                uri: &self.head.uri,
                status: response.status().as_u16(),
                error: header("x-amz-error-code"),
                bytes,
                size: header("content-length").and_then(|value| value.parse().ok()),
                version_id: header("x-amz-version-id"),
                took_ms: 0,
            },
        );
    }
}

/// Whether a key isn't there, as far as a stranger can tell.
fn is_missing(fault: &Fault) -> bool {
    matches!(&*fault.code, "NoSuchKey" | "AccessDenied")
}
