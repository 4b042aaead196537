//! Bucket properties in the shapes of S3's API, which has its own names for most of them.

use serde_json::{Map, Value as Json, json};

fn renamed(value: &Json, names: &[(&str, &str)]) -> Map<String, Json> {
    names.iter().filter_map(|(from, to)| Some(((*to).to_owned(), value.get(from)?.clone()))).collect()
}

fn list<'a>(value: &'a Json, name: &str) -> impl Iterator<Item = &'a Json> {
    value.get(name).and_then(Json::as_array).into_iter().flatten()
}

/// BucketEncryption.
pub(super) fn encryption(property: &Json) -> Json {
    let rules: Vec<Json> = list(property, "ServerSideEncryptionConfiguration")
        .map(|rule| {
            Json::Object(renamed(
                rule,
                &[
                    ("ServerSideEncryptionByDefault", "ApplyServerSideEncryptionByDefault"),
                    ("BlockedEncryptionTypes", "BlockedEncryptionTypes"),
                    ("BucketKeyEnabled", "BucketKeyEnabled"),
                ],
            ))
        })
        .collect();
    json!({ "Rules": rules })
}

/// AbacStatus; a bucket that says nothing isn't judged by its tags.
pub(super) fn abac(property: &Json) -> Json {
    json!({ "Status": property.as_str().unwrap_or("Disabled") })
}

/// CorsConfiguration.
pub(super) fn cors(property: &Json) -> Json {
    const NAMES: &[(&str, &str)] = &[
        ("AllowedHeaders", "AllowedHeaders"),
        ("AllowedMethods", "AllowedMethods"),
        ("AllowedOrigins", "AllowedOrigins"),
        ("ExposedHeaders", "ExposeHeaders"),
        ("Id", "ID"),
        ("MaxAge", "MaxAgeSeconds"),
    ];
    let rules: Vec<Json> = list(property, "CorsRules").map(|rule| Json::Object(renamed(rule, NAMES))).collect();
    json!({ "CORSRules": rules })
}

/// LifecycleConfiguration.
pub(super) fn lifecycle(property: &Json) -> Json {
    json!({ "Rules": list(property, "Rules").map(lifecycle_rule).collect::<Vec<_>>() })
}

