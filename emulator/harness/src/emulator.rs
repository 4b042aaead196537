//! A cloud in this process: started in milliseconds, listened to by any SDK, moved through time.

use gateway::Gateway;
use kit::{
    AdvanceOptions, Advanced, ClockMode, Cloud, Fault, NotQuiet, Settle, Timestamp,
    store::{Durability, Store},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

/// Builds an [`Emulator`].
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let cloud = windtunnel::Emulator::builder().start().await?;
/// let s3 = aws_sdk_s3::Client::new(&cloud.sdk_config());
/// s3.create_bucket().bucket("photos").send().await?;
/// cloud.advance(std::time::Duration::from_secs(8 * 86_400)).await;
/// # Ok(()) }
/// ```
pub struct Builder {
    address: SocketAddr,
    seed: u64,
    strict: bool,
    start_at: Option<Timestamp>,
    frozen: bool,
    data_dir: Option<(PathBuf, Durability)>,
    journal_bytes: usize,
    signature_v2: bool,
    #[cfg(feature = "cognito-idp")]
    issuer: cognito_idp::Issuer,
    #[cfg(feature = "kafka")]
    kafka: Option<SocketAddr>,
    #[cfg(feature = "kafka")]
    kafka_bootstrap: Option<String>,
    #[cfg(feature = "kafka")]
    kafka_advertised: Option<(String, u16)>,
    #[cfg(feature = "kafka")]
    kafka_memory: Option<u64>,
    #[cfg(feature = "lambda")]
    functions: Vec<(String, Closure)>,
}

/// A function of this process.
#[cfg(feature = "lambda")]
type Closure = Arc<dyn lambda::in_process::Handler>;

impl Default for Builder {
    fn default() -> Self {
        Builder {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            seed: 0,
            strict: false,
            start_at: None,
            frozen: false,
            data_dir: None,
            journal_bytes: 1 << 20,
            signature_v2: true,
            #[cfg(feature = "cognito-idp")]
            issuer: cognito_idp::Issuer::default(),
            #[cfg(feature = "kafka")]
            kafka: None,
            #[cfg(feature = "kafka")]
            kafka_bootstrap: None,
            #[cfg(feature = "kafka")]
            kafka_advertised: None,
            #[cfg(feature = "kafka")]
            kafka_memory: None,
            #[cfg(feature = "lambda")]
            functions: Vec::new(),
        }
    }
}

impl Builder {
    /// Listens on this port of the loopback address; 0 (default) takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.address.set_port(port);
        self
    }
    /// Listens on this address. Anything but loopback is the caller's decision to open the emulator to others.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }
    /// Seed of ids and randomness; 0 by default.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
    /// Refuses what has no effect instead of warning.
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }
    /// Virtual time at the start; real time by default.
    pub fn start_at(mut self, at: Timestamp) -> Self {
        self.start_at = Some(at);
        self
    }
    /// Virtual time stands unless it is advanced.
    pub fn frozen(mut self) -> Self {
        self.frozen = true;
        self
    }
    /// Keeps state in a folder: what was acknowledged survives a killed process (`process`) or a power cut (`power`).
    pub fn data_dir(mut self, dir: impl Into<PathBuf>, durability: Durability) -> Self {
        self.data_dir = Some((dir.into(), durability));
        self
    }
    /// Room for the journal, in bytes.
    pub fn journal_bytes(mut self, bytes: usize) -> Self {
        self.journal_bytes = bytes;
        self
    }
    /// Whether S3 takes Signature Version 2 (URLs, headers, browser forms); it does unless told otherwise, as AWS does in its older
    /// regions, where boto3 still presigns with it. Off, such requests are refused with AWS's sentence, as in the newer regions.
    pub fn signature_v2(mut self, taken: bool) -> Self {
        self.signature_v2 = taken;
        self
    }
    /// What stands in `iss` of user pools' tokens: this cloud's endpoint, where discovery is to be fetched (default), or AWS's name, which
    /// clients expect that know of no other; or another URL of the cloud. Whoever checks tokens inside the cloud takes either.
    #[cfg(feature = "cognito-idp")]
    pub fn issuer(mut self, issuer: cognito_idp::Issuer) -> Self {
        self.issuer = issuer;
        self
    }

    /// The Kafka broker listens on this port of the loopback address too: plaintext, nobody is asked; 0 takes a free one. Without it only
    /// MSK clusters listen, each at ports of its own.
    #[cfg(feature = "kafka")]
    pub fn kafka(self, port: u16) -> Self {
        self.kafka_address(SocketAddr::from(([127, 0, 0, 1], port)))
    }
    /// As [`kafka`](Self::kafka), on any address.
    #[cfg(feature = "kafka")]
    pub fn kafka_address(mut self, address: SocketAddr) -> Self {
        self.kafka = Some(address);
        self
    }

    /// Clients of Kafka's plaintext listener are told to connect to this host and port: where the cloud stands in a container.
    #[cfg(feature = "kafka")]
    pub fn kafka_advertise(mut self, host: impl Into<String>, port: u16) -> Self {
        self.kafka_advertised = Some((host.into(), port));
        self
    }
    /// Bytes that the Kafka broker keeps in memory: logs (half; what is beyond goes to files), requests and answers (a quarter each); 768 MiB
    /// without, 16 MiB at least.
    #[cfg(feature = "kafka")]
    pub fn kafka_memory(mut self, bytes: u64) -> Self {
        self.kafka_memory = Some(bytes);
        self
    }
    /// MSK's clusters are names for the brokers at `HOST:PORT[,HOST:PORT...]` and not for the one of this process: clients are sent there,
    /// topics are made there. They are asked without authentication.
    #[cfg(feature = "kafka")]
    pub fn kafka_bootstrap(mut self, servers: impl Into<String>) -> Self {
        self.kafka_bootstrap = Some(servers.into());
        self
    }

    /// Makes a Lambda function of this name out of a closure, which runs in this process: under a debugger, with the semantics of a function
    /// around it. Its role, `windtunnel-closures`, may do everything; a function with another role or other settings is made with
    /// CreateFunction out of [`lambda::in_process::package`].
    #[cfg(feature = "lambda")]
    pub fn function(mut self, name: &str, closure: impl lambda::in_process::Handler + 'static) -> Self {
        self.functions.push((name.to_owned(), Arc::new(closure)));
        self
    }

    /// Starts the cloud and listens.
    pub async fn start(self) -> Result<Emulator, StartError> {
        let store = match &self.data_dir {
            Some((dir, durability)) => {
                Store::durable(dir, *durability).map_err(|e| StartError::Store(dir.display().to_string(), e.to_string()))?
            }
            None => Store::memory(),
        };
        let mut builder = Cloud::builder().seed(self.seed).strict(self.strict).store(store).journal_bytes(self.journal_bytes);
        if let Some(at) = self.start_at {
            builder = builder.start_at(at);
        }
        if self.frozen {
            builder = builder.mode(ClockMode::Frozen);
        }
        #[cfg(feature = "kafka")]
        let kafka = Arc::new(self.kafka_service());
        for service in crate::services::all() {
            #[cfg(feature = "kafka")]
            if service.schema().name == "kafka" {
                builder = builder.service(kafka.clone());
                continue;
            }
            #[cfg(feature = "cognito-idp")]
            if service.schema().name == "cognito-idp" {
                builder = builder.service(Arc::new(cognito_idp::CognitoIdp::new().issuer(self.issuer.clone())));
                continue;
            }
            #[cfg(feature = "lambda")]
            if service.schema().name == "lambda" {
                builder = builder.service(Arc::new(crate::closures::lambda(&self.functions)?));
                continue;
            }
            builder = builder.service(service);
        }
        let options = gateway::Options { signature_version_2: self.signature_v2, ..gateway::Options::default() };
        // An address beyond loopback is asked for by naming it.
        let bound = match self.address.ip().is_loopback() {
            true => Gateway::bind(self.address).await,
            false => Gateway::bind_beyond_loopback(self.address).await,
        };
        let gateway = bound.map_err(|e| StartError::Listen(self.address, e))?.options(options);
        let address = gateway.address();
        let cloud = builder.endpoint(url_of(address)).start().await.map_err(StartError::Cloud)?;
        #[cfg(feature = "lambda")]
        crate::closures::create(&cloud, &self.functions).await.map_err(StartError::Cloud)?;
        let own = crate::admin::endpoints(
            cloud.clone(),
            #[cfg(feature = "kafka")]
            kafka.clone(),
        );
        let server = gateway.serve(cloud.clone(), Some(own));
        Ok(Emulator {
            cloud,
            address,
            server: Some(server),
            #[cfg(feature = "kafka")]
            kafka,
        })
    }

    #[cfg(feature = "kafka")]
    fn kafka_service(&self) -> kafka::Kafka {
        let mut service = kafka::Kafka::new();
        if let Some(address) = self.kafka {
            service = service.listen(address);
        }
        if let Some((host, port)) = &self.kafka_advertised {
            service = service.advertise(host, *port);
        }
        if let Some(bytes) = self.kafka_memory {
            service = service.memory(bytes);
        }
        if let Some(servers) = &self.kafka_bootstrap {
            service = service.external(servers);
        }
        match &self.data_dir {
            Some((dir, durability)) => service.data_dir(dir.join("kafka"), *durability),
            None => service,
        }
    }
}

