//! `windtunnel up`: a cloud on a port, the pipeline in it, its journey shown once, and new builds taken up while it runs.

mod call;
mod demo;
mod inbox;
mod journey;
mod watch;

use crate::{
    Emulator, StartError,
    cli::{Answer, FAILED, Failure, said},
    deploy::{Deployment, Outputs, local_urls},
    package::{self, PipelineBinaries},
    scenario::report::text::took,
};
use kit::store::Durability;
use serde_json::{Value, json};
use std::{net::SocketAddr, path::PathBuf, process::ExitCode, sync::Arc};

/// Starts a cloud, deploys the pipeline and shows its journey.
#[derive(Debug, clap::Parser)]
#[command(
    about = "Starts a cloud, deploys the pipeline and shows its journey (what happens without a subcommand)",
    after_help = "Examples:
  windtunnel                                a cloud on port 4566; ends with Ctrl-C
  windtunnel up --once                      deploys, shows the journey, ends with 0
  windtunnel up --no-stack --port 0         an empty cloud on a free port
  windtunnel up --data-dir .windtunnel      state outlives the program
  windtunnel up --inbox photos              what is dropped into photos/ is uploaded

Exit codes: 0 ended as asked, 1 the stack or the journey failed, 2 wrong usage, 3 the port is taken or the functions don't build"
)]
pub struct UpArgs {
    /// Port on the loopback address; 0 takes a free one
    #[arg(long, default_value_t = 4566)]
    pub port: u16,
    /// Port of the Kafka broker on the same address; 0 takes a free one. Unless told, 9092 if it is free and --port is not 0
    #[cfg(feature = "kafka")]
    #[arg(long, value_name = "PORT")]
    pub kafka_port: Option<u16>,
    /// What Kafka's clients are told to connect to, where it isn't that address: from outside of a container
    #[cfg(feature = "kafka")]
    #[arg(long, value_name = "HOST:PORT", value_parser = host_and_port)]
    pub kafka_advertise: Option<(String, u16)>,
    /// Bytes that the Kafka broker keeps in memory: half are for logs (what is beyond goes to files), a quarter for requests, a quarter for answers
    #[cfg(feature = "kafka")]
    #[arg(long, value_name = "BYTES", default_value_t = 768 << 20, value_parser = clap::value_parser!(u64).range(16 << 20..))]
    pub kafka_memory: u64,
    /// MSK's clusters are names for these brokers (HOST:PORT,...) and not for the one of this process
    #[cfg(feature = "kafka")]
    #[arg(long, value_name = "SERVERS", conflicts_with_all = ["kafka_port", "kafka_advertise"])]
    pub kafka_bootstrap: Option<String>,
    /// Listens on this address instead of the loopback one: opens the cloud to others
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<std::net::IpAddr>,
    /// Keeps state in this folder
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// What acknowledged writes outlive, with --data-dir: the process, or the machine's power
    #[arg(long, default_value = "process", value_parser = ["process", "power"], requires = "data_dir")]
    pub durability: String,
    /// Seed of ids and randomness
    #[arg(long, default_value_t = 0)]
    pub seed: u64,
    /// Refuses what has no effect here instead of warning
    #[arg(long)]
    pub strict: bool,
    /// S3 refuses Signature Version 2, as AWS does in regions that were opened since 2014
    #[arg(long)]
    pub no_signature_v2: bool,
    /// Who user pools' tokens say made them: this cloud's endpoint (local), AWS's name of the pool (aws), or another URL of this cloud,
    /// as from outside of a container
    #[cfg(feature = "cognito-idp")]
    #[arg(long, value_name = "local|aws|URL", default_value = "local", value_parser = issuer)]
    pub issuer: crate::Issuer,
    /// Deploys nothing
    #[arg(long)]
    pub no_stack: bool,
    /// Shows no journey
    #[arg(long)]
    pub no_journey: bool,
    /// Ends after the journey
    #[arg(long)]
    pub once: bool,
    /// Does not take up new builds of the functions
    #[arg(long)]
    pub no_watch: bool,
    /// Uploads what is dropped into this folder through the API, as the demo user
    #[arg(long, value_name = "DIR", conflicts_with = "no_stack")]
    pub inbox: Option<PathBuf>,
    /// A parameter of the pipeline's template (again for more)
    #[arg(long, value_name = "KEY=VALUE", value_parser = parameter)]
    pub param: Vec<(String, String)>,
    /// Folder with the functions' binaries, instead of building them
    #[arg(long, value_name = "DIR")]
    pub functions: Option<PathBuf>,
    /// Answers with one JSON object once the cloud is ready; all else goes to standard error
    #[arg(long)]
    pub json: bool,
}

