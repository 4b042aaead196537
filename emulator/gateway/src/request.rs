//! The life of a request, as one list of steps: [`life`] and [`operation`] read as the list, each step is a named function below them or in
//! the room of its name.

use crate::{
    answer,
    auth::{Caller, Evidence, Judge, Refusal},
    body::{AwsChunked, Framing, Hashed, Outgoing, checksum, hashed},
    context, cors, faults, form,
    house::House,
    sig_v4::{Dialect, Payload},
    visit::{Visit, collect},
    which::which_service,
};
use futures_util::FutureExt;
use http::{Request, Response};
use kit::{AnyReply, Call, DROP_CONNECTION, DroppedConnection, RecordKind};
use sha2::{Digest, Sha256};
use std::{net::SocketAddr, panic::AssertUnwindSafe, sync::Arc, time::Duration};
use wire::{Body, Fault, Labels, OperationSchema, Place, Protocol, Route};

/// The connection is to be closed without an answer, as a fault rule asked.
#[derive(Debug)]
pub(crate) struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is dropped by a fault rule")
    }
}
impl std::error::Error for Dropped {}

/// From a request to its answer.
pub(crate) async fn life(
    house: &Arc<House>,
    request: Request<hyper::body::Incoming>,
    peer: SocketAddr,
) -> Result<Response<Outgoing>, Dropped> {
    let mut visit = accept(house, request, peer);
    if let Some(answer) = door(&mut visit).await {
        return match answer.extensions().get::<DroppedConnection>() {
            Some(_) => Err(Dropped),
            None => Ok(answer),
        };
    }
    if let Some(answer) = own_endpoint(&mut visit).await {
        return Ok(answer);
    }
    if let Some(answer) = cors::preflight(&mut visit).await {
        return Ok(answer);
    }
    let (answer, error) = match operation(&mut visit).await {
        Ok(answer) if nobody_said_continue(&visit) => (last_where_a_body_was_held_back(&visit, answer), None),
        Ok(answer) => (answer, None),
        Err(fault) if fault.code == DROP_CONNECTION => return Err(Dropped),
        Err(fault) => {
            drain(&mut visit).await;
            (last_where_a_body_was_held_back(&visit, answer::of_fault(&visit, &fault)), Some(fault.code))
        }
    };
    answer::tell(&visit, &answer, error.as_deref());
    Ok(answer)
}

/// Whether a request was answered without its body having been asked for: an empty one, or one that nothing reads. botocore takes the answer
/// for an early one then, and reads the next of the same connection wrongly.
fn nobody_said_continue(visit: &Visit) -> bool {
    let empty = visit.header("content-length").is_none_or(|length| length == "0") && visit.header("transfer-encoding").is_none();
    visit.incoming.is_some() || empty
}

/// Who waits for `100 Continue` and is refused doesn't send the body: what comes next on the connection would be taken for it. As S3 does,
/// the answer says that the connection ends; botocore would go on using it.
fn last_where_a_body_was_held_back(visit: &Visit, mut answer: Response<Outgoing>) -> Response<Outgoing> {
    if visit.head.headers.contains_key("expect") {
        answer.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    }
    answer
}

/// Reads on for a moment what a refused client is still sending: a connection closed on unread bytes is reset, and the client would see
/// that and not the fault. Those who wait for `100 Continue` send nothing.
async fn drain(visit: &mut Visit) {
    const MOST_BYTES: u64 = 16 << 20;
    const LONGEST: Duration = Duration::from_secs(2);
    if visit.incoming.is_none() || visit.head.headers.contains_key("expect") {
        return;
    }
    let mut body = visit.take_incoming(MOST_BYTES);
    let clock = visit.house.cloud.clock().clone();
    let all = async { while let Some(Ok(_)) = body.next().await {} };
    tokio::select! {
        biased;
        () = all => {}
        () = clock.real_sleep(LONGEST) => {}
    }
}

/// A request for an operation of a service.
async fn operation(visit: &mut Visit) -> Result<Response<Outgoing>, Fault> {
    which_service(visit).await?;
    if form::is_meant(visit) {
        return form::post(visit).await;
    }
    let labels = which_operation(visit).await?;
    body_limits(visit)?;
    let caller = authenticate(visit).await?;
    let (call, streamed, bytes) = decode(visit, labels, caller).await?;
    if let Some(answer) = firewall(visit, &call, &bytes).await? {
        return Ok(answer);
    }
    let reply = dispatch(visit, call, streamed).await?;
    answer::of_reply(visit, reply)
}

