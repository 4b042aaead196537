//! What a pool may be told: AWS's defaults, its checks, and the refusal by name of what is not honoured yet.

use crate::{attributes, model::*, state::*, tier};
use kit::{Context, Fault, Need, Timestamp};

/// The settings of a new pool.
pub(crate) fn of_new(cx: &Context, id: &str, input: CreateUserPoolInput) -> Result<Pool, Fault> {
    if input.alias_attributes.is_some() && input.username_attributes.is_some() {
        return Err(bad("Only one of the aliasAttributes or usernameAttributes can be set in a user pool."));
    }
    let fixed = Fixed {
        id: id.to_owned(),
        arn: arn(cx.scope(), id),
        created: cx.now(),
        schema: attributes::schema(input.schema.as_deref().unwrap_or_default())?,
        alias_attributes: input.alias_attributes.clone(),
        username_attributes: input.username_attributes.clone(),
        username_configuration: input.username_configuration.clone(),
        domain: None,
        custom_domain: None,
    };
    let settings = settings(cx, "CreateUserPool", fixed, input)?;
    let mfa = mfa_of(&settings, GetUserPoolMfaConfigOutput::default())?;
    Ok(Pool { id: id.to_owned(), secret: cx.ids().bytes().into(), settings, mfa })
}

/// Codes by SMS come with the pool's own settings; SetUserPoolMfaConfig adds other factors.
fn mfa_of(settings: &UserPoolType, there: GetUserPoolMfaConfigOutput) -> Result<GetUserPoolMfaConfigOutput, Fault> {
    tier::check_mfa(settings, &there)?;
    let off = settings.mfa_configuration == Some(UserPoolMfaType::Off);
    let others = there.software_token_mfa_configuration.is_some() || there.email_mfa_configuration.is_some();
    match (&settings.sms_configuration, off) {
        (_, true) => Ok(GetUserPoolMfaConfigOutput {
            web_authn_configuration: there.web_authn_configuration,
            ..GetUserPoolMfaConfigOutput::default()
        }),
        (None, false) if others => Ok(there),
        (None, false) => Err(bad("SMS configuration and Auto verification for phone_number are required when MFA is required/optional")),
        (Some(sms), false) => {
            let config = SmsMfaConfigType {
                sms_authentication_message: settings.sms_authentication_message.clone(),
                sms_configuration: Some(sms.clone()),
            };
            Ok(GetUserPoolMfaConfigOutput { sms_mfa_configuration: Some(config), ..there })
        }
    }
}

/// The settings of a pool after UpdateUserPool: what the request doesn't name goes back to its default, as on AWS.
pub(crate) fn of_update(cx: &Context, pool: &Pool, input: UpdateUserPoolInput) -> Result<Pool, Fault> {
    let there = &pool.settings;
    let fixed = Fixed {
        id: pool.id.clone(),
        arn: arn(cx.scope(), &pool.id),
        created: there.creation_date.unwrap_or(cx.now()),
        schema: there.schema_attributes.clone().unwrap_or_default(),
        alias_attributes: there.alias_attributes.clone(),
        username_attributes: there.username_attributes.clone(),
        username_configuration: there.username_configuration.clone(),
        domain: there.domain.clone(),
        custom_domain: there.custom_domain.clone(),
    };
    let wanted = CreateUserPoolInput {
        pool_name: input.pool_name.or(there.name.clone()).unwrap_or_default(),
        policies: input.policies,
        deletion_protection: input.deletion_protection,
        lambda_config: input.lambda_config,
        auto_verified_attributes: input.auto_verified_attributes,
        sms_verification_message: input.sms_verification_message,
        email_verification_message: input.email_verification_message,
        email_verification_subject: input.email_verification_subject,
        verification_message_template: input.verification_message_template,
        sms_authentication_message: input.sms_authentication_message,
        mfa_configuration: input.mfa_configuration,
        user_attribute_update_settings: input.user_attribute_update_settings,
        device_configuration: input.device_configuration,
        email_configuration: input.email_configuration,
        sms_configuration: input.sms_configuration,
        user_pool_tags: input.user_pool_tags.or(there.user_pool_tags.clone()),
        admin_create_user_config: input.admin_create_user_config,
        user_pool_add_ons: input.user_pool_add_ons,
        account_recovery_setting: input.account_recovery_setting,
        user_pool_tier: input.user_pool_tier,
        ..Default::default()
    };
    let settings = settings(cx, "UpdateUserPool", fixed, wanted)?;
    let mfa = mfa_of(&settings, pool.mfa.clone())?;
    Ok(Pool { settings, mfa, ..pool.clone() })
}

