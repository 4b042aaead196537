//! Sign-ins under way: what the Session of a challenge stands for. A session answers once, and only for its client, user and challenge.

use super::{Course, Parameters, Step};
use crate::{model::*, names::Desk, seal, state::*, triggers::Round};
use kit::{Context, Fault, Index, Read, Table, TableScope, Tx, store::key_bytes};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Sessions by pool and id.
pub(crate) const SESSIONS: Table<(String, String), Session> = Table::new("cognito-idp.sessions", TableScope::Region)
    .indexes(&[Index { name: "end", keys: |s| vec![key_bytes(&(s.pool_id.as_str(), s.ends))] }]);
/// Wrong answers before a session is over.
const MOST_WRONG: u32 = 3;

/// What stands behind a Session.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Session {
    pub pool_id: String,
    pub client_id: String,
    /// The challenge that it answers.
    pub challenge: String,
    /// Absent for a user who is not there and must not be seen not to be.
    pub user_key: Option<String>,
    /// The name that the client used.
    pub login: String,
    /// Seconds.
    pub ends: i64,
    pub used: bool,
    pub wrong: u32,
    pub course: Course,
    /// A one-time password takes the place of the password, and no second factor follows.
    pub first: bool,
    /// The code that was sent.
    pub code: Option<String>,
    /// What the client may choose from.
    pub choices: Vec<String>,
    /// Secret of an authenticator that is being set up, and whether it has proved itself.
    pub totp: Option<String>,
    pub totp_proved: bool,
    /// Custom sign-in: questions so far, and what the right answer is made of.
    pub rounds: Vec<Round>,
    pub private: BTreeMap<String, String>,
    pub question: Option<String>,
}

/// A session that a client came back with.
pub(crate) struct Opened {
    pub id: String,
    pub session: Session,
    pub user: Option<User>,
}

impl Session {
    /// A session of this client.
    pub fn new(desk: &Desk, user: Option<&User>, login: &str, course: &Course) -> Session {
        Session {
            pool_id: desk.pool.id.clone(),
            client_id: desk.client.id().into(),
            user_key: user.map(|u| u.key(&desk.pool)),
            login: login.into(),
            ends: end(desk),
            course: course.clone(),
            ..Session::default()
        }
    }
    /// Whether the question comes before any factor is proved.
    fn is_unproven(&self) -> bool {
        let names = [
            ChallengeNameType::SelectChallenge,
            ChallengeNameType::Password,
            ChallengeNameType::PasswordSrp,
            ChallengeNameType::CustomChallenge,
            ChallengeNameType::WebAuthn,
        ];
        self.first || names.iter().any(|name| name.as_str() == self.challenge)
    }
    /// Puts the session's question to the client.
    pub async fn ask(mut self, desk: &Desk, name: ChallengeNameType, parameters: Parameters) -> Result<Step, Fault> {
        self.challenge = name.as_str().into();
        let available = match name {
            ChallengeNameType::SelectChallenge => self.choices.iter().filter_map(|c| ChallengeNameType::parse(c)).collect(),
            _ => Vec::new(),
        };
        let session = Some(self.keep(desk).await?);
        Ok(Step::Challenge { name, session, parameters, available })
    }
    /// Keeps the session; the text that clients hold.
    pub async fn keep(self, desk: &Desk) -> Result<String, Fault> {
        let cx = &desk.cx;
        let id = cx.ids().hex(32);
        let text = seal::seal(&desk.pool.secret, "session", &(&self.pool_id, &id));
        cx.store()
            .write(|tx| {
                drop_ended(cx, tx, &desk.pool)?;
                tx.put(&SESSIONS, cx.scope(), &(self.pool_id.clone(), id), &self)
            })
            .await?;
        Ok(text)
    }
}

/// When a question asked now is no longer answered, seconds.
pub(crate) fn end(desk: &Desk) -> i64 {
    let minutes = desk.client.settings.auth_session_validity.unwrap_or(3);
    desk.cx.now().secs() + 60 * i64::from(minutes)
}

/// The session of a text.
pub(crate) fn open(desk: &Desk, text: Option<String>, challenge: ChallengeNameType, username: &str) -> Result<Opened, Fault> {
    let text = text.ok_or_else(|| bad("Missing required parameter Session"))?;
    let opened = find(&desk.cx, &desk.pool, &text)?;
    let session = &opened.session;
    let names = |user: &User| {
        desk.cx.store().read(|s| find_user(s, desk.cx.scope(), &desk.pool, username)).map(|u| u.is_some_and(|u| u.sub == user.sub))
    };
    let same_user = match &opened.user {
        Some(user) => names(user)?,
        None => session.login == username || desk.pretended_name(&session.login) == username,
    };
    if session.client_id != desk.client.id() || session.challenge != challenge.as_str() || !same_user {
        return Err(invalid());
    }
    match &opened.user {
        // Who has proved nothing yet hears it only where the client does not hide users.
        Some(user) if user.disabled && !(session.is_unproven() && desk.client.hides_users()) => Err(not_authorized("User is disabled.")),
        _ => Ok(opened),
    }
}

