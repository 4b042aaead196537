//! Which snapshots are not replayed, and which replays are known to differ, each with its reason.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Snapshots that nobody replays: the beginning of their names, and why.
const NOT_REPLAYED: &[(&str, &str)] = &[
    ("test_s3_notifications_eventbridge::", "the envelope of events is the events service's; what S3 puts into it is tested in event_bridge.rs"),
    ("test_s3_notifications_sns::", "the envelope of messages is the sns service's; what S3 publishes is tested in notifications.rs"),
    ("test_s3_notifications_lambda::", "a function of Node.js that writes into DynamoDB"),
    ("test_s3_notifications_sqs::TestS3NotificationsToSQS::test_xray_header", "attributes of messages are the sqs service's; traces are tested in event_bridge.rs"),
    ("test_s3_notifications_sqs::TestS3NotificationsToSQS::test_object_created_put_with_presigned_url", "no replay is written yet"),
    ("test_s3::TestS3BucketReplication::", "replication is refused by name"),
    ("test_s3::TestS3::test_s3_lambda_integration", "a function of Node.js that presigns"),
    ("test_s3::TestS3::test_s3_sse_validate_kms_key", "what kms says of keys that are missing, elsewhere or off is the kms service's; encryption.rs tests how S3 passes it on"),
    ("test_s3_api::TestS3BucketEncryption::test_s3_bucket_encryption_sse_kms_aws_managed_key", "asks kms to describe its key"),
    ("test_s3::TestS3::test_s3_upload_download_gzip", "the ETag is that of a body which Python's zlib packed"),
    ("test_s3::TestS3PutObjectChecksum::test_s3_checksum_with_content_encoding", "the ETag is that of a body which Python's zlib packed"),
    ("test_s3::TestS3::test_object_expiry_after_bucket_lifecycle_configuration", "an older recording of TestS3BucketLifecycle's test of that name, which is replayed"),
    ("test_s3::TestS3::test_list_objects_v2_with_prefix", "an older recording of test_s3_list_operations' test of that name, which is replayed"),
    ("test_s3::TestS3::test_list_parts_empty_part_number_marker", "an older recording of test_s3_list_operations' test of that name, which is replayed"),
    ("test_s3::TestS3::test_s3_batch_delete_objects_using_requests_with_acl", "nothing is recorded"),
    ("test_s3::TestS3PresignedUrl::test_put_object_with_md5_and_chunk_signature_bad_headers", "nothing is recorded where signatures are not verified"),
    ("test_s3_cors::TestS3Cors::test_cors_http_get_no_config", "nothing is recorded"),
    ("test_s3_api::TestS3PublicAccessBlock::test_public_access_block_exc", "nothing is recorded"),
];

