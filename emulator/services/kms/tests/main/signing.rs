//! Asymmetric keys: what they sign and encrypt is checked with their public keys, outside KMS.

use crate::desk::*;
use p256::ecdsa::signature::Verifier;
use p256::pkcs8::DecodePublicKey as _;
use rsa::{Oaep, Pkcs1v15Sign, Pss, RsaPublicKey, pkcs8::DecodePublicKey as _};
use serde_json::{Value, json};
use sha2::{Digest, Sha256, Sha384};

async fn signed(desk: &Desk, id: &str, algorithm: &str, message: &[u8], kind: &str) -> Vec<u8> {
    let input = json!({ "KeyId": id, "Message": blob(message), "MessageType": kind, "SigningAlgorithm": algorithm });
    let made = desk.ok("Sign", input.clone()).await;
    assert_eq!((&made["SigningAlgorithm"], &made["KeyId"]), (&json!(algorithm), &json!(arn(id))));
    let mut check = input;
    check["Signature"] = made["Signature"].clone();
    assert_eq!(desk.ok("Verify", check.clone()).await["SignatureValid"], true);
    let mut bent = bytes(&made["Signature"]);
    *bent.last_mut().unwrap() ^= 1;
    check["Signature"] = blob(&bent);
    assert_eq!(desk.refused("Verify", check).await.0, "KMSInvalidSignatureException");
    bytes(&made["Signature"])
}

async fn public(desk: &Desk, id: &str) -> (Value, Vec<u8>) {
    let got = desk.ok("GetPublicKey", json!({ "KeyId": id })).await;
    let der = bytes(&got["PublicKey"]);
    (got, der)
}

#[tokio::test]
async fn curves_sign_messages_and_digests() {
    let desk = Desk::new().await;
    let id = desk.key(json!({ "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY" })).await;
    let (told, der) = public(&desk, &id).await;
    assert_eq!((&told["KeySpec"], &told["SigningAlgorithms"]), (&json!("ECC_NIST_P256"), &json!(["ECDSA_SHA_256"])));
    let key = p256::ecdsa::VerifyingKey::from_public_key_der(&der).unwrap();
    let signature = signed(&desk, &id, "ECDSA_SHA_256", b"message", "RAW").await;
    key.verify(b"message", &p256::ecdsa::Signature::from_der(&signature).unwrap()).unwrap();
    let signature = signed(&desk, &id, "ECDSA_SHA_256", &Sha256::digest(b"message"), "DIGEST").await;
    key.verify(b"message", &p256::ecdsa::Signature::from_der(&signature).unwrap()).unwrap();
    let input = json!({ "KeyId": id, "Message": blob(b"short"), "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256" });
    let got = desk.refused("Sign", input).await;
    assert_eq!(got, ("ValidationException".to_owned(), "Digest is invalid length for algorithm ECDSA_SHA_256.".to_owned()));
    let got = desk.refused("Encrypt", json!({ "KeyId": id, "Plaintext": blob(b"x") })).await;
    let sentence = format!("{} key usage is SIGN_VERIFY which is not valid for Encrypt.", arn(&id));
    assert_eq!(got, ("InvalidKeyUsageException".to_owned(), sentence));

    let id = desk.key(json!({ "KeySpec": "ECC_NIST_P384", "KeyUsage": "SIGN_VERIFY" })).await;
    let key = p384::ecdsa::VerifyingKey::from_public_key_der(&public(&desk, &id).await.1).unwrap();
    let signature = signed(&desk, &id, "ECDSA_SHA_384", b"message", "RAW").await;
    key.verify(b"message", &p384::ecdsa::Signature::from_der(&signature).unwrap()).unwrap();
}

#[tokio::test]
async fn rsa_signs_by_both_schemes() {
    let desk = Desk::new().await;
    let id = desk.key(json!({ "KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY" })).await;
    let (told, der) = public(&desk, &id).await;
    assert_eq!(told["SigningAlgorithms"].as_array().unwrap().len(), 6);
    let key = RsaPublicKey::from_public_key_der(&der).unwrap();
    let signature = signed(&desk, &id, "RSASSA_PKCS1_V1_5_SHA_256", b"message", "RAW").await;
    key.verify(Pkcs1v15Sign::new::<Sha256>(), &Sha256::digest(b"message"), &signature).unwrap();
    let signature = signed(&desk, &id, "RSASSA_PSS_SHA_384", b"message", "RAW").await;
    key.verify(Pss::new::<Sha384>(), &Sha384::digest(b"message"), &signature).unwrap();
    signed(&desk, &id, "RSASSA_PSS_SHA_512", b"message", "RAW").await;
    let wrong = json!({ "KeyId": id, "Message": blob(b"m"), "SigningAlgorithm": "ECDSA_SHA_256" });
    assert_eq!(desk.refused("Sign", wrong).await.1, "Algorithm ECDSA_SHA_256 is incompatible with key spec RSA_2048.");
}

#[tokio::test]
async fn rsa_encrypts_what_fits_and_decrypts_what_outsiders_encrypted() {
    let desk = Desk::new().await;
    let id = desk.key(json!({ "KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT" })).await;
    for (algorithm, most) in [("RSAES_OAEP_SHA_256", 190), ("RSAES_OAEP_SHA_1", 214)] {
        let plain = vec![9; most];
        let sealed = desk.ok("Encrypt", json!({ "KeyId": id, "Plaintext": blob(&plain), "EncryptionAlgorithm": algorithm })).await;
        let input = json!({ "KeyId": id, "CiphertextBlob": sealed["CiphertextBlob"], "EncryptionAlgorithm": algorithm });
        assert_eq!(bytes(&desk.ok("Decrypt", input).await["Plaintext"]), plain);
        let large = json!({ "KeyId": id, "Plaintext": blob(&vec![9; most + 1]), "EncryptionAlgorithm": algorithm });
        let sentence = format!("Algorithm {algorithm} and key spec RSA_2048 cannot encrypt data larger than {most} bytes.");
        assert_eq!(desk.refused("Encrypt", large).await, ("ValidationException".to_owned(), sentence));
    }
    let key = RsaPublicKey::from_public_key_der(&public(&desk, &id).await.1).unwrap();
    let sealed = key.encrypt(&mut desk.cx.ids().rng(), Oaep::new::<Sha256>(), b"from outside").unwrap();
    let input = json!({ "KeyId": id, "CiphertextBlob": blob(&sealed), "EncryptionAlgorithm": "RSAES_OAEP_SHA_256" });
    assert_eq!(bytes(&desk.ok("Decrypt", input).await["Plaintext"]), b"from outside");
    let wrong = json!({ "KeyId": id, "CiphertextBlob": blob(&sealed), "EncryptionAlgorithm": "RSAES_OAEP_SHA_1" });
    assert_eq!(desk.refused("Decrypt", wrong).await.0, "InvalidCiphertextException");
    assert_eq!(desk.refused("Encrypt", json!({ "KeyId": id, "Plaintext": blob(b"x") })).await.0, "InvalidKeyUsageException");
    assert_eq!(desk.refused("GenerateDataKey", json!({ "KeyId": id, "KeySpec": "AES_256" })).await.0, "InvalidKeyUsageException");
    assert_eq!(desk.refused("EnableKeyRotation", json!({ "KeyId": id })).await.0, "UnsupportedOperationException");
    let symmetric = desk.key(json!({})).await;
    assert_eq!(desk.refused("GetPublicKey", json!({ "KeyId": symmetric })).await.0, "UnsupportedOperationException");
}
