//! A suite's own model as leaked schemas, and its values as dynamic ones.

use serde_json::Value as Json;
use wire::{
    Dynamic, FaultTraits, Kind, Member, OperationSchema, Place, Protocol, Schema, ServiceSchema, Slot, Timestamp, TimestampFormat, Traits,
    Value,
};

/// How often a recursive shape is unrolled; no case goes deeper.
const UNROLLED: usize = 4;

pub(crate) struct Suite<'a> {
    pub(crate) protocol: Protocol,
    json: &'a Json,
}

fn leak<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

fn word(json: &Json) -> Option<&'static str> {
    json.as_str().map(|text| &**leak(text.to_string()))
}

fn flag(json: &Json, name: &str) -> bool {
    json[name].as_bool().unwrap_or(false)
}

impl<'a> Suite<'a> {
    pub(crate) fn new(json: &'a Json) -> Suite<'a> {
        let metadata = &json["metadata"];
        let protocol = match metadata["protocol"].as_str().expect("a suite has a protocol") {
            "json" if metadata["jsonVersion"] == "1.0" => Protocol::Json10,
            "json" => Protocol::Json11,
            "rest-json" => Protocol::RestJson,
            "rest-xml" => Protocol::RestXml,
            "query" => Protocol::Query,
            "ec2" => Protocol::Ec2,
            "smithy-rpc-v2-cbor" => Protocol::Cbor,
            other => panic!("protocol {other}"),
        };
        Suite { protocol, json }
    }

    pub(crate) fn operation(&self, given: &Json) -> &'static OperationSchema {
        let name = word(&given["name"]).expect("an operation has a name");
        let side = |side: &str| match given[side]["shape"].as_str() {
            Some(_) => self.root(&given[side]),
            None => leak(Schema::new("Empty", Kind::Structure(&[]))),
        };
        let faults = given["errors"].as_array().into_iter().flatten().map(|e| self.root(e)).collect::<Vec<_>>();
        leak(OperationSchema {
            method: word(&given["http"]["method"]).unwrap_or("POST"),
            uri: word(&given["http"]["requestUri"]).unwrap_or("/"),
            status: given["http"]["responseCode"].as_u64().unwrap_or(200) as u16,
            result_wrapper: Some(leak(format!("{name}Result"))),
            faults: leak(faults),
            ..operation(name, side("input"), side("output"))
        })
    }

    pub(crate) fn service(&self, op: &'static OperationSchema) -> &'static ServiceSchema {
        let metadata = &self.json["metadata"];
        leak(ServiceSchema {
            name: "vectors",
            service_id: "Vectors",
            signing_name: "vectors",
            endpoint_prefix: "vectors",
            target_prefix: word(&metadata["targetPrefix"]),
            protocols: leak(vec![self.protocol]),
            api_version: word(&metadata["apiVersion"]).unwrap_or(""),
            // The suites answer in this namespace and their models have lost it.
            xml_namespace: matches!(self.protocol, Protocol::Query | Protocol::Ec2).then_some("https://example.com/"),
            bare_errors: false,
            query_compatible: metadata.get("awsQueryCompatible").is_some(),
            operations: leak(vec![op]),
            refused: &[],
            faults: op.faults,
        })
    }

    /// The schema of an input, output or error reference, whose own name and namespace come before the shape's.
    fn root(&self, reference: &Json) -> &'static Schema {
        let mut schema = self.schema(reference["shape"].as_str().expect("a reference has a shape"), &mut Vec::new());
        let shape = &self.json["shapes"][schema.name];
        schema.traits.xml_name = word(&shape["locationName"]).or_else(|| word(&reference["locationName"]));
        schema.traits.xml_namespace = schema.traits.xml_namespace.or(namespace(reference));
        leak(schema)
    }

    fn schema(&self, name: &str, above: &mut Vec<String>) -> Schema {
        let json = &self.json["shapes"][name];
        let name = word(&name.into()).expect("a name is text");
        above.push(name.to_string());
        let kind = match json["type"].as_str().expect("a shape has a type") {
            "structure" if flag(json, "document") => Kind::Document,
            "structure" if above.iter().filter(|n| *n == name).count() > UNROLLED => Kind::Structure(&[]),
            "structure" => Kind::Structure(leak(self.members(json, above))),
            "list" => Kind::List(leak(self.member("member", &json["member"], above))),
            "map" => Kind::Map(leak(self.member("key", &json["key"], above)), leak(self.member("value", &json["value"], above))),
            "string" => match json["enum"].as_array() {
                Some(texts) => Kind::Enum(leak(texts.iter().filter_map(word).collect::<Vec<_>>())),
                None => Kind::String,
            },
            "integer" => Kind::Integer,
            "long" => Kind::Long,
            "float" => Kind::Float,
            "double" => Kind::Double,
            "boolean" => Kind::Boolean,
            "blob" => Kind::Blob,
            "timestamp" => Kind::Timestamp(format(json)),
            other => panic!("type {other}"),
        };
        above.pop();
        Schema::new(name, kind).traits(Traits {
            union: flag(json, "union"),
            fault: flag(json, "exception").then(|| FaultTraits {
                code: word(&json["error"]["code"]).unwrap_or(name),
                status: json["error"]["httpStatusCode"].as_u64().unwrap_or(400) as u16,
                sender: !flag(json, "fault"),
            }),
            xml_name: word(&json["locationName"]),
            xml_namespace: namespace(json),
            payload: word(&json["payload"]),
            flattened: flag(json, "flattened"),
            ..Traits::NONE
        })
    }

