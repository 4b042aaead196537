//! How services with protected resources ask for a web ACL's judgement (AWS WAF): one question for each request, before anything else looks
//! at it. Nothing here knows rules; a cloud without the wafv2 service lets everything pass, for nothing can be associated there.

use crate::{Bytes, Context, Scope};
use futures_util::future::BoxFuture;
use http::{Response, request::Parts};
use wire::ReplyBody;

/// Judges requests (WAFv2).
pub trait Firewall: Send + Sync {
    /// Judges a request for a resource by the web ACL that is associated with it; passes where none is. `cx` is in the resource's account and
    /// region, its source tells the client's address.
    fn inspect<'a>(&'a self, cx: &'a Context, resource_arn: &'a str, request: Inspected<'a>) -> BoxFuture<'a, Verdict>;
    /// ARN of the web ACL that is associated with a resource in the account and region of `cx`.
    fn web_acl_of(&self, cx: &Context, resource_arn: &str) -> Option<String>;
}

/// A request as rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Inspected<'a> {
    /// Method, URI and headers as received.
    pub head: &'a Parts,
    /// The body, or what of it rules may see.
    pub body: &'a [u8],
    /// The path as AWS's front door sees it, where that is not the one that was sent (`/restapis/ID/STAGE/_user_request_/x` is `/STAGE/x`).
    pub path: Option<&'a str>,
    /// The host as AWS's front door has it, where the request was sent to the emulator's own.
    pub host: Option<&'a str>,
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It goes on, with these headers put in for whoever handles it (`x-amzn-waf-...`).
    Pass(Vec<(String, String)>),
    /// It ends here.
    Stop(Stopped),
}

/// A request that a rule or the default action stopped.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stopped {
    /// `BLOCK`, `CAPTCHA` or `CHALLENGE`.
    pub action: &'static str,
    /// 403, 405 (CAPTCHA), 202 (Challenge), or the status of the rule's custom response.
    pub status: u16,
    /// Headers of the answer.
    pub headers: Vec<(String, String)>,
    /// Content type and body; `None` where the resource's own words are to be used.
    pub body: Option<(&'static str, Bytes)>,
    /// The answer is the rule's own (custom response), or the page of a CAPTCHA or Challenge: nothing of the resource's is to be put over it.
    pub own_answer: bool,
}

/// A resource that a web ACL may protect, out of a request of the API that needs no signature.
#[derive(Clone, Debug)]
pub struct Guarded {
    /// Account and region of the resource.
    pub scope: Scope,
    /// Its ARN.
    pub arn: String,
    /// The body without what is withheld from rules (personal data).
    pub body: Bytes,
    /// The host as AWS has it.
    pub host: String,
}

/// Asks the cloud's firewall, where it has one.
pub async fn inspect(cx: &Context, resource_arn: &str, request: Inspected<'_>) -> Verdict {
    match cx.cloud().ports().firewall() {
        Ok(firewall) => firewall.inspect(cx, resource_arn, request).await,
        Err(_) => Verdict::Pass(Vec::new()),
    }
}

impl Stopped {
    /// The answer as HTTP. `words` (content type and body) stand in where the rule has none of its own.
    pub fn response(&self, words: (&str, Bytes)) -> Response<ReplyBody> {
        let (content_type, body) = self.body.clone().unwrap_or((self.content_type(words.0), words.1));
        let mut answer = Response::builder().status(self.status);
        if !body.is_empty() {
            answer = answer.header("content-type", content_type);
        }
        for (name, value) in &self.headers {
            answer = answer.header(name, value);
        }
        answer.body(ReplyBody::Bytes(body)).unwrap_or_default()
    }

    fn content_type(&self, words: &str) -> &'static str {
        match words {
            "text/html" => "text/html",
            "text/plain" => "text/plain",
            _ => "application/json",
        }
    }
}
