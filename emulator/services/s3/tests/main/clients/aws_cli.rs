//! The AWS CLI, version 1, as people type it: `aws s3` both ways, and what only `aws s3api` has.

use super::{MANY, PAGED, Site, fails, fetch, has, noise, succeeds, tree};
use serde_json::Value;

const NEEDS: &str = "python3 with awscli (pip install -r tests/python/requirements.txt)";

async fn aws(site: &Site, words: &[&str]) -> String {
    succeeds(command(site, words)).await
}

fn command(site: &Site, words: &[&str]) -> tokio::process::Command {
    let mut command = site.command("python3");
    command.args(["-W", "ignore", "-m", "awscli"]).args(words);
    command
}

async fn json(site: &Site, words: &[&str]) -> Value {
    let text = aws(site, words).await;
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{words:?}: {e}: {text}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aws_s3_syncs_a_folder_both_ways() {
    if !has("python3", &["-c", "import awscli"], NEEDS).await {
        return;
    }
    let site = Site::new().await;
    let (folder, back) = (site.path("folder"), site.path("back"));
    tree::plant(&folder);
    aws(&site, &["s3", "mb", "s3://synced"]).await;
    aws(&site, &["s3", "sync", "folder", "s3://synced/to here", "--no-progress"]).await;
    aws(&site, &["s3", "sync", "s3://synced/to here", "back", "--no-progress"]).await;
    tree::same(&folder, &back);
    // Nothing is new, so nothing is sent.
    assert_eq!(aws(&site, &["s3", "sync", "folder", "s3://synced/to here", "--no-progress"]).await, "");
    std::fs::remove_file(folder.join("with space.txt")).unwrap();
    let gone = aws(&site, &["s3", "sync", "folder", "s3://synced/to here", "--delete", "--no-progress"]).await;
    assert_eq!(gone.trim(), "delete: s3://synced/to here/with space.txt");
    // From bucket to bucket: copies, the big one in parts.
    aws(&site, &["s3", "mb", "s3://second"]).await;
    aws(&site, &["s3", "sync", "s3://synced", "s3://second", "--no-progress"]).await;
    let head = json(&site, &["s3api", "head-object", "--bucket", "second", "--key", "to here/big.bin"]).await;
    assert!(head["ETag"].as_str().unwrap().ends_with("-3\""), "{head}");
    aws(&site, &["s3", "mv", "s3://second/to here/plain.txt", "s3://second/plain moved.txt"]).await;
    assert!(fails(command(&site, &["s3", "cp", "s3://second/to here/plain.txt", "-"])).await.contains("(404)"));
    aws(&site, &["s3", "rb", "s3://second", "--force"]).await;
    assert!(!aws(&site, &["s3", "ls"]).await.contains("second"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aws_s3_lists_signs_and_streams() {
    if !has("python3", &["-c", "import awscli"], NEEDS).await {
        return;
    }
    let site = Site::with_many().await;
    let listed = aws(&site, &["s3", "ls", &format!("s3://{MANY}/page/")]).await;
    assert_eq!(listed.lines().count(), PAGED);
    let top = aws(&site, &["s3", "ls", &format!("s3://{MANY}")]).await;
    assert_eq!(top.split_whitespace().collect::<Vec<_>>(), ["PRE", "a/", "PRE", "page/", "PRE", "z/"]);
    let body = noise(9 << 20);
    let file = site.write("body", &body);
    let key = "s3://many/ä b+c%.bin";
    aws(&site, &["s3", "cp", &file, key, "--metadata", "colour=blue", "--content-type", "text/x", "--no-progress"]).await;
    let url = aws(&site, &["s3", "presign", key, "--expires-in", "60"]).await;
    let (status, got) = fetch(&site, url.trim()).await;
    assert!((status, &got) == (200, &body), "{status}, {} bytes", got.len());
    let head = json(&site, &["s3api", "head-object", "--bucket", MANY, "--key", "ä b+c%.bin"]).await;
    assert_eq!((&head["Metadata"]["colour"], &head["ContentType"]), (&"blue".into(), &"text/x".into()));
    let range = ["s3api", "get-object", "--bucket", MANY, "--key", "ä b+c%.bin", "--range", "bytes=8388606-8388609", "part"];
    assert_eq!(json(&site, &range).await["ContentLength"], 4);
    assert_eq!(std::fs::read(site.path("part")).unwrap(), body[8_388_606..8_388_610]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn aws_s3api_versions_and_deletes_many() {
    if !has("python3", &["-c", "import awscli"], NEEDS).await {
        return;
    }
    let site = Site::new().await;
    aws(&site, &["s3api", "create-bucket", "--bucket", "versions"]).await;
    aws(&site, &["s3api", "put-bucket-versioning", "--bucket", "versions", "--versioning-configuration", "Status=Enabled"]).await;
    let file = site.write("one", "one");
    for _ in 0..2 {
        aws(&site, &["s3api", "put-object", "--bucket", "versions", "--key", "k", "--body", &file]).await;
    }
    let gone = json(&site, &["s3api", "delete-objects", "--bucket", "versions", "--delete", "Objects=[{Key=k},{Key=never}]"]).await;
    assert!(gone["Deleted"].as_array().unwrap().iter().all(|d| d["DeleteMarker"] == true), "{gone}");
    let all = json(&site, &["s3api", "list-object-versions", "--bucket", "versions", "--prefix", "k"]).await;
    assert_eq!((all["Versions"].as_array().unwrap().len(), all["DeleteMarkers"].as_array().unwrap().len()), (2, 1));
    assert!(fails(command(&site, &["s3api", "delete-bucket", "--bucket", "versions"])).await.contains("BucketNotEmpty"));
}
