//! The hosted pages, as a browser without scripts walks them.

use crate::{
    browser::{Browser, shop, shop_of},
    desk::{Desk, PASSWORD},
};
use serde_json::json;

const CODE: &str = "&response_type=code&state=x";

#[tokio::test]
async fn somebody_signs_up_confirms_and_signs_in() {
    let desk = shop(json!({})).await;
    let browser = Browser::new(&desk);
    let login = browser.get(&browser.get(&browser.authorize(CODE)).await.location).await;
    assert!(login.text.contains("<label for=\"username\">Username</label>") && login.text.contains("lang=\"en\""), "{login:?}");
    let page = browser.get(&login.location_of("/signup")).await;
    let weak = browser.submit(&page, &[("username", "ann"), ("email", "ann@example.com"), ("password", "short")]).await;
    assert_eq!(weak.alert(), "Password did not conform with policy: Password not long enough");
    assert_eq!(weak.field("email"), "ann@example.com", "what was filled in stays");
    let led = browser.submit(&weak, &[("username", "ann"), ("email", "ann@example.com"), ("password", PASSWORD)]).await;
    assert!(led.location.starts_with("/confirm?"), "{led:?}");
    let page = browser.get(&led.location).await;
    let wrong = browser.submit(&page, &[("code", "000000")]).await;
    assert!(wrong.alert().contains("Invalid verification code"), "{wrong:?}");
    let code = desk.code("ann").await;
    let led = browser.submit(&wrong, &[("code", &code)]).await;
    assert!(led.location.starts_with("/login?"), "{led:?}");
    let page = browser.get(&led.location).await;
    assert!(page.text.contains("Your account is confirmed") && page.field("username") == "ann", "{page:?}");
    let foreign = browser.get(&led.location.replace("notice=confirmed", "notice=Call%20us%20at%20555")).await;
    assert!(foreign.status == 200 && !foreign.text.contains("Call us"), "no link puts words on the page: {foreign:?}");
    let back = browser.submit(&page, &[("username", "ann"), ("password", PASSWORD)]).await;
    assert_eq!(browser.exchange(&back.led("code"), &[]).await.status, 200);
}

#[tokio::test]
async fn wrong_passwords_and_unknown_users_look_alike() {
    let desk = shop(json!({ "PreventUserExistenceErrors": "ENABLED" })).await;
    desk.user("ann").await;
    let browser = Browser::new(&desk);
    let page = browser.get(&browser.get(&browser.authorize(CODE)).await.location).await;
    for name in ["ann", "nobody", "<script>"] {
        let again = browser.submit(&page, &[("username", name), ("password", "Wrong-pass-1")]).await;
        assert_eq!((again.status, again.alert().as_str()), (200, "Incorrect username or password."));
        assert!(!again.text.contains("<script>"));
    }
}

#[tokio::test]
async fn forms_of_other_sites_are_not_taken() {
    let desk = shop(json!({})).await;
    desk.user("ann").await;
    let browser = Browser::new(&desk);
    let page = browser.get(&browser.get(&browser.authorize(CODE)).await.location).await;
    let fields = [("username", "ann"), ("password", PASSWORD)];
    assert_eq!(browser.post(&page.action(), &[], &fields).await.status, 403, "no proof");
    let forged = browser.post(&page.action(), &[], &[&fields[..], &[("_csrf", "0.0")]].concat()).await;
    assert_eq!(forged.status, 403);
    let stranger = Browser::new(&desk);
    assert_eq!(stranger.submit(&page, &fields).await.status, 403, "the proof of another browser");
    assert_eq!(page.headers["x-frame-options"], "DENY");
}

#[tokio::test]
async fn a_temporary_password_is_changed_on_the_way() {
    let desk = shop(json!({ "GenerateSecret": true })).await;
    let input = json!({ "UserPoolId": desk.pool, "Username": "ann", "TemporaryPassword": "Temporary-1", "MessageAction": "SUPPRESS" });
    desk.admin("AdminCreateUser", input).await;
    let browser = Browser::new(&desk);
    let page = browser.sign_in(CODE, "ann", "Temporary-1").await;
    assert!(page.text.contains("New password"), "{page:?}");
    let weak = browser.submit(&page, &[("NEW_PASSWORD", "weak")]).await;
    assert!(weak.alert().starts_with("Password did not conform"), "{weak:?}");
    let back = browser.submit(&weak, &[("NEW_PASSWORD", PASSWORD)]).await;
    assert!(!back.led("code").is_empty());
}

