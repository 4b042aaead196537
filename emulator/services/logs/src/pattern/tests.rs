//! The grammar, mostly by the examples of AWS's documentation ("Filter pattern syntax").

use super::Pattern;

fn matches(pattern: &str, message: &str) -> bool {
    Pattern::parse(pattern).unwrap().matches(message)
}

#[test]
fn terms_phrases_exclusions_and_alternatives() {
    assert!(matches("", "anything"));
    assert!(matches("ERROR", "[ERROR] disk"));
    assert!(!matches("error", "[ERROR] disk"));
    assert!(matches("ERROR disk", "disk ERROR"));
    assert!(!matches("ERROR -disk", "disk ERROR"));
    assert!(matches("\"went wrong\"", "it went wrong"));
    assert!(matches("?warn ?ERROR", "ERROR"));
    assert!(!matches("?warn ?fail", "ERROR"));
    assert!(Pattern::parse("a/b").unwrap_err().message.contains("Invalid character(s) in term 'a/b'"));
}

#[test]
fn json_selectors() {
    let event = r#"{"level":"error","code":42,"at":{"file":"a.rs"},"list":[{"x":1},{"x":2}],"none":null,"a.b":"dot"}"#;
    assert!(matches("{ $.level = \"error\" }", event));
    assert!(matches("{ $.level = err* && $.code >= 42 }", event));
    assert!(matches("{ ($.code = 1) || ($.at.file = \"*.rs\") }", event));
    assert!(matches("{ $.list[1].x = 2 }", event));
    assert!(matches("{ $.list[*].x = 2 }", event));
    assert!(matches("{ $.['a.b'] = dot }", event) || matches("{ $['a.b'] = dot }", event));
    assert!(matches("{ $.none IS NULL }", event));
    assert!(matches("{ $.gone NOT EXISTS }", event));
    assert!(!matches("{ $.code != 42 }", event));
    assert!(matches("{ $.at.file = %^[a-z]\\.rs$% }", event));
    assert!(!matches("{ $.level = \"error\" }", "level error"));
    assert!(Pattern::parse("{ $.a ~ 1 }").is_err());
}

#[test]
fn regular_expressions() {
    assert!(matches("%AUTHORIZED%", "[ERROR 401] UNAUTHORIZED REQUEST"));
    assert!(matches("%4[0-9]{2}%", "status 404"));
    assert!(!matches("-%4[0-9]{2}%", "status 404"));
    assert!(Pattern::parse("%(%").is_err());
    assert!(Pattern::parse("%a% %b% %c%").is_err(), "at most two");
}

#[test]
fn space_delimited_events() {
    let event = r#"127.0.0.1 Prod frank [10/Oct/2000:13:25:15 -0700] "GET /index.html HTTP/1.0" 404 1534"#;
    assert!(matches("[ip, env, user, timestamp, request, status, bytes]", event));
    assert!(!matches("[ip, env, user]", event), "all fields are named, or an ellipsis stands for them");
    assert!(matches("[ip=%127\\.0\\.0\\.[1-9]%, env, user, timestamp, request =\"*.html*\", status = 4*, bytes]", event));
    assert!(matches("[..., status = 404, bytes > 1000]", event));
    assert!(!matches("[..., status = 404, bytes > 2000]", event));
    assert!(matches("[ip, ..., status >= 400 && status < 500, bytes]", event));
    assert!(matches("[w1=ERROR || w1=%WARN%, ...]", "WARNING it is"));
    assert!(matches("[(w1=ERROR || w1=WARN), w2]", "WARN it"));
    assert!(matches("[]", event));
    let pattern = Pattern::parse("[..., request, status, bytes]").unwrap();
    assert_eq!(pattern.value("$request", event).as_deref(), Some("GET /index.html HTTP/1.0"));
    assert_eq!(pattern.value("$bytes", event).as_deref(), Some("1534"));
}

#[test]
fn values_are_taken_out() {
    let pattern = Pattern::parse("{ $.latency > 10 }").unwrap();
    let event = r#"{"latency": 12.5, "who": {"name": "ann"}}"#;
    assert_eq!(pattern.value("$.latency", event).as_deref(), Some("12.5"));
    assert_eq!(pattern.value("$.who.name", event).as_deref(), Some("ann"));
    assert_eq!(pattern.extracted(event), [("$.latency".to_owned(), "12.5".to_owned())]);
}
