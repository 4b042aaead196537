//! Identity pools between user pools, STS, IAM and S3: who signs in gets credentials, and the credentials open what policies with the
//! identity's variables open.

use crate::square::{ACCOUNT, Square};
use kit::{Context, Fault, Principal};
use serde_json::{Value, json};

const PASSWORD: &str = "Correct-Horse-9";
const REGION: &str = "us-east-1";

/// A user pool, an identity pool that trusts it, a role that trusts the identity pool, and a bucket.
struct Drawers {
    square: Square,
    user_pool: String,
    client: String,
    pool: String,
    role: String,
}

impl Drawers {
    async fn new() -> Drawers {
        Drawers::with(json!({ "AllowUnauthenticatedIdentities": false, "AllowClassicFlow": true })).await
    }
    async fn with(settings: Value) -> Drawers {
        let square = Square::new().await;
        square.ok("s3", "CreateBucket", json!({ "Bucket": "drawers" })).await;
        let made = square.ok("cognito-idp", "CreateUserPool", json!({ "PoolName": "people" })).await;
        let user_pool = text(&made["UserPool"]["Id"]);
        let flows = json!(["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
        let input = json!({ "UserPoolId": user_pool, "ClientName": "web", "ExplicitAuthFlows": flows });
        let client = text(&square.ok("cognito-idp", "CreateUserPoolClient", input).await["UserPoolClient"]["ClientId"]);
        let mut input = json!({
            "IdentityPoolName": "drawers",
            "CognitoIdentityProviders": [{ "ProviderName": provider(&user_pool), "ClientId": client, "ServerSideTokenCheck": true }],
        });
        input.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let pool = text(&square.ok("cognito-identity", "CreateIdentityPool", input).await["IdentityPoolId"]);
        let trust = |amr: &str| {
            json!({ "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow",
                "Principal": { "Federated": "cognito-identity.amazonaws.com" },
                "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
                "Condition": {
                    "StringEquals": { "cognito-identity.amazonaws.com:aud": pool },
                    "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": amr },
                },
            }] })
            .to_string()
        };
        let role = text(
            &square.ok("iam", "CreateRole", json!({ "RoleName": "owner", "AssumeRolePolicyDocument": trust("authenticated") })).await["Role"]
                ["Arn"],
        );
        let guest = json!({ "RoleName": "guest", "AssumeRolePolicyDocument": trust("unauthenticated") });
        let guest = text(&square.ok("iam", "CreateRole", guest).await["Role"]["Arn"]);
        let drawers = Drawers { square, user_pool, client, pool, role };
        drawers.allow("owner", json!({ "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::drawers/${cognito-identity.amazonaws.com:sub}/*" })).await;
        drawers.allow("guest", json!({ "Action": ["s3:PutObject", "iam:ListUsers"], "Resource": "*" })).await;
        let roles = json!({ "authenticated": drawers.role, "unauthenticated": guest });
        drawers.square.ok("cognito-identity", "SetIdentityPoolRoles", json!({ "IdentityPoolId": drawers.pool, "Roles": roles })).await;
        drawers
    }

    async fn allow(&self, role: &str, mut statement: Value) {
        statement["Effect"] = "Allow".into();
        let document = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
        let input = json!({ "RoleName": role, "PolicyName": "does", "PolicyDocument": document });
        self.square.ok("iam", "PutRolePolicy", input).await;
    }
    async fn user(&self, name: &str) {
        let input = json!({ "UserPoolId": self.user_pool, "Username": name, "MessageAction": "SUPPRESS" });
        self.square.ok("cognito-idp", "AdminCreateUser", input).await;
        let input = json!({ "UserPoolId": self.user_pool, "Username": name, "Password": PASSWORD, "Permanent": true });
        self.square.ok("cognito-idp", "AdminSetUserPassword", input).await;
    }
    async fn sign_in(&self, name: &str) -> Value {
        let parameters = json!({ "USERNAME": name, "PASSWORD": PASSWORD });
        let input = json!({ "ClientId": self.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
        self.square.ok("cognito-idp", "InitiateAuth", input).await["AuthenticationResult"].clone()
    }
    fn logins(&self, token: &Value) -> Value {
        json!({ provider(&self.user_pool): token })
    }
    /// Calls without credentials.
    async fn anybody(&self, service: &str, operation: &str, input: Value) -> Result<Value, Fault> {
        let cx = self.square.cx.child().with_principal(Principal::Anonymous);
        self.square.cloud.call_json(&cx, service, operation, &input).await
    }
    async fn id(&self, token: &Value) -> String {
        let input = json!({ "IdentityPoolId": self.pool, "Logins": self.logins(token) });
        text(&self.anybody("cognito-identity", "GetId", input).await.unwrap()["IdentityId"])
    }
    async fn credentials(&self, id: &str, token: &Value) -> Result<Value, Fault> {
        let input = json!({ "IdentityId": id, "Logins": self.logins(token) });
        self.anybody("cognito-identity", "GetCredentialsForIdentity", input).await
    }
    /// Requests signed with credentials, as the gateway would make them.
    fn holder(&self, credentials: &Value) -> Context {
        let key = self.square.cloud.access_key(credentials["AccessKeyId"].as_str().unwrap()).unwrap();
        assert_eq!(key.session_token.as_deref(), credentials["SessionToken"].as_str());
        self.square.cx.child().with_principal(key.principal)
    }
    async fn put(&self, cx: &Context, key: &str) -> Result<Value, Fault> {
        let cx = cx.child().with_principal(cx.principal().clone()).with_body(kit::Body::from_bytes("dear"));
        self.square.cloud.call_json(&cx, "s3", "PutObject", &json!({ "Bucket": "drawers", "Key": key })).await
    }
}

fn provider(user_pool: &str) -> String {
    format!("cognito-idp.{REGION}.amazonaws.com/{user_pool}")
}
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
fn told(result: Result<Value, Fault>) -> String {
    result.map_or_else(|fault| fault.to_string(), |value| panic!("was not refused: {value}"))
}

#[tokio::test]
async fn credentials_open_the_own_prefix_only() {
    let drawers = Drawers::new().await;
    drawers.user("ana").await;
    drawers.user("bob").await;
    let (ana, bob) = (drawers.sign_in("ana").await["IdToken"].clone(), drawers.sign_in("bob").await["IdToken"].clone());
    let (ana_id, bob_id) = (drawers.id(&ana).await, drawers.id(&bob).await);
    assert_ne!(ana_id, bob_id);
    assert_eq!(drawers.id(&ana).await, ana_id, "the same login is the same identity");
    let answer = drawers.credentials(&ana_id, &ana).await.unwrap();
    assert_eq!(answer["IdentityId"], ana_id.as_str());
    let holder = drawers.holder(&answer["Credentials"]);
    drawers.put(&holder, &format!("{ana_id}/letter")).await.unwrap();
    let refused = told(drawers.put(&holder, &format!("{bob_id}/letter")).await);
    assert!(refused.contains("assumed-role/owner/CognitoIdentityCredentials is not authorized to perform: s3:PutObject"), "{refused}");
    let refused = told(drawers.credentials(&ana_id, &bob).await);
    assert!(refused.starts_with("NotAuthorizedException"), "{refused}");
}

#[tokio::test]
async fn the_classic_flow_brings_a_token_to_sts() {
    let drawers = Drawers::new().await;
    drawers.user("ana").await;
    let token = drawers.sign_in("ana").await["IdToken"].clone();
    let id = drawers.id(&token).await;
    let input = json!({ "IdentityId": id, "Logins": drawers.logins(&token) });
    let open = drawers.anybody("cognito-identity", "GetOpenIdToken", input).await.unwrap()["Token"].clone();
    let assume = |token: &Value| json!({ "RoleArn": drawers.role, "RoleSessionName": "me", "WebIdentityToken": token });
    let answer = drawers.anybody("sts", "AssumeRoleWithWebIdentity", assume(&open)).await.unwrap();
    assert_eq!(answer["SubjectFromWebIdentityToken"], id.as_str());
    assert_eq!(answer["Provider"], "cognito-identity.amazonaws.com");
    assert_eq!(answer["Audience"], drawers.pool.as_str());
    drawers.put(&drawers.holder(&answer["Credentials"]), &format!("{id}/letter")).await.unwrap();

    // The session may do what both the role and its own policies allow.
    let mut reading = assume(&open);
    reading["PolicyArns"] = json!([{ "arn": "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess" }]);
    let reader = drawers.holder(&drawers.anybody("sts", "AssumeRoleWithWebIdentity", reading.clone()).await.unwrap()["Credentials"]);
    let refused = told(drawers.put(&reader, &format!("{id}/letter")).await);
    assert!(refused.ends_with("because no session policy allows the s3:PutObject action"), "{refused}");
    reading["PolicyArns"] = json!([{ "arn": "arn:aws:iam::000000000000:policy/nothing" }]);
    let missing = told(drawers.anybody("sts", "AssumeRoleWithWebIdentity", reading).await);
    assert_eq!(missing, "ValidationError: Policy arn:aws:iam::000000000000:policy/nothing does not exist or is not attachable.");
    let mut of_amazon = assume(&open);
    of_amazon["ProviderId"] = json!("www.amazon.com");
    let unreachable = told(drawers.anybody("sts", "AssumeRoleWithWebIdentity", of_amazon).await);
    assert!(unreachable.starts_with("IDPCommunicationError"), "{unreachable}");

    let mut forged = text(&open);
    forged.replace_range(forged.len() - 8.., "AAAAAAAA");
    assert!(told(drawers.anybody("sts", "AssumeRoleWithWebIdentity", assume(&forged.into())).await).starts_with("InvalidIdentityToken"));
    drawers.square.advance(601).await;
    let late = told(drawers.anybody("sts", "AssumeRoleWithWebIdentity", assume(&open)).await);
    assert!(late.starts_with("ExpiredTokenException: Token expired: current date/time"), "{late}");
}

#[tokio::test]
async fn a_role_that_trusts_another_pool_gives_nothing() {
    let drawers = Drawers::new().await;
    drawers.user("ana").await;
    let token = drawers.sign_in("ana").await["IdToken"].clone();
    let id = drawers.id(&token).await;
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Federated": "cognito-identity.amazonaws.com" }, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "StringEquals": { "cognito-identity.amazonaws.com:aud": "us-east-1:another" } },
    }] });
    drawers.square.ok("iam", "UpdateAssumeRolePolicy", json!({ "RoleName": "owner", "PolicyDocument": trust.to_string() })).await;
    let refused = told(drawers.credentials(&id, &token).await);
    assert_eq!(
        refused,
        "InvalidIdentityPoolConfigurationException: Invalid identity pool configuration. Check assigned IAM roles for this pool."
    );
}

