//! A stage's web ACL: asked once the body is there, before resource policy and authorizer.

use super::{answers, answers::Refusal, call::Call};
use crate::state::STAGES;
use http::{HeaderName, HeaderValue, Response};
use kit::{Arn, Context, Inspected, Read, Verdict};
use wire::ReplyBody;

/// The answer of a rule that has one of its own; `None` where the request may go on, with the headers that rules put in.
pub(super) async fn judge(call: &mut Call) -> Result<Option<Response<ReplyBody>>, Refusal> {
    let arn = arn(call.cx.region(), &call.address.api_id, &call.address.stage);
    // An own domain is called by its own name on AWS too.
    let own = format!("{}.execute-api.{}.amazonaws.com", call.address.api_id, call.cx.region());
    let host = (!call.address.custom).then_some(own.as_str());
    let request = Inspected { head: &call.head, body: &call.body, path: Some(&call.address.staged), host };
    let verdict = kit::firewall::inspect(&call.cx, &arn, request).await;
    if let Some(acl) = web_acl_of(&call.cx, &call.address.api_id, &call.address.stage) {
        call.firewall = Some((if matches!(verdict, Verdict::Pass(_)) { "WAF_ALLOW" } else { "WAF_BLOCK" }, acl));
    }
    match verdict {
        Verdict::Pass(headers) => {
            for (name, value) in headers {
                if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                    call.head.headers.insert(name, value);
                }
            }
            Ok(None)
        }
        Verdict::Stop(stopped) if stopped.own_answer => {
            let mut answer = stopped.response(("application/json", "".into()));
            answers::stamp(call, &mut answer);
            Ok(Some(answer))
        }
        Verdict::Stop(_) => Err(Refusal::waf_filtered()),
    }
}

/// Whether a stage of this account and region has this ARN.
pub(crate) fn is_stage(cx: &Context, resource_arn: &str) -> bool {
    let parts = Arn::parse(resource_arn).and_then(|arn| arn.after("/restapis/")?.split_once("/stages/"));
    parts.is_some_and(|(api_id, stage)| {
        let key = (api_id.to_owned(), stage.to_owned());
        let there = cx.store().read(|s| s.exists(&STAGES, cx.scope(), &key)).unwrap_or(false);
        there && arn(cx.region(), api_id, stage) == resource_arn
    })
}

/// ARN of the web ACL over a stage.
pub(crate) fn web_acl_of(cx: &Context, api_id: &str, stage: &str) -> Option<String> {
    cx.cloud().ports().firewall().ok()?.web_acl_of(cx, &arn(cx.region(), api_id, stage))
}

/// AWS's ARN of a stage names no account.
fn arn(region: &str, api_id: &str, stage: &str) -> String {
    format!("arn:aws:apigateway:{region}::/restapis/{api_id}/stages/{stage}")
}
