//! The data plane: what answers at an API's address. It reads deployments, never the API as it is being edited.
//!
//! A request's life: address, stage and picture, body, resource and method, resource policy and authorizer, key and throttles, validator,
//! cache, integration, answer. Whatever refuses on the way is told by the API's gateway responses.

mod address;
mod answers;
mod authorize;
mod cache;
mod call;
mod compress;
mod event;
pub(crate) mod firewall;
mod http;
mod keys;
mod lambda_authorizer;
mod logs;
mod matching;
mod memo;
mod metrics;
mod mock;
pub(crate) mod patterns;
mod proxy;
mod request;
mod response;
mod schema;
mod service;
mod templates;
mod tested;
mod validate;

pub(crate) use keys::Quota;
pub use schema::describe_body;
pub(crate) use tested::{Tested, test_authorizer, test_method};
pub(crate) use validate::flattened;

use crate::{model::*, state::*};
use ::http::{Response, request::Parts};
use address::Address;
use answers::Refusal;
use call::Call;
use frontdoor::{buckets::Buckets, verdict::Verdicts};
use kit::{BoxFuture, Cloud, Context, Door, Fault, Read};
use memo::Memo;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use wire::{Body, ReplyBody};

/// Largest body of a request or an answer; AWS's limit.
const MOST_BYTES: usize = 10 << 20;
/// Headers of requests that neither mappings nor integrations are shown.
const UNSEEN: [&str; 12] = [
    "connection",
    "content-length",
    "content-md5",
    "expect",
    "max-forwards",
    "proxy-authenticate",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "www-authenticate",
];
/// Decoded pictures that are held.
const MOST_PICTURES: usize = 64;

/// What the data plane holds beside the store; all of it can be lost without harm.
#[derive(Default)]
pub(crate) struct Edge {
    /// Deployments that are being served, decoded, by the digest of what they hold: a picture never changes.
    pictures: Mutex<HashMap<String, (Arc<Api>, Arc<Memo>)>>,
    buckets: Buckets,
    verdicts: Verdicts,
    answers: cache::Answers,
}

impl Edge {
    /// Forgets the cached answers of a stage.
    pub fn flush_answers(&self, api_id: &str, stage: &str) {
        self.answers.forget(&format!("{api_id}/{stage}/"));
    }
    /// Forgets what authorizers said of callers of a stage.
    pub fn flush_verdicts(&self, api_id: &str, stage: &str) {
        self.verdicts.forget(&format!("{api_id}/{stage}/"));
    }
}

/// The front door of all APIs.
pub(crate) struct ExecuteApi {
    edge: Arc<Edge>,
}

/// What is served: where the API belongs, its stage, which deployment, and what that holds.
struct Served {
    place: Place,
    stage: Stage,
    deployment_id: String,
    canary: Option<bool>,
    api: Arc<Api>,
    memo: Arc<Memo>,
}

impl ExecuteApi {
    pub fn new(edge: Arc<Edge>) -> ExecuteApi {
        ExecuteApi { edge }
    }

    async fn serve(&self, cx: Context, head: Parts, mut body: Body) -> Response<ReplyBody> {
        let address = match Address::read(&head) {
            Some(address) => Ok(Some(address)),
            None => Address::by_domain(&cx, &head),
        };
        let served = address.and_then(|address| match address {
            Some(address) => Ok(self.served(&cx, &address)?.map(|served| (address, served))),
            None => Ok(None),
        });
        let (address, served) = match served {
            Ok(Some(found)) => found,
            Ok(None) => return answers::bare(&cx, 403, "Forbidden", "ForbiddenException"),
            Err(fault) => return answers::bare(&cx, 500, &fault.message, "InternalServerErrorException"),
        };
        let cx = cx.in_scope(kit::Scope::new(&served.place.account, &served.place.region));
        let mut call = Call::new(cx, head, address, served.stage, served.api);
        call.deployment_id = served.deployment_id;
        call.canary = served.canary;
        call.memo = served.memo;
        if served.canary == Some(true) {
            let overrides = call.stage.canary_settings.as_ref().and_then(|canary| canary.stage_variable_overrides.clone());
            call.stage_variables.extend(overrides.unwrap_or_default());
        }
        // Faults on purpose are asked here, for a front door's requests pass no dispatch.
        if let Err(fault) = call.cx.cloud().apply_faults("execute-api", call.head.method.as_str(), &call.arn()).await {
            return match fault.code == kit::DROP_CONNECTION {
                true => kit::dropped_connection(),
                false => answers::bare(&call.cx, fault.status, &fault.message, &fault.code),
            };
        }
        let run = run(&self.edge, &mut call, &mut body).await;
        let failed = run.is_err();
        let mut answer = run.unwrap_or_else(|refusal| refused(&mut call, &refusal));
        logs::closing(&call, &answer, failed);
        compress::apply(&call, &mut answer);
        metrics::tell(&call, answer.status().as_u16());
        logs::write(&call, answer.status().as_u16(), length(&answer)).await;
        answer
    }

