//! Needs as their service completes them: condition keys, the owner, and whether the resource's policy must consent.

use kit::{AnyReply, BoxFuture, Cloud, Context, Decider, Decision, Fault, Label, Need, Operations, ResourceSide, Service, Typed};
use std::sync::{Arc, Mutex};
use wire::{Protocol, ServiceSchema};

static SCHEMA: ServiceSchema = ServiceSchema {
    name: "vault",
    service_id: "Vault",
    signing_name: "vault",
    endpoint_prefix: "vault",
    target_prefix: None,
    protocols: &[Protocol::Json11],
    api_version: "2014-11-01",
    xml_namespace: None,
    bare_errors: false,
    query_compatible: false,
    operations: &[],
    refused: &[],
    faults: &[],
};

/// A service without operations, whose resources have a policy that must consent.
struct Vault;

impl Operations for Vault {
    fn schema(&self) -> &'static ServiceSchema {
        &SCHEMA
    }
    fn labels(&self) -> &'static [Label] {
        &[]
    }
    fn invalid_input(&self) -> &'static str {
        "ValidationException"
    }
    fn input(&self, _: usize) -> Box<dyn Typed> {
        unreachable!("it has no operations")
    }
    fn access(&self, _: usize, _: &dyn Typed, _: &Context) -> kit::Access {
        kit::Access::Public
    }
    fn call<'a>(&'a self, _: usize, _: Box<dyn Typed>, _: &'a Context) -> BoxFuture<'a, Result<AnyReply, Fault>> {
        Box::pin(async { Err(Fault::internal("it has no operations")) })
    }
}

impl Service for Vault {
    fn complete(&self, cx: &Context, need: &Need) -> Option<Need> {
        let owned = need.clone().owned_by("111111111111").required();
        Some(owned.key("vault:ViaService", cx.called_via().unwrap_or("none")))
    }
    fn resource_policy(&self, _: &Context, resource: &str) -> Option<String> {
        Some(format!("the policy of {resource}"))
    }
}

/// Allows everything and remembers what it was asked.
#[derive(Default)]
struct Asked(Mutex<Vec<(Need, Option<String>)>>);

impl Decider for Asked {
    fn decide(&self, _: &Context, need: &Need, policy: Option<&str>) -> Decision {
        self.0.lock().unwrap().push((need.clone(), policy.map(str::to_owned)));
        Decision { allowed: true, message: String::new(), statement: None }
    }
    fn explain(&self, _: &Context, _: &Need, _: Option<&str>) -> String {
        String::new()
    }
}

#[tokio::test]
async fn whoever_asks_the_service_of_the_action_completes_the_need() {
    let cloud = Cloud::builder().service(Arc::new(Vault)).start().await.unwrap();
    let asked = Arc::new(Asked::default());
    cloud.set_decider(asked.clone());
    let cx = cloud.house_context("test").via("s3.amazonaws.com");

    let grant = cx.grant(&Need::on("vault:Open", "arn:vault")).unwrap();
    grant.covers("vault:Open", "arn:vault").unwrap();
    cx.grant(&Need::on("other:Open", "arn:other")).unwrap();

    let asked = asked.0.lock().unwrap();
    let (need, policy) = &asked[0];
    assert_eq!((need.owner.as_deref(), need.side), (Some("111111111111"), ResourceSide::Required));
    assert_eq!(need.keys, [("vault:ViaService".into(), vec!["s3.amazonaws.com".to_owned()])]);
    assert_eq!(policy.as_deref(), Some("the policy of arn:vault"));
    let (need, policy) = &asked[1];
    assert_eq!((need.owner.as_deref(), need.side, need.keys.len(), policy), (None, ResourceSide::Optional, 0, &None));
}
