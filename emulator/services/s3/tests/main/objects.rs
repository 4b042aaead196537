//! Objects: putting, getting, ranges, checksums, copying, deleting.

use crate::desk::{Allows, Desk};
use kit::{Body, Need};
use serde_json::json;
use std::sync::Arc;

#[tokio::test]
async fn what_was_put_is_got_with_its_headers() {
    let desk = Desk::with_bucket("box").await;
    let headers = [("content-type", "image/jpeg"), ("cache-control", "max-age=60"), ("x-amz-meta-Camera", "X100"), ("expires", "never")];
    let put = desk.send("PUT", "/box/in/a%20photo.jpg", &headers, b"bytes").await.ok();
    assert_eq!(put.header("etag"), Some("\"4b3a6218bb3e3a7303e8a171a60fcf92\""));
    assert_eq!(put.header("x-amz-server-side-encryption"), Some("AES256"));
    // CRC64NVME is computed where the client gives nothing.
    assert!(put.header("x-amz-checksum-crc64nvme").is_some());
    assert_eq!(put.header("x-amz-checksum-type"), Some("FULL_OBJECT"));
    let got = desk.get("/box/in/a%20photo.jpg").await.ok();
    assert_eq!(got.text(), "bytes");
    assert_eq!(got.header("content-type"), Some("image/jpeg"));
    assert_eq!(got.header("cache-control"), Some("max-age=60"));
    assert_eq!(got.header("expires"), Some("never"));
    assert_eq!(got.header("x-amz-meta-camera"), Some("X100"));
    assert_eq!(got.header("last-modified"), Some("Tue, 14 Nov 2023 22:13:20 GMT"));
    assert_eq!(got.header("accept-ranges"), Some("bytes"));
    assert_eq!(got.header("x-amz-checksum-crc64nvme"), None);
    let head = desk.send("HEAD", "/box/in/a%20photo.jpg", &[("x-amz-checksum-mode", "ENABLED")], b"").await.ok();
    assert_eq!(head.header("content-length"), Some("5"));
    assert_eq!(head.header("x-amz-checksum-crc64nvme"), put.header("x-amz-checksum-crc64nvme"));
    assert!(head.body.is_empty());
    desk.put("/box/plain", "x").await;
    assert_eq!(desk.get("/box/plain").await.header("content-type"), Some("binary/octet-stream"));
    let missing = desk.get("/box/nothing").await;
    assert_eq!(missing.fault(), (404, "NoSuchKey".into()));
    assert_eq!(missing.element("Key").unwrap(), "nothing");
    let head = desk.ask("HEAD", "/box/nothing").await;
    assert_eq!((head.status, head.body.len()), (404, 0));
}

#[tokio::test]
async fn ranges_are_parts_of_the_body() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/digits", "0123456789").await;
    for (range, text, shown) in
        [("bytes=2-4", "234", "bytes 2-4/10"), ("bytes=-3", "789", "bytes 7-9/10"), ("bytes=8-", "89", "bytes 8-9/10")]
    {
        let got = desk.send("GET", "/box/digits", &[("range", range), ("x-amz-checksum-mode", "ENABLED")], b"").await;
        assert_eq!((got.status, got.text().as_str(), got.header("content-range")), (206, text, Some(shown)));
        assert_eq!(got.header("x-amz-checksum-crc64nvme"), None);
    }
    let beyond = desk.send("GET", "/box/digits", &[("range", "bytes=10-20")], b"").await;
    assert_eq!(beyond.fault(), (416, "InvalidRange".into()));
    assert_eq!(beyond.element("ActualObjectSize").unwrap(), "10");
    let chosen = desk.get("/box/digits?response-content-type=text%2Fplain").await.ok();
    assert_eq!(chosen.header("content-type"), Some("text/plain"));
}

#[tokio::test]
async fn checksums_are_verified() {
    let desk = Desk::with_bucket("box").await;
    let put = desk.send("PUT", "/box/k", &[("x-amz-checksum-crc32", "y/Q5Jg==")], b"123456789").await.ok();
    assert_eq!(put.header("x-amz-checksum-crc32"), Some("y/Q5Jg=="));
    let wrong = desk.send("PUT", "/box/k", &[("x-amz-checksum-crc32", "AAAAAA==")], b"123456789").await;
    assert_eq!(wrong.fault(), (400, "BadDigest".into()));
    assert_eq!(wrong.element("Message").unwrap(), "The CRC32 you specified did not match the calculated checksum.");
    let nonsense = desk.send("PUT", "/box/k", &[("x-amz-checksum-sha256", "abc")], b"123456789").await;
    assert_eq!(nonsense.element("Message").unwrap(), "Value for x-amz-checksum-sha256 header is invalid.");
    let md5 = desk.send("PUT", "/box/k", &[("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")], b"123456789").await;
    assert_eq!(md5.fault(), (400, "BadDigest".into()));
    let md5 = desk.send("PUT", "/box/k", &[("content-md5", "MTIz")], b"123456789").await;
    assert_eq!(md5.fault(), (400, "InvalidDigest".into()));
    // What was refused left nothing behind.
    assert_eq!(desk.get("/box/k").await.ok().text(), "123456789");
    let attributes = desk.send("GET", "/box/k?attributes", &[("x-amz-object-attributes", "ETag,Checksum,ObjectSize")], b"").await.ok();
    assert_eq!(attributes.element("ChecksumCRC32").unwrap(), "y/Q5Jg==");
    assert_eq!(attributes.element("ObjectSize").unwrap(), "9");
}