/// What never changes about a pool.
struct Fixed {
    id: String,
    arn: String,
    created: Timestamp,
    schema: Vec<SchemaAttributeType>,
    alias_attributes: Option<Vec<AliasAttributeType>>,
    username_attributes: Option<Vec<UsernameAttributeType>>,
    username_configuration: Option<UsernameConfigurationType>,
    domain: Option<String>,
    custom_domain: Option<String>,
}

fn settings(cx: &Context, operation: &str, fixed: Fixed, input: CreateUserPoolInput) -> Result<UserPoolType, Fault> {
    refuse_what_is_not_honoured(cx, operation, &input)?;
    if input.sms_configuration.is_some()
        || input.email_configuration.as_ref().is_some_and(|c| c.email_sending_account == Some(EmailSendingAccountType::Developer))
    {
        cx.warn("EmailConfiguration and SmsConfiguration send nothing: messages go to GET /_windtunnel/cognito/messages");
    }
    let template = input.verification_message_template.clone();
    let made = UserPoolType {
        id: Some(fixed.id),
        arn: Some(fixed.arn),
        name: Some(input.pool_name),
        creation_date: Some(fixed.created),
        last_modified_date: Some(cx.now()),
        schema_attributes: Some(fixed.schema),
        alias_attributes: fixed.alias_attributes,
        username_attributes: fixed.username_attributes,
        username_configuration: fixed.username_configuration,
        domain: fixed.domain,
        custom_domain: fixed.custom_domain,
        policies: Some(policies(input.policies)?),
        deletion_protection: Some(input.deletion_protection.unwrap_or(DeletionProtectionType::Inactive)),
        lambda_config: Some(lambda_config(cx, input.lambda_config)?),
        auto_verified_attributes: input.auto_verified_attributes,
        sms_verification_message: input.sms_verification_message,
        email_verification_message: template.as_ref().and_then(|t| t.email_message.clone()).or(input.email_verification_message),
        email_verification_subject: template.as_ref().and_then(|t| t.email_subject.clone()).or(input.email_verification_subject),
        verification_message_template: Some(VerificationMessageTemplateType {
            default_email_option: template.as_ref().and_then(|t| t.default_email_option).or(Some(DefaultEmailOptionType::ConfirmWithCode)),
            ..template.unwrap_or_default()
        }),
        sms_authentication_message: input.sms_authentication_message,
        user_attribute_update_settings: input.user_attribute_update_settings,
        mfa_configuration: Some(input.mfa_configuration.unwrap_or(UserPoolMfaType::Off)),
        device_configuration: input.device_configuration,
        email_configuration: Some(input.email_configuration.unwrap_or(EmailConfigurationType {
            email_sending_account: Some(EmailSendingAccountType::CognitoDefault),
            ..Default::default()
        })),
        sms_configuration: input.sms_configuration,
        user_pool_tags: input.user_pool_tags.filter(|tags| !tags.is_empty()),
        admin_create_user_config: Some(admin_create_user_config(input.admin_create_user_config)),
        user_pool_add_ons: input.user_pool_add_ons,
        account_recovery_setting: recovery(input.account_recovery_setting)?,
        user_pool_tier: Some(input.user_pool_tier.unwrap_or(UserPoolTierType::Essentials)),
        ..Default::default()
    };
    tier::check_settings(&made)?;
    Ok(made)
}

fn refuse_what_is_not_honoured(cx: &Context, operation: &str, input: &CreateUserPoolInput) -> Result<(), Fault> {
    let no = |what: &str| Err(refused(operation, what));
    let mode = input.user_pool_add_ons.as_ref().and_then(|add_ons| add_ons.advanced_security_mode);
    match mode {
        // What is promised to be blocked would not be.
        Some(AdvancedSecurityModeType::Enforced) => return no("UserPoolAddOns.AdvancedSecurityMode ENFORCED"),
        Some(AdvancedSecurityModeType::Audit) => cx.warn("AdvancedSecurityMode AUDIT lists what users do; no risk is assessed"),
        _ => {}
    }
    let custom = input.user_pool_add_ons.as_ref().and_then(|add_ons| add_ons.advanced_security_additional_flows.as_ref());
    match custom.and_then(|flows| flows.custom_auth_mode) {
        Some(AdvancedSecurityEnabledModeType::Enforced) => {
            return no("UserPoolAddOns.AdvancedSecurityAdditionalFlows.CustomAuthMode ENFORCED");
        }
        Some(AdvancedSecurityEnabledModeType::Audit) => cx.warn("CustomAuthMode AUDIT lists what users do; no risk is assessed"),
        _ => {}
    }
    Ok(())
}

