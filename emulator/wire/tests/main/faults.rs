//! Faults on the wire: modelled members, free fields, the query-compatible header, S3's bare form.

use crate::sample::{PUT_THING, SERVICE};
use wire::{Fault, Protocol, ServiceSchema, response};

fn encode(protocol: Protocol, fault: &Fault) -> (http::HeaderMap, String) {
    let response = response::encode_fault(protocol, &SERVICE, Some(&PUT_THING), fault, "id-1");
    assert_eq!(response.status(), fault.status);
    let (head, body) = response.into_parts();
    (head.headers, String::from_utf8_lossy(&body).into_owned())
}

fn not_found() -> Fault {
    Fault::new("ThingNotFound", 404, "no <thing>").with("type", "User").with("RetryAfter", 7).with("Extra", "x")
}

#[test]
fn json() {
    let (headers, body) = encode(Protocol::Json10, &not_found());
    assert_eq!(body, r#"{"__type":"ThingNotFound","Message":"no <thing>","Type":"User","Retry-After":7,"Extra":"x"}"#);
    assert_eq!(headers["x-amzn-query-error"], "Thing.NotFound;Sender");
    assert_eq!(headers["x-amzn-requestid"], "id-1");
    assert_eq!(headers["content-type"], "application/x-amz-json-1.0");
}

#[test]
fn rest_json() {
    let (headers, body) = encode(Protocol::RestJson, &not_found());
    assert_eq!(body, r#"{"Message":"no <thing>","Type":"User","Extra":"x"}"#);
    assert_eq!(headers["x-amzn-errortype"], "ThingNotFound");
    assert_eq!(headers["retry-after"], "7");
}

#[test]
fn query() {
    let (_, body) = encode(Protocol::Query, &not_found());
    assert_eq!(
        body,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ErrorResponse xmlns=\"https://things.example.com/\"><Error><Type>Sender</Type><Code>Thing.NotFound</Code>\
         <Message>no &lt;thing&gt;</Message><Type>User</Type><Extra>x</Extra></Error><RequestId>id-1</RequestId></ErrorResponse>"
    );
}

#[test]
fn what_the_model_does_not_know() {
    let fault = Fault::new("SlowDown", 503, "Reduce your request rate.").header("Retry-After", "1");
    let (headers, body) = encode(Protocol::Json11, &fault);
    assert_eq!(body, r#"{"__type":"SlowDown","message":"Reduce your request rate."}"#);
    assert_eq!(headers["x-amzn-query-error"], "SlowDown;Receiver");
    assert_eq!(headers["retry-after"], "1");
    let (_, body) = encode(Protocol::Ec2, &fault);
    assert!(body.ends_with("<Response><Errors><Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error></Errors><RequestID>id-1</RequestID></Response>"), "{body}");
}

#[test]
fn query_code_of_the_fault_comes_first() {
    let mut fault = Fault::new("QueueDoesNotExist", 400, "gone");
    fault.query_code = Some("AWS.SimpleQueueService.NonExistentQueue".into());
    let (headers, body) = encode(Protocol::Json10, &fault);
    assert_eq!(headers["x-amzn-query-error"], "AWS.SimpleQueueService.NonExistentQueue;Sender");
    assert!(body.contains(r#""__type":"QueueDoesNotExist""#));
    assert!(encode(Protocol::Query, &fault).1.contains("<Code>AWS.SimpleQueueService.NonExistentQueue</Code>"));
}

#[test]
fn bare() {
    static BARE: ServiceSchema = ServiceSchema { bare_errors: true, ..SERVICE_COPY };
    let fault = Fault::new("NoSuchKey", 404, "The specified key does not exist.").with("Key", "a&b").header("x-amz-id-2", "host");
    let response = response::encode_fault(Protocol::RestXml, &BARE, None, &fault, "id-1");
    assert_eq!(response.headers()["content-type"], "application/xml");
    assert_eq!(
        std::str::from_utf8(response.body()).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>a&amp;b</Key>\
         <RequestId>id-1</RequestId><HostId>host</HostId></Error>"
    );
}

const SERVICE_COPY: ServiceSchema = ServiceSchema {
    name: "things",
    service_id: "Things",
    signing_name: "things",
    endpoint_prefix: "things",
    target_prefix: None,
    protocols: &[Protocol::RestXml],
    api_version: "2020-01-01",
    xml_namespace: None,
    bare_errors: false,
    query_compatible: false,
    operations: &[],
    refused: &[],
    faults: &[],
};
