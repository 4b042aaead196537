//! Amazon Cognito's identity pools.

use super::{Handler, Job, Kind, Made};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Map, Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::Cognito::IdentityPool",
        made_by: Some(("cognito-identity", "CreateIdentityPool")),
        properties: &[
            "AllowClassicFlow",
            "AllowUnauthenticatedIdentities",
            "CognitoIdentityProviders",
            "DeveloperProviderName",
            "IdentityPoolName",
            "IdentityPoolTags",
            "OpenIdConnectProviderARNs",
            "SamlProviderARNs",
            "SupportedLoginProviders",
        ],
        attributes: &["Id", "Name"],
        handler: &IdentityPool,
    },
    Kind {
        name: "AWS::Cognito::IdentityPoolRoleAttachment",
        made_by: Some(("cognito-identity", "SetIdentityPoolRoles")),
        properties: &["IdentityPoolId", "RoleMappings", "Roles"],
        attributes: &["Id"],
        handler: &RoleAttachment,
    },
    Kind {
        name: "AWS::Cognito::IdentityPoolPrincipalTag",
        made_by: Some(("cognito-identity", "SetPrincipalTagAttributeMap")),
        properties: &["IdentityPoolId", "IdentityProviderName", "PrincipalTags", "UseDefaults"],
        attributes: &[],
        handler: &PrincipalTag,
    },
];

const SERVICE: &str = "cognito-identity";
const POOL: &[&str] = &[
    "AllowClassicFlow",
    "AllowUnauthenticatedIdentities",
    "CognitoIdentityProviders",
    "DeveloperProviderName",
    "OpenIdConnectProviderARNs",
    "SamlProviderARNs",
    "SupportedLoginProviders",
];

struct IdentityPool;

impl IdentityPool {
    fn input(job: &Job<'_>) -> Map<String, Json> {
        let mut input = job.take(POOL);
        input.insert("IdentityPoolTags".into(), job.tag_map("IdentityPoolTags"));
        input
    }
}

#[async_trait]
impl Handler for IdentityPool {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = Self::input(job);
        let name = job.name("IdentityPoolName", 128);
        input.insert("IdentityPoolName".into(), name.clone().into());
        let made = job.call(SERVICE, "CreateIdentityPool", Json::Object(input)).await?;
        let id = made["IdentityPoolId"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("Id", id).with("Name", name))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let id = job.physical();
        let before = job.call(SERVICE, "DescribeIdentityPool", json!({ "IdentityPoolId": id })).await?;
        let mut input = Self::input(job);
        let given = job.get("IdentityPoolName");
        let name = if given.is_null() { before["IdentityPoolName"].clone() } else { given.clone() };
        input.insert("IdentityPoolName".into(), name.clone());
        input.insert("IdentityPoolId".into(), id.into());
        job.call(SERVICE, "UpdateIdentityPool", Json::Object(input)).await?;
        Ok(Made::new(id).with("Id", id).with("Name", name))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone(SERVICE, "DeleteIdentityPool", json!({ "IdentityPoolId": job.physical() })).await
    }
}

struct RoleAttachment;

impl RoleAttachment {
    /// CloudFormation names a mapping by any key where it has an `IdentityProvider`, the API by the provider.
    fn input(job: &Job<'_>) -> Json {
        let mut mappings = Map::new();
        for (name, mapping) in job.get("RoleMappings").as_object().into_iter().flatten() {
            let mut mapping = mapping.clone();
            let provider = mapping.as_object_mut().and_then(|members| members.remove("IdentityProvider"));
            let provider = provider.and_then(|provider| provider.as_str().map(str::to_owned)).unwrap_or_else(|| name.clone());
            mappings.insert(provider, mapping);
        }
        let roles = if job.get("Roles").is_null() { json!({}) } else { job.get("Roles").clone() };
        json!({ "IdentityPoolId": job.text("IdentityPoolId"), "Roles": roles, "RoleMappings": mappings })
    }
}

#[async_trait]
impl Handler for RoleAttachment {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        job.call(SERVICE, "SetIdentityPoolRoles", Self::input(job)).await?;
        let id = job.text("IdentityPoolId").to_owned();
        Ok(Made::new(id.as_str()).with("Id", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        self.create(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let none = json!({ "IdentityPoolId": job.text("IdentityPoolId"), "Roles": {} });
        job.call_gone(SERVICE, "SetIdentityPoolRoles", none).await
    }
}

struct PrincipalTag;

#[async_trait]
impl Handler for PrincipalTag {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = job.take(&["IdentityPoolId", "IdentityProviderName", "PrincipalTags", "UseDefaults"]);
        job.call(SERVICE, "SetPrincipalTagAttributeMap", Json::Object(input)).await?;
        Ok(Made::new(format!("{}|{}", job.text("IdentityPoolId"), job.text("IdentityProviderName"))))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        self.create(job).await
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let none = json!({
            "IdentityPoolId": job.text("IdentityPoolId"), "IdentityProviderName": job.text("IdentityProviderName"), "UseDefaults": false,
        });
        job.call_gone(SERVICE, "SetPrincipalTagAttributeMap", none).await
    }
}
