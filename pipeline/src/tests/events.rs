//! The shapes of events that `process` takes, and those that it doesn't.

use serde_json::json;

use crate::s3_event::{ObjectRef, Work, parse};

fn object(key: &str) -> ObjectRef {
    ObjectRef { bucket: "b".to_owned(), key: key.to_owned() }
}

#[test]
fn a_notification_as_s3_sends_it() {
    let record = |name: &str, key: &str| {
        json!({
            "eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "eu-central-1", "eventTime": "2026-09-21T13:33:20.000Z",
            "eventName": name, "userIdentity": { "principalId": "AWS:X" }, "requestParameters": { "sourceIPAddress": "127.0.0.1" },
            "s3": {
                "s3SchemaVersion": "1.0", "configurationId": "c", "bucket": { "name": "b", "arn": "arn:aws:s3:::b", "ownerIdentity": { "principalId": "A" } },
                "object": { "key": key, "size": 12, "eTag": "e", "sequencer": "0055AED6DCD90281E5" },
            },
        })
    };
    let event = json!({ "Records": [
        record("ObjectCreated:Put", "uploads/u/a+b%2Bc%C3%A4.jpg"),
        record("ObjectRemoved:Delete", "uploads/u/gone.jpg"),
        record("ObjectCreated:CompleteMultipartUpload", "uploads/u/d.jpg"),
    ] });
    assert_eq!(parse(event), Ok(Work::Objects(vec![object("uploads/u/a b+cä.jpg"), object("uploads/u/d.jpg")])));
    assert!(parse(json!({ "Records": [record("ObjectCreated:Put", "%FF%FE")] })).is_err());
}

#[test]
fn the_other_shapes() {
    let hello = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-09-21T13:33:20.000Z", "Bucket": "b", "RequestId": "R", "HostId": "H" });
    assert_eq!(parse(hello), Ok(Work::TestEvent));
    assert_eq!(parse(json!({ "bucket": "b", "key": "a+b%20" })), Ok(Work::Objects(vec![object("a+b%20")])));
    for bad in [json!(null), json!({}), json!([1]), json!({ "Event": "s3:Other" }), json!({ "Records": [{}] })] {
        assert!(parse(bad.clone()).is_err(), "{bad}");
    }
}
