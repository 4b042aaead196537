//! What users of a pool in audit mode did: noted as it happens, listed and commented by administrators.

use super::{audits, protected};
use crate::{CognitoIdp, Error, auth::Proofs, model::*, pools::bad_token, state::*};
use kit::{Context, Fault, Read, Scope, Table, TableScope, Timestamp, Tx};
use serde::{Deserialize, Serialize};

/// Events by pool, user and moment, the newest first.
pub(crate) const EVENTS: Table<(String, String, String), Event> = Table::new("cognito-idp.auth-events", TableScope::Region);
/// Events of one user that are kept; AWS keeps those of two years.
const MOST: usize = 1000;

/// What a user did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Event {
    id: String,
    kind: EventType,
    response: EventResponseType,
    /// Factors that were asked for, in order. Rows of an earlier version have none.
    #[serde(default)]
    challenges: Vec<(ChallengeName, ChallengeResponse)>,
    ip: Option<String>,
    at: Timestamp,
    feedback: Option<(FeedbackValueType, Timestamp)>,
}

/// Something that a user did.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Happened {
    SignedIn(Proofs),
    /// A wrong password, and a wrong code of a second factor.
    WrongPassword,
    WrongCode,
    /// A wrong passkey or one-time password, and a refusal by the pool's functions: AWS has no name for these challenges.
    NotProved,
    SignedUp,
    AskedForPassword,
    /// A forgotten password is another now; the code for it was wrong.
    ResetPassword,
    WrongResetCode,
    ChangedPassword,
    /// The old password was wrong.
    KeptPassword,
    AskedForCode,
}

impl Happened {
    fn described(self) -> (EventType, EventResponseType) {
        use EventResponseType::{Fail, InProgress, Pass};
        match self {
            Happened::SignedIn(_) => (EventType::SignIn, Pass),
            Happened::WrongPassword | Happened::WrongCode | Happened::NotProved => (EventType::SignIn, Fail),
            Happened::SignedUp => (EventType::SignUp, Pass),
            Happened::AskedForPassword => (EventType::ForgotPassword, InProgress),
            Happened::ResetPassword => (EventType::ForgotPassword, Pass),
            Happened::WrongResetCode => (EventType::ForgotPassword, Fail),
            Happened::ChangedPassword => (EventType::PasswordChange, Pass),
            Happened::KeptPassword => (EventType::PasswordChange, Fail),
            Happened::AskedForCode => (EventType::ResendCode, Pass),
        }
    }

    /// The factors that were asked for.
    fn challenges(self) -> Vec<(ChallengeName, ChallengeResponse)> {
        use ChallengeResponse::{Failure, Success};
        match self {
            Happened::SignedIn(proofs) => {
                let proved = [(proofs.password, ChallengeName::Password), (proofs.second, ChallengeName::Mfa)];
                proved.into_iter().filter(|(is, _)| *is).map(|(_, name)| (name, Success)).collect()
            }
            Happened::WrongPassword => vec![(ChallengeName::Password, Failure)],
            Happened::WrongCode => vec![(ChallengeName::Mfa, Failure)],
            _ => Vec::new(),
        }
    }
}

/// Notes what a user did, where the pool lists it.
pub(crate) async fn note(cx: &Context, pool: &Pool, user: &User, happened: Happened) -> Result<(), Fault> {
    if !audits(pool) {
        return Ok(());
    }
    let (kind, response) = happened.described();
    let (id, ip, at) = (cx.ids().uuid(), cx.source().ip.map(|ip| ip.to_string()), cx.now());
    let event = Event { id: id.clone(), kind, response, challenges: happened.challenges(), ip, at, feedback: None };
    // Counting down from the end of time puts the newest first.
    let moment = u64::MAX - u64::try_from(at.unix_ns).unwrap_or_default();
    let key = (pool.id.clone(), user.key(pool), format!("{moment:020}/{id}"));
    cx.store()
        .write(|tx| {
            let there = tx.scan(&EVENTS, cx.scope()).prefix(&(key.0.as_str(), key.1.as_str())).keys();
            let old: Vec<_> = there.skip(MOST - 1).collect::<Result<_, Fault>>()?;
            old.iter().try_for_each(|old| tx.delete(&EVENTS, cx.scope(), old).map(drop))?;
            tx.put(&EVENTS, cx.scope(), &key, &event)
        })
        .await
}

