//! What is produced faster than it is read stays within the broker's memory, however many partitions it goes to.

use crate::{client::Client, site::Site};
use broker::Limits;
use kit::ClockMode;

#[tokio::test]
async fn logs_of_many_partitions_stay_within_the_heap() {
    let limits = Limits::within(Limits::MEMORY_MIN_BYTES);
    let most = limits.heap_max_bytes;
    let site = Site::with(ClockMode::Running, |options| options.limits = limits).await;
    let mut client = Client::connect(&site.bootstrap()).await;
    let value = "x".repeat(500_000);
    // 30 MB over 30 logs, each with a segment that never is closed; 8 MiB is what there is.
    for n in 0..30 {
        let topic = format!("t-{n}");
        client.create(&topic, 1, &[]).await;
        for at in 0..2 {
            assert_eq!(client.produce(&topic, site.now_ms(), &[&value]).await, (0, at));
            let heap = site.broker.topics().heap_bytes();
            assert!(heap <= most, "{heap} of {most}");
        }
    }
    for n in 0..30 {
        let (values, _) = client.values(&format!("t-{n}"), 1, false).await;
        assert_eq!(values, [value.as_str()], "{n}");
        assert_eq!(client.produce(&format!("t-{n}"), site.now_ms(), &["goes on"]).await, (0, 2));
    }
    for n in 0..30 {
        site.broker.topics().delete(&format!("t-{n}")).unwrap();
    }
    assert_eq!(site.broker.topics().heap_bytes(), 0);
}