/// Takes the request apart and reads, without judging, who claims to have signed it.
fn accept(house: &Arc<House>, request: Request<hyper::body::Incoming>, peer: SocketAddr) -> Visit {
    let (head, incoming) = request.into_parts();
    let evidence = Evidence::of(&head);
    let uri = head.uri.clone();
    let mut visit = Visit {
        house: house.clone(),
        peer,
        head,
        uri,
        hoisted: Vec::new(),
        host_bucket: None,
        evidence,
        incoming: Some(incoming),
        held: None,
        room: None,
        protocol: Protocol::RestJson,
        op: None,
        cx: None,
        began: house.cloud.clock().now(),
    };
    hoist_presigned_headers(&mut visit);
    visit
}

/// S3 takes `x-amz-*` parameters of a presigned URL for headers.
fn hoist_presigned_headers(visit: &mut Visit) {
    let presigned = match &visit.evidence {
        Evidence::Query(Ok(url)) => Dialect::of(&url.credential.scope.service) == Dialect::S3,
        Evidence::V2(_, in_query) => *in_query,
        _ => false,
    };
    if !presigned {
        return;
    }
    const PART_OF_THE_SIGNATURE: [&str; 7] = [
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-signedheaders",
        "x-amz-signature",
        "x-amz-security-token",
    ];
    let query = visit.uri.query().unwrap_or("");
    for name in query.split('&').map(|p| p.split('=').next().unwrap_or(p)) {
        let lower = name.to_ascii_lowercase();
        if !lower.starts_with("x-amz-") || PART_OF_THE_SIGNATURE.contains(&lower.as_str()) || visit.head.headers.contains_key(&lower) {
            continue;
        }
        let value = crate::sig_v4::presigned::parameter(query, name).unwrap_or_default();
        if let (Ok(header), Ok(value)) = (http::HeaderName::try_from(&lower), http::HeaderValue::try_from(value)) {
            visit.head.headers.insert(header, value);
            visit.hoisted.push(lower);
        }
    }
}

/// Endpoints of services that are not their API. A signature is judged where there is one.
async fn door(visit: &mut Visit) -> Option<Response<Outgoing>> {
    let house = visit.house.clone();
    let door = house.doors.iter().find(|d| d.takes(&house.cloud, &visit.head))?;
    let caller = match door_caller(visit, door.hears_of_refused_signatures()).await {
        Ok(caller) => caller,
        Err(fault) => return Some(answer::of_fault(visit, &fault)),
    };
    let cx = context::of_caller(visit, &caller, door.name());
    let limit = house.options.max_streamed_bytes;
    let incoming = visit.take_incoming(limit);
    let body = match unframe(visit, incoming, caller) {
        Ok(body) => body,
        Err(fault) => return Some(answer::of_fault(visit, &fault)),
    };
    let what = format!("{} {}", visit.head.method, visit.head.uri.path());
    let token = house.cloud.work().begin(format!("{}:{what}", door.name()));
    // A door that fails must not take the connection's other requests with it.
    let answered = AssertUnwindSafe(door.answer(cx.clone(), visit.head.clone(), body)).catch_unwind().await;
    let response = match answered {
        Ok(response) => answer::of_response(visit, response),
        Err(_) => answer::plain(500, "Internal Server Error\n"),
    };
    let outcome = response.status().as_u16();
    let outcome = if outcome < 400 { "ok".to_owned() } else { outcome.to_string() };
    house.cloud.journal().write(
        &cx,
        RecordKind::Request,
        door.name(),
        visit.head.method.as_str(),
        visit.head.uri.path(),
        &outcome,
        serde_json::Value::Null,
    );
    drop(token);
    Some(response)
}

