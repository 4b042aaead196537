//! Authentication: who signed a request, and whether the signature holds. Knows signatures, keys and clocks; not operations or services.
//!
//! Reading ([`Evidence`]) needs the head alone, so that routing can look at the scope before anything is judged; judging
//! ([`Judge::caller`]) needs the hash of the body where the head does not tell it.

mod form;
mod refusal;
mod url_life;

pub use form::FormCaller;
pub(crate) use refusal::missing_field;
pub use refusal::{CREDENTIAL_PARAMETER, Refusal};

use crate::{
    sig_v2::SignatureV2,
    sig_v4::{
        ALGORITHM, Authorization, ChunkSigner, CredentialScope, Dialect, KeyCache, Payload, Presigned, Signable, header,
        key::SigningKey,
        moment::{MAX_SKEW_NS, Nows, parse_amz_date, parse_http_date},
        presigned, same, string_to_sign,
    },
};
use http::request::Parts;
use kit::{Cloud, DEFAULT_REGION, Principal, ports::AccessKey};
use wire::Timestamp;

/// The signature that a request brought, read but not judged.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// None at all.
    None,
    /// An Authorization header of another scheme (`Bearer`): not ours to judge.
    Foreign(String),
    /// Version 4 in the header.
    Header(Result<Authorization, header::Malformed>),
    /// Version 4 in the query string.
    Query(Result<Presigned, presigned::Malformed>),
    /// S3's Version 2; `None` when it can't be read. The boolean says that it came in the query string.
    V2(Option<SignatureV2>, bool),
}

impl Evidence {
    /// Reads what a head brings.
    pub fn of(head: &Parts) -> Evidence {
        let query = head.uri.query().unwrap_or("");
        if let Some(value) = header_text(head, "authorization") {
            if Authorization::is_sig_v4(value) {
                return Evidence::Header(Authorization::parse(value));
            }
            if value.starts_with("AWS ") {
                return Evidence::V2(SignatureV2::from_header(value), false);
            }
            return Evidence::Foreign(value.split(' ').next().unwrap_or("").to_owned());
        }
        if Presigned::is_meant(query) {
            return Evidence::Query(Presigned::parse(query));
        }
        if SignatureV2::is_meant(query) {
            return Evidence::V2(SignatureV2::from_query(query), true);
        }
        Evidence::None
    }

    /// The scope it claims.
    pub fn scope(&self) -> Option<&CredentialScope> {
        match self {
            Evidence::Header(Ok(a)) => Some(&a.credential.scope),
            Evidence::Query(Ok(p)) => Some(&p.credential.scope),
            _ => None,
        }
    }

    /// Whether somebody claims to have signed in one of AWS's ways.
    pub fn is_signed(&self) -> bool {
        !matches!(self, Evidence::None | Evidence::Foreign(_))
    }
}

/// Who sent a request.
pub struct Caller {
    /// Who.
    pub principal: Principal,
    /// Access key id, where there is one.
    pub access_key: Option<String>,
    /// Region of the scope, or the default.
    pub region: String,
    /// `REST-HEADER` or `REST-QUERY-STRING`.
    pub auth_type: Option<&'static str>,
    /// `AWS4-HMAC-SHA256` or `AWS`.
    pub signature_version: Option<&'static str>,
    /// Milliseconds between signature and now.
    pub signature_age_ms: Option<i64>,
    /// How the signature covers the body.
    pub payload: Payload,
    /// Checks the chunks of a body in signed chunks.
    pub chunks: Option<ChunkSigner>,
}

impl Caller {
    /// Nobody.
    pub fn anonymous(region: Option<&str>, payload: Payload) -> Caller {
        Caller {
            principal: Principal::Anonymous,
            access_key: None,
            region: region.unwrap_or(DEFAULT_REGION).to_owned(),
            auth_type: None,
            signature_version: None,
            signature_age_ms: None,
            payload,
            chunks: None,
        }
    }
}

/// Judges the signature of one request.
pub struct Judge<'a> {
    /// Knows keys and time.
    pub cloud: &'a Cloud,
    /// Signing keys in use.
    pub keys: &'a KeyCache,
    /// The head.
    pub head: &'a Parts,
    /// The URI as received; the head's may have been given a bucket since.
    pub uri: &'a http::Uri,
    /// Headers that were moved out of a presigned query string, lower case: the query string covers them.
    pub hoisted: &'a [String],
    /// The rules of the service.
    pub dialect: Dialect,
    /// The bucket, where it stands in the host name (Version 2 signs it).
    pub host_bucket: Option<&'a str>,
    /// SHA-256 of the body in hexadecimal, where the body was read already.
    pub body_sha256: Option<&'a str>,
    /// When this gateway began, in real time.
    pub began: Timestamp,
    /// S3's Signature Version 2 is taken.
    pub version_2: bool,
}

