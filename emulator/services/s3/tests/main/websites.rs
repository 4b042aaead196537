//! Websites over their own host names, as strangers see them.

use crate::{desk::Desk, http::Answer, policy_decider::ByPolicy};
use serde_json::{Value, json};
use std::sync::Arc;

/// A public website of a bucket named `site`.
async fn site(website: Value) -> Desk {
    let desk = Desk::with_bucket("site").await;
    desk.cloud.set_decider(Arc::new(ByPolicy));
    desk.ok("DeletePublicAccessBlock", json!({ "Bucket": "site" })).await;
    let statement = |action: &str, resource: &str| json!({ "Effect": "Allow", "Principal": "*", "Action": action, "Resource": resource });
    let statements = [statement("s3:GetObject", "arn:aws:s3:::site/*"), statement("s3:ListBucket", "arn:aws:s3:::site")];
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    desk.ok("PutBucketPolicy", json!({ "Bucket": "site", "Policy": policy.to_string() })).await;
    desk.ok("PutBucketWebsite", json!({ "Bucket": "site", "WebsiteConfiguration": website })).await;
    desk
}

async fn visit(desk: &Desk, host: &str, method: &str, target: &str, headers: &[(&str, &str)]) -> Answer {
    desk.send_to_host(host, method, target, headers).await
}

const HOST: &str = "site.s3-website.localhost:4566";

#[tokio::test]
async fn folders_have_an_index_and_lost_visitors_a_page() {
    let desk = site(json!({ "IndexDocument": { "Suffix": "index.html" }, "ErrorDocument": { "Key": "lost.html" } })).await;
    desk.send("PUT", "/site/index.html", &[("content-type", "text/html")], b"<p>home</p>").await.ok();
    desk.put("/site/docs/index.html", "docs").await;
    desk.put("/site/docs/a%20b.txt", "text").await;
    let get = async |target: &str| visit(&desk, HOST, "GET", target, &[]).await;
    let home = get("/").await.ok();
    assert_eq!((home.text().as_str(), home.header("content-type")), ("<p>home</p>", Some("text/html")));
    assert_eq!(get("/docs/").await.ok().text(), "docs");
    assert_eq!(get("/docs/a%20b.txt").await.ok().text(), "text");
    let slash = get("/docs").await;
    assert_eq!((slash.status, slash.header("location"), slash.header("x-amz-error-code")), (302, Some("/docs/"), Some("Found")));
    // Without the error document the page tells of both (recorded).
    let page = get("/nothing").await;
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
    let text = page.text();
    let begins = "<html>\n<head><title>404 Not Found</title></head>\n<body>\n<h1>404 Not Found</h1>\n<ul>\n<li>Code: NoSuchKey</li>\n<li>Message: The specified key does not exist.</li>\n<li>Key: nothing</li>\n<li>RequestId: ";
    let ends = "</ul>\n<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>\n<li>Code: NoSuchKey</li>\n<li>Message: The specified key does not exist.</li>\n<li>Key: lost.html</li>\n</ul>\n<hr/>\n</body>\n</html>\n";
    assert!(text.starts_with(begins) && text.ends_with(ends), "{text}");
    assert!(get("/nothing/").await.text().contains("<li>Key: nothing/index.html</li>"));
    desk.put("/site/lost.html", "lost").await;
    let lost = get("/nothing").await;
    assert_eq!((lost.status, lost.text().as_str()), (404, "lost"));
    // Other forms of the host lead to the same place; ranges and conditions are honoured.
    assert_eq!(visit(&desk, "site.s3-website-us-east-1.localhost", "GET", "/docs/", &[]).await.ok().text(), "docs");
    assert_eq!(visit(&desk, "site.s3-website.us-east-1.amazonaws.com", "GET", "/docs/", &[]).await.ok().text(), "docs");
    assert_eq!(visit(&desk, HOST, "GET", "/docs/", &[("range", "bytes=0-1")]).await.text(), "do");
    let etag = get("/docs/").await.header("etag").unwrap().to_owned();
    assert_eq!(visit(&desk, HOST, "GET", "/docs/", &[("if-none-match", &etag)]).await.status, 304);
    let head = visit(&desk, HOST, "HEAD", "/docs/", &[]).await.ok();
    assert_eq!((head.header("content-length"), head.body.len()), (Some("4"), 0));
}

#[tokio::test]
async fn strangers_see_what_is_open_to_them() {
    let desk = site(json!({ "IndexDocument": { "Suffix": "index.html" } })).await;
    desk.put("/site/index.html", "home").await;
    desk.ok("DeleteBucketPolicy", json!({ "Bucket": "site" })).await;
    let shut = visit(&desk, HOST, "GET", "/", &[]).await;
    assert_eq!((shut.status, shut.header("x-amz-error-code")), (403, Some("AccessDenied")));
    let controls = json!({ "Rules": [{ "ObjectOwnership": "ObjectWriter" }] });
    desk.ok("PutBucketOwnershipControls", json!({ "Bucket": "site", "OwnershipControls": controls })).await;
    desk.ok("PutObjectAcl", json!({ "Bucket": "site", "Key": "index.html", "ACL": "public-read" })).await;
    assert_eq!(visit(&desk, HOST, "GET", "/", &[]).await.ok().text(), "home");
}

#[tokio::test]
async fn what_is_no_website_says_so() {
    let desk = Desk::with_bucket("plain").await;
    let none = visit(&desk, "plain.s3-website.localhost", "GET", "/x", &[]).await;
    assert_eq!(none.status, 404);
    assert!(none.text().contains("<li>Code: NoSuchWebsiteConfiguration</li>\n<li>Message: The specified bucket does not have a website configuration</li>\n<li>BucketName: plain</li>"));
    let nowhere = visit(&desk, "nowhere.s3-website.localhost", "GET", "/", &[]).await;
    assert!(nowhere.text().contains("<li>Code: NoSuchBucket</li>"));
    let site = site(json!({ "IndexDocument": { "Suffix": "i" } })).await;
    let post = visit(&site, HOST, "POST", "/", &[]).await;
    assert_eq!(post.status, 405);
    assert!(post.text().contains("<li>Method: POST</li>\n<li>ResourceType: OBJECT</li>"));
}

