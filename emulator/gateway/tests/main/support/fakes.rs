//! Three services that AWS doesn't have: a shelf of things (bare XML, streams, bucket hosts), a till (JSON 1.1 and query), and paths (REST
//! JSON); a door, and a finder of keys.

use http::request::Parts;
use kit::{
    Access, Authorize, Body, Cloud, Context, Door, Fault, Need, Principal, Reply, ReplyBody, RoleSession, Service, Timestamp,
    ports::{AccessKey, AccessKeys},
};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Keys LKIAUSER/secret (a user that nobody allows anything), LSIAFRESH and LSIASTALE (sessions), LKIAOFF (inactive).
pub struct Keys;
impl AccessKeys for Keys {
    fn find(&self, cloud: &Cloud, id: &str) -> Option<AccessKey> {
        let session = |expires: Timestamp| RoleSession {
            account: "111122223333".into(),
            role_name: "r".into(),
            role_path: "/".into(),
            role_id: "AROAX".into(),
            session_name: "s".into(),
            session_policies: Vec::new(),
            tags: Vec::new(),
            federated: None,
            expires,
        };
        let root = Principal::Root { account: "111122223333".into() };
        let key = |principal, token: Option<&str>, expires, active| AccessKey {
            secret: "secret".into(),
            session_token: token.map(Into::into),
            principal,
            expires,
            active,
        };
        let now = cloud.clock().now();
        match id {
            "LKIAUSER" => Some(key(root, None, None, true)),
            "LKIAOFF" => Some(key(root, None, None, false)),
            "LSIAFRESH" => Some(key(Principal::Session(Arc::new(session(now))), Some("token"), Some(now.plus_ns(1 << 40)), true)),
            "LSIASTALE" => Some(key(Principal::Session(Arc::new(session(now))), Some("token"), Some(now.plus_ns(-1)), true)),
            _ => None,
        }
    }
}

pub use paths::Paths;
pub use shelf::Shelf;
pub use till::Till;

/// Like S3: streams, bare errors, buckets in hosts, anonymous callers.
mod shelf {
    use super::*;
    pub struct Shelf;
    kit::service! {
        /// Things on a shelf.
        Shelf, model = "shelf", invalid_input = "InvalidArgument";
        PutThing => put_thing,
        GetThing => get_thing,
        HeadThing => head_thing,
        ListThings => list_things,
        PutTags => put_tags,
    }

