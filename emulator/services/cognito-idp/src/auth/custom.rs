//! CUSTOM_AUTH: functions of the pool say what is asked, in as many rounds as they like; a proof by SRP may come first.

use super::{Course, Opened, Parameters, Session, Step, required, sessions, srp_flow, standing, standing_at_first, wrong};
use crate::{
    CognitoIdp, Error,
    model::*,
    names::Desk,
    nobody, password,
    protection::{self, Happened},
    seal,
    state::*,
    triggers::{Defined, Round},
};
use kit::{Fault, Read};

/// Questions of one sign-in.
const MOST_ROUNDS: usize = 50;

impl CognitoIdp {
    /// By USERNAME; with CHALLENGE_NAME SRP_A and SRP_A the password is proved first, if the functions say so.
    pub(super) async fn by_custom(&self, desk: &Desk, given: Parameters) -> Result<Step, Fault> {
        let username = required(&given, "USERNAME")?;
        desk.check_secret(username, given.get("SECRET_HASH").map(String::as_str))?;
        let user = desk.cx.store().read(|s| find_user(s, desk.cx.scope(), &desk.pool, username))?;
        match &user {
            None if !desk.client.hides_users() => return Err(no_such_user()),
            Some(user) => standing_at_first(desk, user)?,
            None => nobody::check_lock(desk, username)?,
        }
        desk.who().pre_authentication(username, user.as_ref()).await?;
        let course = Course { device_key: given.get("DEVICE_KEY").cloned(), ..Course::default() };
        let mut session = Session::new(desk, user.as_ref(), username, &course);
        let a = given.get("SRP_A").filter(|_| given.get("CHALLENGE_NAME").is_some_and(|name| name == "SRP_A"));
        if a.is_some() {
            session.rounds.push(Round { name: "SRP_A".into(), right: true, metadata: None });
        }
        self.next_round(desk, session, user, a.map(String::as_str)).await
    }

    /// Asks the functions what comes next, and does it.
    async fn next_round(&self, desk: &Desk, mut session: Session, user: Option<User>, a: Option<&str>) -> Result<Step, Fault> {
        if session.rounds.len() > MOST_ROUNDS {
            return Err(wrong());
        }
        let login = session.login.clone();
        match desk.who().define_challenge(&login, user.as_ref(), &session.rounds).await? {
            Defined::Failure => {
                if let Some(user) = &user {
                    protection::note(&desk.cx, &desk.pool, user, Happened::NotProved).await?;
                }
                Err(wrong())
            }
            Defined::Tokens => {
                let user = user.ok_or_else(wrong)?;
                standing(desk, &user)?;
                self.after_factors(desk, user, &session.course).await
            }
            Defined::Challenge(name) if name == "CUSTOM_CHALLENGE" => {
                let question = desk.who().create_challenge(&login, user.as_ref(), &name, &session.rounds).await?;
                session.private = question.private;
                session.question = question.metadata;
                session.ends = sessions::end(desk);
                let mut asked = question.public;
                asked.insert("USERNAME".into(), user.as_ref().map_or_else(|| desk.pretended_name(&login), |u| u.username.clone()));
                session.ask(desk, ChallengeNameType::CustomChallenge, asked).await
            }
            Defined::Challenge(name) if name == "PASSWORD_VERIFIER" => {
                let a =
                    a.ok_or_else(|| Error::InvalidLambdaResponse.says("DefineAuthChallenge returned PASSWORD_VERIFIER without SRP_A."))?;
                let course = session.course.clone();
                session.challenge = name;
                let text = session.keep(desk).await?;
                let kept: Option<(String, String)> = seal::open(&desk.pool.secret, "session", &text);
                srp_flow::exchange(desk, &login, user, a, course, kept.map(|(_, id)| id))
            }
            Defined::Challenge(name) => Err(refused("InitiateAuth", &format!("challenge {name} returned by DefineAuthChallenge"))),
        }
    }

    /// The proof by SRP inside a custom sign-in: the functions judge what it is worth.
    pub(super) async fn custom_after_srp(&self, desk: &Desk, id: &str, user: Option<User>, right: bool) -> Result<Step, Fault> {
        let key = (desk.pool.id.clone(), id.to_owned());
        let session = desk.cx.store().read(|s| s.get(&sessions::SESSIONS, desk.cx.scope(), &key))?.ok_or_else(sessions::expired)?;
        let opened = Opened { id: id.to_owned(), session, user };
        opened.take(desk).await?;
        match &opened.user {
            None => nobody::count(desk, &opened.session.login).await?,
            Some(user) => {
                standing_at_first(desk, user)?;
                match right {
                    true => password::forget_failures(&desk.cx, &desk.pool, user).await?,
                    false => password::count_failure(&desk.cx, &desk.pool, user).await?,
                }
            }
        }
        let Opened { mut session, user, .. } = opened;
        session.used = false;
        session.course.proofs.password |= right;
        session.rounds.push(Round { name: "PASSWORD_VERIFIER".into(), right, metadata: None });
        self.next_round(desk, session, user, None).await
    }

    /// The answer to a question of the functions.
    pub(super) async fn custom_challenge(&self, desk: &Desk, opened: Opened, responses: &Parameters) -> Result<Step, Fault> {
        let answer = required(responses, "ANSWER")?;
        opened.take(desk).await?;
        let Opened { mut session, user, .. } = opened;
        let right = desk.who().verify_answer(&session.login, user.as_ref(), &session.private, answer).await?;
        session.rounds.push(Round { name: "CUSTOM_CHALLENGE".into(), right, metadata: session.question.take() });
        session.private.clear();
        self.next_round(desk, session, user, None).await
    }
}
