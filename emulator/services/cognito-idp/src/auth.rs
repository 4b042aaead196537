//! Sign-in: InitiateAuth and its administrators' twin, by password and by SRP, up to tokens or a challenge.

use crate::{CognitoIdp, Error, attributes, clients, model::*, names::Desk, password, seal, srp, state::*, tokens};
use kit::{Context, Fault, Read};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

type Parameters = BTreeMap<String, String>;

/// How far a sign-in has come. Whoever asked makes of a user who is proved what he needs: tokens, or a code of OAuth.
pub(crate) enum Step {
    /// The user has proved who he is.
    Proven(Box<Proven>),
    /// The client is to answer a question.
    Challenge { name: ChallengeNameType, session: Option<String>, parameters: Parameters },
}

/// A user who has proved who he is.
pub(crate) struct Proven {
    pub user: User,
    /// The device it happened on, where the client named one that is known.
    pub device_key: Option<String>,
}

impl Proven {
    pub fn of(user: User) -> Step {
        Step::Proven(Box::new(Proven { user, device_key: None }))
    }
}

/// How far a request has come.
pub(crate) enum Outcome {
    /// It is done.
    Tokens(AuthenticationResultType),
    /// The client is to answer a question.
    Challenge { name: ChallengeNameType, session: Option<String>, parameters: Parameters },
}

/// Writes an outcome as the output of one of the four operations, which are alike.
macro_rules! answer {
    ($output:ident, $outcome:expr) => {
        match $outcome {
            $crate::auth::Outcome::Tokens(result) => {
                $output { authentication_result: Some(result), challenge_parameters: Some(Default::default()), ..Default::default() }
            }
            $crate::auth::Outcome::Challenge { name, session, parameters } => {
                $output { challenge_name: Some(name), session, challenge_parameters: Some(parameters), ..Default::default() }
            }
        }
    };
}
pub(crate) use answer;

/// What a SECRET_BLOCK carries: the client's side of an SRP exchange. The server's secret number is derived from it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Block {
    /// The user's key; absent for a user who is not there and must not be seen not to be.
    pub user: Option<String>,
    /// USER_ID_FOR_SRP.
    pub name: String,
    pub client: String,
    /// The client's public number.
    pub a: String,
    pub nonce: String,
    pub expires: i64,
}

/// What a Session carries.
#[derive(Serialize, Deserialize)]
pub(crate) struct Session {
    pub challenge: ChallengeNameType,
    pub user: String,
    pub client: String,
    pub expires: i64,
}

impl CognitoIdp {
    /// Begins a sign-in.
    pub async fn initiate_auth(&self, cx: &Context, input: InitiateAuthInput) -> Result<InitiateAuthOutput, Fault> {
        let desk = Desk::of_client(cx, &input.client_id)?;
        let parameters = input.auth_parameters.unwrap_or_default();
        if matches!(input.auth_flow, AuthFlowType::AdminNoSrpAuth | AuthFlowType::AdminUserPasswordAuth) {
            return Err(bad("Initiate Auth method not supported."));
        }
        Ok(answer!(InitiateAuthOutput, self.initiate(&desk, input.auth_flow, parameters).await?))
    }

    /// Begins a sign-in on behalf of a server.
    pub async fn admin_initiate_auth(&self, cx: &Context, input: AdminInitiateAuthInput) -> Result<AdminInitiateAuthOutput, Fault> {
        let desk = Desk::of_pool(cx, &input.user_pool_id, &input.client_id)?;
        let parameters = input.auth_parameters.unwrap_or_default();
        Ok(answer!(AdminInitiateAuthOutput, self.initiate(&desk, input.auth_flow, parameters).await?))
    }

    async fn initiate(&self, desk: &Desk, flow: AuthFlowType, parameters: Parameters) -> Result<Outcome, Fault> {
        match flow {
            AuthFlowType::RefreshToken | AuthFlowType::RefreshTokenAuth => {
                match clients::allows(&desk.client, ExplicitAuthFlowsType::AllowRefreshTokenAuth, None) {
                    true => self.by_refresh_token(desk, parameters).await.map(Outcome::Tokens),
                    false => Err(bad("REFRESH_TOKEN_AUTH is not enabled for the client.")),
                }
            }
            _ => {
                let step = self.begin(desk, flow, parameters).await?;
                self.finish(desk, step).await
            }
        }
    }

    /// Tokens for a user who is proved.
    pub(crate) async fn finish(&self, desk: &Desk, step: Step) -> Result<Outcome, Fault> {
        match step {
            Step::Proven(proven) => self.sign_in(desk, &proven, None).await.map(Outcome::Tokens),
            Step::Challenge { name, session, parameters } => Ok(Outcome::Challenge { name, session, parameters }),
        }
    }

