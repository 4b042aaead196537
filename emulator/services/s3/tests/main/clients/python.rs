//! minio-py and boto3; the tests themselves stand in `tests/python`.

use super::{Site, has, scripts, succeeds};

const INSTALL: &str = "(pip install -r tests/python/requirements.txt)";

async fn unittest(needs: &str, module: &str) {
    if !has("python3", &["-c", &format!("import {needs}")], &format!("python3 with {needs} {INSTALL}")).await {
        return;
    }
    let site = Site::with_many().await;
    let mut python = site.command("python3");
    python.args(["-W", "ignore", "-m", "unittest", "-v", module]).env("PYTHONPATH", scripts().join("python"));
    succeeds(python).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn minio_py() {
    unittest("minio", "test_s3_minio").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3() {
    unittest("boto3", "test_s3_round").await;
}