#[cfg(feature = "cognito-idp")]
fn issuer(text: &str) -> Result<crate::Issuer, String> {
    let host = |url: &str| url.strip_prefix("http://").or(url.strip_prefix("https://")).map(|rest| rest.trim_end_matches('/').to_owned());
    match text {
        "local" => Ok(crate::Issuer::Local),
        "aws" => Ok(crate::Issuer::Aws),
        url if host(url).is_some_and(|host| !host.is_empty() && !host.contains(['/', '?', '#', ' '])) => {
            Ok(crate::Issuer::At(url.trim_end_matches('/').to_owned()))
        }
        _ => Err(format!("`{text}` is neither local, nor aws, nor a URL as http://localhost:8000")),
    }
}

#[cfg(feature = "kafka")]
fn host_and_port(text: &str) -> Result<(String, u16), String> {
    let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    let (host, port) = parts.filter(|(host, _)| !host.is_empty()).ok_or_else(|| format!("`{text}` is not HOST:PORT"))?;
    Ok((host.to_owned(), port))
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not KEY=VALUE"))?;
    Ok((key.to_owned(), value.to_owned()))
}

/// A cloud with, perhaps, the pipeline in it.
struct Standing {
    emulator: Arc<Emulator>,
    pipeline: Option<Pipeline>,
}

/// The deployed pipeline.
struct Pipeline {
    binaries: PipelineBinaries,
    outputs: Outputs,
}

/// `windtunnel up`.
pub async fn up(args: UpArgs) -> ExitCode {
    let standing = match start(&args).await {
        Ok(standing) => standing,
        Err(failure) => return said(args.json, Err(failure)),
    };
    let code = stand(&args, &standing).await;
    let emulator = standing.emulator.clone();
    drop(standing);
    // Watchers that still hold the cloud end with the program.
    if let Ok(emulator) = Arc::try_unwrap(emulator) {
        emulator.stop().await;
    }
    ExitCode::from(code)
}

/// Starts and deploys.
async fn start(args: &UpArgs) -> Result<Standing, Failure> {
    let clock = kit::Clock::new(None, kit::ClockMode::Running);
    let began = clock.now();
    let emulator = Arc::new(emulator(args).await?);
    let ms = (clock.now().millis() - began.millis()).max(0) as u64;
    eprintln!("A cloud stands at {} after {}.", emulator.endpoint(), took(ms));
    #[cfg(feature = "kafka")]
    if let Some(servers) = emulator.kafka_bootstrap() {
        let whose = if args.kafka_bootstrap.is_some() { "is somebody else's," } else { "listens" };
        eprintln!("Kafka {whose} at {servers}.");
    }
    eprintln!("Enforced: signatures, IAM on every call, AWS's own models. {}", kept_where(args));
    if args.no_stack {
        return Ok(Standing { emulator, pipeline: None });
    }
    let pipeline = pipeline(args, &emulator).await?;
    demo::sign_up(&emulator, &pipeline.outputs).await?;
    Ok(Standing { emulator, pipeline: Some(pipeline) })
}

async fn emulator(args: &UpArgs) -> Result<Emulator, Failure> {
    let ip = args.bind.unwrap_or(std::net::Ipv4Addr::LOCALHOST.into());
    if !ip.is_loopback() {
        eprintln!("Note: {ip} opens this cloud to whoever can reach it; its functions are programs on this machine.");
    }
    let mut builder = Emulator::builder()
        .address(SocketAddr::new(ip, args.port))
        .seed(args.seed)
        .strict(args.strict)
        .signature_v2(!args.no_signature_v2)
        .journal_bytes(32 << 20);
    #[cfg(feature = "cognito-idp")]
    {
        builder = builder.issuer(args.issuer.clone());
    }
    #[cfg(feature = "kafka")]
    {
        if let Some((host, port)) = &args.kafka_advertise {
            builder = builder.kafka_advertise(host, *port);
        }
        builder = builder.kafka_memory(args.kafka_memory);
        builder = match &args.kafka_bootstrap {
            Some(servers) => builder.kafka_bootstrap(servers),
            None => builder.kafka_address(SocketAddr::new(ip, kafka_port(args, ip))),
        };
    }
    if let Some(folder) = &args.data_dir {
        builder = builder.data_dir(folder, if args.durability == "power" { Durability::Power } else { Durability::Process });
    }
    builder.start().await.map_err(|error| match error {
        StartError::Listen(..) | StartError::Store(..) | StartError::Cloud(_) => Failure::environment(error.to_string()),
    })
}

/// The port that was asked for, or Kafka's usual one if nobody has it.
#[cfg(feature = "kafka")]
fn kafka_port(args: &UpArgs, ip: std::net::IpAddr) -> u16 {
    let free = |port| std::net::TcpListener::bind((ip, port)).is_ok();
    args.kafka_port.unwrap_or(if args.port != 0 && free(9092) { 9092 } else { 0 })
}

