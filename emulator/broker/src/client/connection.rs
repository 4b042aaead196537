//! A connection to a broker: one request, one answer, and an end to how long and how large.

use super::{
    ClientError, check,
    login::{Access, Conversation, Login, Stream, under_tls},
};
use crate::{call::text, guard::Guarded};
use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::{
    messages::{RequestHeader, ResponseHeader, SaslAuthenticateRequest, SaslHandshakeRequest},
    protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes},
};
use kit::Clock;
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Longest wait for an answer, beside what the request itself asks to wait.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Most bytes of an answer.
const BYTES_MAX: usize = 128 << 20;

/// A connection.
pub(super) struct Connection {
    address: String,
    stream: Box<dyn Stream>,
    next: i32,
    clock: Clock,
}

impl Connection {
    /// To `HOST:PORT`, as who and under what `access` says. `turn` is another one for each connection.
    pub(super) async fn open(address: &str, access: &Access, turn: u64, clock: &Clock) -> Result<Connection, ClientError> {
        let connect = async {
            let stream = TcpStream::connect(address).await?;
            let _ = stream.set_nodelay(true);
            match &access.root_ca {
                Some(root_ca) => under_tls(stream, address, root_ca).await,
                None => Ok(Box::new(stream) as Box<dyn Stream>),
            }
        };
        let connected = tokio::select! {
            connected = connect => connected,
            () = clock.real_sleep(CONNECT_MAX) => Err(io::ErrorKind::TimedOut.into()),
        };
        let stream = connected.map_err(|error| ClientError::Unreachable { address: address.to_owned(), error })?;
        let mut connection = Connection { address: address.to_owned(), stream, next: 0, clock: clock.clone() };
        if let Some(login) = &access.login {
            connection.log_in(login, turn).await?;
        }
        Ok(connection)
    }

    async fn log_in(&mut self, login: &Login, turn: u64) -> Result<(), ClientError> {
        let about = || format!("login of {}", login.user);
        let name = login.mechanism.name();
        let handshake = SaslHandshakeRequest::default().with_mechanism(text(name));
        let answer = self.call(1, handshake, Duration::ZERO).await?;
        check(answer.error_code, about, Some(&format!("the broker has no {name}")))?;
        let (mut conversation, first) = Conversation::begin(login, turn);
        let mut message = Some(first);
        while let Some(bytes) = message {
            let request = SaslAuthenticateRequest::default().with_auth_bytes(bytes.into());
            let answer = self.call(1, request, Duration::ZERO).await?;
            check(answer.error_code, about, answer.error_message.as_ref().map(|m| m.as_str()))?;
            message = conversation.next(&answer.auth_bytes).map_err(|why| ClientError::Refused {
                about: about(),
                code: "SASL_AUTHENTICATION_FAILED".into(),
                message: format!(": {why}"),
            })?;
        }
        Ok(())
    }

    /// Sends a request and reads its answer. After an error the connection is of no more use.
    pub(super) async fn call<R: Request>(&mut self, version: i16, request: R, wait: Duration) -> Result<R::Response, ClientError> {
        self.next += 1;
        let out = self.encoded(version, &request).map_err(|e| self.broken(e))?;
        let clock = self.clock.clone();
        let answered = tokio::select! {
            answered = self.exchange(&out) => answered,
            () = clock.real_sleep(ANSWER_MAX + wait) => Err(io::ErrorKind::TimedOut.into()),
        };
        let answer = answered.map_err(|e| self.broken(e))?;
        self.decoded::<R::Response>(version, answer).map_err(|e| self.broken(e))
    }

    fn encoded<R: Request>(&self, version: i16, request: &R) -> io::Result<BytesMut> {
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.next)
            .with_client_id(Some(StrBytes::from_static_str("windtunnel")));
        let mut out = BytesMut::new();
        out.put_i32(0);
        header.encode(&mut out, R::header_version(version)).map_err(|e| io::Error::other(e.to_string()))?;
        request.encode(&mut out, version).map_err(|e| io::Error::other(e.to_string()))?;
        let length = (out.len() - 4) as i32;
        out[..4].copy_from_slice(&length.to_be_bytes());
        Ok(out)
    }

    async fn exchange(&mut self, out: &[u8]) -> io::Result<Bytes> {
        self.stream.write_all(out).await?;
        let length = self.stream.read_i32().await?;
        let length = usize::try_from(length).ok().filter(|length| *length <= BYTES_MAX);
        let mut limited = (&mut self.stream).take(length.ok_or_else(|| io::Error::other("an answer of a length beyond the limit"))? as u64);
        let (mut answer, length) = (BytesMut::new(), limited.limit() as usize);
        while answer.len() < length {
            if limited.read_buf(&mut answer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(answer.freeze())
    }

    fn decoded<T: Decodable + HeaderVersion>(&self, version: i16, mut answer: Bytes) -> io::Result<T> {
        let header = ResponseHeader::decode(&mut answer, T::header_version(version)).map_err(|e| io::Error::other(e.to_string()))?;
        if header.correlation_id != self.next {
            return Err(io::Error::other("an answer to another request"));
        }
        // A broker elsewhere may say anything of lengths.
        T::decode(&mut Guarded::answer(answer.clone()), version).map_err(|e| io::Error::other(e.to_string()))?;
        T::decode(&mut answer, version).map_err(|e| io::Error::other(e.to_string()))
    }

    fn broken(&self, error: io::Error) -> ClientError {
        ClientError::Broken { address: self.address.clone(), error }
    }
}
