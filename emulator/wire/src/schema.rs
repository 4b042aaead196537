//! Static descriptions of AWS shapes and operations: what the codecs are driven by.
//!
//! Generated files hold `static` tables of these types; nothing is parsed at start and every cloud of a process shares them.
//! This room knows shapes, never a service.

use std::sync::OnceLock;

/// One shape of a service model: its wire name, what it is and what may be said in it.
pub struct Schema {
    /// The shape's name in AWS's model (`CreateFunctionRequest`).
    pub name: &'static str,
    /// What the shape is.
    pub kind: Kind,
    /// Smallest and largest length (characters, items, bytes) or value.
    pub range: Range,
    /// The pattern that a string must match whole.
    pub pattern: Option<&'static Pattern>,
    /// Traits of the shape that change its wire form.
    pub traits: Traits,
}

/// What a shape is.
pub enum Kind {
    /// Named members.
    Structure(&'static [Member]),
    /// A list of one kind of member.
    List(&'static Member),
    /// A map from strings (or enums) to one kind of value.
    Map(&'static Member, &'static Member),
    /// Text.
    String,
    /// Text out of a closed set.
    Enum(&'static [&'static str]),
    /// 32 bit integer (also byte and short).
    Integer,
    /// 64 bit integer.
    Long,
    /// 32 bit float.
    Float,
    /// 64 bit float.
    Double,
    /// true or false.
    Boolean,
    /// Bytes; in JSON, XML and query form base64.
    Blob,
    /// A moment, with a format of its own where the model says so.
    Timestamp(Option<TimestampFormat>),
    /// Any JSON value.
    Document,
}

/// Minimum and maximum, both inclusive; for strings, lists, maps and blobs a length, for numbers a value.
#[derive(Clone, Copy, Default)]
pub struct Range {
    /// Inclusive minimum.
    pub min: Option<f64>,
    /// Inclusive maximum.
    pub max: Option<f64>,
}

/// Traits of a shape that change its wire form.
#[derive(Clone, Copy, Default)]
pub struct Traits {
    /// A structure of which exactly one member is set.
    pub union: bool,
    /// A structure that is a fault.
    pub fault: Option<FaultTraits>,
    /// The XML element's name when the shape stands at the root of a body.
    pub xml_name: Option<&'static str>,
    /// XML namespace of the element: prefix (may be empty) and URI.
    pub xml_namespace: Option<(&'static str, &'static str)>,
    /// The member (by wire name) that is the HTTP body.
    pub payload: Option<&'static str>,
    /// List or map members stand directly under their parent in XML and query forms.
    pub flattened: bool,
    /// A blob that is streamed, never held whole.
    pub streaming: bool,
    /// A structure whose members are sent as events.
    pub event_stream: bool,
    /// Lists and maps that keep nulls.
    pub sparse: bool,
}

/// How a modelled fault looks on the wire.
#[derive(Clone, Copy)]
pub struct FaultTraits {
    /// The code the service sends (`NoSuchKey`), which may differ from the shape's name.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// The sender is to blame (4xx) rather than the receiver.
    pub sender: bool,
}

/// A member of a structure, or the element of a list or map.
pub struct Member {
    /// The member's name in the model (`FunctionName`); canonical JSON uses it.
    pub name: &'static str,
    /// The shape it holds.
    pub schema: &'static Schema,
    /// The name on the wire where it differs from `name` (locationName).
    pub wire_name: Option<&'static str>,
    /// The name on the wire in the EC2 protocol, where the model says so (queryName).
    pub query_name: Option<&'static str>,
    /// Where it travels.
    pub place: Place,
    /// A request without it is refused.
    pub required: bool,
    /// Overrides the shape's timestamp format.
    pub timestamp_format: Option<TimestampFormat>,
    /// In XML and query forms the list stands directly under its parent.
    pub flattened: bool,
    /// In XML an attribute of the parent element.
    pub xml_attribute: bool,
    /// XML namespace of the element: prefix (may be empty) and URI.
    pub xml_namespace: Option<(&'static str, &'static str)>,
    /// In a header: JSON in base64.
    pub json_value: bool,
    /// Filled by clients with a fresh token when absent.
    pub idempotency_token: bool,
    /// Member of an event: travels as an event header.
    pub event_header: bool,
    /// Member of an event: is the event's payload.
    pub event_payload: bool,
}

/// Where a member of an input or output travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// In the body.
    Body,
    /// In a header of the wire name.
    Header,
    /// A map: every header that starts with the wire name.
    Headers,
    /// A label of the path.
    Uri,
    /// A parameter of the query string; a map takes all that are not named otherwise.
    Query,
    /// The status code of the response.
    Status,
}

/// How a moment is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimestampFormat {
    /// `2015-01-25T08:00:00Z`
    DateTime,
    /// `Sun, 25 Jan 2015 08:00:00 GMT`
    HttpDate,
    /// `1422172800` or with a fraction.
    EpochSeconds,
}

/// A pattern of the model, compiled when first used and then shared by the process.
pub struct Pattern {
    /// As the model writes it.
    pub source: &'static str,
    pub(crate) compiled: OnceLock<crate::pattern::Compiled>,
}

/// A protocol AWS speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Protocol {
    /// `X-Amz-Target`, JSON 1.0.
    Json10,
    /// `X-Amz-Target`, JSON 1.1.
    Json11,
    /// Paths and JSON.
    RestJson,
    /// Paths and XML.
    RestXml,
    /// `Action=` forms, XML answers.
    Query,
    /// The EC2 dialect of query.
    Ec2,
    /// Smithy RPC v2 in CBOR.
    Cbor,
}

