//! The link in a message that confirms a sign-up: where it leads, and the page behind it. No client waits there, so it only says what came of it.

use super::html::{error_page, notice_page};
use crate::{
    CognitoIdp,
    codes::{self, Channel},
    model::*,
    names::Desk,
    oauth::{Answer, Visit, html, query},
    state::*,
};
use kit::Fault;

/// Path of the domain.
pub(super) const PATH: &str = "/confirmUser";

impl CognitoIdp {
    /// What confirms a user's sign-up but for the code, where the pool sends links by mail; links need a domain to lead to.
    pub(crate) fn confirm_link(&self, desk: &Desk, user: &User, channel: &Channel) -> Result<Option<String>, Fault> {
        if !codes::by_link(&desk.pool, channel) {
            return Ok(None);
        }
        let settings = &desk.pool.settings;
        let domain = settings.custom_domain.clone().or(settings.domain.clone());
        let origin = self.domain_url(&desk.cx, domain).ok_or_else(|| bad("A user pool that confirms by a link needs a domain."))?;
        Ok(Some(format!("{origin}{PATH}?{}", query(&[("client_id", desk.client.id()), ("user_name", &user.username)]))))
    }
}

/// Confirms whom the link names.
pub(super) async fn answer(visit: &Visit) -> Answer {
    let parameter = |name: &str| visit.query.get(name);
    let (Some(client_id), Some(username), Some(code)) = (parameter("client_id"), parameter("user_name"), parameter("confirmation_code"))
    else {
        return html(400, &error_page("Required parameters missing"), &[]);
    };
    let desk = Desk::of_client(&visit.cx, client_id).ok().filter(|desk| desk.pool.id == visit.pool.id);
    let Some(desk) = desk else { return html(400, &error_page("invalid_request"), &[]) };
    let input = ConfirmSignUpInput {
        client_id: client_id.into(),
        secret_hash: desk.own_hash(username),
        username: username.into(),
        confirmation_code: code.into(),
        ..Default::default()
    };
    match visit.service.confirm_sign_up(&visit.cx, input).await {
        Ok(_) => html(200, &notice_page("Confirmation", "Your registration has been confirmed!"), &[]),
        Err(fault) => html(400, &error_page(&fault.message), &[]),
    }
}
