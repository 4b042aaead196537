//! The trigger between an identity provider's word and the user it makes: claims in other words (InboundFederation, version 1).

use super::{Call, Who, texts};
use crate::Error;
use kit::Fault;
use serde_json::{Value, json};
use std::collections::BTreeMap;

impl Who<'_> {
    /// Asks what a provider's claims are to be. `None` where they stay as they are: no function, or an empty answer. What a function leaves
    /// out is gone (AWS's documentation of the trigger). `received` holds `tokenResponse`, `idToken`, `userInfo` or `samlResponse`.
    pub async fn inbound_federation(
        &self,
        provider: &str,
        kind: &str,
        username: &str,
        received: &Value,
    ) -> Result<Option<BTreeMap<String, String>>, Fault> {
        let Some(function) = self.config().and_then(|c| c.inbound_federation.as_ref()) else { return Ok(None) };
        let call = Call {
            trigger: "InboundFederation",
            source: "InboundFederation_ExternalProvider",
            version: "1",
            function_arn: &function.lambda_arn,
            username,
            request: json!({ "providerName": provider, "providerType": kind, "attributes": received }),
            response: json!({ "userAttributesToMap": {} }),
        };
        let response = self.call(call).await?;
        let changed = texts(&response, "userAttributesToMap");
        let changed = changed.ok_or_else(|| Error::InvalidLambdaResponse.says("InboundFederation returned no userAttributesToMap."))?;
        Ok(Some(changed).filter(|changed| !changed.is_empty()))
    }
}
