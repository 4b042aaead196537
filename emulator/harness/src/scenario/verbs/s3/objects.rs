//! Objects, whole.

use super::{Arg, ArgKind, Args, BUCKET, KEY, VERSION, Verb, may, place, texts_into};
use crate::scenario::{outcome::Outcome, sign::query_string, world::World};
use serde_json::{Map, Value, json};

const IF_MATCH: Arg = may("if_match", ArgKind::Text, "only if its ETag is this");

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "s3.put",
        about: "Writes an object from a file or a text. $ is PutObject's output.",
        args: &[
            BUCKET,
            KEY,
            may("file", ArgKind::File, "the bytes"),
            may("body", ArgKind::Any, "the bytes as text, or JSON"),
            may("content_type", ArgKind::Text, "Content-Type"),
            may("metadata", ArgKind::Map, "user metadata"),
            may("tags", ArgKind::Map, "tags"),
            may("storage_class", ArgKind::Text, "storage class"),
            may("encryption", ArgKind::Text, "x-amz-server-side-encryption (aws:kms)"),
            may("key_id", ArgKind::Text, "KMS key of it"),
            may("checksum", ArgKind::Text, "algorithm of the checksum that is kept (SHA256)"),
            IF_MATCH,
            may("if_none_match", ArgKind::Text, "`*`: only if there is none"),
        ],
        one_of: &["file", "body"],
        local_only: false,
        run: |world, args| Box::pin(put(world, args)),
    },
    Verb {
        name: "s3.get",
        about: "Reads an object. $ is GetObject's output and, where the object is JSON, $.json; body and image look at its bytes.",
        args: &[BUCKET, KEY, VERSION, may("range", ArgKind::Text, "bytes=0-99"), IF_MATCH],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(get(world, args)),
    },
    Verb {
        name: "s3.head",
        about: "Describes an object; an expected image fetches it. $ is HeadObject's output; a missing object is NoSuchKey.",
        args: &[BUCKET, KEY, VERSION],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(head(world, args)),
    },
    Verb {
        name: "s3.list",
        about: "Lists keys, all pages. $.count, $.keys and $.objects with Key, Size, ETag.",
        args: &[BUCKET, may("prefix", ArgKind::Text, "only keys that start so")],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(list(world, args)),
    },
];

async fn put(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = place(&args)?;
    let members = [
        ("content_type", "ContentType"),
        ("storage_class", "StorageClass"),
        ("encryption", "ServerSideEncryption"),
        ("key_id", "SSEKMSKeyId"),
        ("checksum", "ChecksumAlgorithm"),
        ("if_match", "IfMatch"),
        ("if_none_match", "IfNoneMatch"),
    ];
    texts_into(&args, &mut input, &members)?;
    if args.has("tags") {
        // The header x-amz-tagging is a query string.
        input["Tagging"] = query_string(&args.texts("tags")?).into();
    }
    let metadata: Map<String, Value> = args.texts("metadata")?.into_iter().map(|(k, v)| (k, v.into())).collect();
    if !metadata.is_empty() {
        input["Metadata"] = metadata.into();
    }
    let bytes = args.bytes("file", "body")?.unwrap_or_default();
    input["ContentLength"] = bytes.len().into();
    Ok(world.call("s3", "PutObject", &input, Some(bytes)).await)
}

async fn get(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = place(&args)?;
    texts_into(&args, &mut input, &[("range", "Range"), ("if_match", "IfMatch")])?;
    let mut outcome = world.call("s3", "GetObject", &input, None).await;
    if let Some(json) = outcome.bytes.as_deref().and_then(|b| serde_json::from_slice::<Value>(b).ok()) {
        outcome.value["json"] = json;
    }
    Ok(outcome)
}

async fn head(world: &mut World, args: Args) -> Result<Outcome, String> {
    let input = place(&args)?;
    let mut outcome = world.call("s3", "HeadObject", &input, None).await;
    // HTTP's HEAD has no body to carry a code; SDKs say NotFound, people say NoSuchKey.
    if let Some(error) = outcome.error.as_mut().filter(|e| e.status == 404 && e.code != "NoSuchBucket") {
        error.code = "NoSuchKey".into();
    }
    if outcome.error.is_none() && world.wants_image {
        outcome.bytes = world.call("s3", "GetObject", &input, None).await.bytes;
    }
    Ok(outcome)
}

async fn list(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = json!({ "Bucket": args.text("bucket")?, "Prefix": args.text_if("prefix")?.unwrap_or_default() });
    let mut objects: Vec<Value> = Vec::new();
    loop {
        let page = match world.value("s3", "ListObjectsV2", &input).await {
            Ok(page) => page,
            Err(fault) => return Ok(Outcome::refused(&fault)),
        };
        objects.extend(page["Contents"].as_array().into_iter().flatten().cloned());
        match page.get("NextContinuationToken") {
            Some(token) => input["ContinuationToken"] = token.clone(),
            None => break,
        }
    }
    let keys: Vec<Value> = objects.iter().map(|o| o["Key"].clone()).collect();
    Ok(Outcome::of(json!({ "count": keys.len(), "keys": keys, "objects": objects })))
}
