//! Which operation of a service a request means, and in which protocol it speaks.
//!
//! REST protocols are routed over a tree of path segments, RPC protocols by name. Built once per service; knows nothing of hosts: whoever
//! speaks for virtual-host buckets puts the bucket into the path first.

use crate::request::Labels;
use crate::{OperationSchema, Place, Protocol, ServiceSchema, form};
use http::HeaderMap;
use std::borrow::Cow;
use std::collections::HashMap;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// To an operation, with the decoded labels of its path.
    Operation(&'static OperationSchema, Labels),
    /// To an operation that AWS has and this build refuses: its name.
    Refused(&'static str),
    /// Nowhere: AWS has no such operation.
    Unknown,
}

/// The routes of one service, built once.
pub struct Router {
    service: &'static ServiceSchema,
    by_name: HashMap<&'static str, Target>,
    root: Node,
}

#[derive(Clone, Copy)]
enum Target {
    Built(&'static OperationSchema),
    Refused(&'static str),
}

/// Everything below one place in the tree of segments.
#[derive(Default)]
struct Node {
    literals: HashMap<&'static str, Node>,
    label: Option<Box<Node>>,
    /// Labels that take the rest of the path, up to a suffix of literals (mostly empty).
    greedy: Vec<(Vec<&'static str>, Vec<Candidate>)>,
    ends: Vec<Candidate>,
}

/// An operation at the end of a path.
struct Candidate {
    target: Target,
    method: &'static str,
    /// Names of the labels, in the order of the path.
    labels: Vec<&'static str>,
    /// Parameters that the query string has to have, from the path template.
    literals: Vec<(&'static str, Option<&'static str>)>,
}

impl Router {
    /// The routes of a service.
    pub fn new(service: &'static ServiceSchema) -> Router {
        let mut router = Router { service, by_name: HashMap::new(), root: Node::default() };
        for op in service.operations {
            router.add(op.name, op.method, op.uri, Target::Built(op));
        }
        for refused in service.refused {
            router.add(refused.name, refused.method, refused.uri, Target::Refused(refused.name));
        }
        router
    }

    /// The service whose routes these are.
    pub fn service(&self) -> &'static ServiceSchema {
        self.service
    }

    /// The operation of a request. `body` is read for query's `Action` only and may be empty for other protocols.
    pub fn route(&self, protocol: Protocol, head: &http::request::Parts, body: &[u8]) -> Route {
        match protocol {
            Protocol::RestJson | Protocol::RestXml => {
                self.rest(head.method.as_str(), head.uri.path(), head.uri.query().unwrap_or(""), &head.headers)
            }
            Protocol::Json10 | Protocol::Json11 => self.named(target_of(&head.headers, self.service)),
            Protocol::Cbor => self.named(cbor_operation(head.uri.path())),
            Protocol::Query | Protocol::Ec2 => self.named(action_of(head.uri.query().unwrap_or(""), body).as_deref()),
        }
    }

    /// An operation by its name.
    pub fn named(&self, name: Option<&str>) -> Route {
        match name.and_then(|name| self.by_name.get(name)) {
            Some(Target::Built(op)) => Route::Operation(op, Labels::new()),
            Some(Target::Refused(name)) => Route::Refused(name),
            None => Route::Unknown,
        }
    }

    /// The operation at a path as it came over the wire, percent-encoded. Literal segments win over labels, labels over greedy ones, and
    /// among the operations of one path the one of which the request has the most required parameters and headers.
    pub fn rest(&self, method: &str, path: &str, query: &str, headers: &HeaderMap) -> Route {
        let Ok(parameters) = form::pairs(query) else { return Route::Unknown };
        let request = Request { method, parameters, headers };
        let rest = path.strip_prefix('/').unwrap_or(path);
        let mut found = Vec::new();
        let Some(candidate) = self.root.find(Some(rest).filter(|r| !r.is_empty()), &request, &mut found) else { return Route::Unknown };
        match candidate.target {
            Target::Refused(name) => Route::Refused(name),
            Target::Built(op) => {
                let decoded: Option<Labels> =
                    candidate.labels.iter().zip(&found).map(|(name, text)| Some((*name, decode(text)?.into_owned()))).collect();
                decoded.map_or(Route::Unknown, |labels| Route::Operation(op, labels))
            }
        }
    }

    fn add(&mut self, name: &'static str, method: &'static str, uri: &'static str, target: Target) {
        self.by_name.insert(name, target);
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        let literals = query
            .split('&')
            .filter(|part| !part.is_empty() && !part.starts_with("x-id"))
            .map(|part| part.split_once('=').map_or((part, None), |(key, value)| (key, Some(value))));
        let mut candidate = Candidate { target, method, labels: Vec::new(), literals: literals.collect() };
        let mut node = &mut self.root;
        let mut segments = path.trim_matches('/').split('/').filter(|s| !s.is_empty());
        while let Some(segment) = segments.next() {
            match segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) {
                Some(label) => match label.strip_suffix('+') {
                    Some(greedy) => {
                        candidate.labels.push(greedy);
                        let suffix: Vec<&'static str> = segments.collect();
                        match node.greedy.iter_mut().find(|(s, _)| *s == suffix) {
                            Some((_, candidates)) => candidates.push(candidate),
                            None => node.greedy.push((suffix, vec![candidate])),
                        }
                        // The longest suffix is asked first.
                        node.greedy.sort_by_key(|(suffix, _)| std::cmp::Reverse(suffix.len()));
                        return;
                    }
                    None => {
                        candidate.labels.push(label);
                        node = node.label.get_or_insert_default();
                    }
                },
                None => node = node.literals.entry(segment).or_default(),
            }
        }
        node.ends.push(candidate);
    }
}

/// What of a request decides among the operations of one path.
struct Request<'a> {
    method: &'a str,
    parameters: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    headers: &'a HeaderMap,
}

impl Node {
    /// The best candidate for the rest of a path (`None` when nothing is left), with the labels on the way to it.
    fn find<'n, 'p>(&'n self, rest: Option<&'p str>, request: &Request, labels: &mut Vec<&'p str>) -> Option<&'n Candidate> {
        let Some(rest) = rest else { return best(&self.ends, request) };
        let (segment, after) = match rest.split_once('/') {
            Some((segment, after)) => (segment, Some(after)),
            None => (rest, None),
        };
        if let Some(node) = self.literal(segment)
            && let Some(found) = node.find(after, request, labels)
        {
            return Some(found);
        }
        if let Some(node) = self.label.as_ref().filter(|_| !segment.is_empty()) {
            labels.push(segment);
            if let Some(found) = node.find(after, request, labels) {
                return Some(found);
            }
            labels.pop();
        }
        for (suffix, candidates) in &self.greedy {
            if let Some(taken) = take_suffix(rest, suffix).filter(|taken| !taken.is_empty())
                && let Some(found) = best(candidates, request)
            {
                labels.push(taken);
                return Some(found);
            }
        }
        // A slash at the end means nothing: `/bucket/` is `/bucket`.
        if rest.is_empty() { best(&self.ends, request) } else { None }
    }

    fn literal(&self, segment: &str) -> Option<&Node> {
        if self.literals.is_empty() {
            return None;
        }
        self.literals.get(segment).or_else(|| if segment.contains('%') { self.literals.get(&*decode(segment)?) } else { None })
    }
}

/// The part of a path before a suffix of whole segments.
fn take_suffix<'p>(path: &'p str, suffix: &[&str]) -> Option<&'p str> {
    let mut rest = path;
    for literal in suffix.iter().rev() {
        rest = rest.strip_suffix(literal)?.strip_suffix('/')?;
    }
    Some(rest)
}