#[tokio::test]
async fn strangers_get_the_guests_role_within_what_aws_leaves_them() {
    let drawers = Drawers::with(json!({ "AllowUnauthenticatedIdentities": true })).await;
    let id = text(&drawers.anybody("cognito-identity", "GetId", json!({ "IdentityPoolId": drawers.pool })).await.unwrap()["IdentityId"]);
    let answer = drawers.anybody("cognito-identity", "GetCredentialsForIdentity", json!({ "IdentityId": id })).await.unwrap();
    let guest = drawers.holder(&answer["Credentials"]);
    drawers.put(&guest, "anywhere").await.unwrap();
    let refused = told(drawers.square.cloud.call_json(&guest, "iam", "ListUsers", &json!({})).await);
    assert!(refused.contains("no session policy allows"), "{refused}");
    let classic = drawers.anybody("cognito-identity", "GetOpenIdToken", json!({ "IdentityId": id })).await;
    assert_eq!(told(classic), "InvalidParameterException: Basic (classic) flow is not enabled, please use enhanced flow.");
}

#[tokio::test]
async fn claims_become_session_tags_that_policies_read() {
    let drawers = Drawers::new().await;
    drawers.user("ana").await;
    let map = json!({ "IdentityPoolId": drawers.pool, "IdentityProviderName": provider(&drawers.user_pool), "PrincipalTags": { "name": "cognito:username" } });
    drawers.square.ok("cognito-identity", "SetPrincipalTagAttributeMap", map).await;
    drawers.allow("owner", json!({ "Action": "s3:PutObject", "Resource": "arn:aws:s3:::drawers/of-${aws:PrincipalTag/name}/*" })).await;
    let token = drawers.sign_in("ana").await["IdToken"].clone();
    let id = drawers.id(&token).await;
    let holder = drawers.holder(&drawers.credentials(&id, &token).await.unwrap()["Credentials"]);
    drawers.put(&holder, "of-ana/letter").await.unwrap();
    assert!(told(drawers.put(&holder, "of-bob/letter").await).starts_with("AccessDenied"));
}

