//! Who acts: root, nobody, a user, or a session of a role.

use super::{ArgKind, Verb, may};
use crate::scenario::{
    outcome::Outcome,
    world::{Identity, SigningKeys, World},
};
use kit::{Arn, DEFAULT_ACCOUNT, Principal, RoleSession, UserIdentity};
use serde_json::{Value, json};
use std::sync::Arc;

/// Members of an identity that is written as a map.
pub(crate) const IDENTITY: &[&str] = &["role", "user", "session", "key"];

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "iam.as",
    about: "All steps after this one act as this identity. $.arn.",
    args: &[
        may("role", ArgKind::Text, "a session of this role (name or ARN), whoever it trusts"),
        may("user", ArgKind::Text, "this user (name)"),
        may("who", ArgKind::OneOf(&["root", "anonymous"]), "root of the account, or nobody"),
        may("session", ArgKind::Text, "name of the role's session"),
        may("key", ArgKind::Text, "whoever signs with this access key id, which was given out before"),
    ],
    one_of: &["role", "user", "who", "key"],
    local_only: true,
    run: |world, args| {
        Box::pin(async move {
            let wanted = match args.text_if("who")? {
                Some(who) => Value::String(who),
                None => Value::Object(args.map.clone()),
            };
            world.identity = identity(world, &wanted).await?;
            Ok(Outcome::of(json!({ "arn": world.context().principal().arn() })))
        })
    },
}];

/// The identity that a step's `as` names: `root`, `anonymous`, `{ role: NAME }`, `{ user: NAME }`, `{ key: ID }`.
pub(crate) async fn identity(world: &World, wanted: &Value) -> Result<Identity, String> {
    let member = |name: &str| wanted.get(name).and_then(Value::as_str);
    match wanted {
        Value::String(text) if text == "root" => Ok(Identity::Root),
        Value::String(text) if text == "anonymous" => Ok(Identity::Anonymous),
        Value::Object(_) => match (member("role"), member("user"), member("key")) {
            (Some(name), None, None) => role(world, name, member("session").unwrap_or("scenario")).await,
            (None, Some(name), None) => user(world, name).await,
            (None, None, Some(id)) => holder(world, id),
            _ => Err("an identity has role, user or key".into()),
        },
        other => Err(format!("{other} is no identity; write root, anonymous, {{ role: NAME }}, {{ user: NAME }} or {{ key: ID }}")),
    }
}

/// Whoever holds a key that a service gave out (GetCredentialsForIdentity, AssumeRole).
fn holder(world: &World, id: &str) -> Result<Identity, String> {
    let key = world.cloud().access_key(id).ok_or_else(|| format!("nobody signs with {id}"))?;
    if key.expires.is_some_and(|end| end <= world.cloud().clock().now()) {
        return Err(format!("the key {id} has expired"));
    }
    let signing = SigningKeys { id: id.to_owned(), secret: key.secret, token: key.session_token };
    Ok(Identity::Other { principal: key.principal, key: Some(signing) })
}

async fn role(world: &World, name: &str, session_name: &str) -> Result<Identity, String> {
    let cx = world.cloud().house_context("scenario");
    let arn = if name.starts_with("arn:") { name.to_owned() } else { format!("arn:aws:iam::{DEFAULT_ACCOUNT}:role/{name}") };
    let ports = world.cloud().ports();
    let role = ports.roles().map_err(|f| f.message)?.role(&cx, &arn).ok_or_else(|| format!("there is no role {name}"))?;
    let account = Arn::parse(&role.arn).map_or(DEFAULT_ACCOUNT.to_owned(), |a| a.account.to_owned());
    // Keys exist only where the role trusts what runs programs; without them the identity acts below HTTP.
    let tasks = "ecs-tasks.amazonaws.com";
    let service = if role.trust_policy.contains(tasks) { tasks } else { "lambda.amazonaws.com" };
    let key = match ports.sessions() {
        Ok(sessions) => sessions.for_service(&cx, &role.arn, service, session_name, 3600).await.ok(),
        Err(_) => None,
    };
    let session = match &key {
        Some(key) => key.session.clone(),
        None => RoleSession {
            account: account.into(),
            role_name: role.name,
            role_path: role.path,
            role_id: role.id,
            session_name: session_name.into(),
            session_policies: Vec::new(),
            tags: Vec::new(),
            federated: None,
            expires: cx.now().plus_ns(3600 * 1_000_000_000),
        },
    };
    Ok(Identity::Other { principal: Principal::Session(Arc::new(session)), key: key.as_ref().map(SigningKeys::from) })
}

async fn user(world: &World, name: &str) -> Result<Identity, String> {
    let cx = world.cloud().house_context("scenario");
    let input = json!({ "UserName": name });
    let call = |operation: &'static str| {
        let (cx, input) = (cx.clone(), input.clone());
        async move { world.cloud().call_json(&cx, "iam", operation, &input).await.map_err(|f| format!("{operation} of {name}: {}", f.message)) }
    };
    let user = call("GetUser").await?["User"].clone();
    let key = call("CreateAccessKey").await?["AccessKey"].clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let principal = UserIdentity {
        account: DEFAULT_ACCOUNT.into(),
        name: text(&user["UserName"]),
        path: text(&user["Path"]),
        user_id: text(&user["UserId"]),
    };
    let key = SigningKeys { id: text(&key["AccessKeyId"]), secret: text(&key["SecretAccessKey"]), token: None };
    Ok(Identity::Other { principal: Principal::User(Arc::new(principal)), key: Some(key) })
}
