//! Windtunnel in a container, for tests: a serverless AWS system (S3, Lambda, SQS, IAM, ...) and its Kafka broker, started and stopped with
//! the test by [testcontainers].
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cloud = windtunnel_testcontainers::Windtunnel::new().start().await?;
//! println!("AWS at {}, Kafka at {}", cloud.endpoint(), cloud.kafka());
//! for (name, value) in cloud.env() {
//!     println!("export {name}={value}");
//! }
//! # Ok(()) }
//! ```
//!
//! The image comes from no registry: [`image::build`] makes it out of a `windtunnel` binary of this machine, from scratch. Ports are published
//! on 127.0.0.1 only. Knows nothing of what is inside the container but its two ports and its command line.

pub mod image;

use std::{collections::HashMap, net::TcpListener, time::Duration};
use testcontainers::{
    ContainerAsync, GenericImage, ImageExt, TestcontainersError,
    bollard::models::PortBinding,
    core::{IntoContainerPort, WaitFor},
    runners::AsyncRunner,
};

/// Name of the image, unless told otherwise.
pub const IMAGE: &str = "windtunnel";
/// Tag of the image, unless told otherwise.
pub const TAG: &str = "local";
/// The port of AWS's services in the container.
pub const PORT: u16 = 4566;
/// The port of Kafka in the container.
pub const KAFKA_PORT: u16 = 9092;

/// Said by the emulator once it listens everywhere.
const READY: &str = "Enforced: ";

/// Why a container did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Docker, or what runs in it. Without an image of this name: see [`image::build`].
    #[error("the container of windtunnel did not start: {0}")]
    Container(#[from] TestcontainersError),
    /// Kafka tells its clients where to connect, so its port has to be known before the start.
    #[error("no port of 127.0.0.1 is free for Kafka: {0}")]
    Port(std::io::Error),
}

/// A cloud in a container, to be started.
#[derive(Clone, Debug)]
pub struct Windtunnel {
    image: String,
    tag: String,
    arguments: Vec<String>,
    startup: Duration,
}

impl Default for Windtunnel {
    fn default() -> Self {
        Windtunnel { image: IMAGE.into(), tag: TAG.into(), arguments: Vec::new(), startup: Duration::from_secs(60) }
    }
}

impl Windtunnel {
    /// Of the image `windtunnel:local`.
    pub fn new() -> Windtunnel {
        Windtunnel::default()
    }
    /// Of another image.
    pub fn image(mut self, name: impl Into<String>, tag: impl Into<String>) -> Windtunnel {
        (self.image, self.tag) = (name.into(), tag.into());
        self
    }
    /// Seed of ids and randomness.
    pub fn seed(self, seed: u64) -> Windtunnel {
        self.arguments(["--seed".to_owned(), seed.to_string()])
    }
    /// Refuses what has no effect instead of warning.
    pub fn strict(self) -> Windtunnel {
        self.arguments(["--strict".to_owned()])
    }
    /// More arguments of `windtunnel up`.
    pub fn arguments(mut self, arguments: impl IntoIterator<Item = String>) -> Windtunnel {
        self.arguments.extend(arguments);
        self
    }
    /// Longest wait for it to stand; a minute unless told.
    pub fn startup_timeout(mut self, timeout: Duration) -> Windtunnel {
        self.startup = timeout;
        self
    }

    /// Starts it and waits until it listens.
    pub async fn start(self) -> Result<Running, StartError> {
        let kafka_port = free_port().map_err(StartError::Port)?;
        let advertised = format!("127.0.0.1:{kafka_port}");
        let container_kafka = KAFKA_PORT.to_string();
        // In the container's own network: who reaches it is decided by what is published.
        let fixed = ["up", "--no-stack", "--bind", "0.0.0.0", "--kafka-port", &container_kafka, "--kafka-advertise", &advertised];
        let command = fixed.into_iter().map(str::to_owned).chain(self.arguments);
        let container = GenericImage::new(self.image, self.tag)
            .with_exposed_port(PORT.tcp())
            .with_exposed_port(KAFKA_PORT.tcp())
            .with_wait_for(WaitFor::message_on_stderr(READY))
            .with_cmd(command)
            .with_startup_timeout(self.startup)
            .with_host_config_modifier(move |host| {
                host.publish_all_ports = Some(false);
                host.port_bindings = Some(HashMap::from([
                    (format!("{PORT}/tcp"), Some(vec![loopback(String::new())])),
                    (format!("{KAFKA_PORT}/tcp"), Some(vec![loopback(kafka_port.to_string())])),
                ]));
            })
            .start()
            .await?;
        let port = container.get_host_port_ipv4(PORT.tcp()).await?;
        Ok(Running { container, endpoint: format!("http://127.0.0.1:{port}"), kafka: advertised })
    }
}

/// A port on the loopback address and no other.
fn loopback(port: String) -> PortBinding {
    PortBinding { host_ip: Some("127.0.0.1".into()), host_port: Some(port) }
}

/// A port that was free a moment ago.
fn free_port() -> std::io::Result<u16> {
    TcpListener::bind(("127.0.0.1", 0))?.local_addr().map(|address| address.port())
}

/// A cloud that runs. Dropping it removes the container.
pub struct Running {
    container: ContainerAsync<GenericImage>,
    endpoint: String,
    kafka: String,
}

impl Running {
    /// Where AWS's services are: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
    /// Kafka's bootstrap servers: `127.0.0.1:PORT`, plaintext, nobody is asked.
    pub fn kafka(&self) -> &str {
        &self.kafka
    }
    /// Environment that points AWS's SDKs and Kafka's clients here.
    pub fn env(&self) -> [(&'static str, String); 5] {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.clone()),
            ("AWS_REGION", "us-east-1".into()),
            ("AWS_ACCESS_KEY_ID", "test".into()),
            ("AWS_SECRET_ACCESS_KEY", "test".into()),
            ("KAFKA_BOOTSTRAP_SERVERS", self.kafka.clone()),
        ]
    }
    /// The container.
    pub fn container(&self) -> &ContainerAsync<GenericImage> {
        &self.container
    }
    /// Removes the container and waits for that.
    pub async fn stop(self) -> Result<(), StartError> {
        Ok(self.container.rm().await?)
    }
}
