//! What stands in tokens, how long they live, and how they end.

use crate::desk::{Desk, PASSWORD, claims};
use serde_json::{Value, json};

#[tokio::test]
async fn tokens_carry_what_aws_puts_into_them() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let tokens = desk.sign_in("ann@example.com").await;
    assert_eq!((tokens["ExpiresIn"].as_i64(), tokens["TokenType"].as_str()), (Some(3600), Some("Bearer")));
    assert!(tokens["RefreshToken"].as_str().unwrap().starts_with("eyJjdHki"));
    let (id, access) = (claims(&tokens["IdToken"]), claims(&tokens["AccessToken"]));
    assert_eq!(id["iss"], format!("http://127.0.0.1:4566/{}", desk.pool));
    assert_eq!((&id["aud"], &id["token_use"]), (&json!(desk.client), &json!("id")));
    assert_eq!((&access["client_id"], &access["token_use"]), (&json!(desk.client), &json!("access")));
    assert_eq!(access["scope"], "aws.cognito.signin.user.admin");
    assert!(access.get("aud").is_none() && id.get("client_id").is_none());
    assert_eq!(id["exp"].as_i64().unwrap() - id["iat"].as_i64().unwrap(), 3600);
    assert_eq!((&id["origin_jti"], &id["event_id"]), (&access["origin_jti"], &access["event_id"]));
    assert_ne!(id["jti"], access["jti"]);
    let header = |token: &Value| token.as_str().unwrap().split('.').next().unwrap().to_owned();
    assert_ne!(header(&tokens["IdToken"]), header(&tokens["AccessToken"]), "two keys");
}

