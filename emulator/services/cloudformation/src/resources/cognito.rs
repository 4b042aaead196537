//! Amazon Cognito's user pools.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Cognito::UserPool",
        made_by: Some(("cognito-idp", "CreateUserPool")),
        properties: &[
            "UserPoolName",
            "AccountRecoverySetting",
            "AdminCreateUserConfig",
            "AliasAttributes",
            "AutoVerifiedAttributes",
            "DeletionProtection",
            "DeviceConfiguration",
            "EmailAuthenticationMessage",
            "EmailAuthenticationSubject",
            "EmailConfiguration",
            "EmailVerificationMessage",
            "EmailVerificationSubject",
            "EnabledMfas",
            "LambdaConfig",
            "MfaConfiguration",
            "Policies",
            "Schema",
            "SmsAuthenticationMessage",
            "SmsConfiguration",
            "SmsVerificationMessage",
            "UserAttributeUpdateSettings",
            "UserPoolAddOns",
            "UserPoolTags",
            "UserPoolTier",
            "UsernameAttributes",
            "UsernameConfiguration",
            "VerificationMessageTemplate",
            "WebAuthnFactorConfiguration",
            "WebAuthnRelyingPartyID",
            "WebAuthnUserVerification",
        ],
        attributes: &["Arn", "ProviderName", "ProviderURL", "UserPoolId"],
        handler: &UserPool,
    },
    Kind {
        name: "AWS::Cognito::UserPoolClient",
        made_by: Some(("cognito-idp", "CreateUserPoolClient")),
        properties: &[
            "UserPoolId",
            "ClientName",
            "GenerateSecret",
            "AccessTokenValidity",
            "AllowedOAuthFlows",
            "AllowedOAuthFlowsUserPoolClient",
            "AllowedOAuthScopes",
            "AuthSessionValidity",
            "CallbackURLs",
            "DefaultRedirectURI",
            "EnablePropagateAdditionalUserContextData",
            "EnableTokenRevocation",
            "ExplicitAuthFlows",
            "IdTokenValidity",
            "LogoutURLs",
            "PreventUserExistenceErrors",
            "ReadAttributes",
            "RefreshTokenRotation",
            "RefreshTokenValidity",
            "SupportedIdentityProviders",
            "TokenValidityUnits",
            "WriteAttributes",
        ],
        attributes: &["ClientId", "ClientSecret", "Name"],
        handler: &UserPoolClient,
    },
    Kind {
        name: "AWS::Cognito::UserPoolGroup",
        made_by: Some(("cognito-idp", "CreateGroup")),
        properties: &["UserPoolId", "GroupName", "Description", "Precedence", "RoleArn"],
        attributes: &[],
        handler: &UserPoolGroup,
    },
];

/// Members of both CreateUserPool and UpdateUserPool.
const POOL: &[&str] = &[
    "AccountRecoverySetting",
    "AdminCreateUserConfig",
    "AutoVerifiedAttributes",
    "DeletionProtection",
    "DeviceConfiguration",
    "EmailConfiguration",
    "EmailVerificationMessage",
    "EmailVerificationSubject",
    "LambdaConfig",
    "Policies",
    "SmsAuthenticationMessage",
    "SmsConfiguration",
    "SmsVerificationMessage",
    "UserAttributeUpdateSettings",
    "UserPoolAddOns",
    "UserPoolTier",
    "VerificationMessageTemplate",
];
/// Members that only CreateUserPool has.
const POOL_ONCE: &[&str] = &["AliasAttributes", "Schema", "UsernameAttributes", "UsernameConfiguration"];

/// Properties about passkeys, and what the API calls them.
const PASSKEYS: [(&str, &str); 3] = [
    ("WebAuthnRelyingPartyID", "RelyingPartyId"),
    ("WebAuthnUserVerification", "UserVerification"),
    ("WebAuthnFactorConfiguration", "FactorConfiguration"),
];

struct UserPool;

impl UserPool {
    fn made(job: &Job<'_>, id: &str) -> Made {
        let host = format!("cognito-idp.{}.amazonaws.com/{id}", job.cx.region());
        Made::new(id)
            .with("Arn", format!("arn:aws:cognito-idp:{}:{}:userpool/{id}", job.cx.region(), job.cx.account()))
            .with("ProviderURL", format!("https://{host}"))
            .with("ProviderName", host)
            .with("UserPoolId", id)
    }

