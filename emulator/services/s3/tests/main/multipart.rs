//! Multipart uploads.

use crate::desk::Desk;

const FIVE_MIB: usize = 5 << 20;

async fn begin(desk: &Desk, headers: &[(&str, &str)]) -> String {
    desk.send("POST", "/box/big?uploads", headers, b"").await.ok().element("UploadId").unwrap()
}

async fn part(desk: &Desk, upload: &str, number: u32, body: &[u8]) -> String {
    let answer = desk.send("PUT", &format!("/box/big?partNumber={number}&uploadId={upload}"), &[], body).await.ok();
    answer.header("etag").unwrap().to_owned()
}

fn list(parts: &[(u32, &str)]) -> String {
    let each: String = parts
        .iter()
        .map(|(n, etag)| format!("<Part><PartNumber>{n}</PartNumber><ETag>{}</ETag></Part>", etag.replace('"', "&quot;")))
        .collect();
    format!("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{each}</CompleteMultipartUpload>")
}

#[tokio::test]
async fn parts_become_an_object() {
    let desk = Desk::with_bucket("box").await;
    let upload = begin(&desk, &[("content-type", "video/mp4"), ("x-amz-meta-a", "1")]).await;
    let (one, two) = (vec![b'a'; FIVE_MIB], b"the end".to_vec());
    let first = part(&desk, &upload, 1, &one).await;
    let second = part(&desk, &upload, 2, &two).await;
    assert_eq!(desk.get(&format!("/box/big?uploadId={upload}")).await.ok().elements("PartNumber"), ["1", "2"]);
    assert_eq!(desk.get("/box?uploads").await.ok().elements("UploadId"), std::slice::from_ref(&upload));
    assert_eq!(desk.get("/box/big").await.status, 404);
    let target = format!("/box/big?uploadId={upload}");
    let wrong = desk.send("POST", &target, &[], list(&[(2, &second), (1, &first)]).as_bytes()).await;
    assert_eq!(wrong.fault().1, "InvalidPartOrder");
    let wrong = desk.send("POST", &target, &[], list(&[(1, &second)]).as_bytes()).await;
    assert_eq!(wrong.fault().1, "InvalidPart");
    let done = desk.send("POST", &target, &[], list(&[(1, &first), (2, &second)]).as_bytes()).await.ok();
    assert!(done.element("ETag").unwrap().contains("-2"), "{}", done.text());
    assert_eq!(done.element("ChecksumType").unwrap(), "FULL_OBJECT");
    let got = desk.get("/box/big").await.ok();
    assert_eq!(got.body.len(), FIVE_MIB + 7);
    assert!(got.body.ends_with(b"aathe end"));
    assert_eq!((got.header("content-type"), got.header("x-amz-meta-a")), (Some("video/mp4"), Some("1")));
    let across = desk.send("GET", "/box/big", &[("range", &format!("bytes={}-{}", FIVE_MIB - 2, FIVE_MIB + 2))], b"").await;
    assert_eq!((across.status, across.text().as_str()), (206, "aathe"));
    let second = desk.get("/box/big?partNumber=2").await;
    assert_eq!((second.status, second.text().as_str(), second.header("x-amz-mp-parts-count")), (206, "the end", Some("2")));
    // The upload is over.
    assert_eq!(desk.get(&target).await.fault(), (404, "NoSuchUpload".into()));
}

#[tokio::test]
async fn small_parts_are_refused_and_given_up_uploads_are_gone() {
    let desk = Desk::with_bucket("box").await;
    let upload = begin(&desk, &[]).await;
    let first = part(&desk, &upload, 1, b"tiny").await;
    let second = part(&desk, &upload, 2, b"tiny too").await;
    let target = format!("/box/big?uploadId={upload}");
    let small = desk.send("POST", &target, &[], list(&[(1, &first), (2, &second)]).as_bytes()).await;
    assert_eq!(small.fault(), (400, "EntityTooSmall".into()));
    assert_eq!(desk.ask("DELETE", &target).await.status, 204);
    assert_eq!(desk.ask("DELETE", &target).await.fault(), (404, "NoSuchUpload".into()));
    assert!(desk.get("/box?uploads").await.ok().elements("UploadId").is_empty());
    let wrong = desk.send("PUT", &format!("/box/big?partNumber=10001&uploadId={upload}"), &[], b"x").await;
    assert_eq!(wrong.fault().1, "InvalidArgument");
}

