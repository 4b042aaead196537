//! What passes and what is refused, from answers recorded from AWS (SNS and EventBridge).

use super::{Dialect, Filter};
use serde_json::{Value, json};

fn passes(pattern: Value, event: Value) -> bool {
    Filter::parse(&pattern.to_string(), Dialect::Events).unwrap_or_else(|e| panic!("{pattern}: {e}")).matches(&event)
}

fn refused(text: &str, dialect: Dialect) -> String {
    Filter::parse(text, dialect).expect_err(text).sentence(text)
}

#[test]
fn values_and_operators() {
    let table = [
        (json!(["a"]), json!("a"), true),
        (json!(["a"]), json!("A"), false),
        (json!([300]), json!(300.0), true),
        (json!([300]), json!("300"), false),
        (json!([null]), json!(null), true),
        (json!([null]), json!("null"), false),
        (json!([null]), json!([]), false),
        (json!([true]), json!(true), true),
        (json!([""]), json!(""), true),
        (json!([{"prefix": ""}]), json!("x"), true),
        (json!([{"prefix": {"equals-ignore-case": "EventB"}}]), json!("EvEnTb"), true),
        (json!([{"suffix": {"equals-ignore-case": ".png"}}]), json!("image.PNG"), true),
        (json!([{"equals-ignore-case": ""}]), json!("x"), false),
        (json!([{"numeric": [">", 0, "<=", 5]}]), json!(5), true),
        (json!([{"numeric": [">", 0, "<", 5]}]), json!(5), false),
        (json!([{"numeric": ["=", 3.018e2]}]), json!(301.8), true),
        (json!([{"numeric": [">", 100]}]), json!("300"), false),
        (json!([{"numeric": [">", 100]}]), json!(null), false),
        (json!([{"anything-but": "a"}]), json!("a"), false),
        (json!([{"anything-but": "a"}]), json!(null), true),
        (json!([{"anything-but": 0}]), json!(789), true),
        (json!([{"anything-but": ["a", "b"]}]), json!(["a", "c"]), true),
        (json!([{"anything-but": {"prefix": "init"}}]), json!(1), true),
        (json!([{"anything-but": {"suffix": [".txt", ".jpg"]}}]), json!("a.jpg"), false),
        (json!([{"anything-but": {"equals-ignore-case": ["initializing", "stopped"]}}]), json!("Stopped"), false),
        (json!([{"anything-but": {"wildcard": "*/dir/*"}}]), json!("a/dir/b"), false),
        (json!([{"wildcard": "/Users/*/dir/dir/dir/doc.txt"}]), json!("/Users/ls/dir/dir/dir/dir/doc.txt"), true),
        (json!([{"wildcard": "a*"}]), json!("ba"), false),
        (json!([{"wildcard": "ab*ba"}]), json!("aba"), false),
        (json!([{"wildcard": "1\\*2*"}]), json!("1*23"), true),
        (json!([{"cidr": "10.0.0.0/24"}]), json!("10.0.0.255"), true),
        (json!([{"cidr": "10.0.0.0/24"}]), json!("10.0.1.255"), false),
        (json!([{"cidr": "2001:db8:1234:1a00::/64"}]), json!("2001:0db8:1234:1a00:0123:4567:89ab:cdef"), true),
        (json!([{"cidr": "10.0.0.0/24"}]), json!("xx"), false),
        (json!([{"numeric": [">", 100]}, {"anything-but": "101"}]), json!("101"), false),
        (json!([{"numeric": [">", 100]}, {"anything-but": "101"}]), json!("42"), true),
    ];
    for (conditions, value, expected) in table {
        assert_eq!(passes(json!({"k": conditions}), json!({"k": value})), expected, "{conditions} against {value}");
    }
}

#[test]
fn presence_and_absence() {
    let absent = json!({"a": {"b": {"c": [{"exists": false}]}}});
    assert!(passes(absent.clone(), json!({"a": {"b": 1}})));
    assert!(passes(absent.clone(), json!({"x": 1})));
    assert!(!passes(absent, json!({"a": {"b": {"c": "v"}}})));
    assert!(!passes(json!({"a": [{"exists": true}]}), json!({"a": {"b": 1}})), "only leaves exist");
    assert!(passes(json!({"a": [{"exists": false}]}), json!({"a": []})));
    assert!(!passes(json!({"a": [{"exists": true}]}), json!({"a": []})));
    assert!(passes(json!({"a": {"id": [{"exists": true}]}}), json!({"a": [{"k": 1}, {"id": "x"}]})));
    assert!(!passes(json!({"a": [{"anything-but": "x"}]}), json!({})));
    assert!(passes(json!({"a": [{"anything-but": "x"}, {"exists": false}]}), json!({})));
}

