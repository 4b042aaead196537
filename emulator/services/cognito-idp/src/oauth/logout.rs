//! `/logout`: the end of the browser's session, and on to one of the client's URLs or to another sign-in.

use super::{
    session,
    visit::{Answer, Visit, query, redirect},
};
use crate::names::Desk;

/// Answers the endpoint. Tokens that clients have stay as they are, as on AWS.
pub(crate) fn logout(visit: &Visit) -> Answer {
    let page = |error: &str| redirect(&visit.link("/error", &query(&[("error", error)])), &[]);
    let Some(client_id) = visit.query.get("client_id") else { return page("Required parameters missing") };
    let desk = Desk::of_client(&visit.cx, client_id).ok().filter(|desk| desk.pool.id == visit.pool.id);
    let Some(desk) = desk else { return page("invalid_request") };
    let end = [session::end(visit)];
    if let Some(uri) = visit.query.get("logout_uri") {
        return match desk.client.settings.logout_urls.iter().flatten().any(|url| url == uri) {
            true => {
                let state = visit
                    .query
                    .get("state")
                    .map(|state| format!("{}{}", if uri.contains('?') { '&' } else { '?' }, query(&[("state", state)])));
                redirect(&format!("{uri}{}", state.unwrap_or_default()), &end)
            }
            false => page("redirect_mismatch"),
        };
    }
    // Signing out and in again as somebody else: the sign-in page judges the rest of the request.
    match visit.query.get("redirect_uri").is_some() && visit.query.get("response_type").is_some() {
        true => redirect(&visit.link("/login", &visit.query.query_without(&[])), &end),
        false => page("Required parameters missing"),
    }
}
