//! The servers that are measured: how each is started, and where it takes objects.

use super::super::http::{Client, presigned};
use super::super::process::{Server, free_port};
use crate::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A server that can be measured.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Ours with a data directory: acknowledged writes survive kill -9
    Ours,
    /// Ours with a data directory and fsync
    OursPower,
    /// Ours without a data directory
    OursMemory,
    /// nginx: static files and dav PUT, unsigned
    Nginx,
    /// s3s-fs
    S3sFs,
    /// moto_server
    Moto,
    /// ministack
    Ministack,
    /// seaweedfs: `weed server -s3`, master, volume and filer in one process
    Seaweedfs,
}

impl Kind {
    /// Whether it is windtunnel.
    pub fn is_ours(self) -> bool {
        matches!(self, Kind::Ours | Kind::OursPower | Kind::OursMemory)
    }

    /// As the tables name it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Ours => "windtunnel",
            Kind::OursPower => "windtunnel-power",
            Kind::OursMemory => "windtunnel-memory",
            Kind::Nginx => "nginx",
            Kind::S3sFs => "s3s-fs",
            Kind::Moto => "moto",
            Kind::Ministack => "ministack",
            Kind::Seaweedfs => "seaweedfs",
        }
    }
}

/// A server under way.
pub struct Peer {
    /// What it is.
    pub kind: Kind,
    /// The process.
    pub server: Server,
}

/// The bucket of all objects; nginx has a folder of that name.
const BUCKET: &str = "bench";

impl Peer {
    /// Starts a server over a folder of its own; `None` when it is not installed.
    pub fn start(kind: Kind, ours: &Path, folders: &[PathBuf], data: &Path) -> Result<Option<Peer>> {
        std::fs::create_dir_all(data).map_err(|error| format!("{}: {error}", data.display()))?;
        let Some(program) = (match kind {
            Kind::Ours | Kind::OursPower | Kind::OursMemory => Some(ours.to_owned()),
            Kind::Nginx => installed("nginx", folders).or_else(|| installed("nginx", &[PathBuf::from("/usr/sbin")])),
            Kind::S3sFs => installed("s3s-fs", folders),
            Kind::Moto => installed("moto_server", folders),
            Kind::Ministack => installed("ministack", folders),
            Kind::Seaweedfs => installed("weed", folders),
        }) else {
            return Ok(None);
        };
        let port = free_port()?;
        let command = command(kind, &program, port, data)?;
        let server = Server::start_command(command, port, |client| match kind {
            Kind::Nginx => client.own("GET", "/", "").is_ok(),
            // Whatever it answers, it answers.
            _ => client.list_buckets().is_ok(),
        })?;
        let peer = Peer { kind, server };
        if kind != Kind::Nginx && kind != Kind::S3sFs {
            let put = peer.target("PUT", &format!("/{BUCKET}"));
            let answer = Client::connect(port)?
                .send(format!("PUT {put} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\ncontent-length: 0\r\n\r\n").as_bytes())?;
            if answer.status != 200 {
                return Err(format!("{}: the bucket: {} {}", kind.name(), answer.status, String::from_utf8_lossy(&answer.body)));
            }
        }
        Ok(Some(peer))
    }

    /// The request target of an object, signed where the server wants it.
    pub fn object(&self, method: &str, key: &str) -> String {
        self.target(method, &format!("/{BUCKET}/{key}"))
    }

    fn target(&self, method: &str, path: &str) -> String {
        match self.kind {
            Kind::Nginx => path.to_owned(),
            _ => presigned(method, path, "", &format!("127.0.0.1:{}", self.server.port)),
        }
    }
}

fn command(kind: Kind, program: &Path, port: u16, data: &Path) -> Result<Command> {
    let mut command = Command::new(program);
    let port = port.to_string();
    match kind {
        Kind::Ours => command.args(["up", "--no-stack", "--port", &port, "--data-dir"]).arg(data),
        Kind::OursPower => command.args(["up", "--no-stack", "--port", &port, "--durability", "power", "--data-dir"]).arg(data),
        Kind::OursMemory => command.args(["up", "--no-stack", "--port", &port]),
        Kind::Nginx => {
            let said = |error: std::io::Error| format!("{}: {error}", data.display());
            std::fs::create_dir_all(data.join("www").join(BUCKET)).map_err(said)?;
            std::fs::write(data.join("www/index.html"), "nginx\n").map_err(said)?;
            let file = data.join("nginx.conf");
            std::fs::write(&file, nginx(data, &port)).map_err(said)?;
            command.args(["-p"]).arg(data).arg("-c").arg(file)
        }
        Kind::S3sFs => {
            std::fs::create_dir_all(data.join(BUCKET)).map_err(|error| error.to_string())?;
            command.args(["--host", "127.0.0.1", "--port", &port, "--access-key", "test", "--secret-key", "test"]).arg(data)
        }
        Kind::Moto => command.args(["-H", "127.0.0.1", "-p", &port]),
        Kind::Ministack => command.env("GATEWAY_PORT", &port).env("MINISTACK_PORT", &port),
        Kind::Seaweedfs => {
            let said = |error: std::io::Error| format!("{}: {error}", data.display());
            let identities = data.join("identities.json");
            std::fs::write(&identities, IDENTITIES).map_err(said)?;
            command.arg("server").arg(format!("-dir={}", data.display()));
            command.args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-volume.max=100", "-master.volumeSizeLimitMB=1024"]);
            // Each listens with gRPC ten thousand ports further on, too.
            for part in ["master", "volume", "filer"] {
                command.arg(format!("-{part}.port={}", free_port()? % 40_000 + 10_000));
            }
            command.arg(format!("-s3.port={port}")).arg(format!("-s3.config={}", identities.display()))
        }
    };
    Ok(command)
}

/// Who may do everything at seaweedfs: the one who signs here.
const IDENTITIES: &str = r#"{"identities":[{"name":"bench","credentials":[{"accessKey":"test","secretKey":"test"}],"actions":["Admin","Read","Write","List"]}]}"#;

fn nginx(data: &Path, port: &str) -> String {
    let data = data.display();
    format!(
        "user root;\ndaemon off;\nworker_processes auto;\npid {data}/pid;\nerror_log {data}/error.log;\nevents {{ worker_connections 1024; }}\n\
         http {{\n access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; client_max_body_size 0;\n\
         client_body_temp_path {data}/tmp; proxy_temp_path {data}/p; fastcgi_temp_path {data}/f; uwsgi_temp_path {data}/u; scgi_temp_path {data}/s;\n\
         server {{ listen 127.0.0.1:{port}; root {data}/www; location / {{ dav_methods PUT; create_full_put_path on; }} }}\n}}\n"
    )
}

/// A program in one of the folders or on the PATH.
fn installed(name: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    folders.iter().cloned().chain(std::env::split_paths(&path)).map(|folder| folder.join(name)).find(|file| file.is_file())
}
