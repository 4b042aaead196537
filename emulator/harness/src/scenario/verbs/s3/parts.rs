//! Bodies that come in pieces, and objects made of others.

use super::{ArgKind, Args, BUCKET, KEY, VERSION, Verb, may, need, place, texts_into};
use crate::scenario::{outcome::Outcome, sign::encoded_path, world::World};
use serde_json::{Value, json};

/// AWS takes no smaller part, except the last.
const LEAST_PART: u64 = 5 << 20;

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "s3.multipart",
        about: "Uploads an object in parts. $ is CompleteMultipartUpload's output, with $.UploadId and $.parts; a refused part aborts the upload.",
        args: &[
            BUCKET,
            KEY,
            may("file", ArgKind::File, "the bytes"),
            may("body", ArgKind::Any, "the bytes as text, or JSON"),
            may("part_bytes", ArgKind::Whole, "bytes of a part; 5242880 unless told"),
            may("content_type", ArgKind::Text, "Content-Type"),
            may("storage_class", ArgKind::Text, "storage class"),
            may("leave", ArgKind::Flag, "neither complete nor abort it"),
        ],
        one_of: &["file", "body"],
        local_only: false,
        run: |world, args| Box::pin(multipart(world, args)),
    },
    Verb {
        name: "s3.copy",
        about: "Copies an object. $ is CopyObject's output.",
        args: &[
            BUCKET,
            KEY,
            VERSION,
            need("to", ArgKind::Text, "key of the copy"),
            may("to_bucket", ArgKind::Text, "bucket of the copy; the same unless told"),
            may("storage_class", ArgKind::Text, "storage class of the copy"),
            may("if_match", ArgKind::Text, "only if the source's ETag is this"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(copy(world, args)),
    },
];

async fn multipart(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = place(&args)?;
    texts_into(&args, &mut input, &[("content_type", "ContentType"), ("storage_class", "StorageClass")])?;
    let bytes = args.bytes("file", "body")?.unwrap_or_default();
    let size = args.whole_if("part_bytes")?.unwrap_or(LEAST_PART).max(1) as usize;
    let started = match world.value("s3", "CreateMultipartUpload", &input).await {
        Ok(started) => started,
        Err(fault) => return Ok(Outcome::refused(&fault)),
    };
    let upload = json!({ "Bucket": input["Bucket"], "Key": input["Key"], "UploadId": started["UploadId"] });
    let mut parts: Vec<Value> = Vec::new();
    for start in (0..bytes.len().max(1)).step_by(size) {
        let part = bytes.slice(start..bytes.len().min(start + size));
        let mut input = upload.clone();
        (input["PartNumber"], input["ContentLength"]) = ((parts.len() + 1).into(), part.len().into());
        let outcome = world.call("s3", "UploadPart", &input, Some(part)).await;
        if outcome.error.is_some() {
            world.call("s3", "AbortMultipartUpload", &upload, None).await;
            return Ok(outcome);
        }
        parts.push(json!({ "PartNumber": parts.len() + 1, "ETag": outcome.value["ETag"] }));
    }
    let (id, count) = (upload["UploadId"].clone(), parts.len());
    if args.flag("leave")? {
        return Ok(Outcome::of(json!({ "UploadId": id, "parts": count })));
    }
    let mut complete = upload;
    complete["MultipartUpload"] = json!({ "Parts": parts });
    let mut outcome = world.call("s3", "CompleteMultipartUpload", &complete, None).await;
    if outcome.error.is_none() {
        (outcome.value["UploadId"], outcome.value["parts"]) = (id, count.into());
    }
    Ok(outcome)
}

async fn copy(world: &mut World, args: Args) -> Result<Outcome, String> {
    let (bucket, key) = (args.text("bucket")?, args.text("key")?);
    let path = encoded_path(&key);
    let version = args.text_if("version")?.map(|version| format!("?versionId={version}")).unwrap_or_default();
    let mut input = json!({
        "Bucket": args.text_if("to_bucket")?.unwrap_or_else(|| bucket.clone()),
        "Key": args.text("to")?,
        "CopySource": format!("{bucket}/{path}{version}"),
    });
    texts_into(&args, &mut input, &[("storage_class", "StorageClass"), ("if_match", "CopySourceIfMatch")])?;
    Ok(world.call("s3", "CopyObject", &input, None).await)
}
