//! Recordings of versions, aliases and revisions.

use super::{Shot, Table, code, done, helped};
use crate::desk::Desk;
use serde_json::{Value, json};

pub const TABLE: Table = &[
    ("TestLambdaVersions::test_publish_version_on_create", done!(on_create)),
    ("TestLambdaVersions::test_version_lifecycle", done!(lifecycle)),
    ("TestLambdaVersions::test_publish_with_wrong_sha256", done!(wrong_sha)),
    ("TestLambdaVersions::test_publish_with_update", done!(with_update)),
    ("TestLambdaAlias::test_alias_lifecycle", done!(alias_lifecycle)),
    ("TestLambdaAlias::test_non_existent_alias_deletion", done!(alias_deletion)),
    ("TestLambdaAlias::test_non_existent_alias_update", done!(alias_update)),
    ("TestLambdaAlias::test_notfound_and_invalid_routingconfigs", done!(routing)),
    ("TestLambdaAlias::test_alias_naming", done!(naming)),
    ("TestLambdaRevisions::test_function_revisions_basic", done!(revisions)),
    ("TestLambdaRevisions::test_function_revisions_version_and_alias", done!(revisions_of_versions)),
];

fn f(qualifier: &str) -> Value {
    match qualifier {
        "" => json!({ "FunctionName": "f" }),
        qualifier => json!({ "FunctionName": "f", "Qualifier": qualifier }),
    }
}

