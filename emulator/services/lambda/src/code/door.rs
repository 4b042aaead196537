//! Where GetFunction's `Code.Location` leads: the zip of a version, behind a link that only GetFunction gives and that ends after ten
//! minutes, as AWS's presigned one does.

use crate::{names::Name, state, state::Config};
use kit::{Body, BoxFuture, Cloud, Context, Door, Fault, ReplyBody, Scope};
use sha2::{Digest, Sha256};

const PREFIX: &str = "/_windtunnel/lambda/code/";
const VALID_SECS: i64 = 600;

/// A link to the code of a version.
pub(crate) fn location(cx: &Context, name: &Name, config: &Config) -> String {
    let expires = cx.now().secs() + VALID_SECS;
    let path = format!("{}/{}/{}/{}", name.scope.account, name.scope.region, name.function, config.version.trim_start_matches('$'));
    let signature = sign(cx.cloud(), &path, expires, config);
    format!("{}{PREFIX}{path}?expires={expires}&signature={signature}", cx.cloud().endpoint())
}

fn sign(cloud: &Cloud, path: &str, expires: i64, config: &Config) -> String {
    let code = config.code.as_ref().map_or("", |code| code.sha256.as_str());
    kit::hex(&Sha256::digest(format!("{}/{path}/{expires}/{}/{code}", cloud.seed(), config.revision)))
}

/// Answers those links.
pub(crate) struct CodeDoor;

impl Door for CodeDoor {
    fn name(&self) -> &'static str {
        "lambda-code"
    }
    fn takes(&self, _: &Cloud, head: &http::request::Parts) -> bool {
        head.uri.path().starts_with(PREFIX)
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
    let path = head.uri.path().strip_prefix(PREFIX).ok_or(404u16)?;
    let query: Vec<(&str, &str)> = head.uri.query().unwrap_or("").split('&').filter_map(|pair| pair.split_once('=')).collect();
    let value = |key: &str| query.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
    let [account, region, function, version] = path.split('/').collect::<Vec<_>>()[..] else { return Err(404) };
    let name = Name { scope: Scope::new(account, region), function: function.into(), qualifier: None };
    let version = if version == "LATEST" { state::LATEST } else { version };
    let config = cx.store().read(|s| {
        let function = state::function(s, &name)?;
        state::version_config(s, &name, &function, version)
    });
    let config = config.map_err(|fault: Fault| fault.status)?;
    let expires: i64 = value("expires").and_then(|v| v.parse().ok()).ok_or(403u16)?;
    if expires < cx.now().secs() || value("signature") != Some(sign(cx.cloud(), path, expires, &config).as_str()) {
        return Err(403);
    }
    let code = config.code.ok_or(404u16)?;
    cx.store().blobs().read(&code.zip).await.map_err(|fault| fault.status)
}
