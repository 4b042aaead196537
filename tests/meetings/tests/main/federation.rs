//! One user pool signs in by another: over HTTP, as a browser is led from the one to the other and back.

use crate::square::Square;
use lambda::in_process::{HandlerError, Invocation};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const PASSWORD: &str = "Correct-Horse-9";
const CALLBACK: &str = "https://shop.example/back";

/// A browser without scripts: it keeps each domain's cookies apart.
struct Browser {
    address: String,
    cookies: BTreeMap<(String, String), String>,
}

struct Page {
    status: u16,
    location: String,
    text: String,
}

impl Browser {
    async fn send(&mut self, method: &str, url: &str, body: &str) -> Page {
        let path = url.strip_prefix(&format!("http://{}", self.address)).unwrap_or(url);
        let domain = path.split('/').take(4).collect::<Vec<_>>().join("/");
        let domain = domain.split('?').next().unwrap().to_owned();
        let cookies: Vec<String> =
            self.cookies.iter().filter(|((of, _), _)| *of == domain).map(|((_, name), value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncookie: {}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            self.address,
            cookies.join("; "),
            body.len()
        );
        let mut socket = TcpStream::connect(&self.address).await.unwrap();
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        let (head, text) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{method} {path}: {answer}"));
        let mut location = String::new();
        for line in head.lines().skip(1) {
            let (name, value) = line.split_once(": ").unwrap();
            if name.eq_ignore_ascii_case("location") {
                location = value.to_owned();
            }
            if name.eq_ignore_ascii_case("set-cookie") {
                let (name, value) = value.split_once(';').unwrap().0.split_once('=').unwrap();
                self.cookies.insert((domain.clone(), name.to_owned()), value.to_owned());
            }
        }
        Page { status: head.split(' ').nth(1).unwrap().parse().unwrap(), location, text: text.to_owned() }
    }
    async fn get(&mut self, url: &str) -> Page {
        self.send("GET", url, "").await
    }
}

fn encoded(pairs: &[(&str, &str)]) -> String {
    let encode = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}")).1.split_once(after).unwrap().0
}
pub fn claims(token: &Value) -> Value {
    // Base64url by hand: this crate has no other use for it.
    let body = token.as_str().unwrap().split('.').nth(1).unwrap();
    let digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (mut bits, mut held, mut bytes) = (0u32, 0, Vec::new());
    for c in body.chars() {
        bits = bits << 6 | digits.find(c).unwrap() as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    serde_json::from_slice(&bytes).unwrap()
}

/// A pool with a domain of its name and a client; pool id and client.
async fn pool(square: &Square, name: &str, client: Value) -> (String, Value) {
    let pool = square.ok("cognito-idp", "CreateUserPool", json!({ "PoolName": name })).await["UserPool"]["Id"].as_str().unwrap().to_owned();
    square.ok("cognito-idp", "CreateUserPoolDomain", json!({ "UserPoolId": pool, "Domain": name })).await;
    let client = made(square, &pool, client).await;
    (pool, client)
}

async fn made(square: &Square, pool: &str, more: Value) -> Value {
    let mut input = json!({
        "UserPoolId": pool, "ClientName": "c", "GenerateSecret": true, "AllowedOAuthFlowsUserPoolClient": true,
        "AllowedOAuthFlows": ["code"], "AllowedOAuthScopes": ["openid", "email"],
    });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    square.ok("cognito-idp", "CreateUserPoolClient", input).await["UserPoolClient"].clone()
}

/// A function that changes what the provider said, verifies mail addresses, and keeps who is disinvited out; and what it was told.
fn hooks() -> (lambda::Lambda, Arc<Mutex<Vec<Value>>>) {
    let (lambda, events) = (lambda::Lambda::new(), Arc::new(Mutex::new(Vec::<Value>::new())));
    let told = events.clone();
    let hooks = move |mut event: Value, _: Invocation| {
        let before = told.lock().unwrap().len();
        told.lock().unwrap().push(event.clone());
        async move {
            match event["triggerSource"].as_str().unwrap() {
                "PreSignUp_ExternalProvider" if before < 2 => return Err(HandlerError::new("Error", "not yet")),
                "PreSignUp_ExternalProvider" => event["response"]["autoVerifyEmail"] = json!(true),
                "InboundFederation_ExternalProvider" => {
                    let claims = event["request"]["attributes"]["idToken"].clone();
                    event["response"]["userAttributesToMap"] =
                        json!({ "sub": claims["sub"], "email": claims["email"], "nickname": "Annie" });
                }
                _ => {}
            }
            Ok(event)
        }
    };
    lambda.register("hooks", hooks).unwrap();
    (lambda, events)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_signs_users_in_by_another_pool() {
    let (lambda, events) = hooks();
    let square = Square::with(lambda).await;
    let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let server = gateway.serve(square.cloud.clone(), None);
    square.cloud.set_endpoint(server.url());
    let back = format!("{}/_aws/cognito-idp/shop/oauth2/idpresponse", server.url());
    let (home, there) = pool(&square, "home", json!({ "CallbackURLs": [back] })).await;
    let email = json!([{ "Name": "email", "Value": "ann@example.com" }, { "Name": "email_verified", "Value": "true" }]);
    let user = json!({ "UserPoolId": home, "Username": "ann", "MessageAction": "SUPPRESS", "UserAttributes": email });
    square.ok("cognito-idp", "AdminCreateUser", user).await;
    let password = json!({ "UserPoolId": home, "Username": "ann", "Password": PASSWORD, "Permanent": true });
    square.ok("cognito-idp", "AdminSetUserPassword", password).await;

    let (shop, _) = pool(&square, "shop", json!({ "CallbackURLs": [CALLBACK] })).await;
    let details = json!({
        "client_id": there["ClientId"], "client_secret": there["ClientSecret"], "authorize_scopes": "openid email",
        "oidc_issuer": format!("{}/{home}", server.url()), "attributes_request_method": "GET",
    });
    let provider = json!({
        "UserPoolId": shop, "ProviderName": "Home", "ProviderType": "OIDC", "ProviderDetails": details,
        "AttributeMapping": { "email": "email", "nickname": "nickname" },
    });
    square.ok("cognito-idp", "CreateIdentityProvider", provider).await;
    let function = square.function("hooks", "hooks", json!({})).await;
    let permission = json!({
        "FunctionName": "hooks", "StatementId": "pool", "Action": "lambda:InvokeFunction", "Principal": "cognito-idp.amazonaws.com",
    });
    square.ok("lambda", "AddPermission", permission).await;
    let triggers = ["PreSignUp", "PostConfirmation", "PreAuthentication", "PostAuthentication", "PreTokenGeneration"];
    let mut config: Value = triggers.iter().map(|name| ((*name).to_owned(), json!(function))).collect::<serde_json::Map<_, _>>().into();
    config["InboundFederation"] = json!({ "LambdaVersion": "V1_0", "LambdaArn": function });
    square.ok("cognito-idp", "UpdateUserPool", json!({ "UserPoolId": shop, "LambdaConfig": config })).await;
    let sources = || -> Vec<String> {
        std::mem::take(&mut *events.lock().unwrap()).iter().map(|e| e["triggerSource"].as_str().unwrap().to_owned()).collect()
    };
    let client = made(&square, &shop, json!({ "CallbackURLs": [CALLBACK], "SupportedIdentityProviders": ["Home"] })).await;
    let (id, secret) = (client["ClientId"].as_str().unwrap(), client["ClientSecret"].as_str().unwrap());

    let mut browser = Browser { address: server.address().to_string(), cookies: BTreeMap::new() };
    let query = encoded(&[("client_id", id), ("redirect_uri", CALLBACK), ("response_type", "code"), ("state", "x")]);
    let begin = format!("/_aws/cognito-idp/shop/oauth2/authorize?{query}");
    let mut page = browser.get(&begin).await;
    assert!(page.location.contains("/_aws/cognito-idp/home/oauth2/authorize?"), "the only provider is gone to at once: {}", page.text);
    while page.status == 302 {
        page = browser.get(&page.location.clone()).await;
    }
    let (action, proof) =
        (between(&page.text, "action=\"", "\"").replace("&amp;", "&"), between(&page.text, "name=\"_csrf\" value=\"", "\""));
    let form = encoded(&[("_csrf", proof), ("username", "ann"), ("password", PASSWORD)]);
    let at_issuer = browser.send("POST", &action, &form).await;
    assert!(at_issuer.location.starts_with(&back), "{} {}", at_issuer.location, at_issuer.text);
    let mut stranger = Browser { address: browser.address.clone(), cookies: BTreeMap::new() };
    assert_eq!(stranger.get(&at_issuer.location).await.status, 400, "another browser can't bring the state back");
    let kept_out = browser.get(&at_issuer.location).await;
    assert!(kept_out.location.contains("error_description=PreSignUp%20failed%20with%20error%20not%20yet."), "{}", kept_out.location);
    assert_eq!(square.ok("cognito-idp", "ListUsers", json!({ "UserPoolId": shop })).await["Users"], json!([]));
    // The browser still has its session at the other pool, so the second try leads there and back.
    let mut done = browser.get(&begin).await;
    while !done.location.starts_with(CALLBACK) {
        done = browser.get(&done.location.clone()).await;
    }
    let first = events.lock().unwrap()[0].clone();
    assert_eq!((&first["request"]["providerName"], &first["request"]["providerType"]), (&json!("Home"), &json!("OIDC")));
    assert_eq!(first["request"]["attributes"]["userInfo"]["email"], "ann@example.com", "{first}");
    assert!(first["request"]["attributes"]["tokenResponse"]["access_token"].is_string());
    assert!(done.location.starts_with(&format!("{CALLBACK}?code=")), "{} {}", done.location, done.text);
    let code = between(&done.location, "code=", "&");
    let form = encoded(&[
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("client_secret", secret),
        ("code", code),
        ("redirect_uri", CALLBACK),
    ]);
    let tokens: Value = serde_json::from_str(&browser.send("POST", "/_aws/cognito-idp/shop/oauth2/token", &form).await.text).unwrap();
    assert_eq!(
        sources(),
        [
            "InboundFederation_ExternalProvider",
            "PreSignUp_ExternalProvider",
            "InboundFederation_ExternalProvider",
            "PreSignUp_ExternalProvider",
            "PostConfirmation_ConfirmSignUp",
            "TokenGeneration_HostedAuth",
        ]
    );
    let told = claims(&tokens["id_token"]);
    assert_eq!(told["email_verified"], true, "{told}");
    assert_eq!((&told["email"], &told["identities"][0]["providerName"]), (&json!("ann@example.com"), &json!("Home")), "{told}");
    assert_eq!(told["cognito:username"], format!("Home_{}", told["identities"][0]["userId"].as_str().unwrap()).as_str());
    assert_eq!(told["cognito:groups"], json!([format!("{shop}_Home")]));
    let users = square.ok("cognito-idp", "ListUsers", json!({ "UserPoolId": shop })).await;
    assert_eq!((users["Users"].as_array().unwrap().len(), &users["Users"][0]["UserStatus"]), (1, &json!("EXTERNAL_PROVIDER")));
    let nickname = json!({ "Name": "nickname", "Value": "Annie" });
    assert!(users["Users"][0]["Attributes"].as_array().unwrap().contains(&nickname), "{users}");

    let again = browser.get(&begin).await;
    assert!(again.location.starts_with(CALLBACK), "the browser has a session at the shop now");
    let mut anew = browser.get(&format!("{begin}&prompt=login")).await;
    while !anew.location.starts_with(CALLBACK) {
        anew = browser.get(&anew.location.clone()).await;
    }
    let told = ["InboundFederation_ExternalProvider", "PreAuthentication_Authentication", "PostAuthentication_Authentication"];
    assert_eq!(sources(), told, "who is known only signs in");
}

/// A pool of addresses that signs users in by another one, which says of them what `mapping` maps.
struct Doors {
    square: Square,
    server: gateway::Server,
    home: String,
    shop: String,
    client: Value,
}

impl Doors {
    async fn new(mapping: Value) -> Doors {
        let square = Square::new().await;
        let gateway = gateway::Gateway::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let server = gateway.serve(square.cloud.clone(), None);
        square.cloud.set_endpoint(server.url());
        let back = format!("{}/_aws/cognito-idp/shop/oauth2/idpresponse", server.url());
        let scopes = json!(["openid", "email", "profile"]);
        let (home, there) = pool(&square, "home", json!({ "CallbackURLs": [back], "AllowedOAuthScopes": scopes })).await;
        let addresses = json!({ "PoolName": "shop", "UsernameAttributes": ["email"] });
        let shop = square.ok("cognito-idp", "CreateUserPool", addresses).await["UserPool"]["Id"].as_str().unwrap().to_owned();
        square.ok("cognito-idp", "CreateUserPoolDomain", json!({ "UserPoolId": shop, "Domain": "shop" })).await;
        let details = json!({
            "client_id": there["ClientId"], "client_secret": there["ClientSecret"], "authorize_scopes": "openid email profile",
            "oidc_issuer": format!("{}/{home}", server.url()),
        });
        let provider = json!({
            "UserPoolId": shop, "ProviderName": "Home", "ProviderType": "OIDC", "ProviderDetails": details, "AttributeMapping": mapping,
        });
        square.ok("cognito-idp", "CreateIdentityProvider", provider).await;
        let more = json!({
            "GenerateSecret": false, "CallbackURLs": [CALLBACK], "SupportedIdentityProviders": ["Home"],
            "AllowedOAuthScopes": ["openid", "email", "aws.cognito.signin.user.admin"],
            "ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        });
        let client = made(&square, &shop, more).await["ClientId"].clone();
        Doors { square, server, home, shop, client }
    }
    async fn user(&self, name: &str, attributes: Value) {
        let user = json!({ "UserPoolId": self.home, "Username": name, "MessageAction": "SUPPRESS", "UserAttributes": attributes });
        self.square.ok("cognito-idp", "AdminCreateUser", user).await;
        let password = json!({ "UserPoolId": self.home, "Username": name, "Password": PASSWORD, "Permanent": true });
        self.square.ok("cognito-idp", "AdminSetUserPassword", password).await;
    }
    /// Signs a user of the other pool in, with a fresh browser: where it is led at last.
    async fn enter(&self, name: &str) -> String {
        let mut browser = Browser { address: self.server.address().to_string(), cookies: BTreeMap::new() };
        let client = self.client.as_str().unwrap();
        let query = encoded(&[("client_id", client), ("redirect_uri", CALLBACK), ("response_type", "code"), ("state", "x")]);
        let mut page = browser.get(&format!("/_aws/cognito-idp/shop/oauth2/authorize?{query}")).await;
        while page.status == 302 {
            page = browser.get(&page.location.clone()).await;
        }
        let action = between(&page.text, "action=\"", "\"").replace("&amp;", "&");
        let proof = between(&page.text, "name=\"_csrf\" value=\"", "\"");
        let form = encoded(&[("_csrf", proof), ("username", name), ("password", PASSWORD)]);
        let mut led = browser.send("POST", &action, &form).await;
        while !led.location.starts_with(CALLBACK) {
            led = browser.get(&led.location.clone()).await;
        }
        led.location
    }
    async fn tokens(&self, location: &str) -> Value {
        let (code, client) = (between(location, "code=", "&"), self.client.as_str().unwrap());
        let form = encoded(&[("grant_type", "authorization_code"), ("client_id", client), ("code", code), ("redirect_uri", CALLBACK)]);
        let mut browser = Browser { address: self.server.address().to_string(), cookies: BTreeMap::new() };
        serde_json::from_str(&browser.send("POST", "/_aws/cognito-idp/shop/oauth2/token", &form).await.text).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_by_another_provider_takes_nobodys_address() {
    let doors = Doors::new(json!({ "email": "email" })).await;
    let email = json!([{ "Name": "email", "Value": "ann@example.com" }]);
    doors.user("ann", email).await;
    let tokens = doors.tokens(&doors.enter("ann").await).await;
    let told = claims(&tokens["id_token"]);
    assert_eq!((&told["email"], &told["email_verified"]), (&json!("ann@example.com"), &json!(false)), "{told}");
    let me = doors.square.ok("cognito-idp", "GetUser", json!({ "AccessToken": tokens["access_token"] })).await;
    let listed = me["UserAttributes"].as_array().unwrap().iter().find(|a| a["Name"] == "identities").unwrap_or_else(|| panic!("{me}"));
    let identities: Value = serde_json::from_str(listed["Value"].as_str().unwrap()).unwrap();
    assert_eq!((&identities[0]["providerName"], &identities[0]["primary"]), (&json!("Home"), &json!(true)));
    assert_eq!(identities[0]["userId"], told["identities"][0]["userId"]);

    // He has no password here, and gets none by a code.
    let verified = json!([{ "Name": "email_verified", "Value": "true" }]);
    let of_ann = json!({ "UserPoolId": doors.shop, "Username": told["cognito:username"], "UserAttributes": verified });
    doors.square.ok("cognito-idp", "AdminUpdateUserAttributes", of_ann).await;
    for (operation, mut input) in
        [("ForgotPassword", json!({ "ClientId": doors.client })), ("AdminResetUserPassword", json!({ "UserPoolId": doors.shop }))]
    {
        input["Username"] = told["cognito:username"].clone();
        let refused = doors.square.call("cognito-idp", operation, input).await.unwrap_err();
        assert_eq!(refused.to_string(), "NotAuthorizedException: User password cannot be reset in the current state.", "{operation}");
    }

    // The address is still free for a user of the pool itself, who is the one whom it names.
    let by_name = json!({ "UserPoolId": doors.shop, "Username": "ann@example.com" });
    assert_eq!(doors.square.call("cognito-idp", "AdminGetUser", by_name.clone()).await.unwrap_err().code, "UserNotFoundException");
    let sign_up = json!({ "ClientId": doors.client, "Username": "ann@example.com", "Password": PASSWORD });
    doors.square.ok("cognito-idp", "SignUp", sign_up).await;
    doors.square.ok("cognito-idp", "AdminConfirmSignUp", by_name).await;
    let parameters = json!({ "USERNAME": "ann@example.com", "PASSWORD": PASSWORD });
    let flow = json!({ "ClientId": doors.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters });
    let own = doors.square.ok("cognito-idp", "InitiateAuth", flow).await;
    assert_ne!(claims(&own["AuthenticationResult"]["IdToken"])["sub"], told["sub"]);
    assert_eq!(claims(&doors.tokens(&doors.enter("ann").await).await["id_token"])["sub"], told["sub"], "each comes by his own door");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_provider_says_has_to_fit_the_schema() {
    let doors = Doors::new(json!({ "email": "email", "phone_number": "nickname" })).await;
    let of = |nickname: &str| json!([{ "Name": "email", "Value": "ann@example.com" }, { "Name": "nickname", "Value": nickname }]);
    doors.user("ann", of("1\u{e9}\u{20ac}")).await;
    let refused = doors.enter("ann").await;
    assert!(refused.contains("error_description=Invalid%20phone%20number%20format."), "{refused}");
    let users = doors.square.ok("cognito-idp", "ListUsers", json!({ "UserPoolId": doors.shop })).await;
    assert_eq!(users["Users"], json!([]));
    let mend = json!({ "UserPoolId": doors.home, "Username": "ann", "UserAttributes": of("+15550100") });
    doors.square.ok("cognito-idp", "AdminUpdateUserAttributes", mend).await;
    let tokens = doors.tokens(&doors.enter("ann").await).await;
    let input = json!({ "AccessToken": tokens["access_token"], "AttributeName": "phone_number" });
    let sent = doors.square.ok("cognito-idp", "GetUserAttributeVerificationCode", input).await;
    assert_eq!(sent["CodeDeliveryDetails"]["Destination"], "+*******0100");
}
