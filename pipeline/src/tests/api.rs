//! `presign` and `images` as API Gateway calls them.

use serde_json::{Value, json};

use super::memory_store::MemoryStore;
use super::{fixture, limits, settings};
use crate::api_event::{ApiRequest, ApiResponse};
use crate::config::{ImagesConfig, PresignConfig, ProcessConfig};
use crate::keys::{ImageId, Owner};
use crate::presign::Seed;

const ANA: &str = "0b1e3c52-1f5a-4e0b-9d0e-2f7d3c8a1b11";
const BOB: &str = "77777777-1f5a-4e0b-9d0e-2f7d3c8a1b22";

fn request(method: &str, sub: Option<&str>, query: Value, id: Option<&str>) -> ApiRequest {
    let claims = sub.map_or(json!({}), |sub| json!({ "sub": sub, "email": "a@example.com" }));
    serde_json::from_value(json!({
        "resource": "/images", "httpMethod": method, "headers": null, "multiValueHeaders": null, "body": null, "isBase64Encoded": false,
        "queryStringParameters": query, "pathParameters": id.map(|id| json!({ "id": id })),
        "requestContext": { "requestId": "r-1", "stage": "live", "authorizer": { "claims": claims } },
    }))
    .unwrap()
}

fn body(response: &ApiResponse) -> Value {
    serde_json::from_str(&response.body).unwrap()
}

async fn presign(sub: Option<&str>, query: Value) -> ApiResponse {
    let config = PresignConfig {
        images_bucket: "images".into(),
        max_upload_bytes: 1000,
        url_expires_seconds: 300,
        max_batch_bytes: 5000,
        allowed_origin: "https://app".into(),
    };
    let seed = Seed { now_seconds: 1_790_000_000, random: *b"12345678" };
    crate::presign::handle(&request("GET", sub, query, None), &config, &MemoryStore::default(), seed).await
}

#[tokio::test]
async fn an_upload_url() {
    let response = presign(Some(ANA), json!({ "filename": "../My Cat (1).JPG", "contentType": "image/JPEG", "size": "1000" })).await;
    assert_eq!(response.status_code, 200);
    assert_eq!(response.headers["Access-Control-Allow-Origin"], "https://app");
    let body = body(&response);
    let id = ImageId::parse(body["id"].as_str().unwrap()).unwrap();
    assert!(id.belongs_to(&Owner::parse(ANA).unwrap()) && !id.belongs_to(&Owner::parse(BOB).unwrap()));
    assert_eq!(body["key"], format!("uploads/{ANA}/{}-My-Cat-1-.JPG", id.as_str()));
    assert_eq!((&body["method"], &body["bucket"], &body["expiresIn"]), (&json!("PUT"), &json!("images"), &json!(300)));
    assert_eq!(body["headers"], json!({ "content-type": "image/jpeg", "content-length": "1000" }));
}

#[tokio::test]
async fn urls_for_batches_and_their_images() {
    let query = json!({ "filename": "trip.zip", "contentType": "application/zip", "size": "5000", "purpose": "batch" });
    let batch = body(&presign(Some(ANA), query).await);
    assert_eq!(batch["key"], format!("batches/{ANA}/{}-trip.zip", batch["id"].as_str().unwrap()));
    let query = json!({ "filename": "a.jpg", "contentType": "image/jpeg", "size": "10", "purpose": "stage" });
    let staged = body(&presign(Some(ANA), query).await);
    assert_eq!(staged["key"], format!("staged/{ANA}/{}-a.jpg", staged["id"].as_str().unwrap()));
}

#[tokio::test]
async fn uploads_that_get_no_url() {
    let ok = json!({ "filename": "a.jpg", "contentType": "image/jpeg", "size": "10" });
    let with = |name: &str, value: Value| {
        let mut query = ok.clone();
        query[name] = value;
        query
    };
    for (sub, query, status, code) in [
        (None, ok.clone(), 401, "Unauthorized"),
        (Some("../etc"), ok.clone(), 401, "Unauthorized"),
        (Some(ANA), Value::Null, 400, "MissingParameter"),
        (Some(ANA), with("filename", json!("")), 400, "MissingParameter"),
        (Some(ANA), with("filename", json!("a\nb")), 400, "InvalidFilename"),
        (Some(ANA), with("filename", json!("x".repeat(256))), 400, "InvalidFilename"),
        (Some(ANA), with("contentType", json!("image/svg+xml")), 415, "UnsupportedMediaType"),
        (Some(ANA), with("contentType", json!("image/jpeg; q=1")), 415, "UnsupportedMediaType"),
        (Some(ANA), with("contentType", json!("application/zip")), 415, "UnsupportedMediaType"),
        (Some(ANA), with("purpose", json!("batch")), 415, "UnsupportedMediaType"),
        (Some(ANA), with("purpose", json!("party")), 400, "InvalidPurpose"),
        (Some(ANA), with("size", json!("0")), 400, "InvalidSize"),
        (Some(ANA), with("size", json!("-1")), 400, "InvalidSize"),
        (Some(ANA), with("size", json!("+1")), 400, "InvalidSize"),
        (Some(ANA), with("size", json!("ten")), 400, "InvalidSize"),
        (Some(ANA), with("size", json!("1001")), 413, "ContentTooLarge"),
        (Some(ANA), with("size", json!("99999999999999999999999")), 413, "ContentTooLarge"),
    ] {
        let response = presign(sub, query.clone()).await;
        assert_eq!((response.status_code, body(&response)["code"].as_str().unwrap()), (status, code), "{query}");
        assert!(!body(&response)["message"].as_str().unwrap().is_empty());
        assert!(response.headers.contains_key("Access-Control-Allow-Origin"), "errors carry CORS too");
    }
}