/// The two ways to name the function before tokens are one; functions that send need a key and the caller's right to let Cognito use it.
fn lambda_config(cx: &Context, wanted: Option<LambdaConfigType>) -> Result<LambdaConfigType, Fault> {
    let mut config = wanted.unwrap_or_default();
    match (&config.pre_token_generation, &config.pre_token_generation_config) {
        (Some(plain), Some(versioned)) if *plain != versioned.lambda_arn => {
            return Err(bad("PreTokenGeneration and PreTokenGenerationConfig must name the same function."));
        }
        (Some(plain), None) => {
            let lambda_version = Some(PreTokenGenerationLambdaVersionType::V10);
            config.pre_token_generation_config = Some(PreTokenGenerationVersionConfigType { lambda_version, lambda_arn: plain.clone() });
        }
        (None, Some(versioned)) => config.pre_token_generation = Some(versioned.lambda_arn.clone()),
        _ => {}
    }
    if config.custom_email_sender.is_some() || config.custom_sms_sender.is_some() {
        let key = config.kms_key_id.as_deref().ok_or_else(|| bad("KMSKeyID is required for CustomEmailSender and CustomSMSSender."))?;
        cx.via("cognito-idp.amazonaws.com").grant(&Need::on("kms:CreateGrant", key))?;
    }
    Ok(config)
}

fn policies(wanted: Option<UserPoolPolicyType>) -> Result<UserPoolPolicyType, Fault> {
    let wanted = wanted.unwrap_or_default();
    let policy = match wanted.password_policy {
        None => PasswordPolicyType {
            minimum_length: Some(8),
            require_uppercase: Some(true),
            require_lowercase: Some(true),
            require_numbers: Some(true),
            require_symbols: Some(true),
            password_history_size: None,
            temporary_password_validity_days: Some(7),
        },
        Some(p) => PasswordPolicyType {
            minimum_length: Some(p.minimum_length.unwrap_or(8)),
            require_uppercase: Some(p.require_uppercase.unwrap_or(false)),
            require_lowercase: Some(p.require_lowercase.unwrap_or(false)),
            require_numbers: Some(p.require_numbers.unwrap_or(false)),
            require_symbols: Some(p.require_symbols.unwrap_or(false)),
            password_history_size: p.password_history_size,
            temporary_password_validity_days: Some(p.temporary_password_validity_days.unwrap_or(7)),
        },
    };
    let factors = wanted.sign_in_policy.and_then(|p| p.allowed_first_auth_factors).unwrap_or(vec![AuthFactorType::Password]);
    Ok(UserPoolPolicyType {
        password_policy: Some(policy),
        sign_in_policy: Some(SignInPolicyType { allowed_first_auth_factors: Some(factors) }),
    })
}

fn admin_create_user_config(wanted: Option<AdminCreateUserConfigType>) -> AdminCreateUserConfigType {
    let mut config = wanted.unwrap_or_default();
    config.allow_admin_create_user_only.get_or_insert(false);
    config.unused_account_validity_days.get_or_insert(7);
    config
}

fn recovery(wanted: Option<AccountRecoverySettingType>) -> Result<Option<AccountRecoverySettingType>, Fault> {
    let mechanisms = wanted.as_ref().and_then(|w| w.recovery_mechanisms.as_deref()).unwrap_or_default();
    let admin_only = mechanisms.iter().any(|m| m.name == Some(RecoveryOptionNameType::AdminOnly));
    match admin_only && mechanisms.len() > 1 {
        true => Err(bad(
            "Invalid account recovery setting parameter. Account Recovery Setting cannot use admin_only setting with any other recovery mechanisms.",
        )),
        false => Ok(wanted.filter(|w| w.recovery_mechanisms.is_some())),
    }
}