#[tokio::test]
async fn a_copy_takes_metadata_along_or_replaces_it() {
    let desk = Desk::with_bucket("box").await;
    desk.send("PUT", "/box/from", &[("content-type", "text/plain"), ("x-amz-meta-a", "1"), ("x-amz-tagging", "k=v")], b"text").await.ok();
    let copied = desk.send("PUT", "/box/to", &[("x-amz-copy-source", "/box/from")], b"").await.ok();
    assert_eq!(copied.element("ETag").unwrap().replace("&quot;", "\""), "\"1cb251ec0d568de6a929b520c4aed8d1\"");
    let to = desk.get("/box/to").await.ok();
    assert_eq!((to.text().as_str(), to.header("content-type"), to.header("x-amz-meta-a")), ("text", Some("text/plain"), Some("1")));
    assert_eq!(to.header("x-amz-tagging-count"), Some("1"));
    // The copy lives on when the source goes.
    desk.ask("DELETE", "/box/from").await.ok();
    assert_eq!(desk.get("/box/to").await.ok().text(), "text");
    let onto_itself = desk.send("PUT", "/box/to", &[("x-amz-copy-source", "/box/to")], b"").await;
    assert_eq!(onto_itself.fault(), (400, "InvalidRequest".into()));
    let replace = [("x-amz-copy-source", "/box/to"), ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-b", "2")];
    desk.send("PUT", "/box/to", &replace, b"").await.ok();
    let to = desk.get("/box/to").await.ok();
    assert_eq!((to.text().as_str(), to.header("x-amz-meta-a"), to.header("x-amz-meta-b")), ("text", None, Some("2")));
    assert_eq!(desk.send("PUT", "/box/x", &[("x-amz-copy-source", "/box/none")], b"").await.fault(), (404, "NoSuchKey".into()));
}

#[tokio::test]
async fn many_keys_are_deleted_at_once() {
    let desk = Desk::with_bucket("box").await;
    for key in ["one", "two", "three"] {
        desk.put(&format!("/box/{key}"), key).await;
    }
    let body = b"<Delete><Object><Key>one</Key></Object><Object><Key>two</Key></Object><Object><Key>none</Key></Object></Delete>";
    let answer = desk.send("POST", "/box?delete", &[], body).await.ok();
    assert_eq!(answer.elements("Key"), ["one", "two", "none"]);
    assert_eq!(desk.keys("box").await, ["three"]);
    assert_eq!(desk.ask("DELETE", "/box/none").await.status, 204);
}

#[tokio::test]
async fn who_may_not_list_learns_nothing_of_missing_keys() {
    let desk = Desk::with_bucket("box").await;
    desk.cloud.set_decider(Arc::new(Allows(vec![
        ("anonymous", "s3:GetObject", "arn:aws:s3:::box/none"),
        ("anonymous", "s3:GetObject", "arn:aws:s3:::box/there"),
    ])));
    desk.put("/box/there", "x").await;
    assert_eq!(desk.send_as(None, "GET", "/box/none", &[], b"").await.fault(), (403, "AccessDenied".into()));
    assert_eq!(desk.send_as(None, "GET", "/box/there", &[], b"").await.ok().text(), "x");
    assert_eq!(desk.send_as(None, "GET", "/box/other", &[], b"").await.fault(), (403, "AccessDenied".into()));
    assert_eq!(desk.send_as(None, "GET", "/absent/other", &[], b"").await.fault(), (404, "NoSuchBucket".into()));
}

#[tokio::test]
async fn the_port_reads_and_writes() {
    let desk = Desk::with_bucket("box").await;
    let objects = desk.cloud.ports().objects().unwrap();
    let grant = |action, resource: &str| desk.cx.grant(&Need::on(action, resource)).unwrap();
    let new = kit::ports::NewObject { bucket: "box".into(), key: "out/1".into(), content_type: Some("text/csv".into()), metadata: vec![] };
    objects.put(&desk.cx, grant("s3:PutObject", "arn:aws:s3:::box/out/1"), new, Body::from_bytes("a,b,c")).await.unwrap();
    let part = objects.get(&desk.cx, grant("s3:GetObject", "arn:aws:s3:::box/out/1"), "box", "out/1", Some(2..3)).await.unwrap();
    assert_eq!((&part.bytes[..], part.info.size, part.info.content_type.as_str()), (&b"b"[..], 5, "text/csv"));
    let listed = objects.list(&desk.cx, grant("s3:ListBucket", "arn:aws:s3:::box"), "box", "out/", None, 10).await.unwrap();
    assert_eq!(listed[0].key, "out/1");
    let wrong = objects.get(&desk.cx, grant("s3:GetObject", "arn:aws:s3:::box/other"), "box", "out/1", None).await;
    assert!(wrong.is_err(), "a grant for one object opens no other");
    objects.delete(&desk.cx, grant("s3:DeleteObject", "arn:aws:s3:::box/out/1"), "box", "out/1").await.unwrap();
    assert!(desk.keys("box").await.is_empty());
}

#[tokio::test]
async fn tags_are_put_read_and_taken_away() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/k", "x").await;
    desk.ok("PutObjectTagging", json!({ "Bucket": "box", "Key": "k", "Tagging": { "TagSet": [{ "Key": "a", "Value": "1" }] } })).await;
    assert_eq!(desk.ok("GetObjectTagging", json!({ "Bucket": "box", "Key": "k" })).await["TagSet"][0]["Key"], "a");
    desk.ok("DeleteObjectTagging", json!({ "Bucket": "box", "Key": "k" })).await;
    assert_eq!(desk.ok("GetObjectTagging", json!({ "Bucket": "box", "Key": "k" })).await["TagSet"], json!([]));
    let reserved = json!({ "Bucket": "box", "Key": "k", "Tagging": { "TagSet": [{ "Key": "aws:x", "Value": "1" }] } });
    assert_eq!(desk.call("PutObjectTagging", reserved).await.unwrap_err().code, "InvalidTag");
}