/// The candidate of which the request has the most; built operations before refused ones.
fn best<'n>(candidates: &'n [Candidate], request: &Request) -> Option<&'n Candidate> {
    let mut best: Option<(&Candidate, (bool, usize))> = None;
    for candidate in candidates.iter().filter(|c| c.method == request.method) {
        let Some(score) = candidate.score(request) else { continue };
        if best.is_none_or(|(_, so_far)| score > so_far) {
            best = Some((candidate, score));
        }
    }
    best.map(|(candidate, _)| candidate)
}

impl Candidate {
    /// Whether nothing required is missing, and how much of what is required the request has. `None` when the query string lacks what the
    /// path template asks for.
    fn score(&self, request: &Request) -> Option<(bool, usize)> {
        let has = |key: &str, value: Option<&str>| {
            request.parameters.iter().any(|(k, v)| k == key && value.is_none_or(|value| v == value || value.is_empty()))
        };
        if !self.literals.iter().all(|(key, value)| has(key, *value)) {
            return None;
        }
        let Target::Built(op) = self.target else { return Some((true, self.literals.len())) };
        let mut count = self.literals.len();
        let mut complete = true;
        for member in op.input.members().iter().filter(|m| m.required) {
            let there = match member.place {
                Place::Query => has(member.wire_name(), None),
                Place::Header => request.headers.contains_key(member.wire_name()),
                _ => continue,
            };
            count += usize::from(there);
            complete &= there;
        }
        Some((complete, count))
    }
}

