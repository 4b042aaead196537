//! API Gateway's REST proxy event and its answer: the only room that knows their JSON.
//!
//! The authorizer in front has checked the token; its claims are read from the request context and nowhere else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::keys::Owner;

/// A request, as far as the functions read it. API Gateway sends `null` for maps that are empty.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiRequest {
    /// GET, DELETE, ...
    #[serde(default)]
    pub http_method: String,
    /// Values of the query string, decoded; the last one where a name comes twice.
    #[serde(default)]
    pub query_string_parameters: Option<BTreeMap<String, String>>,
    /// Values of the path's `{names}`.
    #[serde(default)]
    pub path_parameters: Option<BTreeMap<String, String>>,
    /// Who asks, and by which request.
    #[serde(default)]
    pub request_context: RequestContext,
}

/// The part of an event that API Gateway itself vouches for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    /// API Gateway's id of the request.
    #[serde(default)]
    pub request_id: String,
    /// What the authorizer says of the caller.
    #[serde(default)]
    pub authorizer: Option<Authorizer>,
}

/// What the user-pool authorizer passes on.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Authorizer {
    /// The token's claims, all strings.
    #[serde(default)]
    pub claims: BTreeMap<String, Value>,
}

impl ApiRequest {
    /// A value of the query string; an empty one counts as absent.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query_string_parameters.as_ref()?.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A value of the path.
    pub fn path(&self, name: &str) -> Option<&str> {
        self.path_parameters.as_ref()?.get(name).map(String::as_str)
    }

    /// The caller. Errors: 401 where the claims name none.
    pub fn caller(&self) -> Result<Owner, ApiError> {
        let claims = self.request_context.authorizer.as_ref().map(|authorizer| &authorizer.claims);
        claims
            .and_then(|claims| claims.get("sub"))
            .and_then(Value::as_str)
            .and_then(Owner::parse)
            .ok_or_else(|| ApiError::new(401, "Unauthorized", "The request carries no signed-in user."))
    }
}

/// An answer in the shape that API Gateway's proxy integration takes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ApiResponse {
    /// The HTTP status.
    pub status_code: u16,
    /// Headers, one value each.
    pub headers: BTreeMap<&'static str, String>,
    /// The body, as text.
    pub body: String,
    /// Always false: the functions answer JSON.
    pub is_base64_encoded: bool,
}

/// An error as the caller sees it: `{"code": ..., "message": ...}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// A word for programs.
    pub code: &'static str,
    /// A sentence for people.
    pub message: String,
}

impl ApiError {
    /// An error with this status, code and sentence.
    pub fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }
}

impl From<crate::store::StoreError> for ApiError {
    /// The caller learns that it is our fault and no more; the details go to the log.
    fn from(error: crate::store::StoreError) -> Self {
        crate::log::error("StoreFailed", json!({ "error": error.to_string() }));
        Self::new(500, "InternalError", "Something went wrong on our side; try again.")
    }
}

/// Turns what a handler found into an answer; `origin` goes into the CORS header of every one, errors too.
pub fn answer(result: Result<(u16, Value), ApiError>, origin: &str) -> ApiResponse {
    let (status_code, body) = match result {
        Ok((status, Value::Null)) => (status, String::new()),
        Ok((status, value)) => (status, value.to_string()),
        Err(error) => (error.status, json!({ "code": error.code, "message": error.message }).to_string()),
    };
    let mut headers = BTreeMap::from([
        ("Access-Control-Allow-Origin", origin.to_owned()),
        ("Access-Control-Allow-Headers", "Authorization,Content-Type".to_owned()),
        ("Access-Control-Allow-Methods", "GET,DELETE,OPTIONS".to_owned()),
        ("Cache-Control", "no-store".to_owned()),
    ]);
    if !body.is_empty() {
        headers.insert("Content-Type", "application/json".to_owned());
    }
    ApiResponse { status_code, headers, body, is_base64_encoded: false }
}
