//! IAM's roles and users.

use super::{Handler, Job, Kind, Made, job::document};
use async_trait::async_trait;
use kit::Fault;
use serde_json::{Value as Json, json};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        name: "AWS::IAM::Role",
        made_by: Some(("iam", "CreateRole")),
        properties: &[
            "AssumeRolePolicyDocument",
            "Description",
            "ManagedPolicyArns",
            "MaxSessionDuration",
            "Path",
            "PermissionsBoundary",
            "Policies",
            "RoleName",
            "Tags",
        ],
        attributes: &["Arn", "RoleId"],
        handler: &Identity { entity: "Role", longest: 64 },
    },
    Kind {
        name: "AWS::IAM::User",
        made_by: Some(("iam", "CreateUser")),
        properties: &["ManagedPolicyArns", "Path", "PermissionsBoundary", "Policies", "Tags", "UserName"],
        attributes: &["Arn"],
        handler: &Identity { entity: "User", longest: 64 },
    },
];

/// Roles and users: the same calls under two names.
struct Identity {
    entity: &'static str,
    longest: usize,
}

impl Identity {
    fn is_role(&self) -> bool {
        self.entity == "Role"
    }
    fn name_key(&self) -> String {
        format!("{}Name", self.entity)
    }
    fn operation(&self, verb: &str, what: &str) -> String {
        format!("{verb}{}{what}", self.entity)
    }
    async fn call(&self, job: &Job<'_>, verb: &str, what: &str, name: &str, more: Json) -> Result<Json, Fault> {
        let mut input = more;
        input[self.name_key()] = name.into();
        job.call("iam", &self.operation(verb, what), input).await
    }
    async fn call_gone(&self, job: &Job<'_>, verb: &str, what: &str, name: &str, more: Json) -> Result<(), Fault> {
        let mut input = more;
        input[self.name_key()] = name.into();
        job.call_gone("iam", &self.operation(verb, what), input).await
    }

    /// Inline policies and attachments: those that are new or changed are put, those that are gone are taken away.
    async fn policies(&self, job: &Job<'_>, name: &str) -> Result<(), Fault> {
        let empty = Vec::new();
        let list = |value: &Json| value.as_array().cloned().unwrap_or_else(|| empty.clone());
        let (old, new) = (list(job.was("Policies")), list(job.get("Policies")));
        for gone in old.iter().filter(|policy| !new.iter().any(|p| p["PolicyName"] == policy["PolicyName"])) {
            self.call_gone(job, "Delete", "Policy", name, json!({ "PolicyName": gone["PolicyName"] })).await?;
        }
        for policy in new.iter().filter(|policy| !old.contains(policy)) {
            let input = json!({ "PolicyName": policy["PolicyName"], "PolicyDocument": document(&policy["PolicyDocument"]) });
            self.call(job, "Put", "Policy", name, input).await?;
        }
        let (old, new) = (list(job.was("ManagedPolicyArns")), list(job.get("ManagedPolicyArns")));
        for gone in old.iter().filter(|arn| !new.contains(arn)) {
            self.call_gone(job, "Detach", "Policy", name, json!({ "PolicyArn": gone })).await?;
        }
        for arn in new.iter().filter(|arn| !old.contains(arn)) {
            self.call(job, "Attach", "Policy", name, json!({ "PolicyArn": arn })).await?;
        }
        Ok(())
    }

    fn made(&self, name: &str, entity: &Json) -> Made {
        let made = Made::new(name).with("Arn", entity["Arn"].clone());
        if self.is_role() { made.with("RoleId", entity["RoleId"].clone()) } else { made }
    }
}

