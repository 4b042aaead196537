//! MSK's IAM tokens: a presigned URL for `kafka-cluster:Connect`, in URL-safe base64. The signature is checked as the gateway checks those of
//! requests; the form is that of AWS's token signers (open source, and the Signature Version 4 documentation).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use kit::{Cloud, Timestamp, hex, ports::AccessKey};
use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;

/// Longest life of a token, seconds.
const LIFE_MAX_SECS: i64 = 900;
/// How far the clocks of client and cloud may differ, seconds.
const SKEW_SECS: i64 = 300;
/// Longest token, characters.
const TOKEN_MAX: usize = 16 << 10;

/// Who a token stands for, and until when (real time).
pub(crate) struct Shown {
    /// Access key id that signed.
    pub access_key_id: String,
    /// The key.
    pub key: AccessKey,
    /// End.
    pub until: Timestamp,
}

/// Checks a token; the error says why it doesn't count.
pub(crate) fn verify(cloud: &Cloud, token: &str) -> Result<Shown, String> {
    if token.len() > TOKEN_MAX {
        return Err("Access denied: the token is too long".into());
    }
    let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).map_err(|_| "Access denied: the token is not base64")?;
    let url = String::from_utf8(bytes).map_err(|_| "Access denied: the token is not a URL")?;
    let (host, query) =
        url.strip_prefix("https://").and_then(|rest| rest.split_once("/?")).ok_or("Access denied: the token is not a URL")?;
    // Names and values as they were signed: encoded. A name comes once.
    let mut raw = BTreeMap::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if raw.insert(name, value).is_some() {
            return Err(format!("Access denied: {name} comes twice"));
        }
    }
    let text = |name: &str| raw.get(name).map(|value| percent_decode_str(value).decode_utf8_lossy().into_owned());
    let need = |name: &str| text(name).ok_or(format!("Access denied: the token has no {name}"));
    if need("Action")? != "kafka-cluster:Connect"
        || need("X-Amz-Algorithm")? != "AWS4-HMAC-SHA256"
        || need("X-Amz-SignedHeaders")? != "host"
    {
        return Err("Access denied: the token is not for kafka-cluster:Connect".into());
    }
    let credential = need("X-Amz-Credential")?;
    let parts: Vec<&str> = credential.split('/').collect();
    let [access_key_id, date, region, "kafka-cluster", "aws4_request"] = parts[..] else {
        return Err("Access denied: the credential is not for kafka-cluster".into());
    };
    if host != format!("kafka.{region}.amazonaws.com") {
        return Err(format!("Access denied: the token is for {host}"));
    }
    let moment = need("X-Amz-Date")?;
    let until = life(cloud, &moment, &need("X-Amz-Expires")?)?;
    let key = cloud.access_key(access_key_id).ok_or("Access denied: the access key is not known")?;
    let expired = key.expires.is_some_and(|end| end <= cloud.clock().now());
    if !key.active || expired || key.session_token != text("X-Amz-Security-Token") {
        return Err("Access denied: the access key is not valid".into());
    }
    // Signers append their name after signing.
    let signed = raw.iter().filter(|(name, _)| !matches!(**name, "X-Amz-Signature" | "User-Agent"));
    let query = signed.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let request = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{}", hex(&Sha256::digest(b"")));
    let scope = format!("{date}/{region}/kafka-cluster/aws4_request");
    let to_sign = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", hex(&Sha256::digest(request.as_bytes())));
    let mut secret = format!("AWS4{}", key.secret).into_bytes();
    for step in [date, region, "kafka-cluster", "aws4_request"] {
        secret = mac(&secret, step.as_bytes());
    }
    let right = hex(&mac(&secret, to_sign.as_bytes()));
    match bool::from(right.as_bytes().ct_eq(need("X-Amz-Signature")?.as_bytes())) {
        true => Ok(Shown { access_key_id: access_key_id.to_owned(), key, until }),
        false => Err("Access denied: the signature is not that of the access key".into()),
    }
}

/// The end of a token's life, if it has begun and not ended. Clients sign in real time.
fn life(cloud: &Cloud, moment: &str, expires: &str) -> Result<Timestamp, String> {
    let form = |text: &str| {
        let ascii = text.len() == 16 && text.is_ascii();
        ascii.then(|| format!("{}-{}-{}T{}:{}:{}Z", &text[..4], &text[4..6], &text[6..8], &text[9..11], &text[11..13], &text[13..15]))
    };
    let begun = form(moment).and_then(|iso| kit::time::parse_iso(&iso)).ok_or("Access denied: X-Amz-Date can't be read")?;
    let life =
        expires.parse::<i64>().ok().filter(|secs| (1..=LIFE_MAX_SECS).contains(secs)).ok_or("Access denied: X-Amz-Expires can't be")?;
    let now = cloud.clock().real_now();
    let until = begun.plus_ns(i128::from(life) * 1_000_000_000);
    match begun.secs() - now.secs() > SKEW_SECS || until <= now {
        true => Err("Access denied: the token has expired".into()),
        false => Ok(until),
    }
}

fn mac(key: &[u8], text: &[u8]) -> Vec<u8> {
    Hmac::<Sha256>::new_from_slice(key).expect("keys of any length").chain_update(text).finalize().into_bytes().to_vec()
}
