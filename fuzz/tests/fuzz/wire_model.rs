//! A service that has a member of every kind in every place, and speaks every protocol.

use wire::{FaultTraits, Kind, Member, OperationSchema, Pattern, Place, Protocol, Schema, ServiceSchema, TimestampFormat, Traits};

static P_NAME: Pattern = Pattern::new("[a-zA-Z0-9-_]+");
static P_AHEAD: Pattern = Pattern::new("(?!aws:)[\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*");

static TEXT: Schema = Schema::new("Text", Kind::String);
static NAME: Schema = Schema::new("Name", Kind::String).min(1.0).max(64.0).pattern(&P_NAME);
static TAG: Schema = Schema::new("Tag", Kind::String).max(256.0).pattern(&P_AHEAD);
static SIZE: Schema = Schema::new("Size", Kind::Integer).min(1.0).max(1000.0);
static LONG: Schema = Schema::new("Long", Kind::Long);
static FLOAT: Schema = Schema::new("Float", Kind::Float);
static WEIGHT: Schema = Schema::new("Weight", Kind::Double).min(0.0).max(1.0);
static BOOLEAN: Schema = Schema::new("Boolean", Kind::Boolean);
static TIME: Schema = Schema::new("Time", Kind::Timestamp(None));
static BLOB: Schema = Schema::new("Blob", Kind::Blob).max(1024.0);
static COLOUR: Schema = Schema::new("Colour", Kind::Enum(&["RED", "GREEN"]));
static ANY: Schema = Schema::new("Any", Kind::Document);
static TAGS: Schema = Schema::new("Tags", Kind::List(&Member::new("member", &TAG))).max(50.0);
static WEIGHTS: Schema = Schema::new("Weights", Kind::Map(&Member::new("key", &NAME), &Member::new("value", &WEIGHT)));
static TEXTS: Schema = Schema::new("Texts", Kind::Map(&Member::new("key", &TEXT), &Member::new("value", &TEXT)));
static TREES: Schema = Schema::new("Trees", Kind::List(&Member::new("member", &TREE))).max(3.0);
static FOREST: Schema = Schema::new("Forest", Kind::Map(&Member::new("key", &TEXT), &Member::new("value", &TREE)));
static TREE: Schema = Schema::new(
    "Tree",
    Kind::Structure(&[
        Member::new("Name", &NAME).required(),
        Member::new("Trees", &TREES),
        Member::new("Forest", &FOREST),
        Member::new("Leaf", &BLOB),
        Member::new("Flat", &TAGS).flat(),
    ]),
);
static CHOICE: Schema =
    Schema::new("Choice", Kind::Structure(&[Member::new("Text", &TEXT), Member::new("Number", &LONG), Member::new("Tree", &TREE)]))
        .traits(Traits { union: true, ..Traits::NONE });

static BODY: Schema = Schema::new(
    "PutThingRequest",
    Kind::Structure(&[
        Member::new("Name", &NAME).required(),
        Member::new("Size", &SIZE),
        Member::new("Long", &LONG),
        Member::new("Float", &FLOAT),
        Member::new("Weight", &WEIGHT),
        Member::new("Enabled", &BOOLEAN),
        Member::new("Colour", &COLOUR),
        Member::new("When", &TIME),
        Member::new("Day", &TIME).format(TimestampFormat::DateTime),
        Member::new("Data", &BLOB),
        Member::new("Tags", &TAGS),
        Member::new("Weights", &WEIGHTS),
        Member::new("Texts", &TEXTS).flat(),
        Member::new("Tree", &TREE),
        Member::new("Choice", &CHOICE),
    ]),
);

