//! Topics by name and by pattern, each to its function or alias.

use crate::{
    runner::{Runner, Setup},
    stand::{Stand, TOPIC, call},
};
use rdkafka::producer::FutureRecord;
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn names_go_before_patterns_and_a_route_may_name_an_alias() {
    let stand = Stand::new(1).await;
    call(&stand.cloud, "PublishVersion", json!({ "FunctionName": "f" })).await;
    call(&stand.cloud, "CreateAlias", json!({ "FunctionName": "f", "Name": "live", "FunctionVersion": "1" })).await;
    ["photo-more", "photo-other", "elsewhere"].iter().for_each(|topic| stand.topic(topic, 1));
    let route = "[[routes]]\ntopics = [\"^photo-.*$\"]\nfunction = \"f:live\"\n";
    let producer = stand.producer();
    for topic in [TOPIC, "photo-more", "photo-other", "elsewhere"] {
        producer.send_result(FutureRecord::<str, str>::to(topic).payload(topic)).unwrap().await.unwrap().unwrap();
    }
    let consumer = Runner::start(&stand, &Setup { route, ..Setup::of(&stand) });
    assert_eq!(stand.seen.sorted(3).await, [TOPIC, "photo-more", "photo-other"]);
    assert_eq!(consumer.stop().code(), Some(0));
    assert_eq!(stand.seen.all().len(), 3, "a topic of no route is nobody's");
    let runs = stand.cloud.journal().held();
    let runs = runs.iter().filter(|record| record.kind == kit::RecordKind::Invocation);
    let (mut by_version, mut latest) = (0, 0);
    for run in runs {
        match run.resource.ends_with(":live") || run.resource.ends_with(":1") {
            true => by_version += 1,
            false => latest += 1,
        }
    }
    assert_eq!((by_version, latest), (2, 1), "the patterns' topics by the alias, the one that is named without");
}
