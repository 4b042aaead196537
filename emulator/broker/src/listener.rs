//! Listening: sockets are bound before anything else, each connection gets a task, and there is an end to how many.

use crate::{
    auth::Authority,
    connection,
    options::{Listener, Security},
    shared::Shared,
};
use std::{io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::watch};
use tokio_rustls::TlsAcceptor;

/// A listener that is bound.
#[derive(Clone)]
pub struct Bound {
    /// Where.
    pub address: SocketAddr,
    /// What clients are told to connect to.
    pub host: String,
    /// And the port.
    pub port: u16,
    /// How it talks.
    pub security: Security,
    /// SASL mechanisms that are offered.
    pub mechanisms: Vec<&'static str>,
    /// Who is known to it and may do what.
    pub authority: Option<Arc<dyn Authority>>,
}

/// Binds a listener.
pub async fn bind(listener: &Listener) -> io::Result<(TcpListener, Bound)> {
    let socket = TcpListener::bind(listener.address).await?;
    let address = socket.local_addr()?;
    let (host, port) = match &listener.advertised {
        Some((host, 0)) => (host.clone(), address.port()),
        Some((host, port)) => (host.clone(), *port),
        None => (address.ip().to_string(), address.port()),
    };
    let all = || crate::auth::MECHANISMS.to_vec();
    let mechanisms = if listener.mechanisms.is_empty() { all() } else { listener.mechanisms.clone() };
    let authority = listener.authority.clone();
    Ok((socket, Bound { address, host, port, security: listener.security, mechanisms, authority }))
}

/// Accepts connections until the broker stops.
pub async fn serve(broker: Arc<Shared>, socket: TcpListener, bound: Bound, acceptor: Option<TlsAcceptor>, mut stop: watch::Receiver<bool>) {
    let bound = Arc::new(bound);
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = stop.changed() => return,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            // Too many open files, mostly: connections end, and then there is room again.
            Err(_) => {
                broker.options.clock.real_sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let Ok(place) = broker.connections.clone().try_acquire_owned() else {
            broker.metrics.count(|m| &m.connections_refused, 1);
            continue;
        };
        let (broker, bound, acceptor, mut stop) = (broker.clone(), bound.clone(), acceptor.clone(), stop.clone());
        tokio::spawn(async move {
            let _place = place;
            let _ = stream.set_nodelay(true);
            let life = async {
                match acceptor {
                    None => connection::serve(&broker, &bound, stream, from.ip()).await,
                    Some(acceptor) => match acceptor.accept(stream).await {
                        Ok(stream) => connection::serve(&broker, &bound, stream, from.ip()).await,
                        Err(error) => Err(error),
                    },
                }
            };
            tokio::select! {
                // How a connection ends is the client's business; what a request did wrong was answered or counted.
                _ = life => {}
                _ = stop.changed() => {}
            }
        });
    }
}
