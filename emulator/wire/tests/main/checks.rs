//! Constraints of the model in AWS's own sentences (each form recorded from AWS).

use crate::sample::{Color, decode, refusal, sentence};
use wire::{Protocol, Timestamp};

#[test]
fn lengths_patterns_and_absence() {
    assert_eq!(
        refusal("{}"),
        "1 validation error detected: Value null at 'functionName' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        refusal(r#"{"FunctionName":"aaaaaaaaa"}"#),
        "1 validation error detected: Value 'aaaaaaaaa' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 8"
    );
    assert_eq!(
        refusal(r#"{"FunctionName":"!@#"}"#),
        "1 validation error detected: Value '!@#' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+"
    );
    assert_eq!(
        refusal(r#"{"FunctionName":""}"#),
        "2 validation errors detected: Value '' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+; \
         Value '' at 'functionName' failed to satisfy constraint: Member must have length greater than or equal to 1"
    );
}

#[test]
fn values_and_enums() {
    assert_eq!(
        refusal(r#"{"FunctionName":"f","Size":11}"#),
        "1 validation error detected: Value '11' at 'size' failed to satisfy constraint: Member must have value less than or equal to 10"
    );
    assert_eq!(
        refusal(r#"{"FunctionName":"f","Size":0}"#),
        "1 validation error detected: Value '0' at 'size' failed to satisfy constraint: Member must have value greater than or equal to 1"
    );
    assert_eq!(
        refusal(r#"{"FunctionName":"f","Color":"BLUE"}"#),
        "1 validation error detected: Value 'BLUE' at 'color' failed to satisfy constraint: Member must satisfy enum value set: [RED, GREEN]"
    );
}

#[test]
fn lists_and_maps_of_scalars_are_told_about_once() {
    assert_eq!(
        refusal(r#"{"FunctionName":"f","Colors":["RED","BLUE"]}"#),
        "1 validation error detected: Value '[RED, BLUE]' at 'colors' failed to satisfy constraint: \
         Member must satisfy constraint: [Member must satisfy enum value set: [RED, GREEN], Member must not be null]"
    );
    assert_eq!(
        refusal(r#"{"FunctionName":"f","Layers":["x"]}"#),
        "1 validation error detected: Value '[x]' at 'layers' failed to satisfy constraint: Member must satisfy constraint: \
         [Member must have length less than or equal to 20, Member must have length greater than or equal to 1, \
         Member must satisfy regular expression pattern: arn:.*, Member must not be null]"
    );
    assert_eq!(
        refusal(r#"{"FunctionName":"f","Colors":["RED","RED","RED"]}"#),
        "1 validation error detected: Value '[RED, RED, RED]' at 'colors' failed to satisfy constraint: Member must have length less than or equal to 2"
    );
    assert_eq!(
        refusal(r#"{"FunctionName":"f","Weights":{"2":2}}"#),
        "1 validation error detected: Value '{2=2.0}' at 'weights' failed to satisfy constraint: Map value must satisfy constraint: \
         [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]"
    );
    assert_eq!(
        refusal(r#"{"FunctionName":"f","Weights":{"$LATEST":0.5}}"#),
        "1 validation error detected: Value '{$LATEST=0.5}' at 'weights' failed to satisfy constraint: Map keys must satisfy constraint: \
         [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, \
         Member must satisfy regular expression pattern: [0-9]+]"
    );
}

#[test]
fn paths_go_through_lists() {
    assert_eq!(
        refusal(r#"{"FunctionName":"f","Targets":[{"Id":"a"},{"Id":"!"},{"Targets":[{}],"Id":"b"}]}"#),
        "2 validation errors detected: Value '!' at 'targets.2.member.id' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [a-zA-Z0-9-_]+; \
         Value null at 'targets.3.member.targets.1.member.id' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        refusal(r#"{"FunctionName":"f","Targets":[{"Id":"a"},{"Id":"b"},{"Id":"c"},{"Id":"d"}]}"#),
        "1 validation error detected: Value '[Target(id=a, targets=null, data=null, flat=null), Target(id=b, targets=null, data=null, flat=null), \
         Target(id=c, targets=null, data=null, flat=null), Target(id=d, targets=null, data=null, flat=null)]' at 'targets' failed to satisfy constraint: \
         Member must have length less than or equal to 3"
    );
    let query = sentence(decode(Protocol::Query, "Action=PutThing&FunctionName=f&Targets.member.1.Id=a&Targets.member.2.Id=%21"));
    assert!(query.contains("Value '!' at 'targets.2.member.id'"), "{query}");
}

#[test]
fn wrong_types_are_malformed() {
    assert_eq!(refusal(r#"{"FunctionName":5}"#), "malformed: NUMBER_VALUE can not be converted to a String");
    assert_eq!(refusal(r#"{"FunctionName":"f","Size":"5"}"#), "malformed: STRING_VALUE can not be converted to an Integer");
    assert_eq!(refusal(r#"{"FunctionName":["f"]}"#), "malformed: Start of structure or map found where not expected.");
    assert_eq!(refusal(r#"{"FunctionName":"f","Layers":"x"}"#), "malformed: Expected list or null");
    assert_eq!(refusal(r#"{"FunctionName":"f","Size":1.5}"#), "malformed: 1.5 can not be converted to an Integer");
    assert_eq!(refusal(r#"{"FunctionName":"f","Size":3000000000}"#), "malformed: 3000000000 can not be converted to an Integer");
    assert_eq!(refusal("[]"), "malformed: Found a list where a structure was expected");
    assert_eq!(refusal(r#"{"FunctionName":"f""#), "malformed: Unexpected end of the JSON body");
    assert_eq!(
        refusal(r#"{"FunctionName":"f","Choice":{"Text":"a","Number":1}}"#),
        "malformed: Exactly one member of the union Choice must be set"
    );
    assert_eq!(sentence(decode(Protocol::Query, "FunctionName=f&Enabled=yes")), "malformed: 'yes' can not be converted to a Boolean");
}

#[test]
fn what_the_model_does_not_know_is_named() {
    let (input, decoded) =
        decode(Protocol::Json11, r#"{"FunctionName":"f","Nonsense":{"a":[1,{"b":null}]},"Targets":[{"Id":"a","Extra":1}],"__type":"x"}"#)
            .unwrap();
    assert_eq!(input.function_name, "f");
    assert_eq!(decoded.unknown, ["nonsense", "targets.1.member.extra"]);
    let (_, decoded) = decode(Protocol::Query, "Action=PutThing&Version=2020-01-01&FunctionName=f&Nonsense.member.1=x").unwrap();
    assert_eq!(decoded.unknown, ["nonsense.member.1"]);
}

#[test]
fn every_kind_arrives() {
    let json = r#"{"FunctionName":"f","Size":3,"Color":"GREEN","Layers":["arn:1"],"Colors":[],"Weights":{"1":0.5,"2":1},"Targets":[{"Id":"a","Data":"aGk="}],
        "When":1576540098.5,"Enabled":true,"Choice":{"Number":9007199254740993}}"#;
    let (input, _) = decode(Protocol::Json11, json).unwrap();
    assert_eq!((input.size, input.color, input.enabled), (Some(3), Some(Color::Green), Some(true)));
    assert_eq!(input.layers.as_deref(), Some(&["arn:1".to_string()][..]));
    assert_eq!(input.colors.as_deref(), Some(&[][..]));
    assert_eq!(input.weights.as_ref().map(|w| w["2"]), Some(1.0));
    assert_eq!(input.targets.as_ref().and_then(|t| t[0].data.clone()).as_deref(), Some(&b"hi"[..]));
    assert_eq!(input.when, Some(Timestamp::from_millis(1_576_540_098_500)));
    assert_eq!(input.choice.and_then(|c| c.number), Some(9_007_199_254_740_993));
    let (null, _) = decode(Protocol::Json11, r#"{"FunctionName":"f","Size":null,"Layers":null}"#).unwrap();
    assert_eq!((null.size, null.layers), (None, None));
}
