//! Triggers before and after a sign-in.

use super::{Call, Who, attributes_of};
use crate::state::*;
use kit::Fault;
use serde_json::{Map, Value, json};

impl Who<'_> {
    /// Asks whether a user may try to sign in; of a user who is not there the function is told so.
    pub async fn pre_authentication(&self, login: &str, user: Option<&User>) -> Result<(), Fault> {
        let Some(function_arn) = self.config().and_then(|c| c.pre_authentication.as_deref()) else { return Ok(()) };
        let mut request = Map::new();
        request.insert("userAttributes".into(), user.map_or_else(|| json!({}), attributes_of));
        request.insert("validationData".into(), if self.metadata.is_empty() { Value::Null } else { json!(self.metadata) });
        if user.is_none() {
            request.insert("userNotFound".into(), json!(true));
        }
        let call = Call {
            trigger: "PreAuthentication",
            source: "PreAuthentication_Authentication",
            version: "1",
            function_arn,
            username: user.map_or(login, |u| &u.username),
            request: request.into(),
            response: json!({}),
        };
        self.call(call).await.map(drop)
    }

    /// Tells of a sign-in; a function that fails keeps the tokens back.
    pub async fn post_authentication(&self, user: &User, new_device: bool) -> Result<(), Fault> {
        let Some(function_arn) = self.config().and_then(|c| c.post_authentication.as_deref()) else { return Ok(()) };
        let mut request = Map::new();
        request.insert("userAttributes".into(), attributes_of(user));
        request.insert("newDeviceUsed".into(), json!(new_device));
        self.with_metadata(&mut request);
        let call = Call {
            trigger: "PostAuthentication",
            source: "PostAuthentication_Authentication",
            version: "1",
            function_arn,
            username: &user.username,
            request: request.into(),
            response: json!({}),
        };
        self.call(call).await.map(drop)
    }
}
