//! APIs in front of other services: integrations in every protocol under their role, and whole APIs out of templates.

use crate::square::{ACCOUNT, Square, json_of};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::000000000000:role/front";

/// A role that API Gateway may take, and that may do what is told.
async fn role(square: &Square, actions: &[&str]) {
    let trust = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Principal": { "Service": "apigateway.amazonaws.com" }, "Action": "sts:AssumeRole" }] });
    square.ok("iam", "CreateRole", json!({ "RoleName": "front", "AssumeRolePolicyDocument": trust.to_string() })).await;
    let policy = json!({ "Version": "2012-10-17", "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] });
    square.ok("iam", "PutRolePolicy", json!({ "RoleName": "front", "PolicyName": "may", "PolicyDocument": policy.to_string() })).await;
}

/// Status and body of a request to an API.
async fn send(square: &Square, service: &str, verb: &str, url: &str, kind: &str, body: &str) -> (u16, String) {
    let request = http::Request::builder().method(verb).uri(url).header("content-type", kind).body(()).unwrap();
    let (head, ()) = request.into_parts();
    let door = square.cloud.service(service).unwrap().doors().remove(0);
    assert!(door.takes(&square.cloud, &head), "{url}");
    let cx = square.cloud.house_context("call").with_principal(kit::Principal::Anonymous);
    let (parts, body) = door.answer(cx, head, wire::Body::from_bytes(body.to_owned())).await.into_parts();
    let wire::ReplyBody::Bytes(bytes) = body else { return (parts.status.as_u16(), String::new()) };
    (parts.status.as_u16(), String::from_utf8_lossy(&bytes).into_owned())
}

struct Rest<'a> {
    square: &'a Square,
    id: Value,
    root: Value,
}

impl Rest<'_> {
    async fn new(square: &Square) -> Rest<'_> {
        let made = square.ok("apigateway", "CreateRestApi", json!({ "name": "front" })).await;
        Rest { square, id: made["id"].clone(), root: made["rootResourceId"].clone() }
    }
    async fn integration(&self, part: &str, verb: &str, uri: &str, more: Value) {
        let resource =
            self.square.ok("apigateway", "CreateResource", json!({ "restApiId": self.id, "parentId": self.root, "pathPart": part })).await
                ["id"]
                .clone();
        let key = json!({ "restApiId": self.id, "resourceId": resource, "httpMethod": "POST" });
        let with = |more: Value| {
            let mut all = key.clone();
            all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            all
        };
        self.square.ok("apigateway", "PutMethod", with(json!({ "authorizationType": "NONE" }))).await;
        self.square.ok("apigateway", "PutMethodResponse", with(json!({ "statusCode": "200" }))).await;
        let mut put = with(json!({ "type": "AWS", "integrationHttpMethod": verb, "uri": uri, "credentials": ROLE }));
        put.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.square.ok("apigateway", "PutIntegration", put).await;
        self.square.ok("apigateway", "PutIntegrationResponse", with(json!({ "statusCode": "200" }))).await;
    }
    async fn post(&self, part: &str, body: &str) -> (u16, String) {
        let url = format!("http://{}.execute-api.us-east-1.amazonaws.com/live/{part}", self.id.as_str().unwrap());
        send(self.square, "apigateway", "POST", &url, "application/json", body).await
    }
}

