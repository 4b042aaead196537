//! Passkeys against an authenticator of our own, written from the standard: registered, used, and refused wherever something is not right.

use crate::desk::Desk;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const RP: &str = "shop.example";
const ORIGIN: &str = "https://www.shop.example";

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// An authenticator with one key.
struct Authenticator {
    key: SigningKey,
    id: Vec<u8>,
    count: u32,
    /// User present and verified.
    flags: u8,
    rp: &'static str,
    origin: &'static str,
}

impl Authenticator {
    fn new(secret: u8) -> Authenticator {
        let key = SigningKey::from_slice(&[secret; 32]).unwrap();
        Authenticator { key, id: vec![secret; 16], count: 0, flags: 0x05, rp: RP, origin: ORIGIN }
    }
    fn client_data(&self, kind: &str, options: &Value) -> String {
        json!({ "type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": false }).to_string()
    }
    fn data(&self, flags: u8) -> Vec<u8> {
        [&Sha256::digest(self.rp)[..], &[flags], &self.count.to_be_bytes()].concat()
    }
    fn create(&self, options: &Value) -> Value {
        let point = self.key.verifying_key().to_sec1_point(false);
        let (x, y) = (&point.as_bytes()[1..33], &point.as_bytes()[33..]);
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y}
        let cose = [&[0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32], x, &[0x22, 0x58, 32], y].concat();
        let head = [&self.data(self.flags | 0x40)[..], &[0; 16], &(self.id.len() as u16).to_be_bytes(), &self.id, &cose].concat();
        // {"fmt": "none", "attStmt": {}, "authData": ...}
        let attestation = [&b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x59"[..], &(head.len() as u16).to_be_bytes(), &head].concat();
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key", "authenticatorAttachment": "platform",
            "response": {
                "clientDataJSON": encode(self.client_data("webauthn.create", options).as_bytes()),
                "attestationObject": encode(&attestation), "transports": ["internal"],
            },
        })
    }
    fn get(&mut self, options: &Value) -> Value {
        self.count += 1;
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(self.flags);
        let signature: Signature = self.key.sign(&[&data[..], &Sha256::digest(&client_data)].concat());
        json!({
            "id": encode(&self.id), "rawId": encode(&self.id), "type": "public-key",
            "response": {
                "clientDataJSON": encode(client_data.as_bytes()), "authenticatorData": encode(&data),
                "signature": encode(signature.to_der().as_bytes()),
            },
        })
    }
}

async fn desk(hides: bool, config: Value) -> Desk {
    let policies = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] } });
    let hidden = if hides { "ENABLED" } else { "LEGACY" };
    let flows = ["ALLOW_USER_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
    let client = json!({ "ExplicitAuthFlows": flows, "PreventUserExistenceErrors": hidden });
    let desk = Desk::with(json!({ "Policies": policies }), client).await;
    let mut input = json!({ "UserPoolId": desk.pool, "WebAuthnConfiguration": { "RelyingPartyId": RP } });
    input["WebAuthnConfiguration"].as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    let set = desk.admin("SetUserPoolMfaConfig", input).await;
    assert_eq!(set["WebAuthnConfiguration"]["RelyingPartyId"], RP);
    desk.user("ann").await;
    desk
}

impl Desk {
    async fn options(&self, access: &Value) -> Value {
        self.ok("StartWebAuthnRegistration", json!({ "AccessToken": access })).await["CredentialCreationOptions"].clone()
    }
    async fn register(&self, access: &Value, authenticator: &Authenticator) -> Result<Value, kit::Fault> {
        let credential = authenticator.create(&self.options(access).await);
        self.call("CompleteWebAuthnRegistration", json!({ "AccessToken": access, "Credential": credential })).await
    }
    /// The challenge of a passkey, and its options.
    async fn asked(&self, name: &str) -> (Value, Value) {
        let parameters = json!({ "USERNAME": name, "PREFERRED_CHALLENGE": "WEB_AUTHN" });
        let asked =
            self.ok("InitiateAuth", json!({ "ClientId": self.client, "AuthFlow": "USER_AUTH", "AuthParameters": parameters })).await;
        assert_eq!(asked["ChallengeName"], "WEB_AUTHN", "{asked}");
        let options = serde_json::from_str(asked["ChallengeParameters"]["CREDENTIAL_REQUEST_OPTIONS"].as_str().unwrap()).unwrap();
        (asked, options)
    }
    async fn prove(&self, asked: &Value, credential: &Value, name: &str) -> Result<Value, kit::Fault> {
        self.call("RespondToAuthChallenge", self.answer(asked, json!({ "CREDENTIAL": credential.to_string() }), name)).await
    }
}

