//! Cross-origin resource sharing: the configuration, preflights, and the headers on real answers.
//!
//! Preflight and decoration see HTTP, for it is their subject; the gateway calls them.

use crate::{S3, errors, model::*, state};
use kit::{Context, Fault, ReplyBody};
use wire::{Bytes, Protocol};

/// Most rules of a bucket.
const MOST_RULES: usize = 100;
const METHODS: &[&str] = &["GET", "PUT", "HEAD", "POST", "DELETE"];
const VARY: &str = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

impl S3 {
    /// Replaces the rules.
    pub async fn put_bucket_cors(&self, cx: &Context, input: PutBucketCorsInput) -> Result<PutBucketCorsOutput, Fault> {
        let configuration = input.cors_configuration;
        if configuration.cors_rules.is_empty() || configuration.cors_rules.len() > MOST_RULES {
            return Err(errors::malformed_xml());
        }
        configuration.cors_rules.iter().try_for_each(check_rule)?;
        self.configure(cx, &input.bucket, &input.expected_bucket_owner, |bucket| bucket.cors = Some(configuration)).await?;
        Ok(PutBucketCorsOutput {})
    }

    /// The rules; having none is an error.
    pub async fn get_bucket_cors(&self, cx: &Context, input: GetBucketCorsInput) -> Result<GetBucketCorsOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        match found.bucket.cors.clone() {
            Some(configuration) => Ok(GetBucketCorsOutput { cors_rules: Some(configuration.cors_rules) }),
            None => Err(Fault::new("NoSuchCORSConfiguration", 404, "The CORS configuration does not exist").with("BucketName", found.name)),
        }
    }

    /// Takes the rules away.
    pub async fn delete_bucket_cors(&self, cx: &Context, input: DeleteBucketCorsInput) -> Result<DeleteBucketCorsOutput, Fault> {
        self.configure(cx, &input.bucket, &input.expected_bucket_owner, |bucket| bucket.cors = None).await?;
        Ok(DeleteBucketCorsOutput {})
    }
}

fn check_rule(rule: &CORSRule) -> Result<(), Fault> {
    if rule.allowed_methods.is_empty() || rule.allowed_origins.is_empty() {
        return Err(errors::malformed_xml());
    }
    if let Some(method) = rule.allowed_methods.iter().find(|method| !METHODS.contains(&&***method)) {
        let sentence = format!("Found unsupported HTTP method in CORS config. Unsupported method is {method}");
        return Err(errors::invalid_request(sentence));
    }
    let stars = |text: &String| text.matches('*').count() > 1;
    if let Some(origin) = rule.allowed_origins.iter().find(|origin| stars(origin)) {
        return Err(errors::invalid_request(format!("AllowedOrigin \"{origin}\" can not have more than one wildcard.")));
    }
    if let Some(header) = rule.allowed_headers.iter().flatten().find(|header| stars(header)) {
        return Err(errors::invalid_request(format!("AllowedHeader \"{header}\" can not have more than one wildcard.")));
    }
    if let Some(header) = rule.expose_headers.iter().flatten().find(|header| header.contains('*')) {
        let sentence = format!("ExposeHeader \"{header}\" contains wildcard. We currently do not support wildcard for ExposeHeader.");
        return Err(errors::invalid_request(sentence));
    }
    Ok(())
}

/// Whether a text matches a pattern with at most one star.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        Some((start, end)) => text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end),
        None => pattern == text,
    }
}

/// What a browser asks.
struct Asked<'a> {
    origin: &'a str,
    method: &'a str,
    /// Access-Control-Request-Headers in lower case.
    headers: Vec<String>,
}

fn rule_for<'a>(rules: &'a [CORSRule], asked: &Asked<'_>) -> Option<&'a CORSRule> {
    rules.iter().find(|rule| {
        let header_allowed =
            |header: &String| rule.allowed_headers.iter().flatten().any(|allowed| matches(&allowed.to_ascii_lowercase(), header));
        rule.allowed_origins.iter().any(|origin| matches(origin, asked.origin))
            && rule.allowed_methods.iter().any(|method| method == asked.method)
            && asked.headers.iter().all(header_allowed)
    })
}

/// The headers that a matching rule puts on an answer.
fn headers_of(rule: &CORSRule, asked: &Asked<'_>) -> Vec<(&'static str, String)> {
    let any_origin = rule.allowed_origins.iter().any(|origin| origin == "*");
    let mut headers = vec![("access-control-allow-origin", if any_origin { "*".into() } else { asked.origin.to_owned() })];
    headers.push(("access-control-allow-methods", rule.allowed_methods.join(", ")));
    if !asked.headers.is_empty() {
        headers.push(("access-control-allow-headers", asked.headers.join(", ")));
    }
    if let Some(expose) = rule.expose_headers.as_ref().filter(|list| !list.is_empty()) {
        headers.push(("access-control-expose-headers", expose.join(", ")));
    }
    if let Some(seconds) = rule.max_age_seconds {
        headers.push(("access-control-max-age", seconds.to_string()));
    }
    if !any_origin {
        headers.push(("access-control-allow-credentials", "true".into()));
    }
    headers.push(("vary", VARY.into()));
    headers
}

fn header<'a>(head: &'a http::request::Parts, name: &str) -> Option<&'a str> {
    head.headers.get(name).and_then(|value| value.to_str().ok())
}

