//! The record of a judgement, and its way to CloudWatch Logs or to S3. Records for S3 wait in the store and leave every five minutes of the
//! clock, as AWS's do.

use crate::{
    associations,
    engine::{Acl, Applied, Condition as Found, Judgement, Limited, Request},
    model::*,
};
use flate2::{Compression, write::GzEncoder};
use kit::{Arn, Body, Context, Fault, Need, Read, Table, TableScope, Timestamp, ports::NewObject, store::NewTask, store::TaskRow};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io::Write;

/// Who writes logs for services.
const WRITER: &str = "delivery.logs.amazonaws.com";
/// Between two objects, seconds.
const EVERY_SECS: i64 = 300;
/// The task that writes an object.
pub(crate) const TASK: &str = "log-object";
/// Records that wait for S3, by web ACL and number.
const WAITING: Table<(String, u64), String> = Table::new("wafv2.waiting-records", TableScope::Region);

/// What the task is told.
#[derive(Serialize, Deserialize)]
struct Leave {
    acl_arn: String,
    acl_name: String,
    bucket_arn: String,
}

/// Writes the record of a judgement, if the configuration wants it.
pub(crate) async fn write(
    cx: &Context,
    resource_arn: &str,
    acl: &Acl,
    configuration: &LoggingConfiguration,
    request: &Request,
    judgement: &Judgement,
) -> Result<(), Fault> {
    if !kept(configuration.logging_filter.as_ref(), judgement) {
        return Ok(());
    }
    let record =
        record(cx, resource_arn, acl, configuration.redacted_fields.as_deref().unwrap_or_default(), request, judgement).to_string();
    for destination in &configuration.log_destination_configs {
        match destination.split_once(":log-group:") {
            Some((_, group)) => to_logs(cx, acl, group.trim_end_matches(":*"), record.clone()).await?,
            None => wait(cx, acl, destination, record.clone()).await?,
        }
    }
    Ok(())
}

async fn to_logs(cx: &Context, acl: &Acl, group: &str, record: String) -> Result<(), Fault> {
    let stream = format!("{}_{}_0", cx.region(), acl.name);
    let arn = format!("arn:aws:logs:{}:{}:log-group:{group}:log-stream:{stream}", cx.region(), cx.account());
    let writer = writer(cx);
    let grant = writer.grant(&Need::on("logs:PutLogEvents", arn))?;
    writer.cloud().ports().logs()?.append(&writer, grant, group, &stream, vec![(cx.now(), record)], true).await
}

/// Logs' delivery, for this account.
fn writer(cx: &Context) -> Context {
    cx.as_service(WRITER, &format!("arn:aws:logs:{}:{}:*", cx.region(), cx.account()), cx.account())
}

async fn wait(cx: &Context, acl: &Acl, bucket_arn: &str, record: String) -> Result<(), Fault> {
    let leave = Leave { acl_arn: acl.arn.clone(), acl_name: acl.name.clone(), bucket_arn: bucket_arn.to_owned() };
    let due = Timestamp::from_secs((cx.now().secs() / EVERY_SECS + 1) * EVERY_SECS);
    cx.store()
        .write(|tx| {
            let is_first = tx.scan(&WAITING, cx.scope()).prefix(&(acl.arn.as_str(),)).next().is_none();
            let number = tx.next_seq("wafv2.records");
            tx.put(&WAITING, cx.scope(), &(acl.arn.clone(), number), &record)?;
            if is_first {
                tx.task(NewTask::new(cx.scope(), "wafv2", TASK, &leave).at(due));
            }
            Ok(())
        })
        .await
}

/// Writes the records that wait as one object.
pub(crate) async fn leave(cx: &Context, task: &TaskRow) -> Result<(), Fault> {
    let leave: Leave = task.payload()?;
    let cx = cx.in_scope(task.scope.clone());
    let rows = cx.store().read(|s| s.scan(&WAITING, cx.scope()).prefix(&(leave.acl_arn.as_str(),)).collect::<Result<Vec<_>, Fault>>())?;
    if rows.is_empty() {
        return Ok(());
    }
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    for (_, record) in &rows {
        packed.write_all(record.as_bytes()).and_then(|()| packed.write_all(b"\n")).map_err(|e| Fault::internal(e.to_string()))?;
    }
    let bytes = packed.finish().map_err(|e| Fault::internal(e.to_string()))?;
    let bucket = Arn::parse(&leave.bucket_arn).map(|arn| arn.resource.to_owned()).unwrap_or_default();
    let (bucket, prefix) = bucket.split_once('/').map_or((bucket.as_str(), ""), |(bucket, prefix)| (bucket, prefix));
    let key = object_key(&cx, prefix, &leave.acl_name, task.due);
    let writer = writer(&cx);
    let objects = writer.cloud().ports().objects()?;
    let need = Need::on("s3:PutObject", format!("arn:aws:s3:::{bucket}/{key}")).key("s3:x-amz-acl", "bucket-owner-full-control");
    let grant = writer.grant(&need)?;
    let object = NewObject { bucket: bucket.to_owned(), key, content_type: Some("application/octet-stream".into()), metadata: Vec::new() };
    objects.put(&writer, grant, object, Body::from_bytes(bytes)).await?;
    cx.store().write(|tx| rows.iter().try_for_each(|(key, _)| tx.delete(&WAITING, cx.scope(), key).map(drop))).await
}

