//! Logging configurations: where records of a web ACL go. A log group gets the resource policy, and a bucket the bucket policy, that let
//! Logs' delivery write there, with the caller's permissions, as AWS does it.

use crate::{Wafv2, check, model::*, state};
use kit::{Arn, Context, Fault, Read};
use serde_json::{Value, json};

/// The resource policy that AWS makes.
const POLICY: &str = "AWSLogDeliveryWrite20150319";

impl Wafv2 {
    /// Sets where records go.
    pub async fn put_logging_configuration(
        &self,
        cx: &Context,
        input: PutLoggingConfigurationInput,
    ) -> Result<PutLoggingConfigurationOutput, Fault> {
        let mut configuration = input.logging_configuration;
        let place = state::place_of(cx, &configuration.resource_arn);
        cx.store().read(|s| state::web_acl_by_arn(s, &place, &configuration.resource_arn)?.ok_or_else(check::nonexistent))?;
        let [destination] = configuration.log_destination_configs.as_slice() else {
            return Err(check::limit("one log destination"));
        };
        if !matches!(configuration.log_scope, None | Some(LogScope::Customer)) {
            return Err(check::not_implemented("logging for Security Lake and telemetry rules"));
        }
        for field in configuration.redacted_fields.iter().flatten() {
            let can = field.single_header.is_some() || field.uri_path.is_some() || field.query_string.is_some() || field.method.is_some();
            if !can {
                let reason = "Fields that can be redacted are UriPath, QueryString, SingleHeader and Method.";
                return Err(check::invalid("LOG_DESTINATION", "RedactedFields", reason));
            }
        }
        open(cx, destination).await?;
        configuration.managed_by_firewall_manager = Some(false);
        let row = state::LoggingRow { configuration };
        cx.store()
            .write(|tx| {
                tx.put(&state::LOGGING, &place, &row.configuration.resource_arn, &row)?;
                state::changed(tx, cx, &place)
            })
            .await?;
        Ok(PutLoggingConfigurationOutput { logging_configuration: Some(row.configuration) })
    }

    /// Where records of a web ACL go.
    pub async fn get_logging_configuration(
        &self,
        cx: &Context,
        input: GetLoggingConfigurationInput,
    ) -> Result<GetLoggingConfigurationOutput, Fault> {
        let place = state::place_of(cx, &input.resource_arn);
        let row = cx.store().read(|s| s.get(&state::LOGGING, &place, &input.resource_arn))?.ok_or_else(check::nonexistent)?;
        Ok(GetLoggingConfigurationOutput { logging_configuration: Some(row.configuration) })
    }

    /// Records go nowhere from now on.
    pub async fn delete_logging_configuration(
        &self,
        cx: &Context,
        input: DeleteLoggingConfigurationInput,
    ) -> Result<DeleteLoggingConfigurationOutput, Fault> {
        let place = state::place_of(cx, &input.resource_arn);
        cx.store()
            .write(|tx| {
                tx.delete(&state::LOGGING, &place, &input.resource_arn)?.ok_or_else(check::nonexistent)?;
                state::changed(tx, cx, &place)
            })
            .await?;
        Ok(DeleteLoggingConfigurationOutput {})
    }

    /// All configurations of a scope.
    pub async fn list_logging_configurations(
        &self,
        cx: &Context,
        input: ListLoggingConfigurationsInput,
    ) -> Result<ListLoggingConfigurationsOutput, Fault> {
        let place = state::place(cx, input.scope)?;
        let rows = cx.store().read(|s| s.scan(&state::LOGGING, &place).collect::<Result<Vec<_>, Fault>>())?;
        let key = |(arn, _): &(String, state::LoggingRow)| arn.clone();
        let page = kit::pages::page(rows, key, input.next_marker.as_deref(), check::page_length(input.limit), check::bad_marker)?;
        let logging_configurations = Some(page.items.into_iter().map(|(_, row)| row.configuration).collect());
        Ok(ListLoggingConfigurationsOutput { logging_configurations, next_marker: page.next })
    }
}

