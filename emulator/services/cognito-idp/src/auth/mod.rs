//! Sign-in: InitiateAuth, RespondToAuthChallenge and their administrators' twins. Each flow leads by challenges to a user who has proved
//! who he is; whoever asked makes tokens of that, or a code of OAuth.

mod choice;
mod custom;
mod device;
mod first;
mod second;
mod sessions;
mod srp_flow;
mod tokens_of;

pub(crate) use choice::{CONFIRMED, SIGNED_UP};
pub(crate) use sessions::{Opened, SESSIONS, Session, find as find_in_pool, find_session};

use crate::{
    CognitoIdp, clients,
    model::*,
    names::{Desk, warn_unheard},
    password,
    state::*,
};
use kit::{Context, Fault};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What flows and answers carry.
pub(crate) type Parameters = BTreeMap<String, String>;

/// How far a sign-in has come. Whoever asked makes of a user who is proved what he needs: tokens, or a code of OAuth.
pub(crate) enum Step {
    /// The user has proved who he is.
    Proven(Box<Proven>),
    /// The client is to answer a question; `available` names the choices of SELECT_CHALLENGE.
    Challenge { name: ChallengeNameType, session: Option<String>, parameters: Parameters, available: Vec<ChallengeNameType> },
}

/// A user who has proved who he is.
pub(crate) struct Proven {
    pub user: User,
    /// The device it happened on, where the client named one that is known.
    pub device_key: Option<String>,
    /// How it came to tokens, for the trigger that changes them: `Authentication`, `NewPasswordChallenge`, `AuthenticateDevice`.
    pub source: String,
    pub proofs: Proofs,
}

/// What of a sign-in the list of a user's events names; nothing of one by a passkey, a one-time password, functions or another provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Proofs {
    /// The password, as it is or by SRP.
    pub password: bool,
    /// A second factor.
    pub second: bool,
}

/// What a sign-in remembers from one challenge to the next.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Course {
    /// The device that the client says it is.
    pub device_key: Option<String>,
    /// See [`Proven::source`]; empty for a plain sign-in.
    pub source: String,
    pub proofs: Proofs,
}

/// How far a request has come.
pub(crate) enum Outcome {
    /// It is done.
    Tokens(AuthenticationResultType),
    /// The client is to answer a question.
    Challenge { name: ChallengeNameType, session: Option<String>, parameters: Parameters, available: Vec<ChallengeNameType> },
}

/// Writes an outcome as the output of one of the four operations, which are alike.
macro_rules! answer {
    ($output:ident, $outcome:expr) => {
        match $outcome {
            Outcome::Tokens(result) => {
                $output { authentication_result: Some(result), challenge_parameters: Some(Default::default()), ..Default::default() }
            }
            Outcome::Challenge { name, session, parameters, .. } => {
                $output { challenge_name: Some(name), session, challenge_parameters: Some(parameters), ..Default::default() }
            }
        }
    };
}

/// The choices of a SELECT_CHALLENGE.
fn choices(outcome: &Outcome) -> Option<Vec<ChallengeNameType>> {
    match outcome {
        Outcome::Challenge { available, .. } if !available.is_empty() => Some(available.clone()),
        _ => None,
    }
}

/// What a request really gives: browsers send `null` for a device that they do not know (amazon-cognito-identity-js), and AWS takes it for
/// nothing.
fn given(parameters: Option<BTreeMap<String, Option<String>>>) -> Parameters {
    parameters.into_iter().flatten().filter_map(|(name, value)| Some((name, value?))).collect()
}

