//! Subscription filters: events that match go to a function, gzipped as AWS sends them. Streams and delivery streams are refused by name.

use crate::{
    Error, Logs,
    groups::{bad_token, refused},
    model::*,
    pattern::Pattern,
    state::*,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use kit::{
    Arn, Bytes, Context, Fault, Grant, Need, Read, Scope, Table, TableScope, Tx,
    ports::Invocation,
    store::{NewTask, TaskRow},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io::Write;

/// Filters by group id and name.
const FILTERS: Table<(String, String), StoredSubscription> = Table::new("logs.subscriptions", TableScope::Region);
/// AWS's quota for a group.
const MOST_FILTERS: usize = 2;
/// Events of one delivery: what a function takes asynchronously holds them with room to spare.
const MOST_EVENTS: usize = 1000;
const MOST_BYTES: usize = 512 * 1024;
/// Attempts of a delivery before its events are given up.
const MOST_ATTEMPTS: u32 = 5;

/// A subscription filter.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct StoredSubscription {
    name: String,
    group: String,
    pattern: String,
    destination: String,
    distribution: Option<Distribution>,
    created_ms: i64,
}

/// Events on their way to a destination.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Delivery {
    group: String,
    stream: String,
    filter: String,
    destination: String,
    /// Id, milliseconds, message.
    events: Vec<(String, i64, String)>,
}

impl Logs {
    /// Puts a filter, new or in place of the old.
    pub async fn put_subscription_filter(
        &self,
        cx: &Context,
        input: PutSubscriptionFilterInput,
    ) -> Result<PutSubscriptionFilterOutput, Fault> {
        let extras = [
            (input.apply_on_transformed_logs == Some(true), "subscriptions to transformed logs (applyOnTransformedLogs)"),
            (input.field_selection_criteria.is_some(), "subscriptions by system fields (fieldSelectionCriteria)"),
            (input.emit_system_fields.is_some(), "system fields in subscriptions (emitSystemFields)"),
        ];
        if let Some((_, what)) = extras.into_iter().find(|(asked, _)| *asked) {
            return Err(refused(what));
        }
        Pattern::parse(&input.filter_pattern)?;
        check_destination(cx, &input)?;
        cx.store()
            .write(|tx| {
                let group = group(tx, cx, &input.log_group_name)?;
                let key = (group.id.clone(), input.filter_name.clone());
                let others = tx.scan(&FILTERS, cx.scope()).prefix(&(group.id.as_str(),)).keys().count();
                if !tx.exists(&FILTERS, cx.scope(), &key)? && others >= MOST_FILTERS {
                    return Err(Error::LimitExceeded.says("Resource limit exceeded."));
                }
                let filter = StoredSubscription {
                    name: input.filter_name,
                    group: group.name,
                    pattern: input.filter_pattern,
                    destination: input.destination_arn,
                    distribution: input.distribution,
                    created_ms: cx.now().millis(),
                };
                tx.put(&FILTERS, cx.scope(), &key, &filter)
            })
            .await?;
        Ok(PutSubscriptionFilterOutput {})
    }

    /// A group's filters by name.
    pub async fn describe_subscription_filters(
        &self,
        cx: &Context,
        input: DescribeSubscriptionFiltersInput,
    ) -> Result<DescribeSubscriptionFiltersOutput, Fault> {
        let prefix = input.filter_name_prefix.as_deref().unwrap_or("");
        let filters = cx.store().read(|s| {
            let group = group(s, cx, &input.log_group_name)?;
            let rows = s.scan(&FILTERS, cx.scope()).prefix(&(group.id.as_str(),)).text_prefix(prefix);
            rows.map(|row| row.map(|(_, filter)| filter)).collect::<Result<Vec<_>, Fault>>()
        })?;
        let limit = input.limit.unwrap_or(50) as usize;
        let page = kit::pages::page(filters, |f| f.name.clone(), input.next_token.as_deref(), limit, bad_token)?;
        let filters = page.items.into_iter().map(show).collect();
        Ok(DescribeSubscriptionFiltersOutput { subscription_filters: Some(filters), next_token: page.next })
    }

