//! rclone, as Debian packages it.

use super::{MANY, PAGED, Site, fails, fetch, has, noise, succeeds, tree};
use serde_json::{Value, json};

const NEEDS: &str = "rclone (apt-get install rclone)";

fn command(site: &Site, words: &[&str]) -> tokio::process::Command {
    let mut command = site.command("rclone");
    command.args(["--config", "", "--retries", "1"]).args(words).env("RCLONE_CONFIG_W_ENDPOINT", site.url()).envs([
        ("RCLONE_CONFIG_W_TYPE", "s3"),
        // As AWS in all but the host: to AWS rclone puts the bucket there, whatever it is told, and 127.0.0.1 has no subdomains.
        ("RCLONE_CONFIG_W_PROVIDER", "Minio"),
        ("RCLONE_CONFIG_W_ENV_AUTH", "true"),
        ("RCLONE_CONFIG_W_REGION", "us-east-1"),
        // rclone's own is `private`, which buckets that are owner-enforced refuse.
        ("RCLONE_CONFIG_W_ACL", "bucket-owner-full-control"),
        // rclone's own is 200 MiB; parts of its own 5 MiB.
        ("RCLONE_CONFIG_W_UPLOAD_CUTOFF", "8Mi"),
    ]);
    command
}

async fn rclone(site: &Site, words: &[&str]) -> String {
    succeeds(command(site, words)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rclone_syncs_and_checks_both_ways() {
    if !has("rclone", &["version"], NEEDS).await {
        return;
    }
    let site = Site::new().await;
    let (folder, back) = (site.path("folder"), site.path("back"));
    tree::plant(&folder);
    rclone(&site, &["mkdir", "w:synced"]).await;
    rclone(&site, &["sync", "folder", "w:synced/to here"]).await;
    // MD5 of every file against the ETag, or what rclone left in the metadata of those sent in parts.
    rclone(&site, &["check", "folder", "w:synced/to here"]).await;
    rclone(&site, &["check", "--download", "folder", "w:synced/to here"]).await;
    rclone(&site, &["sync", "w:synced/to here", "back"]).await;
    tree::same(&folder, &back);
    std::fs::write(folder.join("plain.txt"), "HELLO WORLD").unwrap();
    std::fs::remove_file(folder.join("a+b & c=d.txt")).unwrap();
    assert!(fails(command(&site, &["check", "folder", "w:synced/to here"])).await.contains("2 differences found"));
    rclone(&site, &["sync", "--checksum", "folder", "w:synced/to here"]).await;
    rclone(&site, &["check", "folder", "w:synced/to here"]).await;
    // On the server, from bucket to bucket.
    rclone(&site, &["sync", "w:synced", "w:second"]).await;
    rclone(&site, &["check", "w:synced", "w:second"]).await;
    rclone(&site, &["purge", "w:second"]).await;
    assert_eq!(rclone(&site, &["lsf", "w:"]).await, "synced/\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rclone_lists_links_and_keeps_metadata() {
    if !has("rclone", &["version"], NEEDS).await {
        return;
    }
    let site = Site::with_many().await;
    assert_eq!(rclone(&site, &["lsf", &format!("w:{MANY}/page")]).await.lines().count(), PAGED);
    assert_eq!(rclone(&site, &["lsf", "w:many"]).await, "a/\npage/\nz/\n");
    let body = noise(9 << 20);
    site.write("body", &body);
    rclone(&site, &["copyto", "--metadata", "--metadata-set", "colour=blue", "body", "w:many/ä b+c%.bin"]).await;
    let listed: Value = serde_json::from_str(&rclone(&site, &["lsjson", "--metadata", "--stat", "w:many/ä b+c%.bin"]).await).unwrap();
    assert_eq!((&listed["Size"], &listed["Metadata"]["colour"]), (&body.len().into(), &"blue".into()));
    let (status, got) = fetch(&site, rclone(&site, &["link", "--expire", "1m", "w:many/ä b+c%.bin"]).await.trim()).await;
    assert!((status, &got) == (200, &body), "{status}, {} bytes", got.len());
    let text = site.write("text", "hello world");
    rclone(&site, &["copyto", &text, "w:many/z/text"]).await;
    assert_eq!(rclone(&site, &["cat", "--offset", "6", "--count", "3", "w:many/z/text"]).await, "wor");
    rclone(&site, &["moveto", "w:many/ä b+c%.bin", "w:many/moved"]).await;
    rclone(&site, &["delete", "w:many/page"]).await;
    // Folders are walked side by side.
    let left = rclone(&site, &["lsf", "--recursive", "--files-only", "w:many"]).await;
    let mut left: Vec<&str> = left.lines().collect();
    left.sort();
    assert_eq!(left, ["a/1", "moved", "z/1", "z/text"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rclone_reads_old_versions() {
    if !has("rclone", &["version"], NEEDS).await {
        return;
    }
    let site = Site::new().await;
    rclone(&site, &["mkdir", "w:versions"]).await;
    // Debian's rclone can't switch them on itself.
    site.call("PutBucketVersioning", json!({ "Bucket": "versions", "VersioningConfiguration": { "Status": "Enabled" } })).await;
    for body in ["one", "two!"] {
        let file = site.write("k.txt", body);
        rclone(&site, &["copy", &file, "w:versions"]).await;
        // rclone calls versions by their times.
        site.a_second_later().await;
    }
    rclone(&site, &["deletefile", "w:versions/k.txt"]).await;
    assert_eq!(rclone(&site, &["lsf", "w:versions"]).await, "");
    let all = rclone(&site, &["lsf", "--s3-versions", "w:versions"]).await;
    let mut bodies = Vec::new();
    for name in all.lines() {
        bodies.push(rclone(&site, &["cat", "--s3-versions", &format!("w:versions/{name}")]).await);
    }
    bodies.sort();
    assert_eq!(bodies, ["one", "two!"], "{all}");
}
