//! Signatures are made by a real key, and the certificate is where the message says.

use crate::desk::{Desk, queue_arn};
use base64::{Engine, prelude::BASE64_STANDARD};
use rsa::{Pkcs1v15Sign, RsaPublicKey, pkcs8::DecodePublicKey};
use serde_json::json;
use sha2::{Digest, Sha256};

/// The public key in a certificate: the last SEQUENCE of SubjectPublicKeyInfo's form in it.
fn public_key(pem: &str) -> RsaPublicKey {
    let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = BASE64_STANDARD.decode(text).unwrap();
    let rsa_encryption = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let at = der.windows(rsa_encryption.len()).position(|w| w == rsa_encryption).unwrap();
    let start = at - 4;
    let length = usize::from(der[start + 2]) << 8 | usize::from(der[start + 3]);
    RsaPublicKey::from_public_key_der(&der[start..start + 4 + length]).unwrap()
}

#[tokio::test]
async fn both_versions_verify_with_the_certificate() {
    let desk = Desk::new().await;
    let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let server = gateway.serve(desk.cloud.clone(), None);
    desk.cloud.set_endpoint(format!("http://{}", server.address()));
    for version in ["1", "2"] {
        let topic = desk.topic(&format!("t{version}"), json!({ "SignatureVersion": version })).await;
        let queue = format!("q{version}");
        desk.subscribe(&topic, "sqs", &queue_arn(&queue), json!({})).await;
        desk.ok("Publish", json!({ "TopicArn": topic, "Message": "signed", "Subject": "s" })).await;
        let envelope = desk.envelopes(&queue).await.remove(0);
        assert_eq!(envelope["SignatureVersion"], version);
        let url = envelope["SigningCertURL"].as_str().unwrap();
        let pem = get(url).await;
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\n"), "{url}: {pem}");
        let fields = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
        let text: String = fields.iter().map(|f| format!("{f}\n{}\n", envelope[*f].as_str().unwrap())).collect();
        let signature = BASE64_STANDARD.decode(envelope["Signature"].as_str().unwrap()).unwrap();
        let key = public_key(&pem);
        let verified = match version {
            "2" => key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(text.as_bytes()), &signature),
            _ => {
                let prefix = [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];
                let scheme = Pkcs1v15Sign { hash_len: Some(20), prefix: prefix.to_vec().into() };
                key.verify(scheme, &sha1::Sha1::digest(text.as_bytes()), &signature)
            }
        };
        verified.unwrap();
    }
}

async fn get(url: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut socket = tokio::net::TcpStream::connect(host).await.unwrap();
    socket.write_all(format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    text.split_once("\r\n\r\n").unwrap().1.to_owned()
}
