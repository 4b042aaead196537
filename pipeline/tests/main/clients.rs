//! Unmodified clients from outside: boto3, the AWS CLI, AWS's SDK for JavaScript. The tests themselves stand in tests/python and tests/node.

use crate::{
    programs::{in_cloud, lacking, python_has, succeeds},
    standing::{bare, root, with_pipeline},
};
use std::process::Stdio;
use tokio::process::Command;
use windtunnel::{Emulator, deploy::Outputs};

async fn unittest(emulator: &Emulator, outputs: Option<&Outputs>, module: &str) {
    let mut python = in_cloud("python3", emulator, outputs);
    python.args(["-W", "ignore", "-m", "unittest", "-v", module]).current_dir(root().join("tests/python"));
    succeeds(python).await;
}

async fn boto3_alone(module: &str) {
    if python_has(&["boto3"]).await {
        unittest(&bare().await, None, module).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_s3() {
    boto3_alone("test_s3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_sqs_logs_glue() {
    boto3_alone("test_messages_logs").await;
    boto3_alone("test_metrics").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_crawlers() {
    if python_has(&["boto3", "pyarrow", "fastavro", "amazon.ion"]).await {
        unittest(&bare().await, None, "test_crawlers").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pyiceberg() {
    if python_has(&["boto3", "pyarrow", "pyiceberg"]).await {
        unittest(&bare().await, None, "test_iceberg").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pyathena() {
    if python_has(&["boto3", "pyathena", "pandas", "pyarrow"]).await {
        unittest(&bare().await, None, "test_pyathena").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn awswrangler() {
    if python_has(&["boto3", "awswrangler", "pandas"]).await {
        unittest(&bare().await, None, "test_wrangler").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dbt_athena() {
    if python_has(&["boto3", "dbt.adapters.athena"]).await {
        unittest(&bare().await, None, "test_dbt").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tpch_beside_duckdb() {
    if python_has(&["boto3", "duckdb"]).await {
        unittest(&bare().await, None, "test_tpch").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_kms() {
    boto3_alone("test_keys").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_iam_sts() {
    boto3_alone("test_identity").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_lambda() {
    boto3_alone("test_functions").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_cloudformation() {
    boto3_alone("test_stacks").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_walks_the_journey() {
    if python_has(&["boto3"]).await {
        let standing = with_pipeline().await;
        unittest(&standing.emulator, Some(&standing.outputs), "test_journey").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_aws_cli_deploys_copies_and_invokes() {
    if python_has(&["boto3", "awscli"]).await {
        unittest(&bare().await, None, "test_cli").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_javascript_sdk() {
    let found =
        Command::new("node").args(["-e", "require('@aws-sdk/client-s3')"]).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    if !found.is_ok_and(|status| status.success()) {
        return lacking("node with AWS's SDK (npm install in a copy of tests/node, and NODE_PATH)");
    }
    let standing = with_pipeline().await;
    let mut node = in_cloud("node", &standing.emulator, Some(&standing.outputs));
    node.arg("--no-warnings").arg(root().join("tests/node/clients.js"));
    succeeds(node).await;
}