/// Replays that differ from the recording, and why.
const DIFFERS: &[(&str, &str)] = &[
    ("test_s3::TestS3::test_bucket_constraint_aws_global[us-west-1]", "not yet as recorded"),
    ("test_s3::TestS3::test_bucket_name_with_dots", "not yet as recorded"),
    ("test_s3::TestS3::test_bucket_operation_between_regions", "not yet as recorded"),
    ("test_s3::TestS3::test_create_bucket_head_bucket", "not yet as recorded"),
    ("test_s3::TestS3::test_create_bucket_with_eu_location_constraint", "not yet as recorded"),
    ("test_s3::TestS3::test_create_bucket_with_eu_location_constraint_raises", "not yet as recorded"),
    ("test_s3::TestS3::test_create_bucket_with_invalid_location_constraint[eu-west-1-bar]", "not yet as recorded"),
    ("test_s3::TestS3::test_delete_bucket_with_content", "not yet as recorded"),
    ("test_s3::TestS3::test_delete_keys_in_versioned_bucket", "not yet as recorded"),
    ("test_s3::TestS3::test_different_location_constraint", "not yet as recorded"),
    ("test_s3::TestS3::test_get_object_with_anon_credentials", "not yet as recorded"),
    ("test_s3::TestS3::test_multipart_and_list_parts", "not yet as recorded"),
    ("test_s3::TestS3::test_multipart_no_such_upload", "not yet as recorded"),
    ("test_s3::TestS3::test_put_and_get_object_with_content_language_disposition", "not yet as recorded"),
    ("test_s3::TestS3::test_region_header_exists_outside_us_east_1", "not yet as recorded"),
    ("test_s3::TestS3::test_s3_bucket_acl_exceptions", "not yet as recorded"),
    ("test_s3::TestS3::test_s3_copy_object_in_place", "not yet as recorded"),
    ("test_s3::TestS3::test_s3_copy_object_in_place_metadata_directive", "not yet as recorded"),
    ("test_s3::TestS3::test_s3_copy_object_in_place_storage_class", "not yet as recorded"),
    ("test_s3::TestS3::test_s3_copy_object_in_place_suspended_only", "not yet as recorded"),
    ("test_s3::TestS3::test_s3_copy_object_in_place_versioned", "not yet as recorded"),
    ("test_s3::TestS3::test_s3_copy_object_wrong_format", "not yet as recorded"),
    ("test_s3::TestS3::test_s3_invalid_content_md5", "not yet as recorded"),
    ("test_s3::TestS3::test_s3_object_acl_exceptions", "not yet as recorded"),
    ("test_s3::TestS3::test_system_metadata_with_unicode", "not yet as recorded"),
    ("test_s3::TestS3::test_user_metadata_rfc2047_bad_b64_encoded", "not yet as recorded"),
    ("test_s3::TestS3::test_user_metadata_rfc2047_encoded", "not yet as recorded"),
    ("test_s3::TestS3PresignedPost::test_post_object_with_unicode_metadata", "not yet as recorded"),
    ("test_s3::TestS3PresignedUrl::test_get_response_overrides_unicode_metadata_with_sig_s3", "not yet as recorded"),
    ("test_s3::TestS3PresignedUrl::test_put_unicode_metadata_with_sig_s3", "not yet as recorded"),
    ("test_s3_api::TestS3BucketAccelerateConfiguration::test_bucket_acceleration_configuration_exc", "not yet as recorded"),
    ("test_s3_api::TestS3BucketEncryption::test_s3_default_bucket_encryption_exc", "not yet as recorded"),
    ("test_s3_api::TestS3BucketNotificationConfiguration::test_bucket_notification_with_missing_values_in_rule", "not yet as recorded"),
    ("test_s3_api::TestS3BucketObjectTagging::test_create_bucket_with_tags_exc", "not yet as recorded"),
    ("test_s3_api::TestS3BucketObjectTagging::test_create_bucket_with_tags_us_east_1_idempotency", "not yet as recorded"),
    ("test_s3_api::TestS3BucketObjectTagging::test_object_tagging_exc", "not yet as recorded"),
    ("test_s3_api::TestS3BucketObjectTagging::test_object_tagging_versioned", "not yet as recorded"),
    ("test_s3_api::TestS3BucketObjectTagging::test_put_bucket_tagging_none_value", "not yet as recorded"),
    ("test_s3_api::TestS3BucketObjectTagging::test_put_object_tagging_none_value", "not yet as recorded"),
    ("test_s3_api::TestS3ObjectCRUD::test_delete_object_versioned", "not yet as recorded"),
    ("test_s3_api::TestS3ObjectWritePrecondition::test_copy_object_if_match_in_place", "not yet as recorded"),
    ("test_s3_api::TestS3ObjectWritePrecondition::test_copy_object_if_none_match_in_place", "not yet as recorded"),
    ("test_s3_list_operations::TestS3ListMultipartUploads::test_list_multipart_uploads_marker_common_prefixes", "not yet as recorded"),
    ("test_s3_list_operations::TestS3ListMultipartUploads::test_list_multiparts_next_marker", "not yet as recorded"),
    ("test_s3_list_operations::TestS3ListMultipartUploads::test_list_multiparts_with_prefix_and_delimiter", "not yet as recorded"),
    (
        "test_s3_list_operations::TestS3ListObjectVersions::test_list_objects_versions_with_prefix_only_and_pagination",
        "not yet as recorded",
    ),
    ("test_s3_list_operations::TestS3ListObjectsV2::test_list_objects_v2_continuation_start_after", "not yet as recorded"),
    ("test_s3_list_operations::TestS3ListObjectsV2::test_list_objects_v2_continuation_token_safe_chars", "not yet as recorded"),
    ("test_s3_list_operations::TestS3ListParts::test_list_parts_empty_part_number_marker", "not yet as recorded"),
];

/// Prints the table; what is not as it says.
pub fn judge(snapshots: &BTreeMap<String, Map<String, Value>>, results: &BTreeMap<String, Vec<String>>, partly: bool) -> Vec<String> {
    let mut wrong = Vec::new();
    let reason = |list: &[(&str, &'static str)], name: &str| list.iter().find(|(start, _)| name.starts_with(start)).map(|(_, why)| *why);
    let mut same = 0;
    for (name, differences) in results {
        match (differences.is_empty(), DIFFERS.iter().find(|(known, _)| known == name).map(|(_, why)| *why)) {
            (true, known) => {
                same += 1;
                if known.is_some() {
                    println!("{name}: no longer differs, its line in table.rs can go");
                }
            }
            (false, Some(why)) if !partly => println!("{name}: differs: {why}\n    {}", differences.join("\n    ")),
            (false, _) => wrong.push(format!("{name}\n    {}", differences.join("\n    "))),
        }
    }
    let mut unlisted = 0;
    for name in snapshots.keys().filter(|name| !partly && !results.contains_key(*name)) {
        match reason(NOT_REPLAYED, name) {
            Some(why) => println!("{name}: not replayed: {why}"),
            None => {
                unlisted += 1;
                wrong.push(format!("{name}: neither replayed nor listed with a reason"));
            }
        }
    }
    println!("{} snapshots, {} replayed, {same} the same as recorded, {unlisted} unlisted", snapshots.len(), results.len());
    wrong
}