impl CognitoIdp {
    /// Begins a sign-in.
    pub async fn initiate_auth(&self, cx: &Context, input: InitiateAuthInput) -> Result<InitiateAuthOutput, Fault> {
        warn_unheard!(cx, input, user_context_data);
        let desk = Desk::of_client(cx, &input.client_id)?.telling(input.client_metadata);
        let parameters = given(input.auth_parameters);
        if matches!(input.auth_flow, AuthFlowType::AdminNoSrpAuth | AuthFlowType::AdminUserPasswordAuth) {
            return Err(bad("Initiate Auth method not supported."));
        }
        let outcome = self.initiate(&desk, input.auth_flow, parameters, input.session).await?;
        let available_challenges = choices(&outcome);
        Ok(InitiateAuthOutput { available_challenges, ..answer!(InitiateAuthOutput, outcome) })
    }

    /// Begins a sign-in on behalf of a server.
    pub async fn admin_initiate_auth(&self, cx: &Context, input: AdminInitiateAuthInput) -> Result<AdminInitiateAuthOutput, Fault> {
        warn_unheard!(cx, input, context_data);
        let desk = Desk::of_pool(cx, &input.user_pool_id, &input.client_id)?.telling(input.client_metadata);
        let parameters = given(input.auth_parameters);
        let outcome = self.initiate(&desk, input.auth_flow, parameters, input.session).await?;
        let available_challenges = choices(&outcome);
        Ok(AdminInitiateAuthOutput { available_challenges, ..answer!(AdminInitiateAuthOutput, outcome) })
    }

    /// Answers a challenge.
    pub async fn respond_to_auth_challenge(
        &self,
        cx: &Context,
        input: RespondToAuthChallengeInput,
    ) -> Result<RespondToAuthChallengeOutput, Fault> {
        warn_unheard!(cx, input, user_context_data);
        let desk = Desk::of_client(cx, &input.client_id)?.telling(input.client_metadata);
        let responses = given(input.challenge_responses);
        let step = self.answer_challenge(&desk, input.challenge_name, responses, input.session).await?;
        Ok(answer!(RespondToAuthChallengeOutput, self.finish(&desk, step).await?))
    }

    /// Answers a challenge on behalf of a server.
    pub async fn admin_respond_to_auth_challenge(
        &self,
        cx: &Context,
        input: AdminRespondToAuthChallengeInput,
    ) -> Result<AdminRespondToAuthChallengeOutput, Fault> {
        warn_unheard!(cx, input, context_data);
        let desk = Desk::of_pool(cx, &input.user_pool_id, &input.client_id)?.telling(input.client_metadata);
        let responses = given(input.challenge_responses);
        let step = self.answer_challenge(&desk, input.challenge_name, responses, input.session).await?;
        Ok(answer!(AdminRespondToAuthChallengeOutput, self.finish(&desk, step).await?))
    }

    async fn initiate(&self, desk: &Desk, flow: AuthFlowType, parameters: Parameters, session: Option<String>) -> Result<Outcome, Fault> {
        use ExplicitAuthFlowsType as Flow;
        let (new, old, refusal) = match flow {
            AuthFlowType::UserPasswordAuth => {
                (Flow::AllowUserPasswordAuth, Some(Flow::UserPasswordAuth), "USER_PASSWORD_AUTH flow not enabled for this client")
            }
            AuthFlowType::AdminNoSrpAuth | AuthFlowType::AdminUserPasswordAuth => {
                (Flow::AllowAdminUserPasswordAuth, Some(Flow::AdminNoSrpAuth), "Auth flow not enabled for this client")
            }
            AuthFlowType::UserSrpAuth => (Flow::AllowUserSrpAuth, None, "USER_SRP_AUTH is not enabled for the client."),
            AuthFlowType::RefreshToken | AuthFlowType::RefreshTokenAuth => {
                (Flow::AllowRefreshTokenAuth, None, "REFRESH_TOKEN_AUTH is not enabled for the client.")
            }
            AuthFlowType::CustomAuth => {
                (Flow::AllowCustomAuth, Some(Flow::CustomAuthFlowOnly), "CUSTOM_AUTH is not enabled for the client.")
            }
            AuthFlowType::UserAuth => (Flow::AllowUserAuth, None, "USER_AUTH is not enabled for the client."),
        };
        if !clients::allows(&desk.client, new, old) {
            return Err(bad(refusal));
        }
        let step = match flow {
            AuthFlowType::RefreshToken | AuthFlowType::RefreshTokenAuth => {
                return self.by_refresh_token(desk, parameters).await.map(Outcome::Tokens);
            }
            AuthFlowType::UserSrpAuth => self.by_srp(desk, parameters).await?,
            AuthFlowType::CustomAuth => self.by_custom(desk, parameters).await?,
            AuthFlowType::UserAuth => self.by_choice(desk, parameters, session).await?,
            _ => self.by_password(desk, parameters).await?,
        };
        self.finish(desk, step).await
    }

