//! From a reply or a fault to HTTP: the protocol's own bytes from wire, and the headers that AWS's front doors add.

use crate::{body::Outgoing, context, cors, faults::NOWHERE, sig_v4::Dialect, visit::Visit};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use kit::{AnyReply, Context, RecordKind};
use wire::{Fault, ReplyBody, fault_response::host_id, response};

/// The answer of an operation that succeeded.
pub(crate) fn of_reply(visit: &Visit, reply: AnyReply) -> Result<Response<Outgoing>, Fault> {
    let (room, op) = (visit.room(), visit.op.expect("an operation has answered"));
    let cx = visit.cx.as_ref().expect("an operation has answered");
    let encoded = response::encode(visit.protocol, room.schema, op, reply.value.structure(), reply.status, cx.request_id());
    let (mut parts, bytes) = encoded.into_parts();
    replace(&mut parts.headers, &reply.headers);
    let body = match reply.body {
        ReplyBody::None => Outgoing::bytes(bytes),
        body => Outgoing::of(body).map_err(|e| Fault::internal(format!("the answer's body can't be read: {e}")))?,
    };
    Ok(finish(visit, cx, Response::from_parts(parts, body)))
}

/// The answer for a fault, told with what is known of the request by now, and written to the journal where dispatch has not.
pub(crate) fn of_fault(visit: &Visit, fault: &Fault) -> Response<Outgoing> {
    let schema = visit.room.map_or(&NOWHERE, |i| visit.house.rooms[i].schema);
    let operation = visit.op.map_or("", |op| op.name);
    let fresh;
    let cx = match &visit.cx {
        Some(cx) => cx,
        None => {
            fresh = context::of_nobody(visit, "gateway.refused");
            let detail = serde_json::json!({ "message": fault.message, "method": visit.head.method.as_str(), "path": visit.uri.path() });
            visit.house.cloud.journal().write(&fresh, RecordKind::Request, schema.name, operation, "", &fault.code, detail);
            &fresh
        }
    };
    let encoded = response::encode_fault(visit.protocol, schema, visit.op, fault, cx.request_id());
    let mut encoded = encoded.map(Outgoing::bytes);
    if visit.room.is_some_and(|i| visit.house.rooms[i].service.tells_faults_in_headers()) {
        // The colon is AWS's: a URI of the type's model may follow it.
        set(encoded.headers_mut(), "x-amzn-errortype", &format!("{}:", fault.code));
        set(encoded.headers_mut(), "x-amzn-errormessage", &fault.message);
    }
    finish(visit, cx, encoded)
}

/// Tells the service what its request was answered. One that was refused before anybody knew whose it is belongs to nobody's log.
pub(crate) fn tell(visit: &Visit, answer: &Response<Outgoing>, error: Option<&str>) {
    let (Some(room), Some(cx)) = (visit.room, &visit.cx) else { return };
    let took = cx.now().unix_ns - visit.began.unix_ns;
    let answered = kit::Answered {
        operation: visit.op.map_or("", |op| op.name),
        head: &visit.head,
        uri: &visit.uri,
        status: answer.status().as_u16(),
        error,
        headers: answer.headers(),
        length: answer.body().length(),
        took_ms: u64::try_from(took / 1_000_000).unwrap_or(0),
    };
    visit.house.rooms[room].service.answered(cx, &answered);
}

/// The answer of a web ACL's rule.
pub(crate) fn of_firewall(visit: &Visit, cx: &Context, stopped: &kit::Stopped) -> Result<Response<Outgoing>, Fault> {
    let (parts, body) = stopped.response(("application/json", wire::Bytes::new())).into_parts();
    let body = Outgoing::of(body).map_err(|e| Fault::internal(format!("the answer's body can't be read: {e}")))?;
    Ok(finish(visit, cx, Response::from_parts(parts, body)))
}

/// An answer that a door, an own endpoint or a service has made itself.
pub(crate) fn of_response(visit: &Visit, response: Response<ReplyBody>) -> Response<Outgoing> {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = Outgoing::of(body) else { return plain(500, "Internal Server Error\n") };
    date(visit, &mut parts.headers);
    sized(visit, Response::from_parts(parts, body))
}

/// An answer that S3 has made itself, with what its front door adds.
pub(crate) fn of_bucket(visit: &Visit, cx: &Context, mut response: Response<ReplyBody>) -> Response<Outgoing> {
    names_of_s3(cx, response.headers_mut());
    of_response(visit, response)
}

/// A few words.
pub(crate) fn plain(status: u16, text: &'static str) -> Response<Outgoing> {
    let mut response = Response::new(Outgoing::bytes(text.as_bytes()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}

/// What AWS's front doors add to every answer of an API.
fn finish(visit: &Visit, cx: &Context, mut response: Response<Outgoing>) -> Response<Outgoing> {
    let headers = response.headers_mut();
    let room = visit.room.map(|i| &visit.house.rooms[i]);
    match room.map(|r| r.dialect) {
        Some(Dialect::S3) => names_of_s3(cx, headers),
        _ => {
            if !headers.contains_key("x-amzn-requestid") {
                set(headers, "x-amzn-requestid", cx.request_id());
            }
            cors::open(&visit.head, headers);
        }
    }
    if let Some(room) = room {
        room.service.decorate(cx, &visit.head, headers);
    }
    date(visit, headers);
    sized(visit, response)
}

fn names_of_s3(cx: &Context, headers: &mut HeaderMap) {
    set(headers, "x-amz-request-id", cx.request_id());
    set(headers, "x-amz-id-2", &host_id(cx.request_id()));
    set(headers, "server", "AmazonS3");
}

fn date(visit: &Visit, headers: &mut HeaderMap) {
    if visit.house.options.virtual_date {
        set(headers, "date", &kit::time::http_date(visit.house.cloud.clock().now()));
    }
}

/// HEAD gets the headers of a body and none of it; for everything else the body itself knows its length.
fn sized(visit: &Visit, mut response: Response<Outgoing>) -> Response<Outgoing> {
    let length = response.body().length();
    if visit.head.method == Method::HEAD {
        if let Some(length) = length.filter(|l| *l > 0)
            && !response.headers().contains_key(header::CONTENT_LENGTH)
        {
            response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        }
        *response.body_mut() = Outgoing::empty();
    } else if length.is_some() {
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Puts a reply's own headers in the place of those that the model or the protocol gave; a name that comes twice stays twice.
fn replace(headers: &mut HeaderMap, own: &[(String, String)]) {
    // Metadata may hold what a header can't; AWS encodes it before it gets here.
    let own: Vec<(HeaderName, HeaderValue)> = own
        .iter()
        .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::from_bytes(value.as_bytes()).ok()?)))
        .collect();
    for (name, _) in &own {
        headers.remove(name);
    }
    for (name, value) in own {
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replys_headers_take_the_place_of_the_protocols() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/octet-stream"));
        headers.insert("etag", HeaderValue::from_static("a"));
        let own = [("Content-Type", "application/json"), ("x-two", "1"), ("x-two", "2"), ("bad name", "x")];
        replace(&mut headers, &own.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert_eq!(headers.get_all("content-type").iter().collect::<Vec<_>>(), ["application/json"]);
        assert_eq!(headers.get_all("x-two").iter().count(), 2);
        assert_eq!(headers.len(), 4);
    }
}
