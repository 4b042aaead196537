//! S3's verbs: objects, what hangs on them, buckets and their settings, URLs that are signed.

mod buckets;
mod marks;
mod objects;
mod parts;
mod presign;

use super::{Arg, ArgKind, Args, Verb, may, need};
use serde_json::{Value, json};

pub(super) fn verbs() -> impl Iterator<Item = &'static Verb> {
    [objects::VERBS, marks::VERBS, parts::VERBS, presign::VERBS, buckets::VERBS].into_iter().flatten()
}

const BUCKET: Arg = need("bucket", ArgKind::Text, "bucket");
const KEY: Arg = need("key", ArgKind::Text, "key");
const VERSION: Arg = may("version", ArgKind::Text, "version id; the current version unless told");

/// Bucket, key and version as an operation's input.
fn place(args: &Args) -> Result<Value, String> {
    let mut input = json!({ "Bucket": args.text("bucket")?, "Key": args.text("key")? });
    if let Some(version) = args.text_if("version")? {
        input["VersionId"] = version.into();
    }
    Ok(input)
}

/// A map as a list of tags by the model's names.
fn tag_set(args: &Args, name: &str) -> Result<Vec<Value>, String> {
    Ok(args.texts(name)?.into_iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect())
}

/// Members of the input that are given as texts under other names.
fn texts_into(args: &Args, input: &mut Value, names: &[(&str, &str)]) -> Result<(), String> {
    for (argument, member) in names {
        if let Some(text) = args.text_if(argument)? {
            input[*member] = text.into();
        }
    }
    Ok(())
}
