//! Second factors: which ones a pool offers and a user has switched on, and codes of authenticators.

mod preferences;
mod software_token;
mod totp;

use crate::{Error, codes::Channel, model::*, state::*};
use kit::{Context, Fault, Read};

/// A second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Sms,
    Totp,
    Email,
}

const METHODS: [Method; 3] = [Method::Sms, Method::Totp, Method::Email];

impl Method {
    /// The name of its setting, which is also its challenge's.
    pub fn as_str(self) -> &'static str {
        self.challenge().as_str()
    }
    /// The challenge that asks for its code.
    pub fn challenge(self) -> ChallengeNameType {
        match self {
            Method::Sms => ChallengeNameType::SmsMfa,
            Method::Totp => ChallengeNameType::SoftwareTokenMfa,
            Method::Email => ChallengeNameType::EmailOtp,
        }
    }
    /// By its name.
    pub fn named(name: &str) -> Option<Method> {
        METHODS.into_iter().find(|method| method.as_str() == name)
    }
}

/// Whether every user of the pool needs a second factor.
pub(crate) fn required(pool: &Pool) -> bool {
    pool.settings.mfa_configuration == Some(UserPoolMfaType::On)
}

/// Whether the pool offers a method.
pub(crate) fn offers(pool: &Pool, method: Method) -> bool {
    let off = matches!(pool.settings.mfa_configuration, None | Some(UserPoolMfaType::Off));
    !off && match method {
        Method::Sms => pool.mfa.sms_mfa_configuration.is_some(),
        Method::Totp => pool.mfa.software_token_mfa_configuration.as_ref().is_some_and(|c| c.enabled == Some(true)),
        Method::Email => pool.mfa.email_mfa_configuration.is_some(),
    }
}

/// What a user may be asked for. Where the pool requires a second factor, an address is one even if the user never switched it on.
pub(crate) fn methods_of(pool: &Pool, user: &User) -> Vec<Method> {
    let on = |method: &Method| match method {
        Method::Sms => user.mfa.sms && channel(Method::Sms, user).is_some(),
        Method::Totp => user.mfa.totp && user.mfa.secret.is_some(),
        Method::Email => user.mfa.email && channel(Method::Email, user).is_some(),
    };
    let chosen: Vec<Method> = METHODS.into_iter().filter(|m| offers(pool, *m) && on(m)).collect();
    if !chosen.is_empty() || !required(pool) {
        return chosen;
    }
    [Method::Sms, Method::Email].into_iter().filter(|m| offers(pool, *m) && channel(*m, user).is_some()).collect()
}

/// Where a method's code goes; none for authenticators and for users without the address.
pub(crate) fn channel(method: Method, user: &User) -> Option<Channel> {
    match method {
        Method::Sms => Channel::of(user, "phone_number"),
        Method::Email => Channel::of(user, "email"),
        Method::Totp => None,
    }
}

/// What a user has switched on, as descriptions list it.
pub(crate) fn settings_of(user: &User) -> Option<Vec<String>> {
    let on = [(user.mfa.sms, Method::Sms), (user.mfa.totp, Method::Totp), (user.mfa.email, Method::Email)];
    let names: Vec<String> = on.into_iter().filter(|(on, _)| *on).map(|(_, method)| method.as_str().to_owned()).collect();
    (!names.is_empty()).then_some(names)
}

/// Judges the code of an authenticator at a sign-in. A code counts once: what it proved is kept in the same step.
pub(crate) async fn judge_login(cx: &Context, pool: &Pool, user: &User, code: &str) -> Result<Result<(), Fault>, Fault> {
    let key = (pool.id.clone(), user.key(pool));
    cx.store()
        .write(|tx| {
            let mut user = tx.get(&USERS, cx.scope(), &key)?.ok_or_else(no_such_user)?;
            let Some(secret) = user.mfa.secret.as_deref() else {
                return Ok(Err(Error::SoftwareTokenMFANotFound.says("Software token MFA has not been set up for the user.")));
            };
            match totp::step_of(secret, code, cx.now()) {
                None => Ok(Err(Error::CodeMismatch.says("Invalid code received for user"))),
                Some(step) if step <= user.mfa.last_step => {
                    Ok(Err(Error::ExpiredCode.says("Your software token has already been used once.")))
                }
                Some(step) => {
                    user.mfa.last_step = step;
                    tx.put(&USERS, cx.scope(), &key, &user)?;
                    Ok(Ok(()))
                }
            }
        })
        .await
}
