//! The API of mappings. What AWS does in the minute after an answer (`Creating`, `Updating`, `Deleting`) is done here when the answer leaves.

use super::{MAPPINGS, Mapping, check, find, kafka};
use crate::{Lambda, functions::bad_marker, model::*, names::Name, state::*};
use kit::{Arn, Context, Fault, Read, Scope};

impl Lambda {
    /// Makes a mapping and begins to poll.
    pub async fn create_event_source_mapping(
        &self,
        cx: &Context,
        input: CreateEventSourceMappingInput,
    ) -> Result<CreateEventSourceMappingOutput, Fault> {
        let mut mapping = check::create(cx, &input).await?;
        mapping.uuid = cx.ids().uuid();
        if let Some(topic) = &mut mapping.kafka
            && topic.group.is_empty()
        {
            topic.group.clone_from(&mapping.uuid);
        }
        let scope = cx.scope();
        cx.store()
            .write(|tx| {
                for row in tx.scan(&MAPPINGS, scope) {
                    let (uuid, other) = row?;
                    apart(&mapping, &other, scope, &uuid)?;
                    let same = (&other.queue_arn, &other.function, &other.qualifier);
                    if mapping.kafka.is_none() && same == (&mapping.queue_arn, &mapping.function, &mapping.qualifier) {
                        return Err(user(Error::ResourceConflict.says(format!(
                            "An event source mapping with SQS arn (\" {} \") and function (\" {} \") already exists. Please update or delete the existing mapping with UUID {uuid}",
                            mapping.queue_arn, mapping.function
                        ))));
                    }
                }
                tx.put(&MAPPINGS, scope, &mapping.uuid, &mapping)
            })
            .await?;
        let shown = self.shown(scope, &mapping, if mapping.enabled { "Creating" } else { "Disabled" });
        // The connection is tested before the answer leaves, so that whoever asks next is told.
        kafka::test(self, cx, &mapping).await;
        self.know_mapping(cx, scope, &mapping);
        Ok(shown)
    }

    /// Changes a mapping.
    pub async fn update_event_source_mapping(
        &self,
        cx: &Context,
        input: UpdateEventSourceMappingInput,
    ) -> Result<UpdateEventSourceMappingOutput, Fault> {
        let before = cx.store().read(|s| find(s, cx, &input.uuid))?;
        let mut wanted = check::update(cx, &before, &input).await?;
        wanted.modified = cx.now();
        let scope = cx.scope();
        cx.store()
            .write(|tx| {
                // Someone else was faster: what they changed would be lost.
                if find(tx, cx, &input.uuid)? != before {
                    return Err(user(Error::ResourceInUse.says("The event source mapping is being changed by another request.")));
                }
                tx.put(&MAPPINGS, scope, &wanted.uuid, &wanted)
            })
            .await?;
        self.know_mapping(cx, scope, &wanted);
        let state = match (before.enabled, wanted.enabled) {
            (true, false) => "Disabling",
            (false, true) => "Enabling",
            (true, true) => "Updating",
            (false, false) => "Disabled",
        };
        Ok(self.shown(scope, &wanted, state))
    }

    /// One mapping.
    pub async fn get_event_source_mapping(
        &self,
        cx: &Context,
        input: GetEventSourceMappingInput,
    ) -> Result<GetEventSourceMappingOutput, Fault> {
        let mapping = cx.store().read(|s| find(s, cx, &input.uuid))?;
        Ok(self.shown(cx.scope(), &mapping, mapping.state()))
    }

