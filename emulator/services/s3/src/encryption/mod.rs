//! Server-side encryption of bodies: which a write gets, the key for it, and the key to read it again.
//!
//! Bodies under KMS keys (`kms`) and customers' keys (`customers`) are stored encrypted (`chunks`); those under S3's own keys are stored as they
//! came, for a key that lies beside the data would keep nothing secret. Knows no operation: the macros `asked!`, `customer!` and `tell!` move
//! members between the model's shapes and this room.

pub(crate) mod chunks;
mod customers;
mod kms;

pub(crate) use chunks::{DataKey, Salt};
pub(crate) use customers::{Customer, Given};
pub(crate) use kms::Kms;

use crate::{errors, model::EncryptionType, state::Found};
use kit::{Context, Fault};
use serde::{Deserialize, Serialize};

/// How a version's body is encrypted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) enum Encryption {
    /// S3's own keys (SSE-S3).
    #[default]
    Own,
    /// A key of KMS (SSE-KMS, DSSE-KMS).
    Kms(Kms),
    /// A key that only the customer has (SSE-C).
    Customer(Customer),
}

impl Encryption {
    /// S3's own keys.
    pub fn is_own(&self) -> bool {
        *self == Encryption::Own
    }
    /// Whether every chunk is encrypted twice.
    pub fn dual(&self) -> bool {
        matches!(self, Encryption::Kms(kms) if kms.dual)
    }
    /// The value of `x-amz-server-side-encryption`; customers' keys have none.
    pub fn name(&self) -> Option<String> {
        match self {
            Encryption::Own => Some("AES256".into()),
            Encryption::Kms(kms) => Some(kms.name().into()),
            Encryption::Customer(_) => None,
        }
    }
    /// As it is for an object that had this key when its data key was made, and now gets another.
    pub fn bound_to(self, key: &str) -> Encryption {
        match self {
            Encryption::Kms(mut kms) => {
                kms.bound_to.get_or_insert_with(|| key.to_owned());
                Encryption::Kms(kms)
            }
            other => other,
        }
    }
    /// The KMS key, where there is one.
    pub fn kms(&self) -> Option<&Kms> {
        if let Encryption::Kms(kms) = self { Some(kms) } else { None }
    }
    /// The customer's key, where it is one.
    pub fn customer(&self) -> Option<&Customer> {
        if let Encryption::Customer(customer) = self { Some(customer) } else { None }
    }
}

/// What a request that writes says of encryption.
pub(crate) struct Asked<'a> {
    pub method: Option<&'a str>,
    pub kms_key: Option<&'a str>,
    /// Base64 of a JSON object.
    pub context: Option<&'a str>,
    pub bucket_key: Option<bool>,
    pub customer: Given<'a>,
}

impl Asked<'_> {
    /// Nothing: the bucket's default decides.
    pub fn nothing() -> Asked<'static> {
        Asked { method: None, kms_key: None, context: None, bucket_key: None, customer: Given::default() }
    }
}

/// What a new body is encrypted with.
#[derive(Clone, Default)]
pub(crate) struct Sealing {
    /// To be stored with the version.
    pub encryption: Encryption,
    /// Absent under S3's own keys.
    pub key: Option<DataKey>,
}

/// Chooses the encryption of a new body, as the request or the bucket's default says, and gets its key.
pub(crate) async fn begin(cx: &Context, found: &Found, key: &str, asked: &Asked<'_>) -> Result<Sealing, Fault> {
    if let Some(method) = asked.method.filter(|_| asked.customer.is_there()) {
        let sentence = "Server Side Encryption with Customer provided key is incompatible with the encryption method specified";
        return Err(errors::invalid_argument(sentence, "x-amz-server-side-encryption", method));
    }
    if let Some(given) = asked.customer.read(cx)? {
        refuse_blocked(found)?;
        let (customer, key) = Customer::of(cx, given)?;
        return Ok(Sealing { encryption: Encryption::Customer(customer), key: Some(key) });
    }
    match kms::wanted(found, asked)? {
        None => Ok(Sealing::default()),
        Some(wanted) => {
            let (kms, key) = wanted.begin(cx, found, key, "kms:GenerateDataKey").await?;
            Ok(Sealing { encryption: Encryption::Kms(kms), key: Some(key) })
        }
    }
}

/// As [`begin`], for a replica: AWS asks of the role that replicates that it may encrypt, not that it may make data keys.
pub(crate) async fn begin_replica(cx: &Context, found: &Found, key: &str, asked: &Asked<'_>) -> Result<Sealing, Fault> {
    match kms::wanted(found, asked)? {
        None => Ok(Sealing::default()),
        Some(wanted) => {
            let (kms, key) = wanted.begin(cx, found, key, "kms:Encrypt").await?;
            Ok(Sealing { encryption: Encryption::Kms(kms), key: Some(key) })
        }
    }
}

