//! Devices: made by a sign-in, confirmed with a secret of their own, known again, and worth a second factor.

use crate::{
    desk::{Desk, PASSWORD, claims},
    srp::{SrpClient, TIMESTAMP, verifier},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

const SECRET: &str = "a-secret-of-the-device";

async fn desk() -> Desk {
    Desk::with(
        json!({ "DeviceConfiguration": { "ChallengeRequiredOnNewDevice": true, "DeviceOnlyRememberedOnUserPrompt": false } }),
        json!({}),
    )
    .await
}

/// Signs in on a new device and confirms it; its key, its group's key, and an access token.
async fn confirmed(desk: &Desk) -> (String, String, Value) {
    let tokens = desk.sign_in("ann").await;
    let text = |name: &str| tokens["NewDeviceMetadata"][name].as_str().unwrap().to_owned();
    let (key, group) = (text("DeviceKey"), text("DeviceGroupKey"));
    assert_eq!(claims(&tokens["AccessToken"])["device_key"], json!(key));
    let (salt, verifier) = verifier(&group, &key, SECRET, &desk.root.ids().bytes()[..16]);
    let config = json!({ "Salt": STANDARD.encode(salt), "PasswordVerifier": STANDARD.encode(verifier) });
    let confirm =
        json!({ "AccessToken": tokens["AccessToken"], "DeviceKey": key, "DeviceName": "laptop", "DeviceSecretVerifierConfig": config });
    assert_eq!(desk.ok("ConfirmDevice", confirm).await["UserConfirmationNecessary"], false);
    (key, group, tokens["AccessToken"].clone())
}

/// Signs in by password as a device; the challenge, and the client's number.
async fn challenged(desk: &Desk, key: &str) -> (Value, SrpClient) {
    let mut input = desk.password_flow("ann", PASSWORD);
    input["AuthParameters"]["DEVICE_KEY"] = json!(key);
    let asked = desk.ok("InitiateAuth", input).await;
    assert_eq!(asked["ChallengeName"], "DEVICE_SRP_AUTH");
    let client = SrpClient::new(&desk.root.ids().bytes());
    let responses = json!({ "DEVICE_KEY": key, "SRP_A": client.public.to_str_radix(16) });
    (desk.ok("RespondToAuthChallenge", desk.answer(&asked, responses, "ann")).await, client)
}

fn proof(desk: &Desk, asked: &Value, client: &SrpClient, group: &str, key: &str, secret: &str) -> Value {
    let mut parameters = asked["ChallengeParameters"].clone();
    parameters["USER_ID_FOR_SRP"] = json!(key);
    // The group's key stands where a pool's name stands behind the underscore.
    let mut responses = client.responses(&format!("x_{group}"), secret, &parameters, TIMESTAMP);
    responses["USERNAME"] = json!("ann");
    responses["DEVICE_KEY"] = json!(key);
    json!({ "ClientId": desk.client, "ChallengeName": "DEVICE_PASSWORD_VERIFIER", "ChallengeResponses": responses })
}

#[tokio::test]
async fn a_known_device_proves_itself_and_spares_the_second_factor() {
    let desk = desk().await;
    desk.user("ann").await;
    let (key, group, _) = confirmed(&desk).await;
    desk.set_attributes("ann", &[("phone_number", "+15550100")]).await;
    let sms = json!({ "SmsConfiguration": { "SnsCallerArn": "arn:aws:iam::000000000000:role/sms" } });
    desk.set_mfa(json!({ "MfaConfiguration": "ON", "SmsMfaConfiguration": sms })).await;
    let (asked, client) = challenged(&desk, &key).await;
    assert_eq!(asked["ChallengeName"], "DEVICE_PASSWORD_VERIFIER");
    let wrong = desk.refused("RespondToAuthChallenge", proof(&desk, &asked, &client, &group, &key, "another secret")).await;
    assert_eq!(wrong, "NotAuthorizedException: Incorrect username or password.");
    let done = desk.ok("RespondToAuthChallenge", proof(&desk, &asked, &client, &group, &key, SECRET)).await["AuthenticationResult"].clone();
    assert!(done.get("NewDeviceMetadata").is_none());
    assert_eq!(claims(&done["AccessToken"])["device_key"], json!(key));
    // Another device needs the second factor.
    let elsewhere = desk.ok("InitiateAuth", desk.password_flow("ann", PASSWORD)).await;
    assert_eq!(elsewhere["ChallengeName"], "SMS_MFA");
}

#[tokio::test]
async fn devices_are_listed_remembered_and_forgotten() {
    let desk = desk().await;
    desk.user("ann").await;
    let (key, _, access) = confirmed(&desk).await;
    let listed = desk.ok("ListDevices", json!({ "AccessToken": access })).await;
    assert_eq!(listed["Devices"][0]["DeviceKey"], json!(key));
    let of_device = json!({ "UserPoolId": desk.pool, "Username": "ann", "DeviceKey": key });
    let device = desk.admin("AdminGetDevice", of_device.clone()).await["Device"].clone();
    let has = |device: &Value, name: &str, value: &str| {
        device["DeviceAttributes"].as_array().unwrap().contains(&json!({ "Name": name, "Value": value }))
    };
    assert!(has(&device, "device_name", "laptop") && has(&device, "dev:device_remembered_status", "remembered"));
    let forget = json!({ "AccessToken": access, "DeviceKey": key, "DeviceRememberedStatus": "not_remembered" });
    desk.ok("UpdateDeviceStatus", forget).await;
    let device = desk.ok("GetDevice", json!({ "AccessToken": access, "DeviceKey": key })).await["Device"].clone();
    assert!(has(&device, "dev:device_remembered_status", "not_remembered"));
    desk.admin("AdminForgetDevice", of_device.clone()).await;
    assert_eq!(desk.try_admin("AdminGetDevice", of_device).await.unwrap_err().code, "ResourceNotFoundException");
    // A device that is not known is a new one.
    let mut input = desk.password_flow("ann", PASSWORD);
    input["AuthParameters"]["DEVICE_KEY"] = json!(key);
    assert!(desk.ok("InitiateAuth", input).await["AuthenticationResult"]["NewDeviceMetadata"].is_object());
}

#[tokio::test]
async fn a_sign_in_on_a_device_is_refreshed_by_that_device_only() {
    let desk = desk().await;
    desk.user("ann").await;
    let tokens = desk.sign_in("ann").await;
    let mut refresh = json!({ "ClientId": desk.client, "RefreshToken": tokens["RefreshToken"] });
    assert_eq!(desk.refused("GetTokensFromRefreshToken", refresh.clone()).await, "NotAuthorizedException: Invalid Refresh Token");
    refresh["DeviceKey"] = tokens["NewDeviceMetadata"]["DeviceKey"].clone();
    desk.ok("GetTokensFromRefreshToken", refresh).await;
}
