//! Work groups of Athena out of templates.

use crate::Desk;
use serde_json::json;

const GROUP: &str = "
Resources:
  Team:
    Type: AWS::Athena::WorkGroup
    Properties:
      Name: team
      WorkGroupConfiguration:
        EnforceWorkGroupConfiguration: true
        EngineConfiguration:
          Classifications: [{ Name: athena-query-engine-properties, Properties: { max-dpu-count: '24' } }]
";

#[tokio::test]
async fn the_engines_configuration_is_passed_on_and_taken_back() {
    let desk = Desk::new().await;
    let stack = desk.create("s", GROUP).await;
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "{:?}", desk.events("s").await);
    let classifications = json!([{ "Name": "athena-query-engine-properties", "Properties": { "max-dpu-count": "24" } }]);
    assert_eq!(desk.world.thing("athena/team")["Configuration"]["EngineConfiguration"]["Classifications"], classifications);

    let changed = GROUP.replace("'24'", "'48'");
    desk.update("s", &changed).await;
    let updates = desk.world.thing("athena/team")["ConfigurationUpdates"].clone();
    assert_eq!(updates["EngineConfiguration"]["Classifications"][0]["Properties"]["max-dpu-count"], "48");

    let without = &GROUP[..GROUP.find("        EngineConfiguration").unwrap()];
    desk.update("s", without).await;
    let updates = desk.world.thing("athena/team")["ConfigurationUpdates"].clone();
    assert_eq!(updates["EngineConfiguration"], json!({ "Classifications": [] }), "what the template no longer says");
}

#[tokio::test]
async fn what_is_for_spark_is_refused_by_name() {
    let desk = Desk::new().await;
    let template = GROUP.replace("Classifications: [{", "CoordinatorDpuSize: 1\n          Classifications: [{");
    let said = desk.refused("CreateStack", json!({ "StackName": "s", "TemplateBody": template })).await;
    assert!(
        said.contains("property WorkGroupConfiguration.EngineConfiguration.CoordinatorDpuSize of AWS::Athena::WorkGroup is not supported"),
        "{said}"
    );
    assert!(desk.calls().is_empty());
}