/// `AWSLogs/000000000000/WAFLogs/us-east-1/name/2026/11/23/02/05/000000000000_waflogs_us-east-1_name_20261123T0205Z_hash.log.gz`
fn object_key(cx: &Context, prefix: &str, acl: &str, at: Timestamp) -> String {
    let (account, region) = (cx.account(), cx.region());
    let text = kit::time::iso_secs(at);
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let path = format!("{}/{}/{}", date.replace('-', "/"), &time[..2], &time[3..5]);
    let compact = format!("{}T{}{}Z", date.replace('-', ""), &time[..2], &time[3..5]);
    let prefix = if prefix.is_empty() { String::new() } else { format!("{}/", prefix.trim_end_matches('/')) };
    let hash = cx.ids().hex(8);
    format!("{prefix}AWSLogs/{account}/WAFLogs/{region}/{acl}/{path}/{account}_waflogs_{region}_{acl}_{compact}_{hash}.log.gz")
}

/// Whether a logging filter keeps a record: the first filter that fits decides.
fn kept(filter: Option<&LoggingFilter>, judgement: &Judgement) -> bool {
    let Some(filter) = filter else { return true };
    let action_of = |action: ActionValue| {
        let counted = || judgement.counted.iter().chain(judgement.groups.iter().flat_map(|g| &g.counted));
        match action {
            ActionValue::Count => counted().any(|c| c.action == "COUNT" && c.overridden.is_none()),
            ActionValue::ExcludedAsCount => counted().any(|c| c.action == "COUNT" && c.overridden.is_some()),
            other => judgement.action == other.as_str(),
        }
    };
    let fits = |condition: &Condition| match (&condition.action_condition, &condition.label_name_condition) {
        (Some(action), _) => action.action.is_some_and(action_of),
        (_, Some(label)) => judgement.labels.contains(&label.label_name),
        _ => false,
    };
    for rule in &filter.filters {
        let matched = match rule.requirement {
            Some(FilterRequirement::MeetsAll) => rule.conditions.iter().all(fits),
            _ => rule.conditions.iter().any(fits),
        };
        if matched {
            return rule.behavior == Some(FilterBehavior::Keep);
        }
    }
    filter.default_behavior == Some(FilterBehavior::Keep)
}

/// The record in the form of AWS's logs.
fn record(cx: &Context, resource_arn: &str, acl: &Acl, redacted: &[FieldToMatch], request: &Request, judgement: &Judgement) -> Value {
    let (source, id) = source(cx, resource_arn);
    let by = judgement.by.as_ref();
    let mut record = json!({
        "timestamp": cx.now().millis(),
        "formatVersion": 1,
        "webaclId": acl.arn,
        "terminatingRuleId": by.map_or("Default_Action", |by| by.rule.as_str()),
        "terminatingRuleType": by.map_or("REGULAR", |by| by.kind),
        "action": judgement.action,
        "terminatingRuleMatchDetails": judgement.details.iter().map(|d| json!({
            "conditionType": match d.condition { Found::Sqli => "SQL_INJECTION", Found::Xss => "XSS" },
            "location": d.location,
            "matchedData": d.data,
            "sensitivityLevel": d.sensitivity,
        })).collect::<Vec<_>>(),
        "httpSourceName": source,
        "httpSourceId": id,
        "ruleGroupList": judgement.groups.iter().map(|g| json!({
            "ruleGroupId": g.id,
            "terminatingRule": g.ended_by.as_ref().map(inner),
            "nonTerminatingMatchingRules": g.counted.iter().map(inner).collect::<Vec<_>>(),
            "excludedRules": Value::Null,
            "customerConfig": Value::Null,
        })).collect::<Vec<_>>(),
        "rateBasedRuleList": judgement.rates.iter().map(limited).collect::<Vec<_>>(),
        "nonTerminatingMatchingRules": judgement.counted.iter().map(|c| json!({ "ruleId": c.rule, "action": c.action, "ruleMatchDetails": [] })).collect::<Vec<_>>(),
        "requestHeadersInserted": judgement.inserted.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
        "responseCodeSent": (judgement.action != "ALLOW").then_some(judgement.answer.status),
        "httpRequest": http_request(cx, redacted, request, judgement),
        "labels": judgement.labels.iter().map(|name| json!({ "name": name })).collect::<Vec<_>>(),
    });
    for (action, name) in [("CAPTCHA", "captchaResponse"), ("CHALLENGE", "challengeResponse")] {
        if judgement.action == action {
            let failure = judgement.failure.map(|f| f.as_str());
            record[name] = json!({ "responseCode": judgement.answer.status, "solveTimestamp": judgement.solved, "failureReason": failure });
        }
    }
    record
}

