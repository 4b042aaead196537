//! What users do for themselves with an access token, and the forgotten password, for which a code is enough.

use crate::{
    CognitoIdp, Error,
    attributes::{self, Writer},
    codes, mfa,
    model::*,
    names::{Desk, warn_unheard},
    nobody, password,
    protection::{self, Happened},
    state::*,
    tokens::{self, Caller},
    users,
    verification::Verification,
};
use kit::{Context, Fault, Tx};

impl CognitoIdp {
    /// The caller's attributes, as far as the client may read them.
    pub async fn get_user(&self, cx: &Context, input: GetUserInput) -> Result<GetUserOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let mut listed = attributes::listed(&caller.user);
        if let Some(read) = &caller.client.settings.read_attributes {
            listed.retain(|a| ["sub", attributes::IDENTITIES].contains(&&*a.name) || read.contains(&a.name));
        }
        Ok(GetUserOutput {
            preferred_mfa_setting: caller.user.mfa.preferred.clone(),
            user_mfa_setting_list: mfa::settings_of(&caller.user),
            username: caller.user.username,
            user_attributes: listed,
            mfa_options: None,
        })
    }

    /// Changes the caller's attributes; a new address is proved by a code where the pool verifies such addresses.
    pub async fn update_user_attributes(
        &self,
        cx: &Context,
        input: UpdateUserAttributesInput,
    ) -> Result<UpdateUserAttributesOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let mut changes = attributes::changes(&caller.pool, Writer::User(&caller.client), &input.user_attributes)?;
        let metadata = input.client_metadata.unwrap_or_default();
        let who = caller.who(&metadata);
        let plan = Verification::plan(&caller.pool, &caller.user, &changes);
        let texts = plan.texts(who, &caller.user).await?;
        let sent = change(&caller, |tx, user| {
            let (cx, pool) = (&caller.cx, &caller.pool);
            let sent = plan.send(cx, tx, pool, user, &mut changes, &texts)?;
            users::apply(cx, tx, pool, user, changes)?;
            Ok(sent)
        })
        .await?;
        for (_, sent) in &sent {
            who.send("UpdateUserAttribute", &caller.user, sent).await?;
        }
        let details = sent.into_iter().map(|(details, _)| details).collect();
        Ok(UpdateUserAttributesOutput { code_delivery_details_list: Some(details) })
    }

    /// Takes attributes of the caller away.
    pub async fn delete_user_attributes(
        &self,
        cx: &Context,
        input: DeleteUserAttributesInput,
    ) -> Result<DeleteUserAttributesOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        attributes::may_delete(&caller.pool, Writer::User(&caller.client), &input.user_attribute_names)?;
        change(&caller, |_, user| {
            attributes::take_away(&mut user.attributes, &input.user_attribute_names);
            Ok(())
        })
        .await?;
        Ok(DeleteUserAttributesOutput {})
    }

    /// Sends a code that proves an address of the caller.
    pub async fn get_user_attribute_verification_code(
        &self,
        cx: &Context,
        input: GetUserAttributeVerificationCodeInput,
    ) -> Result<GetUserAttributeVerificationCodeOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let metadata = input.client_metadata.unwrap_or_default();
        let who = caller.who(&metadata);
        let texts = who.message("VerifyUserAttribute", &caller.user).await?;
        let (details, sent) = change(&caller, |tx, user| {
            let pending = user
                .codes
                .iter()
                .find(|c| c.purpose == CodePurpose::Attribute && c.attribute == input.attribute_name)
                .and_then(|c| c.pending.clone());
            let address = pending.clone().or(user.attributes.get(&input.attribute_name).cloned()).unwrap_or_default();
            let channel = codes::attribute_channel(&input.attribute_name, address)
                .ok_or_else(|| bad(format!("Cannot verify attribute {}: the user has no such address.", input.attribute_name)))?;
            let sent = codes::send(&caller.cx, tx, &caller.pool, user, CodePurpose::Attribute, &channel, pending, &texts)?;
            Ok((channel.details(), sent))
        })
        .await?;
        who.send("VerifyUserAttribute", &caller.user, &sent).await?;
        Ok(GetUserAttributeVerificationCodeOutput { code_delivery_details: Some(details) })
    }

    /// Proves an address of the caller by its code.
    pub async fn verify_user_attribute(&self, cx: &Context, input: VerifyUserAttributeInput) -> Result<VerifyUserAttributeOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        change(&caller, |tx, user| {
            let (cx, pool, name) = (&caller.cx, &caller.pool, &input.attribute_name);
            let redeemed = codes::redeem(cx, user, CodePurpose::Attribute, Some(name), &input.code);
            let Ok(code) = redeemed else { return Ok(redeemed.map(drop)) };
            if let Some(value) = code.pending {
                user.attributes.insert(name.clone(), value);
            }
            user.attributes.insert(format!("{name}_verified"), "true".into());
            users::claim_aliases(tx, cx.scope(), pool, user, false)?;
            Ok(Ok(()))
        })
        .await??;
        Ok(VerifyUserAttributeOutput {})
    }

    /// Deletes the caller.
    pub async fn delete_user(&self, cx: &Context, input: DeleteUserInput) -> Result<DeleteUserOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        caller.cx.store().write(|tx| users::delete(tx, caller.cx.scope(), &caller.pool, &caller.user)).await?;
        Ok(DeleteUserOutput {})
    }

    /// Changes the caller's password. Who has none, because one-time passwords or passkeys do, names none and gets one (AWS's reference).
    pub async fn change_password(&self, cx: &Context, input: ChangePasswordInput) -> Result<ChangePasswordOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let (cx, pool) = (&caller.cx, &caller.pool);
        password::check_lock(cx, &caller.user)
            .map_err(|_| Error::LimitExceeded.says("Attempt limit exceeded, please try after some time."))?;
        let (previous, user) = (input.previous_password.as_deref().filter(|text| !text.is_empty()), &caller.user);
        let first = user.password.is_none() && user.status() == UserStatus::Confirmed && previous.is_none();
        if !first && !password::matches(pool, user, previous.unwrap_or_default()) {
            password::count_failure(cx, pool, &caller.user).await?;
            protection::note(cx, pool, &caller.user, Happened::KeptPassword).await?;
            return Err(crate::auth::wrong());
        }
        change(&caller, |_, user| password::set(cx, pool, user, &input.proposed_password)).await?;
        protection::note(cx, pool, &caller.user, Happened::ChangedPassword).await?;
        Ok(ChangePasswordOutput {})
    }

    /// Sends a code that lets a user choose a new password.
    pub async fn forgot_password(&self, cx: &Context, input: ForgotPasswordInput) -> Result<ForgotPasswordOutput, Fault> {
        warn_unheard!(cx, input, user_context_data);
        let desk = Desk::of_client(cx, &input.client_id)?.telling(input.client_metadata);
        desk.check_secret(&input.username, input.secret_hash.as_deref())?;
        let (cx, pool, who) = (&desk.cx, &desk.pool, desk.who());
        let found = self.known_or_migrated(&desk, &input.username).await?.ok_or_else(no_such_user);
        let (there, channel) = match found.and_then(|there| recoverable(pool, &there).map(|channel| (there, channel))) {
            Ok(found) => found,
            // Who is hidden is not told from one who may not, or has no address (AWS's documentation).
            Err(_) if desk.client.hides_users() => {
                nobody::fresh_code(&desk, nobody::PASSWORD, &input.username).await?;
                return Ok(ForgotPasswordOutput { code_delivery_details: Some(desk.pretended_delivery(&input.username)) });
            }
            Err(fault) => return Err(fault),
        };
        let texts = who.message("ForgotPassword", &there).await?;
        let sent = cx
            .store()
            .write(|tx| {
                let mut user = user(tx, cx.scope(), pool, &input.username)?;
                let sent = codes::send(cx, tx, pool, &mut user, CodePurpose::Password, &channel, None, &texts)?;
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(pool)), &user)?;
                Ok(sent)
            })
            .await?;
        protection::note(cx, pool, &there, Happened::AskedForPassword).await?;
        who.send("ForgotPassword", &there, &sent).await?;
        Ok(ForgotPasswordOutput { code_delivery_details: Some(channel.details()) })
    }

    /// A user of the pool, or one whom its migration function knows, made now without a password.
    async fn known_or_migrated(&self, desk: &Desk, username: &str) -> Result<Option<User>, Fault> {
        let (cx, pool) = (&desk.cx, &desk.pool);
        if let Some(user) = cx.store().read(|s| find_user(s, cx.scope(), pool, username))? {
            return Ok(Some(user));
        }
        let Some(migrated) = desk.who().migrate("ForgotPassword", username, None).await? else { return Ok(None) };
        let mut user = users::of_migration(cx, pool, username, &migrated)?;
        user.status = Some(UserStatus::ResetRequired);
        users::insert(cx, pool, &user, migrated.force_alias).await?;
        Ok(Some(user))
    }

    /// Sets the new password of a user who has the code.
    pub async fn confirm_forgot_password(
        &self,
        cx: &Context,
        input: ConfirmForgotPasswordInput,
    ) -> Result<ConfirmForgotPasswordOutput, Fault> {
        warn_unheard!(cx, input, user_context_data);
        let desk = Desk::of_client(cx, &input.client_id)?.telling(input.client_metadata);
        desk.check_secret(&input.username, input.secret_hash.as_deref())?;
        let (cx, pool) = (&desk.cx, &desk.pool);
        password::check_policy(pool, &input.password)?;
        // Who is not there, and who never asked for a code, are told from nobody: to all of them the code is just wrong (AWS's documentation).
        let hides = desk.client.hides_users();
        let judged = cx
            .store()
            .write(|tx| {
                let found = find_user(tx, cx.scope(), pool, &input.username)?;
                let asked = found.as_ref().is_some_and(|user| !user.disabled && codes::waits(cx, user, CodePurpose::Password));
                if hides && !asked {
                    return Ok(None);
                }
                let mut user = found.ok_or_else(no_such_user)?;
                let redeemed = codes::redeem(cx, &mut user, CodePurpose::Password, None, &input.confirmation_code);
                if let Ok(code) = &redeemed {
                    password::set(cx, pool, &mut user, &input.password)?;
                    user.attributes.insert(format!("{}_verified", code.attribute), "true".into());
                    user.status = Some(UserStatus::Confirmed);
                    tokens::end_sign_ins(tx, cx.scope(), &pool.id, &user.key(pool))?;
                }
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(pool)), &user)?;
                Ok(Some((user, redeemed.map(drop))))
            })
            .await?;
        let user = match judged {
            Some((user, judged)) => {
                let happened = if judged.is_ok() { Happened::ResetPassword } else { Happened::WrongResetCode };
                protection::note(cx, pool, &user, happened).await?;
                judged.map(|()| user)?
            }
            None => return Err(nobody::wrong_code(&desk, nobody::PASSWORD, &input.username).await?),
        };
        desk.who().post_confirmation("ConfirmForgotPassword", &user).await?;
        Ok(ConfirmForgotPasswordOutput {})
    }
}

/// Where the code goes by which a user may choose a new password, if he may.
fn recoverable(pool: &Pool, user: &User) -> Result<codes::Channel, Fault> {
    if user.disabled {
        return Err(not_authorized("User is disabled."));
    }
    password::check_resettable(user)?;
    codes::recovery_channel(pool, user)
}

/// Changes the caller's own row.
async fn change<R>(caller: &Caller, f: impl FnOnce(&mut Tx<'_>, &mut User) -> Result<R, Fault>) -> Result<R, Fault> {
    let (cx, pool) = (&caller.cx, &caller.pool);
    cx.store()
        .write(|tx| {
            use kit::Read;
            let key = (pool.id.clone(), caller.user.key(pool));
            let mut user = tx.get(&USERS, cx.scope(), &key)?.ok_or_else(no_such_user)?;
            let result = f(tx, &mut user)?;
            user.modified = cx.now();
            tx.put(&USERS, cx.scope(), &key, &user)?;
            Ok(result)
        })
        .await
}
