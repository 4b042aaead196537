//! What is refused before anything is made, with its place.

use crate::Desk;
use serde_json::json;

async fn refusal(template: &str) -> String {
    let desk = Desk::new().await;
    let said = desk.refused("CreateStack", json!({ "StackName": "s", "TemplateBody": template })).await;
    assert!(desk.calls().is_empty());
    assert_eq!(desk.refused("DescribeStacks", json!({ "StackName": "s" })).await, "Stack with id s does not exist");
    said
}

#[tokio::test]
async fn unknown_types_and_properties_are_refused_with_their_place() {
    let said = refusal("Resources:\n  A:\n    Type: AWS::SQS::Kueue\n").await;
    assert_eq!(said, "Template format error: Unrecognized resource types: [AWS::SQS::Kueue] (line 3, column 11)");
    let said = refusal("Resources:\n  A:\n    Type: AWS::QuickSight::Analysis\n").await;
    assert_eq!(
        said,
        "Template validation error: resource A has type AWS::QuickSight::Analysis, which windtunnel does not support yet (line 3, column 11)"
    );
    let said = refusal("Resources:\n  A:\n    Type: AWS::S3::Bucket\n").await;
    assert_eq!(
        said,
        "Template validation error: resource A of type AWS::S3::Bucket needs the s3 service, which this cloud does not have (line 3, column 11)"
    );
    let said = refusal("Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueNam: x\n").await;
    assert_eq!(
        said,
        "Properties validation failed for resource A with message: [#: extraneous key [QueueNam] is not permitted (line 5, column 17)]"
    );
    let said = refusal(
        "Resources:\n  A:\n    Type: AWS::Logs::LogGroup\n    Properties:\n      KmsKeyId: arn:aws:kms:us-east-1:000000000000:key/1\n",
    )
    .await;
    assert_eq!(
        said,
        "Properties validation failed for resource A with message: [#/KmsKeyId: property KmsKeyId of AWS::Logs::LogGroup is not supported by windtunnel yet (line 5, column 17)]"
    );
}

#[tokio::test]
async fn values_are_checked_against_the_registry() {
    let said = refusal("Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties:\n      VisibilityTimeout: soon\n      Arn: x\n").await;
    assert!(said.contains("#/VisibilityTimeout: expected type: Integer, found: String (line 5, column 26)"), "{said}");
    assert!(said.contains("#/Arn: is read-only"), "{said}");
    let said = refusal("Resources: { A: { Type: AWS::Logs::LogGroup, Properties: { RetentionInDays: 2 } } }").await;
    assert!(said.contains("#/RetentionInDays: 2 is not a valid enum value"), "{said}");
    let said = refusal("Resources: { A: { Type: AWS::SQS::QueuePolicy, Properties: { Queues: [a] } } }").await;
    assert!(said.contains("#: required key [PolicyDocument] not found"), "{said}");
}

#[tokio::test]
async fn malformed_templates_are_refused_in_the_words_of_aws() {
    for (template, said) in [
        ("hello", "Template format error: unsupported structure."),
        ("{\"Resources\": [1, }", "Template format error: JSON not well-formed. (line 1, column 19)"),
        ("Resources: {}\n", "Template format error: At least one Resources member must be defined."),
        ("Resources: { A: x }", "Template format error: Any Resources member must be an object."),
        (
            "Resources: { A: { Properties: {} } }",
            "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
        ),
        ("Resources: { a-b: { Type: AWS::SQS::Queue } }", "Template format error: Resource name a-b is non alphanumeric."),
        (
            "Resources:\n  A: { Type: AWS::SQS::Queue }\nRules: {}\n",
            "Template validation error: the section Rules is not supported by windtunnel (line 3, column 1)",
        ),
        (
            "Resources:\n  A: { Type: AWS::SQS::Queue }\nResurces: {}\n",
            "Invalid template property or properties [Resurces] (line 3, column 1)",
        ),
        (
            "Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Depends: B\n",
            "Invalid template resource property 'Depends' (line 4, column 5)",
        ),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources: { A: { Type: AWS::SQS::Queue } }",
            "Transform AWS::Serverless-2016-10-31 is not supported by windtunnel (line 1, column 12)",
        ),
        (
            "Resources: { A: { Type: AWS::SQS::Queue, DependsOn: B } }",
            "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
        ),
        (
            "Resources: { A: { Type: AWS::SQS::Queue, Properties: { QueueName: !Ref B } } }",
            "Template format error: Unresolved resource dependencies [B] in the Resources block of the template",
        ),
        (
            "Resources: { A: { Type: AWS::SQS::Queue, DependsOn: B }, B: { Type: AWS::SQS::Queue, DependsOn: A }, C: { Type: AWS::SQS::Queue, DependsOn: A } }",
            "Circular dependency between resources: [A, B]",
        ),
        (
            "Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: !GetAtt B.Nam\n  B: { Type: AWS::SQS::Queue }\n",
            "Template error: resource B does not support attribute type Nam in Fn::GetAtt (line 5, column 18)",
        ),
        (
            "Resources: { A: { Type: AWS::SQS::Queue } }\nOutputs: { O: {} }",
            "Template format error: Every Outputs member must contain a Value object",
        ),
        (
            "Resources: { A: { Type: AWS::SQS::Queue, Properties: { QueueName: !If [No, a, b] } } }",
            "Template error: unresolved condition dependency No in Fn::If",
        ),
        (
            "Resources:\n  A:\n    Type: AWS::SQS::Queue\n    Properties:\n      QueueName: '{{resolve:ssm:x}}'\n",
            "Template error: the dynamic reference {{resolve:ssm:x}} is not supported by windtunnel (line 5, column 18)",
        ),
        (
            "Resources:\n  A: { Type: AWS::SQS::Queue }\n  A: { Type: AWS::SQS::Queue }\n",
            "Template format error: the key A stands here twice. (line 3, column 3)",
        ),
    ] {
        assert_eq!(refusal(template).await, said, "{template}");
    }
}

