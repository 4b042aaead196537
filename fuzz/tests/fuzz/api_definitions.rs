//! What describes APIs: OpenAPI definitions on their way in and out again, and the schemas that bodies are checked with.

use crate::{house::House, target::Target};
use base64::{Engine, engine::general_purpose::STANDARD};
use kit::{Cloud, Fault};
use serde_json::json;
use std::{panic::AssertUnwindSafe, sync::Arc};

const OPEN_API: &str = r##"{"openapi":"3.0.1","info":{"title":"Shop","version":"1"},"servers":[{"url":"https://x.test/{basePath}","variables":{"basePath":{"default":"/base/part"}}}],
"x-amazon-apigateway-request-validators":{"all":{"validateRequestBody":true,"validateRequestParameters":true}},
"x-amazon-apigateway-gateway-responses":{"DEFAULT_4XX":{"responseParameters":{"gatewayresponse.header.A":"'*'"}}},"x-amazon-apigateway-binary-media-types":["image/png"],
"paths":{"/items/{id}":{"parameters":[{"name":"id","in":"path","required":true,"schema":{"type":"string"}}],"post":{"operationId":"Put","security":[{"judge":[]},{"key":[]}],
"x-amazon-apigateway-request-validator":"all","requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Item"}}}},
"responses":{"200":{"headers":{"X-A":{}},"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Item"}}}}},
"x-amazon-apigateway-integration":{"type":"mock","requestTemplates":{"application/json":"{\"statusCode\":200}"},"responses":{"default":{"statusCode":"200"}}}}}},
"components":{"schemas":{"Item":{"type":"object","properties":{"child":{"$ref":"#/components/schemas/Item"}}}},"securitySchemes":{"key":{"type":"apiKey","name":"x-api-key","in":"header"}}}}"##;

const SWAGGER: &str = "swagger: '2.0'\ninfo: {title: Shop, version: '1'}\nbasePath: /v1\nschemes: [https]\npaths:\n  /a/{b+}:\n    x-amazon-apigateway-any-method:\n      consumes: [text/plain]\n      \
    parameters: [{name: q, in: query, type: string, required: true}, {in: body, name: x, schema: {$ref: '#/definitions/X'}}]\n      responses: {default: {description: d}}\n      \
    security: [{s: [a, b]}]\ndefinitions:\n  X: {type: array, items: {$ref: '#/definitions/Y'}}\n  Y: {allOf: [{$ref: '#/definitions/X'}]}\nsecurityDefinitions:\n  s: {type: apiKey, name: a, in: header}\n";

const WORDS: &str = "\"$ref\":\"#/components/schemas/Item\" \"paths\":{ \"/\":{ \"get\":{ {proxy+} {} [] [[[[[[[[ {{{{{{{{ null : , \" $ref # / ~1 x-amazon-apigateway-integration swagger openapi \
    - | &a *a 99999999999999999999 1e999 true \\ud800 \u{e9}";

#[test]
fn api_definitions() {
    let house = House::new();
    let desk = AssertUnwindSafe((house.cloud(), house));
    Target::new("api_definitions", [OPEN_API, SWAGGER].map(|text| text.as_bytes().to_vec()), WORDS).run(move |bytes| {
        let (cloud, house) = &*desk;
        house.wait(import(cloud, bytes))
    });
}

/// Whether a definition became an API, which goes again.
async fn import(cloud: &Arc<Cloud>, bytes: &[u8]) -> bool {
    let cx = cloud.house_context("fuzz");
    match cloud.call_json(&cx, "apigatewayv2", "ImportApi", &json!({ "Body": String::from_utf8_lossy(bytes) })).await {
        Ok(api) => {
            drop(cloud.call_json(&cx, "apigatewayv2", "DeleteApi", &json!({ "ApiId": api["ApiId"] })).await.expect("what was made can go"))
        }
        Err(fault) => clear(&fault),
    }
    let made = cloud.call_json(&cx, "apigateway", "ImportRestApi", &json!({ "body": STANDARD.encode(bytes) })).await;
    let api = match made {
        Ok(api) => api["id"].clone(),
        Err(fault) => {
            clear(&fault);
            return false;
        }
    };
    cloud
        .call_json(&cx, "apigateway", "CreateDeployment", &json!({ "restApiId": api, "stageName": "s" }))
        .await
        .map_or_else(|fault| clear(&fault), drop);
    for kind in ["oas30", "swagger"] {
        let export = json!({ "restApiId": api, "stageName": "s", "exportType": kind, "parameters": { "extensions": "apigateway" } });
        cloud.call_json(&cx, "apigateway", "GetExport", &export).await.map_or_else(|fault| clear(&fault), drop);
    }
    cloud.call_json(&cx, "apigateway", "DeleteRestApi", &json!({ "restApiId": api })).await.expect("what was made can go");
    true
}

/// The caller's fault, or what is not built, said in a sentence.
fn clear(fault: &Fault) {
    assert!((400..=501).contains(&fault.status) && fault.status != 500, "{} {}: {}", fault.status, fault.code, fault.message);
    assert!(!fault.message.is_empty(), "{}", fault.code);
}

#[test]
fn body_schemas() {
    let samples = [
        r##"{"$schema":"http://json-schema.org/draft-04/schema#","type":"object","required":["a"],"properties":{"a":{"type":["integer","null"],"minimum":1,"exclusiveMinimum":true,"multipleOf":0.5},"b":{"$ref":"#/definitions/d"}},"patternProperties":{"^x-(a+)+$":{"enum":[1,"b"]}},"additionalProperties":false,"definitions":{"d":{"anyOf":[{"type":"string","pattern":"^(?=.*[A-Z])a*$","maxLength":5},{"$ref":"#"}]}}}
{"a":3,"b":"Abc","x-aaa":1}"##,
        r##"{"type":"array","uniqueItems":true,"items":[{"oneOf":[{"type":"number"},{"not":{"type":"string"}}]}],"additionalItems":{"format":"date-time"},"minItems":1,"dependencies":{"a":["b"]}}
[1.5,"2026-01-01T00:00:00Z",{"a":[[],{}]}]"##,
    ];
    let words = "\"$ref\":\"#\" \"allOf\":[ \"anyOf\":[ {\"$ref\":\"#\"}, \"pattern\":\"(a*)*b\" \"uniqueItems\":true \"enum\":[ \"type\": \"items\": [ ] { } , : 1e999 99999999999999999999 null true \\ud800 \u{e9} \n";
    Target::new("body_schemas", samples.map(|text| text.as_bytes().to_vec()), words).run(|bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (schema, body) = text.split_once('\n').unwrap_or((&text, "{}"));
        match apigateway::describe_body(schema, body) {
            Ok(fits) => fits,
            Err(sentence) => {
                assert!(!sentence.is_empty());
                false
            }
        }
    });
}
