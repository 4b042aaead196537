//! The second factor: which one a user is asked for, codes that are sent, codes of an authenticator, and setting one up on the way.

use super::{Course, Opened, Parameters, Session, Step, parameters, required, wrong};
use crate::{
    CognitoIdp, Error, codes,
    mfa::{self, Method},
    model::*,
    names::Desk,
    nobody, password,
    protection::{self, Happened},
    state::*,
};
use kit::{Fault, Read};
use serde_json::json;
use subtle::ConstantTimeEq;

impl CognitoIdp {
    /// Goes on once the first factor is proved: a second one, the device, or done.
    pub(crate) async fn after_first_factor(&self, desk: &Desk, user: User, course: &Course) -> Result<Step, Fault> {
        if self.spares_second_factor(desk, &user, course)? {
            return self.after_factors(desk, user, course).await;
        }
        let methods = mfa::methods_of(&desk.pool, &user);
        let preferred = user.mfa.preferred.as_deref().and_then(Method::named).filter(|m| methods.contains(m));
        match (preferred, methods.as_slice()) {
            (Some(method), _) => self.ask_second_factor(desk, &user, method, course).await,
            (None, [method]) => self.ask_second_factor(desk, &user, *method, course).await,
            (None, []) if mfa::required(&desk.pool) => self.ask_for_setup(desk, &user, course).await,
            (None, []) => self.after_factors(desk, user, course).await,
            (None, several) => {
                let names: Vec<&str> = several.iter().map(|m| m.as_str()).collect();
                let mut session = Session::new(desk, Some(&user), &user.username, course);
                session.choices = names.iter().map(|n| (*n).to_owned()).collect();
                let mut asked = parameters([("MFAS_CAN_CHOOSE", json!(names).to_string()), ("USER_ID_FOR_SRP", user.username.clone())]);
                for method in several {
                    if let Some(channel) = mfa::channel(*method, &user) {
                        let details = channel.details();
                        asked.insert("CODE_DELIVERY_DESTINATION".into(), details.destination.unwrap_or_default());
                    }
                }
                session.ask(desk, ChallengeNameType::SelectMfaType, asked).await
            }
        }
    }

    async fn ask_second_factor(&self, desk: &Desk, user: &User, method: Method, course: &Course) -> Result<Step, Fault> {
        let mut session = Session::new(desk, Some(user), &user.username, course);
        let asked = match mfa::channel(method, user) {
            None => parameters([
                ("FRIENDLY_DEVICE_NAME", user.mfa.device_name.clone().unwrap_or_default()),
                ("USER_ID_FOR_SRP", user.username.clone()),
            ]),
            Some(channel) => {
                session.code = Some(codes::send_login_code(desk, user, &channel).await?);
                delivered(&channel, user)
            }
        };
        session.ask(desk, method.challenge(), asked).await
    }

    async fn ask_for_setup(&self, desk: &Desk, user: &User, course: &Course) -> Result<Step, Fault> {
        if !mfa::offers(&desk.pool, Method::Totp) {
            return Err(bad("User does not have delivery config set to turn on SMS_MFA"));
        }
        let asked =
            parameters([("MFAS_CAN_SETUP", json!([Method::Totp.as_str()]).to_string()), ("USER_ID_FOR_SRP", user.username.clone())]);
        Session::new(desk, Some(user), &user.username, course).ask(desk, ChallengeNameType::MfaSetup, asked).await
    }

    /// The choice among several second factors.
    pub(super) async fn select_mfa_type(&self, desk: &Desk, opened: Opened, responses: &Parameters) -> Result<Step, Fault> {
        let answer = required(responses, "ANSWER")?;
        let method = Method::named(answer).filter(|m| opened.session.choices.iter().any(|c| c == m.as_str()));
        let method = method.ok_or_else(|| bad(format!("Invalid MFA type: {answer}")))?;
        opened.take(desk).await?;
        self.ask_second_factor(desk, opened.user()?, method, &opened.session.course).await
    }

