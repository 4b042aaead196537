//! Secrets made and changed: each new value is a version, known by the request's token so that a request that comes twice makes one.

use crate::{
    SecretsManager, crypt, find,
    model::*,
    stages::within_quota,
    state::{self, SECRETS, Secret, Version},
    tags,
};
use kit::{Bytes, Context, Fault, Read};
use sha2::{Digest, Sha256};

const ALPHANUMERIC: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Most versions of a secret without labels that are kept; AWS removes older ones when there are more than a hundred.
const MOST_DEPRECATED: usize = 100;

/// A value of a request.
struct Given {
    bytes: Vec<u8>,
    text: bool,
}

fn given(text: Option<String>, bytes: Option<Bytes>) -> Result<Option<Given>, Fault> {
    match (text.filter(|text| !text.is_empty()), bytes.filter(|bytes| !bytes.is_empty())) {
        (Some(_), Some(_)) => {
            Err(Error::InvalidParameter.says("You can't specify both a binary secret value and a string secret value in the same secret."))
        }
        (Some(text), None) => Ok(Some(Given { bytes: text.into_bytes(), text: true })),
        (None, Some(bytes)) => Ok(Some(Given { bytes: bytes.to_vec(), text: false })),
        (None, None) => Ok(None),
    }
}

fn token(token: Option<String>) -> Result<String, Fault> {
    let why = "You must provide a ClientRequestToken value. We recommend a UUID-type value.";
    token.filter(|token| !token.is_empty()).ok_or_else(|| Error::InvalidRequest.says(why))
}

/// The version that a value makes.
async fn version(cx: &Context, secret: &Secret, id: &str, given: Given) -> Result<Version, Fault> {
    let digest = kit::ids::hex(&Sha256::digest(&given.bytes));
    let value = crypt::seal(cx, &secret.arn, secret.kms_key.as_deref(), id, given.bytes).await?;
    Ok(Version { id: id.to_owned(), created: cx.now(), text: given.text, digest, value, ..Version::default() })
}

