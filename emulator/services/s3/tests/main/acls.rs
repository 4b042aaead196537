//! Access control lists: kept where ownership controls allow them, and enforced.

use crate::{desk::Desk, http::Answer, policy_decider::ByPolicy};
use serde_json::json;
use std::sync::Arc;

const OTHER: Option<(&str, &str)> = Some(("111111111111", "test"));
const ALL: &str = "http://acs.amazonaws.com/groups/global/AllUsers";

/// A bucket whose writers own what they write and whose lists may be public.
async fn open_desk(ownership: &str) -> Desk {
    let desk = Desk::with_bucket("box").await;
    desk.cloud.set_decider(Arc::new(ByPolicy));
    let controls = json!({ "Rules": [{ "ObjectOwnership": ownership }] });
    desk.ok("PutBucketOwnershipControls", json!({ "Bucket": "box", "OwnershipControls": controls })).await;
    desk.ok("DeletePublicAccessBlock", json!({ "Bucket": "box" })).await;
    desk
}

/// The canonical id of an account, as its listing of buckets tells it.
async fn id_of(desk: &Desk, key: Option<(&str, &str)>) -> String {
    desk.send_as(key, "GET", "/", &[], b"").await.ok().element("ID").unwrap()
}

async fn put_as(desk: &Desk, key: Option<(&str, &str)>, target: &str, headers: &[(&str, &str)]) -> Answer {
    desk.send_as(key, "PUT", target, headers, b"body").await
}

#[tokio::test]
async fn a_public_object_is_read_by_anybody() {
    let desk = open_desk("ObjectWriter").await;
    desk.put("/box/closed", "x").await;
    put_as(&desk, Some(("test", "test")), "/box/open", &[("x-amz-acl", "public-read")]).await.ok();
    let stranger = async |method: &str, target: &str| desk.send_as(None, method, target, &[], b"").await;
    assert_eq!(stranger("GET", "/box/open").await.ok().text(), "body");
    assert_eq!(stranger("GET", "/box/closed").await.fault(), (403, "AccessDenied".into()));
    assert_eq!(stranger("GET", "/box?list-type=2").await.fault(), (403, "AccessDenied".into()));
    desk.send("PUT", "/box?acl", &[("x-amz-acl", "public-read")], b"").await.ok();
    assert_eq!(stranger("GET", "/box?list-type=2").await.ok().elements("Key"), ["closed", "open"]);
    // What is listed is not therefore open; what may be read may not be written.
    assert_eq!(stranger("GET", "/box/closed").await.status, 403);
    assert_eq!(stranger("PUT", "/box/open").await.status, 403);
    let acl = desk.get("/box/open?acl").await.ok();
    assert_eq!((acl.elements("Permission"), acl.element("URI").unwrap()), (vec!["FULL_CONTROL".into(), "READ".into()], ALL.into()));
    // The block makes public grants count for nothing, without taking them away.
    let block = json!({ "IgnorePublicAcls": true });
    desk.ok("PutPublicAccessBlock", json!({ "Bucket": "box", "PublicAccessBlockConfiguration": block })).await;
    assert_eq!(stranger("GET", "/box/open").await.status, 403);
    assert_eq!(desk.get("/box/open?acl").await.ok().element("URI").unwrap(), ALL);
}

#[tokio::test]
async fn authenticated_users_are_everybody_with_an_account() {
    let desk = open_desk("BucketOwnerPreferred").await;
    put_as(&desk, Some(("test", "test")), "/box/k", &[("x-amz-acl", "authenticated-read")]).await.ok();
    assert_eq!(desk.send_as(OTHER, "GET", "/box/k", &[], b"").await.status, 200);
    assert_eq!(desk.send_as(None, "GET", "/box/k", &[], b"").await.status, 403);
}

