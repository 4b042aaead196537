//! `/oauth2/token`: codes, refresh tokens and a client's own name, exchanged for tokens.

use super::{
    grants,
    visit::{Answer, Visit, json},
};
use crate::{model::*, names::Desk, resource_servers, state::*};
use base64::{Engine, engine::general_purpose::STANDARD};
use kit::{Fault, Read};
use serde_json::{Map, Value, json};

/// Why a client gets nothing: AWS's code, and sometimes a word of AWS's beside it.
pub(crate) struct Refused(pub &'static str, pub Option<&'static str>);

impl Refused {
    /// As the endpoint answers it.
    pub fn answer(&self, status: u16) -> Answer {
        match self.1 {
            Some(text) => json(status, &json!({ "error": self.0, "error_description": text })),
            None => json(status, &json!({ "error": self.0 })),
        }
    }
}

/// Answers the endpoint.
pub(crate) async fn token(visit: &Visit) -> Answer {
    match exchange(visit).await {
        Ok(result) => json(200, &shown(result)),
        Err(refused) => refused.answer(400),
    }
}

async fn exchange(visit: &Visit) -> Result<AuthenticationResultType, Refused> {
    let grant = visit.form.get("grant_type").ok_or(Refused("invalid_request", None))?;
    if !["authorization_code", "refresh_token", "client_credentials"].contains(&grant) {
        return Err(Refused("unsupported_grant_type", None));
    }
    let desk = client(visit)?;
    match grant {
        "authorization_code" => by_code(visit, &desk).await,
        "refresh_token" => by_refresh_token(visit, &desk).await,
        _ => by_itself(visit, &desk).await,
    }
}

/// The client, which proves itself by its secret where it has one: in a Basic header or in the form.
pub(crate) fn client(visit: &Visit) -> Result<Desk, Refused> {
    let basic = match visit.header("authorization") {
        Some(header) => Some(basic(header).ok_or(Refused("invalid_client", None))?),
        None => None,
    };
    let named = visit.form.get("client_id").map(str::to_owned);
    let (id, secret) = match (basic, named) {
        (Some((id, _)), Some(named)) if id != named => return Err(Refused("invalid_request", None)),
        (Some((id, secret)), _) => (id, Some(secret).filter(|secret| !secret.is_empty())),
        (None, Some(id)) => (id, visit.form.get("client_secret").map(str::to_owned)),
        (None, None) => return Err(Refused("invalid_request", None)),
    };
    let desk = Desk::of_client(&visit.cx, &id).ok().filter(|desk| desk.pool.id == visit.pool.id);
    let desk = desk.ok_or(Refused("invalid_client", None))?;
    match desk.check_client_secret(secret.as_deref()) {
        Ok(()) => Ok(desk),
        Err(_) => Err(Refused("invalid_client", secret.map(|_| "invalid_client_secret"))),
    }
}

fn basic(header: &str) -> Option<(String, String)> {
    let text = header.strip_prefix("Basic ").or_else(|| header.strip_prefix("basic "))?;
    let text = String::from_utf8(STANDARD.decode(text.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn allows(desk: &Desk, flow: OAuthFlowType) -> bool {
    let settings = &desk.client.settings;
    settings.allowed_o_auth_flows_user_pool_client == Some(true) && settings.allowed_o_auth_flows.iter().flatten().any(|f| *f == flow)
}

async fn by_code(visit: &Visit, desk: &Desk) -> Result<AuthenticationResultType, Refused> {
    if !allows(desk, OAuthFlowType::Code) {
        return Err(Refused("unauthorized_client", None));
    }
    let (Some(code), Some(redirect_uri)) = (visit.form.get("code"), visit.form.get("redirect_uri")) else {
        return Err(Refused("invalid_request", None));
    };
    let waiting = grants::redeem(visit, code).await.map_err(failed)?.ok_or(Refused("invalid_grant", None))?;
    if waiting.client_id != desk.client.id() {
        return Err(Refused("invalid_grant", None));
    }
    // AWS says it this way where the URL is another than the code was asked for with (measured by its users).
    if waiting.redirect_uri != redirect_uri {
        return Err(Refused("unauthorized_client", None));
    }
    if !waiting.proves(visit.form.get("code_verifier")) {
        return Err(Refused("invalid_grant", None));
    }
    let key = (visit.pool.id.clone(), waiting.user_key);
    let user = visit.cx.store().read(|s| s.get(&USERS, visit.cx.scope(), &key)).map_err(failed)?;
    let user = user.filter(|user| !user.disabled).ok_or(Refused("invalid_grant", None))?;
    let proven = super::proven(user, waiting.device_key, waiting.proofs);
    visit.service.sign_in(desk, &proven, Some(waiting.oauth)).await.map_err(failed)
}

async fn by_refresh_token(visit: &Visit, desk: &Desk) -> Result<AuthenticationResultType, Refused> {
    if !allows(desk, OAuthFlowType::Code) && !allows(desk, OAuthFlowType::Implicit) {
        return Err(Refused("unauthorized_client", None));
    }
    let token = visit.form.get("refresh_token").ok_or(Refused("invalid_request", None))?;
    let input = GetTokensFromRefreshTokenInput {
        refresh_token: token.to_owned(),
        client_id: desk.client.id().to_owned(),
        // The client has proved itself already.
        client_secret: desk.client.secrets().first().map(|secret| (*secret).to_owned()),
        ..Default::default()
    };
    let made = visit.service.get_tokens_from_refresh_token(&visit.cx, input).await.map_err(failed)?;
    made.authentication_result.ok_or(Refused("invalid_grant", None))
}

/// client_credentials: scopes of resource servers, as far as the client has them; all of them where it names none.
async fn by_itself(visit: &Visit, desk: &Desk) -> Result<AuthenticationResultType, Refused> {
    if !allows(desk, OAuthFlowType::ClientCredentials) {
        return Err(Refused("unauthorized_client", None));
    }
    let allowed: Vec<String> = desk.client.settings.allowed_o_auth_scopes.clone().unwrap_or_default();
    let scopes: Vec<String> = match visit.form.get("scope") {
        Some(text) => text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
        None => allowed.clone(),
    };
    let known = |scope: &String| {
        let there = visit.cx.store().read(|s| resource_servers::knows_scope(s, visit.cx.scope(), &visit.pool.id, scope));
        allowed.contains(scope) && there.unwrap_or(false)
    };
    match !scopes.is_empty() && scopes.iter().all(known) {
        true => visit.service.machine_token(desk, &scopes).await.map_err(failed),
        false => Err(Refused("invalid_scope", None)),
    }
}

fn failed(fault: Fault) -> Refused {
    match fault.status {
        500.. => Refused("server_error", None),
        _ => Refused("invalid_grant", None),
    }
}

fn shown(result: AuthenticationResultType) -> Value {
    let mut all = Map::new();
    let members = [("id_token", result.id_token), ("access_token", result.access_token), ("refresh_token", result.refresh_token)];
    for (name, value) in members {
        if let Some(value) = value {
            all.insert(name.into(), value.into());
        }
    }
    all.insert("expires_in".into(), result.expires_in.unwrap_or_default().into());
    all.insert("token_type".into(), "Bearer".into());
    Value::Object(all)
}