    /// Deletes a filter.
    pub async fn delete_subscription_filter(
        &self,
        cx: &Context,
        input: DeleteSubscriptionFilterInput,
    ) -> Result<DeleteSubscriptionFilterOutput, Fault> {
        cx.store()
            .write(|tx| {
                let key = (group(tx, cx, &input.log_group_name)?.id, input.filter_name);
                let missing = || Error::ResourceNotFound.says("The specified subscription filter does not exist.");
                tx.delete(&FILTERS, cx.scope(), &key)?.map(drop).ok_or_else(missing)
            })
            .await?;
        Ok(DeleteSubscriptionFilterOutput {})
    }

    /// The task that brings events to a function. What fails is tried again by the runner, and given up in the journal after some attempts.
    pub(crate) async fn deliver(&self, cx: &Context, task: &TaskRow) -> Result<(), Fault> {
        let delivery: Delivery = task.payload()?;
        let cx = cx.in_scope(task.scope.clone());
        let done = async {
            cx.cloud().apply_faults("logs", "Deliver", &delivery.destination).await?;
            let (cx, grant) = allowed(&cx, &delivery.destination, &delivery.group)?;
            let payload = Bytes::from(json!({ "awslogs": { "data": packed(&cx, &delivery)? } }).to_string());
            let call = Invocation { function_arn: delivery.destination.clone(), payload, asynchronous: true };
            cx.cloud().ports().functions()?.invoke(&cx, grant, call).await.map(drop)
        }
        .await;
        let outcome = match done {
            Err(fault) if task.attempts < MOST_ATTEMPTS => return Err(fault),
            Err(fault) => fault.code.into_owned(),
            Ok(()) => "ok".to_owned(),
        };
        let events = json!({ "filter": delivery.filter, "events": delivery.events.len() });
        cx.cloud().journal().write(&cx, kit::RecordKind::Event, "logs", "Deliver", &delivery.destination, &outcome, events);
        Ok(())
    }
}

/// The sentences are recorded (test_put_subscription_filter_errors), but for that of a function that may not be invoked, which AWS documents.
fn check_destination(cx: &Context, input: &PutSubscriptionFilterInput) -> Result<(), Fault> {
    let invalid = |text: String| Error::InvalidParameter.says(text);
    let arn = Arn::parse(&input.destination_arn).ok_or_else(|| invalid("Invalid destinationArn.".into()))?;
    if arn.service != "lambda" {
        if matches!(arn.service, "kinesis" | "firehose") && input.role_arn.is_none() {
            return Err(invalid(format!("destinationArn for vendor {} cannot be used without roleArn", arn.service)));
        }
        return Err(refused(&format!("subscriptions of {} (destinationArn): only functions are", arn.service)));
    }
    if input.role_arn.is_some() {
        return Err(invalid("destinationArn for vendor lambda cannot be used with roleArn".into()));
    }
    if arn.account != cx.account() {
        return Err(Error::AccessDenied.says(
            "Cross-account lambda invocation passing is not allowed. You must use DestinationPolicies to create cross account lambda triggers.",
        ));
    }
    let can = cx.cloud().ports().functions()?.exists(cx, &input.destination_arn);
    match can && allowed(cx, &input.destination_arn, &input.log_group_name).is_ok() {
        true => Ok(()),
        false => Err(invalid(
            "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute your function.".into(),
        )),
    }
}

