//! `GET /images`, `GET /images/{id}` and `DELETE /images/{id}`: a user's own pictures.
//!
//! Every look into the store is made under the caller's own prefix, so another user's picture can't be reached at all. Ids
//! carry a tag of their owner: one made for somebody else is answered 403 without a look; one that is the caller's (or never
//! existed) and isn't there is 404.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::try_join_all;
use serde_json::{Value, json};

use crate::api_event::{ApiError, ApiRequest, ApiResponse, answer};
use crate::config::ImagesConfig;
use crate::keys::{ImageId, Owner, image_prefix, manifest_key, owner_prefix};
use crate::metadata::Manifest;
use crate::store::{Fetched, Sign, Store, StoreError};

/// A manifest is a few KB; anything near this is not one of ours.
const MANIFEST_BYTES: u64 = 1 << 20;

/// Answers one request.
pub async fn handle(request: &ApiRequest, config: &ImagesConfig, store: &(impl Store + Sign)) -> ApiResponse {
    let result = match (request.http_method.as_str(), request.path("id")) {
        ("GET", None) => list(request, config, store).await,
        ("GET", Some(id)) => show(request, id, config, store).await,
        ("DELETE", Some(id)) => delete(request, id, config, store).await,
        (method, _) => Err(ApiError::new(405, "MethodNotAllowed", format!("{method} is not possible here."))),
    };
    answer(result, &config.allowed_origin)
}

/// Newest first (ids sort that way), `limit` at a time; `next` continues.
async fn list(request: &ApiRequest, config: &ImagesConfig, store: &impl Store) -> Result<(u16, Value), ApiError> {
    let owner = request.caller()?;
    let limit = limit(request)?;
    let after = request.query("next").map(|token| open_token(token, &owner)).transpose()?;
    let mut ids = whole_images(config, store, &owner, after, limit + 1).await?;
    let more = ids.len() > limit;
    ids.truncate(limit);

    let manifests = try_join_all(ids.iter().map(|id| manifest(config, store, &owner, id))).await?;
    let images: Vec<Value> = manifests.iter().flatten().map(summary).collect();
    let next = ids.last().filter(|_| more).map(|id| URL_SAFE_NO_PAD.encode(id.as_str()));
    Ok((200, json!({ "images": images, "next": next })))
}

/// The ids behind `after` that have a manifest; an image without one is still being made, or about to expire.
async fn whole_images(
    config: &ImagesConfig,
    store: &impl Store,
    owner: &Owner,
    after: Option<ImageId>,
    most: usize,
) -> Result<Vec<ImageId>, StoreError> {
    let prefix = owner_prefix(owner);
    // '0' comes right after '/': behind everything of that id, before the next.
    let mut start = after.map(|id| format!("{prefix}{}0", id.as_str()));
    let mut ids = Vec::new();
    loop {
        let page = store.keys(&config.images_bucket, &prefix, start.as_deref()).await?;
        ids.extend(page.keys.iter().filter_map(|key| ImageId::parse(key.strip_prefix(&prefix)?.strip_suffix("/image.json")?)));
        start = page.keys.last().cloned();
        if !page.more || start.is_none() || ids.len() >= most {
            ids.truncate(most);
            return Ok(ids);
        }
    }
}

async fn show(request: &ApiRequest, id: &str, config: &ImagesConfig, store: &(impl Store + Sign)) -> Result<(u16, Value), ApiError> {
    let owner = request.caller()?;
    let id = own_id(id, &owner)?;
    // Asked by listing: S3 tells "there is none" from "you may not" only to those who may list.
    let keys = store.keys(&config.images_bucket, &image_prefix(&owner, &id), None).await?.keys;
    if !keys.contains(&manifest_key(&owner, &id)) {
        return Err(not_found());
    }
    let manifest = manifest(config, store, &owner, &id).await?.ok_or_else(not_found)?;
    let urls =
        manifest.renditions.iter().map(|rendition| store.download_url(&config.images_bucket, &rendition.key, config.url_expires_seconds));
    let urls = try_join_all(urls).await?;

    let mut shown = summary(&manifest);
    shown["renditions"] = manifest
        .renditions
        .iter()
        .zip(urls)
        .map(|(rendition, url)| {
            json!({
                "size": rendition.size, "width": rendition.width, "height": rendition.height,
                "contentType": rendition.content_type, "bytes": rendition.bytes, "url": url,
            })
        })
        .collect();
    shown["expiresIn"] = json!(config.url_expires_seconds);
    Ok((200, shown))
}

