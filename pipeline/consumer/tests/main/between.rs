//! What stands between clients and the broker: lets everything pass, but has one partition of a commit refused that names others too. The broker is
//! asked for a partition that isn't there, so that it does not take this one; the client is told TOPIC_AUTHORIZATION_FAILED (UNKNOWN_TOPIC_OR_PARTITION,
//! which the broker says, librdkafka itself tries again).

use bytes::{Bytes, BytesMut};
use kafka_protocol::{
    ResponseError,
    messages::{ApiKey, OffsetCommitRequest, OffsetCommitResponse, RequestHeader, ResponseHeader},
    protocol::{Decodable, Encodable},
};
use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// No topic here has so many partitions.
const NOWHERE: i32 = 999;

/// It listens, and waits to be told where the broker is.
pub struct Between {
    listener: TcpListener,
    pub port: u16,
}

/// What is refused, and what was asked.
pub struct Refusing {
    partition: i32,
    /// Commits that are still to be refused.
    left: Mutex<usize>,
    /// The offsets of each commit that named the partition and others.
    pub commits: Mutex<Vec<BTreeMap<i32, i64>>>,
}

impl Between {
    pub async fn new() -> Between {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        Between { listener, port }
    }

    /// Refuses the first so many commits of this partition.
    pub fn refuse(self, broker: SocketAddr, partition: i32, times: usize) -> Arc<Refusing> {
        let refusing = Arc::new(Refusing { partition, left: Mutex::new(times), commits: Mutex::default() });
        let theirs = refusing.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = self.listener.accept().await {
                tokio::spawn(carry(client, broker, theirs.clone()));
            }
        });
        refusing
    }
}

/// Requests one way, answers the other; whichever ends first ends both.
async fn carry(client: TcpStream, broker: SocketAddr, refusing: Arc<Refusing>) {
    let Ok(server) = TcpStream::connect(broker).await else { return };
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    // Requests whose answers have to be put right: version by correlation id.
    let changed: Mutex<HashMap<i32, i16>> = Mutex::default();
    let requests = async {
        while let Some(frame) = frame(&mut from_client).await {
            let frame = refusing.request(frame, &changed);
            if send(&mut to_server, &frame).await.is_none() {
                return;
            }
        }
    };
    let answers = async {
        while let Some(frame) = frame(&mut from_server).await {
            let correlation = i32::from_be_bytes(frame[..4].try_into().unwrap());
            let version = changed.lock().unwrap().remove(&correlation);
            let frame = version.map_or(frame.clone(), |version| refusing.answer(frame, version));
            if send(&mut to_client, &frame).await.is_none() {
                return;
            }
        }
    };
    tokio::select! {
        () = requests => {}
        () = answers => {}
    }
}

impl Refusing {
    /// Whether it has still to refuse something.
    pub fn waits(&self) -> bool {
        *self.left.lock().unwrap() > 0
    }

    /// From now on all passes.
    pub fn enough(&self) {
        *self.left.lock().unwrap() = 0;
    }

    fn request(&self, frame: Bytes, changed: &Mutex<HashMap<i32, i16>>) -> Bytes {
        let number = |at: usize| i16::from_be_bytes(frame[at..at + 2].try_into().unwrap());
        let (key, version) = (number(0), number(2));
        if key != ApiKey::OffsetCommit as i16 {
            return frame;
        }
        let mut body = frame.clone();
        let of_header = ApiKey::OffsetCommit.request_header_version(version);
        let header = RequestHeader::decode(&mut body, of_header).unwrap();
        let mut request = OffsetCommitRequest::decode(&mut body, version).unwrap();
        let asked = request.topics.iter().flat_map(|t| &t.partitions).map(|p| (p.partition_index, p.committed_offset));
        let asked: BTreeMap<i32, i64> = asked.collect();
        // Where partitions begin is committed before their first record: not what is waited for.
        let begins = asked.values().all(|offset| *offset == 0);
        if begins || !asked.contains_key(&self.partition) || asked.len() < 2 {
            return frame;
        }
        self.commits.lock().unwrap().push(asked);
        let mut left = self.left.lock().unwrap();
        if *left == 0 {
            return frame;
        }
        *left -= 1;
        let partitions = request.topics.iter_mut().flat_map(|t| &mut t.partitions);
        partitions.filter(|p| p.partition_index == self.partition).for_each(|p| p.partition_index = NOWHERE);
        changed.lock().unwrap().insert(header.correlation_id, version);
        let mut out = BytesMut::new();
        header.encode(&mut out, of_header).unwrap();
        request.encode(&mut out, version).unwrap();
        out.freeze()
    }

    fn answer(&self, frame: Bytes, version: i16) -> Bytes {
        let mut body = frame;
        let of_header = ApiKey::OffsetCommit.response_header_version(version);
        let header = ResponseHeader::decode(&mut body, of_header).unwrap();
        let mut answer = OffsetCommitResponse::decode(&mut body, version).unwrap();
        let partitions = answer.topics.iter_mut().flat_map(|t| &mut t.partitions);
        for refused in partitions.filter(|p| p.partition_index == NOWHERE) {
            (refused.partition_index, refused.error_code) = (self.partition, ResponseError::TopicAuthorizationFailed.code());
        }
        let mut out = BytesMut::new();
        header.encode(&mut out, of_header).unwrap();
        answer.encode(&mut out, version).unwrap();
        out.freeze()
    }
}

async fn frame(from: &mut (impl AsyncRead + Unpin)) -> Option<Bytes> {
    let length = from.read_i32().await.ok()?;
    let mut bytes = vec![0; usize::try_from(length).ok()?];
    from.read_exact(&mut bytes).await.ok()?;
    Some(bytes.into())
}

async fn send(to: &mut (impl AsyncWrite + Unpin), frame: &Bytes) -> Option<()> {
    to.write_i32(frame.len() as i32).await.ok()?;
    to.write_all(frame).await.ok()
}
