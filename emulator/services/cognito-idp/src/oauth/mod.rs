//! The endpoints of a pool's domain: OAuth 2.0 and OpenID Connect, and the way to the hosted pages.
//!
//! A request is first brought to its domain's pool ([`address`], [`visit`]); what it asks for ([`ask`]) is judged before anything is shown.
//! A user who is proved becomes a code or tokens ([`grants`]). The pages themselves are in [`crate::pages`].

mod address;
mod ask;
mod authorize;
mod federated;
mod federation;
mod fetch;
mod grants;
mod logout;
mod revoke;
mod session;
mod token;
mod user_info;
mod visit;

pub(crate) use address::PATH_FORM;
pub(crate) use ask::Ask;
pub(crate) use grants::{CODES, complete};
pub(crate) use visit::{Answer, Pairs, Visit, html, query, redirect};

use crate::{
    CognitoIdp,
    auth::{Proofs, Proven},
    domains, firewall, pages, state,
};
use address::Address;
use http::{Method, Response, request::Parts};
use kit::{BoxFuture, Cloud, Context, Door, Inspected, Read, Verdict};
use serde_json::json;
use wire::{Body, ReplyBody};

/// Forms are short.
const MOST_BYTES: usize = 64 << 10;

/// The door of all domains.
pub(crate) struct Hosted(pub CognitoIdp);

impl Door for Hosted {
    fn name(&self) -> &'static str {
        "cognito-hosted"
    }
    fn takes(&self, cloud: &Cloud, head: &Parts) -> bool {
        let own = |name: &str| {
            let scope = kit::Scope::new("", "");
            cloud.store().read(|s| s.exists(&domains::DOMAINS, &scope, &name.to_owned())).unwrap_or(false)
        };
        Address::read(head, own).is_some()
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, body: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(async move {
            if head.method == Method::OPTIONS {
                return preflight();
            }
            match self.visit(cx, head, body).await {
                Ok(visit) => answer(&visit).await,
                Err(answer) => answer,
            }
        })
    }
}

impl Hosted {
    async fn visit(&self, cx: Context, head: Parts, mut body: Body) -> Result<Visit, Answer> {
        let nobody = || html(404, &pages::error_page("There is no user pool under this domain."), &[]);
        let address = Address::read(&head, |_| true).ok_or_else(nobody)?;
        let found = cx.store().read(|s| {
            let there = |domain: &domains::Domain| address.region.as_ref().is_none_or(|region| *region == domain.place.region);
            let Some(domain) = domains::domain(s, &cx, &address.domain)?.filter(there) else { return Ok(None) };
            let pool = state::pool(s, &domain.place.scope(), &domain.place.pool_id)?;
            Ok::<_, kit::Fault>(Some((domain, pool)))
        });
        let (domain, pool) = found.map_err(|fault| html(500, &pages::error_page(&fault.message), &[]))?.ok_or_else(nobody)?;
        let bytes = body.collect(MOST_BYTES).await.map_err(|e| json_error(413, &e.to_string()))?;
        let query = Pairs::read(head.uri.query().unwrap_or_default());
        let form = head.headers.get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        let form = match form.starts_with("application/x-www-form-urlencoded") {
            true => Pairs::read(&String::from_utf8_lossy(&bytes)),
            false => Pairs::default(),
        };
        let cx = cx.in_scope(domain.place.scope());
        judge(&cx, &head, &bytes, &pool.id, (&address.domain, &address.path)).await?;
        let (method, headers) = (head.method, head.headers);
        Ok(Visit { service: self.0.clone(), cx, domain, pool, base: address.base, path: address.path, method, headers, query, form })
    }
}

/// Asks the pool's web ACL, where it has one; rules see no personal data, and the pool's domain and path as they are on AWS.
async fn judge(cx: &Context, head: &Parts, body: &[u8], pool_id: &str, (domain, path): (&str, &str)) -> Result<(), Answer> {
    if cx.cloud().ports().firewall().is_err() {
        return Ok(());
    }
    let mut seen = head.clone();
    if let Some(query) = head.uri.query() {
        let told = format!("{}?{}", head.uri.path(), firewall::form_without_personal_data(query));
        seen.uri = told.parse().unwrap_or_else(|_| head.uri.clone());
    }
    let body = firewall::form_without_personal_data(&String::from_utf8_lossy(body));
    let host = format!("{domain}.auth.{}.amazoncognito.com", cx.region());
    let host = if domain.contains('.') { domain } else { &host };
    let request = Inspected { head: &seen, body: body.as_bytes(), path: Some(path), host: Some(host) };
    match kit::firewall::inspect(cx, &state::arn(cx.scope(), pool_id), request).await {
        Verdict::Pass(_) => Ok(()),
        Verdict::Stop(stopped) => Err(stopped.response(("text/html", pages::error_page("Forbidden").into()))),
    }
}

/// A user who is proved, as the flows hand him on.
fn proven(user: state::User, device_key: Option<String>, proofs: Proofs) -> Proven {
    Proven { user, device_key, source: "HostedAuth".into(), proofs }
}

fn json_error(status: u16, description: &str) -> Answer {
    visit::json(status, &json!({ "error": "invalid_request", "error_description": description }))
}

/// Endpoint by endpoint.
async fn answer(visit: &Visit) -> Answer {
    let get = visit.method == Method::GET;
    let post = visit.method == Method::POST;
    match visit.path.as_str() {
        "/oauth2/authorize" if get || post => authorize::authorize(visit).await,
        "/oauth2/token" if post => token::token(visit).await,
        "/oauth2/userInfo" | "/oauth2/userinfo" if get || post => user_info::user_info(visit),
        "/oauth2/revoke" if post => revoke::revoke(visit).await,
        "/oauth2/idpresponse" if get => federation::returned(visit).await,
        "/logout" if get => logout::logout(visit),
        "/error" if get => html(400, &pages::error_page(visit.query.get("error").unwrap_or("unknown error")), &[]),
        path if get || post => pages::answer(visit, path).await,
        _ => html(405, &pages::error_page("This endpoint does not take this method."), &[]),
    }
}

/// Pages of any origin may exchange codes and ask who the user is.
fn preflight() -> Answer {
    let head = Response::builder()
        .status(200)
        .header("access-control-allow-origin", "*")
        .header("access-control-allow-methods", "GET, POST, OPTIONS")
        .header("access-control-allow-headers", "authorization, content-type, x-amz-user-agent")
        .header("access-control-max-age", "86400");
    head.body(ReplyBody::None).unwrap_or_default()
}
