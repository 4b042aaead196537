//! Signing up, and confirming with the code that was sent.

use super::{
    alert,
    html::{Field, Page, escape, fields, hidden},
    login, show, status_of, step,
};
use crate::{
    attributes,
    model::*,
    oauth::{Answer, Ask, Visit},
};
use std::collections::BTreeMap;

/// The page: a name, a password, and what the pool needs to know.
pub(super) fn page(visit: &Visit, wrong: Option<&str>) -> Page {
    let (label, kind, autocomplete) = login::name_field(&visit.pool);
    let wanted = wanted(visit);
    let given = |name: &str| visit.form.get(name).unwrap_or_default();
    let labels: Vec<String> = wanted.iter().map(|name| label_of(name)).collect();
    let mut all = vec![Field { name: "username", label, kind, autocomplete, value: given("username") }];
    for (name, label) in wanted.iter().zip(&labels) {
        let (kind, autocomplete) = match name.as_str() {
            "email" => ("email", "email"),
            "phone_number" => ("tel", "tel"),
            "birthdate" => ("date", "bday"),
            "name" => ("text", "name"),
            "given_name" => ("text", "given-name"),
            "family_name" => ("text", "family-name"),
            _ => ("text", "on"),
        };
        all.push(Field { name, label, kind, autocomplete, value: given(name) });
    }
    all.push(Field { name: "password", label: "Password", kind: "password", autocomplete: "new-password", value: "" });
    Page {
        title: "Sign up",
        above: alert(wrong),
        fields: fields(&all),
        action: "/signup",
        button: "Sign up",
        below: super::html::link(visit, "/login", "Already have an account? Sign in"),
    }
}

/// Required attributes, and the addresses that the pool verifies: without one no code could be sent.
fn wanted(visit: &Visit) -> Vec<String> {
    let pool = &visit.pool;
    let mut names: Vec<String> = attributes::missing_required(pool, &BTreeMap::from([("sub".to_owned(), String::new())]));
    if pool.username_attributes().is_empty() {
        names.extend(pool.auto_verified().iter().map(|address| address.as_str().to_owned()));
    } else {
        names.retain(|name| !pool.username_attributes().iter().any(|address| address.as_str() == name));
    }
    names.sort();
    names.dedup();
    names
}

/// `given_name` as people read it.
fn label_of(name: &str) -> String {
    let words = name.strip_prefix("custom:").unwrap_or(name).replace('_', " ");
    let mut letters = words.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// Takes the form.
pub(super) async fn submit(visit: &Visit, ask: &Ask) -> Answer {
    let (Some(username), Some(password)) = (visit.form.get("username"), visit.form.get("password")) else {
        return show(visit, 200, page(visit, Some("Please give both a user name and a password.")));
    };
    let given = wanted(visit).into_iter().filter_map(|name| {
        let value = visit.form.get(&name)?.to_owned();
        Some(AttributeType { name, value: Some(value) })
    });
    let input = SignUpInput {
        client_id: ask.desk.client.id().into(),
        secret_hash: ask.desk.own_hash(username),
        username: username.into(),
        password: Some(password.into()),
        user_attributes: Some(given.collect()),
        ..Default::default()
    };
    match visit.service.sign_up(&visit.cx, input).await {
        Ok(made) if made.user_confirmed => {
            let made = visit.service.by_password(&ask.desk, login::parameters(ask, username, &[("PASSWORD", password)])).await;
            step(visit, ask, made, |wrong| login::page(visit, ask, Some(wrong))).await
        }
        Ok(_) => login::to(visit, "/confirm", username),
        Err(fault) => show(visit, status_of(&fault), page(visit, Some(&fault.message))),
    }
}

/// The page that asks for the code. A link with user and code in it confirms at once.
pub(super) async fn confirm_page(visit: &Visit, ask: &Ask) -> Answer {
    let username = visit.query.get("user_name").or(visit.query.get("username")).unwrap_or_default();
    match visit.query.get("confirmation_code") {
        Some(code) => confirmed(visit, ask, username, code).await,
        None => show(visit, 200, code_page(visit, username, None, None)),
    }
}

fn code_page(visit: &Visit, username: &str, told: Option<&str>, wrong: Option<&str>) -> Page {
    let told = told.unwrap_or("We have sent a code to you. Enter it below to confirm your account.");
    let all = [Field { name: "code", label: "Verification code", kind: "text", autocomplete: "one-time-code", value: "" }];
    let resend = format!(
        "<form method=\"post\" action=\"{}\">{{csrf}}{}<button class=\"plain\" type=\"submit\">Send a new code</button></form>",
        escape(&visit.link("/resendcode", &super::carried(visit))),
        hidden("username", username)
    );
    Page {
        title: "Confirm your account",
        above: format!("{}{}", super::notice("status", told), alert(wrong)),
        fields: format!("{}{}", hidden("username", username), fields(&all)),
        action: "/confirm",
        button: "Confirm account",
        below: resend,
    }
}

/// Takes the form with the code.
pub(super) async fn confirm(visit: &Visit, ask: &Ask) -> Answer {
    confirmed(visit, ask, visit.form.get("username").unwrap_or_default(), visit.form.get("code").unwrap_or_default()).await
}

async fn confirmed(visit: &Visit, ask: &Ask, username: &str, code: &str) -> Answer {
    let input = ConfirmSignUpInput {
        client_id: ask.desk.client.id().into(),
        secret_hash: ask.desk.own_hash(username),
        username: username.into(),
        confirmation_code: code.into(),
        ..Default::default()
    };
    match visit.service.confirm_sign_up(&visit.cx, input).await {
        Ok(_) => login::back(visit, username, login::Notice::Confirmed),
        Err(fault) => show(visit, status_of(&fault), code_page(visit, username, None, Some(&fault.message))),
    }
}

/// Sends another code.
pub(super) async fn resend(visit: &Visit, ask: &Ask) -> Answer {
    let username = visit.form.get("username").unwrap_or_default();
    let input = ResendConfirmationCodeInput {
        client_id: ask.desk.client.id().into(),
        secret_hash: ask.desk.own_hash(username),
        username: username.into(),
        ..Default::default()
    };
    match visit.service.resend_confirmation_code(&visit.cx, input).await {
        Ok(_) => show(visit, 200, code_page(visit, username, Some("We have sent a new code to you."), None)),
        Err(fault) => show(visit, status_of(&fault), code_page(visit, username, None, Some(&fault.message))),
    }
}