#[tokio::test]
async fn rules_and_tokens_choose_roles() {
    let drawers = Drawers::new().await;
    drawers.user("ana").await;
    let named = format!("{}:{}", provider(&drawers.user_pool), drawers.client);
    let rule = json!({ "Claim": "cognito:username", "MatchType": "Equals", "Value": "ana", "RoleARN": drawers.role });
    let set = |mapping: Value| json!({ "IdentityPoolId": drawers.pool, "Roles": {}, "RoleMappings": { named.as_str(): mapping } });
    let rules = json!({ "Type": "Rules", "AmbiguousRoleResolution": "Deny", "RulesConfiguration": { "Rules": [rule] } });
    drawers.square.ok("cognito-identity", "SetIdentityPoolRoles", set(rules)).await;
    let token = drawers.sign_in("ana").await["IdToken"].clone();
    let id = drawers.id(&token).await;
    drawers.credentials(&id, &token).await.unwrap();

    let by_token = json!({ "Type": "Token", "AmbiguousRoleResolution": "Deny" });
    drawers.square.ok("cognito-identity", "SetIdentityPoolRoles", set(by_token)).await;
    assert!(told(drawers.credentials(&id, &token).await).starts_with("NotAuthorizedException"), "the token names no role yet");
    let group = json!({ "UserPoolId": drawers.user_pool, "GroupName": "owners", "RoleArn": drawers.role });
    drawers.square.ok("cognito-idp", "CreateGroup", group).await;
    let member = json!({ "UserPoolId": drawers.user_pool, "GroupName": "owners", "Username": "ana" });
    drawers.square.ok("cognito-idp", "AdminAddUserToGroup", member).await;
    let token = drawers.sign_in("ana").await["IdToken"].clone();
    let session = drawers.holder(&drawers.credentials(&id, &token).await.unwrap()["Credentials"]);
    assert_eq!(session.principal().arn(), format!("arn:aws:sts::{ACCOUNT}:assumed-role/owner/CognitoIdentityCredentials"));
}

