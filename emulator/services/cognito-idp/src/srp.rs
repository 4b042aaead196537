//! SRP-6a as Cognito speaks it: the server's side of the sums. Knows numbers and hashes, no pool and no user.
//!
//! The group is RFC 3526's of 3072 bits with generator 2. Every integer is hashed in the form of [`pad`]: an even number of hexadecimal
//! digits, and a zero byte in front where the top bit is set.

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use num_bigint::BigUint;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;
use subtle::ConstantTimeEq;

const N_HEX: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B\
302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7EDEE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007C\
B8A163BF0598DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36\
CE3BE39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33A8\
5521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D8760273\
3EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

static N: LazyLock<BigUint> = LazyLock::new(|| BigUint::parse_bytes(N_HEX.as_bytes(), 16).expect("hexadecimal digits"));
static G: LazyLock<BigUint> = LazyLock::new(|| BigUint::from(2u8));
static K: LazyLock<BigUint> = LazyLock::new(|| number(&hash(&[&pad(&N), &pad(&G)])));

/// What is kept of a password.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub(crate) struct Verifier {
    /// 16 bytes.
    pub salt: Vec<u8>,
    /// g^x mod N, big endian.
    pub verifier: Vec<u8>,
}

impl Verifier {
    /// The verifier of a password. `pool_name` is what follows `_` in the pool's id, `user` the name that clients hash (USER_ID_FOR_SRP).
    pub fn of(pool_name: &str, user: &str, password: &str, salt: [u8; 16]) -> Verifier {
        let x = secret_exponent(pool_name, user, password, &number(&salt));
        Verifier { salt: salt.into(), verifier: G.modpow(&x, &N).to_bytes_be() }
    }
    /// Whether this is the verifier of the password.
    pub fn matches(&self, pool_name: &str, user: &str, password: &str) -> bool {
        let x = secret_exponent(pool_name, user, password, &number(&self.salt));
        bool::from(G.modpow(&x, &N).to_bytes_be().ct_eq(&self.verifier))
    }
    /// The salt as challenges carry it: hexadecimal, without leading zeros.
    pub fn salt_hex(&self) -> String {
        number(&self.salt).to_str_radix(16)
    }
}

/// Reads the client's public number; `None` where it is no number or would give the secret away (a multiple of N).
pub(crate) fn client_public(hex: &str) -> Option<BigUint> {
    // Twice the length of N is more than any client sends.
    let number = (hex.len() <= 2 * N_HEX.len()).then(|| BigUint::parse_bytes(hex.as_bytes(), 16)).flatten()?;
    (&number % &*N != BigUint::ZERO).then_some(number)
}

/// The server's public number for its secret number `b`: k*v + g^b mod N.
pub(crate) fn server_public(verifier: &Verifier, b: &[u8; 32]) -> BigUint {
    (&*K * number(&verifier.verifier) + G.modpow(&number(b), &N)) % &*N
}

/// Whether a client that knows the password made this signature.
#[allow(clippy::too_many_arguments)]
pub(crate) fn signed(
    verifier: &Verifier,
    a_public: &BigUint,
    b: &[u8; 32],
    pool_name: &str,
    user: &str,
    block: &[u8],
    timestamp: &str,
    signature: &str,
) -> bool {
    let b_public = server_public(verifier, b);
    let u = number(&hash(&[&pad(a_public), &pad(&b_public)]));
    if u == BigUint::ZERO {
        return false;
    }
    let s = (a_public * number(&verifier.verifier).modpow(&u, &N)).modpow(&number(b), &N);
    let key = session_key(&s, &u);
    let Ok(claimed) = STANDARD.decode(signature) else { return false };
    let mut mac = hmac(&key);
    for part in [pool_name.as_bytes(), user.as_bytes(), block, timestamp.as_bytes()] {
        mac.update(part);
    }
    mac.verify_slice(&claimed).is_ok()
}

/// The form of TIMESTAMP: `Tue Mar 3 04:05:06 UTC 2026`; Cognito refuses a day with a zero in front.
pub(crate) fn is_timestamp(text: &str) -> bool {
    let words: Vec<&str> = text.split(' ').collect();
    let [weekday, month, day, time, zone, year] = words[..] else { return false };
    const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    WEEKDAYS.contains(&weekday)
        && MONTHS.contains(&month)
        && !day.starts_with('0')
        && day.parse::<u8>().is_ok_and(|d| d <= 31)
        && time.split(':').count() == 3
        && time.split(':').all(|part| digits(part, 2))
        && zone == "UTC"
        && digits(year, 4)
}

/// HMAC-SHA256 under a key of any length.
pub(crate) fn hmac(key: &[u8]) -> Hmac<Sha256> {
    <Hmac<Sha256> as Mac>::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn secret_exponent(pool_name: &str, user: &str, password: &str, salt: &BigUint) -> BigUint {
    let inner = hash(&[pool_name.as_bytes(), user.as_bytes(), b":", password.as_bytes()]);
    number(&hash(&[&pad(salt), &inner]))
}

/// HKDF as Cognito has it: one block, 16 bytes of it.
fn session_key(s: &BigUint, u: &BigUint) -> [u8; 16] {
    let prk = hmac(&pad(u)).chain_update(pad(s)).finalize().into_bytes();
    let block = hmac(&prk).chain_update(b"Caldera Derived Key\x01").finalize().into_bytes();
    block[..16].try_into().expect("sixteen of 32 bytes")
}

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
    fn integers_are_padded_as_clients_pad_them() {
        assert_eq!(pad(&BigUint::from(0x7fu8)), [0x7f]);
        assert_eq!(pad(&BigUint::from(0x80u8)), [0, 0x80]);
        assert_eq!(pad(&BigUint::from(0x123u16)), [0x01, 0x23]);
    }

    #[test]
    fn a_password_is_known_by_its_verifier() {
        let verifier = Verifier::of("abc", "ann", "Secret-1", [7; 16]);
        assert!(verifier.matches("abc", "ann", "Secret-1"));
        assert!(!verifier.matches("abc", "ann", "Secret-2"));
        assert!(!verifier.matches("abd", "ann", "Secret-1"));
    }

    #[test]
    fn multiples_of_n_are_refused() {
        assert!(client_public(N_HEX).is_none());
        assert!(client_public("0").is_none());
        assert!(client_public("zz").is_none());
        assert!(client_public("2").is_some());
    }

    #[test]
    fn the_day_of_a_timestamp_has_no_zero_in_front() {
        assert!(is_timestamp("Tue Mar 3 04:05:06 UTC 2026"));
        assert!(!is_timestamp("Tue Mar 03 04:05:06 UTC 2026"));
        assert!(!is_timestamp("2026-03-03T04:05:06Z"));
    }
}