#[tokio::test]
async fn a_writer_owns_what_it_writes() {
    let desk = open_desk("ObjectWriter").await;
    let (owner, other) = (id_of(&desk, Some(("test", "test"))).await, id_of(&desk, OTHER).await);
    assert_eq!(put_as(&desk, OTHER, "/box/theirs", &[]).await.status, 403);
    desk.send("PUT", "/box?acl", &[("x-amz-grant-write", &format!("id=\"{other}\""))], b"").await.ok();
    put_as(&desk, OTHER, "/box/theirs", &[]).await.ok();
    // The bucket's owner has no say about it but may delete it.
    assert_eq!(desk.get("/box/theirs").await.fault(), (403, "AccessDenied".into()));
    let acl = desk.send_as(OTHER, "GET", "/box/theirs?acl", &[], b"").await.ok();
    assert_eq!(acl.elements("ID"), [other.clone(), other.clone()]);
    let share = [("x-amz-acl", "bucket-owner-read")];
    desk.send_as(OTHER, "PUT", "/box/theirs?acl", &share, b"").await.ok();
    assert_eq!(desk.get("/box/theirs").await.ok().text(), "body");
    assert_eq!(desk.get("/box/theirs?acl").await.status, 403);
    put_as(&desk, OTHER, "/box/shared", &[("x-amz-acl", "bucket-owner-full-control")]).await.ok();
    assert_eq!(desk.get("/box/shared?acl").await.ok().elements("ID"), [other.clone(), other.clone(), owner.clone()]);
    let listed = desk.get("/box?fetch-owner=true&list-type=2").await;
    assert_eq!(listed.status, 200, "the owner still lists: {}", listed.text());
    assert_eq!(listed.elements("ID"), [other.clone(), other]);
    assert_eq!(desk.ask("DELETE", "/box/theirs").await.status, 204);
}

#[tokio::test]
async fn a_preferring_bucket_takes_over_what_is_given_to_it() {
    let desk = open_desk("BucketOwnerPreferred").await;
    let (owner, other) = (id_of(&desk, Some(("test", "test"))).await, id_of(&desk, OTHER).await);
    desk.send("PUT", "/box?acl", &[("x-amz-grant-write", &format!("id={other}"))], b"").await.ok();
    put_as(&desk, OTHER, "/box/given", &[("x-amz-acl", "bucket-owner-full-control")]).await.ok();
    assert_eq!(desk.get("/box/given").await.ok().text(), "body");
    assert_eq!(desk.get("/box/given?acl").await.ok().elements("ID"), [owner.clone(), owner]);
}

#[tokio::test]
async fn an_enforced_bucket_knows_no_lists() {
    let desk = Desk::with_bucket("box").await;
    for acl in ["authenticated-read", "public-read", "private"] {
        let refused = put_as(&desk, Some(("test", "test")), "/box/k", &[("x-amz-acl", acl)]).await;
        assert_eq!(refused.fault(), (400, "AccessControlListNotSupported".into()), "{acl}");
    }
    put_as(&desk, Some(("test", "test")), "/box/k", &[("x-amz-acl", "bucket-owner-full-control")]).await.ok();
    let owner = id_of(&desk, Some(("test", "test"))).await;
    put_as(&desk, Some(("test", "test")), "/box/k", &[("x-amz-grant-full-control", &format!("id=\"{owner}\""))]).await.ok();
    let made = desk.send("PUT", "/another", &[("x-amz-acl", "public-read")], b"").await;
    assert_eq!(made.fault(), (400, "InvalidBucketAclWithObjectOwnership".into()));
    let headers = [("x-amz-acl", "public-read"), ("x-amz-object-ownership", "ObjectWriter")];
    let made = desk.send("PUT", "/another", &headers, b"").await;
    assert_eq!(made.fault(), (400, "InvalidBucketAclWithBlockPublicAccessError".into()));
    let headers = [("x-amz-acl", "log-delivery-write"), ("x-amz-object-ownership", "ObjectWriter")];
    desk.send("PUT", "/another", &headers, b"").await.ok();
    assert_eq!(desk.get("/another?acl").await.ok().elements("Permission"), ["FULL_CONTROL", "WRITE", "READ_ACP"]);
    // It can't become enforced while its list says something.
    let controls = json!({ "Rules": [{ "ObjectOwnership": "BucketOwnerEnforced" }] });
    let fault = desk.call("PutBucketOwnershipControls", json!({ "Bucket": "another", "OwnershipControls": controls })).await.unwrap_err();
    assert_eq!(fault.code, "InvalidBucketAclWithObjectOwnership");
}