    impl Service for Shelf {
        fn virtual_hosts(&self) -> bool {
            true
        }
        fn preflight<'a>(&'a self, _: &'a Context, head: &'a Parts) -> kit::BoxFuture<'a, Option<http::Response<ReplyBody>>> {
            Box::pin(async move {
                let mut response = http::Response::new(ReplyBody::None);
                response.headers_mut().insert("x-shelf-path", head.uri.path().parse().unwrap());
                head.uri.path().starts_with("/photos").then_some(response)
            })
        }
        fn decorate(&self, _: &Context, _: &Parts, headers: &mut http::HeaderMap) {
            headers.insert("x-decorated", "yes".parse().unwrap());
        }
        fn doors(&self) -> Vec<Arc<dyn Door>> {
            vec![Arc::new(BackDoor), Arc::new(Listening)]
        }
    }

    impl Shelf {
        /// Answers what it read: bucket, key, length, hash, metadata, trailers, caller.
        async fn put_thing(&self, cx: &Context, input: model::PutThingInput) -> Result<Reply<model::PutThingOutput>, Fault> {
            let mut body = cx.take_body();
            let (mut hash, mut length) = (Sha256::new(), 0u64);
            while let Some(chunk) = body.next().await {
                let chunk = chunk.map_err(|e| wire::body::fault_of(&e).cloned().unwrap_or_else(|| Fault::internal(e.to_string())))?;
                hash.update(&chunk);
                length += chunk.len() as u64;
            }
            let trailers = body.trailers.as_ref().map_or(Vec::new(), |t| t.lock().unwrap().clone());
            let trailers: Vec<String> = trailers.iter().map(|(n, v)| format!("{n}:{v}")).collect();
            let reply = Reply::new(model::PutThingOutput { e_tag: Some(kit::hex(&hash.finalize())) });
            Ok(reply
                .header("x-read-bucket", input.bucket)
                .header("x-read-key", input.key)
                .header("x-read-length", length.to_string())
                .header("x-read-trailers", trailers.join(","))
                .header("x-read-encoding", input.encoding.unwrap_or("none".into()))
                .header("x-read-color", input.color.unwrap_or("none".into()))
                .header("x-read-caller", cx.principal().arn()))
        }
        /// `file-N` is a file of N bytes, `stream` a stream of unknown length, `boom` panics, everything else its own name.
        async fn get_thing(&self, _: &Context, input: model::GetThingInput) -> Result<Reply<model::GetThingOutput>, Fault> {
            let body = match input.key.as_str() {
                "boom" => panic!("the handler failed, on purpose"),
                "stream" => {
                    let mut body = Body::from_bytes("streamed".as_bytes());
                    body.length = None;
                    ReplyBody::Stream(body)
                }
                key => match key.strip_prefix("file-").and_then(|n| n.parse::<u64>().ok()) {
                    Some(length) => {
                        let path = std::env::temp_dir().join(format!("gateway-test-{}-{length}", std::process::id()));
                        let bytes: Vec<u8> = (0..length + 10).map(|n| n as u8).collect();
                        std::fs::write(&path, bytes).unwrap();
                        let file = std::fs::File::open(&path).unwrap();
                        std::fs::remove_file(&path).unwrap();
                        ReplyBody::File { file, offset: 10, length, check: None }
                    }
                    None => ReplyBody::Bytes(input.key.clone().into()),
                },
            };
            Ok(Reply::new(model::GetThingOutput { length: None }).body(body))
        }
        async fn head_thing(&self, _: &Context, _: model::HeadThingInput) -> Result<model::HeadThingOutput, Fault> {
            Ok(model::HeadThingOutput { length: Some(12345) })
        }
        async fn list_things(&self, cx: &Context, input: model::ListThingsInput) -> Result<model::ListThingsOutput, Fault> {
            Ok(model::ListThingsOutput { name: Some(input.bucket), caller: Some(cx.principal().arn()) })
        }
        async fn put_tags(&self, _: &Context, input: model::PutTagsInput) -> Result<model::PutTagsOutput, Fault> {
            Ok(model::PutTagsOutput { name: input.tag })
        }
    }

    impl Authorize<Shelf> for model::PutThingInput {
        fn access(&self, _: &Shelf, _: &Context) -> Access {
            Access::Public
        }
    }
    impl Authorize<Shelf> for model::GetThingInput {
        fn access(&self, _: &Shelf, _: &Context) -> Access {
            Access::Public
        }
    }
    impl Authorize<Shelf> for model::HeadThingInput {
        fn access(&self, _: &Shelf, _: &Context) -> Access {
            Access::Public
        }
    }
    impl Authorize<Shelf> for model::ListThingsInput {
        fn access(&self, _: &Shelf, _: &Context) -> Access {
            Need::on("shelf:ListThings", format!("arn:aws:shelf:::{}", self.bucket)).into()
        }
    }
    impl Authorize<Shelf> for model::PutTagsInput {
        fn access(&self, _: &Shelf, _: &Context) -> Access {
            Access::Public
        }
    }

    mod model {
        use super::super::shapes::*;
        use wire::*;
        macro_rules! keyed {
            ($ty:ident, $out:ident, $schema:ident, $members:ident, $out_schema:ident) => {
                #[derive(Default)]
                pub struct $ty {
                    pub bucket: String,
                    pub key: String,
                }
                wire::structure!($ty, $schema, 0 bucket, 1 key);
                static $schema: Schema = Schema::new(stringify!($ty), Kind::Structure(&$members));
                static $members: [Member; 2] = [Member::new("Bucket", &TEXT).at(Place::Uri, "Bucket").required(), Member::new("Key", &TEXT).at(Place::Uri, "Key").required()];
                #[derive(Default)]
                pub struct $out {
                    pub length: Option<i64>,
                }
                wire::structure!($out, $out_schema, 0 length);
            };
        }
        keyed!(GetThingInput, GetThingOutput, GET_IN, GET_MEMBERS, GET_OUT);
        keyed!(HeadThingInput, HeadThingOutput, HEAD_IN, HEAD_MEMBERS, HEAD_OUT);
        static GET_OUT: Schema =
            Schema::new("GetThingOutput", Kind::Structure(&GET_OUT_MEMBERS)).traits(Traits { payload: Some("Body"), ..Traits::NONE });
        static GET_OUT_MEMBERS: [Member; 2] =
            [Member::new("Length", &LONG).at(Place::Header, "Content-Length"), Member::new("Body", &STREAM)];
        static HEAD_OUT: Schema = Schema::new("HeadThingOutput", Kind::Structure(&HEAD_OUT_MEMBERS));
        static HEAD_OUT_MEMBERS: [Member; 1] = [Member::new("Length", &LONG).at(Place::Header, "Content-Length")];

        #[derive(Default)]
        pub struct PutThingInput {
            pub bucket: String,
            pub key: String,
            pub encoding: Option<String>,
            pub color: Option<String>,
        }
        wire::structure!(PutThingInput, PUT_IN, 0 bucket, 1 key, 2 encoding, 3 color);
        static PUT_IN: Schema =
            Schema::new("PutThingInput", Kind::Structure(&PUT_MEMBERS)).traits(Traits { payload: Some("Body"), ..Traits::NONE });
        static PUT_MEMBERS: [Member; 5] = [
            Member::new("Bucket", &TEXT).at(Place::Uri, "Bucket").required(),
            Member::new("Key", &TEXT).at(Place::Uri, "Key").required(),
            Member::new("Encoding", &TEXT).at(Place::Header, "Content-Encoding"),
            Member::new("Color", &TEXT).at(Place::Header, "x-amz-meta-color"),
            Member::new("Body", &STREAM),
        ];
        #[derive(Default)]
        pub struct PutThingOutput {
            pub e_tag: Option<String>,
        }
        wire::structure!(PutThingOutput, PUT_OUT, 0 e_tag);
        static PUT_OUT: Schema = Schema::new("PutThingOutput", Kind::Structure(&PUT_OUT_MEMBERS));
        static PUT_OUT_MEMBERS: [Member; 1] = [Member::new("ETag", &TEXT).at(Place::Header, "ETag")];

        #[derive(Default)]
        pub struct ListThingsInput {
            pub bucket: String,
        }
        wire::structure!(ListThingsInput, LIST_IN, 0 bucket);
        static LIST_IN: Schema = Schema::new("ListThingsInput", Kind::Structure(&LIST_MEMBERS));
        static LIST_MEMBERS: [Member; 1] = [Member::new("Bucket", &TEXT).at(Place::Uri, "Bucket").required()];
        #[derive(Default)]
        pub struct ListThingsOutput {
            pub name: Option<String>,
            pub caller: Option<String>,
        }
        wire::structure!(ListThingsOutput, LIST_OUT, 0 name, 1 caller);
        static LIST_OUT: Schema = Schema::new("ListThingsOutput", Kind::Structure(&LIST_OUT_MEMBERS));
        static LIST_OUT_MEMBERS: [Member; 2] = [Member::new("Name", &TEXT), Member::new("Caller", &TEXT)];

        #[derive(Default)]
        pub struct PutTagsInput {
            pub bucket: String,
            pub tag: Option<String>,
        }
        wire::structure!(PutTagsInput, TAGS_IN, 0 bucket, 1 tag);
        static TAGS_IN: Schema = Schema::new("Tags", Kind::Structure(&TAGS_MEMBERS));
        static TAGS_MEMBERS: [Member; 2] = [Member::new("Bucket", &TEXT).at(Place::Uri, "Bucket").required(), Member::new("Tag", &TEXT)];
        #[derive(Default)]
        pub struct PutTagsOutput {
            pub name: Option<String>,
        }
        wire::structure!(PutTagsOutput, TAGS_OUT, 0 name);
        static TAGS_OUT: Schema = Schema::new("PutTagsOutput", Kind::Structure(&TAGS_OUT_MEMBERS));
        static TAGS_OUT_MEMBERS: [Member; 1] = [Member::new("Name", &TEXT)];

        static PUT: OperationSchema = operation("PutThing", "PUT", "/{Bucket}/{Key+}", &PUT_IN, &PUT_OUT);
        static GET: OperationSchema = operation("GetThing", "GET", "/{Bucket}/{Key+}", &GET_IN, &GET_OUT);
        static HEAD: OperationSchema = operation("HeadThing", "HEAD", "/{Bucket}/{Key+}", &HEAD_IN, &HEAD_OUT);
        static LIST: OperationSchema = operation("ListThings", "GET", "/{Bucket}", &LIST_IN, &LIST_OUT);
        static TAGS: OperationSchema = operation("PutTags", "PUT", "/{Bucket}?tags", &TAGS_IN, &TAGS_OUT);
        pub static SERVICE: ServiceSchema = ServiceSchema {
            name: "shelf",
            service_id: "Shelf",
            signing_name: "s3",
            endpoint_prefix: "s3",
            target_prefix: None,
            protocols: &[Protocol::RestXml],
            api_version: "2006-03-01",
            xml_namespace: None,
            bare_errors: true,
            query_compatible: false,
            operations: &[&PUT, &GET, &HEAD, &LIST, &TAGS],
            refused: &[Refused { name: "PutAcl", method: "PUT", uri: "/{Bucket}?acl" }],
            faults: &[],
        };
    }
}

