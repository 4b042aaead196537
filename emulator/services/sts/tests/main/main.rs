//! STS as a caller sees it: whom the trust policy lets in, for how long, and what the credentials then say of their holder.

use kit::{
    ClockMode, Cloud, Context, Decider, Decision, Fault, Need, Principal, Timestamp,
    ports::{RoleInfo, Roles},
};
use serde_json::{Value, json};
use std::sync::Arc;

const START: i64 = 1_700_000_000;
const ROLE: &str = "arn:aws:iam::111111111111:role/team/process";

/// One role, trusted by whom the fake decider below lets in.
struct OneRole;

impl Roles for OneRole {
    fn role(&self, _: &Context, role_arn: &str) -> Option<RoleInfo> {
        (role_arn == ROLE).then(|| RoleInfo {
            arn: ROLE.into(),
            name: "process".into(),
            path: "/team/".into(),
            id: "AROAEXAMPLE".into(),
            trust_policy: "{}".into(),
            max_session_secs: 7200,
        })
    }
}

/// Lets in who brings the external id `77`, and the service lambda.
struct ByExternalId;

impl Decider for ByExternalId {
    fn decide(&self, cx: &Context, need: &Need, policy: Option<&str>) -> Decision {
        let brings = |name: &str, value: &str| need.keys.iter().any(|(n, v)| &**n == name && v.iter().any(|v| v == value));
        let service = matches!(cx.principal(), Principal::Service { name, .. } if &**name == "lambda.amazonaws.com");
        let trusted = policy.is_some() && (service || brings("sts:ExternalId", "77"));
        let allowed = trusted || !need.action.starts_with("sts:AssumeRole");
        Decision { allowed, message: format!("{} may not {}", cx.principal().arn(), need.action), statement: None }
    }
    fn explain(&self, cx: &Context, need: &Need, policy: Option<&str>) -> String {
        self.decide(cx, need, policy).message
    }
}

struct Desk {
    cloud: Arc<Cloud>,
    cx: Context,
}

