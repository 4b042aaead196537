//! People: signing up, confirming with the code from the inbox, signing in by password or by SRP.

use super::{Arg, ArgKind, Args, Verb, may, need, srp};
use crate::scenario::{outcome::Outcome, world::World};
use kit::Body;
use serde_json::{Map, Value, json};

const CLIENT: Arg = need("client", ArgKind::Text, "id of the pool's client");
const USER: Arg = need("user", ArgKind::Text, "user name");
const PASSWORD: Arg = need("password", ArgKind::Text, "password");

pub(super) const VERBS: &[Verb] = &[
    Verb {
        name: "cognito.sign_up",
        about: "Signs a user up. $ is SignUp's output (UserSub, UserConfirmed).",
        args: &[CLIENT, USER, PASSWORD, may("email", ArgKind::Text, "mail address"), may("attributes", ArgKind::Map, "more attributes")],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(sign_up(world, args)),
    },
    Verb {
        name: "cognito.confirm",
        about: "Confirms a user, by default with the newest code from the inbox. $.code.",
        args: &[CLIENT, USER, may("code", ArgKind::Text, "another code than the inbox's")],
        one_of: &[],
        local_only: true,
        run: |world, args| Box::pin(confirm(world, args)),
    },
    Verb {
        name: "cognito.sign_in",
        about: "Signs a user in. $ is the AuthenticationResult (IdToken, AccessToken, RefreshToken), with $.claims of the id token.",
        args: &[
            CLIENT,
            USER,
            PASSWORD,
            may("flow", ArgKind::OneOf(&["password", "srp"]), "how; by password unless told"),
            may("pool", ArgKind::Text, "id of the pool, for flow: srp"),
        ],
        one_of: &[],
        local_only: false,
        run: |world, args| Box::pin(sign_in(world, args)),
    },
    Verb {
        name: "cognito.inbox",
        about: "Messages that Cognito sent, newest first. $.messages with code, destination, purpose.",
        args: &[may("user", ArgKind::Text, "user name or address")],
        one_of: &[],
        local_only: true,
        run: |world, args| Box::pin(async move { Ok(Outcome::of(inbox(world, args.text_if("user")?.as_deref()).await?)) }),
    },
];

async fn sign_up(world: &mut World, args: Args) -> Result<Outcome, String> {
    let mut attributes = args.texts("attributes")?;
    attributes.extend(args.text_if("email")?.map(|email| ("email".to_owned(), email)));
    let attributes: Vec<Value> = attributes.into_iter().map(|(name, value)| json!({ "Name": name, "Value": value })).collect();
    let input = json!({
        "ClientId": args.text("client")?, "Username": args.text("user")?, "Password": args.text("password")?, "UserAttributes": attributes,
    });
    Ok(world.call("cognito-idp", "SignUp", &input, None).await)
}

async fn confirm(world: &mut World, args: Args) -> Result<Outcome, String> {
    let user = args.text("user")?;
    let code = match args.text_if("code")? {
        Some(code) => code,
        None => {
            let messages = inbox(world, Some(&user)).await?;
            let code = messages["messages"].as_array().into_iter().flatten().find_map(|m| m["code"].as_str());
            code.map(str::to_owned).ok_or_else(|| format!("the inbox has no code for {user}"))?
        }
    };
    let input = json!({ "ClientId": args.text("client")?, "Username": user, "ConfirmationCode": code });
    let outcome = world.call("cognito-idp", "ConfirmSignUp", &input, None).await;
    Ok(match outcome.error {
        Some(_) => outcome,
        None => Outcome::of(json!({ "code": code })),
    })
}

