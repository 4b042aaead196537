//! Users as administrators see them: made, described, changed, listed, deleted; and the rules of names and aliases.

use crate::{
    CognitoIdp, Error,
    attributes::{self, Writer},
    codes, devices, mfa,
    model::*,
    passkeys, password, protection, sign_up,
    state::*,
    tokens,
    triggers::{Migrated, Who},
    verification::Verification,
};
use kit::{Context, Fault, Read, Scope, Tx};
use std::collections::BTreeMap;

impl CognitoIdp {
    /// Makes a user with a temporary password and invites him.
    pub async fn admin_create_user(&self, cx: &Context, input: AdminCreateUserInput) -> Result<AdminCreateUserOutput, Fault> {
        let pool = cx.store().read(|s| pool(s, cx.scope(), &input.user_pool_id))?;
        if input.message_action == Some(MessageActionType::Resend) {
            return self.invite_again(cx, &pool, input).await;
        }
        let given = input.user_attributes.unwrap_or_default();
        let metadata = input.client_metadata.unwrap_or_default();
        let who = Who::admin(cx, &pool, &metadata);
        let mut user = fresh(cx, &pool, Writer::Admin, &input.username, &given)?;
        let text = match input.temporary_password.filter(|t| !t.is_empty()) {
            // Where one-time passwords are taken, a user may be made without a password (AWS's documentation), and has none to change.
            None if sign_up::takes_no_password(&pool) => None,
            given => Some(given.unwrap_or_else(|| password::temporary(cx, &pool))),
        };
        match &text {
            Some(text) => make_temporary(cx, &pool, &mut user, text)?,
            None => user.status = Some(UserStatus::Confirmed),
        }
        // A name that is taken is refused before anybody is asked.
        cx.store().read(|s| check_free(s, cx.scope(), &pool, &user))?;
        who.pre_sign_up("AdminCreateUser", &mut user, input.validation_data.as_deref().unwrap_or_default()).await?;
        let invite = input.message_action != Some(MessageActionType::Suppress);
        if invite && text.is_none() {
            cx.warn("a user without a password gets no invitation: there is no temporary password to send");
        }
        let invitation = text.filter(|_| invite);
        let texts = if invitation.is_some() { who.message("AdminCreateUser", &user).await? } else { codes::Texts::default() };
        let sent = cx
            .store()
            .write(|tx| {
                check_free(tx, cx.scope(), &pool, &user)?;
                claim_aliases(tx, cx.scope(), &pool, &user, input.force_alias_creation == Some(true))?;
                let sent = match &invitation {
                    Some(text) => codes::invite(cx, tx, &pool, &user, input.desired_delivery_mediums.as_deref(), text, &texts)?,
                    None => Vec::new(),
                };
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(&pool)), &user)?;
                Ok(sent)
            })
            .await?;
        for sent in &sent {
            who.send("AdminCreateUser", &user, sent).await?;
        }
        Ok(AdminCreateUserOutput { user: Some(described(&user, None)) })
    }

    async fn invite_again(&self, cx: &Context, pool: &Pool, input: AdminCreateUserInput) -> Result<AdminCreateUserOutput, Fault> {
        let metadata = input.client_metadata.unwrap_or_default();
        let who = Who::admin(cx, pool, &metadata);
        let there = cx.store().read(|s| user(s, cx.scope(), pool, &input.username))?;
        let texts = who.message("AdminCreateUser", &there).await?;
        let (changed, sent) = cx
            .store()
            .write(|tx| {
                let mut user = user(tx, cx.scope(), pool, &input.username)?;
                if user.status() != UserStatus::ForceChangePassword {
                    return Err(Error::UnsupportedUserState.says(format!("Resend not possible. User status is {}", user.status())));
                }
                let text = input.temporary_password.clone().unwrap_or_else(|| password::temporary(cx, pool));
                make_temporary(cx, pool, &mut user, &text)?;
                let sent = codes::invite(cx, tx, pool, &user, input.desired_delivery_mediums.as_deref(), &text, &texts)?;
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(pool)), &user)?;
                Ok((user, sent))
            })
            .await?;
        for sent in &sent {
            who.send("AdminCreateUser", &changed, sent).await?;
        }
        Ok(AdminCreateUserOutput { user: Some(described(&changed, None)) })
    }

    /// Describes a user.
    pub async fn admin_get_user(&self, cx: &Context, input: AdminGetUserInput) -> Result<AdminGetUserOutput, Fault> {
        let user = cx.store().read(|s| {
            let pool = pool(s, cx.scope(), &input.user_pool_id)?;
            user(s, cx.scope(), &pool, &input.username)
        })?;
        Ok(AdminGetUserOutput {
            username: user.username.clone(),
            user_attributes: Some(attributes::listed(&user)),
            user_create_date: Some(user.created),
            user_last_modified_date: Some(user.modified),
            enabled: Some(!user.disabled),
            user_status: Some(user.status()),
            preferred_mfa_setting: user.mfa.preferred.clone(),
            user_mfa_setting_list: mfa::settings_of(&user),
            mfa_options: sms_option(&user),
        })
    }

    /// Gives a user a password, for good or until the first sign-in.
    pub async fn admin_set_user_password(
        &self,
        cx: &Context,
        input: AdminSetUserPasswordInput,
    ) -> Result<AdminSetUserPasswordOutput, Fault> {
        change(cx, &input.user_pool_id, &input.username, |_, pool, user| match input.permanent == Some(true) {
            true => {
                password::set(cx, pool, user, &input.password)?;
                user.status = Some(UserStatus::Confirmed);
                Ok(())
            }
            false => make_temporary(cx, pool, user, &input.password),
        })
        .await?;
        Ok(AdminSetUserPasswordOutput {})
    }

    /// Makes a user choose a new password by a code.
    pub async fn admin_reset_user_password(
        &self,
        cx: &Context,
        input: AdminResetUserPasswordInput,
    ) -> Result<AdminResetUserPasswordOutput, Fault> {
        let metadata = input.client_metadata.unwrap_or_default();
        let (pool, there) = found(cx, &input.user_pool_id, &input.username)?;
        let who = Who::admin(cx, &pool, &metadata);
        let texts = who.message("ForgotPassword", &there).await?;
        let sent = change(cx, &input.user_pool_id, &input.username, |tx, pool, user| {
            password::check_resettable(user)?;
            let channel = codes::recovery_channel(pool, user)?;
            let sent = codes::send(cx, tx, pool, user, CodePurpose::Password, &channel, None, &texts)?;
            user.status = Some(UserStatus::ResetRequired);
            Ok(sent)
        })
        .await?;
        who.send("ForgotPassword", &there, &sent).await?;
        Ok(AdminResetUserPasswordOutput {})
    }

    /// Confirms a user without a code; addresses stay unverified.
    pub async fn admin_confirm_sign_up(&self, cx: &Context, input: AdminConfirmSignUpInput) -> Result<AdminConfirmSignUpOutput, Fault> {
        change(cx, &input.user_pool_id, &input.username, |_, _, user| {
            if user.status() != UserStatus::Unconfirmed {
                return Err(sign_up::not_confirmable(user));
            }
            user.status = Some(UserStatus::Confirmed);
            Ok(())
        })
        .await?;
        let metadata = input.client_metadata.unwrap_or_default();
        let (pool, confirmed) = found(cx, &input.user_pool_id, &input.username)?;
        Who::admin(cx, &pool, &metadata).post_confirmation("ConfirmSignUp", &confirmed).await?;
        Ok(AdminConfirmSignUpOutput {})
    }

    /// Deletes a user.
    pub async fn admin_delete_user(&self, cx: &Context, input: AdminDeleteUserInput) -> Result<AdminDeleteUserOutput, Fault> {
        cx.store()
            .write(|tx| {
                let pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                let user = user(tx, cx.scope(), &pool, &input.username)?;
                delete(tx, cx.scope(), &pool, &user)
            })
            .await?;
        Ok(AdminDeleteUserOutput {})
    }

    /// Lets a user sign in again.
    pub async fn admin_enable_user(&self, cx: &Context, input: AdminEnableUserInput) -> Result<AdminEnableUserOutput, Fault> {
        change(cx, &input.user_pool_id, &input.username, |_, _, user| {
            user.disabled = false;
            Ok(())
        })
        .await?;
        Ok(AdminEnableUserOutput {})
    }

    /// Keeps a user from signing in and revokes what he holds.
    pub async fn admin_disable_user(&self, cx: &Context, input: AdminDisableUserInput) -> Result<AdminDisableUserOutput, Fault> {
        change(cx, &input.user_pool_id, &input.username, |tx, pool, user| {
            user.disabled = true;
            tokens::end_sign_ins(tx, cx.scope(), &pool.id, &user.key(pool))
        })
        .await?;
        Ok(AdminDisableUserOutput {})
    }

    /// Changes attributes.
    pub async fn admin_update_user_attributes(
        &self,
        cx: &Context,
        input: AdminUpdateUserAttributesInput,
    ) -> Result<AdminUpdateUserAttributesOutput, Fault> {
        let metadata = input.client_metadata.unwrap_or_default();
        let (pool, there) = found(cx, &input.user_pool_id, &input.username)?;
        let who = Who::admin(cx, &pool, &metadata);
        let mut changes = attributes::changes(&pool, Writer::Admin, &input.user_attributes)?;
        let plan = Verification::plan(&pool, &there, &changes);
        let texts = plan.texts(who, &there).await?;
        let sent = change(cx, &input.user_pool_id, &input.username, |tx, pool, user| {
            let sent = plan.send(cx, tx, pool, user, &mut changes, &texts)?;
            apply(cx, tx, pool, user, changes)?;
            Ok(sent)
        })
        .await?;
        for (_, sent) in &sent {
            who.send("UpdateUserAttribute", &there, sent).await?;
        }
        Ok(AdminUpdateUserAttributesOutput {})
    }

    /// Takes attributes away.
    pub async fn admin_delete_user_attributes(
        &self,
        cx: &Context,
        input: AdminDeleteUserAttributesInput,
    ) -> Result<AdminDeleteUserAttributesOutput, Fault> {
        change(cx, &input.user_pool_id, &input.username, |_, pool, user| {
            attributes::may_delete(pool, Writer::Admin, &input.user_attribute_names)?;
            attributes::take_away(&mut user.attributes, &input.user_attribute_names);
            Ok(())
        })
        .await?;
        Ok(AdminDeleteUserAttributesOutput {})
    }
}