/// The URL by which this machine reaches an address. One that stands for every address of the machine is no place to send anybody to.
fn url_of(address: SocketAddr) -> String {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("can't listen on {0}: {1}. Choose another with --port, or stop what listens there.")]
    Listen(SocketAddr, std::io::Error),
    /// The folder can't be used.
    #[error("can't keep state in {0}: {1}")]
    Store(String, String),
    /// A service did not start.
    #[error("the cloud did not start: {0}")]
    Cloud(Fault),
}

/// A running cloud. Dropping it stops listening and ends its functions.
pub struct Emulator {
    cloud: Arc<Cloud>,
    address: SocketAddr,
    server: Option<gateway::Server>,
    #[cfg(feature = "kafka")]
    kafka: Arc<kafka::Kafka>,
}

impl Emulator {
    /// A builder with everything at its default.
    pub fn builder() -> Builder {
        Builder::default()
    }
    /// The cloud inside: clock, journal, faults, store.
    pub fn cloud(&self) -> &Arc<Cloud> {
        &self.cloud
    }
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// `http://127.0.0.1:PORT`
    pub fn endpoint(&self) -> String {
        url_of(self.address)
    }
    /// Configuration for aws-sdk-rust clients, as root of the default account.
    pub fn sdk_config(&self) -> aws_config::SdkConfig {
        crate::sdk::config(&self.endpoint(), "test", "test", None)
    }
    /// Environment for everything else; see [`crate::env`]. KAFKA_BOOTSTRAP_SERVERS where the broker has a listener of its own.
    pub fn env(&self) -> Vec<(String, String)> {
        #[allow(unused_mut)] // nothing is added where Kafka is not part of the build
        let mut exports = crate::env::exports(&self.endpoint());
        #[cfg(feature = "kafka")]
        exports.extend(self.kafka_bootstrap().map(|servers| ("KAFKA_BOOTSTRAP_SERVERS".to_owned(), servers)));
        exports
    }
    /// `HOST:PORT` of the Kafka broker, where [`Builder::kafka`] asked for one.
    #[cfg(feature = "kafka")]
    pub fn kafka_bootstrap(&self) -> Option<String> {
        self.kafka.bootstrap()
    }
    /// A small Kafka client of that listener.
    #[cfg(feature = "kafka")]
    pub fn kafka_client(&self) -> Option<kafka::client::Client> {
        self.kafka.client()
    }
    /// The Kafka broker: its metrics, its certificate, and a way to make it go away and come back.
    #[cfg(feature = "kafka")]
    pub fn kafka_broker(&self) -> Result<&kafka::Broker, Fault> {
        self.kafka.broker().map(|broker| &**broker)
    }
    /// Moves virtual time, firing what is due in order and waiting for it.
    pub async fn advance(&self, by: Duration) -> Advanced {
        self.cloud.advance(AdvanceOptions { by, settle: Settle::Each, budget: Duration::from_secs(600) }).await
    }
    /// Waits until nothing is under way.
    pub async fn settle(&self) -> Result<(), NotQuiet> {
        self.cloud.settle(Duration::from_secs(60)).await
    }
    /// What happened.
    pub fn journal(&self) -> &kit::Journal {
        self.cloud.journal()
    }
    /// Stops listening, ends functions, and returns when both are done.
    pub async fn stop(mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
        self.cloud.stop().await;
    }
}