#[tokio::test]
async fn readers_have_no_say_in_the_encryption() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/k", "x").await;
    let headers = [("x-amz-server-side-encryption", "aws:kms")];
    assert_eq!(desk.send("GET", "/box/k", &headers, b"").await.fault(), (400, "InvalidArgument".into()));
    assert_eq!(desk.send("HEAD", "/box/k", &headers, b"").await.status, 400);
}

#[tokio::test]
async fn tags_of_a_header_are_told_by_their_keys() {
    let desk = Desk::with_bucket("box").await;
    desk.send("PUT", "/box/k", &[("x-amz-tagging", "foo=bar&bar")], b"x").await.ok();
    assert_eq!(desk.get("/box/k?tagging").await.ok().elements("Key"), ["bar", "foo"]);
}

#[tokio::test]
async fn encodings_are_kept_as_they_were_written_but_for_that_of_the_transfer() {
    let desk = Desk::with_bucket("box").await;
    for (sent, kept) in [
        ("deflate, gzip", Some("deflate, gzip")),
        ("gzip, aws-chunked", Some("gzip")),
        ("aws-chunked, gzip", Some("gzip")),
        ("aws-chunked", None),
    ] {
        desk.send("PUT", "/box/k", &[("content-encoding", sent)], b"x").await.ok();
        assert_eq!(desk.get("/box/k").await.ok().header("content-encoding"), kept, "{sent}");
    }
}

#[tokio::test]
async fn kept_headers_come_back_byte_for_byte() {
    let desk = Desk::with_bucket("box").await;
    let told = [("content-disposition", "attachment; filename=\"bl\u{e5} \u{2603}.txt\""), ("cache-control", "a_\u{e9}")];
    desk.send("PUT", "/box/k", &told, b"x").await.ok();
    desk.send("PUT", "/box/copy", &[("x-amz-copy-source", "/box/k")], b"").await.ok();
    for key in ["/box/k", "/box/copy"] {
        let got = desk.get(key).await.ok();
        assert_eq!(told.map(|(name, _)| got.header(name)), told.map(|(_, value)| Some(value)));
    }
    // Chosen by the URL: a text that leaves in Latin-1.
    let got = desk.get("/box/k?response-cache-control=%C3%A9").await.ok();
    assert_eq!((got.latin_1, got.header("cache-control")), (true, Some("\u{e9}")));
}

#[tokio::test]
async fn headers_are_latin_1_and_paths_are_text() {
    let desk = Desk::with_bucket("box").await;
    desk.cloud.set_decider(Arc::new(crate::policy_decider::ByPolicy));
    // One byte that is no UTF-8, as old clients send it.
    let head = b"PUT /box/k HTTP/1.1\r\nhost: x\r\nx-amz-meta-word: caf\xe9\r\ncache-control: caf\xe9\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    desk.ok("DeletePublicAccessBlock", json!({ "Bucket": "box" })).await;
    desk.ok(
        "PutBucketPolicy",
        json!({ "Bucket": "box", "Policy": json!({ "Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::box/*" },
    ] }).to_string() }),
    )
    .await;
    let mut stream = tokio::net::TcpStream::connect(desk.address()).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, head).await.unwrap();
    let mut answer = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    let read = desk.ask("HEAD", "/box/k").await.ok();
    assert_eq!(
        (read.latin_1, read.header("cache-control"), read.header("x-amz-meta-word")),
        (true, Some("café"), Some("=?UTF-8?Q?caf=C3=A9?="))
    );
    // Three bytes that are no text in any key.
    assert_eq!(desk.get("/box/%AE%8A-").await.fault(), (400, "InvalidURI".into()));
}
