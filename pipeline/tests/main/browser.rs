//! The web client in headless Chromium; what is done there stands in `tests/node/browser.js`.

use crate::{
    programs::{in_cloud, lacking, succeeds},
    standing::{root, with_pipeline},
};
use std::process::Stdio;
use tokio::process::Command;

/// What Debian and others call the browser.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_web_client_in_a_browser() {
    let starts = async |program: &str, words: &[&str]| {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().await.is_ok_and(|status| status.success())
    };
    if !starts("node", &["-e", "require('playwright-core')"]).await {
        return lacking("node with playwright-core (npm install in a copy of tests/node, and NODE_PATH)");
    }
    let mut found = None;
    for name in NAMES {
        if found.is_none() && starts(name, &["--version"]).await {
            found =
                std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).map(|dir| dir.join(name)).find(|path| path.exists());
        }
    }
    let Some(chromium) = found else { return lacking("chromium (Debian's package chromium)") };
    let standing = with_pipeline().await;
    let mut node = in_cloud("node", &standing.emulator, Some(&standing.outputs));
    node.env("CHROMIUM", chromium).arg("--no-warnings").arg(root().join("tests/node/browser.js"));
    let told = succeeds(node).await;
    assert!(told.contains("signed out"), "{told}");
}
