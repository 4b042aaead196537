//! API keys and usage plans.

use super::{
    Handler, Job, Kind, Made,
    apigateway::{Patch, escaped, retag},
};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::ApiGateway::ApiKey",
        made_by: Some(("apigateway", "CreateApiKey")),
        properties: &["CustomerId", "Description", "Enabled", "Name", "Tags", "Value"],
        attributes: &["APIKeyId"],
        handler: &ApiKey,
    },
    Kind {
        name: "AWS::ApiGateway::UsagePlan",
        made_by: Some(("apigateway", "CreateUsagePlan")),
        properties: &["ApiStages", "Description", "Quota", "Tags", "Throttle", "UsagePlanName"],
        attributes: &["Id"],
        handler: &UsagePlan,
    },
    Kind {
        name: "AWS::ApiGateway::UsagePlanKey",
        made_by: Some(("apigateway", "CreateUsagePlanKey")),
        properties: &["KeyId", "KeyType", "UsagePlanId"],
        attributes: &["Id"],
        handler: &UsagePlanKey,
    },
];

struct ApiKey;

#[async_trait]
impl Handler for ApiKey {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut input = job.after.clone();
        input["Name"] = job.name("Name", 1024).into();
        input["Tags"] = job.tag_map("Tags");
        let made = job.call("apigateway", "CreateApiKey", input).await?;
        let id = made["id"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("APIKeyId", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let paths = [("CustomerId", "/customerId", ""), ("Description", "/description", ""), ("Enabled", "/enabled", "false")];
        Patch::of(job, &paths).send(job, "UpdateApiKey", json!({ "apiKey": job.physical() })).await?;
        retag(job, &format!("/apikeys/{}", job.physical())).await?;
        Ok(Made::new(job.physical()).with("APIKeyId", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        job.call_gone("apigateway", "DeleteApiKey", json!({ "apiKey": job.physical() })).await
    }
}

struct UsagePlan;

/// Stages of a plan as `api:stage`.
fn stages(value: &Json) -> Vec<String> {
    let text = |stage: &Json, name: &str| stage[name].as_str().unwrap_or_default().to_owned();
    value.as_array().into_iter().flatten().map(|stage| format!("{}:{}", text(stage, "ApiId"), text(stage, "Stage"))).collect()
}

#[async_trait]
impl Handler for UsagePlan {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let input = json!({
            "name": job.name("UsagePlanName", 255),
            "description": job.get("Description"),
            "apiStages": job.get("ApiStages"),
            "throttle": job.get("Throttle"),
            "quota": job.get("Quota"),
            "tags": job.tag_map("Tags"),
        });
        let made = job.call("apigateway", "CreateUsagePlan", input).await?;
        let id = made["id"].as_str().unwrap_or_default();
        Ok(Made::new(id).with("Id", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let mut patch = Patch::of(job, &[("Description", "/description", "")]);
        if job.changed("UsagePlanName") && job.get("UsagePlanName").is_string() {
            patch.set("/name", job.get("UsagePlanName"));
        }
        for (property, path, members) in [
            ("Throttle", "/throttle", [("BurstLimit", "burstLimit"), ("RateLimit", "rateLimit"), ("", "")]),
            ("Quota", "/quota", [("Limit", "limit"), ("Offset", "offset"), ("Period", "period")]),
        ] {
            if !job.changed(property) {
                continue;
            }
            if job.get(property).is_null() {
                patch.set(path, &Json::Null);
            }
            for (member, name) in members {
                if let Some(value) = job.get(property).get(member) {
                    patch.set(&format!("{path}/{name}"), value);
                }
            }
        }
        if job.changed("ApiStages") {
            let (old, new) = (stages(job.was("ApiStages")), stages(job.get("ApiStages")));
            // A stage whose throttles change comes anew.
            old.iter().for_each(|stage| patch.0.push(json!({ "op": "remove", "path": "/apiStages", "value": stage })));
            new.iter().for_each(|stage| patch.0.push(json!({ "op": "add", "path": "/apiStages", "value": stage })));
            for (stage, key) in job.get("ApiStages").as_array().into_iter().flatten().zip(&new) {
                for (method, limits) in stage["Throttle"].as_object().into_iter().flatten() {
                    let (path, verb) = method.rsplit_once('/').unwrap_or((method, "GET"));
                    for (member, name) in [("BurstLimit", "burstLimit"), ("RateLimit", "rateLimit")] {
                        if let Some(value) = limits.get(member) {
                            patch.set(&format!("/apiStages/{}/throttle/{}/{verb}/{name}", escaped(key), escaped(path)), value);
                        }
                    }
                }
            }
        }
        patch.send(job, "UpdateUsagePlan", json!({ "usagePlanId": job.physical() })).await?;
        retag(job, &format!("/usageplans/{}", job.physical())).await?;
        Ok(Made::new(job.physical()).with("Id", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let key = json!({ "usagePlanId": job.physical() });
        let gone: Vec<Json> = match job.call("apigateway", "GetUsagePlan", key.clone()).await {
            Ok(plan) => {
                let of = |stage: &Json| json!({ "op": "remove", "path": "/apiStages", "value": format!("{}:{}", stage["apiId"].as_str().unwrap_or_default(), stage["stage"].as_str().unwrap_or_default()) });
                plan["apiStages"].as_array().into_iter().flatten().map(of).collect()
            }
            Err(fault) if super::job::is_gone(&fault) => return Ok(()),
            Err(fault) => return Err(fault),
        };
        // A plan goes only when no stage is left in it.
        Patch(gone).send(job, "UpdateUsagePlan", key.clone()).await?;
        job.call_gone("apigateway", "DeleteUsagePlan", key).await
    }
}

struct UsagePlanKey;

#[async_trait]
impl Handler for UsagePlanKey {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        job.call_made("apigateway", "CreateUsagePlanKey", job.after.clone()).await?;
        let id = format!("{}:{}", job.text("KeyId"), job.text("UsagePlanId"));
        Ok(Made::new(id.clone()).with("Id", id))
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        Ok(Made::new(job.physical()).with("Id", job.physical()))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let key = json!({ "usagePlanId": job.text("UsagePlanId"), "keyId": job.text("KeyId") });
        job.call_gone("apigateway", "DeleteUsagePlanKey", key).await
    }
}