fn kept_where(args: &UpArgs) -> String {
    match &args.data_dir {
        Some(folder) => format!(
            "State is kept in {}; acknowledged writes outlive the {}.",
            folder.display(),
            if args.durability == "power" { "machine's power" } else { "process" }
        ),
        None => "State is in memory and ends with the program (--data-dir keeps it).".to_owned(),
    }
}

async fn pipeline(args: &UpArgs, emulator: &Emulator) -> Result<Pipeline, Failure> {
    let root = package::checkout().map_err(|e| Failure::environment(e.to_string()))?;
    let binaries = match &args.functions {
        Some(folder) => PipelineBinaries::in_folder(folder),
        None => {
            eprintln!("Building the pipeline's functions...");
            package::build_pipeline().map_err(|e| Failure::environment(e.to_string()))?
        }
    };
    let mut deployment = Deployment::pipeline(&root.join("pipeline/template.yaml"), binaries.clone(), kit::DEFAULT_ACCOUNT)?;
    deployment.parameters = args.param.iter().cloned().collect();
    let target = emulator.sdk_config();
    let plan = deployment.plan(&target).await?;
    match plan.changes.len() {
        0 => eprintln!("{} stands already as it should.", plan.stack),
        changes => eprintln!("Deploying {}: {changes} changes...", plan.stack),
    }
    let (changes, mut done) = (plan.changes.len(), 0);
    let deployed = plan
        .execute(&target, &mut |p| {
            let failed = p.status.ends_with("_FAILED") || p.status.contains("ROLLBACK");
            done += usize::from(p.status.ends_with("_COMPLETE"));
            if done % 10 == 0 && p.status.ends_with("_COMPLETE") {
                eprintln!("  {done} of {} done, {} last", changes, p.logical_id);
            }
            if failed {
                eprintln!("{}", crate::cli::progress(p));
            }
        })
        .await?;
    if changes > 0 {
        eprintln!("  {}", deployed.status);
    }
    Ok(Pipeline { binaries, outputs: local_urls(deployed.outputs, &emulator.endpoint()) })
}

/// Says what stands, shows the journey, and waits.
async fn stand(args: &UpArgs, standing: &Standing) -> u8 {
    let answer = Answer::new(welcome(standing), described(standing));
    said(args.json, Ok(answer));
    let mut code = 0;
    if let (Some(pipeline), false) = (&standing.pipeline, args.no_journey)
        && !journey::walk(&pipeline.binaries).await
    {
        code = FAILED;
    }
    if args.once {
        return code;
    }
    let watching = match (&standing.pipeline, args.no_watch) {
        (Some(pipeline), false) => watch::functions(standing.emulator.clone(), pipeline),
        _ => None,
    };
    let inbox = match (&standing.pipeline, &args.inbox) {
        (Some(pipeline), Some(folder)) => inbox::folder(standing.emulator.clone(), pipeline.outputs.clone(), folder.clone()),
        _ => None,
    };
    eprintln!("\nThe cloud stays up; Ctrl-C ends it.");
    until_told().await;
    eprintln!("Ending.");
    for task in [watching, inbox].into_iter().flatten() {
        task.abort();
        let _ = task.await;
    }
    // A journey that failed was told; a cloud that was ended as asked ends with 0.
    0
}

async fn until_told() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}

fn described(standing: &Standing) -> Value {
    let outputs = standing.pipeline.as_ref().map(|p| &p.outputs);
    let user = outputs.map(|_| json!({ "name": demo::USER, "password": demo::PASSWORD }));
    json!({ "endpoint": standing.emulator.endpoint(), "iam": "enforced", "stack": outputs.map(|o| json!({ "name": "pipeline", "outputs": o })), "user": user })
}

fn welcome(standing: &Standing) -> String {
    let endpoint = standing.emulator.endpoint();
    let port = standing.emulator.address().port();
    let flag = if port == 4566 { String::new() } else { format!(" --endpoint {endpoint}") };
    // As it was called: under cargo it is on no path.
    let me = std::env::args().next().unwrap_or_else(|| "windtunnel".into());
    let mut text = format!("\nEndpoint  {endpoint}\nShell     eval \"$({me} env{flag})\"\n");
    if let Some(pipeline) = &standing.pipeline {
        text.push_str(&format!("Web       {endpoint}/_windtunnel/app/\n"));
        for (key, value) in &pipeline.outputs {
            text.push_str(&format!("  {key:<20} {value}\n"));
        }
        text.push_str(&demo::lines(&endpoint, &pipeline.outputs));
    }
    text.push_str(&format!("Steer     {me} clock advance 8d{flag}\n          {me} journal --follow{flag}\n          {me} faults --help\n"));
    text
}