    async fn begin(&self, desk: &Desk, flow: AuthFlowType, parameters: Parameters) -> Result<Step, Fault> {
        use ExplicitAuthFlowsType as Flow;
        let allowed = |new, old| clients::allows(&desk.client, new, old);
        match flow {
            AuthFlowType::UserPasswordAuth => match allowed(Flow::AllowUserPasswordAuth, Some(Flow::UserPasswordAuth)) {
                true => self.by_password(desk, parameters).await,
                false => Err(bad("USER_PASSWORD_AUTH flow not enabled for this client")),
            },
            AuthFlowType::AdminNoSrpAuth | AuthFlowType::AdminUserPasswordAuth => {
                match allowed(Flow::AllowAdminUserPasswordAuth, Some(Flow::AdminNoSrpAuth)) {
                    true => self.by_password(desk, parameters).await,
                    false => Err(bad("Auth flow not enabled for this client")),
                }
            }
            AuthFlowType::UserSrpAuth => match allowed(Flow::AllowUserSrpAuth, None) {
                true => by_srp(desk, parameters),
                false => Err(bad("USER_SRP_AUTH is not enabled for the client.")),
            },
            AuthFlowType::RefreshToken | AuthFlowType::RefreshTokenAuth => Err(bad("A refresh token proves no user.")),
            AuthFlowType::CustomAuth | AuthFlowType::UserAuth => Err(refused("InitiateAuth", &format!("AuthFlow {flow}"))),
        }
    }

    /// By USERNAME and PASSWORD, whatever flows the client allows: its hosted pages come here too.
    pub(crate) async fn by_password(&self, desk: &Desk, parameters: Parameters) -> Result<Step, Fault> {
        let username = required(&parameters, "USERNAME")?;
        let text = required(&parameters, "PASSWORD")?;
        desk.check_secret(username, parameters.get("SECRET_HASH").map(String::as_str))?;
        let user = desk.user(username, wrong)?;
        standing(desk, &user)?;
        let right = password::matches(&desk.pool, &user, text);
        self.after_password(desk, user, right).await
    }

    /// Goes on once the password was right or wrong.
    pub(crate) async fn after_password(&self, desk: &Desk, user: User, right: bool) -> Result<Step, Fault> {
        if !right {
            password::count_failure(&desk.cx, &desk.pool, &user).await?;
            return Err(wrong());
        }
        password::forget_failures(&desk.cx, &desk.pool, &user).await?;
        match user.status() {
            UserStatus::ResetRequired => Err(Error::PasswordResetRequired.says("Password reset required for the user")),
            UserStatus::ForceChangePassword => match user.temporary_until.is_some_and(|until| until <= desk.cx.now()) {
                true => Err(not_authorized("Temporary password has expired and must be reset by an administrator.")),
                false => Ok(new_password_required(desk, &user)),
            },
            _ => Ok(Proven::of(user)),
        }
    }

    /// Makes the sign-in and its tokens; `oauth` says what an OAuth client is granted.
    pub(crate) async fn sign_in(&self, desk: &Desk, proven: &Proven, oauth: Option<OAuthGrant>) -> Result<AuthenticationResultType, Fault> {
        let (cx, pool, user) = (&desk.cx, &desk.pool, &proven.user);
        let refresh = tokens::refresh_token(cx);
        let life_secs = clients::validity(&desk.client).refresh_secs;
        let expires = cx.now().plus_ns(seconds(life_secs));
        let sign_in = SignIn {
            pool_id: pool.id.clone(),
            client_id: desk.client.id().into(),
            user_key: user.key(pool),
            origin_jti: cx.ids().uuid(),
            event_id: cx.ids().uuid(),
            auth_time: cx.now().secs(),
            token: tokens::hash(&refresh),
            before: Vec::new(),
            expires,
            // The last access token may have been taken just before, and lives a day at most.
            ends: expires.plus_ns(seconds(86_400)),
            oauth,
            device_key: proven.device_key.clone(),
        };
        cx.store()
            .write(|tx| {
                drop_ended(cx, tx, pool)?;
                tx.put(&SIGN_INS, cx.scope(), &(pool.id.clone(), sign_in.origin_jti.clone()), &sign_in)
            })
            .await?;
        self.result(desk, user, &sign_in, Some(refresh)).await
    }
}