/// Endpoints of the emulator itself; services may have doors under the same prefix, which were asked before.
async fn own_endpoint(visit: &mut Visit) -> Option<Response<Outgoing>> {
    let path = visit.head.uri.path();
    if path != "/_windtunnel" && !path.starts_with("/_windtunnel/") {
        return None;
    }
    let Some(own) = visit.house.own.clone() else {
        return Some(answer::plain(404, "this gateway has no endpoints of its own\n"));
    };
    let body = visit.take_incoming(visit.house.options.max_streamed_bytes);
    let request = Request::from_parts(visit.head.clone(), body);
    Some(answer::of_response(visit, own(request).await))
}

/// Who asks a door. One that hears of refused signatures is asked by nobody then, and told why.
async fn door_caller(visit: &mut Visit, hears: bool) -> Result<Caller, Fault> {
    let Some(scope) = visit.evidence.scope() else {
        return Ok(Caller::anonymous(None, Payload::Unsigned));
    };
    let dialect = Dialect::of(&scope.service);
    if dialect == Dialect::Standard && visit.header("x-amz-content-sha256").is_none() {
        visit.hold().await?;
    }
    match judge(visit, dialect) {
        Err(fault) if hears => {
            visit.head.extensions.insert(kit::RefusedSignature(fault));
            Ok(Caller::anonymous(None, Payload::Unsigned))
        }
        judged => judged,
    }
}

/// The operation of the service that the request means.
async fn which_operation(visit: &mut Visit) -> Result<Labels, Fault> {
    if matches!(visit.protocol, Protocol::Query | Protocol::Ec2) {
        visit.hold().await?;
    }
    let room = visit.room();
    // Only the protocols that name the operation in the body hold it this early.
    let held = visit.held.clone().map(|held| plain(visit, held)).transpose()?.unwrap_or_default();
    let route = room.router.route(visit.protocol, &visit.head, &held);
    match route {
        Route::Operation(op, labels) => {
            visit.op = Some(op);
            Ok(labels)
        }
        Route::Refused(name) => Err(Fault::not_implemented(room.schema.name, name)),
        Route::Unknown => Err(faults::unknown_operation(visit)),
    }
}

/// What can be said about the body's size before it is read.
fn body_limits(visit: &Visit) -> Result<(), Fault> {
    let op = visit.op.expect("which_operation comes first");
    let length: Option<u64> = visit.header("content-length").and_then(|v| v.parse().ok());
    if !streams_in(op) {
        let limit = visit.house.options.held_bytes(visit.protocol);
        return match length {
            Some(length) if length > limit as u64 => Err(faults::too_large(visit, limit)),
            _ => Ok(()),
        };
    }
    if visit.room().dialect == Dialect::S3 && length.is_none() && visit.header("x-amz-decoded-content-length").is_none() {
        return Err(match visit.head.headers.contains_key("transfer-encoding") {
            true => Fault::new("NotImplemented", 501, "A header you provided implies functionality that is not implemented")
                .with("Header", "Transfer-Encoding")
                .with("additionalMessage", "x-amz-decoded-content-length or Content-Length has to say how long the body is"),
            false => Fault::new("MissingContentLength", 411, "You must provide the Content-Length HTTP header."),
        });
    }
    let limit = visit.house.options.max_streamed_bytes;
    match length {
        Some(length) if length > limit => Err(Fault::new("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
            .with("ProposedSize", length.to_string())
            .with("MaxSizeAllowed", limit.to_string())),
        _ => Ok(()),
    }
}

/// Whether an operation takes its body as a stream.
fn streams_in(op: &OperationSchema) -> bool {
    let Some(payload) = op.input.traits.payload else { return false };
    op.input
        .members()
        .iter()
        .any(|m| (m.wire_name() == payload || m.name == payload) && (m.schema.traits.streaming || m.schema.traits.event_stream))
}

/// Who sends the request. Operations that AWS takes unsigned don't look at signatures; S3 leaves nobody to its policies.
async fn authenticate(visit: &mut Visit) -> Result<Caller, Fault> {
    let (op, dialect) = (visit.op.expect("which_operation comes first"), visit.room().dialect);
    let caller = if op.unsigned {
        Caller::anonymous(visit.evidence.scope().filter(|s| s.region_is_well_formed()).map(|s| s.region.as_str()), Payload::Unsigned)
    } else {
        if dialect == Dialect::Standard {
            if matches!(visit.evidence, Evidence::None) {
                return Err(Refusal::MissingToken.fault(dialect, visit.protocol));
            }
            if visit.evidence.is_signed() && visit.header("x-amz-content-sha256").is_none() {
                visit.hold().await?;
            }
        }
        judge(visit, dialect)?
    };
    let room = visit.room();
    let cx = context::of_caller(visit, &caller, &format!("{}.{}", room.schema.name, op.name));
    visit.cx = Some(cx);
    Ok(caller)
}

fn judge(visit: &Visit, dialect: Dialect) -> Result<Caller, Fault> {
    let held = visit.held.as_ref().map(|bytes| kit::hex(&Sha256::digest(bytes)));
    let judge = Judge { body_sha256: held.as_deref(), ..judge_of(visit, dialect) };
    judge.caller(&visit.evidence).map_err(|refusal| refusal.fault(dialect, visit.protocol))
}

/// The judge of a visit whose body nobody has read.
pub(crate) fn judge_of(visit: &Visit, dialect: Dialect) -> Judge<'_> {
    Judge {
        cloud: &visit.house.cloud,
        keys: &visit.house.keys,
        head: &visit.head,
        uri: &visit.uri,
        hoisted: &visit.hoisted,
        dialect,
        host_bucket: visit.host_bucket.as_deref(),
        body_sha256: None,
        began: visit.house.began,
        version_2: visit.house.options.signature_version_2,
    }
}

