//! Endpoints that are not the API: the links in messages, which are followed without a signature, and the certificate.

use crate::{Sns, arns, confirmation, model::*, signing};
use http::{Method, Response, header, request::Parts};
use kit::{BoxFuture, Cloud, Context, Door, Fault};
use percent_encoding::percent_decode_str;
use wire::{Body, Protocol, ReplyBody, Structure, response};

/// `/?Action=ConfirmSubscription&TopicArn=..&Token=..` and `/?Action=Unsubscribe&SubscriptionArn=..`, not signed.
pub(crate) struct Links;

impl Door for Links {
    fn name(&self) -> &'static str {
        "sns-links"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        // Every request of the cloud is asked about here: what costs nothing comes first.
        if head.method != Method::GET || head.uri.path() != "/" || head.headers.contains_key(header::AUTHORIZATION) {
            return false;
        }
        let query = head.uri.query().unwrap_or("");
        let unsigned = parameter(query, "X-Amz-Signature").is_none();
        unsigned && matches!(parameter(query, "Action").as_deref(), Some("ConfirmSubscription" | "Unsubscribe"))
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, _: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(async move {
            let query = head.uri.query().unwrap_or("");
            let get = |name: &str| parameter(query, name).unwrap_or_default();
            match get("Action").as_str() {
                "ConfirmSubscription" => {
                    let confirmed = confirmation::confirm(&at_home(&cx, &get("TopicArn")), &get("TopicArn"), &get("Token"), None).await;
                    let output = confirmed.map(|arn| ConfirmSubscriptionOutput { subscription_arn: Some(arn) });
                    encoded(&cx, "ConfirmSubscription", output)
                }
                _ => {
                    let arn = get("SubscriptionArn");
                    let ended = confirmation::unsubscribe_unsigned(&at_home(&cx, arns::topic_of_subscription(&arn)), &arn).await;
                    encoded(&cx, "Unsubscribe", ended.map(|()| UnsubscribeOutput {}))
                }
            }
        })
    }
}

/// The same work in the account and region of the topic, where the ARN is one.
fn at_home(cx: &Context, topic_arn: &str) -> Context {
    match arns::of_topic(topic_arn) {
        Ok((scope, _)) => cx.in_scope(scope),
        Err(_) => cx.clone(),
    }
}

fn encoded<T: Structure>(cx: &Context, operation: &str, result: Result<T, Fault>) -> Response<ReplyBody> {
    let op = SERVICE.operations.iter().copied().find(|o| o.name == operation).expect("an operation of this service");
    let response = match result {
        Ok(output) => response::encode(Protocol::Query, &SERVICE, op, &output, None, cx.request_id()),
        Err(fault) => response::encode_fault(Protocol::Query, &SERVICE, Some(op), &fault, cx.request_id()),
    };
    response.map(ReplyBody::Bytes)
}

fn parameter(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|part| part.split_once('=').filter(|(n, _)| *n == name))?.1;
    Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
}

/// `/SimpleNotificationService-<fingerprint>.pem`, the path that AWS's certificates have under its own host.
pub(crate) struct Certificate(pub Sns);

impl Door for Certificate {
    fn name(&self) -> &'static str {
        "sns-certificate"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        head.method == Method::GET && fingerprint(head.uri.path()).is_some()
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, _: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(async move {
            let found = fingerprint(head.uri.path()).and_then(|name| self.0.signers.certificate(&cx, name));
            let mut response = match found {
                Some(pem) => Response::new(ReplyBody::Bytes(pem.into())),
                None => {
                    let mut none = Response::new(ReplyBody::None);
                    *none.status_mut() = http::StatusCode::NOT_FOUND;
                    none
                }
            };
            response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/x-pem-file"));
            response
        })
    }
}

fn fingerprint(path: &str) -> Option<&str> {
    path.strip_prefix(signing::CERT_PATH.0)?.strip_suffix(signing::CERT_PATH.1)
}
