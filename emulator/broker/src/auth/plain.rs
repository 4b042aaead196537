//! The mechanisms of one message: PLAIN (RFC 4616) and OAUTHBEARER (RFC 7628).

use super::{Authority, Peer};
use subtle::ConstantTimeEq;

/// User and password, with zeros between.
pub async fn plain(message: &[u8], authority: &dyn Authority) -> Result<Peer, String> {
    let text = std::str::from_utf8(message).map_err(|_| "Invalid SASL/PLAIN response: not UTF-8".to_owned())?;
    let mut parts = text.split('\0');
    let (Some(acts_as), Some(user), Some(password), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err("Invalid SASL/PLAIN response: expected 3 tokens".into());
    };
    if !acts_as.is_empty() && acts_as != user {
        return Err("Authentication failed: Client requested an authorization id that is different from username".into());
    }
    let known = authority.password(user).await;
    // The comparison is made in any case, so that the time tells nothing of who is known.
    let right = bool::from(known.as_deref().unwrap_or("\0").as_bytes().ct_eq(password.as_bytes()));
    match right && known.is_some() {
        true => Ok(Peer { name: user.into(), handle: None, until_ms: None }),
        false => Err("Authentication failed: Invalid username or password".into()),
    }
}

/// A token in the form `n,,\x01auth=Bearer TOKEN\x01\x01`.
pub fn bearer(message: &[u8], authority: &dyn Authority) -> Result<Peer, String> {
    let text = std::str::from_utf8(message).map_err(|_| "Invalid OAUTHBEARER client first message: not UTF-8".to_owned())?;
    let mut parts = text.split('\x01');
    if !parts.next().is_some_and(|head| head.starts_with("n,")) {
        return Err("Invalid OAUTHBEARER client first message".into());
    }
    let token = parts.find_map(|part| part.strip_prefix("auth=")).and_then(|auth| auth.split_once(' '));
    match token {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => authority.token(token),
        _ => Err("Invalid OAUTHBEARER client first message: no bearer token".into()),
    }
}
