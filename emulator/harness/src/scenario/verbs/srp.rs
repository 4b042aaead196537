//! SRP-6a as Cognito's clients speak it (RFC 5054's sums over RFC 3526's group of 3072 bits, with Cognito's own key derivation).
//! The client's side only; the server's is the service's.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use num_bigint::BigUint;
use sha2::{Digest, Sha256};
use wire::Timestamp;

const N_HEX: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B\
302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007C\
B8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36\
CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A8\
5521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D8760273\
3EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

fn n() -> BigUint {
    BigUint::parse_bytes(N_HEX.as_bytes(), 16).expect("hexadecimal digits")
}

/// A client in the middle of signing in.
pub(crate) struct Client {
    secret: BigUint,
    public: BigUint,
}

/// What the server asked.
pub(crate) struct Challenge<'a> {
    /// What follows `_` in the pool's id.
    pub pool_name: &'a str,
    /// USER_ID_FOR_SRP.
    pub user: &'a str,
    /// SALT.
    pub salt_hex: &'a str,
    /// SRP_B.
    pub b_hex: &'a str,
    /// SECRET_BLOCK, base64.
    pub secret_block: &'a str,
}

impl Client {
    /// A client with this secret number.
    pub(crate) fn new(secret: [u8; 32]) -> Client {
        let secret = BigUint::from_bytes_be(&secret);
        let public = BigUint::from(2u8).modpow(&secret, &n());
        Client { secret, public }
    }

    /// SRP_A.
    pub(crate) fn public_hex(&self) -> String {
        self.public.to_str_radix(16)
    }

    /// PASSWORD_CLAIM_SIGNATURE; `None` where the challenge is none.
    pub(crate) fn sign(&self, challenge: &Challenge, password: &str, timestamp: &str) -> Option<String> {
        let n = n();
        let g = BigUint::from(2u8);
        let b = BigUint::parse_bytes(challenge.b_hex.as_bytes(), 16)?;
        let salt = BigUint::parse_bytes(challenge.salt_hex.as_bytes(), 16)?;
        let k = number(&hash(&[&pad(&n), &pad(&g)]));
        let u = number(&hash(&[&pad(&self.public), &pad(&b)]));
        let inner = hash(&[challenge.pool_name.as_bytes(), challenge.user.as_bytes(), b":", password.as_bytes()]);
        let x = number(&hash(&[&pad(&salt), &inner]));
        // B - k*g^x, kept above zero.
        let known = (&k * g.modpow(&x, &n)) % &n;
        let base = ((&b % &n) + &n - known) % &n;
        let s = base.modpow(&(&self.secret + &u * x), &n);
        let mut mac = hmac(&session_key(&s, &u));
        let block = STANDARD.decode(challenge.secret_block).ok()?;
        for part in [challenge.pool_name.as_bytes(), challenge.user.as_bytes(), &block, timestamp.as_bytes()] {
            mac.update(part);
        }
        Some(STANDARD.encode(mac.finalize().into_bytes()))
    }
}

/// TIMESTAMP as Cognito wants it: `Tue Mar 3 04:05:06 UTC 2026`, the day without a zero in front.
pub(crate) fn timestamp(at: Timestamp) -> String {
    jiff::Timestamp::from_second(at.secs()).unwrap_or(jiff::Timestamp::UNIX_EPOCH).strftime("%a %b %-d %H:%M:%S UTC %Y").to_string()
}

fn session_key(s: &BigUint, u: &BigUint) -> [u8; 16] {
    let prk = hmac(&pad(u)).chain_update(pad(s)).finalize().into_bytes();
    let block = hmac(&prk).chain_update(b"Caldera Derived Key\x01").finalize().into_bytes();
    block[..16].try_into().expect("sixteen of 32 bytes")
}

fn hmac(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// The form in which integers are hashed: a zero byte in front where the top bit is set.
fn pad(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes[0] & 0x80 != 0 {
        bytes.insert(0, 0);
    }
    bytes
}

fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

fn number(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_timestamp_has_no_zero_in_front_of_the_day() {
        assert_eq!(timestamp(Timestamp::from_secs(1_772_510_706)), "Tue Mar 3 04:05:06 UTC 2026");
    }

    #[test]
    fn client_and_server_agree_on_the_key() {
        // The server's side, written out: verifier v, secret b, B = k*v + g^b.
        let (n, g) = (n(), BigUint::from(2u8));
        let salt = BigUint::from(0x1234_5678u32);
        let inner = hash(&[b"pool", b"ann", b":", b"Secret-1"]);
        let x = number(&hash(&[&pad(&salt), &inner]));
        let v = g.modpow(&x, &n);
        let k = number(&hash(&[&pad(&n), &pad(&g)]));
        let b = BigUint::from_bytes_be(&[9; 32]);
        let b_public = (&k * &v + g.modpow(&b, &n)) % &n;
        let client = Client::new([7; 32]);
        let challenge =
            Challenge { pool_name: "pool", user: "ann", salt_hex: "12345678", b_hex: &b_public.to_str_radix(16), secret_block: "YWJj" };
        let signed = client.sign(&challenge, "Secret-1", "t").unwrap();
        let u = number(&hash(&[&pad(&client.public), &pad(&b_public)]));
        let s = (&client.public * v.modpow(&u, &n)).modpow(&b, &n);
        let mac = hmac(&session_key(&s, &u)).chain_update(b"pool").chain_update(b"ann").chain_update(b"abc").chain_update(b"t");
        assert_eq!(signed, STANDARD.encode(mac.finalize().into_bytes()));
    }
}