#[test]
fn one_object_of_a_list_meets_all() {
    let pattern = json!({"items": {"kind": ["a"], "size": [1]}});
    assert!(passes(pattern.clone(), json!({"items": [{"kind": "b", "size": 1}, {"kind": "a", "size": 1}]})));
    assert!(!passes(pattern, json!({"items": [{"kind": "b", "size": 1}, {"kind": "a", "size": 2}]})));
}

#[test]
fn alternatives() {
    let pattern = json!({"source": ["s"], "$or": [{"m": [1]}, {"d": {"t": [2]}, "$or": [{"x": [1]}, {"y": [1]}]}]});
    assert!(passes(pattern.clone(), json!({"source": "s", "m": 1})));
    assert!(passes(pattern.clone(), json!({"source": "s", "d": {"t": 2}, "y": 1})));
    assert!(!passes(pattern.clone(), json!({"source": "s", "d": {"t": 2}})));
    assert!(!passes(pattern, json!({"source": "t", "m": 1})));
}

#[test]
fn dots_join_paths_on_both_sides() {
    assert!(passes(json!({"d": {"s": {"t": ["r"]}}}), json!({"d": {"s.t": "r"}})));
    assert!(!passes(json!({"d": {"s": {"t": ["r"]}}}), json!({"d": {"s.t": {"t": "r"}}})));
    assert!(passes(json!({"d": {"s.t": ["r"]}}), json!({"d": {"s": {"t": "r"}}})));
    assert!(!passes(json!({"d": {"s.t": {"t": ["r"]}}}), json!({"d": {"s": {"t": "r"}}})));
}