/// Checks what a reader has to know and gets the key of a body; `None` under S3's own keys.
pub(crate) async fn open(
    cx: &Context,
    found: &Found,
    key: &str,
    encryption: &Encryption,
    given: &Given<'_>,
) -> Result<Option<DataKey>, Fault> {
    if let Some(data_key) = check_reader(cx, encryption, given)? {
        return Ok(Some(data_key));
    }
    match encryption {
        Encryption::Kms(kms) => kms.open(cx, found, key).await.map(Some),
        _ => Ok(None),
    }
}

/// The part of [`open`] that asks nobody: a customer's key must be there and be the right one, and only where it means something.
pub(crate) fn check_reader(cx: &Context, encryption: &Encryption, given: &Given<'_>) -> Result<Option<DataKey>, Fault> {
    match (encryption, given.read(cx)?) {
        (Encryption::Customer(customer), Some(given)) => customer.check(given).map(Some),
        (Encryption::Customer(_), None) => Err(errors::invalid_request(
            "The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.",
        )),
        // From memory; no recording has it.
        (_, Some(_)) => Err(errors::invalid_request("The encryption parameters are not applicable to this object.")),
        (_, None) => Ok(None),
    }
}

/// The key for a part of an upload: the customer gives the same one with each, KMS is asked again.
pub(crate) async fn open_for_part(
    cx: &Context,
    found: &Found,
    key: &str,
    encryption: &Encryption,
    given: &Given<'_>,
) -> Result<Option<DataKey>, Fault> {
    let given_key = given.read(cx)?;
    match (encryption, given_key) {
        (Encryption::Customer(customer), Some(given)) => match customer.check(given) {
            Ok(key) => Ok(Some(key)),
            Err(_) => Err(errors::invalid_request("The provided encryption parameters did not match the ones used originally.")),
        },
        (Encryption::Customer(_), None) | (_, Some(_)) => Err(errors::invalid_request(
            "The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.",
        )),
        (Encryption::Kms(kms), None) => kms.open(cx, found, key).await.map(Some),
        (Encryption::Own, None) => Ok(None),
    }
}

/// A bucket may be closed to customers' keys. AWS closes new buckets so since April 2026; here they stay open until somebody says so, for
/// the recordings and most programs expect that.
fn refuse_blocked(found: &Found) -> Result<(), Fault> {
    let rules = found.bucket.encryption.as_ref().and_then(|configuration| configuration.rules.as_deref()).unwrap_or_default();
    let blocked = rules.iter().filter_map(|rule| rule.blocked_encryption_types.as_ref()?.encryption_type.as_ref()).flatten();
    match blocked.into_iter().any(|kind| *kind == EncryptionType::SseC) {
        // The status is AWS's, the sentence ours.
        true => Err(crate::model::Error::AccessDenied
            .says("Server-side encryption with customer-provided keys (SSE-C) is blocked by the bucket's encryption configuration.")),
        false => Ok(()),
    }
}

/// Reads what an input of a write says of encryption.
macro_rules! asked {
    ($input:expr) => {
        $crate::encryption::Asked {
            method: $input.server_side_encryption.as_deref(),
            kms_key: $input.ssekms_key_id.as_deref(),
            context: $input.ssekms_encryption_context.as_deref(),
            bucket_key: $input.bucket_key_enabled,
            customer: $crate::encryption::customer!($input),
        }
    };
}
/// Reads the customer's key of an input.
macro_rules! customer {
    ($input:expr) => {
        $crate::encryption::Given {
            algorithm: $input.sse_customer_algorithm.as_deref(),
            key: $input.sse_customer_key.as_deref(),
            key_md5: $input.sse_customer_key_md5.as_deref(),
        }
    };
}
/// Reads the customer's key of a copy's source.
macro_rules! source_customer {
    ($input:expr) => {
        $crate::encryption::Given {
            algorithm: $input.copy_source_sse_customer_algorithm.as_deref(),
            key: $input.copy_source_sse_customer_key.as_deref(),
            key_md5: $input.copy_source_sse_customer_key_md5.as_deref(),
        }
    };
}
/// Writes into an output what all outputs tell of encryption.
macro_rules! tell {
    ($output:expr, $encryption:expr) => {
        $output.server_side_encryption = $encryption.name();
        if let Some(kms) = $encryption.kms() {
            $output.ssekms_key_id = Some(kms.key_arn.clone());
            $output.bucket_key_enabled = kms.bucket_key.then_some(true);
        }
    };
}
/// Writes into an output what it tells of a customer's key.
macro_rules! tell_customer {
    ($output:expr, $encryption:expr) => {
        if let Some(customer) = $encryption.customer() {
            $output.sse_customer_algorithm = Some("AES256".into());
            $output.sse_customer_key_md5 = Some(customer.key_md5.clone());
        }
    };
}
pub(crate) use {asked, customer, source_customer, tell, tell_customer};