#[tokio::test]
async fn public_lists_can_be_blocked() {
    let desk = open_desk("ObjectWriter").await;
    let block = json!({ "BlockPublicAcls": true });
    desk.ok("PutPublicAccessBlock", json!({ "Bucket": "box", "PublicAccessBlockConfiguration": block })).await;
    desk.put("/box/k", "x").await;
    for target in ["/box/k", "/box/k?acl", "/box?acl"] {
        let refused = desk.send("PUT", target, &[("x-amz-acl", "public-read")], b"").await;
        assert_eq!(refused.fault(), (403, "AccessDenied".into()), "{target}");
        assert!(refused.element("Message").unwrap().contains("BlockPublicAcls"));
    }
}

/// Recorded from AWS: `test_s3_bucket_acl_exceptions` and `test_s3_object_acl_exceptions`.
#[tokio::test]
async fn lists_that_are_none_are_told_as_recorded() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/k", "x").await;
    let owner = id_of(&desk, Some(("test", "test"))).await;
    for target in ["/box?acl", "/box/k?acl"] {
        let header = async |name: &str, value: &str| desk.send("PUT", target, &[(name, value)], b"").await;
        let told = |answer: Answer| {
            let field = |name: &str| answer.element(name).unwrap_or_default();
            (field("Code"), field("Message"), field("ArgumentName"), field("ArgumentValue").replace("&quot;", "\""))
        };
        let is = |code: &str, message: &str, name: &str, value: &str| (code.into(), message.into(), name.into(), value.into());
        assert_eq!(told(header("x-amz-acl", "fake-acl").await), is("InvalidArgument", "", "x-amz-acl", "fake-acl"));
        let fake = "http://acs.amazonaws.com/groups/s3/FakeGroup";
        let answer = header("x-amz-grant-write", &format!("uri=\"{fake}\"")).await;
        assert_eq!(told(answer), is("InvalidArgument", "Invalid group uri", "uri", fake));
        let answer = header("x-amz-grant-write", "fakekey=\"1234\"").await;
        assert_eq!(told(answer), is("InvalidArgument", "Argument format not recognized", "x-amz-grant-write", "fakekey=\"1234\""));
        assert_eq!(told(header("x-amz-grant-write", "id=\"wrong-id\"").await), is("InvalidArgument", "Invalid id", "id", "wrong-id"));
        assert_eq!(header("x-amz-grant-read", "emailAddress=\"a@b.c\"").await.fault(), (405, "MethodNotAllowed".into()));
        let document = async |owner: &str, grantee: &str, permission: &str| {
            let text = format!(
                "<AccessControlPolicy xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{owner}<AccessControlList><Grant>{grantee}<Permission>{permission}</Permission></Grant></AccessControlList></AccessControlPolicy>"
            );
            told(desk.send("PUT", target, &[], text.as_bytes()).await)
        };
        let xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
        let group = |uri: &str| format!("<Grantee {xsi} xsi:type=\"Group\"><URI>{uri}</URI></Grantee>");
        let me = format!("<Owner><ID>{owner}</ID></Owner>");
        let malformed = "The XML you provided was not well-formed or did not validate against our published schema";
        let malformed = is("MalformedACLError", malformed, "", "");
        assert_eq!(document("", &group(ALL), "WRITE").await, malformed);
        assert_eq!(document(&me, &group(ALL), "WRONG-PERMISSION").await, malformed);
        let wrong = document("<Owner><ID>wrong-id</ID></Owner>", &group(ALL), "FULL_CONTROL").await;
        assert_eq!(wrong, is("InvalidArgument", "Invalid id", "CanonicalUser/ID", "wrong-id"));
        assert_eq!(document(&me, &group(fake), "WRITE").await, is("InvalidArgument", "Invalid group uri", "Group/URI", fake));
        let strange = format!("<Grantee {xsi} xsi:type=\"BadType\"><ID>wrong-id</ID></Grantee>");
        assert_eq!(document(&me, &strange, "WRITE").await, malformed);
        assert_eq!(told(desk.send("PUT", target, &[], b"<AccessControlPolicy/>").await), malformed);
        let missing = desk.ask("PUT", target).await;
        assert_eq!(
            (missing.fault().1, missing.element("MissingHeaderName").unwrap()),
            ("MissingSecurityHeader".into(), "x-amz-acl".into())
        );
        let both = [("x-amz-acl", "private"), ("x-amz-grant-read", &*format!("uri=\"{ALL}\""))];
        assert_eq!(
            desk.send("PUT", target, &both, b"").await.element("Message").unwrap(),
            "Specifying both Canned ACLs and Header Grants is not allowed"
        );
        let user = format!("<Grantee {xsi} xsi:type=\"CanonicalUser\"><ID>{owner}</ID></Grantee>");
        let body = format!(
            "<AccessControlPolicy>{me}<AccessControlList><Grant>{user}<Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>"
        );
        let both = desk.send("PUT", target, &[("x-amz-acl", "private")], body.as_bytes()).await;
        assert_eq!(both.fault(), (400, "UnexpectedContent".into()));
        // The owner's full control is what is so anyway.
        desk.send("PUT", target, &[], body.as_bytes()).await.ok();
    }
}