/// Rows of sign-ins that are over go with later sign-ins, a few at a time: no timer for each.
fn drop_ended(cx: &Context, tx: &mut kit::Tx<'_>, pool: &Pool) -> Result<(), Fault> {
    let mut ended = Vec::new();
    for row in tx.by_index(&SIGN_INS, cx.scope(), "end", &(pool.id.as_str(),)).limit(8) {
        let (key, sign_in) = row?;
        if sign_in.ends <= cx.now() {
            ended.push(key);
        }
    }
    ended.iter().try_for_each(|key| tx.delete(&SIGN_INS, cx.scope(), key).map(drop))
}

/// Refuses users who may not sign in whatever their password.
pub(crate) fn standing(desk: &Desk, user: &User) -> Result<(), Fault> {
    if user.disabled {
        return Err(not_authorized("User is disabled."));
    }
    if user.status() == UserStatus::Unconfirmed {
        return Err(Error::UserNotConfirmed.says("User is not confirmed."));
    }
    password::check_lock(&desk.cx, user)
}

/// The fault for a wrong user name or password.
pub(crate) fn wrong() -> Fault {
    not_authorized("Incorrect username or password.")
}

/// A parameter that the flow can't do without.
pub(crate) fn required<'a>(parameters: &'a Parameters, name: &str) -> Result<&'a str, Fault> {
    parameters
        .get(name)
        .map(String::as_str)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| bad(format!("Missing required parameter {name}")))
}

/// When a question asked now is no longer answered.
fn session_end(desk: &Desk) -> i64 {
    let minutes = desk.client.settings.auth_session_validity.unwrap_or(3);
    desk.cx.now().secs() + 60 * i64::from(minutes)
}

fn by_srp(desk: &Desk, parameters: Parameters) -> Result<Step, Fault> {
    let username = required(&parameters, "USERNAME")?;
    let a = required(&parameters, "SRP_A")?;
    desk.check_secret(username, parameters.get("SECRET_HASH").map(String::as_str))?;
    srp::client_public(a).ok_or_else(|| bad("Invalid SRP_A"))?;
    let (cx, pool) = (&desk.cx, &desk.pool);
    let user = cx.store().read(|s| find_user(s, cx.scope(), pool, username))?;
    if user.is_none() && !desk.client.hides_users() {
        return Err(no_such_user());
    }
    let verifier = user.as_ref().and_then(|u| u.password.clone()).unwrap_or_else(|| pretended_verifier(pool, username));
    let block = Block {
        user: user.as_ref().filter(|u| u.password.is_some()).map(|u| u.key(pool)),
        name: user.map_or_else(|| username.to_owned(), |u| u.username),
        client: desk.client.id().into(),
        a: a.into(),
        nonce: cx.ids().hex(32),
        expires: session_end(desk),
    };
    let b_public = srp::server_public(&verifier, &server_secret(pool, &block));
    let parameters = [
        ("SALT", verifier.salt_hex()),
        ("SECRET_BLOCK", seal::seal(&pool.secret, "srp", &block)),
        ("SRP_B", b_public.to_str_radix(16)),
        ("USERNAME", block.name.clone()),
        ("USER_ID_FOR_SRP", block.name),
    ];
    let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Ok(Step::Challenge { name: ChallengeNameType::PasswordVerifier, session: None, parameters })
}

/// The server's secret number of an exchange.
pub(crate) fn server_secret(pool: &Pool, block: &Block) -> [u8; 32] {
    seal::derive(&pool.secret, "srp-b", format!("{}/{}/{}", block.nonce, block.name, block.a).as_bytes())
}

/// A verifier for a user who is not there: always the same, so that asking twice tells nothing.
fn pretended_verifier(pool: &Pool, username: &str) -> srp::Verifier {
    let salt = seal::derive(&pool.secret, "salt", username.as_bytes())[..16].to_vec();
    let verifier = (0u8..12).flat_map(|n| seal::derive(&pool.secret, "verifier", &[&[n], username.as_bytes()].concat())).collect();
    srp::Verifier { salt, verifier }
}

fn new_password_required(desk: &Desk, user: &User) -> Step {
    let pool = &desk.pool;
    let session = Session {
        challenge: ChallengeNameType::NewPasswordRequired,
        user: user.key(pool),
        client: desk.client.id().into(),
        expires: session_end(desk),
    };
    let missing: Vec<String> =
        attributes::missing_required(pool, &user.attributes).iter().map(|name| format!("userAttributes.{name}")).collect();
    let parameters = [
        ("USER_ID_FOR_SRP", user.username.clone()),
        ("requiredAttributes", json!(missing).to_string()),
        ("userAttributes", json!(user.attributes).to_string()),
    ];
    Step::Challenge {
        name: ChallengeNameType::NewPasswordRequired,
        session: Some(seal::seal(&pool.secret, "session", &session)),
        parameters: parameters.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}
