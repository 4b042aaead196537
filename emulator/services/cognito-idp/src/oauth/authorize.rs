//! `/oauth2/authorize`: to the session's code, to another identity provider, or to the sign-in page.

use super::{
    ask::Ask,
    federation, grants, session,
    visit::{Answer, Visit, redirect},
};
use crate::providers;

/// Answers the endpoint.
pub(crate) async fn authorize(visit: &Visit) -> Answer {
    let ask = match Ask::read(visit) {
        Ok(ask) => ask,
        Err(answer) => return answer,
    };
    let parameter = |name: &str| visit.query.get(name).or_else(|| visit.form.get(name));
    let prompt = parameter("prompt");
    if prompt != Some("login")
        && let Some(proven) = session::current(visit)
    {
        return grants::complete(visit, &ask, &proven, Vec::new()).await;
    }
    if prompt == Some("none") {
        return ask.refuse(("login_required", None));
    }
    let named = match (parameter("identity_provider"), parameter("idp_identifier")) {
        (Some(name), _) => Some(name.to_owned()),
        (None, Some(identifier)) => {
            let found = visit.cx.store().read(|s| providers::by_identifier(s, visit.cx.scope(), &visit.pool.id, identifier));
            match found.ok().flatten().and_then(|provider| provider.settings.provider_name) {
                Some(name) => Some(name),
                None => return ask.refuse(("invalid_request", Some("unknown idp_identifier"))),
            }
        }
        (None, None) => None,
    };
    // Where there is one way only, the page would have nothing to choose from.
    let only = match (ask.by_pool(), ask.providers().as_slice()) {
        (false, [one]) => Some((*one).to_owned()),
        _ => None,
    };
    match named.or(only).filter(|name| name != "COGNITO") {
        Some(name) => federation::begin(visit, &ask, &name).await,
        None => {
            let query = if visit.query.0.is_empty() { &visit.form } else { &visit.query };
            redirect(&visit.link("/login", &query.query_without(&[])), &[])
        }
    }
}
