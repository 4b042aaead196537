//! `/oauth2/revoke`: the end of a refresh token and of all access tokens that came of it.

use super::{
    token::{self, Refused},
    visit::{Answer, Visit},
};
use crate::model::*;
use http::Response;
use wire::ReplyBody;

/// Answers the endpoint. A token that is not known any more is fine, as RFC 7009 wants it.
pub(crate) async fn revoke(visit: &Visit) -> Answer {
    let desk = match token::client(visit) {
        Ok(desk) => desk,
        Err(Refused("invalid_client", text)) => return Refused("invalid_client", text).answer(401),
        Err(refused) => return refused.answer(400),
    };
    let Some(token) = visit.form.get("token") else { return Refused("invalid_request", None).answer(400) };
    let input = RevokeTokenInput {
        token: token.to_owned(),
        client_id: desk.client.id().to_owned(),
        client_secret: desk.client.secrets().first().map(|secret| (*secret).to_owned()),
    };
    match visit.service.revoke_token(&visit.cx, input).await {
        Ok(_) => Response::builder()
            .status(200)
            .header("access-control-allow-origin", "*")
            .header("cache-control", "no-store")
            .body(ReplyBody::None)
            .unwrap_or_default(),
        Err(fault) if fault.code == "UnsupportedTokenTypeException" => Refused("unsupported_token_type", None).answer(400),
        Err(fault) if fault.status < 500 => Refused("invalid_request", None).answer(400),
        Err(_) => Refused("server_error", None).answer(500),
    }
}
