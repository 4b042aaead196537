//! The data plane of HTTP APIs: what answers at their addresses. It serves deployments only.
//!
//! A request's life: address, stage and picture, CORS preflight, route, throttle, authorizer, integration, answer with CORS headers.

mod address;
mod answer;
mod authorize;
mod call;
mod cors;
mod event;
mod integrate;
pub(crate) mod mapping;
mod matching;
mod service;

use crate::{model::*, state::*};
use address::Address;
use answer::Refusal;
use call::Call;
use frontdoor::{access_log, buckets::Buckets, verdict::Verdicts};
use http::{Response, request::Parts};
use kit::{BoxFuture, Cloud, Context, Door, Fault, Read, ports::Measured};
use std::sync::Arc;
use wire::{Body, ReplyBody};

/// Largest body of a request or an answer; AWS's limit.
const MOST_BYTES: usize = 10 << 20;
/// What an account may call in a region, a second and at once; AWS's documented quota.
const ACCOUNT_RATE: f64 = 10_000.0;
const ACCOUNT_BURST: f64 = 5_000.0;

/// What the data plane holds beside the store; all of it can be lost without harm.
#[derive(Default)]
pub(crate) struct Edge {
    buckets: Buckets,
    /// What functions said of callers.
    verdicts: Verdicts,
    simple: authorize::Simple,
}

impl Edge {
    /// Forgets what functions said of callers, where it is kept under keys that begin so.
    pub fn forget_callers(&self, prefix: &str) {
        self.verdicts.forget(prefix);
        self.simple.forget(prefix);
    }
}

/// The front door of all HTTP APIs.
pub(crate) struct ExecuteApi {
    edge: Arc<Edge>,
}

impl ExecuteApi {
    pub fn new(edge: Arc<Edge>) -> ExecuteApi {
        ExecuteApi { edge }
    }

    async fn serve(&self, cx: Context, head: Parts, mut body: Body) -> Response<ReplyBody> {
        let (address, place, stage, api) = match find(&cx, &head) {
            Ok(Some(found)) => found,
            Ok(None) => return answer::bare(&cx, 404, "Not Found"),
            Err(fault) => return answer::bare(&cx, 500, &fault.message),
        };
        let cx = cx.in_scope(kit::Scope::new(&place.account, &place.region));
        let mut call = Call::new(cx, head, address, stage, api);
        if let Err(fault) = call.cx.cloud().apply_faults("execute-api", call.head.method.as_str(), &call.arn()).await {
            return match fault.code == kit::DROP_CONNECTION {
                true => kit::dropped_connection(),
                false => answer::bare(&call.cx, fault.status, &fault.message),
            };
        }
        let answer = match run(&self.edge, &mut call, &mut body).await {
            Ok(answer) => answer,
            Err(refusal) => answer::of_refusal(&mut call, refusal),
        };
        let answer = cors::decorated(&call, answer);
        tell(&call, answer.status().as_u16());
        let bytes = if let ReplyBody::Bytes(bytes) = answer.body() { bytes.len() } else { 0 };
        log(&call, answer.status().as_u16(), bytes).await;
        answer
    }
}

type Found = (Address, Place, Stage, Arc<Kept>);

/// Where a request goes: the API, its stage and what that serves.
fn find(cx: &Context, head: &Parts) -> Result<Option<Found>, Fault> {
    cx.store().read(|s| {
        let Some(mut address) = Address::read(s, cx, head)? else { return Ok(None) };
        let Some(place) = s.get(&NAMES, cx.scope(), &address.api_id)? else { return Ok(None) };
        let scope = kit::Scope::new(&place.account, &place.region);
        let named = match address.first_part() {
            Some(name) if !address.staged => s.get(&STAGES, &scope, &(address.api_id.clone(), name.to_owned()))?,
            _ => None,
        };
        let stage = match named {
            Some(stage) => {
                address.take_stage();
                Some(stage)
            }
            None => s.get(&STAGES, &scope, &(address.api_id.clone(), address.stage.clone()))?,
        };
        let Some(stage) = stage.map(|stage| stage.settings) else { return Ok(None) };
        let key = (address.api_id.clone(), stage.deployment_id.clone().unwrap_or_default());
        let Some(picture) = s.get(&DEPLOYMENTS, &scope, &key)? else { return Ok(None) };
        Ok(Some((address, place, stage, Arc::new(picture.api))))
    })
}

impl Door for ExecuteApi {
    fn name(&self) -> &'static str {
        "execute-api"
    }
    /// Routes that ask for a signature say `Forbidden` to one that was refused, as to none; the others look at none.
    fn hears_of_refused_signatures(&self) -> bool {
        true
    }
    fn takes(&self, cloud: &Cloud, head: &Parts) -> bool {
        Address::is_one(cloud, head)
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, body: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(self.serve(cx, head, body))
    }
}

