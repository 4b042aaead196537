//! Which snapshots are not replayed, and which replays are known to differ, each with its reason.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Snapshots that nobody replays: the beginning of their names, and why.
const NOT_REPLAYED: &[(&str, &str)] = &[("", "no replay is written yet")];

/// Replays that differ from the recording, and why.
const DIFFERS: &[(&str, &str)] = &[
    ("test_s3::TestS3PresignedPost::test_post_object_with_unicode_metadata", "not yet as recorded"),
    ("test_s3::TestS3PresignedUrl::test_get_response_overrides_unicode_metadata_with_sig_s3", "not yet as recorded"),
    ("test_s3::TestS3PresignedUrl::test_put_unicode_metadata_with_sig_s3", "not yet as recorded"),
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
            (false, Some(why)) if !partly => println!("{name}: differs: {why}"),
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
