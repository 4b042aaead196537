//! Snapshots: all logs and the ledger in one file, and back. Part of the cloud's own snapshot, beside its store.

use crate::{Broker, groups, ledger::State};
use serde::{Deserialize, Serialize};
use std::{io, path::Path};

/// What a snapshot file holds.
#[derive(Default, Serialize, Deserialize)]
struct Image {
    state: State,
    /// Topic id, partition, and its segments: base offset and bytes.
    logs: Vec<(String, i32, Vec<(i64, Blob)>)>,
}

/// Bytes that are written as bytes.
struct Blob(Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Blob;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }
            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Blob, E> {
                Ok(Blob(bytes))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

impl Broker {
    /// Writes everything to one file.
    pub fn save(&self, to: &Path) -> io::Result<()> {
        // No transaction ends between the two looks: its offsets would be of the one and its records of the other.
        let _still = self.shared.transactions.still();
        let state = self.shared.ledger.read(Clone::clone);
        let mut image = Image { logs: Vec::new(), state };
        for (name, row) in &image.state.topics {
            let Some(topic) = self.shared.topics.get(name) else { continue };
            for (n, partition) in topic.partitions().iter().enumerate() {
                let segments = partition.with(|log| log.export())?;
                let segments = segments.into_iter().map(|(base, bytes)| (base, Blob(bytes.to_vec()))).collect();
                image.logs.push((row.id.clone(), n as i32, segments));
            }
        }
        std::fs::write(to, rmp_serde::to_vec_named(&image).map_err(io::Error::other)?)
    }

    /// Puts what a file holds in place of everything. Groups lose their members, who join again.
    pub fn load(&self, from: &Path) -> io::Result<()> {
        let image: Image = rmp_serde::from_slice(&std::fs::read(from)?).map_err(io::Error::other)?;
        self.replace(image)
    }

    /// Forgets everything.
    pub fn reset(&self) -> io::Result<()> {
        let cluster = self.shared.cluster_id();
        self.replace(Image { state: State { cluster, ..State::default() }, logs: Vec::new() })
    }

    fn replace(&self, image: Image) -> io::Result<()> {
        let broker = &self.shared;
        broker.groups.clear();
        broker.transactions.clear();
        let before = broker.topics.all();
        broker
            .topics
            .import(image.state, image.logs.into_iter().map(|(id, n, s)| (id, n, s.into_iter().map(|(b, Blob(x))| (b, x)).collect())))?;
        groups::all_left(broker)?;
        before.iter().flat_map(|topic| topic.partitions()).for_each(|partition| partition.wake());
        broker.housekeeping.notify_one();
        Ok(())
    }
}