/// JSON 1.1 and query.
mod till {
    use super::*;
    pub struct Till;
    kit::service! {
        /// A till.
        Till, model = "till", invalid_input = "ValidationException";
        Count => count,
        SignIn => sign_in,
    }
    impl Service for Till {
        fn path_member(&self) -> Option<&'static str> {
            Some("Name")
        }
    }
    impl Till {
        async fn count(&self, cx: &Context, input: model::CountInput) -> Result<model::CountOutput, Fault> {
            Ok(model::CountOutput { said: Some(input.name), caller: Some(cx.principal().arn()), region: Some(cx.region().into()) })
        }
        async fn sign_in(&self, cx: &Context, input: model::SignInInput) -> Result<model::SignInOutput, Fault> {
            Ok(model::SignInOutput { said: Some(input.name), caller: Some(cx.principal().arn()), region: Some(cx.region().into()) })
        }
    }
    impl Authorize<Till> for model::CountInput {
        fn access(&self, _: &Till, _: &Context) -> Access {
            Need::on("till:Count", "*").into()
        }
    }
    impl Authorize<Till> for model::SignInInput {
        fn access(&self, _: &Till, _: &Context) -> Access {
            Access::Public
        }
    }
    mod model {
        use super::super::shapes::*;
        use wire::*;
        macro_rules! echo {
            ($in:ident, $out:ident, $in_schema:ident, $in_members:ident, $out_schema:ident, $out_members:ident) => {
                #[derive(Default)]
                pub struct $in {
                    pub name: String,
                }
                wire::structure!($in, $in_schema, 0 name);
                static $in_schema: Schema = Schema::new(stringify!($in), Kind::Structure(&$in_members));
                static $in_members: [Member; 1] = [Member::new("Name", &SHORT_TEXT).required()];
                #[derive(Default)]
                pub struct $out {
                    pub said: Option<String>,
                    pub caller: Option<String>,
                    pub region: Option<String>,
                }
                wire::structure!($out, $out_schema, 0 said, 1 caller, 2 region);
                static $out_schema: Schema = Schema::new(stringify!($out), Kind::Structure(&$out_members));
                static $out_members: [Member; 3] = [Member::new("Said", &TEXT), Member::new("Caller", &TEXT), Member::new("Region", &TEXT)];
            };
        }
        echo!(CountInput, CountOutput, COUNT_IN, COUNT_IN_MEMBERS, COUNT_OUT, COUNT_OUT_MEMBERS);
        echo!(SignInInput, SignInOutput, SIGN_IN, SIGN_IN_MEMBERS, SIGN_OUT, SIGN_OUT_MEMBERS);
        static COUNT: OperationSchema =
            OperationSchema { result_wrapper: Some("CountResult"), ..operation("Count", "POST", "/", &COUNT_IN, &COUNT_OUT) };
        static SIGN: OperationSchema = OperationSchema { unsigned: true, ..operation("SignIn", "POST", "/", &SIGN_IN, &SIGN_OUT) };
        pub static SERVICE: ServiceSchema = ServiceSchema {
            name: "till",
            service_id: "Till",
            signing_name: "till",
            endpoint_prefix: "till",
            target_prefix: Some("TillV1"),
            protocols: &[Protocol::Json11, Protocol::Query, Protocol::Cbor],
            api_version: "2020-02-02",
            xml_namespace: Some("https://till.amazonaws.com/doc/2020-02-02/"),
            bare_errors: false,
            query_compatible: false,
            operations: &[&COUNT, &SIGN],
            refused: &[Refused { name: "Audit", method: "POST", uri: "/" }],
            faults: &[],
        };
    }
}

