//! Access logs: one line a request in a format of the stage's, to a log group.

use kit::{Arn, Context, Need};

/// Fills `$context.name` (and `${context.name}`) in a format; what has no value is a hyphen.
pub fn line(format: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(format.len() * 2);
    let mut rest = format;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let body = behind.strip_prefix('{').unwrap_or(behind);
        let length = body.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')).count();
        let name = body[..length].trim_end_matches(['.', '-']);
        let Some(variable) = name.strip_prefix("context.") else {
            out.push('$');
            rest = behind;
            continue;
        };
        out.push_str(&value(variable).unwrap_or_else(|| "-".into()));
        rest = &body[name.len()..];
        if body.len() < behind.len() {
            rest = rest.strip_prefix('}').unwrap_or(rest);
        }
    }
    out + rest
}

/// Writes a line to the log group of an ARN, as the service. The stream is one of a few by API and day, as AWS spreads them.
pub async fn write(cx: &Context, group_arn: &str, stream: &str, line: String) -> Result<(), kit::Fault> {
    let group = group_of(group_arn).unwrap_or_default();
    append(cx, &group, stream, vec![line]).await
}

/// Appends lines to a log group as the service that `cx` acts for.
pub async fn append(cx: &Context, group: &str, stream: &str, lines: Vec<String>) -> Result<(), kit::Fault> {
    let arn = format!("arn:aws:logs:{}:{}:log-group:{group}:log-stream:{stream}", cx.region(), cx.account());
    let grant = cx.grant(&Need::on("logs:PutLogEvents", arn))?;
    let now = cx.now();
    cx.cloud().ports().logs()?.append(cx, grant, group, stream, lines.into_iter().map(|line| (now, line)).collect(), true).await
}

/// The name of the log group in an ARN (`arn:aws:logs:R:A:log-group:NAME`, with or without `:*`).
pub fn group_of(arn: &str) -> Option<String> {
    let arn = Arn::parse(arn).filter(|arn| arn.service == "logs")?;
    let name = arn.resource.strip_prefix("log-group:")?;
    Some(name.strip_suffix(":*").unwrap_or(name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_filled() {
        let value = |name: &str| (name == "requestId").then(|| "r1".to_owned());
        assert_eq!(
            line("{\"id\":\"$context.requestId\",\"x\":\"$context.none\"} $5 ${context.requestId}.", value),
            "{\"id\":\"r1\",\"x\":\"-\"} $5 r1."
        );
        assert_eq!(group_of("arn:aws:logs:us-east-1:1:log-group:/api/x:*").as_deref(), Some("/api/x"));
    }
}
