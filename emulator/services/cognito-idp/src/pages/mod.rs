//! The hosted pages of a pool's domain: signing in and up, confirming, the forgotten password, challenges. Plain HTML that needs no script;
//! every form proves that it came from one of these pages. The pages act for their client by the same operations that clients call.

mod challenge;
mod html;
mod link;
mod login;
mod recovery;
mod setup;
mod sign_up;

pub(crate) use html::error_page;

use crate::{
    auth::{Proven, Step},
    oauth::{Answer, Ask, Visit, complete, html as answer_html},
};
use html::{Page, notice};
use http::Method;
use kit::Fault;

/// Answers one of the pages.
pub(crate) async fn answer(visit: &Visit, path: &str) -> Answer {
    const PAGES: [&str; 8] =
        ["/login", "/signup", "/confirm", "/confirmUser", "/resendcode", "/forgotPassword", "/confirmForgotPassword", "/challenge"];
    if !PAGES.contains(&path) {
        return answer_html(404, &error_page("There is no such page."), &[]);
    }
    if visit.method == Method::GET && path == link::PATH && visit.query.get("redirect_uri").is_none() {
        return link::answer(visit).await;
    }
    let ask = match Ask::read(visit) {
        Ok(ask) => ask,
        Err(answer) => return answer,
    };
    if visit.method == Method::POST && !visit.is_ours() {
        // A form of another site, or one that waited longer than its cookie: shown again with a fresh proof.
        return show(visit, 403, login::page(visit, &ask, Some("An error occurred with the login page, please try again.")));
    }
    match (visit.method == Method::POST, path) {
        (false, "/login") => show(visit, 200, login::page(visit, &ask, None)),
        (true, "/login") => login::submit(visit, &ask).await,
        (false, "/signup") => show(visit, 200, sign_up::page(visit, None)),
        (true, "/signup") => sign_up::submit(visit, &ask).await,
        (false, _) if path.starts_with("/confirm") && path != "/confirmForgotPassword" => sign_up::confirm_page(visit, &ask).await,
        (true, "/confirm" | "/confirmUser") => sign_up::confirm(visit, &ask).await,
        (true, "/resendcode") => sign_up::resend(visit, &ask).await,
        (false, "/forgotPassword") => show(visit, 200, recovery::page(None)),
        (true, "/forgotPassword") => recovery::submit(visit, &ask).await,
        (false, "/confirmForgotPassword") => {
            show(visit, 200, recovery::confirm_page(visit.query.get("username").unwrap_or_default(), None))
        }
        (true, "/confirmForgotPassword") => recovery::confirm(visit, &ask).await,
        (true, "/challenge") => challenge::submit(visit, &ask).await,
        _ => show(visit, 405, login::page(visit, &ask, Some("Please sign in again."))),
    }
}

/// Shows a page with the cookie that its forms are compared with.
fn show(visit: &Visit, status: u16, page: Page) -> Answer {
    let (token, cookie) = visit.csrf();
    answer_html(status, &page.text(visit, &token), &[cookie])
}

/// Goes on from a step of signing in: back to the client, to a question, or to the page that says what is wrong.
async fn step(visit: &Visit, ask: &Ask, step: Result<Step, Fault>, again: impl FnOnce(&str) -> Page) -> Answer {
    match step {
        Ok(Step::Proven(proven)) => done(visit, ask, &proven).await,
        Ok(Step::Challenge { name, session, parameters, .. }) => challenge::show(visit, ask, name, session, parameters, None).await,
        Err(fault) => show(visit, status_of(&fault), again(&fault.message)),
    }
}

async fn done(visit: &Visit, ask: &Ask, proven: &Proven) -> Answer {
    complete(visit, ask, proven, Vec::new()).await
}

/// Forms that were filled in wrongly are shown again as pages that are fine, as AWS does; only our own faults are not.
fn status_of(fault: &Fault) -> u16 {
    if fault.status >= 500 { fault.status } else { 200 }
}

/// The text that a page says to whoever filled in its form wrongly.
fn alert(text: Option<&str>) -> String {
    text.map(|text| notice("alert", text)).unwrap_or_default()
}

/// The client's request as forms carry it along.
fn carried(visit: &Visit) -> String {
    visit.query.query_without(&["username", "user_name", "confirmation_code", "notice"])
}
