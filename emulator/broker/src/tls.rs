//! The broker's own certificate authority: made at the start, kept in the data folder, given out so that clients can trust it.

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
};
use std::{io, path::Path, sync::Arc};
use tokio_rustls::TlsAcceptor;

/// An authority.
pub struct Ca {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    /// The authority of a folder, or a fresh one.
    pub fn new(dir: Option<&Path>) -> io::Result<Ca> {
        let key = match dir.map(|dir| std::fs::read_to_string(dir.join("ca.key"))) {
            Some(Ok(pem)) => KeyPair::from_pem(&pem).map_err(io::Error::other)?,
            _ => KeyPair::generate().map_err(io::Error::other)?,
        };
        let mut params = CertificateParams::new(Vec::new()).map_err(io::Error::other)?;
        params.distinguished_name.push(DnType::CommonName, "Windtunnel Kafka CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let mut pem = params.self_signed(&key).map_err(io::Error::other)?.pem();
        if let Some(dir) = dir {
            std::fs::create_dir_all(dir)?;
            // Whoever trusts the certificate of an earlier start goes on doing so: it has the same name and key.
            match std::fs::read_to_string(dir.join("ca.pem")) {
                Ok(earlier) => pem = earlier,
                Err(_) => {
                    std::fs::write(dir.join("ca.key"), key.serialize_pem())?;
                    std::fs::write(dir.join("ca.pem"), &pem)?;
                }
            }
        }
        Ok(Ca { pem, issuer: Issuer::new(params, key) })
    }

    /// What clients have to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }
    /// Takes connections under a certificate for these host names and addresses.
    pub fn acceptor(&self, hosts: Vec<String>) -> io::Result<TlsAcceptor> {
        certificate(&self.issuer, hosts).map(|config| TlsAcceptor::from(Arc::new(config)))
    }
}

fn certificate(issuer: &Issuer<'_, KeyPair>, hosts: Vec<String>) -> io::Result<ServerConfig> {
    let key = KeyPair::generate().map_err(io::Error::other)?;
    let mut params = CertificateParams::new(hosts).map_err(io::Error::other)?;
    params.distinguished_name.push(DnType::CommonName, "kafka");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&key, issuer).map_err(io::Error::other)?;
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(io::Error::other)
}