/// A user who is not yet kept: his name and attributes checked, his sub drawn.
pub(crate) fn fresh(cx: &Context, pool: &Pool, writer: Writer<'_>, name: &str, given: &[AttributeType]) -> Result<User, Fault> {
    let sub = cx.ids().uuid();
    let mut given = given.to_vec();
    let username = match address_of_name(pool, name)? {
        // The address is an attribute; the user name that tokens show is the sub.
        Some(attribute) => {
            given.retain(|a| a.name != attribute);
            given.push(AttributeType { name: attribute.into(), value: Some(name.into()) });
            sub.clone()
        }
        None => name.to_owned(),
    };
    let attributes = attributes::of_new_user(pool, writer, &given)?;
    let now = cx.now();
    Ok(User { pool_id: pool.id.clone(), username, sub, attributes, created: now, modified: now, ..Default::default() })
}

/// Which attribute a new user's name is, in pools whose user names are addresses; elsewhere names must not look like an alias.
fn address_of_name(pool: &Pool, name: &str) -> Result<Option<&'static str>, Fault> {
    let (email, phone) = (attributes::is_email(name), attributes::is_phone(name));
    let takes = |wanted| pool.username_attributes().contains(&wanted);
    let (emails, phones) = (takes(UsernameAttributeType::Email), takes(UsernameAttributeType::PhoneNumber));
    if pool.username_attributes().is_empty() {
        let aliased = |wanted| pool.alias_attributes().contains(&wanted);
        if email && aliased(AliasAttributeType::Email) {
            return Err(bad("Username cannot be of email format, since user pool is configured for email alias."));
        }
        if phone && aliased(AliasAttributeType::PhoneNumber) {
            return Err(bad("Username cannot be of phone number format, since user pool is configured for phone number alias."));
        }
        return Ok(None);
    }
    match (emails, phones) {
        (true, _) if email => Ok(Some("email")),
        (_, true) if phone => Ok(Some("phone_number")),
        (true, true) => Err(bad("Username should be either an email or a phone number.")),
        (true, false) => Err(bad("Username should be an email.")),
        _ => Err(bad("Username should be a phone number.")),
    }
}

