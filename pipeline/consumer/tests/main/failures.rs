//! What the table of errors says is done: retries with the partition at rest, dead letters, drops and stops.

use crate::{
    proxy::{Proxy, Rule},
    runner::{Runner, Setup},
    stand::{Stand, call, numbered},
};
use serde_json::json;

/// Lambda itself throttles: the function has no concurrency, and then it has.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_throttled_function_gets_everything_in_order_later() {
    let stand = Stand::new(1).await;
    call(&stand.cloud, "PutFunctionConcurrency", json!({ "FunctionName": "f", "ReservedConcurrentExecutions": 0 })).await;
    stand.produce(Some(0), &numbered(0..5)).await;
    let setup = Setup { route: "invocation = \"request-response\"\n", ..Setup::of(&stand) };
    let mut consumer = Runner::start(&stand, &setup);
    let retry = consumer.hear("Retry");
    assert_eq!((&retry["class"], &retry["code"], &retry["offset"]), (&json!("throttled"), &json!("TooManyRequestsException"), &json!(0)));
    consumer.hear("Retry");
    assert_eq!((stand.committed(), stand.seen.all().len()), (vec![Some(0)], 0));
    call(&stand.cloud, "DeleteFunctionConcurrency", json!({ "FunctionName": "f" })).await;
    assert_eq!(stand.seen.sorted(5).await, numbered(0..5));
    consumer.stop();
    assert_eq!(stand.committed(), [Some(5)]);
}

