//! Recordings of tags.

use super::{Shot, Table, create, done, helped};
use crate::desk::Desk;
use serde_json::{Map, Value, json};

pub const TABLE: Table = &[
    ("TestLambdaTag::test_create_tag_on_fn_create", done!(on_create)),
    ("TestLambdaTag::test_create_tag_on_esm_create", done!(on_mapping)),
    ("TestLambdaTag::test_tag_lifecycle", done!(lifecycle)),
    ("TestLambdaTag::test_tag_exceptions", done!(exceptions)),
    ("TestLambdaTag::test_tag_nonexisting_resource", done!(gone)),
    ("TestLambdaTags::test_tag_exceptions", done!(odd)),
    ("TestLambdaTags::test_tag_limits", done!(limits)),
    ("TestLambdaTags::test_tag_versions", done!(versions)),
];

const ARN: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";
const QUEUE: &str = "arn:aws:sqs:us-east-1:000000000000:q";

async fn desk(more: Value) -> Desk {
    let desk = Desk::new().await;
    let mut input = helped();
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    desk.ok("CreateFunction", create(input)).await;
    desk.world.queues.make(QUEUE, 60);
    desk
}

fn tags(resource: &str, tags: Value) -> Value {
    json!({ "Resource": resource, "Tags": tags })
}
fn of(resource: &str) -> Value {
    json!({ "Resource": resource })
}

async fn on_create(shot: Shot) {
    let desk = desk(json!({ "Tags": { "testtag": "tag-1" } })).await;
    shot.call(&desk, "get_function_result", "GetFunction", json!({ "FunctionName": "f" })).await;
    shot.call(&desk, "list_tags_result", "ListTags", of(ARN)).await;
}

async fn on_mapping(shot: Shot) {
    let desk = desk(json!({})).await;
    let mapping = json!({ "FunctionName": "f", "EventSourceArn": QUEUE, "Tags": { "testtag": "tag-1" } });
    let made = desk.ok("CreateEventSourceMapping", mapping).await;
    let state = desk.ok("GetEventSourceMapping", json!({ "UUID": made["UUID"] })).await;
    shot.same("get_event_source_mapping_with_tag", &json!(state["State"] != "Creating"));
    shot.call(&desk, "list_tags_result", "ListTags", of(made["EventSourceMappingArn"].as_str().unwrap())).await;
}

async fn lifecycle(shot: Shot) {
    let desk = desk(json!({})).await;
    let resource = match &*shot.parameter {
        "event_source_mapping" => {
            let made = desk.ok("CreateEventSourceMapping", json!({ "FunctionName": "f", "EventSourceArn": QUEUE })).await;
            made["EventSourceMappingArn"].as_str().unwrap().to_owned()
        }
        _ => ARN.to_owned(),
    };
    let tag = async |label: &str, given: Value| {
        shot.call(&desk, label, "TagResource", tags(&resource, given)).await;
        shot.call(&desk, &format!("{label}_listtags"), "ListTags", of(&resource)).await;
    };
    tag("tag_single_response", json!({ "A": "tag-a" })).await;
    tag("tag_multiple_response", json!({ "B": "tag-b", "C": "tag-c" })).await;
    tag("tag_overlap_response", json!({ "C": "tag-c-newsuffix", "D": "tag-d" })).await;
    let untag = async |label: &str, keys: Value| {
        shot.call(&desk, label, "UntagResource", json!({ "Resource": resource, "TagKeys": keys })).await;
        shot.call(&desk, &format!("{label}_listtags"), "ListTags", of(&resource)).await;
    };
    untag("untag_single_response", json!(["A"])).await;
    untag("untag_multiple_response", json!(["B", "C"])).await;
    untag("untag_nonexisting_response", json!(["F"])).await;
    untag("untag_existing_and_nonexisting_response", json!(["D", "F"])).await;
}

