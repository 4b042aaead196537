//! Canonical JSON and kept values.

use crate::sample::{Choice, Color, INPUT, PutThing, Target, dynamic, sentence};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use wire::{Bytes, Kept, Timestamp, canonical};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct State {
    #[serde(with = "wire::kept")]
    one: Option<Target>,
    #[serde(with = "wire::kept")]
    many: Vec<Target>,
    #[serde(with = "wire::kept")]
    named: BTreeMap<String, Target>,
    pair: (Kept<Target>, u8),
}

fn thing() -> PutThing {
    PutThing {
        function_name: "f".into(),
        size: Some(2),
        color: Some(Color::Green),
        weights: Some(BTreeMap::from([("1".to_string(), 0.25)])),
        targets: Some(vec![Target { id: "a".into(), data: Some(Bytes::from_static(b"\xff\x00")), ..Target::default() }]),
        when: Some(Timestamp { unix_ns: 1_576_540_098_123_456_789 }),
        choice: Some(Choice { number: Some(i64::MAX), ..Choice::default() }),
        ..PutThing::default()
    }
}

#[test]
fn canonical_json_comes_back() {
    let json = canonical::to_json(&INPUT, &thing());
    assert_eq!(
        json,
        json!({"FunctionName": "f", "Size": 2, "Color": "GREEN", "Weights": {"1": 0.25}, "Targets": [{"Id": "a", "Data": "/wA="}],
            "When": "2019-12-16T23:48:18.123456789Z", "Choice": {"Number": i64::MAX}})
    );
    let mut back = PutThing::default();
    canonical::from_json(&INPUT, &json, &mut back).unwrap();
    assert_eq!(back, thing());
}

#[test]
fn canonical_json_is_taken_as_people_write_it() {
    let mut input = PutThing::default();
    let decoded = canonical::from_json(
        &INPUT,
        &json!({"functionName": "f", "Size": "3", "enabled": "true", "When": 1576540098, "Nonsense": 1}),
        &mut input,
    )
    .unwrap();
    assert_eq!((input.size, input.enabled, input.when), (Some(3), Some(true), Some(Timestamp::from_secs(1_576_540_098))));
    assert_eq!(decoded.unknown, ["nonsense"]);
    let refused = canonical::from_json(&INPUT, &json!({"functionName": "far-too-long", "Color": "BLUE"}), &mut input);
    assert!(sentence(refused).starts_with("2 validation errors detected: Value 'far-too-long' at 'functionName'"));
    let refused = canonical::from_json(&INPUT, &json!({"functionName": "f", "Layers": 1}), &mut input);
    assert_eq!(sentence(refused), "malformed: Expected a list at 'layers'");
}

#[test]
fn kept_values_come_back() {
    let target = || Target {
        id: "a".into(),
        targets: Some(vec![Target { id: "b".into(), ..Target::default() }]),
        data: Some(Bytes::from_static(b"x")),
        flat: None,
    };
    let state =
        State { one: Some(target()), many: vec![target()], named: BTreeMap::from([("k".into(), target())]), pair: (Kept(target()), 1) };
    let text = serde_json::to_string(&state).unwrap();
    assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
    assert!(text.contains(r#""one":{"Id":"a""#));
}

#[test]
fn what_was_accepted_once_stays_readable() {
    let old = r#"{"one":{"Id":"breaks today's constraints!","Gone":1},"many":[{}],"named":{},"pair":[{"Id":"x"},1]}"#;
    let state: State = serde_json::from_str(old).unwrap();
    assert_eq!(state.one.unwrap().id, "breaks today's constraints!");
    assert_eq!(state.many.len(), 1);
}

#[test]
fn a_kept_enum_that_is_gone_is_an_error_and_not_another_value() {
    #[derive(Debug, Deserialize)]
    struct State(#[allow(dead_code)] Kept<PutThing>);
    let error = serde_json::from_str::<State>(r#"{"FunctionName":"f","Color":"BLUE"}"#).unwrap_err().to_string();
    assert!(error.contains("PutThingRequest: 'BLUE' is not in the set at 'color'"), "{error}");
}

#[test]
fn dynamic_values_are_like_generated_ones() {
    let json = canonical::to_json(&INPUT, &thing());
    let mut value = dynamic();
    canonical::from_json(&INPUT, &json, value.as_structure().unwrap()).unwrap();
    assert_eq!(canonical::to_json(&INPUT, value.as_structure().unwrap()), json);
}