/// Takes off what the signature put around the body, and checks on the way what it says about it.
fn unframe(visit: &mut Visit, body: Body, caller: Caller) -> Result<Body, Fault> {
    match caller.payload {
        Payload::Unsigned => Ok(body),
        Payload::Sha256(hash) => {
            let length = body.length;
            Ok(Body::new(Hashed::new(body, &hash), length))
        }
        Payload::SignedChunks { .. } | Payload::UnsignedChunks => {
            let signed_trailer = caller.payload == Payload::SignedChunks { trailer: true };
            if matches!(caller.payload, Payload::SignedChunks { .. }) && caller.chunks.is_none() {
                return Err(Fault::new("AccessDenied", 403, "Access Denied: chunks can't be signed in a request that is not."));
            }
            let Some(decoded_length) = visit.header("x-amz-decoded-content-length").and_then(|v| v.parse::<u64>().ok()) else {
                return Err(Fault::new("MissingContentLength", 411, "You must provide the Content-Length HTTP header."));
            };
            if decoded_length > visit.house.options.max_streamed_bytes {
                return Err(Fault::new("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size")
                    .with("ProposedSize", decoded_length.to_string())
                    .with("MaxSizeAllowed", visit.house.options.max_streamed_bytes.to_string()));
            }
            let names = visit.head.headers.get_all("x-amz-trailer").iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(','));
            let trailers = names.map(|n| n.trim().to_ascii_lowercase()).filter(|n| !n.is_empty()).collect();
            forget_aws_chunked(visit);
            AwsChunked::body(body, Framing { signer: caller.chunks, trailers, signed_trailer, decoded_length })
        }
    }
}

/// `Content-Encoding: aws-chunked,gzip` describes the transfer in its first word and the object in the rest; services see the rest.
fn forget_aws_chunked(visit: &mut Visit) {
    let Some(value) = visit.header("content-encoding") else { return };
    let rest: Vec<&str> = value.split(',').filter(|w| !matches!(w.trim(), "" | "aws-chunked")).collect();
    // What stays is given back as it was written, spaces and all.
    let rest = rest.join(",");
    let rest = rest.trim();
    match http::HeaderValue::from_str(rest) {
        Ok(value) if !rest.is_empty() => drop(visit.head.headers.insert("content-encoding", value)),
        _ => drop(visit.head.headers.remove("content-encoding")),
    }
}

/// S3 reads the headers that an object keeps as Latin-1, as recorded: every byte is a letter. What stood in a URL is UTF-8 and stays.
fn read_as_latin_1(visit: &mut Visit) {
    use http::header;
    const KEPT: [http::HeaderName; 5] =
        [header::CACHE_CONTROL, header::CONTENT_DISPOSITION, header::CONTENT_ENCODING, header::CONTENT_LANGUAGE, header::CONTENT_TYPE];
    let hoisted = &visit.hoisted;
    for (name, value) in visit.head.headers.iter_mut().filter(|(_, value)| !value.as_bytes().is_ascii()) {
        let is_kept = name.as_str().starts_with("x-amz-meta-") || KEPT.contains(name);
        if is_kept && !hoisted.iter().any(|moved| moved == name.as_str()) {
            let text: String = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
            *value = http::HeaderValue::try_from(text).unwrap_or_else(|_| value.clone());
        }
    }
}

