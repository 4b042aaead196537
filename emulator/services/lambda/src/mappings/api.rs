//! The API of mappings. What AWS does in the minute after an answer (`Creating`, `Updating`, `Deleting`) is done here when the answer leaves.

use super::{MAPPINGS, Mapping, check, find};
use crate::{Lambda, functions::bad_marker, model::*, names::Name, state::*};
use kit::{Arn, Context, Fault, Read};

impl Lambda {
    /// Makes a mapping and begins to poll.
    pub async fn create_event_source_mapping(
        &self,
        cx: &Context,
        input: CreateEventSourceMappingInput,
    ) -> Result<CreateEventSourceMappingOutput, Fault> {
        let mut mapping = check::create(cx, &input).await?;
        mapping.uuid = cx.ids().uuid();
        let scope = cx.scope();
        cx.store()
            .write(|tx| {
                for row in tx.scan(&MAPPINGS, scope) {
                    let (uuid, other) = row?;
                    let same = (&other.queue_arn, &other.function, &other.qualifier);
                    if same == (&mapping.queue_arn, &mapping.function, &mapping.qualifier) {
                        return Err(user(Error::ResourceConflict.says(format!(
                            "An event source mapping with SQS arn (\" {} \") and function (\" {} \") already exists. Please update or delete the existing mapping with UUID {uuid}",
                            mapping.queue_arn, mapping.function
                        ))));
                    }
                }
                tx.put(&MAPPINGS, scope, &mapping.uuid, &mapping)
            })
            .await?;
        self.pollers.know(cx, scope, &mapping);
        Ok(mapping.show(scope, if mapping.enabled { "Creating" } else { "Disabled" }))
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
        self.pollers.know(cx, scope, &wanted);
        let state = match (before.enabled, wanted.enabled) {
            (true, false) => "Disabling",
            (false, true) => "Enabling",
            (true, true) => "Updating",
            (false, false) => "Disabled",
        };
        Ok(wanted.show(scope, state))
    }

    /// One mapping.
    pub async fn get_event_source_mapping(
        &self,
        cx: &Context,
        input: GetEventSourceMappingInput,
    ) -> Result<GetEventSourceMappingOutput, Fault> {
        let mapping = cx.store().read(|s| find(s, cx, &input.uuid))?;
        Ok(mapping.show(cx.scope(), mapping.state()))
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
        let shown = page.items.iter().map(|mapping| mapping.show(cx.scope(), mapping.state())).collect();
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
        Ok(mapping.show(cx.scope(), "Deleting"))
    }
}

/// The UUID in the ARN of a mapping.
pub(crate) fn by_arn(text: &str) -> Option<String> {
    let arn = Arn::parse(text).filter(|arn| arn.service == "lambda")?;
    arn.after("event-source-mapping:").map(str::to_owned)
}
