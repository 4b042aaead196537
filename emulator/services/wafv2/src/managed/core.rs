//! Core rule set. Sizes, the missing user agent and the built-in injection statement are AWS's own; the patterns are approximated.

use super::{BODY, Draft, about, cookies, draft, header, json, larger, look, matches};
use crate::engine::{Field, Statement};
use crate::model::TextTransformationType::{self as Transform, HtmlEntityDecode, Lowercase, NormalizePath, UrlDecodeUni};

const DECODED: &[Transform] = &[UrlDecodeUni, Lowercase];
const BAD_BOTS: &str = r"(?:nessus|nmap|nikto|sqlmap|masscan|zgrab|w3af|acunetix|netsparker|openvas|dirbuster|gobuster|wpscan|havij|morfeus|zmeu|jorgee|arachni|hydra|commix|skipfish)";
const METADATA: &str = r"(?:169\.254\.169\.254|0xa9fea9fe|0xa9\.0xfe\.0xa9\.0xfe|2852039166|0251\.0376\.0251\.0376|\[?fd00:ec2::254\]?|instance-data\.ec2\.internal|latest/(?:meta-data|user-data|dynamic)|169\.254\.170\.2)";
const TRAVERSAL: &str =
    r"(?:\.\.[/\\]|(?:^|[/\\])etc[/\\](?:passwd|shadow|group|hosts)|[/\\]proc[/\\]self|[/\\]windows[/\\]win\.ini|boot\.ini)";
const EXTENSIONS: &str = r"\.(?:log|ini|bak|backup|sql|conf|cfg|config|old|swp|key|pem|dat|sys|inc|lnk|mdb|pst|rdb|reg|resources|cmd|vbs|webinfo|dll|printer|htr|htw|ida|idq|axd|asa|asax|ascx|com|cs|csproj|dbf|dos|licx|pol|pwd|resx|vb|vbproj|vsdisco|xsd|xsx)$";
/// An address or `localhost` behind a scheme: what breaks sign-in with `redirect_uri=http://localhost`.
const INCLUSION: &str = r"(?:https?|ftps?|file)://+(?:\d{1,3}(?:\.\d{1,3}){3}|localhost|\[[0-9a-f:.]+\])";

pub(super) fn rules() -> Vec<Draft> {
    let user_agent = || header("user-agent");
    vec![
        draft(
            "NoUserAgent_HEADER",
            "NoUserAgent_Header",
            Statement::Special("header user-agent is missing or empty", |request| {
                request.headers.iter().find(|(name, _)| name == "user-agent").is_none_or(|(_, value)| value.trim_ascii().is_empty())
            }),
        ),
        about("UserAgent_BadBots_HEADER", "BadBots_Header", matches(user_agent(), &[Lowercase], &[BAD_BOTS])),
        draft("SizeRestrictions_QUERYSTRING", "SizeRestrictions_QueryString", larger(Field::Query, 2048)),
        draft("SizeRestrictions_Cookie_HEADER", "SizeRestrictions_Cookie_Header", larger(header("cookie"), 10_240)),
        draft("SizeRestrictions_BODY", "SizeRestrictions_Body", larger(BODY, 8192)),
        draft("SizeRestrictions_URIPATH", "SizeRestrictions_URIPath", larger(Field::Path, 1024)),
        about("EC2MetaDataSSRF_BODY", "EC2MetaDataSSRF_Body", matches(BODY, DECODED, &[METADATA])),
        about("EC2MetaDataSSRF_COOKIE", "EC2MetaDataSSRF_Cookie", matches(cookies(), DECODED, &[METADATA])),
        about("EC2MetaDataSSRF_URIPATH", "EC2MetaDataSSRF_URIPath", matches(Field::Path, DECODED, &[METADATA])),
        about("EC2MetaDataSSRF_QUERYARGUMENTS", "EC2MetaDataSSRF_QueryArguments", matches(Field::Arguments, DECODED, &[METADATA])),
        about("GenericLFI_QUERYARGUMENTS", "GenericLFI_QueryArguments", matches(Field::Arguments, DECODED, &[TRAVERSAL])),
        about("GenericLFI_URIPATH", "GenericLFI_URIPath", matches(Field::Path, DECODED, &[TRAVERSAL])),
        about("GenericLFI_BODY", "GenericLFI_Body", matches(BODY, DECODED, &[TRAVERSAL])),
        about(
            "RestrictedExtensions_URIPATH",
            "RestrictedExtensions_URIPath",
            matches(Field::Path, &[UrlDecodeUni, NormalizePath, Lowercase], &[EXTENSIONS]),
        ),
        about(
            "RestrictedExtensions_QUERYARGUMENTS",
            "RestrictedExtensions_QueryArguments",
            matches(Field::Arguments, DECODED, &[EXTENSIONS]),
        ),
        about("GenericRFI_QUERYARGUMENTS", "GenericRFI_QueryArguments", matches(Field::Arguments, DECODED, &[INCLUSION])),
        about("GenericRFI_BODY", "GenericRFI_Body", matches(BODY, DECODED, &[INCLUSION])),
        about("GenericRFI_URIPATH", "GenericRFI_URIPath", matches(Field::Path, DECODED, &[INCLUSION])),
        scripts("CrossSiteScripting_COOKIE", "CrossSiteScripting_Cookie", header("cookie")),
        scripts("CrossSiteScripting_QUERYARGUMENTS", "CrossSiteScripting_QueryArguments", Field::Arguments),
        scripts("CrossSiteScripting_BODY", "CrossSiteScripting_Body", json()),
        scripts("CrossSiteScripting_URIPATH", "CrossSiteScripting_URIPath", Field::Path),
    ]
}

fn scripts(name: &'static str, label: &str, field: Field) -> Draft {
    draft(name, label, Statement::Xss(look(field, &[UrlDecodeUni, HtmlEntityDecode])))
}
