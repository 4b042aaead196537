//! Tags of functions and event source mappings.

use crate::{Lambda, functions::check_tags, mappings, model::*, names::Name, state::*};
use kit::{Context, Fault};
use std::collections::BTreeMap;

impl Lambda {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        if input.tags.is_empty() {
            return Err(invalid("An error occurred and the request cannot be processed."));
        }
        change(cx, &input.resource, |tags| tags.extend(input.tags)).await?;
        Ok(TagResourceOutput {})
    }
    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        if input.tag_keys.is_empty() {
            // An empty list leaves nothing in the request.
            let sentence = "1 validation error detected: Value null at 'tagKeys' failed to satisfy constraint: Member must not be null";
            return Err(Fault::new("ValidationException", 400, sentence));
        }
        change(cx, &input.resource, |tags| tags.retain(|key, _| !input.tag_keys.contains(key))).await?;
        Ok(UntagResourceOutput {})
    }
    /// All tags.
    pub async fn list_tags(&self, cx: &Context, input: ListTagsInput) -> Result<ListTagsOutput, Fault> {
        if let Some(uuid) = mappings::by_arn(&input.resource) {
            let mapping = cx.store().read(|s| mappings::find(s, cx, &uuid)).map_err(|fault| no_mapping(fault, &input.resource))?;
            return Ok(ListTagsOutput { tags: Some(mapping.tags) });
        }
        let name = of_function(cx, &input.resource)?;
        Ok(ListTagsOutput { tags: Some(cx.store().read(|s| function(s, &name))?.tags) })
    }
}

/// Tags have a sentence of their own for a mapping that isn't there.
fn no_mapping(fault: Fault, arn: &str) -> Fault {
    match fault.status {
        404 => user(Error::ResourceNotFound.says(format!("Event source mapping not found: {arn}"))),
        _ => fault,
    }
}

fn of_function(cx: &Context, resource: &str) -> Result<Name, Fault> {
    let name = Name::parse(cx, resource, None)?;
    match name.qualifier {
        None => Ok(name),
        Some(_) => Err(invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.")),
    }
}

async fn change(cx: &Context, resource: &str, f: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), Fault> {
    if let Some(uuid) = mappings::by_arn(resource) {
        return cx
            .store()
            .write(|tx| {
                let mut mapping = mappings::find(tx, cx, &uuid).map_err(|fault| no_mapping(fault, resource))?;
                f(&mut mapping.tags);
                check_tags(&mapping.tags)?;
                tx.put(&mappings::MAPPINGS, cx.scope(), &uuid, &mapping)
            })
            .await;
    }
    let name = of_function(cx, resource)?;
    cx.store()
        .write(|tx| {
            let mut function = function(tx, &name)?;
            f(&mut function.tags);
            check_tags(&function.tags)?;
            tx.put(&FUNCTIONS, &name.scope, &name.function, &function)
        })
        .await
}
