//! Where a template comes from: the request itself, or an object in S3 read with the caller's own permission.

use crate::template::invalid;
use kit::{Context, Fault, Need};
use percent_encoding::percent_decode_str;

/// Bytes of a template in a request.
const MOST_IN_REQUEST: usize = 51_200;
/// Bytes of a template in S3.
const MOST_IN_S3: u64 = 1 << 20;

/// The text of a template; `None` when the request names none.
pub(crate) async fn read(cx: &Context, body: Option<String>, url: Option<String>) -> Result<Option<String>, Fault> {
    match (body, url) {
        (Some(_), Some(_)) => Err(invalid("You cannot specify more than one of Template URL or Template Body.")),
        (Some(body), None) if body.len() > MOST_IN_REQUEST => Err(invalid(format!(
            "1 validation error detected: Value '{body}' at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to {MOST_IN_REQUEST}"
        ))),
        (Some(body), None) => Ok(Some(body)),
        (None, Some(url)) => from_s3(cx, &url).await.map(Some),
        (None, None) => Ok(None),
    }
}

/// The text of a template that the request must name.
pub(crate) async fn required(cx: &Context, body: Option<String>, url: Option<String>) -> Result<String, Fault> {
    read(cx, body, url).await?.ok_or_else(|| invalid("Either Template URL or Template Body must be specified."))
}

async fn from_s3(cx: &Context, url: &str) -> Result<String, Fault> {
    let (bucket, key) = place(url, &cx.cloud().endpoint())?;
    let caller = cx.via("cloudformation.amazonaws.com");
    let refused = |fault: Fault| {
        invalid(format!(
            "S3 error: {}\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html",
            fault.message
        ))
    };
    let grant = caller
        .grant(&Need::on("s3:GetObject", format!("arn:aws:s3:::{bucket}/{key}")))
        .map_err(|_| refused(Fault::new("AccessDenied", 403, "Access Denied")))?;
    let objects = cx.cloud().ports().objects()?;
    let object = objects.get(&caller, grant, &bucket, &key, Some(0..MOST_IN_S3 + 1)).await.map_err(refused)?;
    if object.info.size > MOST_IN_S3 {
        return Err(invalid(format!("Template may not exceed {MOST_IN_S3} bytes in size.")));
    }
    String::from_utf8(object.bytes.to_vec()).map_err(|_| invalid("Template format error: the template is not UTF-8."))
}

/// Bucket and key of a URL: S3's hosts, or this cloud's own.
pub(crate) fn place(url: &str, endpoint: &str) -> Result<(String, String), Fault> {
    let unsupported = || invalid("TemplateURL must be a supported URL.");
    if let Some(rest) = url.strip_prefix("s3://") {
        let bucket = rest.split('/').next().unwrap_or_default();
        return Err(invalid(format!("S3 error: Domain name specified in {bucket} is not a valid S3 domain")));
    }
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or_else(unsupported)?;
    let (authority, path) = rest.split_once('/').ok_or_else(unsupported)?;
    if path.contains('?') {
        return Err(invalid("TemplateURL with a query (versionId) is not supported by windtunnel"));
    }
    let host = authority.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit())).map_or(authority, |(host, _)| host);
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().map(|t| t.into_owned()).map_err(|_| unsupported());
    let by_path = || -> Result<(String, String), Fault> {
        let (bucket, key) = path.split_once('/').ok_or_else(unsupported)?;
        Ok((decoded(bucket)?, decoded(key)?))
    };
    let own = endpoint.split("://").nth(1).unwrap_or_default().split([':', '/']).next().unwrap_or_default();
    let found = match host {
        "localhost" | "127.0.0.1" | "s3.localhost" => by_path()?,
        host if !own.is_empty() && host == own => by_path()?,
        host if s3_host(host) => by_path()?,
        host => {
            let cut = host
                .strip_suffix(".s3.localhost")
                .or_else(|| host.match_indices('.').map(|(at, _)| at).find(|at| s3_host(&host[at + 1..])).map(|at| &host[..at]));
            (cut.ok_or_else(unsupported)?.to_owned(), decoded(path)?)
        }
    };
    match found.0.is_empty() || found.1.is_empty() {
        true => Err(unsupported()),
        false => Ok(found),
    }
}

/// `s3.amazonaws.com`, `s3.eu-central-1.amazonaws.com`, `s3-eu-west-1.amazonaws.com`.
fn s3_host(host: &str) -> bool {
    let Some(name) = host.strip_suffix(".amazonaws.com") else { return false };
    let region = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    name == "s3" || name.strip_prefix("s3.").or(name.strip_prefix("s3-")).is_some_and(region)
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn urls_of_s3_and_of_this_cloud_are_read() {
        let is = |url: &str| place(url, "http://10.0.0.5:4566").map_err(|f| f.message);
        let there = Ok(("bucket.x".to_owned(), "dir/t.yaml".to_owned()));
        for url in [
            "https://s3.amazonaws.com/bucket.x/dir/t.yaml",
            "https://s3.eu-central-1.amazonaws.com/bucket.x/dir/t.yaml",
            "https://bucket.x.s3.amazonaws.com/dir/t.yaml",
            "https://bucket.x.s3.eu-central-1.amazonaws.com/dir/t.yaml",
            "http://127.0.0.1:4566/bucket.x/dir/t.yaml",
            "http://bucket.x.s3.localhost:4566/dir/t.yaml",
            "http://10.0.0.5:4566/bucket.x/dir%2Ft.yaml",
        ] {
            assert_eq!(is(url), there, "{url}");
        }
        assert_eq!(is("https://example.com/a/b"), Err("TemplateURL must be a supported URL.".into()));
        assert_eq!(is("s3://b/k"), Err("S3 error: Domain name specified in b is not a valid S3 domain".into()));
        assert!(is("https://s3.amazonaws.com/bucket").is_err());
    }
}
