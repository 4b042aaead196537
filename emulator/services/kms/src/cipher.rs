//! Encrypt, Decrypt, ReEncrypt: under symmetric keys by AES-256-GCM, under RSA keys by OAEP.

use crate::{
    EncryptionAlgorithmSpec as Algorithm, Error, Kms, blob, find, model::*, rules, rules::invalid, rules::refused, spec, spec::Family,
    state::*,
};
use kit::{Context, Fault, ports::EncryptionContext};
use rsa::{Oaep, RsaPrivateKey, pkcs1::DecodeRsaPrivateKey, traits::PublicKeyParts};
use sha1::Sha1;
use sha2::{Digest, Sha256};

impl Kms {
    /// Encrypts up to 4096 bytes, or as much as an RSA key can carry.
    pub async fn encrypt(&self, cx: &Context, input: EncryptInput) -> Result<EncryptOutput, Fault> {
        rules::grant_tokens(cx, &input.grant_tokens)?;
        let context = rules::context(&input.encryption_context)?;
        let key = cx.store().read(|s| find::key(s, cx, &input.key_id))?;
        let algorithm = encrypts(&key, input.encryption_algorithm, "Encrypt")?;
        let sealed = seal(cx, &key, algorithm, &context, &input.plaintext)?;
        rules::dry_run(input.dry_run)?;
        Ok(EncryptOutput { ciphertext_blob: Some(sealed.into()), key_id: Some(key.arn), encryption_algorithm: Some(algorithm) })
    }

    /// Decrypts. A symmetric ciphertext says which key it needs; an RSA one doesn't.
    pub async fn decrypt(&self, cx: &Context, input: DecryptInput) -> Result<DecryptOutput, Fault> {
        rules::no_recipient("Decrypt", &input.recipient)?;
        rules::grant_tokens(cx, &input.grant_tokens)?;
        no_modifiers("Decrypt", &input.dry_run_modifiers)?;
        let context = rules::context(&input.encryption_context)?;
        let algorithm = input.encryption_algorithm.unwrap_or(Algorithm::SymmetricDefault);
        let opened = open(cx, &input.key_id, algorithm, &context, input.ciphertext_blob.as_deref(), "Decrypt")?;
        rules::dry_run(input.dry_run)?;
        Ok(DecryptOutput {
            key_id: Some(opened.key.arn),
            plaintext: Some(opened.plaintext.into()),
            encryption_algorithm: Some(algorithm),
            ciphertext_for_recipient: None,
            key_material_id: opened.material_id,
        })
    }

    /// Decrypts and encrypts under another key or context; the plaintext never leaves.
    pub async fn re_encrypt(&self, cx: &Context, input: ReEncryptInput) -> Result<ReEncryptOutput, Fault> {
        rules::grant_tokens(cx, &input.grant_tokens)?;
        no_modifiers("ReEncrypt", &input.dry_run_modifiers)?;
        let (from, to) = (rules::context(&input.source_encryption_context)?, rules::context(&input.destination_encryption_context)?);
        let source_algorithm = input.source_encryption_algorithm.unwrap_or(Algorithm::SymmetricDefault);
        let opened = open(cx, &input.source_key_id, source_algorithm, &from, input.ciphertext_blob.as_deref(), "ReEncrypt")?;
        let key = cx.store().read(|s| find::key(s, cx, &input.destination_key_id))?;
        let algorithm = encrypts(&key, input.destination_encryption_algorithm, "ReEncrypt")?;
        let sealed = seal(cx, &key, algorithm, &to, &opened.plaintext)?;
        rules::dry_run(input.dry_run)?;
        let material = key.current().filter(|_| key.is_symmetric()).map(|m| m.id.clone());
        Ok(ReEncryptOutput {
            ciphertext_blob: Some(sealed.into()),
            source_key_id: Some(opened.key.arn),
            key_id: Some(key.arn),
            source_encryption_algorithm: Some(source_algorithm),
            destination_encryption_algorithm: Some(algorithm),
            source_key_material_id: opened.material_id,
            destination_key_material_id: material,
        })
    }
}

fn no_modifiers(operation: &str, given: &Option<Vec<DryRunModifierType>>) -> Result<(), Fault> {
    match given.as_ref().is_none_or(Vec::is_empty) {
        true => Ok(()),
        false => Err(refused(operation, "member DryRunModifiers")),
    }
}

