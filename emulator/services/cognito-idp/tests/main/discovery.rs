//! What others need to check tokens: the documents, and the port.

use crate::desk::Desk;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use serde_json::json;
use sha2::{Digest, Sha256};

#[tokio::test]
async fn tokens_are_checked_with_the_keys_that_discovery_leads_to() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let tokens = desk.sign_in("ann@example.com").await;
    let (status, document) = desk.get(&format!("/{}/.well-known/openid-configuration", desk.pool)).await;
    assert_eq!((status, &document["issuer"]), (200, &json!(format!("http://127.0.0.1:4566/{}", desk.pool))));
    let (_, jwks) = desk.get(document["jwks_uri"].as_str().unwrap()).await;
    let keys = jwks["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for name in ["IdToken", "AccessToken"] {
        let parts: Vec<&str> = tokens[name].as_str().unwrap().split('.').collect();
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
        let header: serde_json::Value = serde_json::from_slice(&decode(parts[0])).unwrap();
        let key = keys.iter().find(|k| k["kid"] == header["kid"]).unwrap();
        let number = |name: &str| BigUint::from_bytes_be(&decode(key[name].as_str().unwrap()));
        let key = RsaPublicKey::new(number("n"), number("e")).unwrap();
        let digest = Sha256::digest(format!("{}.{}", parts[0], parts[1]));
        key.verify(Pkcs1v15Sign::new::<Sha256>(), &digest, &decode(parts[2])).unwrap();
    }
    let (status, _) = desk.get("/us-east-1_nosuchpool/.well-known/jwks.json").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn the_port_takes_tokens_of_its_pools_until_they_end() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let tokens = desk.sign_in("ann@example.com").await;
    let token = tokens["IdToken"].as_str().unwrap();
    let pools = desk.cloud.ports().user_pools().unwrap();
    let arn = format!("arn:aws:cognito-idp:us-east-1:000000000000:userpool/{}", desk.pool);
    assert!(pools.exists(&desk.anybody, &arn));
    let arns = [arn];
    assert_eq!(pools.verify(&desk.anybody, &arns, token).unwrap()["email"], "ann@example.com");
    assert_eq!(pools.verify(&desk.anybody, &[], token).unwrap_err(), "issuer");
    let tampered = format!("{}x", &token[..token.len() - 1]);
    assert_eq!(pools.verify(&desk.anybody, &arns, &tampered).unwrap_err(), "signature");
    assert_eq!(pools.verify(&desk.anybody, &arns, "a.b").unwrap_err(), "malformed");
    // Signing out everywhere is Cognito's own affair: whoever checks signatures does not know.
    desk.ok("GlobalSignOut", json!({ "AccessToken": tokens["AccessToken"] })).await;
    assert!(pools.verify(&desk.anybody, &arns, token).is_ok());
    desk.advance(3601).await;
    assert_eq!(pools.verify(&desk.anybody, &arns, token).unwrap_err(), "expired");
}

#[tokio::test]
async fn tokens_outlive_the_rotation_of_their_keys() {
    let desk = Desk::new().await;
    desk.user("ann@example.com").await;
    let old = desk.sign_in("ann@example.com").await;
    let (_, before) = desk.get(&format!("/{}/.well-known/jwks.json", desk.pool)).await;
    desk.post(&format!("/_windtunnel/cognito/rotate-keys?pool={}", desk.pool)).await;
    let (_, after) = desk.get(&format!("/{}/.well-known/jwks.json", desk.pool)).await;
    assert_eq!(after["keys"].as_array().unwrap().len(), 4);
    assert!(!before["keys"].as_array().unwrap().contains(&after["keys"][0]));
    desk.ok("GetUser", json!({ "AccessToken": old["AccessToken"] })).await;
    let new = desk.sign_in("ann@example.com").await;
    desk.ok("GetUser", json!({ "AccessToken": new["AccessToken"] })).await;
    desk.advance(86_401).await;
    let (_, later) = desk.get(&format!("/{}/.well-known/jwks.json", desk.pool)).await;
    assert_eq!(later["keys"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_domain_of_the_owners_own_is_where_discovery_leads() {
    let desk = Desk::with(json!({}), json!({})).await;
    let config = json!({ "CertificateArn": "arn:aws:acm:us-east-1:000000000000:certificate/00000000-0000-0000-0000-000000000000" });
    let domain = json!({ "UserPoolId": desk.pool, "Domain": "auth.example.com", "CustomDomainConfig": config });
    desk.admin("CreateUserPoolDomain", domain).await;
    let url = format!("/{}/.well-known/openid-configuration", desk.pool);
    let (_, document) = desk.get(&url).await;
    assert_eq!(document["token_endpoint"], "http://127.0.0.1:4566/_aws/cognito-idp/auth.example.com/oauth2/token");
    // The same cloud, seen by a service that speaks as AWS.
    let service = cognito_idp::CognitoIdp::new().issuer(cognito_idp::Issuer::Aws);
    let (head, ()) = http::Request::get(&url).body(()).unwrap().into_parts();
    let door = kit::Service::doors(&service).into_iter().find(|door| door.takes(&desk.cloud, &head)).unwrap();
    let wire::ReplyBody::Bytes(body) = door.answer(desk.anybody.clone(), head, wire::Body::empty()).await.into_body() else {
        panic!("a body of bytes")
    };
    let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(document["issuer"], format!("https://cognito-idp.us-east-1.amazonaws.com/{}", desk.pool));
    assert_eq!(document["authorization_endpoint"], "https://auth.example.com/oauth2/authorize");
}