    /// Second factors have an operation of their own when the template says which; without, codes by SMS come with the pool's settings.
    fn mfa(job: &Job<'_>) -> Option<Json> {
        let passkeys = Self::passkeys(job);
        let enabled: Vec<&str> = match job.get("EnabledMfas").as_array() {
            Some(named) => named.iter().filter_map(Json::as_str).collect(),
            None if passkeys.is_null() && !Self::had_factors(job) => return None,
            None => vec!["SMS_MFA"],
        };
        let mode = job.get("MfaConfiguration").as_str().unwrap_or("OFF");
        if mode == "OFF" {
            return Some(json!({ "MfaConfiguration": "OFF", "WebAuthnConfiguration": passkeys }));
        }
        let has = |name: &str| enabled.contains(&name);
        let sms =
            json!({ "SmsConfiguration": job.get("SmsConfiguration"), "SmsAuthenticationMessage": job.get("SmsAuthenticationMessage") });
        let email = json!({ "Message": job.get("EmailAuthenticationMessage"), "Subject": job.get("EmailAuthenticationSubject") });
        Some(json!({
            "MfaConfiguration": mode,
            "SmsMfaConfiguration": if has("SMS_MFA") { sms } else { Json::Null },
            "SoftwareTokenMfaConfiguration": if has("SOFTWARE_TOKEN_MFA") { json!({ "Enabled": true }) } else { Json::Null },
            "EmailMfaConfiguration": if has("EMAIL_OTP") { email } else { Json::Null },
            "WebAuthnConfiguration": passkeys,
        }))
    }
    /// Whether the pool has settings of that operation, which a template that says nothing of them any more takes back.
    fn had_factors(job: &Job<'_>) -> bool {
        !job.was("EnabledMfas").is_null() || PASSKEYS.iter().any(|(name, _)| !job.was(name).is_null())
    }
    /// What passkeys are made for; nothing where the template says nothing of them.
    fn passkeys(job: &Job<'_>) -> Json {
        let given = PASSKEYS.into_iter().filter(|(name, _)| !job.get(name).is_null());
        let given: serde_json::Map<String, Json> = given.map(|(name, member)| (member.to_owned(), job.get(name).clone())).collect();
        if given.is_empty() { Json::Null } else { Json::Object(given) }
    }

    async fn set_mfa(job: &Job<'_>, pool_id: &str) -> Result<(), Fault> {
        let Some(mut input) = Self::mfa(job) else { return Ok(()) };
        input["UserPoolId"] = pool_id.into();
        job.call("cognito-idp", "SetUserPoolMfaConfig", input).await.map(drop)
    }
}

