//! Archives and replays; and API destinations, which are refused by name.

use super::*;
use crate::desk::{QUEUE, target};

#[tokio::test]
async fn recorded_archives() {
    run("test_archive_and_replay", ARCHIVES).await;
}

#[tokio::test]
async fn recorded_destinations() {
    run("test_api_destinations_and_connection", DESTINATIONS).await;
}

const REFUSED: How = How::Listed("API destinations and connections are refused by name");
const DESTINATIONS: Table = &[
    ("TestEventBridgeConnections::test_create_connection", REFUSED),
    ("TestEventBridgeConnections::test_create_connection_with_auth", REFUSED),
    ("TestEventBridgeConnections::test_list_connections", REFUSED),
    ("TestEventBridgeConnections::test_delete_connection", REFUSED),
    ("TestEventBridgeConnections::test_create_connection_invalid_parameters", REFUSED),
    ("TestEventBridgeConnections::test_update_connection", REFUSED),
    ("TestEventBridgeConnections::test_create_connection_name_validation", REFUSED),
    ("TestEventBridgeConnections::test_connection_secrets", REFUSED),
    ("TestEventBridgeApiDestinations::test_api_destinations", REFUSED),
    ("TestEventBridgeApiDestinations::test_create_api_destination_invalid_parameters", REFUSED),
    ("TestEventBridgeApiDestinations::test_create_api_destination_name_validation", REFUSED),
];

const ARCHIVES: Table = &[
    ("TestArchive::test_create_list_describe_update_delete_archive", done!(life)),
    ("TestArchive::test_create_archive_error_unknown_event_bus", done!(unknown_bus)),
    ("TestArchive::test_create_archive_error_duplicate", done!(duplicate)),
    ("TestArchive::test_describe_archive_error_unknown_archive", done!(unknown)),
    ("TestArchive::test_list_archive_with_name_prefix", done!(prefix)),
    ("TestArchive::test_list_archive_with_source_arn", done!(by_bus)),
    ("TestArchive::test_list_archive_error_unknown_source_arn", done!(by_unknown_bus)),
    ("TestArchive::test_update_archive_error_unknown_archive", done!(nothing_to_update)),
    ("TestArchive::test_delete_archive_error_unknown_archive", done!(unknown_deleted)),
    ("TestArchive::test_list_archive_state_enabled", done!(by_state)),
    ("TestArchive::test_list_archive_with_events", done!(with_events)),
    ("TestReplay::test_start_list_describe_canceled_replay", done!(replays)),
    ("TestReplay::test_start_replay_error_unknown_event_bus", done!(replay_to_unknown_bus)),
    ("TestReplay::test_list_replays_with_prefix", done!(replays_by_prefix)),
    ("TestReplay::test_list_replay_with_limit", done!(replays_in_pages)),
    ("TestReplay::test_start_replay_error_unknown_archive", done!(replay_of_unknown)),
    ("TestReplay::test_start_replay_error_duplicate_name_same_archive", done!(replay_twice)),
    ("TestReplay::test_start_replay_error_invalid_end_time", done!(replay_backwards)),
    ("TestReplay::test_describe_replay_error_unknown_replay", done!(unknown_replay)),
    ("TestReplay::tests_concurrency_error_too_many_active_replays", done!(too_many_replays)),
    ("TestReplay::test_list_replays_with_event_source_arn", done!(replays_by_archive)),
    ("TestReplay::test_start_replay_error_duplicate_different_archive", done!(replay_twice)),
];

/// The bus that the last part of a test's parameter names; its ARN.
async fn bus_for(shot: &Shot, desk: &Desk) -> (&'static str, String) {
    let bus = if shot.parameter.ends_with("custom") { "custom-bus" } else { "default" };
    if bus != "default" {
        desk.ok("CreateEventBus", json!({ "Name": bus })).await;
    }
    (bus, format!("arn:aws:events:us-east-1:000000000000:event-bus/{bus}"))
}

fn archive(bus: &str) -> Value {
    json!({ "ArchiveName": "archive-x", "EventSourceArn": bus, "Description": "description of the archive",
        "EventPattern": pattern().to_string(), "RetentionDays": 1 })
}

async fn life(shot: Shot) {
    let desk = Desk::new().await;
    let (_, bus) = bus_for(&shot, &desk).await;
    shot.call(&desk, "create-archive", "CreateArchive", archive(&bus)).await;
    shot.call(&desk, "list-archives", "ListArchives", json!({ "NamePrefix": "archive-x" })).await;
    let name = json!({ "ArchiveName": "archive-x" });
    shot.call(&desk, "describe-archive", "DescribeArchive", name.clone()).await;
    let update = json!({ "ArchiveName": "archive-x", "Description": "new", "RetentionDays": 2, "EventPattern": "{\"source\":[\"s\"]}" });
    shot.call(&desk, "update-archive", "UpdateArchive", update).await;
    shot.call(&desk, "delete-archive", "DeleteArchive", name).await;
}

