//! Attributes: what they may hold, how they go, and what is said of addresses that nobody has proved.

use crate::desk::{Desk, claims};
use serde_json::{Value, json};

fn value(attributes: &Value, name: &str) -> Value {
    let mut all = attributes.as_array().unwrap().iter();
    all.find(|a| a["Name"] == name).map_or(Value::Null, |a| a["Value"].clone())
}

#[tokio::test]
async fn a_blank_value_takes_an_attribute_away_unless_it_is_required() {
    let schema = json!([
        { "Name": "given_name", "Required": true, "Mutable": true },
        { "Name": "badge", "AttributeDataType": "Number", "NumberAttributeConstraints": { "MinValue": "1", "MaxValue": "9" } },
    ]);
    let desk = Desk::with(json!({ "Schema": schema }), json!({})).await;
    desk.user("ann").await;
    let write = |writer: &'static str, token: &Value, name: &str, text: &str| {
        let attributes = json!([{ "Name": name, "Value": text }]);
        match writer {
            "admin" => json!({ "UserPoolId": desk.pool, "Username": "ann", "UserAttributes": attributes }),
            _ => json!({ "AccessToken": token, "UserAttributes": attributes }),
        }
    };
    let token = desk.sign_in("ann").await["AccessToken"].clone();
    for (name, text) in [("email", "ann@example.com"), ("email_verified", "true"), ("given_name", "Ann"), ("custom:badge", "7")] {
        desk.admin("AdminUpdateUserAttributes", write("admin", &token, name, text)).await;
    }
    for number in ["NaN", "inf", "10"] {
        let fault = desk.try_admin("AdminUpdateUserAttributes", write("admin", &token, "custom:badge", number)).await.unwrap_err();
        assert_eq!(fault.code, "InvalidParameterException", "{number}");
    }
    desk.ok("UpdateUserAttributes", write("user", &token, "email", "")).await;
    desk.ok("UpdateUserAttributes", write("user", &token, "custom:badge", "")).await;
    let kept = desk.refused("UpdateUserAttributes", write("user", &token, "given_name", "")).await;
    assert!(kept.starts_with("InvalidParameterException: user.given_name: Attribute cannot be deleted."), "{kept}");
    let me = desk.ok("GetUser", json!({ "AccessToken": token })).await["UserAttributes"].clone();
    let left: Vec<&str> = me.as_array().unwrap().iter().map(|a| a["Name"].as_str().unwrap()).collect();
    assert_eq!(left, ["given_name", "sub"], "what was said of the address is gone with it");
}

#[tokio::test]
async fn an_address_that_nobody_proved_is_said_not_to_be() {
    let desk = Desk::with(json!({ "AutoVerifiedAttributes": ["email"] }), json!({})).await;
    let attributes = json!([{ "Name": "email", "Value": "ann@example.com" }]);
    let sign_up = json!({ "ClientId": desk.client, "Username": "ann", "Password": crate::desk::PASSWORD, "UserAttributes": attributes });
    desk.ok("SignUp", sign_up).await;
    let ann = json!({ "UserPoolId": desk.pool, "Username": "ann" });
    desk.admin("AdminConfirmSignUp", ann.clone()).await;
    let described = desk.admin("AdminGetUser", ann).await;
    assert_eq!(value(&described["UserAttributes"], "email_verified"), "false");
    assert_eq!(claims(&desk.sign_in("ann").await["IdToken"])["email_verified"], json!(false));
}

#[tokio::test]
async fn a_schema_names_each_attribute_once_and_limits_that_can_be_met() {
    let desk = Desk::new().await;
    let text = |name: &str, limits: Value| json!({ "Name": name, "AttributeDataType": "String", "StringAttributeConstraints": limits });
    let none = json!({});
    for schema in [
        json!([text("tier", none.clone()), text("tier", none.clone())]),
        json!([text("tier", none.clone()), text("custom:tier", none.clone())]),
        json!([text("tier", json!({ "MinLength": "abc" }))]),
        json!([text("tier", json!({ "MinLength": "3", "MaxLength": "2" }))]),
        json!([text("nickname", json!({ "MinLength": "3", "MaxLength": "2" }))]),
    ] {
        let fault = desk.try_admin("CreateUserPool", json!({ "PoolName": "p", "Schema": schema })).await.unwrap_err();
        assert_eq!(fault.code, "InvalidParameterException", "{schema}");
    }
    let add = |from: usize, to: usize| {
        let added: Vec<Value> = (from..to).map(|n| text(&format!("a{n}"), none.clone())).collect();
        json!({ "UserPoolId": desk.pool, "CustomAttributes": added })
    };
    desk.admin("AddCustomAttributes", add(0, 25)).await;
    desk.admin("AddCustomAttributes", add(25, 50)).await;
    assert_eq!(desk.try_admin("AddCustomAttributes", add(50, 51)).await.unwrap_err().code, "InvalidParameterException");
}

#[tokio::test]
async fn a_group_is_listed_page_by_page() {
    let desk = Desk::with(json!({}), json!({})).await;
    desk.admin("CreateGroup", json!({ "UserPoolId": desk.pool, "GroupName": "staff" })).await;
    desk.admin("CreateGroup", json!({ "UserPoolId": desk.pool, "GroupName": "stafford" })).await;
    for name in ["ann", "bob", "cleo", "dan", "eve"] {
        let user = json!({ "UserPoolId": desk.pool, "Username": name, "MessageAction": "SUPPRESS" });
        desk.admin("AdminCreateUser", user).await;
        let group = if name == "dan" { "stafford" } else { "staff" };
        desk.admin("AdminAddUserToGroup", json!({ "UserPoolId": desk.pool, "GroupName": group, "Username": name })).await;
    }
    let mut input = json!({ "UserPoolId": desk.pool, "GroupName": "staff", "Limit": 2 });
    let mut pages: Vec<Vec<String>> = Vec::new();
    loop {
        let page = desk.admin("ListUsersInGroup", input.clone()).await;
        pages.push(page["Users"].as_array().unwrap().iter().map(|u| u["Username"].as_str().unwrap().to_owned()).collect());
        match page.get("NextToken") {
            Some(token) => input["NextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(pages, [["ann", "bob"], ["cleo", "eve"]]);
    input["NextToken"] = "zz".into();
    assert_eq!(desk.try_admin("ListUsersInGroup", input).await.unwrap_err().message, "Invalid pagination token.");
}
