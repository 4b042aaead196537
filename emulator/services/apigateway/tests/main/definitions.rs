//! OpenAPI definitions in and out.

use crate::desk::{Desk, FUNCTION};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

fn body(document: &str) -> Value {
    json!(STANDARD.encode(document))
}

fn definition() -> Value {
    let uri = format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{FUNCTION}/invocations");
    json!({
        "openapi": "3.0.1", "info": { "title": "Shop", "version": "1.2", "description": "sells" },
        "servers": [{ "url": "https://x.test/{basePath}", "variables": { "basePath": { "default": "/base/part" } } }],
        "x-amazon-apigateway-request-validators": { "all": { "validateRequestBody": true, "validateRequestParameters": true } },
        "x-amazon-apigateway-gateway-responses": { "DEFAULT_4XX": { "responseParameters": { "gatewayresponse.header.Access-Control-Allow-Origin": "'*'" } } },
        "x-amazon-apigateway-binary-media-types": ["image/png"],
        "paths": {
            "/items/{id}": {
                "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "string" } }],
                "post": {
                    "operationId": "Put", "security": [{ "judge": [] }, { "key": [] }], "x-amazon-apigateway-request-validator": "all",
                    "requestBody": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Item" } } } },
                    "responses": { "200": { "headers": { "X-A": {} }, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Item" } } } } },
                    "x-amazon-apigateway-integration": { "type": "aws_proxy", "httpMethod": "POST", "uri": uri },
                },
            },
            "/any": { "x-amazon-apigateway-any-method": { "responses": { "200": {} }, "x-amazon-apigateway-integration": { "type": "mock", "requestTemplates": { "application/json": "{\"statusCode\": 200}" }, "responses": { "default": { "statusCode": "200", "responseTemplates": { "application/json": "ok" } } } } } },
        },
        "components": {
            "schemas": { "Item": { "type": "object", "required": ["n"], "properties": { "child": { "$ref": "#/components/schemas/Item" } } } },
            "securitySchemes": {
                "key": { "type": "apiKey", "name": "x-api-key", "in": "header" },
                "judge": { "type": "apiKey", "name": "X-Token", "in": "header", "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": { "type": "token", "authorizerUri": uri, "authorizerResultTtlInSeconds": 0 } },
            },
        },
    })
}

#[tokio::test]
async fn a_definition_becomes_an_api_that_answers() {
    let mut desk = Desk::new().await;
    let made = desk.ok("ImportRestApi", json!({ "body": body(&definition().to_string()), "parameters": { "basepath": "split" } })).await;
    assert_eq!(
        (&made["name"], &made["version"], &made["description"], &made["binaryMediaTypes"]),
        (&json!("Shop"), &json!("1.2"), &json!("sells"), &json!(["image/png"]))
    );
    desk.api = made["id"].as_str().unwrap().to_owned();
    let resources = desk.ok("GetResources", json!({ "restApiId": desk.api, "embed": ["methods"] })).await;
    let paths: Vec<&str> = resources["items"].as_array().unwrap().iter().map(|r| r["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["/", "/part", "/part/any", "/part/items", "/part/items/{id}"]);
    let method = &resources["items"][4]["resourceMethods"]["POST"];
    assert_eq!(
        (&method["authorizationType"], &method["apiKeyRequired"], &method["operationName"]),
        (&json!("CUSTOM"), &json!(true), &json!("Put"))
    );
    assert_eq!(
        (&method["requestModels"], &method["requestParameters"]),
        (&json!({ "application/json": "Item" }), &json!({ "method.request.path.id": true }))
    );
    assert_eq!(method["methodResponses"]["200"]["responseParameters"], json!({ "method.response.header.X-A": false }));
    let authorizers = desk.ok("GetAuthorizers", json!({ "restApiId": desk.api })).await;
    assert_eq!(
        (&authorizers["items"][0]["identitySource"], &authorizers["items"][0]["authType"]),
        (&json!("method.request.header.X-Token"), &json!("custom"))
    );
    desk.deploy().await;
    let answer = desk.get("/part/any").await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "ok"));
    let refused = desk.send(http::Request::post(desk.url("/part/items/1")), "{}").await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (401, "*"));
}

#[tokio::test]
async fn putting_overwrites_or_merges() {
    let desk = Desk::new().await;
    let own = desk.resource(&desk.top, "own").await;
    desk.method(&own, "GET", json!({})).await;
    let yaml = "swagger: '2.0'\ninfo: {title: Two, version: '2'}\nbasePath: /b\npaths:\n  /new:\n    get:\n      responses: {'200': {description: x}}\n      x-amazon-apigateway-integration: {type: MOCK}\n";
    let paths =
        |listed: Value| listed["items"].as_array().unwrap().iter().map(|r| r["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    let put =
        |mode: &str, base: &str| json!({ "restApiId": desk.api, "mode": mode, "body": body(yaml), "parameters": { "basepath": base } });
    desk.ok("PutRestApi", put("merge", "ignore")).await;
    assert_eq!(paths(desk.ok("GetResources", json!({ "restApiId": desk.api })).await), ["/", "/new", "/own"]);
    let changed = desk.ok("PutRestApi", put("overwrite", "prepend")).await;
    assert_eq!((&changed["name"], &changed["id"]), (&json!("Two"), &json!(desk.api)));
    assert_eq!(paths(desk.ok("GetResources", json!({ "restApiId": desk.api })).await), ["/", "/b", "/b/new"]);
    // What an import brings is refused in its own name.
    let linked = yaml.replace("{type: MOCK}", "{type: MOCK, connectionId: abc}");
    let said = desk.refused("ImportRestApi", json!({ "body": body(&linked) })).await;
    assert!(
        said.starts_with("NotImplemented: ") && said.contains("connectionId without connectionType VPC_LINK of apigateway:ImportRestApi"),
        "{said}"
    );
    for wrong in ["", "not: an api", "{\"swagger\": \"2.0\", \"info\": {}}", "[["] {
        assert_eq!(
            desk.refused("ImportRestApi", json!({ "body": body(wrong) })).await,
            "BadRequestException: Invalid OpenAPI input.",
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn what_goes_out_comes_in_again() {
    let mut desk = Desk::new().await;
    desk.api = desk.ok("ImportRestApi", json!({ "body": body(&definition().to_string()) })).await["id"].as_str().unwrap().to_owned();
    desk.deploy().await;
    for kind in ["swagger", "oas30"] {
        let input = json!({ "restApiId": desk.api, "stageName": "live", "exportType": kind, "parameters": { "extensions": "apigateway" } });
        let exported = desk.ok("GetExport", input).await;
        assert_eq!(exported["contentDisposition"], format!("attachment; filename=\"{kind}_1.2.json\""));
        let again = desk.ok("ImportRestApi", json!({ "body": exported["body"] })).await["id"].clone();
        let describe = async |id: &Value| {
            let all = desk.ok("GetResources", json!({ "restApiId": id, "embed": ["methods"] })).await;
            let mut all = all["items"].as_array().unwrap().clone();
            for resource in &mut all {
                for (_, method) in resource["resourceMethods"].as_object_mut().into_iter().flatten() {
                    for own in ["authorizerId", "requestValidatorId"] {
                        method.as_object_mut().unwrap().remove(own);
                    }
                    method["methodIntegration"].as_object_mut().unwrap().remove("cacheNamespace");
                }
                ["id", "parentId"].iter().for_each(|name| drop(resource.as_object_mut().unwrap().remove(*name)));
            }
            all
        };
        assert_eq!(describe(&again).await, describe(&json!(desk.api)).await, "{kind}");
    }
}

#[tokio::test]
async fn what_is_exported_as_yaml_is_imported_again() {
    let desk = Desk::new().await;
    desk.method(&desk.top, "GET", json!({ "requestParameters": { "method.request.querystring.q": true } })).await;
    desk.deploy().await;
    for kind in ["swagger", "oas30"] {
        let input = json!({ "restApiId": desk.api, "stageName": "live", "exportType": kind, "accepts": "application/yaml", "parameters": { "extensions": "integrations" } });
        let exported = desk.ok("GetExport", input).await;
        assert!(exported["contentDisposition"].as_str().unwrap().ends_with(".yaml\""), "{exported}");
        let made = desk.ok("ImportRestApi", json!({ "body": exported["body"] })).await;
        let key = json!({ "restApiId": made["id"], "resourceId": made["rootResourceId"], "httpMethod": "GET" });
        let method = desk.ok("GetMethod", key).await;
        assert_eq!(
            (&method["methodIntegration"]["type"], &method["requestParameters"]),
            (&json!("AWS_PROXY"), &json!({ "method.request.querystring.q": true }))
        );
    }
}
