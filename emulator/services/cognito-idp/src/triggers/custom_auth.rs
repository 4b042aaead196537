//! The three triggers of custom sign-in: what comes next, the question, and whether the answer is right.

use super::{Call, Who, attributes_of, is_true, text_of, texts};
use crate::{Error, state::*};
use kit::Fault;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A question that was asked and how it went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Round {
    pub name: String,
    pub right: bool,
    pub metadata: Option<String>,
}

/// What comes next.
#[derive(Debug, PartialEq)]
pub(crate) enum Defined {
    Tokens,
    Failure,
    Challenge(String),
}

/// A question, as its function made it.
#[derive(Debug, Default)]
pub(crate) struct Question {
    pub public: BTreeMap<String, String>,
    pub private: BTreeMap<String, String>,
    pub metadata: Option<String>,
}

fn rounds(rounds: &[Round]) -> Value {
    let shown = rounds.iter().map(|r| match &r.metadata {
        Some(metadata) => json!({ "challengeName": r.name, "challengeResult": r.right, "challengeMetadata": metadata }),
        None => json!({ "challengeName": r.name, "challengeResult": r.right }),
    });
    shown.collect()
}

impl Who<'_> {
    fn custom_request(&self, user: Option<&User>) -> Map<String, Value> {
        let mut request = Map::new();
        request.insert("userAttributes".into(), user.map_or_else(|| json!({}), attributes_of));
        self.with_metadata(&mut request);
        if user.is_none() {
            request.insert("userNotFound".into(), json!(true));
        }
        request
    }

    /// Asks what comes after these rounds.
    pub async fn define_challenge(&self, login: &str, user: Option<&User>, so_far: &[Round]) -> Result<Defined, Fault> {
        let function_arn = self.config().and_then(|c| c.define_auth_challenge.as_deref()).ok_or_else(not_configured)?;
        let mut request = self.custom_request(user);
        request.insert("session".into(), rounds(so_far));
        let response = self
            .call(Call {
                trigger: "DefineAuthChallenge",
                source: "DefineAuthChallenge_Authentication",
                version: "1",
                function_arn,
                username: user.map_or(login, |u| &u.username),
                request: request.into(),
                response: json!({ "challengeName": null, "issueTokens": null, "failAuthentication": null }),
            })
            .await?;
        if is_true(&response, "failAuthentication") {
            return Ok(Defined::Failure);
        }
        if is_true(&response, "issueTokens") {
            return Ok(Defined::Tokens);
        }
        match response.get("challengeName").and_then(Value::as_str) {
            Some(name) => Ok(Defined::Challenge(name.to_owned())),
            None => Err(Error::InvalidLambdaResponse.says("DefineAuthChallenge returned no challengeName.")),
        }
    }

    /// Asks for the question of a custom challenge.
    pub async fn create_challenge(&self, login: &str, user: Option<&User>, name: &str, so_far: &[Round]) -> Result<Question, Fault> {
        let function_arn = self.config().and_then(|c| c.create_auth_challenge.as_deref()).ok_or_else(not_configured)?;
        let mut request = self.custom_request(user);
        request.insert("challengeName".into(), json!(name));
        request.insert("session".into(), rounds(so_far));
        let response = self
            .call(Call {
                trigger: "CreateAuthChallenge",
                source: "CreateAuthChallenge_Authentication",
                version: "1",
                function_arn,
                username: user.map_or(login, |u| &u.username),
                request: request.into(),
                response: json!({ "publicChallengeParameters": null, "privateChallengeParameters": null, "challengeMetadata": null }),
            })
            .await?;
        Ok(Question {
            public: texts(&response, "publicChallengeParameters").unwrap_or_default(),
            private: texts(&response, "privateChallengeParameters").unwrap_or_default(),
            metadata: response.get("challengeMetadata").filter(|m| !m.is_null()).map(text_of),
        })
    }

    /// Asks whether an answer is right.
    pub async fn verify_answer(
        &self,
        login: &str,
        user: Option<&User>,
        private: &BTreeMap<String, String>,
        answer: &str,
    ) -> Result<bool, Fault> {
        let config = self.config().and_then(|c| c.verify_auth_challenge_response.as_deref());
        let function_arn = config.ok_or_else(not_configured)?;
        let mut request = self.custom_request(user);
        request.insert("privateChallengeParameters".into(), json!(private));
        request.insert("challengeAnswer".into(), json!(answer));
        let response = self
            .call(Call {
                trigger: "VerifyAuthChallengeResponse",
                source: "VerifyAuthChallengeResponse_Authentication",
                version: "1",
                function_arn,
                username: user.map_or(login, |u| &u.username),
                request: request.into(),
                response: json!({ "answerCorrect": null }),
            })
            .await?;
        Ok(is_true(&response, "answerCorrect"))
    }
}

fn not_configured() -> Fault {
    bad("Custom auth lambda trigger is not configured for the user pool.")
}