/// A user as a migration function describes him; he comes as he is, for the pool's rules are for people.
pub(crate) fn of_migration(cx: &Context, pool: &Pool, name: &str, migrated: &Migrated) -> Result<User, Fault> {
    let named = migrated.attributes.get("username").map_or(name, String::as_str);
    let given: Vec<AttributeType> = migrated
        .attributes
        .iter()
        .filter(|(name, _)| *name != "username" && *name != "sub")
        .map(|(name, value)| AttributeType { name: name.clone(), value: Some(value.clone()) })
        .collect();
    fresh(cx, pool, Writer::Admin, named, &given)
}

/// Keeps a user who is new.
pub(crate) async fn insert(cx: &Context, pool: &Pool, user: &User, force_alias: bool) -> Result<(), Fault> {
    cx.store()
        .write(|tx| {
            check_free(tx, cx.scope(), pool, user)?;
            claim_aliases(tx, cx.scope(), pool, user, force_alias)?;
            tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(pool)), user)
        })
        .await
}

/// Refuses a new user whose name or address is taken.
pub(crate) fn check_free(read: &impl Read, scope: &Scope, pool: &Pool, user: &User) -> Result<(), Fault> {
    if read.exists(&USERS, scope, &(pool.id.clone(), user.key(pool)))? {
        return Err(Error::UsernameExists.says("User already exists"));
    }
    for attribute in pool.username_attributes() {
        let Some(value) = user.attributes.get(attribute.as_str()) else { continue };
        if by_alias(read, scope, pool, attribute.as_str(), value)?.is_some() {
            return Err(Error::UsernameExists.says(format!("An account with the given {attribute} already exists.")));
        }
    }
    Ok(())
}

