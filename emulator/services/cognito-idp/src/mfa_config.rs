//! The MFA settings of a pool: which second factors it offers, and whether its users need one.

use crate::{CognitoIdp, Error, model::*, state::*, tier};
use kit::{Context, Fault};

impl CognitoIdp {
    /// The MFA settings.
    pub async fn get_user_pool_mfa_config(
        &self,
        cx: &Context,
        input: GetUserPoolMfaConfigInput,
    ) -> Result<GetUserPoolMfaConfigOutput, Fault> {
        let pool = cx.store().read(|s| pool(s, cx.scope(), &input.user_pool_id))?;
        Ok(GetUserPoolMfaConfigOutput { mfa_configuration: pool.settings.mfa_configuration, ..pool.mfa })
    }

    /// Replaces the MFA settings.
    pub async fn set_user_pool_mfa_config(
        &self,
        cx: &Context,
        input: SetUserPoolMfaConfigInput,
    ) -> Result<SetUserPoolMfaConfigOutput, Fault> {
        let mode = input.mfa_configuration.unwrap_or(UserPoolMfaType::Off);
        let config = GetUserPoolMfaConfigOutput {
            sms_mfa_configuration: input.sms_mfa_configuration,
            software_token_mfa_configuration: input.software_token_mfa_configuration,
            email_mfa_configuration: input.email_mfa_configuration,
            mfa_configuration: Some(mode),
            web_authn_configuration: input.web_authn_configuration,
        };
        let config = cx
            .store()
            .write(|tx| {
                let mut pool = pool(tx, cx.scope(), &input.user_pool_id)?;
                check(&pool, &config)?;
                pool.settings.mfa_configuration = Some(mode);
                if let Some(sms) = config.sms_mfa_configuration.as_ref().and_then(|c| c.sms_configuration.clone()) {
                    pool.settings.sms_configuration = Some(sms);
                }
                pool.settings.last_modified_date = Some(cx.now());
                pool.mfa = config;
                tx.put(&POOLS, cx.scope(), &pool.id, &pool)?;
                Ok(pool.mfa)
            })
            .await?;
        Ok(SetUserPoolMfaConfigOutput {
            sms_mfa_configuration: config.sms_mfa_configuration,
            software_token_mfa_configuration: config.software_token_mfa_configuration,
            email_mfa_configuration: config.email_mfa_configuration,
            mfa_configuration: config.mfa_configuration,
            web_authn_configuration: config.web_authn_configuration,
        })
    }
}

fn check(pool: &Pool, config: &GetUserPoolMfaConfigOutput) -> Result<(), Fault> {
    tier::check_mfa(&pool.settings, config)?;
    let totp = config.software_token_mfa_configuration.as_ref().is_some_and(|c| c.enabled == Some(true));
    let any = totp || config.sms_mfa_configuration.is_some() || config.email_mfa_configuration.is_some();
    match (config.mfa_configuration, any) {
        (Some(UserPoolMfaType::Off), true) => {
            return Err(bad("Invalid MFA configuration given, can't turn off MFA and configure an MFA together."));
        }
        (Some(UserPoolMfaType::On | UserPoolMfaType::Optional), false) => {
            return Err(bad("Invalid MFA configuration given, can't disable all MFAs with a required or optional configuration."));
        }
        _ => {}
    }
    let otp = |f: &AuthFactorType| matches!(f, AuthFactorType::EmailOtp | AuthFactorType::SmsOtp);
    if config.mfa_configuration == Some(UserPoolMfaType::On) && pool.first_factors().iter().any(otp) {
        return Err(bad("MFA cannot be required where one-time passwords are allowed as first factor."));
    }
    // AWS's documentation: codes by mail need a sender of the pool's own.
    let email = pool.settings.email_configuration.as_ref().and_then(|c| c.email_sending_account);
    if config.email_mfa_configuration.is_some() && email != Some(EmailSendingAccountType::Developer) {
        return Err(Error::InvalidParameter.says("Email MFA needs an EmailConfiguration with EmailSendingAccount DEVELOPER."));
    }
    match config.sms_mfa_configuration.as_ref().map(|c| c.sms_configuration.is_some() || pool.settings.sms_configuration.is_some()) {
        Some(false) => Err(bad("SmsConfiguration is needed for SMS MFA.")),
        _ => Ok(()),
    }
}