#[tokio::test]
async fn a_passkey_is_registered_used_listed_and_forgotten() {
    let desk = desk(false, json!({})).await;
    let access = desk.sign_in("ann").await["AccessToken"].clone();
    let options = desk.options(&access).await;
    assert_eq!((&options["rp"]["id"], &options["pubKeyCredParams"][0]["alg"]), (&json!(RP), &json!(-7)));
    let mut authenticator = Authenticator::new(7);
    desk.register(&access, &authenticator).await.unwrap();
    let twice = desk.register(&access, &authenticator).await.unwrap_err();
    assert_eq!(twice.code, "InvalidParameterException");
    let factors = desk.ok("GetUserAuthFactors", json!({ "AccessToken": access })).await;
    assert_eq!(factors["ConfiguredUserAuthFactors"], json!(["PASSWORD", "WEB_AUTHN"]));

    let (asked, options) = desk.asked("ann").await;
    assert_eq!((&options["rpId"], &options["allowCredentials"][0]["id"]), (&json!(RP), &json!(encode(&[7; 16]))));
    let credential = authenticator.get(&options);
    let done = desk.prove(&asked, &credential, "ann").await.unwrap();
    assert!(done["AuthenticationResult"]["IdToken"].is_string());
    let replayed = desk.prove(&asked, &credential, "ann").await.unwrap_err();
    assert_eq!(replayed.message, "Invalid session for the user, session can only be used once.");

    let listed = desk.ok("ListWebAuthnCredentials", json!({ "AccessToken": access })).await["Credentials"][0].clone();
    assert_eq!(
        (&listed["RelyingPartyId"], &listed["AuthenticatorAttachment"], &listed["AuthenticatorTransports"]),
        (&json!(RP), &json!("platform"), &json!(["internal"]))
    );
    let gone = json!({ "AccessToken": access, "CredentialId": listed["CredentialId"] });
    desk.ok("DeleteWebAuthnCredential", gone.clone()).await;
    assert!(desk.refused("DeleteWebAuthnCredential", gone).await.starts_with("ResourceNotFoundException"));
    let begin = json!({ "ClientId": desk.client, "AuthFlow": "USER_AUTH", "AuthParameters": { "USERNAME": "ann" } });
    assert_eq!(desk.ok("InitiateAuth", begin).await["AvailableChallenges"], json!(["PASSWORD", "PASSWORD_SRP"]));
}

#[tokio::test]
async fn what_is_not_right_about_a_new_passkey_is_refused() {
    let desk = desk(false, json!({ "UserVerification": "required" })).await;
    let access = desk.sign_in("ann").await["AccessToken"].clone();
    let new = || Authenticator::new(7);
    let cases = [
        (Authenticator { origin: "https://shop.example.evil", ..new() }, "WebAuthnOriginNotAllowedException"),
        (Authenticator { origin: "http://shop.example", ..new() }, "WebAuthnOriginNotAllowedException"),
        (Authenticator { rp: "evil.example", ..new() }, "WebAuthnRelyingPartyMismatchException"),
        (Authenticator { flags: 0x01, ..new() }, "WebAuthnCredentialNotSupportedException"),
        (Authenticator { id: vec![7; 1024], ..new() }, "InvalidParameterException"),
    ];
    for (authenticator, code) in cases {
        assert_eq!(desk.register(&access, &authenticator).await.unwrap_err().code, code);
    }
    let options = desk.options(&access).await;
    let complete = |credential: Value| json!({ "AccessToken": access, "Credential": credential });
    let other = new().create(&json!({ "challenge": encode(&[1; 32]) }));
    assert!(desk.refused("CompleteWebAuthnRegistration", complete(other)).await.starts_with("WebAuthnChallengeNotFoundException"));
    let late = desk.refused("CompleteWebAuthnRegistration", complete(new().create(&options))).await;
    assert!(late.starts_with("WebAuthnChallengeNotFoundException"), "a challenge counts once: {late}");
    let options = desk.options(&access).await;
    desk.advance(61).await;
    assert!(desk.refused("CompleteWebAuthnRegistration", complete(new().create(&options))).await.starts_with("WebAuthnChallengeNotFound"));
    assert!(desk.refused("CompleteWebAuthnRegistration", complete(json!("x"))).await.starts_with("WebAuthnChallengeNotFound"));
    let plain = Desk::new().await;
    plain.user("ann@example.com").await;
    let token = plain.sign_in("ann@example.com").await["AccessToken"].clone();
    assert!(plain.refused("StartWebAuthnRegistration", json!({ "AccessToken": token })).await.starts_with("WebAuthnNotEnabledException"));
}