/// Percent-decodes a label; a plus stays a plus. `None` when the bytes are not UTF-8.
fn decode(text: &str) -> Option<Cow<'_, str>> {
    percent_encoding::percent_decode_str(text).decode_utf8().ok()
}

/// The operation in `X-Amz-Target: Prefix.Operation`, if the prefix is the service's.
fn target_of<'a>(headers: &'a HeaderMap, service: &ServiceSchema) -> Option<&'a str> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    let (prefix, operation) = target.rsplit_once('.')?;
    service.target_prefix.is_none_or(|own| own == prefix).then_some(operation)
}

/// The operation in `/service/Service/operation/Operation`, whatever stands before it.
fn cbor_operation(path: &str) -> Option<&str> {
    let mut segments = path.rsplit('/');
    let operation = segments.next()?;
    (segments.next()? == "operation" && segments.nth(1)? == "service").then_some(operation)
}

/// The `Action` of a query string or form.
fn action_of<'a>(query: &'a str, body: &'a [u8]) -> Option<Cow<'a, str>> {
    let in_text = |text: &'a str| {
        let part = text.split('&').find_map(|part| part.strip_prefix("Action="))?;
        decode(part.trim_end_matches(['\r', '\n']))
    };
    in_text(query).or_else(|| in_text(std::str::from_utf8(body).ok()?))
}

