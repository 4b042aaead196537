//! Triggers around the life of a user: before sign-up, after confirmation, migration from elsewhere, and messages in other words.

use super::{Call, Who, attributes_of, is_true, text_of, texts};
use crate::{Error, codes::Texts, model::*, state::*};
use kit::Fault;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What a migration says of a user.
#[derive(Debug, Default)]
pub(crate) struct Migrated {
    pub attributes: BTreeMap<String, String>,
    pub confirmed: bool,
    pub force_alias: bool,
}

impl Who<'_> {
    /// Asks whether a user may come; what the function confirms or verifies is written into the user. `source` is what follows `PreSignUp_`.
    pub async fn pre_sign_up(&self, source: &str, user: &mut User, validation: &[AttributeType]) -> Result<(), Fault> {
        let Some(function_arn) = self.config().and_then(|c| c.pre_sign_up.as_deref()) else { return Ok(()) };
        let mut request = Map::new();
        let mut attributes: Map<String, Value> = user.attributes.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let external = source == "ExternalProvider";
        if external {
            // As an event that AWS sent has it (published by a user).
            ["cognito:email_alias", "cognito:phone_number_alias"]
                .iter()
                .for_each(|name| drop(attributes.insert((*name).into(), json!(""))));
        }
        request.insert("userAttributes".into(), attributes.into());
        let validation: BTreeMap<&str, &str> =
            validation.iter().map(|a| (a.name.as_str(), a.value.as_deref().unwrap_or_default())).collect();
        request.insert("validationData".into(), if validation.is_empty() && !external { Value::Null } else { json!(validation) });
        self.with_metadata(&mut request);
        let response = self
            .call(Call {
                trigger: "PreSignUp",
                source: &format!("PreSignUp_{source}"),
                version: "1",
                function_arn,
                username: &user.username,
                request: request.into(),
                response: json!({ "autoConfirmUser": false, "autoVerifyEmail": false, "autoVerifyPhone": false }),
            })
            .await?;
        if is_true(&response, "autoConfirmUser") && user.status == Some(UserStatus::Unconfirmed) {
            user.status = Some(UserStatus::Confirmed);
        }
        for (flag, address) in [("autoVerifyEmail", "email"), ("autoVerifyPhone", "phone_number")] {
            if is_true(&response, flag) && user.attributes.contains_key(address) {
                user.attributes.insert(format!("{address}_verified"), "true".into());
            }
        }
        Ok(())
    }

    /// Tells of a confirmed user. `source` is what follows `PostConfirmation_`.
    pub async fn post_confirmation(&self, source: &str, user: &User) -> Result<(), Fault> {
        let Some(function_arn) = self.config().and_then(|c| c.post_confirmation.as_deref()) else { return Ok(()) };
        let mut request = Map::new();
        request.insert("userAttributes".into(), attributes_of(user));
        self.with_metadata(&mut request);
        let source = format!("PostConfirmation_{source}");
        let call = Call {
            trigger: "PostConfirmation",
            source: &source,
            version: "1",
            function_arn,
            username: &user.username,
            request: request.into(),
            response: json!({}),
        };
        self.call(call).await.map(drop)
    }

    /// Asks whether a user who is not here is known elsewhere. `source` is what follows `UserMigration_`.
    pub async fn migrate(&self, source: &str, username: &str, password: Option<&str>) -> Result<Option<Migrated>, Fault> {
        let Some(function_arn) = self.config().and_then(|c| c.user_migration.as_deref()) else { return Ok(None) };
        let mut request = Map::new();
        if let Some(password) = password {
            request.insert("password".into(), json!(password));
        }
        request.insert("validationData".into(), if self.metadata.is_empty() { Value::Null } else { json!(self.metadata) });
        let source = format!("UserMigration_{source}");
        let called = self
            .call(Call {
                trigger: "UserMigration",
                source: &source,
                version: "1",
                function_arn,
                username,
                request: request.into(),
                response: json!({ "userAttributes": null, "forceAliasCreation": null, "finalUserStatus": null, "messageAction": null,
                    "desiredDeliveryMediums": null, "enableSMSMFA": null }),
            })
            .await;
        let response = match called {
            Ok(response) => response,
            // A function that throws knows no such user.
            Err(fault) if fault.code == "UserLambdaValidationException" => return Ok(None),
            Err(fault) => return Err(fault),
        };
        if is_true(&response, "enableSMSMFA") {
            self.cx.warn("enableSMSMFA of a UserMigration response has no effect");
        }
        let Some(attributes) = texts(&response, "userAttributes") else { return Ok(None) };
        let asks = |name: &str| response.get(name).is_some_and(|value| !value.is_null() && value != "SUPPRESS" && *value != json!([]));
        if asks("messageAction") || asks("desiredDeliveryMediums") {
            self.cx.warn("migrated users get no welcome message: messageAction and desiredDeliveryMediums have no effect");
        }
        let status = response.get("finalUserStatus").map(text_of).unwrap_or_default();
        Ok(Some(Migrated { attributes, confirmed: status == "CONFIRMED", force_alias: is_true(&response, "forceAliasCreation") }))
    }

    /// The words of a message, where the pool has a function that writes them. `source` is what follows `CustomMessage_`.
    pub async fn message(&self, source: &str, user: &User) -> Result<Texts, Fault> {
        let Some(function_arn) = self.config().and_then(|c| c.custom_message.as_deref()) else { return Ok(Texts::default()) };
        let mut request = Map::new();
        request.insert("userAttributes".into(), attributes_of(user));
        request.insert("codeParameter".into(), json!("{####}"));
        request.insert("linkParameter".into(), json!("{##Click Here##}"));
        request.insert("usernameParameter".into(), if source == "AdminCreateUser" { json!("{username}") } else { Value::Null });
        self.with_metadata(&mut request);
        let source = format!("CustomMessage_{source}");
        let response = self
            .call(Call {
                trigger: "CustomMessage",
                source: &source,
                version: "1",
                function_arn,
                username: &user.username,
                request: request.into(),
                response: json!({ "smsMessage": null, "emailMessage": null, "emailSubject": null }),
            })
            .await?;
        let text = |name: &str| response.get(name).and_then(Value::as_str).map(str::to_owned);
        let texts = Texts { email: text("emailMessage"), subject: text("emailSubject"), sms: text("smsMessage"), link: None };
        let holds = |text: &Option<String>| text.as_ref().is_none_or(|t| t.contains("{####}") || t.contains("{##"));
        match holds(&texts.email) && holds(&texts.sms) {
            true => Ok(texts),
            false => Err(Error::InvalidLambdaResponse.says("CustomMessage returned a message without the code parameter {####}.")),
        }
    }
}
