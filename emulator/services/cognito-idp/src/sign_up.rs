//! Sign-up by users themselves, and its confirmation by code.

use crate::{
    CognitoIdp,
    attributes::{self, Writer},
    auth::{self, Session},
    clients, codes,
    model::*,
    names::{Desk, warn_unheard},
    nobody, password,
    protection::{self, Happened},
    state::*,
    users,
};
use kit::{Context, Fault};

impl CognitoIdp {
    /// Makes an unconfirmed user and sends a code where the pool verifies an address that the user gave.
    pub async fn sign_up(&self, cx: &Context, input: SignUpInput) -> Result<SignUpOutput, Fault> {
        warn_unheard!(cx, input, user_context_data);
        let desk = Desk::of_client(cx, &input.client_id)?.telling(input.client_metadata);
        desk.check_secret(&input.username, input.secret_hash.as_deref())?;
        let (cx, pool, who) = (&desk.cx, &desk.pool, desk.who());
        if pool.settings.admin_create_user_config.as_ref().is_some_and(|c| c.allow_admin_create_user_only == Some(true)) {
            return Err(not_authorized("SignUp is not permitted for this user pool"));
        }
        let given = input.user_attributes.unwrap_or_default();
        let mut user = users::fresh(cx, pool, Writer::User(&desk.client), &input.username, &given)?;
        user.status = Some(UserStatus::Unconfirmed);
        match input.password.filter(|text| !text.is_empty()) {
            Some(text) => password::set(cx, pool, &mut user, &text)?,
            None if takes_no_password(pool) => {}
            None => return Err(bad("Missing required parameter Password")),
        }
        // A name that is taken is refused before anybody is asked.
        cx.store().read(|s| users::check_free(s, cx.scope(), pool, &user))?;
        who.pre_sign_up("SignUp", &mut user, input.validation_data.as_deref().unwrap_or_default()).await?;
        attributes::flag_unproved(&mut user.attributes);
        let confirmed = user.status == Some(UserStatus::Confirmed);
        let channel = if confirmed { None } else { codes::sign_up_channel(pool, &user) };
        let link = channel.as_ref().map(|channel| self.confirm_link(&desk, &user, channel)).transpose()?.flatten();
        let texts = if channel.is_some() { who.message("SignUp", &user).await? } else { codes::Texts::default() };
        let texts = codes::Texts { link, ..texts };
        let sent = cx
            .store()
            .write(|tx| {
                users::check_free(tx, cx.scope(), pool, &user)?;
                if confirmed {
                    users::claim_aliases(tx, cx.scope(), pool, &user, false)?;
                }
                let sent = match &channel {
                    Some(channel) => Some(codes::send(cx, tx, pool, &mut user, CodePurpose::SignUp, channel, None, &texts)?),
                    None => None,
                };
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(pool)), &user)?;
                Ok(sent)
            })
            .await?;
        protection::note(cx, pool, &user, Happened::SignedUp).await?;
        match &sent {
            Some(sent) => who.send("SignUp", &user, sent).await?,
            None if confirmed => who.post_confirmation("ConfirmSignUp", &user).await?,
            None => {}
        }
        let stage = if confirmed { auth::CONFIRMED } else { auth::SIGNED_UP };
        Ok(SignUpOutput {
            user_confirmed: confirmed,
            code_delivery_details: channel.map(|c| c.details()),
            session: session(&desk, &user, stage).await?,
            user_sub: user.sub,
        })
    }

    /// Confirms a user by the code that was sent; the address it went to counts as verified from now on.
    pub async fn confirm_sign_up(&self, cx: &Context, input: ConfirmSignUpInput) -> Result<ConfirmSignUpOutput, Fault> {
        warn_unheard!(cx, input, user_context_data);
        let desk = Desk::of_client(cx, &input.client_id)?.telling(input.client_metadata);
        desk.check_secret(&input.username, input.secret_hash.as_deref())?;
        let (cx, pool) = (&desk.cx, &desk.pool);
        // Where users are hidden, everybody's code is just wrong but that of a user who waits for one.
        let waits = |user: &User| user.status() == UserStatus::Unconfirmed && codes::waits(cx, user, CodePurpose::SignUp);
        let hides = desk.client.hides_users();
        let judged = cx
            .store()
            .write(|tx| {
                let found = find_user(tx, cx.scope(), pool, &input.username)?;
                if hides && !found.as_ref().is_some_and(waits) {
                    return Ok(None);
                }
                let mut user = found.ok_or_else(no_such_user)?;
                if user.status() != UserStatus::Unconfirmed {
                    return Err(not_confirmable(&user));
                }
                let redeemed = codes::redeem(cx, &mut user, CodePurpose::SignUp, None, &input.confirmation_code);
                if let Ok(code) = &redeemed {
                    user.attributes.insert(format!("{}_verified", code.attribute), "true".into());
                    users::claim_aliases(tx, cx.scope(), pool, &user, input.force_alias_creation == Some(true))?;
                    user.status = Some(UserStatus::Confirmed);
                    user.modified = cx.now();
                }
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(pool)), &user)?;
                Ok(Some(redeemed.map(|_| user)))
            })
            .await?;
        let user = match judged {
            Some(judged) => judged?,
            None => return Err(nobody::wrong_code(&desk, nobody::SIGN_UP, &input.username).await?),
        };
        desk.who().post_confirmation("ConfirmSignUp", &user).await?;
        let signed_up = input.session.map(|text| auth::find_in_pool(cx, pool, &text)).transpose()?;
        let mine = signed_up.filter(|s| s.session.challenge == auth::SIGNED_UP && s.user.as_ref().is_some_and(|u| u.sub == user.sub));
        let session = match mine {
            Some(opened) => {
                opened.take(&desk).await?;
                session(&desk, &user, auth::CONFIRMED).await?
            }
            None => None,
        };
        Ok(ConfirmSignUpOutput { session })
    }

    /// Sends another code; the one before no longer counts.
    pub async fn resend_confirmation_code(
        &self,
        cx: &Context,
        input: ResendConfirmationCodeInput,
    ) -> Result<ResendConfirmationCodeOutput, Fault> {
        warn_unheard!(cx, input, user_context_data);
        let desk = Desk::of_client(cx, &input.client_id)?.telling(input.client_metadata);
        desk.check_secret(&input.username, input.secret_hash.as_deref())?;
        let (cx, pool, who) = (&desk.cx, &desk.pool, desk.who());
        let found = cx.store().read(|s| find_user(s, cx.scope(), pool, &input.username))?.ok_or_else(no_such_user);
        let (there, channel) = match found.and_then(|there| resendable(pool, &there).map(|channel| (there, channel))) {
            Ok(found) => found,
            // Who is hidden is not told from one who is confirmed, or has no address (AWS's documentation).
            Err(_) if desk.client.hides_users() && !pool.auto_verified().is_empty() => {
                nobody::fresh_code(&desk, nobody::SIGN_UP, &input.username).await?;
                return Ok(ResendConfirmationCodeOutput { code_delivery_details: Some(desk.pretended_delivery(&input.username)) });
            }
            Err(_) if desk.client.hides_users() => return Err(bad(NOTHING_VERIFIED)),
            Err(fault) => return Err(fault),
        };
        let link = self.confirm_link(&desk, &there, &channel)?;
        let texts = codes::Texts { link, ..who.message("ResendCode", &there).await? };
        let sent = cx
            .store()
            .write(|tx| {
                let mut user = user(tx, cx.scope(), pool, &input.username)?;
                let sent = codes::send(cx, tx, pool, &mut user, CodePurpose::SignUp, &channel, None, &texts)?;
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(pool)), &user)?;
                Ok(sent)
            })
            .await?;
        protection::note(cx, pool, &there, Happened::AskedForCode).await?;
        who.send("ResendCode", &there, &sent).await?;
        Ok(ResendConfirmationCodeOutput { code_delivery_details: Some(channel.details()) })
    }
}