/// The protocol that a request speaks, among those that the service accepts; the service's own where the request doesn't say.
pub fn which_protocol(head: &http::request::Parts, service: &ServiceSchema) -> Protocol {
    use Protocol::*;
    let accepts = |protocol: &Protocol| service.protocols.contains(protocol);
    let pick = |wanted: &[Protocol]| wanted.iter().copied().find(accepts);
    let header = |name: &str| head.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or("");
    let content_type = header("content-type");
    let said = if header("smithy-protocol") == "rpc-v2-cbor"
        || (content_type.starts_with("application/cbor") && cbor_operation(head.uri.path()).is_some())
    {
        pick(&[Cbor])
    } else if head.headers.contains_key("x-amz-target") {
        if content_type.starts_with("application/x-amz-json-1.1") { pick(&[Json11, Json10]) } else { pick(&[Json10, Json11]) }
    } else if content_type.starts_with("application/x-www-form-urlencoded") || action_of(head.uri.query().unwrap_or(""), b"").is_some() {
        pick(&[Query, Ec2])
    } else {
        None
    };
    said.or_else(|| service.protocols.first().copied()).unwrap_or(RestJson)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, Member, Schema};

    static TEXT: Schema = Schema::new("String", Kind::String);
    static EMPTY: Schema = Schema::new("Empty", Kind::Structure(&[]));
    static PART: Schema = Schema::new("UploadPartRequest", Kind::Structure(&PART_MEMBERS));
    static PART_MEMBERS: [Member; 2] = [
        Member::new("UploadId", &TEXT).at(Place::Query, "uploadId").required(),
        Member::new("PartNumber", &TEXT).at(Place::Query, "partNumber").required(),
    ];
    static COPY: Schema = Schema::new("CopyObjectRequest", Kind::Structure(&COPY_MEMBERS));
    static COPY_MEMBERS: [Member; 1] = [Member::new("CopySource", &TEXT).at(Place::Header, "x-amz-copy-source").required()];

    const fn op(name: &'static str, method: &'static str, uri: &'static str, input: &'static Schema) -> OperationSchema {
        OperationSchema { name, method, uri, status: 200, input, output: &EMPTY, result_wrapper: None, faults: &[], unsigned: false }
    }
    static OPERATIONS: [OperationSchema; 11] = [
        op("ListBuckets", "GET", "/?x-id=ListBuckets", &EMPTY),
        op("ListObjects", "GET", "/{Bucket}", &EMPTY),
        op("ListObjectsV2", "GET", "/{Bucket}?list-type=2", &EMPTY),
        op("GetObject", "GET", "/{Bucket}/{Key+}?x-id=GetObject", &EMPTY),
        op("PutObject", "PUT", "/{Bucket}/{Key+}?x-id=PutObject", &EMPTY),
        op("UploadPart", "PUT", "/{Bucket}/{Key+}", &PART),
        op("CopyObject", "PUT", "/{Bucket}/{Key+}", &COPY),
        op("CreateMultipartUpload", "POST", "/{Bucket}/{Key+}?uploads", &EMPTY),
        op("GetFunction", "GET", "/2015-03-31/functions/{FunctionName}", &EMPTY),
        op("GetConfig", "GET", "/2015-03-31/functions/{FunctionName}/configuration", &EMPTY),
        op("Suffixed", "GET", "/v1/{Path+}/tags", &EMPTY),
    ];
    static SERVICE: ServiceSchema = ServiceSchema {
        name: "test",
        service_id: "Test",
        signing_name: "test",
        endpoint_prefix: "test",
        target_prefix: Some("Test_2020"),
        protocols: &[Protocol::RestXml, Protocol::Json11, Protocol::Json10, Protocol::Query, Protocol::Cbor],
        api_version: "2020-01-01",
        xml_namespace: None,
        bare_errors: false,
        query_compatible: false,
        operations: &[
            &OPERATIONS[0],
            &OPERATIONS[1],
            &OPERATIONS[2],
            &OPERATIONS[3],
            &OPERATIONS[4],
            &OPERATIONS[5],
            &OPERATIONS[6],
            &OPERATIONS[7],
            &OPERATIONS[8],
            &OPERATIONS[9],
            &OPERATIONS[10],
        ],
        refused: &[crate::Refused { name: "GetBucketAcl", method: "GET", uri: "/{Bucket}?acl" }],
        faults: &[],
    };

    fn at(method: &str, uri: &str) -> String {
        with(method, uri, &HeaderMap::new())
    }

    fn with(method: &str, uri: &str, headers: &HeaderMap) -> String {
        let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
        match Router::new(&SERVICE).rest(method, path, query, headers) {
            Route::Operation(op, labels) => labels.iter().fold(op.name.to_string(), |text, (name, value)| format!("{text} {name}={value}")),
            Route::Refused(name) => format!("refused {name}"),
            Route::Unknown => "unknown".into(),
        }
    }

    #[test]
    fn buckets_and_keys() {
        assert_eq!(at("GET", "/"), "ListBuckets");
        assert_eq!(at("GET", "/b"), "ListObjects Bucket=b");
        assert_eq!(at("GET", "/b/"), "ListObjects Bucket=b");
        assert_eq!(at("GET", "/b?list-type=2&prefix=x"), "ListObjectsV2 Bucket=b");
        assert_eq!(at("GET", "/b?list-type=1"), "ListObjects Bucket=b");
        assert_eq!(at("GET", "/b?acl"), "refused GetBucketAcl");
        assert_eq!(at("GET", "/b/a/b%20c+d/"), "GetObject Bucket=b Key=a/b c+d/");
        assert_eq!(at("GET", "/b//a"), "GetObject Bucket=b Key=/a");
        assert_eq!(at("GET", "/b//"), "GetObject Bucket=b Key=/");
        assert_eq!(at("GET", "/b/../x"), "GetObject Bucket=b Key=../x");
        assert_eq!(at("GET", "/b/a%2Fb"), "GetObject Bucket=b Key=a/b");
        assert_eq!(at("GET", "/b/%2F"), "GetObject Bucket=b Key=/");
        assert_eq!(at("GET", "/b/%ff"), "unknown");
        assert_eq!(at("PATCH", "/b"), "unknown");
    }

    #[test]
    fn required_members_tell_operations_apart() {
        assert_eq!(at("PUT", "/b/k"), "PutObject Bucket=b Key=k");
        assert_eq!(at("PUT", "/b/k?partNumber=1&uploadId=u"), "UploadPart Bucket=b Key=k");
        assert_eq!(at("POST", "/b/k?uploads"), "CreateMultipartUpload Bucket=b Key=k");
        assert_eq!(at("POST", "/b/k"), "unknown");
        let headers = HeaderMap::from_iter([(http::HeaderName::from_static("x-amz-copy-source"), http::HeaderValue::from_static("b/x"))]);
        assert_eq!(with("PUT", "/b/k", &headers), "CopyObject Bucket=b Key=k");
    }

    #[test]
    fn literals_win() {
        assert_eq!(at("GET", "/2015-03-31/functions/arn%3Aaws%3Alambda"), "GetFunction FunctionName=arn:aws:lambda");
        assert_eq!(at("GET", "/2015-03-31/functions/f/configuration"), "GetConfig FunctionName=f");
        assert_eq!(at("GET", "/2015-03-31/functions/f/other"), "GetObject Bucket=2015-03-31 Key=functions/f/other");
        assert_eq!(at("GET", "/v1/a/b/tags"), "Suffixed Path=a/b");
    }

    fn head(uri: &str, headers: &[(&str, &str)]) -> http::request::Parts {
        let mut request = http::Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_request_says_its_protocol() {
        let of = |uri: &str, headers: &[(&str, &str)]| which_protocol(&head(uri, headers), &SERVICE);
        assert_eq!(of("/", &[]), Protocol::RestXml);
        assert_eq!(of("/", &[("x-amz-target", "Test_2020.GetObject"), ("content-type", "application/x-amz-json-1.1")]), Protocol::Json11);
        assert_eq!(of("/", &[("x-amz-target", "Test_2020.GetObject")]), Protocol::Json10);
        assert_eq!(of("/", &[("content-type", "application/x-www-form-urlencoded; charset=utf-8")]), Protocol::Query);
        assert_eq!(of("/?Action=GetObject", &[]), Protocol::Query);
        assert_eq!(of("/service/Test/operation/GetObject", &[("smithy-protocol", "rpc-v2-cbor")]), Protocol::Cbor);
    }

    #[test]
    fn names_of_rpc() {
        let router = Router::new(&SERVICE);
        let name = |route| match route {
            Route::Operation(op, _) => op.name,
            Route::Refused(name) => name,
            Route::Unknown => "unknown",
        };
        assert_eq!(name(router.route(Protocol::Json11, &head("/", &[("x-amz-target", "Test_2020.GetObject")]), b"")), "GetObject");
        assert_eq!(name(router.route(Protocol::Json11, &head("/", &[("x-amz-target", "Other.GetObject")]), b"")), "unknown");
        assert_eq!(name(router.route(Protocol::Query, &head("/", &[]), b"Version=2020-01-01&Action=GetBucketAcl")), "GetBucketAcl");
        assert_eq!(name(router.route(Protocol::Cbor, &head("/service/Test/operation/PutObject", &[]), b"")), "PutObject");
    }
}
