//! Browser uploads: a form posted to a bucket, made into the operation that its service names. Fields stand in front of the file, and the
//! file is streamed; a policy, where the form is signed, says what the fields may be.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html>

mod multipart;
mod policy;
mod range;
mod success;

use crate::{
    auth::{FormCaller, missing_field},
    body::Outgoing,
    context, request,
    sig_v4::Dialect,
    visit::Visit,
};
use http::{HeaderName, HeaderValue, Method, Response};
use multipart::Multipart;
use policy::Policy;
use wire::{Body, Bytes, Fault, OperationSchema, Route};

/// AWS's limit for everything in front of the file, bytes.
const MAX_FIELDS_BYTES: usize = 20_000;

/// Whether a request is a form for a bucket: a POST to the bucket itself that is no operation.
pub(crate) fn is_meant(visit: &Visit) -> bool {
    let room = visit.room();
    let bucket = visit.head.uri.path().trim_matches('/');
    visit.head.method == Method::POST
        && room.service.form_operation().is_some()
        && !bucket.is_empty()
        && !bucket.contains('/')
        && matches!(room.router.route(visit.protocol, &visit.head, b""), Route::Unknown)
}

/// Takes a form.
pub(crate) async fn post(visit: &mut Visit) -> Result<Response<Outgoing>, Fault> {
    let operation = operation(visit);
    visit.op = Some(operation);
    let boundary = visit.header("content-type").and_then(multipart::boundary).ok_or_else(wrong_type)?;
    let body = visit.take_incoming(visit.house.options.max_streamed_bytes.saturating_add(MAX_FIELDS_BYTES as u64));
    let form = Form::read(body, &boundary).await?;
    let key = form.key()?;
    let caller = authenticate(visit, &form)?;
    let lengths = check(visit, &form, &caller, &key)?;
    let file = range::within(form.file, lengths);
    let headers = visit.room().service.form_headers(&form.fields)?;
    let labels = vec![("Bucket", bucket(visit)), ("Key", key.clone())];
    set_headers(visit, headers);
    visit.cx = Some(context::of_caller(visit, &caller.caller, &format!("{}.{}", visit.room().schema.name, operation.name)));
    let call = request::call(visit, operation, &labels, &Bytes::new())?;
    let reply = request::dispatch(visit, call, Some(file)).await?;
    success::answer(visit, reply, &form.fields, &key)
}

fn operation(visit: &Visit) -> &'static OperationSchema {
    let name = visit.room().service.form_operation().expect("is_meant has asked");
    visit.room().schema.operations.iter().find(|o| o.name == name).copied().expect("a service names an operation of its own")
}

fn bucket(visit: &Visit) -> String {
    let raw = visit.head.uri.path().trim_matches('/');
    percent_encoding::percent_decode_str(raw).decode_utf8_lossy().into_owned()
}

/// A form, read up to its file.
struct Form {
    /// Names in lower case, values as they came; the file is not among them.
    fields: Vec<(String, String)>,
    filename: Option<String>,
    file: Body,
}

impl Form {
    async fn read(body: Body, boundary: &str) -> Result<Form, Fault> {
        let mut parts = Multipart::new(body, boundary, MAX_FIELDS_BYTES);
        let mut fields = Vec::new();
        while let Some(part) = parts.next().await? {
            let name = part.name.to_ascii_lowercase();
            if name == "file" {
                return Ok(Form { fields, filename: part.filename, file: parts.into_file() });
            }
            fields.push((name, parts.value().await?));
        }
        let text = "POST requires exactly one file upload per request.";
        Err(Fault::new("InvalidArgument", 400, text).with("ArgumentName", "file").with("ArgumentValue", "0"))
    }

    /// The key, with the file's name in the place of `${filename}`. A file without a name leaves it as it is.
    fn key(&self) -> Result<String, Fault> {
        let key = self.field("key").ok_or_else(|| missing_field("key"))?;
        let key = match &self.filename {
            Some(name) => key.replace("${filename}", name),
            None => key.to_owned(),
        };
        match key.is_empty() {
            true => Err(Fault::new("InvalidArgument", 400, "User key must have a length greater than 0.")
                .with("ArgumentName", "key")
                .with("ArgumentValue", "")),
            false => Ok(key),
        }
    }

    fn field(&self, name: &str) -> Option<&str> {
        field(&self.fields, name)
    }
}

fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    fields.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

fn authenticate(visit: &Visit, form: &Form) -> Result<FormCaller, Fault> {
    let judge = request::judge_of(visit, Dialect::S3);
    judge.form(&form.fields).map_err(|refusal| refusal.fault(Dialect::S3, visit.protocol))
}

/// Judges the policy; the lengths that the file may have. Nobody's form has nobody's policy: it is left to the bucket's.
fn check(visit: &Visit, form: &Form, caller: &FormCaller, key: &str) -> Result<(u64, u64), Fault> {
    let Some(text) = form.field("policy").filter(|_| caller.caller.access_key.is_some()) else {
        return Ok((0, u64::MAX));
    };
    let policy = Policy::read(text)?;
    if !request::judge_of(visit, Dialect::S3).form_holds(caller, policy.expiration) {
        return Err(policy::against("Policy expired."));
    }
    let mut fields = form.fields.clone();
    fields.retain(|(name, _)| name != "key" && name != "bucket");
    fields.push(("key".into(), key.to_owned()));
    fields.push(("bucket".into(), bucket(visit)));
    // A policy that names the key as the form wrote it is right, too.
    let as_written = || {
        let mut fields = fields.clone();
        fields
            .iter_mut()
            .filter(|(name, _)| name == "key")
            .for_each(|(_, value)| *value = form.field("key").unwrap_or_default().to_owned());
        policy.check(&fields)
    };
    policy.check(&fields).or_else(|fault| as_written().map_err(|_| fault))?;
    Ok(policy.lengths())
}

/// The fields become the headers of the operation, and no header of the form's own request counts.
fn set_headers(visit: &mut Visit, headers: Vec<(String, String)>) {
    for name in ["content-type", "content-length", "content-md5", "content-encoding", "expect", "transfer-encoding"] {
        visit.head.headers.remove(name);
    }
    for (name, value) in headers {
        // What a header can't hold (control characters) AWS keeps as RFC 2047 writes it.
        let value = HeaderValue::from_bytes(value.as_bytes()).or_else(|_| HeaderValue::from_str(&in_words(&value)));
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value) {
            visit.head.headers.insert(name, value);
        }
    }
}

fn in_words(value: &str) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    format!("=?UTF-8?B?{}?=", STANDARD.encode(value))
}

/// As recorded from AWS.
fn wrong_type() -> Fault {
    Fault::new("PreconditionFailed", 412, "At least one of the pre-conditions you specified did not hold")
        .with("Condition", "Bucket POST must be of the enclosure-type multipart/form-data")
}
