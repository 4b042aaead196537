//! Compressed answers and bodies, VPC links, private APIs.

use crate::desk::{Behaviour, Desk};
use flate2::{Compression, read::GzDecoder, read::ZlibDecoder, write::GzEncoder};
use serde_json::json;
use std::io::{Read, Write};

async fn with_size(size: i32) -> Desk {
    let desk = Desk::with(json!({ "minimumCompressionSize": size })).await;
    desk.method(&desk.top, "POST", json!({})).await;
    desk.deploy().await;
    desk
}

fn gzip(text: &str) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap()
}

#[tokio::test]
async fn answers_are_compressed_from_the_size_on() {
    let desk = with_size(100).await;
    let long = "wind ".repeat(100);
    desk.behave(Behaviour::Answer(json!({ "statusCode": 200, "body": long })));
    let ask = |coding: &str| http::Request::post(desk.url("")).header("accept-encoding", coding);
    let gzipped = desk.send(ask("gzip, deflate"), "").await;
    assert_eq!((gzipped.status, gzipped.header("content-encoding")), (200, "gzip"));
    let mut text = String::new();
    GzDecoder::new(&gzipped.bytes[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, long);
    let deflated = desk.send(ask("deflate"), "").await;
    assert_eq!(deflated.header("content-encoding"), "deflate");
    text.clear();
    ZlibDecoder::new(&deflated.bytes[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, long);
    for coding in ["br", "identity", "gzip;q=0"] {
        let plain = desk.send(ask(coding), "").await;
        assert_eq!((plain.header("content-encoding"), plain.body.as_str()), ("", long.as_str()), "{coding}");
    }
    desk.behave(Behaviour::Answer(json!({ "statusCode": 200, "body": "short" })));
    let short = desk.send(ask("gzip"), "").await;
    assert_eq!((short.header("content-encoding"), short.body.as_str()), ("", "short"));
}

#[tokio::test]
async fn bodies_that_come_compressed_are_undone() {
    let desk = Desk::new().await;
    desk.method(&desk.top, "POST", json!({})).await;
    desk.deploy().await;
    let coded = |coding: &str| http::Request::post(desk.url("")).header("content-encoding", coding);
    assert_eq!(desk.send_bytes(coded("gzip"), gzip("{\"a\":1}")).await.status, 200);
    let event = desk.event();
    assert_eq!((event["body"].as_str(), event["headers"].get("content-encoding")), (Some("{\"a\":1}"), None));
    for (coding, body) in [("gzip", b"not gzip".to_vec()), ("br", b"whatever".to_vec())] {
        let refused = desk.send_bytes(coded(coding), body).await;
        assert_eq!((refused.status, refused.body.as_str()), (415, "{\"message\":\"Unsupported Media Type\"}"), "{coding}");
    }
    // A small body that unfolds into more than 10 MB.
    assert_eq!(desk.send_bytes(coded("gzip"), gzip(&"0".repeat((10 << 20) + 1))).await.status, 413);
}

#[tokio::test]
async fn a_vpc_link_carries_requests_once_it_is_ready() {
    let (desk, port) = (Desk::new().await, crate::mirror::mirror().await);
    let arn = "arn:aws:elasticloadbalancing:us-east-1:000000000000:loadbalancer/net/n/50dc6c495c0c9188";
    let link = desk.ok("CreateVpcLink", json!({ "name": "l", "targetArns": [arn] })).await;
    let uri = format!("http://127.0.0.1:{port}/status/200");
    let through = json!({ "type": "HTTP_PROXY", "integrationHttpMethod": "GET", "uri": uri, "connectionType": "VPC_LINK", "connectionId": link["id"] });
    desk.behind("v", "GET", json!({}), through).await;
    desk.deploy().await;
    assert_eq!(desk.get("/v").await.status, 500, "still being made");
    desk.advance(120).await;
    assert_eq!(desk.get("/v").await.status, 200);
    desk.ok("DeleteVpcLink", json!({ "vpcLinkId": link["id"] })).await;
    assert_eq!(desk.get("/v").await.status, 500, "gone");
}

#[tokio::test]
async fn a_private_api_without_a_policy_is_open_to_nobody() {
    let desk = Desk::with(json!({ "endpointConfiguration": { "types": ["PRIVATE"] } })).await;
    desk.method(&desk.top, "GET", json!({})).await;
    desk.deploy().await;
    desk.deny_to("nobody");
    let refused = desk.get("").await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("is not authorized to perform: execute-api:Invoke"), "{}", refused.body);
    // Nor to those whom an authorizer knows.
    let guarded = json!({ "authorizationType": "COGNITO_USER_POOLS", "authorizerId": desk.authorizer().await });
    let inner = desk.resource(&desk.top, "guarded").await;
    desk.method(&inner, "GET", guarded).await;
    desk.deploy().await;
    let token = json!({ "token_use": "id", "sub": "u1", "aud": "client" }).to_string();
    let refused = desk.get_with("/guarded", "authorization", &token).await;
    assert_eq!(refused.status, 403);
    assert!(refused.body.contains("is not authorized to perform: execute-api:Invoke"), "{}", refused.body);
}
