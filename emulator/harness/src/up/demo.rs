//! The demo user of the standing cloud: made once, told with lines to try.

use super::call::call;
use crate::{Emulator, cli::Failure, deploy::Outputs};
use serde_json::{Value, json};

/// Name of the demo user.
pub(super) const USER: &str = "ana";
/// Password of the demo user; it opens nothing but a cloud on this machine.
pub(super) const PASSWORD: &str = "Passw0rd-1";
const EMAIL: &str = "ana@example.com";

/// Signs the demo user up and confirms it, unless it is there already (state that was kept).
pub(super) async fn sign_up(emulator: &Emulator, outputs: &Outputs) -> Result<(), Failure> {
    let (Some(client), Some(pool)) = (outputs.get("UserPoolClientId"), outputs.get("UserPoolId")) else { return Ok(()) };
    let input =
        json!({ "ClientId": client, "Username": USER, "Password": PASSWORD, "UserAttributes": [{ "Name": "email", "Value": EMAIL }] });
    match call(emulator, "cognito-idp", "SignUp", &input).await {
        Ok(_) => {}
        Err(fault) if fault.code == "UsernameExistsException" => return Ok(()),
        Err(fault) => return Err(Failure::failed(format!("the demo user could not sign up: {}: {}", fault.code, fault.message))),
    }
    let confirm = json!({ "UserPoolId": pool, "Username": USER });
    let confirmed = call(emulator, "cognito-idp", "AdminConfirmSignUp", &confirm).await;
    confirmed.map(drop).map_err(|fault| Failure::failed(format!("the demo user could not be confirmed: {}: {}", fault.code, fault.message)))
}

/// An id token of the demo user.
pub(super) async fn sign_in(emulator: &Emulator, outputs: &Outputs) -> Result<String, String> {
    let client = outputs.get("UserPoolClientId").ok_or("the stack has no UserPoolClientId")?;
    let parameters = json!({ "USERNAME": USER, "PASSWORD": PASSWORD });
    let input = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": client, "AuthParameters": parameters });
    let answer = call(emulator, "cognito-idp", "InitiateAuth", &input).await.map_err(|f| format!("{}: {}", f.code, f.message))?;
    let token = answer["AuthenticationResult"]["IdToken"].as_str();
    token.map(str::to_owned).ok_or_else(|| format!("no token: {}", Value::to_string(&answer)))
}

/// Lines to try in a shell.
pub(super) fn lines(endpoint: &str, outputs: &Outputs) -> String {
    let get = |key: &str| outputs.get(key).map_or("?", String::as_str);
    let (client, api, bucket) = (get("UserPoolClientId"), get("ApiUrl"), get("ImagesBucket"));
    format!(
        "Demo user {USER} / {PASSWORD}\n\nTry, from the checkout:
  TOKEN=$(curl -s {endpoint}/ -H 'content-type: application/x-amz-json-1.1' -H 'x-amz-target: AWSCognitoIdentityProviderService.InitiateAuth' \\
    -d '{{\"AuthFlow\":\"USER_PASSWORD_AUTH\",\"ClientId\":\"{client}\",\"AuthParameters\":{{\"USERNAME\":\"{USER}\",\"PASSWORD\":\"{PASSWORD}\"}}}}' \\
    | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"AuthenticationResult\"][\"IdToken\"])')
  F=fixtures/photos/rocket.jpg; N=$(wc -c <$F)
  URL=$(curl -s \"{api}/uploads/presign?filename=rocket.jpg&contentType=image/jpeg&size=$N\" -H \"Authorization: Bearer $TOKEN\" \\
    | python3 -c 'import json,sys; print(json.load(sys.stdin)[\"url\"])')
  curl -s -X PUT -H 'content-type: image/jpeg' --data-binary @$F \"$URL\"
  curl -s {api}/images -H \"Authorization: Bearer $TOKEN\"
  aws s3 ls --recursive s3://{bucket}        # after the eval above\n\n"
    )
}