    /// Judges the answer to a challenge.
    pub(crate) async fn answer_challenge(
        &self,
        desk: &Desk,
        challenge: ChallengeNameType,
        responses: Parameters,
        session: Option<String>,
    ) -> Result<Step, Fault> {
        let username = required(&responses, "USERNAME")?;
        desk.check_secret(username, responses.get("SECRET_HASH").map(String::as_str))?;
        use ChallengeNameType as Name;
        match challenge {
            Name::PasswordVerifier => return self.password_verifier(desk, &responses).await,
            Name::DevicePasswordVerifier => return self.device_password_verifier(desk, &responses).await,
            _ => {}
        }
        let opened = sessions::open(desk, session, challenge, username)?;
        match challenge {
            Name::NewPasswordRequired => self.new_password(desk, opened, &responses).await,
            Name::SmsMfa | Name::SoftwareTokenMfa => self.second_factor(desk, opened, challenge, &responses).await,
            Name::EmailOtp | Name::SmsOtp if opened.session.first => self.one_time_password(desk, opened, challenge, &responses).await,
            Name::EmailOtp => self.second_factor(desk, opened, challenge, &responses).await,
            Name::SelectMfaType => self.select_mfa_type(desk, opened, &responses).await,
            Name::MfaSetup => self.mfa_setup(desk, opened).await,
            Name::SelectChallenge => self.select_challenge(desk, opened, &responses).await,
            Name::WebAuthn => self.passkey_proof(desk, opened, &responses).await,
            Name::Password | Name::PasswordSrp => self.chosen(desk, opened, challenge, &responses).await,
            Name::CustomChallenge => self.custom_challenge(desk, opened, &responses).await,
            Name::DeviceSrpAuth => self.device_srp(desk, opened, &responses).await,
            other => Err(refused("RespondToAuthChallenge", &format!("ChallengeName {other}"))),
        }
    }

    /// Tokens for a user who is proved.
    pub(crate) async fn finish(&self, desk: &Desk, step: Step) -> Result<Outcome, Fault> {
        match step {
            Step::Proven(proven) => self.sign_in(desk, &proven, None).await.map(Outcome::Tokens),
            Step::Challenge { name, session, parameters, available } => Ok(Outcome::Challenge { name, session, parameters, available }),
        }
    }
}

/// Refuses users who may not sign in whatever their password.
pub(crate) fn standing(desk: &Desk, user: &User) -> Result<(), Fault> {
    if user.disabled {
        return Err(not_authorized("User is disabled."));
    }
    if user.status() == UserStatus::Unconfirmed {
        return Err(crate::Error::UserNotConfirmed.says("User is not confirmed."));
    }
    password::check_lock(&desk.cx, user)
}

/// As [`standing`], while nothing is proved yet. Where the client hides users, whoever can't prove himself hears only of wrong passwords:
/// that a user is disabled or unconfirmed is told once the password is right (AWS's documentation says so of disabled users).
pub(crate) fn standing_at_first(desk: &Desk, user: &User) -> Result<(), Fault> {
    match desk.client.hides_users() {
        true => password::check_lock(&desk.cx, user),
        false => standing(desk, user),
    }
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

/// Pairs as parameters.
fn parameters<const N: usize>(pairs: [(&str, String); N]) -> Parameters {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
