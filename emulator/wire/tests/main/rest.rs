//! REST bindings beside AWS's cases: payloads, streams, root elements, entities.

use crate::sample::sentence;
use wire::{
    Body, Bytes, DecodeError, Decoded, Dynamic, Kind, Member, OperationSchema, Place, Protocol, Schema, ServiceSchema, Traits, canonical,
    request, response,
};

static TEXT: Schema = Schema::new("Text", Kind::String);
static NUMBER: Schema = Schema::new("Number", Kind::Integer).min(0.0).max(1000.0);
static STREAM: Schema = Schema::new("Body", Kind::Blob).traits(Traits { streaming: true, ..Traits::NONE });
static MAP: Schema = Schema::new("Metadata", Kind::Map(&Member::new("key", &TEXT), &Member::new("value", &TEXT)));
static PUT: Schema = Schema::new(
    "PutObjectRequest",
    Kind::Structure(&[
        Member::new("Bucket", &TEXT).at(Place::Uri, "Bucket").required(),
        Member::new("Key", &TEXT).at(Place::Uri, "Key").required(),
        Member::new("Metadata", &MAP).at(Place::Headers, "x-amz-meta-"),
        Member::new("MaxKeys", &NUMBER).at(Place::Query, "max-keys"),
        Member::new("Body", &STREAM),
    ]),
)
.traits(Traits { payload: Some("Body"), ..Traits::NONE });
static PUT_OBJECT: OperationSchema = OperationSchema {
    name: "PutObject",
    method: "PUT",
    uri: "/{Bucket}/{Key+}?x-id=PutObject",
    status: 200,
    input: &PUT,
    output: &EMPTY,
    result_wrapper: None,
    faults: &[],
    unsigned: false,
};
static EMPTY: Schema = Schema::new("Empty", Kind::Structure(&[]));

static RULE: Schema = Schema::new("Rule", Kind::Structure(&[Member::new("ID", &TEXT), Member::new("Days", &NUMBER)]));
static RULES: Schema = Schema::new("Rules", Kind::List(&Member::new("member", &RULE)));
static LIFECYCLE: Schema =
    Schema::new("BucketLifecycleConfiguration", Kind::Structure(&[Member::new("Rules", &RULES).wire("Rule").required().flat()]));
static PUT_LIFECYCLE_INPUT: Schema =
    Schema::new("PutLifecycleRequest", Kind::Structure(&[Member::new("LifecycleConfiguration", &LIFECYCLE).required()]))
        .traits(Traits { payload: Some("LifecycleConfiguration"), ..Traits::NONE });
static PUT_LIFECYCLE: OperationSchema = OperationSchema {
    name: "PutLifecycle",
    method: "PUT",
    uri: "/{Bucket}?lifecycle",
    status: 200,
    input: &PUT_LIFECYCLE_INPUT,
    output: &LISTING,
    result_wrapper: None,
    faults: &[],
    unsigned: false,
};
static LISTING: Schema = Schema::new(
    "ListOutput",
    Kind::Structure(&[
        Member::new("Rules", &RULES).wire("Rule").flat(),
        Member::new("ETag", &TEXT),
        Member::new("Where", &TEXT).at(Place::Header, "x-where"),
    ]),
)
.traits(Traits { xml_name: Some("ListBucketResult"), ..Traits::NONE });
static SERVICE: ServiceSchema = ServiceSchema {
    name: "objects",
    service_id: "Objects",
    signing_name: "objects",
    endpoint_prefix: "objects",
    target_prefix: None,
    protocols: &[Protocol::RestXml],
    api_version: "2006-03-01",
    xml_namespace: Some("http://objects.example.com/"),
    bare_errors: true,
    query_compatible: false,
    operations: &[&PUT_OBJECT, &PUT_LIFECYCLE],
    refused: &[],
    faults: &[],
};

