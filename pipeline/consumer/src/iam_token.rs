//! MSK's IAM tokens: a presigned URL of `kafka-cluster:Connect`, as MSK's own signers make them, in URL-safe base64. The credentials are those of
//! the AWS SDK's chain, asked for anew with each token.

use aws_credential_types::{Credentials, provider::ProvideCredentials};
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SignatureLocation, SigningSettings, sign},
    sign::v4,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rdkafka::client::OAuthToken;
use std::time::{Duration, SystemTime};

/// How long a token works; MSK allows no more.
const LIFE: Duration = Duration::from_secs(900);

/// Makes tokens.
#[derive(Clone)]
pub struct IamTokens {
    /// Whose they are.
    pub credentials: aws_credential_types::provider::SharedCredentialsProvider,
    /// Where the cluster is.
    pub region: String,
    /// Where the provider runs: librdkafka asks from a thread of its own.
    pub runtime: tokio::runtime::Handle,
}

impl IamTokens {
    /// A token from now on.
    pub fn token(&self) -> Result<OAuthToken, String> {
        let credentials = self.runtime.block_on(self.credentials.provide_credentials()).map_err(|error| error.to_string())?;
        let now = SystemTime::now();
        let token = token(&credentials, &self.region, now)?;
        let end = now + LIFE;
        let end = credentials.expiry().map_or(end, |expiry| end.min(expiry));
        let lifetime_ms = end.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_millis() as i64;
        Ok(OAuthToken { token, principal_name: credentials.access_key_id().to_owned(), lifetime_ms })
    }
}

/// The token of these credentials at this moment.
pub fn token(credentials: &Credentials, region: &str, now: SystemTime) -> Result<String, String> {
    let host = format!("kafka.{region}.amazonaws.com");
    let url = format!("https://{host}/?Action=kafka-cluster%3AConnect");
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(LIFE);
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder().identity(&identity).region(region).name("kafka-cluster").time(now).settings(settings);
    let params = params.build().map_err(|error| error.to_string())?.into();
    let headers = [("host", host.as_str())];
    let request = SignableRequest::new("GET", &url, headers.into_iter(), SignableBody::Bytes(b"")).map_err(|error| error.to_string())?;
    let (instructions, _) = sign(request, &params).map_err(|error| error.to_string())?.into_parts();
    let mut signed = url;
    for (name, value) in instructions.params() {
        signed.push_str(&format!("&{name}={}", encoded(value)));
    }
    signed.push_str("&User-Agent=consumer");
    Ok(BASE64_URL_SAFE_NO_PAD.encode(signed))
}

/// As Signature Version 4 encodes.
fn encoded(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