/// The function's consent: to CloudWatch Logs, under its old regional name or the one for all regions.
fn allowed(cx: &Context, function: &str, group: &str) -> Result<(Context, Grant), Fault> {
    let source = format!("{}:*", arn(cx.scope(), group));
    let account = cx.account().to_owned();
    let regional = format!("logs.{}.amazonaws.com", cx.region());
    let need = Need::on("lambda:InvokeFunction", function);
    let by = cx.as_service("logs.amazonaws.com", &source, &account);
    match by.grant(&need) {
        Ok(grant) => Ok((by, grant)),
        Err(_) => {
            let by = cx.as_service(&regional, &source, &account);
            let grant = by.grant(&need)?;
            Ok((by, grant))
        }
    }
}

/// Plans what a group's subscriptions get of events that are being written to one stream.
pub(crate) fn plan(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, group: &Group, events: &[Event]) -> Result<(), Fault> {
    let filters: Vec<StoredSubscription> =
        tx.scan(&FILTERS, scope).prefix(&(group.id.as_str(),)).map(|row| row.map(|(_, f)| f)).collect::<Result<_, Fault>>()?;
    for filter in filters {
        let Ok(pattern) = Pattern::parse(&filter.pattern) else { continue };
        let mut page = Vec::new();
        let mut bytes = 0;
        for event in events.iter().filter(|event| pattern.matches(&event.message)) {
            if page.len() >= MOST_EVENTS || bytes >= MOST_BYTES {
                send(cx, tx, scope, &filter, &event.stream, std::mem::take(&mut page));
                bytes = 0;
            }
            bytes += event.message.len();
            page.push((event.id(), event.at_ms, event.message.clone()));
        }
        if let (Some(event), false) = (events.first(), page.is_empty()) {
            send(cx, tx, scope, &filter, &event.stream, page);
        }
    }
    Ok(())
}

fn send(cx: &Context, tx: &mut Tx<'_>, scope: &Scope, filter: &StoredSubscription, stream: &str, events: Vec<(String, i64, String)>) {
    let delivery = Delivery {
        group: filter.group.clone(),
        stream: stream.to_owned(),
        filter: filter.name.clone(),
        destination: filter.destination.clone(),
        events,
    };
    // One stream's events go one after the other.
    let lane = format!("{}/{}/{stream}", filter.group, filter.name);
    tx.task(NewTask::new(scope, "logs", "deliver", &delivery).key(lane).cause(cx.cause()));
}

/// The record as AWS packs it: JSON, gzip, base64.
fn packed(cx: &Context, delivery: &Delivery) -> Result<String, Fault> {
    let events: Vec<Value> =
        delivery.events.iter().map(|(id, at, message)| json!({ "id": id, "timestamp": at, "message": message })).collect();
    let record = json!({
        "messageType": "DATA_MESSAGE",
        "owner": cx.account(),
        "logGroup": delivery.group,
        "logStream": delivery.stream,
        "subscriptionFilters": [delivery.filter],
        "logEvents": events,
    });
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    let bytes = gzip.write_all(record.to_string().as_bytes()).and_then(|()| gzip.finish());
    Ok(BASE64_STANDARD.encode(bytes.map_err(|e| Fault::internal(format!("gzip: {e}")))?))
}

fn show(filter: StoredSubscription) -> SubscriptionFilter {
    SubscriptionFilter {
        filter_name: Some(filter.name),
        log_group_name: Some(filter.group),
        filter_pattern: Some(filter.pattern),
        destination_arn: Some(filter.destination),
        distribution: Some(filter.distribution.unwrap_or(Distribution::ByLogStream)),
        apply_on_transformed_logs: Some(false),
        creation_time: Some(filter.created_ms),
        ..SubscriptionFilter::default()
    }
}

/// Forgets the filters of a group that is deleted.
pub(crate) fn forget(tx: &mut Tx<'_>, scope: &Scope, group: &Group) -> Result<(), Fault> {
    let keys: Vec<_> = tx.scan(&FILTERS, scope).prefix(&(group.id.as_str(),)).keys().collect::<Result<_, _>>()?;
    keys.iter().try_for_each(|key| tx.delete(&FILTERS, scope, key).map(drop))
}
