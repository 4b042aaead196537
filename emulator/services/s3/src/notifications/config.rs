//! The notification configuration: checked as AWS checks it, targets and their consent included.

use super::{Target, covers, delivery, rules, targets};
use crate::{
    S3, errors,
    model::*,
    state::{self, BUCKETS, Found},
};
use kit::{Arn, Context, Fault};

/// Every event that a configuration may name.
const EVENTS: &[&str] = &[
    "s3:ReducedRedundancyLostObject",
    "s3:ObjectCreated:*",
    "s3:ObjectCreated:Put",
    "s3:ObjectCreated:Post",
    "s3:ObjectCreated:Copy",
    "s3:ObjectCreated:CompleteMultipartUpload",
    "s3:ObjectRemoved:*",
    "s3:ObjectRemoved:Delete",
    "s3:ObjectRemoved:DeleteMarkerCreated",
    "s3:ObjectRestore:*",
    "s3:ObjectRestore:Post",
    "s3:ObjectRestore:Completed",
    "s3:ObjectRestore:Delete",
    "s3:Replication:*",
    "s3:Replication:OperationFailedReplication",
    "s3:Replication:OperationNotTracked",
    "s3:Replication:OperationMissedThreshold",
    "s3:Replication:OperationReplicatedAfterThreshold",
    "s3:LifecycleTransition",
    "s3:IntelligentTiering",
    "s3:ObjectAcl:Put",
    "s3:LifecycleExpiration:*",
    "s3:LifecycleExpiration:Delete",
    "s3:LifecycleExpiration:DeleteMarkerCreated",
    "s3:ObjectTagging:*",
    "s3:ObjectTagging:Put",
    "s3:ObjectTagging:Delete",
];

impl S3 {
    /// Replaces the configuration; an empty one switches notifications off.
    pub async fn put_bucket_notification_configuration(
        &self,
        cx: &Context,
        input: PutBucketNotificationConfigurationInput,
    ) -> Result<PutBucketNotificationConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let mut configuration = input.notification_configuration;
        if configuration.topic_configurations.as_ref().is_some_and(|list| !list.is_empty()) {
            return Err(errors::not_built("notifications to SNS topics"));
        }
        if configuration.event_bridge_configuration.is_some() {
            return Err(errors::not_built("notifications to EventBridge"));
        }
        complete(cx, &mut configuration);
        check_arns(&configuration)?;
        targets(&configuration).try_for_each(|target| check_target(&target))?;
        check_overlaps(&configuration)?;
        if input.skip_destination_validation != Some(true) {
            check_destinations(cx, &found, &configuration)?;
        }
        let empty = targets(&configuration).next().is_none();
        cx.store()
            .write(|tx| {
                let mut found = state::find(tx, &found.name)?;
                for queue in configuration.queue_configurations.iter().flatten() {
                    delivery::test_queue(tx, cx, &found, queue);
                }
                found.bucket.notifications = (!empty).then_some(configuration);
                tx.put(&BUCKETS, &found.scope, &found.name, &found.bucket)
            })
            .await?;
        Ok(PutBucketNotificationConfigurationOutput {})
    }

    /// The configuration; empty when there is none.
    pub async fn get_bucket_notification_configuration(
        &self,
        cx: &Context,
        input: GetBucketNotificationConfigurationInput,
    ) -> Result<GetBucketNotificationConfigurationOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        Ok(found.bucket.notifications.unwrap_or_default())
    }
}

/// Gives ids to those without, and filter names the case that AWS gives back.
fn complete(cx: &Context, configuration: &mut NotificationConfiguration) {
    let each = |id: &mut Option<String>, filter: &mut Option<NotificationConfigurationFilter>| {
        id.get_or_insert_with(|| cx.ids().uuid());
        for rule in filter.iter_mut().filter_map(|f| f.key.as_mut()).filter_map(|k| k.filter_rules.as_mut()).flatten() {
            rule.name = rule.name.take().map(|name| match name.to_ascii_lowercase().as_str() {
                "prefix" => "Prefix".to_owned(),
                "suffix" => "Suffix".to_owned(),
                _ => name,
            });
        }
    };
    configuration.queue_configurations.iter_mut().flatten().for_each(|c| each(&mut c.id, &mut c.filter));
    configuration.lambda_function_configurations.iter_mut().flatten().for_each(|c| each(&mut c.id, &mut c.filter));
}

