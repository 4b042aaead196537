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
                &[("ServerSideEncryptionByDefault", "ApplyServerSideEncryptionByDefault"), ("BucketKeyEnabled", "BucketKeyEnabled")],
            ))
        })
        .collect();
    json!({ "Rules": rules })
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
    fn notifications_take_the_shape_of_the_api() {
        let property = json!({ "LambdaConfigurations": [{ "Event": "s3:ObjectCreated:*", "Function": "arn:f", "Filter": { "S3Key": { "Rules": [{ "Name": "prefix", "Value": "uploads/" }] } } }] });
        assert_eq!(
            notifications(&property),
            json!({ "LambdaFunctionConfigurations": [{ "LambdaFunctionArn": "arn:f", "Events": ["s3:ObjectCreated:*"], "Filter": { "Key": { "FilterRules": [{ "Name": "prefix", "Value": "uploads/" }] } } }] })
        );
    }
}
