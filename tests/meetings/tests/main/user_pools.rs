//! User pools out of templates, and their messages under KMS: Cognito beside CloudFormation, KMS and IAM.

use crate::square::Square;
use serde_json::{Value, json};

const STACK: &str = "
Resources:
  People:
    Type: AWS::Cognito::UserPool
    Properties:
      UserPoolName: people
      MfaConfiguration: OPTIONAL
      EnabledMfas: [SOFTWARE_TOKEN_MFA]
      DeviceConfiguration: { ChallengeRequiredOnNewDevice: true }
      WebAuthnRelyingPartyID: people.example.com
  Domain:
    Type: AWS::Cognito::UserPoolDomain
    Properties: { UserPoolId: !Ref People, Domain: people-pages }
  Api:
    Type: AWS::Cognito::UserPoolResourceServer
    Properties:
      UserPoolId: !Ref People
      Identifier: https://api.example.com
      Name: api
      Scopes: [{ ScopeName: read, ScopeDescription: reads }]
  Other:
    Type: AWS::Cognito::UserPoolIdentityProvider
    Properties:
      UserPoolId: !Ref People
      ProviderName: Other
      ProviderType: OIDC
      ProviderDetails: { client_id: c, authorize_scopes: openid, oidc_issuer: 'https://id.example.com' }
      AttributeMapping: { email: email }
  Web:
    Type: AWS::Cognito::UserPoolClient
    DependsOn: [Api, Other]
    Properties:
      UserPoolId: !Ref People
      ClientName: web
      AllowedOAuthFlowsUserPoolClient: true
      AllowedOAuthFlows: [code]
      AllowedOAuthScopes: [openid, https://api.example.com/read]
      CallbackURLs: ['https://app.example.com/']
      SupportedIdentityProviders: [COGNITO, Other]
  Staff:
    Type: AWS::Cognito::UserPoolGroup
    Properties: { UserPoolId: !Ref People, GroupName: staff }
  Ann:
    Type: AWS::Cognito::UserPoolUser
    Properties:
      UserPoolId: !Ref People
      Username: ann
      MessageAction: SUPPRESS
      UserAttributes: [{ Name: email, Value: ann@example.com }]
  AnnInStaff:
    Type: AWS::Cognito::UserPoolUserToGroupAttachment
    DependsOn: Staff
    Properties: { UserPoolId: !Ref People, Username: !Ref Ann, GroupName: staff }
Outputs:
  Pool: { Value: !Ref People }
  Client: { Value: !Ref Web }
";

async fn stack(square: &Square, operation: &str, template: &str, status: &str) -> Value {
    square.ok("cloudformation", operation, json!({ "StackName": "p", "TemplateBody": template })).await;
    square.settle().await;
    let stack = square.ok("cloudformation", "DescribeStacks", json!({ "StackName": "p" })).await["Stacks"][0].clone();
    let events = square.ok("cloudformation", "DescribeStackEvents", json!({ "StackName": "p" })).await;
    assert_eq!(stack["StackStatus"], status, "{events}");
    stack
}

#[tokio::test]
async fn a_stack_makes_a_pool_with_all_that_hangs_on_it() {
    let square = Square::new().await;
    let made = stack(&square, "CreateStack", STACK, "CREATE_COMPLETE").await;
    let output = |name: &str| made["Outputs"].as_array().unwrap().iter().find(|o| o["OutputKey"] == name).unwrap()["OutputValue"].clone();
    let (pool, client) = (output("Pool"), output("Client"));
    let of_pool = json!({ "UserPoolId": pool });
    let mfa = square.ok("cognito-idp", "GetUserPoolMfaConfig", of_pool.clone()).await;
    assert_eq!((&mfa["MfaConfiguration"], &mfa["SoftwareTokenMfaConfiguration"]["Enabled"]), (&json!("OPTIONAL"), &json!(true)));
    assert_eq!(mfa["WebAuthnConfiguration"], json!({ "RelyingPartyId": "people.example.com" }));
    let described = square.ok("cognito-idp", "DescribeUserPool", of_pool.clone()).await["UserPool"].clone();
    assert_eq!(
        (&described["Domain"], &described["DeviceConfiguration"]["ChallengeRequiredOnNewDevice"]),
        (&json!("people-pages"), &json!(true))
    );
    let web = square.ok("cognito-idp", "DescribeUserPoolClient", json!({ "UserPoolId": pool, "ClientId": client })).await;
    assert_eq!(web["UserPoolClient"]["AllowedOAuthFlows"], json!(["code"]));
    let groups = square.ok("cognito-idp", "AdminListGroupsForUser", json!({ "UserPoolId": pool, "Username": "ann" })).await;
    assert_eq!(groups["Groups"][0]["GroupName"], "staff");

    let changed = STACK
        .replace("EnabledMfas: [SOFTWARE_TOKEN_MFA]", "EnabledMfas: [SOFTWARE_TOKEN_MFA]\n      DeletionProtection: INACTIVE")
        .replace("ScopeName: read, ScopeDescription: reads", "ScopeName: read, ScopeDescription: reads more")
        .replace("client_id: c,", "client_id: d,");
    stack(&square, "UpdateStack", &changed, "UPDATE_COMPLETE").await;
    let provider = square.ok("cognito-idp", "DescribeIdentityProvider", json!({ "UserPoolId": pool, "ProviderName": "Other" })).await;
    assert_eq!(provider["IdentityProvider"]["ProviderDetails"]["client_id"], "d");
    let mfa = square.ok("cognito-idp", "GetUserPoolMfaConfig", of_pool.clone()).await;
    assert_eq!(mfa["MfaConfiguration"], "OPTIONAL");
    assert_eq!(mfa["WebAuthnConfiguration"], json!({ "RelyingPartyId": "people.example.com" }));

    // What the template says no longer is in force no longer.
    let without = |line: &&str| !line.contains("WebAuthn") && !line.contains("EnabledMfas") && !line.contains("MfaConfiguration");
    let plain: Vec<&str> = changed.lines().filter(without).collect();
    stack(&square, "UpdateStack", &plain.join("\n"), "UPDATE_COMPLETE").await;
    let mfa = square.ok("cognito-idp", "GetUserPoolMfaConfig", of_pool.clone()).await;
    assert_eq!(mfa, json!({ "MfaConfiguration": "OFF" }));

    square.ok("cloudformation", "DeleteStack", json!({ "StackName": "p" })).await;
    square.settle().await;
    let gone = square.call("cognito-idp", "DescribeUserPool", of_pool).await.unwrap_err();
    assert_eq!(gone.code, "ResourceNotFoundException");
}

#[tokio::test]
async fn sender_functions_need_a_key_that_the_caller_may_share() {
    let square = Square::new().await;
    let key = square.ok("kms", "CreateKey", json!({})).await["KeyMetadata"]["Arn"].clone();
    let sender = json!({ "LambdaVersion": "V1_0", "LambdaArn": "arn:aws:lambda:us-east-1:000000000000:function:sender" });
    let pool =
        json!({ "PoolName": "p", "AutoVerifiedAttributes": ["email"], "LambdaConfig": { "CustomEmailSender": sender, "KMSKeyID": key } });
    let pool = square.ok("cognito-idp", "CreateUserPool", pool).await["UserPool"]["Id"].clone();
    let client = square.ok("cognito-idp", "CreateUserPoolClient", json!({ "UserPoolId": pool, "ClientName": "c" })).await;
    let attributes = json!([{ "Name": "email", "Value": "ann@example.com" }]);
    let sign_up = json!({ "ClientId": client["UserPoolClient"]["ClientId"], "Username": "ann", "Password": "Correct-Horse-9", "UserAttributes": attributes });
    // The key is used; then the function, which is not here.
    let fault = square.call("cognito-idp", "SignUp", sign_up).await.unwrap_err();
    assert_eq!(fault.code, "UnexpectedLambdaException", "{fault}");
}

#[tokio::test]
async fn a_pool_whose_second_factors_are_refused_does_not_stay_behind() {
    let square = Square::new().await;
    let template = "
Resources:
  People:
    Type: AWS::Cognito::UserPool
    Properties: { UserPoolName: people, MfaConfiguration: 'ON', EnabledMfas: [EMAIL_OTP] }
";
    // Codes by mail need a sender of the pool's own.
    stack(&square, "CreateStack", template, "ROLLBACK_COMPLETE").await;
    assert_eq!(square.ok("cognito-idp", "ListUserPools", json!({ "MaxResults": 10 })).await["UserPools"], json!([]));
}