/// The algorithm of a request, if the key is there for it and may be used.
fn encrypts(key: &Key, asked: Option<Algorithm>, operation: &str) -> Result<Algorithm, Fault> {
    find::usable(key)?;
    spec::used_for(key, KeyUsageType::EncryptDecrypt, operation)?;
    spec::has(key, spec::encryption(key), asked.unwrap_or(Algorithm::SymmetricDefault))
}

fn seal(cx: &Context, key: &Key, algorithm: Algorithm, context: &EncryptionContext, plaintext: &[u8]) -> Result<Vec<u8>, Fault> {
    if algorithm == Algorithm::SymmetricDefault {
        return blob::seal(cx, key, context, plaintext);
    }
    no_context(context)?;
    let private = rsa_key(key)?;
    let padding = padding(algorithm);
    let room = private.size() - 2 * hash_length(algorithm) - 2;
    if plaintext.len() > room {
        return Err(invalid(format!("Algorithm {algorithm} and key spec {} cannot encrypt data larger than {room} bytes.", key.spec)));
    }
    let sealed = private.to_public_key().encrypt(&mut cx.ids().rng(), padding, plaintext);
    sealed.map_err(|e| Fault::internal(format!("RSA encryption: {e}")))
}

struct Opened {
    key: Key,
    plaintext: Vec<u8>,
    material_id: Option<String>,
}

fn open(
    cx: &Context,
    key_id: &Option<String>,
    algorithm: Algorithm,
    context: &EncryptionContext,
    ciphertext: Option<&[u8]>,
    operation: &str,
) -> Result<Opened, Fault> {
    let ciphertext = ciphertext.ok_or_else(|| invalid("CiphertextBlob is missing"))?;
    let named = key_id.as_ref().map(|name| cx.store().read(|s| find::key(s, cx, name))).transpose()?;
    if algorithm != Algorithm::SymmetricDefault {
        let key = named.ok_or_else(|| invalid("KeyId is required for decryption with asymmetric keys"))?;
        let plaintext = open_rsa(&key, algorithm, context, ciphertext, operation)?;
        return Ok(Opened { key, plaintext, material_id: None });
    }
    if let Some(key) = &named {
        encrypts(key, Some(algorithm), operation)?;
    }
    let frame = blob::read(ciphertext).ok_or_else(blob::damaged)?;
    let key = maker(cx, &frame)?;
    if named.is_some_and(|named| named.arn != key.arn) {
        return Err(Error::IncorrectKey.says("The key ID in the request does not identify a CMK that can perform this operation."));
    }
    find::usable(&key)?;
    let plaintext = frame.open(&key, context)?;
    Ok(Opened { key, plaintext, material_id: Some(frame.material_id) })
}

/// The key that made a ciphertext; AWS tells nobody more than that it can't be had.
pub(crate) fn maker(cx: &Context, frame: &blob::Frame<'_>) -> Result<Key, Fault> {
    let found = cx.store().read(|s| find::by_id(s, &frame.scope, &frame.key_id)).ok();
    found.filter(|_| &*frame.scope.region == cx.region()).ok_or_else(|| {
        Fault::new(
            "AccessDeniedException",
            400,
            "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.",
        )
    })
}

fn open_rsa(key: &Key, algorithm: Algorithm, context: &EncryptionContext, ciphertext: &[u8], operation: &str) -> Result<Vec<u8>, Fault> {
    encrypts(key, Some(algorithm), operation)?;
    no_context(context)?;
    rsa_key(key)?.decrypt(padding(algorithm), ciphertext).map_err(|_| blob::damaged())
}

fn no_context(context: &EncryptionContext) -> Result<(), Fault> {
    match context.is_empty() {
        true => Ok(()),
        false => Err(invalid("EncryptionContext is not supported with asymmetric keys")),
    }
}

fn padding(algorithm: Algorithm) -> Oaep {
    match algorithm {
        Algorithm::RsaesOaepSha1 => Oaep::new::<Sha1>(),
        _ => Oaep::new::<Sha256>(),
    }
}

fn hash_length(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::RsaesOaepSha1 => Sha1::output_size(),
        _ => Sha256::output_size(),
    }
}

/// The RSA key of a key.
pub(crate) fn rsa_key(key: &Key) -> Result<RsaPrivateKey, Fault> {
    let material = key.current().filter(|_| matches!(spec::family(key.spec), Some(Family::Rsa(_))));
    let der = &material.ok_or_else(|| Fault::internal("a key has no RSA material"))?.secret;
    RsaPrivateKey::from_pkcs1_der(der).map_err(|e| Fault::internal(format!("RSA material can't be read: {e}")))
}
