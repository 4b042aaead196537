//! The broker goes away and comes back: listeners end and open again at the same ports, as clients see it of a broker that is restarted.

use crate::{Broker, groups, listener::Seat, transactions};
use std::io;

/// Why the broker doesn't listen now.
const DOWN: &str = "the Kafka broker is down";

impl Broker {
    /// Whether it listens.
    pub fn is_up(&self) -> bool {
        self.down.lock().is_none()
    }

    /// Goes away: connections end and nobody can connect. Logs and offsets stay. False if it was away already.
    pub async fn down(&self) -> bool {
        let gone = {
            let mut down = self.down.lock();
            if down.is_some() {
                return false;
            }
            let gone = std::mem::take(&mut *self.listening.lock());
            *down = Some(gone.iter().map(|listening| Seat::keep(&listening.listener, &listening.bound)).collect());
            gone
        };
        for listening in gone {
            listening.end();
            // Nothing is accepted any more when the task is gone.
            let _ = listening.task.await;
        }
        true
    }

    /// Comes back, at the same ports. Groups have lost their members, who join again; transactions that were decided are finished.
    /// False if it was there already.
    pub async fn up(&self) -> io::Result<bool> {
        let Some(mut seats) = self.down.lock().take() else { return Ok(false) };
        self.shared.groups.clear();
        groups::all_left(&self.shared)?;
        transactions::recover(&self.shared).map_err(io::Error::other)?;
        while let Some(seat) = seats.first_mut() {
            if let Err(error) = seat.listen().and_then(|opened| self.open(&seat.listener, opened)) {
                // What could not open is tried again with the next word.
                *self.down.lock() = Some(seats);
                return Err(error);
            }
            seats.remove(0);
        }
        // Who reads inside the process looks again.
        self.shared.topics.bells.read().iter().for_each(|bell| bell());
        Ok(true)
    }

    /// Goes away and comes back; logs on disk are closed and read again, as at a start.
    pub async fn restart(&self) -> io::Result<()> {
        self.down().await;
        if self.shared.options.dir.is_some() {
            let shared = self.shared.clone();
            let reopen = move || shared.topics.close().and_then(|()| shared.topics.reload());
            tokio::task::spawn_blocking(reopen).await.map_err(io::Error::other)??;
        }
        self.up().await.map(drop)
    }

    /// Takes the leader of a partition away, or gives it back: without one nothing is written or read, and Metadata says so.
    /// False where there is no such partition.
    pub fn lead(&self, topic: &str, partition: i32, leads: bool) -> bool {
        let Some((_, partition)) = self.shared.topics.partition(topic, partition) else { return false };
        partition.lead(leads);
        true
    }

    pub(crate) fn refuse_if_down(&self) -> io::Result<()> {
        match self.is_up() {
            true => Ok(()),
            false => Err(io::Error::new(io::ErrorKind::NotConnected, DOWN)),
        }
    }
}
