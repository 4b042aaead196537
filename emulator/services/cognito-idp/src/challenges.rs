//! Answers to challenges: the proof of a password (SRP), and the new password of a user whose own was temporary.

use crate::{
    CognitoIdp,
    attributes::{self, Writer},
    auth::{Block, Outcome, Proven, Session, Step, answer, required, server_secret, standing, wrong},
    model::*,
    names::Desk,
    password, seal, srp,
    state::*,
    users,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use kit::{Context, Fault};
use std::collections::BTreeMap;

type Responses = BTreeMap<String, String>;

impl CognitoIdp {
    /// Answers a challenge.
    pub async fn respond_to_auth_challenge(
        &self,
        cx: &Context,
        input: RespondToAuthChallengeInput,
    ) -> Result<RespondToAuthChallengeOutput, Fault> {
        let desk = Desk::of_client(cx, &input.client_id)?;
        let responses = input.challenge_responses.unwrap_or_default();
        Ok(answer!(RespondToAuthChallengeOutput, self.respond(&desk, input.challenge_name, responses, input.session).await?))
    }

    /// Answers a challenge on behalf of a server.
    pub async fn admin_respond_to_auth_challenge(
        &self,
        cx: &Context,
        input: AdminRespondToAuthChallengeInput,
    ) -> Result<AdminRespondToAuthChallengeOutput, Fault> {
        let desk = Desk::of_pool(cx, &input.user_pool_id, &input.client_id)?;
        let responses = input.challenge_responses.unwrap_or_default();
        Ok(answer!(AdminRespondToAuthChallengeOutput, self.respond(&desk, input.challenge_name, responses, input.session).await?))
    }

    async fn respond(
        &self,
        desk: &Desk,
        challenge: ChallengeNameType,
        responses: Responses,
        session: Option<String>,
    ) -> Result<Outcome, Fault> {
        let step = self.answer_challenge(desk, challenge, responses, session).await?;
        self.finish(desk, step).await
    }

    /// Judges the answer to a challenge.
    pub(crate) async fn answer_challenge(
        &self,
        desk: &Desk,
        challenge: ChallengeNameType,
        responses: Responses,
        session: Option<String>,
    ) -> Result<Step, Fault> {
        let username = required(&responses, "USERNAME")?;
        desk.check_secret(username, responses.get("SECRET_HASH").map(String::as_str))?;
        match challenge {
            ChallengeNameType::PasswordVerifier => self.password_verifier(desk, &responses).await,
            ChallengeNameType::NewPasswordRequired => self.new_password(desk, &responses, session).await,
            other => Err(refused("RespondToAuthChallenge", &format!("ChallengeName {other}"))),
        }
    }

    async fn password_verifier(&self, desk: &Desk, responses: &Responses) -> Result<Step, Fault> {
        let block_text = required(responses, "PASSWORD_CLAIM_SECRET_BLOCK")?;
        let signature = required(responses, "PASSWORD_CLAIM_SIGNATURE")?;
        let timestamp = required(responses, "TIMESTAMP")?;
        let (cx, pool) = (&desk.cx, &desk.pool);
        let block: Block = seal::open(&pool.secret, "srp", block_text).ok_or_else(wrong)?;
        if block.client != desk.client.id() || block.expires <= cx.now().secs() {
            return Err(not_authorized("Invalid session for the user, session is expired."));
        }
        let login = &responses["USERNAME"];
        let user = match &block.user {
            Some(key) => cx.store().read(|s| {
                let named = find_user(s, cx.scope(), pool, login)?.filter(|u| u.key(pool) == *key);
                Ok::<_, Fault>(named)
            })?,
            None => None,
        };
        let user = user.ok_or_else(wrong)?;
        standing(desk, &user)?;
        let (Some(verifier), Some(a_public)) = (&user.password, srp::client_public(&block.a)) else { return Err(wrong()) };
        let bytes = STANDARD.decode(block_text).map_err(|_| wrong())?;
        let b = server_secret(pool, &block);
        let right = srp::is_timestamp(timestamp)
            && srp::signed(verifier, &a_public, &b, pool.srp_name(), &block.name, &bytes, timestamp, signature);
        self.after_password(desk, user, right).await
    }

    async fn new_password(&self, desk: &Desk, responses: &Responses, session: Option<String>) -> Result<Step, Fault> {
        let (cx, pool) = (&desk.cx, &desk.pool);
        let text = required(responses, "NEW_PASSWORD")?;
        let session = session.ok_or_else(|| bad("Missing required parameter Session"))?;
        let invalid = || not_authorized("Invalid session for the user.");
        let session: Session = seal::open(&pool.secret, "session", &session).ok_or_else(invalid)?;
        if session.client != desk.client.id() || session.challenge != ChallengeNameType::NewPasswordRequired {
            return Err(invalid());
        }
        if session.expires <= cx.now().secs() {
            return Err(not_authorized("Invalid session for the user, session is expired."));
        }
        let login = &responses["USERNAME"];
        let given: Vec<AttributeType> = responses
            .iter()
            .filter_map(|(name, value)| {
                Some(AttributeType { name: name.strip_prefix("userAttributes.")?.into(), value: Some(value.clone()) })
            })
            .collect();
        let user = cx
            .store()
            .write(|tx| {
                let mut user = find_user(tx, cx.scope(), pool, login)?.filter(|u| u.key(pool) == session.user).ok_or_else(invalid)?;
                // A session answers once: afterwards the user is no longer waiting for a new password.
                if user.disabled || user.status() != UserStatus::ForceChangePassword {
                    return Err(invalid());
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
        Ok(Proven::of(user))
    }
}
