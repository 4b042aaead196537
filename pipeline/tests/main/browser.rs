//! The web client in headless Chromium; what is done there stands in `tests/node/browser.js`.

use crate::{
    programs::{in_cloud, lacking, succeeds},
    standing::{Standing, root, with_pipeline},
};
use serde_json::json;
use std::process::Stdio;
use tokio::process::Command;

/// A user who was invited, and the password he was sent.
const INVITED: &str = "fay";
const TEMPORARY: &str = "Temporary-Horse-9";
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
    invite(&standing).await;
    let mut node = in_cloud("node", &standing.emulator, Some(&standing.outputs));
    node.env("CHROMIUM", chromium)
        .env("INVITED", INVITED)
        .env("TEMPORARY", TEMPORARY)
        .arg("--no-warnings")
        .arg(root().join("tests/node/browser.js"));
    let told = succeeds(node).await;
    for done in ["showed what is behind the first page", "signed out", "proved an authenticator", "read refusals from another origin"] {
        assert!(told.contains(done), "{done}: {told}");
    }
}

/// Makes a user whose password is temporary, in a pool that now takes authenticators.
async fn invite(standing: &Standing) {
    let cloud = standing.emulator.cloud();
    let root = cloud.house_context("test");
    let pool = standing.output("UserPoolId");
    let calls = [
        (
            "SetUserPoolMfaConfig",
            json!({ "UserPoolId": pool, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": { "Enabled": true } }),
        ),
        (
            "AdminCreateUser",
            json!({ "UserPoolId": pool, "Username": INVITED, "TemporaryPassword": TEMPORARY, "MessageAction": "SUPPRESS",
                "UserAttributes": [{ "Name": "email", "Value": "fay@example.com" }] }),
        ),
    ];
    for (operation, input) in calls {
        cloud.call_json(&root, "cognito-idp", operation, &input).await.unwrap_or_else(|fault| panic!("{operation}: {fault}"));
    }
}
