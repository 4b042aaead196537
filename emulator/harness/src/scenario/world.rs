//! The world of one running scenario: its cloud, who acts, and what is known so far. Verbs are done on it.

use super::{
    interpolate::Vars,
    outcome::Outcome,
    programs::{ConsumerBinary, Programs},
};
use crate::Emulator;
use bytes::Bytes;
use kit::{Body, Call, Cloud, Context, Fault, Principal, ReplyBody, ports::TemporaryKey};
use serde_json::Value;
use std::{path::PathBuf, sync::Arc};

/// Most bytes of an answer that are held.
const MOST_BYTES: usize = 256 << 20;

/// Who acts.
#[derive(Clone, Debug, Default)]
pub enum Identity {
    /// Root of the default account.
    #[default]
    Root,
    /// Nobody.
    Anonymous,
    /// A user or a session of a role, with the keys to sign with.
    Other {
        /// As the journal shows it.
        principal: Principal,
        /// Keys for requests over HTTP, where there are any.
        key: Option<SigningKeys>,
    },
}

/// Keys to sign with.
#[derive(Clone, Debug)]
pub struct SigningKeys {
    /// Access key id.
    pub id: String,
    /// Secret.
    pub secret: String,
    /// Session token of temporary keys.
    pub token: Option<String>,
}

impl From<&TemporaryKey> for SigningKeys {
    fn from(key: &TemporaryKey) -> SigningKeys {
        SigningKeys { id: key.access_key_id.clone(), secret: key.secret_access_key.clone(), token: Some(key.session_token.clone()) }
    }
}

/// A scenario that runs.
pub struct World {
    /// Its cloud.
    pub emulator: Emulator,
    /// What `${...}` knows.
    pub vars: Vars,
    /// Who acts unless a step says otherwise.
    pub identity: Identity,
    /// Where relative paths start.
    pub folder: PathBuf,
    /// The newest journal record before the step that runs.
    pub step_began: u64,
    /// The step looks at a picture, so that a verb that would only describe an object fetches it too.
    pub wants_image: bool,
    /// Programs that run beside the cloud.
    pub programs: Programs,
    /// The consumer application, where there is one.
    pub consumer: Option<ConsumerBinary>,
}

impl World {
    /// The cloud.
    pub fn cloud(&self) -> &Arc<Cloud> {
        self.emulator.cloud()
    }

    /// `${...}` as of now.
    pub fn vars(&self) -> Vars {
        Vars { now: Some(self.cloud().clock().now()), ..self.vars.clone() }
    }

    /// A context under which the identity acts.
    pub fn context(&self) -> Context {
        let cx = self.cloud().house_context("scenario");
        match &self.identity {
            Identity::Root => cx,
            Identity::Anonymous => cx.with_principal(Principal::Anonymous),
            Identity::Other { principal, .. } => cx.with_principal(principal.clone()),
        }
    }

    /// Keys of the identity; `None` for nobody.
    pub fn signing_keys(&self) -> Result<Option<SigningKeys>, String> {
        match &self.identity {
            Identity::Root => Ok(Some(SigningKeys { id: "test".into(), secret: "test".into(), token: None })),
            Identity::Anonymous => Ok(None),
            Identity::Other { key: Some(key), .. } => Ok(Some(key.clone())),
            Identity::Other { principal, key: None } => Err(format!(
                "{} has no keys to sign a request with: its role trusts neither Lambda nor ECS's tasks. Use the verb without `via: wire`",
                principal.arn()
            )),
        }
    }

    /// Calls any operation below HTTP, with a streamed body where there is one.
    pub async fn call(&self, service: &str, operation: &str, input: &Value, body: Option<Bytes>) -> Outcome {
        match self.try_call(service, operation, input, body).await {
            Ok(outcome) => outcome,
            Err(fault) => Outcome::refused(&fault),
        }
    }

    /// The same; the answer's value or the fault.
    pub async fn value(&self, service: &str, operation: &str, input: &Value) -> Result<Value, Fault> {
        self.try_call(service, operation, input, None).await.map(|outcome| outcome.value)
    }

    async fn try_call(&self, service: &str, operation: &str, input: &Value, body: Option<Bytes>) -> Result<Outcome, Fault> {
        let mut cx = self.context();
        if let Some(body) = body {
            cx = cx.with_body(Body::from_bytes(body));
        }
        let found = self
            .cloud()
            .service(service)
            .cloned()
            .ok_or_else(|| Fault::new("UnknownService", 501, format!("this cloud has no service {service}")))?;
        let schema = found.schema();
        let Some(op) = schema.operations.iter().position(|o| o.name == operation) else {
            return Err(match schema.refused.iter().any(|r| r.name == operation) {
                true => Fault::not_implemented(service, operation),
                false => Fault::new("UnknownOperationException", 404, format!("{service} has no operation {operation}")),
            });
        };
        let schema = schema.operations[op];
        let mut typed = found.input(op);
        let decoded = wire::canonical::from_json(schema.input, input, typed.structure_mut())
            .map_err(|error| found.undecodable_input(schema, error))?;
        if let Some(member) = decoded.unknown.first() {
            return Err(found.invalid(format!("Unknown parameter in input: \"{member}\"")));
        }
        let reply = self.cloud().dispatch(&cx, Call { service: found, op, input: typed, unknown: Vec::new() }).await?;
        let value = wire::canonical::to_json(schema.output, reply.value.structure());
        let status = reply.status;
        Ok(Outcome { value, status, bytes: held(reply.body).await?, ..Outcome::default() })
    }
}

/// A streamed body, whole.
async fn held(body: ReplyBody) -> Result<Option<Bytes>, Fault> {
    let broken = |e: std::io::Error| Fault::internal(format!("the answer's body broke: {e}"));
    Ok(match body {
        ReplyBody::None => None,
        ReplyBody::Bytes(bytes) => Some(bytes),
        ReplyBody::File { file, offset, length, .. } => {
            use std::os::unix::fs::FileExt;
            let mut bytes = vec![0; length as usize];
            file.read_exact_at(&mut bytes, offset).map_err(broken)?;
            Some(bytes.into())
        }
        ReplyBody::Stream(mut stream) => Some(stream.collect(MOST_BYTES).await.map_err(broken)?),
    })
}
