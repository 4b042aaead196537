//! What WAF's engine reads of strangers' requests: the request itself, JSON bodies, every text transformation, injections, tokens.

use crate::target::Target;
use std::borrow::Cow;
use wafv2::TextTransformationType as Kind;
use wafv2::engine::{self, Action, Field, Invalid, Look, Oversize, Pick, Request, Rule, RuleKind, Scope3, Statement, World, transform};

const REQUESTS: &[&str] = &[
    "GET /live/images/%2e%2e/x?q=1%27+OR+%271%27=%271&r=%u003cscript%u003e#top HTTP/1.1\r\nHost: api.test:443\r\nCookie: a=1; b=\"2\"; aws-waf-token=eyJ.abc\r\nX-Forwarded-For: 198.51.100.7, 2001:db8::1\r\n\r\n",
    "POST / HTTP/1.1\nhost: h\ncontent-type: application/json\n\n{\"a\": [1, -2.5e3, {\"b\": \"\\u00e9\\ud83d\\ude00 <img src=x onerror=alert(1)>\"}], \"c\": null}",
    "PUT /a/./b//../c\\d HTTP/1.1\nhost: h\n\nselect/* x */0x414243 \\x3c\\074\\u003c &lt;&#60;&#x3c; ZXZpbA== \u{e9}",
];
const WORDS: &str = "%00 %u %uff1c + ../ ..\\ /* */ &# &#x; \\x \\u \\0 0x ${jndi: 1'-- UNION <script> ; cookie: x: ::1 [[[[ {{{{ \\ud800 \" ' , 255.255.255.255";

const KINDS: &[Kind] = &[
    Kind::CompressWhiteSpace,
    Kind::HtmlEntityDecode,
    Kind::Lowercase,
    Kind::CmdLine,
    Kind::UrlDecode,
    Kind::Base64Decode,
    Kind::HexDecode,
    Kind::Md5,
    Kind::ReplaceComments,
    Kind::EscapeSeqDecode,
    Kind::SqlHexDecode,
    Kind::CssDecode,
    Kind::JsDecode,
    Kind::NormalizePath,
    Kind::NormalizePathWin,
    Kind::RemoveNulls,
    Kind::ReplaceNulls,
    Kind::Base64DecodeExt,
    Kind::UrlDecodeUni,
    Kind::Utf8ToUnicode,
];

struct Nothing(engine::Tokens);

impl World for Nothing {
    fn place(&self, _: std::net::IpAddr) -> Option<engine::addresses::Place> {
        None
    }
    fn count(&self, _: &str, key: &engine::RateKey, _: u32) -> u64 {
        key.text.len() as u64
    }
    fn token(&self, text: &str, host: &str, domains: &[String]) -> Result<engine::Token, engine::Failure> {
        self.0.check(text, host, domains)
    }
    fn now_secs(&self) -> i64 {
        0
    }
}

/// Rules that look at everything and count what they find.
fn acl() -> engine::Acl {
    let look = |field| Look { field, transforms: vec![Kind::UrlDecodeUni, Kind::HtmlEntityDecode] };
    let everything = || {
        vec![
            Field::Headers(Pick::All, Scope3::All, Oversize::Continue),
            Field::Cookies(Pick::All, Scope3::All, Oversize::Match),
            Field::HeaderOrder(Oversize::NoMatch),
            Field::Arguments,
            Field::Query,
            Field::Path,
            Field::Fragment(false),
            Field::Body(Oversize::Continue),
            Field::Json(None, Scope3::All, Invalid::Partly, Oversize::Continue),
        ]
    };
    let mut statements: Vec<Statement> = everything().into_iter().map(|field| Statement::Xss(look(field))).collect();
    statements.extend(everything().into_iter().map(|field| Statement::Sqli(look(field), true)));
    let from = engine::Forwarded { header: "x-forwarded-for".into(), fallback: false, position: engine::ForwardedPosition::Any };
    statements.push(Statement::Geo(vec!["DE".into()], Some(from)));
    let rules = statements.into_iter().enumerate().map(|(n, statement)| rule(n, statement, Action::Count(Vec::new())));
    let mut rules: Vec<Rule> = rules.collect();
    rules.push(rule(99, Statement::Size(look(Field::Method), wafv2::ComparisonOperator::Ge, 0), Action::Captcha(Vec::new())));
    engine::Acl {
        arn: "acl".into(),
        name: "acl".into(),
        metric: String::new(),
        default: Action::Allow(Vec::new()),
        rules,
        body_limits: Vec::new(),
        token_domains: Vec::new(),
        label_prefix: String::new(),
        captcha_secs: 300,
        challenge_secs: 300,
        sampled: false,
        measured: false,
    }
}

fn rule(n: usize, statement: Statement, action: Action) -> Rule {
    Rule {
        name: n.to_string(),
        metric: String::new(),
        sampled: false,
        measured: false,
        labels: Vec::new(),
        captcha_secs: None,
        challenge_secs: None,
        kind: RuleKind::Plain(statement, action),
    }
}

#[test]
fn waf() {
    let samples = REQUESTS.iter().map(|text| text.as_bytes().to_vec());
    let (acl, world) = (acl(), Nothing(engine::Tokens::new(&[1; 32])));
    Target::new("waf", samples, WORDS).run(|bytes| {
        // Bodies are inspected up to 64 KB; what transformations make of them may be larger, but not by much.
        for kind in KINDS {
            let changed = transform::apply(&[*kind], Cow::Borrowed(bytes));
            assert!(changed.len() <= bytes.len() * 6 + 16, "{kind} makes {} bytes of {}", changed.len(), bytes.len());
        }
        let (items, _) = engine::items(bytes, |_, _| true);
        assert!(items.iter().map(|item| item.text.len()).sum::<usize>() <= bytes.len() * 3);
        let Ok(request) = Request::parse(bytes, "192.0.2.1".parse().expect("an address")) else { return false };
        let plain = engine::evaluate(&acl, &request, &world, 16 << 10, false);
        let told = engine::evaluate(&acl, &request, &world, 16 << 10, true);
        assert_eq!((plain.action, plain.counted.len()), (told.action, told.counted.len()), "an explanation changes nothing");
        assert!(plain.steps.is_empty() && !told.steps.is_empty());
        assert_ne!(plain.action, "ALLOW", "nobody has a token that was issued here");
        true
    });
}
