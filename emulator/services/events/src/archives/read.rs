//! DescribeArchive and ListArchives.

use super::rows::*;
use crate::{EventBridge, check, model::*, names::*, state};
use kit::{Context, Fault, Read};

impl EventBridge {
    /// Describes an archive.
    pub async fn describe_archive(&self, cx: &Context, input: DescribeArchiveInput) -> Result<DescribeArchiveOutput, Fault> {
        let archive = cx.store().read(|s| archive(s, cx.scope(), &input.archive_name))?;
        Ok(DescribeArchiveOutput {
            archive_arn: Some(archive_arn(cx.scope(), &archive.name)),
            archive_name: Some(archive.name),
            event_source_arn: Some(bus_arn(cx.scope(), &archive.bus)),
            description: archive.description,
            event_pattern: archive.pattern,
            state: Some(ArchiveState::Enabled),
            retention_days: Some(archive.retention_days),
            size_bytes: Some(archive.bytes),
            event_count: Some(archive.events),
            creation_time: Some(archive.created),
            ..Default::default()
        })
    }

    /// Archives by name; all here are enabled.
    pub async fn list_archives(&self, cx: &Context, input: ListArchivesInput) -> Result<ListArchivesOutput, Fault> {
        check::one_filter("ListArchives", [input.state.is_some(), input.event_source_arn.is_some(), input.name_prefix.is_some()])?;
        let bus = input.event_source_arn.as_deref().map(|arn| BusName::read(cx, Some(arn)));
        let all: Vec<StoredArchive> = cx.store().read(|s| {
            if let Some(bus) = &bus {
                state::bus(s, bus)?;
            }
            s.scan(&ARCHIVES, cx.scope()).map(|row| row.map(|(_, archive)| archive)).collect::<Result<_, Fault>>()
        })?;
        let wanted = |archive: &StoredArchive| {
            input.name_prefix.as_ref().is_none_or(|prefix| archive.name.starts_with(prefix))
                && bus.as_ref().is_none_or(|bus| bus.name == archive.bus)
                && input.state.is_none_or(|state| state == ArchiveState::Enabled)
        };
        let limit = check::limit(input.limit);
        let page =
            kit::pages::page(all.into_iter().filter(wanted), |a| a.name.clone(), input.next_token.as_deref(), limit, check::bad_token)?;
        let show = |archive: StoredArchive| Archive {
            archive_name: Some(archive.name),
            event_source_arn: Some(bus_arn(cx.scope(), &archive.bus)),
            state: Some(ArchiveState::Enabled),
            state_reason: None,
            retention_days: Some(archive.retention_days),
            size_bytes: Some(archive.bytes),
            event_count: Some(archive.events),
            creation_time: Some(archive.created),
        };
        Ok(ListArchivesOutput { archives: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }
}