/// A service's model: what the gateway routes by.
pub struct ServiceSchema {
    /// Name of the service in AWS's tools (`cognito-idp`).
    pub name: &'static str,
    /// `serviceId` of the model (`Cognito Identity Provider`).
    pub service_id: &'static str,
    /// Name in the credential scope of signatures.
    pub signing_name: &'static str,
    /// First label of the endpoint (`lambda`, `monitoring`).
    pub endpoint_prefix: &'static str,
    /// What stands before the dot in `X-Amz-Target`.
    pub target_prefix: Option<&'static str>,
    /// Protocols that the service accepts, its own first.
    pub protocols: &'static [Protocol],
    /// Version of the API (`2015-03-31`), the `Version` of query requests.
    pub api_version: &'static str,
    /// Namespace of XML answers.
    pub xml_namespace: Option<&'static str>,
    /// REST XML faults stand at the root of the body as `<Error>`, without `<ErrorResponse>` around them (S3's trait noErrorWrapping).
    pub bare_errors: bool,
    /// The service answers JSON and CBOR faults with `x-amzn-query-error`.
    pub query_compatible: bool,
    /// Operations that are built.
    pub operations: &'static [&'static OperationSchema],
    /// Operations that AWS has and this build refuses: name, method and path (REST) for the 501.
    pub refused: &'static [Refused],
    /// Faults that the model knows.
    pub faults: &'static [&'static Schema],
}

/// An operation that AWS has and this build refuses with 501.
pub struct Refused {
    /// Operation name.
    pub name: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path template with required query keys (`/{Bucket}?acl`).
    pub uri: &'static str,
}

/// One operation of a service.
pub struct OperationSchema {
    /// Operation name (`StartQueryExecution`).
    pub name: &'static str,
    /// HTTP method.
    pub method: &'static str,
    /// Path template with required query keys (`/{Bucket}/{Key+}?uploads`).
    pub uri: &'static str,
    /// Status of a success.
    pub status: u16,
    /// Input; an empty structure where the model has none.
    pub input: &'static Schema,
    /// Output; an empty structure where the model has none.
    pub output: &'static Schema,
    /// XML wrapper of query answers (`CreateRoleResult`).
    pub result_wrapper: Option<&'static str>,
    /// Faults of the operation.
    pub faults: &'static [&'static Schema],
    /// Sent without a signature (`auth none`).
    pub unsigned: bool,
}

impl Schema {
    /// A shape without constraints or traits.
    pub const fn new(name: &'static str, kind: Kind) -> Schema {
        Schema { name, kind, range: Range { min: None, max: None }, pattern: None, traits: Traits::NONE }
    }
    /// Sets the inclusive minimum.
    pub const fn min(mut self, min: f64) -> Schema {
        self.range.min = Some(min);
        self
    }
    /// Sets the inclusive maximum.
    pub const fn max(mut self, max: f64) -> Schema {
        self.range.max = Some(max);
        self
    }
    /// Sets the pattern.
    pub const fn pattern(mut self, pattern: &'static Pattern) -> Schema {
        self.pattern = Some(pattern);
        self
    }
    /// Sets the traits.
    pub const fn traits(mut self, traits: Traits) -> Schema {
        self.traits = traits;
        self
    }
    /// Members of a structure; none for anything else.
    pub fn members(&self) -> &'static [Member] {
        match self.kind {
            Kind::Structure(members) => members,
            _ => &[],
        }
    }
    /// The members that travel in the body, with their index.
    pub fn body_members(&self) -> impl Iterator<Item = (usize, &'static Member)> {
        self.members().iter().enumerate().filter(|(_, m)| m.place == Place::Body)
    }
}

impl Traits {
    /// No traits.
    pub const NONE: Traits = Traits {
        union: false,
        fault: None,
        xml_name: None,
        xml_namespace: None,
        payload: None,
        flattened: false,
        streaming: false,
        event_stream: false,
        sparse: false,
    };
}

impl Member {
    /// A member of the body.
    pub const fn new(name: &'static str, schema: &'static Schema) -> Member {
        Member {
            name,
            schema,
            wire_name: None,
            query_name: None,
            place: Place::Body,
            required: false,
            timestamp_format: None,
            flattened: false,
            xml_attribute: false,
            xml_namespace: None,
            json_value: false,
            idempotency_token: false,
            event_header: false,
            event_payload: false,
        }
    }
    /// Marks it required.
    pub const fn required(mut self) -> Member {
        self.required = true;
        self
    }
    /// Sets the wire name.
    pub const fn wire(mut self, name: &'static str) -> Member {
        self.wire_name = Some(name);
        self
    }
    /// Sets where it travels, under which name.
    pub const fn at(mut self, place: Place, name: &'static str) -> Member {
        self.place = place;
        self.wire_name = Some(name);
        self
    }
    /// Sets the timestamp format.
    pub const fn format(mut self, format: TimestampFormat) -> Member {
        self.timestamp_format = Some(format);
        self
    }
    /// Marks a flattened list or map.
    pub const fn flat(mut self) -> Member {
        self.flattened = true;
        self
    }
    /// The name on the wire.
    pub fn wire_name(&self) -> &'static str {
        self.wire_name.unwrap_or(self.name)
    }
}

impl Pattern {
    /// A pattern as the model writes it.
    pub const fn new(source: &'static str) -> Pattern {
        Pattern { source, compiled: OnceLock::new() }
    }
}

impl std::fmt::Debug for OperationSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for OperationSchema {
    fn eq(&self, other: &OperationSchema) -> bool {
        std::ptr::eq(self, other)
    }
}
