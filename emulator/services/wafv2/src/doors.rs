//! Endpoints of the house under `/_windtunnel/wafv2/`: `addresses` takes what the user knows of addresses, `token` gives the token of a passed
//! CAPTCHA or Challenge, `test` explains what a web ACL would do with a request.

use crate::{
    Wafv2,
    engine::{
        Request, Token,
        addresses::{Place, Places},
        evaluate,
    },
    house, state,
};
use http::{Method, Response, request::Parts};
use kit::{BoxFuture, Cloud, Context, Door, Fault, Read};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use wire::{Body, ReplyBody};

const PREFIX: &str = "/_windtunnel/wafv2/";
/// Largest body of these endpoints.
const MOST_BYTES: usize = 8 << 20;

/// The endpoints.
pub(crate) struct House(pub Wafv2);

impl Door for House {
    fn name(&self) -> &'static str {
        "wafv2-house"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        head.uri.path().starts_with(PREFIX)
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, mut body: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(async move {
            let Ok(body) = body.collect(MOST_BYTES).await else { return said(413, &json!({ "error": "the body is too large" })) };
            let answered = match (head.uri.path().strip_prefix(PREFIX).unwrap_or_default(), &head.method) {
                ("addresses", &Method::GET) => house::addresses(&cx).map(|addresses| said(200, &json!(addresses))),
                ("addresses", &Method::PUT | &Method::POST) => put_addresses(&cx, &body).await,
                ("token", &Method::POST) => token(&cx, &head, &body).await,
                ("token", &Method::GET) => Ok(page(&head)),
                ("test", &Method::POST) => self.0.test(&cx, &body),
                _ => Err(Fault::new("NotFound", 404, "there are addresses (GET, PUT), token (GET, POST) and test (POST)")),
            };
            answered.unwrap_or_else(|fault| said(fault.status, &json!({ "error": fault.message })))
        })
    }
}

fn bad(message: impl Into<String>) -> Fault {
    Fault::new("BadRequest", 400, message.into())
}

async fn put_addresses(cx: &Context, body: &[u8]) -> Result<Response<ReplyBody>, Fault> {
    let told: BTreeMap<String, Place> = serde_json::from_slice(body)
        .map_err(|e| bad(format!("expected {{\"198.51.100.0/24\": {{\"country\": \"DE\", \"asn\": 64500, \"lists\": []}}}}: {e}")))?;
    Places::new(&told).map_err(bad)?;
    let count = told.len();
    house::put_addresses(cx, told).await?;
    Ok(said(200, &json!({ "blocks": count })))
}

/// What the query string and a JSON body say, the body first.
fn parameter(head: &Parts, body: &Value, name: &str) -> Option<String> {
    let query = head.uri.query().unwrap_or_default();
    let in_query = || query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned);
    body[name].as_str().map(str::to_owned).or_else(in_query)
}

/// Gives a token for a passed CAPTCHA (`type=captcha`) or Challenge (`type=challenge`); what an older token proves is kept.
async fn token(cx: &Context, head: &Parts, body: &[u8]) -> Result<Response<ReplyBody>, Fault> {
    let said_in_body = serde_json::from_slice(body).unwrap_or(Value::Null);
    let domain = parameter(head, &said_in_body, "domain").ok_or_else(|| bad("domain is missing: the host that the token is for"))?;
    let kind = parameter(head, &said_in_body, "type").unwrap_or_else(|| "challenge".to_owned());
    let tokens = house::tokens(cx).await?;
    let cookies = head.headers.get_all("cookie").iter().filter_map(|v| v.to_str().ok()).flat_map(|v| v.split(';'));
    let old = cookies.filter_map(|c| c.trim().strip_prefix("aws-waf-token=")).find_map(|text| tokens.check(text, &domain, &[]).ok());
    let mut token = Token { domain: domain.clone(), ..old.unwrap_or_default() };
    let now = Some(cx.now().secs());
    match kind.as_str() {
        "captcha" => token.captcha = now,
        "challenge" => token.challenge = now,
        other => return Err(bad(format!("type is {other}; it has to be captcha or challenge"))),
    }
    let text = tokens.issue(&token);
    let mut answer = said(200, &json!({ "token": text, "cookie": "aws-waf-token", "domain": domain, "type": kind }));
    if let Ok(cookie) = format!("aws-waf-token={text}; Path=/; SameSite=Lax").parse() {
        answer.headers_mut().insert("set-cookie", cookie);
    }
    Ok(answer)
}