/// REST JSON.
mod paths {
    use super::*;
    pub struct Paths;
    kit::service! {
        /// Paths.
        Paths, model = "paths", invalid_input = "ValidationException";
        GetPath => get_path,
    }
    impl Service for Paths {}
    impl Paths {
        async fn get_path(&self, cx: &Context, input: model::GetPathInput) -> Result<model::GetPathOutput, Fault> {
            Ok(model::GetPathOutput { name: Some(input.name), trace: Some(cx.trace().to_string()) })
        }
    }
    impl Authorize<Paths> for model::GetPathInput {
        fn access(&self, _: &Paths, _: &Context) -> Access {
            Access::Public
        }
    }
    mod model {
        use super::super::shapes::*;
        use wire::*;
        #[derive(Default)]
        pub struct GetPathInput {
            pub name: String,
        }
        wire::structure!(GetPathInput, IN, 0 name);
        static IN: Schema = Schema::new("GetPathInput", Kind::Structure(&IN_MEMBERS));
        static IN_MEMBERS: [Member; 1] = [Member::new("Name", &TEXT).at(Place::Uri, "Name").required()];
        #[derive(Default)]
        pub struct GetPathOutput {
            pub name: Option<String>,
            pub trace: Option<String>,
        }
        wire::structure!(GetPathOutput, OUT, 0 name, 1 trace);
        static OUT: Schema = Schema::new("GetPathOutput", Kind::Structure(&OUT_MEMBERS));
        static OUT_MEMBERS: [Member; 2] = [Member::new("Name", &TEXT), Member::new("Trace", &TEXT)];
        static GET: OperationSchema = operation("GetPath", "GET", "/2020/paths/{Name}", &IN, &OUT);
        pub static SERVICE: ServiceSchema = ServiceSchema {
            name: "paths",
            service_id: "Paths",
            signing_name: "paths",
            endpoint_prefix: "paths",
            target_prefix: None,
            protocols: &[Protocol::RestJson],
            api_version: "2020-02-02",
            xml_namespace: None,
            bare_errors: false,
            query_compatible: false,
            operations: &[&GET],
            refused: &[Refused { name: "DeletePath", method: "DELETE", uri: "/2020/paths/{Name}" }],
            faults: &[],
        };
    }
}

