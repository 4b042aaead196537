//! AWS's SDK for JavaScript; the tests themselves stand in `tests/node`.

use super::{Site, has, scripts, succeeds};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_javascript_sdk() {
    let needs = "require('@aws-sdk/client-s3'); require('@aws-sdk/lib-storage'); require('@aws-sdk/s3-request-presigner')";
    if !has("node", &["-e", needs], "node with AWS's SDK (npm install in a copy of tests/node, and NODE_PATH)").await {
        return;
    }
    let site = Site::with_many().await;
    let mut node = site.command("node");
    node.arg("--no-warnings").arg(scripts().join("node/s3.js"));
    succeeds(node).await;
}
