//! Recordings of concurrency, asynchronous invocation, loops and the account.

use super::{Shot, Table, create, done, helped};
use crate::desk::Desk;
use serde_json::{Value, json};

pub const TABLE: Table = &[
    ("TestLambdaEventInvokeConfig::test_lambda_eventinvokeconfig_lifecycle", done!(events)),
    ("TestLambdaEventInvokeConfig::test_lambda_eventinvokeconfig_exceptions", done!(event_exceptions)),
    ("TestLambdaReservedConcurrency::test_function_concurrency_exceptions", done!(reserved_exceptions)),
    ("TestLambdaReservedConcurrency::test_function_concurrency_limits", done!(reserved_limits)),
    ("TestLambdaReservedConcurrency::test_function_concurrency", done!(reserved)),
    ("TestLambdaProvisionedConcurrency::test_provisioned_concurrency_exceptions", done!(provisioned_exceptions)),
    ("TestLambdaProvisionedConcurrency::test_provisioned_concurrency_limits", done!(provisioned_limits)),
    ("TestLambdaProvisionedConcurrency::test_lambda_provisioned_lifecycle", done!(provisioned)),
    ("TestLambdaRecursion::test_put_function_recursion_config_allow", done!(loops)),
    ("TestLambdaRecursion::test_put_function_recursion_config_default_terminate", done!(no_loops)),
    ("TestLambdaRecursion::test_put_function_recursion_config_invalid_value", done!(odd_loops)),
];

async fn desk() -> Desk {
    let desk = Desk::new().await;
    desk.ok("CreateFunction", create(helped())).await;
    desk
}

fn with(mut input: Value, more: Value) -> Value {
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}
fn f(more: Value) -> Value {
    with(json!({ "FunctionName": "f" }), more)
}

const PUT: &str = "PutFunctionEventInvokeConfig";
const GET: &str = "GetFunctionEventInvokeConfig";
const UPDATE: &str = "UpdateFunctionEventInvokeConfig";
const LIST: &str = "ListFunctionEventInvokeConfigs";
const DELETE: &str = "DeleteFunctionEventInvokeConfig";

fn retries(n: i32) -> Value {
    json!({ "MaximumRetryAttempts": n })
}
fn age(secs: i32) -> Value {
    json!({ "MaximumEventAgeInSeconds": secs })
}

async fn events(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "put_invokeconfig_retries_0", PUT, f(retries(0))).await;
    shot.call(&desk, "put_invokeconfig_eventage_60", PUT, f(age(60))).await;
    shot.call(&desk, "update_invokeconfig_eventage_nochange", UPDATE, f(age(60))).await;
    shot.call(&desk, "update_invokeconfig_retries", UPDATE, f(retries(1))).await;
    shot.call(&desk, "get_invokeconfig", GET, f(json!({}))).await;
    shot.call(&desk, "get_invokeconfig_latest", GET, f(json!({ "Qualifier": "$LATEST" }))).await;
    shot.call(&desk, "list_single_invokeconfig", LIST, f(json!({}))).await;
    shot.call(&desk, "publish_version_result", "PublishVersion", f(json!({}))).await;
    let one = || f(json!({ "Qualifier": "1" }));
    shot.call(&desk, "get_invokeconfig_postpublish", GET, one()).await;
    shot.call(&desk, "put_published_invokeconfig", PUT, with(one(), age(120))).await;
    shot.call(&desk, "get_published_invokeconfig", GET, one()).await;
    let first = desk.ok(LIST, f(json!({ "MaxItems": 1 }))).await;
    let rest = desk.ok(LIST, f(json!({ "MaxItems": 1, "Marker": first["NextMarker"] }))).await;
    assert_ne!(first["FunctionEventInvokeConfigs"][0]["FunctionArn"], rest["FunctionEventInvokeConfigs"][0]["FunctionArn"]);
    desk.ok(DELETE, f(json!({}))).await;
    shot.call(&desk, "list_paging_nolimit_postdelete", LIST, f(json!({}))).await;
}

