//! Registering a passkey: what the browser is told to ask its authenticator for, and the check of what it made.

use super::{MOST, PASSKEYS, Passkey, allowed, challenge, of_user, rp_id, verification, web_authn};
use crate::{
    CognitoIdp, Error,
    auth::{SESSIONS, Session},
    model::*,
    state::*,
    tokens::Caller,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kit::{Context, Fault, Read};
use serde_json::{Value, json};
use web_authn::{Expected, Refusal};

/// How long a user may take, as browsers are told and as challenges count.
const LIFE_SECS: i64 = 60;
/// Transports of a passkey that are kept, and the longest name of one.
const MOST_TRANSPORTS: usize = 8;
const LONGEST_TRANSPORT: usize = 32;

impl CognitoIdp {
    /// Options for `navigator.credentials.create`. A later call makes the challenge of an earlier one void.
    pub async fn start_web_authn_registration(
        &self,
        cx: &Context,
        input: StartWebAuthnRegistrationInput,
    ) -> Result<StartWebAuthnRegistrationOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let (cx, pool, user) = (&caller.cx, &caller.pool, &caller.user);
        let rp_id = enabled(&caller)?;
        let challenge = challenge(cx);
        let pending = Session {
            pool_id: pool.id.clone(),
            client_id: caller.client.id().into(),
            user_key: Some(user.key(pool)),
            code: Some(challenge.clone()),
            ends: cx.now().secs() + LIFE_SECS,
            ..Session::default()
        };
        let there = cx.store().read(|s| of_user(s, cx.scope(), &pool.id, &user.key(pool)))?;
        if there.len() >= MOST {
            return Err(Error::LimitExceeded.says(format!("A user can have at most {MOST} passkeys.")));
        }
        cx.store().write(|tx| tx.put(&SESSIONS, cx.scope(), &row(&caller), &pending)).await?;
        let known: Vec<Value> = there.iter().map(|p| json!({ "type": "public-key", "id": p.id, "transports": p.transports })).collect();
        let algorithms: Vec<Value> = web_authn::ALGORITHMS.iter().map(|alg| json!({ "type": "public-key", "alg": alg })).collect();
        let shown = user.attributes.get("name").or(user.attributes.get("email")).unwrap_or(&user.username);
        Ok(StartWebAuthnRegistrationOutput {
            credential_creation_options: Some(json!({
                "rp": { "id": rp_id, "name": rp_id },
                "user": { "id": URL_SAFE_NO_PAD.encode(&user.sub), "name": user.username, "displayName": shown },
                "challenge": challenge,
                "pubKeyCredParams": algorithms,
                "timeout": LIFE_SECS * 1000,
                "excludeCredentials": known,
                "authenticatorSelection": {
                    "requireResidentKey": true, "residentKey": "required", "userVerification": verification(pool).as_str(),
                },
                "attestation": "none",
            })),
        })
    }

    /// Keeps the passkey that an authenticator has made (RegistrationResponseJSON).
    pub async fn complete_web_authn_registration(
        &self,
        cx: &Context,
        input: CompleteWebAuthnRegistrationInput,
    ) -> Result<CompleteWebAuthnRegistrationOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let (cx, pool) = (&caller.cx, &caller.pool);
        let rp_id = enabled(&caller)?;
        let pending = taken(&caller).await?;
        if pending.client_id != caller.client.id() {
            return Err(Error::WebAuthnClientMismatch.says("The passkey was begun to be registered by another app client."));
        }
        let passkey = passkey(&caller, &input.credential, rp_id, &pending.code.unwrap_or_default()).map_err(refusal)?;
        cx.store()
            .write(|tx| {
                let taken = tx.by_index(&PASSKEYS, cx.scope(), "credential", &(pool.id.as_str(), passkey.id.as_str())).first()?;
                if taken.is_some() {
                    return Err(bad("The passkey is registered already."));
                }
                tx.put(&PASSKEYS, cx.scope(), &(pool.id.clone(), passkey.user_key.clone(), passkey.id.clone()), &passkey)
            })
            .await?;
        Ok(CompleteWebAuthnRegistrationOutput {})
    }
}

/// The relying party's id, where the pool takes passkeys.
fn enabled(caller: &Caller) -> Result<String, Fault> {
    if !allowed(&caller.pool) {
        return Err(Error::WebAuthnNotEnabled.says("Passkeys are not enabled for this user pool."));
    }
    rp_id(&caller.cx, &caller.pool)
        .ok_or_else(|| Error::WebAuthnConfigurationMissing.says("The user pool has neither a RelyingPartyId for passkeys nor a domain."))
}

/// Where a user's challenge waits.
fn row(caller: &Caller) -> (String, String) {
    (caller.pool.id.clone(), format!("passkey/{}", caller.user.key(&caller.pool)))
}

/// The challenge that waits; it counts once.
async fn taken(caller: &Caller) -> Result<Session, Fault> {
    let cx = &caller.cx;
    let found = cx
        .store()
        .write(|tx| match tx.exists(&SESSIONS, cx.scope(), &row(caller))? {
            true => tx.delete(&SESSIONS, cx.scope(), &row(caller)),
            false => Ok(None),
        })
        .await?;
    let found = found.filter(|session| session.ends > cx.now().secs());
    found.ok_or_else(|| Error::WebAuthnChallengeNotFound.says("The challenge of the passkey was not found, or is too old."))
}

fn passkey(caller: &Caller, credential: &Value, rp_id: String, challenge: &str) -> Result<Passkey, Refusal> {
    let response = &credential["response"];
    let user_verified = verification(&caller.pool) == UserVerificationType::Required;
    let expected = Expected { rp_id: &rp_id, challenge, user_verified };
    let client_data = web_authn::decoded(&response["clientDataJSON"])?;
    let made = web_authn::registered(&client_data, &web_authn::decoded(&response["attestationObject"])?, &expected)?;
    if web_authn::decoded(&credential["id"])? != made.id {
        return Err(Refusal::Malformed);
    }
    let transports = response["transports"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let attachment = credential["authenticatorAttachment"].as_str().filter(|text| ["platform", "cross-platform"].contains(text));
    Ok(Passkey {
        pool_id: caller.pool.id.clone(),
        user_key: caller.user.key(&caller.pool),
        id: URL_SAFE_NO_PAD.encode(&made.id),
        key: made.key,
        sign_count: made.sign_count,
        attachment: attachment.map(str::to_owned),
        transports: transports.filter(|t| t.len() <= LONGEST_TRANSPORT).take(MOST_TRANSPORTS).map(str::to_owned).collect(),
        created: caller.cx.now(),
        rp_id,
    })
}

fn refusal(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Malformed | Refusal::Signature => bad("The credential can't be read as a public-key credential."),
        Refusal::Challenge => Error::WebAuthnChallengeNotFound.says("The credential answers another challenge."),
        Refusal::Origin => Error::WebAuthnOriginNotAllowed.says("The origin of the credential is not one of the relying party."),
        Refusal::RelyingParty => Error::WebAuthnRelyingPartyMismatch.says("The credential was made for another relying party."),
        Refusal::NotSupported => Error::WebAuthnCredentialNotSupported
            .says("The credential has an algorithm that was not offered, or its user was not verified as the user pool requires."),
    }
}
