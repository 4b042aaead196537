//! What hangs on a pool: domains, resource servers, identity providers, secrets and OAuth settings of clients.

use crate::desk::{Desk, PASSWORD};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::Mac;
use serde_json::{Value, json};

fn hash(secret: &str, name: &str, client: &str) -> String {
    let mut mac = <hmac::Hmac<sha2::Sha256> as Mac>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{name}{client}").as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[tokio::test]
async fn a_domain_belongs_to_one_pool_and_keeps_it() {
    let desk = Desk::new().await;
    let with = |name: &str| json!({ "Domain": name, "UserPoolId": desk.pool });
    desk.admin("CreateUserPoolDomain", with("people")).await;
    let described = desk.admin("DescribeUserPoolDomain", json!({ "Domain": "people" })).await["DomainDescription"].clone();
    assert_eq!((&described["UserPoolId"], &described["Status"]), (&json!(desk.pool), &json!("ACTIVE")));
    let pool = desk.admin("DescribeUserPool", json!({ "UserPoolId": desk.pool })).await;
    assert_eq!(pool["UserPool"]["Domain"], "people");
    for (name, sentence) in [
        ("people", "Domain already associated with another user pool."),
        ("others", "User pool already has a domain configured."),
        ("my-cognito", "Domain cannot contain reserved word: cognito"),
    ] {
        assert_eq!(desk.try_admin("CreateUserPoolDomain", with(name)).await.unwrap_err().message, sentence);
    }
    let stays = desk.try_admin("DeleteUserPool", json!({ "UserPoolId": desk.pool })).await.unwrap_err();
    assert_eq!(stays.message, "User pool cannot be deleted. It has a domain configured that should be deleted first.");
    desk.admin("UpdateUserPool", json!({ "UserPoolId": desk.pool })).await;
    desk.admin("DeleteUserPoolDomain", with("people")).await;
    assert_eq!(desk.admin("DescribeUserPoolDomain", json!({ "Domain": "people" })).await["DomainDescription"], json!({}));
    desk.admin("DeleteUserPool", json!({ "UserPoolId": desk.pool })).await;
}

#[tokio::test]
async fn clients_may_only_ask_for_scopes_and_providers_that_exist() {
    let desk = Desk::new().await;
    let scopes = json!([{ "ScopeName": "read", "ScopeDescription": "reads" }]);
    desk.admin("CreateResourceServer", json!({ "UserPoolId": desk.pool, "Identifier": "https://api/v1", "Name": "api", "Scopes": scopes }))
        .await;
    let client = |more: Value| {
        let mut wanted = json!({ "UserPoolId": desk.pool, "ClientName": "c" });
        more.as_object().unwrap().iter().for_each(|(k, v)| wanted[k] = v.clone());
        wanted
    };
    let code = json!({ "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid", "https://api/v1/read"],
        "CallbackURLs": ["https://app.example.com/back", "myapp://back"] });
    let made = desk.admin("CreateUserPoolClient", client(code)).await["UserPoolClient"].clone();
    assert_eq!(made["AllowedOAuthFlows"], json!(["code"]));
    let machine = json!({ "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true, "AllowedOAuthFlows": ["client_credentials"],
        "AllowedOAuthScopes": ["https://api/v1/read"] });
    desk.admin("CreateUserPoolClient", client(machine)).await;
    for (wanted, code) in [
        (json!({ "AllowedOAuthScopes": ["https://api/v1/write"] }), "ScopeDoesNotExistException"),
        (json!({ "SupportedIdentityProviders": ["Okta"] }), "InvalidParameterException"),
        (json!({ "AllowedOAuthFlows": ["client_credentials"] }), "InvalidOAuthFlowException"),
        (json!({ "AllowedOAuthFlowsUserPoolClient": true }), "InvalidParameterException"),
        (json!({ "CallbackURLs": ["http://app.example.com/"] }), "InvalidParameterException"),
        (json!({ "CallbackURLs": ["https://a.example.com/#x"] }), "InvalidParameterException"),
        (json!({ "DefaultRedirectURI": "https://a.example.com/" }), "InvalidParameterException"),
    ] {
        assert_eq!(desk.try_admin("CreateUserPoolClient", client(wanted.clone())).await.unwrap_err().code, code, "{wanted}");
    }
    desk.admin("DeleteResourceServer", json!({ "UserPoolId": desk.pool, "Identifier": "https://api/v1" })).await;
    let listed = desk.admin("ListResourceServers", json!({ "UserPoolId": desk.pool })).await;
    assert_eq!(listed["ResourceServers"], json!([]));
}

