//! The website configuration, checked with AWS's sentences.

use crate::{S3, errors, model::*, state};
use kit::{Context, Fault};

/// Most routing rules of a website.
const MOST_RULES: usize = 50;

impl S3 {
    /// Makes the bucket a website.
    pub async fn put_bucket_website(&self, cx: &Context, input: PutBucketWebsiteInput) -> Result<PutBucketWebsiteOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        check(&input.website_configuration)?;
        self.configure(cx, &found.name, &None, |bucket| bucket.website = Some(input.website_configuration)).await?;
        Ok(PutBucketWebsiteOutput {})
    }

    /// The website's configuration; having none is an error.
    pub async fn get_bucket_website(&self, cx: &Context, input: GetBucketWebsiteInput) -> Result<GetBucketWebsiteOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        let website = found.bucket.website.clone().ok_or_else(|| none(&found.name))?;
        Ok(GetBucketWebsiteOutput {
            redirect_all_requests_to: website.redirect_all_requests_to,
            index_document: website.index_document,
            error_document: website.error_document,
            routing_rules: website.routing_rules,
        })
    }

    /// Makes the bucket no website; that it was none is no error.
    pub async fn delete_bucket_website(&self, cx: &Context, input: DeleteBucketWebsiteInput) -> Result<DeleteBucketWebsiteOutput, Fault> {
        let found = state::bucket(cx, &input.bucket, &input.expected_bucket_owner)?;
        self.configure(cx, &found.name, &None, |bucket| bucket.website = None).await?;
        Ok(DeleteBucketWebsiteOutput {})
    }
}

/// What AWS says of a bucket that is no website.
pub(super) fn none(bucket: &str) -> Fault {
    let sentence = "The specified bucket does not have a website configuration";
    Fault::new("NoSuchWebsiteConfiguration", 404, sentence).with("BucketName", bucket)
}

fn check(website: &WebsiteConfiguration) -> Result<(), Fault> {
    if let Some(all) = &website.redirect_all_requests_to {
        if website.index_document.is_some() || website.error_document.is_some() || website.routing_rules.is_some() {
            let sentence = "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.";
            return Err(errors::invalid_argument(sentence, "RedirectAllRequestsTo", "not null"));
        }
        return check_protocol(all.protocol.as_deref());
    }
    let Some(index) = &website.index_document else {
        let sentence = "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty";
        return Err(errors::invalid_argument(sentence, "IndexDocument", "null"));
    };
    if index.suffix.is_empty() || index.suffix.contains('/') {
        return Err(errors::invalid_argument("The IndexDocument Suffix is not well formed", "IndexDocument", &index.suffix));
    }
    if website.error_document.as_ref().is_some_and(|document| document.key.is_empty()) {
        return Err(errors::malformed_xml());
    }
    let Some(rules) = &website.routing_rules else { return Ok(()) };
    if rules.is_empty() {
        return Err(errors::malformed_xml());
    }
    if rules.len() > MOST_RULES {
        let sentence = format!(
            "{} routing rules provided, the number of routing rules in a website configuration is limited to {MOST_RULES}.",
            rules.len()
        );
        return Err(errors::invalid_request(sentence));
    }
    rules.iter().try_for_each(check_rule)
}

fn check_rule(rule: &RoutingRule) -> Result<(), Fault> {
    let Some(redirect) = &rule.redirect else { return Err(errors::malformed_xml()) };
    check_protocol(redirect.protocol.as_deref())?;
    if redirect.replace_key_prefix_with.is_some() && redirect.replace_key_with.is_some() {
        return Err(errors::invalid_request("You can only define ReplaceKeyPrefix or ReplaceKey but not both."));
    }
    if let Some(code) = redirect.http_redirect_code.as_deref()
        && !(301..=399).contains(&number(code))
    {
        let sentence = format!("The provided HTTP redirect code ({code}) is not valid. Valid codes are 3XX except 300.");
        return Err(errors::invalid_request(sentence));
    }
    let Some(condition) = &rule.condition else { return Ok(()) };
    if condition.http_error_code_returned_equals.is_none() && condition.key_prefix_equals.is_none() {
        let sentence =
            "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.";
        return Err(errors::invalid_request(sentence));
    }
    match condition.http_error_code_returned_equals.as_deref() {
        Some(code) if !(400..=599).contains(&number(code)) => {
            let sentence = format!("The provided HTTP error code ({code}) is not valid. Valid codes are 4XX or 5XX.");
            Err(errors::invalid_request(sentence))
        }
        _ => Ok(()),
    }
}

/// A status in text; 0, which is none, where it isn't a number.
pub(super) fn number(code: &str) -> u16 {
    code.parse().unwrap_or(0)
}

fn check_protocol(protocol: Option<&str>) -> Result<(), Fault> {
    match protocol {
        None | Some("http" | "https") => Ok(()),
        Some(_) => Err(errors::invalid_request(
            "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.",
        )),
    }
}
