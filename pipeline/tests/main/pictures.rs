//! Whatever somebody uploads: every picture of the fixtures becomes renditions or goes to quarantine with a reason. Nothing is lost, and
//! nothing makes the function fail.

use crate::standing::{Standing, root, with_pipeline};
use std::path::PathBuf;
use windtunnel::kit::RecordKind;

fn fixtures() -> Vec<PathBuf> {
    let folders = ["photos", "made/colour", "made/damage", "made/formats", "made/orientation", "made/sizes"];
    let files = |folder: &str| std::fs::read_dir(root().join("fixtures").join(folder)).expect("fixtures are there");
    let mut all: Vec<PathBuf> = folders.iter().flat_map(|folder| files(folder)).filter_map(|e| e.ok().map(|e| e.path())).collect();
    all.sort();
    all
}

async fn keys(standing: &Standing, prefix: &str) -> Vec<String> {
    let s3 = aws_sdk_s3::Client::new(&standing.emulator.sdk_config());
    let mut pages = s3.list_objects_v2().bucket(standing.output("ImagesBucket")).prefix(prefix).into_paginator().send();
    let mut keys = Vec::new();
    while let Some(page) = pages.next().await {
        keys.extend(page.expect("a page").contents().iter().filter_map(|o| o.key().map(str::to_owned)));
    }
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fixture_is_shown_or_refused_with_a_reason() {
    let standing = with_pipeline().await;
    let s3 = aws_sdk_s3::Client::new(&standing.emulator.sdk_config());
    let files = fixtures();
    assert!(files.len() > 60, "{} fixtures", files.len());
    for (n, file) in files.iter().enumerate() {
        let body = std::fs::read(file).expect("a fixture");
        let key = format!("uploads/user{n}/{}", file.file_name().expect("a name").to_string_lossy());
        s3.put_object().bucket(standing.output("ImagesBucket")).key(key).body(body.into()).send().await.expect("an upload");
    }
    standing.emulator.settle().await.expect("all are processed");

    let (renditions, quarantine) = (keys(&standing, "renditions/").await, keys(&standing, "quarantine/").await);
    for (n, file) in files.iter().enumerate() {
        let has = |keys: &[String], folder: &str, end: &str| {
            keys.iter().any(|k| k.starts_with(&format!("{folder}/user{n}/")) && k.ends_with(end))
        };
        let shown = has(&renditions, "renditions", "/image.json");
        let refused = has(&quarantine, "quarantine", ".reason.json");
        assert!(shown != refused, "{}: shown {shown}, refused {refused}", file.display());
        // What merely lost its end is still worth showing; what never was a picture is not.
        let sound = !file.to_string_lossy().contains("/damage/") && !file.ends_with("broken-profile.jpg");
        assert!(shown || !sound, "{} is a sound picture", file.display());
    }
    let held = standing.emulator.journal().held();
    let runs = held.iter().filter(|record| record.kind == RecordKind::Invocation);
    let failed: Vec<_> = runs.filter(|run| &*run.outcome != "ok").collect();
    assert!(failed.is_empty(), "{failed:?}");
}
