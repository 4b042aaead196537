//! Tokens that prove a passed CAPTCHA or Challenge: what they say, sealed with a key of the cloud.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// What a token says.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Token {
    /// Host that it was issued for.
    pub domain: String,
    /// When a Challenge was passed, seconds.
    pub challenge: Option<i64>,
    /// When a CAPTCHA was solved, seconds.
    pub captcha: Option<i64>,
}

/// Why a token is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is none.
    Missing,
    /// Its proof is too old.
    Expired,
    /// It was not issued here.
    Invalid,
    /// It was issued for another host.
    Domain,
}

/// Which proof a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// CAPTCHA.
    Captcha,
    /// Challenge.
    Challenge,
}

impl Failure {
    /// AWS's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Failure::Missing => "TOKEN_MISSING",
            Failure::Expired => "TOKEN_EXPIRED",
            Failure::Invalid => "TOKEN_INVALID",
            Failure::Domain => "TOKEN_DOMAIN_MISMATCH",
        }
    }
}

impl Token {
    /// When the proof was given. Who solved a CAPTCHA has passed a Challenge with it.
    pub fn given(&self, proof: Proof) -> Option<i64> {
        match proof {
            Proof::Captcha => self.captcha,
            Proof::Challenge => self.challenge.max(self.captcha),
        }
    }
}

/// Issues and checks tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    key: Vec<u8>,
}

impl Tokens {
    /// With a secret of 32 bytes.
    pub fn new(key: &[u8]) -> Tokens {
        Tokens { key: key.to_vec() }
    }
    /// The text of a token.
    pub fn issue(&self, token: &Token) -> String {
        let said = URL_SAFE_NO_PAD.encode(serde_json::to_vec(token).unwrap_or_default());
        format!("{said}.{}", URL_SAFE_NO_PAD.encode(self.seal(&said)))
    }
    /// A token from its text, for a host. Tokens hold for their domain, those below it, and the web ACL's other domains.
    pub fn check(&self, text: &str, host: &str, domains: &[String]) -> Result<Token, Failure> {
        let (said, seal) = text.split_once('.').ok_or(Failure::Invalid)?;
        let seal = URL_SAFE_NO_PAD.decode(seal).map_err(|_| Failure::Invalid)?;
        if !bool::from(self.seal(said).as_slice().ct_eq(&seal)) {
            return Err(Failure::Invalid);
        }
        let said = URL_SAFE_NO_PAD.decode(said).map_err(|_| Failure::Invalid)?;
        let token: Token = serde_json::from_slice(&said).map_err(|_| Failure::Invalid)?;
        let under = |domain: &str| host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
        match under(&token.domain) || domains.contains(&token.domain) {
            true => Ok(token),
            false => Err(Failure::Domain),
        }
    }
    fn seal(&self, said: &str) -> Vec<u8> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes keys of any length");
        mac.chain_update(said).finalize().into_bytes().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_hold_for_their_domain_and_nobody_forges_them() {
        let tokens = Tokens::new(&[7; 32]);
        let token = Token { domain: "example.com".into(), challenge: Some(5), captcha: None };
        let text = tokens.issue(&token);
        assert_eq!(tokens.check(&text, "example.com", &[]), Ok(token.clone()));
        assert_eq!(tokens.check(&text, "www.example.com", &[]), Ok(token.clone()));
        assert_eq!(tokens.check(&text, "badexample.com", &[]), Err(Failure::Domain));
        assert_eq!(tokens.check(&text, "other.net", &["example.com".into()]), Ok(token.clone()));
        assert_eq!(Tokens::new(&[8; 32]).check(&text, "example.com", &[]), Err(Failure::Invalid));
        assert_eq!(tokens.check("nonsense", "example.com", &[]), Err(Failure::Invalid));
        assert_eq!((token.given(Proof::Captcha), token.given(Proof::Challenge)), (None, Some(5)));
    }
}