async fn inbox(world: &World, user: Option<&str>) -> Result<Value, String> {
    let service = world.cloud().service("cognito-idp").ok_or("this cloud has no service cognito-idp")?;
    let door = service.doors().into_iter().find(|d| d.name() == "cognito-inbox").ok_or("cognito-idp has no inbox")?;
    let user: String = user.map(|u| u.bytes().map(|b| format!("%{b:02X}")).collect()).unwrap_or_default();
    let query = if user.is_empty() { String::new() } else { format!("?user={user}") };
    let request = http::Request::builder().uri(format!("/_windtunnel/cognito/messages{query}")).body(()).map_err(|e| e.to_string())?;
    let answer = door.answer(world.cloud().house_context("scenario"), request.into_parts().0, Body::empty()).await;
    match answer.into_body() {
        kit::ReplyBody::Bytes(bytes) => serde_json::from_slice(&bytes).map_err(|e| e.to_string()),
        _ => Err("the inbox answered no JSON".into()),
    }
}

async fn sign_in(world: &mut World, args: Args) -> Result<Outcome, String> {
    let outcome = match args.text_if("flow")?.as_deref() {
        Some("srp") => by_srp(world, &args).await?,
        _ => {
            let parameters = json!({ "USERNAME": args.text("user")?, "PASSWORD": args.text("password")? });
            let input = json!({ "AuthFlow": "USER_PASSWORD_AUTH", "ClientId": args.text("client")?, "AuthParameters": parameters });
            world.call("cognito-idp", "InitiateAuth", &input, None).await
        }
    };
    if outcome.error.is_some() {
        return Ok(outcome);
    }
    let Some(result) = outcome.value.get("AuthenticationResult").and_then(Value::as_object) else { return Ok(outcome) };
    let mut value: Map<String, Value> = result.clone();
    if let Some(claims) = value.get("IdToken").and_then(Value::as_str).and_then(claims) {
        value.insert("claims".into(), claims);
    }
    Ok(Outcome::of(value.into()))
}

fn claims(token: &str) -> Option<Value> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?).ok()
}

async fn by_srp(world: &World, args: &Args) -> Result<Outcome, String> {
    let (client, user, password) = (args.text("client")?, args.text("user")?, args.text("password")?);
    let pool = args.text_if("pool")?.ok_or("flow: srp needs pool, the id of the user pool")?;
    let pool_name = pool.split_once('_').map_or(pool.as_str(), |(_, name)| name);
    let cx = world.context();
    let exchange = srp::Client::new(cx.ids().bytes());
    let parameters = json!({ "USERNAME": user, "SRP_A": exchange.public_hex() });
    let input = json!({ "AuthFlow": "USER_SRP_AUTH", "ClientId": client, "AuthParameters": parameters });
    let challenge = world.call("cognito-idp", "InitiateAuth", &input, None).await;
    if challenge.error.is_some() || challenge.value["ChallengeName"] != "PASSWORD_VERIFIER" {
        return Ok(challenge);
    }
    let given = |name: &str| challenge.value["ChallengeParameters"][name].as_str().unwrap_or_default().to_owned();
    let timestamp = srp::timestamp(cx.now());
    let known = srp::Challenge {
        pool_name,
        user: &given("USER_ID_FOR_SRP"),
        salt_hex: &given("SALT"),
        b_hex: &given("SRP_B"),
        secret_block: &given("SECRET_BLOCK"),
    };
    let signature = exchange.sign(&known, &password, &timestamp).ok_or("the pool's challenge is not one of SRP")?;
    let responses = json!({
        "USERNAME": given("USER_ID_FOR_SRP"), "PASSWORD_CLAIM_SECRET_BLOCK": given("SECRET_BLOCK"),
        "PASSWORD_CLAIM_SIGNATURE": signature, "TIMESTAMP": timestamp,
    });
    let mut input = json!({ "ChallengeName": "PASSWORD_VERIFIER", "ClientId": client, "ChallengeResponses": responses });
    if let Some(session) = challenge.value.get("Session") {
        input["Session"] = session.clone();
    }
    Ok(world.call("cognito-idp", "RespondToAuthChallenge", &input, None).await)
}