async fn event_exceptions(shot: Shot) {
    let desk = desk().await;
    desk.ok("CreateFunction", create(with(helped(), json!({ "FunctionName": "f2" })))).await;
    shot.call(&desk, "fn_version_result", "PublishVersion", f(json!({}))).await;
    let alias = json!({ "FunctionName": "f", "Name": "eventinvokealias", "FunctionVersion": "1" });
    let alias = shot.call(&desk, "fn_alias_result", "CreateAlias", alias).await["AliasArn"].as_str().unwrap().to_owned();
    let arn = |function: &str| format!("arn:aws:lambda:us-east-1:000000000000:function:{function}");
    let named = |function: &str, more: Value| with(json!({ "FunctionName": function }), more);
    let put = async |label: &str, input: Value| shot.call(&desk, label, PUT, input).await;
    put("put_functionname_name_notfound", named("doesnotexist", retries(1))).await;
    put("put_functionname_arn_notfound", named(&arn("doesnotexist"), retries(1))).await;
    put("put_functionname_nootherargs", named("doesnotexist", json!({}))).await;
    let success = |to: String| f(json!({ "DestinationConfig": { "OnSuccess": { "Destination": to } } }));
    put("put_destination_lambda_doesntexist", success(arn("doesnotexist"))).await;
    put("put_destination_recursive", success(arn("f"))).await;
    put("put_destination_other_lambda", success(arn("f2"))).await;
    put("put_destination_invalid_service_arn", success(arn("f").replace(":lambda:", ":iam:"))).await;
    put("put_destination_success_no_destination_arn", f(json!({ "DestinationConfig": { "OnSuccess": {} } }))).await;
    put("put_destination_failure_no_destination_arn", f(json!({ "DestinationConfig": { "OnFailure": {} } }))).await;
    let odd = arn("f").replace(":lambda:", ":_-/!lambda:");
    put("put_destination_invalid_arn_pattern", f(json!({ "DestinationConfig": { "OnFailure": { "Destination": odd } } }))).await;
    let of = |function: &str, qualifier: &str| named(function, json!({ "Qualifier": qualifier, "MaximumRetryAttempts": 1 }));
    let (name, other) = ("eventinvokealias", "eventinvokealiasdoesnotexist");
    put("put_destination_latest", f(retries(1))).await;
    put("put_destination_latest_explicit_qualifier", of("f", "$LATEST")).await;
    put("put_destination_version", of("f", "1")).await;
    put("put_alias_functionname_qualifier", of("f", name)).await;
    put("put_alias_doesnotexist", of("f", other)).await;
    put("put_alias_qualifiedarn", named(&alias, retries(1))).await;
    put("put_alias_qualifiedarn_qualifier", of(&alias, name)).await;
    put("put_alias_qualifiedarn_qualifierconflict", of(&alias, other)).await;
    put("put_alias_shorthand", named("f:eventinvokealias", retries(1))).await;
    put("put_alias_shorthand_qualifier", of("f:eventinvokealias", name)).await;
    put("put_alias_shorthand_qualifierconflict", of("f:eventinvokealias", other)).await;
    put("put_version_shorthand", named("f:1", retries(1))).await;
    put("put_shorthand_qualifier_match", of("f:$LATEST", "$LATEST")).await;
    put("put_shorthand_qualifier_mismatch_1", of("f:1", "$LATEST")).await;
    put("put_shorthand_qualifier_mismatch_2", of("f:$LATEST", "1")).await;
    put("put_shorthand_qualifier_mismatch_3", of("f:1", name)).await;
    put("put_maxevent_maxvalue_result", f(with(retries(2), age(21_600)))).await;
    put("put_pre_overwrite", f(with(retries(2), age(60)))).await;
    put("put_post_overwrite", f(retries(0))).await;
    put("second_overwrite_existing_response", f(retries(0))).await;
    shot.call(&desk, "get_post_overwrite", GET, f(json!({}))).await;
    put("pre_update_response", f(with(retries(2), age(60)))).await;
    shot.call(&desk, "update_response", UPDATE, f(retries(0))).await;
    shot.call(&desk, "update_response_existing", UPDATE, f(retries(0))).await;
    shot.call(&desk, "list_configs", LIST, f(json!({}))).await;
    for (label, qualifier) in [("delete_latest", "$LATEST"), ("delete_version", "1"), ("delete_alias", name)] {
        shot.call(&desk, label, DELETE, f(json!({ "Qualifier": qualifier }))).await;
    }
    shot.call(&desk, "list_configs_postdelete", LIST, f(json!({}))).await;
    shot.call(&desk, "delete_function_not_found", DELETE, f(json!({}))).await;
    shot.call(&desk, "delete_function_doesnotexist", DELETE, named("doesnotexist", json!({}))).await;
    shot.call(&desk, "list_function_doesnotexist", LIST, named("doesnotexist", json!({}))).await;
    shot.call(&desk, "get_function_doesnotexist", GET, named("doesnotexist", json!({}))).await;
    shot.call(&desk, "get_qualifier_doesnotexist", GET, f(json!({ "Qualifier": "doesnotexist" }))).await;
    shot.call(&desk, "update_eventinvokeconfig_function_doesnotexist", UPDATE, named("doesnotexist", retries(0))).await;
    shot.call(&desk, "get_eventinvokeconfig_doesnotexist", GET, named(&alias, json!({}))).await;
    shot.call(&desk, "update_eventinvokeconfig_config_doesnotexist_with_qualifier", UPDATE, named(&alias, retries(0))).await;
    shot.call(&desk, "update_eventinvokeconfig_config_doesnotexist_without_qualifier", UPDATE, named(&arn("f"), retries(0))).await;
}