#[tokio::test]
async fn a_condition_that_was_overtaken_is_a_conflict() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/big", "there").await;
    let upload = begin(&desk, &[]).await;
    let etag = part(&desk, &upload, 1, b"x").await;
    let complete = async |upload: &str| {
        desk.send("POST", &format!("/box/big?uploadId={upload}"), &[("if-none-match", "*")], list(&[(1, &etag)]).as_bytes()).await
    };
    assert_eq!(complete(&upload).await.fault(), (412, "PreconditionFailed".into()));
    desk.ask("DELETE", "/box/big").await.ok();
    assert_eq!(complete(&upload).await.fault(), (409, "ConditionalRequestConflict".into()));
    let again = begin(&desk, &[]).await;
    part(&desk, &again, 1, b"x").await;
    complete(&again).await.ok();
}

#[tokio::test]
async fn a_composite_checksum_is_that_of_the_parts() {
    let desk = Desk::with_bucket("box").await;
    let upload = begin(&desk, &[("x-amz-checksum-algorithm", "SHA256")]).await;
    let sent = desk.send("PUT", &format!("/box/big?partNumber=1&uploadId={upload}"), &[], b"only").await.ok();
    let (etag, sum) = (sent.header("etag").unwrap().to_owned(), sent.header("x-amz-checksum-sha256").unwrap().to_owned());
    let target = format!("/box/big?uploadId={upload}");
    let without = desk.send("POST", &target, &[], list(&[(1, &etag)]).as_bytes()).await;
    assert!(without.element("Message").unwrap().contains("missing for part 1"), "{}", without.text());
    let with = list(&[(1, &etag)]).replace("</Part>", &format!("<ChecksumSHA256>{sum}</ChecksumSHA256></Part>"));
    let done = desk.send("POST", &target, &[], with.as_bytes()).await.ok();
    assert!(done.element("ChecksumSHA256").unwrap().ends_with("-1"));
    assert_eq!(done.element("ChecksumType").unwrap(), "COMPOSITE");
}

#[tokio::test]
async fn parts_are_copied_from_objects() {
    let desk = Desk::with_bucket("box").await;
    desk.put("/box/source", "0123456789").await;
    let upload = begin(&desk, &[]).await;
    let headers = [("x-amz-copy-source", "box/source"), ("x-amz-copy-source-range", "bytes=2-5")];
    let copied = desk.send("PUT", &format!("/box/big?partNumber=1&uploadId={upload}"), &headers, b"").await.ok();
    let etag = copied.element("ETag").unwrap().replace("&quot;", "\"");
    desk.send("POST", &format!("/box/big?uploadId={upload}"), &[], list(&[(1, &etag)]).as_bytes()).await.ok();
    assert_eq!(desk.get("/box/big").await.ok().text(), "2345");
}

#[tokio::test]
async fn a_request_to_complete_that_is_sent_again_is_answered_again() {
    let desk = Desk::with_bucket("box").await;
    let upload = begin(&desk, &[]).await;
    let etag = part(&desk, &upload, 1, b"x").await;
    let target = format!("/box/big?uploadId={upload}");
    let body = list(&[(1, &etag)]);
    let first = desk.send("POST", &target, &[], body.as_bytes()).await.ok();
    let again = desk.send("POST", &target, &[], body.as_bytes()).await.ok();
    assert_eq!((again.element("ETag"), again.element("ChecksumCRC64NVME")), (first.element("ETag"), first.element("ChecksumCRC64NVME")));
    // Other parts are another request, and no other operation finds the upload.
    let other = list(&[(1, "\"0cc175b9c0f1b6a831c399e269772661\"")]);
    assert_eq!(desk.send("POST", &target, &[], other.as_bytes()).await.fault(), (404, "NoSuchUpload".into()));
    assert_eq!(desk.get(&target).await.fault(), (404, "NoSuchUpload".into()));
    // What it made is gone, so there is nothing to tell of.
    desk.put("/box/big", "new").await;
    assert_eq!(desk.send("POST", &target, &[], body.as_bytes()).await.fault(), (404, "NoSuchUpload".into()));
}