async fn exceptions(shot: Shot) {
    let desk = desk(json!({})).await;
    let name = "5b4b8a2e-3a5b-4d7e-9e1c-0f5f3c6d7a81";
    let arn = |kind: &str| format!("arn:aws:lambda:us-east-1:000000000000:{kind}:{name}");
    let resource = arn(match &*shot.parameter {
        "lambda_function" => "function",
        "event_source_mapping" => "event-source-mapping",
        other => return not_here(shot.content.clone(), other, &shot),
    });
    shot.call(&desk, "not_found_exception_tag", "TagResource", tags(&resource, json!({ "A": "B" }))).await;
    shot.call(&desk, "not_found_exception_untag", "UntagResource", json!({ "Resource": resource, "TagKeys": ["A"] })).await;
    shot.call(&desk, "not_found_exception_list", "ListTags", of(&resource)).await;
    shot.call(&desk, "aliased_arn_exception", "ListTags", of(&format!("{resource}:alias"))).await;
    shot.call(&desk, "invalid_arn_exception", "ListTags", of(&arn("foobar"))).await;
}

/// Capacity providers are not built.
fn not_here(content: Value, parameter: &str, shot: &Shot) {
    println!("{parameter}: not built");
    content.as_object().unwrap().keys().for_each(|label| shot.by_hand(label));
}

async fn gone(shot: Shot) {
    let desk = desk(json!({})).await;
    shot.call(&desk, "pre_delete_get_function", "GetFunction", json!({ "FunctionName": ARN })).await;
    desk.ok("DeleteFunction", json!({ "FunctionName": ARN })).await;
    shot.call(&desk, "not_found_exception_tag", "TagResource", tags(ARN, json!({ "A": "B" }))).await;
    shot.call(&desk, "not_found_exception_untag", "UntagResource", json!({ "Resource": ARN, "TagKeys": ["A"] })).await;
    shot.call(&desk, "not_found_exception_list", "ListTags", of(ARN)).await;
}

async fn odd(shot: Shot) {
    let desk = desk(json!({})).await;
    let one = || json!({ "key_a": "value_a" });
    shot.call(&desk, "tag_lambda_invalidarn", "TagResource", tags("arn:aws:something", one())).await;
    shot.call(&desk, "tag_lambda_doesnotexist", "TagResource", tags(&ARN.replace("function:f", "function:doesnotexist"), one())).await;
    shot.call(&desk, "tag_lambda_qualifier_doesnotexist", "TagResource", tags(&format!("{ARN}:v1"), one())).await;
    shot.call(&desk, "list_tag_lambda_empty", "ListTags", of(ARN)).await;
    shot.call(&desk, "untag_nomatch", "UntagResource", json!({ "Resource": ARN, "TagKeys": ["somekey"] })).await;
    shot.call(&desk, "untag_empty_keys", "UntagResource", json!({ "Resource": ARN, "TagKeys": [] })).await;
    shot.call(&desk, "tag_empty_tags", "TagResource", tags(ARN, json!({}))).await;
}

async fn limits(shot: Shot) {
    let desk = desk(json!({})).await;
    let many = |n: usize| Value::Object((0..n).map(|k| (format!("{k}_key"), json!(format!("{k}_value")))).collect::<Map<_, _>>());
    shot.call(&desk, "tag_lambda_too_many_tags", "TagResource", tags(ARN, many(51))).await;
    shot.call(&desk, "tag_response", "TagResource", tags(ARN, many(50))).await;
    shot.call(&desk, "list_tags_response", "ListTags", of(ARN)).await;
    shot.call(&desk, "get_fn_response", "GetFunction", json!({ "FunctionName": "f" })).await;
    shot.call(&desk, "tag_lambda_too_many_tags_additional", "TagResource", tags(ARN, json!({ "a_key": "a_value" }))).await;
    let input = create(json!({ "FunctionName": "g", "Tags": many(51) }));
    shot.call(&desk, "create_function_invalid_tags", "CreateFunction", input).await;
}

async fn versions(shot: Shot) {
    let desk = desk(json!({ "Tags": { "key_a": "value_a" } })).await;
    desk.ok("PublishVersion", json!({ "FunctionName": "f" })).await;
    let more = || json!({ "key_b": "value_b", "key_c": "value_c" });
    shot.call(&desk, "tag_resource_exception", "TagResource", tags(&format!("{ARN}:1"), more())).await;
    shot.call(&desk, "tag_resource_latest_exception", "TagResource", tags(&format!("{ARN}:$LATEST"), more())).await;
}
