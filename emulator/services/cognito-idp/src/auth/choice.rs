//! USER_AUTH: the client names a user, the pool says by what he may prove himself, the client chooses.

use super::{
    Course, Opened, Parameters, Session, Step, parameters, required, second, sessions, srp_flow, standing, standing_at_first, wrong,
};
use crate::{CognitoIdp, codes, mfa, model::*, names::Desk, nobody, passkeys, state::*};
use ChallengeNameType as Name;
use kit::Fault;

impl CognitoIdp {
    /// By USERNAME, with PREFERRED_CHALLENGE where the client has one, or the session of a sign-up that was just confirmed.
    pub(super) async fn by_choice(&self, desk: &Desk, given: Parameters, session: Option<String>) -> Result<Step, Fault> {
        let username = required(&given, "USERNAME")?;
        desk.check_secret(username, given.get("SECRET_HASH").map(String::as_str))?;
        let course = Course { device_key: given.get("DEVICE_KEY").cloned(), ..Course::default() };
        if let Some(text) = session {
            return self.after_sign_up(desk, username, &text, &course).await;
        }
        let user = desk.cx.store().read(|s| find_user(s, desk.cx.scope(), &desk.pool, username))?;
        match &user {
            None if !desk.client.hides_users() => return Err(no_such_user()),
            Some(user) => standing_at_first(desk, user)?,
            None => nobody::check_lock(desk, username)?,
        }
        desk.who().pre_authentication(username, user.as_ref()).await?;
        // Where users are hidden, everybody and nobody may choose from all that the pool allows.
        let available = self.available(desk, user.as_ref().filter(|_| !desk.client.hides_users()))?;
        let preferred = given
            .get("PREFERRED_CHALLENGE")
            .map(|text| Name::parse(text).ok_or_else(|| bad(format!("Invalid PREFERRED_CHALLENGE: {text}"))));
        if let Some(preferred) = preferred.transpose()?.filter(|p| available.contains(p)) {
            return self.go(desk, username, user, preferred, &given, &course).await;
        }
        let mut session = Session::new(desk, user.as_ref(), username, &course);
        session.choices = available.iter().map(|name| name.as_str().to_owned()).collect();
        session.ask(desk, Name::SelectChallenge, parameters([("USERNAME", username.to_owned())])).await
    }

    /// ANSWER names the choice; what it needs may come with it.
    pub(super) async fn select_challenge(&self, desk: &Desk, opened: Opened, responses: &Parameters) -> Result<Step, Fault> {
        let answer = required(responses, "ANSWER")?;
        let chosen = Name::parse(answer).filter(|name| opened.session.choices.iter().any(|c| c == name.as_str()));
        let chosen = chosen.ok_or_else(|| bad(format!("The challenge {answer} is not available for the user.")))?;
        opened.take(desk).await?;
        let Opened { session, user, .. } = opened;
        self.go(desk, &session.login, user, chosen, responses, &session.course).await
    }

    /// The password, or the first number of SRP, that a choice still lacked.
    pub(super) async fn chosen(&self, desk: &Desk, opened: Opened, challenge: Name, responses: &Parameters) -> Result<Step, Fault> {
        required(responses, if challenge == Name::Password { "PASSWORD" } else { "SRP_A" })?;
        opened.take(desk).await?;
        let Opened { session, user, .. } = opened;
        self.go(desk, &session.login, user, challenge, responses, &session.course).await
    }

    async fn go(
        &self,
        desk: &Desk,
        login: &str,
        user: Option<User>,
        chosen: Name,
        given: &Parameters,
        course: &Course,
    ) -> Result<Step, Fault> {
        if let Some(user) = &user {
            standing_at_first(desk, user)?;
        }
        let filled = |name: &str| given.get(name).filter(|text| !text.is_empty());
        match chosen {
            Name::Password => match filled("PASSWORD") {
                Some(text) => match user {
                    Some(user) => self.password_of_user(desk, login, user, text, course).await,
                    None => self.password_of_nobody(desk, login, text).await,
                },
                None => self.ask_plainly(desk, login, user.as_ref(), chosen, course).await,
            },
            Name::PasswordSrp => match filled("SRP_A") {
                Some(a) => srp_flow::exchange(desk, login, user, a, course.clone(), None),
                None => self.ask_plainly(desk, login, user.as_ref(), chosen, course).await,
            },
            Name::EmailOtp | Name::SmsOtp => self.send_one_time_password(desk, login, user, chosen, course).await,
            Name::WebAuthn => {
                // A hidden user who may not is asked for a passkey that nobody has.
                let may = user.as_ref().filter(|user| standing(desk, user).is_ok());
                let user = if desk.client.hides_users() { may } else { user.as_ref() };
                self.ask_for_passkey(desk, login, user, course).await
            }
            other => Err(refused("InitiateAuth", &format!("challenge {other}"))),
        }
    }