fn check_arns(configuration: &NotificationConfiguration) -> Result<(), Fault> {
    let queues = configuration.queue_configurations.iter().flatten().map(|c| ("Queue", "sqs", &c.queue_arn));
    let functions =
        configuration.lambda_function_configurations.iter().flatten().map(|c| ("CloudFunction", "lambda", &c.lambda_function_arn));
    for (argument, service, arn) in queues.chain(functions) {
        if Arn::parse(arn).is_none_or(|arn| arn.service != service) {
            return Err(errors::invalid_argument("The ARN could not be parsed", argument, arn));
        }
        if arn.ends_with(".fifo") {
            let sentence = "FIFO SQS queues are not supported";
            return Err(errors::invalid_argument(sentence, argument, arn));
        }
    }
    Ok(())
}

fn check_target(target: &Target<'_>) -> Result<(), Fault> {
    if target.events.is_empty() {
        return Err(errors::malformed_xml());
    }
    if let Some(event) = target.events.iter().find(|event| !EVENTS.contains(&&***event)) {
        return Err(errors::invalid_argument("The event is not supported for notifications", "Event", event));
    }
    let mut seen = Vec::new();
    for (name, _) in rules(target.filter) {
        if name != "prefix" && name != "suffix" {
            return Err(errors::invalid_argument(
                "filter rule name must be either prefix or suffix",
                "FilterRule.Name",
                &name.to_ascii_uppercase(),
            ));
        }
        if seen.contains(&name) {
            return Err(errors::invalid_argument(
                format!("Cannot specify more than one {name} rule in a filter."),
                "FilterRule.Name",
                &name,
            ));
        }
        seen.push(name);
    }
    Ok(())
}

/// No key may lead to two targets with one event.
fn check_overlaps(configuration: &NotificationConfiguration) -> Result<(), Fault> {
    let all: Vec<Target<'_>> = targets(configuration).collect();
    let side = |target: &Target<'_>, wanted: &str| {
        rules(target.filter).find(|(name, _)| name == wanted).map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    for (index, one) in all.iter().enumerate() {
        for other in &all[index + 1..] {
            let meets = |a: &String, b: &String| covers(a, b.trim_start_matches("s3:")) || covers(b, a.trim_start_matches("s3:"));
            if !one.events.iter().any(|a| other.events.iter().any(|b| meets(a, b))) {
                continue;
            }
            let (p, q) = (side(one, "prefix"), side(other, "prefix"));
            let (s, t) = (side(one, "suffix"), side(other, "suffix"));
            if !(p.starts_with(&q) || q.starts_with(&p)) || !(s.ends_with(&t) || t.ends_with(&s)) {
                continue;
            }
            let unfiltered = one.filter.is_none() && other.filter.is_none();
            return Err(Fault::new(
                "InvalidArgument",
                400,
                match unfiltered {
                    true => "Configurations overlap. Configurations on the same bucket cannot share a common event type.",
                    false => {
                        "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the prefixes are overlapping for the same event type."
                    }
                },
            ));
        }
    }
    Ok(())
}

/// Every target must exist and let S3 in; all that don't are named at once.
fn check_destinations(cx: &Context, found: &Found, configuration: &NotificationConfiguration) -> Result<(), Fault> {
    let s3 = delivery::as_s3(cx, &found.name, &found.scope.account);
    let mut wrong: Vec<(String, String)> = Vec::new();
    for queue in configuration.queue_configurations.iter().flatten() {
        if let Some(sentence) = refusal_of_queue(&s3, &queue.queue_arn)? {
            wrong.push((queue.queue_arn.clone(), sentence));
        }
    }
    for function in configuration.lambda_function_configurations.iter().flatten() {
        let arn = &function.lambda_function_arn;
        if !allowed(&s3, arn, cx.cloud().ports().functions()?.exists(&s3, arn)) {
            wrong.push((format!("{arn}, null"), format!("Not authorized to invoke function [{arn}]")));
        }
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let fault = Fault::new("InvalidArgument", 400, "Unable to validate the following destination configurations");
    Err(wrong.into_iter().enumerate().fold(fault, |fault, (index, (name, value))| {
        let n = index + 1;
        fault.with(format!("ArgumentName{n}"), name).with(format!("ArgumentValue{n}"), value)
    }))
}

fn refusal_of_queue(s3: &Context, arn: &str) -> Result<Option<String>, Fault> {
    if !s3.cloud().ports().queues()?.exists(s3, arn) {
        return Ok(Some("The destination queue does not exist".into()));
    }
    let sentence = "Permissions on the destination queue do not allow S3 to publish notifications from this bucket";
    Ok((!allowed(s3, arn, true)).then(|| sentence.into()))
}

fn allowed(s3: &Context, arn: &str, exists: bool) -> bool {
    exists && delivery::need(arn).is_some_and(|need| s3.decide(&need).allowed)
}