    /// A code that was sent, or that an authenticator showed.
    pub(super) async fn second_factor(
        &self,
        desk: &Desk,
        opened: Opened,
        challenge: ChallengeNameType,
        responses: &Parameters,
    ) -> Result<Step, Fault> {
        let name = format!("{challenge}_CODE");
        let code = required(responses, &name)?;
        let user = opened.user()?.clone();
        password::check_lock(&desk.cx, &user)?;
        let judged = match challenge {
            ChallengeNameType::SoftwareTokenMfa => mfa::judge_login(&desk.cx, &desk.pool, &user, code).await?,
            _ => match opened.session.code.as_deref().is_some_and(|sent| same(sent, code)) {
                true => Ok(()),
                false => Err(Error::CodeMismatch.says("Invalid code or auth state for the user.")),
            },
        };
        if let Err(fault) = judged {
            opened.missed(desk).await?;
            password::count_failure(&desk.cx, &desk.pool, &user).await?;
            protection::note(&desk.cx, &desk.pool, &user, Happened::WrongCode).await?;
            return Err(fault);
        }
        opened.take(desk).await?;
        password::forget_failures(&desk.cx, &desk.pool, &user).await?;
        let mut course = opened.session.course;
        course.proofs.second = true;
        course.device_key = responses.get("DEVICE_KEY").cloned().or(course.device_key);
        self.after_factors(desk, user, &course).await
    }

    /// The answer to MFA_SETUP, once VerifySoftwareToken has taken a code for the session.
    pub(super) async fn mfa_setup(&self, desk: &Desk, opened: Opened) -> Result<Step, Fault> {
        if !opened.session.totp_proved {
            return Err(bad("MFA setup is not complete: no software token was verified in this session."));
        }
        opened.take(desk).await?;
        let user = opened.user()?.clone();
        let mut course = opened.session.course;
        course.proofs.second = true;
        self.after_factors(desk, user, &course).await
    }

    /// A one-time password in place of a password (USER_AUTH).
    pub(super) async fn one_time_password(
        &self,
        desk: &Desk,
        opened: Opened,
        challenge: ChallengeNameType,
        responses: &Parameters,
    ) -> Result<Step, Fault> {
        let code = required(responses, &format!("{challenge}_CODE"))?;
        let right = opened.session.code.as_deref().is_some_and(|sent| same(sent, code));
        let Some(user) = opened.user.clone().filter(|user| right && !user.disabled) else {
            opened.missed(desk).await?;
            match &opened.user {
                Some(user) => {
                    password::count_failure(&desk.cx, &desk.pool, user).await?;
                    protection::note(&desk.cx, &desk.pool, user, Happened::NotProved).await?;
                }
                None => nobody::count(desk, &opened.session.login).await?,
            }
            return Err(Error::CodeMismatch.says("Invalid code or auth state for the user."));
        };
        password::check_lock(&desk.cx, &user)?;
        opened.take(desk).await?;
        // Whoever reads the code has the address.
        let flag = if challenge == ChallengeNameType::EmailOtp { "email_verified" } else { "phone_number_verified" };
        let user = desk
            .cx
            .store()
            .write(|tx| {
                let key = (desk.pool.id.clone(), user.key(&desk.pool));
                let mut there = tx.get(&USERS, desk.cx.scope(), &key)?.ok_or_else(wrong)?;
                there.failures = 0;
                there.attributes.insert(flag.into(), "true".into());
                if there.status() == UserStatus::ForceChangePassword {
                    there.status = Some(UserStatus::Confirmed);
                }
                tx.put(&USERS, desk.cx.scope(), &key, &there)?;
                Ok(there)
            })
            .await?;
        self.after_factors(desk, user, &opened.session.course).await
    }
}

/// Where a code went, as challenges tell it.
pub(super) fn delivered(channel: &codes::Channel, user: &User) -> Parameters {
    let details = channel.details();
    parameters([
        ("CODE_DELIVERY_DELIVERY_MEDIUM", details.delivery_medium.map(|m| m.as_str().to_owned()).unwrap_or_default()),
        ("CODE_DELIVERY_DESTINATION", details.destination.unwrap_or_default()),
        ("USER_ID_FOR_SRP", user.username.clone()),
    ])
}

fn same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