/// The operation's input, and its body where it streams it.
async fn decode(visit: &mut Visit, labels: Labels, caller: Caller) -> Result<(Call, Option<Body>, wire::Bytes), Fault> {
    let op = visit.op.expect("which_operation comes first");
    if visit.room().dialect == Dialect::S3 {
        read_as_latin_1(visit);
    }
    let (bytes, streamed) = match streams_in(op) {
        true => {
            let incoming =
                visit.take_incoming(visit.house.options.max_streamed_bytes.saturating_add(visit.house.options.max_streamed_bytes / 8));
            (wire::Bytes::new(), Some(unframe(visit, incoming, caller)?))
        }
        false => {
            let form = held_body(visit, caller).await?;
            check_digests(visit, op, &form)?;
            let form = plain(visit, form)?;
            (with_path_member(visit, op, form), None)
        }
    };
    Ok((call(visit, op, &labels, &bytes)?, streamed, bytes))
}

/// The web ACL's judgement of a request that needs no signature. It stands behind decoding, for only the input tells whose resource it is.
async fn firewall(visit: &Visit, call: &Call, bytes: &wire::Bytes) -> Result<Option<Response<Outgoing>>, Fault> {
    if !visit.op.is_some_and(|op| op.unsigned) {
        return Ok(None);
    }
    let cx = visit.cx.as_ref().expect("authenticate comes first");
    let Some(guarded) = call.service.guarded(cx, call.op, &*call.input, bytes) else { return Ok(None) };
    let inside = cx.in_scope(guarded.scope);
    let request = kit::Inspected { head: &visit.head, body: &guarded.body, path: None, host: Some(&guarded.host) };
    let stopped = match kit::firewall::inspect(&inside, &guarded.arn, request).await {
        kit::Verdict::Pass(_) => return Ok(None),
        kit::Verdict::Stop(stopped) => stopped,
    };
    let detail = serde_json::json!({ "webAclAction": stopped.action });
    let service = visit.room().schema.name;
    visit.house.cloud.journal().write(&inside, RecordKind::Request, service, call.name(), &guarded.arn, "ForbiddenException", detail);
    match stopped.own_answer && stopped.body.is_some() {
        true => answer::of_firewall(visit, cx, &stopped).map(Some),
        // Confirmed in AWS's developer guide and by what SDKs report; the status is from memory.
        false => Err(Fault::new("ForbiddenException", 403, "Request not allowed due to WAF block.")),
    }
}

/// A held body without the encoding that clients may put around it. S3's bodies keep theirs.
fn plain(visit: &Visit, body: wire::Bytes) -> Result<wire::Bytes, Fault> {
    match visit.room().dialect {
        Dialect::S3 => Ok(body),
        _ => crate::inflate::inflate(visit.header("content-encoding"), body, visit.house.options.held_bytes(visit.protocol)),
    }
}

/// The call that head, labels and held body make.
pub(crate) fn call(visit: &Visit, op: &'static OperationSchema, labels: &Labels, bytes: &wire::Bytes) -> Result<Call, Fault> {
    let room = visit.room();
    let index = room.schema.operations.iter().position(|o| std::ptr::eq(*o, op)).expect("the router knows the service's operations");
    let mut input = room.service.input(index);
    let decoded = wire::request::decode(visit.protocol, op, &visit.head, labels, bytes, input.structure_mut())
        .map_err(|error| room.service.undecodable_input(op, error))?;
    Ok(Call { service: room.service.clone(), op: index, input, unknown: decoded.unknown })
}

