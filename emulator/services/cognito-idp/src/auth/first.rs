//! The first factor when it is a password: given as it is, and the new one of a user whose own was temporary.

use super::{Course, Opened, Parameters, Proofs, Session, Step, parameters, required, sessions, standing, standing_at_first, wrong};
use crate::{
    CognitoIdp, Error,
    attributes::{self, Writer},
    model::*,
    names::Desk,
    nobody, password,
    protection::{self, Happened},
    state::*,
    users,
};
use kit::Fault;
use serde_json::json;

impl CognitoIdp {
    /// By USERNAME and PASSWORD, whatever flows the client allows: its hosted pages come here too.
    pub(crate) async fn by_password(&self, desk: &Desk, parameters: Parameters) -> Result<Step, Fault> {
        let username = required(&parameters, "USERNAME")?;
        let text = required(&parameters, "PASSWORD")?;
        desk.check_secret(username, parameters.get("SECRET_HASH").map(String::as_str))?;
        let found = desk.cx.store().read(|s| find_user(s, desk.cx.scope(), &desk.pool, username))?;
        let found = match found {
            Some(user) => Some(user),
            None => self.migrated(desk, username, text).await?,
        };
        let course = Course { device_key: parameters.get("DEVICE_KEY").cloned(), ..Course::default() };
        self.password_of(desk, username, found, text, &course).await
    }

    /// Goes on with a user, or nobody, and a password.
    pub(super) async fn password_of(
        &self,
        desk: &Desk,
        login: &str,
        found: Option<User>,
        text: &str,
        course: &Course,
    ) -> Result<Step, Fault> {
        let Some(user) = found else {
            if !desk.client.hides_users() {
                return Err(no_such_user());
            }
            nobody::check_lock(desk, login)?;
            desk.who().pre_authentication(login, None).await?;
            return self.password_of_nobody(desk, login, text).await;
        };
        standing_at_first(desk, &user)?;
        desk.who().pre_authentication(login, Some(&user)).await?;
        self.password_of_user(desk, login, user, text, course).await
    }

    /// Judges a user's password.
    pub(super) async fn password_of_user(&self, desk: &Desk, login: &str, user: User, text: &str, course: &Course) -> Result<Step, Fault> {
        let right = match user.password {
            Some(_) => password::matches(&desk.pool, &user, text),
            None => pretend_to_judge(desk, login, text),
        };
        self.after_password(desk, user, right, course).await
    }
    /// Judges the password of a user who is not there and must not be seen not to be.
    pub(super) async fn password_of_nobody(&self, desk: &Desk, login: &str, text: &str) -> Result<Step, Fault> {
        pretend_to_judge(desk, login, text);
        nobody::count(desk, login).await?;
        Err(wrong())
    }

    /// A user whom the pool's migration function knows, made now with his password.
    async fn migrated(&self, desk: &Desk, username: &str, text: &str) -> Result<Option<User>, Fault> {
        let Some(migrated) = desk.who().migrate("Authentication", username, Some(text)).await? else { return Ok(None) };
        let confirmed = migrated.confirmed;
        let mut user = users::of_migration(&desk.cx, &desk.pool, username, &migrated)?;
        password::set(&desk.cx, &desk.pool, &mut user, text)?;
        user.status = Some(if confirmed { UserStatus::Confirmed } else { UserStatus::ResetRequired });
        users::insert(&desk.cx, &desk.pool, &user, migrated.force_alias).await?;
        Ok(Some(user))
    }

    /// Goes on once the password was right or wrong.
    pub(super) async fn after_password(&self, desk: &Desk, user: User, right: bool, course: &Course) -> Result<Step, Fault> {
        if !right {
            password::count_failure(&desk.cx, &desk.pool, &user).await?;
            protection::note(&desk.cx, &desk.pool, &user, Happened::WrongPassword).await?;
            return Err(wrong());
        }
        standing(desk, &user)?;
        password::forget_failures(&desk.cx, &desk.pool, &user).await?;
        let course = &Course { proofs: Proofs { password: true, ..course.proofs }, ..course.clone() };
        match user.status() {
            UserStatus::ResetRequired => Err(Error::PasswordResetRequired.says("Password reset required for the user")),
            UserStatus::ForceChangePassword => match user.temporary_until.is_some_and(|until| until <= desk.cx.now()) {
                true => Err(not_authorized("Temporary password has expired and must be reset by an administrator.")),
                false => new_password_required(desk, &user, course).await,
            },
            _ => self.after_first_factor(desk, user, course).await,
        }
    }

    /// The new password of a user whose own was temporary.
    pub(super) async fn new_password(&self, desk: &Desk, opened: Opened, responses: &Parameters) -> Result<Step, Fault> {
        let (cx, pool) = (&desk.cx, &desk.pool);
        let text = required(responses, "NEW_PASSWORD")?;
        let key = opened.user()?.key(pool);
        let given: Vec<AttributeType> = responses
            .iter()
            .filter_map(|(name, value)| {
                Some(AttributeType { name: name.strip_prefix("userAttributes.")?.into(), value: Some(value.clone()) })
            })
            .collect();
        let user = cx
            .store()
            .write(|tx| {
                use kit::Read;
                let mut user = tx.get(&USERS, cx.scope(), &(pool.id.clone(), key))?.ok_or_else(sessions::invalid)?;
                // Afterwards the user is no longer waiting for a new password.
                if user.disabled || user.status() != UserStatus::ForceChangePassword {
                    return Err(sessions::invalid());
                }
                password::set(cx, pool, &mut user, text)?;
                // What can't be changed later can still be given here, where it is missing.
                let changes = attributes::first_values(pool, Writer::User(&desk.client), &user.attributes, &given)?;
                users::apply(cx, tx, pool, &mut user, changes)?;
                if let Some(missing) = attributes::missing_required(pool, &user.attributes).first() {
                    return Err(bad(format!("Invalid attributes given, {missing} is missing")));
                }
                user.status = Some(UserStatus::Confirmed);
                tx.put(&USERS, cx.scope(), &(pool.id.clone(), user.key(pool)), &user)?;
                Ok(user)
            })
            .await?;
        opened.take(desk).await?;
        let course = Course { source: "NewPasswordChallenge".into(), ..opened.session.course };
        self.after_first_factor(desk, user, &course).await
    }
}

/// The sums of a password that is there, so that time tells nothing; always wrong.
fn pretend_to_judge(desk: &Desk, login: &str, text: &str) -> bool {
    super::srp_flow::pretended_verifier(&desk.pool, login).matches(desk.pool.srp_name(), login, text);
    false
}

async fn new_password_required(desk: &Desk, user: &User, course: &Course) -> Result<Step, Fault> {
    let missing: Vec<String> =
        attributes::missing_required(&desk.pool, &user.attributes).iter().map(|name| format!("userAttributes.{name}")).collect();
    let asked = parameters([
        ("USER_ID_FOR_SRP", user.username.clone()),
        ("requiredAttributes", json!(missing).to_string()),
        ("userAttributes", json!(user.attributes).to_string()),
    ]);
    Session::new(desk, Some(user), &user.username, course).ask(desk, ChallengeNameType::NewPasswordRequired, asked).await
}