/// The session of a text, of whatever challenge.
pub(crate) fn find(cx: &Context, pool: &Pool, text: &str) -> Result<Opened, Fault> {
    let (_, id): (String, String) = seal::open(&pool.secret, "session", text).ok_or_else(invalid)?;
    let (session, user) = cx.store().read(|s| {
        let session = s.get(&SESSIONS, cx.scope(), &(pool.id.clone(), id.clone()))?;
        let key = session.as_ref().and_then(|s| s.user_key.clone());
        let user = key.map(|key| s.get(&USERS, cx.scope(), &(pool.id.clone(), key))).transpose()?.flatten();
        Ok::<_, Fault>((session, user))
    })?;
    // A row that is gone was swept away after its end.
    let session = session.filter(|s| s.ends > cx.now().secs()).ok_or_else(expired)?;
    if session.used {
        return Err(not_authorized("Invalid session for the user, session can only be used once."));
    }
    match session.user_key.is_some() && user.is_none() {
        true => Err(invalid()),
        false => Ok(Opened { id, session, user }),
    }
}

/// The session of a text that comes without client and pool, with a context in its pool's account and region.
pub(crate) fn find_session(cx: &Context, text: &str) -> Result<(Context, Pool, Opened), Fault> {
    let (pool_id, _): (String, String) = seal::peek(text).ok_or_else(invalid)?;
    let place = place(cx, &pool_id)?.filter(|p| p.pool_id == pool_id).ok_or_else(invalid)?;
    let cx = cx.in_scope(place.scope());
    let pool = cx.store().read(|s| pool(s, cx.scope(), &pool_id)).map_err(|_| invalid())?;
    let opened = find(&cx, &pool, text)?;
    Ok((cx, pool, opened))
}

impl Opened {
    /// The user; a user who is not there fails as one with a wrong password does.
    pub fn user(&self) -> Result<&User, Fault> {
        self.user.as_ref().ok_or_else(super::wrong)
    }
    /// Uses the session up; whoever comes second is refused.
    pub async fn take(&self, desk: &Desk) -> Result<(), Fault> {
        let key = (desk.pool.id.clone(), self.id.clone());
        desk.cx
            .store()
            .write(|tx| {
                let mut there = tx.get(&SESSIONS, desk.cx.scope(), &key)?.ok_or_else(expired)?;
                if there.used {
                    return Err(not_authorized("Invalid session for the user, session can only be used once."));
                }
                there.used = true;
                tx.put(&SESSIONS, desk.cx.scope(), &key, &there)
            })
            .await
    }
    /// Counts a wrong answer; the session is over after the third.
    pub async fn missed(&self, desk: &Desk) -> Result<(), Fault> {
        let key = (desk.pool.id.clone(), self.id.clone());
        desk.cx
            .store()
            .write(|tx| {
                let Some(mut there) = tx.get(&SESSIONS, desk.cx.scope(), &key)? else { return Ok(()) };
                there.wrong += 1;
                there.used = there.wrong >= MOST_WRONG;
                tx.put(&SESSIONS, desk.cx.scope(), &key, &there)
            })
            .await
    }
}

/// Keeps the mark of something that counts once, until a moment (seconds); whoever comes second is refused as one with a wrong proof.
pub(crate) async fn spend(desk: &Desk, mark: String, ends: i64) -> Result<(), Fault> {
    let (cx, key) = (&desk.cx, (desk.pool.id.clone(), mark));
    cx.store()
        .write(|tx| {
            drop_ended(cx, tx, &desk.pool)?;
            if tx.exists(&SESSIONS, cx.scope(), &key)? {
                return Err(super::wrong());
            }
            tx.put(&SESSIONS, cx.scope(), &key, &Session { pool_id: desk.pool.id.clone(), ends, used: true, ..Session::default() })
        })
        .await
}

pub(crate) fn invalid() -> Fault {
    not_authorized("Invalid session for the user.")
}

pub(crate) fn expired() -> Fault {
    not_authorized("Invalid session for the user, session is expired.")
}

/// Rows of sessions that are over go with later ones, a few at a time: no timer for each.
fn drop_ended(cx: &Context, tx: &mut Tx<'_>, pool: &Pool) -> Result<(), Fault> {
    let mut ended = Vec::new();
    for row in tx.by_index(&SESSIONS, cx.scope(), "end", &(pool.id.as_str(),)).limit(8) {
        let (key, session) = row?;
        if session.ends <= cx.now().secs() {
            ended.push(key);
        }
    }
    ended.iter().try_for_each(|key| tx.delete(&SESSIONS, cx.scope(), key).map(drop))
}
