//! Each keyword, what is told of each, and the bounds.

use super::{super::memo::Memo, *};
use serde_json::json;

fn fits(schema: &Value, value: &Value) -> bool {
    Checker::new(schema, &Memo::default(), value.to_string().len()).fits(value)
}
fn told(schema: &Value, value: &Value) -> String {
    let memo = Memo::default();
    let mut checker = Checker::new(schema, &memo, 0);
    assert!(!checker.fits(value), "{schema} refuses {value}");
    checker.told()
}

#[test]
fn each_keyword_accepts_and_rejects() {
    let cases = [
        (json!({ "type": "object", "required": ["a"] }), json!({ "a": 1 }), json!({ "b": 1 })),
        (json!({ "type": ["string", "null"] }), json!(null), json!(1)),
        (json!({ "type": "integer" }), json!(2.0), json!(2.5)),
        (
            json!({ "properties": { "a": { "type": "string" } }, "additionalProperties": false }),
            json!({ "a": "x" }),
            json!({ "a": "x", "b": 1 }),
        ),
        (json!({ "patternProperties": { "^n": { "type": "number" } } }), json!({ "n1": 1, "x": "" }), json!({ "n1": "" })),
        (json!({ "items": { "type": "number" }, "minItems": 1, "maxItems": 2 }), json!([1]), json!(["x"])),
        (json!({ "items": [{ "type": "number" }], "additionalItems": false }), json!([1]), json!([1, 2])),
        (json!({ "uniqueItems": true }), json!([1, 2]), json!([1, 1.0])),
        (json!({ "minLength": 2, "maxLength": 3, "pattern": "^a" }), json!("ab"), json!("ba")),
        (json!({ "minimum": 1, "exclusiveMinimum": true }), json!(1.1), json!(1)),
        (json!({ "maximum": 3, "multipleOf": 0.5 }), json!(2.5), json!(2.6)),
        (json!({ "enum": ["a", 1] }), json!(1.0), json!("b")),
        (json!({ "allOf": [{ "type": "number" }, { "minimum": 2 }] }), json!(2), json!(1)),
        (json!({ "anyOf": [{ "type": "number" }, { "type": "string" }] }), json!("x"), json!(true)),
        (json!({ "oneOf": [{ "type": "number" }, { "minimum": 2 }] }), json!(1), json!(3)),
        (json!({ "not": { "type": "string" } }), json!(1), json!("x")),
        (json!({ "dependencies": { "a": ["b"] } }), json!({ "a": 1, "b": 1 }), json!({ "a": 1 })),
        (json!({ "format": "date-time" }), json!("2015-01-25T08:00:00Z"), json!("yesterday")),
        (
            json!({ "$ref": "#/definitions/p", "definitions": { "p": { "required": ["n"], "properties": { "c": { "$ref": "#/definitions/p" } } } } }),
            json!({ "n": 1, "c": { "n": 2 } }),
            json!({ "n": 1, "c": {} }),
        ),
    ];
    for (schema, good, bad) in cases {
        assert!(fits(&schema, &good), "{schema} takes {good}");
        assert!(!fits(&schema, &bad), "{schema} refuses {bad}");
    }
}

#[test]
fn a_schema_that_refers_to_itself_ends() {
    assert!(!fits(&json!({ "$ref": "#" }), &json!(1)));
    let doubling = json!({ "allOf": [{ "$ref": "#" }, { "$ref": "#" }] });
    assert!(!fits(&doubling, &json!(1)));
}

#[test]
fn large_bodies_are_checked_in_their_own_time() {
    let unique = json!({ "type": "array", "uniqueItems": true, "items": { "type": "string", "pattern": "^(?=.*[0-9])[a-z0-9]{1,20}$" } });
    let mut items: Vec<Value> = (0..150_000).map(|n| json!(format!("item{n}"))).collect();
    assert!(fits(&unique, &Value::Array(items.clone())));
    items.push(json!("item7"));
    assert!(!fits(&unique, &Value::Array(items)));
    let pets = json!({ "items": { "properties": { "a": { "type": "integer" }, "b": { "type": "integer" } } } });
    let many = Value::Array(vec![json!({ "a": 1, "b": 2 }); 120_000]);
    assert!(fits(&pets, &many), "more values than a small body may have");
    let wide = json!({ "definitions": { "all": { "anyOf": vec![json!({ "$ref": "#/definitions/leaf" }); 5000] }, "leaf": { "enum": (1..5000).collect::<Vec<i32>>() } },
        "items": { "$ref": "#/definitions/all" } });
    assert!(!fits(&wide, &json!(vec![0; 1000])), "it has no end worth waiting for");
}

#[test]
fn the_same_value_in_other_words() {
    let unique = json!({ "uniqueItems": true });
    assert!(!fits(&unique, &json!([{ "a": 1, "b": [2] }, { "b": [2.0], "a": 1 }])));
    assert!(fits(&unique, &json!(["1", 1, true, null, [], {}])));
    assert!(fits(&json!({ "enum": [{ "a": 1 }] }), &json!({ "a": 1.0 })));
}

#[test]
fn what_does_not_fit_is_told() {
    let schema = json!({ "type": "object", "required": ["name", "age"], "additionalProperties": false,
        "properties": { "name": { "type": "string", "minLength": 2 }, "age": { "type": "integer", "minimum": 0 }, "kind": { "enum": ["cat", "dog"] } } });
    for (value, sentences) in [
        (json!("x"), "[instance type (string) does not match any allowed primitive type (allowed: [\"object\"])]"),
        (json!({}), "[object has missing required properties ([\"age\",\"name\"])]"),
        (
            json!({ "name": 1, "age": -1 }),
            "[instance type (integer) does not match any allowed primitive type (allowed: [\"string\"]), numeric instance is lower than the required minimum (minimum: 0, found: -1)]",
        ),
        (json!({ "name": "a", "age": 1 }), "[string \"a\" is too short (length: 1, required minimum: 2)]"),
        (
            json!({ "name": "ab", "age": 1, "kind": "cow", "z": 1 }),
            "[object instance has properties which are not allowed by the schema: [\"z\"], instance value (\"cow\") not found in enum (possible values: [\"cat\",\"dog\"])]",
        ),
    ] {
        assert_eq!(told(&schema, &value), sentences);
    }
    let either = json!({ "oneOf": [{ "type": "string" }, { "type": "null" }] });
    assert_eq!(told(&either, &json!(1)), "[instance failed to match exactly one schema (matched 0 out of 2)]");
}
