//! Signatures of browser forms: the fields carry them, and what is signed is the form's policy.

use super::{Caller, Judge, Refusal, check_scope, url_life};
use crate::sig_v4::{ALGORITHM, Credential, Payload, moment::parse_amz_date, same};
use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac};
use kit::DEFAULT_REGION;
use sha1::Sha1;
use wire::Timestamp;

/// Who signed a form, and what its end is counted from.
pub struct FormCaller {
    /// Who.
    pub caller: Caller,
    /// When it was signed, where the form tells (version 4).
    pub signed: Option<Timestamp>,
}

impl Judge<'_> {
    /// Who signed a form; anonymous when no field says so. Names of fields are in lower case.
    pub fn form(&self, fields: &[(String, String)]) -> Result<FormCaller, Refusal> {
        let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
        let any = |names: &[&str]| names.iter().any(|name| field(name).is_some());
        if any(&["x-amz-algorithm", "x-amz-credential", "x-amz-signature", "x-amz-date"]) {
            return self.form_v4(&field);
        }
        if any(&["awsaccesskeyid", "signature"]) {
            return self.form_v2(&field);
        }
        let caller = Caller { auth_type: Some("POST"), ..Caller::anonymous(None, Payload::Unsigned) };
        Ok(FormCaller { caller, signed: None })
    }

    fn form_v4<'f>(&self, field: &impl Fn(&str) -> Option<&'f str>) -> Result<FormCaller, Refusal> {
        let need = |name: &str, shown: &'static str| field(name).ok_or(Refusal::MissingField(shown));
        let algorithm = need("x-amz-algorithm", "X-Amz-Algorithm")?;
        let credential = need("x-amz-credential", "X-Amz-Credential")?;
        let signature = need("x-amz-signature", "X-Amz-Signature")?;
        let date = need("x-amz-date", "X-Amz-Date")?;
        let policy = need("policy", "Policy")?;
        if algorithm != ALGORITHM {
            return Err(Refusal::WrongField { name: "X-Amz-Algorithm", value: algorithm.to_owned() });
        }
        let wrong_credential = || Refusal::WrongField { name: "X-Amz-Credential", value: credential.to_owned() };
        let read = Credential::parse(credential).ok_or_else(wrong_credential)?;
        let signed = parse_amz_date(date).ok_or_else(|| Refusal::WrongField { name: "X-Amz-Date", value: date.to_owned() })?;
        check_scope(&read.scope, date).map_err(|_| wrong_credential())?;
        let found = self.find_key(&read.access_key, field("x-amz-security-token"))?;
        let key = self.keys.key(&found.secret, &read.scope);
        if !same(&key.sign(policy.as_bytes()), signature) {
            return Err(mismatch(&read.access_key, signature, policy));
        }
        let caller = Caller {
            principal: found.principal,
            access_key: Some(read.access_key),
            region: read.scope.region,
            auth_type: Some("POST"),
            signature_version: Some(ALGORITHM),
            signature_age_ms: Some((self.nows().age_ns(signed) / 1_000_000) as i64),
            payload: Payload::Unsigned,
            chunks: None,
        };
        Ok(FormCaller { caller, signed: Some(signed) })
    }

    fn form_v2<'f>(&self, field: &impl Fn(&str) -> Option<&'f str>) -> Result<FormCaller, Refusal> {
        self.version_2_is_taken()?;
        let need = |name: &str, shown: &'static str| field(name).ok_or(Refusal::MissingField(shown));
        let access_key = need("awsaccesskeyid", "AWSAccessKeyId")?;
        let signature = need("signature", "Signature")?;
        let policy = need("policy", "Policy")?;
        let found = self.find_key(access_key, field("x-amz-security-token"))?;
        let mut mac = Hmac::<Sha1>::new_from_slice(found.secret.as_bytes()).expect("any length of key will do");
        mac.update(policy.as_bytes());
        if !same(&STANDARD.encode(mac.finalize().into_bytes()), signature) {
            return Err(mismatch(access_key, signature, policy));
        }
        let caller = Caller {
            principal: found.principal,
            access_key: Some(access_key.to_owned()),
            region: DEFAULT_REGION.to_owned(),
            auth_type: Some("POST"),
            signature_version: Some("AWS"),
            signature_age_ms: None,
            payload: Payload::Unsigned,
            chunks: None,
        };
        Ok(FormCaller { caller, signed: None })
    }

    /// Whether a form's policy that ends at `expiration` holds now, whichever clock its signer read.
    pub fn form_holds(&self, form: &FormCaller, expiration: Timestamp) -> bool {
        url_life::holds_until(self.cloud.clock(), self.nows(), self.began, form.signed, expiration)
    }
}

fn mismatch(access_key: &str, signature: &str, policy: &str) -> Refusal {
    Refusal::SignatureDoesNotMatch {
        access_key: access_key.to_owned(),
        signature: signature.to_owned(),
        string_to_sign: policy.to_owned(),
        canonical: None,
    }
}
