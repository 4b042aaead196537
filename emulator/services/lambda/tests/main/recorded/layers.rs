//! Recordings of layers.

use super::{
    Shot, Table, create, done, helped,
    invoked::{desk, f, function},
};
use crate::desk::{Desk, base64, zip};
use serde_json::{Value, json};

pub const TABLE: Table = &[
    ("TestLambdaLayer::test_layer_lifecycle", done!(lifecycle)),
    ("TestLambdaLayer::test_layer_exceptions", done!(exceptions)),
    ("TestLambdaLayer::test_layer_function_exceptions", done!(function_exceptions)),
    ("TestLambdaLayer::test_layer_function_quota_exception", done!(quota)),
    ("TestLambdaLayer::test_layer_policy_lifecycle", done!(policy)),
    ("TestLambdaLayer::test_layer_policy_exceptions", done!(policy_exceptions)),
    ("TestLambdaLayer::test_layer_s3_content", done!(from_s3)),
    ("TestLambdaLayer::test_layer_compatibilities", done!(compatibilities)),
];

const PUBLISH: &str = "PublishLayerVersion";
const UPDATE: &str = "UpdateFunctionConfiguration";

fn with(mut input: Value, more: Value) -> Value {
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}
fn content() -> Value {
    json!({ "ZipFile": base64(&zip(&[("python/mine.py", b"pass")])) })
}
/// A version of layer `l`.
fn version(number: i64) -> Value {
    json!({ "LayerName": "l", "VersionNumber": number })
}
fn python(more: Value) -> Value {
    let base = json!({
        "LayerName": "l", "CompatibleRuntimes": ["python3.12"], "CompatibleArchitectures": ["x86_64"], "Content": content(),
    });
    with(base, more)
}
fn arn(rest: &str) -> String {
    format!("arn:aws:lambda:us-east-1:000000000000:layer:{rest}")
}

async fn lifecycle(shot: Shot) {
    let desk = desk().await;
    function(&desk, "echo").await;
    shot.call(&desk, "get_fn_result", "GetFunction", f(json!({}))).await;
    shot.call(&desk, "get_fn_config_result", "GetFunctionConfiguration", f(json!({}))).await;
    let publish = || python(json!({ "Description": "a description", "LicenseInfo": "a license" }));
    let first = shot.call(&desk, "publish_result", PUBLISH, publish()).await["LayerVersionArn"].clone();
    shot.call(&desk, "publish_result_2", PUBLISH, publish()).await;
    shot.call(&desk, "update_fn_config", UPDATE, f(json!({ "Layers": [first] }))).await;
    shot.call(&desk, "get_fn_config", "GetFunctionConfiguration", f(json!({}))).await;
    shot.call(&desk, "get_layer_ver_result", "GetLayerVersion", version(1)).await;
    shot.call(&desk, "get_layer_by_arn_version", "GetLayerVersionByArn", json!({ "Arn": first })).await;
    let list = json!({ "LayerName": "l" });
    shot.call(&desk, "list_layer_versions_predelete", "ListLayerVersions", list.clone()).await;
    shot.call(&desk, "delete_layer_1", "DeleteLayerVersion", version(1)).await;
    shot.call(&desk, "get_fn_config_postdelete", "GetFunctionConfiguration", f(json!({}))).await;
    shot.call(&desk, "delete_layer_2", "DeleteLayerVersion", version(2)).await;
    shot.call(&desk, "list_layer_versions_postdelete", "ListLayerVersions", list).await;
    shot.call(&desk, "publish_result_3", PUBLISH, publish()).await;
}

/// An enumeration of AWS's model, whose order and newest members differ from one day to the next, and which lists wrap in words of their own:
/// the sentence up to it is compared.
async fn up_to_the_set(shot: &Shot, desk: &Desk, label: &str, operation: &str, input: Value) {
    let fault = desk.call(operation, input).await.unwrap_err();
    let recorded = &shot.recorded(label)["Error"];
    let start = |text: &str| text.split_once(": Member").unwrap_or_else(|| panic!("{label}: {text}")).0.to_owned();
    assert_eq!((fault.code.as_ref(), fault.status), (recorded["Code"].as_str().unwrap(), 400), "{label}");
    assert_eq!(start(&fault.message), start(recorded["Message"].as_str().unwrap()), "{label}");
    shot.by_hand(label);
}

