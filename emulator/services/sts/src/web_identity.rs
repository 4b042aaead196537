//! AssumeRoleWithWebIdentity: a role for whoever brings a token of an identity pool or of an OpenID Connect provider of the account. The
//! machine is offline, so a provider's tokens are taken where its keys are in the cloud: those of user pools.

use crate::{Sts, model::*, session_policies};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use kit::{Access, Arn, Authorize, Context, Fault, Federation, ports::WebIdentity, time};
use serde_json::{Map, Value};

/// The provider and the issuer of identity pools' tokens.
const IDENTITY_POOLS: &str = "cognito-identity.amazonaws.com";
/// The claim that carries session tags.
const TAGS_CLAIM: &str = "https://aws.amazon.com/tags";

type Claims = Map<String, Value>;

impl Sts {
    /// Credentials of a role's session for the bearer of a token. Nobody signs this request.
    pub async fn assume_role_with_web_identity(
        &self,
        cx: &Context,
        input: AssumeRoleWithWebIdentityInput,
    ) -> Result<AssumeRoleWithWebIdentityOutput, Fault> {
        if let Some(provider) = &input.provider_id {
            return Err(beyond_reach(provider));
        }
        let arn = Arn::parse(&input.role_arn).filter(|arn| arn.service == "iam" && arn.after("role/").is_some());
        let arn = arn.ok_or_else(|| Fault::new("ValidationError", 400, format!("{} is invalid", input.role_arn)))?;
        let role = cx.cloud().ports().roles()?.role(cx, &input.role_arn).ok_or_else(not_authorized)?;
        let seconds = input.duration_seconds.unwrap_or(3600).max(900) as u32;
        if seconds > role.max_session_secs {
            let message = "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.";
            return Err(Fault::new("ValidationError", 400, message));
        }
        let (session_policies, packed_policy_size) =
            session_policies::documents(cx, arn.account, input.policy.as_deref(), input.policy_arns.as_deref())?;
        let (provider, claims) = verified(cx, arn.account, &input.web_identity_token)?;
        let (subject, audience) = (text(&claims, "sub"), text(&claims, "aud"));
        let identity = WebIdentity {
            federation: federation(&provider, &claims),
            session_name: input.role_session_name.clone(),
            tags: tags(&claims),
            session_policies,
            seconds,
        };
        let key = cx.cloud().ports().sessions()?.for_identity(cx, &input.role_arn, identity).await?;
        Ok(AssumeRoleWithWebIdentityOutput {
            credentials: Some(Credentials {
                access_key_id: key.access_key_id,
                secret_access_key: key.secret_access_key,
                session_token: key.session_token,
                expiration: Some(key.expires),
            }),
            subject_from_web_identity_token: Some(subject),
            assumed_role_user: Some(AssumedRoleUser {
                assumed_role_id: format!("{}:{}", role.id, input.role_session_name),
                arn: format!("arn:aws:sts::{}:assumed-role/{}/{}", arn.account, role.name, input.role_session_name),
            }),
            packed_policy_size,
            provider: Some(provider),
            audience: Some(audience),
            source_identity: None,
        })
    }
}

/// ProviderId stands with OAuth 2.0 access tokens of Amazon and Facebook, which only those two can check: from here they are as far as a
/// provider that does not answer is for AWS. With any other value AWS takes the request for invalid.
fn beyond_reach(provider: &str) -> Fault {
    match provider {
        "www.amazon.com" | "graph.facebook.com" => Error::IDPCommunicationError
            .says(format!("Error communicating with {provider}: windtunnel asks nobody outside this machine to check a token")),
        _ => Fault::new("ValidationError", 400, format!("{provider} is not a ProviderId: leave it out for OpenID Connect tokens")),
    }
}