/// Lets Logs' delivery write to a destination.
async fn open(cx: &Context, destination: &str) -> Result<(), Fault> {
    let bad = |reason: &str| check::invalid("LOG_DESTINATION", destination, reason);
    let arn = Arn::parse(destination).ok_or_else(|| bad("The ARN isn't valid."))?;
    let name = |of: &str| of.starts_with("aws-waf-logs-");
    match arn.service {
        "logs" => {
            let group = arn.after("log-group:").map(|g| g.trim_end_matches(":*")).filter(|g| name(g));
            let group = group.ok_or_else(|| bad("The name of the log group has to begin with aws-waf-logs-."))?;
            if !cx.cloud().ports().logs()?.exists(cx, group) {
                return Err(Error::WAFLogDestinationPermissionIssue.says("The log destination does not exist, or you can't use it."));
            }
            open_group(cx, group).await
        }
        "s3" => {
            let bucket = arn.resource.split('/').next().filter(|b| name(b));
            let bucket = bucket.ok_or_else(|| bad("The name of the bucket has to begin with aws-waf-logs-."))?;
            if cx.cloud().ports().objects()?.owner(cx, bucket).is_none() {
                return Err(Error::WAFLogDestinationPermissionIssue.says("The log destination does not exist, or you can't use it."));
            }
            open_bucket(cx, bucket).await
        }
        "firehose" => Err(check::not_implemented("logging to Amazon Data Firehose")),
        _ => Err(bad("The ARN isn't valid: it names neither a log group, nor a bucket, nor a delivery stream.")),
    }
}

async fn open_group(cx: &Context, group: &str) -> Result<(), Fault> {
    let resource = format!("arn:aws:logs:{}:{}:log-group:{group}:*", cx.region(), cx.account());
    let answer = call(cx, "logs", "DescribeResourcePolicies", json!({})).await?;
    let policies = answer["resourcePolicies"].as_array().cloned().unwrap_or_default();
    let ours = policies.iter().find(|p| p["policyName"] == POLICY).and_then(|p| p["policyDocument"].as_str());
    let mut document: Value = ours.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| {
        json!({ "Version": "2012-10-17", "Statement": [{
            "Sid": "AWSLogDeliveryWrite",
            "Effect": "Allow",
            "Principal": { "Service": ["delivery.logs.amazonaws.com"] },
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [],
            "Condition": {
                "StringEquals": { "aws:SourceAccount": [cx.account()] },
                "ArnLike": { "aws:SourceArn": [format!("arn:aws:logs:{}:{}:*", cx.region(), cx.account())] },
            },
        }] })
    });
    if let Some(resources) = document["Statement"][0]["Resource"].as_array_mut()
        && !resources.iter().any(|r| *r == resource)
    {
        resources.push(resource.into());
    }
    call(cx, "logs", "PutResourcePolicy", json!({ "policyName": POLICY, "policyDocument": document.to_string() })).await.map(drop)
}

async fn open_bucket(cx: &Context, bucket: &str) -> Result<(), Fault> {
    const SID: &str = "AWSLogDeliveryWrite";
    let policy = match call(cx, "s3", "GetBucketPolicy", json!({ "Bucket": bucket })).await {
        Ok(answer) => answer["Policy"].as_str().and_then(|text| serde_json::from_str(text).ok()),
        Err(fault) if fault.code == "NoSuchBucketPolicy" => None,
        Err(fault) => return Err(fault),
    };
    let mut policy: Value = policy.unwrap_or_else(|| json!({ "Version": "2012-10-17", "Statement": [] }));
    let statements = policy["Statement"].as_array_mut().ok_or_else(|| Fault::internal("a bucket policy without a list of statements"))?;
    if statements.iter().any(|s| s["Sid"] == SID) {
        return Ok(());
    }
    statements.push(json!({
        "Sid": SID,
        "Effect": "Allow",
        "Principal": { "Service": "delivery.logs.amazonaws.com" },
        "Action": "s3:PutObject",
        "Resource": format!("arn:aws:s3:::{bucket}/*"),
        "Condition": { "StringEquals": { "s3:x-amz-acl": "bucket-owner-full-control", "aws:SourceAccount": [cx.account()] } },
    }));
    call(cx, "s3", "PutBucketPolicy", json!({ "Bucket": bucket, "Policy": policy.to_string() })).await.map(drop)
}

async fn call(cx: &Context, service: &str, operation: &str, input: Value) -> Result<Value, Fault> {
    let cx = cx.via("wafv2.amazonaws.com");
    cx.cloud().call_json(&cx, service, operation, &input).await.map_err(|fault| match fault.status {
        401 | 403 => Error::WAFLogDestinationPermissionIssue.says(format!("You lack a permission that logging needs: {}", fault.message)),
        _ => fault,
    })
}
