//! MOCK integrations: the request's template chooses the status, the response's says the rest.

use super::{answers::Refusal, call::Call, request, response};
use crate::model::*;
use frontdoor::HttpAnswer;
use http::Response;
use serde_json::Value;
use wire::ReplyBody;

/// The answer that the request's template chooses.
pub(crate) fn answer(call: &mut Call, integration: &Integration) -> Result<Response<ReplyBody>, Refusal> {
    let outgoing = request::mapped(call, integration)?;
    let status = status(&String::from_utf8_lossy(&outgoing.body)).ok_or_else(Refusal::configuration)?;
    // A MOCK has no body: the template of its response starts from nothing.
    let answer = HttpAnswer { status, ..HttpAnswer::default() };
    response::mapped(call, integration, &answer, &status.to_string())
}

/// `{"statusCode": 200}`, of which AWS takes more forms than JSON has: names without quotation marks, numbers as texts.
fn status(body: &str) -> Option<u16> {
    let number = |value: &Value| value.as_u64().and_then(|n| u16::try_from(n).ok()).or(value.as_str().and_then(|text| text.parse().ok()));
    if let Ok(json) = serde_json::from_str::<Value>(body) {
        return number(json.get("statusCode")?);
    }
    let inner = body.trim().strip_prefix('{')?.strip_suffix('}')?;
    let rest = &inner[inner.find("statusCode")? + "statusCode".len()..];
    let rest = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix(':')?.trim_start().trim_start_matches(['"', '\'']);
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    rest[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn statuses() {
        for (body, status) in [
            ("{\"statusCode\": 200}", Some(200)),
            ("{statusCode: 201}", Some(201)),
            ("{ \"statusCode\": \"404\", \"x\": 1 }", Some(404)),
            ("{'statusCode': 202, }", Some(202)),
            ("{}", None),
            ("text", None),
        ] {
            assert_eq!(super::status(body), status, "{body}");
        }
    }
}
