//! Encryption, data keys and MACs: real round trips, and everything that must not decrypt.

use crate::desk::*;
use serde_json::json;

#[tokio::test]
async fn what_is_encrypted_comes_back_under_its_context_only() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    let context = json!({ "bucket": "photos", "owner": "ada" });
    let sealed = desk.ok("Encrypt", json!({ "KeyId": id, "Plaintext": blob(b"hello"), "EncryptionContext": context })).await;
    assert_eq!((&sealed["KeyId"], &sealed["EncryptionAlgorithm"]), (&json!(arn(&id)), &json!("SYMMETRIC_DEFAULT")));
    assert!(!bytes(&sealed["CiphertextBlob"]).windows(5).any(|w| w == b"hello"));
    let opened = desk.ok("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": context })).await;
    assert_eq!((bytes(&opened["Plaintext"]), &opened["KeyId"]), (b"hello".to_vec(), &json!(arn(&id))));

    for wrong in
        [json!({}), json!({ "bucket": "photos" }), json!({ "bucket": "photos", "owner": "bob" }), json!({ "bucketowner": "photosada" })]
    {
        let got = desk.refused("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": wrong })).await;
        assert_eq!(got, ("InvalidCiphertextException".to_owned(), String::new()), "{wrong}");
    }
    let whole = bytes(&sealed["CiphertextBlob"]);
    for at in 0..whole.len() {
        let mut bent = whole.clone();
        bent[at] ^= 1;
        let fault = desk.call("Decrypt", json!({ "CiphertextBlob": blob(&bent), "EncryptionContext": context })).await.unwrap_err();
        // A changed name of the key leads to a key that isn't there; everything else is a damaged ciphertext.
        assert!(matches!(&*fault.code, "InvalidCiphertextException" | "AccessDeniedException"), "{at}: {fault}");
    }
    assert_eq!(desk.refused("Decrypt", json!({ "CiphertextBlob": blob(b"junk") })).await.0, "InvalidCiphertextException");
    let other = desk.key(json!({})).await;
    let wrong =
        desk.refused("Decrypt", json!({ "CiphertextBlob": sealed["CiphertextBlob"], "EncryptionContext": context, "KeyId": other })).await;
    assert_eq!(wrong.0, "IncorrectKeyException");
}

#[tokio::test]
async fn a_plaintext_has_at_most_4096_bytes() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    let most = desk.ok("Encrypt", json!({ "KeyId": id, "Plaintext": blob(&[7; 4096]) })).await;
    assert_eq!(bytes(&desk.ok("Decrypt", json!({ "CiphertextBlob": most["CiphertextBlob"] })).await["Plaintext"]), vec![7; 4096]);
    let (code, message) = desk.refused("Encrypt", json!({ "KeyId": id, "Plaintext": blob(&[7; 4097]) })).await;
    assert_eq!(code, "ValidationException");
    assert!(message.contains("'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"), "{message}");
    let dry = desk.call("Encrypt", json!({ "KeyId": id, "Plaintext": blob(b"x"), "DryRun": true })).await.unwrap_err();
    assert_eq!((&*dry.code, dry.status), ("DryRunOperationException", 412));
}

#[tokio::test]
async fn re_encryption_moves_a_secret_to_another_key_and_context() {
    let desk = Desk::new().await;
    let (one, two) = (desk.key(json!({})).await, desk.key(json!({})).await);
    let sealed = desk.ok("Encrypt", json!({ "KeyId": one, "Plaintext": blob(b"secret"), "EncryptionContext": { "a": "1" } })).await;
    let input = json!({
        "CiphertextBlob": sealed["CiphertextBlob"], "SourceEncryptionContext": { "a": "1" },
        "DestinationKeyId": two, "DestinationEncryptionContext": { "b": "2" },
    });
    let moved = desk.ok("ReEncrypt", input).await;
    assert_eq!((&moved["SourceKeyId"], &moved["KeyId"]), (&json!(arn(&one)), &json!(arn(&two))));
    let opened =
        desk.ok("Decrypt", json!({ "CiphertextBlob": moved["CiphertextBlob"], "EncryptionContext": { "b": "2" }, "KeyId": two })).await;
    assert_eq!(bytes(&opened["Plaintext"]), b"secret");
}