async fn exceptions(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "publish_result", PUBLISH, python(json!({}))).await;
    let wrong = json!({ "CompatibleRuntime": "runtimedoesnotexist" });
    up_to_the_set(&shot, &desk, "list_layers_exc_compatibleruntime_invalid", "ListLayers", wrong).await;
    let wrong = json!({ "CompatibleArchitecture": "archdoesnotexist" });
    shot.call(&desk, "list_layers_exc_compatiblearchitecture_invalid", "ListLayers", wrong).await;
    let nobody = |number: i64| json!({ "LayerName": "layerdoesnotexist", "VersionNumber": number });
    shot.call(&desk, "list_nonexistent_layer", "ListLayerVersions", json!({ "LayerName": "layerdoesnotexist" })).await;
    shot.call(&desk, "get_layer_version_exc_layer_doesnotexist", "GetLayerVersion", nobody(1)).await;
    shot.call(&desk, "get_layer_version_exc_layer_version_doesnotexist_negative", "GetLayerVersion", version(-1)).await;
    shot.call(&desk, "get_layer_version_exc_layer_version_doesnotexist_zero", "GetLayerVersion", version(0)).await;
    shot.call(&desk, "get_layer_version_exc_layer_version_doesnotexist_2", "GetLayerVersion", version(2)).await;
    let by_arn = |rest: &str| json!({ "Arn": arn(rest) });
    shot.call(&desk, "get_layer_version_by_arn_exc_invalidarn", "GetLayerVersionByArn", by_arn("l")).await;
    shot.call(&desk, "get_layer_version_by_arn_exc_nonexistentversion", "GetLayerVersionByArn", by_arn("l:2")).await;
    shot.call(&desk, "delete_nonexistent_response", "DeleteLayerVersion", nobody(1)).await;
    shot.call(&desk, "delete_nonexistent_version_response", "DeleteLayerVersion", version(2)).await;
    shot.call(&desk, "delete_layer_response", "DeleteLayerVersion", version(1)).await;
    shot.call(&desk, "delete_layer_again_response", "DeleteLayerVersion", version(1)).await;
    shot.call(&desk, "delete_layer_version_exc_layerversion_invalid_version", "DeleteLayerVersion", version(-1)).await;
    let empty = json!({ "LayerName": "m", "CompatibleRuntimes": [], "CompatibleArchitectures": [], "Content": content() });
    shot.call(&desk, "publish_empty_result", PUBLISH, empty).await;
    let wrong = python(json!({ "CompatibleRuntimes": ["invalidruntime"], "CompatibleArchitectures": ["invalidarch"] }));
    up_to_the_set(&shot, &desk, "publish_layer_version_exc_invalid_runtime_arch", PUBLISH, wrong).await;
    let wrong = python(json!({
        "CompatibleRuntimes": ["invalidruntime", "invalidruntime2", "nodejs20.x"], "CompatibleArchitectures": ["invalidarch", "x86_64"],
    }));
    up_to_the_set(&shot, &desk, "publish_layer_version_exc_partially_invalid_values", PUBLISH, wrong).await;
}

async fn function_exceptions(shot: Shot) {
    let desk = desk().await;
    for label in ["publish_result", "publish_result_2", "publish_result_3"] {
        shot.call(&desk, label, PUBLISH, python(json!({ "CompatibleRuntimes": [] }))).await;
    }
    function(&desk, "echo").await;
    shot.call(&desk, "get_fn_result", "GetFunction", f(json!({}))).await;
    let layers = |rests: &[&str]| f(json!({ "Layers": rests.iter().map(|rest| arn(rest)).collect::<Vec<_>>() }));
    shot.call(&desk, "two_layer_versions_single_function_exc", UPDATE, layers(&["l:1", "l:2"])).await;
    shot.call(&desk, "three_layer_versions_single_function_exc", UPDATE, layers(&["l:1", "l:2", "l:3"])).await;
    shot.call(&desk, "two_identical_layer_versions_single_function_exc", UPDATE, layers(&["l:1", "l:1"])).await;
    shot.call(&desk, "add_nonexistent_layer_exc", UPDATE, layers(&["doesnotexist:1"])).await;
    shot.call(&desk, "add_nonexistent_layer_version_exc", UPDATE, layers(&["l:9"])).await;
    shot.call(&desk, "add_layer_arn_without_version_exc", UPDATE, layers(&["l"])).await;
    let elsewhere = json!({ "FunctionName": "g", "Layers": ["arn:aws:lambda:us-west-2:000000000000:layer:l:1"] });
    shot.call(&desk, "create_function_with_layer_in_different_region", "CreateFunction", create(with(helped(), elsewhere))).await;
}