fn images_config() -> ImagesConfig {
    ImagesConfig { images_bucket: "images".into(), metadata_bucket: "meta".into(), url_expires_seconds: 60, allowed_origin: "*".into() }
}

async fn images(store: &MemoryStore, method: &str, sub: Option<&str>, query: Value, id: Option<&str>) -> ApiResponse {
    crate::images::handle(&request(method, sub, query, id), &images_config(), store).await
}

/// `count` pictures of `sub`, a minute apart; their ids, oldest first.
async fn pictures(store: &MemoryStore, sub: &str, count: u64) -> Vec<String> {
    let config = ProcessConfig { images_bucket: "images".into(), metadata_bucket: "meta".into(), limits: limits(), settings: settings() };
    let owner = Owner::parse(sub).unwrap();
    let mut ids = Vec::new();
    for number in 0..count {
        let id = ImageId::new(&owner, 1_790_000_000 + number * 60, [number as u8; 8]).as_str().to_owned();
        let key = format!("uploads/{sub}/{id}-dot.png");
        store.add("images", &key, fixture("made/sizes/1x1.png"));
        crate::process::process(&key, &config, store).await.unwrap();
        ids.push(id);
    }
    ids
}

#[tokio::test]
async fn lists_are_paged_newest_first_and_ones_own() {
    let store = MemoryStore::default();
    let mut ids = pictures(&store, ANA, 7).await;
    pictures(&store, BOB, 2).await;
    ids.reverse();
    // Half made: renditions, no manifest yet.
    store.remove("images", &format!("renditions/{ANA}/{}/image.json", ids[3]));
    ids.remove(3);

    let (mut found, mut query) = (Vec::new(), json!({ "limit": "2" }));
    loop {
        let response = images(&store, "GET", Some(ANA), query, None).await;
        assert_eq!(response.status_code, 200);
        let page = body(&response);
        assert!(page["images"].as_array().unwrap().len() <= 2);
        found.extend(page["images"].as_array().unwrap().iter().map(|image| image["id"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        query = json!({ "limit": "2", "next": next });
    }
    assert_eq!(found, ids);
    let empty = images(&store, "GET", Some("nobody"), Value::Null, None).await;
    assert_eq!(body(&empty), json!({ "images": [], "next": null }));
    for bad in [json!({ "limit": "0" }), json!({ "limit": "101" }), json!({ "next": "!" }), json!({ "next": "YWJj" })] {
        assert_eq!(images(&store, "GET", Some(ANA), bad, None).await.status_code, 400);
    }
}

#[tokio::test]
async fn one_picture_with_downloads() {
    let store = MemoryStore::default();
    let id = pictures(&store, ANA, 1).await.remove(0);
    let response = images(&store, "GET", Some(ANA), Value::Null, Some(&id)).await;
    let shown = body(&response);
    assert_eq!(
        (&shown["id"], &shown["format"], &shown["name"], &shown["expiresIn"]),
        (&json!(id), &json!("png"), &json!("dot.png"), &json!(60))
    );
    let renditions = shown["renditions"].as_array().unwrap();
    assert_eq!(renditions.len(), 2);
    assert_eq!(renditions[1]["url"], format!("https://images/renditions/{ANA}/{id}/160.webp?for=60"));
    assert!(!response.body.contains("source_key") && !response.body.contains("owner"));
}

#[tokio::test]
async fn another_users_picture_is_refused() {
    let store = MemoryStore::default();
    let id = pictures(&store, ANA, 1).await.remove(0);
    for method in ["GET", "DELETE"] {
        let response = images(&store, method, Some(BOB), Value::Null, Some(&id)).await;
        assert_eq!((response.status_code, body(&response)["code"].as_str().unwrap()), (403, "Forbidden"));
        assert_eq!(images(&store, method, None, Value::Null, Some(&id)).await.status_code, 401);
    }
    assert_eq!(images(&store, "GET", Some(ANA), Value::Null, Some(&id)).await.status_code, 200, "still there");
}

#[tokio::test]
async fn deleting_leaves_nothing() {
    let store = MemoryStore::default();
    let ids = pictures(&store, ANA, 2).await;
    let before = store.all().len();
    let response = images(&store, "DELETE", Some(ANA), Value::Null, Some(&ids[0])).await;
    assert_eq!((response.status_code, response.body.as_str()), (204, ""));
    assert_eq!(store.all().len(), before / 2);
    assert!(!store.all().iter().any(|key| key.contains(&ids[0])));
    for (method, id) in [("DELETE", ids[0].as_str()), ("GET", ids[0].as_str()), ("GET", "x"), ("DELETE", "../../etc")] {
        assert_eq!(images(&store, method, Some(ANA), Value::Null, Some(id)).await.status_code, 404, "{method} {id}");
    }
    assert_eq!(images(&store, "POST", Some(ANA), Value::Null, None).await.status_code, 405);
}

#[tokio::test]
async fn a_delete_that_broke_off_can_be_repeated() {
    let store = MemoryStore::default();
    let id = pictures(&store, ANA, 1).await.remove(0);
    store.failing.lock().unwrap().push("DeleteObject");
    let response = images(&store, "DELETE", Some(ANA), Value::Null, Some(&id)).await;
    assert_eq!((response.status_code, body(&response)["code"].as_str().unwrap()), (500, "InternalError"));
    assert!(!response.body.contains("SlowDown"), "our troubles are not the caller's");
    assert_eq!(images(&store, "DELETE", Some(ANA), Value::Null, Some(&id)).await.status_code, 204);
    assert!(store.all().is_empty());
}
