//! Where `Code.Location` of GetFunction and GetLayerVersion leads: the zip of a version, behind a link that only these give and that ends after ten
//! minutes, as AWS's presigned one does.

use crate::{
    layers::{self, LayerName},
    names::Name,
    state,
    state::{Code, Config},
};
use kit::{Body, BoxFuture, Cloud, Context, Door, Fault, Read, ReplyBody, Scope};
use sha2::{Digest, Sha256};

const PREFIX: &str = "/_windtunnel/lambda/code/";
const LAYERS: &str = "/_windtunnel/lambda/layers/";
const VALID_SECS: i64 = 600;

/// A link to the code of a version.
pub(crate) fn location(cx: &Context, name: &Name, config: &Config) -> String {
    let expires = cx.now().secs() + VALID_SECS;
    let path = format!("{}/{}/{}/{}", name.scope.account, name.scope.region, name.function, config.version.trim_start_matches('$'));
    let signature = sign(cx.cloud(), &path, expires, config);
    format!("{}{PREFIX}{path}?expires={expires}&signature={signature}", cx.cloud().endpoint())
}

/// A link to a version of a layer.
pub(crate) fn layer_location(cx: &Context, name: &LayerName, number: u64, code: &Code) -> String {
    let expires = cx.now().secs() + VALID_SECS;
    let path = format!("{}/{}/{}/{number}", name.scope.account, name.scope.region, name.layer);
    let signature = sign_layer(cx.cloud(), &path, expires, code);
    format!("{}{LAYERS}{path}?expires={expires}&signature={signature}", cx.cloud().endpoint())
}

fn sign(cloud: &Cloud, path: &str, expires: i64, config: &Config) -> String {
    let code = config.code.as_ref().map_or("", |code| code.sha256.as_str());
    kit::hex(&Sha256::digest(format!("{}/{path}/{expires}/{}/{code}", cloud.seed(), config.revision)))
}

fn sign_layer(cloud: &Cloud, path: &str, expires: i64, code: &Code) -> String {
    kit::hex(&Sha256::digest(format!("{}/layers/{path}/{expires}/{}", cloud.seed(), code.sha256)))
}

/// Answers those links.
pub(crate) struct CodeDoor;

impl Door for CodeDoor {
    fn name(&self) -> &'static str {
        "lambda-code"
    }
    fn takes(&self, _: &Cloud, head: &http::request::Parts) -> bool {
        head.uri.path().starts_with(PREFIX) || head.uri.path().starts_with(LAYERS)
    }
    fn answer<'a>(&'a self, cx: Context, head: http::request::Parts, _: Body) -> BoxFuture<'a, http::Response<ReplyBody>> {
        Box::pin(async move {
            match zip(&cx, &head).await {
                Ok(bytes) => http::Response::new(ReplyBody::Bytes(bytes)),
                Err(status) => {
                    let mut response = http::Response::new(ReplyBody::None);
                    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
                    response
                }
            }
        })
    }
}

async fn zip(cx: &Context, head: &http::request::Parts) -> Result<kit::Bytes, u16> {
    let query: Vec<(&str, &str)> = head.uri.query().unwrap_or("").split('&').filter_map(|pair| pair.split_once('=')).collect();
    let value = |key: &str| query.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
    let expires: i64 = value("expires").and_then(|v| v.parse().ok()).ok_or(403u16)?;
    let good = |signature: String| expires >= cx.now().secs() && value("signature") == Some(signature.as_str());
    if let Some(path) = head.uri.path().strip_prefix(LAYERS) {
        let code = layer(cx, path).ok_or(404u16)?;
        return match good(sign_layer(cx.cloud(), path, expires, &code)) {
            true => cx.store().blobs().read(&code.zip).await.map_err(|fault| fault.status),
            false => Err(403),
        };
    }
    let path = head.uri.path().strip_prefix(PREFIX).ok_or(404u16)?;
    let [account, region, function, version] = path.split('/').collect::<Vec<_>>()[..] else { return Err(404) };
    let name = Name { scope: Scope::new(account, region), function: function.into(), qualifier: None };
    let version = if version == "LATEST" { state::LATEST } else { version };
    let config = cx.store().read(|s| {
        let function = state::function(s, &name)?;
        state::version_config(s, &name, &function, version)
    });
    let config = config.map_err(|fault: Fault| fault.status)?;
    if !good(sign(cx.cloud(), path, expires, &config)) {
        return Err(403);
    }
    let code = config.code.ok_or(404u16)?;
    cx.store().blobs().read(&code.zip).await.map_err(|fault| fault.status)
}

fn layer(cx: &Context, path: &str) -> Option<Code> {
    let [account, region, layer, number] = path.split('/').collect::<Vec<_>>()[..] else { return None };
    let key = (layer.to_owned(), number.parse().ok()?);
    cx.store().read(|s| s.get(&layers::LAYERS, &Scope::new(account, region), &key)).ok()??.code
}