type Rows = Vec<((String, String, String), Event)>;

fn of_user(read: &impl Read, scope: &Scope, pool_id: &str, user_key: &str) -> Result<Rows, Fault> {
    read.scan(&EVENTS, scope).prefix(&(pool_id, user_key)).collect()
}

/// Events of a deleted user go with him.
pub(crate) fn forget_all(tx: &mut Tx<'_>, scope: &Scope, pool_id: &str, user_key: &str) -> Result<(), Fault> {
    let rows = of_user(tx, scope, pool_id, user_key)?;
    rows.iter().try_for_each(|(key, _)| tx.delete(&EVENTS, scope, key).map(drop))
}

impl CognitoIdp {
    /// What a user did, the newest first. No risk is assessed: every event says so.
    pub async fn admin_list_user_auth_events(
        &self,
        cx: &Context,
        input: AdminListUserAuthEventsInput,
    ) -> Result<AdminListUserAuthEventsOutput, Fault> {
        let all = cx.store().read(|s| {
            let pool = protected(s, cx, &input.user_pool_id)?;
            let user = user(s, cx.scope(), &pool, &input.username)?;
            of_user(s, cx.scope(), &pool.id, &user.key(&pool))
        })?;
        let limit = input.max_results.filter(|n| *n > 0).unwrap_or(60) as usize;
        let page = kit::pages::page(all, |((_, _, moment), _)| moment.clone(), input.next_token.as_deref(), limit, bad_token)?;
        let events = page.items.into_iter().map(|(_, event)| event.shown()).collect();
        Ok(AdminListUserAuthEventsOutput { auth_events: Some(events), next_token: page.next })
    }

    /// Says whether an event was the user's own doing.
    pub async fn admin_update_auth_event_feedback(
        &self,
        cx: &Context,
        input: AdminUpdateAuthEventFeedbackInput,
    ) -> Result<AdminUpdateAuthEventFeedbackOutput, Fault> {
        cx.store()
            .write(|tx| {
                let pool = protected(tx, cx, &input.user_pool_id)?;
                let user = user(tx, cx.scope(), &pool, &input.username)?;
                let rows = of_user(tx, cx.scope(), &pool.id, &user.key(&pool))?;
                let found = rows.into_iter().find(|(_, event)| event.id == input.event_id);
                let (key, mut event) = found.ok_or_else(|| Error::ResourceNotFound.says("Event does not exist."))?;
                event.feedback = Some((input.feedback_value, cx.now()));
                tx.put(&EVENTS, cx.scope(), &key, &event)
            })
            .await?;
        Ok(AdminUpdateAuthEventFeedbackOutput {})
    }
}

impl Event {
    fn shown(self) -> AuthEventType {
        let shown = |(name, response)| ChallengeResponseType { challenge_name: Some(name), challenge_response: Some(response) };
        AuthEventType {
            event_id: Some(self.id),
            event_type: Some(self.kind),
            creation_date: Some(self.at),
            event_response: Some(self.response),
            event_risk: Some(EventRiskType {
                risk_decision: Some(RiskDecisionType::NoRisk),
                compromised_credentials_detected: Some(false),
                ..Default::default()
            }),
            challenge_responses: Some(self.challenges.into_iter().map(shown).collect()),
            event_context_data: self.ip.map(|ip| EventContextDataType { ip_address: Some(ip), ..Default::default() }),
            event_feedback: self.feedback.map(|(value, at)| EventFeedbackType {
                feedback_value: Some(value),
                provider: "Admin".into(),
                feedback_date: Some(at),
            }),
        }
    }
}
