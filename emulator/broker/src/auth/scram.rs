//! SCRAM (RFC 5802) with SHA-256 and SHA-512: neither side tells the other its secret.

use super::{Authority, Peer};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

/// Rounds of the password's hash; what MSK and Kafka use at least.
const ROUNDS: u32 = 4096;
/// Most rounds that a client lets a broker ask for.
const ROUNDS_MAX: u32 = 1_000_000;

/// Which hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SCRAM-SHA-256
    Sha256,
    /// SCRAM-SHA-512
    Sha512,
}

impl Hash {
    fn mac(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha256 => {
                Hmac::<Sha256>::new_from_slice(key).expect("keys of any length").chain_update(message).finalize().into_bytes().to_vec()
            }
            Hash::Sha512 => {
                Hmac::<Sha512>::new_from_slice(key).expect("keys of any length").chain_update(message).finalize().into_bytes().to_vec()
            }
        }
    }
    fn digest(self, message: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha256 => Sha256::digest(message).to_vec(),
            Hash::Sha512 => Sha512::digest(message).to_vec(),
        }
    }
    fn salted(self, password: &str, salt: &[u8], count: u32) -> Vec<u8> {
        match self {
            Hash::Sha256 => rounds::<Hmac<Sha256>>(password, salt, count),
            Hash::Sha512 => rounds::<Hmac<Sha512>>(password, salt, count),
        }
    }
}

/// The password's hash. The key is prepared once and not in each round.
fn rounds<M: Mac + hmac::digest::KeyInit + Clone>(password: &str, salt: &[u8], count: u32) -> Vec<u8> {
    let keyed = <M as Mac>::new_from_slice(password.as_bytes()).expect("keys of any length");
    let once = |message: &[u8]| keyed.clone().chain_update(message).finalize().into_bytes();
    let mut last = once(&[salt, &[0, 0, 0, 1]].concat());
    let mut out = last.to_vec();
    for _ in 1..count {
        last = once(&last);
        out.iter_mut().zip(&last).for_each(|(out, byte)| *out ^= byte);
    }
    out
}

/// An exchange under way: the server's side.
pub struct Exchange {
    hash: Hash,
    user: String,
    /// What both sides sign, so far.
    signed: String,
    nonce: String,
    salt: Vec<u8>,
}

impl Exchange {
    /// Answers the client's first message. `entropy` is fresh.
    pub fn begin(hash: Hash, message: &[u8], entropy: [u8; 32]) -> Result<(Exchange, Vec<u8>), String> {
        let text = std::str::from_utf8(message).map_err(|_| "Invalid SCRAM client first message: not UTF-8".to_owned())?;
        let mut head = text.splitn(3, ',');
        let (Some("n" | "y"), Some(_), Some(bare)) = (head.next(), head.next(), head.next()) else {
            return Err("Invalid SCRAM client first message".into());
        };
        let field = |name: &str| bare.split(',').find_map(|part| part.strip_prefix(name));
        let (Some(user), Some(theirs)) = (field("n="), field("r=")) else { return Err("Invalid SCRAM client first message".into()) };
        let user = user.replace("=2C", ",").replace("=3D", "=");
        let nonce = format!("{theirs}{}", BASE64.encode(&entropy[..18]));
        let salt = entropy[18..].to_vec();
        let answer = format!("r={nonce},s={},i={ROUNDS}", BASE64.encode(&salt));
        let signed = format!("{bare},{answer}");
        Ok((Exchange { hash, user, signed, nonce, salt }, answer.into_bytes()))
    }

    /// Answers the client's last message, if its proof is right.
    pub async fn finish(self, message: &[u8], authority: &dyn Authority) -> Result<(Peer, Vec<u8>), String> {
        let wrong = || "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM".to_owned();
        let text = std::str::from_utf8(message).map_err(|_| wrong())?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or_else(wrong)?;
        let nonce = without_proof.split(',').find_map(|part| part.strip_prefix("r="));
        let proof = BASE64.decode(proof).map_err(|_| wrong())?;
        let known = authority.password(&self.user).await;
        let salted = self.hash.salted(known.as_deref().unwrap_or_default(), &self.salt, ROUNDS);
        let signed = format!("{},{without_proof}", self.signed);
        let stored = self.hash.digest(&self.hash.mac(&salted, b"Client Key"));
        let signature = self.hash.mac(&stored, signed.as_bytes());
        let key: Vec<u8> = signature.iter().zip(&proof).map(|(a, b)| a ^ b).collect();
        let right = bool::from(self.hash.digest(&key).ct_eq(&stored)) && proof.len() == signature.len();
        if !right || known.is_none() || nonce != Some(self.nonce.as_str()) {
            return Err(wrong());
        }
        let ours = self.hash.mac(&self.hash.mac(&salted, b"Server Key"), signed.as_bytes());
        let peer = Peer { name: self.user.into(), handle: None, until_ms: None };
        Ok((peer, format!("v={}", BASE64.encode(ours)).into_bytes()))
    }
}

