//! What a client asks the domain for: the parameters of `/oauth2/authorize`, which `/login` and the other pages carry along.

use super::visit::{Answer, Visit, query, redirect, with_query};
use crate::{model::*, names::Desk, state::*};

/// A request that may be answered, of a client of the pool.
pub(crate) struct Ask {
    pub desk: Desk,
    pub redirect_uri: String,
    pub kind: Kind,
    pub oauth: OAuthGrant,
    pub state: Option<String>,
    /// PKCE's challenge, by SHA-256.
    pub challenge: Option<String>,
}

/// What the client wants back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A code (`response_type=code`).
    Code,
    /// Tokens at once (`response_type=token`).
    Implicit,
}

/// Why a client is not answered: a code of OAuth, and sometimes a sentence.
pub(crate) type Refusal<'a> = (&'a str, Option<&'a str>);

impl Ask {
    /// Reads and judges the request. Without a client and one of its own URLs the error is shown here; all other errors are the client's
    /// to hear, as AWS's documentation of the endpoint says.
    pub fn read(visit: &Visit) -> Result<Ask, Answer> {
        let parameter = |name: &str| visit.query.get(name).or_else(|| visit.form.get(name));
        let page = |error: &str, client: &str| {
            let query = if client.is_empty() { query(&[("error", error)]) } else { query(&[("error", error), ("client_id", client)]) };
            redirect(&visit.link("/error", &query), &[])
        };
        let client_id = parameter("client_id").ok_or_else(|| page("Required parameters missing", ""))?;
        let desk = Desk::of_client(&visit.cx, client_id).ok().filter(|desk| desk.pool.id == visit.pool.id);
        let desk = desk.ok_or_else(|| page("invalid_request", client_id))?;
        let settings = desk.client.settings.clone();
        let redirect_uri = parameter("redirect_uri").map(str::to_owned).or(settings.default_redirect_uri);
        let redirect_uri = redirect_uri.ok_or_else(|| page("Required parameters missing", client_id))?;
        if !settings.callback_urls.iter().flatten().any(|url| *url == redirect_uri) {
            return Err(page("redirect_mismatch", client_id));
        }
        let state = parameter("state").map(str::to_owned);
        let kind = parameter("response_type");
        let implicit = kind == Some("token");
        let refuse = |refusal: Refusal<'_>| to_client(&redirect_uri, implicit, state.as_deref(), refusal);
        let flows = settings.allowed_o_auth_flows.unwrap_or_default();
        let flow_allowed = |flow| settings.allowed_o_auth_flows_user_pool_client == Some(true) && flows.contains(&flow);
        let kind = match kind {
            Some("code") if flow_allowed(OAuthFlowType::Code) => Kind::Code,
            Some("token") if flow_allowed(OAuthFlowType::Implicit) => Kind::Implicit,
            Some("code" | "token") => return Err(refuse(("unauthorized_client", None))),
            _ => return Err(refuse(("invalid_request", Some("invalid response_type")))),
        };
        let allowed = settings.allowed_o_auth_scopes.unwrap_or_default();
        let scopes: Vec<String> = match parameter("scope") {
            Some(text) => text.split(' ').filter(|scope| !scope.is_empty()).map(str::to_owned).collect(),
            None => allowed.clone(),
        };
        if scopes.iter().any(|scope| !allowed.contains(scope)) {
            return Err(refuse(("invalid_scope", None)));
        }
        let challenge = match (parameter("code_challenge"), parameter("code_challenge_method")) {
            (None, None) => None,
            (Some(challenge), Some("S256")) if is_challenge(challenge) => Some(challenge.to_owned()),
            (_, Some(method)) if method != "S256" => return Err(refuse(("invalid_request", Some("transform algorithm not supported")))),
            _ => return Err(refuse(("invalid_request", Some("invalid code_challenge")))),
        };
        let nonce = parameter("nonce").map(str::to_owned);
        Ok(Ask { desk, redirect_uri, kind, oauth: OAuthGrant { scopes, nonce }, state, challenge })
    }

    /// Leads the browser back with an error.
    pub fn refuse(&self, refusal: Refusal<'_>) -> Answer {
        to_client(&self.redirect_uri, self.kind == Kind::Implicit, self.state.as_deref(), refusal)
    }

    /// Whether users may prove themselves to the pool itself.
    pub fn by_pool(&self) -> bool {
        let providers = self.desk.client.settings.supported_identity_providers.as_deref().unwrap_or_default();
        providers.is_empty() || providers.iter().any(|name| name == "COGNITO")
    }
    /// Other identity providers of the client.
    pub fn providers(&self) -> Vec<&str> {
        let providers = self.desk.client.settings.supported_identity_providers.iter().flatten();
        providers.map(String::as_str).filter(|name| *name != "COGNITO").collect()
    }
}

fn to_client(redirect_uri: &str, implicit: bool, state: Option<&str>, (error, description): Refusal<'_>) -> Answer {
    let mut pairs = Vec::new();
    pairs.extend(description.map(|text| ("error_description", text)));
    pairs.extend(state.map(|state| ("state", state)));
    pairs.push(("error", error));
    match implicit {
        true => redirect(&format!("{redirect_uri}#{}", query(&pairs)), &[]),
        false => redirect(&with_query(redirect_uri, &pairs), &[]),
    }
}

/// 43 characters of base64url: a SHA-256.
fn is_challenge(text: &str) -> bool {
    text.len() == 43 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