#[tokio::test]
async fn data_keys_are_what_their_ciphertexts_hold() {
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    for (ask, length) in
        [(json!({ "KeySpec": "AES_256" }), 32), (json!({ "KeySpec": "AES_128" }), 16), (json!({ "NumberOfBytes": 100 }), 100)]
    {
        let mut input = json!({ "KeyId": id, "EncryptionContext": { "x": "y" } });
        input.as_object_mut().unwrap().extend(ask.as_object().unwrap().clone());
        let made = desk.ok("GenerateDataKey", input.clone()).await;
        assert_eq!(bytes(&made["Plaintext"]).len(), length);
        let opened = desk.ok("Decrypt", json!({ "CiphertextBlob": made["CiphertextBlob"], "EncryptionContext": { "x": "y" } })).await;
        assert_eq!(opened["Plaintext"], made["Plaintext"]);
        let hidden = desk.ok("GenerateDataKeyWithoutPlaintext", input).await;
        assert_eq!(hidden.get("Plaintext"), None);
        let opened = desk.ok("Decrypt", json!({ "CiphertextBlob": hidden["CiphertextBlob"], "EncryptionContext": { "x": "y" } })).await;
        assert_eq!(bytes(&opened["Plaintext"]).len(), length);
        assert_ne!(opened["Plaintext"], made["Plaintext"]);
    }
    for input in [json!({ "KeyId": id }), json!({ "KeyId": id, "KeySpec": "AES_256", "NumberOfBytes": 32 })] {
        let got = desk.refused("GenerateDataKey", input).await;
        assert_eq!(got, ("ValidationException".to_owned(), "Please specify either number of bytes or key spec.".to_owned()));
    }
    let random = desk.ok("GenerateRandom", json!({ "NumberOfBytes": 1024 })).await;
    let another = desk.ok("GenerateRandom", json!({ "NumberOfBytes": 1024 })).await;
    assert_eq!(bytes(&random["Plaintext"]).len(), 1024);
    assert_ne!(random, another);
    assert_eq!(desk.refused("GenerateRandom", json!({})).await.0, "ValidationException");
}

#[tokio::test]
async fn a_data_key_pair_signs_what_its_public_key_verifies() {
    use p256::ecdsa::signature::{Signer, Verifier};
    use p256::pkcs8::{DecodePrivateKey, DecodePublicKey};
    let desk = Desk::new().await;
    let id = desk.key(json!({})).await;
    let made = desk.ok("GenerateDataKeyPair", json!({ "KeyId": id, "KeyPairSpec": "ECC_NIST_P256" })).await;
    let private = p256::ecdsa::SigningKey::from_pkcs8_der(&bytes(&made["PrivateKeyPlaintext"])).unwrap();
    let public = p256::ecdsa::VerifyingKey::from_public_key_der(&bytes(&made["PublicKey"])).unwrap();
    let signature: p256::ecdsa::Signature = private.sign(b"message");
    public.verify(b"message", &signature).unwrap();
    let opened = desk.ok("Decrypt", json!({ "CiphertextBlob": made["PrivateKeyCiphertextBlob"] })).await;
    assert_eq!(opened["Plaintext"], made["PrivateKeyPlaintext"]);
    let hidden = desk.ok("GenerateDataKeyPairWithoutPlaintext", json!({ "KeyId": id, "KeyPairSpec": "ECC_NIST_P384" })).await;
    assert_eq!(hidden.get("PrivateKeyPlaintext"), None);
    let refused = desk.refused("GenerateDataKeyPair", json!({ "KeyId": id, "KeyPairSpec": "SM2" })).await;
    assert_eq!(refused.0, "NotImplemented");
}

#[tokio::test]
async fn macs_are_hmacs_and_wrong_ones_are_refused() {
    let desk = Desk::new().await;
    for (spec, algorithm, length) in [
        ("HMAC_224", "HMAC_SHA_224", 28),
        ("HMAC_256", "HMAC_SHA_256", 32),
        ("HMAC_384", "HMAC_SHA_384", 48),
        ("HMAC_512", "HMAC_SHA_512", 64),
    ] {
        let id = desk.key(json!({ "KeySpec": spec, "KeyUsage": "GENERATE_VERIFY_MAC" })).await;
        let mut input = json!({ "KeyId": id, "Message": blob(b"m"), "MacAlgorithm": algorithm });
        let made = desk.ok("GenerateMac", input.clone()).await;
        assert_eq!(bytes(&made["Mac"]).len(), length);
        input["Mac"] = made["Mac"].clone();
        assert_eq!(desk.ok("VerifyMac", input.clone()).await["MacValid"], true);
        input["Message"] = blob(b"n");
        assert_eq!(desk.refused("VerifyMac", input).await.0, "KMSInvalidMacException");
        let wrong = if algorithm == "HMAC_SHA_256" { "HMAC_SHA_512" } else { "HMAC_SHA_256" };
        let got = desk.refused("GenerateMac", json!({ "KeyId": id, "Message": blob(b"m"), "MacAlgorithm": wrong })).await;
        assert_eq!(got, ("InvalidKeyUsageException".to_owned(), format!("Algorithm {wrong} is incompatible with key spec {spec}.")));
    }
    let id = desk.key(json!({})).await;
    let got = desk.refused("GenerateMac", json!({ "KeyId": id, "Message": blob(b"m"), "MacAlgorithm": "HMAC_SHA_256" })).await;
    let sentence = format!("{} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.", arn(&id));
    assert_eq!(got, ("InvalidKeyUsageException".to_owned(), sentence));
}
