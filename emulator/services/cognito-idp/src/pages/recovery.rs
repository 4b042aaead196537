//! The forgotten password: a code is sent, and code and new password come back.

use super::{
    alert,
    html::{Field, Page, fields, hidden},
    login, show, status_of,
};
use crate::{
    model::*,
    oauth::{Answer, Ask, Visit},
};

/// The page that asks whose password it is.
pub(super) fn page(wrong: Option<&str>) -> Page {
    let all = [Field { name: "username", label: "Username", kind: "text", autocomplete: "username", value: "" }];
    Page {
        title: "Forgot your password?",
        above: format!("<p>Enter your username below and we will send a code to reset your password.</p>{}", alert(wrong)),
        fields: fields(&all),
        action: "/forgotPassword",
        button: "Reset my password",
        below: String::new(),
    }
}

/// Sends the code.
pub(super) async fn submit(visit: &Visit, ask: &Ask) -> Answer {
    let username = visit.form.get("username").unwrap_or_default();
    let input = ForgotPasswordInput {
        client_id: ask.desk.client.id().into(),
        secret_hash: ask.desk.own_hash(username),
        username: username.into(),
        ..Default::default()
    };
    match visit.service.forgot_password(&visit.cx, input).await {
        Ok(_) => login::to(visit, "/confirmForgotPassword", username),
        Err(fault) => show(visit, status_of(&fault), page(Some(&fault.message))),
    }
}

/// The page that asks for the code and the new password.
pub(super) fn confirm_page(username: &str, wrong: Option<&str>) -> Page {
    let all = [
        Field { name: "code", label: "Code", kind: "text", autocomplete: "one-time-code", value: "" },
        Field { name: "password", label: "New password", kind: "password", autocomplete: "new-password", value: "" },
        Field { name: "confirm", label: "Enter the new password again", kind: "password", autocomplete: "new-password", value: "" },
    ];
    Page {
        title: "Change your password",
        above: format!("<p>We have sent a password reset code to you. Enter it below to change your password.</p>{}", alert(wrong)),
        fields: format!("{}{}", hidden("username", username), fields(&all)),
        action: "/confirmForgotPassword",
        button: "Change password",
        below: String::new(),
    }
}

/// Takes code and new password.
pub(super) async fn confirm(visit: &Visit, ask: &Ask) -> Answer {
    let given = |name: &str| visit.form.get(name).unwrap_or_default();
    let username = given("username");
    if given("password") != given("confirm") {
        return show(visit, 200, confirm_page(username, Some("The two passwords are not the same.")));
    }
    let input = ConfirmForgotPasswordInput {
        client_id: ask.desk.client.id().into(),
        secret_hash: ask.desk.own_hash(username),
        username: username.into(),
        confirmation_code: given("code").into(),
        password: given("password").into(),
        ..Default::default()
    };
    match visit.service.confirm_forgot_password(&visit.cx, input).await {
        Ok(_) => login::back(visit, username, login::Notice::Changed),
        Err(fault) => show(visit, status_of(&fault), confirm_page(username, Some(&fault.message))),
    }
}
