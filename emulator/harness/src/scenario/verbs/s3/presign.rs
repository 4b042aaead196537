//! What a browser is given: URLs that are signed, and forms with a policy.

use super::{ArgKind, Args, BUCKET, KEY, Verb, may};
use crate::scenario::{http_client::Outgoing, outcome::Outcome, sign, verbs::http::read, world::World};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// Parts of a form are told apart by this line.
const BOUNDARY: &str = "windtunnel-form-boundary";

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "s3.presign",
        about: "Signs a URL as the step's identity. $.url, and $.headers that must be sent with it.",
        args: &[
            BUCKET,
            KEY,
            may("method", ArgKind::OneOf(&["GET", "PUT", "HEAD", "DELETE"]), "GET unless told"),
            may("expires", ArgKind::Duration, "how long it works; 15m unless told"),
            may("headers", ArgKind::Map, "headers that are signed along"),
            may("query", ArgKind::Map, "parameters that are signed along (versionId, partNumber)"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(presign(world, args)),
    },
    Verb {
        name: "s3.post_form",
        about: "Uploads as a browser's form does, under a policy signed as the step's identity. status, headers and body are the answer's.",
        args: &[
            BUCKET,
            KEY,
            may("file", ArgKind::File, "the bytes"),
            may("body", ArgKind::Any, "the bytes as text, or JSON"),
            may("fields", ArgKind::Map, "further fields of the form, each allowed by the policy"),
            may("conditions", ArgKind::List, "further conditions of the policy"),
            may("expires", ArgKind::Duration, "how long the policy holds; 15m unless told"),
        ],
        one_of: &["file", "body"],
        local_only: false,
        run: |world, args| Box::pin(post_form(world, args)),
    },
];

async fn presign(world: &mut World, args: Args) -> Result<Outcome, String> {
    let keys = world.signing_keys()?.ok_or("nobody can't sign; take another identity")?;
    let url = format!("{}/{}/{}", world.emulator.endpoint(), args.text("bucket")?, sign::encoded_path(&args.text("key")?));
    let method = args.text_if("method")?.unwrap_or_else(|| "GET".into());
    let mut request = Outgoing::new(&world.emulator, &method, &url)?;
    request.headers = args.texts("headers")?;
    let life = sign::UrlLife { now: world.cloud().clock().now(), seconds: args.duration_or("expires", "15m")?.as_secs() };
    let target = sign::presign(&request, &args.texts("query")?, &keys, kit::DEFAULT_REGION, &life)?;
    let headers: serde_json::Map<String, Value> = request.headers.into_iter().map(|(name, value)| (name, value.into())).collect();
    Ok(Outcome::of(json!({ "url": format!("{}{target}", world.emulator.endpoint()), "headers": headers })))
}

async fn post_form(world: &mut World, args: Args) -> Result<Outcome, String> {
    let keys = world.signing_keys()?.ok_or("nobody can't sign; take another identity")?;
    let (bucket, now) = (args.text("bucket")?, world.cloud().clock().now());
    let bytes = args.bytes("file", "body")?.unwrap_or_default();
    let scope = sign::s3_scope(kit::DEFAULT_REGION, now);
    let mut fields = vec![("key".to_owned(), args.text("key")?)];
    fields.extend(args.texts("fields")?);
    fields.push(("x-amz-algorithm".into(), gateway::sig_v4::ALGORITHM.into()));
    fields.push(("x-amz-credential".into(), format!("{}/{}", keys.id, scope.text())));
    fields.push(("x-amz-date".into(), kit::time::amz_date(now)));
    if let Some(token) = &keys.token {
        fields.push(("x-amz-security-token".into(), token.clone()));
    }
    let mut conditions: Vec<Value> = args.value("conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    conditions.push(json!({ "bucket": bucket }));
    conditions.extend(fields.iter().map(|(name, value)| json!(["eq", format!("${name}"), value])));
    let ends = now.plus_ns(i128::try_from(args.duration_or("expires", "15m")?.as_nanos()).unwrap_or(i128::MAX));
    let policy = BASE64_STANDARD.encode(json!({ "expiration": kit::time::iso_millis(ends), "conditions": conditions }).to_string());
    fields.push(("x-amz-signature".into(), sign::policy_signature(&keys, &scope, &policy)));
    fields.push(("policy".into(), policy));

    let mut request = Outgoing::new(&world.emulator, "POST", &format!("{}/{bucket}", world.emulator.endpoint()))?;
    request.headers.push(("content-type".into(), format!("multipart/form-data; boundary={BOUNDARY}")));
    request.body = form(&fields, &bytes).into();
    Ok(read(request.send(&world.emulator).await?))
}

/// A form's body: the fields, the file last as S3 wants it.
fn form(fields: &[(String, String)], file: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(file.len() + 4096);
    for (name, value) in fields {
        body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    body.extend(format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file\"\r\n\r\n").into_bytes());
    body.extend_from_slice(file);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").into_bytes());
    body
}