/// Makes sure that nobody else uses this user's addresses as alias or name; with `force` a verified alias moves over.
pub(crate) fn claim_aliases(tx: &mut Tx<'_>, scope: &Scope, pool: &Pool, user: &User, force: bool) -> Result<(), Fault> {
    for name in ALIASES {
        let Some(value) = user.attributes.get(name) else { continue };
        let is_name = pool.username_attributes().iter().any(|a| a.as_str() == name);
        if !is_name && name != "preferred_username" && !user.is_verified(name) {
            continue;
        }
        let Some(mut other) = by_alias(tx, scope, pool, name, value)?.filter(|other| other.sub != user.sub) else { continue };
        if !force || is_name || name == "preferred_username" {
            return Err(Error::AliasExists.says(format!("An account with the given {name} already exists.")));
        }
        other.attributes.insert(format!("{name}_verified"), "false".into());
        tx.put(&USERS, scope, &(pool.id.clone(), other.key(pool)), &other)?;
    }
    Ok(())
}

/// Writes checked changes into a user. An address that changes is unverified unless the change says otherwise; an empty value takes the
/// attribute away.
pub(crate) fn apply(cx: &Context, tx: &mut Tx<'_>, pool: &Pool, user: &mut User, changes: BTreeMap<String, String>) -> Result<(), Fault> {
    write(user, changes);
    user.modified = cx.now();
    claim_aliases(tx, cx.scope(), pool, user, false)
}