mod shapes {
    use wire::*;
    pub static TEXT: Schema = Schema::new("Text", Kind::String);
    pub static SHORT_TEXT: Schema = Schema::new("ShortText", Kind::String).max(5.0);
    pub static LONG: Schema = Schema::new("Long", Kind::Long);
    pub static STREAM: Schema = Schema::new("Stream", Kind::Blob).traits(Traits { streaming: true, ..Traits::NONE });
    pub const fn operation(
        name: &'static str,
        method: &'static str,
        uri: &'static str,
        input: &'static Schema,
        output: &'static Schema,
    ) -> OperationSchema {
        OperationSchema { name, method, uri, status: 200, input, output, result_wrapper: None, faults: &[], unsigned: false }
    }
}

/// Paths under `/door/`, and one beside the own endpoints.
struct BackDoor;
impl Door for BackDoor {
    fn name(&self) -> &'static str {
        "back-door"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        head.uri.path().starts_with("/door/") || head.uri.path() == "/_windtunnel/door"
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, mut body: Body) -> kit::BoxFuture<'a, http::Response<ReplyBody>> {
        Box::pin(async move {
            let bytes = body.collect(1000).await.unwrap();
            if head.uri.path() == "/door/drop" {
                return kit::dropped_connection();
            }
            http::Response::new(ReplyBody::Bytes(format!("{} brought {}", cx.principal().arn(), String::from_utf8_lossy(&bytes)).into()))
        })
    }
}

/// A door that hears why a signature was refused.
struct Listening;

impl Door for Listening {
    fn name(&self) -> &'static str {
        "listening"
    }
    fn takes(&self, _: &Cloud, head: &Parts) -> bool {
        head.uri.path().starts_with("/listening/")
    }
    fn hears_of_refused_signatures(&self) -> bool {
        true
    }
    fn answer<'a>(&'a self, cx: Context, head: Parts, mut body: Body) -> kit::BoxFuture<'a, http::Response<ReplyBody>> {
        Box::pin(async move {
            let bytes = body.collect(1000).await.unwrap();
            let why = head.extensions.get::<kit::RefusedSignature>().map_or("", |refused| &refused.0.code);
            let text = format!("{} brought {}: {why}", cx.principal().arn(), String::from_utf8_lossy(&bytes));
            http::Response::new(ReplyBody::Bytes(text.into()))
        })
    }
}
