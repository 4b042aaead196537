//! From a user who is proved to what the client gets: a code that is good once and for five minutes, or tokens at once.

use super::{
    ask::{Ask, Kind},
    session,
    visit::{Answer, Visit, html, query, redirect, with_query},
};
use crate::{
    auth::{Proofs, Proven},
    pages,
    state::*,
    tokens,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kit::{Fault, Index, Read, Table, TableScope, Timestamp, store::key_bytes};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Codes that wait to be exchanged, by pool and the SHA-256 of the code.
pub(crate) const CODES: Table<(String, String), Waiting> = Table::new("cognito-idp.oauth-codes", TableScope::Region)
    .indexes(&[Index { name: "end", keys: |w| vec![key_bytes(&(w.pool_id.as_str(), w.expires))] }]);
/// Life of a code, AWS's.
const LIFE_NS: i128 = 300 * 1_000_000_000;

/// A code that waits to be exchanged.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Waiting {
    pub pool_id: String,
    pub client_id: String,
    pub user_key: String,
    pub redirect_uri: String,
    pub oauth: OAuthGrant,
    pub challenge: Option<String>,
    pub device_key: Option<String>,
    #[serde(default)]
    pub proofs: Proofs,
    pub expires: Timestamp,
}

/// Leads the browser back to the client with what it asked for, and begins the browser's session.
pub(crate) async fn complete(visit: &Visit, ask: &Ask, proven: &Proven, mut cookies: Vec<String>) -> Answer {
    cookies.push(session::begin(visit, &proven.user));
    let location = match ask.kind {
        Kind::Code => code(visit, ask, proven).await.map(|code| {
            let mut pairs = vec![("code", code.as_str())];
            pairs.extend(ask.state.as_deref().map(|state| ("state", state)));
            with_query(&ask.redirect_uri, &pairs)
        }),
        Kind::Implicit => implicit(visit, ask, proven).await,
    };
    match location {
        Ok(location) => redirect(&location, &cookies),
        Err(fault) if fault.status < 500 => ask.refuse(("invalid_request", Some(&fault.message))),
        Err(fault) => html(500, &pages::error_page(&fault.message), &[]),
    }
}

async fn code(visit: &Visit, ask: &Ask, proven: &Proven) -> Result<String, Fault> {
    let cx = &visit.cx;
    let code = cx.ids().uuid();
    let waiting = Waiting {
        pool_id: visit.pool.id.clone(),
        client_id: ask.desk.client.id().into(),
        user_key: proven.user.key(&visit.pool),
        redirect_uri: ask.redirect_uri.clone(),
        oauth: ask.oauth.clone(),
        challenge: ask.challenge.clone(),
        device_key: proven.device_key.clone(),
        proofs: proven.proofs,
        expires: cx.now().plus_ns(LIFE_NS),
    };
    cx.store()
        .write(|tx| {
            // Codes that nobody came for go with later ones.
            let mut ended = Vec::new();
            for row in tx.by_index(&CODES, cx.scope(), "end", &(visit.pool.id.as_str(),)).limit(8) {
                let (key, old) = row?;
                if old.expires <= cx.now() {
                    ended.push(key);
                }
            }
            ended.iter().try_for_each(|key| tx.delete(&CODES, cx.scope(), key).map(drop))?;
            tx.put(&CODES, cx.scope(), &(visit.pool.id.clone(), tokens::hash(&code)), &waiting)
        })
        .await?;
    Ok(code)
}

/// Takes a code: whatever comes of it, it is good only once.
pub(crate) async fn redeem(visit: &Visit, code: &str) -> Result<Option<Waiting>, Fault> {
    let (cx, key) = (&visit.cx, (visit.pool.id.clone(), tokens::hash(code)));
    let found = cx
        .store()
        .write(|tx| match tx.exists(&CODES, cx.scope(), &key)? {
            true => tx.delete(&CODES, cx.scope(), &key),
            false => Ok(None),
        })
        .await?;
    Ok(found.filter(|waiting| waiting.expires > cx.now()))
}

impl Waiting {
    /// Whether whoever brings the code is who asked for it: base64url(SHA-256(verifier)) is the challenge.
    pub fn proves(&self, verifier: Option<&str>) -> bool {
        match (&self.challenge, verifier) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(challenge), Some(verifier)) => {
                let made = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier));
                made.as_bytes().ct_eq(challenge.as_bytes()).into()
            }
        }
    }
}

/// Tokens in the fragment, which the browser keeps to itself. There is no refresh token in it.
async fn implicit(visit: &Visit, ask: &Ask, proven: &Proven) -> Result<String, Fault> {
    let proven = super::proven(proven.user.clone(), proven.device_key.clone(), proven.proofs);
    let made = visit.service.sign_in(&ask.desk, &proven, Some(ask.oauth.clone())).await?;
    let expires = made.expires_in.unwrap_or_default().to_string();
    let mut pairs = Vec::new();
    pairs.extend(made.id_token.as_deref().map(|token| ("id_token", token)));
    pairs.extend(made.access_token.as_deref().map(|token| ("access_token", token)));
    pairs.extend([("expires_in", expires.as_str()), ("token_type", "Bearer")]);
    pairs.extend(ask.state.as_deref().map(|state| ("state", state)));
    Ok(format!("{}#{}", ask.redirect_uri, query(&pairs)))
}
