//! Answers recorded from AWS: each recorded test is played here and its answers compared whole, or stands in the table with the reason why not.
//! Skipped, aloud, where the recordings are not at hand.

mod batches;
mod fifo;
mod messages;
mod moves;
mod play;
mod queues;

use play::{Case, Play};
use serde_json::Value;
use std::{future::Future, pin::Pin};

/// What becomes of a recorded test.
enum How {
    Played(fn(Case) -> Pin<Box<dyn Future<Output = Play>>>),
    Left(&'static str),
}

macro_rules! played {
    ($($path:ident)::+ $(($($argument:expr),*))?) => {
        How::Played(|case| Box::pin(async { $($path)::+(case $($(, $argument)*)?).await }))
    };
}

const NOTHING: How = How::Left("the recording holds no answer");
const PACE: How = How::Left("how many messages AWS has moved at that moment is chance; moves.rs tests the same steps");

/// Every recorded test of `test_sqs` and `test_sqs_move_task`, by its name without parameters.
const TABLE: &[(&str, How)] = &[
    ("test_send_receive_max_number_of_messages", played!(messages::most)),
    ("test_send_oversized_message", played!(messages::oversized(1_048_576))),
    ("test_send_message_with_updated_maximum_message_size", played!(messages::oversized(1024))),
    ("test_send_message_with_binary_attributes", played!(messages::binary)),
    ("test_send_message_with_empty_string_attribute", played!(messages::empty_attribute)),
    ("test_send_empty_message", played!(messages::empty)),
    ("test_send_receive_wait_time_seconds", played!(messages::waits)),
    ("test_receive_empty_queue", played!(messages::nothing)),
    ("test_receive_message_message_attribute_names_filters", played!(messages::attribute_names)),
    ("test_receive_message_attribute_names_filters", played!(messages::system_names("AttributeNames"))),
    ("test_receive_message_message_system_attribute_names_filters", played!(messages::system_names("MessageSystemAttributeNames"))),
    ("test_message_system_attribute_names_with_attribute_names", played!(messages::both_names)),
    ("test_aws_trace_header_propagation", played!(messages::trace)),
    ("test_change_message_visibility_after_visibility_timeout_expiration", played!(messages::hidden_late)),
    ("test_delete_after_visibility_timeout", played!(messages::deleted_late)),
    ("test_dead_letter_queue_message_attributes", played!(messages::buried)),
    ("test_fair_queue_with_message_group_id", played!(messages::fair)),
    ("test_send_message_to_standard_queue_with_invalid_message_group_id", played!(messages::bad_group)),
    ("test_send_message_batch_with_oversized_contents", played!(batches::oversized)),
    ("test_send_message_batch_with_oversized_contents_with_updated_maximum_message_size", played!(batches::updated)),
    ("test_send_batch_message_size", played!(batches::sizes)),
    ("test_too_many_entries_in_batch_request", played!(batches::too_many)),
    ("test_invalid_batch_id", played!(batches::invalid_id)),
    ("test_send_batch_missing_deduplication_id_for_fifo_queue", played!(batches::no_deduplication)),
    ("test_send_batch_missing_message_group_id_for_fifo_queue", played!(batches::no_group)),
    ("test_delete_message_batch_invalid_msg_id", played!(batches::delete_invalid_id)),
    ("test_delete_message_batch_with_too_large_batch", played!(batches::too_many_of("DeleteMessageBatch"))),
    ("test_change_message_visibility_batch_with_too_large_batch", played!(batches::too_many_of("ChangeMessageVisibilityBatch"))),
    ("test_tag_untag_queue", played!(queues::tags)),
    ("test_create_fifo_queue_with_different_attributes_raises_error", played!(queues::other_fifo)),
    ("test_create_queue_with_different_attributes_raises_exception", played!(queues::other)),
    ("test_create_and_update_queue_attributes", played!(queues::updated)),
    ("test_create_standard_queue_with_fifo_attribute_raises_error", played!(queues::fifo_attributes)),
    ("test_set_unsupported_attribute_standard", played!(queues::unsupported)),
    ("test_set_unsupported_attribute_fifo", played!(queues::unsupported_fifo)),
    ("test_set_queue_attributes_default_values", played!(queues::defaults)),
    ("test_sse_queue_attributes", played!(queues::sealed)),
    ("test_sse_kms_and_sqs_are_mutually_exclusive", played!(queues::sealed_twice)),
    ("test_sqs_permission_lifecycle", played!(queues::permissions)),
    ("test_successive_purge_calls_fail", played!(queues::purged_twice)),
    ("test_list_queues_pagination", How::Left("URLs and token are LocalStack's: they name its host")),
    (
        "test_non_existent_queue",
        How::Left("a recording of both protocols at once; AWS says 'for this wsdl version' to query clients, we do not"),
    ),
    ("test_send_message_via_queue_url_with_json_protocol", How::Left("the answer is the gateway's; wire.rs tests it")),
    ("test_set_empty_redrive_policy", NOTHING),
    ("test_invalid_dead_letter_arn_rejected_before_lookup", NOTHING),
    ("test_dead_letter_queue_with_fifo_and_content_based_deduplication", NOTHING),
    ("test_approximate_number_of_messages_not_visible", NOTHING),
    ("test_fifo_approximate_number_of_messages_not_visible", NOTHING),
    ("test_fifo_delete_message_with_expired_receipt_handle", NOTHING),
    ("test_message_deduplication_id_success", NOTHING),
    ("test_message_deduplication_id_invalid", played!(fifo::bad_deduplication)),
    ("test_fifo_empty_message_groups_added_back_to_queue", played!(fifo::emptied)),
    ("test_fifo_queue_send_message_with_delay_seconds_fails", played!(fifo::delayed)),
    ("test_fifo_queue_send_message_with_zero_delay_defaults_to_queue_delay", played!(fifo::delayed_by_queue)),
    ("test_fifo_message_attributes", played!(fifo::attributes)),
    ("test_fifo_set_content_based_deduplication_strategy", played!(fifo::strategy)),
    ("test_fifo_deduplication_arrives_once_after_delete", played!(fifo::once(true))),
    ("test_fifo_deduplication_not_on_message_group_id", played!(fifo::once(false))),
    ("test_posting_to_fifo_requires_deduplicationid_group_id", played!(fifo::required)),
    ("test_sqs_fifo_same_dedup_id_different_message_groups", played!(fifo::two_groups("queue", "perQueue", "Test"))),
    ("test_sqs_fifo_message_group_scope_no_throughput_setting", played!(fifo::two_groups("messageGroup", "perQueue", "Test"))),
    ("test_fifo_high_throughput_ordering", played!(fifo::two_groups("messageGroup", "perMessageGroupId", ""))),
    ("test_fifo_change_to_high_throughput_after_creation", played!(fifo::to_high_throughput)),
    ("test_fifo_change_to_regular_throughput_after_creation", played!(fifo::to_regular_throughput)),
    ("test_fifo_delete_after_visibility_timeout", played!(fifo::deleted_late)),
    ("test_fifo_delete_after_visibility_timeout_extended", played!(fifo::deleted_in_time)),
    ("test_fifo_group_visibility_extends_with_change_message_visibility", played!(fifo::group_hidden)),
    ("test_basic_move_task_workflow", played!(moves::to_destination)),
    ("test_move_task_workflow_with_default_destination", played!(moves::back)),
    ("test_move_task_workflow_with_multiple_sources_as_default_destination", played!(moves::back_to_two)),
    ("test_move_task_with_throughput_limit", played!(moves::started)),
    ("test_start_multiple_move_tasks", played!(moves::two_at_once)),
    ("test_source_needs_redrive_policy", played!(moves::no_source)),
    ("test_destination_needs_to_exist", played!(moves::no_destination)),
    ("test_cancel_with_invalid_task_handle", played!(moves::bad_handle)),
    ("test_cancel_with_invalid_source_arn_in_task_handle", played!(moves::handle_of_nothing)),
    ("test_cancel_with_invalid_task_id_in_task_handle", played!(moves::handle_of_no_task)),
    ("test_move_task_cancel", PACE),
    ("test_move_task_delete_destination_queue_while_running", played!(moves::destination_deleted)),
];

/// Tests whose recording by query clients differs from what the same members mean here.
const QUERY_LEFT: &[(&str, &str)] = &[(
    "test_message_system_attribute_names_with_attribute_names",
    "AWS hears a query client's AttributeName alone where both are given; here both count in either protocol",
)];

/// `Detail` is an empty element of query faults, `message` boto's copy of the sentence. Some recordings under a query client's name are a JSON
/// client's, so that the newer code is looked at where both have it: `wire.rs` looks at both protocols.
const IGNORED: [&str; 4] = ["ResponseMetadata", "Detail", "message", "QueryErrorCode"];

fn recordings() -> Option<Vec<(String, Value)>> {
    let mut all = Vec::new();
    for file in ["test_sqs", "test_sqs_move_task"] {
        let recorded = fakes::recorded::recordings(&format!("sqs/{file}"))?;
        all.extend(recorded.into_iter().map(|(name, value)| (name, value["recorded-content"].clone())));
    }
    Some(all)
}

#[tokio::test]
async fn answers_are_those_that_were_recorded() {
    let Some(recordings) = recordings() else { return };
    let (mut played, mut wrong, mut met) = (0, Vec::new(), std::collections::BTreeSet::new());
    for (name, recorded) in &recordings {
        let test = name.rsplit("::").next().unwrap();
        let (test, parameters) = test.split_once('[').map_or((test, ""), |(test, rest)| (test, rest.trim_end_matches(']')));
        met.insert(test);
        let (_, how) = TABLE.iter().find(|(known, _)| *known == test).unwrap_or_else(|| panic!("{name} is not in the table"));
        let case = Case::read(parameters);
        let ignored = if case.query { &IGNORED[..] } else { &IGNORED[..3] };
        let left = QUERY_LEFT.iter().find(|(known, _)| case.query && *known == test).map(|(_, reason)| reason);
        let play = match (how, left) {
            (How::Played(play), None) => play(case).await,
            (How::Left(reason), _) | (_, Some(reason)) => {
                println!("left: {name}: {reason}");
                continue;
            }
        };
        played += 1;
        let differences = fakes::recorded::differences(recorded, &Value::Object(play.answers), ignored);
        wrong.extend(differences.iter().map(|d| format!("{name}\n  {d}")));
    }
    println!("{played} of {} recorded tests were played", recordings.len());
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    for (test, _) in TABLE {
        assert!(met.contains(test), "{test} was never recorded");
    }
}