#[tokio::test]
async fn a_pool_that_asks_the_user_pool_refuses_who_signed_out() {
    let drawers = Drawers::new().await;
    drawers.user("ana").await;
    let tokens = drawers.sign_in("ana").await;
    let id = drawers.id(&tokens["IdToken"]).await;
    drawers.anybody("cognito-idp", "GlobalSignOut", json!({ "AccessToken": tokens["AccessToken"] })).await.unwrap();
    assert!(told(drawers.credentials(&id, &tokens["IdToken"]).await).starts_with("NotAuthorizedException: Invalid login token."));
    assert!(told(drawers.credentials(&id, &tokens["AccessToken"]).await).contains("Not a valid OpenId Connect identity token"));
}

#[tokio::test]
async fn a_developers_own_users_are_identities_too() {
    let drawers = Drawers::with(json!({ "AllowUnauthenticatedIdentities": false, "DeveloperProviderName": "login.shop" })).await;
    let square = &drawers.square;
    let of = |user: &str| json!({ "IdentityPoolId": drawers.pool, "Logins": { "login.shop": user } });
    let ana = square.ok("cognito-identity", "GetOpenIdTokenForDeveloperIdentity", of("ana")).await;
    let bob = square.ok("cognito-identity", "GetOpenIdTokenForDeveloperIdentity", of("bob")).await;
    let input = json!({ "IdentityId": ana["IdentityId"], "Logins": { "cognito-identity.amazonaws.com": ana["Token"] } });
    let answer = drawers.anybody("cognito-identity", "GetCredentialsForIdentity", input).await.unwrap();
    let key = format!("{}/letter", text(&ana["IdentityId"]));
    drawers.put(&drawers.holder(&answer["Credentials"]), &key).await.unwrap();
    let input = json!({ "IdentityId": bob["IdentityId"], "Logins": { "cognito-identity.amazonaws.com": ana["Token"] } });
    assert!(told(drawers.anybody("cognito-identity", "GetCredentialsForIdentity", input).await).starts_with("NotAuthorizedException"));

    let merge = json!({
        "IdentityPoolId": drawers.pool, "DeveloperProviderName": "login.shop", "SourceUserIdentifier": "bob", "DestinationUserIdentifier": "ana",
    });
    assert_eq!(square.ok("cognito-identity", "MergeDeveloperIdentities", merge).await["IdentityId"], ana["IdentityId"]);
    let look = json!({ "IdentityPoolId": drawers.pool, "DeveloperUserIdentifier": "bob" });
    let found = square.ok("cognito-identity", "LookupDeveloperIdentity", look).await;
    assert_eq!(found["IdentityId"], ana["IdentityId"]);
    assert_eq!(found["DeveloperUserIdentifierList"], json!(["ana", "bob"]));
    let list = json!({ "IdentityPoolId": drawers.pool, "MaxResults": 10, "HideDisabled": true });
    assert_eq!(square.ok("cognito-identity", "ListIdentities", list).await["Identities"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_developers_token_names_the_developers_user() {
    let drawers = Drawers::with(json!({ "AllowUnauthenticatedIdentities": false, "DeveloperProviderName": "login.shop" })).await;
    drawers.user("ana").await;
    let token = drawers.sign_in("ana").await["IdToken"].clone();
    // An identity that a user pool's login made first.
    let id = drawers.id(&token).await;
    let both = json!({ "login.shop": "ana-7", provider(&drawers.user_pool): token });
    let input = json!({ "IdentityPoolId": drawers.pool, "IdentityId": id, "Logins": both });
    let made = drawers.square.ok("cognito-identity", "GetOpenIdTokenForDeveloperIdentity", input).await;
    let told = crate::federation::claims(&made["Token"]);
    assert_eq!(told["amr"], json!(["authenticated", "login.shop", format!("login.shop:{REGION}:{}:ana-7", drawers.pool)]));
}

#[tokio::test]
async fn an_identity_without_logins_is_nobody_any_more() {
    let drawers = Drawers::with(json!({ "AllowUnauthenticatedIdentities": true, "AllowClassicFlow": true })).await;
    drawers.user("ana").await;
    let token = drawers.sign_in("ana").await["IdToken"].clone();
    let id = drawers.id(&token).await;
    drawers.credentials(&id, &token).await.unwrap();
    let unlink = json!({ "IdentityId": id, "Logins": drawers.logins(&token), "LoginsToRemove": [provider(&drawers.user_pool)] });
    drawers.anybody("cognito-identity", "UnlinkIdentity", unlink).await.unwrap();
    let gone = format!("ResourceNotFoundException: Identity '{id}' not found.");
    for operation in ["GetCredentialsForIdentity", "GetOpenIdToken"] {
        assert_eq!(told(drawers.anybody("cognito-identity", operation, json!({ "IdentityId": id })).await), gone);
    }
    assert_eq!(told(drawers.credentials(&id, &token).await), gone, "not even by the login that it had");
    let next = drawers.id(&token).await;
    assert_ne!(next, id, "the user is somebody new");
    drawers.credentials(&next, &token).await.unwrap();
}

#[tokio::test]
async fn an_open_id_provider_of_the_account_is_trusted_by_its_arn() {
    let drawers = Drawers::new().await;
    drawers.user("ana").await;
    let host = provider(&drawers.user_pool);
    let url = format!("https://{host}");
    let assume = |token: &Value| json!({ "RoleArn": drawers.role, "RoleSessionName": "me", "WebIdentityToken": token });
    let token = drawers.sign_in("ana").await["IdToken"].clone();
    let refused = told(drawers.anybody("sts", "AssumeRoleWithWebIdentity", assume(&token)).await);
    assert_eq!(refused, format!("InvalidIdentityToken: No OpenIDConnect provider found in your account for {url}"));
    let thumb = "0".repeat(40);
    let input = json!({ "Url": url, "ClientIDList": [drawers.client], "ThumbprintList": [thumb] });
    let arn = drawers.square.ok("iam", "CreateOpenIDConnectProvider", input).await["OpenIDConnectProviderArn"].clone();
    let trust = json!({ "Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": { "Federated": arn }, "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": { "StringEquals": { format!("{host}:aud"): drawers.client } },
    }] });
    drawers.square.ok("iam", "UpdateAssumeRolePolicy", json!({ "RoleName": "owner", "PolicyDocument": trust.to_string() })).await;
    let answer = drawers.anybody("sts", "AssumeRoleWithWebIdentity", assume(&token)).await.unwrap();
    assert_eq!(answer["Provider"], arn);
    assert_eq!(answer["Audience"], drawers.client.as_str());
}

const STACK: &str = "
Resources:
  People: { Type: AWS::Cognito::UserPool, Properties: { UserPoolName: people } }
  Web: { Type: AWS::Cognito::UserPoolClient, Properties: { UserPoolId: !Ref People } }
  Identities:
    Type: AWS::Cognito::IdentityPool
    Properties:
      AllowUnauthenticatedIdentities: false
      AllowClassicFlow: true
      CognitoIdentityProviders: [{ ProviderName: !GetAtt People.ProviderName, ClientId: !Ref Web, ServerSideTokenCheck: true }]
  Owner:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: '2012-10-17'
        Statement:
          - { Effect: Allow, Action: 'sts:AssumeRoleWithWebIdentity', Principal: { Federated: cognito-identity.amazonaws.com } }
  Roles:
    Type: AWS::Cognito::IdentityPoolRoleAttachment
    Properties:
      IdentityPoolId: !Ref Identities
      Roles: { authenticated: !GetAtt Owner.Arn }
      RoleMappings:
        people:
          IdentityProvider: !Sub '${People.ProviderName}:${Web}'
          Type: Token
          AmbiguousRoleResolution: AuthenticatedRole
  Tags:
    Type: AWS::Cognito::IdentityPoolPrincipalTag
    Properties: { IdentityPoolId: !Ref Identities, IdentityProviderName: !GetAtt People.ProviderName, PrincipalTags: { name: 'cognito:username' } }
Outputs:
  Pool: { Value: !Ref Identities }
  Provider: { Value: !GetAtt People.ProviderName }
  Client: { Value: !Ref Web }
";

#[tokio::test]
async fn a_stack_makes_an_identity_pool_with_its_roles_and_tags() {
    let square = Square::new().await;
    let input = json!({ "StackName": "s", "TemplateBody": STACK, "Capabilities": ["CAPABILITY_IAM"] });
    square.ok("cloudformation", "CreateStack", input).await;
    square.settle().await;
    let stack = square.ok("cloudformation", "DescribeStacks", json!({ "StackName": "s" })).await["Stacks"][0].clone();
    assert_eq!(stack["StackStatus"], "CREATE_COMPLETE", "{stack}");
    let output = |name: &str| {
        let all = stack["Outputs"].as_array().unwrap();
        text(&all.iter().find(|o| o["OutputKey"] == name).unwrap()["OutputValue"])
    };
    let (pool, provider) = (output("Pool"), output("Provider"));
    let described = square.ok("cognito-identity", "DescribeIdentityPool", json!({ "IdentityPoolId": pool })).await;
    assert_eq!(described["AllowClassicFlow"], true);
    assert_eq!(described["CognitoIdentityProviders"][0]["ProviderName"], provider.as_str());
    let roles = square.ok("cognito-identity", "GetIdentityPoolRoles", json!({ "IdentityPoolId": pool })).await;
    assert!(text(&roles["Roles"]["authenticated"]).starts_with(&format!("arn:aws:iam::{ACCOUNT}:role/s-Owner-")), "{roles}");
    assert_eq!(roles["RoleMappings"][format!("{provider}:{}", output("Client"))]["Type"], "Token", "{roles}");
    let map = json!({ "IdentityPoolId": pool, "IdentityProviderName": provider });
    let map = square.ok("cognito-identity", "GetPrincipalTagAttributeMap", map).await;
    assert_eq!(map["PrincipalTags"], json!({ "name": "cognito:username" }));
    square.ok("cloudformation", "DeleteStack", json!({ "StackName": "s" })).await;
    square.settle().await;
    assert_eq!(square.ok("cognito-identity", "ListIdentityPools", json!({ "MaxResults": 10 })).await["IdentityPools"], json!([]));
}
