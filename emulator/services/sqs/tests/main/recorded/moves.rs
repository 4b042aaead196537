//! Message move tasks.

use super::play::{Case, Play};
use crate::desk::arn;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

/// Queues whose messages are dead, a dead-letter queue, and a queue to move them to.
async fn dead(case: Case, sources: &[&str], messages: usize) -> Play {
    let play = Play::new(case).await;
    play.desk.queue("dead", json!({})).await;
    play.desk.queue("destination", json!({})).await;
    let policy = json!({ "deadLetterTargetArn": arn("dead"), "maxReceiveCount": 1 }).to_string();
    for source in sources {
        let url = play.desk.queue(source, json!({ "VisibilityTimeout": "0", "RedrivePolicy": policy })).await;
        for n in 1..=messages {
            play.desk.send(&url, &format!("message-{n}")).await;
        }
        while !play.desk.receive(&url).await.is_empty() {}
    }
    play
}

fn to(destination: &str) -> Value {
    json!({ "SourceArn": arn("dead"), "DestinationArn": arn(destination) })
}
fn slowly(mut start: Value) -> Value {
    start["MaxNumberOfMessagesPerSecond"] = 1.into();
    start
}

async fn moved(play: &mut Play, start: Value) {
    play.shot("start-message-move-task-response", "StartMessageMoveTask", start).await;
    play.desk.settle().await;
    play.shot("list-message-move-task-response", "ListMessageMoveTasks", json!({ "SourceArn": arn("dead") })).await;
}

pub async fn to_destination(case: Case) -> Play {
    let mut play = dead(case, &["queue"], 2).await;
    moved(&mut play, to("destination")).await;
    play
}

pub async fn back(case: Case) -> Play {
    let mut play = dead(case, &["queue"], 2).await;
    play.keep("source-arn", arn("dead").into());
    play.keep("original-source", arn("queue").into());
    moved(&mut play, json!({ "SourceArn": arn("dead") })).await;
    play
}

pub async fn back_to_two(case: Case) -> Play {
    let mut play = dead(case, &["queue", "other"], 2).await;
    play.keep("source-arn", arn("dead").into());
    play.keep("original-source-1", arn("queue").into());
    play.keep("original-source-2", arn("other").into());
    moved(&mut play, json!({ "SourceArn": arn("dead") })).await;
    play
}

pub async fn started(case: Case) -> Play {
    let mut play = dead(case, &["queue"], 4).await;
    play.shot("start-message-move-task-response", "StartMessageMoveTask", slowly(to("destination"))).await;
    play.desk.advance(2).await;
    assert_eq!(play.desk.counts("destination").await[0], "3");
    play.desk.advance(1).await;
    assert_eq!(play.desk.counts("destination").await[0], "4");
    play
}

pub async fn two_at_once(case: Case) -> Play {
    let mut play = dead(case, &["queue"], 10).await;
    play.desk.ok("StartMessageMoveTask", slowly(to("destination"))).await;
    play.shot("error", "StartMessageMoveTask", slowly(to("destination"))).await;
    play
}

pub async fn no_source(case: Case) -> Play {
    let mut play = Play::new(case).await;
    play.desk.queue("dead", json!({})).await;
    play.desk.queue("destination", json!({})).await;
    play.shot("error", "StartMessageMoveTask", to("destination")).await;
    play
}

pub async fn no_destination(case: Case) -> Play {
    let mut play = dead(case, &["queue"], 0).await;
    play.shot("error", "StartMessageMoveTask", to("destinationdoesntexist")).await;
    play
}

fn handle(source: &str) -> Value {
    let json = json!({ "taskId": "10f57157-fc38-4da9-a113-4de7e12d05aa", "sourceArn": source });
    json!({ "TaskHandle": BASE64_STANDARD.encode(json.to_string()) })
}

pub async fn bad_handle(case: Case) -> Play {
    let mut play = Play::new(case).await;
    play.shot("error", "CancelMessageMoveTask", json!({ "TaskHandle": "foobared" })).await;
    play
}

pub async fn handle_of_nothing(case: Case) -> Play {
    let mut play = Play::new(case).await;
    play.shot("error", "CancelMessageMoveTask", handle(&arn("test-queue-doesnt-exist-123456"))).await;
    play
}

pub async fn handle_of_no_task(case: Case) -> Play {
    let mut play = dead(case, &["queue"], 0).await;
    play.shot("error", "CancelMessageMoveTask", handle(&arn("dead"))).await;
    play
}

pub async fn destination_deleted(case: Case) -> Play {
    let mut play = dead(case, &["queue"], 10).await;
    play.desk.ok("StartMessageMoveTask", slowly(to("destination"))).await;
    // AWS had moved three when the queue was gone.
    play.desk.advance(2).await;
    play.desk.ok("DeleteQueue", json!({ "QueueUrl": "destination" })).await;
    play.desk.advance(3).await;
    play.shot("list", "ListMessageMoveTasks", json!({ "SourceArn": arn("dead") })).await;
    assert!(!play.desk.receive("dead").await.is_empty());
    play
}