#[tokio::test]
async fn identity_providers_are_checked_and_kept() {
    let desk = Desk::new().await;
    let details = json!({ "client_id": "c", "client_secret": "s", "authorize_scopes": "openid", "oidc_issuer": "https://id.example.com" });
    let wanted = json!({ "UserPoolId": desk.pool, "ProviderName": "Okta", "ProviderType": "OIDC", "ProviderDetails": details,
        "AttributeMapping": { "email": "email" }, "IdpIdentifiers": ["example.com"] });
    let made = desk.admin("CreateIdentityProvider", wanted.clone()).await["IdentityProvider"].clone();
    assert_eq!(made["AttributeMapping"], json!({ "email": "email", "username": "sub" }));
    assert_eq!(desk.try_admin("CreateIdentityProvider", wanted).await.unwrap_err().code, "DuplicateProviderException");
    let found = desk.admin("GetIdentityProviderByIdentifier", json!({ "UserPoolId": desk.pool, "IdpIdentifier": "example.com" })).await;
    assert_eq!(found["IdentityProvider"]["ProviderName"], "Okta");
    let google = |name: &str| {
        let details = json!({ "client_id": "c", "client_secret": "s", "authorize_scopes": "openid" });
        json!({ "UserPoolId": desk.pool, "ProviderName": name, "ProviderType": "Google", "ProviderDetails": details })
    };
    assert_eq!(desk.try_admin("CreateIdentityProvider", google("Foo")).await.unwrap_err().code, "InvalidParameterException");
    desk.admin("CreateIdentityProvider", google("Google")).await;
    let saml =
        json!({ "UserPoolId": desk.pool, "ProviderName": "Corp", "ProviderType": "SAML", "ProviderDetails": { "MetadataFile": "<x/>" } });
    assert_eq!(desk.try_admin("CreateIdentityProvider", saml).await.unwrap_err().code, "InvalidParameterException");
    desk.admin("DeleteIdentityProvider", json!({ "UserPoolId": desk.pool, "ProviderName": "Okta" })).await;
    let gone = desk.try_admin("DescribeIdentityProvider", json!({ "UserPoolId": desk.pool, "ProviderName": "Okta" })).await.unwrap_err();
    assert_eq!(gone.code, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_secret_is_exchanged_without_a_gap() {
    let desk = Desk::with(json!({}), json!({ "GenerateSecret": true })).await;
    desk.user("ann").await;
    let of_client = json!({ "UserPoolId": desk.pool, "ClientId": desk.client });
    let first =
        desk.admin("DescribeUserPoolClient", of_client.clone()).await["UserPoolClient"]["ClientSecret"].as_str().unwrap().to_owned();
    desk.advance(1).await;
    let second = desk.admin("AddUserPoolClientSecret", of_client.clone()).await["ClientSecretDescriptor"].clone();
    let second = second["ClientSecretValue"].as_str().unwrap().to_owned();
    let sign_in = |secret: &str| {
        let mut input = desk.password_flow("ann", PASSWORD);
        input["AuthParameters"]["SECRET_HASH"] = json!(hash(secret, "ann", &desk.client));
        input
    };
    desk.ok("InitiateAuth", sign_in(&first)).await;
    desk.ok("InitiateAuth", sign_in(&second)).await;
    assert_eq!(desk.try_admin("AddUserPoolClientSecret", of_client.clone()).await.unwrap_err().code, "LimitExceededException");
    let listed = desk.admin("ListUserPoolClientSecrets", of_client.clone()).await["ClientSecrets"].clone();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert!(listed[0].get("ClientSecretValue").is_none());
    let old = json!({ "UserPoolId": desk.pool, "ClientId": desk.client, "ClientSecretId": listed[0]["ClientSecretId"] });
    desk.admin("DeleteUserPoolClientSecret", old).await;
    assert!(desk.refused("InitiateAuth", sign_in(&first)).await.starts_with("NotAuthorizedException: Unable to verify secret hash"));
    desk.ok("InitiateAuth", sign_in(&second)).await;
    let last = json!({ "UserPoolId": desk.pool, "ClientId": desk.client, "ClientSecretId": listed[1]["ClientSecretId"] });
    assert_eq!(desk.try_admin("DeleteUserPoolClientSecret", last).await.unwrap_err().code, "InvalidParameterException");
}

#[tokio::test]
async fn a_client_is_described_as_it_was_asked_for() {
    let desk = Desk::with(json!({}), json!({ "GenerateSecret": true, "EnablePropagateAdditionalUserContextData": true })).await;
    let of_client = json!({ "UserPoolId": desk.pool, "ClientId": desk.client });
    let described = desk.admin("DescribeUserPoolClient", of_client).await["UserPoolClient"].clone();
    assert_eq!(described["EnablePropagateAdditionalUserContextData"], true);
}