/// A rate-based rule that limits the request: an address stands in `limitValue`, custom keys in `customValues`, of whose values 32 characters.
fn limited(of: &Limited) -> Value {
    let mut told = json!({
        "rateBasedRuleName": of.rule.rsplit('#').next(),
        "rateBasedRuleId": of.rule,
        "limitKey": of.aggregate,
        "maxRateAllowed": of.limit,
        "evaluationWindowSec": of.window_secs.to_string(),
    });
    match of.aggregate {
        "CUSTOMKEYS" => {
            let value = |(key, name, value): &(&str, Option<String>, String)| {
                let mut told = json!({ "key": key, "value": value.chars().take(32).collect::<String>() });
                if let Some(name) = name {
                    told["name"] = json!(name);
                }
                told
            };
            told["customValues"] = of.values.iter().map(value).collect();
        }
        _ => {
            if let Some((_, _, value)) = of.values.first() {
                told["limitValue"] = json!(value);
            }
        }
    }
    told
}

fn inner(applied: &Applied) -> Value {
    let rule = applied.within.as_ref().map_or("", |(_, rule)| rule.as_str());
    json!({ "ruleId": rule, "action": applied.action, "overriddenAction": applied.overridden, "ruleMatchDetails": Value::Null })
}

fn http_request(cx: &Context, redacted: &[FieldToMatch], request: &Request, judgement: &Judgement) -> Value {
    const REDACTED: &str = "REDACTED";
    let hides = |is: &dyn Fn(&FieldToMatch) -> bool| redacted.iter().any(is);
    let hidden = |name: &str| hides(&|f| f.single_header.as_ref().is_some_and(|h| h.name.eq_ignore_ascii_case(name)));
    let shown = |hide: bool, text: &str| if hide { REDACTED.to_owned() } else { text.to_owned() };
    let headers =
        request.headers.iter().map(|(name, value)| json!({ "name": name, "value": shown(hidden(name), &String::from_utf8_lossy(value)) }));
    json!({
        "clientIp": request.ip.to_string(),
        "country": judgement.country.as_deref().unwrap_or("-"),
        "headers": headers.collect::<Vec<_>>(),
        "uri": shown(hides(&|f| f.uri_path.is_some()), &request.path),
        "args": shown(hides(&|f| f.query_string.is_some()), &request.query),
        "httpVersion": request.version,
        "httpMethod": shown(hides(&|f| f.method.is_some()), &request.method),
        "requestId": cx.request_id(),
        "fragment": request.fragment.as_deref().unwrap_or_default(),
        "scheme": "https",
        "host": request.host(),
    })
}

/// As AWS's logs name the resource.
fn source(cx: &Context, resource_arn: &str) -> (&'static str, String) {
    if associations::kind_of(resource_arn).ok() == Some(ResourceType::CognitoUserPool) {
        return ("COGNITO", resource_arn.to_owned());
    }
    let parts = Arn::parse(resource_arn).and_then(|arn| arn.after("/restapis/")?.split_once("/stages/"));
    let (api, stage) = parts.unwrap_or_default();
    ("APIGW", format!("{}:{api}:{stage}", cx.account()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_in_logs() {
        let of = |aggregate, values| limited(&Limited { rule: "acl#rate".into(), limit: 100, window_secs: 60, aggregate, values });
        let by_address = of("IP", vec![("IP", None, "192.0.2.1".into())]);
        assert_eq!(
            (&by_address["limitKey"], &by_address["limitValue"], &by_address["maxRateAllowed"]),
            (&json!("IP"), &json!("192.0.2.1"), &json!(100))
        );
        let custom = of("CUSTOMKEYS", vec![("HEADER", Some("dogname".into()), "ella".repeat(10)), ("HTTP_METHOD", None, "GET".into())]);
        let values = json!([{ "key": "HEADER", "name": "dogname", "value": "ella".repeat(8) }, { "key": "HTTP_METHOD", "value": "GET" }]);
        assert_eq!((&custom["customValues"], custom.get("limitValue")), (&values, None));
        assert_eq!(of("CONSTANT", vec![])["limitKey"], "CONSTANT");
    }
}
