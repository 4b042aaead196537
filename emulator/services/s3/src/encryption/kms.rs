//! SSE-KMS and DSSE-KMS: a data key for each body, made and opened by the kms service as the caller, who must be allowed to use the key.

use super::{Asked, DataKey};
use crate::{errors, model::ServerSideEncryptionRule, state::Found};
use base64::{Engine, prelude::BASE64_STANDARD};
use kit::{
    Context, Fault, Scope,
    ports::{EncryptionContext, key_need},
};
use serde::{Deserialize, Serialize};

/// The key that is taken where none is named.
const MANAGED_KEY: &str = "alias/aws/s3";

/// A body under a KMS key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kms {
    pub key_arn: String,
    /// Two layers of encryption (`aws:kms:dsse`).
    #[serde(default)]
    pub dual: bool,
    /// The bucket stands in the encryption context and not the object. AWS saves calls to KMS with it; here every body still has a data key
    /// of its own.
    #[serde(default)]
    pub bucket_key: bool,
    /// The caller's part of the encryption context.
    #[serde(default)]
    pub context: EncryptionContext,
    /// The key of S3 that the data key is bound to, where the object has got another since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bound_to: Option<String>,
    /// The data key under the KMS key, base64.
    pub data_key: String,
}

impl Kms {
    /// As in `x-amz-server-side-encryption`.
    pub fn name(&self) -> &'static str {
        if self.dual { "aws:kms:dsse" } else { "aws:kms" }
    }

    /// The caller's context as it came, for answers.
    pub fn context_header(&self) -> Option<String> {
        let json = serde_json::to_vec(&self.context).unwrap_or_default();
        (!self.context.is_empty()).then(|| BASE64_STANDARD.encode(json))
    }

    /// The data key, by KMS and as the caller.
    pub async fn open(&self, cx: &Context, found: &Found, key: &str) -> Result<DataKey, Fault> {
        require_v4(cx)?;
        let cx = caller(cx, found);
        let context = self.full_context(found, key);
        let encrypted = BASE64_STANDARD.decode(&self.data_key).map_err(|_| Fault::internal("a data key is not base64"))?;
        let keys = cx.cloud().ports().keys()?;
        let grant = cx.grant(&key_need("kms:Decrypt", &self.key_arn, &context))?;
        keys.decrypt(&cx, grant, &self.key_arn, &encrypted, &context).await.map(DataKey).map_err(told_by_kms)
    }

    /// What KMS binds the data key to.
    pub fn full_context(&self, found: &Found, key: &str) -> EncryptionContext {
        let mut context = self.context.clone();
        let key = self.bound_to.as_deref().unwrap_or(key);
        let arn = if self.bucket_key { found.arn() } else { format!("{}/{key}", found.arn()) };
        context.insert("aws:s3:arn".into(), arn);
        context
    }
}

/// A KMS encryption that is wanted, its key still by the name that was given.
pub(super) struct Wanted {
    kms: Kms,
    key: String,
}

/// What the request or else the bucket's default wants of KMS; `None` for S3's own keys.
pub(super) fn wanted(found: &Found, asked: &Asked<'_>) -> Result<Option<Wanted>, Fault> {
    let rule = default_rule(found);
    let default = rule.and_then(|rule| rule.apply_server_side_encryption_by_default.as_ref());
    if asked.method.is_none_or(|method| method == "AES256") && (asked.kms_key.is_some() || asked.context.is_some()) {
        let sentence = "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms";
        return Err(errors::invalid_argument(sentence, "x-amz-server-side-encryption", asked.method.unwrap_or("null")));
    }
    let method = asked.method.or(default.map(|default| &*default.sse_algorithm)).unwrap_or("AES256");
    let dual = match method {
        "AES256" => return Ok(None),
        "aws:kms" => false,
        "aws:kms:dsse" => true,
        "aws:fsx" => return Err(errors::not_built("server-side encryption aws:fsx")),
        other => {
            let sentence = "The encryption method specified is not supported";
            return Err(errors::invalid_argument(sentence, "x-amz-server-side-encryption", other));
        }
    };
    let of_default = if asked.method.is_none() { default.and_then(|default| default.kms_master_key_id.clone()) } else { None };
    let key = asked.kms_key.map(str::to_owned).or(of_default).unwrap_or_else(|| MANAGED_KEY.to_owned());
    if dual && asked.bucket_key == Some(true) {
        // AWS documents that bucket keys don't go with dual-layer encryption; the sentence is ours.
        let sentence = "S3 Bucket Keys are not supported with dual-layer server-side encryption";
        return Err(errors::invalid_argument(sentence, "x-amz-server-side-encryption-bucket-key-enabled", "true"));
    }
    let bucket_key = !dual && asked.bucket_key.or(rule.and_then(|rule| rule.bucket_key_enabled)).unwrap_or(false);
    let context = asked.context.map(read_context).transpose()?.unwrap_or_default();
    Ok(Some(Wanted { kms: Kms { dual, bucket_key, context, ..Kms::default() }, key }))
}