#[async_trait]
impl Handler for UserPool {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(POOL);
        input.extend(job.take(POOL_ONCE));
        input.insert("PoolName".into(), job.name("UserPoolName", 128).into());
        input.insert("UserPoolTags".into(), job.tag_map("UserPoolTags"));
        if Self::mfa(job).is_none() {
            input.extend(job.take(&["MfaConfiguration"]));
        }
        let made = job.call("cognito-idp", "CreateUserPool", Json::Object(input)).await?;
        let id = made["UserPool"]["Id"].as_str().unwrap_or_default();
        if let Err(refused) = Self::set_mfa(job, id).await {
            // A half-made pool has no row by which the stack could take it away later.
            let gone = job.call_gone("cognito-idp", "DeleteUserPool", json!({ "UserPoolId": id })).await;
            return Err(gone.err().unwrap_or(refused));
        }
        Ok(Self::made(job, id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(POOL);
        if let Some(fixed) = ["AliasAttributes", "UsernameAttributes", "UsernameConfiguration"].iter().find(|name| job.changed(name)) {
            return Err(Fault::new("InvalidRequest", 400, format!("Updates are not allowed for property - {fixed}.")));
        }
        let empty = Vec::new();
        let (old, new) = (job.was("Schema").as_array().unwrap_or(&empty), job.get("Schema").as_array().unwrap_or(&empty));
        if old.iter().any(|attribute| !new.contains(attribute)) {
            return Err(Fault::new(
                "InvalidParameter",
                400,
                "Invalid AttributeDataType input, consider using the provided AttributeDataType enum: existing schema attributes cannot be modified or deleted.",
            ));
        }
        let added: Vec<&Json> = new.iter().filter(|attribute| !old.contains(attribute)).collect();
        if !added.is_empty() {
            job.call("cognito-idp", "AddCustomAttributes", json!({ "UserPoolId": job.physical(), "CustomAttributes": added })).await?;
        }
        input.insert("UserPoolId".into(), job.physical().into());
        if !job.get("UserPoolName").is_null() {
            input.insert("PoolName".into(), job.get("UserPoolName").clone());
        }
        input.insert("UserPoolTags".into(), job.tag_map("UserPoolTags"));
        if Self::mfa(job).is_none() {
            // What the template no longer says is off again.
            input.insert("MfaConfiguration".into(), job.get("MfaConfiguration").as_str().unwrap_or("OFF").into());
        }
        job.call("cognito-idp", "UpdateUserPool", Json::Object(input)).await?;
        Self::set_mfa(job, job.physical()).await?;
        Ok(Self::made(job, job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("cognito-idp", "DeleteUserPool", json!({ "UserPoolId": job.physical() })).await
    }
}

/// Members of both CreateUserPoolClient and UpdateUserPoolClient.
const CLIENT: &[&str] = &[
    "UserPoolId",
    "AccessTokenValidity",
    "AllowedOAuthFlows",
    "AllowedOAuthFlowsUserPoolClient",
    "AllowedOAuthScopes",
    "AnalyticsConfiguration",
    "AuthSessionValidity",
    "CallbackURLs",
    "DefaultRedirectURI",
    "EnablePropagateAdditionalUserContextData",
    "EnableTokenRevocation",
    "ExplicitAuthFlows",
    "IdTokenValidity",
    "LogoutURLs",
    "PreventUserExistenceErrors",
    "ReadAttributes",
    "RefreshTokenRotation",
    "RefreshTokenValidity",
    "SupportedIdentityProviders",
    "TokenValidityUnits",
    "WriteAttributes",
];

struct UserPoolClient;

impl UserPoolClient {
    fn made(client: &Json) -> Made {
        let id = client["ClientId"].as_str().unwrap_or_default();
        let made = Made::new(id).with("ClientId", id).with("Name", client["ClientName"].clone());
        match client["ClientSecret"].as_str() {
            Some(secret) => made.with("ClientSecret", secret),
            None => made,
        }
    }
}

#[async_trait]
impl Handler for UserPoolClient {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(CLIENT);
        input.extend(job.take(&["GenerateSecret"]));
        input.insert("ClientName".into(), job.name("ClientName", 128).into());
        let made = job.call("cognito-idp", "CreateUserPoolClient", Json::Object(input)).await?;
        Ok(Self::made(&made["UserPoolClient"]))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(CLIENT);
        input.extend(job.take(&["ClientName"]));
        input.insert("ClientId".into(), job.physical().into());
        let made = job.call("cognito-idp", "UpdateUserPoolClient", Json::Object(input)).await?;
        Ok(Self::made(&made["UserPoolClient"]))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("cognito-idp", "DeleteUserPoolClient", json!({ "UserPoolId": job.text("UserPoolId"), "ClientId": job.physical() }))
            .await
    }
}

struct UserPoolGroup;

#[async_trait]
impl Handler for UserPoolGroup {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(&["UserPoolId", "Description", "Precedence", "RoleArn"]);
        let name = job.name("GroupName", 128);
        input.insert("GroupName".into(), name.clone().into());
        job.call_made("cognito-idp", "CreateGroup", Json::Object(input)).await?;
        Ok(Made::new(name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(&["UserPoolId", "Description", "Precedence", "RoleArn"]);
        input.insert("GroupName".into(), job.physical().into());
        job.call("cognito-idp", "UpdateGroup", Json::Object(input)).await?;
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("cognito-idp", "DeleteGroup", json!({ "UserPoolId": job.text("UserPoolId"), "GroupName": job.physical() })).await
    }
}
