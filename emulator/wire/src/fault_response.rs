//! A fault into an HTTP answer: each protocol's own form of an error.

use crate::bindings::{self, set_header};
use crate::canonical;
use crate::dynamic::Dynamic;
use crate::response::{answer, identify, namespace, type_of_body};
use crate::value::{Structure, Value, View};
use crate::xml::write::Writer;
use crate::{Fault, Member, OperationSchema, Protocol, Schema, ServiceSchema, cbor, json, xml};
use bytes::Bytes;
use http::HeaderMap;
use std::borrow::Cow;

/// The answer for a fault. `op` is known when the request got as far as its operation; its modelled faults are looked at first, then the
/// service's.
pub fn encode_fault(
    protocol: Protocol,
    service: &ServiceSchema,
    op: Option<&OperationSchema>,
    fault: &Fault,
    request_id: &str,
) -> http::Response<Bytes> {
    let parts = Parts::new(service, op, fault);
    let mut headers = HeaderMap::new();
    identify(protocol, request_id, &mut headers);
    for (name, value) in &fault.headers {
        set_header(&mut headers, name, value);
    }
    if service.query_compatible && matches!(protocol, Protocol::Json10 | Protocol::Json11 | Protocol::Cbor) {
        set_header(&mut headers, "x-amzn-query-error", &format!("{};{}", parts.query_code(), parts.blame()));
    }
    let body = match protocol {
        Protocol::Json10 | Protocol::Json11 => parts.json(true),
        Protocol::RestJson => {
            set_header(&mut headers, "x-amzn-errortype", parts.shape_name());
            parts.encode_head(&mut headers);
            parts.json(false)
        }
        Protocol::Cbor => parts.cbor(),
        Protocol::Query => parts.wrapped_xml(service, request_id),
        Protocol::Ec2 => parts.ec2_xml(request_id),
        Protocol::RestXml => {
            parts.encode_head(&mut headers);
            if service.bare_errors { parts.bare_xml(request_id) } else { parts.wrapped_xml(service, request_id) }
        }
    };
    type_of_body(protocol, &mut headers);
    answer(fault.status, headers, body)
}

/// A fault sorted into what the model knows and what it doesn't.
struct Parts<'a> {
    fault: &'a Fault,
    schema: Option<&'static Schema>,
    /// The modelled members, the message among them.
    modelled: Option<Dynamic>,
    /// Fields that the model doesn't know.
    free: Vec<&'a (Cow<'static, str>, serde_json::Value)>,
}

impl<'a> Parts<'a> {
    fn new(service: &ServiceSchema, op: Option<&OperationSchema>, fault: &'a Fault) -> Parts<'a> {
        let schema = find(op.map_or(&[], |op| op.faults), fault).or_else(|| find(service.faults, fault));
        let mut free = Vec::new();
        let mut modelled = schema.map(Dynamic::new);
        let mut set = |schema: &'static Schema, member: &Member, value: serde_json::Value| {
            if let Some(structure) = modelled.as_mut().and_then(Dynamic::as_structure) {
                // A field that does not fit its member is left out: the fault itself has to get through.
                let _ = canonical::fill_unchecked(schema, &serde_json::json!({ member.name: value }), structure);
            }
        };
        for field in &fault.fields {
            match schema.and_then(|s| Some((s, s.members().iter().find(|m| is_called(m, &field.0))?))) {
                Some((schema, member)) => set(schema, member, field.1.clone()),
                None => free.push(field),
            }
        }
        if let Some((schema, member)) = schema.and_then(|s| Some((s, message_member(s)?))).filter(|_| !fault.message.is_empty()) {
            set(schema, member, fault.message.clone().into());
        }
        Parts { fault, schema, modelled, free }
    }

    fn structure(&self) -> Option<(&'static Schema, &dyn Structure)> {
        match self.modelled.as_ref()?.view() {
            View::Structure(structure) => Some((self.schema?, structure)),
            _ => None,
        }
    }

    /// The message, where the model has no member for it.
    fn free_message(&self) -> Option<&str> {
        let modelled = self.schema.is_some_and(|schema| message_member(schema).is_some());
        (!modelled && !self.fault.message.is_empty()).then_some(&self.fault.message)
    }

    /// The name in JSON and CBOR: that of the shape.
    fn shape_name(&self) -> &str {
        self.schema.map_or(&self.fault.code, |schema| schema.name)
    }

    /// The code in XML.
    fn code(&self) -> &str {
        self.fault.query_code.as_deref().or_else(|| Some(self.schema?.traits.fault?.code)).unwrap_or(&self.fault.code)
    }

    fn query_code(&self) -> &str {
        self.code()
    }