#[tokio::test]
async fn services_behind_methods() {
    let square = Square::new().await;
    role(&square, &["sqs:SendMessage", "events:PutEvents", "s3:GetObject", "s3:PutObject", "sns:Publish"]).await;
    square.ok("sqs", "CreateQueue", json!({ "QueueName": "inbox" })).await;
    square.ok("s3", "CreateBucket", json!({ "Bucket": "box" })).await;
    let topic = square.ok("sns", "CreateTopic", json!({ "Name": "t" })).await["TopicArn"].clone();
    let rest = Rest::new(&square).await;
    let form = json!({ "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'" });
    let of = |parameters: &Value, template: &str| json!({ "requestParameters": parameters, "requestTemplates": { "application/json": template } });
    let arn = |rest: &str| format!("arn:aws:apigateway:us-east-1:{rest}");
    rest.integration(
        "form",
        "POST",
        &arn(&format!("sqs:path/{ACCOUNT}/inbox")),
        of(&form, "Action=SendMessage&MessageBody=$util.urlEncode($input.body)"),
    )
    .await;
    let target = json!({ "integration.request.header.Content-Type": "'application/x-amz-json-1.0'", "integration.request.header.X-Amz-Target": "'AmazonSQS.SendMessage'" });
    let queue = format!("http://127.0.0.1:4566/{ACCOUNT}/inbox");
    rest.integration(
        "target",
        "POST",
        &arn("sqs:path//"),
        of(&target, &format!("{{\"QueueUrl\": \"{queue}\", \"MessageBody\": \"$input.path('$.say')\"}}")),
    )
    .await;
    let events =
        "{\"Entries\": [{\"Source\": \"front\", \"DetailType\": \"d\", \"Detail\": \"$util.escapeJavaScript($input.json('$'))\"}]}";
    rest.integration("events", "POST", &arn("events:action/PutEvents"), of(&json!({}), events)).await;
    rest.integration("keep", "PUT", &arn("s3:path/box/it.txt"), json!({})).await;
    rest.integration("give", "GET", &arn("s3:path/box/it.txt"), json!({})).await;
    let publish = format!("Action=Publish&TopicArn=$util.urlEncode('{}')&Message=hi", topic.as_str().unwrap());
    rest.integration("tell", "POST", &arn("sns:path//"), of(&form, &publish)).await;
    rest.integration("refused", "POST", &arn("sqs:action/ListQueues"), json!({})).await;
    square.ok("apigateway", "CreateDeployment", json!({ "restApiId": rest.id, "stageName": "live" })).await;

    let (status, body) = rest.post("form", "{\"a\": 1}").await;
    assert!(status == 200 && body.contains("MessageId"), "{status} {body}");
    let (status, body) = rest.post("target", "{\"say\": \"x\"}").await;
    assert!(status == 200 && body.contains("MessageId"), "{status} {body}");
    let mut bodies: Vec<String> = square.messages("inbox").await.iter().map(|m| m["Body"].as_str().unwrap().to_owned()).collect();
    bodies.sort();
    assert_eq!(bodies, ["x", "{\"a\": 1}"]);
    let (status, body) = rest.post("events", "{\"e\": 1}").await;
    assert_eq!((status, &json_of(&json!(body))["FailedEntryCount"]), (200, &json!(0)));
    assert_eq!(rest.post("keep", "content").await.0, 200);
    assert_eq!(rest.post("give", "").await, (200, "content".into()));
    let (status, body) = rest.post("tell", "").await;
    assert!(status == 200 && body.contains("MessageId"), "{status} {body}");
    let (_, body) = rest.post("refused", "").await;
    assert!(body.contains("not authorized to perform"), "{body}");
}

#[tokio::test]
async fn named_actions_behind_routes() {
    let square = Square::new().await;
    role(&square, &["sqs:SendMessage", "events:PutEvents"]).await;
    square.ok("sqs", "CreateQueue", json!({ "QueueName": "inbox" })).await;
    let api = square.ok("apigatewayv2", "CreateApi", json!({ "Name": "h", "ProtocolType": "HTTP" })).await["ApiId"].clone();
    square.ok("apigatewayv2", "CreateStage", json!({ "ApiId": api, "StageName": "$default", "AutoDeploy": true })).await;
    let queue = format!("http://127.0.0.1:4566/{ACCOUNT}/inbox");
    for (key, subtype, parameters) in [
        (
            "POST /send",
            "SQS-SendMessage",
            json!({ "QueueUrl": queue, "MessageBody": "$request.body.say", "MessageAttributes": "{\"k\": {\"DataType\": \"String\", \"StringValue\": \"${request.header.content-type}\"}}" }),
        ),
        ("POST /emit", "EventBridge-PutEvents", json!({ "Source": "front", "DetailType": "d", "Detail": "$request.body", "Time": "" })),
    ] {
        let mut parameters = parameters;
        parameters.as_object_mut().unwrap().retain(|_, value| value != "");
        let input = json!({ "ApiId": api, "IntegrationType": "AWS_PROXY", "IntegrationSubtype": subtype, "PayloadFormatVersion": "1.0", "CredentialsArn": ROLE, "RequestParameters": parameters });
        let id = square.ok("apigatewayv2", "CreateIntegration", input).await["IntegrationId"].clone();
        square
            .ok(
                "apigatewayv2",
                "CreateRoute",
                json!({ "ApiId": api, "RouteKey": key, "Target": format!("integrations/{}", id.as_str().unwrap()) }),
            )
            .await;
    }
    let url = |path: &str| format!("http://{}.execute-api.us-east-1.amazonaws.com{path}", api.as_str().unwrap());
    let (status, body) = send(&square, "apigatewayv2", "POST", &url("/send"), "application/json", "{\"say\": \"hello\"}").await;
    assert!(status == 200 && body.contains("MessageId"), "{status} {body}");
    let messages = square.messages("inbox").await;
    assert_eq!(
        (&messages[0]["Body"], &messages[0]["MessageAttributes"]["k"]["StringValue"]),
        (&json!("hello"), &json!("application/json"))
    );
    let (status, body) = send(&square, "apigatewayv2", "POST", &url("/emit"), "application/json", "{\"say\": 1}").await;
    assert_eq!((status, &json_of(&json!(body))["FailedEntryCount"]), (200, &json!(0)));
}