impl Desk {
    async fn new() -> Desk {
        let builder = Cloud::builder().start_at(Timestamp::from_secs(START)).mode(ClockMode::Frozen);
        let cloud = builder.service(Arc::new(sts::Sts::new())).start().await.unwrap();
        cloud.ports().offer_roles(Arc::new(OneRole));
        cloud.set_decider(Arc::new(ByExternalId));
        let cx = cloud.house_context("test");
        Desk { cloud, cx }
    }
    async fn call(&self, cx: &Context, operation: &str, input: Value) -> Result<Value, Fault> {
        self.cloud.call_json(cx, "sts", operation, &input).await
    }
    async fn assume(&self, more: Value) -> Result<Value, Fault> {
        let mut input = json!({ "RoleArn": ROLE, "RoleSessionName": "me", "ExternalId": "77" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.call(&self.cx, "AssumeRole", input).await
    }
    /// Requests signed with credentials.
    fn holder(&self, credentials: &Value) -> Context {
        let key = self.cloud.access_key(credentials["AccessKeyId"].as_str().unwrap()).unwrap();
        assert_eq!(key.session_token.as_deref(), credentials["SessionToken"].as_str());
        self.cx.with_principal(key.principal)
    }
}

#[tokio::test]
async fn a_session_is_who_it_says_for_as_long_as_it_was_asked() {
    let desk = Desk::new().await;
    let answer = desk.assume(json!({ "DurationSeconds": 900 })).await.unwrap();
    assert_eq!(answer["AssumedRoleUser"]["Arn"], "arn:aws:sts::111111111111:assumed-role/process/me");
    assert_eq!(answer["AssumedRoleUser"]["AssumedRoleId"], "AROAEXAMPLE:me");
    let id = answer["Credentials"]["AccessKeyId"].as_str().unwrap();
    assert!(id.starts_with("LSIA"), "never to be mistaken for a real key");
    assert_eq!(desk.cloud.access_key(id).unwrap().expires, Some(Timestamp::from_secs(START + 900)));
    let who = desk.call(&desk.holder(&answer["Credentials"]), "GetCallerIdentity", json!({})).await.unwrap();
    assert_eq!(
        who,
        json!({ "UserId": "AROAEXAMPLE:me", "Account": "111111111111", "Arn": "arn:aws:sts::111111111111:assumed-role/process/me" })
    );
}

#[tokio::test]
async fn the_trust_policy_decides() {
    let desk = Desk::new().await;
    let refusal = desk.assume(json!({ "ExternalId": "88" })).await.unwrap_err();
    assert_eq!((&*refusal.code, refusal.status), ("AccessDenied", 403));
    let gone = desk.assume(json!({ "RoleArn": "arn:aws:iam::111111111111:role/none" })).await.unwrap_err();
    assert_eq!(&*gone.code, "AccessDenied", "whether a role exists is nobody's business");
}

#[tokio::test]
async fn a_session_is_no_longer_than_the_role_and_the_chain_allow() {
    let desk = Desk::new().await;
    assert!(desk.assume(json!({ "DurationSeconds": 7200 })).await.is_ok());
    let long = desk.assume(json!({ "DurationSeconds": 7201 })).await.unwrap_err();
    assert_eq!(long.message, "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    let first = desk.assume(json!({})).await.unwrap();
    let chained = json!({ "RoleArn": ROLE, "RoleSessionName": "two", "ExternalId": "77", "DurationSeconds": 3601 });
    let refused = desk.call(&desk.holder(&first["Credentials"]), "AssumeRole", chained).await.unwrap_err();
    assert_eq!(refused.message, "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
}

#[tokio::test]
async fn session_policies_and_tags_travel_with_the_session() {
    let desk = Desk::new().await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}"#;
    let answer = desk.assume(json!({ "Policy": policy, "Tags": [{ "Key": "team", "Value": "blue" }] })).await.unwrap();
    let holder = desk.holder(&answer["Credentials"]);
    let Principal::Session(session) = holder.principal() else { panic!("{:?}", holder.principal()) };
    assert_eq!(session.session_policies, [policy]);
    assert_eq!(session.tags, [("team".to_owned(), "blue".to_owned())]);
    let broken = desk.assume(json!({ "Policy": "{" })).await.unwrap_err();
    assert_eq!(&*broken.code, "MalformedPolicyDocument");
    // A session of policies that name nothing would have all that the role may do.
    for nothing in [json!([{}]), json!([{ "arn": "arn:aws:iam::aws:policy/ReadOnlyAccess" }, {}])] {
        let fault = desk.assume(json!({ "PolicyArns": nothing })).await.unwrap_err();
        assert_eq!(&*fault.code, "ValidationError", "{fault}");
        assert!(fault.message.starts_with("1 validation error detected: Value null at 'policyArns."), "{fault}");
        assert!(fault.message.ends_with(".member.arn' failed to satisfy constraint: Member must not be null"), "{fault}");
    }
    let unbuilt = desk.assume(json!({ "SourceIdentity": "ada" })).await.unwrap_err();
    assert_eq!(unbuilt.status, 501, "never dropped in silence");
}

#[tokio::test]
async fn a_service_gets_credentials_of_a_role_that_trusts_it_only() {
    let desk = Desk::new().await;
    let sessions = desk.cloud.ports().sessions().unwrap();
    let key = sessions.for_service(&desk.cx, ROLE, "lambda.amazonaws.com", "fn", 3600).await.unwrap();
    assert_eq!((key.session.role_name.as_str(), key.expires), ("process", Timestamp::from_secs(START + 3600)));
    let refused = sessions.for_service(&desk.cx, ROLE, "events.amazonaws.com", "rule", 3600).await.unwrap_err();
    assert_eq!(&*refused.code, "AccessDenied");
}

#[tokio::test]
async fn a_key_is_remembered_for_a_day_after_its_end() {
    let desk = Desk::new().await;
    let answer = desk.assume(json!({ "DurationSeconds": 900 })).await.unwrap();
    let id = answer["Credentials"]["AccessKeyId"].as_str().unwrap();
    let advance = |secs| kit::AdvanceOptions {
        by: std::time::Duration::from_secs(secs),
        settle: kit::Settle::Each,
        budget: std::time::Duration::from_secs(20),
    };
    desk.cloud.advance(advance(901)).await;
    assert!(desk.cloud.access_key(id).is_some(), "the gateway can say that it expired");
    desk.cloud.advance(advance(25 * 3600)).await;
    assert!(desk.cloud.access_key(id).is_none());
}