/// A client's first message without its head; `entropy` is the client's, `turn` another one in each conversation.
pub fn first(user: &str, entropy: [u8; 32], turn: u64) -> String {
    let user = user.replace('=', "=3D").replace(',', "=2C");
    format!("n={user},r={}{turn}", BASE64.encode(&entropy[..18]))
}

/// A client's last message, and what the server then says if it knows the password, too. `bare` is what [`first`] made, `answer` the
/// server's to it.
pub fn prove(hash: Hash, password: &str, bare: &str, answer: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
    let senseless = || "the broker's part of SCRAM makes no sense".to_owned();
    let answer = std::str::from_utf8(answer).map_err(|_| senseless())?;
    let field = |name: &str| answer.split(',').find_map(|part| part.strip_prefix(name)).ok_or_else(senseless);
    let (nonce, salt, count) = (field("r=")?, field("s=")?, field("i=")?);
    let mine = bare.rsplit_once("r=").map_or("", |(_, nonce)| nonce);
    let salt = BASE64.decode(salt).map_err(|_| senseless())?;
    let count: u32 = count.parse().map_err(|_| senseless())?;
    if !nonce.starts_with(mine) || nonce.len() == mine.len() || !(ROUNDS..=ROUNDS_MAX).contains(&count) {
        return Err(senseless());
    }
    let salted = hash.salted(password, &salt, count);
    let without_proof = format!("c=biws,r={nonce}");
    let signed = format!("{bare},{answer},{without_proof}");
    let key = hash.mac(&salted, b"Client Key");
    let signature = hash.mac(&hash.digest(&key), signed.as_bytes());
    let proof: Vec<u8> = key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
    let theirs = hash.mac(&hash.mac(&salted, b"Server Key"), signed.as_bytes());
    Ok((format!("{without_proof},p={}", BASE64.encode(proof)).into_bytes(), format!("v={}", BASE64.encode(theirs)).into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::{super::Resource, *};

    struct One;
    impl Authority for One {
        fn password<'a>(&'a self, user: &'a str) -> kit::BoxFuture<'a, Option<String>> {
            Box::pin(async move { (user == "alice").then(|| "secret".into()) })
        }
        fn token(&self, _: &str) -> Result<Peer, String> {
            Err("no tokens".into())
        }
        fn allows(&self, _: &Peer, _: &'static str, _: Resource<'_>) -> bool {
            true
        }
    }

    async fn exchange(hash: Hash, user: &str, password: &str) -> Result<(Peer, Vec<u8>), String> {
        let bare = first(user, [1; 32], 7);
        let (exchange, answer) = Exchange::begin(hash, format!("n,,{bare}").as_bytes(), [7; 32])?;
        let (proof, expected) = prove(hash, password, &bare, &answer)?;
        let (peer, last) = exchange.finish(&proof, &One).await?;
        assert_eq!(last, expected);
        Ok((peer, last))
    }

    /// The exchange of RFC 7677, section 3.
    #[test]
    fn the_clients_side_is_the_rfcs() {
        let bare = "n=user,r=rOprNGfwEbeRWgbNEkqO";
        let answer = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let (proof, expected) = prove(Hash::Sha256, "pencil", bare, answer).unwrap();
        assert!(proof.ends_with(b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="));
        assert_eq!(expected, b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        assert!(prove(Hash::Sha256, "pencil", bare, b"r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096").is_err(), "not the client's nonce");
        let endless = b"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4000000000";
        assert!(prove(Hash::Sha256, "pencil", bare, endless).is_err());
    }

    #[tokio::test]
    async fn who_knows_the_password_is_let_in() {
        for hash in [Hash::Sha256, Hash::Sha512] {
            let (peer, answer) = exchange(hash, "alice", "secret").await.unwrap();
            assert_eq!(&*peer.name, "alice");
            assert!(answer.starts_with(b"v="));
            assert!(exchange(hash, "alice", "guess").await.is_err());
            assert!(exchange(hash, "bob", "").await.is_err());
        }
    }
}
