//! Tags of buses and rules.

use crate::{EventBridge, check, model::*, names::*, state::*};
use kit::{Context, Fault};
use std::collections::BTreeMap;

impl EventBridge {
    /// Sets tags.
    pub async fn tag_resource(&self, cx: &Context, input: TagResourceInput) -> Result<TagResourceOutput, Fault> {
        check::tags(&input.tags)?;
        let set = tags(Some(input.tags));
        change(cx, &input.resource_arn, |tags| tags.extend(set)).await?;
        Ok(TagResourceOutput {})
    }
    /// Takes tags away.
    pub async fn untag_resource(&self, cx: &Context, input: UntagResourceInput) -> Result<UntagResourceOutput, Fault> {
        change(cx, &input.resource_arn, |tags| tags.retain(|key, _| !input.tag_keys.contains(key))).await?;
        Ok(UntagResourceOutput {})
    }
    /// All tags.
    pub async fn list_tags_for_resource(&self, cx: &Context, input: ListTagsForResourceInput) -> Result<ListTagsForResourceOutput, Fault> {
        let tags = cx.store().read(|s| match Tagged::read(&input.resource_arn)? {
            Tagged::Bus(name) => Ok(bus(s, &name)?.tags),
            Tagged::Rule(name) => Ok::<_, Fault>(rule(s, &name)?.tags),
        })?;
        Ok(ListTagsForResourceOutput { tags: Some(tags.into_iter().map(|(key, value)| Tag { key, value }).collect()) })
    }
}

enum Tagged {
    Bus(BusName),
    Rule(RuleName),
}

impl Tagged {
    fn read(arn: &str) -> Result<Tagged, Fault> {
        let bus = BusName::of_arn(arn).map(Tagged::Bus);
        let found = bus.or_else(|| RuleName::of_arn(arn).map(Tagged::Rule));
        found.ok_or_else(|| check::invalid(format!("Parameter ResourceARN is not valid. Reason: {arn} is no event bus and no rule.")))
    }
}

async fn change(cx: &Context, arn: &str, f: impl FnOnce(&mut BTreeMap<String, String>)) -> Result<(), Fault> {
    let tagged = Tagged::read(arn)?;
    let within = |tags: &BTreeMap<String, String>| if tags.len() > 50 { Err(check::too_many()) } else { Ok(()) };
    cx.store()
        .write(|tx| match &tagged {
            Tagged::Bus(name) => {
                let mut bus = bus(tx, name)?;
                f(&mut bus.tags);
                within(&bus.tags)?;
                tx.put(&BUSES, &name.scope, &bus.name, &bus)
            }
            Tagged::Rule(name) => {
                let mut rule = rule(tx, name)?;
                f(&mut rule.tags);
                within(&rule.tags)?;
                tx.put(&RULES, &name.bus.scope, &name.key(), &rule)
            }
        })
        .await
}