/// Original and row first, then the renditions, the manifest last: what was interrupted can be deleted again.
async fn delete(request: &ApiRequest, id: &str, config: &ImagesConfig, store: &impl Store) -> Result<(u16, Value), ApiError> {
    let owner = request.caller()?;
    let id = own_id(id, &owner)?;
    let mut keys = store.keys(&config.images_bucket, &image_prefix(&owner, &id), None).await?.keys;
    if keys.is_empty() {
        return Err(not_found());
    }
    let manifest_key = manifest_key(&owner, &id);
    if keys.contains(&manifest_key)
        && let Some(manifest) = manifest(config, store, &owner, &id).await?
    {
        store.delete(&config.images_bucket, &manifest.image.source_key).await?;
        store.delete(&config.metadata_bucket, &manifest.metadata_key).await?;
    }
    keys.retain(|key| *key != manifest_key);
    try_join_all(keys.iter().map(|key| store.delete(&config.images_bucket, key))).await?;
    store.delete(&config.images_bucket, &manifest_key).await?;
    crate::log::info("ImageDeleted", json!({ "id": id.as_str() }));
    Ok((204, Value::Null))
}

async fn manifest(config: &ImagesConfig, store: &impl Store, owner: &Owner, id: &ImageId) -> Result<Option<Manifest>, StoreError> {
    let key = manifest_key(owner, id);
    match store.fetch(&config.images_bucket, &key, MANIFEST_BYTES).await? {
        Fetched::Object(_, body) => Ok(serde_json::from_slice(&body).ok()),
        Fetched::Missing | Fetched::TooBig(_) => Ok(None),
    }
}

/// What lists and single answers share. The owner's sub and the keys stay inside.
fn summary(manifest: &Manifest) -> Value {
    let image = &manifest.image;
    json!({
        "id": image.id, "name": manifest.name, "format": image.format, "bytes": image.bytes,
        "width": image.width, "height": image.height, "takenAt": image.taken_at,
        "blurhash": image.blurhash, "phash": image.phash, "colours": image.colours,
        "uploadedAt": image.uploaded_at, "processedAt": image.processed_at, "renditionCount": image.renditions,
    })
}

fn own_id(text: &str, owner: &Owner) -> Result<ImageId, ApiError> {
    let id = ImageId::parse(text).ok_or_else(not_found)?;
    if !id.belongs_to(owner) {
        return Err(ApiError::new(403, "Forbidden", "This image belongs to another user."));
    }
    Ok(id)
}

fn limit(request: &ApiRequest) -> Result<usize, ApiError> {
    match request.query("limit").map(str::parse::<usize>) {
        None => Ok(20),
        Some(Ok(limit)) if (1..=100).contains(&limit) => Ok(limit),
        Some(_) => Err(ApiError::new(400, "InvalidLimit", "limit must be a whole number from 1 to 100.")),
    }
}

/// A page's token is the last id of the page before: it needs no memory, and one of somebody else is of no use.
fn open_token(token: &str, owner: &Owner) -> Result<ImageId, ApiError> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| ImageId::parse(&text))
        .filter(|id| id.belongs_to(owner))
        .ok_or_else(|| ApiError::new(400, "InvalidToken", "next is not a token that a list gave you."))
}

fn not_found() -> ApiError {
    ApiError::new(404, "NotFound", "There is no such image.")
}
