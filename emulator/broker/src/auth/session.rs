//! Where a connection stands with saying who it is: SaslHandshake names the mechanism, SaslAuthenticate carries its messages.

use super::{
    Authority, Peer, plain,
    scram::{Exchange, Hash},
};
use crate::{call::text, connection::malformed, guard::Guarded, listener::Bound, shared::Shared};
use bytes::{Bytes, BytesMut};
use kafka_protocol::{
    ResponseError,
    messages::{ApiKey, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse},
    protocol::{Decodable, Encodable},
};
use std::io;

enum Stage {
    Unknown,
    Chosen(String),
    Scram(Exchange),
    Known,
    Failed,
}

/// The authentication of one connection.
pub struct Session {
    stage: Stage,
    peer: Peer,
    asked: bool,
}

impl Session {
    /// Of a connection to this listener.
    pub fn new(bound: &Bound) -> Session {
        let asked = bound.security.sasl();
        Session { stage: if asked { Stage::Unknown } else { Stage::Known }, peer: Peer::anonymous(), asked }
    }
    /// Whether a request may be answered now.
    pub fn admits(&self, key: ApiKey) -> bool {
        matches!(key, ApiKey::ApiVersions | ApiKey::SaslHandshake | ApiKey::SaslAuthenticate) || matches!(self.stage, Stage::Known)
    }
    /// Who it is.
    pub fn peer(&self) -> Peer {
        self.peer.clone()
    }
    /// Whether the connection has to end: it failed, or what it showed has run out.
    pub fn ended(&self, now_ms: i64) -> bool {
        matches!(self.stage, Stage::Failed)
            || (matches!(self.stage, Stage::Known) && self.peer.until_ms.is_some_and(|until| until <= now_ms))
    }

    /// Chooses the mechanism.
    pub fn handshake(&mut self, bound: &Bound, body: Bytes, version: i16, out: &mut BytesMut) -> io::Result<bool> {
        let request: SaslHandshakeRequest = decode(body, version)?;
        let offered = bound.mechanisms.iter().map(|name| text(*name)).collect();
        let known = bound.mechanisms.iter().any(|name| *name == request.mechanism.as_str());
        let error = match () {
            () if !self.asked => ResponseError::IllegalSaslState.code(),
            // Version 0 goes on with bare messages outside of requests, as clients of 2015 did.
            () if version == 0 => ResponseError::UnsupportedVersion.code(),
            () if !known => ResponseError::UnsupportedSaslMechanism.code(),
            () => 0,
        };
        if error == 0 {
            self.stage = Stage::Chosen(request.mechanism.to_string());
        }
        let response = SaslHandshakeResponse::default().with_error_code(error).with_mechanisms(offered);
        response.encode(out, version).map_err(io::Error::other)?;
        Ok(true)
    }

    /// Takes a message of the mechanism.
    pub async fn authenticate(
        &mut self,
        broker: &Shared,
        bound: &Bound,
        body: Bytes,
        version: i16,
        out: &mut BytesMut,
    ) -> io::Result<bool> {
        let request: SaslAuthenticateRequest = decode(body, version)?;
        let message = &request.auth_bytes;
        let answered = match &bound.authority {
            Some(authority) => self.step(message, authority.as_ref(), broker.ids.bytes()).await,
            None => Err("this broker knows no users".into()),
        };
        let response = match answered {
            Ok(answer) => {
                let left = self.peer.until_ms.map_or(0, |until| (until - broker.now_ms()).max(1));
                let left = if matches!(self.stage, Stage::Known) && version >= 1 { left } else { 0 };
                SaslAuthenticateResponse::default().with_auth_bytes(answer.into()).with_session_lifetime_ms(left)
            }
            Err(why) => {
                self.stage = Stage::Failed;
                let code = ResponseError::SaslAuthenticationFailed.code();
                SaslAuthenticateResponse::default().with_error_code(code).with_error_message(Some(text(why)))
            }
        };
        response.encode(out, version).map_err(io::Error::other)?;
        Ok(true)
    }

    async fn step(&mut self, message: &[u8], authority: &dyn Authority, entropy: [u8; 32]) -> Result<Vec<u8>, String> {
        let (peer, answer) = match std::mem::replace(&mut self.stage, Stage::Failed) {
            Stage::Chosen(mechanism) => match mechanism.as_str() {
                "PLAIN" => (plain::plain(message, authority).await?, Vec::new()),
                "OAUTHBEARER" => (plain::bearer(message, authority)?, Vec::new()),
                scram => {
                    let hash = if scram == "SCRAM-SHA-256" { Hash::Sha256 } else { Hash::Sha512 };
                    let (exchange, answer) = Exchange::begin(hash, message, entropy)?;
                    self.stage = Stage::Scram(exchange);
                    return Ok(answer);
                }
            },
            Stage::Scram(exchange) => exchange.finish(message, authority).await?,
            Stage::Unknown | Stage::Known | Stage::Failed => return Err("SaslHandshake comes first".into()),
        };
        (self.peer, self.stage) = (peer, Stage::Known);
        Ok(answer)
    }
}

fn decode<T: Decodable>(body: Bytes, version: i16) -> io::Result<T> {
    T::decode(&mut Guarded::new(body.clone()), version).map_err(|e| malformed(e.to_string()))?;
    T::decode(&mut body.clone(), version).map_err(|e| malformed(e.to_string()))
}
