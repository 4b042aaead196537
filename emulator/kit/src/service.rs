//! What a service is to the rest of the house: its table of operations, and hooks for what comes from elsewhere.
//!
//! [`service!`](crate::service) writes [`Operations`] out of the table of contents; a service implements [`Service`] by hand where it
//! has tasks, resource policies or front doors.

use crate::{Access, Context, Door, Fault, store::TaskRow};
use futures_util::future::BoxFuture;
use std::any::Any;
use wire::{Reply, ServiceSchema, Shape, Structure};

/// What becomes of a call of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// Does what AWS does.
    Executed,
    /// Stored, checked and given back; has no effect.
    Kept,
}

/// An input or output whose type only its service knows.
pub trait Typed: Structure + Any + Send {
    /// For the codecs.
    fn structure(&self) -> &dyn Structure;
    /// For the codecs.
    fn structure_mut(&mut self) -> &mut dyn Structure;
    /// For the service.
    fn any(self: Box<Self>) -> Box<dyn Any + Send>;
    /// For the service.
    fn any_ref(&self) -> &dyn Any;
}

impl<T: Shape + Send> Typed for T {
    fn structure(&self) -> &dyn Structure {
        self
    }
    fn structure_mut(&mut self) -> &mut dyn Structure {
        self
    }
    fn any(self: Box<Self>) -> Box<dyn Any + Send> {
        self
    }
    fn any_ref(&self) -> &dyn Any {
        self
    }
}

/// An answer whose type only its service knows.
pub type AnyReply = Reply<Box<dyn Typed>>;

/// The operations of a service; written by [`service!`](crate::service). Indexes follow `schema().operations`.
pub trait Operations: Send + Sync + 'static {
    /// The model.
    fn schema(&self) -> &'static ServiceSchema;
    /// The truth label of each operation.
    fn labels(&self) -> &'static [Label];
    /// The code that the service uses for requests that break a constraint.
    fn invalid_input(&self) -> &'static str;
    /// An empty input of operation `op`.
    fn input(&self, op: usize) -> Box<dyn Typed>;
    /// What operation `op` needs to be allowed.
    fn access(&self, op: usize, input: &dyn Typed, cx: &Context) -> Access;
    /// Runs operation `op`.
    fn call<'a>(&'a self, op: usize, input: Box<dyn Typed>, cx: &'a Context) -> BoxFuture<'a, Result<AnyReply, Fault>>;
}

/// What a resource says of a need.
#[derive(Clone, Debug, Default)]
pub struct ResourceView {
    /// The policy of the resource (JSON), where it has one.
    pub policy: Option<String>,
    /// The account that owns the resource, where it isn't the one that the need names.
    pub owner: Option<String>,
}

/// A request of an API and its answer.
pub struct Answered<'a> {
    /// Name of the operation; empty where the request was none.
    pub operation: &'a str,
    /// The request; its URI has the bucket in the path, wherever it was sent.
    pub head: &'a http::request::Parts,
    /// The URI as received.
    pub uri: &'a http::Uri,
    /// Status of the answer.
    pub status: u16,
    /// The fault's code.
    pub error: Option<&'a str>,
    /// Headers of the answer.
    pub headers: &'a http::HeaderMap,
    /// Bytes of the answer's body, where they are known and sent.
    pub length: Option<u64>,
    /// Milliseconds of the clock from the request to the answer.
    pub took_ms: u64,
}