fn page(head: &Parts) -> Response<ReplyBody> {
    let kind = parameter(head, &Value::Null, "type").filter(|kind| kind == "captcha").unwrap_or_else(|| "challenge".to_owned());
    let text = interstitial(&kind, &head.uri.to_string());
    Response::builder().header("content-type", "text/html; charset=utf-8").body(ReplyBody::Bytes(text.into())).unwrap_or_default()
}

/// The page that a browser is shown in the place of what it asked for.
pub(crate) fn interstitial(kind: &str, token_url: &str) -> String {
    let url = token_url.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;");
    let words = if kind == "captcha" { "Confirm that you are human" } else { "Confirm that this is a browser" };
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{words}</title></head>\n<body><main><h1>{words}</h1>\n\
         <form method=\"post\" action=\"{url}\"><button>Confirm</button></form>\n<p>Then load the page again.</p></main></body></html>\n"
    )
}

impl Wafv2 {
    /// `{"acl": NAME, "request": TEXT, "ip": ADDRESS, "region": R, "account": A, "resource": ARN}`
    fn test(&self, cx: &Context, body: &[u8]) -> Result<Response<ReplyBody>, Fault> {
        let asked: Value = serde_json::from_slice(body).map_err(|e| bad(format!("the body is no JSON: {e}")))?;
        let text = |name: &str| asked[name].as_str();
        let name = text("acl").ok_or_else(|| bad("acl is missing: the name of the web ACL"))?.to_owned();
        let request = text("request").ok_or_else(|| bad("request is missing: the text of the request"))?;
        let ip = text("ip").unwrap_or("127.0.0.1");
        let ip = ip.parse().map_err(|_| bad(format!("ip is `{ip}`, which is no address")))?;
        let request = Request::parse(request.as_bytes(), ip).map_err(bad)?;
        let (account, region) = (text("account").unwrap_or(cx.account()), text("region").unwrap_or(cx.region()));
        let cx = cx.in_scope(kit::Scope::new(account, region));
        let held = cx.store().read(|s| match s.get(&state::WEB_ACLS, cx.scope(), &name)? {
            Some(row) => self.memory.acls.get(s, cx.scope(), &row.acl.arn),
            None => Ok(None),
        })?;
        let held = held.ok_or_else(|| Fault::new("NotFound", 404, format!("there is no web ACL {name} in {account}, {region}")))?;
        let body_limit = held.acl.body_limit(crate::firewall::body_kind(text("resource").unwrap_or_default()));
        let judgement = evaluate(&held.acl, &request, &self.now(&cx, false)?, body_limit, true);
        let by = judgement.by.as_ref();
        Ok(said(
            200,
            &json!({
                "webAcl": name,
                "action": judgement.action,
                "rule": by.map_or("Default_Action", |by| by.rule.as_str()),
                "ruleWithinGroup": by.and_then(|by| by.within.as_ref()).map(|(group, rule)| format!("{group}#{rule}")),
                "status": (judgement.action != "ALLOW").then_some(judgement.answer.status),
                "tokenFailure": judgement.failure.map(|failure| failure.as_str()),
                "labels": judgement.labels,
                "insertedHeaders": judgement.inserted.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
                "rules": judgement.steps,
            }),
        ))
    }
}

fn said(status: u16, value: &Value) -> Response<ReplyBody> {
    let body = ReplyBody::Bytes(value.to_string().into());
    let answer = Response::builder().status(status).header("content-type", "application/json").header("access-control-allow-origin", "*");
    answer.body(body).unwrap_or_default()
}