#[tokio::test]
async fn parameters_are_checked() {
    let desk = Desk::new().await;
    let template = "
Parameters:
  A: { Type: String }
  N: { Type: Number, Default: 1, MaxValue: 5 }
  P: { Type: String, Default: abc, AllowedPattern: '[a-z]+', ConstraintDescription: lower case only }
Resources: { Q: { Type: AWS::SQS::Queue } }
";
    let with = |list: &[(&str, &str)]| {
        let list: Vec<_> = list.iter().map(|(k, v)| json!({ "ParameterKey": k, "ParameterValue": v })).collect();
        json!({ "StackName": "s", "TemplateBody": template, "Parameters": list })
    };
    for (given, said) in [
        (&[][..], "Parameters: [A] must have values"),
        (&[("A", "x"), ("B", "y")], "Parameters: [B] do not exist in the template"),
        (&[("A", "x"), ("N", "many")], "Parameter 'N' must be a number."),
        (&[("A", "x"), ("N", "6")], "Parameter 'N' must be a number not greater than 5"),
        (&[("A", "x"), ("P", "ABC")], "Parameter 'P' failed to satisfy constraint: lower case only"),
    ] {
        assert_eq!(desk.refused("CreateStack", with(given)).await, said);
    }
}

#[tokio::test]
async fn identities_need_to_be_acknowledged() {
    let desk = Desk::new().await;
    let trust = "{ Version: '2012-10-17', Statement: [] }";
    for (name, needed) in [("", "CAPABILITY_IAM"), ("RoleName: x,", "CAPABILITY_NAMED_IAM")] {
        let template =
            format!("Resources: {{ R: {{ Type: AWS::IAM::Role, Properties: {{ {name} AssumeRolePolicyDocument: {trust} }} }} }}");
        let fault = desk.call("CreateStack", json!({ "StackName": "s", "TemplateBody": template })).await.unwrap_err();
        assert_eq!(
            (fault.code.as_ref(), fault.message),
            ("InsufficientCapabilitiesException", format!("Requires capabilities : [{needed}]"))
        );
        let summary = desk.ok("GetTemplateSummary", json!({ "TemplateBody": template })).await;
        assert_eq!(summary["Capabilities"], json!([needed]));
        assert_eq!(summary["CapabilitiesReason"], "The following resource(s) require capabilities: [AWS::IAM::Role]");
    }
}

#[tokio::test]
async fn requests_for_stacks_that_are_not_there_or_are_are_refused() {
    let desk = Desk::new().await;
    let template = "Resources: { Q: { Type: AWS::SQS::Queue } }";
    assert_eq!(desk.refused("UpdateStack", json!({ "StackName": "no", "TemplateBody": template })).await, "Stack [no] does not exist");
    assert_eq!(desk.refused("DescribeStackEvents", json!({ "StackName": "no" })).await, "Stack [no] does not exist");
    assert_eq!(desk.refused("CreateStack", json!({ "StackName": "s" })).await, "Either Template URL or Template Body must be specified.");
    let named = desk.refused("CreateStack", json!({ "StackName": "*@x_$", "TemplateBody": template })).await;
    assert!(named.contains("Value '*@x_$' at 'stackName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*"), "{named}");
    desk.create("s", template).await;
    let twice = desk.call("CreateStack", json!({ "StackName": "s", "TemplateBody": template })).await.unwrap_err();
    assert_eq!((twice.code.as_ref(), twice.message.as_str()), ("AlreadyExistsException", "Stack [s] already exists"));
}

#[tokio::test]
async fn validate_template_looks_at_names_and_types() {
    let desk = Desk::new().await;
    let validate = |template: &str| json!({ "TemplateBody": template });
    let said = desk
        .refused("ValidateTemplate", validate("Resources: { Q: { Type: AWS::SQS::Queue, Properties: { QueueName: !Sub '${Nope}' } } }"))
        .await;
    assert_eq!(said, "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template");
    let good = "Parameters: { P: { Type: String, NoEcho: true, Default: d } }\nResources: { Q: { Type: AWS::SQS::Queue } }";
    let answer = desk.ok("ValidateTemplate", validate(good)).await;
    assert_eq!(answer["Parameters"], json!([{ "ParameterKey": "P", "DefaultValue": "d", "NoEcho": true }]));
}
