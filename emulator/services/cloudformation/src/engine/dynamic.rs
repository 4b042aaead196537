//! Dynamic references looked up, when a resource is made or changed: by whoever acts for the stack, as AWS does. Values reach the service that
//! makes the resource and nothing else: rows, events and change sets keep the references.

use crate::{
    schemas::{self, check},
    template::{
        At, Located,
        dynamic::{self, Reference},
    },
};
use kit::{
    Context, Fault,
    ports::{SecretValue, SecretVersion},
};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Values by the references that stand for them.
#[derive(Default)]
pub(super) struct Values(BTreeMap<String, String>);

impl Values {
    /// Looks up the references of a resource's properties.
    pub(super) async fn of(cx: &Context, properties: &Json) -> Result<Values, Fault> {
        let found = dynamic::inside(&Located::of_json(At::default(), properties))?;
        let mut secrets: BTreeMap<SecretVersion, String> = BTreeMap::new();
        let mut values = BTreeMap::new();
        for reference in found {
            let text = match secrets.get(&reference.secret) {
                Some(text) => text.clone(),
                None => value(cx, &reference.secret).await.map_err(|fault| fault.with("Service", "SecretsManager"))?,
            };
            values.insert(reference.text.clone(), member(&reference, &text)?);
            secrets.insert(reference.secret, text);
        }
        Ok(Values(values))
    }

    /// Properties with values in the place of references, and in the shape that the type's schema wants.
    pub(super) fn put_in(&self, kind: &str, properties: &Json) -> Result<Json, Fault> {
        if self.0.is_empty() {
            return Ok(properties.clone());
        }
        let mut shaped = Located::of_json(At::default(), &self.replaced(properties));
        let findings = schemas::registry().schema(kind).map(|schema| check::properties(schema, &mut shaped)).unwrap_or_default();
        match findings.first() {
            None => Ok(shaped.to_json()),
            // The finding itself would tell the secret.
            Some(finding) => {
                let message = format!("{}: what a dynamic reference stands for does not fit the schema of {kind}", finding.path);
                Err(Fault::new("InvalidRequest", 400, message))
            }
        }
    }

    /// Properties as they were, with those values in the place of references that are known, in the same shape where they fit it.
    pub(super) fn put_in_former(&self, kind: &str, properties: &Json) -> Json {
        self.put_in(kind, properties).unwrap_or_else(|_| self.replaced(properties))
    }

    /// Properties with those values in the place of references that are known.
    fn replaced(&self, properties: &Json) -> Json {
        match properties {
            Json::String(text) if dynamic::is_in(text) => Json::String(self.in_text(text)),
            Json::Array(items) => items.iter().map(|item| self.replaced(item)).collect(),
            Json::Object(map) => map.iter().map(|(name, item)| (name.clone(), self.replaced(item))).collect(),
            other => other.clone(),
        }
    }

    /// One pass: a value that looks like a reference is none.
    fn in_text(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        for reference in dynamic::references(text).unwrap_or_default() {
            let Some((before, after)) = rest.split_once(reference.text.as_str()) else { break };
            out.push_str(before);
            out.push_str(self.0.get(&reference.text).unwrap_or(&reference.text));
            rest = after;
        }
        out + rest
    }
}

async fn value(cx: &Context, secret: &SecretVersion) -> Result<String, Fault> {
    let secrets = cx.cloud().ports().secrets()?;
    let grant = cx.grant(&secrets.need(cx, secret))?;
    match secrets.value(cx, grant, secret).await? {
        SecretValue::Text(text) => Ok(text),
        SecretValue::Binary(_) => Err(wrong("Secrets Manager secret has no SecretString")),
    }
}

/// The part of a secret that a reference means.
fn member(reference: &Reference, text: &str) -> Result<String, Fault> {
    let Some(key) = &reference.key else { return Ok(text.to_owned()) };
    let parsed: Json = serde_json::from_str(text).map_err(|_| wrong("Could not parse SecretString JSON"))?;
    match parsed.get(key) {
        Some(Json::String(value)) => Ok(value.clone()),
        Some(other) if !other.is_null() => Ok(other.to_string()),
        _ => Err(wrong("Could not find a value associated with JSONKey in SecretString")),
    }
}

fn wrong(why: &str) -> Fault {
    Fault::new("InvalidRequest", 400, why.to_owned()).with("Service", "SecretsManager")
}
