//! Setting up an authenticator, by a user who is signed in or in the midst of a sign-in that asks for it.

use super::totp;
use crate::{
    CognitoIdp, Error,
    auth::{Opened, SESSIONS, find_session},
    model::*,
    state::*,
};
use kit::{Context, Fault, Read};

impl CognitoIdp {
    /// Draws a secret for an authenticator; nothing counts before its first code.
    pub async fn associate_software_token(
        &self,
        cx: &Context,
        input: AssociateSoftwareTokenInput,
    ) -> Result<AssociateSoftwareTokenOutput, Fault> {
        let secret = totp::secret(cx);
        let session = match (input.access_token, input.session) {
            (Some(token), _) => {
                let caller = self.caller(cx, &token)?;
                if !super::offers(&caller.pool, super::Method::Totp) {
                    return Err(Error::SoftwareTokenMFANotFound.says("Software Token MFA has not been enabled by the userPool"));
                }
                let key = (caller.pool.id.clone(), caller.user.key(&caller.pool));
                caller
                    .cx
                    .store()
                    .write(|tx| {
                        let mut user = tx.get(&USERS, caller.cx.scope(), &key)?.ok_or_else(no_such_user)?;
                        user.mfa.pending_secret = Some(secret.clone());
                        tx.put(&USERS, caller.cx.scope(), &key, &user)
                    })
                    .await?;
                None
            }
            (None, Some(text)) => {
                let (cx, pool, opened) = open_setup(cx, &text)?;
                change_session(&cx, &pool, &opened, |s| s.totp = Some(secret.clone())).await?;
                Some(text)
            }
            (None, None) => return Err(bad("Either AccessToken or Session must be given.")),
        };
        Ok(AssociateSoftwareTokenOutput { secret_code: Some(secret), session })
    }

    /// Takes the first code of an authenticator.
    pub async fn verify_software_token(&self, cx: &Context, input: VerifySoftwareTokenInput) -> Result<VerifySoftwareTokenOutput, Fault> {
        let name = input.friendly_device_name;
        let session = match (input.access_token, input.session) {
            (Some(token), _) => {
                let caller = self.caller(cx, &token)?;
                prove(&caller.cx, &caller.pool, &caller.user, None, &input.user_code, name).await?;
                None
            }
            (None, Some(text)) => {
                let (cx, pool, opened) = open_setup(cx, &text)?;
                let secret = opened.session.totp.clone().ok_or_else(not_associated)?;
                prove(&cx, &pool, opened.user()?, Some(secret), &input.user_code, name).await?;
                change_session(&cx, &pool, &opened, |s| s.totp_proved = true).await?;
                Some(text)
            }
            (None, None) => return Err(bad("Either AccessToken or Session must be given.")),
        };
        Ok(VerifySoftwareTokenOutput { status: Some(VerifySoftwareTokenResponseType::Success), session })
    }
}

/// Keeps a secret whose code is right. One that was set up in a sign-in counts from now on, and so does one of a pool that requires it;
/// others are switched on by SetUserMFAPreference.
async fn prove(cx: &Context, pool: &Pool, user: &User, in_session: Option<String>, code: &str, name: Option<String>) -> Result<(), Fault> {
    let key = (pool.id.clone(), user.key(pool));
    cx.store()
        .write(|tx| {
            let mut user = tx.get(&USERS, cx.scope(), &key)?.ok_or_else(no_such_user)?;
            let on = in_session.is_some() || super::required(pool);
            let secret = in_session.or(user.mfa.pending_secret.take()).ok_or_else(not_associated)?;
            let step = totp::step_of(&secret, code, cx.now()).ok_or_else(|| Error::EnableSoftwareTokenMFA.says("Code mismatch"))?;
            user.mfa.secret = Some(secret);
            user.mfa.last_step = step;
            user.mfa.device_name = name;
            user.mfa.totp |= on;
            user.modified = cx.now();
            tx.put(&USERS, cx.scope(), &key, &user)
        })
        .await
}

/// The session of a sign-in that asks for an authenticator. These operations carry no client: the session's text tells the pool.
fn open_setup(cx: &Context, text: &str) -> Result<(Context, Pool, Opened), Fault> {
    let (cx, pool, opened) = find_session(cx, text)?;
    match opened.session.challenge == ChallengeNameType::MfaSetup.as_str() {
        true => Ok((cx, pool, opened)),
        false => Err(not_authorized("Invalid session for the user.")),
    }
}

async fn change_session(cx: &Context, pool: &Pool, opened: &Opened, f: impl FnOnce(&mut crate::auth::Session)) -> Result<(), Fault> {
    let key = (pool.id.clone(), opened.id.clone());
    cx.store()
        .write(|tx| {
            let Some(mut session) = tx.get(&SESSIONS, cx.scope(), &key)? else { return Ok(()) };
            f(&mut session);
            tx.put(&SESSIONS, cx.scope(), &key, &session)
        })
        .await
}

fn not_associated() -> Fault {
    Error::SoftwareTokenMFANotFound.says("Software token MFA has not been associated with the user.")
}
