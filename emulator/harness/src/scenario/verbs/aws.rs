//! Any operation of any service.

use super::{ArgKind, Verb, may, need};
use crate::scenario::{encode, outcome::Outcome, world::World};
use serde_json::json;

pub(super) const VERBS: &[Verb] = &[Verb {
    name: "aws",
    about: "Calls any operation. $ is its output by the model's member names. `via: wire` goes through HTTP, signed as the step's identity; else the call is made below HTTP, authorised the same.",
    args: &[
        need("service", ArgKind::Text, "service as AWS's tools name it (cognito-idp)"),
        need("operation", ArgKind::Text, "operation (CreateBucket)"),
        may("input", ArgKind::Map, "input by the model's member names"),
        may("via", ArgKind::OneOf(&["directory", "wire"]), "how to get there"),
        may("file", ArgKind::File, "streamed body from a file"),
        may("body", ArgKind::Text, "streamed body as text"),
    ],
    one_of: &[],
    local_only: false,
    run: |world, args| {
        Box::pin(async move {
            let (service, operation) = (args.text("service")?, args.text("operation")?);
            let input = args.value("input").cloned().unwrap_or_else(|| json!({}));
            let body = args.bytes("file", "body")?;
            match args.text_if("via")?.as_deref() {
                Some("wire") => over_the_wire(world, &service, &operation, &input, body).await,
                _ => Ok(world.call(&service, &operation, &input, body).await),
            }
        })
    },
}];

async fn over_the_wire(
    world: &World,
    service: &str,
    operation: &str,
    input: &serde_json::Value,
    body: Option<bytes::Bytes>,
) -> Result<Outcome, String> {
    let found = world.cloud().service(service).ok_or_else(|| format!("this cloud has no service {service}"))?;
    let schema = found.schema();
    let op =
        schema.operations.iter().find(|o| o.name == operation).ok_or_else(|| format!("{service} has no operation {operation} here"))?;
    let mut request = encode::request(&world.emulator, schema, op, input, body)?;
    if let Some(keys) = world.signing_keys()? {
        crate::scenario::sign::sign(&mut request, &keys, schema.signing_name, kit::DEFAULT_REGION, world.cloud().clock().now())?;
    }
    Ok(super::http::read(request.send(&world.emulator).await?))
}
