//! What an API says when it answers itself: gateway responses, with the headers that AWS adds.

use super::{call::Call, templates};
use crate::{
    gateway_responses::{DEFAULT_TEMPLATE, default_status},
    mapping::Source,
    model::*,
};
use http::{HeaderName, HeaderValue, Response};
use kit::{Context, Fault};
use serde_json::{Value, json};
use wire::ReplyBody;

/// Why an API does not pass a request on, or its answer back.
pub(crate) struct Refusal {
    /// The gateway response; `None` for those that have no type of their own and follow DEFAULT_5XX.
    kind: Option<GatewayResponseType>,
    status: u16,
    /// `null` for a few.
    message: Value,
    error_type: &'static str,
    /// Refusals by policy say `Message`, all others `message`.
    capital: bool,
    /// What of a body does not fit its model, where that is why.
    pub(super) unfit: Option<String>,
}

impl Refusal {
    fn of(kind: GatewayResponseType, message: &str, error_type: &'static str) -> Refusal {
        Refusal {
            kind: Some(kind),
            status: default_status(kind).unwrap_or(500),
            message: json!(message),
            error_type,
            capital: false,
            unfit: None,
        }
    }
    pub fn missing_token() -> Refusal {
        Refusal::of(GatewayResponseType::MissingAuthenticationToken, "Missing Authentication Token", "MissingAuthenticationTokenException")
    }
    /// A signature that is wrong, or whose credentials are over or nobody's. What went wrong is said in the sentence of the services.
    pub fn signature(fault: &Fault) -> Refusal {
        let expired = fault.code.starts_with("ExpiredToken");
        let kind = if expired { GatewayResponseType::ExpiredToken } else { GatewayResponseType::InvalidSignature };
        let error_type = match fault.code.as_ref() {
            code if code.starts_with("ExpiredToken") => "ExpiredTokenException",
            code if code.starts_with("IncompleteSignature") => "IncompleteSignatureException",
            "UnrecognizedClientException" | "InvalidClientTokenId" => "UnrecognizedClientException",
            _ => "InvalidSignatureException",
        };
        Refusal::of(kind, &fault.message, error_type)
    }
    pub fn unauthorized() -> Refusal {
        Refusal::of(GatewayResponseType::Unauthorized, "Unauthorized", "UnauthorizedException")
    }
    /// A token of the right pool that is over.
    pub fn token_expired() -> Refusal {
        Refusal::of(GatewayResponseType::Unauthorized, "The incoming token has expired", "UnauthorizedException")
    }
    /// By IAM or by the API's resource policy; `sentence` is AWS's.
    pub fn denied(sentence: &str) -> Refusal {
        Refusal { capital: true, ..Refusal::of(GatewayResponseType::AccessDenied, sentence, "AccessDeniedException") }
    }
    pub fn forbidden() -> Refusal {
        Refusal::of(GatewayResponseType::AccessDenied, "Forbidden", "ForbiddenException")
    }
    /// By a web ACL. The error type is the one of forbidden requests, as AWS sends it.
    pub fn waf_filtered() -> Refusal {
        Refusal::of(GatewayResponseType::WafFiltered, "Forbidden", "ForbiddenException")
    }
    /// No API key, an unknown one, or one of another stage.
    pub fn invalid_api_key() -> Refusal {
        Refusal::of(GatewayResponseType::InvalidApiKey, "Forbidden", "ForbiddenException")
    }
    pub fn throttled() -> Refusal {
        Refusal::of(GatewayResponseType::Throttled, "Too Many Requests", "TooManyRequestsException")
    }
    pub fn over_quota() -> Refusal {
        Refusal::of(GatewayResponseType::QuotaExceeded, "Limit Exceeded", "LimitExceededException")
    }
    /// Parameters that the method needs, by name.
    pub fn missing_parameters(names: &[String]) -> Refusal {
        let message = format!("Missing required request parameters: [{}]", names.join(", "));
        Refusal::of(GatewayResponseType::BadRequestParameters, &message, "BadRequestException")
    }
    pub fn invalid_body(unfit: String) -> Refusal {
        let refusal = Refusal::of(GatewayResponseType::BadRequestBody, "Invalid request body", "BadRequestException");
        Refusal { unfit: Some(unfit), ..refusal }
    }
    /// An authorizer's function failed.
    pub fn authorizer_failure() -> Refusal {
        Refusal { message: Value::Null, ..Refusal::of(GatewayResponseType::AuthorizerFailure, "", "AuthorizerFailureException") }
    }
    /// An endpoint's address that can't be called.
    pub fn invalid_endpoint() -> Refusal {
        Refusal { status: 500, ..Refusal::configuration() }
    }
    /// Nobody answers at the endpoint.
    pub fn integration_failed() -> Refusal {
        Refusal {
            status: 502,
            ..Refusal::of(GatewayResponseType::IntegrationFailure, "Internal server error", "InternalServerErrorException")
        }
    }
    /// The message and the type, for logs.
    pub fn told(&self) -> (Value, &'static str) {
        (self.message.clone(), self.kind.map_or("DEFAULT_5XX", |kind| kind.as_str()))
    }
    pub fn too_large() -> Refusal {
        Refusal::of(GatewayResponseType::RequestTooLarge, "Request Too Long", "RequestTooLargeException")
    }
    pub fn unsupported_media_type() -> Refusal {
        Refusal::of(GatewayResponseType::UnsupportedMediaType, "Unsupported Media Type", "BadRequestException")
    }
    pub fn authorizer_configuration() -> Refusal {
        Refusal {
            message: Value::Null,
            ..Refusal::of(GatewayResponseType::AuthorizerConfigurationError, "", "AuthorizerConfigurationException")
        }
    }
    /// The API can't do what it is set to do: no permission to invoke, no response for a status.
    pub fn configuration() -> Refusal {
        Refusal::of(GatewayResponseType::ApiConfigurationError, "Internal server error", "InternalServerErrorException")
    }
    /// The function failed or its answer has not the form of one.
    pub fn malformed_answer() -> Refusal {
        Refusal {
            kind: None,
            status: 502,
            message: json!("Internal server error"),
            error_type: "InternalServerErrorException",
            capital: false,
            unfit: None,
        }
    }
    pub fn timed_out() -> Refusal {
        Refusal::of(GatewayResponseType::IntegrationTimeout, "Endpoint request timed out", "InternalServerErrorException")
    }
}