#[tokio::test]
async fn groups_and_roles_stand_in_tokens() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let group = |name: &str, precedence: i32| json!({ "UserPoolId": desk.pool, "GroupName": name, "Precedence": precedence, "RoleArn": format!("arn:aws:iam::000000000000:role/{name}") });
    desk.admin("CreateGroup", group("readers", 9)).await;
    desk.admin("CreateGroup", group("editors", 1)).await;
    assert_eq!(desk.try_admin("CreateGroup", group("editors", 1)).await.unwrap_err().code, "GroupExistsException");
    for name in ["readers", "editors"] {
        desk.admin("AdminAddUserToGroup", json!({ "UserPoolId": desk.pool, "Username": "ann@example.com", "GroupName": name })).await;
    }
    let tokens = desk.sign_in("ann@example.com").await;
    let id = claims(&tokens["IdToken"]);
    assert_eq!(id["cognito:groups"], json!(["editors", "readers"]));
    assert_eq!(id["cognito:preferred_role"], "arn:aws:iam::000000000000:role/editors");
    assert_eq!(claims(&tokens["AccessToken"])["cognito:groups"], json!(["editors", "readers"]));
    let listed = desk.admin("ListUsersInGroup", json!({ "UserPoolId": desk.pool, "GroupName": "editors" })).await;
    assert_eq!(listed["Users"].as_array().unwrap().len(), 1);
    desk.admin("DeleteGroup", json!({ "UserPoolId": desk.pool, "GroupName": "editors" })).await;
    let groups = desk.admin("AdminListGroupsForUser", json!({ "UserPoolId": desk.pool, "Username": "ann@example.com" })).await;
    assert_eq!(groups["Groups"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_access_token_opens_the_users_own_operations_until_it_ends() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let tokens = desk.sign_in("ann@example.com").await;
    let get = |token: &Value| json!({ "AccessToken": token });
    let me = desk.ok("GetUser", get(&tokens["AccessToken"])).await;
    assert!(me["UserAttributes"].as_array().unwrap().contains(&json!({ "Name": "email", "Value": "ann@example.com" })));
    assert_eq!(desk.refused("GetUser", get(&tokens["IdToken"])).await, "NotAuthorizedException: Invalid Access Token");
    let mut parts: Vec<String> = tokens["AccessToken"].as_str().unwrap().split('.').map(str::to_owned).collect();
    parts[2] = "A".repeat(parts[2].len());
    assert_eq!(
        desk.refused("GetUser", get(&json!(parts.join(".")))).await,
        "NotAuthorizedException: Could not verify signature for Access Token"
    );
    desk.advance(3601).await;
    assert_eq!(desk.refused("GetUser", get(&tokens["AccessToken"])).await, "NotAuthorizedException: Access Token has expired");
}

#[tokio::test]
async fn refresh_tokens_give_fresh_tokens_until_they_end() {
    let desk = Desk::with(json!({}), json!({ "RefreshTokenValidity": 2, "AccessTokenValidity": 10, "TokenValidityUnits": { "AccessToken": "minutes", "RefreshToken": "hours" } })).await;
    desk.user("ann").await;
    let tokens = desk.sign_in("ann").await;
    assert_eq!(tokens["ExpiresIn"], 600);
    desk.advance(3600).await;
    let old_way =
        json!({ "ClientId": desk.client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": tokens["RefreshToken"] } });
    let fresh = desk.ok("InitiateAuth", old_way.clone()).await["AuthenticationResult"].clone();
    assert!(fresh.get("RefreshToken").is_none());
    assert_eq!(claims(&fresh["IdToken"])["auth_time"], claims(&tokens["IdToken"])["auth_time"]);
    let new_way = json!({ "ClientId": desk.client, "RefreshToken": tokens["RefreshToken"] });
    desk.ok("GetTokensFromRefreshToken", new_way).await;
    desk.advance(3601).await;
    assert_eq!(desk.refused("InitiateAuth", old_way).await, "NotAuthorizedException: Refresh Token has expired");
}

#[tokio::test]
async fn revocation_and_global_sign_out_end_both_kinds_of_token() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let (one, two) = (desk.sign_in("ann@example.com").await, desk.sign_in("ann@example.com").await);
    desk.ok("RevokeToken", json!({ "ClientId": desk.client, "Token": one["RefreshToken"] })).await;
    let get = |tokens: &Value| json!({ "AccessToken": tokens["AccessToken"] });
    let refresh = |tokens: &Value| json!({ "ClientId": desk.client, "RefreshToken": tokens["RefreshToken"] });
    assert_eq!(desk.refused("GetUser", get(&one)).await, "NotAuthorizedException: Access Token has been revoked");
    assert_eq!(desk.refused("GetTokensFromRefreshToken", refresh(&one)).await, "NotAuthorizedException: Refresh Token has been revoked");
    desk.ok("GlobalSignOut", get(&two)).await;
    assert_eq!(desk.refused("GetUser", get(&two)).await, "NotAuthorizedException: Access Token has been revoked");
    assert_eq!(desk.refused("GetTokensFromRefreshToken", refresh(&two)).await, "NotAuthorizedException: Refresh Token has been revoked");
}

#[tokio::test]
async fn rotated_refresh_tokens_count_once() {
    let flows = json!(["ALLOW_USER_PASSWORD_AUTH"]);
    let desk = Desk::with(
        json!({}),
        json!({ "ExplicitAuthFlows": flows, "RefreshTokenRotation": { "Feature": "ENABLED", "RetryGracePeriodSeconds": 10 } }),
    )
    .await;
    desk.user("ann").await;
    let first = desk.sign_in("ann").await;
    let refresh = |token: &Value| json!({ "ClientId": desk.client, "RefreshToken": token });
    let second = desk.ok("GetTokensFromRefreshToken", refresh(&first["RefreshToken"])).await;
    desk.ok("GetTokensFromRefreshToken", refresh(&first["RefreshToken"])).await;
    desk.advance(11).await;
    let reuse = desk.refused("GetTokensFromRefreshToken", refresh(&first["RefreshToken"])).await;
    assert!(reuse.starts_with("RefreshTokenReuseException"), "{reuse}");
    assert!(second["AuthenticationResult"]["RefreshToken"].is_string());
    // Two who refreshed at once each have a token; either counts once more.
    let both = desk.sign_in("ann").await["RefreshToken"].clone();
    let one = desk.ok("GetTokensFromRefreshToken", refresh(&both)).await["AuthenticationResult"]["RefreshToken"].clone();
    let other = desk.ok("GetTokensFromRefreshToken", refresh(&both)).await["AuthenticationResult"]["RefreshToken"].clone();
    desk.advance(11).await;
    for token in [&one, &other] {
        desk.ok("GetTokensFromRefreshToken", refresh(token)).await;
    }
    desk.advance(11).await;
    for token in [&both, &one, &other] {
        assert!(desk.refused("GetTokensFromRefreshToken", refresh(token)).await.starts_with("RefreshTokenReuseException"));
    }
    // A client that names no flow may refresh, but not past the rotation.
    let last = desk.sign_in("ann").await;
    let plain = json!({ "UserPoolId": desk.pool, "ClientId": desk.client, "RefreshTokenRotation": { "Feature": "ENABLED" } });
    desk.admin("UpdateUserPoolClient", plain).await;
    let token = &last["RefreshToken"];
    let flow = json!({ "ClientId": desk.client, "AuthFlow": "REFRESH_TOKEN_AUTH", "AuthParameters": { "REFRESH_TOKEN": token } });
    assert_eq!(desk.refused("InitiateAuth", flow).await, "InvalidParameterException: REFRESH_TOKEN_AUTH is not enabled for the client.");
    desk.ok("GetTokensFromRefreshToken", refresh(token)).await;
}

#[tokio::test]
async fn a_client_with_a_secret_wants_its_hash() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use hmac::Mac;
    let desk = Desk::with(json!({}), json!({ "GenerateSecret": true })).await;
    desk.user("ann").await;
    let described = desk.admin("DescribeUserPoolClient", json!({ "UserPoolId": desk.pool, "ClientId": desk.client })).await;
    let secret = described["UserPoolClient"]["ClientSecret"].as_str().unwrap().to_owned();
    let missing = desk.refused("InitiateAuth", desk.password_flow("ann", PASSWORD)).await;
    assert_eq!(
        missing,
        format!("NotAuthorizedException: Client {} is configured with secret but SECRET_HASH was not received", desk.client)
    );
    let mut mac = <hmac::Hmac<sha2::Sha256> as Mac>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("ann{}", desk.client).as_bytes());
    let mut input = desk.password_flow("ann", PASSWORD);
    input["AuthParameters"]["SECRET_HASH"] = json!(STANDARD.encode(mac.finalize().into_bytes()));
    desk.ok("InitiateAuth", input.clone()).await;
    input["AuthParameters"]["SECRET_HASH"] = json!("AAAA");
    assert_eq!(
        desk.refused("InitiateAuth", input).await,
        format!("NotAuthorizedException: Unable to verify secret hash for client {}", desk.client)
    );
}

