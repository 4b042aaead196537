//! The switch to AWS, with moto standing in for it behind a proxy that records: every operation and member sent is in AWS's models.

use crate::{
    programs::{python_has, succeeds},
    standing::{binaries, root, template},
};
use std::{process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, Command},
};
use windtunnel::deploy::{Deployment, destroy, guards, targets::Allowed};

/// Keys as AWS makes them; these are the ones of its documentation.
const KEY: (&str, &str) = ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
/// moto's account.
const ACCOUNT: &str = "123456789012";

/// moto and the recording proxy in front of it.
struct StandIn {
    child: Child,
    output: BufReader<tokio::process::ChildStdout>,
    endpoint: String,
}

impl StandIn {
    async fn start() -> StandIn {
        let mut python = Command::new("python3");
        python.args(["-W", "ignore"]).arg(root().join("tests/python/recorder.py")).env("PYTHONDONTWRITEBYTECODE", "1");
        let mut child =
            python.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true).spawn().expect("it was found");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut endpoint = String::new();
        let line = tokio::time::timeout(Duration::from_secs(60), output.read_line(&mut endpoint)).await;
        line.expect("moto starts within a minute").expect("the proxy says where it listens");
        StandIn { child, output, endpoint: endpoint.trim().to_owned() }
    }

    /// What was recorded, by operation; panics where something was sent that AWS doesn't know.
    async fn verdict(mut self) -> String {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.output.read_to_string(&mut said).await.expect("the proxy's verdict");
        let status = self.child.wait().await.expect("it ends");
        assert!(status.success(), "sent, but in no model of AWS:\n{said}");
        said
    }
}

/// Variable that tells the child where the stand-in listens.
const ENDPOINT: &str = "WINDTUNNEL_TEST_ENDPOINT";

fn allowed(account: &str) -> Allowed {
    Allowed { name: "test".into(), account: account.into(), region: "eu-central-1".into() }
}

/// The child: has keys of an account in its environment, as a person who deploys has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by what_is_sent_is_in_awss_models, which gives it an environment"]
async fn child() {
    let endpoint = std::env::var(ENDPOINT).expect("the stand-in's address");
    let wrong = guards::aws(&allowed("999999999999"), Some(&endpoint)).await.expect_err("another account").to_string();
    assert!(wrong.contains(ACCOUNT) && wrong.contains("999999999999"), "{wrong}");

    let target = guards::aws(&allowed(ACCOUNT), Some(&endpoint)).await.unwrap_or_else(|error| panic!("the allowed account: {error}"));
    let mut deployment = Deployment::pipeline(&template(), binaries(), ACCOUNT).expect("the template is there");
    deployment.template = for_moto(&deployment.template);
    deployment.tags = guards::run_tags(Some("run-1"), Duration::from_secs(3600)).1;
    let plan = deployment.plan(&target).await.unwrap_or_else(|error| panic!("no plan: {error}"));
    assert!(plan.creates_stack);
    assert!(plan.changes.iter().any(|c| c.logical_id == "ProcessRole" && c.action == "Add"), "{:?}", plan.changes);
    guards::confirm("pipeline", "execute", true).expect_err("without the stack's name nothing is executed");
    let deployed = plan.execute(&target, &mut |_| {}).await.unwrap_or_else(|error| panic!("not executed: {error}"));
    assert_eq!(deployed.status, "CREATE_COMPLETE");
    destroy(&target, "pipeline", &mut |_| {}).await.unwrap_or_else(|error| panic!("not destroyed: {error}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sent_is_in_awss_models() {
    if !python_has(&["moto.server", "botocore"]).await {
        return;
    }
    let stand_in = StandIn::start().await;
    let mut child = Command::new(std::env::current_exe().expect("this program has a path"));
    child.args(["--exact", "deploy_aws::child", "--ignored", "--nocapture"]);
    for name in windtunnel::env::UNSET.iter().chain(&["AWS_ENDPOINT_URL", "WINDTUNNEL_CONFIRM"]) {
        child.env_remove(name);
    }
    child.envs([
        ("AWS_ACCESS_KEY_ID", KEY.0),
        ("AWS_SECRET_ACCESS_KEY", KEY.1),
        ("AWS_CONFIG_FILE", "/dev/null"),
        ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
    ]);
    child.env("AWS_EC2_METADATA_DISABLED", "true").env(ENDPOINT, &stand_in.endpoint);
    let said = succeeds(child).await;
    assert!(said.contains("1 passed"), "{said}");

    let recorded = stand_in.verdict().await;
    for operation in [
        "sts:GetCallerIdentity",
        "s3:PutObject",
        "cloudformation:CreateChangeSet",
        "cloudformation:ExecuteChangeSet",
        "cloudformation:DeleteStack",
    ] {
        assert!(recorded.contains(operation), "{operation} was not recorded: {recorded}");
    }
}

/// moto's mock integrations need two properties that AWS's do not.
fn for_moto(template: &str) -> String {
    template.replace(
        "        Type: MOCK\n",
        "        Type: MOCK\n        IntegrationHttpMethod: POST\n        Uri: arn:aws:apigateway:us-east-1:mock:path/none\n",
    )
}