    fn served(&self, cx: &Context, address: &Address) -> Result<Option<Served>, Fault> {
        cx.store().read(|s| {
            let Some(place) = s.get(&NAMES, cx.scope(), &address.api_id)? else { return Ok(None) };
            let scope = kit::Scope::new(&place.account, &place.region);
            let Some(stage) = s.get(&STAGES, &scope, &(address.api_id.clone(), address.stage.clone()))? else { return Ok(None) };
            let stage = stage.settings;
            let canary = stage.canary_settings.as_ref().map(|canary| {
                let percent = canary.percent_traffic.unwrap_or(0.0);
                (cx.ids().number() % 10_000) as f64 / 100.0 < percent
            });
            let canarys = stage.canary_settings.as_ref().filter(|_| canary == Some(true)).and_then(|canary| canary.deployment_id.clone());
            let deployment_id = canarys.or(stage.deployment_id.clone()).unwrap_or_default();
            let key = (address.api_id.clone(), deployment_id.clone());
            let Some(deployment) = s.get(&DEPLOYMENTS, &scope, &key)? else { return Ok(None) };
            let held = self.edge.pictures.lock().get(&deployment.digest).cloned();
            let (api, memo) = match held {
                Some(held) => held,
                None => {
                    let Some(picture) = s.get(&PICTURES, &scope, &key)? else { return Ok(None) };
                    let picture = (Arc::new(picture), Arc::default());
                    let mut held = self.edge.pictures.lock();
                    if held.len() >= MOST_PICTURES {
                        held.clear();
                    }
                    held.insert(deployment.digest, picture.clone());
                    picture
                }
            };
            Ok(Some(Served { place, stage, deployment_id, canary, api, memo }))
        })
    }
}

impl Door for ExecuteApi {
    fn name(&self) -> &'static str {
        "execute-api"
    }
    fn hears_of_refused_signatures(&self) -> bool {
        true
    }
    fn takes(&self, cloud: &Cloud, head: &Parts) -> bool {
        // HTTP APIs have addresses of the same form; their door is asked before this one and knows its own.
        Address::read(head).is_some() || Address::is_domain(cloud, head)
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, body: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(self.serve(cx, head, body))
    }
}

async fn run(edge: &Edge, call: &mut Call, body: &mut Body) -> Result<Response<ReplyBody>, Refusal> {
    // What switches off the API's own address leaves its custom domain names.
    if call.api.settings.disable_execute_api_endpoint == Some(true) && !call.address.custom {
        return Err(Refusal::forbidden());
    }
    call.body = body.collect(MOST_BYTES).await.map_err(|_| Refusal::too_large())?;
    if let Some(answer) = firewall::judge(call).await? {
        return Ok(answer);
    }
    compress::undo(call)?;
    // Nothing behind the web ACL sees these, as recorded.
    UNSEEN.iter().for_each(|name| drop(call.head.headers.remove(*name)));
    let matched = matching::find(&call.api, &call.address.path, call.head.method.as_str()).ok_or_else(Refusal::missing_token)?;
    call.resource = matched.resource;
    call.method = matched.method;
    call.path_parameters = matched.parameters;
    logs::begin(call);
    logs::opening(call);
    authorize::check(edge, call).await?;
    keys::admit(edge, call).await?;
    validate::check(call)?;
    let integration = call.method.method_integration.clone().unwrap_or_default();
    let cached = cache::ask(edge, call, &integration);
    let key = match cached {
        cache::Cached::Hit(answer) => {
            call.cache_hit = Some(true);
            return Ok(answer);
        }
        cache::Cached::Refused => return Err(Refusal::forbidden()),
        cache::Cached::Miss(key, ttl) => {
            call.cache_hit = Some(false);
            Some((key, ttl))
        }
        cache::Cached::Off => None,
    };
    let answer = integrate(call, &integration).await?;
    if let Some((key, ttl)) = key.filter(|_| answer.status().is_success()) {
        cache::keep(edge, call, key, ttl, &answer);
    }
    Ok(answer)
}

/// Calls what stands behind the method.
async fn integrate(call: &mut Call, integration: &Integration) -> Result<Response<ReplyBody>, Refusal> {
    let began = call.cx.now();
    call.integration_began = Some(began);
    let answer = match integration.r#type {
        Some(IntegrationType::AwsProxy) => proxy::answer(call, integration).await,
        Some(IntegrationType::Mock) => return mock::answer(call, integration),
        Some(IntegrationType::Http) => http::answer(call, integration).await,
        Some(IntegrationType::HttpProxy) => http::pass(call, integration).await,
        Some(IntegrationType::Aws) => service::answer(call, integration).await,
        None => Err(Refusal::configuration()),
    };
    call.integration_ms = Some((call.cx.now().unix_ns - began.unix_ns) as f64 / 1e6);
    answer
}

/// When an integration is given up.
fn due(call: &Call, integration: &Integration) -> kit::Timestamp {
    call.cx.now().plus_ns(i128::from(integration.timeout_in_millis.unwrap_or(29_000)) * 1_000_000)
}

fn refused(call: &mut Call, refusal: &Refusal) -> Response<ReplyBody> {
    call.error = Some(refusal.told());
    call.unfit = refusal.unfit.clone();
    answers::of_refusal(call, refusal)
}

fn length(answer: &Response<ReplyBody>) -> usize {
    match answer.body() {
        ReplyBody::Bytes(bytes) => bytes.len(),
        _ => 0,
    }
}
