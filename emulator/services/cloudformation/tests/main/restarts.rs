//! The house is killed in the middle, and started again over the same state.

use crate::{Desk, fake::World};
use kit::Store;
use serde_json::json;
use std::{sync::Arc, time::Duration};

const TWO: &str = "
Resources:
  First: { Type: AWS::SQS::Queue, Properties: { VisibilityTimeout: 40 } }
  Second: { Type: AWS::Logs::LogGroup, DependsOn: First }
";

/// Waits until a call was made, in the house that will never hear its answer.
async fn called(world: &World, verb: &str) {
    for _ in 0..10_000 {
        if world.calls.lock().unwrap().iter().any(|call| call.starts_with(verb)) {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("{verb} was not called");
}

/// The name of the thing that a call is about, once it is there.
async fn hang_on(store: &Store, world: &Arc<World>, verb: &str, template: &str, operation: &str) -> Desk {
    world.hang(verb);
    let killed = Desk::over(store.clone(), world.clone()).await;
    killed.ok(operation, json!({ "StackName": "s", "TemplateBody": template })).await;
    called(world, verb).await;
    killed.cloud.stop().await;
    world.mend();
    killed
}

#[tokio::test]
async fn a_creation_goes_on_where_it_stood_and_makes_nothing_twice() {
    for verb in ["sqs:CreateQueue", "logs:CreateLogGroup"] {
        let (store, world) = (Store::memory(), Arc::new(World::default()));
        let _killed = hang_on(&store, &world, verb, TWO, "CreateStack").await;
        let desk = Desk::over(store, world).await;
        desk.settle().await;
        assert_eq!(desk.stack("s").await["StackStatus"], "CREATE_COMPLETE", "{verb}");
        assert_eq!((desk.world.names("sqs").len(), desk.world.names("logs").len()), (1, 1), "{verb}");
    }
}

#[tokio::test]
async fn a_replacement_and_its_clean_up_go_on_where_they_stood() {
    let changed = TWO.replace("DependsOn: First", "DependsOn: First, Properties: { LogGroupName: renamed }");
    for verb in ["logs:CreateLogGroup", "logs:DeleteLogGroup"] {
        let (store, world) = (Store::memory(), Arc::new(World::default()));
        {
            let first = Desk::over(store.clone(), world.clone()).await;
            assert_eq!(first.create("s", TWO).await["StackStatus"], "CREATE_COMPLETE");
            first.cloud.stop().await;
        }
        world.take_calls();
        let _killed = hang_on(&store, &world, verb, &changed, "UpdateStack").await;
        let desk = Desk::over(store, world).await;
        desk.settle().await;
        assert_eq!(desk.stack("s").await["StackStatus"], "UPDATE_COMPLETE", "{verb}");
        assert_eq!(desk.world.names("logs"), ["renamed"], "{verb}");
    }
}

#[tokio::test]
async fn a_deletion_goes_on_where_it_stood() {
    let (store, world) = (Store::memory(), Arc::new(World::default()));
    let desk = Desk::over(store.clone(), world.clone()).await;
    desk.create("s", TWO).await;
    world.hang("sqs:DeleteQueue");
    desk.ok("DeleteStack", json!({ "StackName": "s" })).await;
    called(&world, "sqs:DeleteQueue").await;
    desk.cloud.stop().await;
    world.mend();
    let desk = Desk::over(store, world).await;
    desk.cloud.settle(Duration::from_secs(10)).await.unwrap();
    assert!(desk.world.things.lock().unwrap().is_empty());
    assert_eq!(desk.refused("DescribeStacks", json!({ "StackName": "s" })).await, "Stack with id s does not exist");
}
