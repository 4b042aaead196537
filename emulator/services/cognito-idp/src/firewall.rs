//! What a web ACL may guard of a user pool: the operations that clients call without a signature, and the hosted pages. Rules see the
//! request without personal data: user names, passwords, addresses and phone numbers are withheld, as AWS says of its own.

use crate::{CognitoIdp, state};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kit::{Arn, Bytes, Context, Guarded, Operations, Read, Typed};
use serde_json::Value;
use wire::View;

/// Members, parameters and fields that are withheld, in lower case.
const WITHHELD: &[&str] =
    &["username", "password", "new_password", "email", "phone_number", "previouspassword", "proposedpassword", "user_id_for_srp"];

impl CognitoIdp {
    /// Whether a user pool of this account and region has this ARN.
    pub(crate) fn guards(&self, cx: &Context, resource_arn: &str) -> bool {
        let pool_id = Arn::parse(resource_arn).and_then(|arn| arn.after("userpool/"));
        pool_id.is_some_and(|id| {
            let there = cx.store().read(|s| s.exists(&state::POOLS, cx.scope(), &id.to_owned())).unwrap_or(false);
            there && state::arn(cx.scope(), id) == resource_arn
        })
    }

    /// The pool of an unsigned request, by its client or by whose access token it carries.
    pub(crate) fn guarded_pool(&self, cx: &Context, op: usize, input: &dyn Typed, body: &Bytes) -> Option<Guarded> {
        // Without a firewall nothing can be associated, and nobody has to look for the pool.
        cx.cloud().ports().firewall().ok()?;
        let members = self.schema().operations[op].input.members();
        let client = member(members, input, "ClientId").map(str::to_owned);
        let id = client.or_else(|| pool_of(member(members, input, "AccessToken")?))?;
        let place = state::place(cx, &id).ok().flatten()?;
        let scope = place.scope();
        let host = format!("cognito-idp.{}.amazonaws.com", scope.region);
        Some(Guarded { arn: state::arn(&scope, &place.pool_id), scope, body: without_personal_data(body), host })
    }
}

fn member<'a>(members: &[wire::Member], input: &'a dyn Typed, name: &str) -> Option<&'a str> {
    let index = members.iter().position(|m| m.name == name)?;
    match input.structure().member(index) {
        View::Str(text) if !text.is_empty() => Some(text),
        _ => None,
    }
}

/// The pool in a token's issuer. Nothing is believed of the token: a forged one is judged by the rules of the pool that it names.
fn pool_of(token: &str) -> Option<String> {
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?).ok()?;
    claims["iss"].as_str()?.rsplit('/').next().map(str::to_owned)
}

/// A JSON body as rules see it.
fn without_personal_data(body: &[u8]) -> Bytes {
    let Ok(mut json) = serde_json::from_slice::<Value>(body) else { return Bytes::new() };
    withhold(&mut json);
    json.to_string().into()
}

fn withhold(json: &mut Value) {
    match json {
        Value::Object(members) => {
            members.retain(|name, _| !is_withheld(name));
            // An attribute is a name beside its value.
            if members.get("Name").and_then(Value::as_str).is_some_and(is_withheld) {
                members.remove("Value");
            }
            members.values_mut().for_each(withhold);
        }
        Value::Array(items) => items.iter_mut().for_each(withhold),
        _ => {}
    }
}

fn is_withheld(name: &str) -> bool {
    WITHHELD.contains(&name.to_ascii_lowercase().as_str())
}

/// The body of a hosted page's form, or a query string, as rules see it.
pub(crate) fn form_without_personal_data(form: &str) -> String {
    let told = |pair: &&str| !is_withheld(pair.split('=').next().unwrap_or_default());
    form.split('&').filter(told).collect::<Vec<_>>().join("&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn personal_data_are_withheld_and_the_rest_is_not() {
        let body = br#"{"ClientId":"c","Username":"mary","Password":"p","UserAttributes":[{"Name":"email","Value":"m@x"},{"Name":"nickname","Value":"mm"}],"AuthParameters":{"USERNAME":"mary","SRP_A":"1"}}"#;
        let seen: Value = serde_json::from_slice(&without_personal_data(body)).unwrap();
        assert_eq!(
            seen,
            serde_json::json!({ "ClientId": "c", "UserAttributes": [{ "Name": "email" }, { "Name": "nickname", "Value": "mm" }], "AuthParameters": { "SRP_A": "1" } })
        );
        assert_eq!(form_without_personal_data("username=mary&_csrf=1&Password=x"), "_csrf=1");
    }
}