/// An answer where there is no API or stage whose gateway responses could be asked.
pub(crate) fn bare(cx: &Context, status: u16, message: &str, error_type: &str) -> Response<ReplyBody> {
    let body = ReplyBody::Bytes(json!({ "message": message }).to_string().into());
    let answer = Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("x-amzn-requestid", cx.request_id())
        .header("x-amzn-errortype", error_type);
    answer.body(body).unwrap_or_default()
}

/// The API's gateway response to a refusal: its own, or the default of its class, or AWS's.
pub(crate) fn of_refusal(call: &Call, refusal: &Refusal) -> Response<ReplyBody> {
    let put = |kind: GatewayResponseType| call.api.gateway_responses.get(kind.as_str());
    let class = put(if refusal.status < 500 { GatewayResponseType::Default4xx } else { GatewayResponseType::Default5xx });
    let own = refusal.kind.and_then(put);
    let response = own.or(class);
    let status = response.and_then(|r| r.status_code.as_deref()).and_then(|text| text.parse().ok()).unwrap_or(refusal.status);
    let (content_type, body) = body(call, refusal, response);
    let mut answer = Response::new(ReplyBody::Bytes(body.into()));
    *answer.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut answer, "content-type", &content_type);
    stamp(call, &mut answer);
    set(&mut answer, "x-amzn-errortype", refusal.error_type);
    for (name, expression) in response.and_then(|r| r.response_parameters.as_ref()).into_iter().flatten() {
        let Some(header) = name.strip_prefix("gatewayresponse.header.") else { continue };
        if let Some(value) = mapped(call, expression) {
            set(&mut answer, header, &value);
        }
    }
    answer
}

/// What every answer of an API carries.
pub(crate) fn stamp(call: &Call, answer: &mut Response<ReplyBody>) {
    set(answer, "x-amzn-requestid", call.cx.request_id());
    set(answer, "x-amz-apigw-id", &call.extended_id);
}

/// Sets a header, if its name and value can be one.
pub(crate) fn set(answer: &mut Response<ReplyBody>, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value.as_bytes())) {
        answer.headers_mut().insert(name, value);
    }
}

fn body(call: &Call, refusal: &Refusal, response: Option<&GatewayResponse>) -> (String, String) {
    let put = response.and_then(|r| r.response_templates.as_ref());
    // The template that the caller accepts, else JSON's, else any.
    let accepted = call.header("accept").and_then(|accept| put?.get_key_value(accept.split([',', ';']).next()?.trim()));
    let chosen = accepted.or_else(|| put?.get_key_value("application/json")).or_else(|| put?.iter().next());
    let (content_type, template) = chosen.map_or(("application/json", DEFAULT_TEMPLATE), |(kind, template)| (kind, template));
    if template == DEFAULT_TEMPLATE && refusal.capital {
        return (content_type.to_owned(), json!({ "Message": refusal.message }).to_string());
    }
    // The plain form that most APIs have is filled without the template language.
    let text = match template == DEFAULT_TEMPLATE {
        true => json!({ "message": refusal.message }).to_string(),
        false => templates::answer(call, template).unwrap_or_default(),
    };
    (content_type.to_owned(), text)
}

fn mapped(call: &Call, expression: &str) -> Option<String> {
    call.values(Source::of_request(expression)?).into_iter().next()
}
