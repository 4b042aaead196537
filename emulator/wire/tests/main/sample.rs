//! A small model as codegen would write it, and requests against it.

use std::collections::BTreeMap;
use wire::{
    Bytes, DecodeError, Decoded, Dynamic, FaultTraits, Kind, Member, OperationSchema, Pattern, Place, Protocol, Schema, ServiceSchema,
    Structure, Timestamp, Traits, request, violations_message,
};

static P_NAME: Pattern = Pattern::new("[a-zA-Z0-9-_]+");
static P_ARN: Pattern = Pattern::new("arn:.*");

static TEXT: Schema = Schema::new("Text", Kind::String);
static NAME: Schema = Schema::new("FunctionName", Kind::String).min(1.0).max(8.0).pattern(&P_NAME);
static SIZE: Schema = Schema::new("Size", Kind::Integer).min(1.0).max(10.0);
static WEIGHT: Schema = Schema::new("Weight", Kind::Double).min(0.0).max(1.0);
static LONG: Schema = Schema::new("Long", Kind::Long);
static BOOLEAN: Schema = Schema::new("Boolean", Kind::Boolean);
static TIME: Schema = Schema::new("Time", Kind::Timestamp(None));
static BLOB: Schema = Schema::new("Blob", Kind::Blob);
static COLOR: Schema = Schema::new("Color", Kind::Enum(Color::TEXTS));
static LAYER: Schema = Schema::new("LayerArn", Kind::String).min(1.0).max(20.0).pattern(&P_ARN);
static LAYERS: Schema = Schema::new("Layers", Kind::List(&Member::new("member", &LAYER)));
static COLORS: Schema = Schema::new("Colors", Kind::List(&Member::new("member", &COLOR))).max(2.0);
static WEIGHTS: Schema = Schema::new("Weights", Kind::Map(&Member::new("key", &VERSION), &Member::new("value", &WEIGHT)));
static VERSION: Schema = Schema::new("Version", Kind::String).min(1.0).max(1024.0).pattern(&P_VERSION);
static P_VERSION: Pattern = Pattern::new("[0-9]+");
static TARGETS: Schema = Schema::new("Targets", Kind::List(&Member::new("member", &TARGET))).max(3.0);

pub(crate) static TARGET: Schema = Schema::new(
    "Target",
    Kind::Structure(&[
        Member::new("Id", &NAME).required(),
        Member::new("Targets", &TARGETS),
        Member::new("Data", &BLOB),
        Member::new("Flat", &LAYERS).flat(),
    ]),
);
static CHOICE: Schema = Schema::new("Choice", Kind::Structure(&[Member::new("Text", &TEXT), Member::new("Number", &LONG)]))
    .traits(Traits { union: true, ..Traits::NONE });

pub(crate) static INPUT: Schema = Schema::new(
    "PutThingRequest",
    Kind::Structure(&[
        Member::new("FunctionName", &NAME).required(),
        Member::new("Size", &SIZE),
        Member::new("Color", &COLOR),
        Member::new("Layers", &LAYERS),
        Member::new("Colors", &COLORS),
        Member::new("Weights", &WEIGHTS),
        Member::new("Targets", &TARGETS),
        Member::new("When", &TIME),
        Member::new("Enabled", &BOOLEAN),
        Member::new("Choice", &CHOICE),
    ]),
);
static OUTPUT: Schema = Schema::new("PutThingResponse", Kind::Structure(&[Member::new("Thing", &TEXT)]));

static NOT_FOUND: Schema = Schema::new(
    "ThingNotFound",
    Kind::Structure(&[
        Member::new("Message", &TEXT),
        Member::new("Type", &TEXT),
        Member::new("RetryAfter", &LONG).at(Place::Header, "Retry-After"),
    ]),
)
.traits(Traits { fault: Some(FaultTraits { code: "Thing.NotFound", status: 404, sender: true }), ..Traits::NONE });

pub(crate) static PUT_THING: OperationSchema = OperationSchema {
    name: "PutThing",
    method: "POST",
    uri: "/things",
    status: 200,
    input: &INPUT,
    output: &OUTPUT,
    result_wrapper: Some("PutThingResult"),
    faults: &[&NOT_FOUND],
    unsigned: false,
};

pub(crate) static SERVICE: ServiceSchema = ServiceSchema {
    name: "things",
    service_id: "Things",
    signing_name: "things",
    endpoint_prefix: "things",
    target_prefix: Some("Things"),
    protocols: &[Protocol::Json10, Protocol::Query],
    api_version: "2020-01-01",
    xml_namespace: Some("https://things.example.com/"),
    bare_errors: false,
    query_compatible: true,
    operations: &[&PUT_THING],
    refused: &[],
    faults: &[&NOT_FOUND],
};

wire::enumeration! {
    /// Colours.
    Color { Red = "RED", Green = "GREEN" }
}

/// A generated structure.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Target {
    pub(crate) id: String,
    pub(crate) targets: Option<Vec<Target>>,
    pub(crate) data: Option<Bytes>,
    pub(crate) flat: Option<Vec<String>>,
}
wire::structure!(Target, TARGET, 0 id, 1 targets, 2 data, 3 flat);

/// A generated input.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PutThing {
    pub(crate) function_name: String,
    pub(crate) size: Option<i32>,
    pub(crate) color: Option<Color>,
    pub(crate) layers: Option<Vec<String>>,
    pub(crate) colors: Option<Vec<Color>>,
    pub(crate) weights: Option<BTreeMap<String, f64>>,
    pub(crate) targets: Option<Vec<Target>>,
    pub(crate) when: Option<Timestamp>,
    pub(crate) enabled: Option<bool>,
    pub(crate) choice: Option<Choice>,
}
wire::structure!(PutThing, INPUT, 0 function_name, 1 size, 2 color, 3 layers, 4 colors, 5 weights, 6 targets, 7 when, 8 enabled, 9 choice);

/// A generated union.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Choice {
    pub(crate) text: Option<String>,
    pub(crate) number: Option<i64>,
}
wire::structure!(Choice, CHOICE, 0 text, 1 number);

pub(crate) fn head() -> http::request::Parts {
    http::Request::new(()).into_parts().0
}

/// Decodes a body of a protocol.
pub(crate) fn decode(protocol: Protocol, body: impl Into<Bytes>) -> Result<(PutThing, Decoded), DecodeError> {
    let mut input = PutThing::default();
    let decoded = request::decode(protocol, &PUT_THING, &head(), &[], &body.into(), &mut input)?;
    Ok((input, decoded))
}

/// AWS's sentence for the JSON body, or why it is malformed.
pub(crate) fn refusal(json: &'static str) -> String {
    sentence(decode(Protocol::Json11, json))
}

pub(crate) fn sentence<T: std::fmt::Debug>(result: Result<T, DecodeError>) -> String {
    match result {
        Err(DecodeError::Invalid(violations)) => violations_message(&violations),
        Err(error) => format!("malformed: {error}"),
        Ok(value) => panic!("accepted: {value:?}"),
    }
}

/// A dynamic input.
pub(crate) fn dynamic() -> Dynamic {
    let mut value = Dynamic::new(&INPUT);
    let _: &mut dyn Structure = value.as_structure().expect("an input is a structure");
    value
}
