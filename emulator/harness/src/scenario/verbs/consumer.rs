//! The consumer application beside the cloud: the real binary as a child, against the cloud's broker, as the step's identity.

use super::{ArgKind, Args, Verb, may, need};
use crate::scenario::{
    outcome::Outcome,
    programs::Ended,
    world::{SigningKeys, World},
};
use serde_json::{Value, json};
use std::{fs::File, io::Write, path::PathBuf, process::Command, time::Duration};

/// The verb; scenarios that have it need the consumer's binary.
pub(crate) const NAME: &str = "kafka.consumer";
/// How long a consumer drains, unless told; real time.
const DRAIN: Duration = Duration::from_secs(60);

pub(super) const VERBS: &[Verb] = &[Verb {
    name: NAME,
    about: "Starts the consumer application (pipeline/consumer) as a process of its own, as the step's identity; stops it (SIGTERM, and waits until it has drained) or kills it (SIGKILL). It lives in real time; it is gone when the scenario is over. Where the binary is lacking the scenario is skipped. $.name, and of one that ended $.exit, $.signal and $.log (its last lines, JSON).",
    args: &[
        need("name", ArgKind::Text, "which one; CONSUMER_NAME in its environment"),
        need("is", ArgKind::OneOf(&["started", "stopped", "killed"]), "what becomes of it"),
        may("config", ArgKind::File, "its configuration, to start it; KAFKA_BOOTSTRAP_SERVERS is set, and CONSUMER_LISTEN to a free port"),
        may(
            "cluster",
            ArgKind::Text,
            "ARN of the MSK cluster that it enters by TLS and IAM (KAFKA_AUTH=msk-iam); the plaintext listener without",
        ),
        may("env", ArgKind::Map, "more variables of its environment"),
        may("within", ArgKind::Duration, "real time to drain, 60s unless told"),
    ],
    one_of: &[],
    local_only: true,
    run: |world, args| Box::pin(consumer(world, args)),
}];

async fn consumer(world: &mut World, args: Args) -> Result<Outcome, String> {
    let name = args.text("name")?;
    let ended = match args.text("is")?.as_str() {
        "started" => {
            let command = command(world, &name, &args).await?;
            world.programs.start(&name, command).await?;
            return Ok(Outcome::of(json!({ "name": name })));
        }
        "stopped" => {
            let clock = world.cloud().clock().clone();
            world.programs.stop(&name, args.duration_if("within")?.unwrap_or(DRAIN), &clock).await?
        }
        _ => world.programs.kill(&name).await?,
    };
    Ok(Outcome::of(shown(&name, ended)))
}

fn shown(name: &str, ended: Ended) -> Value {
    let line = |line: String| serde_json::from_str(&line).unwrap_or(Value::String(line));
    let log: Vec<Value> = ended.lines.into_iter().map(line).collect();
    json!({ "name": name, "exit": ended.code, "signal": ended.signal, "log": log })
}

async fn command(world: &World, name: &str, args: &Args) -> Result<Command, String> {
    let binary = world.consumer.as_ref().ok_or("there is no consumer application")?;
    let config = args.text_if("config")?.ok_or("config is missing: a consumer starts with one")?;
    let keys = world.signing_keys()?.ok_or("a consumer is somebody: it signs what it asks of Lambda")?;
    let mut command = Command::new(std::path::absolute(&binary.path).map_err(|e| e.to_string())?);
    // Nothing of whoever runs the scenario reaches it.
    command.env_clear();
    for kept in ["PATH", "LD_LIBRARY_PATH"] {
        if let Some(value) = std::env::var_os(kept) {
            command.env(kept, value);
        }
    }
    command.envs(world.emulator.env()).envs(signs(&keys));
    command.env("CONSUMER_NAME", name).env("CONSUMER_LISTEN", "127.0.0.1:0").env("CONSUMER_CONFIG", args.folder.join(config));
    if let Some(cluster) = args.text_if("cluster")? {
        command.envs(enters(world, &cluster).await?);
    }
    command.envs(args.texts("env")?);
    Ok(command)
}

fn signs(keys: &SigningKeys) -> Vec<(&'static str, &str)> {
    let mut variables = vec![("AWS_ACCESS_KEY_ID", keys.id.as_str()), ("AWS_SECRET_ACCESS_KEY", keys.secret.as_str())];
    variables.extend(keys.token.as_deref().map(|token| ("AWS_SESSION_TOKEN", token)));
    variables
}

/// Where an MSK cluster listens for IAM, and whom to trust there.
async fn enters(world: &World, cluster: &str) -> Result<Vec<(&'static str, String)>, String> {
    let cx = world.cloud().house_context("scenario");
    let asked = world.cloud().call_json(&cx, "kafka", "GetBootstrapBrokers", &json!({ "ClusterArn": cluster })).await;
    let brokers = asked.map_err(|fault| format!("the brokers of {cluster}: {}", fault.message))?;
    let servers = brokers["BootstrapBrokerStringSaslIam"].as_str().ok_or_else(|| format!("{cluster} lets nobody in by IAM"))?;
    // OpenSSL's own variable: the certificate is all that is trusted.
    let trusted = certificate(world)?.display().to_string();
    Ok(vec![("KAFKA_BOOTSTRAP_SERVERS", servers.to_owned()), ("KAFKA_AUTH", "msk-iam".into()), ("SSL_CERT_FILE", trusted)])
}

/// The broker's certificate in a file of this cloud, which [`tidy`] takes away.
fn certificate(world: &World) -> Result<PathBuf, String> {
    let broker = world.emulator.kafka_broker().map_err(|fault| fault.message)?;
    let pem = broker.ca_pem().map_err(|e| e.to_string())?;
    let file = certificate_file(world);
    // Another consumer of this cloud may be reading it.
    if std::fs::read_to_string(&file).is_ok_and(|there| there == pem) {
        return Ok(file);
    }
    let _ = std::fs::remove_file(&file);
    let written = File::create_new(&file).and_then(|mut new| new.write_all(pem.as_bytes()));
    written.map_err(|e| format!("{}: {e}", file.display()))?;
    Ok(file)
}

fn certificate_file(world: &World) -> PathBuf {
    std::env::temp_dir().join(format!("windtunnel-{}-{}.pem", std::process::id(), world.emulator.address().port()))
}

/// Takes away what consumers were given.
pub(crate) fn tidy(world: &World) {
    let _ = std::fs::remove_file(certificate_file(world));
}
