//! Why an attempt failed, in the codes that dead letters carry, and whether another attempt may help.

use kit::{DROP_CONNECTION, Fault};

/// A failed attempt.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    /// AWS's code: `NO_PERMISSIONS`.
    pub code: &'static str,
    /// What the target said.
    pub message: String,
    /// Whether it may pass by itself. AWS tries nothing again that needs a hand: missing permissions, a target that is gone.
    pub passing: bool,
}

/// What ended the attempts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Exhausted {
    No,
    Retries,
    Age,
}

impl Exhausted {
    /// As dead letters tell it.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Exhausted::No => None,
            Exhausted::Retries => Some("MaximumRetryAttempts"),
            Exhausted::Age => Some("MaximumEventAgeInSeconds"),
        }
    }
}

impl Failure {
    /// One that another attempt can't mend.
    pub fn lasting(code: &'static str, message: impl Into<String>) -> Failure {
        Failure { code, message: message.into(), passing: false }
    }

    /// What a target's fault means for the delivery.
    pub fn of(fault: Fault) -> Failure {
        let code = fault.code.as_ref();
        let has = |parts: &[&str]| parts.iter().any(|part| code.contains(part));
        let (name, passing) = match fault.status {
            _ if code == DROP_CONNECTION => ("CONNECTION_FAILURE", true),
            _ if has(&["Throttl", "TooManyRequests", "SlowDown", "RequestLimitExceeded"]) => ("THROTTLING", true),
            429 => ("THROTTLING", true),
            _ if has(&["AccessDenied", "AuthorizationError", "NotAuthorized"]) => ("NO_PERMISSIONS", false),
            403 => ("NO_PERMISSIONS", false),
            _ if has(&["NotFound", "DoesNotExist", "NonExistent", "NoSuch"]) => ("NO_RESOURCE", false),
            404 => ("NO_RESOURCE", false),
            501 => ("SDK_CLIENT_ERROR", false),
            500.. => ("ERROR_FROM_TARGET", true),
            _ => ("INVALID_PARAMETER", false),
        };
        Failure { code: name, message: fault.message, passing }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for (code, status, name, passing) in [
            ("AccessDenied", 403, "NO_PERMISSIONS", false),
            ("ResourceNotFoundException", 404, "NO_RESOURCE", false),
            ("QueueDoesNotExist", 400, "NO_RESOURCE", false),
            ("TooManyRequestsException", 429, "THROTTLING", true),
            ("ThrottlingException", 400, "THROTTLING", true),
            ("InternalFailure", 500, "ERROR_FROM_TARGET", true),
            ("ServiceUnavailable", 503, "ERROR_FROM_TARGET", true),
            ("NotImplemented", 501, "SDK_CLIENT_ERROR", false),
            ("InvalidParameterValue", 400, "INVALID_PARAMETER", false),
            (DROP_CONNECTION, 500, "CONNECTION_FAILURE", true),
        ] {
            let failure = Failure::of(Fault::new(code, status, "x"));
            assert_eq!((failure.code, failure.passing), (name, passing), "{code}");
        }
    }
}
