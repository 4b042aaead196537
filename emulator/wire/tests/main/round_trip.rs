//! Any value that the model allows comes back from every protocol as it went: values are made from a seed.

use crate::vectors::model;
use wire::{Bytes, Dynamic, Kind, Member, Protocol, Schema, ServiceSchema, Slot, Timestamp, Value, canonical, request, response};

static TEXT: Schema = Schema::new("Text", Kind::String);
static ENUM: Schema = Schema::new("Enum", Kind::Enum(&["A", "b c", "<&>"]));
static INTEGER: Schema = Schema::new("Integer", Kind::Integer);
static LONG: Schema = Schema::new("Long", Kind::Long);
static FLOAT: Schema = Schema::new("Float", Kind::Float);
static DOUBLE: Schema = Schema::new("Double", Kind::Double);
static BOOLEAN: Schema = Schema::new("Boolean", Kind::Boolean);
static BLOB: Schema = Schema::new("Blob", Kind::Blob);
static TIME: Schema = Schema::new("Time", Kind::Timestamp(None));
static TEXTS: Schema = Schema::new("Texts", Kind::List(&Member::new("member", &TEXT)));
static NUMBERS: Schema = Schema::new("Numbers", Kind::Map(&Member::new("key", &TEXT), &Member::new("value", &DOUBLE)));
static NODES: Schema = Schema::new("Nodes", Kind::List(&Member::new("member", &NODE).wire("item")));
static NAMED: Schema = Schema::new("Named", Kind::Map(&Member::new("key", &TEXT).wire("K"), &Member::new("value", &NODE)));
static NODE: Schema = Schema::new(
    "Node",
    Kind::Structure(&[
        Member::new("Text", &TEXT),
        Member::new("Enum", &ENUM).wire("enum"),
        Member::new("Integer", &INTEGER),
        Member::new("Long", &LONG),
        Member::new("Float", &FLOAT),
        Member::new("Double", &DOUBLE),
        Member::new("Boolean", &BOOLEAN),
        Member::new("Blob", &BLOB),
        Member::new("Time", &TIME),
        Member::new("HttpTime", &TIME).format(wire::TimestampFormat::HttpDate),
        Member::new("Texts", &TEXTS),
        Member::new("Flat", &TEXTS).flat(),
        Member::new("Numbers", &NUMBERS),
        Member::new("FlatNumbers", &NUMBERS).flat(),
        Member::new("Nodes", &NODES),
        Member::new("Named", &NAMED),
    ]),
);
static SERVICE: ServiceSchema = ServiceSchema {
    name: "any",
    service_id: "Any",
    signing_name: "any",
    endpoint_prefix: "any",
    target_prefix: None,
    protocols: &[],
    api_version: "",
    xml_namespace: Some("https://any.example.com/"),
    bare_errors: false,
    query_compatible: false,
    operations: &[],
    refused: &[],
    faults: &[],
};

/// SplitMix64.
struct Seed(u64);

impl Seed {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
    fn text(&mut self) -> String {
        const SIGNS: [&str; 24] = [
            "a", "Z", "0", " ", "é", "😹", "\"", "\\", "<", ">", "&", "'", "/", "+", "%", "=", ".", "\n", "\t", ",", "]]>", "\u{feff}",
            "\u{7f}", "-",
        ];
        (0..self.below(8)).map(|_| SIGNS[self.below(SIGNS.len() as u64) as usize]).collect()
    }
    fn double(&mut self) -> f64 {
        match self.below(6) {
            0 => self.next() as i32 as f64 / 8.0,
            1 => f64::from_bits(self.next()),
            2 => f64::INFINITY,
            3 => f64::NEG_INFINITY,
            4 => f64::NAN,
            _ => 0.1 * self.below(1000) as f64,
        }
    }
}

fn fill(seed: &mut Seed, schema: &'static Schema, slot: Slot, depth: usize, empty_lists: bool) {
    match (slot, &schema.kind) {
        (Slot::Structure(into), Kind::Structure(members)) => {
            for (index, member) in members.iter().enumerate() {
                let deep = matches!(member.schema.kind, Kind::List(_) | Kind::Map(..));
                if seed.below(3) == 0 && (depth < 3 || !deep) {
                    fill(seed, member.schema, into.member_mut(index), depth + 1, empty_lists && !member.flattened);
                }
            }
        }
        (Slot::List(into), Kind::List(item)) => {
            (0..seed.below(3) + u64::from(!empty_lists)).for_each(|_| fill(seed, item.schema, into.push(), depth + 1, empty_lists))
        }
        (Slot::Map(into), Kind::Map(_, item)) => {
            for index in 0..seed.below(3) + u64::from(!empty_lists) {
                let key = format!("{index}{}", seed.text());
                fill(seed, item.schema, into.entry(key), depth + 1, empty_lists);
            }
        }
        (Slot::Bool(into), _) => *into = seed.below(2) == 1,
        (Slot::I32(into), _) => *into = seed.next() as i32,
        (Slot::I64(into), _) => *into = seed.next() as i64,
        (Slot::F32(into), _) => *into = seed.double() as f32,
        (Slot::F64(into), _) => *into = seed.double(),
        (Slot::Str(into), _) => *into = seed.text(),
        (Slot::Enum(into), Kind::Enum(texts)) => assert!(into.set(texts[seed.below(texts.len() as u64) as usize])),
        (Slot::Blob(into), _) => *into = (0..seed.below(20)).map(|_| seed.next() as u8).collect::<Vec<u8>>().into(),
        (Slot::Time(into), _) => *into = Timestamp::from_secs(seed.below(1 << 33) as i64 - (1 << 32)),
        _ => panic!("{} holds something else", schema.name),
    }
}