/// S3 checks what headers say of a body that doesn't stream; other services have no such headers. Where the operation knows the checksum
/// headers itself they speak of an object (CompleteMultipartUpload) and are its own affair.
fn check_digests(visit: &Visit, op: &OperationSchema, body: &[u8]) -> Result<(), Fault> {
    if visit.room().dialect != Dialect::S3 {
        return Ok(());
    }
    let whole_object = op.input.members().iter().any(|m| m.place == Place::Header && m.wire_name() == "x-amz-checksum-crc32");
    checksum::check_held(&visit.head.headers, body, whole_object)
}

/// Query clients of old name the resource by the path they post to (a queue's URL): the form gets it as the member that it stands for.
fn with_path_member(visit: &Visit, op: &OperationSchema, form: wire::Bytes) -> wire::Bytes {
    let path = visit.head.uri.path();
    let Some(member) = visit.room().service.path_member().filter(|_| visit.protocol == Protocol::Query && path.len() > 1) else {
        return form;
    };
    let known = op.input.members().iter().any(|m| m.name == member);
    let query = visit.head.uri.query().unwrap_or("").as_bytes();
    let told = query
        .split(|b| *b == b'&')
        .chain(form.split(|b| *b == b'&'))
        .any(|p| p.strip_prefix(member.as_bytes()).is_some_and(|r| r.starts_with(b"=")));
    if !known || told {
        return form;
    }
    let url = format!("http://{}{path}", visit.header("host").unwrap_or("localhost"));
    let mut form = form.to_vec();
    if !form.is_empty() {
        form.push(b'&');
    }
    form.extend_from_slice(
        format!("{member}={}", percent_encoding::utf8_percent_encode(&url, percent_encoding::NON_ALPHANUMERIC)).as_bytes(),
    );
    form.into()
}

/// The whole body of an operation that does not stream it, checked against the signature.
async fn held_body(visit: &mut Visit, caller: Caller) -> Result<wire::Bytes, Fault> {
    let limit = visit.house.options.held_bytes(visit.protocol);
    let declared = visit.header("x-amz-content-sha256").is_some();
    if let (Some(held), false) = (&visit.held, caller.payload.is_chunked()) {
        // What was held for the signature was hashed for it, unless a header told the hash.
        let held = held.clone();
        if let (true, Payload::Sha256(hash)) = (declared, &caller.payload) {
            let computed = kit::hex(&Sha256::digest(&held));
            if !hash.eq_ignore_ascii_case(&computed) {
                return Err(wrong_hash(visit, hash, &computed));
            }
        }
        return Ok(held);
    }
    let incoming = visit.take_incoming(u64::MAX);
    let mut body = unframe(visit, incoming, caller)?;
    let dialect = visit.room().dialect;
    collect(&mut body, limit, visit).await.map_err(|fault| match (fault.code.as_ref(), dialect) {
        ("XAmzContentSHA256Mismatch", Dialect::Standard) => wrong_hash(visit, "", ""),
        _ => fault,
    })
}

/// S3 says which hashes differ; elsewhere the hash is part of the signature and nothing more.
fn wrong_hash(visit: &Visit, expected: &str, computed: &str) -> Fault {
    match visit.room().dialect {
        Dialect::S3 => hashed::mismatch(expected, computed),
        dialect => {
            let refusal = Refusal::SignatureDoesNotMatch {
                access_key: String::new(),
                signature: String::new(),
                string_to_sign: String::new(),
                canonical: None,
            };
            refusal.fault(dialect, visit.protocol)
        }
    }
}

/// Faults on purpose, authorisation, the handler, the journal: kit's one function. A handler that panics answers 500.
pub(crate) async fn dispatch(visit: &mut Visit, call: Call, streamed: Option<Body>) -> Result<AnyReply, Fault> {
    let mut cx = visit.cx.take().expect("authenticate comes first");
    if let Some(body) = streamed {
        cx = cx.with_body(body);
    }
    visit.cx = Some(cx.clone());
    let cloud = visit.house.cloud.clone();
    let name = call.name();
    match AssertUnwindSafe(cloud.dispatch(&cx, call)).catch_unwind().await {
        Ok(result) => result,
        Err(_) => {
            let service = visit.room().schema.name;
            cloud.journal().write(&cx, RecordKind::House, service, name, "", "panic", serde_json::Value::Null);
            Err(Fault::new("InternalFailure", 500, "The request processing has failed because of an unknown error, exception or failure."))
        }
    }
}