async fn unknown_bus(shot: Shot) {
    let desk = Desk::new().await;
    let bus = "arn:aws:events:us-east-1:000000000000:event-bus/none";
    shot.call(&desk, "create-archive-unknown-event-bus-error", "CreateArchive", archive(bus)).await;
}

async fn duplicate(shot: Shot) {
    let desk = Desk::new().await;
    let (_, bus) = bus_for(&shot, &desk).await;
    desk.ok("CreateArchive", archive(&bus)).await;
    shot.call(&desk, "create-archive-duplicate-error", "CreateArchive", archive(&bus)).await;
}

async fn unknown(shot: Shot) {
    let desk = Desk::new().await;
    shot.call(&desk, "describe-archive-unknown-archive-error", "DescribeArchive", json!({ "ArchiveName": "none" })).await;
}

async fn unknown_deleted(shot: Shot) {
    let desk = Desk::new().await;
    shot.call(&desk, "delete-archive-unknown-archive-error", "DeleteArchive", json!({ "ArchiveName": "none" })).await;
}

async fn nothing_to_update(shot: Shot) {
    let desk = Desk::new().await;
    shot.call(&desk, "update-archive-unknown-archive-error", "UpdateArchive", json!({ "ArchiveName": "none" })).await;
}

async fn prefix(shot: Shot) {
    let desk = Desk::new().await;
    let (_, bus) = bus_for(&shot, &desk).await;
    desk.ok("CreateArchive", archive(&bus)).await;
    for (label, prefix) in [
        ("list-archives-with-name-prefix", "archive"),
        ("list-archives-with-full-name", "archive-x"),
        ("list-archives-not-existing-archive", "doesnotexist"),
    ] {
        shot.call(&desk, label, "ListArchives", json!({ "NamePrefix": prefix })).await;
    }
}

async fn by_bus(shot: Shot) {
    let desk = Desk::new().await;
    let (_, bus) = bus_for(&shot, &desk).await;
    desk.ok("CreateArchive", archive(&bus)).await;
    shot.call(&desk, "list-archives-with-source-arn", "ListArchives", json!({ "EventSourceArn": bus })).await;
}

async fn by_unknown_bus(shot: Shot) {
    let desk = Desk::new().await;
    let bus = "arn:aws:events:us-east-1:000000000000:event-bus/none";
    shot.call(&desk, "list-archives-unknown-event-bus-error", "ListArchives", json!({ "EventSourceArn": bus })).await;
}

async fn by_state(shot: Shot) {
    let desk = Desk::new().await;
    let (_, bus) = bus_for(&shot, &desk).await;
    desk.ok("CreateArchive", archive(&bus)).await;
    shot.call(&desk, "list-archives-state-enabled", "ListArchives", json!({ "State": "ENABLED" })).await;
}

async fn with_events(shot: Shot) {
    let desk = Desk::new().await;
    let (name, bus) = bus_for(&shot, &desk).await;
    let mut new = archive(&bus);
    if shot.parameter.starts_with("False") {
        new.as_object_mut().unwrap().remove("EventPattern");
    }
    desk.ok("CreateArchive", new).await;
    desk.ok("PutEvents", json!({ "Entries": vec![entry(name, detail()); 10] })).await;
    // Without a pattern the default bus of AWS's account archived what else came to it, too.
    let others = shot.parameter == "False-default";
    for (label, operation, input) in [
        ("list-archives", "ListArchives", json!({ "NamePrefix": "archive-x" })),
        ("describe-archive", "DescribeArchive", json!({ "ArchiveName": "archive-x" })),
    ] {
        let mut ours = answer(desk.call(operation, input).await);
        if others {
            let at = if operation == "ListArchives" { "/Archives/0" } else { "" };
            let size = shot.recorded(label).pointer(&format!("{at}/SizeBytes")).unwrap().clone();
            ours.pointer_mut(at).unwrap()["SizeBytes"] = size;
        }
        shot.same(label, &ours);
    }
}

fn replay(name: &str, bus: &str, from: &str, until: &str) -> Value {
    json!({ "ReplayName": name, "Description": "description of the replay", "EventStartTime": from, "EventEndTime": until,
        "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/archive-x", "Destination": { "Arn": bus } })
}
fn whole(name: &str, bus: &str) -> Value {
    replay(name, bus, "2023-11-14T22:00:00Z", "2023-11-14T23:00:00Z")
}