#[tokio::test]
async fn a_forgotten_password_is_changed_by_a_code() {
    let desk = shop_of(json!({ "UsernameAttributes": ["email"], "AutoVerifiedAttributes": ["email"] }), json!({})).await;
    desk.user("ann@example.com").await;
    let verified = json!([{ "Name": "email_verified", "Value": "true" }]);
    desk.admin("AdminUpdateUserAttributes", json!({ "UserPoolId": desk.pool, "Username": "ann@example.com", "UserAttributes": verified }))
        .await;
    let browser = Browser::new(&desk);
    let login = browser.get(&browser.get(&browser.authorize(CODE)).await.location).await;
    assert!(login.text.contains("type=\"email\""), "{login:?}");
    let page = browser.get(&login.location_of("/forgotPassword")).await;
    let led = browser.submit(&page, &[("username", "ann@example.com")]).await;
    let page = browser.get(&led.location).await;
    let code = desk.code("ann@example.com").await;
    let differ = browser.submit(&page, &[("code", &code), ("password", "Another-Horse-1"), ("confirm", "Another-Horse-2")]).await;
    assert_eq!(differ.alert(), "The two passwords are not the same.");
    let led = browser.submit(&differ, &[("code", &code), ("password", "Another-Horse-1"), ("confirm", "Another-Horse-1")]).await;
    let page = browser.get(&led.location).await;
    let back = browser.submit(&page, &[("username", "ann@example.com"), ("password", "Another-Horse-1")]).await;
    assert!(!back.led("code").is_empty());
}

#[tokio::test]
async fn an_authenticator_is_set_up_on_the_way_and_asked_for_the_next_time() {
    let desk = shop(json!({})).await;
    let on = json!({ "UserPoolId": desk.pool, "MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": { "Enabled": true } });
    desk.admin("SetUserPoolMfaConfig", on).await;
    desk.user("ann").await;
    let browser = Browser::new(&desk);
    let page = browser.sign_in(CODE, "ann", PASSWORD).await;
    let secret = page.field("secret");
    assert!(page.text.contains(&format!("<code>{secret}</code>")), "{page:?}");
    let wrong = browser.submit(&page, &[("code", "000000")]).await;
    assert_eq!(wrong.alert(), "Code mismatch");
    let back = browser.submit(&wrong, &[("code", &crate::mfa::totp(&secret, desk.now()))]).await;
    assert!(!back.led("code").is_empty());

    desk.advance(60).await;
    let page = browser.sign_in(&format!("{CODE}&prompt=login"), "ann", PASSWORD).await;
    assert!(page.text.contains("Enter the code of your authenticator"), "{page:?}");
    let code = crate::mfa::totp(&secret, desk.now());
    let back = browser.submit(&page, &[("SOFTWARE_TOKEN_MFA_CODE", &code)]).await;
    assert!(!back.led("code").is_empty());
}

#[tokio::test]
async fn a_sign_up_is_confirmed_by_a_link_in_the_mail() {
    let template =
        json!({ "DefaultEmailOption": "CONFIRM_WITH_LINK", "EmailMessageByLink": "Welcome! {##Come in##}", "EmailSubjectByLink": "Hello" });
    let pool = json!({ "AutoVerifiedAttributes": ["email"], "VerificationMessageTemplate": template });
    let desk = shop_of(pool.clone(), json!({ "GenerateSecret": true })).await;
    let browser = Browser::new(&desk);
    let login = browser.get(&browser.get(&browser.authorize(CODE)).await.location).await;
    let page = browser.get(&login.location_of("/signup")).await;
    browser.submit(&page, &[("username", "ann"), ("email", "ann@example.com"), ("password", PASSWORD)]).await;
    let (_, inbox) = desk.get("/_windtunnel/cognito/messages?user=ann").await;
    let (subject, message) = (&inbox["messages"][0]["subject"], inbox["messages"][0]["message"].as_str().unwrap());
    assert_eq!((subject, message.starts_with("Welcome! <a href=")), (&json!("Hello"), true), "{message}");
    let link = message.split('"').nth(1).unwrap().replace("&amp;", "&");
    let path = link.strip_prefix("http://127.0.0.1:4566").unwrap();
    let wrong = browser.get(&path.replace("confirmation_code=", "confirmation_code=x")).await;
    assert_eq!((wrong.status, wrong.alert().as_str()), (400, "Invalid verification code provided, please try again."));
    let done = browser.get(path).await;
    assert!(done.status == 200 && done.text.contains("Your registration has been confirmed!"), "{done:?}");
    assert_eq!(browser.get(path).await.status, 400, "it counts once");
    let back = browser.sign_in(CODE, "ann", PASSWORD).await;
    assert!(!back.led("code").is_empty());
    let homeless = Desk::with(pool, json!({})).await;
    let input = json!({ "ClientId": homeless.client, "Username": "bob", "Password": PASSWORD,
        "UserAttributes": [{ "Name": "email", "Value": "bob@example.com" }] });
    assert!(homeless.refused("SignUp", input).await.contains("needs a domain"));
}