fn reserve(n: i32) -> Value {
    json!({ "ReservedConcurrentExecutions": n })
}

async fn reserved_exceptions(shot: Shot) {
    let desk = desk().await;
    desk.ok("PublishVersion", f(json!({}))).await;
    let put = async |label: &str, function: &str, n: i32| {
        shot.call(&desk, label, "PutFunctionConcurrency", with(json!({ "FunctionName": function }), reserve(n))).await
    };
    put("put_function_concurrency_with_function_name_doesnotexist", "doesnotexist", 1).await;
    put("put_function_concurrency_with_function_name_doesnotexist_and_invalid_concurrency", "doesnotexist", 1001).await;
    put("put_function_concurrency_with_qualified_arn", "arn:aws:lambda:us-east-1:000000000000:function:f:1", 1).await;
}

async fn reserved_limits(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "put_function_concurrency_account_limit_exceeded", "PutFunctionConcurrency", f(reserve(1001))).await;
    shot.call(&desk, "put_function_concurrency_below_unreserved_min_value", "PutFunctionConcurrency", f(reserve(1000))).await;
}

async fn reserved(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "put_function_concurrency_with_reserved_0", "PutFunctionConcurrency", f(reserve(0))).await;
    shot.call(&desk, "put_function_concurrency_with_reserved_1", "PutFunctionConcurrency", f(reserve(1))).await;
    shot.call(&desk, "get_function_concurrency", "GetFunctionConcurrency", f(json!({}))).await;
    shot.call(&desk, "delete_response", "DeleteFunctionConcurrency", f(json!({}))).await;
    shot.call(&desk, "get_function_concurrency_after_delete", "GetFunctionConcurrency", f(json!({}))).await;
}

const PROVISION: &str = "PutProvisionedConcurrencyConfig";

fn of(function: &str, qualifier: &str) -> Value {
    json!({ "FunctionName": function, "Qualifier": qualifier })
}
fn provision(function: &str, qualifier: &str, n: i32) -> Value {
    with(of(function, qualifier), json!({ "ProvisionedConcurrentExecutions": n }))
}