/// As [`apply`], and nobody's alias is looked at.
pub(crate) fn write(user: &mut User, changes: BTreeMap<String, String>) {
    for address in ["email", "phone_number"] {
        let flag = format!("{address}_verified");
        let differs = changes.get(address).is_some_and(|value| user.attributes.get(address) != Some(value));
        if differs && !changes.contains_key(&flag) {
            user.attributes.insert(flag, "false".into());
        }
    }
    let (gone, there): (BTreeMap<String, String>, BTreeMap<String, String>) = changes.into_iter().partition(|(_, value)| value.is_empty());
    user.attributes.extend(there);
    attributes::take_away(&mut user.attributes, &gone.into_keys().collect::<Vec<_>>());
}

/// Deletes a user with what hangs on him.
pub(crate) fn delete(tx: &mut Tx<'_>, scope: &Scope, pool: &Pool, user: &User) -> Result<(), Fault> {
    let key = user.key(pool);
    tokens::end_sign_ins(tx, scope, &pool.id, &key)?;
    devices::forget_all(tx, scope, &pool.id, &key)?;
    passkeys::forget_all(tx, scope, &pool.id, &key)?;
    protection::forget_all(tx, scope, &pool.id, &key)?;
    let rows = tx.by_index(&MEMBERS, scope, "user", &(pool.id.as_str(), key.as_str()));
    let memberships: Vec<_> = rows.into_iter().map(|row| row.map(|(key, _)| key)).collect::<Result<_, _>>()?;
    memberships.iter().try_for_each(|key| tx.delete(&MEMBERS, scope, key).map(drop))?;
    tx.delete(&USERS, scope, &(pool.id.clone(), key)).map(drop)
}

/// As listings describe a user.
pub(crate) fn described(user: &User, wanted: Option<&[String]>) -> UserType {
    let mut attributes = attributes::listed(user);
    if let Some(wanted) = wanted {
        attributes.retain(|a| wanted.contains(&a.name));
    }
    UserType {
        username: Some(user.username.clone()),
        attributes: Some(attributes),
        user_create_date: Some(user.created),
        user_last_modified_date: Some(user.modified),
        enabled: Some(!user.disabled),
        user_status: Some(user.status()),
        mfa_options: sms_option(user),
    }
}

fn make_temporary(cx: &Context, pool: &Pool, user: &mut User, text: &str) -> Result<(), Fault> {
    password::set(cx, pool, user, text)?;
    let days = password::policy(pool).temporary_password_validity_days.filter(|days| *days > 0).unwrap_or(7);
    user.temporary_until = Some(cx.now().plus_ns(seconds(86_400 * i64::from(days))));
    user.status = Some(UserStatus::ForceChangePassword);
    Ok(())
}

fn sms_option(user: &User) -> Option<Vec<MFAOptionType>> {
    let option = MFAOptionType { delivery_medium: Some(DeliveryMediumType::Sms), attribute_name: Some("phone_number".into()) };
    user.mfa.sms.then(|| vec![option])
}

fn found(cx: &Context, pool_id: &str, login: &str) -> Result<(Pool, User), Fault> {
    cx.store().read(|s| {
        let pool = pool(s, cx.scope(), pool_id)?;
        let user = user(s, cx.scope(), &pool, login)?;
        Ok((pool, user))
    })
}

/// Changes a user of a pool of the caller's.
async fn change<R>(
    cx: &Context,
    pool_id: &str,
    login: &str,
    f: impl FnOnce(&mut Tx<'_>, &Pool, &mut User) -> Result<R, Fault>,
) -> Result<R, Fault> {
    cx.store()
        .write(|tx| {
            let pool = pool(tx, cx.scope(), pool_id)?;
            let mut user = user(tx, cx.scope(), &pool, login)?;
            let result = f(tx, &pool, &mut user)?;
            user.modified = cx.now();
            tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(&pool)), &user)?;
            Ok(result)
        })
        .await
}