#[tokio::test]
async fn rules_and_objects_send_elsewhere() {
    let rules = json!([
        { "Condition": { "KeyPrefixEquals": "old/" }, "Redirect": { "ReplaceKeyPrefixWith": "new/" } },
        { "Condition": { "HttpErrorCodeReturnedEquals": "404", "KeyPrefixEquals": "pictures/" }, "Redirect": { "HostName": "example.com", "Protocol": "https", "ReplaceKeyWith": "missing.png", "HttpRedirectCode": "307" } },
    ]);
    let desk = site(json!({ "IndexDocument": { "Suffix": "index.html" }, "RoutingRules": rules })).await;
    let to = async |target: &str| {
        let answer = visit(&desk, HOST, "GET", target, &[]).await;
        (answer.status, answer.header("location").unwrap_or_default().to_owned())
    };
    assert_eq!(to("/old/a.html?x=1").await, (301, format!("http://{HOST}/new/a.html?x=1")));
    assert_eq!(to("/pictures/a.png").await, (307, "https://example.com/missing.png".into()));
    desk.send("PUT", "/site/moved", &[("x-amz-website-redirect-location", "/there")], b"").await.ok();
    assert_eq!(to("/moved").await, (301, "/there".into()));
    let all = json!({ "RedirectAllRequestsTo": { "HostName": "example.com", "Protocol": "https" } });
    desk.ok("PutBucketWebsite", json!({ "Bucket": "site", "WebsiteConfiguration": all })).await;
    assert_eq!(to("/a/b").await, (301, "https://example.com/a/b".into()));
}

#[tokio::test]
async fn pages_of_other_origins_may_read() {
    let desk = site(json!({ "IndexDocument": { "Suffix": "index.html" } })).await;
    desk.put("/site/index.html", "home").await;
    let rule = json!({ "AllowedOrigins": ["https://app.example.com"], "AllowedMethods": ["GET"] });
    desk.ok("PutBucketCors", json!({ "Bucket": "site", "CORSConfiguration": { "CORSRules": [rule] } })).await;
    let origin = ("origin", "https://app.example.com");
    let real = visit(&desk, HOST, "GET", "/", &[origin]).await.ok();
    assert_eq!(real.header("access-control-allow-origin"), Some("https://app.example.com"));
    let asked = visit(&desk, HOST, "OPTIONS", "/", &[origin, ("access-control-request-method", "GET")]).await.ok();
    assert_eq!(asked.header("access-control-allow-methods"), Some("GET"));
}

/// Recorded from AWS: `test_validate_website_configuration`, `test_crud_website_configuration`.
#[tokio::test]
async fn configurations_are_checked_as_recorded() {
    let desk = Desk::with_bucket("site").await;
    assert_eq!(desk.get("/site?website").await.fault(), (404, "NoSuchWebsiteConfiguration".into()));
    assert_eq!(desk.ask("DELETE", "/site?website").await.status, 204);
    let put = async |inner: &str| {
        let body = format!("<WebsiteConfiguration>{inner}</WebsiteConfiguration>");
        let answer = desk.send("PUT", "/site?website", &[], body.as_bytes()).await;
        (answer.element("Code").unwrap_or_default(), answer.element("Message").unwrap_or_default())
    };
    let told = |code: &str, message: &str| (code.to_owned(), message.to_owned());
    let index = "<IndexDocument><Suffix>index.html</Suffix></IndexDocument>";
    let rule = |inner: &str| format!("{index}<RoutingRules><RoutingRule>{inner}</RoutingRule></RoutingRules>");
    let not_well_formed = told("InvalidArgument", "The IndexDocument Suffix is not well formed");
    assert_eq!(put("<IndexDocument><Suffix>/index.html</Suffix></IndexDocument>").await, not_well_formed);
    assert_eq!(put("<IndexDocument><Suffix></Suffix></IndexDocument>").await, not_well_formed);
    let all = "<RedirectAllRequestsTo><HostName>test</HostName></RedirectAllRequestsTo>";
    let both = told("InvalidArgument", "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.");
    assert_eq!(put(&format!("{all}{index}")).await, both);
    let needed = told("InvalidArgument", "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty");
    assert_eq!(put("<ErrorDocument><Key>e</Key></ErrorDocument>").await, needed);
    let protocol = told(
        "InvalidRequest",
        "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.",
    );
    assert_eq!(put(&all.replace("</HostName>", "</HostName><Protocol>protocol</Protocol>")).await, protocol);
    let either = told("InvalidRequest", "You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
    let redirect = "<Condition><KeyPrefixEquals>p</KeyPrefixEquals></Condition><Redirect><ReplaceKeyPrefixWith>a</ReplaceKeyPrefixWith><ReplaceKeyWith>b</ReplaceKeyWith></Redirect>";
    assert_eq!(put(&rule(redirect)).await, either);
    let empty = told(
        "InvalidRequest",
        "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
    );
    assert_eq!(put(&rule("<Condition></Condition><Redirect><ReplaceKeyWith>k</ReplaceKeyWith></Redirect>")).await, empty);
    assert_eq!(put(&rule("")).await.0, "MalformedXML");
    assert_eq!(put(index).await, told("", ""));
    assert_eq!(desk.get("/site?website").await.ok().element("Suffix").unwrap(), "index.html");
}
