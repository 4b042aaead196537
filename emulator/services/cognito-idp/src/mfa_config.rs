//! The MFA settings of a pool: off, which is all there is so far. Terraform and CDK read them back.

use crate::{CognitoIdp, model::*, state::*};
use kit::{Context, Fault};

impl CognitoIdp {
    /// The MFA settings.
    pub async fn get_user_pool_mfa_config(
        &self,
        cx: &Context,
        input: GetUserPoolMfaConfigInput,
    ) -> Result<GetUserPoolMfaConfigOutput, Fault> {
        cx.store().read(|s| pool(s, cx.scope(), &input.user_pool_id))?;
        Ok(GetUserPoolMfaConfigOutput { mfa_configuration: Some(UserPoolMfaType::Off), ..Default::default() })
    }

    /// Takes OFF and refuses the rest by name.
    pub async fn set_user_pool_mfa_config(
        &self,
        cx: &Context,
        input: SetUserPoolMfaConfigInput,
    ) -> Result<SetUserPoolMfaConfigOutput, Fault> {
        cx.store().read(|s| pool(s, cx.scope(), &input.user_pool_id))?;
        let no = |what: &str| Err(refused("SetUserPoolMfaConfig", what));
        if input.mfa_configuration.is_some_and(|mfa| mfa != UserPoolMfaType::Off) {
            return no("MfaConfiguration other than OFF");
        }
        if input.software_token_mfa_configuration.is_some_and(|config| config.enabled == Some(true)) {
            return no("SoftwareTokenMfaConfiguration");
        }
        if input.sms_mfa_configuration.is_some() {
            return no("SmsMfaConfiguration");
        }
        if input.email_mfa_configuration.is_some() {
            return no("EmailMfaConfiguration");
        }
        if input.web_authn_configuration.is_some() {
            return no("WebAuthnConfiguration");
        }
        Ok(SetUserPoolMfaConfigOutput { mfa_configuration: Some(UserPoolMfaType::Off), ..Default::default() })
    }
}