#[tokio::test]
async fn what_is_not_right_about_a_proof_is_a_wrong_password() {
    let desk = desk(true, json!({})).await;
    desk.user("bob").await;
    let access = desk.sign_in("ann").await["AccessToken"].clone();
    let mut authenticator = Authenticator::new(7);
    desk.register(&access, &authenticator).await.unwrap();
    let wrong = "NotAuthorizedException: Incorrect username or password.";
    type Change = fn(&mut Authenticator, &mut Value);
    let changes: [(&str, Change); 5] = [
        ("another origin", |a, _| a.origin = "https://evil.example"),
        ("another relying party", |a, _| a.rp = "evil.example"),
        ("nobody there", |a, _| a.flags = 0),
        ("another key", |a, _| a.key = SigningKey::from_slice(&[8; 32]).unwrap()),
        ("another challenge", |_, options| options["challenge"] = json!(encode(&[1; 32]))),
    ];
    for (what, change) in changes {
        let (asked, mut options) = desk.asked("ann").await;
        let mut changed = Authenticator { key: authenticator.key.clone(), id: authenticator.id.clone(), ..Authenticator::new(7) };
        change(&mut changed, &mut options);
        assert_eq!(desk.prove(&asked, &changed.get(&options), "ann").await.unwrap_err().to_string(), wrong, "{what}");
        desk.advance(1000).await;
    }
    let (asked, options) = desk.asked("ann").await;
    authenticator.count = 9;
    desk.prove(&asked, &authenticator.get(&options), "ann").await.unwrap();
    let (asked, options) = desk.asked("ann").await;
    authenticator.count = 8;
    assert_eq!(desk.prove(&asked, &authenticator.get(&options), "ann").await.unwrap_err().to_string(), wrong, "a copy counts from before");
    // Who has no passkey, and who is not there, are asked for one and refused alike, as often as they try.
    for round in 0..7 {
        let mut told = Vec::new();
        for name in ["bob", "nobody"] {
            let parameters = json!({ "USERNAME": name, "PREFERRED_CHALLENGE": "WEB_AUTHN" });
            let begin = json!({ "ClientId": desk.client, "AuthFlow": "USER_AUTH", "AuthParameters": parameters });
            told.push(match desk.call("InitiateAuth", begin).await {
                Err(fault) => fault.to_string(),
                Ok(asked) => desk.prove(&asked, &authenticator.get(&options), name).await.unwrap_err().to_string(),
            });
        }
        assert_eq!(told[0], told[1], "round {round}");
    }
}

#[tokio::test]
async fn a_passkey_may_be_two_factors_at_once() {
    let desk = desk(false, json!({ "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION" })).await;
    let access = desk.sign_in("ann").await["AccessToken"].clone();
    let mut authenticator = Authenticator::new(7);
    desk.register(&access, &authenticator).await.unwrap();
    let on = json!({
        "UserPoolId": desk.pool, "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": { "Enabled": true },
        "WebAuthnConfiguration": { "RelyingPartyId": RP, "FactorConfiguration": "MULTI_FACTOR_WITH_USER_VERIFICATION" },
    });
    desk.admin("SetUserPoolMfaConfig", on).await;
    let (asked, options) = desk.asked("ann").await;
    assert_eq!(options["userVerification"], "required");
    let done = desk.prove(&asked, &authenticator.get(&options), "ann").await.unwrap();
    assert!(done["AuthenticationResult"]["IdToken"].is_string(), "no other factor is asked for: {done}");
    let (asked, options) = desk.asked("ann").await;
    authenticator.flags = 0x01;
    assert!(desk.prove(&asked, &authenticator.get(&options), "ann").await.is_err(), "without a PIN or a finger it is one factor only");
}
