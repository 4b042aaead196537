//! An operation's output into an HTTP answer, whatever the protocol. Faults are written in [`crate::fault_response`].

use crate::bindings::{self, set_header};
use crate::value::Structure;
use crate::xml::write::Writer;
use crate::{Kind, Member, OperationSchema, Protocol, Schema, ServiceSchema, View, cbor, json, xml};
use bytes::Bytes;
use http::HeaderMap;

pub use crate::fault_response::encode_fault;

/// The answer for an operation that succeeded. `status` overrides the model's; a streamed body is not in it.
///
/// Headers: the content type where there is a body, the request id as the protocol names it (rest-xml leaves it to the gateway), and the
/// members that travel in headers.
pub fn encode(
    protocol: Protocol,
    service: &ServiceSchema,
    op: &OperationSchema,
    value: &dyn Structure,
    status: Option<u16>,
    request_id: &str,
) -> http::Response<Bytes> {
    let mut headers = HeaderMap::new();
    identify(protocol, request_id, &mut headers);
    let mut held = None;
    let body = match protocol {
        Protocol::Json10 | Protocol::Json11 => {
            let mut out = Vec::with_capacity(256);
            json::encode::structure(op.output, value, false, &mut out);
            out.into()
        }
        Protocol::Cbor => {
            let mut out = Vec::with_capacity(256);
            cbor::structure(op.output, value, &mut out);
            out.into()
        }
        Protocol::Query => query_answer(service, op, value, request_id),
        Protocol::Ec2 => ec2_answer(service, op, value, request_id),
        Protocol::RestJson | Protocol::RestXml => {
            held = bindings::encode_head(op.output, value, &mut headers);
            rest_body(protocol, service, op, value, &mut headers)
        }
    };
    if !body.is_empty() {
        type_of_body(protocol, &mut headers);
    }
    answer(status.or(held).unwrap_or(op.status), headers, body)
}

pub(crate) fn answer(status: u16, headers: HeaderMap, body: Bytes) -> http::Response<Bytes> {
    let mut response = http::Response::new(body);
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

/// The request id under the protocol's name for it. rest-xml has none of its own: S3 and CloudFront differ.
pub(crate) fn identify(protocol: Protocol, request_id: &str, headers: &mut HeaderMap) {
    if protocol != Protocol::RestXml {
        set_header(headers, "x-amzn-requestid", request_id);
    }
    if protocol == Protocol::Cbor {
        set_header(headers, "smithy-protocol", "rpc-v2-cbor");
    }
}

/// The content type of a protocol's bodies, unless a member has said another.
pub(crate) fn type_of_body(protocol: Protocol, headers: &mut HeaderMap) {
    if headers.contains_key(http::header::CONTENT_TYPE) {
        return;
    }
    let value = match protocol {
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Json11 => "application/x-amz-json-1.1",
        Protocol::RestJson => "application/json",
        Protocol::RestXml => "application/xml",
        Protocol::Query => "text/xml",
        Protocol::Ec2 => "text/xml;charset=UTF-8",
        Protocol::Cbor => "application/cbor",
    };
    headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(value));
}

pub(crate) fn namespace(service: &ServiceSchema) -> Option<(&'static str, &'static str)> {
    service.xml_namespace.map(|uri| ("", uri))
}

fn query_answer(service: &ServiceSchema, op: &OperationSchema, value: &dyn Structure, request_id: &str) -> Bytes {
    let mut writer = Writer::document();
    writer.namespaced = false;
    let root = format!("{}Response", op.name);
    writer.start(&root, namespace(service));
    match op.result_wrapper {
        Some(wrapper) => {
            writer.start(wrapper, None);
            xml::encode::members(&mut writer, op.output, value);
            writer.close(wrapper);
        }
        None => xml::encode::members(&mut writer, op.output, value),
    }
    writer.start("ResponseMetadata", None);
    writer.element("RequestId", request_id);
    writer.close("ResponseMetadata");
    writer.close(&root);
    writer.into_bytes()
}

fn ec2_answer(service: &ServiceSchema, op: &OperationSchema, value: &dyn Structure, request_id: &str) -> Bytes {
    let mut writer = Writer::document();
    writer.namespaced = false;
    let root = format!("{}Response", op.name);
    writer.start(&root, namespace(service));
    writer.element("requestId", request_id);
    xml::encode::members(&mut writer, op.output, value);
    writer.close(&root);
    writer.into_bytes()
}

/// The one member of an output whose root element is that member itself (S3's GetBucketLocation).
fn unwrapped(schema: &Schema) -> Option<(usize, &'static Member)> {
    let mut members = schema.members().iter().enumerate().filter(|(_, m)| json::encode::travels_in_body(m));
    let (index, member) = members.next().filter(|_| members.next().is_none())?;
    let leaf = matches!(member.schema.kind, Kind::String | Kind::Enum(_));
    (leaf && schema.traits.xml_name == Some(member.wire_name())).then_some((index, member))
}

/// The body of a REST answer: a payload member alone, or all members that travel in the body, or nothing.
fn rest_body(protocol: Protocol, service: &ServiceSchema, op: &OperationSchema, value: &dyn Structure, headers: &mut HeaderMap) -> Bytes {
    let schema = op.output;
    let Some((index, member)) = bindings::payload(schema) else {
        if !bindings::has_body(schema) {
            return Bytes::new();
        }
        if protocol == Protocol::RestXml {
            let mut writer = rest_writer(service);
            let name = schema.traits.xml_name.unwrap_or(schema.name);
            if let Some((index, member)) = unwrapped(schema) {
                xml::encode::element(&mut writer, name, namespace(service), member, value.member(index));
                return writer.into_bytes();
            }
            xml::encode::structure(&mut writer, name, schema.traits.xml_namespace.or(namespace(service)), schema, value);
            return writer.into_bytes();
        }
        let mut out = Vec::with_capacity(256);
        json::encode::structure(schema, value, true, &mut out);
        return out.into();
    };
    if member.schema.traits.streaming || member.schema.traits.event_stream {
        return Bytes::new();
    }
    let view = value.member(index);
    if let Some((bytes, content_type)) = bindings::encode_raw_payload(&view) {
        if !headers.contains_key(http::header::CONTENT_TYPE) && !bytes.is_empty() {
            headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        }
        return bytes;
    }
    match (view, protocol) {
        (View::None, _) => Bytes::new(),
        (view, Protocol::RestXml) => {
            let mut writer = rest_writer(service);
            // The member's own name on the wire, or that of its shape; never the member's name in the model.
            let name = member.wire_name.or(member.schema.traits.xml_name).unwrap_or(member.schema.name);
            xml::encode::element(
                &mut writer,
                name,
                member.xml_namespace.or(member.schema.traits.xml_namespace).or(namespace(service)),
                member,
                view,
            );
            writer.into_bytes()
        }
        (view, _) => {
            let mut out = Vec::with_capacity(256);
            json::encode::write(member, view, &mut out);
            out.into()
        }
    }
}

/// S3 is the one service whose errors are bare, and the one whose dates always show milliseconds.
fn rest_writer(service: &ServiceSchema) -> Writer {
    let mut writer = Writer::document();
    writer.milliseconds = service.bare_errors;
    writer
}