#[tokio::test]
async fn flows_that_the_client_does_not_name_are_refused() {
    let desk = Desk::with(json!({}), json!({ "ExplicitAuthFlows": ["ALLOW_USER_SRP_AUTH"] })).await;
    desk.user("ann").await;
    assert_eq!(
        desk.refused("InitiateAuth", desk.password_flow("ann", PASSWORD)).await,
        "InvalidParameterException: USER_PASSWORD_AUTH flow not enabled for this client"
    );
    let admin = json!({ "UserPoolId": desk.pool, "ClientId": desk.client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": { "USERNAME": "ann", "PASSWORD": PASSWORD } });
    assert_eq!(desk.try_admin("AdminInitiateAuth", admin).await.unwrap_err().message, "Auth flow not enabled for this client");
}

#[tokio::test]
async fn wrong_passwords_lock_for_a_while() {
    let desk = Desk::with(json!({}), json!({})).await;
    desk.user("ann").await;
    for _ in 0..5 {
        assert_eq!(
            desk.refused("InitiateAuth", desk.password_flow("ann", "Wrong-Horse-9")).await,
            "NotAuthorizedException: Incorrect username or password."
        );
    }
    assert_eq!(
        desk.refused("InitiateAuth", desk.password_flow("ann", PASSWORD)).await,
        "NotAuthorizedException: Password attempts exceeded"
    );
    desk.advance(1).await;
    desk.sign_in("ann").await;
}

#[tokio::test]
async fn tokens_of_another_pool_are_strangers() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let mine = desk.sign_in("ann@example.com").await;
    let other = desk.admin("CreateUserPool", json!({ "PoolName": "other" })).await["UserPool"]["Id"].clone();
    let client = json!({ "UserPoolId": other, "ClientName": "c" });
    let client = desk.admin("CreateUserPoolClient", client).await["UserPoolClient"]["ClientId"].clone();
    let refresh = |token: &Value| json!({ "ClientId": client, "RefreshToken": token });
    let stranger = desk.refused("GetTokensFromRefreshToken", refresh(&mine["RefreshToken"])).await;
    assert_eq!(stranger, "NotAuthorizedException: Invalid Refresh Token");
    let revoke = json!({ "ClientId": client, "Token": mine["RefreshToken"] });
    desk.ok("RevokeToken", revoke).await;
    desk.ok("GetUser", json!({ "AccessToken": mine["AccessToken"] })).await;
    // The body of one token under the signature of another, and a signature of no algorithm.
    let parts: Vec<String> = mine["AccessToken"].as_str().unwrap().split('.').map(str::to_owned).collect();
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let unsigned = desk.refused("GetUser", json!({ "AccessToken": format!("{none}.{}.", parts[1]) })).await;
    assert!(unsigned.starts_with("NotAuthorizedException") || unsigned.starts_with("InvalidParameterException"), "{unsigned}");
    let mut body: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&parts[1]).unwrap()).unwrap();
    body["iss"] = json!(body["iss"].as_str().unwrap().replace(&desk.pool, other.as_str().unwrap()));
    let moved = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(body.to_string()), parts[2]);
    assert_eq!(
        desk.refused("GetUser", json!({ "AccessToken": moved })).await,
        "NotAuthorizedException: Could not verify signature for Access Token"
    );
}