/// A service of a cloud. Every method has a default: a service overrides what it has.
pub trait Service: Operations {
    /// Registers the ports that the service offers; called once before `start`.
    fn offer(self: std::sync::Arc<Self>, _ports: &crate::ports::Ports) {}
    /// Called once when the cloud has started, before requests: rebuild what is not in the store.
    fn start<'a>(&'a self, _cx: &'a Context) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async { Ok(()) })
    }
    /// Called when the cloud stops: end child processes.
    fn stop(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
    /// Runs a due task. `Ok` removes its row (unless the handler's own transaction did); an error is tried again with a growing delay.
    fn task<'a>(&'a self, _cx: &'a Context, task: TaskRow) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(async move { Err(Fault::internal(format!("{} has no task {}", task.service, task.kind))) })
    }
    /// The policy (JSON) of a resource of this service, where it has one.
    fn resource_policy(&self, _cx: &Context, _resource: &str) -> Option<String> {
        None
    }
    /// Prefixes of its IAM actions beside its own name (MSK's `kafka-cluster`).
    fn action_prefixes(&self) -> &'static [&'static str] {
        &[]
    }
    /// Completes a need for one of this service's actions, whoever asks for it: condition keys that follow from the resource, who owns it, and
    /// whether its policy must consent. `None` where the need says all there is to say.
    fn complete(&self, _cx: &Context, _need: &crate::Need) -> Option<crate::Need> {
        None
    }
    /// What a resource says of a need: its policy, and its owner where that is another than the need names. For services whose resources
    /// have more than one policy of their own (S3's access control lists).
    fn resource_view(&self, cx: &Context, need: &crate::Need) -> ResourceView {
        ResourceView { policy: self.resource_policy(cx, &need.resource), owner: None }
    }
    /// The fault for a refusal; by protocol unless the service has its own form.
    fn denied(&self, message: String) -> Fault {
        use wire::Protocol::*;
        match self.schema().protocols[0] {
            Query | Ec2 | RestXml => Fault::new("AccessDenied", 403, message),
            RestJson => Fault::new("AccessDeniedException", 403, message),
            Json10 | Json11 | Cbor => Fault::new("AccessDeniedException", 400, message),
        }
    }
    /// Whether answers tell a fault in `x-amzn-errortype` and `x-amzn-errormessage` too. Among AWS's services that speak JSON to one path only
    /// some do: Cognito does, Athena does not.
    fn tells_faults_in_headers(&self) -> bool {
        false
    }
    /// The fault for input that breaks the model: `message` is AWS's sentence.
    fn invalid(&self, message: String) -> Fault {
        Fault::new(self.invalid_input(), 400, message)
    }
    /// The fault for a body that can't be read at all.
    fn malformed(&self, message: String) -> Fault {
        use wire::Protocol::*;
        match self.schema().protocols[0] {
            RestXml => {
                Fault::new("MalformedXML", 400, "The XML you provided was not well-formed or did not validate against our published schema")
            }
            Query | Ec2 => Fault::new("MalformedInput", 400, message),
            _ => Fault::new("SerializationException", 400, message),
        }
    }
    /// The fault for a parameter of the query string or a header that is not of its type: `name` and `value` as they travel.
    fn malformed_parameter(&self, _name: &str, _value: &str, message: String) -> Fault {
        self.malformed(message)
    }
    /// The fault for a request that can't be made into an input.
    fn undecodable(&self, error: wire::DecodeError) -> Fault {
        match error {
            wire::DecodeError::Malformed(text) => self.malformed(text),
            wire::DecodeError::Parameter { name, value, sentence } => self.malformed_parameter(&name, &value, sentence),
            wire::DecodeError::Invalid(violations) => self.invalid(wire::violations_message(&violations)),
        }
    }
    /// The same where the operation is known: some services name it in their sentences.
    fn undecodable_input(&self, _operation: &wire::OperationSchema, error: wire::DecodeError) -> Fault {
        self.undecodable(error)
    }
    /// Endpoints of this service that are not its API (JWKS, execute-api, hosted pages).
    fn doors(&self) -> Vec<std::sync::Arc<dyn Door>> {
        Vec::new()
    }
    /// Whether buckets or the like may stand in the host name (`name.s3.localhost`), to be moved into the path.
    fn virtual_hosts(&self) -> bool {
        false
    }
    /// The operation that a browser's form posted to a bucket becomes; `None` where forms are not taken.
    fn form_operation(&self) -> Option<&'static str> {
        None
    }
    /// The headers of [`Service::form_operation`] that a form's fields (names in lower case) stand for. Fields that mean nothing to the
    /// service are left out.
    fn form_headers(&self, _fields: &[(String, String)]) -> Result<Vec<(String, String)>, Fault> {
        Ok(Vec::new())
    }
    /// The member of inputs that the path of a query request stands for (`QueueUrl`): such requests may leave it out of the form.
    fn path_member(&self) -> Option<&'static str> {
        None
    }
    /// Answers a CORS preflight for a resource of the API (S3 buckets); `None` leaves it to the gateway.
    fn preflight<'a>(
        &'a self,
        _cx: &'a Context,
        _head: &'a http::request::Parts,
    ) -> BoxFuture<'a, Option<http::Response<wire::ReplyBody>>> {
        Box::pin(async { None })
    }
    /// Told of every request of the API that was answered, for services that keep logs of their own. The answer waits for it, so that what
    /// takes time is to be begun and not done here.
    fn answered(&self, _cx: &Context, _answered: &Answered<'_>) {}
    /// Whether a web ACL may be associated with a resource: it exists in the account and region of `cx`, and the service asks the firewall
    /// for every request to it.
    fn is_guarded(&self, _cx: &Context, _resource_arn: &str) -> bool {
        false
    }
    /// The resource that a request of the API is for which needs no signature, if a web ACL may protect it. The gateway asks the firewall
    /// then. Requests that are signed, and doors, are the service's own affair.
    fn guarded(&self, _cx: &Context, _op: usize, _input: &dyn Typed, _body: &wire::Bytes) -> Option<crate::Guarded> {
        None
    }
    /// Adds headers to an answer before it leaves (S3's CORS headers).
    fn decorate(&self, _cx: &Context, _head: &http::request::Parts, _answer: &mut http::HeaderMap) {}
}

