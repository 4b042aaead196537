//! Environment variables under a key of the customer's own: encrypted when they are set, on the permissions of who sets them; opened for whoever
//! asks to see them, on theirs; and opened for the function with its role, which gets a grant for that.
//!
//! Differs from AWS in that KMS is asked for a data key (kms:GenerateDataKey) where AWS encrypts with the key itself (kms:Encrypt).

use crate::{
    model::{EnvironmentError, EnvironmentResponse, Error, FunctionConfiguration},
    names::Name,
    state::{Config, Function, Sealed, invalid, user},
};
use aes_gcm::{
    Aes256Gcm, KeyInit,
    aead::{Aead, Payload},
};
use kit::{
    Context, Fault,
    ports::{EncryptionContext, key_need},
};
use serde_json::json;
use std::collections::BTreeMap;

type Variables = BTreeMap<String, String>;

/// Who calls KMS for callers of this API.
const VIA: &str = "lambda.amazonaws.com";

/// Bytes of a nonce of AES-GCM.
const NONCE: usize = 12;

/// What binds the variables to their function.
fn bound(name: &Name) -> EncryptionContext {
    [("aws:lambda:FunctionArn".to_owned(), name.function_arn())].into()
}

/// Puts a configuration's variables under its key, where it has one.
pub(crate) async fn protect(cx: &Context, name: &Name, config: &mut Config) -> Result<(), Fault> {
    config.sealed = None;
    let (Some(key), Some(variables)) = (config.kms_key_arn.clone(), config.variables.clone()) else { return Ok(()) };
    if !variables.is_empty() {
        config.sealed = Some(seal(cx, name, &config.role, &key, &variables).await?);
        config.variables = None;
    }
    Ok(())
}

/// The variables of a changed configuration: new ones, or those of before, under the key that it has now and for the role that it has now.
pub(crate) async fn carry_over(cx: &Context, name: &Name, old: &Config, new: &mut Config, given: bool) -> Result<(), Fault> {
    if let (false, Some(sealed)) = (given, &old.sealed) {
        new.variables = Some(open(&cx.via(VIA), name, sealed).await.map_err(unusable)?);
    }
    protect(cx, name, new).await
}

/// Encrypts variables and lets the function's role open them.
pub(crate) async fn seal(cx: &Context, name: &Name, role: &str, key: &str, variables: &Variables) -> Result<Sealed, Fault> {
    let cx = cx.via(VIA);
    let context = bound(name);
    let keys = cx.cloud().ports().keys()?;
    let key_arn = keys.resolve(&cx, key).await.map_err(unusable)?;
    if cx.cloud().service("kms").is_some() {
        let grant = json!({
            "KeyId": key_arn, "GranteePrincipal": role, "Operations": ["Decrypt"], "Constraints": { "EncryptionContextEquals": context },
            // The same grant again is the one that is there.
            "Name": name.function_arn(),
        });
        cx.cloud().call_json(&cx, "kms", "CreateGrant", &grant).await.map_err(unusable)?;
    }
    let grant = cx.grant(&key_need("kms:GenerateDataKey", &key_arn, &context)).map_err(unusable)?;
    let made = keys.data_key(&cx, grant, &key_arn, &context).await.map_err(unusable)?;
    let mut nonce = [0; NONCE];
    nonce.copy_from_slice(&cx.ids().bytes()[..NONCE]);
    let text = serde_json::to_vec(variables).map_err(|e| Fault::internal(format!("environment variables: {e}")))?;
    let aad = name.function_arn();
    let cipher = Aes256Gcm::new(&made.plain.into());
    let text = cipher.encrypt(&nonce.into(), Payload { msg: &text, aad: aad.as_bytes() });
    let text = text.map_err(|_| Fault::internal("environment variables could not be encrypted"))?;
    Ok(Sealed { key_arn, data_key: made.encrypted.to_vec(), nonce: nonce.to_vec(), text })
}

/// Opens variables as the context's principal; the fault is KMS's own.
pub(crate) async fn open(cx: &Context, name: &Name, sealed: &Sealed) -> Result<Variables, Fault> {
    let context = bound(name);
    let grant = cx.grant(&key_need("kms:Decrypt", &sealed.key_arn, &context))?;
    let plain = cx.cloud().ports().keys()?.decrypt(cx, grant, &sealed.key_arn, &sealed.data_key, &context).await?;
    let damaged = || Fault::internal("environment variables are damaged");
    let nonce: [u8; NONCE] = sealed.nonce.as_slice().try_into().map_err(|_| damaged())?;
    let aad = name.function_arn();
    let cipher = Aes256Gcm::new(&plain.into());
    let text = cipher.decrypt(&nonce.into(), Payload { msg: &sealed.text, aad: aad.as_bytes() });
    serde_json::from_slice(&text.map_err(|_| damaged())?).map_err(|_| damaged())
}

/// What a caller is shown of a version, its variables opened as far as the caller may.
pub(crate) async fn shown(cx: &Context, name: &Name, function: &Function, config: &Config) -> FunctionConfiguration {
    let mut shown = super::show(name, function, config);
    reveal(cx, name, config, &mut shown).await;
    shown
}

/// Puts the variables into what a caller is shown, or why they can't be.
pub(crate) async fn reveal(cx: &Context, name: &Name, config: &Config, shown: &mut FunctionConfiguration) {
    let Some(sealed) = &config.sealed else { return };
    shown.environment = Some(match open(&cx.via(VIA), name, sealed).await {
        Ok(variables) => EnvironmentResponse { variables: Some(variables), error: None },
        Err(fault) => {
            let message = format!(
                "Lambda was unable to decrypt your environment variables because the KMS access was denied. Please check your KMS permissions. KMS Exception: {} KMS Message: {}",
                told(&fault),
                fault.message
            );
            let error = EnvironmentError { error_code: Some(told(&fault)), message: Some(message) };
            EnvironmentResponse { variables: None, error: Some(error) }
        }
    });
}

/// The variables of a function that is about to run, opened with its role.
pub(crate) async fn for_function(role: &Context, name: &Name, config: &Config) -> Result<Variables, Fault> {
    let Some(sealed) = &config.sealed else { return Ok(config.variables.clone().unwrap_or_default()) };
    open(role, name, sealed).await.map_err(|fault| {
        let (error, why) = match told(&fault).as_str() {
            "DisabledException" => (Error::KMSDisabled, "the KMS key used is disabled"),
            "KMSInvalidStateException" => (Error::KMSInvalidState, "the state of the KMS key used is not valid for Decrypt"),
            "NotFoundException" => (Error::KMSNotFound, "the KMS key was not found"),
            _ => (Error::KMSAccessDenied, "KMS access was denied"),
        };
        user(error.says(format!(
            "Lambda was unable to decrypt the environment variables because {why}. Please check the function's KMS key settings. KMS Exception: {} KMS Message: {}",
            told(&fault),
            fault.message
        )))
    })
}

/// KMS's name of a fault.
fn told(fault: &Fault) -> String {
    match fault.code.as_ref() {
        "AccessDenied" => "AccessDeniedException".to_owned(),
        other => other.to_owned(),
    }
}

/// A key that can't be used to set variables.
fn unusable(fault: Fault) -> Fault {
    match fault.status {
        500.. => fault,
        _ => invalid(format!(
            "Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. Please check your KMS key settings. KMS Exception: {} KMS Message: {}",
            told(&fault),
            fault.message
        )),
    }
}