/// 429 with Retry-After, 500, 503 and a connection that breaks are all tried again.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_passes_is_tried_again() {
    let stand = Stand::new(1).await;
    stand.produce(Some(0), &numbered(0..3)).await;
    let rules = [
        Rule::Answer(429, "TooManyRequestsException", "retry-after: 1\r\n"),
        Rule::Answer(500, "ServiceException", ""),
        Rule::Answer(502, "EC2ThrottledException", ""),
        Rule::Answer(409, "ResourceConflictException", ""),
        // Not what Lambda answers to an event: whatever stands in between, it isn't an acceptance.
        Rule::Answer(200, "", ""),
    ];
    let proxy = Proxy::new(&stand.endpoint, rules).await;
    let begun = std::time::Instant::now();
    let mut consumer = Runner::before(stand.folder.path(), &Setup::of(&stand), &proxy.url);
    let classes: Vec<String> = (0..5).map(|_| consumer.hear("Retry")["class"].as_str().unwrap().to_owned()).collect();
    assert_eq!(classes, ["throttled", "unavailable", "unavailable", "unavailable", "unavailable"]);
    assert_eq!(stand.seen.sorted(3).await, numbered(0..3));
    assert!(begun.elapsed().as_millis() >= 1000, "Retry-After is kept");
    assert_eq!(proxy.rules_left(), 0);
    consumer.stop();
    assert_eq!(stand.committed(), [Some(3)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_value_that_is_no_json_goes_to_the_dead_letter_topic() {
    let stand = Stand::new(1).await;
    stand.produce(Some(0), &["{\"key\":\"a\"}".into(), "nonsense".into(), "{\"key\":\"b\"}".into()]).await;
    let consumer = Runner::start(&stand, &Setup { route: "envelope = \"raw\"\n", ..Setup::of(&stand) });
    assert_eq!(stand.seen.sorted(2).await, ["{\"key\":\"a\"}", "{\"key\":\"b\"}"]);
    let [(value, headers)] = stand.dead_letters(1).try_into().unwrap();
    assert_eq!(value, "nonsense");
    for (name, expected) in [
        ("topic", "photo-ingest"),
        ("partition", "0"),
        ("offset", "1"),
        ("class", "rejected"),
        ("code", "InvalidRequestContentException"),
        ("attempts", "1"),
    ] {
        assert_eq!(headers[&format!("dead-letter.{name}")], expected, "{name}");
    }
    assert!(headers["dead-letter.message"].starts_with("the value is no JSON"), "{headers:?}");
    consumer.stop();
    assert_eq!(stand.committed(), [Some(3)], "the dead letter is settled");
}

/// The function fails on one record of a batch: the batch is halved until that one stands alone, and the others are seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn only_the_poison_of_a_batch_is_dead_lettered() {
    let stand = Stand::new(1).await;
    let mut values = numbered(0..16);
    values[11] = "\"poison\"".into();
    stand.produce(Some(0), &values).await;
    let route = "invocation = \"request-response\"\nbatch = { records = 16, wait_ms = 500 }\n";
    let consumer = Runner::start(&stand, &Setup { route, ..Setup::of(&stand) });
    let [(value, headers)] = stand.dead_letters(1).try_into().unwrap();
    assert_eq!((value.as_str(), headers["dead-letter.code"].as_str()), ("\"poison\"", "Poisoned"));
    assert_eq!(headers["dead-letter.message"], "I can't take this");
    let mut seen = stand.seen.count(15).await;
    seen.sort();
    values.remove(11);
    values.sort();
    assert_eq!(seen, values, "each of the others once");
    consumer.stop();
    assert_eq!(stand.committed(), [Some(16)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_payload_over_the_limit_is_not_even_sent() {
    let stand = Stand::new(1).await;
    stand.produce(Some(0), &["\"small\"".into(), format!("\"{}\"", "x".repeat(3000))]).await;
    let route = "max_payload_bytes = 2048\n[routes.errors]\ntoo_large = \"drop\"\n";
    let mut consumer = Runner::start(&stand, &Setup { route, ..Setup::of(&stand) });
    let dropped = consumer.hear("Dropped");
    assert_eq!((&dropped["class"], &dropped["offset"]), (&json!("too-large"), &json!(1)));
    consumer.stop();
    assert_eq!((stand.seen.all(), stand.committed()), (vec!["\"small\"".to_owned()], vec![Some(2)]));
}

/// A function that isn't there is waited for; with attempts, its records end where the table says.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_missing_function_is_waited_for_unless_attempts_are_counted() {
    let stand = Stand::new(1).await;
    stand.produce(Some(0), &numbered(0..1)).await;
    call(&stand.cloud, "DeleteFunction", json!({ "FunctionName": "f" })).await;
    let mut consumer = Runner::start(&stand, &Setup::of(&stand));
    assert_eq!(consumer.hear("Retry")["class"], "missing");
    crate::stand::function(&stand.cloud, "f").await;
    assert_eq!(stand.seen.count(1).await, numbered(0..1));
    consumer.stop();

    call(&stand.cloud, "DeleteFunction", json!({ "FunctionName": "f" })).await;
    stand.produce(Some(0), &numbered(1..2)).await;
    let consumer = Runner::start(&stand, &Setup { route: "[routes.errors]\nattempts = 3\n", ..Setup::of(&stand) });
    let [(value, headers)] = stand.dead_letters(1).try_into().unwrap();
    assert_eq!((value.as_str(), headers["dead-letter.attempts"].as_str()), ("\"m-1\"", "3"));
    consumer.stop();
    assert_eq!(stand.committed(), [Some(2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn stop_ends_the_consumer_with_the_record_uncommitted() {
    let stand = Stand::new(1).await;
    stand.produce(Some(0), &["\"fine\"".into(), "nonsense".into(), "\"later\"".into()]).await;
    let consumer =
        Runner::start(&stand, &Setup { route: "envelope = \"raw\"\n[routes.errors]\nrejected = \"stop\"\n", ..Setup::of(&stand) });
    let (status, lines) = consumer.ends();
    let why = lines.iter().find(|line| line["event"] == "HadToStop").expect("it says why")["why"].as_str().unwrap().to_owned();
    assert_eq!(status.code(), Some(1));
    assert!(why.starts_with("photo-ingest-0 at offset 1: InvalidRequestContentException"), "{why}");
    assert_eq!((stand.committed(), stand.seen.count(1).await), (vec![Some(1)], vec!["\"fine\"".to_owned()]));
}