async fn provisioned_exceptions(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "publish_version_result", "PublishVersion", f(json!({}))).await;
    let get = async |label: &str, input: Value| shot.call(&desk, label, "GetProvisionedConcurrencyConfig", input).await;
    get("get_provisioned_config_doesnotexist", of("f", "1")).await;
    get("get_provisioned_functionname_doesnotexist", of("doesnotexist", "noalias")).await;
    get("get_provisioned_qualifier_doesnotexist", of("f", "noalias")).await;
    get("get_provisioned_version_doesnotexist", of("f", "10")).await;
    get("get_provisioned_latest", of("f", "$LATEST")).await;
    let list = async |label: &str, function: &str| {
        shot.call(&desk, label, "ListProvisionedConcurrencyConfigs", json!({ "FunctionName": function })).await
    };
    list("list_provisioned_noconfigs", "f").await;
    list("list_provisioned_functionname_doesnotexist", "doesnotexist").await;
    let delete = async |label: &str, input: Value| shot.call(&desk, label, "DeleteProvisionedConcurrencyConfig", input).await;
    delete("delete_provisioned_functionname_doesnotexist", of("doesnotexist", "1")).await;
    delete("delete_provisioned_qualifier_doesnotexist", of("f", "noalias")).await;
    delete("delete_provisioned_version_doesnotexist", of("f", "10")).await;
    delete("delete_provisioned_latest", of("f", "$LATEST")).await;
    delete("delete_provisioned_config_doesnotexist", of("f", "1")).await;
    let put = async |label: &str, input: Value| shot.call(&desk, label, PROVISION, input).await;
    put("put_provisioned_invalid_param_0", provision("f", "1", 0)).await;
    put("put_provisioned_functionname_doesnotexist_alias", provision("doesnotexist", "noalias", 1)).await;
    put("put_provisioned_functionname_doesnotexist_version", provision("doesnotexist", "1", 1)).await;
    put("put_provisioned_qualifier_doesnotexist", provision("f", "doesnotexist", 1)).await;
    put("put_provisioned_version_doesnotexist", provision("f", "10", 1)).await;
    put("put_provisioned_latest", provision("f", "$LATEST", 1)).await;
}

async fn provisioned_limits(shot: Shot) {
    let desk = desk().await;
    desk.ok("PublishVersion", f(json!({}))).await;
    shot.call(&desk, "put_provisioned_concurrency_account_limit_exceeded", PROVISION, provision("f", "1", 1001)).await;
    shot.call(&desk, "put_provisioned_concurrency_below_unreserved_min_value", PROVISION, provision("f", "1", 1000)).await;
}

async fn provisioned(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "publish_version_result", "PublishVersion", f(json!({}))).await;
    let alias = json!({ "FunctionName": "f", "Name": "live", "FunctionVersion": "1" });
    shot.call(&desk, "create_alias_result", "CreateAlias", alias).await;
    shot.call(&desk, "put_provisioned_on_version", PROVISION, provision("f", "1", 1)).await;
    shot.call(&desk, "put_provisioned_on_alias_versionconflict", PROVISION, provision("f", "live", 1)).await;
    shot.call(&desk, "delete_provisioned_version", "DeleteProvisionedConcurrencyConfig", of("f", "1")).await;
    shot.call(&desk, "get_provisioned_version_postdelete", "GetProvisionedConcurrencyConfig", of("f", "1")).await;
    shot.call(&desk, "put_provisioned_on_alias", PROVISION, provision("f", "live", 1)).await;
    shot.call(&desk, "put_provisioned_on_version_conflict", PROVISION, provision("f", "1", 1)).await;
    shot.call(&desk, "delete_alias_result", "DeleteAlias", f(json!({ "Name": "live" }))).await;
    shot.call(&desk, "get_provisioned_alias_postaliasdelete", "GetProvisionedConcurrencyConfig", of("f", "live")).await;
    shot.call(&desk, "list_response_postdeletes", "ListProvisionedConcurrencyConfigs", f(json!({}))).await;
}

async fn loops(shot: Shot) {
    let desk = desk().await;
    let allow = f(json!({ "RecursiveLoop": "Allow" }));
    shot.call(&desk, "put_recursion_config_response", "PutFunctionRecursionConfig", allow).await;
    shot.call(&desk, "get_recursion_config_response", "GetFunctionRecursionConfig", f(json!({}))).await;
}

async fn no_loops(shot: Shot) {
    let desk = desk().await;
    shot.call(&desk, "get_recursion_default_terminate_response", "GetFunctionRecursionConfig", f(json!({}))).await;
}

async fn odd_loops(shot: Shot) {
    let desk = desk().await;
    let odd = f(json!({ "RecursiveLoop": "InvalidValue" }));
    shot.call(&desk, "put_recursion_invalid_value_error", "PutFunctionRecursionConfig", odd).await;
}
