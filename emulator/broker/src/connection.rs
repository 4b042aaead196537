//! A connection: requests are read one after the other, answered in order, and the next is read when the answer is written.

use crate::{
    about::about,
    api,
    auth::Session,
    call::Call,
    guard::Guarded,
    host::Sabotage,
    listener::Bound,
    room::{self, Held},
    shared::Shared,
};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{ApiKey, RequestHeader, ResponseHeader},
    protocol::{Decodable, Encodable},
};
use std::{io, net::IpAddr, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    sync::{Notify, OwnedSemaphorePermit},
};

/// Bytes before the body of any request: key, version, correlation id.
const HEAD_BYTES: usize = 8;
/// Longest request before authentication; Kafka's `sasl.server.max.receive.size`.
const STRANGER_MAX_BYTES: usize = 512 << 10;

/// Serves a connection until it ends.
pub async fn serve<S: AsyncRead + AsyncWrite + Unpin>(broker: &Arc<Shared>, bound: &Bound, mut stream: S, ip: IpAddr) -> io::Result<()> {
    let notify = Arc::new(Notify::new());
    let mut session = Session::new(bound);
    loop {
        let length = tokio::select! {
            length = stream.read_i32() => length?,
            () = broker.options.clock.real_sleep(broker.options.limits.idle_max) => return Ok(()),
        };
        let length = usize::try_from(length).map_err(|_| malformed("a negative length"))?;
        let known = session.admits(ApiKey::Produce);
        if length < HEAD_BYTES || length > if known { broker.options.limits.request_max_bytes } else { STRANGER_MAX_BYTES } {
            return Err(malformed("a length beyond the limit"));
        }
        let (clock, stall) = (&broker.options.clock, broker.options.limits.stall_max);
        let (request, held) = broker.room.read(&mut stream, length, clock, stall).await?;
        let token = broker.options.work.begin("kafka");
        if let Some((answer, _room)) = answer(broker, bound, &mut session, ip, &notify, request, &held, token).await? {
            broker.metrics.count(|m| &m.bytes_out, answer.len() as u64);
            room::write(&mut stream, answer, clock, stall).await?;
        }
        broker.metrics.count(|m| &m.bytes_in, length as u64);
        if session.ended(broker.now_ms()) {
            return Ok(());
        }
    }
}

/// The answer to a request, if it wants one, and the room that the answer takes until it is written.
#[allow(clippy::too_many_arguments)] // what a connection has in hand, at its one place
async fn answer(
    broker: &Arc<Shared>,
    bound: &Bound,
    session: &mut Session,
    ip: IpAddr,
    notify: &Arc<Notify>,
    request: Bytes,
    held: &Held,
    token: kit::Token,
) -> io::Result<Option<(Bytes, Option<OwnedSemaphorePermit>)>> {
    let mut head = request.clone();
    let (key, version, correlation) = (head.get_i16(), head.get_i16(), head.get_i32());
    let mut out = BytesMut::with_capacity(256);
    out.put_i32(0);
    let Some(known) = api::find(key, version) else {
        // Clients ask for versions first; whoever asks for anything else that isn't offered can't be answered in a form that it reads.
        if key != ApiKey::ApiVersions as i16 {
            return Err(malformed("an API or version that isn't offered"));
        }
        ResponseHeader::default().with_correlation_id(correlation).encode(&mut out, 0).map_err(io::Error::other)?;
        api::api_versions::unsupported().encode(&mut out, 0).map_err(io::Error::other)?;
        return Ok(Some((framed(out), None)));
    };
    let header = known.request_header_version(version);
    RequestHeader::decode(&mut Guarded::new(request.clone()), header).map_err(|e| malformed(e.to_string()))?;
    let mut body = request;
    let client = RequestHeader::decode(&mut body, header).map_err(|e| malformed(e.to_string()))?.client_id.unwrap_or_default();
    ResponseHeader::default()
        .with_correlation_id(correlation)
        .encode(&mut out, known.response_header_version(version))
        .map_err(io::Error::other)?;
    if !session.admits(known) {
        return Err(malformed("a request before authentication"));
    }
    broker.metrics.count(|m| &m.requests, 1);
    let mut room = None;
    let answered = match known {
        ApiKey::SaslHandshake => session.handshake(bound, body, version, &mut out)?,
        ApiKey::SaslAuthenticate => session.authenticate(broker, bound, body, version, &mut out).await?,
        _ => {
            let peer = session.peer();
            let sabotage = sabotage(broker, known, version, &body).await;
            if sabotage == Sabotage::Drop {
                return Err(io::Error::other("dropped by a fault rule"));
            }
            let call = Call::new(broker, bound, &peer, ip, client, version, notify, sabotage, held, token);
            let answered = api::answer(&call, known, body, &mut out).await?;
            room = call.room();
            if sabotage == Sabotage::AnswerLost {
                return Err(io::Error::other("its answer is lost by a fault rule"));
            }
            answered
        }
    };
    Ok(answered.then(|| (framed(out), room)))
}

/// What a rule does to a request; waits, if the rule says so.
async fn sabotage(broker: &Arc<Shared>, key: ApiKey, version: i16, body: &Bytes) -> Sabotage {
    let Some(host) = broker.options.host.as_ref().filter(|host| host.armed()) else { return Sabotage::None };
    let about = about(key, version, body, &|id| broker.topics.by_id(id.as_bytes()).map(|topic| topic.name.to_string()));
    let Some(effect) = host.effect(&format!("{key:?}"), &about) else { return Sabotage::None };
    if let Some(latency) = effect.latency {
        broker.options.clock.real_sleep(latency).await;
    }
    Sabotage::of(&effect, key)
}

fn framed(mut out: BytesMut) -> Bytes {
    let length = (out.len() - 4) as i32;
    out[..4].copy_from_slice(&length.to_be_bytes());
    out.freeze()
}

/// A request that can't be answered: the connection ends.
pub fn malformed(why: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.into())
}
