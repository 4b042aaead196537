//! Templates: read, summed up and planned, as a deploy would; refused with a sentence that says where.

use crate::{
    house::House,
    target::{Target, workspace},
};
use kit::{Cloud, Fault};
use serde_json::json;
use std::{cell::RefCell, panic::AssertUnwindSafe, sync::Arc};

const WORDS: &str = "!Ref !GetAtt !Sub !Join !If !Equals !And !Or !Not !Select !Split !FindInMap !ImportValue !Base64 !Cidr !GetAZs Fn::If Fn::ForEach Ref: Condition: DependsOn: AWS::NoValue AWS::Region ${ ${! ${A.B} }} {{resolve:ssm:a}} \
    &a *a << : - | > ? ~ '' \"\" !! --- ... # %YAML \t \u{feff} Resources: Type:\u{20}AWS::S3::Bucket Type: Properties: Parameters: Outputs: 99999999999999999999 .inf .nan 0x 1e999 yes null {} [] [[[[[[[[ {{{{{{{{ \
    Transform: AWS::LanguageExtensions DeletionPolicy: Export: Name: AllowedPattern: ( [a- (?= 2010-09-09";

const SMALL: &[&str] = &[
    r#"
AWSTemplateFormatVersion: '2010-09-09'
Description: Everything small
Parameters:
  Stage: { Type: String, Default: dev, AllowedValues: [dev, live], Description: which }
  Days: { Type: Number, Default: 7, MinValue: 1, MaxValue: 30 }
  Names: { Type: CommaDelimitedList, Default: 'a,b', AllowedPattern: '[a-z]+' }
Mappings:
  Sizes: { dev: { Days: 1 }, live: { Days: 14 } }
Conditions:
  Live: !Equals [!Ref Stage, live]
  Both: !And [!Condition Live, !Not [!Equals [!Ref Days, 1]]]
Resources:
  Images:
    Type: AWS::S3::Bucket
    DeletionPolicy: Retain
    Properties:
      BucketName: !Sub 'images-${AWS::AccountId}-${Stage}'
      LifecycleConfiguration:
        Rules: [{ Id: week, Status: Enabled, ExpirationInDays: !Ref Days }]
      Tags: [{ Key: a, Value: !Join ['-', [x, !Select [0, !Ref Names]]] }]
  Jobs:
    Type: AWS::SQS::Queue
    DependsOn: Images
    Properties:
      VisibilityTimeout: !If [Live, 60, !Ref AWS::NoValue]
      RedrivePolicy: { deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 3 }
  Dead: { Type: AWS::SQS::Queue, Condition: Both }
  Log: { Type: AWS::Logs::LogGroup, Properties: { RetentionInDays: !FindInMap [Sizes, !Ref Stage, Days] } }
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, Principal: { Service: lambda.amazonaws.com }, Action: 'sts:AssumeRole' }] }
      Policies: [{ PolicyName: p, PolicyDocument: { Version: '2012-10-17', Statement: [{ Effect: Allow, Action: 's3:*', Resource: !Sub '${Images.Arn}/*' }] } }]
Outputs:
  Bucket: { Value: !Ref Images, Export: { Name: !Sub '${AWS::StackName}-bucket' } }
  Url: { Value: !GetAtt Jobs.QueueUrl, Condition: Live }
"#,
    r#"{"Resources":{"Q":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":{"Fn::Join":["-",["a",{"Ref":"AWS::Region"},{"Fn::Select":["1",{"Fn::Split":[",","x,y"]}]}]]},"Tags":[{"Key":"k","Value":{"Fn::Base64":{"Fn::Sub":["${v}",{"v":"w"}]}}}]}}},"Outputs":{"C":{"Value":{"Fn::Join":[",",{"Fn::Cidr":["10.0.0.0/16",2,8]}]}}}}"#,
    "a: &a [1, 0x1f, 0o7, 1e3, .5, ~, yes, 'q''q', \"\\u00e9\\n\"]\nb: *a\nc: |\n  text\n  more\nd: >-\n  folded\n  text\n? e\n: {f: g, \"h\": [i, {j: k}]}\n",
];

/// A cloud is used for this many plans before a fresh one is taken, so that its stacks don't pile up.
const PLANS_PER_CLOUD: u32 = 200;

#[test]
fn templates() {
    let template = std::fs::read(workspace("pipeline/template.yaml")).expect("the pipeline has a template");
    let samples = SMALL.iter().map(|text| text.as_bytes().to_vec()).chain([template]);
    let house = House::new();
    // What a broken input leaves behind is not looked at.
    let desk = AssertUnwindSafe((RefCell::new((house.cloud(), 0)), house));
    let plan = |text: &str| {
        let (cloud, house) = &*desk;
        let mut cloud = cloud.borrow_mut();
        if cloud.1 >= PLANS_PER_CLOUD {
            *cloud = (house.cloud(), 0);
        }
        cloud.1 += 1;
        house.wait(deploy(&cloud.0, text, cloud.1))
    };
    let plan = AssertUnwindSafe(plan);
    Target::new("templates", samples, WORDS).run(move |bytes| {
        let plan = &plan;
        let text = String::from_utf8_lossy(bytes);
        match yaml::parse(&text) {
            Ok(node) => drop(node.to_json()),
            Err(error) => {
                let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count() as u32;
                assert!(!error.message.is_empty());
                assert!((1..=lines + 1).contains(&error.line), "{error} in {lines} lines");
            }
        }
        (plan.0)(&text)
    });
}

/// Whether a template could be planned.
async fn deploy(cloud: &Arc<Cloud>, text: &str, number: u32) -> bool {
    let cx = cloud.house_context("fuzz");
    let body = json!({ "TemplateBody": text });
    let read = cloud.call_json(&cx, "cloudformation", "GetTemplateSummary", &body).await;
    let valid = cloud.call_json(&cx, "cloudformation", "ValidateTemplate", &body).await;
    let set = json!({ "TemplateBody": text, "StackName": format!("s{number}"), "ChangeSetName": "c", "ChangeSetType": "CREATE", "Capabilities": ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"] });
    let planned = cloud.call_json(&cx, "cloudformation", "CreateChangeSet", &set).await;
    [&read, &valid, &planned].into_iter().filter_map(|answer| answer.as_ref().err()).for_each(clear);
    planned.is_ok()
}

/// The caller's fault, said in a sentence.
fn clear(fault: &Fault) {
    assert!((400..500).contains(&fault.status), "{} {}: {}", fault.status, fault.code, fault.message);
    assert!(!fault.message.is_empty(), "{}", fault.code);
}
