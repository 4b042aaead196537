//! The pages of challenges: a new password, a code, a choice. The question itself travels in the form, as in the API.

use super::{
    alert, done,
    html::{Field, Page, escape, fields, hidden},
    login, setup,
};
use crate::{
    auth::Step,
    model::ChallengeNameType,
    oauth::{Answer, Ask, Visit},
};
use std::collections::BTreeMap;

type Parameters = BTreeMap<String, String>;

/// Asks the question.
pub(super) async fn show(
    visit: &Visit,
    ask: &Ask,
    name: ChallengeNameType,
    session: Option<String>,
    parameters: Parameters,
    wrong: Option<&str>,
) -> Answer {
    let username = parameters.get("USER_ID_FOR_SRP").or(parameters.get("USERNAME")).map(String::as_str);
    let username = username.or(visit.form.get("username")).unwrap_or_default().to_owned();
    if name == ChallengeNameType::MfaSetup {
        return setup::begin(visit, ask, &username, session).await;
    }
    let Some((title, asked)) = question(name, &parameters) else {
        let text = format!("This pool asks for {name}, which these pages can't answer. Sign in through the application.");
        return super::show(visit, 200, login::page(visit, ask, Some(&text)));
    };
    let carried = [
        hidden("username", &username),
        hidden("challenge", name.as_str()),
        hidden("session", &session.unwrap_or_default()),
        hidden("asked", &serde_json::to_string(&parameters).unwrap_or_default()),
    ];
    let told =
        parameters.get("CODE_DELIVERY_DESTINATION").map(|to| format!("<p>A code was sent to {}.</p>", escape(to))).unwrap_or_default();
    let page = Page {
        title,
        above: format!("{told}{}", alert(wrong)),
        fields: format!("{}{asked}", carried.concat()),
        action: "/challenge",
        button: "Continue",
        below: String::new(),
    };
    super::show(visit, 200, page)
}

/// The fields of a question, named as the API names its answers.
fn question(name: ChallengeNameType, parameters: &Parameters) -> Option<(&'static str, String)> {
    let code = |label: &str, field: &str| fields(&[Field { name: field, label, kind: "text", autocomplete: "one-time-code", value: "" }]);
    Some(match name {
        ChallengeNameType::NewPasswordRequired => {
            let mut all =
                vec![Field { name: "NEW_PASSWORD", label: "New password", kind: "password", autocomplete: "new-password", value: "" }];
            let missing: Vec<String> =
                parameters.get("requiredAttributes").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
            let labels: Vec<&str> = missing.iter().map(|name| name.strip_prefix("userAttributes.").unwrap_or(name)).collect();
            all.extend(missing.iter().zip(labels).map(|(name, label)| Field { name, label, kind: "text", autocomplete: "on", value: "" }));
            ("Change password", fields(&all))
        }
        ChallengeNameType::SmsMfa => ("Enter the code from the text message", code("Code", "SMS_MFA_CODE")),
        ChallengeNameType::SoftwareTokenMfa => ("Enter the code of your authenticator", code("Code", "SOFTWARE_TOKEN_MFA_CODE")),
        ChallengeNameType::EmailOtp => ("Enter the code from the mail", code("Code", "EMAIL_OTP_CODE")),
        ChallengeNameType::SelectMfaType => ("Choose how to confirm", choices(parameters)),
        _ => return None,
    })
}

fn choices(parameters: &Parameters) -> String {
    let kinds: Vec<String> = parameters.get("MFAS_CAN_CHOOSE").and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    let choice = |(n, kind): (usize, &String)| {
        let text = match kind.as_str() {
            "SMS_MFA" => "A text message",
            "SOFTWARE_TOKEN_MFA" => "An authenticator",
            "EMAIL_OTP" => "A mail",
            other => other,
        };
        let (focus, kind) = (if n == 0 { " autofocus" } else { "" }, escape(kind));
        format!("<label><input type=\"radio\" name=\"ANSWER\" value=\"{kind}\" required{focus}> {}</label>", escape(text))
    };
    format!("<fieldset><legend>How do you want to confirm?</legend>{}</fieldset>", kinds.iter().enumerate().map(choice).collect::<String>())
}

/// Takes an answer.
pub(super) async fn submit(visit: &Visit, ask: &Ask) -> Answer {
    let given = |name: &str| visit.form.get(name).unwrap_or_default();
    let expired = || super::show(visit, 200, login::page(visit, ask, Some("Your session has expired. Please sign in again.")));
    let Ok(name) = serde_json::from_value::<ChallengeNameType>(given("challenge").into()) else { return expired() };
    if name == ChallengeNameType::MfaSetup {
        return setup::submit(visit, ask).await;
    }
    let username = given("username");
    let session = visit.form.get("session").map(str::to_owned);
    const OURS: [&str; 5] = ["_csrf", "username", "challenge", "session", "asked"];
    let answers: Vec<(&str, &str)> =
        visit.form.0.iter().map(|(n, v)| (n.as_str(), v.as_str())).filter(|(name, _)| !OURS.contains(name)).collect();
    let responses = login::parameters(ask, username, &answers);
    match visit.service.answer_challenge(&ask.desk, name, responses, session.clone()).await {
        Ok(Step::Proven(proven)) => done(visit, ask, &proven).await,
        Ok(Step::Challenge { name, session, parameters, .. }) => show(visit, ask, name, session, parameters, None).await,
        // Wrong codes and passwords may be tried again with the same session; one that is over begins anew.
        Err(fault) if ["CodeMismatchException", "InvalidPasswordException", "InvalidParameterException"].contains(&&*fault.code) => {
            let asked: Parameters = serde_json::from_str(given("asked")).unwrap_or_default();
            show(visit, ask, name, session, asked, Some(&fault.message)).await
        }
        Err(fault) => super::show(visit, 200, login::page(visit, ask, Some(&fault.message))),
    }
}