fn default_rule(found: &Found) -> Option<&ServerSideEncryptionRule> {
    found.bucket.encryption.as_ref()?.rules.as_ref()?.first()
}

/// Base64 of a JSON object of strings.
fn read_context(text: &str) -> Result<EncryptionContext, Fault> {
    let json = BASE64_STANDARD.decode(text).ok().and_then(|bytes| serde_json::from_slice::<EncryptionContext>(&bytes).ok());
    json.filter(|context| !context.contains_key("aws:s3:arn")).ok_or_else(|| {
        let sentence = "The header 'x-amz-server-side-encryption-context' shall be Base64-encoded UTF-8 string holding JSON which represents a string-string map";
        errors::invalid_argument(sentence, "x-amz-server-side-encryption-context", text)
    })
}

impl Wanted {
    /// Finds the key and has it make a data key, as the caller, who must be allowed the action on the key.
    pub async fn begin(self, cx: &Context, found: &Found, key: &str, action: &'static str) -> Result<(Kms, DataKey), Fault> {
        require_v4(cx)?;
        let cx = caller(cx, found);
        let keys = cx.cloud().ports().keys()?;
        let key_arn = keys.resolve(&cx, &self.key).await.map_err(told_by_kms)?;
        let mut kms = Kms { key_arn, ..self.kms };
        let context = kms.full_context(found, key);
        let grant = cx.grant(&key_need(action, &kms.key_arn, &context))?;
        let made = keys.data_key(&cx, grant, &kms.key_arn, &context).await.map_err(told_by_kms)?;
        kms.data_key = BASE64_STANDARD.encode(&made.encrypted);
        Ok((kms, DataKey(made.plain)))
    }
}

/// The caller on the way through S3, in the region of the bucket: keys by id or alias are those of the caller's own account there.
fn caller(cx: &Context, found: &Found) -> Context {
    let account = cx.principal().account().unwrap_or(&found.scope.account).to_owned();
    cx.via("s3.amazonaws.com").in_scope(Scope::new(&account, &found.bucket.region))
}

/// KMS keys are for requests that are signed with version 4 only.
fn require_v4(cx: &Context) -> Result<(), Fault> {
    let source = cx.source();
    // Calls from inside the house have no host and need no signature.
    match source.host.is_none() || source.signature_version == Some("AWS4-HMAC-SHA256") {
        true => Ok(()),
        false => {
            let sentence = "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.";
            Err(errors::invalid_argument(sentence, "Authorization", "null"))
        }
    }
}

/// S3 passes KMS's refusals on under `KMS.` with status 400.
fn told_by_kms(fault: Fault) -> Fault {
    match &*fault.code {
        "AccessDeniedException" => crate::model::Error::AccessDenied.says(fault.message),
        "AccessDenied" | "ServiceUnavailable" | "InternalFailure" => fault,
        code => Fault::new(format!("KMS.{code}"), 400, fault.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contexts_are_maps_of_strings() {
        let text = BASE64_STANDARD.encode(r#"{"team":"blue"}"#);
        assert_eq!(read_context(&text).unwrap().get("team").unwrap(), "blue");
        for bad in ["{}", "e30", &BASE64_STANDARD.encode(r#"{"a":1}"#), &BASE64_STANDARD.encode(r#"{"aws:s3:arn":"x"}"#)] {
            assert_eq!(read_context(bad).unwrap_err().code, "InvalidArgument", "{bad}");
        }
    }
}
