//! CreateArchive, UpdateArchive and DeleteArchive.

use super::{CLEAR, keep, rows::*};
use crate::{Error, EventBridge, check, model::*, names::BusName, patterns, state};
use kit::{Context, Fault, Read, store::NewTask};

impl EventBridge {
    /// Makes an archive of a bus; from now on it keeps what matches.
    pub async fn create_archive(&self, cx: &Context, input: CreateArchiveInput) -> Result<CreateArchiveOutput, Fault> {
        refuse_key(&input.kms_key_identifier)?;
        let bus = BusName::of_arn(&input.event_source_arn).ok_or_else(|| {
            check::invalid(format!("Parameter EventSourceArn is not valid. Reason: {} is no event bus.", input.event_source_arn))
        })?;
        if let Some(pattern) = &input.event_pattern {
            patterns::read(pattern)?;
        }
        let archive = StoredArchive {
            id: cx.ids().hex(16),
            name: input.archive_name,
            bus: bus.name.clone(),
            description: input.description,
            pattern: input.event_pattern,
            retention_days: input.retention_days.unwrap_or(0),
            events: 0,
            bytes: 0,
            created: cx.now(),
        };
        cx.store()
            .write(|tx| {
                state::bus(tx, &bus)?;
                if tx.exists(&ARCHIVES, cx.scope(), &archive.name)? {
                    return Err(Error::ResourceAlreadyExists.says(format!("Archive {} already exists.", archive.name)));
                }
                tx.put(&ARCHIVES, cx.scope(), &archive.name, &archive)
            })
            .await?;
        Ok(CreateArchiveOutput {
            archive_arn: Some(archive_arn(cx.scope(), &archive.name)),
            state: Some(ArchiveState::Enabled),
            state_reason: None,
            creation_time: Some(archive.created),
        })
    }

    /// Changes an archive; what is not given stays.
    pub async fn update_archive(&self, cx: &Context, input: UpdateArchiveInput) -> Result<UpdateArchiveOutput, Fault> {
        refuse_key(&input.kms_key_identifier)?;
        if input.description.is_none() && input.event_pattern.is_none() && input.retention_days.is_none() {
            return Err(check::invalid("At least one of EventPattern, RetentionDays or Description must be provided."));
        }
        if let Some(pattern) = &input.event_pattern {
            patterns::read(pattern)?;
        }
        let changed = cx
            .store()
            .write(|tx| {
                let mut archive = archive(tx, cx.scope(), &input.archive_name)?;
                archive.description = input.description.or(archive.description);
                archive.pattern = input.event_pattern.or(archive.pattern);
                archive.retention_days = input.retention_days.unwrap_or(archive.retention_days);
                tx.put(&ARCHIVES, cx.scope(), &archive.name, &archive)?;
                keep::plan_sweep(tx, cx.scope(), &archive)?;
                Ok(archive)
            })
            .await?;
        Ok(UpdateArchiveOutput {
            archive_arn: Some(archive_arn(cx.scope(), &changed.name)),
            state: Some(ArchiveState::Enabled),
            state_reason: None,
            creation_time: Some(changed.created),
        })
    }

    /// Deletes an archive; its events go in pages afterwards.
    pub async fn delete_archive(&self, cx: &Context, input: DeleteArchiveInput) -> Result<DeleteArchiveOutput, Fault> {
        cx.store()
            .write(|tx| {
                let archive = archive(tx, cx.scope(), &input.archive_name)?;
                tx.delete(&ARCHIVES, cx.scope(), &archive.name)?;
                tx.cancel_keyed("events", keep::SWEEP, &archive.id);
                tx.task(NewTask::new(cx.scope(), "events", CLEAR, &archive.id));
                Ok(())
            })
            .await?;
        Ok(DeleteArchiveOutput {})
    }
}

fn refuse_key(key: &Option<String>) -> Result<(), Fault> {
    match key.as_ref().is_some_and(|key| !key.is_empty()) {
        true => Err(check::not_implemented("customer managed keys of archives (KmsKeyIdentifier)")),
        false => Ok(()),
    }
}
