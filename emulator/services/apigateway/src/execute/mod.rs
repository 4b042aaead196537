//! The data plane: what answers at an API's address. It reads deployments, never the API as it is being edited.
//!
//! A request's life: address, stage and picture, body, resource and method, resource policy and authorizer, integration, answer. Whatever
//! refuses on the way is told by the API's gateway responses.

mod address;
mod answers;
mod authorize;
mod call;
mod event;
pub(crate) mod firewall;
mod matching;
mod metrics;
mod mock;
mod proxy;

use crate::{model::*, state::*};
use address::Address;
use answers::Refusal;
use call::Call;
use http::{Response, request::Parts};
use kit::{BoxFuture, Cloud, Context, Door, Fault, Read};
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};
use wire::{Body, ReplyBody};

/// Largest body of a request or an answer; AWS's limit.
const MOST_BYTES: usize = 10 << 20;
/// Decoded pictures that are held.
const MOST_PICTURES: usize = 64;

/// Deployments that are being served, decoded, by the digest of what they hold: a picture never changes.
#[derive(Default)]
pub(crate) struct Pictures {
    held: Mutex<HashMap<String, Arc<Api>>>,
}

/// The front door of all APIs.
pub(crate) struct ExecuteApi {
    pictures: Arc<Pictures>,
}

impl ExecuteApi {
    pub fn new(pictures: Arc<Pictures>) -> ExecuteApi {
        ExecuteApi { pictures }
    }

    async fn serve(&self, cx: Context, head: Parts, mut body: Body) -> Response<ReplyBody> {
        let served = Address::read(&head).map(|address| self.stage(&cx, &address).map(|found| (address, found)));
        let (address, (place, stage, api)) = match served {
            Some(Ok((address, Some(found)))) => (address, found),
            Some(Err(fault)) => return answers::bare(&cx, 500, &fault.message, "InternalServerErrorException"),
            _ => return answers::bare(&cx, 403, "Forbidden", "ForbiddenException"),
        };
        let cx = cx.in_scope(kit::Scope::new(&place.account, &place.region));
        let mut call = Call::new(cx, head, address, stage, api);
        // Faults on purpose are asked here, for a front door's requests pass no dispatch.
        if let Err(fault) = call.cx.cloud().apply_faults("execute-api", call.head.method.as_str(), &call.arn()).await {
            return match fault.code == kit::DROP_CONNECTION {
                true => kit::dropped_connection(),
                false => answers::bare(&call.cx, fault.status, &fault.message, &fault.code),
            };
        }
        let answer = match run(&mut call, &mut body).await {
            Ok(answer) => answer,
            Err(refusal) => answers::of_refusal(&call, &refusal),
        };
        metrics::tell(&call, answer.status().as_u16());
        answer
    }

    /// Where the API belongs, the stage, and the picture that it serves.
    fn stage(&self, cx: &Context, address: &Address) -> Result<Option<(Place, Stage, Arc<Api>)>, Fault> {
        cx.store().read(|s| {
            let Some(place) = s.get(&NAMES, cx.scope(), &address.api_id)? else { return Ok(None) };
            let scope = kit::Scope::new(&place.account, &place.region);
            let Some(stage) = s.get(&STAGES, &scope, &(address.api_id.clone(), address.stage.clone()))? else { return Ok(None) };
            let key = (address.api_id.clone(), stage.settings.deployment_id.clone().unwrap_or_default());
            let Some(deployment) = s.get(&DEPLOYMENTS, &scope, &key)? else { return Ok(None) };
            if let Some(held) = self.pictures.held.lock().get(&deployment.digest).cloned() {
                return Ok(Some((place, stage.settings, held)));
            }
            let Some(picture) = s.get(&PICTURES, &scope, &key)?.map(Arc::new) else { return Ok(None) };
            let mut held = self.pictures.held.lock();
            if held.len() >= MOST_PICTURES {
                held.clear();
            }
            held.insert(deployment.digest, picture.clone());
            Ok(Some((place, stage.settings, picture)))
        })
    }
}

impl Door for ExecuteApi {
    fn name(&self) -> &'static str {
        "execute-api"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        Address::read(head).is_some()
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, body: Body) -> BoxFuture<'a, Response<ReplyBody>> {
        Box::pin(self.serve(cx, head, body))
    }
}

async fn run(call: &mut Call, body: &mut Body) -> Result<Response<ReplyBody>, Refusal> {
    if call.api.settings.disable_execute_api_endpoint == Some(true) {
        return Err(Refusal::forbidden());
    }
    call.body = body.collect(MOST_BYTES).await.map_err(|_| Refusal::too_large())?;
    if let Some(answer) = firewall::judge(call).await? {
        return Ok(answer);
    }
    let matched = matching::find(&call.api, &call.address.path, call.head.method.as_str()).ok_or_else(Refusal::missing_token)?;
    call.resource = matched.resource;
    call.method = matched.method;
    call.path_parameters = matched.parameters;
    authorize::check(call)?;
    let integration = call.method.method_integration.clone().unwrap_or_default();
    let began = call.cx.now();
    let answer = match integration.r#type {
        Some(IntegrationType::AwsProxy) => proxy::answer(call, &integration).await,
        Some(IntegrationType::Mock) => mock::answer(call, &integration),
        _ => Err(Refusal::configuration()),
    };
    call.integration_ms = Some((call.cx.now().unix_ns - began.unix_ns) as f64 / 1e6);
    answer
}
