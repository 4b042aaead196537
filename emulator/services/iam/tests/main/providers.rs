//! OpenID Connect providers are kept as they are given.

use crate::desk::Desk;
use serde_json::json;

#[tokio::test]
async fn a_provider_is_kept_until_it_is_deleted() {
    let desk = Desk::new().await;
    let print = "3768084dfb3d2b68b7897bf5f565da8ef0000000";
    let input = json!({ "Url": "https://id.example.com/", "ClientIDList": ["web"], "ThumbprintList": [print] });
    let made = desk.ok("CreateOpenIDConnectProvider", input.clone()).await;
    let arn = json!({ "OpenIDConnectProviderArn": "arn:aws:iam::000000000000:oidc-provider/id.example.com" });
    assert_eq!(made["OpenIDConnectProviderArn"], arn["OpenIDConnectProviderArn"]);
    assert_eq!(desk.refused("CreateOpenIDConnectProvider", input).await, "EntityAlreadyExists");
    let with = |name: &str, value: &str| {
        let mut input = arn.clone();
        input[name] = json!(value);
        input
    };
    desk.ok("AddClientIDToOpenIDConnectProvider", with("ClientID", "phone")).await;
    desk.ok("AddClientIDToOpenIDConnectProvider", with("ClientID", "web")).await;
    let shown = desk.ok("GetOpenIDConnectProvider", arn.clone()).await;
    assert_eq!((&shown["Url"], &shown["ClientIDList"]), (&json!("id.example.com"), &json!(["web", "phone"])));
    desk.ok("RemoveClientIDFromOpenIDConnectProvider", with("ClientID", "web")).await;
    assert_eq!(desk.ok("GetOpenIDConnectProvider", arn.clone()).await["ClientIDList"], json!(["phone"]));
    let listed = desk.ok("ListOpenIDConnectProviders", json!({})).await;
    assert_eq!(listed["OpenIDConnectProviderList"][0]["Arn"], arn["OpenIDConnectProviderArn"]);
    desk.ok("DeleteOpenIDConnectProvider", arn.clone()).await;
    assert_eq!(desk.refused("GetOpenIDConnectProvider", arn).await, "NoSuchEntity");
}

#[tokio::test]
async fn a_provider_without_tls_is_refused() {
    let desk = Desk::new().await;
    for url in ["http://id.example.com", "https://", "id.example.com", "https://id.example.com?x=1"] {
        assert_eq!(desk.refused("CreateOpenIDConnectProvider", json!({ "Url": url })).await, "ValidationError", "{url}");
    }
}