fn decode(
    op: &'static OperationSchema,
    uri: &str,
    headers: &[(&str, &str)],
    labels: &[(&'static str, &str)],
    body: &str,
) -> Result<(serde_json::Value, Decoded), DecodeError> {
    let mut head = http::Request::builder().uri(uri);
    for (name, value) in headers {
        head = head.header(*name, *value);
    }
    let head = head.body(()).unwrap().into_parts().0;
    let labels: Vec<_> = labels.iter().map(|(name, value)| (*name, value.to_string())).collect();
    let mut value = Dynamic::new(op.input);
    let into = value.as_structure().unwrap();
    let decoded = request::decode(Protocol::RestXml, op, &head, &labels, &Bytes::copy_from_slice(body.as_bytes()), into)?;
    Ok((canonical::to_json(op.input, into), decoded))
}

#[test]
fn streams_are_not_touched_and_parameters_are_named() {
    let labels = [("Bucket", "b"), ("Key", "a b")];
    let headers = [("x-amz-meta-Mood", "good"), ("x-amz-meta-mood", "better")];
    let (value, decoded) =
        decode(&PUT_OBJECT, "/b/a%20b?x-id=PutObject&max-keys=7&X-Amz-Signature=0&other=1", &headers, &labels, "").unwrap();
    assert_eq!(value, serde_json::json!({"Bucket": "b", "Key": "a b", "Metadata": {"mood": "good,better"}, "MaxKeys": 7}));
    assert_eq!(decoded.unknown, ["other"]);
    let wrong = decode(&PUT_OBJECT, "/b/a?max-keys=x", &[], &labels, "");
    assert_eq!(sentence(wrong), "malformed: 'x' can not be converted to an Integer");
    let wrong = decode(&PUT_OBJECT, "/b/a?max-keys=1001", &[], &labels, "");
    assert_eq!(
        sentence(wrong),
        "1 validation error detected: Value '1001' at 'maxKeys' failed to satisfy constraint: Member must have value less than or equal to 1000"
    );
}

fn lifecycle(body: &str) -> Result<(serde_json::Value, Decoded), DecodeError> {
    decode(&PUT_LIFECYCLE, "/b?lifecycle", &[], &[], body)
}

#[test]
fn payloads_by_member_or_shape_name() {
    let rules = "<Rule><ID>a &amp; b&#33;</ID><Days> 7 </Days></Rule><!-- no --><Rule><ID><![CDATA[<c>]]></ID><Extra><x/></Extra></Rule>";
    for root in ["LifecycleConfiguration", "BucketLifecycleConfiguration"] {
        let (value, decoded) =
            lifecycle(&format!("<?xml version=\"1.0\"?><{root} xmlns=\"http://objects.example.com/\">{rules}</{root}>")).unwrap();
        assert_eq!(value, serde_json::json!({"LifecycleConfiguration": {"Rules": [{"ID": "a & b!", "Days": 7}, {"ID": "<c>"}]}}));
        assert_eq!(decoded.unknown, ["lifecycleConfiguration.rules.2.member.extra"]);
    }
    assert_eq!(sentence(lifecycle("<Other/>")), "malformed: The XML's root element is Other and not LifecycleConfiguration");
    assert_eq!(
        sentence(lifecycle("")),
        "1 validation error detected: Value null at 'lifecycleConfiguration' failed to satisfy constraint: Member must not be null"
    );
    assert_eq!(
        sentence(lifecycle("<LifecycleConfiguration/>")),
        "1 validation error detected: Value null at 'lifecycleConfiguration.rules' failed to satisfy constraint: Member must not be null"
    );
}

#[test]
fn xml_that_means_harm() {
    let laughs =
        "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><LifecycleConfiguration><Rule><ID>&b;</ID></Rule></LifecycleConfiguration>";
    assert!(sentence(lifecycle(laughs)).contains("document type"));
    assert!(sentence(lifecycle("<LifecycleConfiguration><Rule><ID>&b;</ID></Rule></LifecycleConfiguration>")).contains("entity b"));
    assert!(sentence(lifecycle(&format!("<LifecycleConfiguration>{}", "<x>".repeat(1_000_000)))).contains("nested deeper"));
    for wrong in [
        "<LifecycleConfiguration>",
        "<LifecycleConfiguration></Other>",
        "<LifecycleConfiguration/><LifecycleConfiguration/>",
        "<LifecycleConfiguration>text</LifecycleConfiguration>",
        "<LifecycleConfiguration><Rule><ID><x/></ID></Rule></LifecycleConfiguration>",
        "<LifecycleConfiguration><Rule><Days>1</Days><Days>2</Days></Rule></LifecycleConfiguration>",
        "<LifecycleConfiguration><Rule><Days>x</Days></Rule></LifecycleConfiguration>",
        "<LifecycleConfiguration><Rule><ID>&#xZ;</ID></Rule></LifecycleConfiguration>",
        "{}",
        "no XML",
    ] {
        assert!(sentence(lifecycle(wrong)).starts_with("malformed: "), "{wrong}");
    }
}

#[test]
fn answers() {
    let mut value = Dynamic::new(&LISTING);
    let json = serde_json::json!({"Rules": [{"ID": "a\u{1}", "Days": 1}, {}], "ETag": "\"x\"", "Where": "here\nthere"});
    canonical::from_json(&LISTING, &json, value.as_structure().unwrap()).unwrap();
    let answer = response::encode(Protocol::RestXml, &SERVICE, &PUT_LIFECYCLE, value.as_structure().unwrap(), Some(206), "id");
    assert_eq!(answer.status(), 206);
    assert_eq!(answer.headers()["x-where"], "here there");
    assert_eq!(
        std::str::from_utf8(answer.body()).unwrap(),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://objects.example.com/\"><Rule><ID>a&#x1;</ID><Days>1</Days></Rule><Rule></Rule>\
         <ETag>&quot;x&quot;</ETag></ListBucketResult>"
    );
    let mut nothing = Dynamic::new(&EMPTY);
    let answer = response::encode(Protocol::RestXml, &SERVICE, &PUT_OBJECT, nothing.as_structure().unwrap(), None, "id");
    assert!(answer.body().is_empty() && answer.headers().is_empty());
}

#[test]
fn a_member_may_be_the_root() {
    static LOCATION: Schema = Schema::new("GetLocationOutput", Kind::Structure(&[Member::new("LocationConstraint", &TEXT)]))
        .traits(Traits { xml_name: Some("LocationConstraint"), ..Traits::NONE });
    static GET_LOCATION: OperationSchema = OperationSchema {
        name: "GetLocation",
        method: "GET",
        uri: "/{Bucket}?location",
        status: 200,
        input: &EMPTY,
        output: &LOCATION,
        result_wrapper: None,
        faults: &[],
        unsigned: false,
    };
    let mut value = Dynamic::new(&LOCATION);
    canonical::from_json(&LOCATION, &serde_json::json!({"LocationConstraint": "eu-west-1"}), value.as_structure().unwrap()).unwrap();
    let answer = response::encode(Protocol::RestXml, &SERVICE, &GET_LOCATION, value.as_structure().unwrap(), None, "id");
    let body = std::str::from_utf8(answer.body()).unwrap();
    assert!(body.ends_with("<LocationConstraint xmlns=\"http://objects.example.com/\">eu-west-1</LocationConstraint>"), "{body}");
}

/// A generated structure has no field for a streamed member.
#[derive(Default)]
struct PutObjectInput {
    bucket: String,
    key: String,
}
wire::structure!(PutObjectInput, PUT, 0 bucket, 1 key);

#[test]
fn streamed_members_in_json_are_unknown() {
    let mut input = PutObjectInput::default();
    let decoded = canonical::from_json(&PUT, &serde_json::json!({"Bucket": "b", "Key": "k", "Body": "x"}), &mut input).unwrap();
    assert_eq!((input.bucket.as_str(), input.key.as_str()), ("b", "k"));
    assert_eq!(decoded.unknown, ["body"]);
}

#[test]
fn bodies_know_their_length() {
    assert_eq!(Body::from_bytes("abc").length, Some(3));
    assert_eq!(Body::empty().length, Some(0));
}