    async fn ask_plainly(&self, desk: &Desk, login: &str, user: Option<&User>, name: Name, course: &Course) -> Result<Step, Fault> {
        let shown = user.map_or_else(|| desk.pretended_name(login), |u| u.username.clone());
        Session::new(desk, user, login, course).ask(desk, name, parameters([("USERNAME", shown.clone()), ("USER_ID_FOR_SRP", shown)])).await
    }

    async fn send_one_time_password(
        &self,
        desk: &Desk,
        login: &str,
        user: Option<User>,
        chosen: Name,
        course: &Course,
    ) -> Result<Step, Fault> {
        let mut session = Session::new(desk, user.as_ref(), login, course);
        session.first = true;
        let method = if chosen == Name::EmailOtp { mfa::Method::Email } else { mfa::Method::Sms };
        // A hidden user whom no code may reach is treated as nobody is: one is pretended to be on its way.
        let reached = match user.as_ref().filter(|user| standing(desk, user).is_ok()) {
            Some(user) => self.available(desk, Some(user))?.contains(&chosen).then_some(user),
            None => None,
        };
        let asked = match reached {
            Some(user) => {
                let channel = mfa::channel(method, user).ok_or_else(wrong)?;
                session.code = Some(codes::send_login_code(desk, user, &channel).await?);
                second::delivered(&channel, user)
            }
            None => {
                let details = desk.pretended_address(login, if method == mfa::Method::Email { "email" } else { "phone_number" });
                let shown = user.as_ref().map_or_else(|| desk.pretended_name(login), |u| u.username.clone());
                parameters([
                    ("CODE_DELIVERY_DELIVERY_MEDIUM", details.delivery_medium.map(|m| m.as_str().to_owned()).unwrap_or_default()),
                    ("CODE_DELIVERY_DESTINATION", details.destination.unwrap_or_default()),
                    ("USER_ID_FOR_SRP", shown),
                ])
            }
        };
        session.ask(desk, chosen, asked).await
    }

    /// A user who confirmed his sign-up a moment ago needs no other proof than the session he got for it.
    async fn after_sign_up(&self, desk: &Desk, username: &str, text: &str, course: &Course) -> Result<Step, Fault> {
        let opened = sessions::find(&desk.cx, &desk.pool, text)?;
        let user = opened.user()?.clone();
        let named = desk.cx.store().read(|s| find_user(s, desk.cx.scope(), &desk.pool, username))?;
        if opened.session.challenge != CONFIRMED || opened.session.client_id != desk.client.id() || named.is_none_or(|n| n.sub != user.sub)
        {
            return Err(sessions::invalid());
        }
        standing(desk, &user)?;
        opened.take(desk).await?;
        self.after_factors(desk, user, course).await
    }
}

/// The sessions of sign-ups: waiting for the code, and confirmed.
pub(crate) const SIGNED_UP: &str = "SIGNED_UP";
pub(crate) const CONFIRMED: &str = "CONFIRMED";

impl CognitoIdp {
    /// By what a user may prove himself first, or anybody at all. Where a second factor is due, a one-time password would be the only one: it is not offered.
    fn available(&self, desk: &Desk, user: Option<&User>) -> Result<Vec<Name>, Fault> {
        let has = |factor| desk.pool.first_factors().contains(&factor);
        let mut names = Vec::new();
        let second = mfa::required(&desk.pool) || user.is_some_and(|u| !mfa::methods_of(&desk.pool, u).is_empty());
        if !second {
            let reaches = |attribute: &str| user.is_none_or(|u| u.is_verified(attribute) && u.attributes.contains_key(attribute));
            if has(AuthFactorType::EmailOtp) && reaches("email") {
                names.push(Name::EmailOtp);
            }
            if has(AuthFactorType::SmsOtp) && reaches("phone_number") {
                names.push(Name::SmsOtp);
            }
        }
        let two_factors = passkeys::is_multi_factor(&desk.pool);
        if has(AuthFactorType::WebAuthn)
            && (!second || two_factors)
            && user.map_or(Ok(true), |user| passkeys::has_any(&desk.cx, &desk.pool, user))?
        {
            names.push(Name::WebAuthn);
        }
        if has(AuthFactorType::Password) && user.is_none_or(|u| u.password.is_some()) {
            names.extend([Name::Password, Name::PasswordSrp]);
        }
        Ok(names)
    }
}