/// Writes a service's table of contents, allow-list, truth labels and dispatch in one place.
///
/// ```ignore
/// kit::service! {
///     /// Amazon Athena: SQL over the lake.
///     Athena, model = "athena", invalid_input = "InvalidRequestException";
///     // queries.rs
///     StartQueryExecution => start_query_execution,
///     kept PutSomething => put_something,
/// }
/// ```
///
/// The struct stands in the same module; each handler is an inherent `pub async fn name(&self, cx: &Context, input: XInput) ->
/// Result<XOutput or Reply<XOutput>, Fault>`; each input implements [`Authorize`](crate::Authorize) beside its handler.
#[macro_export]
macro_rules! service {
    ($(#[$doc:meta])* $service:ident, model = $model:literal, invalid_input = $invalid:literal; $($table:tt)*) => {
        $crate::service!(@op $service, $invalid, [] $($table)*);
    };
    (@op $service:ident, $invalid:literal, [$($done:tt)*] kept $op:ident => $method:ident, $($rest:tt)*) => {
        $crate::service!(@op $service, $invalid, [$($done)* (Kept $op $method)] $($rest)*);
    };
    (@op $service:ident, $invalid:literal, [$($done:tt)*] $op:ident => $method:ident, $($rest:tt)*) => {
        $crate::service!(@op $service, $invalid, [$($done)* (Executed $op $method)] $($rest)*);
    };
    (@op $service:ident, $invalid:literal, [$(($label:ident $op:ident $method:ident))*]) => {
        $crate::paste! {
            impl $crate::Operations for $service {
                fn schema(&self) -> &'static $crate::wire::ServiceSchema { &model::SERVICE }
                fn labels(&self) -> &'static [$crate::Label] { &[$($crate::Label::$label),*] }
                fn invalid_input(&self) -> &'static str { $invalid }
                fn input(&self, op: usize) -> Box<dyn $crate::Typed> {
                    const NEW: &[fn() -> Box<dyn $crate::Typed>] = &[$(|| Box::new(model::[<$op Input>]::default())),*];
                    NEW[op]()
                }
                fn access(&self, op: usize, input: &dyn $crate::Typed, cx: &$crate::Context) -> $crate::Access {
                    type Ask = fn(&$service, &dyn $crate::Typed, &$crate::Context) -> $crate::Access;
                    const ASK: &[Ask] = &[$(|s, i, cx| {
                        let i = i.any_ref().downcast_ref::<model::[<$op Input>]>().expect("the input of this operation");
                        $crate::Authorize::<$service>::access(i, s, cx)
                    }),*];
                    ASK[op](self, input, cx)
                }
                fn call<'a>(&'a self, op: usize, input: Box<dyn $crate::Typed>, cx: &'a $crate::Context)
                    -> $crate::BoxFuture<'a, Result<$crate::AnyReply, $crate::Fault>> {
                    type Run = for<'a> fn(&'a $service, Box<dyn std::any::Any + Send>, &'a $crate::Context)
                        -> $crate::BoxFuture<'a, Result<$crate::AnyReply, $crate::Fault>>;
                    const RUN: &[Run] = &[$(|s, i, cx| Box::pin(async move {
                        let i = *i.downcast::<model::[<$op Input>]>().expect("the input of this operation");
                        let reply: $crate::Reply<model::[<$op Output>]> = s.$method(cx, i).await?.into();
                        Ok($crate::erase(reply))
                    })),*];
                    RUN[op](self, input.any(), cx)
                }
            }
        }
    };
}

#[doc(hidden)]
pub fn erase<T: Typed + Shape>(reply: Reply<T>) -> AnyReply {
    Reply { value: Box::new(reply.value), body: reply.body, status: reply.status, headers: reply.headers }
}
