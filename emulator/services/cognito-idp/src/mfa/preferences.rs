//! Which second factors a user has switched on, and which one is asked for first.

use super::{METHODS, Method, channel};
use crate::{CognitoIdp, model::*, passkeys, state::*};
use kit::{Context, Fault, Read};

/// What a request wants of the three methods: on or off, and preferred.
struct Wanted {
    sms: Option<(Option<bool>, Option<bool>)>,
    totp: Option<(Option<bool>, Option<bool>)>,
    email: Option<(Option<bool>, Option<bool>)>,
}

macro_rules! wanted {
    ($input:expr) => {
        Wanted {
            sms: $input.sms_mfa_settings.map(|s| (s.enabled, s.preferred_mfa)),
            totp: $input.software_token_mfa_settings.map(|s| (s.enabled, s.preferred_mfa)),
            email: $input.email_mfa_settings.map(|s| (s.enabled, s.preferred_mfa)),
        }
    };
}

impl CognitoIdp {
    /// Sets the caller's second factors.
    pub async fn set_user_mfa_preference(
        &self,
        cx: &Context,
        input: SetUserMFAPreferenceInput,
    ) -> Result<SetUserMFAPreferenceOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        if input.web_authn_mfa_settings.is_some_and(|s| s.enabled == Some(true)) {
            return Err(refused("SetUserMFAPreference", "WebAuthnMfaSettings"));
        }
        set(&caller.cx, &caller.pool, caller.user.key(&caller.pool), &wanted!(input)).await?;
        Ok(SetUserMFAPreferenceOutput {})
    }

    /// Sets a user's second factors.
    pub async fn admin_set_user_mfa_preference(
        &self,
        cx: &Context,
        input: AdminSetUserMFAPreferenceInput,
    ) -> Result<AdminSetUserMFAPreferenceOutput, Fault> {
        if input.web_authn_mfa_settings.is_some_and(|s| s.enabled == Some(true)) {
            return Err(refused("AdminSetUserMFAPreference", "WebAuthnMfaSettings"));
        }
        let (pool, key) = found(cx, &input.user_pool_id, &input.username)?;
        set(cx, &pool, key, &wanted!(input)).await?;
        Ok(AdminSetUserMFAPreferenceOutput {})
    }

    /// The old way to switch codes by SMS on and off.
    pub async fn set_user_settings(&self, cx: &Context, input: SetUserSettingsInput) -> Result<SetUserSettingsOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let wanted = by_options(&input.mfa_options)?;
        set(&caller.cx, &caller.pool, caller.user.key(&caller.pool), &wanted).await?;
        Ok(SetUserSettingsOutput {})
    }

    /// The old way to switch a user's codes by SMS on and off.
    pub async fn admin_set_user_settings(
        &self,
        cx: &Context,
        input: AdminSetUserSettingsInput,
    ) -> Result<AdminSetUserSettingsOutput, Fault> {
        let wanted = by_options(&input.mfa_options)?;
        let (pool, key) = found(cx, &input.user_pool_id, &input.username)?;
        set(cx, &pool, key, &wanted).await?;
        Ok(AdminSetUserSettingsOutput {})
    }

    /// By what the caller may prove himself.
    pub async fn get_user_auth_factors(&self, cx: &Context, input: GetUserAuthFactorsInput) -> Result<GetUserAuthFactorsOutput, Fault> {
        let caller = self.caller(cx, &input.access_token)?;
        let (user, pool) = (&caller.user, &caller.pool);
        let passkeys = passkeys::has_any(&caller.cx, pool, user)?;
        let has = |factor: &&AuthFactorType| match factor {
            AuthFactorType::Password => user.password.is_some(),
            AuthFactorType::EmailOtp => user.is_verified("email"),
            AuthFactorType::SmsOtp => user.is_verified("phone_number"),
            AuthFactorType::WebAuthn => passkeys,
        };
        Ok(GetUserAuthFactorsOutput {
            username: user.username.clone(),
            preferred_mfa_setting: user.mfa.preferred.clone(),
            user_mfa_setting_list: super::settings_of(user),
            configured_user_auth_factors: Some(pool.first_factors().iter().filter(has).copied().collect()),
        })
    }
}

fn found(cx: &Context, pool_id: &str, username: &str) -> Result<(Pool, String), Fault> {
    cx.store().read(|s| {
        let pool = pool(s, cx.scope(), pool_id)?;
        let key = user(s, cx.scope(), &pool, username)?.key(&pool);
        Ok((pool, key))
    })
}

fn by_options(options: &[MFAOptionType]) -> Result<Wanted, Fault> {
    let sms = |o: &MFAOptionType| o.delivery_medium == Some(DeliveryMediumType::Sms) && o.attribute_name.as_deref() == Some("phone_number");
    match options.iter().all(sms) {
        true => Ok(Wanted { sms: Some((Some(!options.is_empty()), None)), totp: None, email: None }),
        false => Err(bad("MFAOptions can only hold SMS to phone_number.")),
    }
}

async fn set(cx: &Context, pool: &Pool, key: String, wanted: &Wanted) -> Result<(), Fault> {
    let key = (pool.id.clone(), key);
    cx.store()
        .write(|tx| {
            let mut user = tx.get(&USERS, cx.scope(), &key)?.ok_or_else(no_such_user)?;
            apply(&mut user, wanted)?;
            user.modified = cx.now();
            tx.put(&USERS, cx.scope(), &key, &user)
        })
        .await
}

fn apply(user: &mut User, wanted: &Wanted) -> Result<(), Fault> {
    let of = |method| match method {
        Method::Sms => &wanted.sms,
        Method::Totp => &wanted.totp,
        Method::Email => &wanted.email,
    };
    let preferred: Vec<Method> = METHODS.into_iter().filter(|m| of(*m).is_some_and(|(_, preferred)| preferred == Some(true))).collect();
    if preferred.len() > 1 {
        return Err(bad("Only one MFA method can be preferred."));
    }
    for method in METHODS {
        let Some((enabled, prefers)) = *of(method) else { continue };
        let on = enabled == Some(true);
        if prefers == Some(true) && !on {
            return Err(bad("Invalid MFA setting: a method that is not enabled cannot be preferred."));
        }
        if on {
            can_switch_on(user, method)?;
        }
        match method {
            Method::Sms => user.mfa.sms = on,
            Method::Totp => user.mfa.totp = on,
            Method::Email => user.mfa.email = on,
        }
        if user.mfa.preferred.as_deref() == Some(method.as_str()) && prefers != Some(true) {
            user.mfa.preferred = None;
        }
    }
    if let Some(method) = preferred.first() {
        user.mfa.preferred = Some(method.as_str().into());
    }
    Ok(())
}

fn can_switch_on(user: &User, method: Method) -> Result<(), Fault> {
    match method {
        Method::Totp if user.mfa.secret.is_none() => Err(bad("User has not verified software token mfa")),
        Method::Sms if channel(Method::Sms, user).is_none() => Err(bad("User does not have delivery config set to turn on SMS_MFA")),
        Method::Email if channel(Method::Email, user).is_none() => Err(bad("User does not have delivery config set to turn on EMAIL_OTP")),
        _ => Ok(()),
    }
}
