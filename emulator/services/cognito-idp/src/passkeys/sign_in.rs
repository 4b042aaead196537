//! Signing in by a passkey (USER_AUTH, WEB_AUTHN): the challenge, and the proof of it.

use super::{PASSKEYS, Passkey, is_multi_factor, of_user, rp_id, verification, web_authn};
use crate::{
    CognitoIdp,
    auth::{Course, Opened, Parameters, Session, Step, required, standing, wrong},
    model::*,
    names::Desk,
    nobody, password,
    protection::{self, Happened},
    seal,
    state::*,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kit::{Fault, Read};
use serde_json::{Value, json};
use web_authn::Expected;

/// Name of the response that carries the browser's answer (AuthenticationResponseJSON).
const CREDENTIAL: &str = "CREDENTIAL";
/// Longer answers are no answers.
const LONGEST: usize = 16 << 10;

impl CognitoIdp {
    /// Asks for the proof of a passkey. Who has none, or is not there, and must not be seen not to, is asked for one that nobody has.
    pub(crate) async fn ask_for_passkey(&self, desk: &Desk, login: &str, user: Option<&User>, course: &Course) -> Result<Step, Fault> {
        let (cx, pool) = (&desk.cx, &desk.pool);
        let own = user.map(|user| cx.store().read(|s| of_user(s, cx.scope(), &pool.id, &user.key(pool)))).transpose()?.unwrap_or_default();
        let mut known: Vec<Value> = own.iter().map(|p| json!({ "type": "public-key", "id": p.id, "transports": p.transports })).collect();
        if known.is_empty() {
            let id = URL_SAFE_NO_PAD.encode(&seal::derive(&pool.secret, "passkey", pool.user_key(login).as_bytes())[..16]);
            known.push(json!({ "type": "public-key", "id": id, "transports": ["internal"] }));
        }
        let challenge = super::challenge(cx);
        let options = json!({
            "challenge": challenge,
            "timeout": 60 * 1000 * i64::from(desk.client.settings.auth_session_validity.unwrap_or(3)),
            "rpId": rp_id(cx, pool).unwrap_or_default(),
            "allowCredentials": known,
            "userVerification": verification(pool).as_str(),
        });
        let mut session = Session::new(desk, user, login, course);
        session.code = Some(challenge);
        let shown = user.map_or_else(|| desk.pretended_name(login), |user| user.username.clone());
        let asked = [("CREDENTIAL_REQUEST_OPTIONS", options.to_string()), ("USERNAME", shown.clone()), ("USER_ID_FOR_SRP", shown)];
        let asked = asked.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        session.ask(desk, ChallengeNameType::WebAuthn, asked).await
    }

    /// The proof.
    pub(crate) async fn passkey_proof(&self, desk: &Desk, opened: Opened, responses: &Parameters) -> Result<Step, Fault> {
        let text = required(responses, CREDENTIAL)?;
        let Some(user) = opened.user.clone() else {
            nobody::check_lock(desk, &opened.session.login)?;
            opened.missed(desk).await?;
            nobody::count(desk, &opened.session.login).await?;
            return Err(wrong());
        };
        password::check_lock(&desk.cx, &user)?;
        let Some((passkey, count)) = proved(desk, &user, text, opened.session.code.as_deref().unwrap_or_default())? else {
            opened.missed(desk).await?;
            password::count_failure(&desk.cx, &desk.pool, &user).await?;
            protection::note(&desk.cx, &desk.pool, &user, Happened::NotProved).await?;
            return Err(wrong());
        };
        standing(desk, &user)?;
        opened.take(desk).await?;
        password::forget_failures(&desk.cx, &desk.pool, &user).await?;
        counted(desk, passkey, count).await?;
        match is_multi_factor(&desk.pool) {
            true => self.after_factors(desk, user, &opened.session.course).await,
            false => self.after_first_factor(desk, user, &opened.session.course).await,
        }
    }
}

/// The passkey of the user that made the answer, and its count.
fn proved(desk: &Desk, user: &User, text: &str, challenge: &str) -> Result<Option<(Passkey, u32)>, Fault> {
    let (cx, pool) = (&desk.cx, &desk.pool);
    let (Some(rp_id), true) = (rp_id(cx, pool), text.len() <= LONGEST) else { return Ok(None) };
    let Ok(credential) = serde_json::from_str::<Value>(text) else { return Ok(None) };
    let id = credential["id"].as_str().unwrap_or_default().trim_end_matches('=').to_owned();
    let Some(passkey) = cx.store().read(|s| s.get(&PASSKEYS, cx.scope(), &(pool.id.clone(), user.key(pool), id)))? else {
        return Ok(None);
    };
    let expected = Expected { rp_id: &rp_id, challenge, user_verified: verification(pool) == UserVerificationType::Required };
    let response = &credential["response"];
    // The authenticator may say whose the passkey is: then it has to be this user's.
    let of_other = response["userHandle"].as_str().is_some_and(|handle| handle.trim_end_matches('=') != URL_SAFE_NO_PAD.encode(&user.sub));
    let part = |name: &str| web_authn::decoded(&response[name]);
    let (Ok(client_data), Ok(data), Ok(signature)) = (part("clientDataJSON"), part("authenticatorData"), part("signature")) else {
        return Ok(None);
    };
    let count = web_authn::asserted(&client_data, &data, &signature, &passkey.key, &expected).ok();
    // A count that does not grow is that of a copy.
    let grows = |count: &u32| *count > passkey.sign_count || (*count == 0 && passkey.sign_count == 0);
    Ok(count.filter(|count| !of_other && grows(count)).map(|count| (passkey, count)))
}

async fn counted(desk: &Desk, passkey: Passkey, count: u32) -> Result<(), Fault> {
    if count == passkey.sign_count {
        return Ok(());
    }
    let (cx, key) = (&desk.cx, (passkey.pool_id.clone(), passkey.user_key.clone(), passkey.id.clone()));
    cx.store().write(|tx| tx.put(&PASSKEYS, cx.scope(), &key, &Passkey { sign_count: count, ..passkey })).await
}
