//! The sign-in page.

use super::{
    alert,
    html::{Field, Page, escape, fields, link},
    show, step,
};
use crate::{
    model::UsernameAttributeType,
    oauth::{Answer, Ask, Visit, query, redirect},
    state::Pool,
};
use std::collections::BTreeMap;

/// What a user name is called, what kind of text it is, and what browsers may fill in.
pub(super) fn name_field(pool: &Pool) -> (&'static str, &'static str, &'static str) {
    match pool.username_attributes() {
        [UsernameAttributeType::Email] => ("Email", "email", "username"),
        [UsernameAttributeType::PhoneNumber] => ("Phone number", "tel", "username"),
        [] => ("Username", "text", "username"),
        _ => ("Email or phone number", "text", "username"),
    }
}

/// The page, with what was wrong the last time.
pub(super) fn page(visit: &Visit, ask: &Ask, wrong: Option<&str>) -> Page {
    let (label, kind, autocomplete) = name_field(&visit.pool);
    let value = visit.form.get("username").or(visit.query.get("login_hint")).or(visit.query.get("username")).unwrap_or_default();
    let mut below = String::new();
    for name in ask.providers() {
        let pairs = format!("{}&{}", super::carried(visit), query(&[("identity_provider", name)]));
        let to = visit.link("/oauth2/authorize", &pairs);
        below += &format!("<a class=\"button\" href=\"{}\">Continue with {}</a>", escape(&to), escape(name));
    }
    if ask.by_pool() {
        below += &link(visit, "/forgotPassword", "Forgot your password?");
        if !admin_only(&visit.pool) {
            below += &link(visit, "/signup", "Need an account? Sign up");
        }
    }
    let told = visit.query.get("notice").and_then(Notice::named).map(|told| super::notice("status", told.text())).unwrap_or_default();
    let all = [
        Field { name: "username", label, kind, autocomplete, value },
        Field { name: "password", label: "Password", kind: "password", autocomplete: "current-password", value: "" },
    ];
    Page {
        title: "Sign in",
        above: format!("{told}{}", alert(wrong)),
        fields: if ask.by_pool() { fields(&all) } else { String::new() },
        action: "/login",
        button: "Sign in",
        below,
    }
}

/// Whether users can't sign up by themselves.
pub(super) fn admin_only(pool: &Pool) -> bool {
    pool.settings.admin_create_user_config.as_ref().is_some_and(|config| config.allow_admin_create_user_only == Some(true))
}

/// Takes the form.
pub(super) async fn submit(visit: &Visit, ask: &Ask) -> Answer {
    let (Some(username), Some(password)) = (visit.form.get("username"), visit.form.get("password")) else {
        return show(visit, 200, page(visit, ask, Some("Please give both a user name and a password.")));
    };
    if !ask.by_pool() {
        return show(visit, 200, page(visit, ask, Some("Login option is not available. Please try another one")));
    }
    let made = visit.service.by_password(&ask.desk, parameters(ask, username, &[("PASSWORD", password)])).await;
    match &made {
        Err(fault) if fault.code == "UserNotConfirmedException" => to(visit, "/confirm", username),
        Err(fault) if fault.code == "PasswordResetRequiredException" => to(visit, "/forgotPassword", username),
        _ => step(visit, ask, made, |wrong| page(visit, ask, Some(wrong))).await,
    }
}

/// Parameters of a sign-in, with the hash that the client would add.
pub(super) fn parameters(ask: &Ask, username: &str, more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from([("USERNAME".to_owned(), username.to_owned())]);
    all.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    all.extend(ask.desk.own_hash(username).map(|hash| ("SECRET_HASH".to_owned(), hash)));
    all
}

/// Leads on to another page with the user's name.
pub(super) fn to(visit: &Visit, path: &str, username: &str) -> Answer {
    let pairs = format!("{}&{}", super::carried(visit), query(&[("username", username)]));
    redirect(&visit.link(path, &pairs), &[])
}

/// What the sign-in page has to say first. Only its name stands in the URL, so that nobody's link puts other words there.
#[derive(Clone, Copy)]
pub(super) enum Notice {
    Changed,
    Confirmed,
}

impl Notice {
    const fn name(self) -> &'static str {
        match self {
            Notice::Changed => "changed",
            Notice::Confirmed => "confirmed",
        }
    }
    fn named(name: &str) -> Option<Notice> {
        [Notice::Changed, Notice::Confirmed].into_iter().find(|notice| notice.name() == name)
    }
    fn text(self) -> &'static str {
        match self {
            Notice::Changed => "Your password is changed. Please sign in.",
            Notice::Confirmed => "Your account is confirmed. Please sign in.",
        }
    }
}

/// Leads back to the sign-in page with something to say.
pub(super) fn back(visit: &Visit, username: &str, notice: Notice) -> Answer {
    let pairs = format!("{}&{}", super::carried(visit), query(&[("username", username), ("notice", notice.name())]));
    redirect(&visit.link("/login", &pairs), &[])
}