fn any(seed: u64, empty_lists: bool) -> Dynamic {
    let mut value = Dynamic::new(&NODE);
    fill(&mut Seed(seed), &NODE, value.slot(), 0, empty_lists);
    value
}

/// Encodes as an answer and decodes the same bytes as a request.
fn there_and_back(protocol: Protocol, empty_lists: bool) {
    let op = Box::leak(Box::new(model::operation("Any", &NODE, &NODE)));
    for seed in 0..400 {
        let mut value = any(seed, empty_lists);
        let structure = value.as_structure().unwrap();
        let body = response::encode(protocol, &SERVICE, op, structure, None, "id").into_body();
        let mut back = Dynamic::new(&NODE);
        let decoded = request::decode(protocol, op, &crate::sample::head(), &[], &body, back.as_structure().unwrap());
        let shown = String::from_utf8_lossy(&body).into_owned();
        assert_eq!(decoded.map(|d| d.unknown), Ok(Vec::new()), "{protocol:?} {seed} {shown}");
        let (before, after) = (canonical::to_json(&NODE, structure), canonical::to_json(&NODE, back.as_structure().unwrap()));
        assert_eq!(before, after, "{protocol:?} {seed} {shown}");
    }
}

#[test]
fn json() {
    there_and_back(Protocol::Json11, true);
    there_and_back(Protocol::RestJson, true);
}

#[test]
fn cbor() {
    there_and_back(Protocol::Cbor, true);
}

#[test]
fn xml() {
    // An empty flattened list leaves nothing in XML.
    there_and_back(Protocol::RestXml, false);
}

#[test]
fn canonical_json() {
    for seed in 0..400 {
        let mut value = any(seed, true);
        let json = canonical::to_json(&NODE, value.as_structure().unwrap());
        let mut back = Dynamic::new(&NODE);
        canonical::from_json(&NODE, &json, back.as_structure().unwrap()).unwrap();
        assert_eq!(canonical::to_json(&NODE, back.as_structure().unwrap()), json);
    }
}

#[test]
fn forms() {
    let op = Box::leak(Box::new(model::operation("Any", &NODE, &NODE)));
    for seed in 0..400 {
        let mut value = any(seed, false);
        let json = canonical::to_json(&NODE, value.as_structure().unwrap());
        let mut pairs = Vec::new();
        write_form(&NODE, value.view(), String::new(), false, &mut pairs);
        let body: Bytes = pairs.join("&").into();
        let mut back = Dynamic::new(&NODE);
        let decoded = request::decode(Protocol::Query, op, &crate::sample::head(), &[], &body, back.as_structure().unwrap());
        assert_eq!(decoded.map(|d| d.unknown), Ok(Vec::new()), "{seed} {body:?}");
        assert_eq!(canonical::to_json(&NODE, back.as_structure().unwrap()), json, "{seed} {body:?}");
    }
}

/// Writes a form as botocore does.
fn write_form(schema: &Schema, view: wire::View, name: String, flat: bool, out: &mut Vec<String>) {
    use wire::View;
    let below = |part: &str| if name.is_empty() { part.to_string() } else { format!("{name}.{part}") };
    match (view, &schema.kind) {
        (View::None, _) => {}
        (View::Structure(value), Kind::Structure(members)) => {
            if !name.is_empty() {
                out.push(format!("{name}="));
            }
            for (index, member) in members.iter().enumerate() {
                write_form(member.schema, value.member(index), below(member.wire_name()), member.flattened, out);
            }
        }
        (View::List(list), Kind::List(item)) => {
            for index in 0..list.len() {
                let word = item.wire_name.unwrap_or("member");
                let name = if flat { below(&format!("{}", index + 1)) } else { below(&format!("{word}.{}", index + 1)) };
                write_form(item.schema, list.get(index), name, false, out);
            }
        }
        (View::Map(map), Kind::Map(key, item)) => {
            let mut index = 0;
            map.each(&mut |text, value| {
                index += 1;
                let entry = if flat { below(&index.to_string()) } else { below(&format!("entry.{index}")) };
                out.push(format!("{entry}.{}={}", key.wire_name.unwrap_or("key"), percent(text)));
                write_form(item.schema, value, format!("{entry}.{}", item.wire_name.unwrap_or("value")), false, out);
            });
        }
        (View::Blob(bytes), _) => {
            use base64::Engine;
            out.push(format!("{name}={}", percent(&base64::engine::general_purpose::STANDARD.encode(bytes))));
        }
        (View::Bool(value), _) => out.push(format!("{name}={value}")),
        (View::Int(value), _) => out.push(format!("{name}={value}")),
        (View::Float(value), kind) => {
            let text = match kind {
                _ if value.is_nan() => "NaN".into(),
                _ if value.is_infinite() => {
                    if value > 0.0 {
                        "Infinity".into()
                    } else {
                        "-Infinity".to_string()
                    }
                }
                Kind::Float => format!("{:?}", value as f32),
                _ => format!("{value:?}"),
            };
            out.push(format!("{name}={text}"));
        }
        (View::Str(value), _) => out.push(format!("{name}={}", percent(value))),
        (View::Time(value), _) => out.push(format!("{name}={}", percent(&value.format(wire::TimestampFormat::DateTime)))),
        _ => panic!("{} holds something else", schema.name),
    }
}

fn percent(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}
