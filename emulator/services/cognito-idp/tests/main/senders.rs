//! Functions that send messages themselves: what they get opens with the pool's key, as the AWS Encryption SDK would open it.

use crate::{
    desk::{Desk, PASSWORD},
    functions::{Functions, Keys, arn},
};
use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use serde_json::json;
use sha2::Sha256;

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

/// Reads bytes from the front.
struct Reader<'a>(&'a [u8]);
impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> &'a [u8] {
        let (front, rest) = self.0.split_at(n);
        self.0 = rest;
        front
    }
    fn short(&mut self) -> usize {
        usize::from(u16::from_be_bytes(self.take(2).try_into().unwrap()))
    }
    fn field(&mut self) -> &'a [u8] {
        let length = self.short();
        self.take(length)
    }
}

/// Opens a message of the AWS Encryption SDK, version 1, of one frame; its context and its text.
fn open(message: &[u8], data_key: &[u8; 32]) -> (Vec<u8>, String) {
    let mut reader = Reader(message);
    assert_eq!(reader.take(4), [1, 0x80, 1, 0x78]);
    let id = reader.take(16);
    let context = reader.field().to_vec();
    assert_eq!(reader.short(), 1);
    assert_eq!(reader.field(), b"aws-kms");
    assert_eq!(reader.field(), Keys::ARN.as_bytes());
    assert_eq!(reader.field(), Keys::ENCRYPTED);
    assert_eq!(reader.take(10), [2, 0, 0, 0, 0, 12, 0, 0, 16, 0]);
    let head = &message[..message.len() - reader.0.len()];
    let prk = mac(&[0; 32], &[data_key]);
    let cipher = Aes256Gcm::new(&mac(&prk, &[&[1, 0x78], id, &[1]]).into());
    let nonce = |bytes: &[u8]| Nonce::from(<[u8; 12]>::try_from(bytes).unwrap());
    let iv = reader.take(12);
    cipher.decrypt(&nonce(iv), Payload { msg: reader.take(16), aad: head }).unwrap();
    assert_eq!(reader.take(8), [255, 255, 255, 255, 0, 0, 0, 1]);
    let iv = reader.take(12);
    let length = u32::from_be_bytes(reader.take(4).try_into().unwrap());
    let mut aad = [id, b"AWSKMSEncryptionClient Final Frame", &[0, 0, 0, 1]].concat();
    aad.extend(u64::from(length).to_be_bytes());
    let plain = cipher.decrypt(&nonce(iv), Payload { msg: reader.0, aad: &aad }).unwrap();
    (context, String::from_utf8(plain).unwrap())
}

#[tokio::test]
async fn the_code_travels_encrypted() {
    let desk = Desk::with(json!({ "AutoVerifiedAttributes": ["email"] }), json!({})).await;
    let functions = Functions::offered(&desk.cloud);
    desk.cloud.ports().offer_keys(std::sync::Arc::new(Keys));
    let sender = json!({ "LambdaVersion": "V1_0", "LambdaArn": arn("sender") });
    let update = |config| json!({ "UserPoolId": desk.pool, "AutoVerifiedAttributes": ["email"], "LambdaConfig": config });
    let keyless = desk.try_admin("UpdateUserPool", update(json!({ "CustomEmailSender": sender }))).await.unwrap_err();
    assert_eq!(keyless.code, "InvalidParameterException");
    desk.admin("UpdateUserPool", update(json!({ "CustomEmailSender": sender, "KMSKeyID": Keys::ARN }))).await;
    functions.on("sender", |_| Ok(json!(null)));
    let attributes = json!([{ "Name": "email", "Value": "ann@example.com" }]);
    desk.ok("SignUp", json!({ "ClientId": desk.client, "Username": "ann", "Password": PASSWORD, "UserAttributes": attributes })).await;
    let event = functions.only("sender");
    assert_eq!(
        (&event["triggerSource"], &event["request"]["type"]),
        (&json!("CustomEmailSender_SignUp"), &json!("customEmailSenderRequestV1"))
    );
    let message = STANDARD.decode(event["request"]["code"].as_str().unwrap()).unwrap();
    let (context, code) = open(&message, &Keys::PLAIN);
    assert!(String::from_utf8_lossy(&context).contains(&desk.pool));
    assert_eq!(code, desk.code("ann").await);
    desk.ok("ConfirmSignUp", json!({ "ClientId": desk.client, "Username": "ann", "ConfirmationCode": code })).await;
}
