//! The page on which a user whose pool asks for a second factor sets up an authenticator, on the way in.

use super::{
    alert,
    html::{Field, Page, escape, fields, hidden},
    login, step,
};
use crate::{
    model::*,
    oauth::{Answer, Ask, Visit, query},
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Draws a secret and shows it.
pub(super) async fn begin(visit: &Visit, ask: &Ask, username: &str, session: Option<String>) -> Answer {
    let input = AssociateSoftwareTokenInput { session, ..Default::default() };
    match visit.service.associate_software_token(&visit.cx, input).await {
        Ok(made) => {
            let page = page(visit, username, &made.session.unwrap_or_default(), &made.secret_code.unwrap_or_default(), None);
            super::show(visit, 200, page)
        }
        Err(fault) => super::show(visit, 200, login::page(visit, ask, Some(&fault.message))),
    }
}

fn page(visit: &Visit, username: &str, session: &str, secret: &str, wrong: Option<&str>) -> Page {
    let issuer = visit.pool.settings.name.as_deref().unwrap_or(&visit.domain.name);
    let label = utf8_percent_encode(username, NON_ALPHANUMERIC);
    let link = format!("otpauth://totp/{label}?{}", query(&[("secret", secret), ("issuer", issuer)]));
    let carried = [
        hidden("username", username),
        hidden("challenge", ChallengeNameType::MfaSetup.as_str()),
        hidden("session", session),
        hidden("secret", secret),
    ];
    let code = Field { name: "code", label: "Code of the authenticator", kind: "text", autocomplete: "one-time-code", value: "" };
    Page {
        title: "Set up an authenticator",
        above: format!(
            "<p>Enter this key in your authenticator, or <a href=\"{}\">open it there</a>:</p><p><code>{}</code></p>{}",
            escape(&link),
            escape(secret),
            alert(wrong)
        ),
        fields: format!("{}{}", carried.concat(), fields(&[code])),
        action: "/challenge",
        button: "Continue",
        below: String::new(),
    }
}

/// Takes the first code, and goes on with the sign-in.
pub(super) async fn submit(visit: &Visit, ask: &Ask) -> Answer {
    let given = |name: &str| visit.form.get(name).unwrap_or_default();
    let session = visit.form.get("session").map(str::to_owned);
    let input = VerifySoftwareTokenInput { session, user_code: given("code").into(), ..Default::default() };
    let session = match visit.service.verify_software_token(&visit.cx, input).await {
        Ok(verified) => verified.session,
        Err(fault) if fault.code == "EnableSoftwareTokenMFAException" => {
            let again = page(visit, given("username"), given("session"), given("secret"), Some(&fault.message));
            return super::show(visit, 200, again);
        }
        Err(fault) => return super::show(visit, 200, login::page(visit, ask, Some(&fault.message))),
    };
    let responses = login::parameters(ask, given("username"), &[]);
    let made = visit.service.answer_challenge(&ask.desk, ChallengeNameType::MfaSetup, responses, session).await;
    step(visit, ask, made, |wrong| login::page(visit, ask, Some(wrong))).await
}