    /// Mappings, of one function or queue where asked.
    pub async fn list_event_source_mappings(
        &self,
        cx: &Context,
        input: ListEventSourceMappingsInput,
    ) -> Result<ListEventSourceMappingsOutput, Fault> {
        let function = input.function_name.as_deref().map(|text| Name::parse(cx, text, None)).transpose()?;
        let wanted = |mapping: &Mapping| {
            let of = |name: &Name| name.function == mapping.function && name.qualifier == mapping.qualifier;
            input.event_source_arn.as_ref().is_none_or(|arn| *arn == mapping.queue_arn) && function.as_ref().is_none_or(of)
        };
        let rows = cx.store().read(|s| s.scan(&MAPPINGS, cx.scope()).collect::<Result<Vec<_>, Fault>>())?;
        let limit = input.max_items.unwrap_or(100).min(100) as usize;
        let rows = rows.into_iter().map(|(_, mapping)| mapping).filter(wanted);
        let page = kit::pages::page(rows, |m| m.uuid.clone(), input.marker.as_deref(), limit, bad_marker)?;
        let shown = page.items.iter().map(|mapping| self.shown(cx.scope(), mapping, mapping.state())).collect();
        Ok(ListEventSourceMappingsOutput { event_source_mappings: Some(shown), next_marker: page.next })
    }

    /// Takes a mapping away; what it has under way comes to its end.
    pub async fn delete_event_source_mapping(
        &self,
        cx: &Context,
        input: DeleteEventSourceMappingInput,
    ) -> Result<DeleteEventSourceMappingOutput, Fault> {
        let mapping = cx
            .store()
            .write(|tx| {
                let mapping = find(tx, cx, &input.uuid)?;
                tx.delete(&MAPPINGS, cx.scope(), &mapping.uuid)?;
                Ok(mapping)
            })
            .await?;
        self.pollers.forget(cx.scope(), &mapping.uuid);
        self.topics.forget(cx.scope(), &mapping.uuid);
        Ok(self.shown(cx.scope(), &mapping, "Deleting"))
    }

    fn know_mapping(&self, cx: &Context, scope: &Scope, mapping: &Mapping) {
        match mapping.kafka {
            Some(_) => self.topics.know(cx.cloud(), scope, mapping),
            None => self.pollers.know(cx, scope, mapping),
        }
    }

    /// A mapping in a state, with how it fares.
    fn shown(&self, scope: &Scope, mapping: &Mapping, state: &str) -> EventSourceMappingConfiguration {
        let mut shown = mapping.show(scope, state);
        if let Some(topic) = &mapping.kafka {
            topic.show(mapping, &self.topics.status(scope, &mapping.uuid), &mut shown);
        }
        shown
    }
}

/// Two mappings of one topic for one function are refused, and two with one consumer group (AWS's guide: it must be unique).
fn apart(wanted: &Mapping, other: &Mapping, scope: &Scope, uuid: &str) -> Result<(), Fault> {
    let (Some(topic), Some(known)) = (&wanted.kafka, &other.kafka) else { return Ok(()) };
    let of = |m: &Mapping| (m.queue_arn.clone(), m.function.clone(), m.qualifier.clone());
    // Servers may be named in part: one in common makes it the same source, as recorded.
    let common = topic.servers.is_empty() && known.servers.is_empty() || topic.servers.iter().any(|server| known.servers.contains(server));
    if common && of(wanted) == of(other) && topic.topic == known.topic {
        return Err(user(Error::ResourceConflict.says(format!(
            "An event source mapping with event source (\"{}\"), function (\"{}\"), topics (\"{}\") already exists. Please update or delete the existing mapping with UUID {uuid}",
            topic.source(wanted),
            wanted.name(scope).arn(),
            topic.topic
        ))));
    }
    if common && wanted.queue_arn == other.queue_arn && topic.group == known.group {
        let group = &topic.group;
        return Err(user(
            Error::ResourceConflict.says(format!("The consumer group ID {group} is used by the existing mapping with UUID {uuid}")),
        ));
    }
    Ok(())
}

/// The UUID in the ARN of a mapping.
pub(crate) fn by_arn(text: &str) -> Option<String> {
    let arn = Arn::parse(text).filter(|arn| arn.service == "lambda")?;
    arn.after("event-source-mapping:").map(str::to_owned)
}
