//! s3cmd, as Debian packages it.

use super::{MANY, PAGED, Site, fails, fetch, has, noise, succeeds, tree};

const NEEDS: &str = "s3cmd (apt-get install s3cmd)";

fn command(site: &Site, words: &[&str]) -> tokio::process::Command {
    let host = site.host();
    let settings = format!(
        "[default]\naccess_key = test\nsecret_key = test\nhost_base = {host}\nhost_bucket = {host}\nuse_https = False\nbucket_location = US\n"
    );
    let config = site.write("s3cfg", settings);
    let mut command = site.command("s3cmd");
    command.args(["--config", &config, "--no-progress"]).args(words);
    command
}

async fn s3cmd(site: &Site, words: &[&str]) -> String {
    succeeds(command(site, words)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3cmd_syncs_a_folder_both_ways() {
    if !has("s3cmd", &["--version"], NEEDS).await {
        return;
    }
    let site = Site::new().await;
    let (folder, back) = (site.path("folder"), site.path("back"));
    tree::plant(&folder);
    s3cmd(&site, &["mb", "s3://synced"]).await;
    s3cmd(&site, &["sync", "folder/", "s3://synced/to here/"]).await;
    std::fs::create_dir(&back).unwrap();
    s3cmd(&site, &["sync", "s3://synced/to here/", "back/"]).await;
    tree::same(&folder, &back);
    // Sums are compared: nothing is new, so nothing is sent.
    assert!(!s3cmd(&site, &["sync", "folder/", "s3://synced/to here/"]).await.contains("upload:"));
    std::fs::write(folder.join("plain.txt"), "HELLO WORLD").unwrap();
    std::fs::remove_file(folder.join("ünï/çødé ☃.txt")).unwrap();
    let changed = s3cmd(&site, &["sync", "--delete-removed", "folder/", "s3://synced/to here/"]).await;
    let line = |start: &str| changed.lines().filter(|line| line.starts_with(start)).count();
    assert_eq!((line("upload:"), line("delete:")), (1, 1), "{changed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3cmd_puts_lists_copies_and_signs() {
    if !has("s3cmd", &["--version"], NEEDS).await {
        return;
    }
    let site = Site::with_many().await;
    assert_eq!(s3cmd(&site, &["ls", "s3://many/page/"]).await.lines().count(), PAGED);
    let top = s3cmd(&site, &["ls", "s3://many"]).await;
    assert_eq!(top.split_whitespace().collect::<Vec<_>>(), ["DIR", "s3://many/a/", "DIR", "s3://many/page/", "DIR", "s3://many/z/"]);
    // Above 15 MB s3cmd sends parts.
    let body = noise((16 << 20) + 1);
    site.write("body", &body);
    let key = "s3://many/ä b+c%25.bin";
    s3cmd(&site, &["put", "--add-header=x-amz-meta-colour:blå", "--mime-type=text/x", "body", key]).await;
    let told = s3cmd(&site, &["info", key]).await;
    assert!(told.contains("MIME type: text/x") && told.contains("x-amz-meta-colour:"), "{told}");
    s3cmd(&site, &["get", key, "back"]).await;
    assert!(std::fs::read(site.path("back")).unwrap() == body, "the bytes differ");
    s3cmd(&site, &["cp", key, "s3://many/copy"]).await;
    s3cmd(&site, &["mv", "s3://many/copy", "s3://many/moved"]).await;
    // Signed by version 2, which is all that its URLs know.
    let url = s3cmd(&site, &["signurl", "s3://many/moved", "+60"]).await;
    let (status, got) = fetch(&site, url.trim()).await;
    assert!((status, &got) == (200, &body), "{status}, {} bytes", got.len());
    let missing = fails(command(&site, &["get", "s3://many/none", "none"])).await;
    assert!(missing.contains("does not exist"), "{missing}");
    s3cmd(&site, &["del", "--recursive", "--force", &format!("s3://{MANY}/page")]).await;
    s3cmd(&site, &["rb", "--recursive", "--force", "s3://many"]).await;
    assert_eq!(s3cmd(&site, &["ls"]).await, "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s3cmd_sets_up_a_bucket() {
    if !has("s3cmd", &["--version"], NEEDS).await {
        return;
    }
    let site = Site::new().await;
    s3cmd(&site, &["mb", "s3://rules"]).await;
    s3cmd(&site, &["expire", "--expiry-days=7", "--expiry-prefix=logs/", "s3://rules"]).await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::rules/secret/*"}]}"#;
    let file = site.write("policy.json", policy);
    s3cmd(&site, &["setpolicy", &file, "s3://rules"]).await;
    let told = s3cmd(&site, &["info", "s3://rules"]).await;
    assert!(told.contains("arn:aws:s3:::rules/secret/*") && told.contains("us-east-1"), "{told}");
    s3cmd(&site, &["delpolicy", "s3://rules"]).await;
    assert!(s3cmd(&site, &["getlifecycle", "s3://rules"]).await.contains("logs/"));
}