/// Adds a version; one that the same request made before is left as it is.
fn add(secret: &mut Secret, version: Version, stages: &[String]) -> Result<(), Fault> {
    match secret.versions.iter().find(|known| known.id == version.id) {
        Some(known) if known.digest == version.digest => return Ok(()),
        Some(known) => {
            let (id, arn) = (&known.id, &secret.arn);
            return Err(Error::ResourceExists.says(format!(
                "You can't use ClientRequestToken {id} because that value is already in use for a version of secret {arn}."
            )));
        }
        None => {}
    }
    let id = version.id.clone();
    secret.versions.push(version);
    // The first value is the current one, whatever it is called beside.
    if secret.staged(state::CURRENT).is_none() {
        secret.stage(state::CURRENT, &id);
    }
    stages.iter().for_each(|stage| secret.stage(stage, &id));
    within_quota(secret)?;
    let without = secret.versions.iter().filter(|v| v.stages.is_empty()).count();
    if without > MOST_DEPRECATED
        && let Some(oldest) = secret.versions.iter().position(|v| v.stages.is_empty())
    {
        secret.versions.remove(oldest);
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Fault> {
    let why = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!";
    match !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-/_+=.@!".contains(&b)) {
        true => Ok(()),
        false => Err(Fault::new("ValidationException", 400, why)),
    }
}

fn refuse(what: &str) -> Fault {
    Fault::new("NotImplemented", 501, format!("windtunnel does not implement {what} of Secrets Manager."))
}

impl SecretsManager {
    /// Makes a secret, with a value or without.
    pub async fn create_secret(&self, cx: &Context, input: CreateSecretInput) -> Result<CreateSecretOutput, Fault> {
        check_name(&input.name)?;
        if input.add_replica_regions.is_some_and(|regions| !regions.is_empty()) {
            return Err(refuse("replicas in other regions (AddReplicaRegions)"));
        }
        if input.r#type.is_some() {
            return Err(refuse("managed external secrets (Type)"));
        }
        let id = token(input.client_request_token)?;
        let given = given(input.secret_string, input.secret_binary)?;
        let name = input.name;
        let arn =
            format!("arn:aws:secretsmanager:{}:{}:secret:{name}-{}", cx.region(), cx.account(), cx.ids().text(find::SUFFIX, ALPHANUMERIC));
        let mut secret = Secret {
            name: name.clone(),
            arn,
            description: input.description.filter(|text| !text.is_empty()),
            kms_key: input.kms_key_id.filter(|key| !key.is_empty()),
            created: cx.now(),
            changed: cx.now(),
            tags: input.tags.map(|new| tags::merged(Vec::new(), new)).transpose()?.filter(|tags| !tags.is_empty()),
            ..Secret::default()
        };
        if let Some(given) = given {
            let version = version(cx, &secret, &id, given).await?;
            add(&mut secret, version, &[])?;
        }
        let secret = cx
            .store()
            .write(|tx| {
                if let Some(known) = tx.get(&SECRETS, cx.scope(), &name)? {
                    return known_already(known, &secret);
                }
                find::put(tx, cx, &secret)?;
                Ok(secret.clone())
            })
            .await?;
        let version_id = secret.versions.first().map(|_| id);
        Ok(CreateSecretOutput { arn: Some(secret.arn), name: Some(name), version_id, ..CreateSecretOutput::default() })
    }

    /// Adds a version with the labels that are asked for, AWSCURRENT where none is.
    pub async fn put_secret_value(&self, cx: &Context, input: PutSecretValueInput) -> Result<PutSecretValueOutput, Fault> {
        if input.rotation_token.is_some() {
            return Err(refuse("rotation (RotationToken)"));
        }
        let id = token(input.client_request_token)?;
        let why = "You must provide either SecretString or SecretBinary.";
        let given = given(input.secret_string, input.secret_binary)?.ok_or_else(|| Error::InvalidRequest.says(why))?;
        let stages = input.version_stages.unwrap_or_else(|| vec![state::CURRENT.to_owned()]);
        let before = cx.store().read(|s| find::living(s, cx, &input.secret_id))?;
        let version = version(cx, &before, &id, given).await?;
        let secret = change(cx, &input.secret_id, |secret| {
            secret.changed = cx.now();
            add(secret, version.clone(), &stages)
        })
        .await?;
        let stages = secret.versions.iter().find(|v| v.id == id).map(|v| v.stages.iter().cloned().collect());
        Ok(PutSecretValueOutput { arn: Some(secret.arn), name: Some(secret.name), version_id: Some(id), version_stages: stages })
    }

    /// Changes what is said of a secret, its key, or its value.
    pub async fn update_secret(&self, cx: &Context, input: UpdateSecretInput) -> Result<UpdateSecretOutput, Fault> {
        if input.r#type.is_some() {
            return Err(refuse("managed external secrets (Type)"));
        }
        let id = token(input.client_request_token)?;
        let given = given(input.secret_string, input.secret_binary)?;
        let mut wanted = cx.store().read(|s| find::living(s, cx, &input.secret_id))?;
        let another_key = input.kms_key_id.filter(|key| *key != wanted.kms_key.clone().unwrap_or_default());
        let sealed_anew = another_key.is_some();
        if let Some(key) = another_key {
            wanted.kms_key = Some(key).filter(|key| !key.is_empty());
            anew(cx, &mut wanted).await?;
        }
        let has_value = given.is_some();
        let version = match given {
            Some(given) => Some(version(cx, &wanted, &id, given).await?),
            None => None,
        };
        let values = wanted.versions.clone();
        let secret = change(cx, &input.secret_id, |secret| {
            if let Some(text) = &input.description {
                secret.description = Some(text.clone()).filter(|text| !text.is_empty());
            }
            // Only what this request changes is written: another one may have come between.
            if sealed_anew {
                secret.kms_key.clone_from(&wanted.kms_key);
                for known in &mut secret.versions {
                    if let Some(again) = values.iter().find(|v| v.id == known.id) {
                        known.value.clone_from(&again.value);
                    }
                }
            }
            secret.changed = cx.now();
            version.clone().map_or(Ok(()), |version| add(secret, version, &[state::CURRENT.to_owned()]))
        })
        .await?;
        Ok(UpdateSecretOutput { arn: Some(secret.arn), name: Some(secret.name), version_id: has_value.then_some(id) })
    }
}

/// Encrypts the labelled versions under the key that the secret has now (AWS's reference of UpdateSecret).
async fn anew(cx: &Context, secret: &mut Secret) -> Result<(), Fault> {
    for n in 0..secret.versions.len() {
        if !secret.versions[n].stages.is_empty() {
            let plain = crypt::open(cx, secret, &secret.versions[n]).await?;
            let id = secret.versions[n].id.clone();
            secret.versions[n].value = crypt::seal(cx, &secret.arn, secret.kms_key.as_deref(), &id, plain).await?;
        }
    }
    Ok(())
}

/// Changes a living secret.
pub(crate) async fn change(cx: &Context, id: &str, work: impl Fn(&mut Secret) -> Result<(), Fault>) -> Result<Secret, Fault> {
    let write = |tx: &mut kit::Tx<'_>| {
        let mut secret = find::living(tx, cx, id)?;
        work(&mut secret)?;
        find::put(tx, cx, &secret)?;
        Ok(secret)
    };
    cx.store().write(write).await
}

/// A secret of the name is there: the same request's, or another's.
fn known_already(known: Secret, wanted: &Secret) -> Result<Secret, Fault> {
    if known.deleted.is_some() {
        let why = "You can't create this secret because a secret with this name is already scheduled for deletion.";
        return Err(Error::InvalidRequest.says(why));
    }
    let same = |v: &Version| wanted.versions.first().is_some_and(|w| w.id == v.id && w.digest == v.digest);
    match known.versions.iter().any(same) {
        true => Ok(known),
        false => Err(Error::ResourceExists.says(format!("The operation failed because the secret {} already exists.", known.name))),
    }
}
