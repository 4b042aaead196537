//! Tags of secrets, in the order in which they came.

use crate::{SecretsManager, model::*, write::change};
use kit::{Context, Fault};

/// Tags of a secret; AWS's quota.
const MOST: usize = 50;

impl SecretsManager {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        change(cx, &input.secret_id, |secret| {
            let known = secret.tags.take().unwrap_or_default();
            secret.tags = Some(merged(known, input.tags.clone())?);
            Ok(())
        })
        .await?;
        Ok(TagResourceOutput {})
    }

    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change(cx, &input.secret_id, |secret| {
            if let Some(tags) = &mut secret.tags {
                tags.retain(|(key, _)| !input.tag_keys.contains(key));
            }
            Ok(())
        })
        .await?;
        Ok(UntagResourceOutput {})
    }
}

/// Tags with new ones laid over them.
pub(crate) fn merged(mut known: Vec<(String, String)>, new: Vec<Tag>) -> Result<Vec<(String, String)>, Fault> {
    for tag in new {
        let (key, value) = (tag.key.unwrap_or_default(), tag.value.unwrap_or_default());
        if key.is_empty() || key.to_ascii_lowercase().starts_with("aws:") {
            return Err(Error::InvalidParameter.says("Tag keys must not be empty and must not begin with aws:."));
        }
        match known.iter_mut().find(|(k, _)| *k == key) {
            Some(slot) => slot.1 = value,
            None => known.push((key, value)),
        }
    }
    match known.len() > MOST {
        true => Err(Error::LimitExceeded.says(format!("A secret can have at most {MOST} tags."))),
        false => Ok(known),
    }
}

/// Tags as they are told.
pub(crate) fn shown(tags: Vec<(String, String)>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
}