async fn quota(shot: Shot) {
    let desk = desk().await;
    let mut layers = Vec::new();
    for n in 0..6 {
        let input = json!({ "LayerName": format!("l{n}"), "Content": content() });
        layers.push(desk.ok(PUBLISH, input).await["LayerVersionArn"].clone());
    }
    shot.call(&desk, "create_function_with_six_layers", "CreateFunction", create(json!({ "Layers": layers }))).await;
}

fn statement(id: &str) -> Value {
    with(version(1), json!({ "StatementId": id, "Action": "lambda:GetLayerVersion", "Principal": "*" }))
}

async fn policy(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "publish_result", PUBLISH, python(json!({}))).await;
    shot.call(&desk, "add_policy_s1", "AddLayerVersionPermission", statement("s1")).await;
    let got = shot.call(&desk, "get_layer_version_policy", "GetLayerVersionPolicy", version(1)).await;
    let second = with(statement("s2"), json!({ "RevisionId": got["RevisionId"] }));
    shot.call(&desk, "add_policy_s2", "AddLayerVersionPermission", second).await;
    let got = shot.call(&desk, "get_layer_version_policy_postadd2", "GetLayerVersionPolicy", version(1)).await;
    let remove = with(version(1), json!({ "StatementId": "s2", "RevisionId": got["RevisionId"] }));
    shot.call(&desk, "remove_s2", "RemoveLayerVersionPermission", remove).await;
    shot.call(&desk, "get_layer_version_policy_postdeletes2", "GetLayerVersionPolicy", version(1)).await;
}

async fn policy_exceptions(shot: Shot) {
    const ADD: &str = "AddLayerVersionPermission";
    const GET: &str = "GetLayerVersionPolicy";
    const REMOVE: &str = "RemoveLayerVersionPermission";
    let desk: Desk = desk().await;
    shot.call(&desk, "publish_result", PUBLISH, python(json!({}))).await;
    shot.call(&desk, "layer_permission_nopolicy_get", GET, version(1)).await;
    shot.call(&desk, "add_layer_permission_result", ADD, statement("s1")).await;
    shot.call(&desk, "layer_permission_action_invalid", ADD, with(statement("s2"), json!({ "Action": "*" }))).await;
    shot.call(&desk, "layer_permission_duplicate_statement", ADD, statement("s1")).await;
    shot.call(&desk, "layer_permission_wrong_revision", ADD, with(statement("s2"), json!({ "RevisionId": "wrong" }))).await;
    let remove = |more: Value| with(with(version(1), json!({ "StatementId": "s1" })), more);
    for (label, other) in
        [("layername_doesnotexist", json!({ "LayerName": "l-doesnotexist" })), ("layerversion_doesnotexist", json!({ "VersionNumber": 2 }))]
    {
        let label = |verb: &str| format!("layer_permission_{label}_{verb}");
        shot.call(&desk, &label("add"), ADD, with(statement("s2"), other.clone())).await;
        shot.call(&desk, &label("get"), GET, with(version(1), other.clone())).await;
        shot.call(&desk, &label("remove"), REMOVE, remove(other)).await;
    }
    let unknown = remove(json!({ "StatementId": "doesnotexist" }));
    shot.call(&desk, "layer_permission_statementid_doesnotexist_remove", REMOVE, unknown).await;
    shot.call(&desk, "layer_permission_wrong_revision_remove", REMOVE, remove(json!({ "RevisionId": "wrong" }))).await;
}

async fn from_s3(shot: Shot) {
    let desk = desk().await;
    desk.world.objects.lock().insert("box/l.zip".into(), zip(&[("python/mine.py", b"pass")]).into());
    let input = json!({ "LayerName": "l", "Content": { "S3Bucket": "box", "S3Key": "l.zip" } });
    shot.call(&desk, "publish_layer_result", PUBLISH, input).await;
}

async fn compatibilities(shot: Shot) {
    let desk = desk().await;
    let recorded = shot.recorded("publish_result");
    let input = json!({
        "CompatibleRuntimes": recorded["CompatibleRuntimes"], "CompatibleArchitectures": recorded["CompatibleArchitectures"],
    });
    shot.call(&desk, "publish_result", PUBLISH, python(input)).await;
}