/// The provider and the claims of a token that was checked.
fn verified(cx: &Context, account: &str, token: &str) -> Result<(String, Claims), Fault> {
    let unchecked = claims_of(token)
        .ok_or_else(|| invalid("The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"))?;
    let issuer = text(&unchecked, "iss");
    let host = issuer.strip_prefix("https://").unwrap_or(&issuer);
    if host == IDENTITY_POOLS {
        let checked = cx.cloud().ports().identity_tokens()?.verify(cx, token);
        return checked.map(|claims| (IDENTITY_POOLS.to_owned(), claims)).map_err(|why| refusal(cx, &why, &unchecked));
    }
    let (host, pool_arn) = user_pool(cx, &issuer).unwrap_or((host.to_owned(), None));
    let provider = format!("arn:aws:iam::{account}:oidc-provider/{host}");
    let clients = cx.cloud().ports().roles()?.open_id_clients(cx, &provider);
    let clients = clients.ok_or_else(|| invalid(format!("No OpenIDConnect provider found in your account for https://{host}")))?;
    let Some(pool_arn) = pool_arn else {
        return Err(invalid(
            "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
        ));
    };
    let claims = cx.cloud().ports().user_pools()?.verify(cx, &[pool_arn], token).map_err(|why| refusal(cx, &why, &unchecked))?;
    match clients.contains(&text(&claims, "aud")) {
        true => Ok((provider, claims)),
        false => Err(invalid("Incorrect token audience")),
    }
}

/// The host of a user pool's issuer in AWS's form and the pool's ARN, whichever form of issuer the token has: the id at its end leads to the
/// pool, which is asked whether the whole is right. Its account is whose the pool is, which need not be the role's.
fn user_pool(cx: &Context, issuer: &str) -> Option<(String, Option<String>)> {
    let pool_id = issuer.rsplit('/').next()?;
    let (region, _) = pool_id.split_once('_')?;
    let arn = cx.cloud().ports().user_pools().ok()?.arn(cx, pool_id);
    let host = format!("cognito-idp.{region}.amazonaws.com/{pool_id}");
    (arn.is_some() || issuer == format!("https://{host}")).then_some((host, arn))
}

fn federation(provider: &str, claims: &Claims) -> Federation {
    // Keys of a provider are named by its host, those of identity pools by their domain.
    let prefix = provider.split_once("oidc-provider/").map_or(provider, |(_, host)| host);
    let mut keys = Vec::new();
    for name in ["sub", "aud", "amr"] {
        let values: Vec<String> = match claims.get(name) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(many)) => many.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
            _ => continue,
        };
        keys.push((format!("{prefix}:{name}"), values));
    }
    Federation { provider: provider.to_owned(), keys }
}

/// `"https://aws.amazon.com/tags": {"principal_tags": {"team": ["blue"]}}`
fn tags(claims: &Claims) -> Vec<(String, String)> {
    let tags = claims.get(TAGS_CLAIM).and_then(|tags| tags.get("principal_tags")).and_then(Value::as_object);
    let first = |(name, values): (&String, &Value)| Some((name.clone(), values.get(0).unwrap_or(values).as_str()?.to_owned()));
    tags.into_iter().flatten().filter_map(first).collect()
}

fn claims_of(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let (_, body, _) = (parts.next()?, parts.next()?, parts.next()?);
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
}

fn text(claims: &Claims, name: &str) -> String {
    claims.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn refusal(cx: &Context, why: &str, claims: &Claims) -> Fault {
    if why != "expired" {
        return invalid("The token signature could not be verified.");
    }
    let end = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
    let (now, end) = (time::iso_secs(cx.now()), time::iso_secs(kit::Timestamp::from_secs(end)));
    Fault::new(
        "ExpiredTokenException",
        400,
        format!("Token expired: current date/time {now} must be before the expiration date/time {end}"),
    )
}

fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidIdentityToken", 400, message.into())
}

fn not_authorized() -> Fault {
    Fault::new("AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity")
}

impl Authorize<Sts> for AssumeRoleWithWebIdentityInput {
    // The token stands for the caller: the trust policy is asked by the handler, once it is known whom the token names.
    fn access(&self, _: &Sts, _: &Context) -> Access {
        Access::Public
    }
}
