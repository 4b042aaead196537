//! GetCredentialsForIdentity, the enhanced flow: the pool assumes the role for its identity in one step.

use crate::{CognitoIdentity, model::*, open_id, principal_tags, roles, state::*};
use kit::{Context, Fault, Federation, ports::WebIdentity};
use serde_json::Value;

/// Length of the sessions, AWS's.
const SECONDS: u32 = 3600;
/// What sessions of strangers may do at most, whatever their role allows (AWS's documentation of the enhanced flow, from memory: the
/// managed policy AmazonCognitoUnAuthedIdentitiesSessionPolicy and the inline policy beside it).
const STRANGERS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":["rum:PutRumEvents","polly:*",
"comprehend:*","translate:*","transcribe:*","rekognition:*","mobiletargeting:*","firehose:*","appsync:*","personalize:*",
"sagemaker:InvokeEndpoint","cognito-sync:*","codewhisperer:GenerateRecommendations","cloudwatch:*","logs:*","dynamodb:*","kinesis:*",
"mobileanalytics:*","s3:*","ses:*","sns:*","sqs:*","lambda:*","machinelearning:*","execute-api:*","iot:*","gamelift:*","scs:*",
"cognito-identity:*","cognito-idp:*","lex:*","es:*","geo:*","evidently:*","sdb:*","sumerian:*","kms:Decrypt","kms:Encrypt"]}]}"#;

impl CognitoIdentity {
    /// Credentials of the role that the pool has for the identity.
    pub async fn get_credentials_for_identity(
        &self,
        cx: &Context,
        input: GetCredentialsForIdentityInput,
    ) -> Result<GetCredentialsForIdentityOutput, Fault> {
        let (cx, pool, identity) = found(cx, &input.identity_id)?;
        let (logins, own) = self.check_logins(&cx, &pool, input.logins)?;
        let (claims, logins) = match own {
            // A developer's own token says all there is to say.
            Some(own) if own.subject != identity.id => return Err(crate::identities::mismatch()),
            Some(own) => {
                identity.check_open()?;
                (own.claims.clone(), vec![own])
            }
            None => {
                let identity = self.authenticated(&cx, &pool, identity, &logins).await?;
                (open_id::claims(&pool, &identity, &logins), logins)
            }
        };
        let role = roles::choose(&pool, &logins, input.custom_role_arn.as_deref())?;
        let id = claims.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        let tags = match claims.get(principal_tags::CLAIM) {
            Some(tags) => principal_tags::of_claim(tags),
            None => principal_tags::of_logins(&pool, &logins),
        };
        let wanted = WebIdentity {
            federation: federation(&claims),
            session_name: "CognitoIdentityCredentials".into(),
            tags,
            session_policies: if logins.is_empty() { vec![STRANGERS.into()] } else { Vec::new() },
            seconds: SECONDS,
        };
        let key = cx.cloud().ports().sessions()?.for_identity(&cx, &role, wanted).await;
        // AWS tells strangers nothing about trust policies.
        let key = key.map_err(|fault| if fault.code == "AccessDenied" { roles::unconfigured() } else { fault })?;
        Ok(GetCredentialsForIdentityOutput {
            identity_id: Some(id),
            credentials: Some(Credentials {
                access_key_id: Some(key.access_key_id),
                secret_key: Some(key.secret_access_key),
                session_token: Some(key.session_token),
                expiration: Some(key.expires),
            }),
        })
    }
}

/// The condition keys of a session: the claims of the token that the classic flow would have brought to STS.
fn federation(claims: &serde_json::Map<String, Value>) -> Federation {
    let provider = crate::logins::OWN;
    let values = |name: &str| match claims.get(name) {
        Some(Value::Array(many)) => many.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        Some(Value::String(one)) => vec![one.clone()],
        _ => Vec::new(),
    };
    let keys = ["sub", "aud", "amr"].map(|name| (format!("{provider}:{name}"), values(name)));
    Federation { provider: provider.into(), keys: keys.into() }
}
