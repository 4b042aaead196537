//! Sign-up by users themselves, and its confirmation by code.

use crate::{CognitoIdp, Error, attributes::Writer, codes, model::*, names::Desk, password, state::*, users};
use kit::{Context, Fault};

impl CognitoIdp {
    /// Makes an unconfirmed user and sends a code where the pool verifies an address that the user gave.
    pub async fn sign_up(&self, cx: &Context, input: SignUpInput) -> Result<SignUpOutput, Fault> {
        let desk = Desk::of_client(cx, &input.client_id)?;
        desk.check_secret(&input.username, input.secret_hash.as_deref())?;
        let (cx, pool) = (&desk.cx, &desk.pool);
        if pool.settings.admin_create_user_config.as_ref().is_some_and(|c| c.allow_admin_create_user_only == Some(true)) {
            return Err(not_authorized("SignUp is not permitted for this user pool"));
        }
        let given = input.user_attributes.unwrap_or_default();
        let mut user = users::fresh(cx, pool, Writer::User(&desk.client), &input.username, &given)?;
        user.status = Some(UserStatus::Unconfirmed);
        let text = input.password.ok_or_else(|| bad("Missing required parameter Password"))?;
        password::set(cx, pool, &mut user, &text)?;
        let channel = codes::sign_up_channel(pool, &user);
        let sub = user.sub.clone();
        cx.store()
            .write(|tx| {
                users::check_free(tx, cx.scope(), pool, &user)?;
                if let Some(channel) = &channel {
                    codes::send(cx, tx, pool, &mut user, CodePurpose::SignUp, channel, None)?;
                }
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(pool)), &user)
            })
            .await?;
        Ok(SignUpOutput { user_confirmed: false, code_delivery_details: channel.map(|c| c.details()), user_sub: sub, session: None })
    }

    /// Confirms a user by the code that was sent; the address it went to counts as verified from now on.
    pub async fn confirm_sign_up(&self, cx: &Context, input: ConfirmSignUpInput) -> Result<ConfirmSignUpOutput, Fault> {
        let desk = Desk::of_client(cx, &input.client_id)?;
        desk.check_secret(&input.username, input.secret_hash.as_deref())?;
        let (cx, pool) = (&desk.cx, &desk.pool);
        desk.user(&input.username, || Error::ExpiredCode.says("Invalid code provided, please request a code again."))?;
        cx.store()
            .write(|tx| {
                let mut user = user(tx, cx.scope(), pool, &input.username)?;
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
                Ok(redeemed)
            })
            .await??;
        Ok(ConfirmSignUpOutput { session: None })
    }

    /// Sends another code; the one before no longer counts.
    pub async fn resend_confirmation_code(
        &self,
        cx: &Context,
        input: ResendConfirmationCodeInput,
    ) -> Result<ResendConfirmationCodeOutput, Fault> {
        let desk = Desk::of_client(cx, &input.client_id)?;
        desk.check_secret(&input.username, input.secret_hash.as_deref())?;
        let (cx, pool) = (&desk.cx, &desk.pool);
        let sent = cx
            .store()
            .write(|tx| {
                let Some(mut user) = find_user(tx, cx.scope(), pool, &input.username)? else {
                    return match desk.client.hides_users() {
                        true => Ok(desk.pretended_delivery(&input.username)),
                        false => Err(no_such_user()),
                    };
                };
                if user.status() != UserStatus::Unconfirmed {
                    return Err(bad("User is already confirmed."));
                }
                let channel =
                    codes::sign_up_channel(pool, &user).ok_or_else(|| bad("Cannot resend codes. Auto verification not turned on."))?;
                codes::send(cx, tx, pool, &mut user, CodePurpose::SignUp, &channel, None)?;
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(pool)), &user)?;
                Ok(channel.details())
            })
            .await?;
        Ok(ResendConfirmationCodeOutput { code_delivery_details: Some(sent) })
    }
}

/// The fault for confirming a user who is beyond it.
pub(crate) fn not_confirmable(user: &User) -> Fault {
    not_authorized(format!("User cannot be confirmed. Current status is {}", user.status()))
}
