//! Listening: sockets are bound before anything else, each connection gets a task, and there is an end to how many.

use crate::{
    auth::Authority,
    connection,
    options::{Listener, Security},
    room,
    shared::Shared,
};
use socket2::SockRef;
use std::{
    io,
    net::{Shutdown, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::watch,
};
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
    /// Clients make topics by naming them.
    pub auto_create: bool,
}

/// Connections that wait to be accepted, at most.
const BACKLOG: u32 = 1024;

/// The port of a listener that is away: held, so that nobody else is given it, but nobody is listened to.
pub struct Seat {
    /// The listener, at the port that it had.
    pub listener: Listener,
    socket: Option<TcpSocket>,
}

impl Seat {
    /// Holds the port of a listener that still listens.
    pub fn keep(listener: &Listener, bound: &Bound) -> Seat {
        let listener = Listener { address: bound.address, ..listener.clone() };
        // Without a seat the port is only likely to be free later.
        Seat { socket: beside(bound.address).ok(), listener }
    }

    /// Listens again.
    pub fn listen(&mut self) -> io::Result<(TcpListener, Bound)> {
        match self.socket.take() {
            Some(socket) => described(&self.listener, open(socket)?),
            None => bind(&self.listener),
        }
    }
}

/// A socket at an address where one of ours listens. Not `SO_REUSEADDR`: with it, others could bind there while nobody listens.
fn beside(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = socket_for(address)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Binds a listener.
pub fn bind(listener: &Listener) -> io::Result<(TcpListener, Bound)> {
    let socket = socket_for(listener.address)?;
    socket.set_reuseaddr(true)?;
    socket.bind(listener.address)?;
    // Only now: a port that is taken stays refused, and yet a `Seat` can be taken beside this socket.
    socket.set_reuseport(true)?;
    described(listener, open(socket)?)
}

/// Ends listening at once. Closing alone would not: a process that is being started holds copies of all sockets until it runs its program, and
/// whoever connected to such a copy would be hung up on.
pub fn silence(socket: &TcpListener) {
    let _ = SockRef::from(socket).shutdown(Shutdown::Both);
}

fn socket_for(address: SocketAddr) -> io::Result<TcpSocket> {
    if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
}

fn open(socket: TcpSocket) -> io::Result<TcpListener> {
    // What was connected here and lingers doesn't keep the next process from the port.
    socket.set_reuseaddr(true)?;
    socket.listen(BACKLOG)
}

fn described(listener: &Listener, socket: TcpListener) -> io::Result<(TcpListener, Bound)> {
    let address = socket.local_addr()?;
    let (host, port) = match &listener.advertised {
        Some((host, 0)) => (host.clone(), address.port()),
        Some((host, port)) => (host.clone(), *port),
        None => (address.ip().to_string(), address.port()),
    };
    let all = || crate::auth::MECHANISMS.to_vec();
    let mechanisms = if listener.mechanisms.is_empty() { all() } else { listener.mechanisms.clone() };
    let authority = listener.authority.clone();
    Ok((socket, Bound { address, host, port, security: listener.security, mechanisms, authority, auto_create: listener.auto_create }))
}

/// Accepts connections until the broker stops.
pub async fn serve(
    broker: Arc<Shared>,
    socket: Arc<TcpListener>,
    bound: Bound,
    acceptor: Option<TlsAcceptor>,
    mut stop: watch::Receiver<bool>,
) {
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
                    Some(acceptor) => {
                        match room::in_time(&broker.options.clock, broker.options.limits.stall_max, acceptor.accept(stream)).await {
                            Ok(stream) => connection::serve(&broker, &bound, stream, from.ip()).await,
                            Err(error) => Err(error),
                        }
                    }
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
