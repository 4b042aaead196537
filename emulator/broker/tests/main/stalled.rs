//! Connections that promise much and send nothing, and clients that don't read: they keep nobody else waiting, and end.

use crate::{
    client::{Client, s},
    site::Site,
};
use broker::{Listener, Security};
use kafka_protocol::messages::{
    FetchRequest, MetadataRequest, TopicName,
    fetch_request::{FetchPartition, FetchTopic},
};
use kit::ClockMode;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const LONGEST: i32 = 100 << 20;

async fn promise(to: &str, bytes: i32, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(&bytes.to_be_bytes()).await.unwrap();
    stream.write_all(&vec![0; sent]).await.unwrap();
    stream
}

#[tokio::test]
async fn what_is_promised_takes_no_room() {
    let site = Site::new().await;
    let mut promises = Vec::new();
    for _ in 0..20 {
        // Nothing of it; and enough for room to be taken, so that the next large one waits and small ones don't.
        promises.push(promise(&site.bootstrap(), LONGEST, 0).await);
        promises.push(promise(&site.bootstrap(), LONGEST, 100_000).await);
    }
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[]).await;
    assert_eq!(client.produce("t", site.now_ms(), &["through"]).await, (0, 0));
    assert_eq!(client.values("t", 0, false).await.0, ["through"]);
}

#[tokio::test]
async fn who_stops_in_the_middle_is_hung_up_on() {
    let site = Site::with(ClockMode::Running, |options| options.limits.stall_max = Duration::from_millis(50)).await;
    let tls = site.broker.listen(&Listener { security: Security::Tls, ..Listener::plaintext(([127, 0, 0, 1], 0).into()) }).await.unwrap();
    let mut ended = vec![promise(&site.bootstrap(), LONGEST, 0).await, promise(&site.bootstrap(), LONGEST, 100_000).await];
    // A handshake that goes no further than the first bytes.
    ended.push(promise(&tls.address.to_string(), 0x1603_0101, 1).await);
    for mut stream in ended {
        // An end or a reset, and no wait for ever.
        assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
    }
    // A client that is slow between its requests is not in the middle of one.
    let mut client = Client::connect(&site.bootstrap()).await;
    client.call(9, MetadataRequest::default().with_topics(None)).await;
    site.cloud.clock().real_sleep(Duration::from_millis(120)).await;
    client.call(9, MetadataRequest::default().with_topics(None)).await;
}

#[tokio::test]
async fn strangers_send_little() {
    let site = Site::new().await;
    let bound =
        site.broker.listen(&Listener { security: Security::Sasl, ..Listener::plaintext(([127, 0, 0, 1], 0).into()) }).await.unwrap();
    let mut stream = promise(&bound.address.to_string(), 600_000, 0).await;
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0, "hung up on before authentication");
}

#[tokio::test]
async fn answers_that_nobody_reads_have_an_end() {
    let site = Site::with(ClockMode::Running, |options| {
        options.limits.answers_max_bytes = 4 << 20;
        options.limits.stall_max = Duration::from_millis(200);
    })
    .await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[("max.message.bytes", "3000000")]).await;
    let value = "x".repeat(2_900_000);
    assert_eq!(client.produce("t", 1, &[&value]).await.0, 0);
    // Three who ask for it and never read: together they hold more than answers may.
    let mut idle = Vec::new();
    for _ in 0..3 {
        let mut client = Client::connect(&site.bootstrap()).await;
        client.ask_to_fetch("t", 4 << 20).await;
        idle.push(client);
    }
    assert_eq!(client.fetch_up_to("t", 4 << 20).await.len(), 1, "served once they have been hung up on");
}

#[tokio::test]
async fn a_byte_now_and_then_is_not_enough() {
    let site = Site::with(ClockMode::Running, |options| options.limits.stall_max = Duration::from_millis(300)).await;
    let mut stream = promise(&site.bootstrap(), 100_000, 70_000).await;
    let begun = site.cloud.clock().real_now().millis();
    // Each of them comes well within the time that a peer may be silent.
    while stream.write_all(&[0]).await.is_ok() {
        site.cloud.clock().real_sleep(Duration::from_millis(50)).await;
        assert!(site.cloud.clock().real_now().millis() - begun < 20_000, "it goes on for as long as it likes");
    }
}

#[tokio::test]
async fn who_waits_for_data_with_a_large_request_makes_room() {
    let site = Site::with(ClockMode::Running, |options| options.limits.in_flight_max_bytes = 400_000).await;
    let mut client = Client::connect(&site.bootstrap()).await;
    client.create("t", 1, &[]).await;
    let partitions = vec![FetchPartition::default().with_partition_max_bytes(1); 2_000];
    let topic = FetchTopic::default().with_topic(TopicName(s("t"))).with_partitions(partitions);
    let request = FetchRequest::default().with_max_wait_ms(300_000).with_min_bytes(1).with_max_bytes(1).with_topics(vec![topic]);
    let begun = site.cloud.clock().real_now().millis();
    // Each takes more than half of the room that there is for small ones.
    let (mut first, mut second) = (Client::connect(&site.bootstrap()).await, Client::connect(&site.bootstrap()).await);
    first.ask(12, request.clone()).await.unwrap();
    second.ask(12, request).await.unwrap();
    let answer = first.heard::<FetchRequest>(12).await.unwrap();
    assert_eq!((answer.error_code, answer.responses[0].partitions.len()), (0, 2_000), "as if its time were over");
    assert!(site.cloud.clock().real_now().millis() - begun < 60_000);
}
