//! Answers recorded from AWS: each recorded test is played here and its answers compared whole, or stands in the table with the reason why not.
//! Skipped, aloud, where the recordings are not at hand.

mod fifo;
mod filters;
mod http;
mod play;
mod policies;
mod publishing;
mod queues;
mod subscribing;
mod topics;

use play::Play;
use serde_json::Value;
use std::{future::Future, pin::Pin};

/// What becomes of a recorded test.
enum How {
    Played(fn() -> Pin<Box<dyn Future<Output = Play>>>),
    Left(&'static str),
}

macro_rules! played {
    ($($path:ident)::+ $(($($argument:expr),*))?) => {
        How::Played(|| Box::pin(async { $($path)::+($($($argument),*)?).await }))
    };
}

const SMS: How = How::Left("text messages to phones are refused by name");
const PUSH: How = How::Left("mobile push is refused by name");
const NOTHING: How = How::Left("the recording holds no answer");
const LAMBDA: How = How::Left("the answer is Lambda's: its functions are not part of this crate's tests");

/// Every recorded test of `test_sns` and `test_sns_filter_policy`, by the end of its name; the first that fits counts.
const TABLE: &[(&str, How)] = &[
    ("test_create_topic_with_attributes", played!(topics::with_attributes)),
    ("test_tags", played!(topics::tags)),
    ("test_tags_removed_after_deletion", played!(topics::tags_removed)),
    ("test_create_topic_test_arn", played!(topics::test_arn)),
    ("test_create_duplicate_topic_with_more_tags", played!(topics::more_tags)),
    ("test_create_duplicate_topic_check_idempotency", played!(topics::duplicate)),
    ("test_create_topic_after_delete_with_new_tags", played!(topics::after_delete)),
    ("test_topic_delivery_policy_crud", played!(topics::delivery_policy)),
    ("test_delete_topic_idempotency", played!(topics::deleted_twice)),
    ("test_delete_non_existent_topic", played!(topics::delete_nothing)),
    ("test_create_topic_should_be_idempotent", played!(topics::idempotent)),
    ("test_create_topic_different_attrs", played!(topics::different_attributes)),
    ("test_create_topic_name_constraints", played!(topics::names)),
    ("test_topic_get_attributes_with_fifo_false", played!(topics::fifo_false)),
    ("test_create_topic_in_multiple_regions", played!(topics::two_regions)),
    ("test_cross_region_access", played!(topics::other_region)),
    ("test_topic_add_permission", played!(topics::permission)),
    ("test_topic_add_multiple_permissions", played!(topics::permissions)),
    ("test_topic_remove_permission", played!(topics::permission_removed)),
    ("test_topic_policy_overwrite_lifecycle", NOTHING),
    ("test_add_permission_errors", played!(topics::permission_errors)),
    ("test_remove_permission_errors", played!(topics::permission_remove_errors)),
    ("test_data_protection_policy_crud", How::Left("data protection policies are refused by name")),
    ("test_publish_by_path_parameters", How::Left("the answer is the gateway's form of Publish; its signature is tested there")),
    ("test_publish_wrong_arn_format", played!(publishing::wrong_arns)),
    ("test_publish_message_by_target_arn", played!(publishing::by_target)),
    ("test_publish_message_before_subscribe_topic", played!(publishing::before_subscribing)),
    ("test_unknown_topic_publish", played!(publishing::unknown_topic)),
    ("test_topic_publish_another_region", played!(publishing::another_region)),
    ("test_publish_non_existent_target", played!(publishing::no_endpoint)),
    ("test_publish_with_empty_subject", played!(publishing::empty_subject)),
    ("test_empty_sns_message", played!(publishing::empty)),
    ("test_publish_too_long_message", played!(publishing::too_long)),
    ("test_publish_batch_too_long_message", played!(publishing::batch_too_long)),
    ("test_publish_batch_invalid_entry_id", played!(publishing::batch_ids)),
    ("test_message_structure_json_exc", played!(publishing::structure_errors)),
    ("test_publish_batch_messages_without_topic", played!(publishing::batch_without_topic)),
    ("test_publish_batch_exceptions", played!(publishing::batch_exceptions)),
    ("test_empty_or_wrong_message_attributes", played!(publishing::wrong_attributes)),
    ("test_message_attributes_prefixes", played!(publishing::attribute_types)),
    ("test_publish_wrong_phone_format", played!(publishing::phones)),
    ("test_subscribe_with_invalid_protocol", played!(subscribing::invalid_protocol)),
    ("test_unsubscribe_from_non_existing_subscription", played!(subscribing::unsubscribed_twice("empty-unsubscribe"))),
    ("test_create_subscriptions_with_attributes", played!(subscribing::with_attributes)),
    ("test_not_found_error_on_set_subscription_attributes", played!(subscribing::not_found)),
    ("test_validate_set_sub_attributes", played!(subscribing::validated)),
    ("test_sns_confirm_subscription_wrong_token", played!(subscribing::wrong_token)),
    ("test_list_subscriptions", NOTHING),
    ("test_subscribe_idempotency", played!(subscribing::idempotent)),
    ("test_unsubscribe_idempotency", played!(subscribing::unsubscribe_idempotent)),
    ("test_unsubscribe_wrong_arn_format", played!(subscribing::wrong_arns)),
    ("test_list_subscriptions_by_topic_pagination", SMS),
    ("test_subscribe_with_invalid_topic", played!(subscribing::invalid_topic)),
    ("test_subscribe_unknown_topic", played!(subscribing::unknown_topic)),
    ("test_subscribe_unknown_sqs_queue", played!(subscribing::unknown_queue)),
    ("test_subscribe_sqs_queue_url", played!(subscribing::queue_url("subscribe-sqs-via-url-error"))),
    ("test_subscribe_to_sqs_with_queue_url", played!(subscribing::queue_url("sub-queue-url"))),
    ("test_double_subscription", played!(subscribing::double)),
    ("test_creating_subscription", played!(subscribing::pending)),
    ("test_unsubscribe_from_deleted_topic", played!(subscribing::deleted_topic)),
    ("test_getting_subscriptions_by_topic", played!(subscribing::listed)),
    ("test_subscribe_attributes", played!(subscribing::attributes("get-subscription-attributes"))),
    ("test_creating_subscription_with_attributes", played!(subscribing::made_raw)),
    ("test_delete_subscriptions_on_delete_topic", played!(subscribing::topic_deleted)),
    ("test_set_subscription_attributes", played!(subscribing::set_raw)),
    ("test_subscribe_invalid_filter_policy", played!(subscribing::invalid_filter)),
    ("test_get_subscription_attributes_error_not_exists", played!(subscribing::nowhere)),
    ("test_subscribe_invalid_sms", played!(subscribing::invalid_phones)),
    ("test_subscribe_bad_sms", played!(subscribing::bad_phone)),
    ("test_confirm_subscription", played!(http::confirmed)),
    ("test_http_subscription_response", played!(subscribing::http_answers)),
    ("test_subscribe_external_http_endpoint[True]", played!(http::external(true))),
    ("test_subscribe_external_http_endpoint[False]", played!(http::external(false))),
    ("test_subscribe_external_http_endpoint_content_type[True]", played!(http::content_type(true))),
    ("test_subscribe_external_http_endpoint_content_type[False]", played!(http::content_type(false))),
    ("test_subscribe_external_http_endpoint_lambda_url_sig_validation", LAMBDA),
    ("test_python_lambda_subscribe_sns_topic", played!(queues::function("[Subject] Test subject", "1"))),
    ("test_publish_lambda_verify_signature[1]", played!(queues::function("[Subject] Test subject Signature v1", "1"))),
    ("test_publish_lambda_verify_signature[2]", played!(queues::function("[Subject] Test subject Signature v2", "2"))),
    ("test_sns_topic_as_lambda_dead_letter_queue", LAMBDA),
    ("test_redrive_policy_lambda_subscription", played!(queues::function_redriven)),
    ("test_subscribe_sqs_queue", played!(queues::subscribed)),
    ("test_publish_unicode_chars", played!(queues::unicode)),
    ("test_attribute_raw_subscribe", played!(queues::raw)),
    ("test_sqs_topic_subscription_confirmation", played!(queues::confirmed_at_once)),
    ("test_publish_sqs_from_sns", played!(queues::raw_and_not)),
    ("test_publish_batch_messages_from_sns_to_sqs", played!(queues::batch)),
    ("test_publish_sqs_from_sns_with_xray_propagation", played!(queues::traced)),
    ("test_redrive_policy_sqs_queue_subscription[True]", played!(queues::redriven(true))),
    ("test_redrive_policy_sqs_queue_subscription[False]", played!(queues::redriven(false))),
    ("test_message_attributes_not_missing", played!(queues::attributes)),
    ("test_subscription_after_failure_to_deliver", played!(queues::after_failure)),
    ("test_message_structure_json_to_sqs", played!(queues::structured)),
    ("test_publish_sqs_verify_signature[1]", played!(queues::signed("1"))),
    ("test_publish_sqs_verify_signature[2]", played!(queues::signed("2"))),
    ("test_publish_message_group_id", played!(queues::group)),
    ("test_cross_region_delivery_sqs", played!(queues::other_region)),
    ("test_message_to_fifo_sqs[True]", played!(fifo::to_fifo(true))),
    ("test_message_to_fifo_sqs[False]", played!(fifo::to_fifo(false))),
    ("test_validations_for_fifo", played!(fifo::validations)),
    ("test_publish_fifo_messages_to_dlq[True]", played!(fifo::dead_letters(true))),
    ("test_publish_fifo_messages_to_dlq[False]", played!(fifo::dead_letters(false))),
    ("test_publish_batch_messages_from_fifo_topic_to_fifo_queue[True]", played!(fifo::batch(true))),
    ("test_publish_batch_messages_from_fifo_topic_to_fifo_queue[False]", played!(fifo::batch(false))),
    ("test_publish_to_fifo_topic_to_sqs_queue_no_content_dedup[True]", played!(fifo::no_content(true))),
    ("test_publish_to_fifo_topic_to_sqs_queue_no_content_dedup[False]", played!(fifo::no_content(false))),
    ("test_publish_to_fifo_topic_deduplication_on_topic_level", played!(fifo::topic_level)),
    ("test_fifo_topic_to_regular_sqs[True]", played!(fifo::to_standard(true))),
    ("test_fifo_topic_to_regular_sqs[False]", played!(fifo::to_standard(false))),
    ("test_message_to_fifo_sqs_ordering", NOTHING),
    ("test_delivery_lambda", How::Left("deliveries are told in the journal, not in CloudWatch Logs")),
    ("test_subscribe_sms_endpoint", SMS),
    ("test_subscribe_sms", SMS),
    ("test_subscribe_sms_obscure_phone_number", SMS),
    ("test_validate_policy", played!(policies::shape)),
    ("test_validate_policy_string_operators", played!(policies::texts)),
    ("test_validate_policy_numeric_operator", played!(policies::numbers)),
    ("test_validate_policy_exists_operator", played!(policies::exists)),
    ("test_validate_policy_nested_anything_but_operator", played!(policies::anything_but)),
    ("test_policy_complexity", played!(policies::complexity)),
    ("test_policy_complexity_with_or", played!(policies::complexity_with_or)),
    ("test_sub_filter_policy_nested_property", played!(policies::nested)),
    ("test_sub_filter_policy_nested_property_constraints", played!(policies::constraints)),
    ("test_set_subscription_filter_policy_scope", played!(policies::scope)),
    ("test_filter_policy", played!(filters::numbers)),
    ("test_exists_filter_policy", played!(filters::exists)),
    ("test_exists_filter_policy_attributes_array", played!(filters::arrays_of_attributes)),
    ("test_filter_policy_on_message_body[True]", played!(filters::body(true))),
    ("test_filter_policy_on_message_body[False]", played!(filters::body(false))),
    ("test_filter_policy_for_batch", played!(filters::batch)),
    ("test_filter_policy_on_message_body_dot_attribute", played!(filters::dots)),
    ("test_filter_policy_on_message_body_array_attributes", played!(filters::arrays)),
    ("test_filter_policy_on_message_body_array_of_object_attributes", played!(filters::objects)),
    ("test_filter_policy_on_message_body_or_attribute", played!(filters::alternatives)),
    ("test_filter_policy_empty_array_payload", played!(filters::empty_array)),
    ("test_filter_policy_ip_address_condition", played!(filters::addresses)),
    ("test_filter_policy_large_complex_payload", NOTHING),
];

/// What is SQS's own, or the transport's.
const IGNORED: [&str; 4] = ["ResponseMetadata", "MD5OfBody", "MD5OfMessageAttributes", "_normalized"];

fn recordings() -> Option<Vec<(String, Value)>> {
    let mut all = Vec::new();
    for file in ["test_sns", "test_sns_filter_policy"] {
        let recorded = fakes::recorded::recordings(&format!("sns/{file}"))?;
        all.extend(recorded.into_iter().map(|(name, value)| (name, value["recorded-content"].clone())));
    }
    Some(all)
}

fn how(name: &str) -> &'static How {
    let (group, test) = name.rsplit_once("::").unwrap_or(("", name));
    if group.contains("Platform") {
        return &PUSH;
    }
    if let Some((_, how)) = TABLE.iter().find(|(end, _)| *end == test) {
        return how;
    }
    let about_phones = ["sms", "opt", "phone"].iter().any(|word| test.contains(word));
    assert!(about_phones, "{name} is not in the table");
    &SMS
}