#[test]
fn refusals_of_topics() {
    let table = [
        (r#"{"key":[["value"]]}"#, "Match value must be String, number, true, false, or null", 10),
        (r#"{"key":[{"wrong-operator":true}]}"#, "Unrecognized match type wrong-operator", 31),
        (r#"{"key":[{"suffix":"value","prefix":"value2"}]}"#, "Only one key allowed in match expression", 37),
        (r#"{"key":[]}"#, "Empty arrays are not allowed", 10),
        (r#"{"key":[{"suffix":100}]}"#, "suffix match pattern must be a string", 22),
        (r#"{"key":[{"suffix":null}]}"#, "suffix match pattern must be a string", 23),
        (r#"{"key":{"suffix":"value"}}"#, "\"suffix\" must be an object or an array", 19),
        (r#"{"key":[{"suffix":["test","test2"]}]}"#, "suffix match pattern must be a string", 20),
        (r#"{"key":[{"cidr":["bad-filter"]}]}"#, "prefix match pattern must be a string", 18),
        (r#"{"key":[{"numeric":[]}]}"#, "Invalid member in numeric match: ]", 22),
        (r#"{"key":[{"numeric":["operator"]}]}"#, "Unrecognized numeric range operator: operator", 32),
        (r#"{"key":[{"numeric":[1,"<="]}]}"#, "Invalid member in numeric match: 1", 22),
        (r#"{"key":[{"numeric":["=","000"]}]}"#, "Value of equals must be numeric", 26),
        (r#"{"key":[{"numeric":[">="]}]}"#, "Value of >= must be numeric", 26),
        (r#"{"key":[{"numeric":["<",100,">",10]}]}"#, "Too many elements in numeric expression", 30),
        (r#"{"key":[{"numeric":[">=",1,">",2]}]}"#, "Bad numeric range operator: >", 31),
        (r#"{"key":[{"numeric":[">",3,"<",1]}]}"#, "Bottom must be less than top", 33),
        (r#"{"key":[{"numeric":[">",20,30]}]}"#, "Bad value in numeric range: 30", 30),
        (r#"{"key":[{"numeric":[">",20,"test"]}]}"#, "Bad numeric range operator: test", 34),
        (r#"{"key":[{"numeric":[">",20,"<","30"]}]}"#, "Value of < must be numeric", 33),
        (r#"{"key":[{"numeric":[">",20,"<",30,"<",50]}]}"#, "Too many terms in numeric range expression", 36),
        (r#"{"key":[{"exists":null}]}"#, "exists match pattern must be either true or false.", 23),
        (r#"{"key":[{"exists":"no"}]}"#, "exists match pattern must be either true or false.", 20),
        (r#"{"key":[{"anything-but":{"wrong-operator":null}}]}"#, "Unsupported anything-but pattern: wrong-operator", 47),
        (r#"{"key":[{"anything-but":{"suffix":"test"}}]}"#, "Unsupported anything-but pattern: suffix", 36),
        (r#"{"key":[{"anything-but":{"prefix":false}}]}"#, "prefix match pattern must be a string", 40),
    ];
    for (text, reason, column) in table {
        let expected = format!("{reason}\n at [Source: (String)\"{text}\"; line: 1, column: {column}]");
        assert_eq!(refused(text, Dialect::Topics), expected);
    }
    assert_eq!(refused(r#"{"key":[{"cidr":"bad-filter"}]}"#, Dialect::Topics), "Malformed CIDR, one '/' required");
    assert_eq!(refused(r#"{"key":[{"cidr":"bad-filter/64"}]}"#, Dialect::Topics), "Nonstandard IP address: bad-filter");
    assert_eq!(refused(r#"{"key":[{"cidr":"bad-/64filter"}]}"#, Dialect::Topics), "Malformed CIDR, mask bits must be an integer");
}

#[test]
fn refusals_of_events() {
    let table = [
        (r#"{"int": 42}"#, "\"int\" must be an object or an array", 11),
        (r#"{"detail": {"equal": [{"NUMERIC": ["=", 5]}]}}"#, "Unrecognized match type NUMERIC", 36),
        (r#"{"resources": []}"#, "Empty arrays are not allowed", 17),
        (r#"{"EventBusArn": [{"wildcard": "arn:aws:events:us-east-1:**:event-bus/*"}]}"#, "Consecutive wildcard characters at pos 26", 72),
        (r#"{"detail": {"FileName": [{"anything-but": {"prefix": ""}}]}}"#, "Null prefix/suffix not allowed", 56),
        (r#"{"detail": {"c-count": [{"numeric": 10}]}}"#, "Value of numeric must be an array.", 39),
        (r#"{"detail": {"state": [{"anything-but": null}]}}"#, "Value of anything-but must be an array or single string/number value.", 44),
        (
            "this is valid json but not a dict",
            "Unrecognized token 'this': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            5,
        ),
        ("{'bad': 'quotation'}", "Unexpected character (''' (code 39)): was expecting double-quote to start field name", 2),
        (
            "{\"not\": closed mark\"",
            "Unrecognized token 'closed': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
            15,
        ),
        (r#"["not", "a", "dict", "but valid json"]"#, "Filter is not an object", 2),
    ];
    for (text, reason, column) in table {
        let expected = format!("{reason}\n at [Source: (String)\"{text}\"; line: 1, column: {column}]");
        assert_eq!(refused(text, Dialect::Events), expected);
    }
    let listed = r#"{"detail": {"state": [{"anything-but": ["stopped", null]}]}}"#;
    let place = format!("\n at [Source: (String)\"{listed}\"; line: 1, column: 56]");
    let reason = "Inside anything but list, start|null|boolean is not supported.";
    assert_eq!(refused(listed, Dialect::Events), format!("{reason}{place}{place}"));
    let stars = r#"{"EventBusArn": [{"wildcard": "*:*:*:*:*:event-bus/*"}]}"#;
    assert!(refused(stars, Dialect::Events).starts_with("Rule is too complex"));
}

#[test]
fn complexity_of_topics() {
    let filter = |v: Value| Filter::parse(&v.to_string(), Dialect::Topics).unwrap();
    let nested = filter(json!({"a": {"b": {"c": ["1", "2", "3", "4"]}}, "d": {"e": ["1", "2", "3"]}, "f": ["1", "2", "3"]}));
    assert_eq!((nested.combinations(), nested.is_nested(), nested.keys()), (216, true, 3));
    let or = json!({"s": [1, 2, 3], "$or": [{"m": [1, 2, 3, 4, 5, 6]}, {"t": [1, 2, 3, 4], "$or": [{"i": [1, 2, 3, 4]}, {"p": [1, 2, 3, 4, 5, 6, 7]}]}]});
    assert_eq!((filter(or.clone()).combinations(), filter(or.clone()).is_nested(), filter(or).keys()), (150, false, 3));
}

#[test]
fn hostile_texts_end_soon() {
    for text in ["", "{", "{\"a\"", "{\"a\":[", "{\"a\":[\"", "[[[[", "{\"a\":[1e999]}", "{} x", "{\"a\":[1]} x", "{\"a\":[\"\\ud800\"]}"] {
        assert!(Filter::parse(text, Dialect::Events).is_err(), "{text}");
    }
    assert!(Filter::parse(&"{\"a\":".repeat(50_000), Dialect::Events).is_err());
    assert!(Filter::parse(&format!("{{\"a\":{}1{}}}", "[".repeat(5_000), "]".repeat(5_000)), Dialect::Events).is_err());
    assert!(Filter::parse(&format!("{{\"{}\":[1]}}", "a.".repeat(100_000)), Dialect::Events).is_err());
    let many: String = (0..30_000).map(|i| format!("\"k{i}\":[1],")).collect();
    assert!(Filter::parse(&format!("{{{many}\"k\":[1]}}"), Dialect::Events).is_err());
    let dots = json!({ "a": 1, ".".repeat(200_000): [{ "b.c": 1 }] });
    assert!(passes(json!({ "a": [1] }), dots));
}