impl Judge<'_> {
    /// Who sent the request; anonymous when nobody signed it.
    pub fn caller(&self, evidence: &Evidence) -> Result<Caller, Refusal> {
        let query = self.uri.query().unwrap_or("");
        if self.head.headers.contains_key("authorization")
            && self.dialect == Dialect::S3
            && (Presigned::is_meant(query) || SignatureV2::is_meant(query))
        {
            return Err(Refusal::TwoMechanisms);
        }
        match evidence {
            Evidence::None => Ok(Caller::anonymous(None, self.declared_payload()?.unwrap_or(Payload::Unsigned))),
            Evidence::Foreign(scheme) => Err(Refusal::ForeignScheme(scheme.clone())),
            Evidence::Header(Ok(authorization)) => self.by_header(authorization),
            Evidence::Header(Err(header::Malformed::Incomplete(text))) => Err(Refusal::Incomplete(text.clone())),
            Evidence::Header(Err(header::Malformed::Credential(_))) => Err(Refusal::MalformedCredential),
            Evidence::Query(Ok(presigned)) => self.by_query(presigned),
            Evidence::Query(Err(presigned::Malformed::Incomplete)) => Err(Refusal::MissingParameters(4)),
            Evidence::Query(Err(presigned::Malformed::Credential)) => Err(Refusal::WrongParameter(CREDENTIAL_PARAMETER.into())),
            Evidence::V2(_, _) if self.dialect != Dialect::S3 => Err(Refusal::ForeignScheme("AWS".into())),
            Evidence::V2(None, true) => Err(Refusal::MissingParameters(2)),
            Evidence::V2(None, false) => {
                Err(Refusal::Incomplete("the authorization header requires \"AWS AWSAccessKeyId:Signature\".".into()))
            }
            Evidence::V2(Some(signature), _) => self.by_version_2(signature),
        }
    }

    fn by_header(&self, auth: &Authorization) -> Result<Caller, Refusal> {
        let scope = &auth.credential.scope;
        let (date, signed) = self.signed_at()?;
        check_scope(scope, &date)?;
        let found = self.find_key(&auth.credential.access_key, header_text(self.head, "x-amz-security-token"))?;
        let nows = self.nows();
        let age_ns = nows.age_ns(signed);
        if age_ns.abs() > MAX_SKEW_NS {
            return Err(Refusal::Skewed { signed, server: nows.virtual_ });
        }
        self.check_signed_headers(&auth.signed_headers)?;
        let payload = match self.declared_payload()? {
            Some(payload) => payload,
            None if self.dialect == Dialect::S3 => return Err(Refusal::NoPayloadHash),
            None => Payload::Sha256(self.body_sha256.unwrap_or(crate::sig_v4::EMPTY_SHA256).to_owned()),
        };
        let key = self.verify(&found, scope, &auth.credential.access_key, &date, &auth.signed_headers, &auth.signature, &payload)?;
        let chunks = matches!(payload, Payload::SignedChunks { .. }).then(|| ChunkSigner::new(key, &date, &scope.text(), &auth.signature));
        Ok(Caller {
            principal: found.principal,
            access_key: Some(auth.credential.access_key.clone()),
            region: scope.region.clone(),
            auth_type: Some("REST-HEADER"),
            signature_version: Some(ALGORITHM),
            signature_age_ms: Some((age_ns / 1_000_000) as i64),
            payload,
            chunks,
        })
    }

    fn by_query(&self, url: &Presigned) -> Result<Caller, Refusal> {
        let scope = &url.credential.scope;
        if url.algorithm != ALGORITHM {
            return Err(match url.algorithm.as_str() {
                "AWS4-ECDSA-P256-SHA256" => Refusal::NotImplemented(
                    "windtunnel does not verify AWS4-ECDSA-P256-SHA256 signatures; sign with AWS4-HMAC-SHA256.".into(),
                ),
                _ => Refusal::WrongParameter("X-Amz-Algorithm only supports \"AWS4-HMAC-SHA256 and AWS4-ECDSA-P256-SHA256\"".into()),
            });
        }
        let Some(signed) = parse_amz_date(&url.date) else {
            return Err(Refusal::WrongParameter("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"".into()));
        };
        let expires_secs = url_life::expires_secs(url, self.dialect)?;
        check_scope(scope, &url.date)?;
        let age_ns = url_life::check(self.cloud.clock(), self.nows(), signed, expires_secs)?;
        let found = self.find_key(&url.credential.access_key, url.token.as_deref())?;
        self.check_signed_headers(&url.signed_headers)?;
        let payload = match (self.declared_payload()?, self.dialect) {
            (Some(payload), _) => payload,
            (None, Dialect::S3) => match presigned::parameter(self.uri.query().unwrap_or(""), "X-Amz-Content-Sha256") {
                Some(value) => Payload::parse(&value).map_err(|_| Refusal::PayloadHash(value))?,
                None => Payload::Unsigned,
            },
            (None, Dialect::Standard) => Payload::Sha256(self.body_sha256.unwrap_or(crate::sig_v4::EMPTY_SHA256).to_owned()),
        };
        let key = self.verify(&found, scope, &url.credential.access_key, &url.date, &url.signed_headers, &url.signature, &payload)?;
        let chunks =
            matches!(payload, Payload::SignedChunks { .. }).then(|| ChunkSigner::new(key, &url.date, &scope.text(), &url.signature));
        Ok(Caller {
            principal: found.principal,
            access_key: Some(url.credential.access_key.clone()),
            region: scope.region.clone(),
            auth_type: Some("REST-QUERY-STRING"),
            signature_version: Some(ALGORITHM),
            signature_age_ms: Some((age_ns / 1_000_000) as i64),
            payload,
            chunks,
        })
    }

    /// AWS takes Version 2 in regions that stood before 2014; who wants to be told of clients that still use it turns it off.
    fn version_2_is_taken(&self) -> Result<(), Refusal> {
        if self.version_2 { Ok(()) } else { Err(Refusal::OldMechanism) }
    }

    fn by_version_2(&self, sig: &SignatureV2) -> Result<Caller, Refusal> {
        self.version_2_is_taken()?;
        let query = self.uri.query().unwrap_or("");
        let nows = self.nows();
        let age_ns = match sig.expires {
            Some(expires) => {
                Some(url_life::check_version_2(self.cloud.clock(), nows, self.began, Timestamp::from_secs(expires))?).flatten()
            }
            None => {
                let (_, signed) = self.signed_at()?;
                let age_ns = nows.age_ns(signed);
                if age_ns.abs() > MAX_SKEW_NS {
                    return Err(Refusal::Skewed { signed, server: nows.virtual_ });
                }
                Some(age_ns)
            }
        };
        let token = header_text(self.head, "x-amz-security-token")
            .map(str::to_owned)
            .or_else(|| presigned::parameter(query, "x-amz-security-token"));
        let found = self.find_key(&sig.access_key, token.as_deref())?;
        let sign = |path: &str| sig.string_to_sign(self.head.method.as_str(), path, query, &self.head.headers, self.host_bucket);
        let path = self.uri.path();
        let text = sign(path);
        // boto3 signs a bucket as `/bucket/` and asks for `/bucket`; S3 takes it.
        let is_bucket = self.host_bucket.is_none() && path.len() > 1 && !path[1..].contains('/');
        let right = |text: &str| sig.is_made_with(&found.secret, text);
        if !(right(&text) || is_bucket && right(&sign(&format!("{path}/")))) {
            return Err(Refusal::SignatureDoesNotMatch {
                access_key: sig.access_key.clone(),
                signature: sig.signature.clone(),
                string_to_sign: text,
                canonical: None,
            });
        }
        let payload = match self.declared_payload()? {
            Some(Payload::SignedChunks { .. }) => return Err(Refusal::PayloadHash("STREAMING-AWS4-HMAC-SHA256-PAYLOAD".into())),
            other => other.unwrap_or(Payload::Unsigned),
        };
        Ok(Caller {
            principal: found.principal,
            access_key: Some(sig.access_key.clone()),
            region: DEFAULT_REGION.to_owned(),
            auth_type: Some(if sig.expires.is_some() { "REST-QUERY-STRING" } else { "REST-HEADER" }),
            signature_version: Some("AWS"),
            signature_age_ms: age_ns.map(|ns| (ns / 1_000_000) as i64),
            payload,
            chunks: None,
        })
    }

    /// Compares the signature with the one that the key gives; the signing key on success.
    #[allow(clippy::too_many_arguments)]
    fn verify(
        &self,
        found: &AccessKey,
        scope: &CredentialScope,
        access_key: &str,
        date: &str,
        signed_headers: &[String],
        signature: &str,
        payload: &Payload,
    ) -> Result<SigningKey, Refusal> {
        let signable = Signable {
            method: self.head.method.as_str(),
            path: self.uri.path(),
            query: self.uri.query().unwrap_or(""),
            headers: &self.head.headers,
        };
        let canonical = signable.canonical(self.dialect, signed_headers, payload.text());
        let text = string_to_sign(date, &scope.text(), &canonical);
        let key = self.keys.key(&found.secret, scope);
        if same(&key.sign(text.as_bytes()), signature) {
            return Ok(key);
        }
        Err(Refusal::SignatureDoesNotMatch {
            access_key: access_key.to_owned(),
            signature: signature.to_owned(),
            string_to_sign: text,
            canonical: Some(canonical),
        })
    }

    fn nows(&self) -> Nows {
        Nows { real: self.cloud.clock().real_now(), virtual_: self.cloud.clock().now() }
    }

    /// When the request was signed, as the string to sign has it and as a moment.
    fn signed_at(&self) -> Result<(String, Timestamp), Refusal> {
        if let Some(text) = header_text(self.head, "x-amz-date") {
            if let Some(at) = parse_amz_date(text) {
                return Ok((text.to_owned(), at));
            }
            // Version 2 clients write the long form into x-amz-date too.
            return parse_http_date(text).map(|at| (kit::time::amz_date(at), at)).ok_or(Refusal::NoDate);
        }
        let at = header_text(self.head, "date").and_then(|t| parse_amz_date(t).or_else(|| parse_http_date(t))).ok_or(Refusal::NoDate)?;
        Ok((kit::time::amz_date(at), at))
    }

    fn find_key(&self, id: &str, token: Option<&str>) -> Result<AccessKey, Refusal> {
        if id.starts_with("AKIA") || id.starts_with("ASIA") {
            return Err(Refusal::RealKey);
        }
        let Some(key) = self.cloud.access_key(id).filter(|k| k.active) else {
            return Err(Refusal::UnknownKey(id.to_owned()));
        };
        match (&key.session_token, token) {
            (None, None) => {}
            (Some(right), Some(sent)) if same(right, sent) => {}
            (None, Some(sent)) => {
                let hint = " (This key is a permanent one and takes no session token: unset AWS_SESSION_TOKEN.)";
                return Err(Refusal::WrongToken { token: sent.to_owned(), hint });
            }
            (Some(_), sent) => return Err(Refusal::WrongToken { token: sent.unwrap_or("").to_owned(), hint: "" }),
        }
        match key.expires {
            Some(expires) if expires <= self.cloud.clock().now() => Err(Refusal::ExpiredToken(token.unwrap_or("").to_owned())),
            _ => Ok(key),
        }
    }

    /// The host must be signed everywhere; S3 wants every `x-amz-*` header signed, too.
    fn check_signed_headers(&self, signed: &[String]) -> Result<(), Refusal> {
        if !signed.iter().any(|n| n == "host") {
            return Err(Refusal::HostNotSigned);
        }
        if self.dialect == Dialect::S3 {
            let mut left_out: Vec<String> = self
                .head
                .headers
                .keys()
                .map(|n| n.as_str())
                // x-amz-content-sha256 is part of the canonical request in any case.
                .filter(|n| n.starts_with("x-amz-") && *n != "x-amz-content-sha256" && !signed.iter().chain(self.hoisted).any(|s| s == n))
                .map(str::to_owned)
                .collect();
            if !left_out.is_empty() {
                left_out.sort();
                return Err(Refusal::HeadersNotSigned(left_out));
            }
        }
        Ok(())
    }

    fn declared_payload(&self) -> Result<Option<Payload>, Refusal> {
        let Some(value) = header_text(self.head, "x-amz-content-sha256") else { return Ok(None) };
        Payload::parse(value).map(Some).map_err(|exists| match exists {
            true => Refusal::NotImplemented(format!("windtunnel does not verify {value}; sign with AWS4-HMAC-SHA256.")),
            false => Refusal::PayloadHash(value.to_owned()),
        })
    }
}

fn check_scope(scope: &CredentialScope, date: &str) -> Result<(), Refusal> {
    if scope.terminator != "aws4_request" {
        return Err(Refusal::ScopeTerminator(scope.terminator.clone()));
    }
    if !scope.date_is_well_formed() || !date.starts_with(&scope.date) {
        return Err(Refusal::ScopeDate { scope: scope.date.clone(), date: date.to_owned() });
    }
    if !scope.region_is_well_formed() {
        return Err(Refusal::ScopeRegion { region: scope.region.clone(), expecting: DEFAULT_REGION.into() });
    }
    Ok(())
}

/// A header as text; values that are not ASCII count as absent.
pub(crate) fn header_text<'a>(head: &'a Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name)?.to_str().ok()
}