#[tokio::test]
async fn with_legacy_defaults_new_buckets_have_lists_and_no_block() {
    let desk = Desk::with_service(s3::S3::new().legacy_defaults()).await;
    desk.cloud.set_decider(Arc::new(ByPolicy));
    desk.send("PUT", "/box", &[("x-amz-acl", "public-read-write")], b"").await.ok();
    assert_eq!(desk.get("/box?ownershipControls").await.fault(), (404, "OwnershipControlsNotFoundError".into()));
    assert_eq!(desk.get("/box?publicAccessBlock").await.fault(), (404, "NoSuchPublicAccessBlockConfiguration".into()));
    // Whoever writes owns.
    put_as(&desk, OTHER, "/box/k", &[]).await.ok();
    let owner = desk.send_as(OTHER, "GET", "/box/k?acl", &[], b"").await.ok().element("ID").unwrap();
    assert_eq!(owner, id_of(&desk, OTHER).await);
    // A request that names an ownership gets it.
    desk.send("PUT", "/shut", &[("x-amz-object-ownership", "BucketOwnerEnforced")], b"").await.ok();
    assert_eq!(desk.send("PUT", "/shut?acl", &[("x-amz-acl", "public-read")], b"").await.fault().1, "AccessControlListNotSupported");
}

#[tokio::test]
async fn who_began_an_upload_may_look_at_it_and_give_it_up() {
    let desk = open_desk("ObjectWriter").await;
    desk.send("PUT", "/box?acl", &[("x-amz-acl", "public-read-write")], b"").await.ok();
    let begun = desk.send_as(OTHER, "POST", "/box/big?uploads", &[], b"").await.ok();
    let target = format!("/box/big?uploadId={}", begun.element("UploadId").unwrap());
    let third = Some(("222222222222", "test"));
    // The object will be the initiator's.
    let listed = desk.get("/box?uploads").await.ok();
    assert_eq!(listed.elements("ID"), vec![id_of(&desk, OTHER).await; 2], "{}", listed.text());
    for method in ["GET", "DELETE"] {
        assert_eq!(desk.send_as(third, method, &target, &[], b"").await.fault(), (403, "AccessDenied".into()), "{method}");
    }
    desk.send_as(OTHER, "GET", &target, &[], b"").await.ok();
    assert_eq!(desk.send_as(OTHER, "DELETE", &target, &[], b"").await.status, 204);
    assert!(desk.get("/box?uploads").await.ok().elements("UploadId").is_empty());
}
