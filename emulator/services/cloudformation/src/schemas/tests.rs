//! The registry, and properties against it.

use super::{check, facts, registry};
use crate::{
    resources,
    template::{At, Located},
};
use serde_json::{Value as Json, json};

fn findings(kind: &str, properties: Json) -> (Vec<String>, Json) {
    let mut value = Located::of_json(At::default(), &properties);
    let found = check::properties(registry().schema(kind).expect(kind), &mut value);
    (found.iter().map(check::Finding::sentence).collect(), value.to_json())
}

#[test]
fn every_schema_has_a_handler_and_every_handler_a_schema() {
    let described: Vec<&str> = registry().described().collect();
    let mut handled: Vec<&str> = resources::kinds().map(|kind| kind.name).collect();
    handled.sort_unstable();
    assert_eq!(described, handled);
    assert!(registry().count() > 1_500);
    assert!(registry().exists("AWS::QuickSight::Analysis") && !registry().exists("AWS::SQS::Kueue"));
}

#[test]
fn handlers_name_properties_and_attributes_that_exist() {
    for kind in resources::kinds() {
        let schema = registry().schema(kind.name).unwrap();
        for property in kind.properties {
            let first = property.split('.').next().unwrap();
            assert!(schema["properties"].get(first).is_some(), "{}: {property}", kind.name);
        }
        let known = facts::attributes(schema);
        for attribute in kind.attributes {
            let own = ["QueueName", "TopicName", "WebsiteURL"].contains(attribute);
            assert!(own || known.iter().any(|a| a == attribute), "{}: {attribute}", kind.name);
        }
    }
}

#[test]
fn scalars_become_what_the_schema_wants() {
    let (found, value) = findings("AWS::SQS::Queue", json!({ "VisibilityTimeout": "30", "FifoQueue": "true", "QueueName": 7 }));
    assert_eq!((found, value), (vec![], json!({ "VisibilityTimeout": 30, "FifoQueue": true, "QueueName": "7" })));
}

#[test]
fn what_does_not_fit_is_found() {
    for (kind, properties, said) in [
        ("AWS::SQS::Queue", json!({ "VisibilityTimeout": true }), "#/VisibilityTimeout: expected type: Integer, found: Boolean"),
        ("AWS::Lambda::Function", json!({ "Role": "arn:aws:iam::000000000000:role/r" }), "#: required key [Code] not found"),
        (
            "AWS::Lambda::Function",
            json!({ "Role": "arn:aws:iam::000000000000:role/r", "Code": {}, "Architectures": ["sparc"] }),
            "#/Architectures/0: sparc is not a valid enum value",
        ),
        (
            "AWS::S3::Bucket",
            json!({ "VersioningConfiguration": { "Status": "Enabled", "X": 1 } }),
            "#/VersioningConfiguration: extraneous key [X] is not permitted",
        ),
        ("AWS::S3::Bucket", json!({ "Arn": "x" }), "#/Arn: is read-only: AWS sets it, a template cannot"),
        (
            "AWS::IAM::Role",
            json!({ "AssumeRolePolicyDocument": {}, "ManagedPolicyArns": "arn" }),
            "#/ManagedPolicyArns: expected type: JSONArray, found: String",
        ),
        ("AWS::Logs::LogGroup", json!({ "LogGroupName": null }), "#/LogGroupName: 'null' values are not allowed in templates"),
    ] {
        assert_eq!(findings(kind, properties.clone()).0, [said], "{properties}");
    }
}

#[test]
fn what_is_not_yet_known_is_not_judged() {
    let unknown = "{{changeSet:KNOWN_AFTER_APPLY}}";
    assert_eq!(
        findings("AWS::Lambda::Function", json!({ "Role": unknown, "Code": { "S3Bucket": unknown }, "Timeout": unknown })).0,
        Vec::<String>::new()
    );
}

#[test]
fn changes_that_replace_are_known() {
    let schema = registry().schema("AWS::SQS::Queue").unwrap();
    let found =
        facts::differences(schema, &json!({ "QueueName": "a", "DelaySeconds": 1 }), &json!({ "QueueName": "b", "DelaySeconds": 2 }));
    let found: Vec<_> = found.iter().map(|d| (d.name.as_str(), d.recreation)).collect();
    assert_eq!(found, [("QueueName", facts::Recreation::Always), ("DelaySeconds", facts::Recreation::Never)]);
    assert_eq!(facts::name_property(schema), None);
    assert_eq!(facts::name_property(registry().schema("AWS::IAM::Role").unwrap()), Some("RoleName"));
}
