//! The notification configuration: checked as AWS checks it, targets and their consent included.

use super::{Target, covers, delivery, rules, targets};
use crate::{
    S3, errors,
    model::*,
    state::{self, BUCKETS, Found},
};
use kit::{Arn, Context, Fault};

/// Most targets of a bucket.
const MOST_TARGETS: usize = 100;
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
        if configuration.event_bridge_configuration.is_some() {
            cx.cloud().ports().events()?;
        }
        complete(cx, &mut configuration);
        check_arns(&found, &configuration)?;
        check_ids(&configuration)?;
        targets(&configuration).try_for_each(|target| check_target(&target))?;
        check_overlaps(&configuration)?;
        let validates = input.skip_destination_validation != Some(true);
        if validates {
            check_destinations(cx, &found, &configuration)?;
        }
        let empty = targets(&configuration).next().is_none() && configuration.event_bridge_configuration.is_none();
        cx.store()
            .write(|tx| {
                let mut found = state::find(tx, &found.name)?;
                let tested = targets(&configuration).filter(|target| validates && kind_of(target.arn) != "lambda");
                tested.for_each(|target| delivery::test(tx, cx, &found, target.arn));
                std::sync::Arc::make_mut(&mut found.bucket).notifications = (!empty).then_some(configuration);
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
        Ok(found.bucket.notifications.clone().unwrap_or_default())
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
    configuration.topic_configurations.iter_mut().flatten().for_each(|c| each(&mut c.id, &mut c.filter));
    configuration.queue_configurations.iter_mut().flatten().for_each(|c| each(&mut c.id, &mut c.filter));
    configuration.lambda_function_configurations.iter_mut().flatten().for_each(|c| each(&mut c.id, &mut c.filter));
}

fn check_arns(found: &Found, configuration: &NotificationConfiguration) -> Result<(), Fault> {
    let topics = configuration.topic_configurations.iter().flatten().map(|c| ("Topic", "sns", &c.topic_arn));
    let queues = configuration.queue_configurations.iter().flatten().map(|c| ("Queue", "sqs", &c.queue_arn));
    let functions =
        configuration.lambda_function_configurations.iter().flatten().map(|c| ("CloudFunction", "lambda", &c.lambda_function_arn));
    for (argument, service, text) in topics.chain(queues).chain(functions) {
        let Some(arn) = Arn::parse(text).filter(|arn| arn.service == service) else {
            return Err(errors::invalid_argument("The ARN could not be parsed", argument, text));
        };
        if text.ends_with(".fifo") {
            let sentence = format!("FIFO {} are not supported", if service == "sqs" { "SQS queues" } else { "SNS topics" });
            return Err(errors::invalid_argument(sentence, argument, text));
        }
        if arn.region != found.bucket.region {
            let sentence = "The notification destination service region is not valid for the bucket location constraint";
            return Err(errors::invalid_argument(sentence, argument, text));
        }
    }
    Ok(())
}

fn check_ids(configuration: &NotificationConfiguration) -> Result<(), Fault> {
    let mut ids: Vec<&str> = targets(configuration).map(|target| target.id).collect();
    if ids.len() > MOST_TARGETS {
        let sentence = format!("A bucket can have at most {MOST_TARGETS} event notification configurations.");
        return Err(Fault::new("TooManyConfigurations", 400, sentence));
    }
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(errors::invalid_argument("Same ID used for multiple configurations. IDs must be unique", "Id", pair[0])),
        None => Ok(()),
    }
}

fn check_target(target: &Target<'_>) -> Result<(), Fault> {
    if target.events.is_empty() {
        return Err(errors::malformed_xml());
    }
    if let Some(event) = target.events.iter().find(|event| !EVENTS.contains(&&***event)) {
        return Err(errors::invalid_argument("The event is not supported for notifications", "Event", event));
    }
    let listed = target.filter.and_then(|filter| filter.key.as_ref()).and_then(|key| key.filter_rules.as_ref());
    if listed.is_some_and(|rules| rules.iter().any(|rule| rule.name.is_none() || rule.value.is_none())) {
        return Err(errors::malformed_xml());
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
    for target in targets(configuration) {
        if let Some((name, sentence)) = refusal_of(&s3, target.arn)? {
            wrong.push((name, sentence));
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

/// `lambda`, `sqs` or `sns`.
fn kind_of(arn: &str) -> &str {
    Arn::parse(arn).map_or("", |arn| arn.service)
}

/// What AWS says of a target that isn't there or doesn't let S3 in: (name, value).
fn refusal_of(s3: &Context, arn: &str) -> Result<Option<(String, String)>, Fault> {
    let ports = s3.cloud().ports();
    let (exists, noun) = match kind_of(arn) {
        "lambda" => {
            let refused = !allowed(s3, arn, ports.functions()?.exists(s3, arn));
            return Ok(refused.then(|| (format!("{arn}, null"), format!("Not authorized to invoke function [{arn}]"))));
        }
        "sns" => (ports.topics()?.exists(s3, arn), "topic"),
        _ => (ports.queues()?.exists(s3, arn), "queue"),
    };
    if !exists {
        return Ok(Some((arn.to_owned(), format!("The destination {noun} does not exist"))));
    }
    let sentence = format!("Permissions on the destination {noun} do not allow S3 to publish notifications from this bucket");
    Ok((!allowed(s3, arn, true)).then(|| (arn.to_owned(), sentence)))
}

fn allowed(s3: &Context, arn: &str, exists: bool) -> bool {
    exists && delivery::need(arn).is_some_and(|need| s3.decide(&need).allowed)
}
