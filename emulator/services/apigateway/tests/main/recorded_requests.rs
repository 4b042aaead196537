//! Requests whose answers were recorded from AWS: templates, overrides, canaries, routing.

use crate::{
    desk::{Desk, merged},
    integrations::echo,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use fakes::recorded::recordings;
use serde_json::{Value, json};

/// What was recorded under a test's name.
fn recorded(file: &str, test: &str) -> Option<Value> {
    let all = recordings(&format!("apigateway/{file}"))?;
    let found = all.iter().find(|(name, _)| name.ends_with(&format!("::{test}")));
    Some(found.unwrap_or_else(|| panic!("no recording of {test}")).1["recorded-content"].clone())
}

/// A MOCK with two templates; where there is none for the answer, it has none.
async fn mock(desk: &Desk, part: &str, request: &str, response: Option<&str>) {
    let mock = json!({ "type": "MOCK", "requestTemplates": { "application/json": request } });
    let resource = desk.behind(part, "GET", json!({ "requestParameters": {} }), mock).await;
    let key =
        json!({ "restApiId": desk.api, "resourceId": resource, "httpMethod": "GET", "statusCode": "200", "selectionPattern": "2\\d{2}" });
    let templates = response.map_or(json!({}), |template| json!({ "responseTemplates": { "application/json": template } }));
    desk.ok("PutIntegrationResponse", merged(&key, &[&templates])).await;
}

#[tokio::test]
async fn what_the_requests_template_overrides_the_responses_sees() {
    let Some(wanted) = recorded("test_apigateway_integrations", "test_integration_mock_with_request_overrides_in_response_template") else {
        return;
    };
    let desk = Desk::new().await;
    let request = "#set($body = $util.base64Decode($input.params('data')))\n#set($context.requestOverride.path.body = $body)\n{ \"statusCode\": 200 }";
    let response = "#set($body = $util.parseJson($context.requestOverride.path.body))\n#set($is = $body.message)\n#if($is == \"path1\")\n{ \"response\": \"path was path one\" }\n#elseif($is == \"path2\")\n{ \"response\": \"path was path two\" }\n#else\n{ \"response\": \"this is the else clause\" }\n#end";
    mock(&desk, "{data}", request, Some(response)).await;
    desk.deploy().await;
    for (message, name) in [("path1", "invoke-path1"), ("path2", "invoke-path2"), ("whatever", "invoke-path-else")] {
        let data = STANDARD.encode(json!({ "message": message }).to_string());
        let answer = desk.get(&format!("/{data}")).await;
        assert_eq!(serde_json::from_str::<Value>(&answer.body).unwrap(), wanted[name], "{name}");
    }
}

#[tokio::test]
async fn responses_overridden_before_they_are_there() {
    let request = "#set($context.responseOverride.status = 444)\n#set($context.responseOverride.header.foo = \"bar\")\n#set($context.responseOverride.custom = \"is also passed around\")\n{ \"statusCode\": 200 }";
    let response = "#set($s = $context.responseOverride.status)\n#set($f = $context.responseOverride.header.foo)\n#set($c = $context.responseOverride.custom)\n{ \"statusOverride\": \"$s\", \"fooHeader\": \"$f\", \"custom\": \"$c\" }";
    let test = |with: &str| format!("test_integration_mock_with_response_override_in_request_template[{with}]");
    let Some(wanted) = recorded("test_apigateway_integrations", &test("True")) else { return };
    let desk = Desk::new().await;
    mock(&desk, "with", request, Some(response)).await;
    mock(&desk, "without", request, None).await;
    desk.deploy().await;
    let with = desk.get("/with").await;
    assert_eq!(
        (json!(with.status), serde_json::from_str::<Value>(&with.body).unwrap(), with.header("foo")),
        (wanted["response"]["status_code"].clone(), wanted["response"]["body"].clone(), "bar")
    );
    let without = desk.get("/without").await;
    assert_eq!((without.status, without.body.as_str(), without.header("foo")), (444, "", "bar"));
}

#[tokio::test]
async fn maps_are_set_in_every_way() {
    let Some(wanted) = recorded("test_apigateway_integrations", "test_integration_mock_with_vtl_map_assignation") else { return };
    let desk = Desk::new().await;
    let request = "#set($name = \"foo\")\n#set($context.requestOverride.querystring[$name] = \"bar\")\n#set($put = \"putfoo\")\n$context.requestOverride.querystring.put($put, \"putBar\")\n#set($context[\"requestOverride\"].querystring[\"nestedfoo\"] = \"nestedFoo\")\n{ \"statusCode\": 200 }";
    let response = "{ \"value\": \"$context.requestOverride.querystring['foo']\", \"value2\": \"$context.requestOverride.querystring['putfoo']\", \"value3\": \"$context.requestOverride.querystring['nestedfoo']\" }";
    mock(&desk, "m", request, Some(response)).await;
    desk.deploy().await;
    assert_eq!(serde_json::from_str::<Value>(&desk.get("/m").await.body).unwrap(), wanted["response"]["body"]);
}

#[tokio::test]
async fn what_paths_print() {
    let Some(wanted) = recorded("test_apigateway_common", "TestApiGatewayCommon::test_input_path_template_formatting") else { return };
    let (desk, port) = (Desk::new().await, echo().await);
    let whether =
        "\"isNull\": #if( $r == $null )\"true\"#else\"false\"#end, \"isEmptyString\": #if( $r == \"\" )\"true\"#else\"false\"#end}";
    let templates = [
        ("path", "#set($r = $input.path(\"$.json\"))$r".to_owned()),
        ("nested", "#set($r = $input.path(\"$.json\"))$r.nested".to_owned()),
        ("list", "#set($r = $input.path(\"$.json\"))$r[0]".to_owned()),
        ("to-string", "#set($r = $input.path(\"$.json\"))$r.toString()".to_owned()),
        ("invalid-path", format!("#set($r = $input.path(\"$.nonExisting\")){{\"body\": $r, \"nested\": $r.nested, {whether}")),
        ("nested-list", format!("#set($r = $input.path(\"$.json.listValue\")){{\"body\": $r, \"nested\": $r.nested, {whether}")),
    ];
    for (part, template) in &templates {
        let http = json!({ "type": "HTTP", "integrationHttpMethod": "POST", "uri": format!("http://127.0.0.1:{port}/") });
        let resource = desk.behind(part, "POST", json!({}), http).await;
        let key =
            json!({ "restApiId": desk.api, "resourceId": resource, "httpMethod": "POST", "statusCode": "200", "selectionPattern": "" });
        desk.ok("PutIntegrationResponse", merged(&key, &[&json!({ "responseTemplates": { "application/json": template } })])).await;
    }
    desk.deploy().await;
    let cases = [
        ("dict-response", "path", json!({ "foo": "bar" })),
        ("json-list", "path", json!([{ "foo": "bar" }])),
        ("nested-dict", "nested", json!({ "nested": { "foo": "bar" } })),
        ("nested-list", "nested", json!({ "nested": [{ "foo": "bar" }] })),
        ("dict-in-list", "list", json!([{ "foo": "bar" }])),
        ("list-with-nested-list", "list", json!([[{ "foo": "bar" }]])),
        ("dict-with-nested-list", "path", json!({ "foo": [{ "nested": "bar" }] })),
        ("bigger-dict", "path", json!({ "bigger": "dict", "to": "test", "with": "separators" })),
        ("to-string", "to-string", json!({ "foo": "bar" })),
        ("list-to-string", "to-string", json!({ "list": [{ "foo": "bar" }] })),
        ("empty-body", "invalid-path", Value::Null),
        ("nested-empty-list", "nested-list", json!({ "listValue": [] })),
        ("nested-null-list", "nested-list", json!({ "listValue": null })),
    ];
    for (name, part, body) in cases {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = desk.send(http::Request::post(desk.url(&format!("/{part}"))).header("content-type", "application/json"), &body).await;
        assert_eq!(json!(answer.body), wanted[name], "{name}");
    }
}

#[tokio::test]
async fn routes_that_are_not_there() {
    let Some(wanted) = recorded("test_apigateway_common", "TestApigatewayRouting::test_routing_not_found") else { return };
    let desk = Desk::new().await;
    mock(&desk, "existing", "{\"statusCode\": 200}", Some("{\"statusCode\": 200, \"message\": \"exists\"}")).await;
    desk.deploy().await;
    let body = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(body(&desk.get("/existing").await.body), wanted["working-route"]);
    for (name, request) in
        [("not-found", http::Request::get(desk.url("/random"))), ("wrong-method", http::Request::post(desk.url("/existing")))]
    {
        let answer = desk.send(request, "").await;
        assert_eq!(json!({ "content": body(&answer.body), "errorType": answer.header("x-amzn-errortype") }), wanted[name], "{name}");
    }
}
