//! Other people's clients, unmodified, against user pools that listen on loopback: pycognito, boto3, amazon-cognito-identity-js, Amplify;
//! PyJWT, aws-jwt-verify and jose check the tokens. What they do stands in `tests/python` and `tests/node`.
//!
//! A client that the machine lacks is skipped with a sentence; `WINDTUNNEL_CI=1` makes that a failure, for CI installs them all.

use kit::{ClockMode, Cloud};
use serde_json::{Value, json};
use std::{path::Path, process::Stdio, sync::Arc, time::Duration};
use tokio::process::Command;

/// Steps of authenticators pass meanwhile.
const LONGEST: Duration = Duration::from_secs(300);

/// A cloud that listens, in real time, with tokens of AWS's issuer: clients expect no other.
struct Site {
    cloud: Arc<Cloud>,
    server: gateway::Server,
}

impl Site {
    async fn new() -> Site {
        let service = cognito_idp::CognitoIdp::new().issuer(cognito_idp::Issuer::Aws);
        let cloud = Cloud::builder().mode(ClockMode::Running).service(Arc::new(service)).start().await.unwrap();
        let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let server = gateway.serve(cloud.clone(), None);
        Site { cloud, server }
    }
    async fn admin(&self, operation: &str, input: Value) -> Value {
        let cx = self.cloud.house_context("clients");
        self.cloud.call_json(&cx, "cognito-idp", operation, &input).await.unwrap_or_else(|f| panic!("{operation}: {f}"))
    }

    /// A command that finds this site, and a pool with two clients in it.
    async fn command(&self, program: &str) -> Command {
        let policies = json!({ "SignInPolicy": { "AllowedFirstAuthFactors": ["PASSWORD", "WEB_AUTHN"] } });
        let pool = json!({ "PoolName": "people", "AutoVerifiedAttributes": ["email"], "Policies": policies });
        let pool = self.admin("CreateUserPool", pool).await["UserPool"]["Id"].clone();
        let mfa = json!({
            "UserPoolId": pool, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": { "Enabled": true },
            "WebAuthnConfiguration": { "RelyingPartyId": "localhost" },
        });
        self.admin("SetUserPoolMfaConfig", mfa).await;
        let client = async |secret: bool| {
            let flows = json!(["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
            let input = json!({ "UserPoolId": pool, "ClientName": "c", "GenerateSecret": secret, "ExplicitAuthFlows": flows });
            self.admin("CreateUserPoolClient", input).await["UserPoolClient"].clone()
        };
        let (open, closed) = (client(false).await, client(true).await);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let mut command = Command::new(program);
        command.env_clear();
        for name in ["PATH", "NODE_PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "TMPDIR", "HOME"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.envs([
            ("LANG", "C.UTF-8"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]);
        command.env("AWS_ENDPOINT_URL", self.server.url()).env("POOL", text(&pool)).env("CLIENT", text(&open["ClientId"]));
        command.env("CLIENT_WITH_SECRET", text(&closed["ClientId"])).env("SECRET", text(&closed["ClientSecret"]));
        command
    }
}

async fn succeeds(mut command: Command) {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let shown = format!("{:?}", command.as_std());
    let ended = tokio::time::timeout(LONGEST, command.output()).await;
    let output = ended.unwrap_or_else(|_| panic!("{shown} did not end within {LONGEST:?}")).unwrap_or_else(|e| panic!("{shown}: {e}"));
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success(), "{shown} ended with {}:\n{text}", output.status);
}

/// Whether this command, which should do no more than start, ends well; says what is lacking if not.
async fn has(program: &str, words: &[&str], what: &str) -> bool {
    let found = Command::new(program).args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    let has = found.is_ok_and(|status| status.success());
    if !has {
        assert!(std::env::var_os("WINDTUNNEL_CI").is_none_or(|on| on != "1"), "CI lacks {what}");
        println!("skipped: this machine lacks {what}");
    }
    has
}

fn scripts() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pycognito_and_boto3() {
    let what = "python3 with boto3, pycognito and PyJWT (pip install -r tests/python/requirements.txt)";
    if !has("python3", &["-c", "import boto3, pycognito, jwt"], what).await {
        return;
    }
    let site = Site::new().await;
    let mut python = site.command("python3").await;
    python.args(["-W", "ignore", "-m", "unittest", "-v", "test_cognito"]).env("PYTHONPATH", scripts().join("python"));
    succeeds(python).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cognito_identity_js_and_amplify() {
    let needs = "for (const name of ['amazon-cognito-identity-js', 'aws-amplify', 'aws-jwt-verify', 'jose']) require.resolve(name)";
    if !has("node", &["-e", needs], "node with Cognito's clients (npm install in a copy of tests/node, and NODE_PATH)").await {
        return;
    }
    let site = Site::new().await;
    let mut node = site.command("node").await;
    node.arg("--no-warnings").arg(scripts().join("node/cognito.js"));
    succeeds(node).await;
}

/// What Debian and others call the browser.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amplify_in_a_page_of_a_browser() {
    let needs = "for (const name of ['aws-amplify', 'aws-jwt-verify', 'jose', 'esbuild', 'playwright-core']) require.resolve(name)";
    if !has("node", &["-e", needs], "node with Amplify, esbuild and playwright-core (npm install in a copy of tests/node, and NODE_PATH)")
        .await
    {
        return;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = BROWSERS.iter().find_map(|name| std::env::split_paths(&path).map(|dir| dir.join(name)).find(|path| path.exists()));
    let Some(chromium) = found else {
        has("chromium", &["--version"], "chromium (Debian's package chromium)").await;
        return;
    };
    let site = Site::new().await;
    let mut node = site.command("node").await;
    node.env("CHROMIUM", chromium).arg("--no-warnings").arg(scripts().join("node/amplify_page.js"));
    succeeds(node).await;
}