const NOTHING_VERIFIED: &str = "Cannot resend codes. Auto verification not turned on.";

/// Where another code of a sign-up goes, if it may.
fn resendable(pool: &Pool, user: &User) -> Result<codes::Channel, Fault> {
    if user.status() != UserStatus::Unconfirmed {
        return Err(bad("User is already confirmed."));
    }
    codes::sign_up_channel(pool, user).ok_or_else(|| bad(NOTHING_VERIFIED))
}

/// Users of pools that take one-time passwords need no password.
pub(crate) fn takes_no_password(pool: &Pool) -> bool {
    pool.first_factors().iter().any(|f| matches!(f, AuthFactorType::EmailOtp | AuthFactorType::SmsOtp))
}

/// A session by which a client of USER_AUTH signs the user in without another proof, once he is confirmed.
async fn session(desk: &Desk, user: &User, stage: &str) -> Result<Option<String>, Fault> {
    if !clients::allows(&desk.client, ExplicitAuthFlowsType::AllowUserAuth, None) {
        return Ok(None);
    }
    let mut session = Session::new(desk, Some(user), &user.username, &auth::Course::default());
    session.challenge = stage.into();
    session.keep(desk).await.map(Some)
}

/// The fault for confirming a user who is beyond it.
pub(crate) fn not_confirmable(user: &User) -> Fault {
    not_authorized(format!("User cannot be confirmed. Current status is {}", user.status()))
}