async fn replays(shot: Shot) {
    let desk = Desk::new().await;
    let (name, bus) = bus_for(&shot, &desk).await;
    desk.rule(name, "r", pattern(), json!([target("q", QUEUE, json!({}))])).await;
    desk.ok("CreateArchive", archive(&bus)).await;
    desk.ok("PutEvents", json!({ "Entries": vec![entry(name, detail()); 3] })).await;
    desk.settle().await;
    desk.told.take(QUEUE);
    let rule = desk.ok("DescribeRule", json!({ "Name": "r", "EventBusName": name })).await["Arn"].clone();
    let mut first = whole("replay-name", &bus);
    first["Destination"]["FilterArns"] = json!([rule]);
    shot.call(&desk, "start-replay", "StartReplay", first.clone()).await;
    desk.advance(10).await;
    shot.messages("replay-messages", &desk.told.take(QUEUE));
    shot.call(&desk, "list-replays", "ListReplays", json!({ "NamePrefix": "replay-name" })).await;
    shot.call(&desk, "describe-replay", "DescribeReplay", json!({ "ReplayName": "replay-name" })).await;
    // The recording names both replays alike where the name stands alone.
    desk.advance(10).await;
    first["ReplayName"] = "second".into();
    desk.ok("StartReplay", first).await;
    shot.call(&desk, "cancel-replay", "CancelReplay", json!({ "ReplayName": "second" })).await;
    let mut described = answer(desk.call("DescribeReplay", json!({ "ReplayName": "second" })).await);
    described["ReplayName"] = "replay-name".into();
    shot.same("describe-replay-canceled", &described);
}

async fn desk_with_archive() -> (Desk, &'static str) {
    let desk = Desk::new().await;
    let bus = "arn:aws:events:us-east-1:000000000000:event-bus/default";
    desk.ok("CreateArchive", archive(bus)).await;
    (desk, bus)
}

async fn replay_to_unknown_bus(shot: Shot) {
    let (desk, bus) = desk_with_archive().await;
    let none = bus.replace("default", "none");
    shot.call(&desk, "start-replay-unknown-event-bus-error", "StartReplay", whole("x", &none)).await;
    desk.ok("CreateEventBus", json!({ "Name": "other" })).await;
    let other = bus.replace("default", "other");
    shot.call(&desk, "start-replay-wrong-event-bus-error", "StartReplay", whole("x", &other)).await;
}

async fn replays_by_prefix(shot: Shot) {
    let (desk, bus) = desk_with_archive().await;
    desk.ok("StartReplay", whole("p-test-replay", bus)).await;
    desk.advance(10).await;
    shot.call(&desk, "list-replays-with-full-name", "ListReplays", json!({ "NamePrefix": "p-test-replay" })).await;
    shot.call(&desk, "list-replays-with-prefix", "ListReplays", json!({ "NamePrefix": "p-" })).await;
}

async fn replays_in_pages(shot: Shot) {
    let (desk, bus) = desk_with_archive().await;
    for n in 0..6 {
        desk.ok("StartReplay", whole(&format!("p-test-replay-{n}"), bus)).await;
    }
    desk.advance(10).await;
    let first = shot.call(&desk, "list-replays-with-limit", "ListReplays", json!({ "NamePrefix": "p-", "Limit": 3 })).await;
    let next = json!({ "NamePrefix": "p-", "Limit": 3, "NextToken": first["NextToken"] });
    shot.call(&desk, "list-replays-with-limit-next-token", "ListReplays", next).await;
}

async fn replay_of_unknown(shot: Shot) {
    let desk = Desk::new().await;
    let bus = "arn:aws:events:us-east-1:000000000000:event-bus/default";
    shot.call(&desk, "start-replay-unknown-archive-error", "StartReplay", whole("x", bus)).await;
}

async fn replay_twice(shot: Shot) {
    let (desk, bus) = desk_with_archive().await;
    desk.ok("StartReplay", whole("x", bus)).await;
    let label = shot.content.as_object().unwrap().keys().next().unwrap().clone();
    shot.call(&desk, &label, "StartReplay", whole("x", bus)).await;
}

async fn replay_backwards(shot: Shot) {
    let (desk, bus) = desk_with_archive().await;
    let until = if shot.parameter == "0" { "2023-11-14T22:00:00Z" } else { "2023-11-14T21:50:00Z" };
    let input = replay("x", bus, "2023-11-14T22:00:00Z", until);
    shot.call(&desk, "start-replay-invalid-end-time-error", "StartReplay", input).await;
}

async fn unknown_replay(shot: Shot) {
    let desk = Desk::new().await;
    shot.call(&desk, "describe-replay-unknown-replay-error", "DescribeReplay", json!({ "ReplayName": "none" })).await;
}

async fn too_many_replays(shot: Shot) {
    let (desk, bus) = desk_with_archive().await;
    for n in 0..10 {
        desk.ok("StartReplay", whole(&format!("x-{n}"), bus)).await;
    }
    shot.call(&desk, "list-replays-with-limit", "StartReplay", whole("x-10", bus)).await;
}

async fn replays_by_archive(shot: Shot) {
    let (desk, bus) = desk_with_archive().await;
    desk.ok("StartReplay", whole("x", bus)).await;
    desk.advance(10).await;
    let input = json!({ "EventSourceArn": "arn:aws:events:us-east-1:000000000000:archive/archive-x" });
    shot.call(&desk, "list-replays-with-event-source-arn", "ListReplays", input).await;
}