static BOUND: Schema = Schema::new(
    "MoveThingRequest",
    Kind::Structure(&[
        Member::new("Name", &NAME).at(Place::Uri, "Name").required(),
        Member::new("Path", &TEXT).at(Place::Uri, "Path").required(),
        Member::new("Size", &SIZE).at(Place::Query, "size"),
        Member::new("Tags", &TAGS).at(Place::Query, "tag"),
        Member::new("Rest", &TEXTS).at(Place::Query, "rest"),
        Member::new("When", &TIME).at(Place::Header, "x-when"),
        Member::new("Note", &TEXT).at(Place::Header, "x-note"),
        Member::new("Weight", &WEIGHT).at(Place::Header, "x-weight"),
        Member::new("List", &TAGS).at(Place::Header, "x-list"),
        Member::new("Meta", &TEXTS).at(Place::Headers, "x-meta-"),
        Member::new("Tree", &TREE),
        Member::new("Enabled", &BOOLEAN),
        Member::new("Choice", &CHOICE),
    ]),
);

static PAID: Schema = Schema::new(
    "PlantRequest",
    Kind::Structure(&[Member::new("Name", &NAME).at(Place::Uri, "Name").required(), Member::new("Tree", &TREE)]),
)
.traits(Traits { payload: Some("Tree"), ..Traits::NONE });

static DOCUMENT: Schema = Schema::new("TellRequest", Kind::Structure(&[Member::new("Name", &NAME), Member::new("Any", &ANY)]));

static NOT_FOUND: Schema = Schema::new(
    "ThingNotFound",
    Kind::Structure(&[Member::new("Message", &TEXT), Member::new("RetryAfter", &LONG).at(Place::Header, "Retry-After")]),
)
.traits(Traits { fault: Some(FaultTraits { code: "Thing.NotFound", status: 404, sender: true }), ..Traits::NONE });

static FAULTS: &[&Schema] = &[&NOT_FOUND];

const fn echo(name: &'static str, method: &'static str, uri: &'static str, schema: &'static Schema) -> OperationSchema {
    // What goes in comes out: every input that can be read can be written.
    OperationSchema {
        name,
        method,
        uri,
        status: 200,
        input: schema,
        output: schema,
        result_wrapper: Some("Result"),
        faults: FAULTS,
        unsigned: false,
    }
}

/// Members in the body alone.
pub static PUT_THING: OperationSchema = echo("PutThing", "POST", "/things", &BODY);
static MOVE_THING: OperationSchema = echo("MoveThing", "PUT", "/things/{Name}/to/{Path+}?kind=a", &BOUND);
static PLANT: OperationSchema = echo("Plant", "PUT", "/trees/{Name}", &PAID);
/// With a member that may be any JSON, which only JSON protocols carry.
static TELL: OperationSchema = echo("Tell", "POST", "/tell", &DOCUMENT);

const fn service(protocols: &'static [Protocol], operations: &'static [&'static OperationSchema]) -> ServiceSchema {
    ServiceSchema {
        name: "things",
        service_id: "Things",
        signing_name: "things",
        endpoint_prefix: "things",
        target_prefix: Some("Things"),
        protocols,
        api_version: "2020-01-01",
        xml_namespace: Some("https://things.example.com/"),
        bare_errors: false,
        query_compatible: true,
        operations,
        refused: &[],
        faults: FAULTS,
    }
}

/// The service by the first word of a sample.
pub static THINGS: [(&str, ServiceSchema); 7] = [
    ("json10", service(&[Protocol::Json10], &[&PUT_THING, &TELL])),
    ("json11", service(&[Protocol::Json11], &[&PUT_THING, &TELL])),
    ("rest-json", service(&[Protocol::RestJson], &[&PUT_THING, &MOVE_THING, &PLANT, &TELL])),
    ("rest-xml", service(&[Protocol::RestXml], &[&PUT_THING, &MOVE_THING, &PLANT])),
    ("query", service(&[Protocol::Query], &[&PUT_THING])),
    ("ec2", service(&[Protocol::Ec2], &[&PUT_THING])),
    ("cbor", service(&[Protocol::Cbor], &[&PUT_THING])),
];