fn with(mut input: Value, more: Value) -> Value {
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

async fn on_create(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create_response", json!({ "Publish": true })).await;
    shot.call(&desk, "get_function_result", "GetFunction", f("")).await;
    shot.call(&desk, "get_function_version_result", "GetFunction", f("1")).await;
    shot.call(&desk, "get_function_latest_result", "GetFunction", f("$LATEST")).await;
    shot.call(&desk, "list_versions_result", "ListVersionsByFunction", f("")).await;
    let again = with(f(""), json!({ "Description": "Repeated version description :)" }));
    shot.call(&desk, "repeated_publish_response", "PublishVersion", again).await;
    shot.call(&desk, "list_versions_result_after_publish", "ListVersionsByFunction", f("")).await;
}

async fn lifecycle(shot: Shot) {
    let desk = Desk::new().await;
    let described = |text: &str| with(f(""), json!({ "Description": text }));
    shot.make(&desk, "create_response", json!({ "Description": "No version :(" })).await;
    shot.call(&desk, "get_function_result", "GetFunction", f("")).await;
    shot.call(&desk, "list_versions_result", "ListVersionsByFunction", f("")).await;
    shot.call(&desk, "first_update_response", "UpdateFunctionConfiguration", described("First version :)")).await;
    shot.call(&desk, "first_update_get_function", "GetFunction", f("")).await;
    shot.call(&desk, "first_publish_response", "PublishVersion", described("First version description :)")).await;
    shot.call(&desk, "first_publish_get_function", "GetFunction", f("1")).await;
    shot.call(&desk, "first_publish_get_function_config", "GetFunctionConfiguration", f("1")).await;
    shot.call(&desk, "second_update_response", "UpdateFunctionConfiguration", described("Second version :))")).await;
    shot.call(&desk, "first_publish_get_function_after_update", "GetFunction", f("1")).await;
    shot.call(&desk, "second_publish_response", "PublishVersion", f("")).await;
    shot.call(&desk, "third_publish_response", "PublishVersion", described("Third version description :)))")).await;
    shot.call(&desk, "list_versions_result_after_third_publish", "ListVersionsByFunction", f("")).await;
    desk.ok("DeleteFunction", json!({ "FunctionName": "f:1" })).await;
    shot.call(&desk, "list_versions_result_after_deletion_of_first_version", "ListVersionsByFunction", f("")).await;
}

async fn wrong_sha(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create_response", json!({})).await;
    let got = shot.call(&desk, "get_fn_response", "GetFunction", f("")).await;
    let sha = |text: &Value| with(f(""), json!({ "CodeSha256": text }));
    shot.call(&desk, "publish_wrong_sha256_exc", "PublishVersion", sha(&json!("somenonexistentsha256"))).await;
    shot.call(&desk, "publish_result", "PublishVersion", sha(&got["Configuration"]["CodeSha256"])).await;
}

async fn with_update(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create_response", json!({})).await;
    shot.call(&desk, "get_function_result", "GetFunction", f("")).await;
    let update = with(f(""), json!({ "ZipFile": code("2"), "Publish": true }));
    shot.call(&desk, "update_function_code_result", "UpdateFunctionCode", update).await;
    // AWS was still at it when it was asked; here the version is there.
    for (label, qualifier) in [("get_function_version_result", "1"), ("get_function_latest_result", "$LATEST")] {
        let mut got = desk.ok("GetFunction", f(qualifier)).await;
        assert_eq!(got["Configuration"]["State"], "Active");
        let recorded = shot.recorded(label)["Configuration"].as_object().unwrap();
        let shown = got["Configuration"].as_object_mut().unwrap();
        for member in
            ["State", "StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode"]
        {
            shown.remove(member);
            shown.extend(recorded.get(member).map(|value| (member.to_owned(), value.clone())));
        }
        shot.same(label, &got);
    }
}

fn staging() -> Value {
    json!({ "Environment": { "Variables": { "testenv": "staging" } } })
}

/// Versions 1 and 2, which differ in a variable.
async fn two_versions(shot: &Shot, desk: &Desk, more: Value) {
    shot.make(desk, "create_response", with(staging(), more)).await;
    shot.call(desk, "publish_v1", "PublishVersion", f("")).await;
    let prod = with(f(""), json!({ "Environment": { "Variables": { "testenv": "prod" } } }));
    desk.ok("UpdateFunctionConfiguration", prod).await;
    shot.call(desk, "publish_v2", "PublishVersion", f("")).await;
}

async fn alias_lifecycle(shot: Shot) {
    let desk = Desk::new().await;
    two_versions(&shot, &desk, json!({})).await;
    let alias = |name: &str, more: Value| with(json!({ "FunctionName": "f", "Name": name }), more);
    let first =
        json!({ "FunctionVersion": "1", "Description": "custom-alias", "RoutingConfig": { "AdditionalVersionWeights": { "2": 0.2 } } });
    let made = shot.call(&desk, "create_alias_1_1", "CreateAlias", alias("aliasname1_1", first)).await;
    shot.call(&desk, "get_alias_1_1", "GetAlias", alias("aliasname1_1", json!({}))).await;
    shot.call(&desk, "get_function_alias_1_1", "GetFunction", f("aliasname1_1")).await;
    let arn = made["AliasArn"].as_str().unwrap();
    shot.call(&desk, "get_function_byarn_alias_1_1", "GetFunction", json!({ "FunctionName": arn })).await;
    shot.call(&desk, "get_function_alias_notfound_exc", "GetFunction", f("aliasdoesnotexist")).await;
    let missing = json!({ "FunctionName": arn.replace("aliasname1_1", "aliasdoesnotexist") });
    shot.call(&desk, "get_function_alias_byarn_notfound_exc", "GetFunction", missing).await;
    for (name, more) in [
        ("1_2", json!({ "FunctionVersion": "1", "Description": "custom-alias" })),
        ("1_3", json!({ "FunctionVersion": "1" })),
        ("2", json!({ "FunctionVersion": "2", "Description": "custom-alias" })),
    ] {
        let full = format!("aliasname{name}");
        shot.call(&desk, &format!("create_alias_{name}"), "CreateAlias", alias(&full, more)).await;
        shot.call(&desk, &format!("get_alias_{name}"), "GetAlias", alias(&full, json!({}))).await;
    }
    shot.call(&desk, "list_aliases_for_fnname", "ListAliases", f("")).await;
    let none = alias("aliasname1_1", json!({ "RoutingConfig": { "AdditionalVersionWeights": {} } }));
    shot.call(&desk, "update_alias_1_1", "UpdateAlias", none).await;
    shot.call(&desk, "get_alias_1_1_after_update", "GetAlias", alias("aliasname1_1", json!({}))).await;
    shot.call(&desk, "list_aliases_for_fnname_after_update", "ListAliases", f("")).await;
    shot.call(&desk, "update_alias_1_2", "UpdateAlias", alias("aliasname1_2", json!({}))).await;
    shot.call(&desk, "get_alias_1_2_after_update", "GetAlias", alias("aliasname1_2", json!({}))).await;
    shot.call(&desk, "list_aliases_for_fnname_after_update_2", "ListAliases", f("")).await;
    shot.call(&desk, "list_aliases_for_version", "ListAliases", with(f(""), json!({ "FunctionVersion": "1" }))).await;
    shot.call(&desk, "delete_alias_response", "DeleteAlias", alias("aliasname1_1", json!({}))).await;
    shot.call(&desk, "list_aliases_for_fnname_afterdelete", "ListAliases", f("")).await;
}

async fn alias_deletion(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create_response", staging()).await;
    shot.call(&desk, "delete_alias_response", "DeleteAlias", json!({ "FunctionName": "f", "Name": "non-existent" })).await;
}

async fn alias_update(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create_response", staging()).await;
    shot.call(&desk, "update_alias_response", "UpdateAlias", json!({ "FunctionName": "f", "Name": "non-existent" })).await;
}

async fn routing(shot: Shot) {
    let desk = Desk::new().await;
    two_versions(&shot, &desk, json!({ "Publish": true })).await;
    let custom = |version: &str, weights: Value| json!({ "FunctionName": "f", "Name": "custom", "FunctionVersion": version, "RoutingConfig": { "AdditionalVersionWeights": weights } });
    for (label, version, weights) in [
        ("routing_config_exc_toomany", "1", json!({ "1": 0.8, "2": 0.2 })),
        ("routing_config_exc_toohigh", "1", json!({ "2": 2.0 })),
        ("routing_config_exc_subzero", "1", json!({ "2": -1.0 })),
        ("routing_config_exc_sameversion", "1", json!({ "1": 0.5 })),
        ("target_version_doesnotexist", "10", json!({ "2": 0.5 })),
        ("routing_config_exc_version_doesnotexist", "1", json!({ "10": 0.5 })),
        ("target_version_exc_version_latest", "$LATEST", json!({ "1": 0.5 })),
        ("routing_config_exc_version_latest", "1", json!({ "$LATEST": 0.5 })),
    ] {
        shot.call(&desk, label, "CreateAlias", custom(version, weights)).await;
    }
    let latest = json!({ "FunctionName": "f", "Name": "custom-latest", "FunctionVersion": "$LATEST" });
    shot.call(&desk, "create-alias-latest", "CreateAlias", latest).await;
    let unknown = with(custom("1", json!({ "2": 0.5 })), json!({ "FunctionName": "f-unknown" }));
    shot.call(&desk, "routing_config_exc_fn_doesnotexist", "CreateAlias", unknown).await;
    let empty = with(custom("1", json!({})), json!({ "Name": "custom-empty-routingconfig" }));
    shot.call(&desk, "create_alias_empty_routingconfig", "CreateAlias", empty).await;
    shot.call(&desk, "create_alias_response", "CreateAlias", custom("1", json!({ "2": 0.5 }))).await;
    shot.call(&desk, "routing_config_exc_already_exist", "CreateAlias", custom("1", json!({ "2": 0.5 }))).await;
    shot.call(&desk, "alias_does_not_exist_esc", "GetAlias", json!({ "FunctionName": "f", "Name": "non-existent" })).await;
}

async fn naming(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create_response", staging()).await;
    shot.call(&desk, "publish_v1", "PublishVersion", f("")).await;
    let alias = |name: &str| json!({ "FunctionName": "f", "Name": name, "FunctionVersion": "1", "Description": "custom-alias" });
    shot.call(&desk, "create_alias_date", "CreateAlias", alias("2024-01-02")).await;
    shot.call(&desk, "get_alias_date", "GetAlias", json!({ "FunctionName": "f", "Name": "2024-01-02" })).await;
    shot.call(&desk, "create_alias_number_exception", "CreateAlias", alias("2024")).await;
}

async fn revisions(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create_function_response_rev1", with(helped(), json!({ "Handler": "index.handler" }))).await;
    let got = shot.call(&desk, "get_function_response_rev2", "GetFunction", f("")).await;
    let code = |revision: &Value| with(f(""), json!({ "ZipFile": code("1"), "RevisionId": revision }));
    shot.call(&desk, "update_function_revision_exception", "UpdateFunctionCode", code(&json!("wrong"))).await;
    let updated =
        shot.call(&desk, "update_function_code_response_rev3", "UpdateFunctionCode", code(&got["Configuration"]["RevisionId"])).await;
    let after = shot.call(&desk, "get_function_response_rev4", "GetFunction", f("")).await;
    assert_ne!(got["Configuration"]["RevisionId"], updated["RevisionId"]);
    let runtime = |revision: &Value| with(f(""), json!({ "Runtime": "python3.8", "RevisionId": revision }));
    shot.call(&desk, "update_function_configuration_revision_exception", "UpdateFunctionConfiguration", runtime(&json!("wrong"))).await;
    let revision = &after["Configuration"]["RevisionId"];
    let updated = shot.call(&desk, "update_function_configuration_response_rev5", "UpdateFunctionConfiguration", runtime(revision)).await;
    assert_ne!(*revision, updated["RevisionId"]);
    shot.call(&desk, "get_function_response_rev6", "GetFunction", f("")).await;
}

async fn revisions_of_versions(shot: Shot) {
    let desk = Desk::new().await;
    shot.make(&desk, "create_function_response_rev1", helped()).await;
    let two = shot.call(&desk, "get_function_active_rev2", "GetFunction", f("")).await["Configuration"]["RevisionId"].clone();
    let revision = |revision: &Value| with(f(""), json!({ "RevisionId": revision }));
    shot.call(&desk, "publish_version_revision_exception", "PublishVersion", revision(&json!("wrong"))).await;
    let version = shot.call(&desk, "publish_version_response_rev_v1", "PublishVersion", revision(&two)).await["RevisionId"].clone();
    let shown = shot.call(&desk, "get_function_published_version_rev_v2", "GetFunction", f("1")).await;
    assert_eq!(version, shown["Configuration"]["RevisionId"]);
    let three = shot.call(&desk, "get_function_latest_rev3", "GetFunction", f("")).await["Configuration"]["RevisionId"].clone();
    assert_ne!(two, three, "publishing changes the revision of $LATEST");
    let alias = |more: Value| with(json!({ "FunctionName": "f", "Name": "revision_alias" }), more);
    let made = shot.call(&desk, "create_alias_response_rev_a1", "CreateAlias", alias(json!({ "FunctionVersion": "1" }))).await;
    let four = shot.call(&desk, "get_function_latest_rev4", "GetFunction", f("")).await;
    assert_eq!(four["Configuration"]["RevisionId"], three);
    shot.call(&desk, "get_function_published_version_rev_v3", "GetFunction", f("1")).await;
    shot.call(&desk, "update_alias_revision_exception", "UpdateAlias", alias(json!({ "RevisionId": "wrong" }))).await;
    let update = alias(json!({ "Description": "something changed", "RevisionId": made["RevisionId"] }));
    let updated = shot.call(&desk, "update_alias_response_rev_a2", "UpdateAlias", update).await;
    assert_ne!(made["RevisionId"], updated["RevisionId"]);
}
