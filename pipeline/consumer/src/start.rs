//! Puts a consumer together out of its configuration, and runs it to its end.

use crate::{
    config::{Auth, Config},
    consume::{Consuming, Core},
    context::Context,
    dead_letter::DeadLetters,
    deliver::Deliverer,
    engine::{Engine, Plan},
    envelope::Envelope,
    http::{self, Health},
    iam_token::IamTokens,
    invoke::{self, Invoker},
    kafka, log,
    metrics::Metrics,
    routes::Routes,
};
use aws_config::SdkConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use serde_json::json;
use std::{
    sync::{Arc, atomic::AtomicBool, mpsc},
    time::Duration,
};

/// What a polling thread may take between two turns beside a drain.
const STALL: Duration = Duration::from_secs(30);

/// Tokens for the cluster, if it is MSK with IAM. Errors: a sentence, if there are no credentials or no region.
pub fn tokens(config: &Config, shared: &SdkConfig) -> Result<Option<IamTokens>, String> {
    if config.kafka.auth != Auth::MskIam {
        return Ok(None);
    }
    let region = config.kafka.region.clone().or(shared.region().map(|region| region.to_string()));
    let region = region.ok_or("auth = \"msk-iam\" needs a region: kafka.region, aws.region or AWS_REGION")?;
    let credentials = shared.credentials_provider().ok_or("auth = \"msk-iam\" needs AWS credentials, and there are none")?;
    Ok(Some(IamTokens { credentials, region, runtime: tokio::runtime::Handle::current() }))
}

/// How batches of each route are made.
pub fn plans(config: &Config) -> Vec<Plan> {
    let plan = |route: &crate::config::Route| Plan {
        shape: route.shape(&config.limits),
        backoff: route.backoff(),
        envelope: Envelope::new(route.envelope, config),
    };
    config.routes.iter().map(plan).collect()
}

/// Errors of librdkafka, with what a build without TLS should say.
pub fn told(error: &rdkafka::error::KafkaError) -> String {
    let hint = if cfg!(feature = "tls") { "" } else { " (this consumer was built without the cargo feature tls)" };
    format!("{error}{hint}")
}

/// Consumes until `stop` is set, or it has to. Errors: a sentence.
pub async fn run(config: Config, stop: Arc<AtomicBool>) -> Result<(), String> {
    let shared = invoke::shared(&config.aws).await;
    let metrics = Arc::new(Metrics::default());
    let context = Context { metrics: metrics.clone(), tokens: tokens(&config, &shared)?, core: None };
    let dead_letters = match &config.dead_letter {
        Some(dead) => Some(DeadLetters::new(&config, &dead.topic, context.clone()).map_err(|error| told(&error))?),
        None => None,
    };
    let drain = Duration::from_millis(config.limits.drain_timeout_ms);
    let health = Arc::new(Health::new(STALL + drain));
    if let Some(address) = config.http.listen {
        let bound =
            http::serve(address, metrics.clone(), health.clone()).await.map_err(|error| format!("http.listen {address}: {error}"))?;
        log::info("Listens", json!({ "address": bound.to_string() }));
    }
    let routes = Arc::new(Routes::new(&config.routes).map_err(|error| error.to_string())?);
    let (results, received) = mpsc::channel();
    let engine = Engine::new(routes.clone(), plans(&config), config.limits.clone());
    let core = Arc::new(Core::new(engine, received, &config, metrics.clone(), health));
    let context = Context { core: Some(core.clone()), ..context };
    let consumer: BaseConsumer<Context> = kafka::consumer(&config).create_with_context(context).map_err(|error| told(&error))?;
    consumer.subscribe(&routes.subscription()).map_err(|error| told(&error))?;
    let rules = config.routes.iter().map(|route| (route.errors.clone(), route.max_payload_bytes())).collect();
    let invoker = Invoker::new(&shared, &config);
    let deliverer = Arc::new(Deliverer { invoker, plans: plans(&config), rules, dead_letters, metrics });
    let commit_interval = Duration::from_millis(config.limits.commit_interval_ms);
    let runtime = tokio::runtime::Handle::current();
    let consuming = Consuming { core, consumer, deliverer, runtime, results, stop, commit_interval };
    log::info("Started", json!({ "group": config.kafka.group_id, "routes": config.routes.len() }));
    // A thread of its own: polling blocks, and so does what librdkafka calls back.
    let thread = std::thread::Builder::new().name("kafka".into());
    let (ended, end) = tokio::sync::oneshot::channel();
    let spawned = thread.spawn(move || ended.send(consuming.run()));
    spawned.map_err(|error| error.to_string())?;
    end.await.unwrap_or_else(|_| Err("the polling thread panicked".into()))
}
