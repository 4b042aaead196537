//! The listener: connections, their limits and their end. Knows sockets; what happens to a request stands in [`crate::request`].

use crate::{
    body::Outgoing,
    house::{House, Options},
    request,
};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
};
use kit::Cloud;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::{JoinHandle, JoinSet},
};
use wire::{Body, ReplyBody};

/// Where an emulator listens unless told otherwise.
pub const DEFAULT_ADDRESS: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 4566));

/// Endpoints of the emulator itself, under `/_windtunnel/`; the harness gives them.
pub type OwnEndpoints = Arc<dyn Fn(Request<Body>) -> BoxFuture<'static, Response<ReplyBody>> + Send + Sync>;

/// A bound listener that does not serve yet.
pub struct Gateway {
    listener: TcpListener,
    address: SocketAddr,
    options: Options,
}

impl Gateway {
    /// Binds a loopback address; port 0 takes any free one. Anything else is refused with `PermissionDenied`: an emulator whose keys
    /// everyone knows has no business on a network, unless somebody asks for it with [`Gateway::bind_beyond_loopback`].
    pub async fn bind(address: SocketAddr) -> io::Result<Gateway> {
        if !address.ip().is_loopback() {
            let text = format!("{address} is not a loopback address, and listening beyond loopback has to be asked for");
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
        }
        Gateway::bind_beyond_loopback(address).await
    }

    /// Binds any address, because the user asked for it.
    pub async fn bind_beyond_loopback(address: SocketAddr) -> io::Result<Gateway> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Gateway { listener, address, options: Options::default() })
    }

    /// With other limits and switches.
    pub fn options(mut self, options: Options) -> Gateway {
        self.options = options;
        self
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base URL: `http://127.0.0.1:4566`.
    pub fn url(&self) -> String {
        url_of(self.address)
    }

    /// Serves a cloud until the answer is shut down or dropped. Tells the cloud its endpoint.
    pub fn serve(self, cloud: Arc<Cloud>, own: Option<OwnEndpoints>) -> Server {
        cloud.set_endpoint(self.url());
        let (stop, stopped) = watch::channel(false);
        let address = self.address;
        let clock = cloud.clock().clone();
        let house = Arc::new(House::new(cloud, own, self.options));
        let task = tokio::spawn(accept_all(self.listener, house, stopped));
        Server { address, stop, task: Some(task), clock }
    }
}

fn url_of(address: SocketAddr) -> String {
    // Clients can't connect to "any address"; on the machine itself localhost is the same place.
    let ip = if address.ip().is_unspecified() { std::net::IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// A gateway at work. Dropping it closes everything at once.
pub struct Server {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
    clock: kit::Clock,
}

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
    /// Base URL.
    pub fn url(&self) -> String {
        url_of(self.address)
    }
    /// [`Server::shutdown`] with a few seconds of grace.
    pub async fn stop(self) {
        self.shutdown(Duration::from_secs(3)).await;
    }
    /// Takes no more connections, lets requests under way finish for `grace` of real time, then closes.
    pub async fn shutdown(mut self, grace: Duration) {
        let _ = self.stop.send(true);
        if let Some(mut task) = self.task.take() {
            tokio::select! {
                _ = &mut task => {}
                () = self.clock.real_sleep(grace) => task.abort(),
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

async fn accept_all(listener: TcpListener, house: Arc<House>, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(house.options.max_connections));
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        // Beyond the limit connections wait in the kernel's queue.
        let place = tokio::select! {
            place = places.clone().acquire_owned() => place.expect("the semaphore is never closed"),
            _ = stopped.changed() => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.changed() => break,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, peer)) => {
                let connection = graceful.watch(serve_connection(stream, peer, &house));
                connections.spawn(async move {
                    // An error here is a client that went away, sent no HTTP, or was to be dropped; it has been answered where it could be.
                    let _ = connection.await;
                    drop(place);
                });
            }
            // Out of file descriptors, mostly: wait for some to come back.
            Err(_) => house.cloud.clock().real_sleep(Duration::from_millis(50)).await,
        }
    }
    drop(listener);
    graceful.shutdown().await;
    while connections.join_next().await.is_some() {}
}

/// Answers the requests of one connection.
struct Answers {
    house: Arc<House>,
    peer: SocketAddr,
}

impl hyper::service::Service<Request<hyper::body::Incoming>> for Answers {
    type Response = Response<Outgoing>;
    type Error = request::Dropped;
    type Future = BoxFuture<'static, Result<Response<Outgoing>, request::Dropped>>;

    fn call(&self, request: Request<hyper::body::Incoming>) -> Self::Future {
        let (house, peer) = (self.house.clone(), self.peer);
        Box::pin(async move { request::life(&house, request, peer).await })
    }
}

fn serve_connection(stream: TcpStream, peer: SocketAddr, house: &Arc<House>) -> http1::Connection<TokioIo<TcpStream>, Answers> {
    // Answers are small and clients wait for them.
    let _ = stream.set_nodelay(true);
    let options = &house.options;
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_timeout)
        .max_headers(options.max_headers)
        .max_header_size(options.max_head_bytes)
        .serve_connection(TokioIo::new(stream), Answers { house: house.clone(), peer })
}