fn lifecycle_rule(rule: &Json) -> Json {
    let mut out =
        renamed(rule, &[("Id", "ID"), ("Status", "Status"), ("AbortIncompleteMultipartUpload", "AbortIncompleteMultipartUpload")]);
    out.insert("Filter".into(), filter(rule));
    let expiration = renamed(
        rule,
        &[("ExpirationInDays", "Days"), ("ExpirationDate", "Date"), ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker")],
    );
    if !expiration.is_empty() {
        out.insert("Expiration".into(), Json::Object(expiration));
    }
    let noncurrent = match rule.get("NoncurrentVersionExpiration") {
        Some(given) => renamed(given, &[("NoncurrentDays", "NoncurrentDays"), ("NewerNoncurrentVersions", "NewerNoncurrentVersions")]),
        None => renamed(rule, &[("NoncurrentVersionExpirationInDays", "NoncurrentDays")]),
    };
    if !noncurrent.is_empty() {
        out.insert("NoncurrentVersionExpiration".into(), Json::Object(noncurrent));
    }
    let current = transitions(rule, "Transitions", "Transition", &[("TransitionInDays", "Days"), ("TransitionDate", "Date")]);
    let noncurrent = transitions(
        rule,
        "NoncurrentVersionTransitions",
        "NoncurrentVersionTransition",
        &[("TransitionInDays", "NoncurrentDays"), ("NewerNoncurrentVersions", "NewerNoncurrentVersions")],
    );
    for (name, list) in [("Transitions", current), ("NoncurrentVersionTransitions", noncurrent)] {
        if !list.is_empty() {
            out.insert(name.into(), Json::Array(list));
        }
    }
    Json::Object(out)
}

/// The list and the single one that came before it, under the API's names.
fn transitions(rule: &Json, many: &str, one: &str, names: &[(&str, &str)]) -> Vec<Json> {
    let all = list(rule, many).chain(rule.get(one));
    all.map(|transition| {
        let mut out = renamed(transition, names);
        out.extend(renamed(transition, &[("StorageClass", "StorageClass")]));
        Json::Object(out)
    })
    .collect()
}

/// One of IntelligentTieringConfigurations.
pub(super) fn tiering(property: &Json) -> Json {
    let mut out = renamed(property, &[("Id", "Id"), ("Status", "Status"), ("Tierings", "Tierings")]);
    let prefix = property.get("Prefix").filter(|prefix| prefix.as_str() != Some(""));
    let tags: Vec<&Json> = list(property, "TagFilters").collect();
    let filter = match (prefix, tags.as_slice()) {
        (None, []) => None,
        (Some(prefix), []) => Some(json!({ "Prefix": prefix })),
        (None, [tag]) => Some(json!({ "Tag": tag })),
        (None, tags) => Some(json!({ "And": { "Tags": tags } })),
        (Some(prefix), tags) => Some(json!({ "And": { "Prefix": prefix, "Tags": tags } })),
    };
    out.extend(filter.map(|filter| ("Filter".to_owned(), filter)));
    Json::Object(out)
}

/// One criterion stands alone, several stand under `And`.
fn filter(rule: &Json) -> Json {
    let mut parts = renamed(rule, &[("Prefix", "Prefix")]);
    for bound in ["ObjectSizeGreaterThan", "ObjectSizeLessThan"] {
        if let Some(text) = rule.get(bound).and_then(Json::as_str) {
            parts.insert(bound.into(), text.parse::<i64>().map_or_else(|_| text.into(), Json::from));
        }
    }
    let tags: Vec<Json> = list(rule, "TagFilters").cloned().collect();
    match (parts.len(), tags.len()) {
        (0, 0) => json!({ "Prefix": "" }),
        (1, 0) => Json::Object(parts),
        (0, 1) => json!({ "Tag": tags[0] }),
        _ => {
            if !tags.is_empty() {
                parts.insert("Tags".into(), Json::Array(tags));
            }
            json!({ "And": parts })
        }
    }
}

/// ReplicationConfiguration.
pub(super) fn replication(property: &Json) -> Json {
    json!({ "Role": property.get("Role"), "Rules": list(property, "Rules").map(replication_rule).collect::<Vec<_>>() })
}

fn replication_rule(rule: &Json) -> Json {
    const NAMES: &[(&str, &str)] = &[
        ("Id", "ID"),
        ("Priority", "Priority"),
        ("Prefix", "Prefix"),
        ("Status", "Status"),
        ("SourceSelectionCriteria", "SourceSelectionCriteria"),
        ("Destination", "Destination"),
        ("DeleteMarkerReplication", "DeleteMarkerReplication"),
    ];
    let mut out = renamed(rule, NAMES);
    if let Some(given) = rule.get("Filter") {
        let mut filter = renamed(given, &[("Prefix", "Prefix"), ("TagFilter", "Tag")]);
        if let Some(and) = given.get("And") {
            filter.insert("And".into(), Json::Object(renamed(and, &[("Prefix", "Prefix"), ("TagFilters", "Tags")])));
        }
        out.insert("Filter".into(), Json::Object(filter));
    }
    Json::Object(out)
}

/// AccessControl: a canned list under CloudFormation's name.
pub(super) fn canned_acl(property: &Json) -> Json {
    match property.as_str() {
        Some("PublicRead") => "public-read",
        Some("PublicReadWrite") => "public-read-write",
        Some("AuthenticatedRead") => "authenticated-read",
        Some("LogDeliveryWrite") => "log-delivery-write",
        Some("AwsExecRead") => "aws-exec-read",
        Some("BucketOwnerRead") => "bucket-owner-read",
        Some("BucketOwnerFullControl") => "bucket-owner-full-control",
        _ => "private",
    }
    .into()
}

/// AccelerateConfiguration; one that goes away suspends.
pub(super) fn acceleration(property: &Json) -> Json {
    json!({ "Status": property.get("AccelerationStatus").and_then(Json::as_str).unwrap_or("Suspended") })
}

/// ObjectLockConfiguration; one that goes away leaves the lock without a default retention.
pub(super) fn object_lock(property: &Json) -> Json {
    let mut out = renamed(property, &[("Rule", "Rule")]);
    out.insert("ObjectLockEnabled".into(), "Enabled".into());
    Json::Object(out)
}

/// WebsiteConfiguration.
pub(super) fn website(property: &Json) -> Json {
    let mut out = renamed(property, &[("RedirectAllRequestsTo", "RedirectAllRequestsTo")]);
    if let Some(index) = property.get("IndexDocument") {
        out.insert("IndexDocument".into(), json!({ "Suffix": index }));
    }
    if let Some(error) = property.get("ErrorDocument") {
        out.insert("ErrorDocument".into(), json!({ "Key": error }));
    }
    let rule = |rule: &Json| Json::Object(renamed(rule, &[("RoutingRuleCondition", "Condition"), ("RedirectRule", "Redirect")]));
    let rules: Vec<Json> = list(property, "RoutingRules").map(rule).collect();
    if !rules.is_empty() {
        out.insert("RoutingRules".into(), Json::Array(rules));
    }
    Json::Object(out)
}

/// LoggingConfiguration; one that goes away switches logging off. Who calls fills in a missing target.
pub(super) fn logging(property: &Json) -> Json {
    if property.is_null() {
        return json!({});
    }
    let names =
        [("DestinationBucketName", "TargetBucket"), ("LogFilePrefix", "TargetPrefix"), ("TargetObjectKeyFormat", "TargetObjectKeyFormat")];
    let mut out = renamed(property, &names);
    out.entry("TargetPrefix").or_insert_with(|| "".into());
    json!({ "LoggingEnabled": out })
}

/// An item of MetricsConfigurations.
pub(super) fn metrics(item: &Json) -> Json {
    let mut out = renamed(item, &[("Id", "Id")]);
    match item.get("AccessPointArn") {
        // Refused by S3, by name.
        Some(arn) => drop(out.insert("Filter".into(), json!({ "AccessPointArn": arn }))),
        None => narrow(item, &mut out),
    }
    Json::Object(out)
}

/// An item of AnalyticsConfigurations.
pub(super) fn analytics(item: &Json) -> Json {
    let mut out = renamed(item, &[("Id", "Id")]);
    narrow(item, &mut out);
    let mut analysis = Map::new();
    if let Some(export) = item.pointer("/StorageClassAnalysis/DataExport") {
        let destination = export.get("Destination").map(|destination| in_bucket(destination, "BucketAccountId"));
        analysis
            .insert("DataExport".into(), json!({ "OutputSchemaVersion": export.get("OutputSchemaVersion"), "Destination": destination }));
    }
    out.insert("StorageClassAnalysis".into(), Json::Object(analysis));
    Json::Object(out)
}

/// An item of InventoryConfigurations.
pub(super) fn inventory(item: &Json) -> Json {
    const NAMES: &[(&str, &str)] = &[
        ("Id", "Id"),
        ("Enabled", "IsEnabled"),
        ("IncludedObjectVersions", "IncludedObjectVersions"),
        ("OptionalFields", "OptionalFields"),
    ];
    let mut out = renamed(item, NAMES);
    if let Some(prefix) = item.get("Prefix") {
        out.insert("Filter".into(), json!({ "Prefix": prefix }));
    }
    out.insert("Schedule".into(), json!({ "Frequency": item.get("ScheduleFrequency") }));
    out.insert("Destination".into(), item.get("Destination").map(|destination| in_bucket(destination, "AccountId")).unwrap_or_default());
    Json::Object(out)
}

/// A destination in a bucket; the API has two names for the account.
fn in_bucket(destination: &Json, account: &str) -> Json {
    let names = [("BucketArn", "Bucket"), ("BucketAccountId", account), ("Format", "Format"), ("Prefix", "Prefix")];
    json!({ "S3BucketDestination": renamed(destination, &names) })
}

/// The filter of an item that has criteria; none where it has not.
fn narrow(item: &Json, out: &mut Map<String, Json>) {
    if item.get("Prefix").is_some() || list(item, "TagFilters").next().is_some() {
        out.insert("Filter".into(), filter(item));
    }
}

/// NotificationConfiguration. Items of one target and filter with several events stay one item each, as CloudFormation sends them.
pub(super) fn notifications(property: &Json) -> Json {
    let items = |from: &str, target: &str, arn: &str| -> Json {
        list(property, from)
            .map(|item| {
                let mut out = Map::new();
                out.insert(arn.into(), item.get(target).cloned().unwrap_or_default());
                out.insert("Events".into(), json!([item.get("Event")]));
                let rules: Vec<&Json> =
                    item.get("Filter").and_then(|f| f.get("S3Key")).map(|key| list(key, "Rules").collect()).unwrap_or_default();
                if !rules.is_empty() {
                    out.insert("Filter".into(), json!({ "Key": { "FilterRules": rules } }));
                }
                Json::Object(out)
            })
            .collect()
    };
    let mut out = Map::new();
    for (to, from, target, arn) in [
        ("LambdaFunctionConfigurations", "LambdaConfigurations", "Function", "LambdaFunctionArn"),
        ("QueueConfigurations", "QueueConfigurations", "Queue", "QueueArn"),
        ("TopicConfigurations", "TopicConfigurations", "Topic", "TopicArn"),
    ] {
        let list = items(from, target, arn);
        if list.as_array().is_some_and(|l| !l.is_empty()) {
            out.insert(to.into(), list);
        }
    }
    if property.get("EventBridgeConfiguration").is_some_and(|e| e.get("EventBridgeEnabled") != Some(&Json::Bool(false))) {
        out.insert("EventBridgeConfiguration".into(), json!({}));
    }
    Json::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transitions_and_tiers_take_the_shape_of_the_api() {
        let rule = json!({
            "Status": "Enabled",
            "Transitions": [{ "StorageClass": "GLACIER", "TransitionInDays": 30 }],
            "Transition": { "StorageClass": "DEEP_ARCHIVE", "TransitionDate": "2030-01-01T00:00:00Z" },
            "NoncurrentVersionTransitions": [{ "StorageClass": "GLACIER_IR", "TransitionInDays": 1, "NewerNoncurrentVersions": 2 }],
        });
        let shaped = lifecycle_rule(&rule);
        let days = json!({ "Days": 30, "StorageClass": "GLACIER" });
        assert_eq!(shaped["Transitions"], json!([days, { "Date": "2030-01-01T00:00:00Z", "StorageClass": "DEEP_ARCHIVE" }]));
        let noncurrent = json!([{ "NoncurrentDays": 1, "NewerNoncurrentVersions": 2, "StorageClass": "GLACIER_IR" }]);
        assert_eq!(shaped["NoncurrentVersionTransitions"], noncurrent);
        let tier = json!([{ "AccessTier": "ARCHIVE_ACCESS", "Days": 90 }]);
        let property = json!({ "Id": "cold", "Status": "Enabled", "Prefix": "p/", "Tierings": tier });
        let expected = json!({ "Id": "cold", "Status": "Enabled", "Tierings": tier, "Filter": { "Prefix": "p/" } });
        assert_eq!(tiering(&property), expected);
    }

    #[test]
    fn a_lifecycle_rule_takes_the_shape_of_the_api() {
        let property = json!({ "Rules": [{ "Id": "x", "Status": "Enabled", "Prefix": "", "ExpirationInDays": 7, "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 1 } }] });
        assert_eq!(
            lifecycle(&property),
            json!({ "Rules": [{ "ID": "x", "Status": "Enabled", "AbortIncompleteMultipartUpload": { "DaysAfterInitiation": 1 }, "Filter": { "Prefix": "" }, "Expiration": { "Days": 7 } }] })
        );
        let several = json!({ "Prefix": "a/", "ObjectSizeGreaterThan": "10", "TagFilters": [{ "Key": "k", "Value": "v" }] });
        assert_eq!(
            filter(&several),
            json!({ "And": { "Prefix": "a/", "ObjectSizeGreaterThan": 10, "Tags": [{ "Key": "k", "Value": "v" }] } })
        );
    }

    #[test]
    fn replication_takes_the_shape_of_the_api() {
        let tags = json!([{ "Key": "k", "Value": "v" }]);
        let given = json!({ "Role": "arn:r", "Rules": [{ "Id": "x", "Priority": 1, "Status": "Enabled", "Filter": { "And": { "Prefix": "a/", "TagFilters": tags } }, "Destination": { "Bucket": "arn:b" } }] });
        let expected = json!({ "Role": "arn:r", "Rules": [{ "ID": "x", "Priority": 1, "Status": "Enabled", "Filter": { "And": { "Prefix": "a/", "Tags": tags } }, "Destination": { "Bucket": "arn:b" } }] });
        assert_eq!(replication(&given), expected);
        assert_eq!(replication_rule(&json!({ "Filter": { "TagFilter": tags[0] } })), json!({ "Filter": { "Tag": tags[0] } }));
    }

    #[test]
    fn websites_and_logging_take_the_shape_of_the_api() {
        let property = json!({ "IndexDocument": "index.html", "RoutingRules": [{ "RoutingRuleCondition": { "KeyPrefixEquals": "a/" }, "RedirectRule": { "HostName": "h" } }] });
        let rules = json!([{ "Condition": { "KeyPrefixEquals": "a/" }, "Redirect": { "HostName": "h" } }]);
        assert_eq!(website(&property), json!({ "IndexDocument": { "Suffix": "index.html" }, "RoutingRules": rules }));
        assert_eq!(
            logging(&json!({ "DestinationBucketName": "logs" })),
            json!({ "LoggingEnabled": { "TargetBucket": "logs", "TargetPrefix": "" } })
        );
        assert_eq!(logging(&Json::Null), json!({}));
    }

    #[test]
    fn listed_configurations_take_the_shape_of_the_api() {
        let destination = json!({ "BucketArn": "arn:aws:s3:::d", "BucketAccountId": "1", "Format": "CSV" });
        let item = json!({ "Id": "i", "Enabled": true, "IncludedObjectVersions": "All", "ScheduleFrequency": "Daily", "Prefix": "in/", "Destination": destination });
        assert_eq!(
            inventory(&item),
            json!({ "Id": "i", "IsEnabled": true, "IncludedObjectVersions": "All", "Filter": { "Prefix": "in/" }, "Schedule": { "Frequency": "Daily" }, "Destination": { "S3BucketDestination": { "Bucket": "arn:aws:s3:::d", "AccountId": "1", "Format": "CSV" } } })
        );
        assert_eq!(metrics(&json!({ "Id": "all" })), json!({ "Id": "all" }));
        assert_eq!(
            metrics(&json!({ "Id": "m", "TagFilters": [{ "Key": "k", "Value": "v" }] }))["Filter"],
            json!({ "Tag": { "Key": "k", "Value": "v" } })
        );
        let item = json!({ "Id": "a", "StorageClassAnalysis": { "DataExport": { "OutputSchemaVersion": "V_1", "Destination": { "BucketArn": "arn:aws:s3:::d", "Format": "CSV" } } } });
        assert_eq!(
            analytics(&item)["StorageClassAnalysis"]["DataExport"]["Destination"]["S3BucketDestination"]["Bucket"],
            "arn:aws:s3:::d"
        );
    }

    #[test]
    fn notifications_take_the_shape_of_the_api() {
        let property = json!({ "LambdaConfigurations": [{ "Event": "s3:ObjectCreated:*", "Function": "arn:f", "Filter": { "S3Key": { "Rules": [{ "Name": "prefix", "Value": "uploads/" }] } } }] });
        assert_eq!(
            notifications(&property),
            json!({ "LambdaFunctionConfigurations": [{ "LambdaFunctionArn": "arn:f", "Events": ["s3:ObjectCreated:*"], "Filter": { "Key": { "FilterRules": [{ "Name": "prefix", "Value": "uploads/" }] } } }] })
        );
    }
}
