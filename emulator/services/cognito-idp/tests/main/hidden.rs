//! Where the client says so, no operation tells whether a user exists: each answers nobody as it answers somebody.

use crate::{
    desk::{Desk, PASSWORD},
    srp::{SrpClient, TIMESTAMP},
};
use serde_json::{Value, json};

async fn desk() -> Desk {
    let flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"];
    let client = json!({ "PreventUserExistenceErrors": "ENABLED", "ExplicitAuthFlows": flows });
    let desk = Desk::with(json!({ "AutoVerifiedAttributes": ["email"] }), client).await;
    desk.user("ann").await;
    desk.set_attributes("ann", &[("email", "ann@example.com"), ("email_verified", "true")]).await;
    desk
}

async fn told(desk: &Desk, operation: &str, input: Value) -> String {
    match desk.call(operation, input).await {
        Ok(value) => format!("ok {:?}", value.as_object().unwrap().keys().collect::<Vec<_>>()),
        Err(fault) => fault.to_string(),
    }
}

#[tokio::test]
async fn somebody_and_nobody_get_the_same_answers() {
    let desk = desk().await;
    let cases: Vec<(&str, Box<dyn Fn(&str) -> Value>)> = vec![
        ("InitiateAuth", Box::new(|name| desk.password_flow(name, "Wrong-Horse-9"))),
        ("ForgotPassword", Box::new(|name| json!({ "ClientId": desk.client, "Username": name }))),
        (
            "ConfirmForgotPassword",
            Box::new(|name| json!({ "ClientId": desk.client, "Username": name, "ConfirmationCode": "x", "Password": PASSWORD })),
        ),
    ];
    for (operation, input) in &cases {
        // Often enough for every lock to close.
        for round in 0..8 {
            let (somebody, nobody) = (told(&desk, operation, input("ann")).await, told(&desk, operation, input("bob")).await);
            assert_eq!(somebody, nobody, "{operation}, round {round}");
        }
        desk.advance(1000).await;
    }
}

#[tokio::test]
async fn a_proof_of_srp_fails_alike_until_it_is_locked_alike() {
    let desk = desk().await;
    let client = SrpClient::new(&desk.root.ids().bytes());
    for round in 0..7 {
        let mut answers = Vec::new();
        for name in ["ann", "bob"] {
            let parameters = json!({ "USERNAME": name, "SRP_A": client.public.to_str_radix(16) });
            let begin = json!({ "ClientId": desk.client, "AuthFlow": "USER_SRP_AUTH", "AuthParameters": parameters });
            answers.push(match desk.call("InitiateAuth", begin).await {
                Err(fault) => fault.to_string(),
                Ok(asked) => {
                    let responses = client.responses(&desk.pool, "Wrong-Horse-9", &asked["ChallengeParameters"], TIMESTAMP);
                    let input = json!({ "ClientId": desk.client, "ChallengeName": "PASSWORD_VERIFIER", "ChallengeResponses": responses });
                    desk.refused("RespondToAuthChallenge", input).await
                }
            });
        }
        assert_eq!(answers[0], answers[1], "round {round}");
    }
}