const TEMPLATE: &str = r#"
Resources:
  Rest:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        openapi: "3.0.1"
        info: { title: from-body, version: "1" }
        paths:
          /hi:
            get:
              security: [{ key: [] }]
              responses: { "200": { description: ok } }
              x-amazon-apigateway-integration: { type: mock, requestTemplates: { application/json: '{"statusCode": 200}' }, responses: { default: { statusCode: "200", responseTemplates: { application/json: "hi $stageVariables.who" } } } }
        components: { securitySchemes: { key: { type: apiKey, name: x-api-key, in: header } } }
      BinaryMediaTypes: [image/png]
      Policy: { Version: "2012-10-17", Statement: [{ Effect: Allow, Principal: "*", Action: execute-api:Invoke, Resource: "execute-api:/*" }] }
  Model: { Type: AWS::ApiGateway::Model, Properties: { RestApiId: !Ref Rest, ContentType: application/json, Name: Pet, Schema: { type: object } } }
  Validator: { Type: AWS::ApiGateway::RequestValidator, Properties: { RestApiId: !Ref Rest, ValidateRequestBody: true } }
  Deployment: { Type: AWS::ApiGateway::Deployment, Properties: { RestApiId: !Ref Rest } }
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Rest
      DeploymentId: !Ref Deployment
      StageName: live
      Variables: { who: you }
      MethodSettings: [{ ResourcePath: /*, HttpMethod: "*", ThrottlingRateLimit: LIMIT, ThrottlingBurstLimit: 5 }]
  Key: { Type: AWS::ApiGateway::ApiKey, Properties: { Enabled: true, Value: kkkkkkkkkkkkkkkkkkkkkkkk } }
  Plan: { Type: AWS::ApiGateway::UsagePlan, Properties: { ApiStages: [{ ApiId: !Ref Rest, Stage: !Ref Stage }], Quota: { Limit: LIMIT, Period: DAY } } }
  PlanKey: { Type: AWS::ApiGateway::UsagePlanKey, Properties: { KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan } }
  Domain: { Type: AWS::ApiGateway::DomainName, Properties: { DomainName: api.example.com, RegionalCertificateArn: "arn:aws:acm:us-east-1:000000000000:certificate/x", EndpointConfiguration: { Types: [REGIONAL] } } }
  Mapping: { Type: AWS::ApiGateway::BasePathMapping, Properties: { DomainName: !Ref Domain, RestApiId: !Ref Rest, Stage: !Ref Stage } }
  Http: { Type: AWS::ApiGatewayV2::Api, Properties: { Name: http, ProtocolType: HTTP, Description: DESCRIPTION, CorsConfiguration: { AllowOrigins: ["*"] } } }
  Sam:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Description: DESCRIPTION
      Body:
        openapi: "3.0.1"
        info: { title: sam, version: "1" }
        paths:
          /DESCRIPTION: { get: { x-amazon-apigateway-integration: { type: http_proxy, httpMethod: GET, uri: "http://127.0.0.1:1/" } } }
  SamStage: { Type: AWS::ApiGatewayV2::Stage, Properties: { ApiId: !Ref Sam, StageName: $default, AutoDeploy: true } }
  HttpStage: { Type: AWS::ApiGatewayV2::Stage, Properties: { ApiId: !Ref Http, StageName: $default, AutoDeploy: true } }
  Behind: { Type: AWS::ApiGatewayV2::Integration, Properties: { ApiId: !Ref Http, IntegrationType: HTTP_PROXY, IntegrationMethod: GET, IntegrationUri: "http://127.0.0.1:1/", PayloadFormatVersion: "1.0" } }
  Route: { Type: AWS::ApiGatewayV2::Route, Properties: { ApiId: !Ref Http, RouteKey: GET /x, Target: !Sub "integrations/${Behind}" } }
Outputs:
  Rest: { Value: !Ref Rest }
  Http: { Value: !Ref Http }
  Sam: { Value: !Ref Sam }
  Endpoint: { Value: !GetAtt Http.ApiEndpoint }
"#;

#[tokio::test]
async fn apis_out_of_templates() {
    let square = Square::new().await;
    let template = |limit: &str, description: &str| TEMPLATE.replace("LIMIT", limit).replace("DESCRIPTION", description);
    let described = async || square.ok("cloudformation", "DescribeStacks", json!({ "StackName": "s" })).await["Stacks"][0].clone();
    let events = async || {
        let all = square.ok("cloudformation", "DescribeStackEvents", json!({ "StackName": "s" })).await;
        all["StackEvents"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|e| e["ResourceStatusReason"].as_str().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    square.ok("cloudformation", "CreateStack", json!({ "StackName": "s", "TemplateBody": template("10", "one") })).await;
    square.advance(60).await;
    let stack = described().await;
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "{:?}", events().await);
    let output = |key: &str| {
        stack["Outputs"].as_array().unwrap().iter().find(|o| o["OutputKey"] == key).unwrap()["OutputValue"].as_str().unwrap().to_owned()
    };
    let rest = square.ok("apigateway", "GetRestApi", json!({ "restApiId": output("Rest") })).await;
    assert_eq!((&rest["name"], &rest["binaryMediaTypes"]), (&json!("from-body"), &json!(["image/png"])));
    assert!(rest["policy"].as_str().is_some_and(|policy| policy.contains("execute-api:Invoke")), "the import leaves it: {rest}");
    let sam = async || {
        let id = output("Sam");
        let api = square.ok("apigatewayv2", "GetApi", json!({ "ApiId": id })).await;
        let routes = square.ok("apigatewayv2", "GetRoutes", json!({ "ApiId": id })).await;
        [api["Name"].clone(), api["Description"].clone(), routes["Items"][0]["RouteKey"].clone(), routes["Items"][1].clone()]
    };
    assert_eq!(sam().await, [json!("sam"), json!("one"), json!("GET /one"), Value::Null]);
    let url = format!("http://{}.execute-api.us-east-1.amazonaws.com/live/hi", output("Rest"));
    assert_eq!(send(&square, "apigateway", "GET", &url, "application/json", "").await.0, 403);
    assert_eq!(
        send(&square, "apigatewayv2", "GET", &format!("{}/x", output("Endpoint").replace("https", "http")), "text/plain", "").await.0,
        503
    );
    square.ok("cloudformation", "UpdateStack", json!({ "StackName": "s", "TemplateBody": template("20", "two") })).await;
    square.advance(60).await;
    assert_eq!(described().await["StackStatus"], "UPDATE_COMPLETE", "{:?}", events().await);
    let stage = square.ok("apigateway", "GetStage", json!({ "restApiId": output("Rest"), "stageName": "live" })).await;
    assert_eq!(stage["methodSettings"]["*/*"]["throttlingRateLimit"], 20.0);
    assert_eq!(square.ok("apigatewayv2", "GetApi", json!({ "ApiId": output("Http") })).await["Description"], "two");
    assert_eq!(sam().await, [json!("sam"), json!("two"), json!("GET /two"), Value::Null]);
    square.ok("cloudformation", "DeleteStack", json!({ "StackName": "s" })).await;
    square.advance(60).await;
    assert_eq!(square.ok("apigateway", "GetRestApis", json!({})).await["items"], json!([]));
    assert_eq!(square.ok("apigatewayv2", "GetApis", json!({})).await["Items"], json!([]));
}
