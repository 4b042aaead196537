//! What hangs on an object: tags, retention, legal hold, and its way back from an archive.

use super::{Arg, ArgKind, Args, BUCKET, KEY, VERSION, Verb, may, place, tag_set};
use crate::scenario::{outcome::Outcome, world::World};
use serde_json::{Value, json};

const BYPASS: Arg = may("bypass_governance", ArgKind::Flag, "lift GOVERNANCE retention, where the identity may");

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "s3.tags",
        about: "Replaces an object's tags (none: takes them off), or reads them where set is left out. $.tags by name.",
        args: &[BUCKET, KEY, VERSION, may("set", ArgKind::Map, "names and values")],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(tags(world, args)),
    },
    Verb {
        name: "s3.retain",
        about: "Sets an object's retention, or reads it where mode is left out. $.Mode, $.RetainUntilDate.",
        args: &[
            BUCKET,
            KEY,
            VERSION,
            may("mode", ArgKind::OneOf(&["GOVERNANCE", "COMPLIANCE"]), "kind of retention"),
            may("until", ArgKind::Text, "moment of its end"),
            BYPASS,
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(retain(world, args)),
    },
    Verb {
        name: "s3.hold",
        about: "Puts a legal hold on an object or takes it off, or reads it where status is left out. $.Status.",
        args: &[BUCKET, KEY, VERSION, may("status", ArgKind::OneOf(&["ON", "OFF"]), "held or not")],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(hold(world, args)),
    },
    Verb {
        name: "s3.restore",
        about: "Asks for an archived object. It is there when the clock has passed its tier's delay. $ is RestoreObject's output.",
        args: &[
            BUCKET,
            KEY,
            VERSION,
            may("days", ArgKind::Whole, "days that the copy stays; none for Intelligent-Tiering"),
            may("tier", ArgKind::OneOf(&["Expedited", "Standard", "Bulk"]), "how fast; Standard unless told"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(restore(world, args)),
    },
    Verb {
        name: "s3.delete",
        about: "Deletes an object or one of its versions. $ is DeleteObject's output.",
        args: &[BUCKET, KEY, VERSION, BYPASS, may("if_match", ArgKind::Text, "only if its ETag is this")],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(delete(world, args)),
    },
];

async fn tags(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = place(&args)?;
    if args.has("set") {
        let set = tag_set(&args, "set")?;
        let operation = if set.is_empty() { "DeleteObjectTagging" } else { "PutObjectTagging" };
        if !set.is_empty() {
            input["Tagging"] = json!({ "TagSet": set });
        }
        return Ok(world.call("s3", operation, &input, None).await);
    }
    let mut outcome = world.call("s3", "GetObjectTagging", &input, None).await;
    let tag = |tag: &Value| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].clone()));
    if outcome.error.is_none() {
        outcome.value["tags"] = outcome.value["TagSet"].as_array().into_iter().flatten().filter_map(tag).collect();
    }
    Ok(outcome)
}

async fn retain(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = place(&args)?;
    let Some(mode) = args.text_if("mode")? else {
        return Ok(inside(world.call("s3", "GetObjectRetention", &input, None).await, "Retention"));
    };
    input["Retention"] = json!({ "Mode": mode, "RetainUntilDate": args.text("until")? });
    if args.flag("bypass_governance")? {
        input["BypassGovernanceRetention"] = true.into();
    }
    Ok(world.call("s3", "PutObjectRetention", &input, None).await)
}

async fn hold(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = place(&args)?;
    let Some(status) = args.text_if("status")? else {
        return Ok(inside(world.call("s3", "GetObjectLegalHold", &input, None).await, "LegalHold"));
    };
    input["LegalHold"] = json!({ "Status": status });
    Ok(world.call("s3", "PutObjectLegalHold", &input, None).await)
}

async fn restore(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = place(&args)?;
    let tier = args.text_if("tier")?.unwrap_or_else(|| "Standard".into());
    input["RestoreRequest"] = json!({ "GlacierJobParameters": { "Tier": tier } });
    if let Some(days) = args.whole_if("days")? {
        input["RestoreRequest"]["Days"] = days.into();
    }
    Ok(world.call("s3", "RestoreObject", &input, None).await)
}

async fn delete(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut input = place(&args)?;
    super::texts_into(&args, &mut input, &[("if_match", "IfMatch")])?;
    if args.flag("bypass_governance")? {
        input["BypassGovernanceRetention"] = true.into();
    }
    Ok(world.call("s3", "DeleteObject", &input, None).await)
}

/// The outcome with what stands under one member at its top.
fn inside(mut outcome: Outcome, member: &str) -> Outcome {
    if outcome.error.is_none() {
        outcome.value = outcome.value[member].take();
    }
    outcome
}