    fn blame(&self) -> &'static str {
        let sender = self.schema.and_then(|s| s.traits.fault).map_or(self.fault.status < 500, |traits| traits.sender);
        if sender { "Sender" } else { "Receiver" }
    }

    fn encode_head(&self, headers: &mut HeaderMap) {
        if let Some((schema, structure)) = self.structure() {
            bindings::encode_head(schema, structure, headers);
        }
    }

    fn json(&self, rpc: bool) -> Bytes {
        let mut out = Vec::with_capacity(256);
        out.push(b'{');
        if rpc {
            out.extend_from_slice(b"\"__type\":");
            json::encode::string(self.shape_name(), &mut out);
        }
        if let Some(message) = self.free_message() {
            json_name("message", &mut out);
            json::encode::string(message, &mut out);
        }
        if let Some((schema, structure)) = self.structure() {
            json::encode::members(schema, structure, !rpc, 1, &mut out);
        }
        for (name, value) in &self.free {
            json_name(name, &mut out);
            // Writing JSON to memory does not fail.
            let _ = serde_json::to_writer(&mut out, value);
        }
        out.push(b'}');
        out.into()
    }

    fn cbor(&self) -> Bytes {
        let mut out = vec![0xbf];
        cbor::text("__type", &mut out);
        cbor::text(self.shape_name(), &mut out);
        if let Some(message) = self.free_message() {
            cbor::text("message", &mut out);
            cbor::text(message, &mut out);
        }
        if let Some((schema, structure)) = self.structure() {
            cbor::members(schema, structure, &mut out);
        }
        for (name, value) in &self.free {
            cbor::text(name, &mut out);
            cbor::document(value, &mut out);
        }
        out.push(0xff);
        out.into()
    }

    /// `<Code>`, `<Message>` and the other fields.
    ///
    /// S3 (`bare`) writes an empty message where it has none.
    fn xml_fields(&self, writer: &mut Writer, bare: bool) {
        writer.element("Code", self.code());
        if bare || !self.fault.message.is_empty() {
            writer.element("Message", &self.fault.message);
        }
        if let Some((schema, structure)) = self.structure() {
            let others = WithoutMessage { schema, structure };
            xml::encode::members(writer, schema, &others);
        }
        for (name, value) in &self.free {
            match value {
                serde_json::Value::String(text) => writer.element(name, text),
                other => writer.element(name, &other.to_string()),
            }
        }
    }

    fn wrapped_xml(&self, service: &ServiceSchema, request_id: &str) -> Bytes {
        let mut writer = Writer::document();
        writer.start("ErrorResponse", namespace(service));
        writer.start("Error", None);
        writer.element("Type", self.blame());
        self.xml_fields(&mut writer, false);
        writer.close("Error");
        writer.element("RequestId", request_id);
        writer.close("ErrorResponse");
        writer.into_bytes()
    }

    fn ec2_xml(&self, request_id: &str) -> Bytes {
        let mut writer = Writer::document();
        for name in ["Response", "Errors", "Error"] {
            writer.start(name, None);
        }
        self.xml_fields(&mut writer, false);
        writer.close("Error");
        writer.close("Errors");
        writer.element("RequestID", request_id);
        writer.close("Response");
        writer.into_bytes()
    }

    /// S3's form. Its host id is a header's value too, so that a service which sets `x-amz-id-2` gets it into the body.
    fn bare_xml(&self, request_id: &str) -> Bytes {
        let mut writer = Writer::document();
        writer.start("Error", None);
        self.xml_fields(&mut writer, true);
        writer.element("RequestId", request_id);
        let host = self.fault.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-amz-id-2")).map(|(_, value)| value.clone());
        writer.element("HostId", &host.unwrap_or_else(|| host_id(request_id)));
        writer.close("Error");
        writer.into_bytes()
    }
}

/// S3's second id for a request, made from the first: 76 characters of base64, as S3 sends them in `x-amz-id-2` and `<HostId>`.
pub fn host_id(request_id: &str) -> String {
    use base64::Engine;
    let mut bytes = [0u8; 56];
    let mut state = 0xcbf2_9ce4_8422_2325u64;
    for (index, byte) in bytes.iter_mut().enumerate() {
        let next = request_id.as_bytes().get(index % request_id.len().max(1)).copied().unwrap_or(0);
        state = (state ^ next as u64 ^ index as u64).wrapping_mul(0x0100_0000_01b3);
        *byte = (state >> 32) as u8;
    }
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn json_name(name: &str, out: &mut Vec<u8>) {
    if out.len() > 1 {
        out.push(b',');
    }
    json::encode::string(name, out);
    out.push(b':');
}

fn find(faults: &[&'static Schema], fault: &Fault) -> Option<&'static Schema> {
    let is = |code: &str| faults.iter().find(|s| s.name == code || s.traits.fault.is_some_and(|t| t.code == code)).copied();
    is(&fault.code).or_else(|| is(fault.query_code.as_deref()?))
}

fn is_called(member: &Member, name: &str) -> bool {
    member.name.eq_ignore_ascii_case(name) || member.wire_name().eq_ignore_ascii_case(name)
}

fn message_member(schema: &Schema) -> Option<&'static Member> {
    schema.members().iter().find(|m| m.name.eq_ignore_ascii_case("message") || m.name == "errorMessage")
}

/// The modelled members without the message, which XML writes first and under its own name.
struct WithoutMessage<'a> {
    schema: &'static Schema,
    structure: &'a dyn Structure,
}

impl Structure for WithoutMessage<'_> {
    fn member(&self, index: usize) -> View<'_> {
        let is_message = message_member(self.schema).is_some_and(|m| std::ptr::eq(m, &self.schema.members()[index]));
        if is_message { View::None } else { self.structure.member(index) }
    }
    fn member_mut(&mut self, index: usize) -> crate::Slot<'_> {
        unreachable!("member {index} of a fault that is only written")
    }
}
