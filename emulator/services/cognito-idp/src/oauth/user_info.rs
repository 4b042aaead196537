//! `/oauth2/userInfo`: the attributes of the bearer of an access token, as far as its scopes reach.

use super::visit::{Answer, Visit, json, json_with};
use crate::{attributes, state::*, tokens};
use kit::{Fault, Read};
use serde_json::{Map, Value, json};

/// Answers the endpoint. Values are texts, booleans too, as AWS sends them.
pub(crate) fn user_info(visit: &Visit) -> Answer {
    let token = visit.header("authorization").and_then(|header| header.strip_prefix("Bearer ").or_else(|| header.strip_prefix("bearer ")));
    let Some(token) = token.map(str::trim).filter(|token| !token.is_empty()) else {
        return refused(400, "invalid_request", "Bad OAuth2 request at UserInfo Endpoint");
    };
    let gone = "Access token is expired, disabled, or deleted, or the user has globally signed out.";
    let Ok(verified) = visit.service.verify_token(&visit.cx, token) else { return refused(401, "invalid_token", gone) };
    let text = |name: &str| verified.claims.get(name).and_then(Value::as_str).unwrap_or_default();
    if verified.place.pool_id != visit.pool.id || text("token_use") != "access" {
        return refused(401, "invalid_token", gone);
    }
    let oauth = OAuthGrant { scopes: text("scope").split(' ').map(str::to_owned).collect(), nonce: None };
    if !oauth.has("openid") {
        return refused(401, "invalid_token", "Access token does not contain openid scope");
    }
    let (scope, pool) = (visit.cx.scope(), &visit.pool);
    let found = visit.cx.store().read(|s| {
        let key = (pool.id.clone(), pool.user_key(text("username")));
        let Some(user) = s.get(&USERS, scope, &key)?.filter(|u| u.sub == text("sub") && !u.disabled) else { return Ok(None) };
        let alive = tokens::stands(s, scope, pool, &user, &verified.claims)?;
        let client = client(s, scope, &pool.id, text("client_id"))?;
        Ok::<_, Fault>(alive.then_some((user, client)))
    });
    let Ok(Some((user, client))) = found else { return refused(401, "invalid_token", gone) };
    let mut all = Map::new();
    all.insert("sub".into(), json!(user.sub));
    for (name, value) in attributes::readable(&client, &user.attributes) {
        if tokens::in_scopes(Some(&oauth), name) {
            all.insert(name.clone(), json!(value));
        }
    }
    all.extend(attributes::identities(&user).map(|text| (attributes::IDENTITIES.to_owned(), json!(text))));
    all.insert("username".into(), json!(user.username));
    json(200, &Value::Object(all))
}

fn refused(status: u16, error: &str, description: &str) -> Answer {
    let challenge = format!("Bearer error=\"{error}\", error_description=\"{description}\"");
    json_with(status, &json!({ "error": error, "error_description": description }), &[("www-authenticate", &challenge)])
}
