//! Which snapshots are not replayed, and which replays are known to differ, each with its reason.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Other services have their part in it.
const MEETINGS: &str = "replayed in tests/meetings, with the real services on the other side";

/// Snapshots that nobody replays here: the beginning of their names, and why.
const NOT_REPLAYED: &[(&str, &str)] = &[
    (
        "test_s3_notifications_eventbridge::TestS3NotificationsToEventBridge::test_object_created_put_versioned",
        "its first messages are those of its second half: the test took what came late; versions are tested in event_bridge.rs",
    ),
    (
        "test_s3_notifications_eventbridge::TestS3NotificationsToEventBridge::test_object_created_put_in_different_region",
        "both of its messages are of one region; two regions are tested in tests/meetings",
    ),
    ("test_s3_notifications_eventbridge::", MEETINGS),
    ("test_s3_notifications_sns::", MEETINGS),
    ("test_s3_notifications_lambda::", "a function of Node.js that writes into DynamoDB"),
    ("test_s3_notifications_sqs::TestS3NotificationsToSQS::test_xray_header", MEETINGS),
    ("test_s3::TestS3::test_s3_sse_validate_kms_key", MEETINGS),
    ("test_s3_api::TestS3BucketEncryption::test_s3_bucket_encryption_sse_kms_aws_managed_key", MEETINGS),
    ("test_s3::TestS3::test_s3_lambda_integration", "a function of Node.js that presigns"),
    (
        "test_s3::TestS3::test_object_expiry_after_bucket_lifecycle_configuration",
        "an older recording of TestS3BucketLifecycle's test of that name, which is replayed",
    ),
    (
        "test_s3::TestS3::test_list_objects_v2_with_prefix",
        "an older recording of test_s3_list_operations' test of that name, which is replayed",
    ),
    (
        "test_s3::TestS3::test_list_parts_empty_part_number_marker",
        "an older recording of test_s3_list_operations' test of that name, which is replayed",
    ),
    ("test_s3::TestS3::test_s3_copy_object_src_not_exists", "recorded before AWS answered checksums that nobody asked for"),
    ("test_s3::TestS3::test_s3_batch_delete_objects_using_requests_with_acl", "nothing is recorded"),
    (
        "test_s3::TestS3PresignedUrl::test_put_object_with_md5_and_chunk_signature_bad_headers",
        "nothing is recorded where signatures are not verified",
    ),
    ("test_s3_cors::TestS3Cors::test_cors_http_get_no_config", "nothing is recorded"),
    ("test_s3_api::TestS3PublicAccessBlock::test_public_access_block_exc", "nothing is recorded"),
];

/// Replays that differ from the recording, and why.
const DIFFERS: &[(&str, &str)] = &[
    (
        "test_s3::TestS3MultipartUploadChecksum::test_complete_multipart_parts_checksum_composite[CRC32C]",
        "all parts are wrong, and AWS names any of them; here it is the first",
    ),
    (
        "test_s3::TestS3MultipartUploadChecksum::test_complete_multipart_parts_checksum_composite[SHA1]",
        "all parts are wrong, and AWS names any of them; here it is the first",
    ),
    (
        "test_s3::TestS3MultipartUploadChecksum::test_complete_multipart_parts_checksum_composite[SHA256]",
        "all parts are wrong, and AWS names any of them; here it is the first",
    ),
    (
        "test_s3::TestS3MultipartUploadChecksum::test_complete_multipart_parts_checksum_full_object[CRC32]",
        "all parts are wrong, and AWS names any of them; here it is the first",
    ),
    ("test_s3_api::TestS3BucketObjectTagging::test_create_bucket_with_tags_exc", "AWS answers 500, by a mistake of its own"),
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
