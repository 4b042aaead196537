//! OAuth 2.0 and OpenID Connect at a pool's domain.

use crate::{
    browser::{Browser, CALLBACK, shop},
    desk::{Desk, PASSWORD, claims},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use sha2::{Digest, Sha256};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

async fn with_ann(desk: Desk) -> Desk {
    desk.user("ann").await;
    let attributes = json!([{ "Name": "email", "Value": "ann@example.com" }, { "Name": "email_verified", "Value": "true" }]);
    desk.admin("AdminUpdateUserAttributes", json!({ "UserPoolId": desk.pool, "Username": "ann", "UserAttributes": attributes })).await;
    desk
}

#[tokio::test]
async fn a_code_with_pkce_becomes_tokens_once() {
    let desk = with_ann(shop(json!({})).await).await;
    let browser = Browser::new(&desk);
    let more =
        format!("&response_type=code&scope=openid+email&state=s%2F1&nonce=n1&code_challenge={}&code_challenge_method=S256", challenge());
    let back = browser.sign_in(&more, "ann", PASSWORD).await;
    assert!(back.location.starts_with(&format!("{CALLBACK}&code=")), "{back:?}");
    assert_eq!(back.led("state"), "s%2F1");
    let code = back.led("code");

    let other = browser.sign_in(&format!("{more}&prompt=login"), "ann", PASSWORD).await.led("code");
    let wrong = browser.exchange(&other, &[("code_verifier", "another-verifier-of-at-least-43-characters-long")]).await;
    assert_eq!((wrong.status, wrong.json()), (400, json!({ "error": "invalid_grant" })));
    let after = browser.exchange(&other, &[("code_verifier", VERIFIER)]).await;
    assert_eq!(after.json(), json!({ "error": "invalid_grant" }), "a code that was tried is gone");

    let tokens = browser.exchange(&code, &[("code_verifier", VERIFIER)]).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let tokens = tokens.json();
    assert_eq!((&tokens["expires_in"], &tokens["token_type"]), (&json!(3600), &json!("Bearer")));
    let id = claims(&tokens["id_token"]);
    assert_eq!((&id["nonce"], &id["email"], &id["email_verified"]), (&json!("n1"), &json!("ann@example.com"), &json!(true)));
    let access = claims(&tokens["access_token"]);
    assert_eq!((&access["scope"], &access["version"]), (&json!("openid email"), &json!(2)));
    let digest = Sha256::digest(tokens["access_token"].as_str().unwrap());
    assert_eq!(id["at_hash"], URL_SAFE_NO_PAD.encode(&digest[..16]), "which access token the id token came with");
    assert!(claims(&desk.sign_in("ann").await["IdToken"]).get("at_hash").is_none(), "the API's tokens come together anyway");
    let replayed = browser.exchange(&code, &[("code_verifier", VERIFIER)]).await;
    assert_eq!((replayed.status, replayed.json()), (400, json!({ "error": "invalid_grant" })));

    let fresh =
        [("grant_type", "refresh_token"), ("client_id", &desk.client), ("refresh_token", tokens["refresh_token"].as_str().unwrap())];
    let fresh = browser.post("/oauth2/token", &[], &fresh).await.json();
    assert!(fresh["access_token"].is_string() && fresh["refresh_token"].is_null(), "{fresh}");
}

#[tokio::test]
async fn the_second_client_of_a_browser_needs_no_password_until_it_signs_out() {
    let desk = with_ann(shop(json!({})).await).await;
    let browser = Browser::new(&desk);
    browser.sign_in("&response_type=code", "ann", PASSWORD).await.led("code");
    let silent = browser.get(&browser.authorize("&response_type=code&prompt=none")).await;
    assert!(!silent.led("code").is_empty());
    let out = browser.get(&format!("/logout?client_id={}&logout_uri=https%3A%2F%2Fshop.example%2Fout", desk.client)).await;
    assert_eq!(out.location, "https://shop.example/out");
    let again = browser.get(&browser.authorize("&response_type=code&prompt=none&state=x")).await;
    assert_eq!((again.led("error").as_str(), again.led("state").as_str()), ("login_required", "x"));
    let elsewhere = browser.get(&format!("/logout?client_id={}&logout_uri=https%3A%2F%2Fevil.example", desk.client)).await;
    assert_eq!(elsewhere.location, "/error?error=redirect_mismatch");
    browser.sign_in("&response_type=code", "ann", PASSWORD).await.led("code");
    desk.advance(3601).await;
    assert!(browser.get(&browser.authorize("&response_type=code")).await.location.starts_with("/login?"), "the session lasts an hour");
}

#[tokio::test]
async fn the_implicit_flow_answers_in_the_fragment() {
    let desk = with_ann(shop(json!({})).await).await;
    let browser = Browser::new(&desk);
    let back = browser.sign_in("&response_type=token&scope=openid&state=x", "ann", PASSWORD).await;
    assert!(back.location.starts_with(&format!("{CALLBACK}#id_token=")), "{back:?}");
    assert_eq!((back.led("expires_in").as_str(), back.led("token_type").as_str(), back.led("state").as_str()), ("3600", "Bearer", "x"));
    assert!(!back.location.contains("refresh_token"));
}

#[tokio::test]
async fn wrong_requests_are_the_clients_to_hear_unless_the_client_is_wrong() {
    let desk = shop(json!({ "AllowedOAuthFlows": ["code"] })).await;
    let browser = Browser::new(&desk);
    let error = async |more: &str| browser.get(&browser.authorize(more)).await.led("error");
    assert_eq!(error("&response_type=token").await, "unauthorized_client");
    assert_eq!(error("").await, "invalid_request");
    assert_eq!(error("&response_type=code&scope=openid+phone").await, "invalid_scope");
    assert_eq!(error("&response_type=code&code_challenge=x&code_challenge_method=plain").await, "invalid_request");
    let elsewhere = format!("/oauth2/authorize?client_id={}&redirect_uri=https%3A%2F%2Fevil.example&response_type=code", desk.client);
    let mismatch = browser.get(&elsewhere).await;
    assert_eq!(mismatch.location, format!("/error?error=redirect_mismatch&client_id={}", desk.client));
    assert_eq!(browser.get("/oauth2/authorize?response_type=code").await.location, "/error?error=Required%20parameters%20missing");
    let shown = browser.get("/error?error=%3Cb%3E").await;
    assert_eq!((shown.status, shown.alert().as_str()), (400, "<b>"));
    let nowhere = browser.get("/_aws/cognito-idp/nobody/login").await;
    assert_eq!(nowhere.status, 404);
}

#[tokio::test]
async fn clients_with_a_secret_prove_themselves() {
    let desk = with_ann(shop(json!({ "GenerateSecret": true })).await).await;
    let described = desk.admin("DescribeUserPoolClient", json!({ "UserPoolId": desk.pool, "ClientId": desk.client })).await;
    let secret = described["UserPoolClient"]["ClientSecret"].as_str().unwrap().to_owned();
    let browser = Browser::new(&desk);
    let code = browser.sign_in("&response_type=code", "ann", PASSWORD).await.led("code");
    let without = browser.exchange(&code, &[]).await;
    assert_eq!((without.status, without.json()), (400, json!({ "error": "invalid_client" })));
    let wrong = browser.exchange(&code, &[("client_secret", "wrong")]).await;
    assert_eq!(wrong.json(), json!({ "error": "invalid_client", "error_description": "invalid_client_secret" }));
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{secret}", desk.client)));
    let fields = [("grant_type", "authorization_code"), ("code", code.as_str()), ("redirect_uri", CALLBACK)];
    let tokens = browser.post("/oauth2/token", &[("authorization", &basic)], &fields).await;
    assert_eq!(tokens.status, 200, "{tokens:?}");
    let unknown = browser.post("/oauth2/token", &[("authorization", &basic)], &[("grant_type", "password")]).await;
    assert_eq!(unknown.json(), json!({ "error": "unsupported_grant_type" }));
}

#[tokio::test]
async fn machines_get_scopes_of_resource_servers() {
    let desk = shop(json!({})).await;
    let scopes = json!([{ "ScopeName": "read", "ScopeDescription": "read" }, { "ScopeName": "write", "ScopeDescription": "write" }]);
    desk.admin("CreateResourceServer", json!({ "UserPoolId": desk.pool, "Identifier": "https://api", "Name": "api", "Scopes": scopes }))
        .await;
    let input = json!({
        "UserPoolId": desk.pool, "ClientName": "robot", "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true,
        "AllowedOAuthFlows": ["client_credentials"], "AllowedOAuthScopes": ["https://api/read"],
    });
    let robot = desk.admin("CreateUserPoolClient", input).await["UserPoolClient"].clone();
    let (id, secret) = (robot["ClientId"].as_str().unwrap(), robot["ClientSecret"].as_str().unwrap());
    let browser = Browser::new(&desk);
    let fields = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    let made = browser.post("/oauth2/token", &[], &fields).await.json();
    let access = claims(&made["access_token"]);
    assert_eq!((&access["sub"], &access["client_id"], &access["scope"]), (&json!(id), &json!(id), &json!("https://api/read")));
    assert!(made["id_token"].is_null() && made["refresh_token"].is_null() && access["username"].is_null(), "{made}");
    let more = browser.post("/oauth2/token", &[], &[&fields[..], &[("scope", "https://api/write")]].concat()).await;
    assert_eq!((more.status, more.json()), (400, json!({ "error": "invalid_scope" })));
    let web = browser.post("/oauth2/token", &[], &[("grant_type", "client_credentials"), ("client_id", &desk.client)]).await;
    assert_eq!(web.json(), json!({ "error": "unauthorized_client" }));
}

#[tokio::test]
async fn user_info_tells_what_the_scopes_cover_until_the_token_is_revoked() {
    let desk = with_ann(shop(json!({})).await).await;
    let browser = Browser::new(&desk);
    let code = browser.sign_in("&response_type=code&scope=openid+email", "ann", PASSWORD).await.led("code");
    let tokens = browser.exchange(&code, &[]).await.json();
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().unwrap());
    let told = browser.post("/oauth2/userInfo", &[("authorization", &bearer)], &[]).await;
    assert_eq!(told.status, 200, "{told:?}");
    let told = told.json();
    assert_eq!((&told["email"], &told["email_verified"], &told["username"]), (&json!("ann@example.com"), &json!("true"), &json!("ann")));
    assert_eq!(told["sub"], claims(&tokens["id_token"])["sub"]);
    assert_eq!(browser.get("/oauth2/userInfo").await.status, 400);

    let refresh = tokens["refresh_token"].as_str().unwrap();
    let revoked = browser.post("/oauth2/revoke", &[], &[("client_id", &desk.client), ("token", refresh)]).await;
    assert_eq!((revoked.status, revoked.text.as_str()), (200, ""));
    let gone = browser.post("/oauth2/userInfo", &[("authorization", &bearer)], &[]).await;
    assert_eq!((gone.status, gone.json()["error"].as_str()), (401, Some("invalid_token")));
    assert!(gone.headers["www-authenticate"].to_str().unwrap().contains("invalid_token"));
    let access = tokens["access_token"].as_str().unwrap();
    let not_so = browser.post("/oauth2/revoke", &[], &[("client_id", &desk.client), ("token", access)]).await;
    assert_eq!((not_so.status, not_so.json()), (400, json!({ "error": "unsupported_token_type" })));
    let fresh = [("grant_type", "refresh_token"), ("client_id", &desk.client), ("refresh_token", refresh)];
    assert_eq!(browser.post("/oauth2/token", &[], &fresh).await.json(), json!({ "error": "invalid_grant" }));
}

#[tokio::test]
async fn the_discovery_document_names_the_domains_endpoints() {
    let desk = shop(json!({})).await;
    let (_, document) = desk.get(&format!("/{}/.well-known/openid-configuration", desk.pool)).await;
    assert_eq!(document["token_endpoint"], "http://127.0.0.1:4566/_aws/cognito-idp/shop/oauth2/token", "{document}");
    let browser = Browser::new(&desk);
    let led = browser.get(&format!("/_aws/cognito-idp/shop{}", browser.authorize("&response_type=code"))).await;
    assert!(led.location.starts_with("/_aws/cognito-idp/shop/login?"), "links stay in the form of the request: {led:?}");
}

#[tokio::test]
async fn a_prefix_is_a_domain_in_its_pools_region_only() {
    let desk = shop(json!({})).await;
    let browser = Browser::new(&desk);
    let token = async |region: &str| {
        let host = format!("shop.auth.{region}.amazoncognito.com");
        browser.post("/oauth2/token", &[("host", &host)], &[("grant_type", "x")]).await.status
    };
    assert_eq!((token("us-east-1").await, token("eu-west-1").await), (400, 404));
}