/// Bucket and key of a path-style request.
fn place(head: &http::request::Parts) -> (String, bool) {
    let path = percent_encoding::percent_decode_str(head.uri.path().trim_start_matches('/')).decode_utf8_lossy().into_owned();
    match path.split_once('/') {
        Some((bucket, key)) => (bucket.to_owned(), !key.is_empty()),
        None => (path, false),
    }
}

fn rules_of(cx: &Context, bucket: &str) -> Option<Option<Vec<CORSRule>>> {
    let found = cx.store().read(|s| state::find(s, bucket)).ok()?;
    Some(found.bucket.cors.clone().map(|configuration| configuration.cors_rules))
}

fn forbidden(message: &str, method: &str, is_object: bool) -> Fault {
    Fault::new("AccessForbidden", 403, format!("CORSResponse: {message}"))
        .with("Method", method)
        .with("ResourceType", if is_object { "OBJECT" } else { "BUCKET" })
}

fn asked_headers(head: &http::request::Parts) -> Vec<String> {
    let names = header(head, "access-control-request-headers").unwrap_or_default();
    names.split(',').map(|name| name.trim().to_ascii_lowercase()).filter(|name| !name.is_empty()).collect()
}

/// Judges a preflight.
fn judge(cx: &Context, head: &http::request::Parts) -> Result<Vec<(&'static str, String)>, Fault> {
    let Some(origin) = header(head, "origin") else {
        return Err(Fault::new("BadRequest", 400, "Insufficient information. Origin request header needed."));
    };
    let method = header(head, "access-control-request-method");
    let (bucket, is_object) = place(head);
    let Some(rules) = rules_of(cx, &bucket) else {
        return Err(forbidden("Bucket not found", method.unwrap_or("OPTIONS"), false));
    };
    let Some(rules) = rules else {
        return Err(forbidden("CORS is not enabled for this bucket.", method.unwrap_or("OPTIONS"), false));
    };
    let Some(method) = method else {
        return Err(Fault::new("BadRequest", 400, "Invalid Access-Control-Request-Method: null"));
    };
    let asked = Asked { origin, method, headers: asked_headers(head) };
    match rule_for(&rules, &asked) {
        Some(rule) => Ok(headers_of(rule, &asked)),
        None => Err(forbidden(
            "This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
            method,
            is_object,
        )),
    }
}

/// Answers OPTIONS on a bucket or an object.
pub(crate) fn preflight(cx: &Context, head: &http::request::Parts) -> http::Response<ReplyBody> {
    match judge(cx, head) {
        Ok(headers) => {
            let mut answer = http::Response::new(ReplyBody::Bytes(Bytes::new()));
            put_all(answer.headers_mut(), headers);
            answer
        }
        Err(fault) => wire::response::encode_fault(Protocol::RestXml, &SERVICE, None, &fault, cx.request_id()).map(ReplyBody::Bytes),
    }
}

/// Puts the CORS headers on the answer to a real request of another origin.
pub(crate) fn decorate(cx: &Context, head: &http::request::Parts, answer: &mut http::HeaderMap) {
    let Some(origin) = header(head, "origin") else { return };
    let (bucket, _) = place(head);
    let Some(Some(rules)) = rules_of(cx, &bucket) else { return };
    // As recorded, what belongs into a preflight is heeded here too.
    let method = header(head, "access-control-request-method").unwrap_or(head.method.as_str());
    let asked = Asked { origin, method, headers: asked_headers(head) };
    if let Some(rule) = rule_for(&rules, &asked) {
        put_all(answer, headers_of(rule, &asked));
    }
}

fn put_all(headers: &mut http::HeaderMap, list: Vec<(&'static str, String)>) {
    for (name, value) in list {
        if let Ok(value) = http::HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(origins: &[&str], methods: &[&str], headers: &[&str]) -> CORSRule {
        let own = |list: &[&str]| list.iter().map(|one| one.to_string()).collect::<Vec<_>>();
        CORSRule {
            allowed_origins: own(origins),
            allowed_methods: own(methods),
            allowed_headers: Some(own(headers)),
            ..CORSRule::default()
        }
    }

    #[test]
    fn the_first_rule_that_allows_all_counts() {
        let rules = [rule(&["https://*.example.com"], &["GET"], &[]), rule(&["*"], &["PUT"], &["x-amz-*"])];
        let find = |origin, method, headers: &[&str]| {
            let asked = Asked { origin, method, headers: headers.iter().map(|h| h.to_string()).collect() };
            rules.iter().position(|rule| rule_for(&rules, &asked).is_some_and(|found| std::ptr::eq(found, rule)))
        };
        assert_eq!(find("https://app.example.com", "GET", &[]), Some(0));
        assert_eq!(find("https://example.org", "GET", &[]), None);
        assert_eq!(find("https://example.org", "PUT", &["x-amz-date"]), Some(1));
        assert_eq!(find("https://example.org", "PUT", &["content-type"]), None);
    }

    #[test]
    fn a_wildcard_origin_gives_no_credentials() {
        let asked = Asked { origin: "https://a", method: "PUT", headers: vec![] };
        let headers = headers_of(&rule(&["*"], &["PUT"], &[]), &asked);
        assert!(headers.contains(&("access-control-allow-origin", "*".into())));
        assert!(!headers.iter().any(|(name, _)| *name == "access-control-allow-credentials"));
    }
}
