//! Functions that send messages themselves: they get the code encrypted under the pool's key, as the AWS Encryption SDK reads it.

use super::{Call, Who, attributes_of, envelope};
use crate::{Error, codes::Sent, state::*};
use base64::{Engine, engine::general_purpose::STANDARD};
use kit::{
    Arn, Fault, Principal,
    ports::{EncryptionContext, key_need},
};
use serde_json::{Map, json};
use std::sync::Arc;

impl Who<'_> {
    fn sender(&self, medium: &str) -> Option<(&str, &'static str)> {
        let config = self.config()?;
        match medium {
            "EMAIL" => config.custom_email_sender.as_ref().map(|s| (s.lambda_arn.as_str(), "CustomEmailSender")),
            _ => config.custom_sms_sender.as_ref().map(|s| (s.lambda_arn.as_str(), "CustomSMSSender")),
        }
    }

    /// Gives a message to the function that sends it; nothing where the pool has none. `source` is what follows `CustomEmailSender_`.
    pub async fn send(&self, source: &str, user: &User, sent: &Sent) -> Result<(), Fault> {
        let Some((function_arn, trigger)) = self.sender(&sent.medium) else { return Ok(()) };
        let kind = if trigger == "CustomEmailSender" { "customEmailSenderRequestV1" } else { "customSMSSenderRequestV1" };
        let mut request = Map::new();
        request.insert("type".into(), json!(kind));
        request.insert("code".into(), json!(STANDARD.encode(self.encrypted(&sent.code).await?)));
        request.insert("userAttributes".into(), attributes_of(user));
        self.with_metadata(&mut request);
        let source = format!("{trigger}_{source}");
        let event = self.event(&Call {
            trigger,
            source: &source,
            version: "1",
            function_arn,
            username: &user.username,
            request: request.into(),
            response: json!({}),
        });
        let call = Call {
            trigger,
            source: &source,
            version: "1",
            function_arn,
            username: &user.username,
            request: json!({}),
            response: json!({}),
        };
        // What the function answers does not matter, only that it ran.
        self.ask(&call, &event).await.map(drop)
    }

    /// On AWS Cognito holds a grant on the key from whoever configured the trigger; here it acts for the key's account, and the key's policy
    /// must let the account use it.
    async fn encrypted(&self, code: &str) -> Result<Vec<u8>, Fault> {
        let key = self.config().and_then(|c| c.kms_key_id.as_deref()).unwrap_or_default();
        let failed = |fault: Fault| Error::CodeDeliveryFailure.says(format!("The code could not be encrypted: {}", fault.message));
        let account = Arn::parse(key).map_or(self.cx.account(), |arn| arn.account);
        let cx = self.cx.with_principal(Principal::Root { account: Arc::from(account) }).via("cognito-idp.amazonaws.com");
        let keys = cx.cloud().ports().keys()?;
        let key_arn = keys.resolve(&cx, key).await.map_err(failed)?;
        let context = EncryptionContext::from([("userpool-id".to_owned(), self.pool.id.clone())]);
        let grant = cx.grant(&key_need("kms:GenerateDataKey", &key_arn, &context)).map_err(failed)?;
        let data_key = keys.data_key(&cx, grant, &key_arn, &context).await.map_err(failed)?;
        Ok(envelope::seal(&envelope::Parts {
            message_id: cx.ids().bytes()[..16].try_into().expect("sixteen of 32 bytes"),
            key_arn: &key_arn,
            context: &context,
            data_key: &data_key.plain,
            encrypted_key: &data_key.encrypted,
            plain: code.as_bytes(),
        }))
    }
}
