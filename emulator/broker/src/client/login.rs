//! Who a client says it is, and under what: TLS by an authority that it was given, SASL PLAIN and SCRAM.

use crate::auth::scram::{self, Hash};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use std::{io, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// How brokers are come to. The default is plaintext, and nobody.
#[derive(Clone, Default)]
pub struct Access {
    /// Certificates (PEM) of the authority that brokers' certificates are checked by. With one, everything goes under TLS.
    pub root_ca: Option<String>,
    /// Who the client is.
    pub login: Option<Login>,
}

/// Who a client says it is. No `Debug`: passwords stay out of logs.
#[derive(Clone)]
pub struct Login {
    /// How it is said.
    pub mechanism: Mechanism,
    /// User.
    pub user: String,
    /// Password.
    pub password: String,
    /// Fresh, for what only SCRAM's two sides know of a conversation.
    pub entropy: [u8; 32],
}

/// SASL's mechanisms that a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// PLAIN
    Plain,
    /// SCRAM-SHA-256
    Scram256,
    /// SCRAM-SHA-512
    Scram512,
}

impl Mechanism {
    /// As SASL names it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::Scram256 => "SCRAM-SHA-256",
            Mechanism::Scram512 => "SCRAM-SHA-512",
        }
    }
    /// Its hash, if it is one of SCRAM's.
    fn hash(self) -> Option<Hash> {
        match self {
            Mechanism::Plain => None,
            Mechanism::Scram256 => Some(Hash::Sha256),
            Mechanism::Scram512 => Some(Hash::Sha512),
        }
    }
}

/// What connections are made of.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// The stream under TLS, by an authority's certificates.
pub(super) async fn under_tls(stream: TcpStream, address: &str, root_ca: &str) -> io::Result<Box<dyn Stream>> {
    let invalid = |why: String| io::Error::new(io::ErrorKind::InvalidInput, why);
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(root_ca.as_bytes()) {
        let certificate = certificate.map_err(|e| invalid(format!("the authority's certificate is not PEM: {e}")))?;
        roots.add(certificate).map_err(|e| invalid(format!("the authority's certificate is none: {e}")))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host).trim_matches(['[', ']']);
    let name = ServerName::try_from(host.to_owned()).map_err(|e| invalid(e.to_string()))?;
    Ok(Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
}

/// A client's side of a login, message by message.
pub(super) struct Conversation<'a> {
    login: &'a Login,
    bare: String,
    expected: Option<Vec<u8>>,
}

impl<'a> Conversation<'a> {
    /// The first message. `turn` tells conversations of one login apart.
    pub(super) fn begin(login: &'a Login, turn: u64) -> (Conversation<'a>, Vec<u8>) {
        match login.mechanism {
            Mechanism::Plain => {
                let message = format!("\0{}\0{}", login.user, login.password).into_bytes();
                (Conversation { login, bare: String::new(), expected: None }, message)
            }
            Mechanism::Scram256 | Mechanism::Scram512 => {
                let bare = scram::first(&login.user, login.entropy, turn);
                let message = format!("n,,{bare}").into_bytes();
                (Conversation { login, bare, expected: None }, message)
            }
        }
    }

    /// The next message, after what the broker said; `None` when both have said all.
    pub(super) fn next(&mut self, said: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let Some(hash) = self.login.mechanism.hash() else { return Ok(None) };
        match self.expected.take() {
            None => {
                let (proof, expected) = scram::prove(hash, &self.login.password, &self.bare, said)?;
                self.expected = Some(expected);
                Ok(Some(proof))
            }
            Some(expected) if expected == said => Ok(None),
            Some(_) => Err("the broker does not know the password that it let in".into()),
        }
    }
}
