//! Cached answers: their time on the clock, their keys, and who may take them away.

use crate::desk::{Behaviour, Desk, merged};
use kit::Principal;
use serde_json::json;

async fn cached() -> Desk {
    let desk = Desk::new().await;
    let pets = desk.resource(&desk.top, "pets").await;
    let pet = desk.resource(&pets, "{id}").await;
    desk.method(&pet, "GET", json!({ "requestParameters": { "method.request.querystring.page": false } })).await;
    desk.ok("PutIntegration", merged(&desk.proxy(&pet, "GET"), &[&json!({ "cacheKeyParameters": ["method.request.querystring.page"] })]))
        .await;
    desk.deploy().await;
    desk.stage(json!([{ "op": "replace", "path": "/cacheClusterEnabled", "value": "true" }, { "op": "replace", "path": "/*/*/caching/enabled", "value": "true" }, { "op": "replace", "path": "/*/*/caching/ttlInSeconds", "value": "60" }])).await;
    desk
}

fn calls(desk: &Desk) -> usize {
    desk.function.seen.lock().len()
}

#[tokio::test]
async fn an_answer_is_kept_for_its_time_and_by_its_key() {
    let desk = cached().await;
    assert_eq!(desk.get("/pets/1?page=1").await.body, "hello");
    desk.behave(Behaviour::Answer(json!({ "statusCode": 200, "body": "other" })));
    assert_eq!(desk.get("/pets/1?page=1").await.body, "hello");
    // AWS's trap: a variable of the path that is not named is no part of the key.
    assert_eq!((desk.get("/pets/2?page=1").await.body.as_str(), calls(&desk)), ("hello", 1));
    assert_eq!((desk.get("/pets/1?page=2").await.body.as_str(), calls(&desk)), ("other", 2));
    desk.advance(61).await;
    assert_eq!((desk.get("/pets/1?page=1").await.body.as_str(), calls(&desk)), ("other", 3));
    desk.ok("FlushStageCache", json!({ "restApiId": desk.api, "stageName": "live" })).await;
    desk.get("/pets/1?page=1").await;
    assert_eq!(calls(&desk), 4);
}

#[tokio::test]
async fn only_who_may_takes_an_answer_away() {
    let desk = cached().await;
    desk.get("/pets/1").await;
    let fresh = || http::Request::get(desk.url("/pets/1")).header("cache-control", "max-age=0");
    let warned = desk.send(fresh(), "").await;
    assert_eq!((warned.status, calls(&desk)), (200, 1));
    assert!(warned.header("warning").starts_with("199"));
    let root = Principal::Root { account: "000000000000".into() };
    desk.send_as(root, fresh(), "").await;
    assert_eq!(calls(&desk), 2);
    desk.stage(json!([{ "op": "replace", "path": "/*/*/caching/unauthorizedCacheControlHeaderStrategy", "value": "FAIL_WITH_403" }])).await;
    assert_eq!(desk.send(fresh(), "").await.status, 403);
    desk.stage(json!([{ "op": "replace", "path": "/*/*/caching/requireAuthorizationForCacheControl", "value": "false" }])).await;
    assert_eq!((desk.send(fresh(), "").await.status, calls(&desk)), (200, 3));
}