#[async_trait]
impl Handler for Identity {
    async fn create(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.name(&self.name_key(), self.longest);
        let mut input =
            json!({ "Path": job.get("Path"), "PermissionsBoundary": job.get("PermissionsBoundary"), "Tags": job.tag_list("Tags") });
        if self.is_role() {
            input["AssumeRolePolicyDocument"] = document(job.get("AssumeRolePolicyDocument"));
            input["Description"] = job.get("Description").clone();
            input["MaxSessionDuration"] = job.get("MaxSessionDuration").clone();
        }
        input[self.name_key()] = name.clone().into();
        let made = match job.call_made("iam", &self.operation("Create", ""), input).await? {
            Some(made) => made,
            None => self.call(job, "Get", "", &name, json!({})).await?,
        };
        let made = self.made(&name, &made[self.entity]);
        // The entity is there: whoever cleans up after a failure must know it.
        match self.policies(job, &name).await {
            Ok(()) => Ok(made),
            Err(fault) => {
                let _ = self.give_up(job, &name).await;
                Err(fault)
            }
        }
    }
    async fn update(&self, job: &Job<'_>) -> Result<Made, Fault> {
        let name = job.physical();
        if self.is_role() {
            if job.changed("AssumeRolePolicyDocument") {
                self.update_trust(job, name).await?;
            }
            if job.changed("Description") || job.changed("MaxSessionDuration") {
                let input = json!({ "Description": job.get("Description").as_str().unwrap_or_default(), "MaxSessionDuration": job.get("MaxSessionDuration").as_i64().unwrap_or(3600) });
                self.call(job, "Update", "", name, input).await?;
            }
        } else if job.changed("Path") {
            self.call(job, "Update", "", name, json!({ "NewPath": job.get("Path").as_str().unwrap_or("/") })).await?;
        }
        if job.changed("PermissionsBoundary") {
            match job.get("PermissionsBoundary") {
                Json::Null => self.call_gone(job, "Delete", "PermissionsBoundary", name, json!({})).await?,
                arn => drop(self.call(job, "Put", "PermissionsBoundary", name, json!({ "PermissionsBoundary": arn })).await?),
            }
        }
        self.policies(job, name).await?;
        let gone = job.tags_gone("Tags");
        if !gone.is_empty() {
            self.tag(job, "Untag", name, json!({ "TagKeys": gone })).await?;
        }
        if job.retagged("Tags") && !job.tag_list("Tags").is_null() {
            self.tag(job, "Tag", name, json!({ "Tags": job.tag_list("Tags") })).await?;
        }
        let found = self.call(job, "Get", "", name, json!({})).await?;
        Ok(self.made(name, &found[self.entity]))
    }
    async fn delete(&self, job: &Job<'_>) -> Result<(), Fault> {
        let name = job.physical();
        for policy in job.was("Policies").as_array().into_iter().flatten() {
            self.call_gone(job, "Delete", "Policy", name, json!({ "PolicyName": policy["PolicyName"] })).await?;
        }
        for arn in job.was("ManagedPolicyArns").as_array().into_iter().flatten() {
            self.call_gone(job, "Detach", "Policy", name, json!({ "PolicyArn": arn })).await?;
        }
        self.call_gone(job, "Delete", "", name, json!({})).await
    }
}

impl Identity {
    async fn update_trust(&self, job: &Job<'_>, name: &str) -> Result<(), Fault> {
        let input = json!({ "RoleName": name, "PolicyDocument": document(job.get("AssumeRolePolicyDocument")) });
        job.call("iam", "UpdateAssumeRolePolicy", input).await.map(drop)
    }
    async fn tag(&self, job: &Job<'_>, verb: &str, name: &str, more: Json) -> Result<(), Fault> {
        self.call(job, verb, "", name, more).await.map(drop)
    }
    /// Takes a half-made entity away again.
    async fn give_up(&self, job: &Job<'_>, name: &str) -> Result<(), Fault> {
        for policy in job.get("Policies").as_array().into_iter().flatten() {
            self.call_gone(job, "Delete", "Policy", name, json!({ "PolicyName": policy["PolicyName"] })).await?;
        }
        for arn in job.get("ManagedPolicyArns").as_array().into_iter().flatten() {
            self.call_gone(job, "Detach", "Policy", name, json!({ "PolicyArn": arn })).await?;
        }
        self.call_gone(job, "Delete", "", name, json!({})).await
    }
}