#[tokio::test]
async fn answers_are_those_that_were_recorded() {
    let Some(recordings) = recordings() else { return };
    let (mut played, mut wrong) = (0, Vec::new());
    for (name, recorded) in &recordings {
        let play = match how(name) {
            How::Played(play) => play().await,
            How::Left(reason) => {
                println!("left: {name}: {reason}");
                continue;
            }
        };
        played += 1;
        let differences = fakes::recorded::differences(&without_sqs(recorded), &Value::Object(play.answers), &IGNORED);
        wrong.extend(differences.iter().map(|d| format!("{name}\n  {d}")));
    }
    println!("{played} of {} recorded tests were played", recordings.len());
    assert!(wrong.is_empty(), "{} differences:\n{}", wrong.len(), wrong.join("\n"));
    for (test, _) in TABLE {
        assert!(recordings.iter().any(|(name, _)| name.ends_with(&format!("::{test}"))), "{test} was never recorded");
    }
}

/// Messages without what SQS adds when they are received.
fn without_sqs(recorded: &Value) -> Value {
    match recorded {
        Value::Object(members) => {
            let mut members = members.clone();
            if members.contains_key("ReceiptHandle") {
                ["ReceiptHandle", "MessageId"].iter().for_each(|own| drop(members.remove(*own)));
                if let Some(Value::Object(system)) = members.get_mut("Attributes") {
                    system.retain(|name, _| matches!(name.as_str(), "MessageGroupId" | "MessageDeduplicationId" | "AWSTraceHeader"));
                }
                if members.get("Attributes").is_some_and(|a| a.as_object().is_some_and(serde_json::Map::is_empty)) {
                    members.remove("Attributes");
                }
            }
            Value::Object(members.into_iter().map(|(name, value)| (name, without_sqs(&value))).collect())
        }
        Value::Array(items) => items.iter().map(without_sqs).collect(),
        other => other.clone(),
    }
}