    fn members(&self, json: &Json, above: &mut Vec<String>) -> Vec<Member> {
        let required: Vec<&str> = json["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let members = json["members"].as_object().expect("a structure has members");
        members
            .iter()
            .map(|(name, member)| Member { required: required.contains(&name.as_str()), ..self.member(name, member, above) })
            .collect()
    }

    fn member(&self, name: &str, json: &Json, above: &mut Vec<String>) -> Member {
        let target = json["shape"].as_str().expect("a member has a shape");
        let schema = leak(self.schema(target, above));
        let place = match json["location"].as_str() {
            Some("header") => Place::Header,
            Some("headers") => Place::Headers,
            Some("uri") => Place::Uri,
            Some("querystring") => Place::Query,
            Some("statusCode") => Place::Status,
            _ => Place::Body,
        };
        Member {
            // Names that say no more than the member's own were added when the suites were converted.
            wire_name: word(&json["locationName"]).filter(|wire| *wire != name || place != Place::Body),
            query_name: word(&json["queryName"]),
            place,
            timestamp_format: format(json),
            flattened: flag(json, "flattened"),
            xml_attribute: flag(json, "xmlAttribute"),
            xml_namespace: namespace(json),
            json_value: place == Place::Header && (flag(json, "jsonvalue") || flag(&self.json["shapes"][target], "jsonvalue")),
            idempotency_token: flag(json, "idempotencyToken"),
            ..Member::new(word(&name.into()).expect("a name is text"), schema)
        }
    }
}

pub(crate) fn operation(name: &'static str, input: &'static Schema, output: &'static Schema) -> OperationSchema {
    OperationSchema { name, method: "POST", uri: "/", status: 200, input, output, result_wrapper: None, faults: &[], unsigned: false }
}

fn format(json: &Json) -> Option<TimestampFormat> {
    match json["timestampFormat"].as_str() {
        Some("iso8601") => Some(TimestampFormat::DateTime),
        Some("rfc822") => Some(TimestampFormat::HttpDate),
        Some("unixTimestamp") => Some(TimestampFormat::EpochSeconds),
        _ => None,
    }
}

fn namespace(json: &Json) -> Option<(&'static str, &'static str)> {
    match &json["xmlNamespace"] {
        Json::String(uri) => Some(("", word(&uri.as_str().into())?)),
        object => Some((word(&object["prefix"]).unwrap_or(""), word(&object["uri"])?)),
    }
}

/// A value as the suites write them: timestamps as seconds, blobs as text, NaN as text, null for what is absent.
pub(crate) fn value(schema: &'static Schema, json: &Json) -> Dynamic {
    let mut value = Dynamic::new(schema);
    fill(schema, json, value.slot());
    value
}

fn fill(schema: &'static Schema, json: &Json, slot: Slot) {
    match (slot, &schema.kind) {
        (Slot::Structure(into), Kind::Structure(members)) => {
            for (name, json) in json.as_object().into_iter().flatten().filter(|(_, json)| !json.is_null()) {
                let index = members.iter().position(|m| m.name == name).unwrap_or_else(|| panic!("no member {name} in {}", schema.name));
                fill(members[index].schema, json, into.member_mut(index));
            }
        }
        (Slot::List(into), Kind::List(item)) => {
            for json in json.as_array().into_iter().flatten() {
                if json.is_null() { assert!(into.push_none()) } else { fill(item.schema, json, into.push()) }
            }
        }
        (Slot::Map(into), Kind::Map(_, item)) => {
            for (key, json) in json.as_object().into_iter().flatten() {
                if json.is_null() { assert!(into.entry_none(key.clone())) } else { fill(item.schema, json, into.entry(key.clone())) }
            }
        }
        (Slot::Bool(into), _) => *into = json.as_bool().expect("a boolean"),
        (Slot::I32(into), _) => *into = json.as_i64().expect("a number") as i32,
        (Slot::I64(into), _) => *into = json.as_i64().expect("a number"),
        (Slot::F32(into), _) => *into = float(json) as f32,
        (Slot::F64(into), _) => *into = float(json),
        (Slot::Str(into), _) => *into = json.as_str().map(str::to_string).unwrap_or_else(|| json.to_string()),
        (Slot::Enum(into), _) => assert!(into.set(json.as_str().expect("text"))),
        (Slot::Blob(into), _) => *into = json.as_str().expect("text").as_bytes().to_vec().into(),
        (Slot::Time(into), _) => *into = Timestamp::from_millis((float(json) * 1000.0).round() as i64),
        (Slot::Document(into), _) => *into = json.clone(),
        _ => panic!("{} holds something else", schema.name),
    }
}

fn float(json: &Json) -> f64 {
    match json.as_str() {
        Some("NaN") => f64::NAN,
        Some("Infinity") => f64::INFINITY,
        Some("-Infinity") => f64::NEG_INFINITY,
        _ => json.as_f64().expect("a number"),
    }
}

/// The canonical JSON of such a value.
pub(crate) fn expected(schema: &'static Schema, json: &Json) -> Json {
    let mut value = value(schema, json);
    wire::canonical::to_json(schema, value.as_structure().expect("an input is a structure"))
}
