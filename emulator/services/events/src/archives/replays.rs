//! StartReplay, DescribeReplay, ListReplays and CancelReplay.

use super::{REPLAY, rows::*};
use crate::{Error, EventBridge, check, model::*, names::*, state};
use kit::{Context, Fault, Read, Scope, store::NewTask};

/// AWS's quota of replays that run.
const MOST_ACTIVE: usize = 10;
/// AWS takes minutes to begin; a moment is enough to cancel one that has not begun.
const STARTING_NS: i128 = 2 * 1_000_000_000;

impl EventBridge {
    /// Starts to send an archive's events to the rules of its bus again.
    pub async fn start_replay(&self, cx: &Context, input: StartReplayInput) -> Result<StartReplayOutput, Fault> {
        let bus = BusName::read(cx, Some(&input.destination.arn));
        let archive_name = archive_of(&input.event_source_arn)?.to_owned();
        let replay = StoredReplay {
            name: input.replay_name,
            description: input.description,
            archive: archive_name.clone(),
            bus: bus.name.clone(),
            rules: input.destination.filter_arns.unwrap_or_default(),
            from: input.event_start_time,
            until: input.event_end_time,
            state: ReplayState::Starting.to_string(),
            started: cx.now(),
            ..StoredReplay::default()
        };
        cx.store()
            .write(|tx| {
                state::bus(tx, &bus)?;
                let archive = tx.get(&ARCHIVES, cx.scope(), &archive_name)?.ok_or_else(|| {
                    check::invalid(format!("Parameter EventSourceArn is not valid. Reason: Archive {archive_name} does not exist."))
                })?;
                if archive.bus != bus.name || bus.scope != *cx.scope() {
                    return Err(check::invalid("Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted."));
                }
                if replay.from >= replay.until {
                    let why = "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.";
                    return Err(check::invalid(why));
                }
                if tx.exists(&REPLAYS, cx.scope(), &replay.name)? {
                    return Err(Error::ResourceAlreadyExists.says(format!("Replay {} already exists.", replay.name)));
                }
                if every(tx, cx.scope())?.iter().filter(|replay| replay.is_active()).count() >= MOST_ACTIVE {
                    return Err(check::too_many());
                }
                tx.put(&REPLAYS, cx.scope(), &replay.name, &replay)?;
                let due = cx.now().plus_ns(STARTING_NS);
                tx.task(NewTask::new(cx.scope(), "events", REPLAY, &replay.name).at(due).cause(cx.ids().number()));
                Ok(())
            })
            .await?;
        Ok(StartReplayOutput {
            replay_arn: Some(replay_arn(cx.scope(), &replay.name)),
            state: replay.state(),
            state_reason: None,
            replay_start_time: Some(replay.started),
        })
    }

    /// Describes a replay.
    pub async fn describe_replay(&self, cx: &Context, input: DescribeReplayInput) -> Result<DescribeReplayOutput, Fault> {
        let replay = cx.store().read(|s| replay(s, cx.scope(), &input.replay_name))?;
        let filters = (!replay.rules.is_empty()).then(|| replay.rules.clone());
        Ok(DescribeReplayOutput {
            replay_arn: Some(replay_arn(cx.scope(), &replay.name)),
            state: replay.state(),
            event_source_arn: Some(archive_arn(cx.scope(), &replay.archive)),
            destination: Some(ReplayDestination { arn: bus_arn(cx.scope(), &replay.bus), filter_arns: filters }),
            event_last_replayed_time: replay.last.map(|(at, _)| at),
            replay_name: Some(replay.name),
            description: replay.description,
            state_reason: replay.reason,
            event_start_time: Some(replay.from),
            event_end_time: Some(replay.until),
            replay_start_time: Some(replay.started),
            replay_end_time: replay.ended,
        })
    }

    /// Replays by name.
    pub async fn list_replays(&self, cx: &Context, input: ListReplaysInput) -> Result<ListReplaysOutput, Fault> {
        check::one_filter("ListReplays", [input.state.is_some(), input.event_source_arn.is_some(), input.name_prefix.is_some()])?;
        let archive = input.event_source_arn.as_deref().map(archive_of).transpose()?;
        let all = cx.store().read(|s| every(s, cx.scope()))?;
        let wanted = |replay: &StoredReplay| {
            input.name_prefix.as_ref().is_none_or(|prefix| replay.name.starts_with(prefix))
                && archive.is_none_or(|archive| archive == replay.archive)
                && input.state.is_none_or(|state| Some(state) == replay.state())
        };
        let limit = check::limit(input.limit);
        let page =
            kit::pages::page(all.into_iter().filter(wanted), |r| r.name.clone(), input.next_token.as_deref(), limit, check::bad_token)?;
        let show = |replay: StoredReplay| Replay {
            event_source_arn: Some(archive_arn(cx.scope(), &replay.archive)),
            state: replay.state(),
            event_last_replayed_time: replay.last.map(|(at, _)| at),
            replay_name: Some(replay.name),
            state_reason: replay.reason,
            event_start_time: Some(replay.from),
            event_end_time: Some(replay.until),
            replay_start_time: Some(replay.started),
            replay_end_time: replay.ended,
        };
        Ok(ListReplaysOutput { replays: Some(page.items.into_iter().map(show).collect()), next_token: page.next })
    }

    /// Cancels a replay that has not ended.
    pub async fn cancel_replay(&self, cx: &Context, input: CancelReplayInput) -> Result<CancelReplayOutput, Fault> {
        let cancelled = cx
            .store()
            .write(|tx| {
                let mut replay = replay(tx, cx.scope(), &input.replay_name)?;
                if !matches!(replay.state(), Some(ReplayState::Starting | ReplayState::Running)) {
                    let why = format!("Replay {} is not in a valid state for this operation.", replay.name);
                    return Err(Error::IllegalStatus.says(why));
                }
                replay.state = ReplayState::Cancelling.to_string();
                tx.put(&REPLAYS, cx.scope(), &replay.name, &replay)?;
                Ok(replay)
            })
            .await?;
        Ok(CancelReplayOutput { replay_arn: Some(replay_arn(cx.scope(), &cancelled.name)), state: cancelled.state(), state_reason: None })
    }
}

fn every(read: &impl Read, scope: &Scope) -> Result<Vec<StoredReplay>, Fault> {
    read.scan(&REPLAYS, scope).map(|row| row.map(|(_, replay)| replay)).collect()
}
