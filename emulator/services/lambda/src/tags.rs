//! Tags of functions.

use crate::{Lambda, functions::check_tags, model::*, names::Name, state::*};
use kit::{Context, Fault};
use std::collections::BTreeMap;

impl Lambda {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        change(cx, &input.resource, |tags| tags.extend(input.tags)).await?;
        Ok(TagResourceOutput {})
    }
    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change(cx, &input.resource, |tags| tags.retain(|key, _| !input.tag_keys.contains(key))).await?;
        Ok(UntagResourceOutput {})
    }
    /// All tags.
    pub async fn list_tags(&self, cx: &Context, input: ListTagsInput) -> Result<ListTagsOutput, Fault> {
        let name = of_function(cx, &input.resource)?;
        Ok(ListTagsOutput { tags: Some(cx.store().read(|s| function(s, &name))?.tags) })
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
