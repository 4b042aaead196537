//! Data keys and pairs: made here, handed out plain and under a key. And plain randomness.

use crate::{Kms, blob, find, material, model::*, rules, rules::invalid, rules::refused, signing, spec, spec::Family, state::*};
use kit::{Context, Fault, ports::EncryptionContext};

impl Kms {
    /// A data key, plain and encrypted.
    pub async fn generate_data_key(&self, cx: &Context, input: GenerateDataKeyInput) -> Result<GenerateDataKeyOutput, Fault> {
        rules::no_recipient("GenerateDataKey", &input.recipient)?;
        rules::grant_tokens(cx, &input.grant_tokens)?;
        let context = rules::context(&input.encryption_context)?;
        let length = length(input.key_spec, input.number_of_bytes)?;
        let made = make(cx, &input.key_id, &context, material::random(cx, length), "GenerateDataKey")?;
        rules::dry_run(input.dry_run)?;
        Ok(GenerateDataKeyOutput {
            ciphertext_blob: Some(made.sealed.into()),
            plaintext: Some(made.plain.into()),
            key_id: Some(made.key.arn),
            ciphertext_for_recipient: None,
            key_material_id: Some(made.material_id),
        })
    }

    /// A data key, encrypted only.
    pub async fn generate_data_key_without_plaintext(
        &self,
        cx: &Context,
        input: GenerateDataKeyWithoutPlaintextInput,
    ) -> Result<GenerateDataKeyWithoutPlaintextOutput, Fault> {
        rules::grant_tokens(cx, &input.grant_tokens)?;
        let context = rules::context(&input.encryption_context)?;
        let length = length(input.key_spec, input.number_of_bytes)?;
        let made = make(cx, &input.key_id, &context, material::random(cx, length), "GenerateDataKeyWithoutPlaintext")?;
        rules::dry_run(input.dry_run)?;
        Ok(GenerateDataKeyWithoutPlaintextOutput {
            ciphertext_blob: Some(made.sealed.into()),
            key_id: Some(made.key.arn),
            key_material_id: Some(made.material_id),
        })
    }

    /// A key pair: the public key, and the private key plain and encrypted.
    pub async fn generate_data_key_pair(&self, cx: &Context, input: GenerateDataKeyPairInput) -> Result<GenerateDataKeyPairOutput, Fault> {
        rules::no_recipient("GenerateDataKeyPair", &input.recipient)?;
        rules::grant_tokens(cx, &input.grant_tokens)?;
        let context = rules::context(&input.encryption_context)?;
        let (pair, made) = pair(cx, &input.key_id, input.key_pair_spec, &context, "GenerateDataKeyPair").await?;
        rules::dry_run(input.dry_run)?;
        Ok(GenerateDataKeyPairOutput {
            private_key_ciphertext_blob: Some(made.sealed.into()),
            private_key_plaintext: Some(made.plain.into()),
            public_key: Some(pair.into()),
            key_id: Some(made.key.arn),
            key_pair_spec: Some(input.key_pair_spec),
            ciphertext_for_recipient: None,
            key_material_id: Some(made.material_id),
        })
    }

    /// A key pair: the public key, and the private key encrypted only.
    pub async fn generate_data_key_pair_without_plaintext(
        &self,
        cx: &Context,
        input: GenerateDataKeyPairWithoutPlaintextInput,
    ) -> Result<GenerateDataKeyPairWithoutPlaintextOutput, Fault> {
        rules::grant_tokens(cx, &input.grant_tokens)?;
        let context = rules::context(&input.encryption_context)?;
        let (pair, made) = pair(cx, &input.key_id, input.key_pair_spec, &context, "GenerateDataKeyPairWithoutPlaintext").await?;
        rules::dry_run(input.dry_run)?;
        Ok(GenerateDataKeyPairWithoutPlaintextOutput {
            private_key_ciphertext_blob: Some(made.sealed.into()),
            public_key: Some(pair.into()),
            key_id: Some(made.key.arn),
            key_pair_spec: Some(input.key_pair_spec),
            key_material_id: Some(made.material_id),
        })
    }

    /// Random bytes; drawn from the cloud's seed, so that a replay draws the same.
    pub async fn generate_random(&self, cx: &Context, input: GenerateRandomInput) -> Result<GenerateRandomOutput, Fault> {
        rules::no_recipient("GenerateRandom", &input.recipient)?;
        if input.custom_key_store_id.is_some() {
            return Err(refused("GenerateRandom", "member CustomKeyStoreId"));
        }
        let length = input.number_of_bytes.ok_or_else(|| invalid("NumberOfBytes is required."))?;
        let bytes = material::random(cx, length.clamp(1, 1024) as usize);
        Ok(GenerateRandomOutput { plaintext: Some(bytes.into()), ciphertext_for_recipient: None })
    }
}

/// A secret and its ciphertext.
pub(crate) struct Made {
    pub key: Key,
    pub plain: Vec<u8>,
    pub sealed: Vec<u8>,
    pub material_id: String,
}

/// Encrypts a fresh secret under a symmetric key.
pub(crate) fn make(cx: &Context, name: &str, context: &EncryptionContext, plain: Vec<u8>, operation: &str) -> Result<Made, Fault> {
    let key = usable(cx, name, operation)?;
    let sealed = blob::seal(cx, &key, context, &plain)?;
    let material_id = key.current().map(|m| m.id.clone()).unwrap_or_default();
    Ok(Made { key, plain, sealed, material_id })
}

fn usable(cx: &Context, name: &str, operation: &str) -> Result<Key, Fault> {
    let key = cx.store().read(|s| find::key(s, cx, name))?;
    find::usable(&key)?;
    spec::symmetric(&key, operation)?;
    Ok(key)
}

fn length(spec: Option<DataKeySpec>, bytes: Option<i32>) -> Result<usize, Fault> {
    match (spec, bytes) {
        (Some(DataKeySpec::Aes256), None) => Ok(32),
        (Some(DataKeySpec::Aes128), None) => Ok(16),
        (None, Some(bytes)) => Ok(bytes.clamp(1, 1024) as usize),
        _ => Err(invalid("Please specify either number of bytes or key spec.")),
    }
}

/// The public key of a fresh pair (SPKI, DER), and its private key (PKCS #8, DER) under the key.
async fn pair(
    cx: &Context,
    name: &str,
    pair: DataKeyPairSpec,
    context: &EncryptionContext,
    operation: &str,
) -> Result<(Vec<u8>, Made), Fault> {
    // Before the pair is made: an RSA key is too costly to be made for a refusal.
    usable(cx, name, operation)?;
    let family = KeySpec::parse(pair.as_str()).and_then(spec::family);
    let family = family
        .filter(|family| matches!(family, Family::Rsa(_) | Family::P256 | Family::P384))
        .ok_or_else(|| refused(operation, &format!("KeyPairSpec {pair}")))?;
    let secret = material::secret(cx, family).await?;
    let public = signing::public_der(family, &secret)?;
    let private = signing::private_der(family, &secret)?;
    Ok((public, make(cx, name, context, private, operation)?))
}
