//! Feature plans: what a pool's UserPoolTier doesn't have is refused. Which plan a member needs is said beside it in AWS's reference of the API;
//! the sentences are not recorded.

use crate::{
    Error, domains,
    model::*,
    state::{CLIENTS, Client, Pool, first_factors},
};
use UserPoolTierType::{Essentials, Lite, Plus};
use kit::{Context, Fault, Read};

/// What a pool's settings ask for.
pub(crate) fn check_settings(settings: &UserPoolType) -> Result<(), Fault> {
    let passwordless = first_factors(settings).iter().any(|factor| *factor != AuthFactorType::Password);
    let version = settings.lambda_config.as_ref().and_then(|c| c.pre_token_generation_config.as_ref()).map(|c| c.lambda_version);
    let access_tokens = version.flatten().is_some_and(|version| version != PreTokenGenerationLambdaVersionType::V10);
    let mode = settings.user_pool_add_ons.as_ref().and_then(|add_ons| add_ons.advanced_security_mode);
    let protected = mode.is_some_and(|mode| mode != AdvancedSecurityModeType::Off);
    needs(settings.user_pool_tier, Essentials, passwordless, "Passwordless sign-in (AllowedFirstAuthFactors)")?;
    needs(settings.user_pool_tier, Essentials, access_tokens, "Access token customization (PreTokenGenerationConfig)")?;
    needs(settings.user_pool_tier, Plus, protected, "Threat protection (AdvancedSecurityMode)")
}

/// What a pool's second factors ask for.
pub(crate) fn check_mfa(settings: &UserPoolType, mfa: &GetUserPoolMfaConfigOutput) -> Result<(), Fault> {
    let factor = mfa.web_authn_configuration.as_ref().and_then(|c| c.factor_configuration);
    let two_in_one = factor == Some(WebAuthnFactorConfigurationType::MultiFactorWithUserVerification);
    needs(settings.user_pool_tier, Essentials, mfa.email_mfa_configuration.is_some(), "Email MFA")?;
    needs(settings.user_pool_tier, Essentials, two_in_one, "Passkeys as multiple factors")
}

/// What a client's flows ask for.
pub(crate) fn check_flows(pool: &Pool, flows: Option<&[ExplicitAuthFlowsType]>) -> Result<(), Fault> {
    let chooses = flows.unwrap_or_default().contains(&ExplicitAuthFlowsType::AllowUserAuth);
    needs(pool.settings.user_pool_tier, Essentials, chooses, "Choice-based sign-in (ALLOW_USER_AUTH)")
}

/// What a domain's pages ask for.
pub(crate) fn check_pages(pool: &Pool, version: i32) -> Result<(), Fault> {
    needs(pool.settings.user_pool_tier, Essentials, version > 1, "Managed login (ManagedLoginVersion 2)")
}

/// Whether a pool may change to the tier of its new settings as far as its clients and domains go, which UpdateUserPool doesn't name. AWS's
/// reference of the API has an exception for changes that are not permitted and doesn't say which those are; what the lower tier would refuse to
/// make is what may not stay.
pub(crate) fn check_change(read: &impl Read, cx: &Context, pool: &Pool) -> Result<(), Fault> {
    let blocked = |by: String, fault: Fault| Error::TierChangeNotAllowed.says(format!("{by} stands in the way: {}", fault.message));
    let clients = read.scan(&CLIENTS, cx.scope()).prefix(&(pool.id.as_str(),)).map(|row| row.map(|(_, client)| client));
    for client in clients.collect::<Result<Vec<Client>, Fault>>()? {
        let flows = client.settings.explicit_auth_flows.as_deref();
        check_flows(pool, flows).map_err(|fault| blocked(format!("The app client {}", client.id()), fault))?;
    }
    for name in [&pool.settings.domain, &pool.settings.custom_domain].into_iter().flatten() {
        let version = domains::domain(read, cx, name)?.map_or(1, |domain| domain.version);
        check_pages(pool, version).map_err(|fault| blocked(format!("The domain {name}"), fault))?;
    }
    Ok(())
}

fn needs(tier: Option<UserPoolTierType>, least: UserPoolTierType, asked: bool, what: &str) -> Result<(), Fault> {
    let rank = |tier| match tier {
        Lite => 0,
        Essentials => 1,
        Plus => 2,
    };
    let tier = tier.unwrap_or(Essentials);
    match asked && rank(tier) < rank(least) {
        true => {
            Err(Error::FeatureUnavailableInTier.says(format!("{what} is not available in the {tier} tier: the user pool needs {least}.")))
        }
        false => Ok(()),
    }
}
