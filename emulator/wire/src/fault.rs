//! A fault on its way to the wire: AWS's code, status, sentence, and the fields that AWS sends beside them.

use std::borrow::Cow;

/// What a caller is told when an operation does not succeed.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// AWS's code (`NoSuchKey`).
    pub code: Cow<'static, str>,
    /// HTTP status.
    pub status: u16,
    /// AWS's sentence.
    pub message: String,
    /// Fields beside code and message, modelled or free (`StringToSign`), in the order they are sent.
    pub fields: Vec<(Cow<'static, str>, serde_json::Value)>,
    /// Headers beside the usual ones.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The code for the query-compatible header where it differs (`AWS.SimpleQueueService.NonExistentQueue`).
    pub query_code: Option<Cow<'static, str>>,
}

impl Fault {
    /// A fault of a code and status.
    pub fn new(code: impl Into<Cow<'static, str>>, status: u16, message: impl Into<String>) -> Fault {
        Fault { code: code.into(), status, message: message.into(), fields: Vec::new(), headers: Vec::new(), query_code: None }
    }
    /// The 501 that names an operation which this build refuses.
    pub fn not_implemented(service: &str, operation: &str) -> Fault {
        Fault::new(
            "NotImplemented",
            501,
            format!("windtunnel does not implement {service}:{operation}. `windtunnel services` lists what it does."),
        )
    }
    /// The 500 for what should not happen.
    pub fn internal(message: impl Into<String>) -> Fault {
        Fault::new("InternalFailure", 500, message)
    }
    /// Adds a field.
    pub fn with(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<serde_json::Value>) -> Fault {
        self.fields.push((name.into(), value.into()));
        self
    }
    /// Adds a header.
    pub fn header(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Fault {
        self.headers.push((name.into(), value.into()));
        self
    }
    /// Sets the status.
    pub fn status(mut self, status: u16) -> Fault {
        self.status = status;
        self
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}
impl std::error::Error for Fault {}

/// Declares a service's errors: variant, wire code, status. `Error::NoSuchKey.says("...")` is the fault.
#[macro_export]
macro_rules! errors {
    ($(#[$doc:meta])* $ty:ident { $($variant:ident = $code:literal, $status:literal $(, query $query:literal)?;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs)]
        pub enum $ty { $($variant),* }
        impl $ty {
            /// AWS's code.
            pub fn code(self) -> &'static str { match self { $(Self::$variant => $code),* } }
            /// HTTP status.
            pub fn status(self) -> u16 { match self { $(Self::$variant => $status),* } }
            /// The fault with AWS's sentence.
            pub fn says(self, message: impl Into<String>) -> $crate::Fault {
                #[allow(unused_mut)]
                let mut fault = $crate::Fault::new(self.code(), self.status(), message);
                match self { $($(Self::$variant => { fault.query_code = Some($query.into()); })?)* #[allow(unreachable_patterns)] _ => {} }
                fault
            }
        }
    };
}
