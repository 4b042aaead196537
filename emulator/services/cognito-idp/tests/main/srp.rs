//! Sign-in by SRP against a client of our own, written from the recipe and sharing no code with the service.

use crate::desk::{Desk, PASSWORD};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use num_bigint::BigUint;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const N: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";
pub const TIMESTAMP: &str = "Tue Nov 14 22:13:20 UTC 2023";

fn big(hex: &str) -> BigUint {
    BigUint::parse_bytes(hex.as_bytes(), 16).unwrap()
}
/// As the JavaScript client pads: on hexadecimal digits.
fn pad_hex(n: &BigUint) -> Vec<u8> {
    let mut hex = n.to_str_radix(16);
    if hex.len() % 2 == 1 {
        hex.insert(0, '0');
    } else if "89abcdef".contains(&hex[..1]) {
        hex.insert_str(0, "00");
    }
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}
fn sha(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}
fn mac(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(key).unwrap();
    mac.update(bytes);
    mac.finalize().into_bytes().to_vec()
}

/// Salt and verifier of a secret, as clients make them for a device.
pub fn verifier(group: &str, user: &str, password: &str, salt: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let salt = BigUint::from_bytes_be(salt);
    let inner = sha(format!("{group}{user}:{password}").as_bytes());
    let x = BigUint::from_bytes_be(&sha(&[pad_hex(&salt), inner].concat()));
    (pad_hex(&salt), pad_hex(&BigUint::from(2u8).modpow(&x, &big(N))))
}

pub struct SrpClient {
    a: BigUint,
    pub public: BigUint,
}

impl SrpClient {
    pub fn new(random: &[u8]) -> SrpClient {
        let a = BigUint::from_bytes_be(random);
        let public = BigUint::from(2u8).modpow(&a, &big(N));
        SrpClient { a, public }
    }
    pub fn responses(&self, pool: &str, password: &str, challenge: &Value, timestamp: &str) -> Value {
        let text = |name: &str| challenge[name].as_str().unwrap();
        let (n, g) = (big(N), BigUint::from(2u8));
        let (b_public, salt) = (big(text("SRP_B")), big(text("SALT")));
        let (user, block) = (text("USER_ID_FOR_SRP"), text("SECRET_BLOCK"));
        let pool_name = pool.split('_').nth(1).unwrap();
        let k = BigUint::from_bytes_be(&sha(&[pad_hex(&n), pad_hex(&g)].concat()));
        let u = BigUint::from_bytes_be(&sha(&[pad_hex(&self.public), pad_hex(&b_public)].concat()));
        let inner = sha(format!("{pool_name}{user}:{password}").as_bytes());
        let x = BigUint::from_bytes_be(&sha(&[pad_hex(&salt), inner].concat()));
        let base = (&b_public + &n * &k - &k * g.modpow(&x, &n)) % &n;
        let s = base.modpow(&(&self.a + &u * &x), &n);
        let prk = mac(&pad_hex(&u), &pad_hex(&s));
        let key = &mac(&prk, b"Caldera Derived Key\x01")[..16];
        let message = [pool_name.as_bytes(), user.as_bytes(), &STANDARD.decode(block).unwrap(), timestamp.as_bytes()].concat();
        json!({
            "USERNAME": user, "PASSWORD_CLAIM_SECRET_BLOCK": block, "TIMESTAMP": timestamp,
            "PASSWORD_CLAIM_SIGNATURE": STANDARD.encode(mac(key, &message)),
        })
    }
}

async fn challenge(desk: &Desk, client: &SrpClient, user: &str) -> Value {
    let parameters = json!({ "USERNAME": user, "SRP_A": client.public.to_str_radix(16) });
    desk.ok("InitiateAuth", json!({ "ClientId": desk.client, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters })).await
}

fn answer(desk: &Desk, responses: Value) -> Value {
    json!({ "ClientId": desk.client, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": responses })
}

#[tokio::test]
async fn two_hundred_sign_ins_in_a_row() {
    let desk = Desk::new().await;
    for n in 0..20 {
        let name = format!("user{n}@example.com");
        desk.user(&name).await;
        for _ in 0..10 {
            let client = SrpClient::new(&desk.root.ids().bytes());
            let asked = challenge(&desk, &client, &name).await;
            assert_eq!(asked["ChallengeName"], "PASSWORD_VERIFIER");
            assert!(asked.get("Session").is_none());
            let responses = client.responses(&desk.pool, PASSWORD, &asked["ChallengeParameters"], TIMESTAMP);
            let done = desk.ok("RespondToAuthChallenge", answer(&desk, responses)).await;
            assert!(done["AuthenticationResult"]["IdToken"].is_string());
        }
    }
}

#[tokio::test]
async fn a_wrong_password_block_signature_or_timestamp_is_the_same_refusal() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let client = SrpClient::new(&desk.root.ids().bytes());
    let asked = challenge(&desk, &client, "ann@example.com").await;
    let right = |password: &str, timestamp: &str| client.responses(&desk.pool, password, &asked["ChallengeParameters"], timestamp);
    let mut other_block = right(PASSWORD, TIMESTAMP);
    other_block["PASSWORD_CLAIM_SECRET_BLOCK"] = json!(STANDARD.encode([7; 64]));
    let cases = [right("Wrong-Horse-9", TIMESTAMP), right(PASSWORD, "Tue Nov 04 22:13:20 UTC 2023"), other_block];
    for responses in cases {
        let refusal = desk.refused("RespondToAuthChallenge", answer(&desk, responses)).await;
        assert_eq!(refusal, "NotAuthorizedException: Incorrect username or password.");
    }
    desk.ok("RespondToAuthChallenge", answer(&desk, right(PASSWORD, TIMESTAMP))).await;
    let replayed = desk.refused("RespondToAuthChallenge", answer(&desk, right(PASSWORD, TIMESTAMP))).await;
    assert_eq!(replayed, "NotAuthorizedException: Incorrect username or password.", "a proof counts once");
    desk.advance(181).await;
    let late = desk.refused("RespondToAuthChallenge", answer(&desk, right(PASSWORD, TIMESTAMP))).await;
    assert_eq!(late, "NotAuthorizedException: Invalid session for the user, session is expired.");
}

#[tokio::test]
async fn an_unknown_user_is_challenged_like_a_known_one_where_the_client_hides_users() {
    let desk = Desk::with(json!({}), json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    let client = SrpClient::new(&desk.root.ids().bytes());
    let first = challenge(&desk, &client, "nobody").await;
    let second = challenge(&desk, &client, "nobody").await;
    assert_eq!(first["ChallengeParameters"]["SALT"], second["ChallengeParameters"]["SALT"]);
    let responses = client.responses(&desk.pool, PASSWORD, &first["ChallengeParameters"], TIMESTAMP);
    let refusal = desk.refused("RespondToAuthChallenge", answer(&desk, responses)).await;
    assert_eq!(refusal, "NotAuthorizedException: Incorrect username or password.");
    let plain = desk.refused("InitiateAuth", desk.password_flow("nobody", PASSWORD)).await;
    assert_eq!(plain, "NotAuthorizedException: Incorrect username or password.");
}

#[tokio::test]
async fn a_multiple_of_n_is_no_public_number() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let parameters = json!({ "USERNAME": "ann@example.com", "SRP_A": N });
    let refusal =
        desk.refused("InitiateAuth", json!({ "ClientId": desk.client, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters })).await;
    assert!(refusal.starts_with("InvalidParameterException"), "{refusal}");
}
