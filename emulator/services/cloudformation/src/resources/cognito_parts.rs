//! What hangs on a user pool of Amazon Cognito: domain, resource servers, identity providers, users, and who is in which group.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Cognito::UserPoolDomain",
        made_by: Some(("cognito-idp", "CreateUserPoolDomain")),
        properties: &["UserPoolId", "Domain", "CustomDomainConfig", "ManagedLoginVersion"],
        attributes: &["CloudFrontDistribution"],
        handler: &Domain,
    },
    Kind {
        name: "AWS::Cognito::UserPoolResourceServer",
        made_by: Some(("cognito-idp", "CreateResourceServer")),
        properties: &["UserPoolId", "Identifier", "Name", "Scopes"],
        attributes: &[],
        handler: &ResourceServer,
    },
    Kind {
        name: "AWS::Cognito::UserPoolIdentityProvider",
        made_by: Some(("cognito-idp", "CreateIdentityProvider")),
        properties: &["UserPoolId", "ProviderName", "ProviderType", "ProviderDetails", "AttributeMapping", "IdpIdentifiers"],
        attributes: &[],
        handler: &IdentityProvider,
    },
    Kind {
        name: "AWS::Cognito::UserPoolUser",
        made_by: Some(("cognito-idp", "AdminCreateUser")),
        properties: &[
            "UserPoolId",
            "Username",
            "ClientMetadata",
            "DesiredDeliveryMediums",
            "ForceAliasCreation",
            "MessageAction",
            "UserAttributes",
            "ValidationData",
        ],
        attributes: &[],
        handler: &User,
    },
    Kind {
        name: "AWS::Cognito::UserPoolUserToGroupAttachment",
        made_by: Some(("cognito-idp", "AdminAddUserToGroup")),
        properties: &["UserPoolId", "Username", "GroupName"],
        attributes: &[],
        handler: &Membership,
    },
];

struct Domain;

impl Domain {
    async fn made(job: &Job<'_>, name: &str) -> Result<Made, Fault> {
        let described = job.call("cognito-idp", "DescribeUserPoolDomain", json!({ "Domain": name })).await?;
        Ok(Made::new(name).with("CloudFrontDistribution", described["DomainDescription"]["CloudFrontDistribution"].clone()))
    }
}

#[async_trait]
impl Handler for Domain {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = job.take(&["UserPoolId", "Domain", "CustomDomainConfig", "ManagedLoginVersion"]);
        job.call("cognito-idp", "CreateUserPoolDomain", Json::Object(input)).await?;
        Self::made(job, job.text("Domain")).await
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = job.take(&["UserPoolId", "Domain", "CustomDomainConfig", "ManagedLoginVersion"]);
        job.call("cognito-idp", "UpdateUserPoolDomain", Json::Object(input)).await?;
        Self::made(job, job.physical()).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        // A domain that is gone is an invalid parameter to Cognito, so it is asked for first.
        let described = job.call("cognito-idp", "DescribeUserPoolDomain", json!({ "Domain": job.physical() })).await?;
        match described["DomainDescription"]["UserPoolId"] == *job.text("UserPoolId") {
            true => {
                let input = json!({ "UserPoolId": job.text("UserPoolId"), "Domain": job.physical() });
                job.call_gone("cognito-idp", "DeleteUserPoolDomain", input).await
            }
            false => Ok(()),
        }
    }
}

struct ResourceServer;

#[async_trait]
impl Handler for ResourceServer {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = job.take(&["UserPoolId", "Identifier", "Name", "Scopes"]);
        job.call_made("cognito-idp", "CreateResourceServer", Json::Object(input)).await?;
        Ok(Made::new(job.text("Identifier")))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = job.take(&["UserPoolId", "Identifier", "Name", "Scopes"]);
        job.call("cognito-idp", "UpdateResourceServer", Json::Object(input)).await?;
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let input = json!({ "UserPoolId": job.text("UserPoolId"), "Identifier": job.physical() });
        job.call_gone("cognito-idp", "DeleteResourceServer", input).await
    }
}

struct IdentityProvider;

#[async_trait]
impl Handler for IdentityProvider {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = job.take(&["UserPoolId", "ProviderName", "ProviderType", "ProviderDetails", "AttributeMapping", "IdpIdentifiers"]);
        job.call_made("cognito-idp", "CreateIdentityProvider", Json::Object(input)).await?;
        Ok(Made::new(job.text("ProviderName")))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = job.take(&["UserPoolId", "ProviderName", "ProviderDetails", "AttributeMapping", "IdpIdentifiers"]);
        job.call("cognito-idp", "UpdateIdentityProvider", Json::Object(input)).await?;
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let input = json!({ "UserPoolId": job.text("UserPoolId"), "ProviderName": job.physical() });
        job.call_gone("cognito-idp", "DeleteIdentityProvider", input).await
    }
}

struct User;

#[async_trait]
impl Handler for User {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.take(&[
            "UserPoolId",
            "ClientMetadata",
            "DesiredDeliveryMediums",
            "ForceAliasCreation",
            "MessageAction",
            "UserAttributes",
            "ValidationData",
        ]);
        let name = job.name("Username", 128);
        input.insert("Username".into(), name.clone().into());
        let made = job.call_made("cognito-idp", "AdminCreateUser", Json::Object(input)).await?;
        let username = made.as_ref().and_then(|m| m["User"]["Username"].as_str()).map(str::to_owned);
        Ok(Made::new(username.unwrap_or(name)))
    }
    /// Every property makes another user.
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let input = json!({ "UserPoolId": job.text("UserPoolId"), "Username": job.physical() });
        match job.call_gone("cognito-idp", "AdminDeleteUser", input).await {
            Err(fault) if fault.code == "UserNotFoundException" => Ok(()),
            other => other,
        }
    }
}

struct Membership;

#[async_trait]
impl Handler for Membership {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = job.take(&["UserPoolId", "Username", "GroupName"]);
        job.call("cognito-idp", "AdminAddUserToGroup", Json::Object(input)).await?;
        Ok(Made::new(job.generated(128)))
    }
    /// Every property makes another membership.
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Made::new(job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let input = json!({ "UserPoolId": job.text("UserPoolId"), "Username": job.text("Username"), "GroupName": job.text("GroupName") });
        match job.call_gone("cognito-idp", "AdminRemoveUserFromGroup", input).await {
            Err(fault) if fault.code == "UserNotFoundException" => Ok(()),
            other => other,
        }
    }
}