async fn run(edge: &Edge, call: &mut Call, body: &mut Body) -> Result<Response<ReplyBody>, Refusal> {
    if call.api.settings.disable_execute_api_endpoint == Some(true) && !call.address.custom {
        return Err(Refusal::not_found());
    }
    call.body = body.collect(MOST_BYTES).await.map_err(|_| Refusal::too_large())?;
    let matched = matching::find(&call.api, &call.address.path, call.head.method.as_str());
    // A browser that asks first is answered by the API itself, unless a route of OPTIONS is there for it.
    if cors::is_preflight(call, matched.as_ref().map(|(route, _)| route.route_key.as_str())) {
        return Ok(cors::preflight(call));
    }
    let (route, parameters) = matched.ok_or_else(Refusal::not_found)?;
    call.route = route.clone();
    call.path_parameters = parameters;
    throttle(edge, call)?;
    authorize::check(edge, call).await?;
    let id = call.route.target.as_deref().and_then(|target| target.strip_prefix("integrations/"));
    let integration = id.and_then(|id| call.api.integrations.get(id)).cloned().ok_or_else(Refusal::not_found)?;
    let began = call.cx.now();
    let answer = integrate::answer(call, &integration).await;
    call.integration_ms = Some((call.cx.now().unix_ns - began.unix_ns) as f64 / 1e6);
    answer
}

fn throttle(edge: &Edge, call: &Call) -> Result<(), Refusal> {
    let now = call.cx.now();
    let take =
        |name: String, rate: f64, burst: f64| if edge.buckets.take(&name, now, rate, burst) { Ok(()) } else { Err(Refusal::throttled()) };
    let of_route = call.stage.route_settings.as_ref().and_then(|all| all.get(&call.route.route_key));
    let settings = of_route.map(|s| (call.route.route_key.as_str(), s)).or(call.stage.default_route_settings.as_ref().map(|s| ("", s)));
    if let Some((key, settings)) = settings.filter(|(_, s)| s.throttling_rate_limit.is_some() || s.throttling_burst_limit.is_some()) {
        let rate = settings.throttling_rate_limit.unwrap_or(ACCOUNT_RATE);
        let burst = settings.throttling_burst_limit.map_or(rate, f64::from);
        take(format!("{}/{}/{key}", call.address.api_id, call.stage.stage_name), rate, burst)?;
    }
    take(format!("account/{}/{}", call.cx.account(), call.cx.region()), ACCOUNT_RATE, ACCOUNT_BURST)
}

/// What CloudWatch is told: by API, and by API and stage.
fn tell(call: &Call, status: u16) {
    let took = (call.cx.now().unix_ns - call.received.unix_ns) as f64 / 1e6;
    let truth = |holds: bool| f64::from(u8::from(holds));
    let mut values = vec![
        ("Count", "Count", 1.0),
        ("4xx", "Count", truth((400..500).contains(&status))),
        ("5xx", "Count", truth(status >= 500)),
        ("Latency", "Milliseconds", took),
    ];
    if let Some(ms) = call.integration_ms {
        values.push(("IntegrationLatency", "Milliseconds", ms));
    }
    let stage = [("ApiId", call.address.api_id.as_str()), ("Stage", call.stage.stage_name.as_str())];
    call.cx.measure(&Measured { namespace: "AWS/ApiGateway", under: &[&stage[..1], &stage], values: &values });
}

/// The stage's access log. What can't be written is told to the journal.
async fn log(call: &Call, status: u16, bytes: usize) {
    let settings = call.stage.access_log_settings.as_ref();
    let Some((arn, format)) = settings.and_then(|s| s.destination_arn.as_deref().zip(s.format.as_deref())) else { return };
    let line = access_log::line(format, |name| match name {
        "status" => Some(status.to_string()),
        "responseLength" => Some(bytes.to_string()),
        "responseLatency" => Some(((call.cx.now().unix_ns - call.received.unix_ns) / 1_000_000).to_string()),
        "integrationLatency" | "integration.latency" => call.integration_ms.map(|ms| format!("{ms:.0}")),
        "integrationStatus" | "integration.status" | "integration.integrationStatus" => call.integration_status.map(|s| s.to_string()),
        "error.message" => call.error.clone(),
        "error.messageString" => call.error.as_ref().map(|e| format!("\"{e}\"")),
        name => call.context_variable(name),
    });
    // Logs of HTTP APIs are delivered by the log service itself, which needs no role of the account.
    let cx = call.cx.as_service("delivery.logs.amazonaws.com", &call.arn(), call.cx.account());
    if let Err(fault) = access_log::write(&cx, arn, &kit::hex(call.address.api_id.as_bytes()), line).await {
        let detail = serde_json::json!({ "warning": format!("a log could not be written: {}", fault.message) });
        call.cx.cloud().journal().write(&call.cx, kit::RecordKind::House, "execute-api", "log", "", "warning", detail);
    }
}
